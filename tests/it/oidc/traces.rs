//! The trace of a sign-in: one line for every rule, in order.

use doorward::model::Verdict;
use doorward::oidc::{OidcProblem, Rule, trace};

use super::*;

#[test]
fn codes_are_unique_and_every_rule_has_words() {
    let mut codes: Vec<_> = Rule::ALL.iter().map(|rule| rule.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Rule::ALL.len());
    assert!(
        Rule::ALL
            .iter()
            .all(|rule| rule.code().starts_with("oidc.") && rule.title().len() > 10)
    );
}

#[test]
fn a_success_has_passed_every_rule_and_keeps_its_values() {
    let (_, checks) = verify_with(&rsa().jwt(&good()), |_| {}).expect("claims");
    let lines = trace(checks, None);
    assert_eq!(lines.len(), Rule::SIGN_IN.len());
    assert!(
        lines
            .iter()
            .all(|line| line.verdict == Verdict::Passed && line.remedy.is_none())
    );
    let issuer = lines
        .iter()
        .find(|line| line.code == "oidc.issuer")
        .expect("the issuer");
    assert_eq!(issuer.received.as_deref(), Some(ISSUER));
}

#[test]
fn a_refusal_ends_the_trace_where_it_happened() {
    let provider = provider();
    let (mut checks, token) = (
        Vec::new(),
        rsa().jwt(&with(|claims| claims["exp"] = (NOW - 90).into())),
    );
    let problem =
        verify_id_token(&token, &published(&[rsa()]), &expected(&provider), &mut checks).expect_err("late");
    let lines = trace(checks, Some(&problem));
    let at = lines
        .iter()
        .position(|line| line.verdict == Verdict::Failed)
        .expect("a failed rule");
    assert_eq!(lines[at].code, "oidc.expired");
    assert!(lines[at].remedy.is_some() && lines[at].expected.is_some() && lines[at].received.is_some());
    assert!(lines[..at].iter().all(|line| line.verdict == Verdict::Passed));
    assert!(
        lines[at + 1..]
            .iter()
            .all(|line| line.verdict == Verdict::NotReached)
    );
    assert!(
        lines[..at]
            .iter()
            .any(|line| line.code == "oidc.audience" && line.received.is_some())
    );
}

#[test]
fn a_problem_outside_the_sign_in_stands_first() {
    let problem = OidcProblem::Request {
        detail: "x".to_owned(),
    };
    let lines = trace(Vec::new(), Some(&problem));
    assert_eq!(
        (lines[0].code.as_str(), lines[0].verdict),
        ("oidc.request", Verdict::Failed)
    );
    assert!(lines[1..].iter().all(|line| line.verdict == Verdict::NotReached));
}
