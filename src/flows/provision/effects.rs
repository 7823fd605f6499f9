//! From the mirror to people: whom a user is, what of it reaches the person, and who is out of reach.
