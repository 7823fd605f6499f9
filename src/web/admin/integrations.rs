//! Integrations: the identity providers that people sign in with, and adding one.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::facts::connection_state;
use super::features;
use super::integration::provisioning_state;
use super::{Body, UNPROCESSABLE, refuse};
use crate::flows::connect::{self, NewConnection};
use crate::model::{Connection, Feature, Features, Provider, Slug, Timestamp};
use crate::store;
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{Admin, Visit, see_other};
use crate::web::page::{Section, Shell, render, render_as};
use crate::web::pieces::{Notice, State};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/integrations", Access::INTEGRATIONS, list),
        // Without a provider the picker, with one its form.
        get("/admin/integrations/new", Access::INTEGRATIONS, new),
        post("/admin/integrations/new", Access::INTEGRATIONS, add),
    ]
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Filters {
    q: String,
}

struct Line {
    href: String,
    name: String,
    slug: String,
    provider: String,
    state: State,
    provisioning: State,
    people: i64,
    last_used_at: Option<Timestamp>,
}

#[derive(Template)]
#[template(path = "admin/integrations/list.html")]
struct IntegrationsPage {
    shell: Shell,
    here: String,
    add: String,
    q: String,
    is_empty: bool,
    lines: Vec<Line>,
    organization: String,
}

fn fits(words: &str, text: &str) -> bool {
    let text = text.to_lowercase();
    words
        .to_lowercase()
        .split_whitespace()
        .all(|word| text.contains(word))
}

async fn list(visit: Visit, filters: web::Query<Filters>) -> Answer {
    let q = filters.into_inner().q;
    let now = visit.ctx.now();
    let reading = visit.ctx.store.reading(move |r| {
        let with_figures = |c: Connection| {
            let people = store::identities::count_of_connection(r, c.id)?;
            let provisioning = provisioning_state(r, &c)?;
            Ok((
                store::identities::find_last_used(r, c.id)?,
                people,
                provisioning,
                c,
            ))
        };
        store::connections::list(r)?
            .into_iter()
            .map(with_figures)
            .collect::<crate::error::Result<Vec<_>>>()
    });
    let found = reading.await?;
    let line = |(last_used_at, people, provisioning, c): (Option<Timestamp>, i64, State, Connection)| Line {
        href: urls::integration(c.slug.as_str()),
        name: c.name.clone(),
        slug: c.slug.to_string(),
        provider: Provider::name_of(&c.provider).to_owned(),
        state: connection_state(&c, now),
        provisioning,
        people,
        last_used_at,
    };
    let is_empty = found.is_empty();
    let lines = found
        .into_iter()
        .map(line)
        .filter(|l| fits(&q, &format!("{} {} {}", l.name, l.slug, l.provider)));
    Ok(render(&IntegrationsPage {
        shell: visit.shell("Integrations").at(Section::Integrations),
        here: urls::integrations(),
        add: urls::new_integration(),
        lines: lines.collect(),
        is_empty,
        q,
        organization: visit
            .ctx
            .organization()
            .map(|o| o.name.clone())
            .unwrap_or_default(),
    }))
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Chosen {
    provider: String,
    q: String,
}

/// One identity provider to choose.
struct Tile {
    name: &'static str,
    href: String,
    speaks: String,
}

/// What it can do here; the search finds it by these words, too. What is switched off is left out.
fn speaks(provider: &Provider, on: Features) -> String {
    let languages = [
        ("SAML", on.saml),
        ("OpenID Connect", on.oidc && provider.oidc.unavailable.is_empty()),
    ];
    let languages: Vec<&str> = languages
        .iter()
        .filter(|(_, can)| *can)
        .map(|(name, _)| *name)
        .collect();
    let sign_in = (!languages.is_empty()).then(|| format!("Sign-in ({})", languages.join(", ")));
    let provisions = on.scim && provider.scim.unavailable.is_empty();
    let provisioning = match (&sign_in, provisions) {
        (_, false) => None,
        (Some(_), true) => Some("provisioning (SCIM)"),
        (None, true) => Some("Provisioning (SCIM)"),
    };
    let both = [sign_in, provisioning.map(str::to_owned)];
    let both: Vec<String> = both.into_iter().flatten().collect();
    match both.as_slice() {
        [] => "Nothing of what it can do is switched on".to_owned(),
        words => words.join(", "),
    }
}

#[derive(Template)]
#[template(path = "admin/integrations/picker.html")]
struct PickerPage {
    shell: Shell,
    up: String,
    here: String,
    q: String,
    notices: Vec<Notice>,
    tiles: Vec<Tile>,
    generic: String,
}

#[derive(Template)]
#[template(path = "admin/integrations/form.html")]
struct FormPage {
    shell: Shell,
    up: String,
    form: Form,
    action: String,
    example: String,
}

async fn new(visit: Visit, admin: Admin, chosen: web::Query<Chosen>) -> Answer {
    let Chosen { provider, q } = chosen.into_inner();
    if provider.is_empty() {
        let on = visit
            .ctx
            .organization()
            .map(|o| o.settings.features)
            .unwrap_or_default();
        let notices = features::off_notices(&visit, &admin, &Feature::ALL).await?;
        let fitting = Provider::all()
            .iter()
            .filter(|p| fits(&q, &format!("{} {} {}", p.name, p.key, speaks(p, on))));
        return Ok(render(&PickerPage {
            shell: visit
                .shell("Choose an identity provider")
                .at(Section::Integrations),
            up: urls::integrations(),
            here: urls::new_integration(),
            notices,
            tiles: fitting
                .map(|p| Tile {
                    name: &p.name,
                    href: urls::new_integration_with(&p.key),
                    speaks: speaks(p, on),
                })
                .collect(),
            generic: urls::new_integration_with("generic"),
            q,
        }));
    }
    let Some(provider) = Provider::find(&provider) else {
        return Ok(see_other(&urls::new_integration()));
    };
    let free = free_slug(&visit, provider).await?;
    let name = if provider.key == "generic" {
        ""
    } else {
        &provider.name
    };
    let form = form().with("name", name).with("slug", free);
    form_page(&visit, provider, form, StatusCode::OK)
}

/// The provider's name as a short name, with a number when it is taken.
async fn free_slug(visit: &Visit, provider: &Provider) -> crate::error::Result<String> {
    let wanted = if provider.key == "generic" {
        "sso".to_owned()
    } else {
        Slug::suggest(&provider.key)
    };
    visit
        .ctx
        .store
        .reading(move |r| {
            let taken = store::connections::list(r)?;
            let is_free = |slug: &String| taken.iter().all(|c| c.slug.as_str() != slug);
            let numbered = (2..100).map(|number| format!("{wanted}-{number}"));
            Ok(std::iter::once(wanted.clone())
                .chain(numbered)
                .find(is_free)
                .unwrap_or_default())
        })
        .await
}

fn form() -> Form {
    let slug = "Lower-case letters, digits and hyphens. It stands in every address that you copy to the identity provider, \
                so it cannot be changed later.";
    Form::new([
        Field::text("name", "Name")
            .hint("As your people know it. The button on the sign-in page says it.")
            .required()
            .max(200)
            .focus(),
        Field::text("slug", "Short name")
            .hint(slug)
            .required()
            .mono()
            .max(40),
    ])
}

fn form_page(visit: &Visit, provider: &Provider, form: Form, status: StatusCode) -> Answer {
    let slug = Slug::parse(form.text("slug"));
    let example = visit
        .ctx
        .organization()
        .zip(slug.ok())
        .map(|(o, slug)| o.base_url.acs(&slug));
    let page = FormPage {
        shell: visit
            .shell(&format!("Add {}", provider.name))
            .at(Section::Integrations),
        up: urls::new_integration(),
        action: urls::new_integration_with(&provider.key),
        form,
        example: example.unwrap_or_default(),
    };
    Ok(render_as(status, &page))
}

async fn add(visit: Visit, admin: Admin, chosen: web::Query<Chosen>, body: Body) -> Answer {
    let Some(provider) = Provider::find(&chosen.provider) else {
        return Ok(see_other(&urls::new_integration()));
    };
    let mut form = form();
    form.fill(body.into_inner());
    form.require();
    if !form.is_valid() {
        return form_page(&visit, provider, form, UNPROCESSABLE);
    }
    let new = NewConnection {
        slug: form.text("slug").to_owned(),
        provider: provider.key.clone(),
        name: form.text("name").to_owned(),
    };
    match visit
        .ctx
        .act(admin.who(), move |act| connect::add(act, &new))
        .await
    {
        Ok(added) => Ok::<HttpResponse, _>(flash::to(
            &visit,
            &urls::integration(added.slug.as_str()),
            "connection-added",
            &added.name,
        )),
        Err(error) => {
            let status = refuse(&mut form, error)?;
            form_page(&visit, provider, form, status)
        }
    }
}
