//! `identities`: which subject at which connection is which person. E-mail never stands here.

use rusqlite::{OptionalExtension, Row, params};

use super::rows::{exactly_one, parsed, time, time_option};
use super::{Reader, Writer};
use crate::error::{Error, Result};
use crate::model::{ConnectionId, IdentityId, PersonId, Timestamp};

/// A subject at an identity provider, tied to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub id: IdentityId,
    pub person_id: PersonId,
    pub connection_id: ConnectionId,
    pub issuer: String,
    pub subject: String,
    pub linked_how: LinkedHow,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

/// Why we believed that the subject is the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkedHow {
    /// An owner confirmed that the connection speaks for the e-mail's domain.
    Domain,
    /// An admin added the person, who had no other way to sign in.
    Invited,
    /// The person proved the account with the way they signed in until then.
    Proved,
    /// An admin added the person from a request for access.
    Request,
    /// The identity provider provisions the person through the same connection.
    Provisioned,
}

impl LinkedHow {
    const ALL: [LinkedHow; 5] = [
        LinkedHow::Domain,
        LinkedHow::Invited,
        LinkedHow::Proved,
        LinkedHow::Request,
        LinkedHow::Provisioned,
    ];

    pub fn key(self) -> &'static str {
        match self {
            LinkedHow::Domain => "domain",
            LinkedHow::Invited => "invited",
            LinkedHow::Proved => "proved",
            LinkedHow::Request => "request",
            LinkedHow::Provisioned => "provisioned",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            LinkedHow::Domain => "its e-mail domain is confirmed for this integration",
            LinkedHow::Invited => "an admin added the person, and this was their first sign-in",
            LinkedHow::Proved => "the person proved the account",
            LinkedHow::Request => "an admin added the person from a request for access",
            LinkedHow::Provisioned => "the identity provider provisions the person through this integration",
        }
    }

    fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|how| how.key() == key)
    }
}

const COLUMNS: &str = "id, person_id, connection_id, issuer, subject, linked_how, created_at, last_used_at";

fn read(row: &Row) -> rusqlite::Result<Identity> {
    Ok(Identity {
        id: parsed(row, "id", IdentityId::parse)?,
        person_id: parsed(row, "person_id", PersonId::parse)?,
        connection_id: parsed(row, "connection_id", ConnectionId::parse)?,
        issuer: row.get("issuer")?,
        subject: row.get("subject")?,
        linked_how: parsed(row, "linked_how", LinkedHow::parse)?,
        created_at: time(row, "created_at")?,
        last_used_at: time_option(row, "last_used_at")?,
    })
}

pub fn find(r: &Reader, connection: ConnectionId, issuer: &str, subject: &str) -> Result<Option<Identity>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM identities WHERE connection_id = ?1 AND issuer = ?2 AND subject = ?3"
    ))?;
    Ok(statement
        .query_row(params![connection.to_string(), issuer, subject], read)
        .optional()?)
}

pub fn get(r: &Reader, id: IdentityId) -> Result<Identity> {
    let mut statement = r.prepare_cached(&format!("SELECT {COLUMNS} FROM identities WHERE id = ?1"))?;
    statement
        .query_row([id.to_string()], read)
        .optional()?
        .ok_or_else(|| Error::not_found("linked sign-in"))
}

pub fn list_of_person(r: &Reader, person: PersonId) -> Result<Vec<Identity>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM identities WHERE person_id = ?1 ORDER BY created_at, id"
    ))?;
    let rows = statement.query_map([person.to_string()], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many people are linked through a connection.
pub fn count_of_connection(r: &Reader, connection: ConnectionId) -> Result<i64> {
    let mut statement =
        r.prepare_cached("SELECT count(DISTINCT person_id) FROM identities WHERE connection_id = ?1")?;
    Ok(statement.query_row([connection.to_string()], |row| row.get(0))?)
}

/// How many people who may sign in have no other way than this connection: no passphrase, no other link.
pub fn count_only_through(r: &Reader, connection: ConnectionId) -> Result<i64> {
    let mut statement = r.prepare_cached(
        "SELECT count(DISTINCT i.person_id) FROM identities i JOIN people p ON p.id = i.person_id
         WHERE i.connection_id = ?1 AND p.state = 'active'
           AND NOT EXISTS (SELECT 1 FROM passphrases WHERE person_id = i.person_id)
           AND NOT EXISTS (SELECT 1 FROM identities o WHERE o.person_id = i.person_id AND o.connection_id <> ?1)",
    )?;
    Ok(statement.query_row([connection.to_string()], |row| row.get(0))?)
}

/// The roles of whoever this connection may sign in: people linked to it, those whom it provisioned, and, owners apart,
/// those whose address it speaks for.
pub fn list_roles_reached(r: &Reader, connection: ConnectionId) -> Result<Vec<String>> {
    let mut statement = r.prepare_cached(
        "SELECT DISTINCT p.role FROM people p WHERE
            EXISTS (SELECT 1 FROM identities i WHERE i.person_id = p.id AND i.connection_id = ?1)
            OR (NOT EXISTS (SELECT 1 FROM roles o WHERE o.key = p.role AND o.owns = 1)
                AND (EXISTS (SELECT 1 FROM connection_domains d WHERE d.connection_id = ?1
                             AND d.domain = substr(p.email_key, instr(p.email_key, '@') + 1))
                     OR EXISTS (SELECT 1 FROM directory_users u WHERE u.person_id = p.id AND u.connection_id = ?1
                                AND u.claimed = 1 AND u.created_here = 1 AND u.deleted_at IS NULL)))",
    )?;
    let rows = statement.query_map([connection.to_string()], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// When anybody last signed in through a connection.
pub fn find_last_used(r: &Reader, connection: ConnectionId) -> Result<Option<Timestamp>> {
    let mut statement =
        r.prepare_cached("SELECT max(last_used_at) AS at FROM identities WHERE connection_id = ?1")?;
    Ok(statement.query_row([connection.to_string()], |row| time_option(row, "at"))?)
}

pub fn insert(w: &Writer, identity: &Identity) -> Result<()> {
    w.execute(
        "INSERT INTO identities (id, person_id, connection_id, issuer, subject, linked_how, created_at, last_used_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            identity.id.to_string(),
            identity.person_id.to_string(),
            identity.connection_id.to_string(),
            identity.issuer,
            identity.subject,
            identity.linked_how.key(),
            identity.created_at.0,
            identity.last_used_at.map(|at| at.0)
        ],
    )?;
    Ok(())
}

pub fn touch(w: &Writer, id: IdentityId, now: Timestamp) -> Result<()> {
    let mut statement = w.prepare_cached("UPDATE identities SET last_used_at = ?2 WHERE id = ?1")?;
    exactly_one(
        statement.execute(params![id.to_string(), now.0])?,
        "linked sign-in",
    )
}

pub fn delete(w: &Writer, id: IdentityId) -> Result<()> {
    exactly_one(
        w.execute("DELETE FROM identities WHERE id = ?1", [id.to_string()])?,
        "linked sign-in",
    )
}
