//! The headers that every response carries.
//!
//! ```ignore
//! App::new().wrap(from_fn(headers::protect))                     // outermost
//!
//! let mut page = render(&PostToIdentityProvider { … });
//! headers::allow_form_to(&mut page, &sign_in_url);               // SAML POST binding, this page only
//! ```
//!
//! A header that a handler has set is left alone. What has no `Cache-Control` of its own is never stored.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};
use url::Url;

/// Starts from nothing and adds, one reason a line.
const POLICY: &[&str] = &[
    "default-src 'none'",
    "script-src 'self'",      // our one module
    "style-src 'self'",       // our style sheets; no inline style
    "img-src 'self' data:",   // the mark; data: for the drawings of form controls
    "connect-src 'self'",     // live fragments ask for their own page again
    "base-uri 'none'",        // nothing may bend relative links
    "frame-ancestors 'none'", // nobody frames a sign-in page
];

/// Where else than to ourselves a form of this response may lead: an origin.
struct FormTarget(String);

/// Lets the forms of this one response lead to the origin of `target` as well.
/// Anything but an http or https address with a host changes nothing.
pub fn allow_form_to(response: &mut HttpResponse, target: &Url) {
    if matches!(target.scheme(), "http" | "https") && target.has_host() {
        response
            .extensions_mut()
            .insert(FormTarget(target.origin().ascii_serialization()));
    }
}

/// Middleware: sets the headers on every answer, errors of inner middlewares included.
pub async fn protect(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    match next.call(request).await {
        Ok(mut response) => {
            let target = response
                .response()
                .extensions()
                .get::<FormTarget>()
                .map(|t| t.0.clone());
            set(response.headers_mut(), target.as_deref());
            Ok(response)
        }
        Err(error) => {
            let mut response = error.error_response();
            set(response.headers_mut(), None);
            Err(InternalError::from_response(error, response).into())
        }
    }
}

fn set(headers: &mut HeaderMap, form_target: Option<&str>) {
    const FIXED: &[(&str, &str)] = &[
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "permissions-policy",
            "clipboard-write=(self), camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        ),
        ("cache-control", "no-store"),
    ];
    for (name, value) in FIXED {
        if !headers.contains_key(*name) {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
    }
    if !headers.contains_key(CONTENT_SECURITY_POLICY)
        && let Ok(value) = HeaderValue::try_from(policy(form_target))
    {
        headers.insert(CONTENT_SECURITY_POLICY, value);
    }
}

fn policy(form_target: Option<&str>) -> String {
    let mut policy = POLICY.join("; ");
    policy.push_str("; form-action 'self'");
    if let Some(origin) = form_target {
        policy.push(' ');
        policy.push_str(origin);
    }
    policy
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::middleware::from_fn;
    use actix_web::{App, test, web};

    async fn headers_of(path: &str) -> HeaderMap {
        let app = test::init_service(
            App::new()
                .wrap(from_fn(protect))
                .route("/page", web::get().to(async || HttpResponse::Ok().body("x")))
                .route(
                    "/asset",
                    web::get().to(async || {
                        HttpResponse::Ok()
                            .insert_header(("Cache-Control", "public"))
                            .finish()
                    }),
                )
                .route(
                    "/post",
                    web::get().to(async || {
                        let mut response = HttpResponse::Ok().body("x");
                        let target = Url::parse("https://idp.example:8443/sso;x?y='unsafe-inline'").unwrap();
                        allow_form_to(&mut response, &target);
                        response
                    }),
                ),
        )
        .await;
        let response = test::call_service(&app, test::TestRequest::get().uri(path).to_request()).await;
        response.headers().clone()
    }

    fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
        headers
            .get(name)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default()
    }

    #[actix_web::test]
    async fn every_answer_is_closed_by_default() {
        for path in ["/page", "/nowhere"] {
            let headers = headers_of(path).await;
            assert!(
                text(&headers, "content-security-policy").starts_with("default-src 'none'; "),
                "{path}"
            );
            assert!(
                text(&headers, "content-security-policy").ends_with("form-action 'self'"),
                "{path}"
            );
            assert_eq!(text(&headers, "cache-control"), "no-store", "{path}");
            assert_eq!(text(&headers, "x-content-type-options"), "nosniff", "{path}");
            assert_eq!(text(&headers, "referrer-policy"), "no-referrer", "{path}");
        }
        assert_eq!(text(&headers_of("/asset").await, "cache-control"), "public");
    }

    #[actix_web::test]
    async fn a_form_target_opens_its_origin_and_nothing_else() {
        let headers = headers_of("/post").await;
        let policy = text(&headers, "content-security-policy");
        assert!(
            policy.ends_with("form-action 'self' https://idp.example:8443"),
            "{policy}"
        );
        let mut response = HttpResponse::Ok().finish();
        allow_form_to(&mut response, &Url::parse("javascript:alert(1)").unwrap());
        assert!(response.extensions().get::<FormTarget>().is_none());
    }
}
