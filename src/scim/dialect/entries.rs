//! The attributes in an object, each with the place it means: nested, dotted, or behind a URN and a colon.

use serde_json::{Map, Value};

use super::{Notes, is_urn, shown, split_urn, value};
use crate::model::ResourceKind;
use crate::scim::path::Path;
use crate::scim::schema::{self, Attribute};
use crate::scim::{ScimProblem, ScimType};

/// What an object says, attribute by attribute, in canonical names and the standard's form. `null` stands for an
/// attribute that is said to be unset. A password is dropped here.
pub fn entries(
    kind: ResourceKind,
    object: &Map<String, Value>,
    notes: &mut Notes,
) -> Result<Vec<(Path, Value)>, ScimProblem> {
    let mut found = Vec::new();
    for (key, written) in object {
        if key.trim().is_empty() {
            notes.add("An attribute without a name was ignored.");
            continue;
        }
        match split_urn(key) {
            Some((Some(urn), _)) if schema::is_foreign(kind, urn) => notes.add(format!(
                "{} belongs to another kind of resource; it was ignored.",
                shown(key)
            )),
            Some((urn, "")) => {
                let urn = urn.filter(|urn| *urn != schema::core(kind));
                extension(kind, urn, key, written, &mut found, notes)?;
            }
            None if is_urn(key) && (written.is_object() || names_resource(key)) => {
                extension(kind, Some(key), key, written, &mut found, notes)?;
            }
            _ => one(kind, path(kind, key), written, &mut found, notes),
        }
    }
    Ok(found)
}

fn names_resource(urn: &str) -> bool {
    let last = urn.rsplit(':').next().unwrap_or_default();
    last.eq_ignore_ascii_case("User") || last.eq_ignore_ascii_case("Group")
}

/// The object under the key of an extension, or of the core schema.
fn extension(
    kind: ResourceKind,
    urn: Option<&str>,
    key: &str,
    written: &Value,
    found: &mut Vec<(Path, Value)>,
    notes: &mut Notes,
) -> Result<(), ScimProblem> {
    match (written, urn) {
        (Value::Null, None) => {}
        (Value::Null, Some(urn)) => found.push((Path::to(Some(urn), ""), Value::Null)),
        (Value::Object(map), urn) => {
            for (name, written) in map.iter().filter(|(name, _)| !name.trim().is_empty()) {
                let mut place = match dotted(kind, urn, name) {
                    Some(place) => place,
                    None => Path::to(urn, name),
                };
                if let Some(known) = place.attribute(kind) {
                    place.name = known.name.to_owned();
                }
                one(kind, place, written, found, notes);
            }
        }
        _ => {
            let detail = format!("{} must be an object with attributes in it.", shown(key));
            return Err(ScimProblem::bad(ScimType::InvalidValue, detail));
        }
    }
    Ok(())
}

/// `name.givenName` where `name` is known to have parts; any other dot belongs to the name.
fn dotted(kind: ResourceKind, urn: Option<&str>, key: &str) -> Option<Path> {
    let (name, sub) = key.split_once('.')?;
    let known: &Attribute = schema::attribute(kind, urn, name).filter(|a| !a.subs.is_empty())?;
    let sub = known.sub(sub).map_or(sub, |sub| sub.name);
    let mut path = Path::to(urn, known.name);
    path.sub = Some(sub.to_owned());
    Some(path)
}

fn path(kind: ResourceKind, key: &str) -> Path {
    if key.contains(['[', ':'])
        && let Ok(path) = Path::parse(key, kind)
        && (is_urn(key) || path.attribute(kind).is_some())
    {
        return path;
    }
    if let Some(path) = dotted(kind, None, key) {
        return path;
    }
    let known = schema::attribute(kind, None, key);
    Path::to(None, known.map_or(key, |known| known.name))
}

fn one(kind: ResourceKind, path: Path, written: &Value, found: &mut Vec<(Path, Value)>, notes: &mut Notes) {
    if is_secret(&path) {
        notes.add("A password was sent; Doorward drops it unread.");
        return;
    }
    if is_listing(&path) {
        return;
    }
    let read = read(kind, &path, written, notes);
    found.push((path, read));
}

/// `password`, in whatever schema.
pub fn is_secret(path: &Path) -> bool {
    path.name.eq_ignore_ascii_case("password")
}

/// `schemas` inside an extension: some repeat its URN there.
pub fn is_listing(path: &Path) -> bool {
    path.urn.is_some() && path.name.eq_ignore_ascii_case("schemas")
}

/// The value for a path, in the standard's form.
pub fn read(kind: ResourceKind, path: &Path, written: &Value, notes: &mut Notes) -> Value {
    let name = shown(&path.to_string());
    match path.leaf(kind) {
        // With a filter, or under a list, it is one element that is meant.
        Some(leaf) if path.filter.is_some() && path.sub.is_none() => {
            let written = match written {
                Value::Array(list) if list.len() == 1 => &list[0],
                other => other,
            };
            super::element(leaf, &name, written, notes)
        }
        leaf => value(kind, leaf, &name, written, notes),
    }
}
