//! What a sign-in writes of somebody who is here already: only what rows say that act at sign-in.

use crate::error::Result;
use crate::flows::provision::effects::is_out_of_reach;
use crate::flows::{Act, administer};
use crate::model::mapping::{Occasion, Received};
use crate::model::person::is_unseen;
use crate::model::{Email, Person};
use crate::store;

use super::{Word, update};

/// The person as they are afterwards, and what was ignored.
pub fn at_sign_in(
    act: &Act,
    word: Word,
    mut person: Person,
    received: &Received,
) -> Result<(Person, Vec<String>)> {
    let outcome = word.connection.mapping.evaluate(received, Occasion::SignIn);
    let mut remarks = Vec::new();
    let was = person.clone();
    if let Some(given) = outcome.value("given_name") {
        person.given_name = given.to_owned();
    }
    if let Some(family) = outcome.value("family_name") {
        person.family_name = family.to_owned();
    }
    if let Some(email) = outcome.value("email").and_then(|text| Email::parse(text).ok()) {
        match why_address_stays(act, word, &person, &email)? {
            Some(why) => remarks.push(why),
            None => person.email = email,
        }
    }
    if person != was {
        administer::put(act, &was, &mut person, Some(word.reference))?;
    }
    let changed = update(act, word, &mut person, &outcome, Occasion::SignIn)?;
    remarks.extend(changed.remarks);
    Ok((person, remarks))
}

/// An address leads to an account: a sign-in changes it only to one of a domain for which the connection speaks, for
/// somebody within its reach, and when nobody else has it.
fn why_address_stays(act: &Act, word: Word, person: &Person, email: &Email) -> Result<Option<String>> {
    if *email == person.email {
        return Ok(None);
    }
    let connection = word.connection.id;
    let name = person.display_name();
    if !store::connections::speaks_for(act.w, connection, &email.domain())? {
        return Ok(Some(format!(
            "The address of {name} stays: {} is no domain of this integration.",
            email.domain()
        )));
    }
    if is_out_of_reach(act.w, connection, person)? {
        return Ok(Some(format!(
            "The address of {name} stays: it is changed by hand only."
        )));
    }
    if email.as_str().chars().any(is_unseen) {
        return Ok(Some(format!(
            "The address of {name} stays: the one that arrived has characters that nobody sees."
        )));
    }
    let other = store::people::find_by_email(act.w, &email.key())?;
    Ok(other
        .is_some_and(|other| other.id != person.id)
        .then(|| format!("The address of {name} stays: somebody else has the one that arrived.")))
}
