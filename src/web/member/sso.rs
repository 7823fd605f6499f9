//! Through an identity provider and back: `/sso/{slug}`, with its ACS and SP metadata for SAML, its redirect URI and
//! client keys for OpenID Connect.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::{HttpResponse, web};
use askama::Template;
use url::Url;

use super::login::enter;
use crate::error::Error;
use crate::flows::connect;
use crate::flows::sign_on::start::Wish;
use crate::flows::sign_on::way;
use crate::flows::sign_on::{self, Go, Posted, Purpose, Returned, Started};
use crate::model::{Connection, Outcome, local_path};
use crate::saml::PostForm;
use crate::store;
use crate::web::cookies;
use crate::web::fail::Answer;
use crate::web::gate::{Visit, see_other};
use crate::web::headers::allow_form_to;
use crate::web::page::{Shell, render, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::urls;

/// A response of 256 KiB in base64, escaped for a form, with room to spare.
const ACS_LIMIT: usize = 1024 * 1024;

pub fn routes() -> Vec<Route> {
    vec![
        // Starts a sign-in; bookmarks and tiles lead here.
        get("/sso/{slug}", Access::Public, start),
        // A provider starts it too, from wherever it lives (OpenID Connect Core 1.0 §4); nothing rests on the cookie.
        post("/sso/{slug}", Access::Public, start_by_post).from_anywhere(),
        // The redirect URI of OpenID Connect.
        get("/sso/{slug}/callback", Access::Public, callback),
        // Public keys with which Doorward proves itself to the provider.
        get("/sso/{slug}/jwks", Access::Public, client_keys),
        // The assertion consumer service: other sites post here, and nothing rests on the session cookie.
        post("/sso/{slug}/acs", Access::Public, acs)
            .from_anywhere()
            .limit(ACS_LIMIT),
        get("/sso/{slug}/acs", Access::Public, acs_by_get),
        get("/sso/{slug}/metadata", Access::Public, metadata),
    ]
}

/// What a link of ours says, and what a provider says that starts a sign-in (OpenID Connect Core 1.0 §4).
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct StartQuery {
    return_to: String,
    /// The e-mail that was typed on the sign-in page, sealed.
    #[serde(default, rename = "for")]
    sealed: String,
    /// Somebody who is signed in proves once more who they are.
    again: Option<String>,
    iss: Option<String>,
    target_link_uri: Option<String>,
    login_hint: Option<String>,
}

async fn start(visit: Visit, slug: web::Path<String>, query: web::Query<StartQuery>) -> Answer {
    begin(&visit, slug.into_inner(), query.into_inner()).await
}

async fn start_by_post(visit: Visit, slug: web::Path<String>, form: web::Form<StartQuery>) -> Answer {
    begin(&visit, slug.into_inner(), form.into_inner()).await
}

async fn begin(visit: &Visit, slug: String, query: StartQuery) -> Answer {
    if let Some(issuer) = &query.iss {
        check_issuer(visit, &slug, issuer).await?;
    }
    let email = way::unseal(&visit.ctx, &query.sealed).map(|email| email.to_string());
    let came_by_form = email.is_some();
    let wish = Wish {
        slug,
        purpose: Purpose::SignIn,
        force: query.again.is_some() && visit.principal.is_some(),
        login_hint: email.or(query.login_hint),
        return_to: match query.target_link_uri {
            Some(target) => path_of_ours(visit, &target),
            None => query.return_to,
        },
        flow_cookie: visit.flow_cookie.clone(),
        old_token: visit.principal.as_ref().and(visit.session_token.clone()),
        visitor: visit.visitor(),
    };
    let started = sign_on::start(&visit.ctx, wish).await?;
    if came_by_form {
        go_by_page(visit, started)
    } else {
        go(visit, started)
    }
}

#[derive(Template)]
#[template(path = "member/onward.html")]
struct OnwardPage {
    shell: Shell,
    name: String,
    target: String,
}

/// As [`go`], for a browser that a form of ours sent here: browsers hold the redirects behind a form to `form-action`,
/// and nobody knows all the hosts that an identity provider leads over. A page that goes on by itself ends the form.
fn go_by_page(visit: &Visit, started: Started) -> Answer {
    let Go::Redirect(target) = started.go else {
        return go(visit, started);
    };
    let mut response = render(&OnwardPage {
        shell: visit.shell("Continue"),
        name: started.connection_name,
        target,
    });
    let _ = response.add_cookie(&cookies::flow(visit.secure(), started.flow_token));
    Ok(response)
}

/// A link that another provider made leads nowhere (OpenID Connect Core §4).
async fn check_issuer(visit: &Visit, slug: &str, issuer: &str) -> crate::error::Result<()> {
    let slug = slug.to_owned();
    let reading = visit
        .ctx
        .store
        .reading(move |r| store::connections::get_by_slug(r, &slug));
    let connection: Connection = reading.await?;
    let known = connection.oidc.provider.as_ref();
    // SAML has no such parameter, so that none is looked at.
    if known.is_some_and(|known| known.issuer != issuer) {
        let message = "This link was made by another identity provider than the one of this integration. Use the \
                       sign-in page.";
        return Err(Error::denied(message));
    }
    Ok(())
}

/// The path of an address of ours; of any other address nothing is left.
fn path_of_ours(visit: &Visit, target: &str) -> String {
    let Some(organization) = visit.ctx.organization() else {
        return String::new();
    };
    let path = match target.strip_prefix(organization.base_url.as_str()) {
        Some("") => "/",
        Some(path) => path,
        None => target,
    };
    local_path(path).unwrap_or_default()
}

#[derive(Template)]
#[template(path = "member/post_to_idp.html")]
struct PostPage {
    shell: Shell,
    name: String,
    form: PostForm,
}

/// Sends the browser to the identity provider, with the cookie that ties the answer to it.
pub fn go(visit: &Visit, started: Started) -> Answer {
    let mut response = match started.go {
        Go::Redirect(url) => see_other(&url),
        Go::Post(form) => {
            let target = Url::parse(&form.action).map_err(Error::internal)?;
            let page = PostPage {
                shell: visit.shell("Continue"),
                name: started.connection_name,
                form,
            };
            let mut response = render(&page);
            allow_form_to(&mut response, &target);
            response
        }
    };
    let _ = response.add_cookie(&cookies::flow(visit.secure(), started.flow_token));
    Ok(response)
}

#[derive(serde::Deserialize)]
pub struct AcsForm {
    #[serde(rename = "SAMLResponse")]
    saml_response: String,
    #[serde(rename = "RelayState")]
    relay_state: Option<String>,
}

#[derive(Template)]
#[template(path = "member/refused.html")]
struct RefusedPage {
    shell: Shell,
    problem: &'static str,
    reference: String,
    again: String,
    login: String,
    contact: String,
    trace: Option<String>,
}

async fn acs(visit: Visit, slug: web::Path<String>, form: web::Form<AcsForm>) -> Answer {
    let slug = slug.into_inner();
    let form = form.into_inner();
    let posted = Posted {
        slug: slug.clone(),
        saml_response: form.saml_response,
        relay_state: form.relay_state,
        flow_cookie: visit.flow_cookie.clone(),
        old_token: visit.session_token.clone(),
        visitor: visit.visitor(),
    };
    let answer = sign_on::answer(&visit.ctx, posted).await?;
    finish(&visit, &slug, answer)
}

/// The provider's answer comes as a visit, with a code that is worth nothing without the browser that asked.
async fn callback(
    visit: Visit,
    slug: web::Path<String>,
    params: web::Query<Vec<(String, String)>>,
) -> Answer {
    let slug = slug.into_inner();
    let returned = Returned {
        slug: slug.clone(),
        params: params.into_inner(),
        flow_cookie: visit.flow_cookie.clone(),
        old_token: visit.session_token.clone(),
        visitor: visit.visitor(),
    };
    let answer = sign_on::answer_openid(&visit.ctx, returned).await?;
    finish(&visit, &slug, answer)
}

fn finish(visit: &Visit, slug: &str, answer: sign_on::Answer) -> Answer {
    match answer {
        sign_on::Answer::SignedIn(entered) => Ok(enter(visit, &entered)),
        sign_on::Answer::Restart { return_to } => Ok(see_other(&urls::query(
            &urls::sso(slug),
            &[("return_to", &return_to)],
        ))),
        sign_on::Answer::Tested { reference } => Ok(see_other(&urls::sign_in(&reference))),
        sign_on::Answer::Stuck {
            reference,
            outcome,
            flow_token,
        } => {
            let part = if outcome == Outcome::Unproved {
                "link"
            } else {
                "notice"
            };
            let mut response = see_other(&urls::unfinished(&reference, part));
            let _ = response.add_cookie(&cookies::flow(visit.secure(), flow_token));
            Ok(response)
        }
        sign_on::Answer::Refused { reference, problem } => Ok(refused(visit, slug, reference, problem)),
    }
}

/// As identity providers fetch it for `private_key_jwt`; they keep it for a while.
async fn client_keys(visit: Visit, slug: web::Path<String>) -> Answer {
    let wanted = slug.into_inner();
    let reading = visit
        .ctx
        .store
        .reading(move |r| store::connections::get_by_slug(r, &wanted));
    let keys = connect::openid::client_jwks(&visit.ctx, &reading.await?).await?;
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, "public, max-age=300"));
    Ok(response.json(keys))
}

fn refused(visit: &Visit, slug: &str, reference: String, problem: &'static str) -> HttpResponse {
    let is_admin = visit.principal.as_ref().is_some_and(|p| p.role().is_admin());
    let page = RefusedPage {
        shell: visit.shell("You could not be signed in"),
        problem,
        again: urls::sso(slug),
        login: urls::login(),
        contact: visit
            .ctx
            .organization()
            .map(|o| o.contact.clone())
            .unwrap_or_default(),
        trace: is_admin.then(|| urls::sign_in(&reference)),
        reference,
    };
    render_as(StatusCode::FORBIDDEN, &page)
}

/// Somebody opened the ACS by its address, or pressed reload in a way that lost the POST.
async fn acs_by_get(slug: web::Path<String>) -> Answer {
    Ok(see_other(&urls::sso(&slug)))
}

#[derive(serde::Deserialize)]
pub struct MetadataQuery {
    download: Option<String>,
}

async fn metadata(visit: Visit, slug: web::Path<String>, query: web::Query<MetadataQuery>) -> Answer {
    let slug = slug.into_inner();
    let wanted = slug.clone();
    let connection = visit
        .ctx
        .store
        .reading(move |r| store::connections::get_by_slug(r, &wanted))
        .await?;
    let xml = visit.ctx.sp_metadata(&connection).await?;
    let mut response = HttpResponse::Ok();
    response.content_type("application/samlmetadata+xml; charset=utf-8");
    response.insert_header((CACHE_CONTROL, "public, max-age=300"));
    if query.download.is_some() {
        let name = format!(
            "attachment; filename=\"doorward-{}-metadata.xml\"",
            connection.slug
        );
        response.insert_header((CONTENT_DISPOSITION, name));
    }
    Ok(response.body(xml))
}
