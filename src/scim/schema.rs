//! The attributes of User, Enterprise User, our extension and Group (RFC 7643 §4, §8.7): one table.
