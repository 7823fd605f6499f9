//! SCIM requests, free of HTTP: what a client asks, what it is answered, and what that does to people.
//!
//! ```text
//!   serve ─► perform (POST PUT PATCH DELETE, one transaction) ─► users / groups ─► the mirror ─► effects ─► people
//!         └► consult (GET, .search, one snapshot)                                     └► guard
//!         └► bulk: each operation through perform                log: one row for each request
//! ```
//!
//! The mirror (`directory_users`, `directory_groups`) is what the identity provider reads back; people are ours.
//! A request always changes the mirror; [`effects`] decides what of it reaches a person.

pub mod effects;
pub mod groups;
pub mod guard;
pub mod log;
pub mod paging;
pub mod project;
pub mod replay;
pub mod restore;
pub mod users;

use serde_json::Value;

use super::{Act, Context, Visitor};
use crate::error::{Error, Kind, Result};
use crate::model::{Connection, CredentialId, PersonId};
use crate::scim::{ScimProblem, ScimType};
use crate::store::Reader;

/// A request of a SCIM client.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `GET`, `POST`, `PUT`, `PATCH`, `DELETE`.
    pub method: String,
    /// The segments behind `/v2`, decoded, without empty ones: `["Users", "…id…"]`.
    pub path: Vec<String>,
    /// Decoded pairs of the query string, in order.
    pub query: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub content_type: Option<String>,
    pub if_match: Option<String>,
    pub if_none_match: Option<String>,
    pub visitor: Visitor,
    /// The client's socket, as a hint which of its requests belong together.
    pub socket: String,
}

/// Who calls. Made by [`super::credentials::admit`] alone, so that holding one is the proof.
#[derive(Clone, Debug)]
pub struct Caller {
    pub connection: Connection,
    pub credential: CredentialId,
    /// `Bearer token "Okta 2026"`, for the log.
    pub credential_label: String,
    /// The SCIM base URL, absolute, without a slash at its end.
    pub base: String,
}

/// What goes back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: Option<Value>,
    pub etag: Option<String>,
    pub location: Option<String>,
    pub retry_after: Option<u64>,
}

/// What a request did to a person, for the log and for a dry run.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Effect {
    pub person_id: PersonId,
    /// The person's name at the time.
    pub label: String,
    /// `added`, `changed`, `deactivated`, `reactivated`, `held`, `linked`, `none`.
    pub what: String,
    /// The changed fields as they were and as they are, or why nothing was done.
    pub detail: Value,
}

/// What a request came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Done {
    pub answer: Answer,
    /// The request in the standard's form.
    pub understood: Value,
    pub effects: Vec<Effect>,
    /// What was ignored, and why.
    pub notes: Vec<String>,
}

/// Answers a request and puts it into the log. Never fails: a problem is an answer too.
pub async fn serve(_ctx: &Context, _caller: &Caller, _request: Request) -> Answer {
    todo!("directory")
}

/// A request that changes something, inside its transaction. An error undoes all of it; a [`ScimProblem`] travels as
/// the error's source, see [`problem_of`].
pub fn perform(_act: &Act, _caller: &Caller, _request: &Request, _reference: &str) -> Result<Done> {
    todo!("directory")
}

/// A request that only reads.
pub fn consult(_ctx: &Context, _r: &Reader, _caller: &Caller, _request: &Request) -> Result<Done> {
    todo!("directory")
}

impl From<ScimProblem> for Error {
    fn from(problem: ScimProblem) -> Self {
        let kind = match problem.status {
            404 => Kind::NotFound,
            403 => Kind::Denied,
            429 => Kind::RateLimited(problem.retry_after.unwrap_or(1)),
            503 => Kind::Unavailable,
            500 => Kind::Internal,
            _ => Kind::Conflict,
        };
        let message = problem.detail.clone();
        Error {
            kind,
            message,
            source: Some(Box::new(problem)),
        }
    }
}

/// The problem that an error of a flow comes to for a SCIM client. What is internal is told as such, without its
/// cause, under `reference`.
pub fn problem_of(error: &Error, reference: &str) -> ScimProblem {
    let carried = error
        .source
        .as_ref()
        .and_then(|source| source.downcast_ref::<ScimProblem>());
    if let Some(problem) = carried {
        return problem.clone();
    }
    let detail = error.message.clone();
    match &error.kind {
        Kind::NotFound => ScimProblem::new(404, None, detail),
        Kind::Conflict => ScimProblem::taken(detail, None),
        Kind::Invalid(_) => ScimProblem::bad(ScimType::InvalidValue, detail),
        Kind::Denied => ScimProblem::forbidden(detail),
        Kind::RateLimited(seconds) => {
            let mut problem = ScimProblem::new(429, None, detail);
            problem.retry_after = Some(*seconds);
            problem
        }
        Kind::Unavailable | Kind::Upstream => {
            let mut problem = ScimProblem::new(503, None, detail);
            problem.retry_after = Some(5);
            problem
        }
        Kind::Internal => {
            let detail = format!("{detail} Tell the admin of Doorward this reference: {reference}.");
            ScimProblem::new(500, None, detail)
        }
    }
}
