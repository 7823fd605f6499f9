//! Provisioning by SCIM.

mod generate;
mod protocol;
