//! `directory_emails`: which users have an address, folded.

use std::collections::BTreeSet;

use rusqlite::params;
use serde_json::Value;

use crate::error::Result;
use crate::model::ConnectionId;
use crate::model::filter::fold;
use crate::store::Writer;

/// The addresses to keep: the given ones and every one that the search document has, so that no filter misses one.
pub fn keys(search: &Value, emails: &[String]) -> BTreeSet<String> {
    let listed = search.get("emails").and_then(Value::as_array);
    let values = listed
        .into_iter()
        .flatten()
        .filter_map(|email| email.get("value")?.as_str());
    values
        .chain(emails.iter().map(String::as_str))
        .map(fold)
        .collect()
}

/// Keeps the addresses of a new user.
pub fn insert(w: &Writer, connection: ConnectionId, user: i64, emails: &BTreeSet<String>) -> Result<()> {
    add(w, connection, user, &emails.iter().collect::<Vec<_>>())
}

/// Keeps these addresses of a user and no others.
pub fn replace(w: &Writer, connection: ConnectionId, user: i64, wanted: &BTreeSet<String>) -> Result<()> {
    let mut statement = w.prepare_cached("SELECT value_key FROM directory_emails WHERE user_seq = ?1")?;
    let kept = statement
        .query_map([user], |row| row.get(0))?
        .collect::<rusqlite::Result<BTreeSet<String>>>()?;
    for gone in kept.difference(wanted) {
        let sql =
            "DELETE FROM directory_emails WHERE connection_id = ?1 AND value_key = ?2 AND user_seq = ?3";
        w.prepare_cached(sql)?
            .execute(params![connection.to_string(), gone, user])?;
    }
    add(w, connection, user, &wanted.difference(&kept).collect::<Vec<_>>())
}

fn add(w: &Writer, connection: ConnectionId, user: i64, keys: &[&String]) -> Result<()> {
    let mut statement = w.prepare_cached(
        "INSERT INTO directory_emails (connection_id, value_key, user_seq) VALUES (?1, ?2, ?3)",
    )?;
    for key in keys {
        statement.execute(params![connection.to_string(), key, user])?;
    }
    Ok(())
}
