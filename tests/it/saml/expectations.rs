//! Steps 13 to 18 and 20. Each message is genuine and differs from a good one in the one field under test.

use doorward::model::time::{MINUTE, SECOND};
use doorward::saml::{DEFAULT_SKEW_MILLIS, SamlProblem};

use super::House;
use crate::idp::{NOW, Sign};

const OTHER: &str = "https://elsewhere.example/";

fn answering() -> House {
    House {
        request: Some("_request1".to_owned()),
        ..House::new()
    }
}

#[test]
fn issuer_of_the_response() {
    assert_eq!(
        House::new().code(|r| r.issuer = Some(OTHER.into())),
        "saml.issuer"
    );
}

#[test]
fn issuer_of_the_assertion() {
    assert_eq!(
        House::new().code(|r| r.assertion_issuer = Some(OTHER.into())),
        "saml.issuer"
    );
    assert_eq!(House::new().code(|r| r.assertion_issuer = None), "saml.issuer");
}

#[test]
fn an_issuer_is_compared_to_the_last_character() {
    let house = House::new();
    let almost = format!("{}/", house.idp.entity_id);
    assert_eq!(house.code(|r| r.assertion_issuer = Some(almost)), "saml.issuer");
    let cut = house.idp.entity_id.clone() + "<!-- x -->.evil.example";
    assert_eq!(house.code(|r| r.assertion_issuer = Some(cut)), "saml.issuer");
}

#[test]
fn status_other_than_success() {
    let house = House::new();
    let result = house.answer(|r| {
        r.status = "urn:oasis:names:tc:SAML:2.0:status:Responder".into();
        r.sub_status = Some("urn:oasis:names:tc:SAML:2.0:status:RequestDenied".into());
        r.status_message = Some(format!("not assigned\u{85}{}", "x".repeat(5_000)));
        r.with_assertion = false;
        r.sign = Sign::Nothing;
    });
    let Err(SamlProblem::IdpStatus {
        status,
        sub_status,
        message,
    }) = result
    else {
        panic!("{result:?}")
    };
    assert!(status.ends_with(":Responder"));
    assert!(sub_status.unwrap().ends_with(":RequestDenied"));
    let message = message.unwrap();
    assert!(
        message.starts_with("not assignedxxx") && message.chars().count() <= 301,
        "{message}"
    );
}

#[test]
fn status_other_than_success_with_a_good_assertion() {
    for sign in [Sign::Assertion, Sign::Response] {
        let code = House::new().code(|r| {
            r.status = "urn:oasis:names:tc:SAML:2.0:status:Requester".into();
            r.sign = sign;
        });
        assert_eq!(code, "saml.idp_status");
    }
}

#[test]
fn destination() {
    let house = House::new();
    assert_eq!(
        house.code(|r| r.destination = Some(OTHER.into())),
        "saml.destination"
    );
    assert_eq!(house.code(|r| r.destination = None), "saml.destination");
    assert_eq!(
        house.code(|r| r.destination = Some(format!("{}/", house.sp.acs_url))),
        "saml.destination"
    );
}

#[test]
fn recipient() {
    let house = House::new();
    assert_eq!(house.code(|r| r.recipient = Some(OTHER.into())), "saml.recipient");
    assert_eq!(house.code(|r| r.recipient = None), "saml.recipient");
}

#[test]
fn audience() {
    let house = House::new();
    let us = house.sp.entity_id.clone();
    assert_eq!(
        house.code(|r| r.audiences = vec![vec![OTHER.into()]]),
        "saml.audience"
    );
    assert_eq!(house.code(|r| r.audiences = vec![]), "saml.audience");
    assert_eq!(house.code(|r| r.audiences = vec![vec![]]), "saml.audience");
    // Restrictions are joined by "and", the audiences of one by "or" (SAML core §2.5.1.4).
    assert_eq!(
        house.code(|r| r.audiences = vec![vec![us.clone()], vec![OTHER.into()]]),
        "saml.audience"
    );
    assert_eq!(
        house.code(|r| r.audiences = vec![vec![OTHER.into(), us.clone()]]),
        "accepted"
    );
}

#[test]
fn conditions() {
    let house = House::new();
    assert_eq!(house.code(|r| r.with_conditions = false), "saml.conditions");
    let unknown = "<x:Only xmlns:x=\"urn:x\"/>";
    assert_eq!(
        house.code(|r| r.extra_condition = unknown.into()),
        "saml.conditions"
    );
    assert_eq!(
        house.code(|r| r.extra_condition = "<saml:OneTimeUse/>".into()),
        "accepted"
    );
}

#[test]
fn conditions_not_before() {
    let house = House::new();
    let code = |ahead| house.code(move |r| r.not_before = Some(NOW.plus(ahead)));
    assert_eq!(code(DEFAULT_SKEW_MILLIS), "accepted");
    assert_eq!(code(DEFAULT_SKEW_MILLIS + 1), "saml.not_yet_valid");
}

#[test]
fn issue_instant_in_the_future() {
    let code = House::new().code(|r| r.assertion_issue_instant = NOW.plus(DEFAULT_SKEW_MILLIS + SECOND));
    assert_eq!(code, "saml.not_yet_valid");
}

#[test]
fn conditions_not_on_or_after() {
    let house = House::new();
    let code = |behind| house.code(move |r| r.not_on_or_after = Some(NOW.minus(behind)));
    assert_eq!(code(DEFAULT_SKEW_MILLIS - 1), "accepted");
    assert_eq!(code(DEFAULT_SKEW_MILLIS), "saml.expired");
}

#[test]
fn confirmation_not_on_or_after() {
    let house = House::new();
    let code = |at| house.code(move |r| r.confirmation_not_on_or_after = at);
    assert_eq!(code(Some(NOW.minus(DEFAULT_SKEW_MILLIS - 1))), "accepted");
    assert_eq!(code(Some(NOW.minus(DEFAULT_SKEW_MILLIS))), "saml.expired");
    assert_eq!(code(None), "saml.confirmation");
}

#[test]
fn the_earliest_end_counts_for_replay() {
    let house = House::new();
    let early = house
        .answer(|r| r.confirmation_not_on_or_after = Some(NOW.plus(MINUTE)))
        .unwrap();
    assert_eq!(early.not_on_or_after, NOW.plus(MINUTE + DEFAULT_SKEW_MILLIS));
}

#[test]
fn skew_is_capped() {
    let house = House::new();
    let xml = house
        .idp
        .response(&house.sp, |r| r.not_on_or_after = Some(NOW.minus(5 * MINUTE)));
    let mut expected = house.expectations();
    expected.skew_millis = i64::MAX;
    let result = doorward::saml::verify(xml.as_bytes(), &expected, NOW);
    assert_eq!(result.unwrap_err().code(), "saml.expired");
}

#[test]
fn confirmation_with_not_before() {
    let code = House::new().code(|r| r.confirmation_not_before = Some(NOW.minus(MINUTE)));
    assert_eq!(code, "saml.confirmation");
}

#[test]
fn confirmation_method() {
    let holder = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key";
    assert_eq!(
        House::new().code(|r| r.confirmation_method = holder),
        "saml.confirmation"
    );
}

#[test]
fn session_not_on_or_after() {
    let house = House::new();
    let code = |at| house.code(move |r| r.session_not_on_or_after = at);
    assert_eq!(code(Some(NOW.minus(DEFAULT_SKEW_MILLIS))), "saml.session_expired");
    assert_eq!(code(None), "accepted");
    let kept = house
        .answer(|r| r.session_not_on_or_after = Some(NOW.plus(MINUTE)))
        .unwrap();
    assert_eq!(kept.session_not_on_or_after, Some(NOW.plus(MINUTE)));
}

#[test]
fn in_response_to_must_be_our_request() {
    let house = answering();
    let ours = || Some("_request1".to_owned());
    assert_eq!(house.code(|r| r.in_response_to = ours()), "accepted");
    assert_eq!(
        house.code(|r| r.in_response_to = Some("_request2".into())),
        "saml.in_response_to"
    );
    assert_eq!(house.code(|r| r.in_response_to = None), "saml.in_response_to");
}

#[test]
fn in_response_to_must_stand_in_both_places() {
    let house = answering();
    // The Response is unsigned here, so its InResponseTo alone proves nothing.
    let only_outside = house.code(|r| {
        r.in_response_to = Some("_request1".into());
        r.confirmation_in_response_to = Some(None);
    });
    assert_eq!(only_outside, "saml.in_response_to");
    let stolen = house.code(|r| {
        r.in_response_to = Some("_request1".into());
        r.confirmation_in_response_to = Some(Some("_request-of-the-victim".into()));
    });
    assert_eq!(stolen, "saml.in_response_to");
    let only_inside = house.code(|r| r.confirmation_in_response_to = Some(Some("_request1".into())));
    assert_eq!(only_inside, "saml.in_response_to");
}

#[test]
fn an_unsolicited_response_answers_nothing() {
    let house = House::new();
    assert_eq!(
        house.code(|r| r.in_response_to = Some("_any".into())),
        "saml.in_response_to"
    );
    assert_eq!(
        house.code(|r| r.confirmation_in_response_to = Some(Some("_any".into()))),
        "saml.in_response_to"
    );
}
