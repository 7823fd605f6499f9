//! What is done with the lines that were chosen: asked about in figures first, then applied, or left out.

use actix_web::web;

use super::list::Filters;
use super::{load, shell};
use crate::error::{Error, Kind};
use crate::flows::reconcile::apply::{self, Which};
use crate::flows::reconcile::choose;
use crate::model::{Connection, LineKind};
use crate::store;
use crate::store::Reader;
use crate::web::admin::Body;
use crate::web::admin::facts::count;
use crate::web::admin::integration::provisioning::held::Decide;
use crate::web::fail::Answer;
use crate::web::gate::{Admin, Visit};
use crate::web::pieces::Notice;
use crate::web::routes::{Access, Route, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        // What is chosen; says in figures what it means.
        post(
            "/admin/integrations/{slug}/provisioning/review",
            Access::INTEGRATIONS,
            ask,
        ),
        post(
            "/admin/integrations/{slug}/provisioning/review/application",
            Access::INTEGRATIONS,
            begin,
        ),
        post(
            "/admin/integrations/{slug}/provisioning/review/omission",
            Access::INTEGRATIONS,
            leave_out,
        ),
    ]
}

/// What a form chose.
struct Chosen {
    lines: Vec<i64>,
    /// Everything that fits the filters.
    all: bool,
    /// `apply`, `out` or `in`.
    decision: String,
    filters: Filters,
    /// How many lines there were when the reader agreed.
    many: Option<i64>,
}

fn chosen(body: &Body) -> Chosen {
    let value = |wanted: &str| {
        body.iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    };
    // A button that answers for everything says so in its value: `apply-all`.
    let decision = value("decision");
    let (decision, all) = match decision.strip_suffix("-all") {
        Some(decision) => (decision.to_owned(), true),
        None => (decision, false),
    };
    let lines = body.iter().filter(|(name, _)| name == "line");
    Chosen {
        lines: lines.filter_map(|(_, line)| line.parse().ok()).collect(),
        all,
        decision,
        filters: Filters {
            q: value("q"),
            kind: value("kind"),
            group: value("group"),
            only: value("only"),
            ..Filters::default()
        },
        many: value("many").parse().ok(),
    }
}

/// The lines by kind: those that are meant, and those of equal addresses that everything leaves out.
struct Figures {
    kinds: Vec<(LineKind, i64)>,
    passed_over: i64,
}

impl Figures {
    fn total(&self) -> i64 {
        self.kinds.iter().map(|(_, many)| many).sum()
    }
}

fn figures(r: &Reader, connection: &Connection, chosen: &Chosen) -> crate::error::Result<Figures> {
    let mut kinds: Vec<(LineKind, i64)> = Vec::new();
    let mut passed_over = 0;
    if chosen.all {
        let narrow = chosen.filters.narrow(r, connection)?;
        kinds = store::waiting::count_kinds(r, connection.id, &narrow)?;
        if narrow.kind != Some(LineKind::Email) && chosen.decision == "apply" {
            let of_address = |(kind, _): &(LineKind, i64)| *kind == LineKind::Email;
            passed_over = kinds
                .iter()
                .filter(|line| of_address(line))
                .map(|(_, many)| many)
                .sum();
            kinds.retain(|line| !of_address(line));
        }
        return Ok(Figures { kinds, passed_over });
    }
    for user in &chosen.lines {
        let Some(line) = store::waiting::find_line(r, connection.id, *user)? else {
            continue;
        };
        match kinds.iter_mut().find(|(kind, _)| *kind == line.kind) {
            Some((_, many)) => *many += 1,
            None => kinds.push((line.kind, 1)),
        }
    }
    kinds.sort_unstable();
    Ok(Figures { kinds, passed_over })
}

fn kind_words(kind: LineKind, many: i64) -> String {
    let people = count(many, "person", "people");
    match kind {
        LineKind::Create => format!("{people} will be added."),
        LineKind::Link => {
            format!("{people} who are here will be linked to their user there, and changed to what it says.")
        }
        LineKind::Email => format!(
            "{people} will be linked because the e-mail address is the same. Be sure that each of them is who the \
             identity provider means."
        ),
        LineKind::Change => format!("{people} will be changed."),
        LineKind::Deactivate => {
            format!("{people} will be deactivated, and every session of theirs ends at once.")
        }
        LineKind::Reactivate => format!("{people} will be reactivated."),
        LineKind::Nobody => format!(
            "{} without an address: nobody is made of them.",
            count(many, "user", "users")
        ),
    }
}

fn words(chosen: &Chosen, figures: &Figures) -> (String, Vec<String>, String) {
    let many = count(figures.total(), "line", "lines");
    match chosen.decision.as_str() {
        "out" => (
            "Leave lines out".to_owned(),
            vec![
                format!("{many} will be left out. The people stay as they are."),
                "A line comes back by itself when the identity provider writes its user again.".to_owned(),
            ],
            format!("Leave {many} out"),
        ),
        "in" => (
            "Take lines in again".to_owned(),
            vec![format!(
                "{many} will stand in the plan again. Nobody is changed by that."
            )],
            format!("Take {many} in"),
        ),
        _ => {
            let mut lines: Vec<String> = figures
                .kinds
                .iter()
                .map(|(kind, many)| kind_words(*kind, *many))
                .collect();
            if figures.passed_over > 0 {
                let more = count(figures.passed_over, "line", "lines");
                lines.push(format!(
                    "{more} more with only an equal e-mail address are not among them: choose those by themselves."
                ));
            }
            lines.push(
                "It is done in one go, or not at all. What cannot be applied stays and says why.".to_owned(),
            );
            lines.push("You can take it back for 24 hours.".to_owned());
            ("Apply the plan".to_owned(), lines, format!("Apply {many}"))
        }
    }
}

fn page(
    visit: &Visit,
    connection: &Connection,
    chosen: &Chosen,
    figures: &Figures,
    refusal: Option<&Error>,
) -> Decide {
    let (title, lines, submit) = words(chosen, figures);
    let slug = connection.slug.as_str();
    let suffix = if chosen.all { "-all" } else { "" };
    let pair = |name: &str, value: String| (name.to_owned(), value);
    let mut carried = vec![
        pair("decision", format!("{}{suffix}", chosen.decision)),
        pair("many", figures.total().to_string()),
    ];
    let filters = chosen.filters.pairs();
    carried.extend(
        filters
            .iter()
            .map(|(name, value)| pair(name, (*value).to_owned())),
    );
    if !chosen.all {
        carried.extend(chosen.lines.iter().map(|line| pair("line", line.to_string())));
    }
    let part = if chosen.decision == "apply" {
        "application"
    } else {
        "omission"
    };
    Decide {
        shell: shell(visit, &title),
        way_back: (
            "Review".to_owned(),
            urls::query(&urls::provisioning(slug, "review"), &filters),
        ),
        lines,
        carried,
        action: urls::provisioned(slug, "review", part),
        submit,
        refusal: refusal.map(|error| Notice::needs_you(error.message.clone(), "")),
    }
}

/// Reads what was chosen, and what it comes to now.
async fn understand(
    visit: &Visit,
    slug: &str,
    body: &Body,
) -> crate::error::Result<(Connection, Chosen, Figures)> {
    let connection = load(visit, slug).await?;
    let chosen = chosen(body);
    let of = connection.clone();
    let reading = visit.ctx.store.reading(move |r| {
        let figures = figures(r, &of, &chosen)?;
        Ok((chosen, figures))
    });
    let (chosen, figures) = reading.await?;
    Ok((connection, chosen, figures))
}

async fn ask(visit: Visit, slug: web::Path<String>, body: Body) -> Answer {
    let (connection, chosen, figures) = understand(&visit, &slug, &body).await?;
    if figures.total() == 0 {
        let here = urls::query(&urls::provisioning(&slug, "review"), &chosen.filters.pairs());
        return Ok(flash::to(&visit, &here, "nothing-chosen", ""));
    }
    Ok(page(&visit, &connection, &chosen, &figures, None).draw())
}

/// Everything is not what it was when the reader agreed to it.
fn meanwhile(figures: &Figures) -> Error {
    Error::conflict(format!(
        "Meanwhile there are {}. Nothing was done yet: look at them, then decide again.",
        count(figures.total(), "line", "lines")
    ))
}

async fn begin(visit: Visit, admin: Admin, slug: web::Path<String>, body: Body) -> Answer {
    let (connection, chosen, figures) = understand(&visit, &slug, &body).await?;
    let here = urls::provisioning(&slug, "review");
    if chosen.all && chosen.many != Some(figures.total()) {
        return Ok(page(&visit, &connection, &chosen, &figures, Some(&meanwhile(&figures))).draw());
    }
    let which = if chosen.all {
        let (of, filters) = (connection.clone(), chosen.filters.clone());
        let reading = visit.ctx.store.reading(move |r| filters.narrow(r, &of));
        Which::Everything(reading.await?, chosen.many)
    } else {
        Which::These(chosen.lines.clone())
    };
    match apply::begin(&visit.ctx, admin.who(), &slug, which).await {
        Ok(()) => Ok(crate::web::gate::see_other(&here)),
        Err(error) if error.kind == Kind::Conflict => {
            Ok(page(&visit, &connection, &chosen, &figures, Some(&error)).draw())
        }
        Err(error) => Err(error.into()),
    }
}

async fn leave_out(visit: Visit, admin: Admin, slug: web::Path<String>, body: Body) -> Answer {
    let (connection, chosen, figures) = understand(&visit, &slug, &body).await?;
    if chosen.all && chosen.many != Some(figures.total()) {
        return Ok(page(&visit, &connection, &chosen, &figures, Some(&meanwhile(&figures))).draw());
    }
    let here = urls::query(&urls::provisioning(&slug, "review"), &chosen.filters.pairs());
    let (of, out) = (slug.into_inner(), chosen.decision == "out");
    let done = visit.ctx.act(admin.who(), move |act| {
        let lines = if chosen.all {
            let narrow = chosen.filters.narrow(act.w, &connection)?;
            let listed = store::waiting::list(act.w, connection.id, &narrow, 0, i64::MAX)?;
            listed.into_iter().map(|line| line.waiting.user_seq).collect()
        } else {
            chosen.lines
        };
        choose::leave_out(act, &of, &lines, out)
    });
    let many = count(i64::try_from(done.await?).unwrap_or(0), "line", "lines");
    let said = if out { "lines-left-out" } else { "lines-taken-in" };
    Ok(flash::to(&visit, &here, said, &many))
}
