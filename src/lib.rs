//! Doorward.
pub mod clock;
pub mod model;
pub mod random;
