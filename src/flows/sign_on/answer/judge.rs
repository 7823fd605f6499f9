//! The verdict on a response: the protocol's rules, and the ones that only the flow can ask.

use crate::error::{Error, Result};
use crate::flows::Context;
use crate::flows::sign_on::openid::is_forced;
use crate::model::{Check, Protocol, Timestamp, Unsolicited};
use crate::saml::{self, Assertion, DEFAULT_SKEW_MILLIS, Expectations, Requested, SamlProblem};

use super::case::Case;
use super::checks;

/// Every rule, and the assertion or the rule that was broken.
pub type Judged = (Vec<Check>, Verified);
type Verified = std::result::Result<Assertion, checks::Broken>;

/// Verifies off the async threads: a signature takes as long as a hundred page requests.
pub async fn judge(
    ctx: &Context,
    case: &Case,
    xml: Vec<u8>,
    sp: saml::ServiceProvider,
    now: Timestamp,
) -> Result<Judged> {
    if !case.connection.takes_part(case.is_test()) {
        let check = checks::switched_off(Protocol::Saml, &case.connection);
        return Ok((vec![check.clone()], Err(checks::Broken::from(&check))));
    }
    let Some(idp) = case.connection.saml.idp.clone() else {
        let check = checks::not_set_up(Protocol::Saml, &case.connection);
        return Ok((vec![check.clone()], Err(checks::Broken::from(&check))));
    };
    let refused = match (&case.asked, case.connection.saml.unsolicited) {
        (Err(check), _) => Some(check.clone()),
        (Ok(None), Unsolicited::Refuse) => Some(checks::unsolicited_refused()),
        // Restarted often enough; it is never taken for an answer.
        (Ok(None), Unsolicited::Restart) => Some(checks::never_answers()),
        _ => None,
    };
    let trusted = ctx.trust.pinned(&case.connection)?;
    // Only an encrypted assertion needs our key, and then it exists: its certificate was in our metadata.
    let encrypted = memchr_like(&xml, b"EncryptedAssertion");
    let key = if encrypted {
        Some(ctx.sp_key().await?)
    } else {
        None
    };
    let request_id = case
        .asked
        .as_ref()
        .ok()
        .and_then(|asked| asked.as_ref()?.sign_in.request_id.clone());
    let work = move || {
        let requested = request_id
            .as_deref()
            .map_or(Requested::Unsolicited, |id| Requested::Answer { id });
        let expectations = Expectations {
            sp: &sp,
            issuer: &idp.entity_id,
            trusted: &trusted,
            decryption_keys: key.as_deref().map_or(&[][..], std::slice::from_ref),
            requested,
            skew_millis: DEFAULT_SKEW_MILLIS,
        };
        let (checks, result) = saml::verify_traced(&xml, &expectations, now);
        (
            checks,
            result.map_err(|problem: SamlProblem| checks::Broken::from(&problem)),
        )
    };
    let (mut list, result) = tokio::task::spawn_blocking(work).await.map_err(Error::internal)?;
    // A request that is unknown, answered or of another browser is refused however good the signature is.
    match refused {
        Some(check) => {
            let broken = checks::Broken::from(&check);
            list.retain(|c| c.code != check.code);
            list.insert(0, check);
            Ok((list, Err(broken)))
        }
        None => Ok(fresh(case, list, result)),
    }
}

/// Where the person had to prove who they are, an older proof does not do.
fn fresh(case: &Case, mut list: Vec<Check>, result: Verified) -> Judged {
    let asked = case
        .asked
        .as_ref()
        .ok()
        .and_then(Option::as_ref)
        .map(|asked| &asked.sign_in);
    let forced = asked.filter(|s| s.request_id.as_deref().is_some_and(is_forced));
    match (forced, &result) {
        (Some(sign_in), Ok(assertion))
            if assertion.authn_instant < sign_in.started_at.minus(DEFAULT_SKEW_MILLIS) =>
        {
            let check = checks::not_fresh(sign_in.started_at, assertion.authn_instant);
            let broken = checks::Broken::from(&check);
            list.push(check);
            (list, Err(broken))
        }
        _ => (list, result),
    }
}

fn memchr_like(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}
