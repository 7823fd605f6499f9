//! Every address of the product and who may use it. What is not listed here does not exist.

use std::sync::LazyLock;

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::{Handler, Responder, web};

use super::{admin, gate, member};
use crate::model::Permission;

/// Who may use an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody, by any host name, before first run too: health.
    Machine,
    /// The first run; guards itself with the setup code.
    Setup,
    Public,
    /// A program with a credential of its own: no session, no cookie, no page. The handler lets it in or not.
    Scim,
    Member,
    /// Whoever may open any of the settings pages.
    Admin,
    /// Whose role has one of these permissions.
    May(&'static [Permission]),
    Owner,
}

impl Access {
    pub const PEOPLE: Self = Self::May(&[Permission::ManagePeople]);
    pub const ROLES: Self = Self::May(&[Permission::ManageAccess]);
    pub const INTEGRATIONS: Self = Self::May(&[Permission::ManageIntegrations]);
    pub const ACTIVITY: Self = Self::May(&[Permission::SeeActivity]);
    /// A reference leads to its trace, whoever it was shown to.
    pub const TRACES: Self = Self::May(&[
        Permission::SeeActivity,
        Permission::ManageIntegrations,
        Permission::ManagePeople,
    ]);
}

/// One row: method, address, who, and the handler behind it.
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
    /// A POST that other sites send by design (the ACS); it must not rest on the session cookie.
    pub cross_site: bool,
    /// Largest body in bytes.
    pub limit: usize,
    make: Box<dyn Fn() -> actix_web::Route + Send + Sync>,
}

/// Ordinary forms are small.
const FORM_LIMIT: usize = 64 * 1024;

fn row<F, Args>(method: Method, path: &'static str, access: Access, handler: F) -> Route
where
    F: Handler<Args> + Send + Sync,
    Args: actix_web::FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let make = Box::new({
        let method = method.clone();
        move || {
            let route = web::route().to(handler.clone());
            match method {
                Method::GET => {
                    route.guard(actix_web::guard::Any(actix_web::guard::Get()).or(actix_web::guard::Head()))
                }
                _ => route.method(method.clone()),
            }
        }
    });
    Route {
        method,
        path,
        access,
        cross_site: false,
        limit: FORM_LIMIT,
        make,
    }
}

/// A page; `HEAD` is answered too.
pub fn get<F, Args>(path: &'static str, access: Access, handler: F) -> Route
where
    F: Handler<Args> + Send + Sync,
    Args: actix_web::FromRequest + 'static,
    F::Output: Responder + 'static,
{
    row(Method::GET, path, access, handler)
}

/// A form's target.
pub fn post<F, Args>(path: &'static str, access: Access, handler: F) -> Route
where
    F: Handler<Args> + Send + Sync,
    Args: actix_web::FromRequest + 'static,
    F::Output: Responder + 'static,
{
    row(Method::POST, path, access, handler)
}

/// Any other method, for programs.
pub fn other<F, Args>(method: Method, path: &'static str, access: Access, handler: F) -> Route
where
    F: Handler<Args> + Send + Sync,
    Args: actix_web::FromRequest + 'static,
    F::Output: Responder + 'static,
{
    row(method, path, access, handler)
}

impl Route {
    /// Other sites may post here.
    pub fn from_anywhere(mut self) -> Self {
        self.cross_site = true;
        self
    }

    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }
}

/// All of them.
pub static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let mut routes = Vec::new();
    // The router tries one address after the other: what programs ask a thousand times a second comes first.
    routes.extend(super::scim::routes());
    routes.extend(super::health::routes());
    routes.extend(member::routes());
    routes.extend(admin::routes());
    routes.extend(super::oauth::routes());
    routes.extend(super::reauth::routes());
    routes.extend(super::sign_out_calls::routes());
    routes
});

/// What changes something and is done with a session alone, however old its proof. Everything else that members, admins
/// and owners send asks for a fresh one; so does every address that is new and not listed here.
const EVERYDAY: &[&str] = &[
    // proving, and ending what is open
    "/reauth",
    "/reauth/passkey",
    "/reauth/resume",
    "/account/sessions/end",
    "/account/sessions/end-others",
    "/admin/people/{id}/sign-out",
    "/admin/people/{id}/deactivation",
    "/admin/integrations/{slug}/deactivation",
    "/admin/integrations/{slug}/provisioning/deactivation",
    // undoing what may have shut the way by which it would be proved
    "/admin/integrations/{slug}/enforcement/{id}/rollback",
    // what an identity provider or somebody without an account asked for
    "/admin/access-requests/{id}/grant",
    "/admin/access-requests/{id}/dismissal",
    "/admin/integrations/{slug}/provisioning/review",
    "/admin/integrations/{slug}/provisioning/review/omission",
    "/admin/integrations/{slug}/provisioning/review/history/{id}/undo",
    "/admin/integrations/{slug}/provisioning/held",
    "/admin/integrations/{slug}/provisioning/held/decision",
    "/admin/integrations/{slug}/provisioning/removed",
    "/admin/integrations/{slug}/provisioning/removed/restoration",
    "/admin/integrations/{slug}/provisioning/groups/{id}/restoration",
    // looking closely
    "/admin/integrations/{slug}/tests",
    "/admin/integrations/{slug}/mapping/preview",
    "/admin/people/transfer",
    "/admin/access/teams/transfer",
    "/admin/access/groups/transfer",
    "/admin/integrations/{slug}/mapping/transfer",
    "/admin/integrations/{slug}/provisioning/requests/{id}/opening",
    "/admin/integrations/{slug}/provisioning/requests/{id}/dry-run",
];

/// Must whoever sends this have proved who they are a moment ago (ASVS V7.5.1, V7.5.3)?
pub fn needs_fresh_proof(route: &Route) -> bool {
    !route.method.is_safe()
        && matches!(
            route.access,
            Access::Member | Access::Admin | Access::May(_) | Access::Owner
        )
        && !EVERYDAY.contains(&route.path)
}

/// May it be used with a session whose time to set up a second factor has run out? Setting one up may, and what needs
/// no session at all.
pub fn is_open_without_factor(route: &Route) -> bool {
    match route.access {
        Access::Machine | Access::Setup | Access::Public | Access::Scim => true,
        Access::Member => ["/account/factors", "/reauth"]
            .iter()
            .any(|start| route.path.starts_with(start)),
        Access::Admin | Access::May(_) | Access::Owner => false,
    }
}

/// The row of an address; `HEAD` is answered as `GET`.
pub fn find_route(path: &str, method: &Method) -> Option<&'static Route> {
    let method = if *method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    ROUTES
        .iter()
        .find(|route| route.path == path && route.method == *method)
}

/// What an address can be asked for, as the `Allow` header says it.
pub fn methods_of(path: &str) -> String {
    let mut methods = Vec::new();
    for route in ROUTES.iter().filter(|route| route.path == path) {
        methods.push(route.method.as_str());
        if route.method == Method::GET {
            methods.push("HEAD");
        }
    }
    methods.join(", ")
}

/// Hangs every row into the application; an address with another method answers 405.
pub fn configure(config: &mut web::ServiceConfig) {
    let mut paths: Vec<&'static str> = Vec::new();
    for route in ROUTES.iter() {
        if !paths.contains(&route.path) {
            paths.push(route.path);
        }
    }
    for path in paths {
        let mut resource = web::resource(path);
        let mut limit = 0;
        for route in ROUTES.iter().filter(|route| route.path == path) {
            resource = resource.route((route.make)());
            limit = limit.max(route.limit);
        }
        let form = web::FormConfig::default().limit(limit);
        let payload = web::PayloadConfig::new(limit);
        let json = web::JsonConfig::default().limit(limit);
        let resource = resource.app_data(form).app_data(payload).app_data(json);
        config.service(resource.wrap(from_fn(move |request, next| gate::admit(path, request, next))));
    }
}
