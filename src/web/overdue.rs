//! Whose time to set up a second factor has run out goes to where one is set up, and nowhere else.

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::StatusCode;

use super::gate::{Visit, see_other};
use super::routes::{self, Route};
use super::{fail, urls};

/// What such a visitor gets instead of what they asked for; `None` for everybody else.
pub fn refuse(visit: &Visit, request: &ServiceRequest, route: &Route) -> Option<HttpResponse> {
    let principal = visit.principal.as_ref()?;
    if !principal.lacks_factor(visit.ctx.now()) || routes::is_open_without_factor(route) {
        return None;
    }
    let path = request.path();
    if request.method().is_safe() && !path.starts_with("/api/") {
        return Some(see_other(&urls::account_part("factors")));
    }
    let message =
        "Your account needs a second factor before it may do anything else. Set one up on your account page.";
    Some(fail::plain(visit, path, StatusCode::FORBIDDEN, message, None))
}
