//! The way back: what arrives at the ACS, judged, and turned into a session, a page or a new start.
//!
//! Nothing in the response is believed before it was verified; what is read before that only finds the
//! request that it claims to answer.

use crate::error::{Error, Result};
use crate::flows::connect::service_provider;
use crate::flows::{Act, Context, Visitor, Who, hash, sign_off};
use crate::model::{Check, Method, Outcome, SignIn, SignInKind, local_path};
use crate::saml;
use crate::store;

use super::session::{self, Door, Entered};
use super::{flow_token, link};

mod case;
mod checks;
mod judge;
mod subject;

use case::{Case, gather};
use judge::{Judged, judge};

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

/// What becomes of it.
#[derive(Clone, Debug)]
pub enum Answer {
    SignedIn(Entered),
    /// Nobody asked for it: start a sign-in of our own, and come back to this path.
    Restart {
        return_to: String,
    },
    /// A test ended, well or not.
    Tested {
        reference: String,
    },
    /// Good, but the person cannot go on by themselves yet; `flow_token` ties the next page to the browser.
    Stuck {
        reference: String,
        outcome: Outcome,
        flow_token: String,
    },
    /// A rule was broken.
    Refused {
        reference: String,
        problem: &'static str,
    },
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
    let mut case = ctx.store.reading(move |r| gather(r, posted, peek, now)).await?;
    if peeked.is_ok() && case.may_restart() {
        return restart(ctx, case).await;
    }
    let sp = service_provider(&organization.base_url, &case.connection.slug);
    let judged = match (decoded, peeked) {
        (Ok(xml), Ok(_)) => judge(ctx, &case, xml, sp, now).await?,
        (Err(problem), _) | (_, Err(problem)) => (
            vec![checks::of_problem(&problem)],
            Err(checks::Broken::from(&problem)),
        ),
    };
    if let Ok(assertion) = &judged.1 {
        case.idp = Some(sign_off::hint::of_assertion(ctx, &case.connection, assertion)?);
    }
    let browser =
        flow_token(case.posted.flow_cookie.as_deref()).map_or_else(|| ctx.random.token(), str::to_owned);
    ctx.act(Who::Doorward, move |act| settle(act, case, judged, browser))
        .await
}

/// A tile in the provider's portal: not trusted, but understood as the wish to sign in.
async fn restart(ctx: &Context, case: Case) -> Result<Answer> {
    let return_to = case.posted.return_to();
    let copy = return_to.clone();
    ctx.act(Who::Doorward, move |act| {
        let mut row = blank(act, &case, SignInKind::Unsolicited);
        row.outcome = Outcome::Restarted;
        row.return_to = copy;
        let browser = flow_token(case.posted.flow_cookie.as_deref()).map(hash);
        store::sign_ins::insert(act.w, &row, browser.as_deref())
    })
    .await?;
    Ok(Answer::Restart { return_to })
}

/// Writes how it ended, in the transaction that also makes the session.
fn settle(act: &Act, case: Case, (mut checks, result): Judged, browser: String) -> Result<Answer> {
    let asked = case
        .asked
        .as_ref()
        .ok()
        .and_then(Option::as_ref)
        .map(|asked| asked.sign_in.clone());
    let kind = if case.peek.in_response_to.is_some() {
        SignInKind::Requested
    } else {
        SignInKind::Unsolicited
    };
    let mut row = asked.clone().unwrap_or_else(|| blank(act, &case, kind));
    row.finished_at = Some(act.now);
    row.issuer = case
        .peek
        .issuer
        .clone()
        .or_else(|| case.peek.assertion_issuer.clone());
    let fresh = asked.is_none();
    if let Some(id) = asked.as_ref().and_then(|s| s.request_id.as_deref()) {
        // Answered a moment ago by another response to the same request?
        let still = store::sign_ins::find_by_request(act.w, id)?;
        if still.is_none_or(|(s, _)| s.outcome != Outcome::Waiting) {
            return refuse_again(act, &case, checks::answered_before(&row));
        }
    }
    let verified =
        result.and_then(|assertion| subject::read(&case.connection, assertion, &mut checks, &mut row));
    row.trace.checks = checks;
    let known = match verified {
        Ok(known) => known,
        Err(broken) => {
            row.outcome = Outcome::Refused;
            row.problem = Some(broken.code.to_owned());
            write(act, &row, fresh, &browser)?;
            let reference = row.reference;
            return Ok(match row.kind {
                SignInKind::Test => Answer::Tested { reference },
                _ => Answer::Refused {
                    reference,
                    problem: broken.title,
                },
            });
        }
    };
    if !store::seen_assertions::insert(act.w, &known.found.issuer, &known.assertion_id, known.useless_at)? {
        return refuse_again(act, &case, checks::replayed(&known.assertion_id));
    }
    let found = link::find(act.w, &known.found, known.email.as_ref())?;
    if row.kind == SignInKind::Test {
        return settle_test(act, &case, row, &found, &browser);
    }
    enter(act, &case, row, fresh, known, found, browser)
}

/// A test passes every rule but makes no session, no link and no person.
fn settle_test(
    act: &Act,
    case: &Case,
    mut row: SignIn,
    found: &link::Found,
    browser: &str,
) -> Result<Answer> {
    row.outcome = Outcome::Succeeded;
    row.trace.checks.push(checks::account(found));
    row.person_id = subject::person_of(found);
    write(act, &row, false, browser)?;
    store::connections::touch_tested(act.w, case.connection.id, case.connection.version, act.now)?;
    Ok(Answer::Tested {
        reference: row.reference,
    })
}

fn enter(
    act: &Act,
    case: &Case,
    mut row: SignIn,
    fresh: bool,
    known: subject::Known,
    found: link::Found,
    browser: String,
) -> Result<Answer> {
    row.trace.checks.push(checks::account(&found));
    row.person_id = subject::person_of(&found);
    if fresh {
        row.return_to = case.posted.return_to();
    }
    let (person, identity) = match found {
        link::Found::Linked(person, identity) => (person, Some(identity)),
        link::Found::MayLink(person, how) if crate::flows::gate::may_enter(&person) => {
            let identity = link::tie(act, &person, &known.found, how, Some(row.reference.clone()))?;
            (person, Some(identity))
        }
        link::Found::MayLink(person, _) => (person, None),
        link::Found::MustProve(_) => return stuck(act, row, fresh, Outcome::Unproved, browser),
        link::Found::Nobody => return stuck(act, row, fresh, Outcome::Unknown, browser),
    };
    if !crate::flows::gate::may_enter(&person) {
        return stuck(act, row, fresh, Outcome::Deactivated, browser);
    }
    if let Some(identity) = identity {
        store::identities::touch(act.w, identity, act.now)?;
    }
    row.outcome = Outcome::Succeeded;
    write(act, &row, fresh, &browser)?;
    // Only a row that we began knows the session of the browser that asked.
    if !fresh && let Some(old) = store::sign_ins::find_session(act.w, row.id)? {
        store::sessions::delete(act.w, &old)?;
    }
    let door = Door {
        method: Method::Saml,
        connection: Some(case.connection.id),
        ends_at: known.session_ends_at,
        idp: case.idp.clone(),
        strong: false,
        old_token: case.posted.old_token.clone(),
    };
    Ok(Answer::SignedIn(session::begin(act, &person, &row, door)?))
}

fn stuck(act: &Act, mut row: SignIn, fresh: bool, outcome: Outcome, browser: String) -> Result<Answer> {
    row.outcome = outcome;
    write(act, &row, fresh, &browser)?;
    Ok(Answer::Stuck {
        reference: row.reference,
        outcome,
        flow_token: browser,
    })
}

/// A second answer gets a row of its own; the first one's trace stays as it is.
fn refuse_again(act: &Act, case: &Case, check: Check) -> Result<Answer> {
    let mut row = blank(act, case, SignInKind::Requested);
    row.outcome = Outcome::Refused;
    row.problem = Some(check.code.clone());
    row.trace.checks.push(check);
    store::sign_ins::insert(act.w, &row, None)?;
    Ok(Answer::Refused {
        reference: row.reference,
        problem: "This sign-in was used before.",
    })
}

fn write(act: &Act, row: &SignIn, fresh: bool, browser: &str) -> Result<()> {
    if fresh {
        store::sign_ins::insert(act.w, row, Some(&hash(browser)))
    } else {
        store::sign_ins::finish(act.w, row)
    }
}

fn blank(act: &Act, case: &Case, kind: SignInKind) -> SignIn {
    SignIn {
        connection_id: Some(case.connection.id),
        issuer: case.peek.issuer.clone(),
        ..act.attempt(kind, case.posted.visitor.clone())
    }
}
