//! Break-glass owners: who keeps a way in whatever is enforced, and when each last proved that it works.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::facts::days;
use super::person_form::person_id;
use super::{Body, UNPROCESSABLE, refuse};
use crate::error::Result;
use crate::flows::enforce;
use crate::model::enforcement::PROOF_REMINDER;
use crate::model::{BreakGlass, Person, Timestamp};
use crate::store::{self, Reader};
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Section, Shell, render_as};
use crate::web::pieces::{Notice, State};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/settings/recovery", Access::Admin, show),
        post("/admin/settings/recovery", Access::Owner, make),
        post("/admin/settings/recovery/{id}/removal", Access::Owner, unmake),
    ]
}

struct Line {
    name: String,
    href: String,
    made_by: String,
    state: State,
    proved_at: Option<Timestamp>,
    proof_ends: Option<Timestamp>,
    removal: String,
    /// The last one while something is enforced or planned.
    is_kept: bool,
}

#[derive(Template)]
#[template(path = "admin/settings/break_glass.html")]
struct BreakGlassPage {
    shell: Shell,
    up: String,
    is_owner: bool,
    lines: Vec<Line>,
    /// Owners who could be added.
    has_others: bool,
    refusal: Option<Notice>,
    form: Form,
    action: String,
}

/// How a proof stands.
fn proof_state(one: &BreakGlass, now: Timestamp) -> State {
    match one.proof_ends() {
        Some(ends) if one.is_proved(now) && ends.since(now) <= PROOF_REMINDER => {
            State::needs_you(format!("Ends in {}", days(ends.since(now))))
        }
        Some(_) if one.is_proved(now) => State::working("Proved"),
        Some(_) => State::needs_you("Proof too old"),
        None => State::needs_you("Never proved"),
    }
}

fn find(r: &Reader, now: Timestamp) -> Result<(Vec<Line>, Vec<Person>)> {
    let all = store::break_glass::list(r)?;
    let line = |one: &BreakGlass| {
        let person = store::people::get(r, one.person_id)?;
        let id = person.id.to_string();
        Ok(Line {
            name: person.display_name(),
            href: urls::person(&id),
            made_by: one.made_by.clone(),
            state: proof_state(one, now),
            proved_at: one.proved_at,
            proof_ends: one.proof_ends(),
            removal: urls::break_glass_removal(&id),
            is_kept: enforce::is_owner_kept(r, person.id)?,
        })
    };
    let lines = all.iter().map(line).collect::<Result<_>>()?;
    let narrow = store::people::Narrow {
        owners: true,
        state: Some(crate::model::PersonState::Active),
        ..Default::default()
    };
    let mut owners = store::people::list(r, &narrow, 0, 200)?;
    owners.retain(|owner| all.iter().all(|one| one.person_id != owner.id));
    Ok((lines, owners))
}

fn form(owners: &[Person]) -> Form {
    let field = Field::select("person", "Owner").required();
    let field = owners.iter().fold(field, |field, owner| {
        let label = format!("{} ({})", owner.display_name(), owner.email);
        field.choice(owner.id.to_string(), label)
    });
    Form::new([field])
}

async fn page(visit: &Visit, admin: &Admin, refusal: Option<Notice>, status: StatusCode) -> Answer {
    let now = visit.ctx.now();
    let (lines, owners) = visit.ctx.store.reading(move |r| find(r, now)).await?;
    let page = BreakGlassPage {
        shell: visit.shell("Break-glass owners").at(Section::Settings),
        up: urls::settings(),
        is_owner: admin.is_owner(),
        lines,
        has_others: !owners.is_empty(),
        refusal,
        form: form(&owners),
        action: urls::break_glass(),
    };
    Ok(render_as(status, &page))
}

async fn show(visit: Visit, admin: Admin) -> Answer {
    page(&visit, &admin, None, StatusCode::OK).await
}

async fn make(visit: Visit, admin: Admin, body: Body) -> Answer {
    let typed = body.iter().find(|(name, _)| name == "person");
    let Some(id) = typed.and_then(|(_, id)| person_id(id).ok()) else {
        let notice = Notice::needs_you("Choose an owner.", "");
        return page(&visit, &admin, Some(notice), UNPROCESSABLE).await;
    };
    let done = visit
        .ctx
        .act(admin.who(), move |act| enforce::make_break_glass(act, id))
        .await;
    said(&visit, &admin, done, "break-glass-made").await
}

async fn unmake(visit: Visit, admin: Admin, id: web::Path<String>) -> Answer {
    let id = person_id(&id)?;
    let done = visit
        .ctx
        .act(admin.who(), move |act| enforce::unmake_break_glass(act, id))
        .await;
    said(&visit, &admin, done, "break-glass-unmade").await
}

async fn said(visit: &Visit, admin: &Admin, done: Result<Person>, key: &str) -> Answer {
    match done {
        Ok(person) => Ok(flash::to(
            visit,
            &urls::break_glass(),
            key,
            &person.display_name(),
        )),
        Err(error) => {
            let notice = Notice::needs_you(error.message.clone(), "");
            let status = refuse(&mut Form::default(), error)?;
            page(visit, admin, Some(notice), status).await
        }
    }
}
