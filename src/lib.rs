//! Doorward.
pub mod model;
