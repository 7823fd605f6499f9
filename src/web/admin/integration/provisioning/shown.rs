//! From what the mirror, the guard and the log hold to what these pages say.

use super::masked;
use crate::error::Result;
use crate::model::{Connection, PersonId, Removal, RemovalState, Taken, Timestamp};
use crate::store::scim_requests::ScimRequest;
use crate::store::{self, Reader};
use crate::web::pieces::State;
use crate::web::urls;

/// The state of provisioning, for its page and the person's.
pub fn state(connection: &Connection, last_contact: Option<Timestamp>) -> State {
    if connection.scim.enabled && !connection.features.scim {
        return State::off("Switched off for everybody");
    }
    match (connection.scim.enabled, connection.enabled, last_contact) {
        (false, ..) => State::off("Off"),
        (true, false, _) => State::needs_you("Needs you: the integration is off"),
        (true, true, None) => State::waiting("Waiting for the first request"),
        (true, true, Some(_)) => State::working("Working"),
    }
}

/// The same, where the last contact is not at hand.
pub fn provisioning_state(r: &Reader, connection: &Connection) -> Result<State> {
    let seen = if connection.scim.enabled {
        store::scim_requests::milestones(r, connection.id)?.last_contact
    } else {
        None
    };
    Ok(state(connection, seen))
}

/// One removal in a list.
pub struct RemovalLine {
    pub id: String,
    pub person: String,
    pub email: String,
    pub href: String,
    pub what: String,
    pub at: Timestamp,
    pub reference: String,
    pub request: String,
}

/// What an identity provider took, in words.
pub fn taken(r: &Reader, what: Taken) -> Result<String> {
    Ok(match what {
        Taken::Deactivate => "Deactivated".to_owned(),
        Taken::Delete => "Deleted".to_owned(),
        Taken::Leave(group) => {
            let group = store::directory::groups::find_by_seq(r, group)?;
            let name = group.map_or_else(|| "a group that is gone".to_owned(), |group| group.display_name);
            format!("Left {name}")
        }
    })
}

pub fn removal_lines(r: &Reader, removals: &[Removal]) -> Result<Vec<RemovalLine>> {
    let line = |removal: &Removal| {
        let person = store::people::get(r, removal.person_id)?;
        Ok(RemovalLine {
            id: removal.id.to_string(),
            person: person.display_name(),
            email: person.email.to_string(),
            href: person_page(person.id),
            what: taken(r, removal.what)?,
            at: removal.at,
            reference: removal.reference.clone(),
            request: urls::scim_request(&removal.reference, removal.at),
        })
    };
    removals.iter().map(line).collect()
}

pub fn person_page(id: PersonId) -> String {
    urls::person(&id.to_string())
}

pub fn removal_state(state: RemovalState) -> State {
    match state {
        RemovalState::Applied => State::off("Applied"),
        RemovalState::Held => State::needs_you("Held"),
        RemovalState::Discarded => State::working("Discarded: stays"),
        RemovalState::Withdrawn => State::working("Taken back by the provider"),
        RemovalState::Restored => State::working("Restored"),
    }
}

/// The answer of a request as a state: its status, and what kind of answer that is.
pub fn answer_state(status: u16) -> State {
    match status {
        200..=299 => State::working(format!("{status}")),
        300..=399 => State::off(format!("{status}")),
        401 => State::needs_you("401 not let in"),
        403 => State::needs_you("403 not allowed"),
        404 => State::off("404 not there"),
        409 => State::waiting("409 taken"),
        429 | 503 => State::waiting(format!("{status} later")),
        _ => State::needs_you(format!("{status} refused")),
    }
}

/// One request in a list.
pub struct RequestLine {
    pub href: String,
    pub what: String,
    pub reference: String,
    pub who: String,
    pub state: State,
    pub effect: String,
    pub at: Timestamp,
}

pub fn request_line(slug: &str, request: &ScimRequest) -> RequestLine {
    let mut path = masked::words(&request.path);
    if !request.query.is_empty() {
        path = format!("{path}?{}", masked::query(&request.query, false));
    }
    let short: String = path.chars().take(120).collect();
    let more = if short.len() < path.len() { "…" } else { "" };
    RequestLine {
        href: urls::provisioned(slug, "requests", &request.id.to_string()),
        what: format!("{} {short}{more}", request.method),
        reference: request.reference.clone(),
        who: request.credential_label.clone(),
        state: answer_state(request.status),
        effect: effect_words(request),
        at: request.at,
    }
}

/// `Sales pushed`: what a request did to a group, which no person feels.
fn group_words(request: &ScimRequest) -> Option<String> {
    if !(200..300).contains(&request.status) || !request.path.starts_with("/Groups") {
        return None;
    }
    let done = match request.method.as_str() {
        "POST" => "pushed",
        "PUT" | "PATCH" => "changed",
        "DELETE" => "deleted",
        _ => return None,
    };
    let answer: Option<serde_json::Value> = request
        .answer
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok());
    let name = answer.as_ref().and_then(|a| a["displayName"].as_str());
    let short: String = name.unwrap_or("a group").chars().take(80).collect();
    Some(format!("{short} {done}"))
}

/// `2 people changed`, `1 note`: what a request came to, in a cell.
fn effect_words(request: &ScimRequest) -> String {
    use crate::flows::provision::Effect;
    use crate::web::admin::facts::count;
    let effects: Vec<Effect> = serde_json::from_str(&request.effects).unwrap_or_default();
    let notes: Vec<String> = serde_json::from_str(&request.notes).unwrap_or_default();
    let touched = effects.iter().filter(|effect| effect.what != "none").count();
    let mut words = Vec::new();
    match effects.as_slice() {
        [one] if one.what != "none" => words.push(format!("{} {}", one.label, one.what)),
        _ if touched > 0 => words.push(count(touched as i64, "person", "people")),
        _ => {}
    }
    if words.is_empty() {
        words.extend(group_words(request));
    }
    if !notes.is_empty() {
        words.push(count(notes.len() as i64, "note", "notes"));
    }
    words.join(", ")
}
