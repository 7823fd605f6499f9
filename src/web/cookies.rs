//! Our cookies: the session, the flow (a sign-in on its way), the device (signed in here before), and three small ones.
//!
//! Over TLS each is `__Host-`, `Secure` and `HttpOnly`. Over plain HTTP, which is the machine itself only, the
//! names have no prefix, so that one can never stand in for the other.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::COOKIE;

use crate::flows::sign_on::FLOW_LIFE;
use crate::model::time::{DAY, SECOND};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jar {
    Session,
    /// Must come along with the identity provider's cross-site POST.
    Flow,
    Device,
    /// The code of the first run.
    Setup,
    /// What the last action did, said once on the next page.
    Flash,
    /// The way that this browser signed in last: no secret, and good for nothing but the order of a page.
    Way,
}

impl Jar {
    fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Jar::Session, true) => "__Host-doorward",
            (Jar::Session, false) => "doorward",
            (Jar::Flow, true) => "__Host-doorward_flow",
            (Jar::Flow, false) => "doorward_flow",
            (Jar::Device, true) => "__Host-doorward_device",
            (Jar::Device, false) => "doorward_device",
            (Jar::Setup, true) => "__Host-doorward_setup",
            (Jar::Setup, false) => "doorward_setup",
            (Jar::Flash, true) => "__Host-doorward_said",
            (Jar::Flash, false) => "doorward_said",
            (Jar::Way, true) => "__Host-doorward_way",
            (Jar::Way, false) => "doorward_way",
        }
    }
}

/// The value of one of our cookies, if the request carries exactly one of that name.
///
/// Names are compared as they were sent. Decoded ones would let `%5F%5FHost-doorward`, which any neighbour of
/// the same domain may set, pass for the `__Host-` cookie that only we can.
pub fn read(request: &HttpRequest, jar: Jar, secure: bool) -> Option<String> {
    let lines = request.headers().get_all(COOKIE);
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    let mut found = pairs
        .filter_map(|pair| pair.trim_matches([' ', '\t']).split_once('='))
        .filter(|(name, _)| *name == jar.name(secure));
    // Two of one name: somebody planted one, and there is no telling which.
    match (found.next(), found.next()) {
        (Some((_, value)), None) => Some(value.to_owned()),
        _ => None,
    }
}

/// A cookie that lives for `millis`.
pub fn make(jar: Jar, secure: bool, value: String, millis: i64) -> Cookie<'static> {
    let mut cookie = Cookie::build(jar.name(secure), value)
        .path("/")
        .http_only(true)
        .secure(secure)
        .max_age(Duration::seconds((millis / SECOND).max(0)));
    cookie = match (jar, secure) {
        (Jar::Flow, true) => cookie.same_site(SameSite::None),
        // SameSite=None needs Secure. Without the attribute browsers send it with a POST for two minutes.
        (Jar::Flow, false) => cookie,
        (Jar::Setup, _) => cookie.same_site(SameSite::Strict),
        _ => cookie.same_site(SameSite::Lax),
    };
    cookie.finish()
}

pub fn flow(secure: bool, value: String) -> Cookie<'static> {
    make(Jar::Flow, secure, value, FLOW_LIFE)
}

pub fn device(secure: bool, value: String) -> Cookie<'static> {
    make(Jar::Device, secure, value, 365 * DAY)
}

pub fn way(secure: bool, value: String) -> Cookie<'static> {
    make(Jar::Way, secure, value, 365 * DAY)
}

/// A cookie that removes itself.
pub fn gone(jar: Jar, secure: bool) -> Cookie<'static> {
    make(jar, secure, String::new(), 0)
}
