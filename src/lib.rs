//! Doorward.
pub mod model;
pub mod saml;
