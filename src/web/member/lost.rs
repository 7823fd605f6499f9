//! A lost passphrase: asking for a link, and choosing a new one with it.
//!
//! Opening a link does not use it: mail scanners do that. The address with the token is in no log and, because no page
//! of ours sends a `Referer`, with nobody else.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web;
use askama::Template;
use zeroize::Zeroizing;

use crate::error::{Error, Kind};
use crate::flows::sign_on::way;
use crate::flows::{lost, mail, passphrase};
use crate::model::{Person, Purpose};
use crate::web::fail::{Answer, status};
use crate::web::form::{Field, Form};
use crate::web::gate::{Visit, see_other};
use crate::web::page::{Shell, render, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get("/login/lost", Access::Public, show),
        post("/login/lost", Access::Public, ask),
        // The same for everybody who asked.
        get("/login/lost/sent", Access::Public, sent),
        get("/login/reset/{token}", Access::Public, open),
        post("/login/reset/{token}", Access::Public, choose),
    ]
}

#[derive(Template)]
#[template(path = "member/lost.html")]
struct LostPage {
    shell: Shell,
    form: Form,
    action: String,
    login: String,
    /// Whether any mail goes out from here.
    sends_mail: bool,
    contact: String,
}

fn form() -> Form {
    Form::new([Field::email("email", "E-mail")
        .autocomplete("username")
        .required()
        .focus()])
}

fn contact(visit: &Visit) -> String {
    visit
        .ctx
        .organization()
        .map(|o| o.contact.clone())
        .unwrap_or_default()
}

async fn page(visit: &Visit, form: Form) -> crate::error::Result<LostPage> {
    Ok(LostPage {
        shell: visit.shell("A lost passphrase"),
        form,
        action: urls::lost(),
        login: urls::login(),
        sends_mail: visit.ctx.store.reading(mail::is_set_up).await?,
        contact: contact(visit),
    })
}

async fn show(visit: Visit) -> Answer {
    Ok(render(&page(&visit, form()).await?))
}

async fn ask(visit: Visit, body: web::Form<Vec<(String, String)>>) -> Answer {
    let mut form = form();
    form.fill(body.into_inner());
    form.require();
    if !form.is_valid() {
        let page = page(&visit, form).await?;
        return Ok(render_as(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    let path = |token: &str| urls::reset(token);
    match lost::ask(&visit.ctx, form.text("email"), &visit.visitor(), path).await {
        Ok(()) => Ok(see_other(&urls::lost_sent())),
        Err(error) => {
            let status = refuse(&mut form, &error).ok_or(error)?;
            Ok(status.draw(&page(&visit, form).await?))
        }
    }
}

/// With which status a form is drawn again, and when to come back.
struct Refusal {
    status: StatusCode,
    seconds: Option<u64>,
}

impl Refusal {
    fn draw(&self, page: &impl Template) -> HttpResponse {
        let mut response = render_as(self.status, page);
        if let Some(seconds) = self.seconds {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// Says in the form what was wrong. `None`: it is not the reader's to mend.
fn refuse(form: &mut Form, error: &Error) -> Option<Refusal> {
    let mut seconds = None;
    match &error.kind {
        Kind::Invalid(problems) => problems
            .iter()
            .for_each(|p| form.refuse(&p.field, p.message.clone())),
        Kind::RateLimited(wait) => {
            form.trouble = Some(error.message.clone());
            seconds = Some(*wait);
        }
        _ => return None,
    }
    Some(Refusal {
        status: status(error),
        seconds,
    })
}

#[derive(Template)]
#[template(path = "member/lost_sent.html")]
struct SentPage {
    shell: Shell,
    login: String,
    lost: String,
    contact: String,
}

async fn sent(visit: Visit) -> Answer {
    Ok(render(&SentPage {
        shell: visit.shell("Look into your mail"),
        login: urls::login(),
        lost: urls::lost(),
        contact: contact(&visit),
    }))
}

#[derive(Template)]
#[template(path = "member/reset.html")]
struct ResetPage {
    shell: Shell,
    email: String,
    /// They have none yet.
    is_first: bool,
    form: Form,
    action: String,
    login: String,
}

impl ResetPage {
    fn submit(&self) -> &'static str {
        if self.is_first {
            "Save the passphrase"
        } else {
            "Change the passphrase"
        }
    }
}

#[derive(Template)]
#[template(path = "member/reset_gone.html")]
struct GonePage {
    shell: Shell,
    lost: String,
    login: String,
}

fn new_passphrase(purpose: Purpose) -> Form {
    let (label, again) = match purpose {
        Purpose::Invite => ("Passphrase", "Passphrase, once more"),
        _ => ("New passphrase", "New passphrase, once more"),
    };
    let hint = format!(
        "At least {} characters. Four or five words that only you would put together are good.",
        passphrase::SHORTEST
    );
    Form::new([
        Field::password("passphrase", label)
            .autocomplete("new-password")
            .hint(hint)
            .required()
            .focus(),
        Field::password("passphrase_again", again)
            .autocomplete("new-password")
            .required(),
    ])
}

/// One answer for a link that was used, is too old, or never was.
fn gone(visit: &Visit) -> HttpResponse {
    render_as(
        StatusCode::NOT_FOUND,
        &GonePage {
            shell: visit.shell("This link does not work"),
            lost: urls::lost(),
            login: urls::login(),
        },
    )
}

async fn find(visit: &Visit, token: &str) -> crate::error::Result<Option<(Person, Purpose)>> {
    let (token, now) = (token.to_owned(), visit.ctx.now());
    visit.ctx.store.reading(move |r| lost::look(r, &token, now)).await
}

/// Somebody who was invited has nothing to be replaced.
fn reset_page(visit: &Visit, found: &(Person, Purpose), token: &str, form: Form) -> ResetPage {
    let (person, purpose) = found;
    let is_first = *purpose == Purpose::Invite;
    ResetPage {
        shell: visit.shell(match is_first {
            true => "Choose a passphrase",
            false => "Choose a new passphrase",
        }),
        email: person.email.to_string(),
        is_first,
        form,
        action: urls::reset(token),
        login: urls::login(),
    }
}

async fn open(visit: Visit, token: web::Path<String>) -> Answer {
    Ok(match find(&visit, &token).await? {
        Some(found) => {
            let form = new_passphrase(found.1);
            render(&reset_page(&visit, &found, &token, form))
        }
        None => gone(&visit),
    })
}

async fn choose(visit: Visit, token: web::Path<String>, body: web::Form<Vec<(String, String)>>) -> Answer {
    let Some(found) = find(&visit, &token).await? else {
        return Ok(gone(&visit));
    };
    let mut form = new_passphrase(found.1);
    form.fill(body.into_inner());
    form.require();
    if form.secret("passphrase") != form.secret("passphrase_again") {
        form.refuse("passphrase_again", "The two passphrases differ.");
    }
    if !form.is_valid() {
        let page = reset_page(&visit, &found, &token, form);
        return Ok(render_as(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    let passphrase = Zeroizing::new(form.secret("passphrase").to_owned());
    match lost::choose(&visit.ctx, &token, passphrase).await {
        Ok(Some(person)) if found.1 == Purpose::Invite => {
            let sealed = way::seal(&visit.ctx, &person.email)?;
            let next = urls::login_passphrase("", &sealed);
            Ok(flash::to(&visit, &next, "passphrase-set", ""))
        }
        Ok(Some(_)) => Ok(flash::to(&visit, &urls::login(), "passphrase-chosen", "")),
        Ok(None) => Ok(gone(&visit)),
        Err(error) => {
            let refusal = refuse(&mut form, &error).ok_or(error)?;
            Ok(refusal.draw(&reset_page(&visit, &found, &token, form)))
        }
    }
}
