//! Users and groups in one list: in one order where one is asked for, else users and then groups.

use std::collections::HashMap;

use serde_json::Value;

use super::{Look, Pages, as_count, listed, present};
use crate::error::Result;
use crate::flows::provision::Done;
use crate::model::{DirectoryUser, ResourceKind};
use crate::scim::query::Query;
use crate::scim::render::List;
use crate::scim::{ScimProblem, ScimType};
use crate::store::directory::everything::{self, Both, Place};
use crate::store::directory::{From, Key, groups, users};

/// The same list, asked of both kinds.
struct Queries {
    users: Query,
    groups: Query,
}

/// Where a page begins: behind a row that was given out, or after so many.
struct Begin {
    skipped: i64,
    behind: Option<Place>,
}

/// A page, and how many rows the whole list has.
struct Found {
    total: i64,
    shown: Vec<Value>,
    last: Option<Place>,
}

impl Look<'_> {
    /// A page goes on behind the row at the end of the page before it, as in a list of one kind.
    pub(super) fn everything(
        &self,
        read: impl Fn(ResourceKind) -> Result<Query, ScimProblem>,
    ) -> Result<Done> {
        let queries = Queries {
            users: read(ResourceKind::User)?,
            groups: read(ResourceKind::Group)?,
        };
        let query = &queries.users;
        if query.cursor.is_some() {
            let detail = "A search over users and groups together goes by startIndex. Search /Users or /Groups to go \
                          by cursor.";
            return Err(ScimProblem::bad(ScimType::InvalidCursor, detail).into());
        }
        let (pages, now, socket) = (&self.ctx.pages, self.ctx.now(), self.request.socket.as_str());
        let signature = format!("everything\u{1}{}", query.signature);
        let name = Pages::of(self.caller.credential, ResourceKind::User, &signature);
        let (start, count) = (query.start_index.max(1), query.count);
        let behind = match (start, count) {
            (_, 0) => None,
            (1, _) => {
                pages.begin(name, socket);
                None
            }
            _ => pages.find(name, start, socket, now).map(place),
        };
        let begin = Begin {
            skipped: as_count(start - 1),
            behind,
        };
        let found = match query.order {
            Some(_) => self.in_one_order(&queries, &begin)?,
            None => self.users_then_groups(&queries, &begin)?,
        };
        let given = found.shown.len();
        if let Some(last) = found.last
            && (begin.skipped + as_count(given) < found.total || start > 1)
        {
            pages.remember(name, start + given, &remembered(last), socket, now);
        }
        let list = List {
            total: found.total,
            start_index: Some(start),
            resources: found.shown,
            ..List::default()
        };
        Ok(listed(list, "everything", query))
    }

    fn in_one_order(&self, queries: &Queries, begin: &Begin) -> Result<Found> {
        let (users, groups) = (self.asked(&queries.users), self.asked(&queries.groups));
        let both = Both {
            users: &users,
            groups: &groups,
        };
        let (after, limit) = (begin.behind.as_ref(), queries.users.count);
        // Of a page that goes on behind a row, the rows before it are those that were given out.
        let (skip, before) = match after {
            Some(_) => (0, begin.skipped),
            None => (begin.skipped, 0),
        };
        let mut places = match limit {
            0 => Vec::new(),
            limit => everything::places(self.r, both, after, skip, limit)?,
        };
        Ok(Found {
            total: before + everything::count(self.r, both, after)?,
            shown: self.show(queries, &places)?,
            last: places.pop(),
        })
    }

    /// The rows at these places, in their order.
    fn show(&self, queries: &Queries, places: &[Place]) -> Result<Vec<Value>> {
        let (r, base) = (self.r, self.caller.base.as_str());
        let mut people: Vec<DirectoryUser> = Vec::new();
        for place in places.iter().filter(|place| place.kind == ResourceKind::User) {
            people.extend(users::find_by_seq(r, place.key.seq)?);
        }
        // Their groups are read in one query.
        let resources = present::users(r, base, &people, &queries.users.projection)?;
        let numbers = people.iter().map(|row| row.seq);
        let mut resources: HashMap<i64, Value> = numbers.zip(resources).collect();
        let mut shown = Vec::with_capacity(places.len());
        for place in places {
            match place.kind {
                ResourceKind::User => shown.extend(resources.remove(&place.key.seq)),
                ResourceKind::Group => {
                    if let Some(row) = groups::find_by_seq(r, place.key.seq)? {
                        shown.push(present::group(r, base, &row, &queries.groups.projection)?);
                    }
                }
            }
        }
        Ok(shown)
    }

    fn users_then_groups(&self, queries: &Queries, begin: &Begin) -> Result<Found> {
        let (skipped, count) = (begin.skipped, queries.users.count);
        let mut total = begin.behind.as_ref().map_or(0, |_| skipped);
        let [users, groups] = match &begin.behind {
            Some(Place { kind, key }) => match kind {
                ResourceKind::Group => [None, Some(From::After(key.clone()))],
                ResourceKind::User => [Some(From::After(key.clone())), Some(From::Offset(0))],
            },
            None => {
                let users = self.count(ResourceKind::User, &queries.users, None)?;
                let left = (skipped - users).max(0);
                [Some(From::Offset(skipped)), Some(From::Offset(left))]
            }
        };
        let kinds = [
            (ResourceKind::User, &queries.users, users),
            (ResourceKind::Group, &queries.groups, groups),
        ];
        let (mut shown, mut last) = (Vec::new(), None);
        for (kind, query, from) in kinds {
            let Some(from) = from else {
                continue;
            };
            total += match &from {
                From::After(key) => self.count(kind, query, Some(key))?,
                From::Offset(_) => self.count(kind, query, None)?,
            };
            let rows = self.rows(kind, query, &from, count - shown.len())?;
            shown.extend(rows.shown);
            last = rows.last.map(|key| Place { kind, key }).or(last);
        }
        Ok(Found { total, shown, last })
    }
}

/// As it is remembered between two pages: the number of a group with a minus.
fn remembered(place: Place) -> Key {
    let Key { sort, seq } = place.key;
    match place.kind {
        ResourceKind::User => Key { sort, seq },
        ResourceKind::Group => Key { sort, seq: -seq },
    }
}

fn place(Key { sort, seq }: Key) -> Place {
    let kind = match seq < 0 {
        true => ResourceKind::Group,
        false => ResourceKind::User,
    };
    let key = Key { sort, seq: seq.abs() };
    Place { kind, key }
}
