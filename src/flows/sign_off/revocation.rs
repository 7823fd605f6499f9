//! Global Token Revocation (draft-parecki-oauth-global-token-revocation), which Okta calls Universal Logout: one call of
//! the identity provider ends everything of one person that came through the connection.
//!
//! What did not come through it stays: somebody's own passphrase session, and the bearer tokens of provisioning, which
//! belong to the connection and not to whoever made them.

use serde::Deserialize;

use super::{Reason, end};
use crate::error::Result;
use crate::flows::{Act, Context, Visitor, Who, credentials};
use crate::model::{Connection, Email};
use crate::store;

/// What an identity provider sent to `/sso/{slug}/global-token-revocation`.
#[derive(Clone, Debug)]
pub struct Call {
    pub slug: String,
    /// `None` when there is no such header, or more than one.
    pub authorization: Option<String>,
    pub body: Vec<u8>,
    pub visitor: Visitor,
}

/// Why nothing was ended, as the draft has it (§4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 400
    Malformed(&'static str),
    /// 401
    Stranger,
    /// 403
    Closed,
    /// 404
    Nobody,
}

/// Ends what the call names. An error is our own.
pub async fn revoke(ctx: &Context, call: Call) -> Result<std::result::Result<(), Refusal>> {
    let connection = match admit(ctx, &call).await? {
        Ok(connection) => connection,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let named = match read(&call.body) {
        Ok(named) => named,
        Err(detail) => return Ok(Err(Refusal::Malformed(detail))),
    };
    ctx.act(Who::Doorward, move |act| sign_out(act, &connection, &named))
        .await
}

/// A credential of the connection's provisioning, sent as a bearer token.
async fn admit(ctx: &Context, call: &Call) -> Result<std::result::Result<Connection, Refusal>> {
    let bearer = call.authorization.as_deref().filter(|header| {
        header
            .split_once(' ')
            .is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
    });
    let Some(header) = bearer else {
        return Ok(Err(Refusal::Stranger));
    };
    match credentials::admit(ctx, &call.slug, Some(header), &call.visitor).await {
        Ok(caller) => Ok(Ok(caller.connection)),
        Err(refused) if refused.problem.status == 403 => Ok(Err(Refusal::Closed)),
        Err(_) => Ok(Err(Refusal::Stranger)),
    }
}

#[derive(Deserialize)]
struct Body {
    sub_id: SubjectId,
}

/// A subject identifier (RFC 9493 §3.2), of the kinds that name a person here.
#[derive(Deserialize)]
#[serde(tag = "format", rename_all = "snake_case")]
enum SubjectId {
    Email { email: String },
    IssSub { iss: String, sub: String },
    Opaque { id: String },
}

/// Whom the call means; what is empty names nobody.
#[derive(Default)]
struct Named {
    email: String,
    issuer: String,
    subject: String,
}

fn read(body: &[u8]) -> std::result::Result<Named, &'static str> {
    let body: Body = serde_json::from_slice(body).map_err(
        |_| "The body must be JSON with a sub_id of the format email, iss_sub or opaque (RFC 9493).",
    )?;
    let named = match body.sub_id {
        SubjectId::Email { email } => Named {
            email: Email::parse(&email)
                .map_err(|_| "sub_id.email is no e-mail address.")?
                .key(),
            ..Named::default()
        },
        SubjectId::IssSub { iss, sub } => Named {
            issuer: iss,
            subject: sub,
            ..Named::default()
        },
        SubjectId::Opaque { id } => Named {
            subject: id,
            ..Named::default()
        },
    };
    if named.email.is_empty() && named.subject.trim().is_empty() {
        return Err("sub_id names nobody.");
    }
    Ok(named)
}

fn sign_out(act: &Act, connection: &Connection, named: &Named) -> Result<std::result::Result<(), Refusal>> {
    let people =
        store::idp_sessions::list_people(act.w, connection.id, &named.email, &named.issuer, &named.subject)?;
    if people.is_empty() {
        return Ok(Err(Refusal::Nobody));
    }
    let act = Act {
        actor: super::provider(connection),
        ..*act
    };
    for person in people {
        let sessions = store::idp_sessions::list_of_person(act.w, connection.id, person)?;
        end(&act, connection, &sessions, Reason::Revocation)?;
        credentials::revoke_grants_through(&act, person, connection.id)?;
    }
    Ok(Ok(()))
}
