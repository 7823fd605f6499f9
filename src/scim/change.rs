//! One change to a document: add, replace or remove at a path (RFC 7644 §3.5.2.1 to §3.5.2.3). Bodies of POST and PUT
//! are read by the same rules, as replacements in an empty document.

mod list;
mod work;

use serde_json::{Map, Value};
use work::Work;

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
    work: Work,
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
    pub fn new(kind: ResourceKind) -> Self {
        Self {
            kind,
            work: Work::new(),
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
                let key = self.work.key_of(document, urn)?;
                let before = document.remove(&key);
                let was_there = before.is_some();
                let mut inside = match before {
                    Some(Value::Object(inside)) if !path.name.is_empty() => inside,
                    _ => Map::new(),
                };
                if !path.name.is_empty() {
                    self.attribute(&mut inside, &step, notes)?;
                }
                match inside.is_empty() {
                    false => {
                        document.insert(key, Value::Object(inside));
                    }
                    true if was_there => unlist(document, &key),
                    true => {}
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
            None => self.work.key_of(holder, &step.path.name)?,
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
            None => self.whole(step, current),
            Some(sub) => self.part(step, sub, current),
        }
    }

    /// An attribute with one value: complex ones are merged, part by part (RFC 7644 §3.5.2.3).
    fn whole(&mut self, step: &Step, current: Option<Value>) -> Result<Option<Value>, ScimProblem> {
        let Some(value) = step.value.filter(|_| step.verb != Verb::Remove) else {
            return Ok(None);
        };
        let may_have_parts = step.attribute.is_none_or(|known| known.kind == Type::Complex);
        Ok(match (current, value) {
            (current, Value::Object(new)) if may_have_parts => {
                let mut parts = match current {
                    Some(Value::Object(parts)) => parts,
                    _ => Map::new(),
                };
                self.work.merge(&mut parts, new)?;
                (!parts.is_empty() || step.attribute.is_none()).then_some(Value::Object(parts))
            }
            (Some(one), Value::Array(new)) if step.attribute.is_none() && step.verb == Verb::Add => {
                // Nobody knows whether it is a list; what is added makes it one.
                let others = new
                    .iter()
                    .filter(|other| **other != one)
                    .cloned()
                    .collect::<Vec<_>>();
                Some(Value::Array(std::iter::once(one).chain(others).collect()))
            }
            (_, value) => Some(value.clone()),
        })
    }

    /// One part of an attribute with one value.
    fn part(&mut self, step: &Step, sub: &str, current: Option<Value>) -> Result<Option<Value>, ScimProblem> {
        let refuse = || bad(ScimType::InvalidPath, step.path, "the attribute has no parts.");
        if step.attribute.is_some_and(|known| known.kind != Type::Complex) {
            return Err(refuse());
        }
        let mut parts = match current {
            Some(Value::Object(parts)) => parts,
            None => Map::new(),
            Some(_) => return Err(refuse()),
        };
        let value = step.value.filter(|_| step.verb != Verb::Remove);
        self.work.set(&mut parts, sub, value)?;
        Ok((!parts.is_empty()).then_some(Value::Object(parts)))
    }
}

/// An extension of which nothing is left is no schema of the resource any more.
fn unlist(document: &mut Map<String, Value>, urn: &str) {
    if let Some(Value::Array(list)) = document.get_mut("schemas") {
        list.retain(|listed| {
            listed
                .as_str()
                .is_none_or(|listed| !listed.eq_ignore_ascii_case(urn))
        });
    }
}
