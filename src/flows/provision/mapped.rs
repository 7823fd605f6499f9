//! What the connection's mapping reads in a user's document.
//!
//! Names and address are checked by [`reading`] first, as before: a mapping that says nothing else costs nothing more.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::reading::{self, Checked};
use crate::error::Result;
use crate::model::mapping::{CORE, Occasion, Outcome, Received, Rule};
use crate::model::person::is_unseen;
use crate::model::{Connection, Email};
use crate::scim::document::{UserFacts, user_facts};

/// Are names and address all it maps, each from where it usually stands?
fn is_plain(connection: &Connection) -> bool {
    let mut rows = connection.mapping.rows.iter().filter(|row| row.rule != Rule::Off);
    rows.all(|row| row.source.is_empty() && CORE.contains(&row.field.as_str()))
}

/// As [`reading::check`], with the address from where the mapping says that it stands.
pub fn check(
    connection: &Connection,
    document: &Map<String, Value>,
    facts: &UserFacts,
    notes: &mut Vec<String>,
) -> Result<Checked> {
    let checked = reading::check(facts, notes)?;
    Ok(readdressed(connection, document, &checked).into_owned())
}

/// What was checked, with the address from where the mapping says that it stands.
pub fn readdressed<'a>(
    connection: &Connection,
    document: &Map<String, Value>,
    checked: &'a Checked,
) -> Cow<'a, Checked> {
    if is_plain(connection) || !connection.mapping.maps("email") {
        return Cow::Borrowed(checked);
    }
    let outcome = outcome(connection, document, checked, Occasion::Create);
    let email = outcome.value("email").and_then(|text| Email::parse(text).ok());
    Cow::Owned(Checked {
        email: email.filter(|email| !email.as_str().chars().any(is_unseen)),
        ..checked.clone()
    })
}

/// The address that a document of before held.
pub fn address(connection: &Connection, document: &Map<String, Value>) -> Option<Email> {
    let facts = user_facts(document);
    check(connection, document, &facts, &mut Vec::new()).ok()?.email
}

/// The fields to write on this occasion.
pub fn outcome(
    connection: &Connection,
    document: &Map<String, Value>,
    checked: &Checked,
    occasion: Occasion,
) -> Outcome {
    let (given, family) = match occasion {
        Occasion::Create => {
            let (given, family) = checked.names();
            (Some(given), Some(family))
        }
        _ => (checked.given_name.clone(), checked.family_name.clone()),
    };
    let received = if is_plain(connection) {
        Received::default()
    } else {
        Received::document(document)
    };
    let received = received
        .with("given_name", "name.givenName", given)
        .with("family_name", "name.familyName", family)
        .with("email", "emails", checked.email.as_ref().map(ToString::to_string));
    connection.mapping.evaluate(&received, occasion)
}
