//! Assertions that foreign identity providers encrypt for the certificate in our metadata.

use serde_json::json;

use super::each;

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
