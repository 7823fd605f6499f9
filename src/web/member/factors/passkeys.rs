//! Passkeys of one's own: adding, naming, removing.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::{Ask, name_form, own, page, with_token};
use crate::error::{Error, Kind, Result};
use crate::flows::Who;
use crate::flows::factors::{self, passkeys};
use crate::flows::gate::Principal;
use crate::model::PasskeyId;
use crate::store::{self, passkeys::PasskeyRow};
use crate::web::fail::Answer;
use crate::web::form::Form;
use crate::web::gate::{SignedIn, Visit};
use crate::web::member::passkey::Sent;
use crate::web::page::{Shell, render, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

type Body = web::Form<Vec<(String, String)>>;

pub fn routes() -> Vec<Route> {
    vec![
        post("/account/factors/passkeys", Access::Member, add),
        get(
            "/account/factors/passkeys/{id}/name",
            Access::Member,
            ask_for_name,
        ),
        post("/account/factors/passkeys/{id}/name", Access::Member, rename),
        get(
            "/account/factors/passkeys/{id}/removal",
            Access::Member,
            ask_to_remove,
        ),
        post("/account/factors/passkeys/{id}/removal", Access::Member, remove),
    ]
}

async fn add(visit: Visit, SignedIn(principal): SignedIn, body: Body) -> Answer {
    let pairs = body.into_inner();
    let of = |wanted: &str| {
        let found = pairs.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let sent = Sent::new(of("challenge"), of("credential"));
    let mut form = name_form("").named("passkey");
    form.fill(pairs);
    form.require();
    if form.is_valid() {
        let name = form.text("name").to_owned();
        let own = own(&visit, &principal);
        match passkeys::register(&visit.ctx, own, &name, sent.by(&visit)).await {
            Ok(token) => {
                let response = flash::to(&visit, &urls::account_part("factors"), "passkey-added", &name);
                return Ok(with_token(&visit, &principal, response, token));
            }
            Err(error) if matches!(error.kind, Kind::Invalid(_)) => form.refuse("name", error.message),
            Err(error) if error.kind == Kind::Conflict => form.refuse_all(error.message),
            Err(error) => return Err(error.into()),
        }
    }
    page(&visit, &principal, form, StatusCode::UNPROCESSABLE_ENTITY).await
}

fn id(text: &str) -> Result<PasskeyId> {
    PasskeyId::parse(text).ok_or_else(|| Error::not_found("passkey"))
}

async fn find(visit: &Visit, principal: &Principal, id: PasskeyId) -> Result<PasskeyRow> {
    let person = principal.person().id;
    visit
        .ctx
        .store
        .reading(move |r| store::passkeys::get(r, person, id))
        .await
}

#[derive(Template)]
#[template(path = "member/factors/rename.html")]
struct NamePage {
    shell: Shell,
    form: Form,
    action: String,
    back: String,
}

fn name_page(visit: &Visit, id: PasskeyId, form: Form, status: StatusCode) -> Answer {
    let page = NamePage {
        shell: visit.shell("Rename a passkey"),
        form,
        action: urls::own_passkey(&id.to_string(), "name"),
        back: urls::account_part("factors"),
    };
    Ok(render_as(status, &page))
}

async fn ask_for_name(visit: Visit, SignedIn(principal): SignedIn, path: web::Path<String>) -> Answer {
    let id = id(&path)?;
    let row = find(&visit, &principal, id).await?;
    name_page(&visit, id, name_form(&row.name), StatusCode::OK)
}

async fn rename(visit: Visit, SignedIn(principal): SignedIn, path: web::Path<String>, body: Body) -> Answer {
    let id = id(&path)?;
    let mut form = name_form("");
    form.fill(body.into_inner());
    form.require();
    if form.is_valid() {
        let (name, own) = (form.text("name").to_owned(), own(&visit, &principal));
        let who = Who::Person(principal.person().id);
        let given = name.clone();
        let done = visit
            .ctx
            .act(who, move |act| passkeys::rename(act, &own, id, &given))
            .await;
        match done {
            Ok(()) => {
                let to = urls::account_part("factors");
                return Ok(flash::to(&visit, &to, "passkey-renamed", &name));
            }
            Err(error) if matches!(error.kind, Kind::Invalid(_)) => form.refuse("name", error.message),
            Err(error) => return Err(error.into()),
        }
    }
    name_page(&visit, id, form, StatusCode::UNPROCESSABLE_ENTITY)
}

async fn ask_to_remove(visit: Visit, SignedIn(principal): SignedIn, path: web::Path<String>) -> Answer {
    let id = id(&path)?;
    let row = find(&visit, &principal, id).await?;
    let action = urls::own_passkey(&id.to_string(), "removal");
    let page = Ask::new(&visit, "Remove a passkey", action, "Remove the passkey")
        .line(format!(
            "The passkey {} no longer signs you in. Remove it from your device as well.",
            row.name
        ))
        .line("Without another second factor, a passphrase alone lets you in, and owners and admins are asked to set one up again.");
    Ok(render(&page))
}

async fn remove(visit: Visit, SignedIn(principal): SignedIn, path: web::Path<String>) -> Answer {
    let (id, own) = (id(&path)?, own(&visit, &principal));
    let who = Who::Person(principal.person().id);
    let name = visit
        .ctx
        .act(who, move |act| factors::remove_own_passkey(act, &own, id))
        .await?;
    let to = urls::account_part("factors");
    Ok(flash::to(&visit, &to, "passkey-removed", &name))
}
