//! Our requests, judged by foreign identity providers: by both bindings, unsigned and signed.

use serde_json::{Value, json};

use super::{Federation, each, with};

/// Asks, hands the request over after `change`, and gives what the peer says of it.
fn judged(federation: &mut Federation, how: &Value, change: impl FnOnce(&mut Value)) -> Value {
    let visitor = federation.app.visitor();
    let mut asked = federation.ask(&visitor);
    change(&mut asked);
    let command = federation.command(&asked, how);
    federation.peer.ask(&command)
}

fn assert_not_accepted(federation: &Federation, answer: &Value) {
    assert!(answer["refused"].is_string(), "{}: {answer}", federation.name);
}

#[test]
fn requests_are_accepted_by_both_bindings_signed_and_unsigned() {
    for binding in ["redirect", "post"] {
        for sign in [false, true] {
            let more = format!("request_binding = \"{binding}\"\nsign_requests = {sign}");
            each(&json!({ "require_signed": sign }), &more, |federation| {
                let how = json!({ "require_signed": sign });
                assert!(federation.lets_bob_in(&how), "{binding}, signed: {sign}");
            });
        }
    }
}

#[test]
fn an_identity_provider_that_wants_signed_requests_gets_them_without_being_asked() {
    each(&json!({"require_signed": true}), "", |federation| {
        assert!(federation.lets_bob_in(&json!({"require_signed": true})));
        assert!(federation.sp_metadata().contains("AuthnRequestsSigned=\"true\""));
    });
}

#[test]
fn the_peers_do_look_at_our_signatures() {
    for binding in ["redirect", "post"] {
        let unsigned = format!("request_binding = \"{binding}\"\nsign_requests = false");
        each(&json!({}), &unsigned, |federation| {
            let how = json!({"require_signed": true});
            let answer = judged(federation, &how, |_| {});
            assert_not_accepted(federation, &answer);
        });
        let signed = format!("request_binding = \"{binding}\"\nsign_requests = true");
        each(&json!({"require_signed": true}), &signed, |federation| {
            let how = json!({"require_signed": true});
            let answer = judged(federation, &how, |asked| *asked = forged(asked));
            assert_not_accepted(federation, &answer);
        });
    }
}

/// The same request with the signature of another one: one character of the signature value differs.
fn forged(asked: &Value) -> Value {
    use base64::{Engine, engine::general_purpose::STANDARD};
    if let Some(query) = asked["query"].as_str() {
        let (head, signature) = query.split_once("&Signature=").expect("it is signed");
        return json!({ "query": format!("{head}&Signature={}", other_letter(signature)) });
    }
    let xml = STANDARD
        .decode(asked["authn_request"].as_str().expect("a request"))
        .expect("base64");
    let xml = String::from_utf8(xml).expect("text");
    let (head, value) = xml.split_once("SignatureValue>").expect("it is signed");
    let changed = format!("{head}SignatureValue>{}", other_letter(value.trim_start()));
    with(
        asked.clone(),
        &json!({ "authn_request": STANDARD.encode(changed) }),
    )
}

fn other_letter(text: &str) -> String {
    let first = if text.starts_with('A') { 'B' } else { 'A' };
    format!("{first}{}", &text[1..])
}

#[test]
fn our_metadata_says_where_answers_go_and_for_whom_to_encrypt() {
    each(&json!({}), "", |federation| {
        let visitor = federation.app.visitor();
        let asked = federation.ask(&visitor);
        let answer = federation
            .peer
            .call(&federation.command(&asked, &json!({"encrypt": true})));
        assert_eq!(answer["acs"], format!("{}/sso/idp/acs", federation.app.base));
        let xml = answer["xml"].as_str().expect("the response");
        assert!(xml.contains("EncryptedAssertion"), "{xml}");
        let id = answer["request_id"].as_str().expect("it answers our request");
        let asked_again = federation.ask(&visitor);
        let other = federation
            .peer
            .call(&federation.command(&asked_again, &json!({})));
        assert_ne!(other["request_id"], id, "each request has an ID of its own");
    });
}
