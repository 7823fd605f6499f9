//! The log of requests: secrets and passwords out, everything else kept for as long as the connection says.
//!
//! A write puts its row into its own transaction ([`record`]). Reads and refusals change nothing: their rows wait in
//! a [`Buffer`] and are written together, and nobody waits for them.

mod buffer;
mod redact;

use serde_json::{Map, Value, json};

use super::{Caller, Done, Request};
use crate::error::Result;
use crate::flows::Context;
use crate::flows::credentials::Refusal;
use crate::model::{Connection, CredentialId, ScimRequestId, Timestamp};
use crate::random::Random;
use crate::store::scim_requests::ScimRequest;
use crate::store::{Writer, scim_requests};

pub use buffer::{Buffer, flush, keep_flushing};
pub use redact::{has_gaps, redacted};

/// Longest body, answer or understanding that is kept whole, in bytes.
pub const KEPT: usize = 64 * 1024;
/// As [`KEPT`], for what a read was answered.
const KEPT_OF_READS: usize = 8 * 1024;
/// Longest path or query that is kept whole.
const KEPT_LINE: usize = 8 * 1024;

/// Whose request it was and when it was asked, as the row says it.
struct From<'a> {
    connection: &'a Connection,
    credential: Option<CredentialId>,
    label: String,
    at: Timestamp,
    reference: &'a str,
    id: ScimRequestId,
}

/// The row of a request and what it came to. `took_us`: how long it took so far, in microseconds.
pub fn entry(
    now: Timestamp,
    random: &Random,
    caller: &Caller,
    request: &Request,
    reference: &str,
    done: &Done,
    took_us: i64,
) -> ScimRequest {
    let from = From {
        connection: &caller.connection,
        credential: Some(caller.credential),
        label: caller.credential_label.clone(),
        at: now,
        reference,
        id: ScimRequestId::new(now, random.bytes()),
    };
    row(from, request, done, took_us)
}

fn row(from: From, request: &Request, done: &Done, took_us: i64) -> ScimRequest {
    let (body, body_cut) = request.kept().clone();
    // What a read was answered can be asked again; lists are long, and there are many of them.
    let most = if request.method == "GET" {
        KEPT_OF_READS
    } else {
        KEPT
    };
    let answer = done.answer.body.as_ref().map(|answer| redacted(answer, most).0);
    let (understood, was_cut) = match request.logged_user() {
        Some(logged) if !done.understood.is_null() => logged.clone(),
        _ => redacted(&done.understood, KEPT),
    };
    let headers = json!({
        "content_type": request.content_type,
        "if_match": request.if_match,
        "if_none_match": request.if_none_match,
    });
    let notes: Vec<String> = done.notes.iter().map(|note| redact::said(note)).collect();
    ScimRequest {
        id: from.id,
        reference: from.reference.to_owned(),
        connection_id: from.connection.id,
        credential_id: from.credential,
        credential_label: from.label,
        at: from.at,
        method: cut(request.method.clone(), 16),
        path: cut(shown_path(&request.path), KEPT_LINE),
        query: cut(shown_query(&request.query), KEPT_LINE),
        headers: headers.to_string(),
        address: request.visitor.address.clone(),
        user_agent: request.visitor.user_agent.clone(),
        body,
        body_cut,
        // Half a document is no JSON.
        understood: if was_cut { "null".to_owned() } else { understood },
        status: done.answer.status,
        answer,
        effects: serde_json::to_string(&done.effects).unwrap_or_else(|_| "[]".to_owned()),
        notes: serde_json::to_string(&notes).unwrap_or_else(|_| "[]".to_owned()),
        took_us,
        replay_of: None,
    }
}

/// Puts the row of a write into its transaction.
pub fn record(w: &Writer, row: &ScimRequest) -> Result<()> {
    scim_requests::insert(w, row)
}

/// Keeps that a client was not let in. One that has no good credential leaves at most one row a second for each
/// connection, and none where there is no such connection: strangers must not fill the disk.
pub fn refused(ctx: &Context, refusal: &Refusal, request: &Request) {
    let Some(connection) = &refusal.connection else {
        return;
    };
    let now = ctx.now();
    let mut notes = Vec::new();
    if refusal.credential.is_none() {
        let Some(unsaid) = ctx.scim_log.may_note_stranger(connection.id, now) else {
            return;
        };
        if unsaid > 0 {
            notes.push(format!("and {unsaid} more since the last one that was kept"));
        }
    }
    let reference = ctx.random.reference();
    let label = refusal.credential.as_ref().map(|(_, label)| label.clone());
    let from = From {
        connection,
        credential: refusal.credential.as_ref().map(|(id, _)| *id),
        label: label.unwrap_or_else(|| "no good credential".to_owned()),
        at: now,
        reference: &reference,
        id: ScimRequestId::new(now, ctx.random.bytes()),
    };
    let mut done = Done {
        notes,
        ..Done::default()
    };
    done.answer.status = refusal.problem.status;
    done.answer.body = Some(refusal.problem.to_json());
    ctx.scim_log.push(row(from, request, &done, 0));
}

/// The body as it may be kept. What is no JSON is kept only as far as nothing in it can be a secret: not at all.
/// `read`: what it says, where that is known.
pub fn kept_body(body: &[u8], read: Option<&Value>) -> (Option<String>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    if let Some(value) = read {
        let (text, was_cut) = redacted(value, KEPT);
        return (Some(text), was_cut);
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => {
            let (text, was_cut) = redacted(&value, KEPT);
            (Some(text), was_cut)
        }
        Err(problem) => (
            Some(format!("({} bytes that are no JSON: {problem})", body.len())),
            true,
        ),
    }
}

/// A document as the row of its request says that it was understood.
pub fn kept_document(document: &Map<String, Value>) -> (String, bool) {
    redact::redacted_object(document, KEPT)
}

fn cut(mut text: String, most: usize) -> String {
    if text.len() <= most {
        return text;
    }
    let mut end = most;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

fn shown_path(path: &[String]) -> String {
    path.iter().fold(String::new(), |mut shown, segment| {
        shown.push('/');
        // A slash inside of a segment was encoded: bare, it would make another address of it for a replay.
        let segment = segment.replace('/', "%2F");
        shown.extend(segment.chars().filter(|c| !c.is_control()));
        shown
    })
}

/// The pairs as they were understood, encoded again. A value behind a name that speaks of a secret is left out.
fn shown_query(pairs: &[(String, String)]) -> String {
    let mut encoded = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        encoded.append_pair(name, &redact::pair(name, value));
    }
    encoded.finish()
}
