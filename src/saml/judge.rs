//! Steps 13 to 18 and 20: is this verified message meant for us, from whom we think, for this request, now?
//!
//! Every expectation is mandatory. What a message does not say is refused like what it says wrongly.

use crate::model::time::Timestamp;

use super::assertion::{Assertion, Authn, Conditions, Confirmation, Read};
use super::expectations::{Expectations, Message, Requested};
use super::names::BEARER;
use super::problem::{SamlProblem, short};
use super::rules::{Record, Rule};
use super::sp_metadata::ServiceProvider;

/// Holds a verified assertion and the message around it against the expectations.
pub(super) fn judge(
    message: &Message,
    read: Read,
    expected: &Expectations<'_>,
    now: Timestamp,
    record: &mut Record,
) -> Result<Assertion, SamlProblem> {
    issuers(message, &read, expected.issuer)?;
    record.pass_with(Rule::Issuer, || {
        (Some(expected.issuer.to_owned()), read.issuer.clone())
    });
    destination(message, expected.sp)?;
    record.pass_with(Rule::Destination, || {
        (Some(expected.sp.acs_url.clone()), message.destination.clone())
    });
    let confirmation = bearer(&read.confirmations, &expected.sp.acs_url, record)?;
    record.pass_with(Rule::Recipient, || {
        (Some(expected.sp.acs_url.clone()), confirmation.recipient.clone())
    });
    let conditions = conditions(&read, expected.sp, record)?;
    let until = times(&read, conditions, confirmation, expected.skew(), now)?;
    let valid = || {
        Some(format!(
            "from {} until {}",
            read.issue_instant.rfc3339(),
            until.rfc3339()
        ))
    };
    record.pass_with(Rule::NotYetValid, || {
        (Some(format!("{} (our clock)", now.rfc3339())), valid())
    });
    record.pass_with(Rule::Expired, || {
        (Some(format!("{} (our clock)", now.rfc3339())), valid())
    });
    let session_until = session(&read.authn, expected.skew(), now)?;
    record.pass(Rule::SessionExpired);
    let in_response_to = answers(message, confirmation, expected.requested)?;
    record.pass_with(Rule::InResponseTo, || {
        (in_response_to.clone(), in_response_to.clone())
    });
    let Some(authn) = read.authn.into_iter().next() else {
        return Err(SamlProblem::AssertionShape {
            detail: "the assertion has no AuthnStatement",
        });
    };
    Ok(Assertion {
        id: read.id,
        issuer: expected.issuer.to_owned(),
        name_id: read.name_id,
        attributes: read.attributes,
        session_index: authn.session_index,
        authn_instant: authn.instant,
        session_not_on_or_after: session_until,
        not_on_or_after: until,
        in_response_to,
        authn_context: authn.context,
        signed_by: String::new(),
        encrypted: false,
    })
}

/// Step 13.
fn issuers(message: &Message, read: &Read, expected: &str) -> Result<(), SamlProblem> {
    let wrong = |element, received: &Option<String>| {
        let received = received.as_deref().map(short);
        Err(SamlProblem::Issuer {
            element,
            expected: expected.to_owned(),
            received,
        })
    };
    let absent_is_fine = message.issuer.is_none() && !message.issuer_required;
    if !absent_is_fine && message.issuer.as_deref() != Some(expected) {
        return wrong("Response", &message.issuer);
    }
    if read.issuer.as_deref() != Some(expected) {
        return wrong("Assertion", &read.issuer);
    }
    Ok(())
}

/// Step 15, first half.
fn destination(message: &Message, sp: &ServiceProvider) -> Result<(), SamlProblem> {
    if message.destination.as_deref() == Some(&sp.acs_url) {
        return Ok(());
    }
    let received = message.destination.as_deref().map(short);
    Err(SamlProblem::Destination {
        expected: sp.acs_url.clone(),
        received,
    })
}

/// Steps 15 (second half) and 17: the bearer confirmation for our address. Of several, the one that is for us.
fn bearer<'r>(
    confirmations: &'r [Confirmation],
    acs_url: &str,
    record: &mut Record,
) -> Result<&'r Confirmation, SamlProblem> {
    let is_ours = |c: &&Confirmation| c.recipient.as_deref() == Some(acs_url);
    let bearers = || confirmations.iter().filter(|c| c.method == BEARER);
    let unusable = |detail| Err(SamlProblem::Confirmation { detail });
    let Some(bearer) = bearers().find(is_ours).or_else(|| bearers().next()) else {
        return unusable("no bearer confirmation");
    };
    if bearer.not_before.is_some() {
        return unusable("a bearer confirmation with NotBefore");
    }
    if bearer.not_on_or_after.is_none() {
        return unusable("a bearer confirmation without NotOnOrAfter");
    }
    record.pass(Rule::Confirmation);
    if !is_ours(&bearer) {
        let received = bearer.recipient.as_deref().map(short);
        return Err(SamlProblem::Recipient {
            expected: acs_url.to_owned(),
            received,
        });
    }
    Ok(bearer)
}

/// Step 16.
fn conditions<'r>(
    read: &'r Read,
    sp: &ServiceProvider,
    record: &mut Record,
) -> Result<&'r Conditions, SamlProblem> {
    let Some(conditions) = &read.conditions else {
        return Err(SamlProblem::Conditions {
            detail: "no Conditions".to_owned(),
        });
    };
    if let Some(unknown) = &conditions.unknown {
        return Err(SamlProblem::Conditions {
            detail: format!("a condition that is not understood: {unknown}"),
        });
    }
    record.pass(Rule::Conditions);
    let includes_us = |audiences: &Vec<String>| audiences.contains(&sp.entity_id);
    if conditions.audiences.is_empty() || !conditions.audiences.iter().all(includes_us) {
        let received = conditions
            .audiences
            .iter()
            .flatten()
            .take(10)
            .map(|a| short(a))
            .collect();
        return Err(SamlProblem::Audience {
            expected: sp.entity_id.clone(),
            received,
        });
    }
    record.pass_with(Rule::Audience, || {
        (Some(sp.entity_id.clone()), Some(sp.entity_id.clone()))
    });
    Ok(conditions)
}

/// Step 17. Gives the first moment at which the assertion would be refused.
fn times(
    read: &Read,
    conditions: &Conditions,
    confirmation: &Confirmation,
    skew: i64,
    now: Timestamp,
) -> Result<Timestamp, SamlProblem> {
    let starts = [
        ("Conditions NotBefore", conditions.not_before),
        ("IssueInstant", Some(read.issue_instant)),
    ];
    for (field, from) in starts.into_iter().filter_map(|(field, at)| Some((field, at?))) {
        if now.plus(skew) < from {
            return Err(SamlProblem::NotYetValid { field, from, now });
        }
    }
    let mut end = Timestamp(i64::MAX);
    let ends = [
        ("Conditions NotOnOrAfter", conditions.not_on_or_after),
        (
            "SubjectConfirmationData NotOnOrAfter",
            confirmation.not_on_or_after,
        ),
    ];
    for (field, until) in ends.into_iter().filter_map(|(field, at)| Some((field, at?))) {
        if now >= until.plus(skew) {
            return Err(SamlProblem::Expired { field, until, now });
        }
        end = end.min(until.plus(skew));
    }
    Ok(end)
}

/// Step 20, our half: a session that has ended opens none here. Gives the earliest end.
fn session(authn: &[Authn], skew: i64, now: Timestamp) -> Result<Option<Timestamp>, SamlProblem> {
    let end = authn.iter().filter_map(|a| a.session_not_on_or_after).min();
    match end {
        Some(until) if now >= until.plus(skew) => Err(SamlProblem::SessionExpired { until, now }),
        end => Ok(end),
    }
}

/// Step 18. The Response may be unsigned, so the signed confirmation must say the same.
fn answers(
    message: &Message,
    confirmation: &Confirmation,
    requested: Requested<'_>,
) -> Result<Option<String>, SamlProblem> {
    let expected = match requested {
        Requested::Answer { id } => Some(id),
        Requested::Unsolicited => None,
    };
    for received in [&message.in_response_to, &confirmation.in_response_to] {
        if received.as_deref() != expected {
            let received = received.as_deref().map(short);
            return Err(SamlProblem::InResponseTo {
                expected: expected.map(str::to_owned),
                received,
            });
        }
    }
    Ok(expected.map(str::to_owned))
}
