//! Changes to a list of values: which of its elements are meant, no duplicates, one primary.

use serde_json::{Map, Value, json};

use super::{Applier, Step, Verb, bad, merge, set};
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
            (None, None) => self.values(step, &mut list)?,
            (None, Some(_)) => {
                self.spend(list.len())?;
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
        self.spend(list.len())?;
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
    fn values(&mut self, step: &Step, list: &mut Vec<Value>) -> Result<Vec<usize>, ScimProblem> {
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
                self.spend(list.len().saturating_mul(new.len()))?;
                list.retain(|known| !new.iter().any(|gone| is_same(step.attribute, known, gone)));
                Ok(Vec::new())
            }
            Verb::Add => {
                self.spend(list.len().saturating_mul(new.len()))?;
                let mut touched = Vec::new();
                for one in new {
                    let known = list.iter().position(|known| is_same(step.attribute, known, one));
                    match (known, one) {
                        (Some(at), Value::Object(new)) => {
                            if let Some(Value::Object(parts)) = list.get_mut(at) {
                                merge(parts, new);
                            }
                            touched.push(at);
                        }
                        (Some(_), _) => {}
                        (None, one) => {
                            touched.push(list.len());
                            list.push(without_unset(one));
                        }
                    }
                }
                Ok(touched)
            }
        }
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
        for at in &chosen {
            let Some(one) = list.get_mut(*at) else { continue };
            match (&step.path.sub, value) {
                (None, None) => *one = Value::Null,
                (None, Some(Value::Object(new))) => match one {
                    Value::Object(parts) => merge(parts, new),
                    plain => *plain = Value::Object(new.clone()),
                },
                // A plain value for an element: known lists were brought into form before.
                (None, Some(plain)) => match one {
                    Value::Object(parts) => set(parts, "value", Some(plain)),
                    other => *other = plain.clone(),
                },
                (Some(sub), value) => match one {
                    Value::Object(parts) => set(parts, sub, value),
                    _ => return Err(bad(ScimType::InvalidPath, step.path, "the values have no parts.")),
                },
            }
        }
        Ok(chosen)
    }
}

/// The parts that an element made by `[type eq "work"]` begins with.
fn seed(step: &Step) -> Result<Map<String, Value>, ScimProblem> {
    let mut parts = Map::new();
    let tests = match &step.path.filter {
        None => &[][..],
        Some(Syntax::All(tests)) => tests.as_slice(),
        Some(test) => std::slice::from_ref(test),
    };
    for test in tests {
        let Syntax::Ask(name, Asked::Compare(Operator::Equal, value)) = test else {
            let why = "no value matches the filter, and it does not say which one to make.";
            return Err(bad(ScimType::NoTarget, step.path, why));
        };
        let sub = step.attribute.and_then(|known| known.sub(&name.name));
        let value = match sub {
            Some(sub) => dialect::element(sub, &name.name, value, &mut Notes::default()),
            None => value.clone(),
        };
        if !value.is_null() {
            parts.insert(sub.map_or(name.name.as_str(), |sub| sub.name).to_owned(), value);
        }
    }
    Ok(parts)
}

/// Do they stand for the same: the same value of the same type, or else all the same?
fn is_same(attribute: Option<&'static Attribute>, a: &Value, b: &Value) -> bool {
    let key = |one: &Value, sub: &str| {
        let exact = attribute
            .and_then(|known| known.sub(sub))
            .is_some_and(|sub| sub.case_exact);
        match one.get(sub) {
            Some(Value::String(text)) if !exact => Some(Value::String(fold(text))),
            other => other.cloned(),
        }
    };
    match (key(a, "value"), key(b, "value")) {
        (Some(x), Some(y)) => x == y && key(a, "type") == key(b, "type"),
        (None, None) => a == b,
        _ => false,
    }
}

fn without_unset(value: &Value) -> Value {
    match value {
        Value::Object(parts) => {
            let mut kept = Map::new();
            merge(&mut kept, parts);
            Value::Object(kept)
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
