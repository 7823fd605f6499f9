//! `sessions`, as identity providers name them: by subject, by their own session, by person.

use rusqlite::params;

use super::sessions::{COLUMNS, read};
use super::{Reader, Writer};
use crate::error::Result;
use crate::model::{ConnectionId, PersonId, Session, SessionId};

/// The sessions of a subject (NameID, `sub`) that came through a connection.
pub fn list_by_subject(
    r: &Reader,
    connection: ConnectionId,
    issuer: &str,
    subject: &str,
) -> Result<Vec<Session>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM sessions WHERE connection_id = ?1 AND issuer = ?2 AND subject = ?3"
    ))?;
    let rows = statement.query_map(params![connection.to_string(), issuer, subject], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Those that hang on one session of the identity provider (SessionIndex, `sid`).
pub fn list_by_session(
    r: &Reader,
    connection: ConnectionId,
    issuer: &str,
    session: &str,
) -> Result<Vec<Session>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM sessions WHERE connection_id = ?1 AND issuer = ?2 AND idp_session = ?3"
    ))?;
    let rows = statement.query_map(params![connection.to_string(), issuer, session], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Those of one person that came through a connection.
pub fn list_of_person(r: &Reader, connection: ConnectionId, person: PersonId) -> Result<Vec<Session>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM sessions WHERE connection_id = ?1 AND person_id = ?2"
    ))?;
    let rows = statement.query_map(params![connection.to_string(), person.to_string()], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Everybody whom a connection may mean by an e-mail address, a subject or an external id: people who are linked to a
/// subject of it, and people whom it provisions. Empty texts find nobody.
pub fn list_people(
    r: &Reader,
    connection: ConnectionId,
    email_key: &str,
    issuer: &str,
    subject: &str,
) -> Result<Vec<PersonId>> {
    let mut statement = r.prepare_cached(
        "SELECT person_id FROM identities
          WHERE connection_id = ?1 AND subject = ?4 AND (issuer = ?3 OR ?3 = '') AND ?4 <> ''
         UNION
         SELECT i.person_id FROM identities i JOIN people p ON p.id = i.person_id
          WHERE i.connection_id = ?1 AND ?2 <> '' AND (p.email_key = ?2 OR lower(i.subject) = ?2)
         UNION
         SELECT person_id FROM directory_users
          WHERE connection_id = ?1 AND claimed = 1 AND person_id IS NOT NULL AND external_id = ?4 AND ?4 <> ''
         UNION
         SELECT person_id FROM directory_users
          WHERE connection_id = ?1 AND claimed = 1 AND person_id IS NOT NULL AND user_name_key = ?2 AND ?2 <> ''
         UNION
         SELECT u.person_id FROM directory_emails e JOIN directory_users u ON u.seq = e.user_seq
          WHERE e.connection_id = ?1 AND e.value_key = ?2 AND u.claimed = 1 AND u.person_id IS NOT NULL AND ?2 <> ''",
    )?;
    let rows = statement.query_map(
        params![connection.to_string(), email_key, issuer, subject],
        |row| super::rows::parsed(row, "person_id", PersonId::parse),
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// False: it had ended already.
pub fn delete(w: &Writer, id: SessionId) -> Result<bool> {
    Ok(w.execute("DELETE FROM sessions WHERE id = ?1", [id.to_string()])? == 1)
}
