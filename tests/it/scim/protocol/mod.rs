//! The protocol by itself: bytes, documents and filters, without a server.

mod bodies;
mod filters;
mod groups;
mod patches;

use doorward::scim::{ScimProblem, document, patch};
use serde_json::{Map, Value, json};

const ENTERPRISE: &str = doorward::scim::ENTERPRISE;
const ID: &str = "018f0000-0000-7000-8000-000000000001";

/// A user's document from a body that is taken.
fn user(body: &Value) -> Map<String, Value> {
    document::user(body).expect("a user").document
}

/// A user after operations.
fn patched(body: &Value, operations: Value) -> Result<Value, ScimProblem> {
    let current = user(body);
    patch::user(ID, &current, &json!({ "Operations": operations }))
        .map(|patched| Value::Object(patched.document))
}

fn refused(body: &Value, operations: Value) -> (u16, &'static str) {
    let problem = patched(body, operations).expect_err("refused");
    (problem.status, problem.kind.map_or("", |kind| kind.key()))
}
