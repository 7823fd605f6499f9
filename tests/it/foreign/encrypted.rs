//! Assertions that foreign identity providers encrypt for the certificate in our metadata.

use serde_json::json;

use super::{Federation, each};

#[test]
fn encrypted_assertions_open_in_every_cipher_that_we_accept() {
    each(&json!({}), "", |federation| {
        for cipher in ["aes128-gcm", "aes256-gcm", "aes128-cbc", "aes256-cbc"] {
            for sign in ["assertion", "response", "both"] {
                let how = json!({"encrypt": true, "encryption_algorithm": cipher, "sign": sign});
                assert!(
                    federation.lets_bob_in(&how),
                    "{} cannot do {how}",
                    federation.name
                );
            }
        }
    });
}

#[test]
fn a_message_that_was_signed_before_it_was_encrypted_is_refused() {
    // A library's default: what was signed is not what is sent, so that the signature proves nothing of it.
    if let Some(mut federation) = Federation::found("samlify", &json!({}), "") {
        for sign in ["response", "both"] {
            let how = json!({"encrypt": true, "encrypt_then_sign": false, "sign": sign});
            let refusal = federation.find_refusal(&how, "saml.digest");
            assert!(refusal.is_some(), "{how}");
        }
        // The assertion's own signature survives the encryption.
        let how = json!({"encrypt": true, "encrypt_then_sign": false, "sign": "assertion"});
        assert!(federation.lets_bob_in(&how));
    }
}

#[test]
fn old_ciphers_and_key_transports_are_refused_by_name() {
    each(&json!({}), "", |federation| {
        for (how, named) in [
            (
                json!({"encryption_algorithm": "tripledes-cbc"}),
                "http://www.w3.org/2001/04/xmlenc#tripledes-cbc",
            ),
            (
                json!({"key_transport": "rsa-1_5"}),
                "http://www.w3.org/2001/04/xmlenc#rsa-1_5",
            ),
        ] {
            let how = super::with(json!({"encrypt": true, "sign": "both"}), &how);
            let refusal = federation.find_refusal(&how, "saml.encryption_algorithm");
            let refusal = refusal.unwrap_or_else(|| panic!("{} cannot do {how}", federation.name));
            assert_eq!(refusal.received.as_deref(), Some(named), "{}", federation.name);
        }
    });
}
