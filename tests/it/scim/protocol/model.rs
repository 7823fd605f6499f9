//! PATCH against a model: the standard's sentences (RFC 7644 §3.5.2), written down once more and without regard to cost.

use doorward::scim::{document, patch};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{ENTERPRISE, ID};
use crate::scim::generate::{user_body, word};

/// One operation, before it is written as JSON.
#[derive(Clone, Debug)]
struct Op {
    verb: &'static str,
    target: Target,
    value: Value,
    /// Written as an object without a path, where it can be.
    bare: bool,
}

#[derive(Clone, Debug)]
enum Target {
    /// Extension or core, attribute, part.
    Single(Option<&'static str>, &'static str, Option<&'static str>),
    /// Attribute, filter, part.
    List(&'static str, Option<Test>, Option<&'static str>),
}

#[derive(Clone, Debug)]
struct Test(&'static str, &'static str, String);

impl Test {
    fn meets(&self, element: &Value) -> bool {
        let Test(name, operator, wanted) = self;
        let there = element[*name].as_str().map(str::to_lowercase);
        let wanted = wanted.to_lowercase();
        match (*operator, there) {
            ("eq", Some(there)) => there == wanted,
            ("sw", Some(there)) => there.starts_with(&wanted),
            ("ne", Some(there)) => there != wanted,
            ("ne", None) => true,
            _ => false,
        }
    }
}

impl Op {
    fn path(&self) -> String {
        match &self.target {
            Target::Single(urn, name, part) => {
                let urn = urn.map(|urn| format!("{urn}:")).unwrap_or_default();
                let part = part.map(|part| format!(".{part}")).unwrap_or_default();
                format!("{urn}{name}{part}")
            }
            Target::List(name, test, part) => {
                let test = test
                    .as_ref()
                    .map(|Test(name, op, value)| format!("[{name} {op} {}]", Value::from(value.as_str())));
                let part = part.map(|part| format!(".{part}")).unwrap_or_default();
                format!("{name}{}{part}", test.unwrap_or_default())
            }
        }
    }

    fn written(&self) -> Value {
        match self.verb {
            "remove" if self.value.is_null() => json!({ "op": "remove", "path": self.path() }),
            "remove" => json!({ "op": "remove", "path": self.path(), "value": self.value }),
            verb if self.bare => json!({ "op": verb, "value": { (self.path()): self.value } }),
            verb => json!({ "op": verb, "path": self.path(), "value": self.value }),
        }
    }

    /// `None`: refused.
    fn apply(&self, document: &mut Map<String, Value>) -> Option<()> {
        match &self.target {
            Target::Single(None, name, part) => self.single(document, name, *part),
            Target::Single(Some(urn), name, part) => {
                let mut inside = document
                    .remove(*urn)
                    .and_then(|v| v.as_object().cloned())
                    .unwrap_or_default();
                self.single(&mut inside, name, *part)?;
                if !inside.is_empty() {
                    document.insert((*urn).to_owned(), Value::Object(inside));
                }
                Some(())
            }
            Target::List(name, test, part) => self.list(document, name, test.as_ref(), *part),
        }
    }

    fn single(&self, holder: &mut Map<String, Value>, name: &str, part: Option<&str>) -> Option<()> {
        let removes = self.verb == "remove";
        match part {
            None if removes => drop(holder.remove(name)),
            None => match (holder.get_mut(name), &self.value) {
                (Some(Value::Object(there)), Value::Object(new)) => there.extend(new.clone()),
                _ => drop(holder.insert(name.to_owned(), self.value.clone())),
            },
            Some(part) => {
                let there = holder.entry(name).or_insert_with(|| json!({})).as_object_mut()?;
                if removes {
                    there.remove(part);
                } else {
                    there.insert(part.to_owned(), self.value.clone());
                }
                if there.is_empty() {
                    holder.remove(name);
                }
            }
        }
        Some(())
    }

    fn list(
        &self,
        holder: &mut Map<String, Value>,
        name: &str,
        test: Option<&Test>,
        part: Option<&str>,
    ) -> Option<()> {
        let mut list = holder
            .remove(name)
            .and_then(|v| v.as_array().cloned())
            .unwrap_or_default();
        let same = |a: &Value, b: &Value| {
            let key = |v: &Value, k: &str| v[k].as_str().map(str::to_lowercase);
            key(a, "value") == key(b, "value") && key(a, "type") == key(b, "type")
        };
        let new: Vec<Value> = self.value.as_array().cloned().unwrap_or_default();
        let mut written: Vec<usize> = Vec::new();
        match (self.verb, test, part) {
            ("remove", None, None) if self.value.is_null() => list.clear(),
            ("remove", None, None) => list.retain(|one| {
                // Every part that was sent is the element's; what is not there is as good as `false`.
                let as_compared = |v: &Value| match v {
                    Value::String(text) => json!(text.to_lowercase()),
                    Value::Bool(false) => Value::Null,
                    other => other.clone(),
                };
                let is_like = |gone: &Value| {
                    let mut sent = gone.as_object().into_iter().flatten();
                    sent.all(|(name, part)| as_compared(&one[name]) == as_compared(part))
                };
                !new.iter().any(is_like)
            }),
            ("replace", None, None) => {
                list = new;
                written = (0..list.len()).collect();
            }
            (_, None, None) => {
                for one in new {
                    let at = list
                        .iter()
                        .position(|there| same(there, &one))
                        .unwrap_or(list.len());
                    match list.get_mut(at) {
                        Some(there) => there.as_object_mut()?.extend(one.as_object()?.clone()),
                        None => list.push(one),
                    }
                    written.push(at);
                }
            }
            ("remove", Some(test), None) => list.retain(|one| !test.meets(one)),
            (verb, test, part) => {
                written = (0..list.len())
                    .filter(|at| test.is_none_or(|test| test.meets(&list[*at])))
                    .collect();
                if written.is_empty() && verb != "remove" {
                    let mut fresh = json!({});
                    if let Some(Test(name, operator, value)) = test {
                        if *operator != "eq" {
                            return None;
                        }
                        fresh[*name] = json!(value);
                    }
                    written.push(list.len());
                    list.push(fresh);
                }
                for at in &written {
                    let said = test.filter(|test| test.1 == "eq");
                    let one = list[*at].as_object_mut()?;
                    match part {
                        Some(part) if verb == "remove" => drop(one.remove(part)),
                        Some(part) => drop(one.insert(part.to_owned(), self.value.clone())),
                        None => {
                            if verb == "replace" {
                                one.clear();
                                one.extend(
                                    said.map(|Test(name, _, value)| ((*name).to_owned(), json!(value))),
                                );
                            }
                            one.extend(self.value.as_object()?.clone());
                        }
                    }
                }
            }
        }
        let mut primary: Vec<usize> = written
            .into_iter()
            .filter(|at| list[*at]["primary"] == json!(true))
            .collect();
        primary.dedup();
        match primary.as_slice() {
            [] => {}
            [only] => {
                for (at, one) in list.iter_mut().enumerate() {
                    if at != *only && one["primary"] == json!(true) {
                        one["primary"] = json!(false);
                    }
                }
            }
            _ => return None,
        }
        list.iter_mut().for_each(|one| {
            one.as_object_mut()
                .into_iter()
                .for_each(|one| one.retain(|_, v| !v.is_null()))
        });
        list.retain(|one| one != &json!({}));
        if !list.is_empty() {
            holder.insert(name.to_owned(), Value::Array(list));
        }
        Some(())
    }
}

/// The document after all operations; `None`: refused.
fn model(document: &Map<String, Value>, operations: &[Op]) -> Option<Map<String, Value>> {
    let mut document = document.clone();
    for op in operations {
        op.apply(&mut document)?;
    }
    for name in ["emails", "roles"] {
        let Some(Value::Array(mut list)) = document.remove(name) else {
            continue;
        };
        list.retain(|one| one.get("value").is_some() || one.get("display").is_some());
        if list.iter().filter(|one| one["primary"] == json!(true)).count() > 1 {
            return None;
        }
        if !list.is_empty() {
            document.insert(name.to_owned(), Value::Array(list));
        }
    }
    let mut schemas = vec![json!(doorward::scim::USER)];
    schemas.extend(
        document
            .keys()
            .filter(|key| key.starts_with("urn:"))
            .map(|key| json!(key)),
    );
    document.insert("schemas".to_owned(), Value::Array(schemas));
    Some(document)
}

fn element() -> impl Strategy<Value = Value> {
    let kind = prop::option::of(prop::sample::select(&["work", "home", "WORK"][..]));
    let primary = prop::option::of(any::<bool>());
    (word(), kind, primary).prop_map(|(value, kind, primary)| {
        let mut one = json!({ "value": value });
        kind.into_iter().for_each(|kind| one["type"] = json!(kind));
        primary
            .into_iter()
            .for_each(|primary| one["primary"] = json!(primary));
        one
    })
}

fn test() -> impl Strategy<Value = Test> {
    let operator = || prop::sample::select(&["eq", "eq", "eq", "ne", "sw"][..]);
    let kind = prop::sample::select(&["work", "home", "Other", "w"][..]);
    prop_oneof![
        (operator(), kind).prop_map(|(operator, kind)| Test("type", operator, kind.to_owned())),
        (operator(), word()).prop_map(|(operator, word)| Test("value", operator, word)),
    ]
}

fn target() -> impl Strategy<Value = (Target, Value)> {
    let text = || word().prop_map(Value::from);
    let single = prop::sample::select(
        &[
            (None, "displayName", None),
            (None, "title", None),
            (None, "nickName", None),
            (None, "name", Some("givenName")),
            (None, "name", Some("formatted")),
            (None, "shade", None),
            (Some(ENTERPRISE), "department", None),
            (Some(ENTERPRISE), "manager", Some("value")),
            (Some("urn:example:x:2.0:User"), "level", None),
        ][..],
    );
    let list = prop::sample::select(&["emails", "roles"][..]);
    let many = prop::collection::vec(element(), 0..3).prop_map(Value::from);
    let part = prop::sample::select(&["value", "display", "type"][..]);
    prop_oneof![
        4 => (single, text()).prop_map(|((urn, name, part), value)| (Target::Single(urn, name, part), value)),
        1 => (word(), word()).prop_map(|(a, b)| (Target::Single(None, "name", None), json!({ "givenName": a, "middleName": b }))),
        1 => any::<bool>().prop_map(|v| (Target::Single(None, "active", None), json!(v))),
        3 => (list.clone(), many).prop_map(|(name, many)| (Target::List(name, None, None), many)),
        2 => (list.clone(), test(), element()).prop_map(|(name, test, one)| (Target::List(name, Some(test), None), one)),
        3 => (list.clone(), prop::option::of(test()), part, text()).prop_map(|(name, test, part, v)| (Target::List(name, test, Some(part)), v)),
        1 => (list, test(), any::<bool>()).prop_map(|(name, test, v)| (Target::List(name, Some(test), Some("primary")), json!(v))),
    ]
}

fn operation() -> impl Strategy<Value = Op> {
    let verb = prop::sample::select(&["add", "replace", "remove"][..]);
    (verb, target(), any::<bool>(), any::<bool>()).prop_map(|(verb, (target, value), bare, listed)| {
        let listed = listed && matches!(target, Target::List(_, None, None));
        let value = match verb {
            "remove" if !listed => Value::Null,
            _ => value,
        };
        Op {
            verb,
            target,
            value,
            bare,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_patch_makes_what_the_model_makes(
        body in user_body(word()),
        operations in prop::collection::vec(operation(), 1..7),
    ) {
        let current = document::user(&body);
        prop_assume!(current.is_ok());
        let current = current.expect("a user").document;
        let written: Vec<Value> = operations.iter().map(Op::written).collect();
        let made = patch::user(ID, &current, &json!({ "Operations": written }));
        let expected = model(&current, &operations);
        match (&made, &expected) {
            (Ok(made), Some(expected)) => prop_assert_eq!(&made.document, expected, "{:?}", written),
            (Err(_), None) => {}
            _ => prop_assert!(false, "{made:?} is not {expected:?} for {written:?}"),
        }
    }
}
