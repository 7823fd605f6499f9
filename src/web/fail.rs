//! The only place that picks a status code for an error, and the page that a person sees with it.
//!
//! A handler returns [`Answer`]. An internal error is logged once, with a reference; the person sees the
//! reference and a way out, never the cause.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use askama::Template;

use super::gate::Visit;
use super::page::{Shell, render_as};
use super::urls;
use crate::error::{Error, Kind};
use crate::flows::oauth::OauthProblem;
use crate::scim::ScimProblem;

/// How SCIM answers say what they are (RFC 7644 §3.1).
pub const SCIM_JSON: &str = "application/scim+json; charset=utf-8";

/// What handlers return.
pub type Answer = Result<HttpResponse, Fail>;

/// An [`Error`] on its way to the browser.
#[derive(Debug)]
pub struct Fail(pub Error);

impl From<Error> for Fail {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl fmt::Display for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for Fail {
    fn status_code(&self) -> StatusCode {
        status(&self.0)
    }

    /// Bare; the gate draws the page over it, because only it knows who is looking.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

pub fn status(error: &Error) -> StatusCode {
    match error.kind {
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Denied => StatusCode::FORBIDDEN,
        Kind::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
        Kind::Upstream => StatusCode::BAD_GATEWAY,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn title(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "Doorward could not read this request",
        401 => "Sign in first",
        403 => "You may not do this",
        404 => "There is nothing here",
        405 => "This address does not do that",
        408 => "That took too long",
        409 => "This cannot be done now",
        413 => "That was too much at once",
        415 => "Doorward does not read this",
        421 => "This is not an address of Doorward",
        422 => "Something has to be put right first",
        429 => "Too many attempts",
        503 => "Doorward cannot do this at the moment",
        _ => "Doorward made a mistake",
    }
}

#[derive(Template)]
#[template(path = "fail.html")]
struct FailPage {
    shell: Shell,
    message: String,
    reference: Option<String>,
    contact: String,
    way_out: (&'static str, String),
}

/// Draws an error for whoever is looking: a page, JSON under `/api/`, SCIM JSON under `/scim/`,
/// OAuth JSON at the token endpoint.
pub fn draw(visit: &Visit, path: &str, error: &Error) -> HttpResponse {
    let status = status(error);
    let reference = (status.is_server_error()).then(|| visit.ctx.random.reference());
    if let Some(reference) = &reference {
        let cause = error
            .source
            .as_ref()
            .map_or_else(String::new, ToString::to_string);
        let path = urls::without_token(path);
        tracing::error!(%reference, path, message = %error.message, %cause, "a request failed");
    }
    let mut response = plain(visit, path, status, &error.message, reference);
    if let Kind::RateLimited(seconds) = error.kind {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

/// A refusal as SCIM clients read it (RFC 7644 §3.12).
pub fn scim(problem: &ScimProblem) -> HttpResponse {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response.content_type(SCIM_JSON);
    if let Some(seconds) = problem.retry_after {
        response.insert_header((RETRY_AFTER, seconds));
    }
    if let Some(methods) = allowed(problem.allow) {
        response.insert_header((ALLOW, methods));
    }
    if status == StatusCode::UNAUTHORIZED {
        response.append_header((WWW_AUTHENTICATE, "Bearer realm=\"Doorward SCIM\""));
        response.append_header((
            WWW_AUTHENTICATE,
            "Basic realm=\"Doorward SCIM\", charset=\"UTF-8\"",
        ));
    }
    response.body(problem.to_json().to_string())
}

/// The value of `Allow`; whatever answers GET answers HEAD.
pub fn allowed(methods: &[&str]) -> Option<String> {
    (!methods.is_empty()).then(|| methods.join(", ").replace("GET", "GET, HEAD"))
}

/// A refusal as OAuth clients read it (RFC 6749 §5.2).
pub fn oauth(problem: &OauthProblem) -> HttpResponse {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((PRAGMA, "no-cache"));
    if status == StatusCode::UNAUTHORIZED {
        response.insert_header((
            WWW_AUTHENTICATE,
            "Basic realm=\"Doorward OAuth\", charset=\"UTF-8\"",
        ));
    }
    if let Some(seconds) = problem.retry_after {
        response.insert_header((RETRY_AFTER, seconds));
    }
    let body = serde_json::json!({ "error": problem.code, "error_description": problem.description });
    response.json(body)
}

/// Draws a refusal that is no [`Error`]: no such page, wrong method, cross-site request.
pub fn plain(
    visit: &Visit,
    path: &str,
    status: StatusCode,
    message: &str,
    reference: Option<String>,
) -> HttpResponse {
    if path.starts_with(urls::SCIM) {
        let detail = match &reference {
            Some(reference) => format!("{message} Tell the admin of Doorward this reference: {reference}."),
            None => message.to_owned(),
        };
        return scim(&ScimProblem::new(status.as_u16(), None, detail));
    }
    if urls::is_sign_out_call(path) {
        let error = if status.is_server_error() {
            "server_error"
        } else {
            "invalid_request"
        };
        return super::sign_out_calls::refusal(status, error, message);
    }
    if path == urls::OAUTH_TOKEN {
        return super::oauth::refusal(status, message);
    }
    if path.starts_with("/api/") {
        let body =
            serde_json::json!({ "status": status.as_u16(), "message": message, "reference": reference });
        return HttpResponse::build(status).json(body);
    }
    let way_out = match &visit.principal {
        Some(principal) if principal.role().is_admin() => ("Go to the overview", urls::overview()),
        Some(_) => ("Go to your start page", urls::home()),
        None => ("Go to the sign-in page", urls::login()),
    };
    // Strangers are not told who runs the place.
    let insider = visit.principal.as_ref().and_then(|_| visit.ctx.organization());
    let contact = insider.map(|o| o.contact.clone()).unwrap_or_default();
    let shell = visit.shell(title(status));
    render_as(
        status,
        &FailPage {
            shell,
            message: message.to_owned(),
            reference,
            contact,
            way_out,
        },
    )
}
