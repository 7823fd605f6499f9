//! SAML single logout (SAML profiles §4.4), as it arrives: a request of the identity provider, or its answer to ours.

use super::{Reason, end, named};
use crate::error::{Error, Result};
use crate::flows::connect::service_provider;
use crate::flows::sign_on::{Go, flow_token};
use crate::flows::{Context, Visitor, Who, hash};
use crate::model::{Connection, IdentityProvider, LogoutService, Outcome, SignIn, SignInKind};
use crate::saml::authn_request::{ID_BYTES, request_id};
use crate::saml::logout::{
    self, Arrived, Done, Kind, LogoutExpectations, LogoutProblem, LogoutRequest, LogoutResponse,
};
use crate::store;

/// What a browser brought to `/sso/{slug}/slo`.
#[derive(Clone, Debug)]
pub struct Brought {
    pub slug: String,
    pub arrived: Arrived,
    pub flow_cookie: Option<String>,
    pub visitor: Visitor,
}

/// What becomes of it.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The identity provider's request was carried out. `back` carries our answer; its metadata may name no address.
    Ended { name: String, back: Option<Go> },
    /// The identity provider answered our request.
    Back { name: String, everywhere: bool },
    /// Not taken. `was_request`: somebody else's wish, else the answer to ours.
    Refused {
        reference: String,
        problem: &'static str,
        was_request: bool,
    },
}

/// A message that passed every check that needs no database.
enum Message {
    Request(LogoutRequest, Option<String>),
    Response(LogoutResponse),
}

/// Judges a logout message and does what it says. An error is our own; whatever is wrong with the message is an
/// [`Answer`].
pub async fn arrive(ctx: &Context, brought: Brought) -> Result<Answer> {
    let slug = brought.slug.clone();
    let connection = ctx
        .store
        .reading(move |r| store::connections::get_by_slug(r, &slug))
        .await?;
    let Some(idp) = connection.saml.idp.clone() else {
        return Err(Error::not_found("single logout"));
    };
    let by_redirect = matches!(brought.arrived, Arrived::Redirect(_));
    match judge(ctx, &connection, &idp, &brought.arrived).await? {
        Ok(Message::Request(request, relay_state)) => {
            let asked = (request, relay_state, by_redirect);
            carry_out(ctx, connection, &idp, brought, asked).await
        }
        Ok(Message::Response(response)) => take_answer(ctx, connection, brought, response).await,
        Err(problem) => refuse(ctx, connection, brought, problem).await,
    }
}

/// Verifies off the async threads, as for a response.
async fn judge(
    ctx: &Context,
    connection: &Connection,
    idp: &IdentityProvider,
    arrived: &Arrived,
) -> Result<std::result::Result<Message, LogoutProblem>> {
    let organization = ctx
        .organization()
        .ok_or_else(|| Error::not_found("organization yet"))?;
    let sp = service_provider(&organization.base_url, &connection.slug);
    let (trusted, now) = (ctx.trust.pinned(connection)?, ctx.now());
    let (issuer, arrived) = (idp.entity_id.clone(), arrived.clone());
    let work = move || {
        let verified = logout::verify(&arrived, &trusted)?;
        let expected = LogoutExpectations {
            issuer: &issuer,
            destination: &sp.slo_url,
        };
        Ok(match verified.kind {
            Kind::Request => {
                let request = logout::read_request(&verified, &expected, now)?;
                Message::Request(request, verified.relay_state)
            }
            Kind::Response => Message::Response(logout::read_response(&verified, &expected, now)?),
        })
    };
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)
}

/// Ends what the request names, once, and makes our answer.
async fn carry_out(
    ctx: &Context,
    connection: Connection,
    idp: &IdentityProvider,
    brought: Brought,
    (request, relay_state, by_redirect): (LogoutRequest, Option<String>, bool),
) -> Result<Answer> {
    let (copy, asked) = (connection.clone(), request.clone());
    let fresh = ctx
        .act(Who::Doorward, move |act| {
            let fresh = store::seen_assertions::insert(act.w, &asked.issuer, &asked.id, asked.useless_at)?;
            if fresh {
                let subject = &asked.name_id.value;
                let sessions = named(act, &copy, &asked.issuer, subject, &asked.sessions)?;
                end(act, &copy, &sessions, Reason::SingleLogout)?;
            }
            Ok(fresh)
        })
        .await?;
    if !fresh {
        let problem = LogoutProblem::Replayed { id: request.id };
        return refuse(ctx, connection, brought, problem).await;
    }
    let back = match way_back(idp, by_redirect) {
        None => None,
        Some((service, by_redirect)) => {
            let organization = ctx
                .organization()
                .ok_or_else(|| Error::not_found("organization yet"))?;
            let key = ctx.sp_key().await?;
            let done = Done {
                sp: &service_provider(&organization.base_url, &connection.slug),
                id: &request_id(&ctx.random.bytes::<ID_BYTES>()),
                destination: service.for_responses(),
                in_response_to: &request.id,
                relay_state: relay_state.as_deref(),
                now: ctx.now(),
            };
            let way = logout::answer(&done, by_redirect, &key).map_err(Error::internal)?;
            Some(super::leave::go(way))
        }
    };
    let name = connection.name;
    Ok(Answer::Ended { name, back })
}

/// The binding in which the request came where the provider takes answers in it, else the other one.
fn way_back(idp: &IdentityProvider, came_by_redirect: bool) -> Option<(&LogoutService, bool)> {
    let redirect = idp.slo_redirect.as_ref().map(|service| (service, true));
    let post = idp.slo_post.as_ref().map(|service| (service, false));
    match came_by_redirect {
        true => redirect.or(post),
        false => post.or(redirect),
    }
}

async fn take_answer(
    ctx: &Context,
    connection: Connection,
    brought: Brought,
    response: LogoutResponse,
) -> Result<Answer> {
    let browser = flow_token(brought.flow_cookie.as_deref()).map(hash);
    let (id, connection_id) = (response.in_response_to.clone(), connection.id);
    let waited = match browser {
        None => false,
        Some(browser) => {
            ctx.act(Who::Doorward, move |act| {
                store::sign_outs::take(act.w, &id, connection_id, &browser, act.now)
            })
            .await?
        }
    };
    if !waited {
        let received = Some(response.in_response_to);
        return refuse(ctx, connection, brought, LogoutProblem::InResponseTo { received }).await;
    }
    if !response.success {
        tracing::info!(connection = %connection.slug, status = %response.status, "the identity provider did not sign out everywhere");
    }
    Ok(Answer::Back {
        name: connection.name,
        everywhere: response.success,
    })
}

/// Keeps a trace that an admin finds by its reference.
async fn refuse(
    ctx: &Context,
    connection: Connection,
    brought: Brought,
    problem: LogoutProblem,
) -> Result<Answer> {
    let was_request = logout::is_request(&brought.arrived);
    let title = problem.title();
    let reference = ctx
        .act(Who::Doorward, move |act| {
            let mut row = SignIn {
                connection_id: Some(connection.id),
                outcome: Outcome::Refused,
                problem: Some(problem.code().to_owned()),
                ..act.attempt(SignInKind::SignOut, brought.visitor)
            };
            row.trace.checks.push(problem.check());
            store::sign_ins::insert(act.w, &row, None)?;
            Ok(row.reference)
        })
        .await?;
    Ok(Answer::Refused {
        reference,
        problem: title,
        was_request,
    })
}
