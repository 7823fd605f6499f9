//! Doorward: the identity front door of a small organization, in one process, one SQLite file, one key file.
//!
//! The house, and who may call whom (calls go down only):
//!
//! ```text
//!   web ──────────────► flows ─────────► saml, oidc,   protocols: pure (bytes + expectations + now → typed result)
//!    │ (reads only)       │  │           scim
//!    │                    │  └─────────► outbound      other people's machines: one guarded client
//!    └──────────────────► store ───────► model         store: all SQL; model: nouns and rules, no I/O
//! ```
//!
//! * [`model`]: people, connections, sign-ins, sessions, events, filters. Uses nothing of ours.
//! * [`saml`]: metadata, requests, responses. A response is verified first and read from the verified bytes only.
//! * [`oidc`]: discovery, keys, requests, tokens. What a token says counts only where our own lists and questions allow it.
//! * [`scim`]: resources, filters, patches, what vendors send beside the standard. Documents in, documents out.
//! * [`store`]: one writer thread that commits whole batches, a few readers that cannot write.
//! * [`outbound`]: the guarded HTTP client and the mailer: encrypted, public addresses, no redirects, small and quick.
//! * [`flows`]: what the product does. Owns every transaction and writes the event of a change inside it.
//! * [`web`]: addresses, cookies, pages. The only room that knows actix-web and askama.
//! * [`config`] reads the environment, [`clock`] the time, [`random`] the dice, [`vault`] the key file; nobody else does.
//! * [`start`] puts it all together; [`control`] is how a command on the server talks to a running appliance.
//!
//! `tests/it/tidy.rs` holds these arrows.

pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod error;
pub mod flows;
pub mod model;
pub mod oidc;
pub mod outbound;
pub mod random;
pub mod saml;
pub mod scim;
pub mod start;
pub mod store;
pub mod vault;
pub mod web;
