//! Bulk (RFC 7644 §3.7): reading the request, and putting ids where `bulkId:` stood.

use serde_json::Value;

use super::ScimProblem;

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

/// Reads the body. More than [`super::MAX_BULK`] operations: 413.
pub fn read(_body: &Value) -> Result<Bulk, ScimProblem> {
    todo!("protocol")
}

/// The `bulkId`s that an operation refers to, so that it can wait for them.
pub fn references(_operation: &Operation) -> Vec<String> {
    todo!("protocol")
}

/// Puts `id` where `bulkId:{name}` stands, in path and data.
pub fn resolve(_operation: &mut Operation, _name: &str, _id: &str) {
    todo!("protocol")
}
