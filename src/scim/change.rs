//! One change to a document: add, replace or remove at a path (RFC 7644 §3.5.2.1 to §3.5.2.3). Bodies of POST and PUT
//! are read by the same rules, as replacements in an empty document.

mod list;

use serde_json::{Map, Value};

use super::dialect::{Notes, shown};
use super::path::Path;
use super::schema::{Attribute, Type};
use super::{ScimProblem, ScimType, filter};
use crate::model::ResourceKind;
use crate::model::filter::Condition;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Add,
    Replace,
    Remove,
}

impl Verb {
    pub fn key(self) -> &'static str {
        match self {
            Verb::Add => "add",
            Verb::Replace => "replace",
            Verb::Remove => "remove",
        }
    }
}

/// A change in the standard's form. A value of `null` says that the attribute is unset.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub verb: Verb,
    pub path: Path,
    pub value: Option<Value>,
}

/// Applies changes, with bounded work whatever they are.
pub struct Applier {
    kind: ResourceKind,
    /// How many elements of lists may still be looked at.
    left: usize,
}

/// What a change does to one attribute.
struct Step<'a> {
    verb: Verb,
    path: &'a Path,
    attribute: Option<&'static Attribute>,
    /// What stood in brackets, ready to be asked.
    condition: Option<Condition>,
    /// `None`: the target is taken away.
    value: Option<&'a Value>,
}

fn bad(kind: ScimType, path: &Path, why: &str) -> ScimProblem {
    ScimProblem::bad(kind, format!("{}: {why}", shown(&path.to_string())))
}

impl Applier {
    /// Elements looked at in one request, over all of its changes.
    const MOST: usize = 100_000;

    pub fn new(kind: ResourceKind) -> Self {
        Self {
            kind,
            left: Self::MOST,
        }
    }

    /// Changes the document. After a problem the document is in no defined state: work on a copy.
    pub fn apply(
        &mut self,
        document: &mut Map<String, Value>,
        change: &Change,
        notes: &mut Notes,
    ) -> Result<(), ScimProblem> {
        let path = &change.path;
        let attribute = path.attribute(self.kind);
        let value = change.value.as_ref().filter(|value| !value.is_null());
        // Only `remove` may name what it takes away; `null` in an `add` or `replace` takes the target away.
        let takes_away = value.is_none() || change.verb == Verb::Remove;
        if takes_away && path.sub.is_none() && attribute.is_some_and(|known| known.required) {
            let why = "it is required and cannot be taken away. Send a value for it.";
            let kind = match change.verb {
                Verb::Remove => ScimType::Mutability,
                _ => ScimType::InvalidValue,
            };
            return Err(bad(kind, path, why));
        }
        let step = Step {
            verb: if value.is_none() {
                Verb::Remove
            } else {
                change.verb
            },
            path,
            attribute,
            condition: match &path.filter {
                Some(tree) => Some(filter::element(tree, attribute)?),
                None => None,
            },
            value,
        };
        if value.is_none() && change.verb == Verb::Add && attribute.is_some_and(|known| known.multi) {
            notes.add(format!("Nothing was added to {}.", shown(&path.to_string())));
            return Ok(());
        }
        match &path.urn {
            None => self.attribute(document, &step, notes),
            Some(urn) => {
                let key = key_of(document, urn);
                if path.name.is_empty() {
                    document.remove(&key);
                    return Ok(());
                }
                let mut inside = match document.remove(&key) {
                    Some(Value::Object(inside)) => inside,
                    _ => Map::new(),
                };
                self.attribute(&mut inside, &step, notes)?;
                if !inside.is_empty() {
                    document.insert(key, Value::Object(inside));
                }
                Ok(())
            }
        }
    }

    fn attribute(
        &mut self,
        holder: &mut Map<String, Value>,
        step: &Step,
        notes: &mut Notes,
    ) -> Result<(), ScimProblem> {
        let key = match step.attribute {
            Some(known) => known.name.to_owned(),
            None => key_of(holder, &step.path.name),
        };
        let current = holder.remove(&key);
        if let Some(next) = self.next(step, current, notes)? {
            holder.insert(key, next);
        }
        Ok(())
    }

    /// What the attribute becomes; `None`: it is gone.
    fn next(
        &mut self,
        step: &Step,
        current: Option<Value>,
        notes: &mut Notes,
    ) -> Result<Option<Value>, ScimProblem> {
        let is_list = match step.attribute {
            Some(known) => known.multi,
            None => matches!(current, Some(Value::Array(_))) || step.condition.is_some(),
        };
        if is_list {
            let list = match current {
                Some(Value::Array(list)) => list,
                Some(one) => vec![one],
                None => Vec::new(),
            };
            let list = self.list(step, list, notes)?;
            return Ok((!list.is_empty()).then_some(Value::Array(list)));
        }
        if step.condition.is_some() {
            let why = "it has one value, so there is nothing to choose from in brackets.";
            return Err(bad(ScimType::InvalidPath, step.path, why));
        }
        match &step.path.sub {
            None => Ok(whole(step, current)),
            Some(sub) => part(step, sub, current),
        }
    }

    /// Counts work, and refuses what would be too much of it.
    fn spend(&mut self, elements: usize) -> Result<(), ScimProblem> {
        match self.left.checked_sub(elements) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                let detail =
                    "The operations together are too much work for one request. Send fewer at a time.";
                Err(ScimProblem::new(413, None, detail))
            }
        }
    }
}

/// The key under which a name already stands, in whatever case.
fn key_of(map: &Map<String, Value>, name: &str) -> String {
    if map.contains_key(name) {
        return name.to_owned();
    }
    let known = map.keys().find(|key| key.eq_ignore_ascii_case(name));
    known.cloned().unwrap_or_else(|| name.to_owned())
}

/// An attribute with one value: complex ones are merged, part by part (RFC 7644 §3.5.2.3).
fn whole(step: &Step, current: Option<Value>) -> Option<Value> {
    let value = step.value.filter(|_| step.verb != Verb::Remove)?;
    match (current, value) {
        (Some(Value::Object(mut parts)), Value::Object(new)) => {
            merge(&mut parts, new);
            (!parts.is_empty()).then_some(Value::Object(parts))
        }
        (_, Value::Object(new)) => {
            let mut parts = Map::new();
            merge(&mut parts, new);
            (!parts.is_empty() || step.attribute.is_none()).then_some(Value::Object(parts))
        }
        (current, Value::Array(new)) if step.attribute.is_none() && step.verb == Verb::Add => {
            // Nobody knows whether it is a list; what is added makes it one.
            let mut list: Vec<Value> = current.into_iter().collect();
            list.extend(
                new.iter()
                    .filter(|one| !list.contains(one))
                    .cloned()
                    .collect::<Vec<_>>(),
            );
            Some(Value::Array(list))
        }
        (_, value) => Some(value.clone()),
    }
}

fn part(step: &Step, sub: &str, current: Option<Value>) -> Result<Option<Value>, ScimProblem> {
    if step.attribute.is_some_and(|known| known.kind != Type::Complex) {
        return Err(bad(
            ScimType::InvalidPath,
            step.path,
            "the attribute has no parts.",
        ));
    }
    let mut parts = match current {
        Some(Value::Object(parts)) => parts,
        None => Map::new(),
        Some(_) => {
            return Err(bad(
                ScimType::InvalidPath,
                step.path,
                "the attribute has no parts.",
            ));
        }
    };
    set(&mut parts, sub, step.value.filter(|_| step.verb != Verb::Remove));
    Ok((!parts.is_empty()).then_some(Value::Object(parts)))
}

/// Sets one part, or takes it away.
fn set(parts: &mut Map<String, Value>, sub: &str, value: Option<&Value>) {
    let key = key_of(parts, sub);
    match value {
        Some(Value::Null) | None => parts.remove(&key),
        Some(value) => parts.insert(key, value.clone()),
    };
}

/// Puts the parts of `new` into `parts`; `null` takes a part away.
fn merge(parts: &mut Map<String, Value>, new: &Map<String, Value>) {
    for (key, value) in new {
        set(parts, key, Some(value));
    }
}
