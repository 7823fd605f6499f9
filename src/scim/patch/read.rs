//! From the body of a PATCH to single operations, each with one path, in the standard's form.

use serde_json::{Map, Value};

use super::Op;
use crate::model::ResourceKind;
use crate::scim::change::Verb;
use crate::scim::dialect::{self, Notes, shown};
use crate::scim::path::Path;
use crate::scim::{MAX_PATCH_OPERATIONS, ScimProblem, ScimType, schema};

/// The resource that is patched.
#[derive(Clone, Copy)]
pub struct Of<'a> {
    pub kind: ResourceKind,
    pub id: &'a str,
    /// `groups` of a user can be written.
    pub writes_groups: bool,
}

/// Reads all operations. Those without a path become one for each attribute.
pub fn operations(of: Of, body: &Value, notes: &mut Notes) -> Result<Vec<Op>, ScimProblem> {
    let list = listed(body, notes)?;
    if list.len() > MAX_PATCH_OPERATIONS {
        let detail = format!(
            "These are {} operations; at most {MAX_PATCH_OPERATIONS} are taken at once. Send them in several requests.",
            list.len()
        );
        return Err(ScimProblem::new(413, None, detail));
    }
    let mut found = Vec::new();
    for (number, written) in list.iter().enumerate() {
        let at = |mut problem: ScimProblem| {
            problem.detail = format!("Operation {}: {}", number + 1, problem.detail);
            problem
        };
        one(of, written, &mut found, notes).map_err(at)?;
    }
    let values = found
        .iter()
        .filter(|op| !op.is_members(of.kind))
        .map(|op| count(op.value.as_ref()));
    if values.sum::<usize>() > MAX_PATCH_OPERATIONS {
        let detail = format!(
            "The operations have more than {MAX_PATCH_OPERATIONS} values. Send them in several requests."
        );
        return Err(ScimProblem::new(413, None, detail));
    }
    Ok(found)
}

fn count(value: Option<&Value>) -> usize {
    match value {
        Some(Value::Array(list)) => list.len(),
        _ => 1,
    }
}

fn syntax(detail: &str) -> ScimProblem {
    ScimProblem::bad(ScimType::InvalidSyntax, detail)
}

fn listed<'a>(body: &'a Value, notes: &mut Notes) -> Result<&'a [Value], ScimProblem> {
    let operations = body.as_object().and_then(|body| dialect::get(body, "Operations"));
    match operations {
        Some(Value::Array(list)) => {
            if list.is_empty() {
                notes.add("There was no operation, so nothing was done.");
            }
            Ok(list)
        }
        Some(one @ Value::Object(_)) => Ok(std::slice::from_ref(one)),
        _ => Err(syntax(
            "The body of a PATCH needs a list \"Operations\", such as [{\"op\": \"replace\", \"path\": …, \"value\": …}].",
        )),
    }
}

fn one(of: Of, written: &Value, found: &mut Vec<Op>, notes: &mut Notes) -> Result<(), ScimProblem> {
    let Value::Object(written) = written else {
        return Err(syntax("it is no object in braces."));
    };
    let verb = verb(written)?;
    let value = dialect::get(written, "value");
    let path = match dialect::get(written, "path") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.trim().is_empty() => None,
        Some(Value::String(text)) => Some(Path::parse(text, of.kind)?),
        Some(_) => {
            return Err(ScimProblem::bad(
                ScimType::InvalidPath,
                "the path must be a text.",
            ));
        }
    };
    match path {
        Some(path) if !path.is_resource(of.kind) => at_path(of, verb, path, value, found, notes),
        _ => without_path(of, verb, None, value, found, notes),
    }
}

fn verb(written: &Map<String, Value>) -> Result<Verb, ScimProblem> {
    let op = dialect::get(written, "op")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match op.trim().to_ascii_lowercase().as_str() {
        "add" => Ok(Verb::Add),
        "replace" => Ok(Verb::Replace),
        "remove" => Ok(Verb::Remove),
        _ => Err(syntax("\"op\" must be add, replace or remove.")),
    }
}

fn needs_value(verb: Verb, value: Option<&Value>) -> Result<(), ScimProblem> {
    if verb != Verb::Remove && value.is_none() {
        let detail = format!("{} needs a \"value\".", verb.key());
        return Err(ScimProblem::bad(ScimType::InvalidValue, detail));
    }
    Ok(())
}

/// An operation with a path.
fn at_path(
    of: Of,
    verb: Verb,
    path: Path,
    value: Option<&Value>,
    found: &mut Vec<Op>,
    notes: &mut Notes,
) -> Result<(), ScimProblem> {
    let kind = of.kind;
    if path
        .urn
        .as_deref()
        .is_some_and(|urn| schema::is_foreign(kind, urn))
    {
        let detail = format!(
            "{} belongs to another kind of resource.",
            shown(&path.to_string())
        );
        return Err(ScimProblem::bad(ScimType::InvalidPath, detail));
    }
    if path.name.is_empty() && verb != Verb::Remove && value.is_some_and(|value| !value.is_null()) {
        return without_path(of, verb, path.urn.as_deref(), value, found, notes);
    }
    if dialect::is_listing(&path) {
        notes.add("schemas within an extension was ignored; it says nothing.");
        return Ok(());
    }
    let is_members = is_members(kind, &path) || (of.writes_groups && is_groups(kind, &path));
    // `members[value eq "…"]` says all that is needed.
    if !(is_members && path.filter.is_some()) {
        needs_value(verb, value)?;
    }
    if dialect::is_secret(&path) {
        notes.add("A password was sent; Doorward drops it unread.");
        return Ok(());
    }
    if !is_members && is_own(of, &path, value)? {
        return Ok(());
    }
    let value = match is_members {
        true => value.cloned(),
        false => value.map(|value| dialect::read(kind, &path, value, notes)),
    };
    found.push(Op { verb, path, value });
    Ok(())
}

/// What the client cannot write. True: it wrote what is there anyway.
fn is_own(of: Of, path: &Path, value: Option<&Value>) -> Result<bool, ScimProblem> {
    let is_core = path.urn.is_none();
    if is_core && path.name == "id" && value.and_then(Value::as_str) == Some(of.id) {
        return Ok(true);
    }
    let known = schema::attribute(of.kind, path.urn.as_deref(), &path.name);
    if known.is_some_and(|known| known.mutability == schema::Mutability::ReadOnly) {
        let detail = format!(
            "{} is Doorward's own and cannot be written by a client. Leave it out.",
            shown(&path.to_string())
        );
        return Err(ScimProblem::bad(ScimType::Mutability, detail));
    }
    Ok(false)
}

/// An operation on several attributes at once: of the resource, or of one extension.
fn without_path(
    of: Of,
    verb: Verb,
    urn: Option<&str>,
    value: Option<&Value>,
    found: &mut Vec<Op>,
    notes: &mut Notes,
) -> Result<(), ScimProblem> {
    let Some(Value::Object(object)) = value else {
        let (kind, detail) = match verb {
            Verb::Remove => (
                ScimType::NoTarget,
                "remove needs a \"path\" that says what to remove.",
            ),
            _ => (
                ScimType::InvalidValue,
                "without a \"path\", the \"value\" must be an object with attributes.",
            ),
        };
        return Err(ScimProblem::bad(kind, detail));
    };
    let wrapped;
    let object = match urn {
        None => object,
        Some(urn) => {
            let mut map = Map::new();
            map.insert(urn.to_owned(), Value::Object(object.clone()));
            wrapped = map;
            &wrapped
        }
    };
    let kind = of.kind;
    for (path, value) in dialect::entries(kind, object, notes)? {
        let is_members = is_members(kind, &path) || (of.writes_groups && is_groups(kind, &path));
        if is_members && !(verb == Verb::Remove && value.is_null()) {
            let value = Some(value);
            found.push(Op { verb, path, value });
            continue;
        }
        if verb == Verb::Remove {
            let detail = "remove needs a \"path\" that says what to remove.";
            return Err(ScimProblem::bad(ScimType::NoTarget, detail));
        }
        match (path.urn.as_deref(), path.name.as_str()) {
            (None, "id") if value.is_null() => {}
            (None, "id") => {
                is_own(of, &path, Some(&value))?;
            }
            (None, "meta") => {}
            (None, "groups") if kind == ResourceKind::User => {
                notes.add("groups was ignored: memberships are changed at the group.");
            }
            _ => found.push(Op {
                verb,
                path,
                value: Some(value),
            }),
        }
    }
    Ok(())
}

pub fn is_members(kind: ResourceKind, path: &Path) -> bool {
    kind == ResourceKind::Group && path.urn.is_none() && path.name == "members"
}

pub fn is_groups(kind: ResourceKind, path: &Path) -> bool {
    kind == ResourceKind::User && path.urn.is_none() && path.name == "groups"
}
