//! SCIM requests, free of HTTP: what a client asks, what it is answered, and what that does to people.
//!
//! ```text
//!   serve ─► perform (POST PUT PATCH DELETE, one transaction) ─► users / groups ─► the mirror ─► effects ─► people
//!         └► consult (GET, .search, one snapshot)                                     └► guard
//!         └► bulk: each operation a part of it that may fail alone                log: one row for each request
//!                                               held connections: hold ─► waiting_users ─► reconcile ─► effects ─► people
//! ```
//!
//! The mirror (`directory_users`, `directory_groups`) is what the identity provider reads back; people are ours.
//! A request always changes the mirror; [`effects`] decides what of it reaches a person.

mod body;
mod bulk;
mod cursor;
mod discovery;
pub mod effects;
mod fed;
mod groups;
pub mod guard;
mod hands;
pub mod hold;
mod listing;
pub mod log;
mod mapped;
mod members;
mod mirror;
mod of_user;
pub mod paging;
mod present;
pub mod project;
mod reach;
mod reading;
pub mod replay;
pub mod restore;
mod route;
mod users;
mod work;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use self::route::Target;
pub use self::route::no_method;
use self::work::Work;
use super::{Act, Context, Visitor, Who, credentials};
use crate::error::{Error, Kind, Result};
use crate::model::{Connection, CredentialId, PersonId, ResourceKind};
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
    /// What of the body was read so far.
    pub understood: body::Understood,
}

/// Who calls. Made by [`super::credentials::admit`] alone, so that holding one is the proof.
#[derive(Clone, Debug)]
pub struct Caller {
    pub connection: Arc<Connection>,
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
    /// As in [`ScimProblem`].
    pub allow: &'static [&'static str],
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

/// Longest time that a read may take.
const READ_LIMIT: Duration = Duration::from_secs(2);
/// So many reads run at once; who has waited longer than [`LONGEST_WAIT`] for a place is asked to come again.
pub const READS_AT_ONCE: usize = 4;
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// Answers a request and puts it into the log. Never fails: a problem is an answer too.
pub async fn serve(ctx: &Arc<Context>, caller: &Caller, request: Request) -> Answer {
    let began = Instant::now();
    let reference = ctx.random.reference();
    let request = Arc::new(request);
    let reads = request.only_reads();
    let done = if reads {
        look_up(ctx, caller, request.clone()).await
    } else {
        change(ctx, caller, request.clone(), &reference, began).await
    };
    let (done, is_logged) = match done {
        Ok(done) => (done, !reads),
        Err(error) => (refused(&error, &reference), false),
    };
    if !is_logged {
        let took = microseconds(began);
        let row = log::entry(ctx.now(), &ctx.random, caller, &request, &reference, &done, took);
        ctx.scim_log.push(row);
    }
    done.answer
}

/// Reads on a thread where that may block, for as long as it may take.
async fn look_up(ctx: &Arc<Context>, caller: &Caller, request: Arc<Request>) -> Result<Done> {
    let place = tokio::time::timeout(LONGEST_WAIT, ctx.scim_reads.clone().acquire_owned()).await;
    let Ok(Ok(place)) = place else {
        let message = "Too many slow searches are under way. Nothing was read; ask again in a few seconds.";
        return Err(Error::unavailable(message, "no place for a read"));
    };
    let (ctx, caller) = (ctx.clone(), caller.clone());
    let store = ctx.store.clone();
    store
        .reading_within(READ_LIMIT, move |r| {
            // Kept until the work is done, also when the client has hung up.
            let _place = place;
            consult(&ctx, r, &caller, &request)
        })
        .await
}

/// Writes, with the row of the log, in one transaction; whether the caller may still do so is asked in it.
async fn change(
    ctx: &Context,
    caller: &Caller,
    request: Arc<Request>,
    reference: &str,
    began: Instant,
) -> Result<Done> {
    body::understand(&request).await;
    let (caller, reference) = (caller.clone(), reference.to_owned());
    // Most requests succeed, and they come by the thousand.
    ctx.act_again(Who::Connection(caller.connection.id), move |act| {
        let caller = Caller {
            connection: credentials::still_good(act.w, &caller, act.now)?,
            credential: caller.credential,
            credential_label: caller.credential_label.clone(),
            base: caller.base.clone(),
        };
        let done = perform(act, &caller, &request, &reference)?;
        let took = microseconds(began);
        let row = log::entry(act.now, act.random, &caller, &request, &reference, &done, took);
        log::record(act.w, &row)?;
        Ok(done)
    })
    .await
}

fn microseconds(began: Instant) -> i64 {
    i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX)
}

/// What a request that failed came to. A fault of ours is told to the server's log, under the reference.
fn refused(error: &Error, reference: &str) -> Done {
    let problem = problem_of(error, reference);
    if is_fault(&problem) {
        let cause = error.source.as_ref().map(ToString::to_string).unwrap_or_default();
        tracing::error!(%reference, %error, %cause, "a SCIM request failed");
    }
    let answer = Answer {
        status: problem.status,
        body: Some(problem.to_json()),
        retry_after: problem.retry_after,
        allow: problem.allow,
        ..Answer::default()
    };
    Done {
        answer,
        ..Done::default()
    }
}

/// Is it a fault of ours? Not what Doorward does not do by design.
fn is_fault(problem: &ScimProblem) -> bool {
    problem.status >= 500 && problem.status != 501
}

/// A request that changes something, inside its transaction. An error undoes all of it; a [`ScimProblem`] travels as
/// the error's source, see [`problem_of`].
pub fn perform(act: &Act, caller: &Caller, request: &Request, reference: &str) -> Result<Done> {
    let mut work = Work::new(act, &caller.connection, &caller.base, reference);
    let target = Target::of(&request.path)?;
    let answer = match target {
        Target::Bulk if request.verb() == "POST" => bulk::perform(&mut work, request)?,
        _ => write(&mut work, request)?,
    };
    Ok(Done {
        answer,
        understood: work.understood,
        effects: work.effects,
        notes: work.notes,
    })
}

/// One write of one resource.
fn write(work: &mut Work, request: &Request) -> Result<Answer> {
    let (target, verb) = (Target::of(&request.path)?, request.verb());
    target.need_method(&verb)?;
    // What an operation before this one left when it failed is undone.
    work.unsettled = work::Unsettled::default();
    let answer = match (verb.as_str(), &target) {
        ("POST", Target::All(ResourceKind::User)) => users::create(work, request),
        ("POST", Target::All(ResourceKind::Group)) => groups::create(work, request),
        ("PUT", Target::One(ResourceKind::User, id)) => users::replace(work, request, id),
        ("PUT", Target::One(ResourceKind::Group, id)) => groups::replace(work, request, id),
        ("PATCH", Target::One(ResourceKind::User, id)) => users::patch(work, request, id),
        ("PATCH", Target::One(ResourceKind::Group, id)) => groups::patch(work, request, id),
        ("DELETE", Target::One(ResourceKind::User, id)) => users::delete(work, request, id),
        ("DELETE", Target::One(ResourceKind::Group, id)) => groups::delete(work, request, id),
        _ => Err(ScimProblem::new(405, None, "This address is read only. Nothing was changed.").into()),
    }?;
    fed::settle(work)?;
    Ok(answer)
}

/// A request that only reads.
pub fn consult(ctx: &Context, r: &Reader, caller: &Caller, request: &Request) -> Result<Done> {
    let target = Target::of(&request.path)?;
    target.need_method(&request.verb())?;
    listing::consult(ctx, r, caller, request, &target)
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
    if error.is_too_slow() {
        return ScimProblem::bad(ScimType::TooMany, detail);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_fault_of_ours_is_one() {
        let is_fault = |status| is_fault(&ScimProblem::new(status, None, ""));
        assert_eq!([200, 404, 429, 501].map(is_fault), [false; 4]);
        assert_eq!([500, 503].map(is_fault), [true; 2]);
    }
}
