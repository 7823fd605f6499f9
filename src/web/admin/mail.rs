//! Mail: the server that takes it, a test of it, and what waits to be sent.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use zeroize::Zeroizing;

use super::confirm::Confirm;
use super::mail_facts::{MailLine, TrialShown, mail_line, trial_shown};
use super::{Body, UNPROCESSABLE, refuse};
use crate::error::{Error, Result};
use crate::flows::mail::settings::MailFields;
use crate::flows::mail::{queue, trial};
use crate::model::{MailId, MailSettings, MailState, Timestamp};
use crate::store::{self, Reader};
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Section, Shell, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/settings/mail", Access::Owner, show),
        post("/admin/settings/mail", Access::Owner, save),
        // A mail to the owner who asks; the page shows how far it has come.
        post("/admin/settings/mail/test", Access::Owner, test),
        get("/admin/settings/mail/removal", Access::Owner, ask_to_turn_off),
        post("/admin/settings/mail/removal", Access::Owner, turn_off),
        post("/admin/settings/mail/{id}/retry", Access::Owner, retry),
        post("/admin/settings/mail/{id}/removal", Access::Owner, remove),
    ]
}

/// So many of each state are listed.
const LISTED: i64 = 50;

#[derive(Template)]
#[template(path = "admin/settings/mail.html")]
struct MailPage {
    shell: Shell,
    up: String,
    form: Form,
    action: String,
    test: String,
    removal: String,
    owner: String,
    is_set_up: bool,
    trial: Option<TrialShown>,
    waiting: Vec<MailLine>,
    failed: Vec<MailLine>,
    sent: Vec<MailLine>,
    waiting_count: i64,
    failed_count: i64,
}

/// The three lists, and how many there are of the first two, from one snapshot.
type Queue = (Vec<MailLine>, Vec<MailLine>, Vec<MailLine>, i64, i64);

fn queue_of(r: &Reader, now: Timestamp) -> Result<Queue> {
    let list = |state, limit| -> Result<Vec<MailLine>> {
        let mails = store::mails::list(r, state, limit)?;
        Ok(mails.iter().map(|mail| mail_line(mail, now)).collect())
    };
    Ok((
        list(MailState::Waiting, LISTED)?,
        list(MailState::Failed, LISTED)?,
        list(MailState::Sent, 10)?,
        store::mails::count(r, MailState::Waiting)?,
        store::mails::count(r, MailState::Failed)?,
    ))
}

fn form(settings: Option<&MailSettings>) -> Form {
    let of = |read: fn(&MailSettings) -> String| settings.map(read).unwrap_or_default();
    let kept = settings.is_some_and(|s| !s.user.is_empty());
    let password_hint = match kept {
        true => "Leave it empty to keep the one that is stored. It is never shown.",
        false => "Many providers want one that is made for programs. It is stored sealed and never shown.",
    };
    Form::new([
        Field::text("host", "Name of the server")
            .hint("Such as mail.example.com. Its certificate must be for this name.")
            .mono()
            .required()
            .max(253)
            .value(of(|s| s.host.clone())),
        Field::select("security", "Encryption")
            .choice("tls", "TLS (usually port 465)")
            .choice("starttls", "STARTTLS (usually port 587)")
            .choice("none", "None, on this machine only")
            .required()
            .value(settings.map_or("tls", |s| s.security.key())),
        Field::text("port", "Port")
            .hint("Empty for the usual one.")
            .max(5)
            .value(of(|s| s.port.to_string())),
        Field::text("user", "User name")
            .hint("Empty when the server takes mail from here without one.")
            .mono()
            .max(254)
            .value(of(|s| s.user.clone())),
        Field::password("password", "Password")
            .hint(password_hint)
            .autocomplete("new-password"),
        Field::email("from_address", "Sender’s address")
            .hint("Mails come from it. The server must let this account use it.")
            .required()
            .value(of(|s| s.from_address.to_string())),
        Field::text("from_name", "Sender’s name")
            .hint("Empty for the organization’s name.")
            .max(200)
            .value(of(|s| s.from_name.clone())),
    ])
}

fn settings(visit: &Visit) -> Option<MailSettings> {
    visit.ctx.organization().and_then(|o| o.settings.mail.clone())
}

async fn page(visit: &Visit, admin: &Admin, form: Form, status: StatusCode) -> Answer {
    let now = visit.ctx.now();
    let queue = visit.ctx.store.reading(move |r| queue_of(r, now)).await?;
    let (waiting, failed, sent, waiting_count, failed_count) = queue;
    let page = MailPage {
        shell: visit.shell("Mail").at(Section::Settings),
        up: urls::settings(),
        form,
        action: urls::mail(""),
        test: urls::mail("test"),
        removal: urls::mail("removal"),
        owner: admin.0.person().email.to_string(),
        is_set_up: settings(visit).is_some(),
        trial: visit.ctx.mail_trial.last().as_ref().map(trial_shown),
        waiting,
        failed,
        sent,
        waiting_count,
        failed_count,
    };
    Ok(render_as(status, &page))
}

async fn show(visit: Visit, admin: Admin) -> Answer {
    let form = form(settings(&visit).as_ref());
    page(&visit, &admin, form, StatusCode::OK).await
}

async fn save(visit: Visit, admin: Admin, body: Body) -> Answer {
    let mut form = form(settings(&visit).as_ref());
    form.fill(body.into_inner());
    form.require();
    if !form.is_valid() {
        return page(&visit, &admin, form, UNPROCESSABLE).await;
    }
    let fields = MailFields {
        host: form.text("host").to_owned(),
        port: form.text("port").to_owned(),
        security: form.text("security").to_owned(),
        user: form.text("user").to_owned(),
        password: Zeroizing::new(form.secret("password").to_owned()),
        from_address: form.text("from_address").to_owned(),
        from_name: form.text("from_name").to_owned(),
    };
    match visit.ctx.change_mail(admin.who(), Some(fields)).await {
        Ok(()) => Ok(flash::to(&visit, &urls::mail(""), "mail-changed", "")),
        Err(error) => {
            let status = refuse(&mut form, error)?;
            page(&visit, &admin, form, status).await
        }
    }
}

async fn test(visit: Visit, admin: Admin) -> Answer {
    match trial::begin(&visit.ctx, admin.0.person().id).await {
        Ok(()) => Ok(back("#test")),
        Err(error) => {
            let mut form = form(settings(&visit).as_ref());
            let status = refuse(&mut form, error)?;
            page(&visit, &admin, form, status).await
        }
    }
}

fn back(part: &str) -> HttpResponse {
    crate::web::gate::see_other(&format!("{}{part}", urls::mail("")))
}

async fn ask_to_turn_off(visit: Visit) -> Answer {
    let shell = visit.shell("Send no more mail").at(Section::Settings);
    let page = Confirm::new(shell, ("Mail", urls::mail("")), urls::mail("removal"), "Send no more mail")
        .line("The server and its password are forgotten.")
        .line("Whoever loses a passphrase asks an admin for a link. Nobody is told by mail of changes to their account.")
        .line("What waits to be sent stays until it is two days old, or a server is set up again.");
    Ok(page.draw())
}

async fn turn_off(visit: Visit, admin: Admin) -> Answer {
    visit.ctx.change_mail(admin.who(), None).await?;
    Ok(flash::to(&visit, &urls::mail(""), "mail-off", ""))
}

fn mail_id(text: &str) -> Result<MailId> {
    MailId::parse(text).ok_or_else(|| Error::not_found("mail"))
}

async fn retry(visit: Visit, admin: Admin, id: web::Path<String>) -> Answer {
    let id = mail_id(&id)?;
    let retried = visit
        .ctx
        .act(admin.who(), move |act| queue::retry(act, id))
        .await?;
    Ok(flash::to(&visit, &urls::mail(""), "mail-again", &retried.address))
}

async fn remove(visit: Visit, admin: Admin, id: web::Path<String>) -> Answer {
    let id = mail_id(&id)?;
    visit
        .ctx
        .act(admin.who(), move |act| queue::remove(act, id))
        .await?;
    Ok(flash::to(&visit, &urls::mail(""), "mail-removed", ""))
}
