//! One access group: its facts and what feeds it; selecting groups of identity providers that feed it.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::access_groups::{group_id, sees};
use super::facts::{Choice, count};
use super::{Body, refuse};
use crate::error::{Error, Kind, Result};
use crate::flows::feeds;
use crate::model::{AccessGroup, Connection, FeedId, Role, Timestamp};
use crate::store::directory::seen;
use crate::store::feeds::{Feed, Source};
use crate::store::{self, Reader, claimed_groups};
use crate::web::fail::{self, Answer};
use crate::web::form::{Field, Form};
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Section, Shell, render, render_as};
use crate::web::pieces::{Notice, Pager};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

/// Pushed groups to a page.
const PAGE: i64 = 100;
/// Values of sign-ins that are listed.
const VALUES: i64 = 200;

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/access/groups/{id}", Access::ROLES, show),
        get("/admin/access/groups/{id}/feeds", Access::ROLES, choose),
        post("/admin/access/groups/{id}/feeds", Access::ROLES, add),
        post("/admin/access/groups/{id}/named", Access::ROLES, name),
        post(
            "/admin/access/groups/{id}/feeds/{feed}/removal",
            Access::ROLES,
            take_out,
        ),
    ]
}

struct FeedLine {
    name: String,
    connection: String,
    kind: &'static str,
    may_own: bool,
    is_gone: bool,
    at: Timestamp,
    by: String,
    removal: String,
}

#[derive(Template)]
#[template(path = "admin/access/group.html")]
struct GroupPage {
    shell: Shell,
    up: String,
    group: AccessGroup,
    role: Role,
    sees: String,
    people: String,
    who: String,
    place: usize,
    feeds: Vec<FeedLine>,
    edit: String,
    choose: String,
    removal: String,
}

fn feed_line(r: &Reader, feed: Feed) -> Result<FeedLine> {
    let (kind, is_gone) = match feed.source {
        Source::Pushed(seq) => {
            let found = store::directory::groups::find_by_seq(r, seq)?;
            (
                "provisioning",
                found.is_none_or(|group| group.deleted_at.is_some()),
            )
        }
        Source::Claimed(_) => ("sign-ins", false),
    };
    Ok(FeedLine {
        connection: store::connections::get(r, feed.connection_id)?.name,
        removal: urls::feed_removal(&feed.access_group_id.to_string(), &feed.id.to_string()),
        name: feed.name,
        kind,
        may_own: feed.may_own,
        is_gone,
        at: feed.created_at,
        by: feed.created_by,
    })
}

async fn show(visit: Visit, id: web::Path<String>) -> Answer {
    let wanted = group_id(&id)?;
    let reading = visit.ctx.store.reading(move |r| {
        let all = store::access_groups::list(r)?;
        let place = all.iter().position(|(group, _)| group.id == wanted);
        let place = place.ok_or_else(|| Error::not_found("access group"))?;
        let (group, people) = all[place].clone();
        let role = store::roles::get(r, &group.role)?;
        let feeds = store::feeds::list_of_group(r, wanted)?;
        let feeds: Result<Vec<FeedLine>> = feeds.into_iter().map(|feed| feed_line(r, feed)).collect();
        Ok((group, role, people, place + 1, feeds?))
    });
    let (group, role, people, place, feeds) = reading.await?;
    Ok(render(&GroupPage {
        shell: visit.shell(&group.name).at(Section::Access),
        up: urls::access_groups(),
        sees: sees(&group),
        people: count(people, "active person", "active people"),
        who: urls::query(&urls::people(), &[("group", &id)]),
        place,
        feeds,
        edit: urls::access_group_part(&id, "edit"),
        choose: urls::access_group_part(&id, "feeds"),
        removal: urls::access_group_part(&id, "removal"),
        group,
        role,
    }))
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Filters {
    connection: String,
    q: String,
    page: String,
}

/// A group that can be selected.
struct Line {
    value: String,
    name: String,
    id: String,
    members: i64,
    seen_at: Option<Timestamp>,
    /// The access group that it feeds; empty for none.
    feeds: String,
}

#[derive(Template)]
#[template(path = "admin/access/feeds.html")]
struct FeedsPage {
    shell: Shell,
    up: (String, String),
    here: String,
    named: String,
    q: String,
    slug: String,
    connections: Vec<Choice>,
    pushed: Vec<Line>,
    pager: Pager,
    claimed: Vec<Line>,
    /// Some values look like the object ids of Microsoft Entra ID.
    has_guids: bool,
    may_allow_owning: bool,
    form: Form,
    refusal: Option<Notice>,
}

struct Found {
    group: AccessGroup,
    owns: bool,
    connections: Vec<Connection>,
    chosen: Option<Connection>,
    pushed: Vec<Line>,
    pager: Pager,
    claimed: Vec<Line>,
}

fn fed(r: &Reader, source: Source) -> Result<String> {
    let Some(feed) = store::feeds::find_by_source(r, source)? else {
        return Ok(String::new());
    };
    Ok(store::access_groups::get(r, feed.access_group_id)?.name)
}

fn find(r: &Reader, group: AccessGroup, filters: &Filters, here: &str) -> Result<Found> {
    let connections = store::connections::list(r)?;
    let chosen = connections
        .iter()
        .find(|one| one.slug.as_str() == filters.connection)
        .or(connections.iter().find(|one| one.scim.enabled))
        .or(connections.first())
        .cloned();
    let owns = store::roles::get(r, &group.role)?.owns();
    let search: String = filters.q.chars().take(200).collect();
    let (mut pushed, mut claimed) = (Vec::new(), Vec::new());
    let mut pager = Pager::new(here, &[], 1, 1, 0);
    if let Some(connection) = &chosen {
        let total = u64::try_from(seen::count_groups(r, connection.id, &search, None)?).unwrap_or(0);
        let kept = [("connection", connection.slug.as_str()), ("q", search.as_str())];
        let number = filters.page.parse().unwrap_or(1);
        pager = Pager::new(here, &kept, number, PAGE.unsigned_abs(), total);
        let offset = i64::try_from(pager.offset()).unwrap_or(0);
        for one in seen::groups(r, connection.id, &search, None, offset, PAGE)? {
            pushed.push(Line {
                value: format!("pushed-{}", one.seq),
                feeds: fed(r, Source::Pushed(one.seq))?,
                name: one.display_name,
                id: one.external_id.unwrap_or_else(|| one.id.to_string()),
                members: one.members,
                seen_at: Some(one.updated_at),
            });
        }
        let folded = search.to_lowercase();
        for one in claimed_groups::list(r, connection.id, VALUES)? {
            if !one.value.to_lowercase().contains(folded.trim()) {
                continue;
            }
            claimed.push(Line {
                value: format!("claimed-{}", one.seq),
                feeds: fed(r, Source::Claimed(one.seq))?,
                name: one.value,
                id: String::new(),
                members: one.people,
                seen_at: one.seen_at,
            });
        }
    }
    Ok(Found {
        group,
        owns,
        connections,
        chosen,
        pushed,
        pager,
        claimed,
    })
}

fn looks_like_guid(value: &str) -> bool {
    value.len() == 36 && uuid::Uuid::try_parse(value).is_ok()
}

fn value_form(slug: &str) -> Form {
    Form::new([
        Field::text("value", "Value")
            .hint("Exactly as the identity provider sends it; for Microsoft Entra ID the object id of the group.")
            .mono()
            .required()
            .max(256),
        Field::hidden("connection", slug),
    ])
}

/// The page, with why nothing was done.
async fn page(visit: &Visit, admin: &Admin, id: &str, filters: Filters, trouble: Option<Error>) -> Answer {
    let (wanted, here) = (group_id(id)?, urls::access_group_part(id, "feeds"));
    let (q, path) = (filters.q.clone(), here.clone());
    let reading = visit.ctx.store.reading(move |r| {
        let group = store::access_groups::get(r, wanted)?;
        find(r, group, &filters, &path)
    });
    let found = reading.await?;
    let slug = found
        .chosen
        .as_ref()
        .map_or("", |one| one.slug.as_str())
        .to_owned();
    let mut form = value_form(&slug);
    let (mut status, mut refusal) = (StatusCode::OK, None);
    if let Some(error) = trouble {
        match &error.kind {
            Kind::Invalid(_) => status = refuse(&mut form, error)?,
            Kind::Conflict | Kind::Denied => {
                status = fail::status(&error);
                refusal = Some(Notice::needs_you(error.message, ""));
            }
            _ => return Err(error.into()),
        }
    }
    let choice = |one: &Connection| Choice {
        value: one.slug.to_string(),
        label: one.name.clone(),
        selected: one.slug.as_str() == slug,
    };
    let page = FeedsPage {
        shell: visit
            .shell(&format!("Groups that feed {}", found.group.name))
            .at(Section::Access),
        up: (found.group.name.clone(), urls::access_group(id)),
        here,
        named: urls::access_group_part(id, "named"),
        q,
        connections: found.connections.iter().map(choice).collect(),
        has_guids: found.claimed.iter().any(|line| looks_like_guid(&line.name)),
        pushed: found.pushed,
        pager: found.pager,
        claimed: found.claimed,
        may_allow_owning: found.owns && admin.is_owner(),
        slug,
        form,
        refusal,
    };
    Ok(render_as(status, &page))
}

async fn choose(visit: Visit, admin: Admin, id: web::Path<String>, filters: web::Query<Filters>) -> Answer {
    page(&visit, &admin, &id, filters.into_inner(), None).await
}

fn source_of(value: &str) -> Option<Source> {
    let (kind, seq) = value.split_once('-')?;
    let seq = seq.parse().ok()?;
    match kind {
        "pushed" => Some(Source::Pushed(seq)),
        "claimed" => Some(Source::Claimed(seq)),
        _ => None,
    }
}

async fn add(visit: Visit, admin: Admin, id: web::Path<String>, body: Body) -> Answer {
    let group = group_id(&id)?;
    let body = body.into_inner();
    let slug = body.iter().find(|(name, _)| name == "connection");
    let slug = slug.map_or_else(String::new, |(_, value)| value.clone());
    let may_own = body.iter().any(|(name, _)| name == "may_own");
    let sources = body.iter().filter(|(name, _)| name == "source");
    let sources: Option<Vec<Source>> = sources.map(|(_, value)| source_of(value)).collect();
    let sources = sources.ok_or_else(|| Error::not_found("group"))?;
    let here = urls::query(&urls::access_group_part(&id, "feeds"), &[("connection", &slug)]);
    if sources.is_empty() {
        return Ok(flash::to(&visit, &here, "nothing-chosen", ""));
    }
    let many = i64::try_from(sources.len()).unwrap_or(0);
    let of = slug.clone();
    let feed = move |act: &crate::flows::Act| {
        let connection = store::connections::get_by_slug(act.w, &of)?;
        for source in sources {
            feeds::add(act, group, &connection, source, may_own)?;
        }
        Ok(())
    };
    match visit.ctx.act(admin.who(), feed).await {
        Ok(()) => {
            let said = count(many, "group feeds it", "groups feed it");
            Ok(flash::to(&visit, &urls::access_group(&id), "feeds-added", &said))
        }
        Err(error) => {
            let filters = Filters {
                connection: slug,
                ..Filters::default()
            };
            page(&visit, &admin, &id, filters, Some(error)).await
        }
    }
}

async fn name(visit: Visit, admin: Admin, id: web::Path<String>, body: Body) -> Answer {
    let group = group_id(&id)?;
    let mut form = value_form("");
    form.fill(body.into_inner());
    let (slug, value) = (form.text("connection").to_owned(), form.text("value").to_owned());
    let of = slug.clone();
    let feed = move |act: &crate::flows::Act| {
        let connection = store::connections::get_by_slug(act.w, &of)?;
        let source = feeds::name_claimed(act, &connection, &value)?;
        feeds::add(act, group, &connection, source, false)
    };
    match visit.ctx.act(admin.who(), feed).await {
        Ok(feed) => {
            let page = urls::access_group(&id);
            Ok(flash::to(
                &visit,
                &page,
                "feeds-added",
                &format!("{} feeds it", feed.name),
            ))
        }
        Err(error) => {
            let filters = Filters {
                connection: slug,
                ..Filters::default()
            };
            page(&visit, &admin, &id, filters, Some(error)).await
        }
    }
}

async fn take_out(visit: Visit, admin: Admin, path: web::Path<(String, String)>) -> Answer {
    let (id, feed) = path.into_inner();
    let group = group_id(&id)?;
    let feed = FeedId::parse(&feed).ok_or_else(|| Error::not_found("feed"))?;
    let removed = visit
        .ctx
        .act(admin.who(), move |act| feeds::remove(act, group, feed))
        .await?;
    Ok(flash::to(
        &visit,
        &urls::access_group(&id),
        "feed-removed",
        &removed.name,
    ))
}
