//! Pages and totals of users and of groups: the numbers of the rows, which their own files then read.

use rusqlite::types::Value;

use super::condition::{self, Bound, Narrow};
use super::place::{self, Counted};
use super::sort::{self, Sorted};
use super::{Asked, From, Key};
use crate::error::Result;
use crate::model::ResourceKind;
use crate::store::Reader;

/// The rows of a page, in order.
pub fn keys(r: &Reader, kind: ResourceKind, asked: &Asked, from: &From, limit: usize) -> Result<Vec<Key>> {
    let Some((sql, bound)) = question(r, kind, asked, from, limit)? else {
        return Ok(Vec::new());
    };
    let mut statement = r.prepare_cached(&sql)?;
    let values = bound.values(&statement);
    let rows = statement.query_map(values, |row| {
        Ok(Key {
            sort: sort::from_sql(row.get::<_, Value>(1)?),
            seq: row.get(0)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How SQLite answers a list, in its own words (`EXPLAIN QUERY PLAN`), a line for each step.
pub fn explain(r: &Reader, kind: ResourceKind, asked: &Asked, from: &From, limit: usize) -> Result<String> {
    let Some((sql, bound)) = question(r, kind, asked, from, limit)? else {
        return Ok(String::new());
    };
    let mut statement = r.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    let values = bound.values(&statement);
    let steps = statement.query_map(values, |row| row.get::<_, String>("detail"))?;
    Ok(steps.collect::<rusqlite::Result<Vec<_>>>()?.join("\n"))
}

/// The statement for a page; `None` when the page lies behind the end.
fn question(
    r: &Reader,
    kind: ResourceKind,
    asked: &Asked,
    from: &From,
    limit: usize,
) -> Result<Option<(String, Bound)>> {
    let mut bound = Bound::new(asked.connection);
    let (mut wheres, narrow) = narrowed(&mut bound, kind, asked);
    let sorted = sorted(&mut bound, kind, asked);
    let mut skip = 0;
    match from {
        From::After(key) => wheres.push(sorted.behind(&mut bound, key)),
        From::Offset(offset) if is_plain(asked) => {
            let Some((seq, left)) = place::find(r, asked.connection, kind, *offset)? else {
                return Ok(None);
            };
            wheres.push(format!("r.seq >= {}", bound.bind(seq)));
            skip = left;
        }
        From::Offset(offset) => skip = *offset,
    }
    let limit = bound.bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let skip = bound.bind(skip);
    let sql = format!(
        "SELECT r.seq, {} AS v FROM {} AS r WHERE {} ORDER BY {} LIMIT {limit} OFFSET {skip}",
        sorted.value,
        table(kind),
        wheres.join(" AND "),
        sorted.order(narrow)
    );
    Ok(Some((sql, bound)))
}

/// How many live rows there are, or how many behind a place.
pub fn count(r: &Reader, kind: ResourceKind, asked: &Asked, after: Option<&Key>) -> Result<i64> {
    if asked.filter.is_none() && after.is_none() {
        return place::total(r, asked.connection, Counted::Live(kind));
    }
    if let (true, Some(key)) = (is_plain(asked), after) {
        return place::total_behind(r, asked.connection, kind, key.seq);
    }
    let mut bound = Bound::new(asked.connection);
    let (mut wheres, _) = narrowed(&mut bound, kind, asked);
    if let Some(key) = after {
        let sorted = sorted(&mut bound, kind, asked);
        wheres.push(sorted.behind(&mut bound, key));
    }
    let sql = format!(
        "SELECT count(*) FROM {} AS r WHERE {}",
        table(kind),
        wheres.join(" AND ")
    );
    let mut statement = r.prepare_cached(&sql)?;
    let values = bound.values(&statement);
    Ok(statement.query_row(values, |row| row.get(0))?)
}

/// Everything in the order of the numbers.
fn is_plain(asked: &Asked) -> bool {
    asked.filter.is_none() && asked.order.is_none()
}

pub(super) fn table(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::User => "directory_users",
        ResourceKind::Group => "directory_groups",
    }
}

/// What a row must be, and whether an index leaves few of them.
pub(super) fn narrowed(bound: &mut Bound, kind: ResourceKind, asked: &Asked) -> (Vec<String>, bool) {
    let narrow = asked
        .filter
        .map_or(Narrow::Not, |filter| condition::narrow(kind, filter));
    let mut wheres = match narrow {
        // Each part of an `or` says so itself. Said here too, walking through the whole connection would look cheap.
        Narrow::ByParts => Vec::new(),
        Narrow::Once | Narrow::Not => vec![
            "r.connection_id = ?1".to_owned(),
            "r.deleted_at IS NULL".to_owned(),
        ],
    };
    wheres.extend(asked.filter.map(|filter| condition::of_rows(bound, kind, filter)));
    (wheres, narrow != Narrow::Not)
}

pub(super) fn sorted(bound: &mut Bound, kind: ResourceKind, asked: &Asked) -> Sorted {
    match asked.order {
        Some(order) => sort::by(bound, kind, order),
        None => sort::by_number(),
    }
}
