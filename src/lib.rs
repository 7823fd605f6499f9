//! Doorward.
pub mod cli;
pub mod clock;
pub mod config;
pub mod model;
pub mod outbound;
pub mod random;
pub mod web;
