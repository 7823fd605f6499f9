//! The mirror as admins look at it: short lines with the people behind them, a page at a time.

use rusqlite::types::Value;
use rusqlite::{Row, params, params_from_iter};

use crate::error::Result;
use crate::model::{ConnectionId, PersonId, ScimId, Timestamp};
use crate::store::Reader;
use crate::store::rows::{parsed, parsed_option, time, time_option};

/// A user in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenUser {
    pub id: ScimId,
    pub user_name: String,
    pub external_id: Option<String>,
    pub active: bool,
    pub claimed: bool,
    /// What the identity provider wrote waits for an admin.
    pub waiting: bool,
    pub person_id: Option<PersonId>,
    /// Their name, or their address when they have none; whether they are active here.
    pub person: Option<(String, bool)>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A group in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenGroup {
    pub seq: i64,
    pub id: ScimId,
    pub display_name: String,
    pub external_id: Option<String>,
    pub members: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

/// A member of a group in a list: a user, or another group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenMember {
    pub id: ScimId,
    pub is_group: bool,
    pub name: String,
    pub person_id: Option<PersonId>,
    pub person: Option<String>,
    pub added_at: Timestamp,
}

/// What a list of users is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Narrow {
    /// Every word must occur in the user name, the externalId, or the person's name or address.
    pub search: String,
    pub claimed: Option<bool>,
    pub active: Option<bool>,
    /// The one user tied to this person.
    pub person: Option<PersonId>,
}

const NAMED: &str = "coalesce(nullif(trim(p.given_name || ' ' || p.family_name), ''), p.email)";

fn words(search: &str) -> Vec<String> {
    let lower = search.to_lowercase();
    lower.split_whitespace().take(12).map(str::to_owned).collect()
}

fn user(row: &Row) -> rusqlite::Result<SeenUser> {
    let name: Option<String> = row.get("person")?;
    let is_active: Option<bool> = row.get("person_active")?;
    Ok(SeenUser {
        id: parsed(row, "id", ScimId::parse)?,
        user_name: row.get("user_name")?,
        external_id: row.get("external_id")?,
        active: row.get("active")?,
        claimed: row.get("claimed")?,
        waiting: row.get("waiting")?,
        person_id: parsed_option(row, "person_id", PersonId::parse)?,
        person: name.zip(is_active),
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}

/// Live users by number, the oldest first.
pub fn users(
    r: &Reader,
    connection: ConnectionId,
    narrow: &Narrow,
    offset: i64,
    limit: i64,
) -> Result<Vec<SeenUser>> {
    let (condition, mut values) = of_users(connection, narrow);
    values.extend([Value::from(limit), Value::from(offset)]);
    let sql = format!(
        "SELECT u.id, u.user_name, u.external_id, u.active, u.claimed, u.person_id, u.created_at, u.updated_at,
                EXISTS (SELECT 1 FROM waiting_users w WHERE w.user_seq = u.seq) AS waiting,
                {NAMED} AS person, p.state = 'active' AS person_active
         FROM directory_users u LEFT JOIN people p ON p.id = u.person_id
         WHERE {condition} ORDER BY u.seq LIMIT ?{} OFFSET ?{}",
        values.len() - 1,
        values.len()
    );
    let mut statement = r.prepare(&sql)?;
    let rows = statement.query_map(params_from_iter(values), user)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn count_users(r: &Reader, connection: ConnectionId, narrow: &Narrow) -> Result<i64> {
    let (condition, values) = of_users(connection, narrow);
    let people = if narrow.search.trim().is_empty() {
        ""
    } else {
        "LEFT JOIN people p ON p.id = u.person_id"
    };
    let sql = format!("SELECT count(*) FROM directory_users u {people} WHERE {condition}");
    Ok(r.prepare(&sql)?
        .query_row(params_from_iter(values), |row| row.get(0))?)
}

fn of_users(connection: ConnectionId, narrow: &Narrow) -> (String, Vec<Value>) {
    let mut values = vec![Value::from(connection.to_string())];
    let mut terms = vec!["u.connection_id = ?1 AND u.deleted_at IS NULL".to_owned()];
    if let Some(claimed) = narrow.claimed {
        values.push(i64::from(claimed).into());
        terms.push(format!("u.claimed = ?{}", values.len()));
    }
    if let Some(active) = narrow.active {
        values.push(i64::from(active).into());
        terms.push(format!("u.active = ?{}", values.len()));
    }
    if let Some(person) = narrow.person {
        values.push(person.to_string().into());
        terms.push(format!("u.person_id = ?{}", values.len()));
    }
    for word in words(&narrow.search) {
        values.push(word.into());
        let place = values.len();
        terms.push(format!(
            "(instr(u.user_name_key, ?{place}) > 0 OR instr(lower(coalesce(u.external_id, '')), ?{place}) > 0
              OR instr(coalesce(p.search_key, ''), ?{place}) > 0)"
        ));
    }
    (terms.join(" AND "), values)
}

fn group(row: &Row) -> rusqlite::Result<SeenGroup> {
    Ok(SeenGroup {
        seq: row.get("seq")?,
        id: parsed(row, "id", ScimId::parse)?,
        display_name: row.get("display_name")?,
        external_id: row.get("external_id")?,
        members: row.get("members")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
        deleted_at: time_option(row, "deleted_at")?,
    })
}

/// Live groups, or those that were deleted after `deleted_since`; by name.
pub fn groups(
    r: &Reader,
    connection: ConnectionId,
    search: &str,
    deleted_since: Option<Timestamp>,
    offset: i64,
    limit: i64,
) -> Result<Vec<SeenGroup>> {
    let (condition, mut values) = of_groups(connection, search, deleted_since);
    values.extend([Value::from(limit), Value::from(offset)]);
    let sql = format!(
        "SELECT g.seq, g.id, g.display_name, g.external_id, g.created_at, g.updated_at, g.deleted_at,
                (SELECT count(*) FROM directory_members m WHERE m.group_seq = g.seq AND m.removed_at IS NULL) AS members
         FROM directory_groups g WHERE {condition} ORDER BY g.display_key, g.seq LIMIT ?{} OFFSET ?{}",
        values.len() - 1,
        values.len()
    );
    let mut statement = r.prepare(&sql)?;
    let rows = statement.query_map(params_from_iter(values), group)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn count_groups(
    r: &Reader,
    connection: ConnectionId,
    search: &str,
    deleted_since: Option<Timestamp>,
) -> Result<i64> {
    let (condition, values) = of_groups(connection, search, deleted_since);
    let sql = format!("SELECT count(*) FROM directory_groups g WHERE {condition}");
    Ok(r.prepare(&sql)?
        .query_row(params_from_iter(values), |row| row.get(0))?)
}

fn of_groups(
    connection: ConnectionId,
    search: &str,
    deleted_since: Option<Timestamp>,
) -> (String, Vec<Value>) {
    let mut values = vec![Value::from(connection.to_string())];
    let mut terms = vec!["g.connection_id = ?1".to_owned()];
    match deleted_since {
        Some(since) => {
            values.push(since.0.into());
            terms.push("g.deleted_at > ?2".to_owned());
        }
        None => terms.push("g.deleted_at IS NULL".to_owned()),
    }
    for word in words(search) {
        values.push(word.into());
        let place = values.len();
        terms.push(format!(
            "(instr(g.display_key, ?{place}) > 0 OR instr(lower(coalesce(g.external_id, '')), ?{place}) > 0)"
        ));
    }
    (terms.join(" AND "), values)
}

/// The live members of a group in the order in which they came.
pub fn members(r: &Reader, group: i64, offset: i64, limit: i64) -> Result<Vec<SeenMember>> {
    let mut statement = r.prepare(&format!(
        "SELECT coalesce(u.id, c.id) AS id, c.id IS NOT NULL AS is_group,
                coalesce(u.user_name, c.display_name) AS name, u.person_id, {NAMED} AS person, m.added_at
         FROM directory_members m
         LEFT JOIN directory_users u ON u.seq = m.user_seq
         LEFT JOIN directory_groups c ON c.seq = m.child_seq
         LEFT JOIN people p ON p.id = u.person_id
         WHERE m.group_seq = ?1 AND m.removed_at IS NULL AND u.deleted_at IS NULL AND c.deleted_at IS NULL
         ORDER BY m.rowid LIMIT ?2 OFFSET ?3"
    ))?;
    let rows = statement.query_map(params![group, limit, offset], |row| {
        Ok(SeenMember {
            id: parsed(row, "id", ScimId::parse)?,
            is_group: row.get("is_group")?,
            name: row.get("name")?,
            person_id: parsed_option(row, "person_id", PersonId::parse)?,
            person: row.get("person")?,
            added_at: time(row, "added_at")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many [`members`] lists.
pub fn count_members(r: &Reader, group: i64) -> Result<i64> {
    let mut statement = r.prepare_cached(
        "SELECT count(*) FROM directory_members m
         LEFT JOIN directory_users u ON u.seq = m.user_seq
         LEFT JOIN directory_groups c ON c.seq = m.child_seq
         WHERE m.group_seq = ?1 AND m.removed_at IS NULL AND u.deleted_at IS NULL AND c.deleted_at IS NULL",
    )?;
    Ok(statement.query_row([group], |row| row.get(0))?)
}

/// A group by the id that the identity provider knows, deleted ones too.
pub fn find_group(r: &Reader, connection: ConnectionId, id: ScimId) -> Result<Option<SeenGroup>> {
    let mut statement = r.prepare_cached(
        "SELECT g.seq, g.id, g.display_name, g.external_id, g.created_at, g.updated_at, g.deleted_at,
                (SELECT count(*) FROM directory_members m WHERE m.group_seq = g.seq AND m.removed_at IS NULL) AS members
         FROM directory_groups g WHERE g.id = ?1 AND g.connection_id = ?2",
    )?;
    let mut rows = statement.query_map([id.to_string(), connection.to_string()], group)?;
    Ok(rows.next().transpose()?)
}
