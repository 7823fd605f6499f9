//! `access_group_sources`: which groups of identity providers feed which access group, and whom they put there.

use rusqlite::{OptionalExtension, Row, params};

use super::rows::{exactly_one, is_duplicate, parsed, time};
use super::{Reader, Writer};
use crate::error::{Error, Result};
use crate::model::{AccessGroupId, ConnectionId, FeedId, PersonId, Timestamp};

/// A group of an identity provider, by its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// One that was pushed: `directory_groups`.
    Pushed(i64),
    /// A value that sign-ins bring: `claimed_groups`.
    Claimed(i64),
}

/// The choice that a group feeds an access group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    pub id: FeedId,
    pub access_group_id: AccessGroupId,
    pub connection_id: ConnectionId,
    pub source: Source,
    /// As it is called there now, or the value.
    pub name: String,
    /// An owner allowed, by name, that it makes owners.
    pub may_own: bool,
    pub created_by: String,
    pub created_at: Timestamp,
}

/// A feed that puts one person somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    pub feed: Feed,
    pub access_group: String,
    /// Does the role of that access group own the organization?
    pub owns: bool,
}

const COLUMNS: &str = "s.id, s.access_group_id, s.connection_id, s.pushed_seq, s.claimed_seq, s.may_own, \
                       s.created_by, s.created_at, coalesce(d.display_name, c.value) AS source_name";
const TABLES: &str = "access_group_sources s LEFT JOIN directory_groups d ON d.seq = s.pushed_seq
                      LEFT JOIN claimed_groups c ON c.seq = s.claimed_seq";

/// What somebody is in, by what the identity providers said: memberships whose end waits for an admin, or was
/// discarded by one, still hold, and so do those of a group or user whose removal waits. What waits for a review counts
/// as it did before.
const MATCHING: &str = "
    WITH fed (source) AS (
        SELECT s.id FROM directory_users u
            JOIN directory_members m ON m.user_seq = u.seq
            JOIN access_group_sources s ON s.pushed_seq = m.group_seq
            JOIN directory_groups d ON d.seq = m.group_seq
            LEFT JOIN waiting_members x ON x.group_seq = m.group_seq AND x.user_seq = m.user_seq
        WHERE u.person_id = ?1 AND coalesce(x.was, m.removed_at IS NULL OR m.held = 1)
            AND (u.deleted_at IS NULL OR u.seq IN (SELECT user_seq FROM waiting_users) OR 'kept' = (
                SELECT CASE WHEN r.state IN ('held', 'discarded') THEN 'kept' END FROM removals r
                WHERE r.person_id = ?1 AND r.connection_id = u.connection_id AND r.what <> 'leave'
                ORDER BY r.at DESC, r.id DESC LIMIT 1))
            AND (d.deleted_at IS NULL OR x.was = 1 OR 'kept' = (
                SELECT CASE WHEN r.state IN ('held', 'discarded') THEN 'kept' END FROM removals r
                WHERE r.person_id = ?1 AND r.group_seq = d.seq
                ORDER BY r.at DESC, r.id DESC LIMIT 1))
        UNION
        SELECT s.id FROM claimed_members m JOIN access_group_sources s ON s.claimed_seq = m.group_seq
        WHERE m.person_id = ?1)";

fn read(row: &Row) -> rusqlite::Result<Feed> {
    let pushed: Option<i64> = row.get("pushed_seq")?;
    let source = match pushed {
        Some(seq) => Source::Pushed(seq),
        None => Source::Claimed(row.get("claimed_seq")?),
    };
    Ok(Feed {
        id: parsed(row, "id", FeedId::parse)?,
        access_group_id: parsed(row, "access_group_id", AccessGroupId::parse)?,
        connection_id: parsed(row, "connection_id", ConnectionId::parse)?,
        source,
        name: row.get("source_name")?,
        may_own: row.get("may_own")?,
        created_by: row.get("created_by")?,
        created_at: time(row, "created_at")?,
    })
}

pub fn get(r: &Reader, id: FeedId) -> Result<Feed> {
    let mut statement = r.prepare_cached(&format!("SELECT {COLUMNS} FROM {TABLES} WHERE s.id = ?1"))?;
    let found = statement.query_row([id.to_string()], read).optional()?;
    found.ok_or_else(|| Error::not_found("feed"))
}

/// The feed of this group, if it feeds anything.
pub fn find_by_source(r: &Reader, source: Source) -> Result<Option<Feed>> {
    let (pushed, claimed) = columns(source);
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE s.pushed_seq = ?1 OR s.claimed_seq = ?2"
    ))?;
    Ok(statement.query_row([pushed, claimed], read).optional()?)
}

/// What feeds this access group, the oldest choice first.
pub fn list_of_group(r: &Reader, group: AccessGroupId) -> Result<Vec<Feed>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE s.access_group_id = ?1 ORDER BY s.created_at, s.id"
    ))?;
    let rows = statement.query_map([group.to_string()], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn list_of_connection(r: &Reader, connection: ConnectionId) -> Result<Vec<Feed>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE s.connection_id = ?1 ORDER BY s.created_at, s.id"
    ))?;
    let rows = statement.query_map([connection.to_string()], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Does this pushed group feed anything? One look into an index.
pub fn is_fed(r: &Reader, pushed: i64) -> Result<bool> {
    let mut statement = r.prepare_cached("SELECT 1 FROM access_group_sources WHERE pushed_seq = ?1")?;
    Ok(statement.exists([pushed])?)
}

/// Every feed that puts this person somewhere, the one that counts first.
pub fn matching(r: &Reader, person: PersonId) -> Result<Vec<Match>> {
    let mut statement = r.prepare_cached(&format!(
        "{MATCHING} SELECT {COLUMNS}, a.name AS group_name, roles.owns AS group_owns
         FROM {TABLES} JOIN access_groups a ON a.id = s.access_group_id JOIN roles ON roles.key = a.role
         WHERE s.id IN (SELECT source FROM fed) ORDER BY a.priority, a.id, s.created_at, s.id"
    ))?;
    let rows = statement.query_map([person.to_string()], |row| {
        Ok(Match {
            feed: read(row)?,
            access_group: row.get("group_name")?,
            owns: row.get("group_owns")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Everybody who was ever put somewhere by this group: whose access group may change with it. More than
/// [`matching`] would find, never fewer.
pub fn people_of_source(r: &Reader, source: Source) -> Result<Vec<PersonId>> {
    let (sql, seq) = match source {
        Source::Pushed(seq) => (
            "SELECT DISTINCT u.person_id AS id FROM directory_members m
                JOIN directory_users u ON u.seq = m.user_seq
             WHERE m.group_seq = ?1 AND u.person_id IS NOT NULL ORDER BY id",
            seq,
        ),
        Source::Claimed(seq) => (
            "SELECT person_id AS id FROM claimed_members WHERE group_seq = ?1 ORDER BY id",
            seq,
        ),
    };
    let mut statement = r.prepare_cached(sql)?;
    let rows = statement.query_map([seq], |row| parsed(row, "id", PersonId::parse))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The people behind these users (row numbers).
pub fn people_of_users(r: &Reader, users: &[i64]) -> Result<Vec<PersonId>> {
    let users = serde_json::to_string(users).map_err(Error::internal)?;
    let mut statement = r.prepare_cached(
        "SELECT DISTINCT person_id AS id FROM directory_users
         WHERE seq IN (SELECT value FROM json_each(?1)) AND person_id IS NOT NULL ORDER BY id",
    )?;
    let rows = statement.query_map([users], |row| parsed(row, "id", PersonId::parse))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Feeds of pushed groups that were deleted before `before`, each with the people whom it may have put somewhere.
pub fn list_deleted(r: &Reader, before: Timestamp) -> Result<Vec<(FeedId, Vec<PersonId>)>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE d.deleted_at < ?1
            AND NOT EXISTS (SELECT 1 FROM waiting_members w WHERE w.group_seq = d.seq) ORDER BY s.id"
    ))?;
    let feeds: Vec<Feed> = statement
        .query_map([before.0], read)?
        .collect::<rusqlite::Result<_>>()?;
    let with_people = |feed: Feed| Ok((feed.id, people_of_source(r, feed.source)?));
    feeds.into_iter().map(with_people).collect()
}

pub fn insert(w: &Writer, feed: &Feed) -> Result<()> {
    let (pushed, claimed) = columns(feed.source);
    let inserted = w.execute(
        "INSERT INTO access_group_sources
            (id, access_group_id, connection_id, pushed_seq, claimed_seq, may_own, created_by, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            feed.id.to_string(),
            feed.access_group_id.to_string(),
            feed.connection_id.to_string(),
            pushed,
            claimed,
            feed.may_own,
            feed.created_by,
            feed.created_at.0
        ],
    );
    inserted.map(drop).map_err(|cause| {
        if is_duplicate(&cause) {
            let message = format!(
                "{} feeds an access group already. Take it out there first.",
                feed.name
            );
            return Error::conflict(message);
        }
        cause.into()
    })
}

pub fn delete(w: &Writer, id: FeedId) -> Result<()> {
    let deleted = w.execute("DELETE FROM access_group_sources WHERE id = ?1", [id.to_string()])?;
    exactly_one(deleted, "feed")
}

fn columns(source: Source) -> (Option<i64>, Option<i64>) {
    match source {
        Source::Pushed(seq) => (Some(seq), None),
        Source::Claimed(seq) => (None, Some(seq)),
    }
}
