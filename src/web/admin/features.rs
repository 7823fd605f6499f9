//! Settings → Kinds of integrations: what this organization uses at all. Everybody with settings sees it, an owner switches.

use actix_web::web;
use askama::Template;

use super::confirm::Confirm;
use super::facts::count;
use crate::error::{Error, Kind, Result};
use crate::flows::features::{self, Touched};
use crate::model::{Feature, Person};
use crate::store;
use crate::web::fail::Answer;
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Section, Shell, render};
use crate::web::pieces::{Notice, State};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/settings/features", Access::Admin, show),
        post("/admin/settings/features/{kind}/on", Access::Owner, on),
        // Off: who is affected, then the act.
        get("/admin/settings/features/{kind}/off", Access::Owner, ask),
        post("/admin/settings/features/{kind}/off", Access::Owner, off),
    ]
}

struct Line {
    name: &'static str,
    words: &'static str,
    state: State,
    integrations: String,
    is_on: bool,
    switch: String,
}

#[derive(Template)]
#[template(path = "admin/settings/features.html")]
struct FeaturesPage {
    shell: Shell,
    up: String,
    is_owner: bool,
    owners: String,
    lines: Vec<Line>,
}

/// What a page about a kind that is off says to whoever may set up integrations, and to an owner.
pub fn off_notice(feature: Feature, owners: &[String], organization: &str, is_owner: bool) -> Notice {
    let title = format!("{} is switched off for {organization}.", feature.name());
    if is_owner {
        let text = "Nothing of it works until you switch it on again; then everything is as it was.";
        return Notice::needs_you(title, text).link("Kinds of integrations", urls::features());
    }
    let text = format!(
        "Nothing of it works until an owner switches it on again; then everything is as it was. Ask {}.",
        owners.join(" or ")
    );
    Notice::waiting(title, text)
}

/// The notices of these kinds, of those that are off.
pub async fn off_notices(visit: &Visit, admin: &Admin, kinds: &[Feature]) -> Result<Vec<Notice>> {
    let Some(organization) = visit.ctx.organization() else {
        return Ok(Vec::new());
    };
    let on = organization.settings.features;
    let off: Vec<Feature> = kinds.iter().copied().filter(|kind| !on.has(*kind)).collect();
    if off.is_empty() {
        return Ok(Vec::new());
    }
    let owners = visit.ctx.store.reading(store::people::list_owners).await?;
    let owners: Vec<String> = owners.iter().take(5).map(Person::display_name).collect();
    let notice = |kind: Feature| off_notice(kind, &owners, &organization.name, admin.is_owner());
    Ok(off.into_iter().map(notice).collect())
}

async fn show(visit: Visit, admin: Admin) -> Answer {
    let organization = visit.ctx.organization();
    let organization = organization.ok_or_else(|| Error::not_found("organization yet"))?;
    let reading = visit
        .ctx
        .store
        .reading(|r| Ok((store::connections::list(r)?, store::people::list_owners(r)?)));
    let (connections, owners) = reading.await?;
    let line = |feature: Feature| {
        let is_on = organization.settings.features.has(feature);
        let many = connections.iter().filter(|c| features::is_of(c, feature)).count();
        Line {
            name: feature.name(),
            words: feature.words(),
            state: match is_on {
                true => State::working("On"),
                false => State::off("Switched off"),
            },
            integrations: count(i64::try_from(many).unwrap_or(0), "integration", "integrations"),
            is_on,
            switch: urls::feature_switch(feature.key(), !is_on),
        }
    };
    let names: Vec<String> = owners.iter().take(5).map(Person::display_name).collect();
    Ok(render(&FeaturesPage {
        shell: visit.shell("Kinds of integrations").at(Section::Settings),
        up: urls::settings(),
        is_owner: admin.is_owner(),
        owners: names.join(" or "),
        lines: Feature::ALL.into_iter().map(line).collect(),
    }))
}

fn kind_of(text: &str) -> Result<Feature> {
    Feature::parse(text).ok_or_else(|| Error::not_found("kind of integration"))
}

/// Who is affected, in figures.
fn lines(feature: Feature, touched: &Touched) -> Vec<String> {
    let names: Vec<&str> = touched.connections.iter().map(|c| c.name.as_str()).collect();
    let mut lines = Vec::new();
    match (names.as_slice(), feature.signs_in()) {
        ([], _) => lines.push("No integration that is on uses it today.".to_owned()),
        (names, true) => lines.push(format!(
            "Nobody signs in through {} any more. {} linked today, and {} at once.",
            names.join(", "),
            count(touched.people, "person is", "people are"),
            count(touched.sessions, "open session ends", "open sessions end")
        )),
        (names, false) => lines.push(format!(
            "Every request of {} is refused with 403 and says why. The people stay as they are, and so do credentials.",
            names.join(", ")
        )),
    }
    for (name, whom) in &touched.enforced {
        lines.push(format!(
            "{name} is enforced for {whom}. That does not hold while it is off: they sign in by any other door that is \
             theirs."
        ));
    }
    if !touched.owners.is_empty() {
        let names: Vec<String> = touched.owners.iter().map(Person::display_name).collect();
        lines.push(format!(
            "No other way in have these owners: {}. Make them a link for a passphrase first, on their pages.",
            names.join(", ")
        ));
    }
    lines.push(
        "Nothing is deleted. No integration of this kind can be added while it is off; switched on again, everything is \
         as it was."
            .to_owned(),
    );
    lines
}

async fn off_page(visit: &Visit, feature: Feature) -> Result<Confirm> {
    let now = visit.ctx.now();
    let touched = visit
        .ctx
        .store
        .reading(move |r| features::touched(r, feature, now))
        .await?;
    let came_through = visit.principal.as_ref().and_then(|p| p.connection());
    let title = format!("Switch {} off", feature.name());
    let shell = visit.shell(&title).at(Section::Settings);
    let back = ("Kinds of integrations", urls::features());
    let mut page = Confirm::new(shell, back, urls::feature_switch(feature.key(), false), title);
    page = lines(feature, &touched).into_iter().fold(page, Confirm::line);
    if let Some(connection) = came_through.filter(|c| feature.signs_in() && features::is_of(c, feature)) {
        page = page.line(format!(
            "You came in through {} yourself: you are signed out at once.",
            connection.name
        ));
    }
    Ok(page)
}

async fn ask(visit: Visit, kind: web::Path<String>) -> Answer {
    Ok(off_page(&visit, kind_of(&kind)?).await?.draw())
}

async fn off(visit: Visit, admin: Admin, kind: web::Path<String>) -> Answer {
    let feature = kind_of(&kind)?;
    match visit.ctx.switch_feature(admin.who(), feature, false).await {
        Ok(_) => Ok(flash::to(
            &visit,
            &urls::features(),
            "feature-off",
            feature.name(),
        )),
        Err(error) if error.kind == Kind::Conflict => {
            Ok(off_page(&visit, feature).await?.refused(&error).draw())
        }
        Err(error) => Err(error.into()),
    }
}

async fn on(visit: Visit, admin: Admin, kind: web::Path<String>) -> Answer {
    let feature = kind_of(&kind)?;
    visit.ctx.switch_feature(admin.who(), feature, true).await?;
    Ok(flash::to(&visit, &urls::features(), "feature-on", feature.name()))
}
