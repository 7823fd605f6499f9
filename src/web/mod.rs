//! Everything that speaks HTTP to browsers and machines.

pub mod peer;
pub mod tls;
