//! What identity providers send beside the standard, turned into the standard. The one place that knows.
//!
//! | what is sent | by whom, for one | read as |
//! |---|---|---|
//! | `"op": "Replace"`, `"Add"`, `operations` | Entra ID | the lower-case operation |
//! | `"active": "False"`, `"true"`, `1`, `[true]` | Entra ID, Keycloak's plug-ins, Okta | a boolean |
//! | `{"name.givenName": …, "urn:…:User:employeeNumber": …}` without a path | Entra ID with its flag | nested attributes |
//! | `…enterprise:2.0:User:manager` with a plain id | Entra ID | `{"value": id}` |
//! | `"urn:scim:schemas:core:2.0"`, also as a key | OneLogin | the URN of RFC 7643 |
//! | `null` and `""` for what is unset | OneLogin, Okta | absent; in a PATCH, removed |
//! | `{"op": "replace", "value": {"id": …, "displayName": …}}` | Okta | the same without `id` |
//! | `{"op": "remove", "path": "members", "value": […]}` | Entra ID, JumpCloud | these members only |
//! | a password nobody asked for | Okta | nothing: dropped unread |
//! | schema URNs of other makers | Entra ID | kept |

mod entries;
mod values;

pub use entries::{entries, is_secret, read};
pub use values::{boolean, element, text_of, value};

use serde_json::{Map, Value};

use super::{DOORWARD, ENTERPRISE, GROUP, USER};

/// URNs as they are written, and the schema that is meant; `None`: the core schema of whatever resource it is.
/// What is longer stands before what it begins with.
const URNS: &[(&str, Option<&str>)] = &[
    (USER, Some(USER)),
    (GROUP, Some(GROUP)),
    (ENTERPRISE, Some(ENTERPRISE)),
    (DOORWARD, Some(DOORWARD)),
    ("urn:scim:schemas:core:2.0:User", Some(USER)),
    ("urn:scim:schemas:core:2.0:Group", Some(GROUP)),
    ("urn:scim:schemas:core:2.0", None),
    ("urn:scim:schemas:core:1.0", None),
    ("urn:ietf:params:scim:schemas:core:2.0", None),
    ("urn:scim:schemas:extension:enterprise:2.0:User", Some(ENTERPRISE)),
    ("urn:scim:schemas:extension:enterprise:2.0", Some(ENTERPRISE)),
    ("urn:scim:schemas:extension:enterprise:1.0", Some(ENTERPRISE)),
];

/// Splits a name that begins with a known URN, in any case: the URN meant (`None`: core) and what stands behind its
/// colon, which is empty when nothing does.
pub fn split_urn(text: &str) -> Option<(Option<&'static str>, &str)> {
    URNS.iter().find_map(|(written, meant)| {
        let head = text.get(..written.len())?;
        let rest = text.get(written.len()..)?;
        if !head.eq_ignore_ascii_case(written) {
            return None;
        }
        match rest.strip_prefix(':') {
            Some(behind) => Some((*meant, behind)),
            None => rest.is_empty().then_some((*meant, "")),
        }
    })
}

/// Does it begin as a URN does?
pub fn is_urn(text: &str) -> bool {
    text.get(..4)
        .is_some_and(|head| head.eq_ignore_ascii_case("urn:"))
}

/// A key of a message, in any case: `Operations`, `schemas`, `path`.
pub fn get<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    map.get(key).or_else(|| {
        let mut all = map.iter();
        all.find(|(known, _)| known.eq_ignore_ascii_case(key))
            .map(|(_, value)| value)
    })
}

/// What was ignored or read in another way than it was written. Each is said once, and not without end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notes(Vec<String>);

impl Notes {
    const MOST: usize = 50;

    pub fn add(&mut self, note: impl Into<String>) {
        let note = note.into();
        if self.0.len() < Self::MOST && !self.0.contains(&note) {
            self.0.push(note);
        }
    }

    pub fn into_list(self) -> Vec<String> {
        self.0
    }
}

/// A name as a note or problem shows it: not too much of it.
pub fn shown(name: &str) -> String {
    name.chars().take(150).collect()
}
