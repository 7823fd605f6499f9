//! The trace of a sign-in: every rule, in order, with an answer.

use doorward::model::check::Verdict;
use doorward::model::time::{DAY, MINUTE};
use doorward::saml::rules::Rule;
use doorward::saml::{SamlProblem, verify_traced};

use super::House;
use crate::idp::{NOW, Response, Sign};

fn trace(house: &House, change: impl FnOnce(&mut Response)) -> Vec<doorward::model::check::Check> {
    verify_traced(
        house.idp.response(&house.sp, change).as_bytes(),
        &house.expectations(),
        house.now,
    )
    .0
}

#[test]
fn a_success_passes_every_rule_in_order() {
    let house = House::new();
    for sign in [Sign::Assertion, Sign::Response, Sign::Both] {
        let checks = trace(&house, |r| r.sign = sign);
        let codes: Vec<_> = checks.iter().map(|c| c.code.as_str()).collect();
        let all: Vec<_> = Rule::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(codes, all);
        assert!(checks.iter().all(|c| c.verdict == Verdict::Passed), "{checks:#?}");
    }
}

#[test]
fn a_failure_names_its_rule_and_what_was_not_reached() {
    let house = House::new();
    let checks = trace(&house, |r| {
        r.audiences = vec![vec!["https://other.example".into()]]
    });
    let failed: Vec<_> = checks.iter().filter(|c| c.verdict == Verdict::Failed).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].code, "saml.audience");
    assert_eq!(failed[0].expected.as_ref(), Some(&house.sp.entity_id));
    assert_eq!(failed[0].received.as_deref(), Some("https://other.example"));
    assert!(failed[0].remedy.is_some());
    let at = checks.iter().position(|c| c.verdict == Verdict::Failed).unwrap();
    assert!(
        checks[..at].iter().all(|c| c.verdict == Verdict::Passed),
        "{checks:#?}"
    );
    assert!(
        checks[at + 1..].iter().all(|c| c.verdict == Verdict::NotReached),
        "{checks:#?}"
    );
}

#[test]
fn no_rule_passes_after_the_one_that_failed() {
    let house = House::new();
    type Spoil = fn(&mut Response);
    let spoils: [Spoil; 7] = [
        |r| r.with_authn_statement = false,
        |r| r.sign = Sign::Nothing,
        |r| r.change_signed = Box::new(|xml| xml.replace("ada@", "eve@")),
        |r| r.status = "urn:oasis:names:tc:SAML:2.0:status:Responder".into(),
        |r| r.assertion_issuer = None,
        |r| r.recipient = None,
        |r| r.in_response_to = Some("_x".into()),
    ];
    for spoil in spoils {
        let checks = trace(&house, spoil);
        let at = checks.iter().position(|c| c.verdict == Verdict::Failed).unwrap();
        let code = &checks[at].code;
        assert!(
            checks[..at].iter().all(|c| c.verdict == Verdict::Passed),
            "{code}: {checks:#?}"
        );
        assert!(
            checks[at + 1..].iter().all(|c| c.verdict == Verdict::NotReached),
            "{code}: {checks:#?}"
        );
    }
}

#[test]
fn clocks_that_differ_are_shown() {
    let house = House {
        now: NOW.plus(12 * MINUTE + 12_000),
        ..House::new()
    };
    let problem = house.answer(|_| {}).unwrap_err();
    assert_eq!(problem.code(), "saml.expired");
    assert!(problem.expected().unwrap().contains("2026-11-21T12:12:12.000Z"));
    let received = problem.received().unwrap();
    assert!(
        received.contains("2026-11-21T12:05:00.000Z") && received.contains("7 min 12 s"),
        "{received}"
    );
}

#[test]
fn a_certificate_that_has_ended_is_a_warning() {
    let mut house = House::new();
    // A pinned key counts whatever the dates say, but an admin should know.
    house.now = house.idp.certificate().not_after.plus(DAY);
    let now = house.now;
    let checks = trace(&house, |r| {
        (r.not_on_or_after, r.confirmation_not_on_or_after) =
            (Some(now.plus(MINUTE)), Some(now.plus(MINUTE)));
        r.session_not_on_or_after = None;
    });
    let last = checks.last().unwrap();
    assert_eq!(
        (last.code.as_str(), last.verdict),
        ("saml.certificate_ends", Verdict::Warned)
    );
    assert!(last.remedy.is_some());
}

#[test]
fn received_values_are_cut_and_clean() {
    let house = House::new();
    let problem = house
        .answer(|r| r.destination = Some("x".repeat(50_000)))
        .unwrap_err();
    assert!(problem.received().unwrap().chars().count() <= 301);
    let problem = house
        .answer(|r| r.assertion_issuer = Some(format!("a\u{9b}[31m{}", "y".repeat(9_000))))
        .unwrap_err();
    let received = problem.received().unwrap();
    assert!(received.chars().count() < 330 && !received.chars().any(char::is_control));
}

#[test]
fn every_problem_has_a_title_and_a_remedy() {
    let problems = [
        SamlProblem::NotSigned,
        SamlProblem::NoCertificate,
        SamlProblem::Decryption,
        SamlProblem::DocumentType,
        SamlProblem::InResponseTo {
            expected: None,
            received: Some("_a".into()),
        },
        SamlProblem::InResponseTo {
            expected: Some("_a".into()),
            received: None,
        },
        SamlProblem::IdpStatus {
            status: "x".into(),
            sub_status: Some("urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext".into()),
            message: None,
        },
    ];
    for problem in problems {
        assert!(problem.code().starts_with("saml."));
        assert!(
            !problem.title().is_empty() && problem.remedy().ends_with('.'),
            "{problem:?}"
        );
    }
}

#[test]
fn codes_are_unique() {
    let mut codes: Vec<_> = Rule::ALL.iter().map(|r| r.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Rule::ALL.len());
}
