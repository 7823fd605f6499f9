//! What foreign identity providers can be made to send and what is refused, each by the rule that is meant for it.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Federation, each};
use crate::app::{ALICE, BOB};

#[test]
fn sha_1_is_refused_by_name() {
    each(&json!({}), "", |federation| {
        for sign in ["assertion", "response", "both"] {
            let how = json!({"algorithm": "rsa-sha1", "sign": sign});
            let refusal = federation.find_refusal(&how, "saml.sha1");
            let refusal = refusal.unwrap_or_else(|| panic!("{} cannot do {how}", federation.name));
            assert!(refusal.received.is_some_and(|r| r.ends_with("#rsa-sha1")));
        }
    });
}

#[test]
fn a_signature_that_no_identity_provider_needs_is_refused_by_name() {
    if let Some(mut federation) = Federation::found("samlify", &json!({}), "") {
        let how = json!({"algorithm": "rsa-pss-sha256"});
        let refusal = federation.find_refusal(&how, "saml.algorithm");
        let received = refusal.and_then(|r| r.received).expect("the algorithm's name");
        assert!(received.ends_with("#sha256-rsa-MGF1"), "{received}");
    }
}

/// Posts the peer's response after `change` has been at its text.
fn changed(federation: &mut Federation, how: &Value, code: &str, change: impl Fn(&str) -> String) {
    let mallory = federation.app.visitor();
    let asked = federation.ask(&mallory);
    let mut answer = federation.peer.call(&federation.command(&asked, how));
    let xml = answer["xml"].as_str().expect("text");
    let forged = change(xml);
    assert_ne!(xml, forged, "the forgery found nothing to change");
    answer["saml_response"] = json!(STANDARD.encode(forged));
    federation.app.catch_up();
    let page = federation.post(&mallory, &answer);
    federation.assert_refused(&mallory, &page, code);
}

#[test]
fn another_name_under_the_same_signature_is_refused() {
    each(&json!({}), "", |federation| {
        for sign in ["assertion", "response", "both"] {
            changed(federation, &json!({ "sign": sign }), "saml.digest", |xml| {
                xml.replace(BOB, ALICE)
            });
        }
    });
}

#[test]
fn a_response_without_its_signature_is_refused() {
    each(&json!({}), "", |federation| {
        changed(federation, &json!({}), "saml.not_signed", |xml| {
            let start = xml.find("Signature ").expect("a signature");
            let start = xml[..start].rfind('<').expect("its tag");
            let end = xml.rfind("Signature>").expect("its end") + "Signature>".len();
            format!("{}{}", &xml[..start], &xml[end..])
        });
    });
}

#[test]
fn a_changed_signature_value_is_refused() {
    each(&json!({}), "", |federation| {
        changed(federation, &json!({}), "saml.signature_value", |xml| {
            let (head, tail) = xml.split_once("SignatureValue>").expect("a signature");
            let tail = tail.trim_start();
            let first = if tail.starts_with('A') { 'B' } else { 'A' };
            format!("{head}SignatureValue>{first}{}", &tail[1..])
        });
    });
}

#[test]
fn a_response_for_another_connection_is_refused() {
    each(&json!({}), "", |federation| {
        let bob = federation.app.visitor();
        let asked = federation.ask(&bob);
        // It knows us under another name than the one that the response must be for.
        let mut command = federation.command(&asked, &json!({}));
        let other = federation
            .sp_metadata()
            .replace("/sso/idp/metadata", "/sso/other/metadata");
        command["sp_metadata"] = json!(other);
        for field in ["query", "authn_request"] {
            command[field] = Value::Null;
        }
        let mut answer = federation.peer.call(&command);
        let xml = answer["xml"].as_str().expect("text").to_owned();
        assert!(xml.contains("/sso/other/metadata"), "{xml}");
        federation.connect(&json!({}), "unsolicited = \"accept\"");
        answer["acs"] = json!(format!("{}/sso/idp/acs", federation.app.base));
        federation.app.catch_up();
        let page = federation.post(&bob, &answer);
        federation.assert_refused(&bob, &page, "saml.audience");
    });
}

#[test]
fn an_answer_to_somebody_elses_request_is_refused() {
    each(&json!({}), "", |federation| {
        let (mallory, bob) = (federation.app.visitor(), federation.app.visitor());
        let asked = federation.ask(&mallory);
        let answer = federation.peer.call(&federation.command(&asked, &json!({})));
        federation.app.catch_up();
        federation.ask(&bob);
        let page = federation.post(&bob, &answer);
        federation.assert_refused(&bob, &page, "saml.browser");
    });
}
