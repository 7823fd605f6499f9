//! SCIM 2.0 (RFC 7643, 7644, 9865) as pure functions: bytes in, documents, conditions and problems out.
//!
//! ```text
//!   body ─► json::read ─► dialect ─► document / patch ─► a canonical document, notes about what was ignored
//!   filter text ─► filter::parse ─► model::filter::Condition          query string or .search ─► query::Query
//!   document + meta + memberships + projection ─► render ─► the resource as the client sees it
//! ```
//!
//! What vendors send beside the standard is understood in [`dialect`] alone; nothing else here, and nothing
//! outside, knows that dialects exist.

pub mod bulk;
pub mod change;
pub mod dialect;
pub mod discovery;
pub mod document;
pub mod etag;
pub mod filter;
pub mod json;
pub mod patch;
pub mod path;
pub mod problem;
pub mod query;
pub mod render;
pub mod schema;

pub use problem::{ScimProblem, ScimType};

/// Largest body in bytes; announced in ServiceProviderConfig.
pub const MAX_BODY: usize = 1024 * 1024;
/// Deepest nesting of a body.
pub const MAX_DEPTH: usize = 32;
/// Most keys in one object of a body: each is looked for among the others without regard to case.
pub const MAX_KEYS: usize = 1000;
/// Longest filter in bytes, most comparisons in it, deepest nesting.
pub const MAX_FILTER: usize = 4096;
pub const MAX_FILTER_TERMS: usize = 64;
pub const MAX_FILTER_DEPTH: usize = 32;
/// Largest page; also what is given when nothing is asked for.
pub const MAX_PAGE: usize = 200;
pub const DEFAULT_PAGE: usize = 100;
/// Most operations in a Bulk request.
pub const MAX_BULK: usize = 200;
/// Most operations in a PATCH, and most values in all of them.
pub const MAX_PATCH_OPERATIONS: usize = 1000;

pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// Our own, declared extension of User.
pub const DOORWARD: &str = "urn:doorward:params:scim:schemas:extension:2.0:User";
