//! Other people's machines. Everything that leaves this process towards a network goes through here.
//!
//! An address that an admin types in is an order to this server to connect somewhere. [`GuardedClient`]
//! obeys it for public addresses over https and for what the operator has named with `--allow-upstream`,
//! and says in plain words why it did not get what was asked for. [`mail::Mailer`] does the same for mail servers.

pub mod address;
pub mod dns;
pub mod http;
mod kept;
pub mod mail;
mod policy;
mod problem;
mod reply;
mod resolver;
mod target;
mod trouble;

pub use address::is_public;
pub use dns::{Dns, NoAnswer};
pub use http::{Fetched, GuardedClient, Replied};
pub use policy::{AllowedUpstream, Policy};
pub use problem::UpstreamProblem;
