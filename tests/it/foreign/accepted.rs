//! What foreign identity providers sign, in all the ways in which they do: bob comes in.

use serde_json::json;

use super::{Federation, each};
use crate::app::BOB;

const PLACES: [&str; 3] = ["assertion", "response", "both"];

fn comes_in(federation: &mut Federation, algorithms: &[&str]) {
    for algorithm in algorithms {
        for sign in PLACES {
            let how = json!({"sign": sign, "algorithm": algorithm});
            assert!(
                federation.lets_bob_in(&how),
                "{} cannot do {how}",
                federation.name
            );
        }
    }
}

#[test]
fn the_assertion_the_response_or_both_are_signed_by_rsa() {
    let sizes = |name| match name {
        "pysaml2" => &["rsa-sha256", "rsa-sha384", "rsa-sha512"][..],
        _ => &["rsa-sha256", "rsa-sha512"][..],
    };
    each(&json!({}), "", |federation| {
        let algorithms = sizes(federation.name);
        comes_in(federation, algorithms);
    });
}

#[test]
fn the_assertion_the_response_or_both_are_signed_by_ecdsa() {
    if let Some(mut federation) = Federation::found("pysaml2", &json!({"key": "ec"}), "") {
        comes_in(&mut federation, &["ecdsa-sha256", "ecdsa-sha384", "ecdsa-sha512"]);
    }
}

#[test]
fn rsa_and_ecdsa_keys_count_beside_each_other() {
    if let Some(mut federation) = Federation::found("pysaml2", &json!({"key": "both"}), "") {
        comes_in(&mut federation, &["rsa-sha256", "ecdsa-sha256"]);
    }
}

#[test]
fn prefixes_and_white_space_make_no_difference() {
    let Some(mut federation) = Federation::found("samlify", &json!({}), "") else {
        return;
    };
    for prefixes in [
        json!({}),
        json!({"protocol": "p0", "assertion": "x"}),
        json!({"protocol": "saml", "assertion": "ds"}),
    ] {
        for layout in ["plain", "spacious"] {
            for sign in PLACES {
                let how = json!({"prefixes": prefixes, "layout": layout, "sign": sign});
                assert!(federation.lets_bob_in(&how), "{how}");
            }
        }
    }
}

#[test]
fn every_lasting_name_id_names_a_person_and_a_transient_one_nobody() {
    each(&json!({}), "", |federation| {
        for format in ["persistent", "emailAddress", "unspecified"] {
            let how = json!({"name_id_format": format, "name_id": format!("subject-{format}")});
            assert!(federation.lets_bob_in(&how), "{how}");
        }
        let how = json!({"name_id_format": "transient", "name_id": "_x1"});
        let refusal = federation.find_refusal(&how, "saml.transient_name_id");
        assert_eq!(
            refusal.expect("a response").received.as_deref(),
            Some("transient")
        );
    });
}

#[test]
fn names_arrive_under_the_names_that_libraries_give_them() {
    let plain = json!({"attributes": {"email": "nora@example.org", "user.first_name": "Nora", "user.last_name": "Åse <&> \"Ng\""}});
    let oid = json!({"attribute_names": "oid",
        "attributes": {"mail": "nora@example.org", "givenName": "Nora", "sn": "Åse <&> \"Ng\""}});
    each(&json!({}), "", |federation| {
        for how in [&plain, &oid] {
            if federation.name == "samlify" && how["attribute_names"] == "oid" {
                continue; // it sends names as they are given
            }
            let how = super::with(
                how.clone(),
                &json!({"name_id": "nora", "name_id_format": "persistent"}),
            );
            let nora = federation.app.visitor();
            let page = federation.sign_in(&nora, &how);
            let notice = nora.get(page.to());
            assert_eq!(notice.status, 403, "she has no account");
            let seen = federation.trace(&notice);
            assert_eq!(seen.email.as_deref(), Some("nora@example.org"));
            assert_eq!(seen.given_name.as_deref(), Some("Nora"));
            assert_eq!(
                seen.family_name.as_deref(),
                Some("Åse <&> \"Ng\""),
                "{}",
                federation.name
            );
        }
    });
}

#[test]
fn an_answer_of_a_foreign_identity_provider_counts_once() {
    each(&json!({}), "", |federation| {
        let bob = federation.app.visitor();
        let asked = federation.ask(&bob);
        let command = federation.command(&asked, &json!({}));
        let answer = federation.peer.call(&command);
        federation.app.catch_up();
        let page = federation.post(&bob, &answer);
        federation.assert_in(&bob, &page, &json!({}));
        bob.post("/logout", &[]);
        let again = federation.post(&bob, &answer);
        federation.assert_refused(&bob, &again, "saml.in_response_to");
        assert_eq!(
            federation.app.count(&format!(
                "SELECT count(*) FROM sign_ins WHERE email = '{BOB}' AND outcome = 'succeeded'"
            )),
            1
        );
    });
}
