//! Single logout (SAML core §3.7, profiles §4.4): the two messages, as we write them and as we read them.
//!
//! [`write`] makes ours, always signed. [`arrive`] takes what a browser brought, in either binding, checks the signature
//! and keeps the bytes that it covers; [`read`] reads those alone and holds them against what we expect. A message
//! without a good signature ends nothing: anybody could sign other people out.
//!
//! [`problem`] says what was wrong. Replay is the caller's question, as it is for assertions.

mod arrive;
mod problem;
mod read;
mod write;

pub use arrive::{Arrived, Kind, is_request, verify};
pub use problem::LogoutProblem;
pub use read::{LogoutExpectations, LogoutRequest, LogoutResponse, read_request, read_response};
pub use write::{Ask, Done, Way, answer, ask};
