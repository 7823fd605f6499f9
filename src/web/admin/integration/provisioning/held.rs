//! Removals that wait for an admin: who, what, when; and the two answers.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::shown::{RemovalLine, removal_lines};
use super::{Frame, PAGE, Place, Tab, frame, load, page_number, searched, shell};
use crate::error::{Error, Kind, Result};
use crate::flows::provision::guard;
use crate::model::{Connection, HoldId};
use crate::store;
use crate::store::removals::Which;
use crate::web::admin::Body;
use crate::web::admin::facts::count;
use crate::web::fail::Answer;
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Shell, render, render_as};
use crate::web::pieces::{Notice, Pager};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

/// Ids of a whole page, and more than that: nobody waits for a body of this size.
const BODY: usize = 256 * 1024;

pub fn routes() -> Vec<Route> {
    vec![
        get(
            "/admin/integrations/{slug}/provisioning/held",
            Access::INTEGRATIONS,
            list,
        ),
        // What is chosen and which answer; says in figures what it means.
        post(
            "/admin/integrations/{slug}/provisioning/held",
            Access::INTEGRATIONS,
            ask,
        )
        .limit(BODY),
        post(
            "/admin/integrations/{slug}/provisioning/held/decision",
            Access::INTEGRATIONS,
            decide,
        )
        .limit(BODY),
    ]
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Filters {
    q: String,
    page: String,
}

#[derive(Template)]
#[template(path = "admin/integrations/provisioning/held.html")]
struct HeldPage {
    shell: Shell,
    way_back: (String, String),
    tabs: Vec<Tab>,
    rooms: Vec<Tab>,
    here: String,
    settings: String,
    guard: String,
    q: String,
    is_narrowed: bool,
    lines: Vec<RemovalLine>,
    total: i64,
    pager: Pager,
}

/// The page before one of the answers, with what was chosen inside.
#[derive(Template)]
#[template(path = "admin/integrations/provisioning/decide.html")]
pub struct Decide {
    pub shell: Shell,
    pub way_back: (String, String),
    pub lines: Vec<String>,
    /// What goes along unseen.
    pub carried: Vec<(String, String)>,
    pub action: String,
    pub submit: String,
    pub refusal: Option<Notice>,
}

impl Decide {
    pub fn draw(&self) -> HttpResponse {
        let status = if self.refusal.is_some() {
            StatusCode::CONFLICT
        } else {
            StatusCode::OK
        };
        render_as(status, self)
    }
}

/// What the guard of a connection does, in a sentence.
pub fn guard_words(connection: &Connection) -> String {
    let scim = &connection.scim;
    match scim.guard_people {
        0 => "The guard is off: every removal reaches the person at once.".to_owned(),
        people => format!(
            "Of more than {} and more than {} % within ten minutes, the rest waits here. The identity provider is told \
             that it worked.",
            count(i64::from(people), "person", "people"),
            scim.guard_percent
        ),
    }
}

async fn list(visit: Visit, slug: web::Path<String>, filters: web::Query<Filters>) -> Answer {
    let connection = load(&visit, &slug).await?;
    let Filters { q, page } = filters.into_inner();
    let here = urls::provisioning(&slug, "held");
    let (id, path, search, kept) = (connection.id, here.clone(), searched(&q), q.clone());
    let reading = visit.ctx.store.reading(move |r| {
        let total = store::removals::count(r, id, Which::Held, &search)?;
        let all = u64::try_from(total).unwrap_or(0);
        let pager = Pager::new(&path, &[("q", &kept)], page_number(&page), PAGE as u64, all);
        let offset = i64::try_from(pager.offset()).unwrap_or(0);
        let held = store::removals::list(r, id, Which::Held, &search, offset, PAGE)?;
        Ok((removal_lines(r, &held)?, pager, total))
    });
    let (lines, pager, total) = reading.await?;
    let title = format!("Held removals of {}", connection.name);
    let Frame {
        shell,
        way_back,
        tabs,
        rooms,
    } = frame(&visit, &connection, Place::Held, &title).await?;
    Ok(render(&HeldPage {
        shell,
        way_back,
        tabs,
        rooms,
        settings: urls::provisioning(&slug, "settings"),
        guard: guard_words(&connection),
        here,
        is_narrowed: !q.trim().is_empty(),
        q,
        lines,
        total,
        pager,
    }))
}

/// What a form of a list chose.
pub struct Chosen {
    pub ids: Vec<HoldId>,
    /// Everything that waited when the page was drawn: how many that were.
    pub all: Option<i64>,
    pub apply: bool,
}

pub fn chosen(body: &Body) -> Chosen {
    let value = |wanted: &str| {
        body.iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.as_str())
    };
    // A button that answers for everything says so in its value: `apply-all`.
    let decision = value("decision").unwrap_or_default();
    Chosen {
        ids: body
            .iter()
            .filter(|(name, _)| name == "id")
            .filter_map(|(_, id)| HoldId::parse(id))
            .collect(),
        all: decision
            .ends_with("-all")
            .then(|| value("many").and_then(|many| many.parse().ok()).unwrap_or(0)),
        apply: decision.starts_with("apply"),
    }
}

fn words(connection: &Connection, chosen: &Chosen, many: i64) -> (Vec<String>, String) {
    let who = count(many, "removal", "removals");
    if chosen.apply {
        let lines = vec![
            format!("Lets {who} of {} reach the people now.", connection.name),
            "Who was deactivated or deleted there is deactivated here, and every session of theirs ends at once.".into(),
            "You can restore them for 30 days.".into(),
        ];
        (lines, format!("Apply {who}"))
    } else {
        let lines = vec![
            format!("Drops {who} of {}. The people stay as they are here.", connection.name),
            "The identity provider goes on reading what it wrote. If it removes them again later, Doorward asks you again or \
             lets it happen, as the guard says."
                .into(),
        ];
        (lines, format!("Discard {who}"))
    }
}

fn page(
    visit: &Visit,
    connection: &Connection,
    chosen: &Chosen,
    many: i64,
    refusal: Option<&Error>,
) -> Decide {
    let slug = connection.slug.as_str();
    let (lines, submit) = words(connection, chosen, many);
    let verb = if chosen.apply { "apply" } else { "discard" };
    let suffix = if chosen.all.is_some() { "-all" } else { "" };
    let mut carried = vec![
        ("decision".to_owned(), format!("{verb}{suffix}")),
        ("many".to_owned(), many.to_string()),
    ];
    if chosen.all.is_none() {
        carried.extend(chosen.ids.iter().map(|id| ("id".to_owned(), id.to_string())));
    }
    let title = if chosen.apply {
        "Apply held removals"
    } else {
        "Discard held removals"
    };
    Decide {
        shell: shell(visit, title),
        way_back: ("Held".to_owned(), urls::provisioning(slug, "held")),
        lines,
        carried,
        action: format!("{}/decision", urls::provisioning(slug, "held")),
        submit,
        refusal: refusal.map(|error| Notice::needs_you(error.message.clone(), "")),
    }
}

async fn waiting(visit: &Visit, connection: &Connection) -> Result<i64> {
    let id = connection.id;
    visit
        .ctx
        .store
        .reading(move |r| store::removals::count(r, id, Which::Held, ""))
        .await
}

async fn ask(visit: Visit, slug: web::Path<String>, body: Body) -> Answer {
    let connection = load(&visit, &slug).await?;
    let chosen = chosen(&body);
    let many = match chosen.all {
        Some(_) => waiting(&visit, &connection).await?,
        None => i64::try_from(chosen.ids.len()).unwrap_or(0),
    };
    if many == 0 {
        let here = urls::provisioning(&slug, "held");
        return Ok(flash::to(&visit, &here, "nothing-chosen", ""));
    }
    Ok(page(&visit, &connection, &chosen, many, None).draw())
}

async fn decide(visit: Visit, admin: Admin, slug: web::Path<String>, body: Body) -> Answer {
    let connection = load(&visit, &slug).await?;
    let chosen = chosen(&body);
    let here = urls::provisioning(&slug, "held");
    if let Some(agreed) = chosen.all {
        let many = waiting(&visit, &connection).await?;
        if many != agreed {
            let error = Error::conflict(format!(
                "Meanwhile there are {}. Nothing was done yet: look at them, then decide again.",
                count(many, "held removal", "held removals")
            ));
            return Ok(page(&visit, &connection, &chosen, many, Some(&error)).draw());
        }
    }
    let (of, ids, apply, all) = (connection.clone(), chosen.ids.clone(), chosen.apply, chosen.all);
    let done = visit.ctx.act(admin.who(), move |act| {
        let ids = match all {
            Some(_) => {
                let held = store::removals::list(act.w, of.id, Which::Held, "", 0, i64::MAX)?;
                held.into_iter().map(|removal| removal.id).collect()
            }
            None => ids,
        };
        if apply {
            guard::apply(act, &of, &ids)
        } else {
            guard::discard(act, &of, &ids)
        }
    });
    match done.await {
        Ok(many) => {
            let said = if apply {
                "removals-applied"
            } else {
                "removals-discarded"
            };
            let many = count(i64::try_from(many).unwrap_or(0), "removal was", "removals were");
            Ok(flash::to(&visit, &here, said, &many))
        }
        Err(error) if matches!(error.kind, Kind::Conflict | Kind::Denied) => {
            let many = all.unwrap_or(i64::try_from(chosen.ids.len()).unwrap_or(0));
            Ok(page(&visit, &connection, &chosen, many, Some(&error)).draw())
        }
        Err(error) => Err(error.into()),
    }
}
