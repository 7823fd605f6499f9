//! SAML 2.0 sign-in, from our side of the table: we are the ServiceProvider, a customer's IdentityProvider vouches
//! for people.
//!
//! Nothing here reads a clock, a file, the environment or the network. Bytes, expectations and `now` go in, a typed
//! result or a [`SamlProblem`] made of facts comes out. Everything that arrives is hostile until a signature by a
//! pinned certificate says otherwise.
//!
//! Read in this order:
//!
//! 1. [`scan`] looks at raw bytes before any parser does; [`tree`] is the only door to the XML parser.
//! 2. [`response`] is the procedure for a Response, step by step: [`structure`] (one Assertion, signatures where they
//!    belong), [`signature`] (strict profile, then cryptography, then our own hash: the *verified bytes*),
//!    [`decryption`], [`assertion`] (read from verified bytes only) and [`judge`] (issuer, audience, times …).
//! 3. [`rules`] names every rule once, [`problem`] says what happened and whose move it is.
//! 4. [`metadata`] and [`sp_metadata`] exchange set-up data, [`authn_request`] starts a sign-in, [`binding`] is how
//!    our messages travel.
//! 5. [`logout`] ends sessions on both sides, with the strictness of a Response.
//! 6. [`mapping`] turns an Assertion into a [`mapping::Profile`] with the alias table in [`aliases`].
//!
//! samael supplies the vocabulary of what we *write* (requests, our metadata). It never reads a byte that came from
//! outside: its reader is not namespace-aware and its XML library is old. One parser reads everything.

pub mod aliases;
pub mod assertion;
pub mod authn_request;
mod binding;
pub mod certificate;
mod decryption;
pub mod expectations;
pub mod instant;
mod judge;
pub mod key;
pub mod logout;
pub mod mapping;
pub mod metadata;
pub mod metadata_problem;
mod names;
mod octets;
pub mod peek;
pub mod problem;
mod problem_values;
mod remedy;
pub mod response;
pub mod rules;
mod scan;
mod signature;
mod sp_metadata;
mod structure;
mod tree;
pub mod trust;

pub use assertion::{Assertion, NameId};
pub use authn_request::AuthnRequest;
pub use binding::PostForm;
pub use certificate::{Certificate, CertificateProblem, read_certificates};
pub use expectations::{DEFAULT_SKEW_MILLIS, Expectations, MAX_SKEW_MILLIS, Requested};
pub use key::SpKey;
pub use mapping::{Profile, profile};
pub use metadata::{IdpMetadata, read_idp_metadata};
pub use metadata_problem::MetadataProblem;
pub use peek::{Peek, peek};
pub use problem::SamlProblem;
pub use response::{decode_post, verify, verify_traced};
pub use sp_metadata::{ServiceProvider, sp_metadata};
pub use trust::TrustedKeys;
