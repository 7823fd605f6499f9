//! The middleware before every handler: is this address known, is the visitor who they must be, does the
//! request come from our own pages?
//!
//! Deny by default: an address that is not in [`super::routes`] has no handler, a row there says who may
//! come, and [`admit`] is wrapped around every one of them. A handler that needs a principal takes [`SignedIn`], [`Admin`] or [`Owner`], which only exist when
//! the gate let somebody through.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{ALLOW, HOST, HeaderValue, LOCATION, ORIGIN};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error as ActixError, FromRequest, HttpMessage, HttpRequest, HttpResponse, web};

mod redraw;

use redraw::{explain, is_html, redraw};

use super::cookies::{self, Jar};
use super::fail::{self, Fail};
use super::page::Shell;
use super::peer::{self, Client, throttle_key};
use super::pieces::Notice;
use super::routes::{self, Access, ROUTES, Route, find_route};
use super::{body, overdue, reauth, urls};
use crate::error::{Error, Result};
use crate::flows::gate::Principal;
use crate::flows::reauth::FRESH;
use crate::flows::{Context, Visitor, Who, escalation};
use crate::model::{Permission, Role};

/// One request's visitor: who they are, if anybody, and how they came.
#[derive(Clone)]
pub struct Visit {
    pub ctx: Arc<Context>,
    pub principal: Option<Principal>,
    pub client: Client,
    pub user_agent: String,
    pub session_token: Option<String>,
    pub flow_cookie: Option<String>,
    pub device_cookie: Option<String>,
    /// The way that this browser signed in last, as it says.
    pub way_cookie: Option<String>,
    pub step_cookie: Option<String>,
    pub passkey_cookie: Option<String>,
    flash: Option<Notice>,
}

impl Visit {
    /// The page around what this visitor sees, with what the last action did.
    pub fn shell(&self, title: &str) -> Shell {
        let name = self
            .ctx
            .organization()
            .map(|o| o.name.clone())
            .unwrap_or_default();
        let shell = Shell::new(title, name).with_flash(self.flash.clone());
        match &self.principal {
            Some(principal) => shell.seen_by(principal.person().display_name(), principal.role()),
            None => shell,
        }
    }

    /// The visitor as flows keep them.
    pub fn visitor(&self) -> Visitor {
        Visitor {
            address: self.client.address.to_string(),
            user_agent: self.user_agent.clone(),
            throttle_key: throttle_key(self.client.address).to_string(),
        }
    }

    pub fn secure(&self) -> bool {
        self.client.secure
    }
}

/// Somebody signed in.
pub struct SignedIn(pub Principal);
/// Somebody who may open the settings.
pub struct Admin(pub Principal);

impl Admin {
    pub fn who(&self) -> Who {
        Who::Person(self.0.person().id)
    }

    pub fn is_owner(&self) -> bool {
        self.0.role().owns()
    }
}

impl FromRequest for Visit {
    type Error = Fail;
    type Future = Ready<Result<Self, Fail>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(visit_of(request))
    }
}

impl FromRequest for SignedIn {
    type Error = Fail;
    type Future = Ready<Result<Self, Fail>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let principal = visit_of(request).and_then(|visit| visit.principal.ok_or_else(stranger));
        ready(principal.map(SignedIn))
    }
}

impl FromRequest for Admin {
    type Error = Fail;
    type Future = Ready<Result<Self, Fail>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let principal = visit_of(request).and_then(|visit| visit.principal.ok_or_else(stranger));
        let admin = principal.and_then(|p| {
            if p.role().is_admin() {
                Ok(Admin(p))
            } else {
                Err(stranger())
            }
        });
        ready(admin)
    }
}

fn visit_of(request: &HttpRequest) -> Result<Visit, Fail> {
    let visit = request.extensions().get::<Visit>().cloned();
    visit.ok_or_else(|| Fail(Error::internal("a handler ran without the gate")))
}

fn stranger() -> Fail {
    Fail(Error::denied("This page is for admins."))
}

/// The middleware around everything: the body's time, and then everything else.
pub async fn guard(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, ActixError> {
    let (payload, rest) = body::in_time(request.take_payload());
    request.set_payload(payload);
    let response = meet(request, next).await?;
    Ok(rest.stay(response))
}

/// Who is it, by which name do they call us, and afterwards the page of what went wrong.
async fn meet(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, ActixError> {
    let visit = match look(&request).await {
        Ok(visit) => visit,
        Err(error) => {
            tracing::error!(%error, "a visitor could not be looked up");
            let (http, _) = request.into_parts();
            let busy =
                HttpResponse::ServiceUnavailable().body("Doorward cannot answer at the moment. Try again.\n");
            return Ok(ServiceResponse::new(http, busy));
        }
    };
    let path = request.path().to_owned();
    let had_flash = visit.flash.is_some();
    if !answers_to_any_name(&path) && !is_our_host(&visit, &request) {
        let message = "This is not an address of Doorward. Use the one that your admin gave you.";
        let refusal = fail::plain(&visit, &path, StatusCode::MISDIRECTED_REQUEST, message, None);
        return Ok(request.into_response(refusal).map_into_boxed_body());
    }
    request.extensions_mut().insert(visit.clone());
    let request = reauth::resume(&visit, request).await?;
    let path = request.path().to_owned();
    let response = next.call(request).await?;
    let mut response = redraw(&visit, &path, response.map_into_boxed_body());
    // Said once: the page that showed it lets it go.
    if had_flash && is_html(&response) {
        let forget = cookies::gone(Jar::Flash, visit.secure());
        let _ = response.response_mut().add_cookie(&forget);
    }
    Ok(response)
}

/// The middleware around one address of [`super::routes`]. It is told the address by the resource that it wraps:
/// looking the path up again could find another row than the router did (`/%6Cogin` is `/login` to it).
pub async fn admit(
    address: &'static str,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, ActixError> {
    let visit = visit_of(request.request())?;
    let Some(route) = find_route(address, request.method()) else {
        let refusal = match address.starts_with(urls::SCIM) {
            true => super::scim::wrong_method(request.request()),
            false => wrong_method(&visit, address, request.path()),
        };
        return Ok(request.into_response(refusal).map_into_boxed_body());
    };
    if let Some(refusal) = refuse(&visit, &request, route) {
        if let Some(principal) = visit.principal.as_ref().filter(|p| is_beyond(p.role(), route))
            && !request.method().is_safe()
            && is_same_site(&visit, &request)
        {
            let act = reauth::words(address).map_or_else(|| address.to_owned(), str::to_owned);
            escalation::at_the_gate(&visit.ctx, principal.person().id, act).await;
        }
        return Ok(request.into_response(refusal).map_into_boxed_body());
    }
    if let Some(principal) = &visit.principal
        && routes::needs_fresh_proof(route)
        && !principal.is_fresh(visit.ctx.now(), FRESH)
    {
        return reauth::ask(&visit, principal, request, route).await;
    }
    let response = next.call(request).await?;
    Ok(response.map_into_boxed_body())
}

fn wrong_method(visit: &Visit, address: &str, path: &str) -> HttpResponse {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let mut response = fail::plain(visit, path, status, explain(status), None);
    if let Ok(allowed) = HeaderValue::try_from(routes::methods_of(address)) {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}

/// Machines that watch come by address or by any name; styles and the mark are no secret and hold nothing.
fn answers_to_any_name(path: &str) -> bool {
    let is_machine = |r: &&Route| r.access == Access::Machine && r.path == path;
    ROUTES.iter().any(|route| is_machine(&route))
        || path.starts_with("/assets/")
        || path.starts_with("/favicon.")
}

async fn look(request: &ServiceRequest) -> Result<Visit> {
    let http = request.request();
    let ctx = http
        .app_data::<web::Data<Arc<Context>>>()
        .ok_or_else(|| Error::internal("no context"))?;
    let client = Client::of(http);
    // A program has no session, whatever cookies come with it.
    let read = |jar| match urls::is_without_session(request.path()) {
        true => None,
        false => cookies::read(http, jar, client.secure),
    };
    let session_token = read(Jar::Session);
    let principal = match &session_token {
        Some(token) if token.len() <= 64 => ctx.admit(token).await?,
        _ => None,
    };
    let user_agent = http
        .headers()
        .get("user-agent")
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    Ok(Visit {
        ctx: ctx.get_ref().clone(),
        principal,
        flow_cookie: read(Jar::Flow),
        device_cookie: read(Jar::Device),
        way_cookie: read(Jar::Way),
        step_cookie: read(Jar::Step),
        passkey_cookie: read(Jar::Passkey),
        flash: read(Jar::Flash).and_then(|text| super::flash::read(&text)),
        user_agent: user_agent.chars().take(300).collect(),
        session_token,
        client,
    })
}

fn refuse(visit: &Visit, request: &ServiceRequest, route: &Route) -> Option<HttpResponse> {
    let path = request.path();
    let page = |status, message: &str| Some(fail::plain(visit, path, status, message, None));
    if route.access == Access::Machine {
        return None;
    }
    let is_set_up = visit.ctx.organization().is_some();
    if !is_set_up && route.access == Access::Scim {
        let message =
            "Doorward is not set up yet. Its admin must finish the first run before anything is provisioned.";
        return page(StatusCode::SERVICE_UNAVAILABLE, message);
    }
    if !is_set_up && route.access != Access::Setup {
        return match *request.method() {
            Method::GET | Method::HEAD if !path.starts_with("/api/") => Some(see_other(&urls::setup())),
            _ => page(
                StatusCode::CONFLICT,
                "Doorward is not set up yet. Open the first-run address from its terminal.",
            ),
        };
    }
    if !request.method().is_safe() && !route.cross_site && !is_same_site(visit, request) {
        let message =
            "This request came from another site, so nothing was changed. Open the page here and try again.";
        return page(StatusCode::FORBIDDEN, message);
    }
    if let Some(refusal) = overdue::refuse(visit, request, route) {
        return Some(refusal);
    }
    match (route.access, &visit.principal) {
        (Access::Machine | Access::Public | Access::Setup | Access::Scim, _) | (Access::Member, Some(_)) => {
            None
        }
        (Access::Admin, Some(p)) if p.role().is_admin() => None,
        (Access::May(permissions), Some(p)) if p.role().permissions.has_any(permissions) => None,
        (Access::May(permissions), Some(_)) => page(StatusCode::FORBIDDEN, &lacking(permissions)),
        (Access::Owner, Some(p)) if p.role().owns() => None,
        (Access::Owner, Some(_)) => page(StatusCode::FORBIDDEN, "Only an owner may do this."),
        (_, Some(_)) => page(
            StatusCode::FORBIDDEN,
            "This page is for admins. Ask an owner to make you one.",
        ),
        (_, None) if path.starts_with("/api/") => page(StatusCode::UNAUTHORIZED, "Sign in first."),
        (_, None) if request.method().is_safe() => {
            let wanted = request.uri().path_and_query().map_or("/", |p| p.as_str());
            Some(see_other(&urls::login_then(if wanted == "/" {
                ""
            } else {
                wanted
            })))
        }
        (_, None) => page(
            StatusCode::UNAUTHORIZED,
            "Your session has ended. Sign in, then do it again.",
        ),
    }
}

/// Is it for people who may do more than this role?
fn is_beyond(role: &Role, route: &Route) -> bool {
    match route.access {
        Access::Admin => !role.is_admin(),
        Access::May(permissions) => !role.permissions.has_any(permissions),
        Access::Owner => !role.owns(),
        _ => false,
    }
}

/// What a role would have to be allowed for a page.
fn lacking(permissions: &[Permission]) -> String {
    let words: Vec<&str> = permissions.iter().map(|permission| permission.words()).collect();
    format!(
        "This page is for people who may {}. Ask an owner for a role that may.",
        words.join(" or ")
    )
}

/// The base URL's host, an IP address, or `localhost`: a name that somebody else points at us is none of them.
fn is_our_host(visit: &Visit, request: &ServiceRequest) -> bool {
    let Some(organization) = visit.ctx.organization() else {
        return true;
    };
    // Two names: a proxy in front may have read the other one.
    if request.headers().get_all(HOST).count() > 1 {
        return false;
    }
    let given = peer::host_of(request.request());
    if given.eq_ignore_ascii_case(organization.base_url.authority()) {
        return true;
    }
    let name = given.rsplit_once(':').map_or(given.as_str(), |(name, port)| {
        if port.bytes().all(|b| b.is_ascii_digit()) {
            name
        } else {
            given.as_str()
        }
    });
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<std::net::IpAddr>().is_ok()
}

/// Fetch metadata where the browser sends it, else `Origin`; a request with neither is not from our pages.
fn is_same_site(visit: &Visit, request: &ServiceRequest) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = header("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let scheme = if visit.client.secure { "https" } else { "http" };
    let ours = format!("{scheme}://{}", peer::host_of(request.request()));
    header(ORIGIN.as_str()).is_some_and(|origin| origin.eq_ignore_ascii_case(&ours))
}

pub fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, location))
        .finish()
}
