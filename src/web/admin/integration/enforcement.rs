//! Enforcement of one integration: what has to be proved first, who is affected, switching it on, rolling it back.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use chrono::NaiveDateTime;

mod lines;

use lines::{Current, PersonLine, Proof, current_line, person_line, proof_lines};

use super::{Room, Tab, load, shell, tabs};
use crate::error::{Error, Kind, Result};
use crate::flows::enforce::{self, Listed, Proofs, Wish};
use crate::model::{Connection, Enforcement, EnforcementId, Timestamp};
use crate::store::enforcements::Figures;
use crate::store::{self, Reader};
use crate::web::admin::confirm::Confirm;
use crate::web::admin::facts::{Choice, choices, count};
use crate::web::admin::{Body, UNPROCESSABLE, refuse};
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Shell, render_as};
use crate::web::pieces::Pager;
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get(
            "/admin/integrations/{slug}/enforcement",
            Access::INTEGRATIONS,
            show,
        ),
        post("/admin/integrations/{slug}/enforcement", Access::Owner, switch_on),
        // One click within the first day; afterwards the page behind `end` asks once more.
        post(
            "/admin/integrations/{slug}/enforcement/{id}/rollback",
            Access::Owner,
            roll_back,
        ),
        get(
            "/admin/integrations/{slug}/enforcement/{id}/end",
            Access::Owner,
            ask_to_end,
        ),
        post(
            "/admin/integrations/{slug}/enforcement/{id}/end",
            Access::Owner,
            end,
        ),
        // One whose moment came while its conditions were not met.
        post(
            "/admin/integrations/{slug}/enforcement/{id}/start",
            Access::Owner,
            start,
        ),
    ]
}

/// People on one page of the list.
const PAGE: u64 = 50;

#[derive(Template)]
#[template(path = "admin/integrations/enforcement.html")]
struct EnforcementPage {
    shell: Shell,
    way_back: (String, String),
    tabs: Vec<Tab>,
    name: String,
    is_owner: bool,
    current: Vec<Current>,
    proofs: Vec<Proof>,
    tests: String,
    is_ready: bool,
    here: String,
    whom: String,
    scopes: Vec<Choice>,
    figures: Figures,
    sessions: String,
    /// The reader's own session would end.
    ends_own: bool,
    lines: Vec<PersonLine>,
    pager: Pager,
    form: Form,
    submit: String,
    now: String,
}

#[derive(Default, serde::Deserialize)]
pub struct Filters {
    #[serde(default, rename = "for")]
    whom: String,
    #[serde(default)]
    page: String,
}

fn form(name: &str, whom: &str) -> Form {
    Form::new([
        Field::hidden("for", whom),
        Field::text("starts", "Start")
            .hint("Empty: at once. Or date and time in UTC, as 2026-11-30 08:00.")
            .mono()
            .max(40),
        Field::text("confirm", format!("Type {name} to go on"))
            .max(200)
            .required(),
    ])
}

/// Everything that the page shows, from one snapshot.
struct Found {
    domains: Vec<String>,
    current: Vec<(Enforcement, Option<String>)>,
    proofs: Proofs,
    figures: Figures,
    sessions: i64,
    ends_own: bool,
    listed: Vec<Listed>,
    pager: Pager,
}

fn find(r: &Reader, asked: &Asked) -> Result<Found> {
    let (connection, now) = (&asked.connection, asked.now);
    let domains = store::connections::list_domains(r, connection.id)?;
    let domain = domains.iter().find(|d| **d == asked.whom).map(String::as_str);
    let figures = store::enforcements::count_affected(r, connection.id, domain)?;
    let all = u64::try_from(figures.all()).unwrap_or(0);
    let filters = [("for", domain.unwrap_or_default())];
    let here = urls::integration_part(connection.slug.as_str(), "enforcement");
    let pager = Pager::new(&here, &filters, asked.page, PAGE, all);
    let offset = i64::try_from(pager.offset()).unwrap_or(0);
    let current = store::enforcements::list_of_connection(r, connection.id)?;
    let current = current.into_iter().map(|e| {
        let void = enforce::why_void(r, &e, connection, now)?;
        Ok((e, void))
    });
    let owner = store::people::get(r, asked.owner)?;
    let holds_for_owner = domain.is_none_or(|d| owner.email.domain() == d);
    let through_it = asked.through == Some(connection.id);
    let exempt = store::break_glass::find(r, asked.owner)?.is_some();
    Ok(Found {
        current: current.collect::<Result<_>>()?,
        proofs: enforce::proofs(r, connection, Some(asked.owner), now)?,
        sessions: store::enforcements::count_sessions(r, connection.id, domain, now)?,
        ends_own: holds_for_owner && !through_it && !exempt,
        listed: enforce::list_affected(r, connection.id, domain, offset, 50)?,
        figures,
        pager,
        domains,
    })
}

struct Asked {
    connection: Connection,
    owner: crate::model::PersonId,
    through: Option<crate::model::ConnectionId>,
    whom: String,
    page: u64,
    now: Timestamp,
}

async fn page(
    visit: &Visit,
    admin: &Admin,
    connection: &Connection,
    filters: &Filters,
    form: Option<Form>,
    status: StatusCode,
) -> Answer {
    let now = visit.ctx.now();
    let asked = Asked {
        connection: connection.clone(),
        owner: admin.0.person().id,
        through: admin.0.session().connection_id,
        whom: filters.whom.clone(),
        page: filters.page.parse().unwrap_or(1),
        now,
    };
    let found = visit.ctx.store.reading(move |r| find(r, &asked)).await?;
    let organization = visit
        .ctx
        .organization()
        .ok_or_else(|| Error::not_found("organization yet"))?;
    let slug = connection.slug.as_str();
    let domain = found.domains.iter().find(|d| **d == filters.whom);
    let held = count(found.figures.held(), "person", "people");
    let page = EnforcementPage {
        shell: shell(visit, &format!("Enforcement of {}", connection.name)),
        way_back: (connection.name.clone(), urls::integration(slug)),
        tabs: tabs(slug, Room::Enforcement),
        name: connection.name.clone(),
        is_owner: admin.is_owner(),
        proofs: proof_lines(&found.proofs, slug, now),
        tests: urls::integration_part(slug, "tests"),
        is_ready: found.proofs.missing.is_empty(),
        here: urls::integration_part(slug, "enforcement"),
        whom: domain.map_or_else(|| "everybody".to_owned(), |d| format!("everybody at {d}")),
        scopes: choices(
            "Everybody",
            found.domains.iter().map(|d| (d.as_str(), d.as_str())),
            domain.map_or("", String::as_str),
        ),
        figures: found.figures,
        sessions: match found.sessions {
            0 => "no open session ends".to_owned(),
            some => count(some, "open session ends", "open sessions end"),
        },
        ends_own: found.ends_own,
        lines: found.listed.iter().map(person_line).collect(),
        pager: found.pager,
        form: form.unwrap_or_else(|| self::form(&organization.name, domain.map_or("", String::as_str))),
        submit: format!("Enforce for {held}"),
        now: now.human(),
        current: found
            .current
            .into_iter()
            .map(|(e, void)| current_line(slug, e, void, now))
            .collect(),
    };
    let mut response = render_as(status, &page);
    super::page::allow_test(&mut response, connection);
    Ok(response)
}

async fn show(visit: Visit, admin: Admin, slug: web::Path<String>, filters: web::Query<Filters>) -> Answer {
    let connection = load(&visit, &slug).await?;
    page(&visit, &admin, &connection, &filters, None, StatusCode::OK).await
}

/// `2026-11-30 08:00`, also with a `T` between, in UTC.
fn moment(typed: &str) -> std::result::Result<Option<Timestamp>, &'static str> {
    let typed = typed.trim().trim_end_matches("UTC").trim().replace('T', " ");
    if typed.is_empty() {
        return Ok(None);
    }
    let read = NaiveDateTime::parse_from_str(&typed, "%Y-%m-%d %H:%M");
    read.map(|at| Some(Timestamp::from(at.and_utc())))
        .map_err(|_| "Enter date and time as 2026-11-30 08:00, in UTC, or leave it empty.")
}

async fn switch_on(visit: Visit, admin: Admin, slug: web::Path<String>, body: Body) -> Answer {
    let connection = load(&visit, &slug).await?;
    let organization = visit
        .ctx
        .organization()
        .ok_or_else(|| Error::not_found("organization yet"))?;
    let mut form = form(&organization.name, "");
    form.fill(body.into_inner());
    form.require();
    let starts_at = moment(form.text("starts"));
    if let Err(why) = starts_at {
        form.refuse("starts", why);
    }
    let filters = Filters {
        whom: form.text("for").to_owned(),
        page: String::new(),
    };
    if !form.is_valid() {
        return page(&visit, &admin, &connection, &filters, Some(form), UNPROCESSABLE).await;
    }
    let wish = Wish {
        domain: (!filters.whom.is_empty()).then(|| filters.whom.clone()),
        starts_at: starts_at.unwrap_or_default(),
        typed: form.text("confirm").to_owned(),
        without_proof: false,
    };
    let wanted = slug.clone();
    let done = visit
        .ctx
        .act(admin.who(), move |act| enforce::switch_on(act, &wanted, wish))
        .await;
    match done {
        Ok(on) if on.started_at.is_some() => back(&visit, &connection, "enforced"),
        Ok(_) => back(&visit, &connection, "enforcement-planned"),
        Err(error) => {
            let status = refuse(&mut form, error)?;
            page(&visit, &admin, &connection, &filters, Some(form), status).await
        }
    }
}

fn back(visit: &Visit, connection: &Connection, said: &str) -> Answer {
    let here = urls::integration_part(connection.slug.as_str(), "enforcement");
    Ok(flash::to(visit, &here, said, &connection.name))
}

fn id(text: &str) -> Result<EnforcementId> {
    EnforcementId::parse(text).ok_or_else(|| Error::not_found("enforcement"))
}

/// The enforcement, which must be of this connection.
async fn of(visit: &Visit, connection: &Connection, id: EnforcementId) -> Result<Enforcement> {
    let reading = visit.ctx.store.reading(move |r| store::enforcements::get(r, id));
    let found = reading.await?;
    if found.connection_id != connection.id {
        return Err(Error::not_found("enforcement"));
    }
    Ok(found)
}

async fn roll_back(visit: Visit, admin: Admin, path: web::Path<(String, String)>) -> Answer {
    let (slug, text) = path.into_inner();
    let connection = load(&visit, &slug).await?;
    let id = of(&visit, &connection, id(&text)?).await?.id;
    visit
        .ctx
        .act(admin.who(), move |act| enforce::end(act, id, false))
        .await?;
    back(&visit, &connection, "enforcement-ended")
}

async fn start(visit: Visit, admin: Admin, path: web::Path<(String, String)>) -> Answer {
    let (slug, text) = path.into_inner();
    let connection = load(&visit, &slug).await?;
    let id = of(&visit, &connection, id(&text)?).await?.id;
    visit
        .ctx
        .act(admin.who(), move |act| enforce::start_waiting(act, id))
        .await?;
    back(&visit, &connection, "enforced")
}

async fn end_page(visit: &Visit, slug: &str, text: &str) -> Result<Confirm> {
    let connection = load(visit, slug).await?;
    let enforcement = of(visit, &connection, id(text)?).await?;
    let organization = visit
        .ctx
        .organization()
        .ok_or_else(|| Error::not_found("organization yet"))?;
    let name = &connection.name;
    let here = urls::integration_part(slug, "enforcement");
    let mut page = Confirm::new(
        shell(visit, "End the enforcement"),
        ("Enforcement", here),
        urls::enforcement(slug, text, "end"),
        "End the enforcement",
    );
    page.word = organization.name.clone();
    Ok(page
        .line(format!(
            "From then on {} may sign in by any door that is theirs, {name} among them.",
            enforcement.whom()
        ))
        .line("Nobody is signed out by it."))
}

async fn ask_to_end(visit: Visit, path: web::Path<(String, String)>) -> Answer {
    let (slug, text) = path.into_inner();
    Ok(end_page(&visit, &slug, &text).await?.draw())
}

async fn end(visit: Visit, admin: Admin, path: web::Path<(String, String)>, body: Body) -> Answer {
    let (slug, text) = path.into_inner();
    let mut page = end_page(&visit, &slug, &text).await?;
    let typed = body.iter().find(|(name, _)| name == "confirmation");
    if typed.is_none_or(|(_, typed)| typed.trim() != page.word) {
        page.wrong = format!("Type {} to end it.", page.word);
        return Ok(page.draw());
    }
    let id = id(&text)?;
    match visit
        .ctx
        .act(admin.who(), move |act| enforce::end(act, id, true))
        .await
    {
        Ok(_) => back(&visit, &load(&visit, &slug).await?, "enforcement-ended"),
        Err(error) if error.kind == Kind::Conflict => Ok(page.refused(&error).draw()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_date_and_a_time_in_utc() {
        let read = |text| moment(text).ok().flatten().map(|at| at.rfc3339());
        let eight = Some("2026-11-30T08:00:00.000Z".to_owned());
        assert_eq!(read("2026-11-30 08:00"), eight);
        assert_eq!(read("2026-11-30T08:00"), eight);
        assert_eq!(read(" 2026-11-30 08:00 UTC "), eight);
        assert_eq!(moment(""), Ok(None));
        for wrong in ["tomorrow", "2026-13-01 08:00", "2026-11-30", "30.11.2026 08:00"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }
}
