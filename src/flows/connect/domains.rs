//! E-mail domains: an owner confirms that a connection speaks for one, or withdraws that. The other proof, a TXT
//! record, is in `proof`.

use serde_json::{Value, json};

use super::subject;
use crate::error::{Error, Result};
use crate::flows::Act;
use crate::model::{Action, Connection, Domain};
use crate::store;

/// An owner confirms that the connection speaks for an e-mail domain: first sign-ins link by address, and the sign-in
/// page leads there.
pub fn confirm_domain(act: &Act, slug: &str, typed: &str) -> Result<String> {
    act.need_owner()?;
    let domain = domain(typed)?;
    let connection = store::connections::get_by_slug(act.w, slug)?;
    if store::connections::speaks_for(act.w, connection.id, domain.as_str())? {
        return Ok(domain.to_string());
    }
    store::connections::insert_domain(
        act.w,
        connection.id,
        domain.as_str(),
        "owner",
        &act.actor.label(),
        act.now,
    )?;
    // Their word is enough: no record is waited for any more.
    store::domains::delete_claim(act.w, connection.id, domain.as_str())?;
    act.event(
        Action::DomainConfirmed,
        subject(&connection),
        Value::Null,
        json!({ "domain": domain.as_str(), "how": "owner" }),
    )?;
    Ok(domain.to_string())
}

pub fn withdraw_domain(act: &Act, slug: &str, domain: &str) -> Result<()> {
    act.need_owner()?;
    let connection = store::connections::get_by_slug(act.w, slug)?;
    store::connections::delete_domain(act.w, connection.id, domain)?;
    act.event(
        Action::DomainWithdrawn,
        subject(&connection),
        json!({ "domain": domain }),
        Value::Null,
    )
}

/// Reads a typed domain; what is wrong with it is said of the field `domain`.
pub fn domain(typed: &str) -> Result<Domain> {
    Domain::parse(typed).map_err(|problem| Error::invalid("domain", problem.to_string()))
}

pub(super) fn already(connection: &Connection, domain: &Domain) -> Error {
    Error::invalid(
        "domain",
        format!("{} speaks for {domain} already.", connection.name),
    )
}
