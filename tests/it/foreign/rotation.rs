//! The identity provider changes its certificate: before, between and after.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Federation, each};

/// The fingerprint of the only certificate in this metadata, worked out here and not by the code under test.
fn fingerprint(federation: &mut Federation, name: &str) -> String {
    let answer = federation
        .peer
        .call(&json!({"cmd": "metadata", "certificates": [name]}));
    let xml = answer["xml"].as_str().expect("metadata is text");
    let (_, rest) = xml.split_once("X509Certificate>").expect("a certificate");
    let body: String = rest
        .chars()
        .take_while(|c| *c != '<')
        .filter(|c| !c.is_whitespace())
        .collect();
    let der = STANDARD.decode(body).expect("base64");
    let pairs: Vec<_> = Sha256::digest(der).iter().map(|b| format!("{b:02X}")).collect();
    pairs.join(":")
}

fn same(left: &str, right: &str) -> bool {
    let bare = |text: &str| text.replace(':', "").to_lowercase();
    bare(left) == bare(right)
}

#[test]
fn both_certificates_count_while_both_are_known() {
    each(&json!({"certificates": ["a", "b"]}), "", |federation| {
        for certificate in ["a", "b"] {
            for sign in ["assertion", "response", "both"] {
                assert!(federation.lets_bob_in(&json!({"certificate": certificate, "sign": sign})));
            }
        }
    });
}

#[test]
fn a_new_certificate_is_refused_with_both_fingerprints_until_it_is_added() {
    each(&json!({}), "", |federation| {
        let (a, b) = (fingerprint(federation, "a"), fingerprint(federation, "b"));
        assert_ne!(a, b);
        let by_b = json!({"certificate": "b"});
        let refusal = federation
            .find_refusal(&by_b, "saml.signature_untrusted")
            .expect("a response");
        let shown = |value: &Option<String>| value.clone().expect("a fingerprint");
        assert!(same(&shown(&refusal.expected), &a), "{refusal:?}");
        assert!(same(&shown(&refusal.received), &b), "{refusal:?}");
        federation.connect(&json!({"certificates": ["a", "b"]}), "");
        assert!(federation.lets_bob_in(&by_b));
        assert!(federation.lets_bob_in(&json!({"certificate": "a"})));
        // The old one is gone from the metadata: what it signs counts no more.
        federation.connect(&json!({"certificates": ["b"]}), "");
        assert!(federation.lets_bob_in(&by_b));
        let refusal = federation
            .find_refusal(&Value::Null, "saml.signature_untrusted")
            .expect("a response");
        assert!(
            same(&shown(&refusal.expected), &b) && same(&shown(&refusal.received), &a),
            "{refusal:?}"
        );
    });
}
