//! Random bytes never panic a reader, and a good token that was changed anywhere never verifies.

use std::sync::OnceLock;

use doorward::oidc::{
    Notice, check_answer, discovery_url, read_discovery, read_keys, read_revocation, read_tokens,
    read_userinfo, verify_logout_token,
};
use proptest::prelude::*;

use super::key::Key;
use super::*;

/// A good token and the keys for it; ECDSA, because it is the quicker one.
fn fixture() -> &'static (String, Keys) {
    static FIXTURE: OnceLock<(String, Keys)> = OnceLock::new();
    FIXTURE.get_or_init(|| {
        let key = Key::p256("k1");
        (key.jwt(&good()), published(&[&key]))
    })
}

fn verifies(token: &str) -> bool {
    let provider = provider();
    verify_id_token(token, &fixture().1, &expected(&provider), &mut Vec::new()).is_ok()
}

/// Everything that reads what came from outside.
fn read_all(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let provider = provider();
    let mut claims = verify(&good()).expect("claims");
    let _ = read_discovery(bytes, ISSUER);
    let _ = read_keys(bytes);
    let _ = read_tokens(200, bytes);
    let _ = read_tokens(400, bytes);
    let _ = read_userinfo(Some("application/json"), bytes, &mut claims);
    let _ = read_revocation(bytes);
    let _ = discovery_url(&text);
    let _ = verifies(&text);
    let _ = verify_logout_token(&text, &fixture().1, &Notice::logout(&provider, at(NOW)));
    let params: Vec<_> = text
        .split('&')
        .map(|pair| (pair.to_owned(), text.to_string()))
        .collect();
    let _ = check_answer(&params, &provider);
}

#[test]
fn the_token_that_is_changed_is_good() {
    assert!(verifies(&fixture().0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_changed_token_never_verifies(at in 0usize..10_000, byte in 0x20u8..0x7f, how in 0u8..4) {
        let good = &fixture().0;
        let at = at % good.len();
        let mut bytes = good.clone().into_bytes();
        match how {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            2 => drop(bytes.remove(at)),
            _ => bytes.truncate(at),
        }
        let changed = String::from_utf8(bytes).expect("ASCII");
        prop_assume!(changed != *good);
        prop_assert!(!verifies(&changed), "{}", changed);
    }

    #[test]
    fn random_bytes_panic_nobody(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        read_all(&bytes);
    }

    #[test]
    fn almost_good_json_panics_nobody(at in 0usize..10_000, byte in any::<u8>(), token in any::<bool>()) {
        let texts = [
            good().to_string(),
            json!({ "keys": [rsa().jwk()] }).to_string(),
            json!({ "issuer": ISSUER, "jwks_uri": "https://idp.example/keys", "sub_id": { "format": "email" } }).to_string(),
        ];
        for text in texts {
            let mut bytes = text.into_bytes();
            let at = at % bytes.len();
            bytes[at] = byte;
            read_all(&bytes);
            if token {
                // Signed by the right key, so that everything behind the signature is reached.
                let content = String::from_utf8_lossy(&bytes);
                let token = rsa().token(&json!({ "alg": "RS256", "kid": "k1" }), &content);
                let _ = verify_with(&token, |_| {});
            }
        }
    }
}
