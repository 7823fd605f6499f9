//! Reading: one resource, a page of many, a page of everything (RFC 7644 §3.4).

mod everything;

use serde_json::{Value, json};

use super::cursor::Scope;
use super::paging::List as Pages;
use super::route::Target;
use super::{Answer, Caller, Done, Request, discovery, present};
use crate::error::Result;
use crate::flows::Context;
use crate::model::{DirectoryGroup, DirectoryUser, ResourceKind, ScimId};
use crate::scim::ScimProblem;
use crate::scim::query::{self, Query};
use crate::scim::render::List;
use crate::store::Reader;
use crate::store::directory::{Asked, From, Key, groups, users};

/// A read under way.
struct Look<'a> {
    ctx: &'a Context,
    r: &'a Reader<'a>,
    caller: &'a Caller,
    request: &'a Request,
}

/// Rows of a page with the place of its last one.
struct Rows {
    shown: Vec<Value>,
    last: Option<Key>,
}

pub fn consult(
    ctx: &Context,
    r: &Reader,
    caller: &Caller,
    request: &Request,
    target: &Target,
) -> Result<Done> {
    let look = Look {
        ctx,
        r,
        caller,
        request,
    };
    if let Some(answer) = discovery::answer(caller, request, target)? {
        return Ok(Done {
            answer,
            ..Done::default()
        });
    }
    match target {
        Target::One(kind, id) => look.one(*kind, id),
        Target::All(kind) => look.page(*kind, &query::from_pairs(&request.query, *kind)?),
        Target::Search(Some(kind)) => look.page(*kind, &query::from_search(request.json()?, *kind)?),
        Target::Search(None) => {
            let body = request.json()?;
            look.everything(|kind| query::from_search(body, kind))
        }
        _ => look.everything(|kind| query::from_pairs(&request.query, kind)),
    }
}

impl Look<'_> {
    fn one(&self, kind: ResourceKind, id: &str) -> Result<Done> {
        let projection = self.request.projection(kind)?;
        let (r, base, connection) = (self.r, &self.caller.base, self.caller.connection.id);
        let parsed = ScimId::parse(id);
        let missing = || ScimProblem::not_found(&kind.name().to_lowercase(), id);
        let (id, version, body) = match kind {
            ResourceKind::User => {
                let found = parsed
                    .map(|id| users::find(r, connection, id))
                    .transpose()?
                    .flatten();
                let row = found.ok_or_else(missing)?;
                (row.id, row.version, present::user(r, base, &row, &projection)?)
            }
            ResourceKind::Group => {
                let found = parsed
                    .map(|id| groups::find(r, connection, id))
                    .transpose()?
                    .flatten();
                let row = found.ok_or_else(missing)?;
                (row.id, row.version, present::group(r, base, &row, &projection)?)
            }
        };
        let mut answer = present::answer(200, body, version, present::location(base, kind, id));
        if self.request.has_version(version) {
            answer.status = 304;
            answer.body = None;
        }
        Ok(Done {
            answer,
            understood: json!({ "read": kind.name(), "id": id }),
            ..Done::default()
        })
    }

    fn page(&self, kind: ResourceKind, query: &Query) -> Result<Done> {
        let list = match &query.cursor {
            Some(cursor) => self.by_cursor(kind, query, cursor)?,
            None => self.by_index(kind, query)?,
        };
        Ok(listed(list, kind.endpoint(), query))
    }

    fn by_index(&self, kind: ResourceKind, query: &Query) -> Result<List> {
        let (pages, now) = (&self.ctx.pages, self.ctx.now());
        let name = Pages::of(self.caller.credential, kind, &query.signature);
        let start = query.start_index.max(1);
        let skipped = as_count(start - 1);
        let socket = self.request.socket.as_str();
        let from = if query.count == 0 {
            From::Offset(skipped)
        } else if start == 1 {
            pages.begin(name, socket);
            From::Offset(0)
        } else {
            let behind = pages.find(name, start, socket, now);
            behind.map_or(From::Offset(skipped), From::After)
        };
        // Of a page that goes on behind a row, the rows before it are those that were given out.
        let total = match &from {
            From::Offset(_) => self.count(kind, query, None)?,
            From::After(key) => skipped + self.count(kind, query, Some(key))?,
        };
        let rows = self.rows(kind, query, &from, query.count)?;
        let given = rows.shown.len();
        if let Some(last) = &rows.last
            && (skipped + as_count(given) < total || start > 1)
        {
            pages.remember(name, start + given, last, socket, now);
        }
        Ok(List {
            total,
            start_index: Some(start),
            resources: rows.shown,
            ..List::default()
        })
    }

    fn by_cursor(&self, kind: ResourceKind, query: &Query, cursor: &str) -> Result<List> {
        let (vault, now) = (&self.ctx.vault, self.ctx.now());
        let scope = Scope {
            connection: self.caller.connection.id,
            kind,
            signature: &query.signature,
        };
        let from = match cursor {
            "" => From::Offset(0),
            cursor => From::After(scope.read(vault, cursor, now)?),
        };
        let rows = self.rows(kind, query, &from, query.count)?;
        let next_cursor = match &rows.last {
            Some(last) if self.count(kind, query, Some(last))? > 0 => Some(scope.write(vault, last, now)),
            _ => None,
        };
        Ok(List {
            total: self.count(kind, query, None)?,
            resources: rows.shown,
            next_cursor,
            ..List::default()
        })
    }

    fn count(&self, kind: ResourceKind, query: &Query, after: Option<&Key>) -> Result<i64> {
        let asked = self.asked(query);
        match kind {
            ResourceKind::User => users::count(self.r, &asked, after),
            ResourceKind::Group => groups::count(self.r, &asked, after),
        }
    }

    fn rows(&self, kind: ResourceKind, query: &Query, from: &From, limit: usize) -> Result<Rows> {
        let (r, base, asked) = (self.r, self.caller.base.as_str(), self.asked(query));
        if limit == 0 {
            return Ok(Rows {
                shown: Vec::new(),
                last: None,
            });
        }
        match kind {
            ResourceKind::User => {
                let found = users::list(r, &asked, from, limit)?;
                let (mut keys, rows): (Vec<Key>, Vec<DirectoryUser>) = found.into_iter().unzip();
                Ok(Rows {
                    shown: present::users(r, base, &rows, &query.projection)?,
                    last: keys.pop(),
                })
            }
            ResourceKind::Group => {
                let found = groups::list(r, &asked, from, limit)?;
                let (mut keys, rows): (Vec<Key>, Vec<DirectoryGroup>) = found.into_iter().unzip();
                let show = |row: &DirectoryGroup| present::group(r, base, row, &query.projection);
                Ok(Rows {
                    shown: rows.iter().map(show).collect::<Result<_>>()?,
                    last: keys.pop(),
                })
            }
        }
    }

    fn asked<'q>(&self, query: &'q Query) -> Asked<'q> {
        Asked {
            connection: self.caller.connection.id,
            filter: query.filter.as_ref(),
            order: query.order.as_ref(),
        }
    }
}

fn as_count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn listed(list: List, of: &str, query: &Query) -> Done {
    let understood = json!({
        "list": of,
        "signature": query.signature,
        "startIndex": list.start_index,
        "count": query.count,
        "cursor": query.cursor.is_some(),
        "totalResults": list.total,
        "given": list.resources.len(),
    });
    Done {
        answer: Answer {
            status: 200,
            body: Some(list.to_json()),
            ..Answer::default()
        },
        understood,
        ..Done::default()
    }
}
