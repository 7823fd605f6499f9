//! The way out: documents as resources, lists and what of them was asked for (RFC 7644 §3.4.2.5, §3.9).

use serde_json::{Map, Value, json};

use super::path::Name;
use super::schema::{self, Returned};
use super::{DOORWARD, ENTERPRISE, ScimProblem, ScimType, etag};
use crate::model::{ResourceKind, ScimId, Timestamp};

/// `attributes` and `excludedAttributes`, each as `[urn:]attr[.sub]` in lower case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Projection {
    /// `Some`: only these, beside what is always returned.
    pub only: Option<Vec<String>>,
    pub except: Vec<String>,
}

impl Projection {
    /// Reads the two comma-separated lists. Asking for both is refused (RFC 7644 §3.9).
    pub fn parse(only: Option<&str>, except: Option<&str>, kind: ResourceKind) -> Result<Self, ScimProblem> {
        if only.is_some() && except.is_some() {
            let detail = "Ask for attributes or for excludedAttributes, not for both.";
            return Err(ScimProblem::bad(ScimType::InvalidValue, detail));
        }
        let names = |text: &str| -> Vec<String> {
            let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
            names.take(200).map(|name| plain(name, kind)).collect()
        };
        Ok(Self {
            only: only.map(names),
            except: except.map(names).unwrap_or_default(),
        })
    }

    /// Will this top-level attribute be shown, or a part of it? Asked before memberships are read.
    pub fn wants(&self, attribute: &str) -> bool {
        self.choice(&attribute.to_lowercase()) != Choice::Nothing
    }

    /// What is shown of `[urn:]attr`, in lower case.
    fn choice(&self, name: &str) -> Choice {
        if self.except.iter().any(|no| no == name) {
            return Choice::Nothing;
        }
        let inside = |list: &[String]| -> Vec<String> {
            let subs = list
                .iter()
                .filter_map(|asked| asked.strip_prefix(name)?.strip_prefix('.'));
            subs.map(str::to_owned).collect()
        };
        match &self.only {
            None => match inside(&self.except) {
                without if without.is_empty() => Choice::Everything,
                without => Choice::Without(without),
            },
            Some(only) if only.iter().any(|yes| yes == name) => Choice::Everything,
            Some(only) => match inside(only) {
                parts if parts.is_empty() => Choice::Nothing,
                parts => Choice::Parts(parts),
            },
        }
    }
}

/// Core names lose their URN, so that every attribute has one spelling.
fn plain(name: &str, kind: ResourceKind) -> String {
    match Name::read(name, kind) {
        Some(name) => name.to_string().to_lowercase(),
        None => name.to_lowercase(),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Choice {
    Everything,
    Nothing,
    Parts(Vec<String>),
    Without(Vec<String>),
}

impl Choice {
    fn of(&self, value: &Value) -> Option<Value> {
        let keep = |sub: &str| match self {
            Choice::Parts(parts) => parts.iter().any(|part| part.eq_ignore_ascii_case(sub)),
            Choice::Without(parts) => !parts.iter().any(|part| part.eq_ignore_ascii_case(sub)),
            Choice::Everything => true,
            Choice::Nothing => false,
        };
        match (self, value) {
            (Choice::Nothing, _) => None,
            (Choice::Everything, _) => Some(value.clone()),
            (_, Value::Object(entries)) => {
                let kept = entries.iter().filter(|(sub, _)| keep(sub));
                let kept: Map<String, Value> = kept.map(|(k, v)| (k.clone(), v.clone())).collect();
                (!kept.is_empty()).then_some(Value::Object(kept))
            }
            (_, Value::Array(items)) => {
                let kept: Vec<Value> = items.iter().filter_map(|item| self.of(item)).collect();
                (!kept.is_empty()).then_some(Value::Array(kept))
            }
            (Choice::Without(_), _) => Some(value.clone()),
            (Choice::Parts(_), _) => None,
        }
    }
}

/// What stands beside the document.
#[derive(Clone, Debug, PartialEq)]
pub struct Meta {
    pub id: ScimId,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The address of the resource, absolute.
    pub location: String,
}

/// One membership: a group of a user, or a member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    pub id: ScimId,
    pub kind: ResourceKind,
    pub display: Option<String>,
    /// The address of what it refers to, absolute.
    pub location: String,
}

/// The resource as the client sees it. `memberships`: the groups of a user, the members of a group; `None` when
/// they were not read.
pub fn resource(
    kind: ResourceKind,
    meta: &Meta,
    document: &Map<String, Value>,
    memberships: Option<&[Membership]>,
    projection: &Projection,
) -> Value {
    let mut shown = Map::new();
    for (name, value) in document {
        put(&mut shown, kind, name, value, projection);
    }
    if !shown.contains_key("schemas") {
        shown.insert("schemas".to_owned(), json!([schema::core(kind)]));
    }
    shown.insert("id".to_owned(), json!(meta.id.to_string()));
    let facts = json!({
        "resourceType": kind.name(),
        "created": meta.created_at.rfc3339(),
        "lastModified": meta.updated_at.rfc3339(),
        "location": meta.location,
        "version": etag::of(meta.version),
    });
    put(&mut shown, kind, "meta", &facts, projection);
    if let Some(memberships) = memberships {
        let name = if kind == ResourceKind::User {
            "groups"
        } else {
            "members"
        };
        let ties = memberships.iter().map(|tie| tied(kind, tie)).collect();
        put(&mut shown, kind, name, &Value::Array(ties), projection);
    }
    Value::Object(shown)
}

/// An extension is chosen as a whole or attribute by attribute; everything else by its own name.
fn put(
    shown: &mut Map<String, Value>,
    kind: ResourceKind,
    name: &str,
    value: &Value,
    projection: &Projection,
) {
    let known = schema::attribute(kind, None, name);
    if known.is_some_and(|attribute| attribute.returned == Returned::Always) {
        shown.insert(name.to_owned(), value.clone());
        return;
    }
    let key = name.to_lowercase();
    let whole = projection.choice(&key);
    let chosen = match value {
        Value::Object(entries) if is_extension(&key) => {
            let names_it = projection.only.as_ref().is_some_and(|only| only.contains(&key));
            if names_it || projection == &Projection::default() {
                Some(value.clone())
            } else if projection.except.contains(&key) {
                None
            } else {
                let kept = entries.iter().filter_map(|(sub, value)| {
                    let choice = projection.choice(&format!("{key}:{}", sub.to_lowercase()));
                    Some((sub.clone(), choice.of(value)?))
                });
                let kept: Map<String, Value> = kept.collect();
                (!kept.is_empty()).then_some(Value::Object(kept))
            }
        }
        // An empty list that was asked for is an answer too.
        Value::Array(items) if items.is_empty() && whole != Choice::Nothing => Some(value.clone()),
        value => whole.of(value),
    };
    if let Some(chosen) = chosen {
        shown.insert(name.to_owned(), chosen);
    }
}

fn is_extension(key: &str) -> bool {
    key == ENTERPRISE.to_lowercase() || key == DOORWARD.to_lowercase() || key.contains(':')
}

fn tied(kind: ResourceKind, tie: &Membership) -> Value {
    let mut entry = json!({ "value": tie.id.to_string(), "$ref": tie.location });
    entry["type"] = match kind {
        // A group of a user: how the user came into it.
        ResourceKind::User => json!("direct"),
        ResourceKind::Group => json!(tie.kind.name()),
    };
    if let Some(display) = &tie.display {
        entry["display"] = json!(display);
    }
    entry
}

/// A ListResponse (RFC 7644 §3.4.2; RFC 9865 §2.1).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct List {
    pub total: i64,
    /// `None` in a list by cursor.
    pub start_index: Option<usize>,
    pub resources: Vec<Value>,
    pub next_cursor: Option<String>,
    pub previous_cursor: Option<String>,
}

impl List {
    pub fn to_json(self) -> Value {
        let mut body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": self.total,
            "itemsPerPage": self.resources.len(),
        });
        body["Resources"] = Value::Array(self.resources);
        if let Some(start) = self.start_index {
            body["startIndex"] = json!(start);
        }
        if let Some(cursor) = self.next_cursor {
            body["nextCursor"] = json!(cursor);
        }
        if let Some(cursor) = self.previous_cursor {
            body["previousCursor"] = json!(cursor);
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn show(only: Option<&str>, except: Option<&str>) -> Value {
        let meta = Meta {
            id: ScimId(Uuid::from_u128(7)),
            version: 3,
            created_at: Timestamp(0),
            updated_at: Timestamp(1),
            location: "https://door.test/scim/okta/v2/Users/7".to_owned(),
        };
        let document = json!({
            "schemas": [schema::core(ResourceKind::User), ENTERPRISE],
            "userName": "ann", "name": { "givenName": "Ann", "familyName": "Lee" },
            "emails": [{ "value": "a@b.test", "type": "work" }],
            ENTERPRISE: { "department": "Sales", "division": "North" },
        });
        let document = document.as_object().cloned().unwrap_or_default();
        let projection = Projection::parse(only, except, ResourceKind::User).expect("a projection");
        resource(ResourceKind::User, &meta, &document, Some(&[]), &projection)
    }

    fn keys(value: &Value) -> Vec<&str> {
        let mut keys: Vec<&str> = value
            .as_object()
            .into_iter()
            .flatten()
            .map(|(k, _)| k.as_str())
            .collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn only_what_was_asked_for_and_what_is_always_there() {
        let shown = show(Some("USERNAME, name.givenName,emails.value"), None);
        assert_eq!(keys(&shown), ["emails", "id", "name", "schemas", "userName"]);
        assert_eq!(shown["name"], json!({ "givenName": "Ann" }));
        assert_eq!(shown["emails"], json!([{ "value": "a@b.test" }]));
        let shown = show(Some(&format!("{ENTERPRISE}:department")), None);
        assert_eq!(keys(&shown), ["id", "schemas", ENTERPRISE]);
        assert_eq!(shown[ENTERPRISE], json!({ "department": "Sales" }));
        let shown = show(Some("urn:ietf:params:scim:schemas:core:2.0:User:userName"), None);
        assert_eq!(keys(&shown), ["id", "schemas", "userName"]);
    }

    #[test]
    fn everything_but_what_was_excluded() {
        let shown = show(None, Some("id,groups,name.familyName,meta"));
        assert_eq!(
            keys(&shown),
            ["emails", "id", "name", "schemas", ENTERPRISE, "userName"]
        );
        assert_eq!(shown["name"], json!({ "givenName": "Ann" }));
        let whole = show(None, None);
        assert_eq!(whole["groups"], json!([]));
        assert_eq!(whole["meta"]["version"], json!("W/\"3\""));
        assert_eq!(show(None, Some(ENTERPRISE)).get(ENTERPRISE), None);
        let both = Projection::parse(Some("a"), Some("b"), ResourceKind::User);
        assert_eq!(both.expect_err("both").status, 400);
    }

    #[test]
    fn a_list_always_has_its_resources() {
        let body = List {
            start_index: Some(1),
            ..List::default()
        }
        .to_json();
        assert_eq!(body["Resources"], json!([]));
        assert_eq!(
            (&body["totalResults"], &body["startIndex"]),
            (&json!(0), &json!(1))
        );
    }
}
