//! Pages and totals of users and of groups: the numbers of the rows, which their own files then read.

use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::condition::{self, Bound};
use super::place::{self, Counted};
use super::sort::{self, Sorted};
use super::{Asked, From, Key};
use crate::error::Result;
use crate::model::ResourceKind;
use crate::store::Reader;

/// The rows of a page, in order.
pub fn keys(r: &Reader, kind: ResourceKind, asked: &Asked, from: &From, limit: usize) -> Result<Vec<Key>> {
    let mut bound = Bound::new(asked.connection);
    let (mut wheres, sorted, narrow) = narrowed(&mut bound, kind, asked);
    let mut skip = 0;
    match from {
        From::After(key) => wheres.push(sorted.behind(&mut bound, key)),
        From::Offset(offset) if is_plain(asked) => {
            let Some((seq, left)) = place::find(r, asked.connection, kind, *offset)? else {
                return Ok(Vec::new());
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
    let mut statement = r.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(bound.values), |row| {
        Ok(Key {
            sort: sort::from_sql(row.get::<_, Value>(1)?),
            seq: row.get(0)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
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
    let (mut wheres, sorted, _) = narrowed(&mut bound, kind, asked);
    if let Some(key) = after {
        wheres.push(sorted.behind(&mut bound, key));
    }
    let sql = format!(
        "SELECT count(*) FROM {} AS r WHERE {}",
        table(kind),
        wheres.join(" AND ")
    );
    let mut statement = r.prepare_cached(&sql)?;
    Ok(statement.query_row(params_from_iter(bound.values), |row| row.get(0))?)
}

/// Everything in the order of the numbers.
fn is_plain(asked: &Asked) -> bool {
    asked.filter.is_none() && asked.order.is_none()
}

fn table(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::User => "directory_users",
        ResourceKind::Group => "directory_groups",
    }
}

fn narrowed(bound: &mut Bound, kind: ResourceKind, asked: &Asked) -> (Vec<String>, Sorted, bool) {
    let mut wheres = vec![
        "r.connection_id = ?1".to_owned(),
        "r.deleted_at IS NULL".to_owned(),
    ];
    wheres.extend(asked.filter.map(|filter| condition::of_rows(bound, kind, filter)));
    let sorted = match asked.order {
        Some(order) => sort::by(bound, kind, order),
        None => sort::by_number(),
    };
    let narrow = asked
        .filter
        .is_some_and(|filter| condition::narrows(kind, filter));
    (wheres, sorted, narrow)
}
