//! The sign-in page asks for the e-mail first and then leads where it belongs: on to the one integration that speaks
//! for its domain, to a choice when there are several, to the passphrase when there is none.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::passkey::PasskeyForm;
use crate::error::Result;
use crate::flows::sign_on::way;
use crate::model::{Connection, Email, local_path};
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{Visit, see_other};
use crate::web::page::{Shell, render, render_as};
use crate::web::routes::{Access, Route, get};
use crate::web::urls;

pub fn routes() -> Vec<Route> {
    vec![
        // The sign-in page: the e-mail, and below it the ways that need none.
        get("/login", Access::Public, show),
        get("/login/choice", Access::Public, choose),
    ]
}

/// What the pages of signing in say to each other in their addresses.
#[derive(serde::Deserialize)]
pub struct Along {
    /// Where to go afterwards, if it is a path of ours.
    #[serde(default)]
    next: String,
    /// The e-mail that was typed, sealed.
    #[serde(default, rename = "for")]
    sealed: String,
}

impl Along {
    /// The page to go on to; empty for the start page, and for whatever is no path of ours.
    pub fn next(&self) -> String {
        local_path(&self.next).unwrap_or_default()
    }

    pub fn email(&self, visit: &Visit) -> Option<Email> {
        way::unseal(&visit.ctx, &self.sealed)
    }

    pub fn sealed(&self) -> &str {
        &self.sealed
    }
}

/// Somebody signed in has nothing to do here, unless an account waits to be linked: that wants a fresh proof.
pub fn leave(visit: &Visit, next: &str) -> Option<HttpResponse> {
    let is_done = visit.principal.is_some() && !next.starts_with("/sign-in/");
    is_done.then(|| see_other(if next.is_empty() { "/" } else { next }))
}

/// A way in, as a link.
pub struct Door {
    pub label: String,
    pub href: String,
}

impl Door {
    /// Through a connection, then on to a page of ours; along with the e-mail that was typed, sealed.
    pub fn through(connection: &Connection, next: &str, sealed: &str) -> Self {
        Self {
            label: format!("Continue with {}", connection.name),
            href: match sealed {
                "" => urls::query(&urls::sso(connection.slug.as_str()), &[("return_to", next)]),
                sealed => urls::sso_for(connection.slug.as_str(), next, sealed),
            },
        }
    }
}

#[derive(Template)]
#[template(path = "member/login.html")]
struct LoginPage {
    shell: Shell,
    form: Form,
    action: String,
    /// The way that this browser signed in last, if it still exists.
    last: Option<Door>,
    doors: Vec<Door>,
    /// Empty when it is what comes first.
    passphrase: String,
    recovery: String,
    /// `None` where passkeys are not possible.
    passkey: Option<PasskeyForm>,
    /// What is switched off, and whom to ask; empty for nothing.
    missing: String,
}

/// Word of the ways in whose kind is switched off.
pub fn missing(visit: &Visit, connections: &[Connection]) -> String {
    let names: Vec<&str> = connections.iter().map(|c| c.name.as_str()).collect();
    let contact = visit.ctx.organization().map(|o| o.contact.clone());
    let contact = contact.filter(|contact| !contact.is_empty());
    match names.as_slice() {
        [] => String::new(),
        names => format!(
            "Signing in through {} is switched off for the time being. If that was your way in, ask {}.",
            names.join(" or "),
            contact.as_deref().unwrap_or("an admin")
        ),
    }
}

fn form() -> Form {
    // `webauthn` lets a browser offer a passkey where it would offer an address.
    Form::new([Field::email("email", "E-mail")
        .autocomplete("username webauthn")
        .required()])
}

/// The doors of a page, the last one that this browser went through apart.
fn sorted(visit: &Visit, doors: Vec<Connection>, next: &str, sealed: &str) -> (Option<Door>, Vec<Door>) {
    let last = visit.way_cookie.as_deref().unwrap_or_default();
    let door = |c: &Connection| Door::through(c, next, sealed);
    let (first, rest): (Vec<_>, Vec<_>) = doors.iter().partition(|c| c.slug.as_str() == last);
    let passphrase = (last == way::PASSPHRASE).then(|| Door {
        label: "Continue with your passphrase".to_owned(),
        href: urls::login_passphrase(next, sealed),
    });
    let first = first.first().map(|c| door(c)).or(passphrase);
    (first, rest.into_iter().map(door).collect())
}

async fn page(visit: &Visit, form: Form, next: &str) -> Result<LoginPage> {
    let all = visit.ctx.store.reading(way::doors).await?;
    let (last, mut doors) = sorted(visit, all, next, "");
    let lists = visit
        .ctx
        .organization()
        .is_none_or(|o| o.settings.login.list_integrations);
    let mut off = visit.ctx.store.reading(|r| way::switched_off(r, None)).await?;
    if !lists {
        doors.clear();
        off.clear();
    }
    let passphrase = urls::login_passphrase(next, "");
    let comes_first = last.as_ref().is_some_and(|door| door.href == passphrase);
    Ok(LoginPage {
        shell: visit.shell("Sign in"),
        form,
        action: urls::login_then(next),
        last,
        doors,
        passphrase: if comes_first { String::new() } else { passphrase },
        recovery: urls::recovery(),
        passkey: PasskeyForm::of(visit, urls::passkey_login(next)),
        missing: missing(visit, &off),
    })
}

async fn show(visit: Visit, along: web::Query<Along>) -> Answer {
    let next = along.next();
    if let Some(away) = leave(&visit, &next) {
        return Ok(away);
    }
    let mut page = page(&visit, form(), &next).await?;
    if page.last.is_none() {
        page.form.fields.iter_mut().for_each(|field| field.focus = true);
    }
    Ok(render(&page))
}

/// Leads from the e-mail that was typed to where it belongs.
pub async fn lead(visit: &Visit, next: &str, body: Vec<(String, String)>) -> Answer {
    let mut form = form();
    form.fill(body);
    form.require();
    let email = Email::parse(form.text("email"));
    if let Err(problem) = &email {
        form.refuse("email", problem.to_string());
    }
    let (Ok(email), true) = (email, form.is_valid()) else {
        let page = page(visit, form, next).await?;
        return Ok(render_as(StatusCode::UNPROCESSABLE_ENTITY, &page));
    };
    let sealed = way::seal(&visit.ctx, &email)?;
    let now = visit.ctx.now();
    let doors = visit
        .ctx
        .store
        .reading(move |r| way::doors_of(r, &email, now))
        .await?;
    Ok(see_other(&match doors.as_slice() {
        [] => urls::login_passphrase(next, &sealed),
        [only] => urls::sso_for(only.slug.as_str(), next, &sealed),
        _ => urls::login_choice(next, &sealed),
    }))
}

#[derive(Template)]
#[template(path = "member/choice.html")]
struct ChoicePage {
    shell: Shell,
    email: String,
    last: Option<Door>,
    doors: Vec<Door>,
    passphrase: String,
    /// To another e-mail.
    again: String,
}

async fn choose(visit: Visit, along: web::Query<Along>) -> Answer {
    let next = along.next();
    if let Some(away) = leave(&visit, &next) {
        return Ok(away);
    }
    let again = urls::login_then(&next);
    let Some(email) = along.email(&visit) else {
        return Ok(see_other(&again));
    };
    let typed = email.to_string();
    let now = visit.ctx.now();
    let doors = visit
        .ctx
        .store
        .reading(move |r| way::doors_of(r, &email, now))
        .await?;
    let (last, doors) = sorted(&visit, doors, &next, along.sealed());
    let passphrase = urls::login_passphrase(&next, along.sealed());
    let comes_first = last.as_ref().is_some_and(|door| door.href == passphrase);
    Ok(render(&ChoicePage {
        shell: visit.shell("Choose how to sign in"),
        email: typed,
        last,
        doors,
        passphrase: if comes_first { String::new() } else { passphrase },
        again,
    }))
}
