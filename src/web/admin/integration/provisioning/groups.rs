//! The groups that an identity provider pushed, one group with its members, and taking a deleted one back.

use actix_web::web;
use askama::Template;

use super::shown::person_page;
use super::{Frame, PAGE, Place, Tab, frame, load, page_number, searched};
use crate::error::{Error, Kind};
use crate::flows::provision::restore;
use crate::model::{ScimId, Timestamp};
use crate::store;
use crate::store::directory::seen::{self, SeenGroup, SeenMember};
use crate::web::admin::confirm::Confirm;
use crate::web::admin::facts::{Choice, count};
use crate::web::fail::Answer;
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Shell, render};
use crate::web::pieces::Pager;
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get(
            "/admin/integrations/{slug}/provisioning/groups",
            Access::INTEGRATIONS,
            list,
        ),
        get(
            "/admin/integrations/{slug}/provisioning/groups/{id}",
            Access::INTEGRATIONS,
            show,
        ),
        post(
            "/admin/integrations/{slug}/provisioning/groups/{id}/restoration",
            Access::INTEGRATIONS,
            bring_back,
        ),
    ]
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Filters {
    q: String,
    /// `deleted`: those of the last 30 days instead of the live ones.
    state: String,
    page: String,
}

struct Line {
    href: String,
    group: SeenGroup,
}

#[derive(Template)]
#[template(path = "admin/integrations/provisioning/groups.html")]
struct GroupsPage {
    shell: Shell,
    way_back: (String, String),
    tabs: Vec<Tab>,
    rooms: Vec<Tab>,
    here: String,
    q: String,
    states: Vec<Choice>,
    is_narrowed: bool,
    lines: Vec<Line>,
    pager: Pager,
}

async fn list(visit: Visit, slug: web::Path<String>, filters: web::Query<Filters>) -> Answer {
    let connection = load(&visit, &slug).await?;
    let Filters { q, state, page } = filters.into_inner();
    let here = urls::provisioning(&slug, "groups");
    let deleted = state == "deleted";
    let since = deleted.then(|| visit.ctx.now().minus(restore::LIFE));
    let (id, path, search) = (connection.id, here.clone(), searched(&q));
    let kept = [("q", q.clone()), ("state", state.clone())];
    let reading = visit.ctx.store.reading(move |r| {
        let total = u64::try_from(seen::count_groups(r, id, &search, since)?).unwrap_or(0);
        let kept: Vec<_> = kept.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let pager = Pager::new(&path, &kept, page_number(&page), PAGE as u64, total);
        let offset = i64::try_from(pager.offset()).unwrap_or(0);
        Ok((seen::groups(r, id, &search, since, offset, PAGE)?, pager))
    });
    let (groups, pager) = reading.await?;
    let title = format!("Groups of {}", connection.name);
    let Frame {
        shell,
        way_back,
        tabs,
        rooms,
    } = frame(&visit, &connection, Place::Groups, &title).await?;
    let line = |group: SeenGroup| Line {
        href: urls::provisioned(&slug, "groups", &group.id.to_string()),
        group,
    };
    let choice = |value: &str, label: &str, selected| Choice {
        value: value.to_owned(),
        label: label.to_owned(),
        selected,
    };
    Ok(render(&GroupsPage {
        shell,
        way_back,
        tabs,
        rooms,
        here,
        is_narrowed: deleted || !q.trim().is_empty(),
        q,
        states: vec![
            choice("", "There now", !deleted),
            choice("deleted", "Deleted in the last 30 days", deleted),
        ],
        lines: groups.into_iter().map(line).collect(),
        pager,
    }))
}

struct MemberLine {
    name: String,
    /// Of the person, or of the group inside this one.
    href: Option<String>,
    who: String,
    added_at: Timestamp,
}

#[derive(Template)]
#[template(path = "admin/integrations/provisioning/group.html")]
struct GroupPage {
    shell: Shell,
    /// Label and address of the list.
    way_back: (String, String),
    tabs: Vec<Tab>,
    rooms: Vec<Tab>,
    group: SeenGroup,
    restoration: String,
    members: Vec<MemberLine>,
    pager: Pager,
}

fn member(slug: &str, member: SeenMember) -> MemberLine {
    let group = urls::provisioned(slug, "groups", &member.id.to_string());
    MemberLine {
        href: if member.is_group {
            Some(group)
        } else {
            member.person_id.map(person_page)
        },
        who: match (member.is_group, member.person) {
            (true, _) => "a group".to_owned(),
            (false, Some(person)) => person,
            (false, None) => "nobody here".to_owned(),
        },
        name: member.name,
        added_at: member.added_at,
    }
}

fn group_id(text: &str) -> crate::error::Result<ScimId> {
    ScimId::parse(text).ok_or_else(|| Error::not_found("group"))
}

async fn show(visit: Visit, path: web::Path<(String, String)>, filters: web::Query<Filters>) -> Answer {
    let (slug, id) = path.into_inner();
    let connection = load(&visit, &slug).await?;
    let (of, group, page) = (connection.id, group_id(&id)?, filters.into_inner().page);
    let here = urls::provisioned(&slug, "groups", &id);
    let reading = visit.ctx.store.reading(move |r| {
        let group = seen::find_group(r, of, group)?.ok_or_else(|| Error::not_found("group"))?;
        let total = u64::try_from(seen::count_members(r, group.seq)?).unwrap_or(0);
        let pager = Pager::new(&here, &[], page_number(&page), PAGE as u64, total);
        let offset = i64::try_from(pager.offset()).unwrap_or(0);
        let members = seen::members(r, group.seq, offset, PAGE)?;
        Ok((group, members, pager))
    });
    let (group, members, pager) = reading.await?;
    let Frame {
        shell, tabs, rooms, ..
    } = frame(&visit, &connection, Place::Groups, &group.display_name).await?;
    Ok(render(&GroupPage {
        shell,
        way_back: (
            format!("Groups of {}", connection.name),
            urls::provisioning(&slug, "groups"),
        ),
        tabs,
        rooms,
        group,
        restoration: urls::provisioned_act(&slug, "groups", &id, "restoration"),
        members: members.into_iter().map(|one| member(&slug, one)).collect(),
        pager,
    }))
}

async fn bring_back(visit: Visit, admin: Admin, path: web::Path<(String, String)>) -> Answer {
    let (slug, text) = path.into_inner();
    let connection = load(&visit, &slug).await?;
    let (of, id) = (connection.clone(), group_id(&text)?);
    let done = visit.ctx.act(admin.who(), move |act| {
        let group = seen::find_group(act.w, of.id, id)?.ok_or_else(|| Error::not_found("group"))?;
        let restored = restore::group(act, &of, group.seq)?;
        let members = store::directory::members::count_of_group(act.w, restored.seq)?;
        Ok((restored.display_name, members))
    });
    let here = urls::provisioned(&slug, "groups", &text);
    match done.await {
        Ok((name, members)) => {
            let said = format!("{name} ({})", count(members, "member", "members"));
            Ok(flash::to(&visit, &here, "group-restored", &said))
        }
        Err(error) if error.kind == Kind::Conflict => {
            let shell = super::shell(&visit, "Restore the group");
            let action = urls::provisioned_act(&slug, "groups", &text, "restoration");
            let page = Confirm::new(shell, ("The group", here), action, "Try again");
            Ok(page.refused(&error).draw())
        }
        Err(error) => Err(error.into()),
    }
}
