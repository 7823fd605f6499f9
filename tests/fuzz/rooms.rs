//! The rooms that read what others send: they use nothing but each other.

#[path = "../../src/model/mod.rs"]
pub mod model;
#[path = "../../src/scim/mod.rs"]
pub mod scim;
