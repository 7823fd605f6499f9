//! Global Token Revocation (draft-parecki-oauth-global-token-revocation), which Okta calls Universal Logout: one call of
//! the identity provider ends everything of one person that came through the connection.
//!
//! What did not come through it stays: somebody's own passphrase session, and the bearer tokens of provisioning, which
//! belong to the connection and not to whoever made them.

use url::Url;

use super::back_channel::with_keys;
use super::{Reason, end};
use crate::error::Result;
use crate::flows::{Act, Context, Visitor, Who, credentials};
use crate::model::openid::SKEW_MILLIS;
use crate::model::{Connection, Email, OpenIdProvider};
use crate::oidc::{self, Keys, Notice, Revoked};
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

/// Who calls: the identity provider itself, by a token that it signed for this address, or whoever holds a credential of
/// the connection's provisioning. Both are bearer tokens; only a signed one has dots.
async fn admit(ctx: &Context, call: &Call) -> Result<std::result::Result<Connection, Refusal>> {
    let header = call.authorization.as_deref();
    let bearer = header
        .and_then(|header| Some((header, header.split_once(' ')?)))
        .filter(|(_, (scheme, _))| scheme.eq_ignore_ascii_case("bearer"));
    let Some((header, (_, token))) = bearer else {
        return Ok(Err(Refusal::Stranger));
    };
    if token.contains('.') {
        return signed(ctx, &call.slug, token.trim()).await;
    }
    match credentials::admit(ctx, &call.slug, Some(header), &call.visitor).await {
        Ok(caller) => Ok(Ok(Connection::clone(&caller.connection))),
        Err(refused) if refused.problem.status == 403 => Ok(Err(Refusal::Closed)),
        Err(_) => Ok(Err(Refusal::Stranger)),
    }
}

/// By the identity provider's own signature, each token once.
async fn signed(ctx: &Context, slug: &str, token: &str) -> Result<std::result::Result<Connection, Refusal>> {
    let wanted = slug.to_owned();
    let found = ctx
        .store
        .reading(move |r| store::connections::find_by_slug(r, &wanted))
        .await?;
    let organization = ctx.organization();
    let (Some(connection), Some(organization)) = (found, organization) else {
        return Ok(Err(Refusal::Stranger));
    };
    let Some(provider) = signer(&connection) else {
        return Ok(Err(Refusal::Stranger));
    };
    let endpoint = organization.base_url.token_revocation(&connection.slug);
    let expected = Notice::revocation(&provider, &endpoint, ctx.now());
    let check = |keys: &Keys| oidc::verify_revocation_token(token, keys, &expected);
    let proof = match with_keys(ctx, &connection, &provider, check).await? {
        Ok(proof) => proof,
        Err(problem) => {
            super::say_seldom(ctx, &connection, problem.code());
            return Ok(Err(Refusal::Stranger));
        }
    };
    if !connection.enabled {
        return Ok(Err(Refusal::Closed));
    }
    let issuer = provider.issuer;
    let fresh = ctx
        .act(Who::Doorward, move |act| {
            let once = format!("revocation token {}", proof.id);
            store::seen_assertions::insert(act.w, &issuer, &once, proof.expires_at.plus(SKEW_MILLIS))
        })
        .await?;
    Ok(if fresh {
        Ok(connection)
    } else {
        Err(Refusal::Stranger)
    })
}

/// Whose keys sign the calls: the OpenID Provider's; for a SAML application of Okta those of the Okta organization at
/// which people sign in, whose address an admin gave us with the metadata.
fn signer(connection: &Connection) -> Option<OpenIdProvider> {
    if let Some(provider) = &connection.oidc.provider {
        return Some(provider.clone());
    }
    let idp = connection.saml.idp.as_ref()?;
    if connection.provider != "okta" {
        return None;
    }
    let address = idp.sso_redirect_url.as_ref().or(idp.sso_post_url.as_ref())?;
    let url = Url::parse(address).ok().filter(|url| url.scheme() == "https")?;
    let issuer = url.origin().ascii_serialization();
    Some(OpenIdProvider {
        jwks_uri: format!("{issuer}/oauth2/v1/keys"),
        client_id: String::new(),
        authorization_endpoint: String::new(),
        token_endpoint: String::new(),
        userinfo_endpoint: None,
        end_session_endpoint: None,
        signing_algorithms: vec!["RS256".to_owned()],
        sends_iss: false,
        issuer,
    })
}

/// Whom the call means; what is empty names nobody.
#[derive(Default)]
struct Named {
    email: String,
    issuer: String,
    subject: String,
}

fn read(body: &[u8]) -> std::result::Result<Named, &'static str> {
    let revoked = oidc::read_revocation(body).map_err(
        |_| "The body must be JSON with a sub_id of the format email, iss_sub or opaque (RFC 9493).",
    )?;
    Ok(match revoked {
        Revoked::Email(email) => Named {
            email: Email::parse(&email)
                .map_err(|_| "sub_id.email is no e-mail address.")?
                .key(),
            ..Named::default()
        },
        Revoked::Opaque(subject) | Revoked::IssuerSubject { subject, .. } if subject.trim().is_empty() => {
            return Err("sub_id names nobody.");
        }
        Revoked::IssuerSubject { issuer, subject } => Named {
            issuer,
            subject,
            ..Named::default()
        },
        Revoked::Opaque(subject) => Named {
            subject,
            ..Named::default()
        },
    })
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
