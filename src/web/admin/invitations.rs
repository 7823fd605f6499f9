//! Invitations: who was asked to come, and who has come.

use actix_web::web;
use askama::Template;

use super::facts::{Choice, choices, count};
use super::person_invitation::state_of;
use crate::flows::mail;
use crate::model::{InvitationState, Timestamp};
use crate::store;
use crate::store::invitations::{Listed, Narrow};
use crate::web::fail::Answer;
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Section, Shell, render};
use crate::web::pieces::{Notice, Pager, State};
use crate::web::routes::{Access, Route, get};
use crate::web::urls;

const PAGE: u64 = 50;

pub fn routes() -> Vec<Route> {
    vec![
        // Everybody who was invited, with search and filter in the address.
        get("/admin/people/invitations", Access::PEOPLE, list),
    ]
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Filters {
    q: String,
    state: String,
    page: String,
}

struct Line {
    href: String,
    name: String,
    email: String,
    state: State,
    how: &'static str,
    made_by: String,
    at: Timestamp,
    until: Option<Timestamp>,
}

#[derive(Template)]
#[template(path = "admin/people/invitations.html")]
struct InvitationsPage {
    shell: Shell,
    up: String,
    here: String,
    many: String,
    q: String,
    states: Vec<Choice>,
    is_narrowed: bool,
    notices: Vec<Notice>,
    lines: Vec<Line>,
    pager: Pager,
}

fn line(listed: &Listed, sends_mail: bool, now: Timestamp) -> Line {
    let one = &listed.invitation;
    let name = format!("{} {}", listed.given_name, listed.family_name);
    Line {
        href: urls::person(&one.person_id.to_string()),
        name: match name.trim() {
            "" => listed.email.to_string(),
            name => name.to_owned(),
        },
        email: listed.email.to_string(),
        state: state_of(one, sends_mail, now),
        how: one.how.words(),
        made_by: one.made_by.clone(),
        at: one.sent_at.unwrap_or(one.made_at),
        until: match one.state(now) {
            InvitationState::Sent | InvitationState::Expired => one.expires_at,
            InvitationState::Accepted => one.accepted_at,
            InvitationState::Ended => one.ended.map(|(at, _)| at),
            InvitationState::Waiting => None,
        },
    }
}

/// Why those that wait do so.
fn waiting(many: i64, sends_mail: bool, admin: &Admin) -> Option<Notice> {
    let title = match many {
        0 => return None,
        many if sends_mail => format!(
            "{} to be sent.",
            count(many, "invitation waits", "invitations wait")
        ),
        many => format!(
            "{} for a mail server.",
            count(many, "invitation waits", "invitations wait")
        ),
    };
    if sends_mail {
        let text = "They go out by themselves, a few at a time, so that other mails are not held up.";
        return Some(Notice::waiting(title, text));
    }
    let text = "Once mail is set up they go out by themselves. Until then, open a person and make a link to hand over.";
    let notice = Notice::needs_you(title, text);
    Some(match admin.is_owner() {
        true => notice.link("Set up mail", urls::mail("")),
        false => notice,
    })
}

async fn list(visit: Visit, admin: Admin, filters: web::Query<Filters>) -> Answer {
    let Filters { q, state, page } = filters.into_inner();
    let (here, now) = (urls::invitations(), visit.ctx.now());
    let narrow = Narrow {
        search: q.chars().take(200).collect(),
        state: InvitationState::parse(&state),
    };
    let is_narrowed = !narrow.search.trim().is_empty() || narrow.state.is_some();
    let number = page.parse().unwrap_or(1);
    let (path, kept) = (here.clone(), [("q", q.clone()), ("state", state.clone())]);
    let reading = visit.ctx.store.reading(move |r| {
        let total = u64::try_from(store::invitations::count(r, &narrow, now)?).unwrap_or(0);
        let kept: Vec<_> = kept.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let pager = Pager::new(&path, &kept, number, PAGE, total);
        let offset = i64::try_from(pager.offset()).unwrap_or(0);
        let listed = store::invitations::list(r, &narrow, now, offset, 50)?;
        let all_waiting = Narrow {
            state: Some(InvitationState::Waiting),
            ..Narrow::default()
        };
        let many = store::invitations::count(r, &all_waiting, now)?;
        Ok((listed, pager, many, mail::is_set_up(r)?))
    });
    let (listed, pager, many, sends_mail) = reading.await?;
    let words = [
        ("waiting", "Waiting"),
        ("sent", "Invited"),
        ("expired", "Expired"),
        ("accepted", "Accepted"),
        ("ended", "Ended"),
    ];
    Ok(render(&InvitationsPage {
        shell: visit.shell("Invitations").at(Section::People),
        up: urls::people(),
        many: urls::invite_many(),
        states: choices("Every state", words, &state),
        notices: waiting(many, sends_mail, &admin).into_iter().collect(),
        lines: listed.iter().map(|one| line(one, sends_mail, now)).collect(),
        q,
        is_narrowed,
        pager,
        here,
    }))
}
