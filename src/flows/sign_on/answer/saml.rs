//! A SAML response: found, judged, and settled like every other answer.
//!
//! Nothing in the response is believed before it was verified; what is read before that only finds the
//! request that it claims to answer.

use crate::error::{Error, Result};
use crate::flows::connect::service_provider;
use crate::flows::{Context, Visitor, Who, hash, sign_off};
use crate::model::{Method, Outcome, Protocol, SignInKind, local_path};
use crate::saml;
use crate::store;

use super::case::{Case, gather};
use super::judge::judge;
use super::{Answer, Arrival, Known, checks, settle, subject};
use crate::flows::sign_on::flow_token;

/// What the browser posted to `/sso/{slug}/acs`.
#[derive(Clone, Debug)]
pub struct Posted {
    pub slug: String,
    pub saml_response: String,
    pub relay_state: Option<String>,
    pub flow_cookie: Option<String>,
    /// The session that this browser holds now; it ends when the sign-in is good.
    pub old_token: Option<String>,
    pub visitor: Visitor,
}

impl Posted {
    /// Where a response that answers no request of ours wants to go; never another host.
    fn return_to(&self) -> String {
        let path = self.relay_state.as_deref().and_then(local_path);
        path.unwrap_or_else(|| "/".to_owned())
    }
}

/// Judges a response. An error is our own; whatever is wrong with the response is an [`Answer`].
pub async fn answer(ctx: &Context, posted: Posted) -> Result<Answer> {
    let organization = ctx
        .organization()
        .ok_or_else(|| Error::not_found("organization yet"))?;
    let now = ctx.now();
    let decoded = saml::decode_post(&posted.saml_response);
    // Only to find the request that it claims to answer; nothing of it is believed.
    let peeked = decoded
        .as_ref()
        .map_err(Clone::clone)
        .and_then(|xml| saml::peek(xml));
    let peek = peeked.as_ref().cloned().unwrap_or_default();
    let case = ctx.store.reading(move |r| gather(r, posted, peek, now)).await?;
    if peeked.is_ok() && case.may_restart() {
        return restart(ctx, case).await;
    }
    let sp = service_provider(&organization.base_url, &case.connection.slug);
    let (list, result) = match (decoded, peeked) {
        (Ok(xml), Ok(_)) => judge(ctx, &case, xml, sp, now).await?,
        (Err(problem), _) | (_, Err(problem)) => (
            vec![checks::of_problem(&problem)],
            Err(checks::Broken::from(&problem)),
        ),
    };
    let browser =
        flow_token(case.posted.flow_cookie.as_deref()).map_or_else(|| ctx.random.token(), str::to_owned);
    // What the identity provider calls this sign-in, so that either side can end it.
    let idp = match &result {
        Ok(assertion) => Some(sign_off::hint::of_assertion(ctx, &case.connection, assertion)?),
        Err(_) => None,
    };
    let connection = case.connection.clone();
    let arrival = case.into_arrival(browser);
    ctx.act(Who::Doorward, move |act| {
        settle(act, arrival, list, |checks, row| {
            let known = result.and_then(|assertion| subject::read(&connection, assertion, checks, row))?;
            Ok(Known { idp, ..known })
        })
    })
    .await
}

/// A tile in the provider's portal: not trusted, but understood as the wish to sign in.
async fn restart(ctx: &Context, case: Case) -> Result<Answer> {
    let return_to = case.posted.return_to();
    let copy = return_to.clone();
    ctx.act(Who::Doorward, move |act| {
        let browser = flow_token(case.posted.flow_cookie.as_deref()).map(hash);
        let mut row = case.into_arrival(String::new()).blank(act);
        row.kind = SignInKind::Unsolicited;
        row.outcome = Outcome::Restarted;
        row.return_to = copy;
        store::sign_ins::insert(act.w, &row, browser.as_deref())
    })
    .await?;
    Ok(Answer::Restart { return_to })
}

impl Case {
    /// What no longer depends on the protocol.
    fn into_arrival(self, browser: String) -> Arrival {
        let kind = match self.peek.in_response_to {
            Some(_) => SignInKind::Requested,
            None => SignInKind::Unsolicited,
        };
        Arrival {
            return_to: self.posted.return_to(),
            connection: self.connection,
            protocol: Protocol::Saml,
            method: Method::Saml,
            asked: self.asked.ok().flatten().map(|asked| asked.sign_in),
            kind,
            issuer: self.peek.issuer,
            claimed_issuer: self.peek.assertion_issuer,
            old_token: self.posted.old_token,
            visitor: self.posted.visitor,
            browser,
        }
    }
}
