//! The provider's key set: which keys count.

use doorward::oidc::read_keys;
use serde_json::{Value, json};

use super::key::{Key, base64url};
use super::{expected, good, provider, rsa};

fn read(keys: &[Value]) -> Result<doorward::oidc::Keys, &'static str> {
    read_keys(json!({ "keys": keys }).to_string().as_bytes()).map_err(|problem| problem.code())
}

fn changed(name: &str, value: Value) -> Value {
    let mut jwk = rsa().jwk();
    jwk[name] = value;
    jwk
}

/// An RSA key of so many bits that nobody has the other half of.
fn modulus(bits: usize) -> String {
    let mut n = vec![0xff; bits / 8];
    n[0] = 0x80;
    base64url(n)
}

#[test]
fn a_key_that_must_not_sign_is_left_out() {
    let lone = |jwk: Value| read(&[jwk]);
    for (name, value) in [
        ("use", json!("enc")),
        ("use", json!("")),
        ("use", json!(1)),
        ("use", json!(["sig"])),
        ("key_ops", json!(["sign"])),
        ("key_ops", json!([])),
        ("key_ops", json!(1)),
        ("alg", json!("RSA-OAEP")),
        ("alg", json!("HS256")),
        ("alg", json!("none")),
        ("alg", json!("ES256")),
        ("alg", json!(1)),
        ("alg", Value::Null),
        ("kty", json!("oct")),
        ("kty", json!("EC")),
        ("kty", json!("rsa")),
        ("kty", Value::Null),
        ("n", json!(modulus(1_024))),
        ("n", json!(modulus(2_040))),
        ("n", json!(modulus(8_200))),
        ("n", json!("")),
        ("n", json!("!")),
        ("e", json!("")),
        ("e", json!("AQ")),
        ("e", json!("Ag")),
        ("e", json!("AQAA")),
        ("e", json!(base64url([1; 9]))),
        ("d", json!("AQAB")),
        ("d", Value::Null),
        ("k", json!("c2VjcmV0")),
        ("kid", json!("x".repeat(513))),
    ] {
        assert_eq!(
            lone(changed(name, value.clone())),
            Err("oidc.keys"),
            "{name} {value}"
        );
    }
    for (name, value) in [
        ("n", json!(modulus(2_048))),
        ("n", json!(modulus(8_192))),
        ("alg", json!("PS512")),
        ("kid", Value::Null),
        ("key_ops", json!(["verify"])),
        ("x5c", json!(["MIIB"])),
        ("e", json!("Aw")),
    ] {
        assert!(lone(changed(name, value.clone())).is_ok(), "{name} {value}");
    }
    // The good one beside them still counts.
    let keys = read(&[
        changed("use", json!("enc")),
        json!({ "kty": "oct", "k": "x" }),
        Key::p256("k9").jwk(),
    ]);
    assert_eq!(keys.expect("one key").ids(), ["k9"]);
    let short = |mut jwk: Value| {
        jwk["x"] = base64url([1; 31]).into();
        lone(jwk)
    };
    assert_eq!(short(Key::p256("k").jwk()), Err("oidc.keys"));
    assert_eq!(short(Key::ed25519("k").jwk()), Err("oidc.keys"));
    for curve in ["P-521", "secp256k1", "P-384", "Ed448"] {
        let mut jwk = Key::p256("k").jwk();
        jwk["crv"] = curve.into();
        assert_eq!(lone(jwk), Err("oidc.keys"), "{curve}");
    }
}

#[test]
fn two_different_keys_of_one_id_make_the_set_useless() {
    assert_eq!(read(&[rsa().jwk(), Key::rsa("k1").jwk()]), Err("oidc.keys"));
    assert_eq!(read(&[rsa().jwk(), Key::p256("k1").jwk()]), Err("oidc.keys"));
    // The same one for two algorithms, and an encryption key of the same ID, are what real providers publish.
    assert!(read(&[changed("alg", json!("RS256")), changed("alg", json!("PS256"))]).is_ok());
    let mut other = Key::rsa("k1").jwk();
    other["use"] = "enc".into();
    assert!(read(&[rsa().jwk(), other]).is_ok());
}

#[test]
fn a_key_signs_with_its_own_algorithm_only() {
    let keys = read(&[changed("alg", json!("PS256"))]).expect("keys");
    let provider = provider();
    let token = rsa().jwt(&good());
    let problem = doorward::oidc::verify_id_token(&token, &keys, &expected(&provider), &mut Vec::new());
    let problem = problem.expect_err("RS256 by a key for PS256");
    assert_eq!(problem.code(), "oidc.key");
    assert!(problem.received().expect("a reason").contains("not for RS256"));
}

#[test]
fn why_a_known_key_does_not_count_is_told() {
    let keys = read(&[changed("n", json!(modulus(1_024))), Key::p256("k9").jwk()]).expect("one key");
    let provider = provider();
    let problem =
        doorward::oidc::verify_id_token(&rsa().jwt(&good()), &keys, &expected(&provider), &mut Vec::new());
    let received = problem.expect_err("a weak key").received().expect("a reason");
    assert!(received.contains("1024 bits"), "{received}");
}

#[test]
fn sets_have_limits_and_survive_being_kept() {
    let many = |count: usize| {
        let keys: Vec<Value> = (0..count)
            .map(|number| changed("kid", number.to_string().into()))
            .collect();
        read(&keys)
    };
    assert!(many(100).is_ok());
    assert_eq!(many(101), Err("oidc.keys"));
    for text in [
        "",
        "{}",
        "[]",
        "{\"keys\":{}}",
        "{\"keys\":[]}",
        "{\"keys\":[1]}",
        "{\"keys\":[],\"keys\":[]}",
    ] {
        assert_eq!(
            read_keys(text.as_bytes()).map_err(|problem| problem.code()),
            Err("oidc.keys"),
            "{text}"
        );
    }
    let keys = read(&[
        rsa().jwk(),
        Key::p256("a").jwk(),
        Key::p384("b").jwk(),
        Key::ed25519("c").jwk(),
    ]);
    let keys = keys.expect("four keys");
    assert_eq!(read_keys(keys.to_json().as_bytes()), Ok(keys));
}
