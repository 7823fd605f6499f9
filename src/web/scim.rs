//! `/scim/{slug}/v2`: from HTTP to a request of a SCIM client, and from its answer back to HTTP. Who may come is
//! asked of [`credentials`]; what is done, of [`provision`].
//!
//! Whatever goes wrong here is answered as SCIM JSON, because the other side reads nothing else.

use actix_web::http::Method;
use actix_web::http::header::{
    ALLOW, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderName,
    IF_MATCH, IF_NONE_MATCH, LOCATION, RETRY_AFTER,
};
use actix_web::{HttpRequest, HttpResponse, web};
use percent::decode;

use super::body::{self, Unread};
use super::fail::{self, SCIM_JSON};
use super::gate::Visit;
use super::routes::{Access, Route, get, other, post};
use crate::flows::credentials::{self, Refusal};
use crate::flows::provision::{self, Answer, Caller, Request, log};
use crate::scim::{MAX_BODY, ScimProblem, ScimType};

mod percent;

const BASE: &str = "/scim/{slug}/v2";
const TAIL: &str = "/scim/{slug}/v2/{tail:.*}";

pub fn routes() -> Vec<Route> {
    let mut routes = Vec::new();
    for path in [BASE, TAIL] {
        // The address that identity providers are given, and everything below it; credentials are asked for inside.
        routes.extend([
            get(path, Access::Scim, handle),
            post(path, Access::Scim, handle),
            other(Method::PUT, path, Access::Scim, handle),
            other(Method::PATCH, path, Access::Scim, handle),
            other(Method::DELETE, path, Access::Scim, handle),
        ]);
    }
    routes
        .into_iter()
        .map(|route| route.from_anywhere().limit(MAX_BODY))
        .collect()
}

/// Credentials first: nobody uploads anything before they have shown one.
async fn handle(http: HttpRequest, visit: Visit, payload: web::Payload) -> HttpResponse {
    let mut request = read_head(&http, &visit);
    let slug = http.match_info().get("slug").unwrap_or_default();
    let shown = only(http.headers(), &AUTHORIZATION);
    let caller = match credentials::admit(&visit.ctx, slug, shown, &request.visitor).await {
        Ok(caller) => caller,
        Err(refusal) => {
            log::refused(&visit.ctx, &refusal, &request);
            return fail::scim(&refusal.problem);
        }
    };
    let body = match check_head(&http, &request) {
        Ok(false) => Ok(Vec::new()),
        Ok(true) => {
            let said = only(http.headers(), &CONTENT_LENGTH).and_then(|length| length.parse().ok());
            let read = body::whole(payload.into_inner(), said, MAX_BODY).await;
            read.map_err(unread)
        }
        Err(problem) => Err(problem),
    };
    match body {
        Ok(body) => request.body = body,
        Err(problem) => return turn_away(&visit, &caller, &request, problem),
    }
    respond(provision::serve(&visit.ctx, &caller, request).await)
}

/// A request that was let in and cannot be read: told, and kept in the log.
fn turn_away(visit: &Visit, caller: &Caller, request: &Request, problem: ScimProblem) -> HttpResponse {
    let response = fail::scim(&problem);
    log::refused(&visit.ctx, &Refusal::of(caller, problem), request);
    response
}

/// Everything but the body.
fn read_head(http: &HttpRequest, visit: &Visit) -> Request {
    let header = |name| only(http.headers(), name).map(str::to_owned);
    let method = match *http.method() {
        Method::HEAD => Method::GET.to_string(),
        ref method => method.to_string(),
    };
    Request {
        method,
        path: segments(http),
        query: pairs(http.query_string()),
        body: Vec::new(),
        content_type: header(&CONTENT_TYPE),
        if_match: joined(http.headers(), &IF_MATCH),
        if_none_match: joined(http.headers(), &IF_NONE_MATCH),
        visitor: visit.visitor(),
        socket: http.peer_addr().map(|peer| peer.to_string()).unwrap_or_default(),
        ..Request::default()
    }
}

/// The raw path, each segment decoded once: an encoded slash is a letter of an id. The router has matched
/// `/scim/{slug}/v2`, segment by segment; what is empty comes from a base URL with a slash at its end.
fn segments(http: &HttpRequest) -> Vec<String> {
    let segments = http.uri().path().split('/').skip(4);
    segments
        .filter(|s| !s.is_empty())
        .map(|s| decode(s, false))
        .collect()
}

/// The answer to a method that nothing here is routed for.
pub fn wrong_method(http: &HttpRequest) -> HttpResponse {
    fail::scim(&provision::no_method(&segments(http), http.method().as_str()))
}

/// The pairs of a query string; a `&` or `?` too many does no harm, nor a base URL that had a query of its own.
fn pairs(query: &str) -> Vec<(String, String)> {
    let pieces = query.trim_end_matches('?').split('&');
    pieces
        .filter_map(|piece| {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let name = name.rsplit_once('?').map_or(name, |(_, name)| name);
            (!name.is_empty()).then(|| (decode(name, true), decode(value, true)))
        })
        .collect()
}

/// Is there a body to be read? Refuses what no SCIM client sends.
fn check_head(http: &HttpRequest, request: &Request) -> Result<bool, ScimProblem> {
    let from_a_page = http.headers().get("sec-fetch-site");
    if from_a_page.is_some_and(|site| !matches!(site.as_bytes(), b"same-origin" | b"none")) {
        return Err(ScimProblem::forbidden(
            "A page of another site made a browser send this. SCIM is for identity providers; nothing was changed.",
        ));
    }
    if !matches!(request.method.as_str(), "POST" | "PUT" | "PATCH") {
        return Ok(false);
    }
    let encoding = http.headers().get(CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(ScimProblem::new(
            415,
            None,
            "The body is compressed. Send it as it is, without Content-Encoding.",
        ));
    }
    let kind = request.content_type.as_deref().unwrap_or_default();
    let kind = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if kind.is_empty() || kind.contains("json") {
        return Ok(true);
    }
    Err(ScimProblem::new(
        415,
        None,
        "The body must be JSON: send it with Content-Type: application/scim+json or application/json.",
    ))
}

fn unread(why: Unread) -> ScimProblem {
    match why {
        Unread::TooLarge => {
            let detail = "The body is larger than 1 MB, the largest that Doorward takes (see \
                          ServiceProviderConfig). Send less at once.";
            ScimProblem::new(413, None, detail)
        }
        Unread::TooSlow => {
            let detail =
                "The body did not arrive within 30 seconds. Check the connection, then send it again.";
            ScimProblem::new(408, None, detail)
        }
        Unread::Broken => {
            let detail = "The body broke off before its end. Send it again.";
            ScimProblem::bad(ScimType::InvalidSyntax, detail)
        }
    }
}

/// `HEAD` is written without the body by the server itself.
fn respond(answer: Answer) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(answer.status);
    let mut response =
        HttpResponse::build(status.unwrap_or(actix_web::http::StatusCode::INTERNAL_SERVER_ERROR));
    for (name, value) in [(ETAG, answer.etag), (LOCATION, answer.location)] {
        if let Some(value) = value {
            response.insert_header((name, value));
        }
    }
    if let Some(methods) = fail::allowed(answer.allow) {
        response.insert_header((ALLOW, methods));
    }
    if let Some(seconds) = answer.retry_after {
        response.insert_header((RETRY_AFTER, seconds));
    }
    match answer.body {
        Some(body) if !matches!(answer.status, 204 | 304) => {
            // Straight into bytes: a list is long, and there are many of them.
            response
                .content_type(SCIM_JSON)
                .body(serde_json::to_vec(&body).unwrap_or_default())
        }
        _ => response.finish(),
    }
}

/// The value of a header that is there once and is text.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut all = headers.get_all(name);
    let first = all.next()?;
    if all.next().is_some() {
        return None;
    }
    first.to_str().ok()
}

/// The values of a header that is a list (RFC 9110 §5.3).
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let all: Vec<&str> = headers
        .get_all(name)
        .filter_map(|value| value.to_str().ok())
        .collect();
    (!all.is_empty()).then(|| all.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_as_identity_providers_write_it() {
        let read = |text| {
            let pairs = pairs(text).into_iter();
            pairs
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .join("|")
        };
        assert_eq!(
            read("filter=userName+eq+%22a%2Bb%40x%22&"),
            "filter=userName eq \"a+b@x\""
        );
        assert_eq!(read("?"), "");
        assert_eq!(read("aadOptscim062020?filter=a"), "filter=a");
        assert_eq!(read("filter=a?b&count=2?"), "filter=a?b|count=2");
        assert_eq!(read("aadOptscim062020&count=2"), "aadOptscim062020=|count=2");
        assert_eq!(read("a=b=c&&d"), "a=b=c|d=");
        assert_eq!(read("a=%zz%2&b=%ff"), "a=%zz%2|b=\u{fffd}");
    }
}
