//! What of a resource was asked for: `attributes` and `excludedAttributes` (RFC 7644 §3.9).

use serde_json::{Map, Value};

use crate::model::ResourceKind;
use crate::scim::path::Name;
use crate::scim::schema::{self, Returned};
use crate::scim::{ScimProblem, ScimType};

/// Most names in one of the lists.
const MOST_NAMES: usize = 200;

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
        Ok(Self {
            only: only.map(|text| names(text, kind)).transpose()?,
            except: except
                .map(|text| names(text, kind))
                .transpose()?
                .unwrap_or_default(),
        })
    }

    /// Will this top-level attribute be shown, or a part of it? Asked before memberships are read.
    pub fn wants(&self, attribute: &str) -> bool {
        self.choice(&attribute.to_lowercase()) != Choice::Nothing
    }

    /// Puts into `shown` what was asked for of an attribute. An extension is chosen as a whole or attribute by
    /// attribute; everything else by its own name.
    pub(super) fn put(&self, shown: &mut Map<String, Value>, kind: ResourceKind, name: &str, value: &Value) {
        let known = schema::attribute(kind, None, name).map(|attribute| attribute.returned);
        let chosen = match (known, value) {
            (Some(Returned::Always), value) => Some(value.clone()),
            (Some(Returned::Never), _) => None,
            (None, Value::Object(entries)) if name.contains(':') => self.extension(name, entries),
            // An empty list that was asked for is an answer too.
            (_, Value::Array(items)) if items.is_empty() => self.wants(name).then(|| value.clone()),
            (_, value) => self.choice(&name.to_lowercase()).of(value),
        };
        if let Some(chosen) = chosen {
            shown.insert(name.to_owned(), chosen);
        }
    }

    fn extension(&self, name: &str, entries: &Map<String, Value>) -> Option<Value> {
        let key = name.to_lowercase();
        if self.except.contains(&key) {
            return None;
        }
        let whole = self.only.as_ref().is_some_and(|only| only.contains(&key));
        if whole || *self == Self::default() {
            return Some(Value::Object(entries.clone()));
        }
        let kept = entries.iter().filter_map(|(sub, value)| {
            let choice = self.choice(&format!("{key}:{}", sub.to_lowercase()));
            Some((sub.clone(), choice.of(value)?))
        });
        let kept: Map<String, Value> = kept.collect();
        (!kept.is_empty()).then_some(Value::Object(kept))
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

fn names(text: &str, kind: ResourceKind) -> Result<Vec<String>, ScimProblem> {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    let names: Vec<String> = names.take(MOST_NAMES + 1).map(|name| plain(name, kind)).collect();
    if names.len() > MOST_NAMES {
        let detail = format!("At most {MOST_NAMES} attributes can be named. Name fewer, or none.");
        return Err(ScimProblem::bad(ScimType::InvalidValue, detail));
    }
    Ok(names)
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
