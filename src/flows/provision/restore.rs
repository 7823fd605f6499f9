//! Putting back what was removed by mistake: the person, the user in the mirror, the memberships; for 30 days.
