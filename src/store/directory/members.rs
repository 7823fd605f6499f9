//! `directory_members`: who is in which group. What ended stays for 30 days.

use std::collections::HashMap;

use rusqlite::{Row, params};

use super::condition::{self, Bound};
use crate::error::{Error, Result};
use crate::model::filter::Condition;
use crate::model::{ConnectionId, ResourceKind, ScimId, Timestamp};
use crate::store::rows::parsed;
use crate::store::{Reader, Writer};

/// Who is meant, by row number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Member {
    User(i64),
    Group(i64),
}

impl Member {
    /// The row's number.
    pub fn seq(self) -> i64 {
        match self {
            Member::User(seq) | Member::Group(seq) => seq,
        }
    }
}

/// No limit.
pub const ALL: usize = usize::MAX;

/// A membership with what is shown of its other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    pub member: Member,
    pub id: ScimId,
    pub kind: ResourceKind,
    pub display: Option<String>,
}

fn read(row: &Row) -> rusqlite::Result<Tie> {
    let group: bool = row.get("is_group")?;
    let seq = row.get("seq")?;
    Ok(Tie {
        member: if group {
            Member::Group(seq)
        } else {
            Member::User(seq)
        },
        id: parsed(row, "id", ScimId::parse)?,
        kind: if group {
            ResourceKind::Group
        } else {
            ResourceKind::User
        },
        display: row.get("display")?,
    })
}

/// What a list of members reads, of users and of groups. A user without a name for people has none to show.
const USERS: &str =
    "SELECT m.rowid AS place, 0 AS is_group, t.seq, t.id, nullif(t.display, t.user_name) AS display
    FROM directory_members m JOIN directory_users t ON t.seq = m.user_seq
    WHERE m.group_seq = ?1 AND m.removed_at IS NULL AND t.deleted_at IS NULL";
const GROUPS: &str = "SELECT m.rowid AS place, 1 AS is_group, t.seq, t.id, t.display_name AS display
    FROM directory_members m JOIN directory_groups t ON t.seq = m.child_seq
    WHERE m.group_seq = ?1 AND m.removed_at IS NULL AND t.deleted_at IS NULL";

/// The plus keeps SQLite from walking the whole connection instead of looking up each id.
const RESOLVE: &str = "SELECT id, seq, 0 AS is_group FROM directory_users
        WHERE id IN (SELECT value FROM json_each(?2)) AND +connection_id = ?1 AND deleted_at IS NULL
    UNION ALL
    SELECT id, seq, 1 AS is_group FROM directory_groups
        WHERE id IN (SELECT value FROM json_each(?2)) AND +connection_id = ?1 AND deleted_at IS NULL";
const GROUPS_OF_USERS: &str =
    "SELECT m.user_seq AS user, 1 AS is_group, g.seq, g.id, g.display_name AS display
    FROM directory_members m JOIN directory_groups g ON g.seq = m.group_seq
    WHERE m.user_seq IN (SELECT value FROM json_each(?1)) AND m.removed_at IS NULL AND g.deleted_at IS NULL
    ORDER BY m.rowid";
/// As [`GROUPS_OF_USERS`], for the one user that most requests are about.
const GROUPS_OF_USER: &str =
    "SELECT m.user_seq AS user, 1 AS is_group, g.seq, g.id, g.display_name AS display
    FROM directory_members m JOIN directory_groups g ON g.seq = m.group_seq
    WHERE m.user_seq = ?1 AND m.removed_at IS NULL AND g.deleted_at IS NULL
    ORDER BY m.rowid";

/// How SQLite looks up many at once, in [`resolve`] and in [`groups_of_users`]: in its own words (`EXPLAIN QUERY PLAN`),
/// a line for each step.
pub fn explain(r: &Reader) -> Result<Vec<String>> {
    let mut plans = Vec::new();
    for sql in [RESOLVE, GROUPS_OF_USERS, GROUPS_OF_USER] {
        let mut statement = r.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
        let nothing = vec![rusqlite::types::Null; statement.parameter_count()];
        let steps = statement.query_map(rusqlite::params_from_iter(nothing), |row| row.get("detail"))?;
        plans.push(steps.collect::<rusqlite::Result<Vec<String>>>()?.join("\n"));
    }
    Ok(plans)
}

/// Live users and groups of the connection by their SCIM ids; unknown ids are simply not in the answer.
pub fn resolve(r: &Reader, connection: ConnectionId, ids: &[ScimId]) -> Result<HashMap<ScimId, Member>> {
    let ids = serde_json::to_string(ids).map_err(Error::internal)?;
    let mut statement = r.prepare_cached(RESOLVE)?;
    let rows = statement.query_map(params![connection.to_string(), ids], |row| {
        let group: bool = row.get("is_group")?;
        let seq = row.get("seq")?;
        let member = if group {
            Member::Group(seq)
        } else {
            Member::User(seq)
        };
        Ok((parsed(row, "id", ScimId::parse)?, member))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The live members of a group, in the order in which they came; `limit` of them.
pub fn list_of_group(r: &Reader, group: i64, limit: usize) -> Result<Vec<Tie>> {
    let mut statement = r.prepare_cached(
        "SELECT coalesce(u.seq, c.seq) AS seq, coalesce(u.id, c.id) AS id, u.seq IS NULL AS is_group,
                coalesce(nullif(u.display, u.user_name), c.display_name) AS display
         FROM directory_members m
            LEFT JOIN directory_users u ON u.seq = m.user_seq AND u.deleted_at IS NULL
            LEFT JOIN directory_groups c ON c.seq = m.child_seq AND c.deleted_at IS NULL
         WHERE m.group_seq = ?1 AND m.removed_at IS NULL AND (u.seq IS NOT NULL OR c.seq IS NOT NULL)
         ORDER BY m.rowid LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map([group, limit], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The live members of a group that meet a condition on `value`, `display`, `type`.
pub fn list_matching(r: &Reader, group: i64, condition: &Condition) -> Result<Vec<Tie>> {
    let mut bound = Bound::of_group(group);
    let users = condition::of_members(&mut bound, ResourceKind::User, condition);
    let groups = condition::of_members(&mut bound, ResourceKind::Group, condition);
    let sql = format!("{USERS} AND {users} UNION ALL {GROUPS} AND {groups} ORDER BY place");
    let mut statement = r.prepare_cached(&sql)?;
    let values = bound.values(&statement);
    let rows = statement.query_map(values, read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The live groups of each of these users (row numbers), in one query.
pub fn groups_of_users(r: &Reader, users: &[i64]) -> Result<HashMap<i64, Vec<Tie>>> {
    let (sql, users): (_, rusqlite::types::Value) = match users {
        [one] => (GROUPS_OF_USER, (*one).into()),
        many => (
            GROUPS_OF_USERS,
            serde_json::to_string(many).map_err(Error::internal)?.into(),
        ),
    };
    let mut statement = r.prepare_cached(sql)?;
    let mut found: HashMap<i64, Vec<Tie>> = HashMap::new();
    for row in statement.query_map([users], |row| Ok((row.get("user")?, read(row)?)))? {
        let (user, tie) = row?;
        found.entry(user).or_default().push(tie);
    }
    Ok(found)
}

/// The groups that contain this group directly.
pub fn groups_of_group(r: &Reader, group: i64) -> Result<Vec<Tie>> {
    let mut statement = r.prepare_cached(
        "SELECT 1 AS is_group, g.seq, g.id, g.display_name AS display
         FROM directory_members m JOIN directory_groups g ON g.seq = m.group_seq
         WHERE m.child_seq = ?1 AND m.removed_at IS NULL AND g.deleted_at IS NULL
         ORDER BY m.rowid",
    )?;
    let rows = statement.query_map([group], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many live members a group has.
pub fn count_of_group(r: &Reader, group: i64) -> Result<i64> {
    let mut statement = r.prepare_cached(
        "SELECT (SELECT count(*) FROM directory_members m JOIN directory_users t ON t.seq = m.user_seq
                 WHERE m.group_seq = ?1 AND m.removed_at IS NULL AND t.deleted_at IS NULL)
              + (SELECT count(*) FROM directory_members m JOIN directory_groups t ON t.seq = m.child_seq
                 WHERE m.group_seq = ?1 AND m.removed_at IS NULL AND t.deleted_at IS NULL)",
    )?;
    Ok(statement.query_row([group], |row| row.get(0))?)
}

/// Adds; true when it was no member before.
pub fn add(w: &Writer, group: i64, member: Member, now: Timestamp) -> Result<bool> {
    let (sql, seq) = match member {
        Member::User(seq) => (
            "INSERT INTO directory_members (group_seq, user_seq, added_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (group_seq, user_seq) WHERE user_seq IS NOT NULL DO UPDATE
                SET removed_at = NULL, held = 0, added_at = excluded.added_at WHERE removed_at IS NOT NULL",
            seq,
        ),
        Member::Group(seq) => (
            "INSERT INTO directory_members (group_seq, child_seq, added_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (group_seq, child_seq) WHERE child_seq IS NOT NULL DO UPDATE
                SET removed_at = NULL, held = 0, added_at = excluded.added_at WHERE removed_at IS NOT NULL",
            seq,
        ),
    };
    Ok(w.prepare_cached(sql)?.execute(params![group, seq, now.0])? == 1)
}

/// Ends a membership; `held`: its end has not reached the person. True when there was one.
pub fn remove(w: &Writer, group: i64, member: Member, held: bool, now: Timestamp) -> Result<bool> {
    let (sql, seq) = match member {
        Member::User(seq) => (
            "UPDATE directory_members SET removed_at = ?3, held = ?4
             WHERE group_seq = ?1 AND user_seq = ?2 AND removed_at IS NULL",
            seq,
        ),
        Member::Group(seq) => (
            "UPDATE directory_members SET removed_at = ?3, held = ?4
             WHERE group_seq = ?1 AND child_seq = ?2 AND removed_at IS NULL",
            seq,
        ),
    };
    Ok(w.prepare_cached(sql)?.execute(params![group, seq, now.0, held])? == 1)
}

/// The end of a membership waits for an admin.
pub fn hold(w: &Writer, group: i64, user: i64) -> Result<()> {
    let mut statement =
        w.prepare_cached("UPDATE directory_members SET held = 1 WHERE group_seq = ?1 AND user_seq = ?2")?;
    statement.execute([group, user])?;
    Ok(())
}

/// Does the end of this membership wait for an admin?
pub fn is_held(r: &Reader, group: i64, user: i64) -> Result<bool> {
    let mut statement = r.prepare_cached(
        "SELECT 1 FROM directory_members WHERE group_seq = ?1 AND user_seq = ?2 AND held = 1",
    )?;
    Ok(statement.exists([group, user])?)
}

/// The end of a membership reached the person after all.
pub fn settle(w: &Writer, group: i64, user: i64) -> Result<()> {
    let mut statement =
        w.prepare_cached("UPDATE directory_members SET held = 0 WHERE group_seq = ?1 AND user_seq = ?2")?;
    statement.execute([group, user])?;
    Ok(())
}

/// Memberships of a user that ended at or after `since`, in groups that still exist: what a restore puts back.
pub fn list_ended(r: &Reader, user: i64, since: Timestamp) -> Result<Vec<Tie>> {
    let mut statement = r.prepare_cached(
        "SELECT 1 AS is_group, g.seq, g.id, g.display_name AS display
         FROM directory_members m JOIN directory_groups g ON g.seq = m.group_seq
         WHERE m.user_seq = ?1 AND m.removed_at >= ?2 AND g.deleted_at IS NULL
         ORDER BY m.rowid",
    )?;
    let rows = statement.query_map([user, since.0], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// So many are forgotten at once, so that nobody waits long for the writer.
const SWEPT: i64 = 5_000;

/// Forgets memberships that ended before `before`, the oldest first and some thousand at most; returns how many.
pub fn sweep(w: &Writer, before: Timestamp) -> Result<usize> {
    let mut statement = w.prepare_cached(
        "DELETE FROM directory_members WHERE rowid IN (
            SELECT rowid FROM directory_members WHERE removed_at IS NOT NULL AND removed_at < ?1 AND held = 0
                AND NOT EXISTS (SELECT 1 FROM waiting_members w WHERE w.group_seq = directory_members.group_seq
                                AND w.user_seq = directory_members.user_seq)
            ORDER BY removed_at LIMIT ?2)",
    )?;
    Ok(statement.execute([before.0, SWEPT])?)
}
