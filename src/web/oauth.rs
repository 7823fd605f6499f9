//! `/oauth/authorize`, where an admin lets a client provision, and `/oauth/token`, where the client gets its tokens.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, LOCATION, PRAGMA,
};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use url::Url;

use super::body;
use super::fail::{self, Answer};
use super::gate::{Admin, Visit, see_other};
use super::headers::allow_form_to;
use super::page::{Shell, render};
use super::routes::{Access, Route, get, post};
use super::urls;
use crate::flows::oauth::OauthProblem;
use crate::flows::oauth::authorize::{self, Asked, NAMES, Unaskable, Wish};
use crate::flows::oauth::token::{self, TokenRequest};
use crate::store::feeds::{self, Feed, Source};

/// Forms of the token endpoint are small.
const FORM_LIMIT: usize = 64 * 1024;

pub fn routes() -> Vec<Route> {
    vec![
        // A client's request, brought by an admin's browser: who asks, and for what.
        get("/oauth/authorize", Access::INTEGRATIONS, show),
        // Allow or deny.
        post("/oauth/authorize", Access::INTEGRATIONS, decide),
        // Programs alone; they prove themselves inside, by a client secret or by what they were given.
        post("/oauth/token", Access::Public, exchange)
            .from_anywhere()
            .limit(FORM_LIMIT),
    ]
}

#[derive(Template)]
#[template(path = "oauth/consent.html")]
struct ConsentPage {
    shell: Shell,
    client: String,
    client_id: String,
    connection: String,
    connection_url: String,
    /// Why the client would be refused for the time being, although it is let in.
    closed: bool,
    /// The mapping gives roles.
    gives_roles: bool,
    /// Pushed groups put people into access groups, which have roles.
    feeds: bool,
    /// One of both may make owners.
    may_own: bool,
    /// Host of the address to which the browser goes back.
    host: String,
    redirect_uri: String,
    action: String,
    fields: Vec<(String, String)>,
}

async fn show(visit: Visit, _admin: Admin, query: web::Query<Vec<(String, String)>>) -> Answer {
    let wish = wish(query.into_inner());
    match authorize::ask(&visit.ctx, &wish).await {
        Ok(asked) => {
            let id = asked.connection.id;
            let feeds = visit
                .ctx
                .store
                .reading(move |r| feeds::list_of_connection(r, id))
                .await?;
            Ok(consent(&visit, &asked, &feeds, wish))
        }
        Err(unaskable) => turn_away(unaskable),
    }
}

/// What is not read is not carried on.
fn wish(pairs: Vec<(String, String)>) -> Wish {
    let known = |(name, _): &(String, String)| NAMES.contains(&name.as_str());
    Wish {
        pairs: pairs.into_iter().filter(known).collect(),
    }
}

fn consent(visit: &Visit, asked: &Asked, feeds: &[Feed], wish: Wish) -> HttpResponse {
    let mapping = &asked.connection.mapping;
    let gives_roles = mapping.maps("role");
    let mut pushed = feeds
        .iter()
        .filter(|feed| matches!(feed.source, Source::Pushed(_)))
        .peekable();
    let target = Url::parse(&asked.redirect_uri).ok();
    let host = target.as_ref().and_then(Url::host_str).unwrap_or_default();
    let page = ConsentPage {
        shell: visit.shell(&format!("Let {} provision?", asked.client.name)),
        client: asked.client.name.clone(),
        client_id: asked.client.id.clone(),
        connection: asked.connection.name.clone(),
        connection_url: urls::integration(asked.connection.slug.as_str()),
        closed: !asked.connection.provisions(),
        gives_roles,
        feeds: pushed.peek().is_some(),
        may_own: (gives_roles && mapping.may_own()) || pushed.any(|feed| feed.may_own),
        host: host.to_owned(),
        redirect_uri: asked.redirect_uri.clone(),
        action: urls::oauth_authorize(),
        fields: wish.pairs,
    };
    let mut response = render(&page);
    // The answer to the form is a redirect there, and browsers hold redirects against the form's policy too.
    if let Some(target) = &target {
        allow_form_to(&mut response, target);
    }
    response
}

fn turn_away(unaskable: Unaskable) -> Answer {
    match unaskable {
        Unaskable::Stay(error) => Err(error.into()),
        Unaskable::SendBack(location) => Ok(see_other(&location)),
    }
}

async fn decide(visit: Visit, admin: Admin, form: web::Form<Vec<(String, String)>>) -> Answer {
    let pairs = form.into_inner();
    let allowed = pairs
        .iter()
        .any(|(name, value)| name == "decision" && value == "allow");
    // Judged again: between page and answer the client may have been removed.
    let asked = match authorize::ask(&visit.ctx, &wish(pairs)).await {
        Ok(asked) => asked,
        Err(unaskable) => return turn_away(unaskable),
    };
    let location = if allowed {
        authorize::allow(&visit.ctx, admin.0.person().id, asked).await?
    } else {
        authorize::deny(&visit.ctx, &asked)?
    };
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, location))
        .finish())
}

async fn exchange(http: HttpRequest, visit: Visit, payload: web::Payload) -> HttpResponse {
    match read(&http, &visit, payload).await {
        Ok(request) => match token::answer(&visit.ctx, &request).await {
            Ok(tokens) => HttpResponse::Ok()
                .insert_header((CACHE_CONTROL, "no-store"))
                .insert_header((PRAGMA, "no-cache"))
                .json(tokens.to_json()),
            Err(problem) => fail::oauth(&problem),
        },
        Err(problem) => fail::oauth(&problem),
    }
}

async fn read(
    http: &HttpRequest,
    visit: &Visit,
    payload: web::Payload,
) -> Result<TokenRequest, OauthProblem> {
    let header = |name: &HeaderName| {
        let mut all = http.headers().get_all(name);
        match (all.next(), all.next()) {
            (_, Some(_)) => Err(OauthProblem::new(
                "invalid_request",
                format!("The header {name} is there more than once."),
            )),
            (first, None) => Ok(first.and_then(|value| value.to_str().ok()).map(str::to_owned)),
        }
    };
    let kind = header(&CONTENT_TYPE)?.unwrap_or_default().to_ascii_lowercase();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        let message = "The request must be a form: Content-Type: application/x-www-form-urlencoded.";
        return Err(OauthProblem::new("invalid_request", message));
    }
    let said = header(&CONTENT_LENGTH)?.and_then(|length| length.parse().ok());
    let body = body::whole(payload.into_inner(), said, FORM_LIMIT).await;
    let body = body.map_err(|_| {
        let message = "The form is too large, came too slowly or broke off.";
        OauthProblem::new("invalid_request", message)
    })?;
    Ok(TokenRequest {
        pairs: url::form_urlencoded::parse(&body).into_owned().collect(),
        authorization: header(&AUTHORIZATION)?,
        visitor: visit.visitor(),
    })
}

/// The face of refusals that never reached the handler: wrong method, before the first run.
pub fn refusal(status: StatusCode, message: &str) -> HttpResponse {
    let code = if status.is_server_error() {
        "server_error"
    } else {
        "invalid_request"
    };
    let problem = OauthProblem {
        status: status.as_u16(),
        ..OauthProblem::new(code, message)
    };
    fail::oauth(&problem)
}
