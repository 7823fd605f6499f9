//! What identity providers call themselves, without a browser, to end sessions: JSON answers, no cookies, no pages.

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::fail::Answer;
use super::gate::Visit;
use super::routes::{Access, Route, post};
use crate::flows::sign_off::back_channel;
use crate::flows::sign_off::revocation::{self, Call, Refusal};

pub fn routes() -> Vec<Route> {
    vec![
        // A form with the field `logout_token`.
        post("/sso/{slug}/backchannel-logout", Access::Scim, logout_token).from_anywhere(),
        post("/sso/{slug}/global-token-revocation", Access::Scim, revoke).from_anywhere(),
    ]
}

/// 200 when the token was taken, whether or not a session was left to end (OpenID Connect Back-Channel Logout 1.0 §2.8).
async fn logout_token(
    visit: Visit,
    slug: web::Path<String>,
    form: web::Form<Vec<(String, String)>>,
) -> Answer {
    let tokens = form.iter().filter(|(name, _)| name == "logout_token");
    let [token] = tokens.map(|(_, value)| value).collect::<Vec<_>>()[..] else {
        let detail = "Send exactly one logout_token, as a form.";
        return Ok(refusal(StatusCode::BAD_REQUEST, "invalid_request", detail));
    };
    let taken = back_channel::logout(&visit.ctx, slug.into_inner(), token.clone()).await?;
    Ok(match taken {
        Ok(()) => quiet(StatusCode::OK).finish(),
        Err(refused) => {
            let detail = format!("{} ({}).", refused.title(), refused.code());
            refusal(StatusCode::BAD_REQUEST, "invalid_request", &detail)
        }
    })
}

async fn revoke(visit: Visit, slug: web::Path<String>, request: HttpRequest, body: web::Bytes) -> Answer {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let authorization = match (headers.next(), headers.next()) {
        (Some(only), None) => only.to_str().ok().map(str::to_owned),
        _ => None,
    };
    let call = Call {
        slug: slug.into_inner(),
        authorization,
        body: body.to_vec(),
        visitor: visit.visitor(),
    };
    Ok(match revocation::revoke(&visit.ctx, call).await? {
        Ok(()) => quiet(StatusCode::NO_CONTENT).finish(),
        Err(Refusal::Malformed(detail)) => refusal(StatusCode::BAD_REQUEST, "invalid_request", detail),
        Err(Refusal::Stranger) => refusal(
            StatusCode::UNAUTHORIZED,
            "invalid_token",
            "The call proves nothing that this integration knows. Check the credential and the address.",
        ),
        Err(Refusal::Closed) => refusal(
            StatusCode::FORBIDDEN,
            "access_denied",
            "The integration is turned off in Doorward.",
        ),
        Err(Refusal::Nobody) => refusal(
            StatusCode::NOT_FOUND,
            "not_found",
            "Nobody here came through this integration under that name.",
        ),
    })
}

fn quiet(status: StatusCode) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((CACHE_CONTROL, "no-store"));
    response
}

/// As OAuth has errors (RFC 6749 §5.2).
pub fn refusal(status: StatusCode, error: &str, description: &str) -> HttpResponse {
    let mut response = quiet(status);
    if status == StatusCode::UNAUTHORIZED {
        response.insert_header((WWW_AUTHENTICATE, "Bearer realm=\"Doorward\""));
    }
    response.json(json!({ "error": error, "error_description": description }))
}
