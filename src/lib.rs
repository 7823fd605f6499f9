//! Doorward.
pub mod model;
pub mod web;
