//! An answer of an OpenID Provider: found, redeemed, verified, and settled like every other.
//!
//! What the browser brings is a code and nothing more; who signed in is what the provider's token endpoint says to
//! us, signed. A state counts once, whatever comes of it.

use crate::error::{Error, Result};
use crate::flows::{Context, Visitor, Who};
use crate::model::{Check, Connection, IdpSession, Method, Protocol, SignIn, SignInKind, Timestamp};
use crate::oidc::{self, Claims, OidcProblem};
use crate::store;
use crate::vault::Place;

use super::case::find_request;
use super::checks::Broken;
use super::{Answer, Arrival, checks, settle};
use crate::flows::sign_on::{FLOW_LIFE, flow_token};

mod person;
mod redeem;

/// What the browser brought to `/sso/{slug}/callback`.
#[derive(Clone, Debug)]
pub struct Returned {
    pub slug: String,
    /// As received, in their order: what is said twice is refused.
    pub params: Vec<(String, String)>,
    pub flow_cookie: Option<String>,
    /// The session that this browser holds now; it ends when the sign-in is good.
    pub old_token: Option<String>,
    pub visitor: Visitor,
}

/// A verified answer.
struct Verified {
    claims: Claims,
    /// The name of the person to keep.
    subject: String,
    idp: IdpSession,
}

/// Every rule, and the answer or the rule that was broken.
type Judged = (Vec<Check>, std::result::Result<Verified, Broken>);

/// Judges an answer. An error is our own; whatever is wrong with the answer is an [`Answer`].
pub async fn answer_openid(ctx: &Context, returned: Returned) -> Result<Answer> {
    let now = ctx.now();
    let state = oidc::state(&returned.params).map(str::to_owned);
    let (slug, cookie) = (returned.slug.clone(), returned.flow_cookie.clone());
    let gathering = ctx.store.reading(move |r| {
        let connection = store::connections::get_by_slug(r, &slug)?;
        let asked = match &state {
            Some(state) => find_request(r, Protocol::Oidc, &connection, cookie.as_deref(), state, now)?
                .map(|a| a.sign_in),
            None => Err(OidcProblem::State { received: false }.check()),
        };
        Ok((connection, asked))
    });
    let (connection, mut asked) = gathering.await?;
    // Before anything else: of twenty answers at once, one goes on, and the others leave its row alone.
    if let Ok(sign_in) = &asked
        && !claim(ctx, &connection, sign_in).await?
    {
        asked = Err(checks::answered_before(Protocol::Oidc, sign_in));
    }
    let (list, result) = match &asked {
        Ok(sign_in) => judge(ctx, &connection, sign_in, &returned).await?,
        Err(check) => refused(check.clone()),
    };
    let browser =
        flow_token(returned.flow_cookie.as_deref()).map_or_else(|| ctx.random.token(), str::to_owned);
    let arrival = Arrival {
        connection,
        protocol: Protocol::Oidc,
        method: Method::Oidc,
        asked: asked.ok(),
        kind: SignInKind::Requested,
        issuer: None,
        claimed_issuer: None,
        return_to: "/".to_owned(),
        old_token: returned.old_token,
        visitor: returned.visitor,
        browser,
    };
    let connection = arrival.connection.clone();
    ctx.act(Who::Doorward, move |act| {
        settle(act, arrival, list, |checks, row| {
            let verified = result?;
            person::read(act, &connection, verified, checks, row)
        })
    })
    .await
}

fn refused(check: Check) -> Judged {
    let broken = Broken::from(&check);
    (vec![check], Err(broken))
}

/// The rules in their order; the provider is asked only after everything that can be judged without it.
async fn judge(
    ctx: &Context,
    connection: &Connection,
    sign_in: &SignIn,
    returned: &Returned,
) -> Result<Judged> {
    if !connection.takes_part(sign_in.kind == SignInKind::Test) {
        return Ok(refused(checks::switched_off(Protocol::Oidc, connection)));
    }
    let Some(provider) = &connection.oidc.provider else {
        return Ok(refused(checks::not_set_up(Protocol::Oidc, connection)));
    };
    let code = match oidc::check_answer(&returned.params, provider) {
        Ok(code) => code,
        Err(problem) => return Ok(told(Vec::new(), &problem)),
    };
    let redeeming = redeem::Redeeming {
        ctx,
        connection,
        provider,
        sign_in,
        flow_token: flow_token(returned.flow_cookie.as_deref()).unwrap_or_default(),
    };
    let mut passed = Vec::new();
    let redeemed = redeeming.redeem(&code, &mut passed).await?;
    let (claims, id_token, mut remarks) = match redeemed {
        Ok(redeemed) => redeemed,
        Err(problem) => return Ok(told(passed, &problem)),
    };
    let subject = match oidc::subject(&claims, connection.oidc.subject_claim.as_deref()) {
        Ok(subject) => subject,
        Err(problem) => return Ok(told(passed, &problem)),
    };
    let mut list = oidc::trace(passed, None);
    list.append(&mut remarks);
    let idp = IdpSession {
        issuer: claims.issuer.clone(),
        subject: claims.subject.clone(),
        session: claims.session.clone(),
        hint: Some(hint(ctx, connection, &claims.subject, &id_token)?),
    };
    let verified = Verified { claims, subject, idp };
    Ok((list, Ok(verified)))
}

/// The trace of a refused answer.
fn told(passed: Vec<Check>, problem: &OidcProblem) -> Judged {
    let broken = Broken::from(&problem.check());
    (oidc::trace(passed, Some(problem)), Err(broken))
}

/// The first answer to a request is the only one that counts.
async fn claim(ctx: &Context, connection: &Connection, sign_in: &SignIn) -> Result<bool> {
    let (Some(state), started) = (sign_in.request_id.clone(), sign_in.started_at) else {
        return Err(Error::internal(
            "a sign-in without its state was found by its state",
        ));
    };
    let whose = connection.id.to_string();
    let until = Timestamp(started.0 + FLOW_LIFE + 1);
    ctx.act(Who::Doorward, move |act| {
        store::seen_assertions::insert(act.w, &whose, &state, until)
    })
    .await
}

/// The ID token, sealed for the sessions of this subject: signing out at the provider repeats it.
fn hint(ctx: &Context, connection: &Connection, subject: &str, id_token: &str) -> Result<Vec<u8>> {
    let row = format!("{} {subject}", connection.id);
    let place = Place {
        table: "sessions",
        row: &row,
        column: "logout_hint",
    };
    ctx.vault.seal(place, id_token.as_bytes(), &ctx.random)
}
