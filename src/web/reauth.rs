//! "Prove that it is you": the page between an old session and an act that needs a fresh proof.
//!
//! What was sent waits on the server, sealed, and is sent on its way as it was once the proof is there, so that nobody
//! fills in a form twice. The button that does so carries an id and nothing of what was typed.

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use actix_web::http::{Method, StatusCode, Uri};
use actix_web::web::Bytes;
use actix_web::{Error as ActixError, HttpMessage, HttpResponse, web};
use askama::Template;
use zeroize::Zeroizing;

use super::body::{self, Unread};
use super::fail::{self, Answer};
use super::form::{Field, Form};
use super::gate::{SignedIn, Visit, see_other};
use super::member::login::set_session;
use super::member::passkey::{PasskeyForm, Sent};
use super::page::{Shell, render, render_as};
use super::routes::{Access, Route, get, post};
use super::urls;
use crate::error::Kind;
use crate::flows::factors::{self, Factors, Proof};
use crate::flows::gate::Principal;
use crate::flows::reauth::{self, Held};
use crate::model::local_path;

mod acts;

pub use acts::words;

pub fn routes() -> Vec<Route> {
    vec![
        get("/reauth", Access::Member, show),
        post("/reauth", Access::Member, prove),
        post("/reauth/passkey", Access::Member, prove_by_passkey),
        get("/reauth/resume", Access::Member, ready),
        // Reached only when nothing waits any more: what waits never gets here, see [`resume`].
        post("/reauth/resume", Access::Member, gone),
    ]
}

/// Longest body of the button that sends on what waits.
const ID_LIMIT: usize = 200;

/// Keeps what was sent, and leads to the page that asks for the proof.
pub async fn ask(
    visit: &Visit,
    principal: &Principal,
    mut request: ServiceRequest,
    route: &Route,
) -> Result<ServiceResponse<BoxBody>, ActixError> {
    let header = |name| {
        let value = request.headers().get(name);
        value.and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let said = header(CONTENT_LENGTH).and_then(|length| length.parse().ok());
    let content_type = header(CONTENT_TYPE).unwrap_or_default();
    let target = request
        .uri()
        .path_and_query()
        .map_or("/", |p| p.as_str())
        .to_owned();
    let read = body::whole(request.take_payload(), said, route.limit).await;
    let path = request.path().to_owned();
    let response = match read {
        Ok(body) => {
            let held = Held {
                route: route.path.to_owned(),
                target,
                content_type,
                body,
            };
            match reauth::hold(&visit.ctx, principal.person().id, &held).await {
                Ok(id) => see_other(&urls::reauth(&id, "")),
                Err(error) => fail::draw(visit, &path, &error),
            }
        }
        Err(why) => {
            let (status, message) = match why {
                Unread::TooLarge => (
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "The request was larger than Doorward takes. Send less.",
                ),
                Unread::TooSlow => (
                    StatusCode::REQUEST_TIMEOUT,
                    "The request arrived too slowly. Check the connection, then send it again.",
                ),
                Unread::Broken => (StatusCode::BAD_REQUEST, "The request broke off. Send it again."),
            };
            fail::plain(visit, &path, status, message, None)
        }
    };
    Ok(request.into_response(response).map_into_boxed_body())
}

#[derive(serde::Deserialize)]
pub struct Waiting {
    #[serde(default)]
    form: String,
    #[serde(default)]
    next: String,
}

/// Turns the button's request into the one that waited, when its sender has proved who they are. Everything else,
/// the gate included, then sees that request and no other.
pub async fn resume(visit: &Visit, mut request: ServiceRequest) -> Result<ServiceRequest, ActixError> {
    let fresh = |p: &&Principal| p.is_fresh(visit.ctx.now(), reauth::FRESH);
    let Some(principal) = visit.principal.as_ref().filter(fresh) else {
        return Ok(request);
    };
    if request.method() != Method::POST || request.path() != urls::REAUTH_RESUME {
        return Ok(request);
    }
    let Ok(typed) = body::whole(request.take_payload(), None, ID_LIMIT).await else {
        return Ok(request);
    };
    let id = url::form_urlencoded::parse(&typed).find(|(name, _)| name == "form");
    let Some((_, id)) = id else {
        return Ok(request);
    };
    let held = match reauth::take(&visit.ctx, principal.person().id, &id).await {
        Ok(Some(held)) => held,
        Ok(None) => return Ok(request),
        Err(error) => return Err(fail::Fail(error).into()),
    };
    let Ok(uri) = held.target.parse::<Uri>() else {
        return Ok(request);
    };
    request.match_info_mut().get_mut().update(&uri);
    request.head_mut().uri = uri;
    let length = HeaderValue::from(held.body.len());
    let headers = request.headers_mut();
    headers.insert(CONTENT_LENGTH, length);
    match HeaderValue::from_str(&held.content_type) {
        Ok(kind) if !held.content_type.is_empty() => headers.insert(CONTENT_TYPE, kind),
        _ => headers.remove(CONTENT_TYPE),
    };
    request.set_payload(Payload::from(Bytes::from(held.body)));
    Ok(request)
}

#[derive(Template)]
#[template(path = "member/reauth.html")]
struct ReauthPage {
    shell: Shell,
    form: Form,
    action: String,
    /// Something waits to be done.
    waits: bool,
    /// Name of the connection and where the proof through it starts.
    through: Option<(String, String)>,
    has_passphrase: bool,
    /// Where the person has one, and the browser may.
    passkey: Option<PasskeyForm>,
    back: String,
}

fn form(asks_code: bool) -> Form {
    let passphrase = Field::password("passphrase", "Passphrase")
        .autocomplete("current-password")
        .required()
        .focus();
    let code = Field::text("code", "Code")
        .hint("The six digits that your authenticator app shows now, or one of your recovery codes.")
        .autocomplete("one-time-code")
        .mono()
        .required()
        .max(100);
    let code = asks_code.then_some(code);
    Form::new([passphrase].into_iter().chain(code))
}

async fn found(visit: &Visit, principal: &Principal) -> crate::error::Result<Factors> {
    let id = principal.person().id;
    visit.ctx.store.reading(move |r| factors::find(r, id)).await
}

fn page(
    visit: &Visit,
    principal: &Principal,
    has: &Factors,
    form: Form,
    waiting: &Waiting,
    status: StatusCode,
) -> HttpResponse {
    let then = after(waiting);
    let through = principal.connection().map(|connection| {
        let start = urls::sso(connection.slug.as_str());
        let start = urls::query(&start, &[("return_to", &then), ("again", "1")]);
        (connection.name.clone(), start)
    });
    let passkey = PasskeyForm::of(visit, urls::reauth_passkey(&waiting.form, &waiting.next));
    render_as(
        status,
        &ReauthPage {
            shell: visit.shell("Prove that it is you"),
            form,
            action: urls::reauth(&waiting.form, &waiting.next),
            waits: !waiting.form.is_empty(),
            through,
            has_passphrase: has.has_passphrase,
            passkey: passkey.filter(|_| !has.passkeys.is_empty()),
            back: urls::home(),
        },
    )
}

/// Where to go once the proof is there.
fn after(waiting: &Waiting) -> String {
    if waiting.form.is_empty() {
        return local_path(&waiting.next).unwrap_or_else(urls::home);
    }
    urls::query(urls::REAUTH_RESUME, &[("form", &waiting.form)])
}

async fn show(visit: Visit, SignedIn(principal): SignedIn, waiting: web::Query<Waiting>) -> Answer {
    if principal.is_fresh(visit.ctx.now(), reauth::FRESH) {
        return Ok(see_other(&after(&waiting)));
    }
    let has = found(&visit, &principal).await?;
    let form = form(has.has_second());
    Ok(page(&visit, &principal, &has, form, &waiting, StatusCode::OK))
}

async fn prove(
    visit: Visit,
    SignedIn(principal): SignedIn,
    waiting: web::Query<Waiting>,
    body: web::Form<Vec<(String, String)>>,
) -> Answer {
    let has = found(&visit, &principal).await?;
    let mut form = form(has.has_second());
    form.fill(body.into_inner());
    form.require();
    if !form.is_valid() {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(page(&visit, &principal, &has, form, &waiting, status));
    }
    let proof = Proof::Passphrase {
        passphrase: Zeroizing::new(form.secret("passphrase").to_owned()),
        code: has.has_second().then(|| form.text("code").to_owned()),
    };
    form = form.with("code", "");
    settle(&visit, &principal, &has, form, &waiting, proof).await
}

async fn prove_by_passkey(
    visit: Visit,
    SignedIn(principal): SignedIn,
    waiting: web::Query<Waiting>,
    sent: web::Form<Sent>,
) -> Answer {
    let has = found(&visit, &principal).await?;
    let proof = Proof::Passkey(sent.into_inner().by(&visit));
    let form = form(has.has_second());
    settle(&visit, &principal, &has, form, &waiting, proof).await
}

async fn settle(
    visit: &Visit,
    principal: &Principal,
    has: &Factors,
    mut form: Form,
    waiting: &Waiting,
    proof: Proof,
) -> Answer {
    let token = visit.session_token.clone().unwrap_or_default();
    let (device, visitor) = (visit.device_cookie.as_deref(), visit.visitor());
    match reauth::prove(&visit.ctx, principal, &token, proof, device, &visitor).await {
        Ok(renewed) => {
            let mut response = see_other(&after(waiting));
            set_session(visit, &mut response, renewed.token, renewed.expires_at);
            Ok(response)
        }
        Err(error) if matches!(error.kind, Kind::Denied | Kind::RateLimited(_)) => {
            form.trouble = Some(error.message.clone());
            let status = match error.kind {
                Kind::Denied => StatusCode::UNAUTHORIZED,
                _ => fail::status(&error),
            };
            Ok(page(visit, principal, has, form, waiting, status))
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "member/resume.html")]
struct ResumePage {
    shell: Shell,
    /// What the button does.
    act: &'static str,
    action: &'static str,
    form: String,
    back: String,
}

/// The proof is there: one button does what was asked for.
async fn ready(visit: Visit, SignedIn(principal): SignedIn, waiting: web::Query<Waiting>) -> Answer {
    if !principal.is_fresh(visit.ctx.now(), reauth::FRESH) {
        return Ok(see_other(&urls::reauth(&waiting.form, "")));
    }
    let found = reauth::look(&visit.ctx, principal.person().id, &waiting.form).await?;
    let Some(held) = found else {
        return nothing_waits(&visit);
    };
    Ok(render(&ResumePage {
        shell: visit.shell("It is you"),
        act: acts::words(&held.route).unwrap_or("Do what you asked for"),
        action: urls::REAUTH_RESUME,
        form: waiting.into_inner().form,
        back: urls::home(),
    }))
}

async fn gone(visit: Visit) -> Answer {
    nothing_waits(&visit)
}

fn nothing_waits(visit: &Visit) -> Result<HttpResponse, fail::Fail> {
    let message = "What you sent waited for half an hour, or was done already. Open the page and look; if it was not \
                   done, do it again.";
    Ok(fail::plain(
        visit,
        urls::REAUTH_RESUME,
        StatusCode::GONE,
        message,
        None,
    ))
}
