//! Users and groups together, in one order.
//!
//! Of a user and a group with the same value the user comes first, as all users do where nothing is sorted. A
//! descending list is the ascending one backwards, here too.

use rusqlite::types::Value;

use super::condition::Bound;
use super::{Asked, Key, page, sort};
use crate::error::Result;
use crate::model::ResourceKind;
use crate::store::Reader;

/// The place of a row of either kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub kind: ResourceKind,
    pub key: Key,
}

impl Place {
    /// The same place in the list of `kind` alone. Numbers begin at 1.
    fn among(&self, kind: ResourceKind) -> Key {
        let seq = match (self.kind, kind) {
            (ResourceKind::User, ResourceKind::Group) => 0,
            (ResourceKind::Group, ResourceKind::User) => i64::MAX,
            _ => self.key.seq,
        };
        Key {
            sort: self.key.sort.clone(),
            seq,
        }
    }
}

/// What both kinds are asked: the same, in the words of each.
#[derive(Clone, Copy, Debug)]
pub struct Both<'a> {
    pub users: &'a Asked<'a>,
    pub groups: &'a Asked<'a>,
}

impl<'a> Both<'a> {
    fn each(self) -> [(ResourceKind, &'a Asked<'a>); 2] {
        [
            (ResourceKind::User, self.users),
            (ResourceKind::Group, self.groups),
        ]
    }
}

/// The rows of a page, in order: so many, after `skip` others, of all or of those behind a place.
pub fn places(r: &Reader, both: Both, after: Option<&Place>, skip: i64, limit: usize) -> Result<Vec<Place>> {
    let mut bound = Bound::new(both.users.connection);
    let arm = |(kind, asked): (ResourceKind, &Asked)| {
        let (mut wheres, _) = page::narrowed(&mut bound, kind, asked);
        let sorted = page::sorted(&mut bound, kind, asked);
        wheres.extend(after.map(|place| sorted.behind(&mut bound, &place.among(kind))));
        let is_group = i64::from(kind == ResourceKind::Group);
        format!(
            "SELECT r.seq AS seq, {} AS v, {is_group} AS is_group FROM {} AS r WHERE {}",
            sorted.value,
            page::table(kind),
            wheres.join(" AND ")
        )
    };
    let arms = both.each().map(arm).join(" UNION ALL ");
    let order = match both.users.order.is_some_and(|order| order.descending) {
        true => "v DESC NULLS FIRST, is_group DESC, seq DESC",
        false => "v NULLS LAST, is_group, seq",
    };
    let limit = bound.bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let skip = bound.bind(skip);
    let sql = format!("{arms} ORDER BY {order} LIMIT {limit} OFFSET {skip}");
    let mut statement = r.prepare_cached(&sql)?;
    let values = bound.values(&statement);
    let rows = statement.query_map(values, |row| {
        let kind = match row.get("is_group")? {
            true => ResourceKind::Group,
            false => ResourceKind::User,
        };
        let key = Key {
            sort: sort::from_sql(row.get::<_, Value>("v")?),
            seq: row.get("seq")?,
        };
        Ok(Place { kind, key })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many live rows there are of both kinds, or how many behind a place.
pub fn count(r: &Reader, both: Both, after: Option<&Place>) -> Result<i64> {
    let counts = both.each().map(|(kind, asked)| {
        let after = after.map(|place| place.among(kind));
        page::count(r, kind, asked, after.as_ref())
    });
    let [users, groups] = counts;
    Ok(users? + groups?)
}
