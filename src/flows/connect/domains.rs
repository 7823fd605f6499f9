//! E-mail domains: an owner confirms that a connection speaks for one, or withdraws that.

use serde_json::{Value, json};

use super::subject;
use crate::error::{Error, Result};
use crate::flows::Act;
use crate::model::Action;
use crate::store;

/// An owner confirms that the connection speaks for an e-mail domain: first sign-ins link by address.
pub fn confirm_domain(act: &Act, slug: &str, typed: &str) -> Result<String> {
    act.need_owner()?;
    let domain = domain(typed)?;
    let connection = store::connections::get_by_slug(act.w, slug)?;
    if store::connections::speaks_for(act.w, connection.id, &domain)? {
        return Ok(domain);
    }
    store::connections::insert_domain(
        act.w,
        connection.id,
        &domain,
        "owner",
        &act.actor.label(),
        act.now,
    )?;
    act.event(
        Action::DomainConfirmed,
        subject(&connection),
        Value::Null,
        json!({ "domain": domain, "how": "owner" }),
    )?;
    Ok(domain)
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

fn domain(typed: &str) -> Result<String> {
    let domain = typed.trim().trim_start_matches('@').to_lowercase();
    match crate::model::Email::parse(&format!("somebody@{domain}")) {
        Ok(_) if domain.contains('.') => Ok(domain),
        _ => Err(Error::invalid("domain", "Enter a domain such as example.com.")),
    }
}
