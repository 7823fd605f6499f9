//! Doing a kept request again: first as a dry run that shows the difference, then for good.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};

use super::{Caller, Done, Effect, Request, log, perform, refused};
use crate::error::{Error, Result};
use crate::flows::{Act, Context, Visitor, Who, connect};
use crate::model::{Action, Actor, Connection, Permission, Role, ScimId, ScimRequestId};
use crate::store;
use crate::store::Writer;
use crate::store::directory::{groups, members, users};
use crate::store::scim_requests::ScimRequest;

/// What doing it again would come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    pub status_then: u16,
    pub status_now: u16,
    /// The bodies of the two answers.
    pub answer_then: Option<Value>,
    pub answer_now: Option<Value>,
    /// The resource, field by field, where it differs; paths such as `name.givenName`.
    pub resource: Vec<Field>,
    pub effects: Vec<Effect>,
    pub notes: Vec<String>,
}

/// One field of the resource, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub path: String,
    pub was: Option<String>,
    pub becomes: Option<String>,
}

/// Members of a group that a difference names; of more it says how many.
const NAMED: usize = 200;

/// Why a kept request cannot be done again; `None` when it can.
pub fn obstacle(kept: &ScimRequest) -> Option<&'static str> {
    let first = kept.path.split('/').find(|part| !part.is_empty()).unwrap_or("");
    let is_write = matches!(kept.method.as_str(), "POST" | "PUT" | "PATCH" | "DELETE");
    if !is_write || kept.path.ends_with("/.search") {
        Some("It only read.")
    } else if kept.credential_id.is_none() || kept.status == 401 {
        Some("It came without a good credential, so nobody knows who sent it.")
    } else if kept.body_cut {
        Some("Its body was too large to be kept whole.")
    } else if first.eq_ignore_ascii_case("Bulk") {
        Some("It is a bulk request. Its operations are not replayed together.")
    } else if !first.eq_ignore_ascii_case("Users") && !first.eq_ignore_ascii_case("Groups") {
        Some("It concerns neither users nor groups.")
    } else if has_gaps(kept) {
        Some("It set a value that is kept nowhere because its name speaks of a secret.")
    } else {
        None
    }
}

/// Was something left out of the body that would be written? It would be the sign that stands there instead.
fn has_gaps(kept: &ScimRequest) -> bool {
    let body = kept.body.as_deref().map(serde_json::from_str);
    body.and_then(std::result::Result::ok)
        .is_some_and(|body| log::has_gaps(&body))
}

/// Does the request in a transaction that is always undone, and tells what it would have done.
pub async fn dry_run(ctx: &Context, who: Who, slug: &str, id: ScimRequestId) -> Result<Difference> {
    let found = Arc::new(Mutex::new(None));
    let (slug, put) = (slug.to_owned(), found.clone());
    let undone: Result<()> = ctx
        .act(who, move |act| {
            act.need(Permission::ManageIntegrations)?;
            let (connection, kept) = load(act, &slug, id)?;
            let (difference, _) = again(act, &connection, &kept)?;
            *put.lock().unwrap_or_else(PoisonError::into_inner) = Some(difference);
            // An error is what undoes everything above.
            Err(Error::conflict("This was a dry run."))
        })
        .await;
    let taken = found.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (taken, undone) {
        (Some(difference), _) => Ok(difference),
        (None, Err(error)) => Err(error),
        (None, Ok(())) => Err(Error::internal("a dry run was not undone")),
    }
}

/// Does the request once more, for good. It acts as the connection's identity provider; the admin who asked stands in
/// the event and in the log's row. Returns the row of the log.
pub async fn run(ctx: &Context, who: Who, slug: &str, id: ScimRequestId) -> Result<ScimRequest> {
    let slug = slug.to_owned();
    ctx.act(who, move |act| {
        act.need(Permission::ManageIntegrations)?;
        let (connection, kept) = load(act, &slug, id)?;
        let reference = act.random.reference();
        let (difference, done) = again_as(act, &connection, &kept, &reference)?;
        let caller = caller(act, &connection, &kept)?;
        let mut row = log::entry(
            act.now,
            act.random,
            &caller,
            &request(&kept)?,
            &reference,
            &done,
            0,
        );
        row.replay_of = Some(kept.id);
        log::record(act.w, &row)?;
        act.event_with(
            Action::ScimRequestReplayed,
            connect::subject(&connection),
            Value::Null,
            json!({ "request": kept.reference, "answer": difference.status_now }),
            Some(reference),
        )?;
        Ok(row)
    })
    .await
}

/// An admin looks at the personal values of a request: allowed, and written down.
pub fn open_request(act: &Act, slug: &str, id: ScimRequestId) -> Result<ScimRequest> {
    act.need(Permission::ManageIntegrations)?;
    let connection = store::connections::get_by_slug(act.w, slug)?;
    let kept = store::scim_requests::get(act.w, connection.id, id)?;
    act.event_with(
        Action::ScimRequestOpened,
        connect::subject(&connection),
        Value::Null,
        json!({ "request": kept.reference }),
        Some(kept.reference.clone()),
    )?;
    Ok(kept)
}

fn load(act: &Act, slug: &str, id: ScimRequestId) -> Result<(Connection, ScimRequest)> {
    let connection = store::connections::get_by_slug(act.w, slug)?;
    // To say once more what the identity provider said is to speak with its word.
    connect::need_word(act, &connection)?;
    let kept = store::scim_requests::get(act.w, connection.id, id)?;
    if let Some(why) = obstacle(&kept) {
        return Err(Error::conflict(format!("This request cannot be replayed. {why}")));
    }
    if !connection.provisions() {
        return Err(Error::conflict(
            "The integration or its provisioning is off. Turn it on before you replay a request.",
        ));
    }
    Ok((connection, kept))
}

fn again(act: &Act, connection: &Connection, kept: &ScimRequest) -> Result<(Difference, Done)> {
    let reference = act.random.reference();
    again_as(act, connection, kept, &reference)
}

/// The request, as the identity provider sent it. A refusal is an answer, and leaves nothing behind.
fn again_as(
    act: &Act,
    connection: &Connection,
    kept: &ScimRequest,
    reference: &str,
) -> Result<(Difference, Done)> {
    let caller = caller(act, connection, kept)?;
    let request = request(kept)?;
    let as_provider = Act {
        w: act.w,
        now: act.now,
        random: act.random,
        vault: act.vault,
        actor: Actor::Connection {
            id: connection.id,
            label: connection.name.clone(),
        },
        role: &Role::of_nobody(),
    };
    let before = resource(act.w, connection, target(&request.path))?;
    let done = act
        .w
        .attempt(|| perform(&as_provider, &caller, &request, reference))
        .unwrap_or_else(|error| refused(&error, reference));
    let made = done
        .answer
        .body
        .as_ref()
        .and_then(|body| body["id"].as_str())
        .and_then(ScimId::parse);
    let kind = request.path.first().map(String::as_str).unwrap_or_default();
    let after = resource(
        act.w,
        connection,
        target(&request.path).or(made.map(|id| (kind, id))),
    )?;
    let difference = Difference {
        status_then: kept.status,
        status_now: done.answer.status,
        answer_then: kept
            .answer
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok()),
        answer_now: done.answer.body.clone(),
        resource: differences(&before, &after),
        effects: done.effects.clone(),
        notes: done.notes.clone(),
    };
    Ok((difference, done))
}

fn caller(act: &Act, connection: &Connection, kept: &ScimRequest) -> Result<Caller> {
    let organization = store::organization::find(act.w)?;
    let organization = organization.ok_or_else(|| Error::not_found("organization yet"))?;
    let credential = kept
        .credential_id
        .ok_or_else(|| Error::conflict("Nobody knows who sent this request."))?;
    Ok(Caller {
        connection: Arc::new(connection.clone()),
        credential,
        credential_label: format!("Replayed by {}", act.actor.label()),
        base: organization.base_url.scim(&connection.slug),
    })
}

fn request(kept: &ScimRequest) -> Result<Request> {
    let headers: Map<String, Value> = serde_json::from_str(&kept.headers).map_err(Error::internal)?;
    let header = |name: &str| headers.get(name).and_then(Value::as_str).map(str::to_owned);
    let query = url::form_urlencoded::parse(kept.query.as_bytes());
    Ok(Request {
        method: kept.method.clone(),
        path: kept
            .path
            .split('/')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect(),
        query: query.into_owned().collect(),
        body: kept.body.clone().unwrap_or_default().into_bytes(),
        content_type: header("content_type"),
        // Versions have moved on since; what is asked is what the request would do to the resource as it is now.
        if_match: None,
        if_none_match: None,
        visitor: Visitor {
            address: kept.address.clone(),
            user_agent: kept.user_agent.clone(),
            throttle_key: String::new(),
        },
        socket: String::new(),
        ..Request::default()
    })
}

fn target(path: &[String]) -> Option<(&str, ScimId)> {
    match path {
        [kind, id, ..] => ScimId::parse(id).map(|id| (kind.as_str(), id)),
        _ => None,
    }
}

/// The resource as the mirror has it, members by name; `None` when it is not there.
fn resource(w: &Writer, connection: &Connection, of: Option<(&str, ScimId)>) -> Result<Option<Value>> {
    let Some((kind, id)) = of else {
        return Ok(None);
    };
    if kind.eq_ignore_ascii_case("Users") {
        let user = users::find(w, connection.id, id)?;
        return Ok(user.map(|user| Value::Object(user.document)));
    }
    let Some(group) = groups::find(w, connection.id, id)? else {
        return Ok(None);
    };
    let ties = members::list_of_group(w, group.seq, NAMED + 1)?;
    let mut document = group.document;
    let names = if ties.len() > NAMED {
        json!({ "count": members::count_of_group(w, group.seq)? })
    } else {
        let mut named = Map::new();
        for tie in ties {
            let shown = tie.display.unwrap_or_else(|| tie.id.to_string());
            named.insert(tie.id.to_string(), Value::String(shown));
        }
        Value::Object(named)
    };
    document.insert("members".to_owned(), names);
    Ok(Some(Value::Object(document)))
}

/// Field by field, in the order of their paths, only what differs.
fn differences(before: &Option<Value>, after: &Option<Value>) -> Vec<Field> {
    let (mut was, mut is) = (Vec::new(), Vec::new());
    for (value, out) in [(before, &mut was), (after, &mut is)] {
        if let Some(value) = value {
            flatten("", value, out);
        }
    }
    let mut paths: Vec<&String> = was.iter().chain(&is).map(|(path, _)| path).collect();
    paths.sort();
    paths.dedup();
    let find = |list: &[(String, String)], path: &str| {
        list.iter()
            .find(|(known, _)| known == path)
            .map(|(_, value)| value.clone())
    };
    paths
        .into_iter()
        .map(|path| Field {
            path: path.clone(),
            was: find(&was, path),
            becomes: find(&is, path),
        })
        .filter(|field| field.was != field.becomes)
        .collect()
}

fn flatten(path: &str, value: &Value, out: &mut Vec<(String, String)>) {
    let below = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                flatten(&below(name), value, out);
            }
        }
        Value::Array(list) => {
            for (place, value) in list.iter().enumerate() {
                flatten(&format!("{path}[{place}]"), value, out);
            }
        }
        Value::String(text) => out.push((path.to_owned(), text.clone())),
        other => out.push((path.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_only_what_differs() {
        let before =
            json!({ "userName": "bob", "name": { "givenName": "Bob" }, "emails": [{ "value": "a" }] });
        let after = json!({ "userName": "bob", "name": { "givenName": "Rob" }, "active": true });
        let list = differences(&Some(before), &Some(after));
        let paths: Vec<&str> = list.iter().map(|field| field.path.as_str()).collect();
        assert_eq!(paths, ["active", "emails[0].value", "name.givenName"]);
        assert_eq!(list[2].was.as_deref(), Some("Bob"));
        assert_eq!(list[2].becomes.as_deref(), Some("Rob"));
        assert_eq!(list[1].becomes, None);
    }
}
