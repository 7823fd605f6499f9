//! Bulk (RFC 7644 §3.7): reading the request, and putting ids where `bulkId:` stood.

use serde_json::{Map, Value};

use super::{MAX_BULK, ScimProblem, ScimType};

/// A Bulk request.
#[derive(Clone, Debug, PartialEq)]
pub struct Bulk {
    /// Stop after so many errors; `None`: never.
    pub fail_on_errors: Option<usize>,
    pub operations: Vec<Operation>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// `/Users`, `/Users/{id}` and so on; may hold `bulkId:`.
    pub path: String,
    pub bulk_id: Option<String>,
    pub version: Option<String>,
    pub data: Option<Value>,
}

const REFERENCE: &str = "bulkId:";

fn bad(detail: impl Into<String>) -> ScimProblem {
    ScimProblem::bad(ScimType::InvalidSyntax, detail)
}

/// The entry of this name, in any case.
fn entry<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let found = object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value).filter(|value| !value.is_null())
}

/// Reads the body. More than [`super::MAX_BULK`] operations: 413.
pub fn read(body: &Value) -> Result<Bulk, ScimProblem> {
    let body = body
        .as_object()
        .ok_or_else(|| bad("A Bulk request is a JSON object."))?;
    let Some(operations) = entry(body, "Operations").and_then(Value::as_array) else {
        return Err(bad("A Bulk request has an array \"Operations\"."));
    };
    if operations.len() > MAX_BULK {
        let detail = format!(
            "These are {} operations; Doorward takes {MAX_BULK} at once. Send them in several requests.",
            operations.len()
        );
        return Err(ScimProblem::new(413, None, detail));
    }
    let fail_on_errors = match entry(body, "failOnErrors") {
        None => None,
        Some(value) => {
            let number = value.as_u64().filter(|number| *number > 0);
            let number = number.ok_or_else(|| bad("\"failOnErrors\" is a whole number from 1."))?;
            Some(usize::try_from(number).unwrap_or(usize::MAX))
        }
    };
    let operations: Vec<Operation> = operations
        .iter()
        .enumerate()
        .map(|(at, operation)| self::operation(at + 1, operation))
        .collect::<Result<_, _>>()?;
    for (at, operation) in operations.iter().enumerate() {
        let taken = operations[..at]
            .iter()
            .any(|o| o.bulk_id.is_some() && o.bulk_id == operation.bulk_id);
        if taken {
            return Err(bad(format!(
                "Operation {}: its bulkId is another operation's too.",
                at + 1
            )));
        }
    }
    Ok(Bulk {
        fail_on_errors,
        operations,
    })
}

fn operation(at: usize, value: &Value) -> Result<Operation, ScimProblem> {
    let refuse = |why: &str| bad(format!("Operation {at}: {why}"));
    let object = value.as_object().ok_or_else(|| refuse("it is no JSON object."))?;
    let text = |name: &str| entry(object, name).and_then(Value::as_str).map(str::to_owned);
    let method = text("method").unwrap_or_default().to_ascii_uppercase();
    if !matches!(method.as_str(), "POST" | "PUT" | "PATCH" | "DELETE") {
        return Err(refuse("\"method\" is POST, PUT, PATCH or DELETE."));
    }
    let path = text("path").filter(|path| path.starts_with('/'));
    let path = path.ok_or_else(|| refuse("\"path\" begins with a slash, such as \"/Users\"."))?;
    let data = entry(object, "data").cloned();
    if data.is_none() && method != "DELETE" {
        return Err(refuse("\"data\" is missing."));
    }
    let bulk_id = text("bulkId").filter(|id| !id.is_empty());
    if bulk_id.is_none() && method == "POST" {
        return Err(refuse("a POST needs a \"bulkId\", by which its answer is found."));
    }
    Ok(Operation {
        method,
        path,
        bulk_id,
        version: text("version"),
        data,
    })
}

/// The `bulkId`s that an operation refers to, so that it can wait for them.
pub fn references(operation: &Operation) -> Vec<String> {
    let mut found = Vec::new();
    for segment in operation.path.split('/') {
        found.extend(segment.strip_prefix(REFERENCE).map(str::to_owned));
    }
    let mut waiting: Vec<&Value> = operation.data.iter().collect();
    while let Some(value) = waiting.pop() {
        match value {
            Value::String(text) => found.extend(text.strip_prefix(REFERENCE).map(str::to_owned)),
            Value::Array(items) => waiting.extend(items),
            Value::Object(entries) => waiting.extend(entries.values()),
            _ => {}
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Puts `id` where `bulkId:{name}` stands, in path and data.
pub fn resolve(operation: &mut Operation, name: &str, id: &str) {
    let reference = format!("{REFERENCE}{name}");
    let segments = operation.path.split('/');
    let segments: Vec<&str> = segments
        .map(|segment| if segment == reference { id } else { segment })
        .collect();
    operation.path = segments.join("/");
    let mut waiting: Vec<&mut Value> = operation.data.iter_mut().collect();
    while let Some(value) = waiting.pop() {
        match value {
            Value::String(text) if *text == reference => id.clone_into(text),
            Value::Array(items) => waiting.extend(items),
            Value::Object(entries) => waiting.extend(entries.values_mut()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn references_are_found_and_resolved_wherever_they_stand() {
        let body = json!({ "Operations": [{
            "method": "post", "path": "/Groups", "bulkId": "g",
            "data": { "displayName": "All", "members": [{ "value": "bulkId:ann" }, { "value": "x" }] }
        }, { "method": "PATCH", "path": "/Users/bulkId:ann", "data": {} }] });
        let mut bulk = read(&body).expect("a bulk");
        assert_eq!(references(&bulk.operations[0]), ["ann"]);
        assert_eq!(references(&bulk.operations[1]), ["ann"]);
        for operation in &mut bulk.operations {
            resolve(operation, "ann", "42");
        }
        assert_eq!(bulk.operations[1].path, "/Users/42");
        assert_eq!(
            bulk.operations[0]
                .data
                .as_ref()
                .map(|d| &d["members"][0]["value"]),
            Some(&json!("42"))
        );
        assert!(references(&bulk.operations[0]).is_empty());
    }

    #[test]
    fn what_cannot_be_done_is_refused_with_its_place() {
        let one = |operation: Value| read(&json!({ "Operations": [operation] })).expect_err("refused");
        assert!(
            one(json!({ "method": "GET", "path": "/Users" }))
                .detail
                .contains("Operation 1")
        );
        assert!(
            one(json!({ "method": "POST", "path": "/Users", "data": {} }))
                .detail
                .contains("bulkId")
        );
        let many = vec![json!({ "method": "DELETE", "path": "/Users/1" }); MAX_BULK + 1];
        assert_eq!(
            read(&json!({ "Operations": many })).expect_err("too many").status,
            413
        );
        let twice = json!({ "method": "POST", "path": "/Users", "bulkId": "a", "data": {} });
        assert!(read(&json!({ "Operations": [twice, twice] })).is_err());
    }
}
