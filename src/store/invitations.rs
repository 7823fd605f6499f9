//! `invitations`: whom somebody asked to come, and what became of it. A link is found by the hash of its token.

use rusqlite::{OptionalExtension, Row, params, params_from_iter};

use super::rows::{exactly_one, parsed, parsed_option, time, time_option};
use super::{Reader, Writer};
use crate::error::Result;
use crate::model::{
    Email, Invitation, InvitationEnd, InvitationState, InvitedHow, MailId, PersonId, Timestamp,
};

const COLUMNS: &str = "invitations.person_id AS person_id, how, made_by, made_at, handed_over, mail_id, sent_at, expires_at, \
                       opened_at, accepted_at, ended_at, ended_why";

/// No link was made yet, and one is still wanted.
const WAITS: &str = "sent_at IS NULL AND accepted_at IS NULL AND ended_at IS NULL";

/// What the list is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Narrow {
    /// Every word must occur in the name or the address.
    pub search: String,
    pub state: Option<InvitationState>,
}

/// One line of the list.
#[derive(Clone, Debug)]
pub struct Listed {
    pub invitation: Invitation,
    pub given_name: String,
    pub family_name: String,
    pub email: Email,
}

fn read(row: &Row) -> rusqlite::Result<Invitation> {
    let ended_at = time_option(row, "ended_at")?;
    let why = parsed_option(row, "ended_why", InvitationEnd::parse)?;
    Ok(Invitation {
        person_id: parsed(row, "person_id", PersonId::parse)?,
        how: parsed(row, "how", InvitedHow::parse)?,
        made_by: row.get("made_by")?,
        made_at: time(row, "made_at")?,
        handed_over: row.get("handed_over")?,
        mail_id: parsed_option(row, "mail_id", MailId::parse)?,
        sent_at: time_option(row, "sent_at")?,
        expires_at: time_option(row, "expires_at")?,
        opened_at: time_option(row, "opened_at")?,
        accepted_at: time_option(row, "accepted_at")?,
        ended: ended_at.zip(why),
    })
}

pub fn find(r: &Reader, person: PersonId) -> Result<Option<Invitation>> {
    let mut statement =
        r.prepare_cached(&format!("SELECT {COLUMNS} FROM invitations WHERE person_id = ?1"))?;
    Ok(statement.query_row([person.to_string()], read).optional()?)
}

/// The invitation of this token while its link is good.
pub fn find_good(r: &Reader, token_hash: &[u8], now: Timestamp) -> Result<Option<Invitation>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM invitations
         WHERE token_hash = ?1 AND expires_at > ?2 AND accepted_at IS NULL AND ended_at IS NULL"
    ))?;
    Ok(statement.query_row(params![token_hash, now.0], read).optional()?)
}

/// Is there one whose link is still to be made?
pub fn is_any_waiting(r: &Reader) -> Result<bool> {
    let mut statement = r.prepare_cached(&format!("SELECT 1 FROM invitations WHERE {WAITS} LIMIT 1"))?;
    Ok(statement.exists([])?)
}

/// Those that wait longest.
pub fn list_waiting(r: &Reader, limit: i64) -> Result<Vec<Invitation>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM invitations WHERE {WAITS} ORDER BY made_at, person_id LIMIT ?1"
    ))?;
    let rows = statement.query_map([limit], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// One page, newest first; `offset` counts from 0.
pub fn list(r: &Reader, narrow: &Narrow, now: Timestamp, offset: i64, limit: i64) -> Result<Vec<Listed>> {
    let (condition, values) = condition(narrow, now);
    let mut statement = r.prepare(&format!(
        "SELECT {COLUMNS}, people.given_name, people.family_name, people.email
         FROM invitations JOIN people ON people.id = invitations.person_id {condition}
         ORDER BY made_at DESC, invitations.person_id DESC LIMIT {limit} OFFSET {offset}"
    ))?;
    let rows = statement.query_map(params_from_iter(values), |row| {
        Ok(Listed {
            invitation: read(row)?,
            given_name: row.get("given_name")?,
            family_name: row.get("family_name")?,
            email: parsed(row, "email", |text| Email::parse(text).ok())?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn count(r: &Reader, narrow: &Narrow, now: Timestamp) -> Result<i64> {
    let (condition, values) = condition(narrow, now);
    let sql = format!(
        "SELECT count(*) FROM invitations JOIN people ON people.id = invitations.person_id {condition}"
    );
    let mut statement = r.prepare(&sql)?;
    Ok(statement.query_row(params_from_iter(values), |row| row.get(0))?)
}

fn condition(narrow: &Narrow, now: Timestamp) -> (String, Vec<String>) {
    let mut terms = vec!["1".to_owned()];
    let mut values = Vec::new();
    // A dozen words are more than a name and an address have.
    for word in narrow.search.to_lowercase().split_whitespace().take(12) {
        values.push(word.to_owned());
        terms.push(format!("instr(people.search_key, ?{}) > 0", values.len()));
    }
    let open = "accepted_at IS NULL AND ended_at IS NULL";
    terms.extend(narrow.state.map(|state| match state {
        InvitationState::Waiting => WAITS.to_owned(),
        InvitationState::Sent => format!("{open} AND expires_at > {}", now.0),
        InvitationState::Expired => format!("{open} AND expires_at <= {}", now.0),
        InvitationState::Accepted => "accepted_at IS NOT NULL".to_owned(),
        InvitationState::Ended => "ended_at IS NOT NULL AND accepted_at IS NULL".to_owned(),
    }));
    (format!("WHERE {}", terms.join(" AND ")), values)
}

/// Writes it in place of the person's earlier one, whose link is void from then on.
pub fn put(w: &Writer, invitation: &Invitation, token_hash: Option<&[u8]>) -> Result<()> {
    let mut statement = w.prepare_cached(
        "INSERT OR REPLACE INTO invitations (person_id, how, made_by, made_at, handed_over, mail_id, sent_at,
                                             expires_at, opened_at, accepted_at, ended_at, ended_why, token_hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    statement.execute(params![
        invitation.person_id.to_string(),
        invitation.how.key(),
        invitation.made_by,
        invitation.made_at.0,
        invitation.handed_over,
        invitation.mail_id.map(|id| id.to_string()),
        invitation.sent_at.map(|at| at.0),
        invitation.expires_at.map(|at| at.0),
        invitation.opened_at.map(|at| at.0),
        invitation.accepted_at.map(|at| at.0),
        invitation.ended.map(|(at, _)| at.0),
        invitation.ended.map(|(_, why)| why.key()),
        token_hash
    ])?;
    Ok(())
}

/// Remembers that somebody went on from its page; the first time counts.
pub fn touch_opened(w: &Writer, person: PersonId, now: Timestamp) -> Result<()> {
    let mut statement =
        w.prepare_cached("UPDATE invitations SET opened_at = coalesce(opened_at, ?2) WHERE person_id = ?1")?;
    exactly_one(
        statement.execute(params![person.to_string(), now.0])?,
        "invitation",
    )
}

/// The person has come: whatever is left of the invitation is accepted. `None`: there was none.
pub fn accept(w: &Writer, person: PersonId, now: Timestamp) -> Result<Option<Invitation>> {
    let mut statement = w.prepare_cached(&format!(
        "UPDATE invitations SET accepted_at = ?2
         WHERE person_id = ?1 AND accepted_at IS NULL AND ended_at IS NULL RETURNING {COLUMNS}"
    ))?;
    Ok(statement
        .query_row(params![person.to_string(), now.0], read)
        .optional()?)
}

/// Ends it; its link is void. `None`: there was none that was open.
pub fn end(w: &Writer, person: PersonId, why: InvitationEnd, now: Timestamp) -> Result<Option<Invitation>> {
    let mut statement = w.prepare_cached(&format!(
        "UPDATE invitations SET ended_at = ?2, ended_why = ?3
         WHERE person_id = ?1 AND accepted_at IS NULL AND ended_at IS NULL RETURNING {COLUMNS}"
    ))?;
    Ok(statement
        .query_row(params![person.to_string(), now.0, why.key()], read)
        .optional()?)
}
