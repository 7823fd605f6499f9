//! The documents that are kept: canonical names for known attributes, unknown ones as they were sent.

pub(in crate::scim) mod check;
pub(in crate::scim) mod members;
mod search;

pub use search::{element as search_element, moment, search_document};

use serde_json::{Map, Value};

use super::change::{Applier, Change, Verb};
use super::dialect::{self, Notes};
use super::{ScimProblem, ScimType};
use crate::model::{Email, ResourceKind};

/// A user's body, understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserBody {
    /// Without `id`, `meta`, `groups` and `password`; `schemas` complete; real booleans; no nulls.
    pub document: Map<String, Value>,
    /// `active` was in the body.
    pub says_active: bool,
    /// `groups`, when it was in the body: values or names. Ignored unless the connection says otherwise.
    pub groups: Option<Vec<MemberRef>>,
    /// What was ignored or read in another way than it was written, for the log.
    pub notes: Vec<String>,
}

/// A group's body, understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupBody {
    /// Without `id`, `meta` and `members`.
    pub document: Map<String, Value>,
    /// `None`: the key was absent, which is not an empty list.
    pub members: Option<Vec<MemberRef>>,
    pub notes: Vec<String>,
}

/// A member as a client names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberRef {
    pub value: String,
    pub display: Option<String>,
    /// `User` or `Group`, when it was said.
    pub kind: Option<String>,
}

/// What Doorward itself reads in a user's document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFacts {
    pub user_name: String,
    pub external_id: Option<String>,
    pub active: bool,
    /// The primary address, else the one of type `work`, else the first; else `userName` when it is an address.
    pub email: Option<String>,
    /// Every value under `emails`.
    pub emails: Vec<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub display_name: Option<String>,
}

/// Reads the body of POST and PUT. `invalidValue` names what is missing or of the wrong type. An `active` that is
/// not there is `true` in the document.
pub fn user(body: &Value) -> Result<UserBody, ScimProblem> {
    let mut notes = Notes::default();
    let read = read(ResourceKind::User, body, &mut notes)?;
    Ok(UserBody {
        says_active: read.says_active,
        groups: read
            .others
            .and_then(|groups| members::groups(&groups, &mut notes)),
        document: read.document,
        notes: notes.into_list(),
    })
}

/// As [`user`], for a group: `displayName` is required.
pub fn group(body: &Value) -> Result<GroupBody, ScimProblem> {
    let mut notes = Notes::default();
    let read = read(ResourceKind::Group, body, &mut notes)?;
    let members = match &read.others {
        Some(Value::Null) | None => None,
        Some(list) => Some(members::members(list)?),
    };
    Ok(GroupBody {
        document: read.document,
        members,
        notes: notes.into_list(),
    })
}

struct Read {
    document: Map<String, Value>,
    says_active: bool,
    /// `groups` of a user, `members` of a group.
    others: Option<Value>,
}

fn read(kind: ResourceKind, body: &Value, notes: &mut Notes) -> Result<Read, ScimProblem> {
    let Value::Object(body) = body else {
        let detail = format!("The body must be a {} as an object.", kind.name());
        return Err(ScimProblem::bad(ScimType::InvalidSyntax, detail));
    };
    let mut read = Read {
        document: Map::new(),
        says_active: false,
        others: None,
    };
    let mut applier = Applier::new(kind);
    for (path, value) in dialect::entries(kind, body, notes)? {
        match (path.urn.as_deref(), path.name.as_str()) {
            (None, "id" | "meta") => continue,
            (None, "groups") if kind == ResourceKind::User => {
                read.others = Some(value);
                continue;
            }
            (None, "members") if kind == ResourceKind::Group => {
                // A part of members, such as `members.value`, says nothing that can be relied on.
                if path.sub.is_none() && path.filter.is_none() {
                    read.others = Some(value);
                }
                continue;
            }
            (None, "active") if value.is_null() => continue,
            (None, "active") => read.says_active = true,
            _ => {}
        }
        if value.is_null() {
            continue;
        }
        let change = Change {
            verb: Verb::Replace,
            path,
            value: Some(value),
        };
        applier.apply(&mut read.document, &change, notes)?;
    }
    if kind == ResourceKind::User {
        let active = read.document.entry("active");
        active.or_insert(Value::Bool(true));
    }
    check::finish(kind, &mut read.document, notes)?;
    Ok(read)
}

/// Reads what Doorward needs from a document that [`user`] or a patch made.
pub fn user_facts(document: &Map<String, Value>) -> UserFacts {
    let text = |value: Option<&Value>| {
        let text = value.and_then(Value::as_str).map(str::trim);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let user_name = text(document.get("userName")).unwrap_or_default();
    let list = document.get("emails").and_then(Value::as_array);
    let list: Vec<&Value> = list.into_iter().flatten().collect();
    let address = |email: &&Value| text(email.get("value"));
    let is_primary = |email: &&&Value| email.get("primary") == Some(&Value::Bool(true));
    let is_work = |email: &&&Value| {
        let kind = email.get("type").and_then(Value::as_str);
        kind.is_some_and(|kind| kind.eq_ignore_ascii_case("work"))
    };
    let primary = list.iter().filter(is_primary).find_map(address);
    let email = primary
        .or_else(|| list.iter().filter(is_work).find_map(address))
        .or_else(|| list.iter().find_map(address))
        .or_else(|| Email::parse(&user_name).ok().map(|email| email.to_string()));
    let name = document.get("name");
    let part = |key: &str| text(name.and_then(|name| name.get(key)));
    UserFacts {
        external_id: text(document.get("externalId")),
        active: document.get("active").and_then(Value::as_bool).unwrap_or(true),
        email,
        emails: list.iter().filter_map(address).collect(),
        given_name: part("givenName"),
        family_name: part("familyName"),
        display_name: text(document.get("displayName")),
        user_name,
    }
}
