//! What a logout request of ours must repeat: the NameID with its qualifiers, or the ID token. Sealed in the session.
//!
//! It is bound to the connection and the subject, not to the row: a session gets a new token at each step up, and the
//! hint moves with it.

use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::flows::Context;
use crate::model::{Connection, ConnectionId, IdpSession};
use crate::saml::{Assertion, NameId};
use crate::vault::Place;

/// Seals `plain` for the sessions of `subject` on this connection.
pub fn seal(ctx: &Context, connection: ConnectionId, subject: &str, plain: &[u8]) -> Result<Vec<u8>> {
    let row = row(connection, subject);
    ctx.vault.seal(place(&row), plain, &ctx.random)
}

/// Opens a session's hint; `None` when it has none.
pub fn open(
    ctx: &Context,
    connection: ConnectionId,
    session: &IdpSession,
) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let row = row(connection, &session.subject);
    let sealed = session.hint.as_deref();
    sealed
        .map(|sealed| ctx.vault.unseal(place(&row), sealed))
        .transpose()
}

/// What a SAML sign-in is called there, with its NameID in full as the hint.
pub fn of_assertion(ctx: &Context, connection: &Connection, assertion: &Assertion) -> Result<IdpSession> {
    let subject = assertion.name_id.value.clone();
    let plain = serde_json::to_vec(&assertion.name_id).map_err(Error::internal)?;
    Ok(IdpSession {
        issuer: assertion.issuer.clone(),
        hint: Some(seal(ctx, connection.id, &subject, &plain)?),
        session: assertion.session_index.clone(),
        subject,
    })
}

/// The NameID of a session that came through SAML.
pub fn name_id(ctx: &Context, connection: ConnectionId, session: &IdpSession) -> Result<Option<NameId>> {
    let plain = open(ctx, connection, session)?;
    plain
        .map(|plain| serde_json::from_slice(&plain).map_err(Error::internal))
        .transpose()
}

fn row(connection: ConnectionId, subject: &str) -> String {
    format!("{connection} {subject}")
}

fn place(row: &str) -> Place<'_> {
    Place {
        table: "sessions",
        row,
        column: "logout_hint",
    }
}
