//! Changes to a list of values: which of its elements are meant, no duplicates, one primary.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::work::Work;
use super::{Applier, Step, Verb, bad};
use crate::model::filter::{Operator, fold};
use crate::scim::dialect::{self, Notes, shown};
use crate::scim::document::search_element;
use crate::scim::filter::{Asked, Syntax};
use crate::scim::schema::Attribute;
use crate::scim::{ScimProblem, ScimType};

impl Applier {
    /// What the list becomes. `touched` are the elements that this step wrote.
    pub(super) fn list(
        &mut self,
        step: &Step,
        mut list: Vec<Value>,
        notes: &mut Notes,
    ) -> Result<Vec<Value>, ScimProblem> {
        let touched = match (&step.condition, &step.path.sub) {
            (None, None) => self.values(step, &mut list, notes)?,
            (None, Some(_)) => {
                let all = (0..list.len()).collect();
                self.elements(step, &mut list, all)?
            }
            (Some(_), _) => {
                let chosen = self.chosen(step, &list)?;
                if chosen.is_empty() && step.verb == Verb::Remove {
                    notes.add(format!(
                        "{} matches nothing; nothing was removed.",
                        shown(&step.path.to_string())
                    ));
                }
                self.elements(step, &mut list, chosen)?
            }
        };
        one_primary(step, &mut list, &touched)?;
        list.retain(|one| !one.is_null() && one.as_object().is_none_or(|parts| !parts.is_empty()));
        Ok(list)
    }

    /// The elements that meet the filter.
    fn chosen(&mut self, step: &Step, list: &[Value]) -> Result<Vec<usize>, ScimProblem> {
        self.work.spend(list.len().saturating_mul(Work::ELEMENT))?;
        let Some(condition) = &step.condition else {
            return Ok(Vec::new());
        };
        let meets = |one: &Value| {
            // A plain value in a list that no schema knows is its own `value`.
            let element = match one.is_object() {
                true => one.clone(),
                false => json!({ "value": one }),
            };
            let asked = search_element(step.attribute, &element).unwrap_or_else(|| json!({}));
            condition.matches(&asked)
        };
        let all = list.iter().enumerate();
        Ok(all.filter(|(_, one)| meets(one)).map(|(at, _)| at).collect())
    }

    /// The list as a whole.
    fn values(
        &mut self,
        step: &Step,
        list: &mut Vec<Value>,
        notes: &mut Notes,
    ) -> Result<Vec<usize>, ScimProblem> {
        let Some(value) = step.value else {
            list.clear();
            return Ok(Vec::new());
        };
        let new = match value {
            Value::Array(new) => new.as_slice(),
            one => std::slice::from_ref(one),
        };
        match step.verb {
            Verb::Replace => {
                *list = new.iter().map(without_unset).collect();
                Ok((0..list.len()).collect())
            }
            Verb::Remove => {
                let before = list.len();
                self.remove(step, list, new)?;
                if list.len() == before {
                    notes.add(format!(
                        "{} has none of the values to be removed; nothing was removed.",
                        shown(&step.path.to_string())
                    ));
                }
                Ok(Vec::new())
            }
            Verb::Add => self.add(step, list, new),
        }
    }

    /// An element goes when it is like a value that was sent in every part that this value has.
    fn remove(&mut self, step: &Step, list: &mut Vec<Value>, new: &[Value]) -> Result<(), ScimProblem> {
        // Values with the same parts are looked for together: one look at an element for all of them.
        let mut wanted: HashMap<Vec<String>, HashSet<String>> = HashMap::new();
        for one in new {
            let names = parts_of(one);
            if !names.is_empty() {
                let key = likeness(step.attribute, one, &names);
                wanted.entry(names).or_default().insert(key);
            }
        }
        let looks = list.len().saturating_mul(wanted.len().max(1));
        self.work.spend(looks.saturating_mul(Work::ELEMENT))?;
        let is_gone = |known: &Value| {
            let mut all = wanted.iter();
            all.any(|(names, gone)| gone.contains(&likeness(step.attribute, known, names)))
        };
        list.retain(|known| !is_gone(known));
        Ok(())
    }

    /// What is there already is not there twice; what is new of it is put in.
    fn add(&mut self, step: &Step, list: &mut Vec<Value>, new: &[Value]) -> Result<Vec<usize>, ScimProblem> {
        self.work.spend(list.len().saturating_mul(Work::ELEMENT))?;
        let mut known: HashMap<String, usize> = HashMap::new();
        for (at, one) in list.iter().enumerate() {
            known.entry(identity(step.attribute, one)).or_insert(at);
        }
        let mut touched = Vec::new();
        for one in new {
            let at = *known.entry(identity(step.attribute, one)).or_insert(list.len());
            match (list.get_mut(at), one) {
                (None, one) => list.push(without_unset(one)),
                (Some(Value::Object(parts)), Value::Object(new)) => self.work.merge(parts, new)?,
                (Some(_), _) => continue,
            }
            touched.push(at);
        }
        Ok(touched)
    }

    /// Some elements, or one part of each. None is there: the filter says what it is to be, or there is no target.
    fn elements(
        &mut self,
        step: &Step,
        list: &mut Vec<Value>,
        mut chosen: Vec<usize>,
    ) -> Result<Vec<usize>, ScimProblem> {
        let value = step.value.filter(|_| step.verb != Verb::Remove);
        if chosen.is_empty() {
            if value.is_none() {
                return Ok(Vec::new());
            }
            list.push(Value::Object(seed(step)?));
            chosen.push(list.len() - 1);
        }
        self.work.spend(chosen.len().saturating_mul(Work::ELEMENT))?;
        if let Some(value) = value {
            self.work.copies(value, chosen.len())?;
        }
        // What the filter says of an element stays true of the one that takes its place.
        let kept = match (step.verb, &step.path.sub, &step.condition) {
            (Verb::Replace, None, Some(_)) => said(step).into_iter().collect(),
            _ => Map::new(),
        };
        for at in &chosen {
            let Some(one) = list.get_mut(*at) else { continue };
            match (&step.path.sub, value) {
                (None, None) => *one = Value::Null,
                // RFC 7644 §3.5.2.3: the values that a filter selects are replaced, which is more than merged.
                (None, Some(Value::Object(new))) if step.verb == Verb::Replace => {
                    let mut parts = kept.clone();
                    self.work.merge(&mut parts, new)?;
                    *one = Value::Object(parts);
                }
                (None, Some(Value::Object(new))) => match one {
                    Value::Object(parts) => self.work.merge(parts, new)?,
                    plain => *plain = Value::Object(new.clone()),
                },
                // A plain value for an element: known lists were brought into form before.
                (None, Some(plain)) => match one {
                    Value::Object(parts) => self.work.set(parts, "value", Some(plain))?,
                    other => *other = plain.clone(),
                },
                (Some(sub), value) => match one {
                    Value::Object(parts) => self.work.set(parts, sub, value)?,
                    _ => return Err(bad(ScimType::InvalidPath, step.path, "the values have no parts.")),
                },
            }
        }
        Ok(chosen)
    }
}

/// The parts that an element made by `[type eq "work"]` begins with.
fn seed(step: &Step) -> Result<Map<String, Value>, ScimProblem> {
    let said = said(step);
    match said.len() == tests(step).len() {
        true => Ok(said.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        false => {
            let why = "no value matches the filter, and it does not say which one to make.";
            Err(bad(ScimType::NoTarget, step.path, why))
        }
    }
}

/// What the filter asks for, one beside the other.
fn tests<'a>(step: &Step<'a>) -> &'a [Syntax] {
    match &step.path.filter {
        None => &[],
        Some(Syntax::All(tests)) => tests,
        Some(test) => std::slice::from_ref(test),
    }
}

/// The parts of which the filter says what they are.
fn said(step: &Step) -> Vec<(String, Value)> {
    let equal = tests(step).iter().filter_map(|test| match test {
        Syntax::Ask(name, Asked::Compare(Operator::Equal, value)) => Some((name, value)),
        _ => None,
    });
    let read = equal.map(
        |(name, value)| match step.attribute.and_then(|known| known.sub(&name.name)) {
            Some(sub) => {
                let value = dialect::element(sub, &name.name, value, &mut Notes::default());
                (sub.name.to_owned(), value)
            }
            None => (name.name.clone(), value.clone()),
        },
    );
    read.collect()
}

/// The names of the parts that a value has; a plain one is its own `value`.
fn parts_of(one: &Value) -> Vec<String> {
    let Value::Object(parts) = one else {
        return vec!["value".to_owned()];
    };
    let said = parts.iter().filter(|(_, part)| !part.is_null());
    let mut names: Vec<String> = said.map(|(name, _)| name.to_lowercase()).collect();
    names.sort_unstable();
    names
}

/// These parts of a value; it is like another one when they are the same. What is not there is as good as `false`.
fn likeness(attribute: Option<&'static Attribute>, one: &Value, names: &[String]) -> String {
    let part = |name: &String| match one {
        Value::Object(parts) => {
            let mut all = parts.iter();
            all.find(|(known, _)| known.to_lowercase() == *name)
                .map_or(&Value::Null, |(_, part)| part)
        }
        plain if name == "value" => plain,
        _ => &Value::Null,
    };
    let keys = names.iter().map(|name| match part(name) {
        Value::Bool(false) => Value::Null,
        other => comparable(attribute, name, other),
    });
    Value::from_iter(keys).to_string()
}

/// As two values are compared: in any case, unless the part is case-exact.
fn comparable(attribute: Option<&'static Attribute>, name: &str, part: &Value) -> Value {
    let sub = attribute.and_then(|known| known.sub(name));
    match part {
        Value::String(text) if !sub.is_some_and(|sub| sub.case_exact) => Value::String(fold(text)),
        other => other.clone(),
    }
}

/// Two values with the same identity stand for the same: the same value of the same type, or else all the same.
fn identity(attribute: Option<&'static Attribute>, one: &Value) -> String {
    let part = |sub: &str| comparable(attribute, sub, one.get(sub).unwrap_or(&Value::Null));
    match one.get("value").is_some_and(|value| !value.is_null()) {
        true => format!("={}{}", part("value"), part("type")),
        false => format!("~{}", without_unset(one)),
    }
}

fn without_unset(value: &Value) -> Value {
    match value {
        Value::Object(parts) => {
            let kept = parts.iter().filter(|(_, part)| !part.is_null());
            Value::Object(kept.map(|(key, part)| (key.clone(), part.clone())).collect())
        }
        other => other.clone(),
    }
}

/// A new primary value takes the place of the former (RFC 7644 §3.5.2); two new ones contradict each other.
fn one_primary(step: &Step, list: &mut [Value], touched: &[usize]) -> Result<(), ScimProblem> {
    if step.attribute.is_none_or(|known| known.sub("primary").is_none()) {
        return Ok(());
    }
    let is_primary = |one: &Value| one.get("primary") == Some(&Value::Bool(true));
    let mut new: Vec<usize> = touched.to_vec();
    new.sort_unstable();
    new.dedup();
    new.retain(|at| list.get(*at).is_some_and(is_primary));
    match new.as_slice() {
        [] => Ok(()),
        [only] => {
            for (_, one) in list
                .iter_mut()
                .enumerate()
                .filter(|(at, one)| at != only && is_primary(one))
            {
                one["primary"] = Value::Bool(false);
            }
            Ok(())
        }
        _ => {
            let why = "several values are marked as primary; at most one can be (RFC 7643 section 2.4).";
            Err(bad(ScimType::InvalidValue, step.path, why))
        }
    }
}
