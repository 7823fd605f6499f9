//! OpenID Connect sign-in, from our side of the table: we are the relying party, a customer's provider vouches for people.
//!
//! Nothing here reads a clock, a file, the environment or the network. Bytes, expectations and `now` go in, a typed
//! result or an [`OidcProblem`] made of facts comes out. Everything that arrives is hostile until a signature by one of
//! the provider's keys says otherwise, and what is signed is still held against what we asked for.
//!
//! Read in this order:
//!
//! 1. [`discovery`] and [`keys`] read what the provider says about itself; [`address`] and [`algorithms`] are our own
//!    lists of what counts, never the other side's.
//! 2. [`authorize`] sends the browser away, [`answer`] takes it back, [`token_request`] redeems the code, with
//!    [`client_key`] where the provider wants a signature of ours.
//! 3. [`jwt`] turns a token into verified claims, [`claims`] reads them by their types, [`id_token`] holds them
//!    against this sign-in; [`userinfo`] fills in, [`profile`] puts them under our names.
//! 4. [`notices`] are the tokens that a provider sends by itself: logout and revocation.
//! 5. [`rules`] names every rule once, [`problem`] says what happened and whose move it is.
//!
//! openidconnect supplies the vocabulary of what we *write*, jsonwebtoken the mathematics of signatures. Every rule
//! is held here, by us, where it can be seen and tested.

pub mod address;
pub mod algorithms;
pub mod answer;
pub mod authorize;
pub mod claims;
pub mod client_key;
pub mod discovery;
pub mod id_token;
pub mod json;
mod jwt;
pub mod keys;
pub mod notices;
pub mod problem;
mod problem_values;
pub mod profile;
mod remedy;
pub mod rules;
pub mod token_request;
pub mod userinfo;

pub use address::{discovery_url, tidy_issuer};
pub use algorithms::ALGORITHMS;
pub use answer::{Code, check_answer, state};
pub use authorize::{Ask, PROMPTS, authorization_url, end_session_url};
pub use claims::Claims;
pub use client_key::{ClientKey, KeyKind};
pub use discovery::{DISCOVERY_LIMIT, Discovered, read_discovery};
pub use id_token::{Expected, verify_id_token};
pub use jwt::TOKEN_LIMIT;
pub use keys::{KEYS_LIMIT, Keys, read_keys};
pub use notices::{
    LogoutToken, Notice, REVOCATION_LIMIT, RevocationToken, Revoked, read_revocation, verify_logout_token,
    verify_revocation_token,
};
pub use problem::{OidcProblem, Place};
pub use profile::{Profile, is_entra, profile, subject};
pub use rules::{Rule, trace};
pub use token_request::{Credential, Redeem, TOKENS_LIMIT, TokenRequest, Tokens, read_tokens, token_request};
pub use userinfo::{USERINFO_LIMIT, read_userinfo};
