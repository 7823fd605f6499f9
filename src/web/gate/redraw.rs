//! The page of what went wrong, drawn after the handler.

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;

use super::Visit;
use crate::web::body;
use crate::web::fail::{self, Fail};

/// Draws the page of an error that a handler returned, or that actix made (a body too large, no such page).
pub(super) fn redraw(
    visit: &Visit,
    path: &str,
    response: ServiceResponse<BoxBody>,
) -> ServiceResponse<BoxBody> {
    let status = response.status();
    let drawn = match response.response().error() {
        Some(error) => match error.as_error::<Fail>() {
            Some(Fail(error)) => fail::draw(visit, path, error),
            None => {
                let status = if body::was_too_slow(error) {
                    StatusCode::REQUEST_TIMEOUT
                } else {
                    status
                };
                fail::plain(visit, path, status, explain(status), None)
            }
        },
        None if matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED)
            && is_bare(&response) =>
        {
            fail::plain(visit, path, status, explain(status), None)
        }
        None => return response,
    };
    let (request, _) = response.into_parts();
    ServiceResponse::new(request, drawn)
}

/// A program's answer or a style sheet has shown nothing to anybody.
pub(super) fn is_html(response: &ServiceResponse<BoxBody>) -> bool {
    let kind = response.headers().get(CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

fn is_bare(response: &ServiceResponse<BoxBody>) -> bool {
    !response.headers().contains_key(CONTENT_TYPE)
}

pub(super) fn explain(status: StatusCode) -> &'static str {
    match status.as_u16() {
        404 => "The address may be mistyped, or what was here is gone.",
        405 => "Open the page and use its buttons.",
        408 => "The request arrived too slowly. Check the connection, then send it again.",
        413 => "The request was larger than Doorward takes. Send less.",
        415 => "Doorward does not read this kind of content here.",
        _ => "The request does not have the form that this address takes. Open the page and use its form.",
    }
}
