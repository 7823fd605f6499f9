//! The right door for an e-mail address: the connections that speak for its domain.
//!
//! Only the domain counts, never the person: whether somebody is known here, deactivated or bound to one door is not
//! even looked up, so that neither text nor time can tell. On its way between our own pages the address travels
//! sealed, because addresses of pages end up in logs and histories.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::error::Result;
use crate::flows::{Context, enforce};
use crate::model::{Connection, Email, Timestamp};
use crate::store::{self, Reader};
use crate::vault::Place;

/// What stands for the passphrase where otherwise a slug stands.
pub const PASSPHRASE: &str = "passphrase";

/// 254 bytes of address, nonce and tag, in base64.
const LONGEST_SEALED: usize = 400;

const PLACE: Place<'static> = Place {
    table: "login",
    row: "typed",
    column: "email",
};

/// Every connection through which people sign in, by name.
pub fn doors(r: &Reader) -> Result<Vec<Connection>> {
    let mut all = store::connections::list(r)?;
    all.retain(Connection::is_door);
    Ok(all)
}

/// Those that are enforced for this address; where none is, those that were proved to speak for its domain.
pub fn doors_of(r: &Reader, email: &Email, now: Timestamp) -> Result<Vec<Connection>> {
    let only = enforce::only_through(r, &email.domain(), now)?;
    if !only.is_empty() {
        return Ok(only);
    }
    let speaking = store::connections::list_by_domain(r, &email.domain())?;
    let mut all = doors(r)?;
    all.retain(|connection| speaking.contains(&connection.id));
    Ok(all)
}

/// Those whose kind an owner switched off, although they are on themselves: for whom somebody asks why they are missing.
/// With an address, only those that speak for its domain.
pub fn switched_off(r: &Reader, email: Option<&Email>) -> Result<Vec<Connection>> {
    let mut all = store::connections::list(r)?;
    all.retain(|connection| connection.enabled && connection.switched_off().is_some());
    if let Some(email) = email {
        let speaking = store::connections::list_by_domain(r, &email.domain())?;
        all.retain(|connection| speaking.contains(&connection.id));
    }
    Ok(all)
}

/// The address as our own pages hand it to each other.
pub fn seal(ctx: &Context, email: &Email) -> Result<String> {
    let sealed = ctx.vault.seal(PLACE, email.as_str().as_bytes(), &ctx.random)?;
    Ok(URL_SAFE_NO_PAD.encode(sealed))
}

/// What [`seal`] made; `None` for anything else.
pub fn unseal(ctx: &Context, sealed: &str) -> Option<Email> {
    if sealed.is_empty() || sealed.len() > LONGEST_SEALED {
        return None;
    }
    let plain = ctx
        .vault
        .unseal(PLACE, &URL_SAFE_NO_PAD.decode(sealed).ok()?)
        .ok()?;
    Email::parse(std::str::from_utf8(&plain).ok()?).ok()
}
