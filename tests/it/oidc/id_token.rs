//! Every rule of the ID token, at its edge.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward::model::Verdict;
use doorward::oidc::OidcProblem;
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha512};

use super::key::{Key, base64url};
use super::*;

/// A token with this header instead of the usual one.
fn headed(change: impl FnOnce(&mut Value)) -> String {
    let mut header = json!({ "alg": "RS256", "kid": "k1", "typ": "JWT" });
    change(&mut header);
    rsa().token(&header, &good().to_string())
}

fn code_of(token: &str) -> &'static str {
    verify_with(token, |_| {}).expect_err("a refusal").code()
}

#[test]
fn a_good_token_gives_its_claims_and_leaves_a_trace() {
    let token = rsa().jwt(&with(|claims| claims["sid"] = "s1".into()));
    let (claims, checks) = verify_with(&token, |_| {}).expect("claims");
    assert_eq!(
        (claims.issuer.as_str(), claims.subject.as_str()),
        (ISSUER, "00u1")
    );
    assert_eq!(claims.session.as_deref(), Some("s1"));
    assert_eq!((claims.issued_at, claims.expires_at), (at(NOW), at(NOW + 300)));
    let line = |code: &str| checks.iter().find(|check| check.code == code).expect(code);
    assert_eq!(line("oidc.audience").expected.as_deref(), Some(CLIENT));
    assert_eq!(line("oidc.algorithm").received.as_deref(), Some("RS256"));
    assert!(checks.iter().all(|check| check.verdict == Verdict::Passed));
    assert!(!format!("{checks:?}").contains(NONCE));
}

#[test]
fn every_algorithm_of_ours_verifies_and_only_when_the_connection_accepts_it() {
    let others = [Key::p256("k1"), Key::p384("k1"), Key::ed25519("k1")];
    let names = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA",
    ];
    for name in names {
        let key = match name {
            "ES256" => &others[0],
            "ES384" => &others[1],
            "EdDSA" => &others[2],
            _ => rsa(),
        };
        let token = key.token(&json!({ "alg": name, "kid": "k1" }), &good().to_string());
        let mut provider = provider();
        for (accepted, verdict) in [(name, "ok"), ("XX256", "oidc.algorithm")] {
            provider.signing_algorithms = vec![accepted.to_owned()];
            let answer = verify_id_token(&token, &published(&[key]), &expected(&provider), &mut Vec::new());
            assert_eq!(
                answer.map_or_else(|problem| problem.code(), |_| "ok"),
                verdict,
                "{name}"
            );
        }
    }
}

#[test]
fn an_algorithm_that_is_not_ours_is_refused_even_where_the_settings_name_it() {
    for name in [
        "none", "None", "HS256", "HS384", "ES512", "ES256K", "RSA-OAEP", "rs256", "",
    ] {
        let mut provider = provider();
        provider.signing_algorithms = vec![name.to_owned(), "RS256".to_owned()];
        let token = headed(|header| header["alg"] = name.into());
        let answer = verify_id_token(
            &token,
            &published(&[rsa()]),
            &expected(&provider),
            &mut Vec::new(),
        );
        assert_eq!(answer.expect_err(name).code(), "oidc.algorithm", "{name}");
    }
}

#[test]
fn a_header_that_brings_a_key_or_an_extension_is_refused() {
    for member in ["jwk", "jku", "x5u", "x5c", "crit", "b64"] {
        let token = headed(|header| header[member] = json!(["x"]));
        assert_eq!(code_of(&token), "oidc.header", "{member}");
    }
    // A thumbprint is a name, like kid.
    assert!(verify_with(&headed(|header| header["x5t"] = "abc".into()), |_| {}).is_ok());
}

#[test]
fn the_key_is_found_by_its_id_alone() {
    for kid in ["k2", "K1", "k1 ", "../k1", "", "https://evil.example/k1"] {
        let problem = verify_with(&headed(|header| header["kid"] = kid.into()), |_| {}).expect_err(kid);
        assert_eq!(problem.code(), "oidc.key", "{kid}");
        assert!(problem.wants_fresh_keys());
    }
    assert_eq!(code_of(&headed(|header| header["kid"] = 1.into())), "oidc.shape");
    // Without an ID the only one that suits is meant; of two, none.
    let nameless = headed(|header| drop(header.as_object_mut().expect("a header").remove("kid")));
    assert!(verify_with(&nameless, |_| {}).is_ok());
    let two = published(&[rsa(), &Key::rsa("k2")]);
    let provider = provider();
    let problem =
        verify_id_token(&nameless, &two, &expected(&provider), &mut Vec::new()).expect_err("two keys");
    assert_eq!(problem.code(), "oidc.key");
}

#[test]
fn the_signature_must_be_by_that_key_over_these_bytes() {
    let token = rsa().jwt(&good());
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    let forged = Key::rsa("k1").jwt(&good());
    let stripped = format!("{message}.");
    let swapped = format!("{message}.{}", forged.rsplit_once('.').expect("three parts").1);
    let padded = format!("{token}=");
    let (header, _) = message.split_once('.').expect("two parts");
    let changed = format!("{header}.{}.{signature}", base64url(without("nonce").to_string()));
    for forged in [forged, stripped, swapped, padded, changed] {
        assert_eq!(code_of(&forged), "oidc.signature", "{forged}");
    }
    // ECDSA by an RSA name and the other way round never meet.
    let token = Key::p256("k1").token(&json!({ "alg": "RS256", "kid": "k1" }), &good().to_string());
    assert_eq!(code_of(&token), "oidc.signature");
    let token = headed(|header| header["alg"] = "ES256".into());
    assert_eq!(code_of(&token), "oidc.key");
}

#[test]
fn what_is_no_signed_jwt_is_told() {
    let jwe = format!("{}.a.b.c.d", base64url(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#));
    assert_eq!(code_of(&jwe), "oidc.encrypted");
    assert_eq!(
        code_of(&headed(|header| header["enc"] = "A256GCM".into())),
        "oidc.encrypted"
    );
    assert_eq!(
        code_of(&headed(|header| header["cty"] = "JWT".into())),
        "oidc.shape"
    );
    for token in [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d",
        "!.b.c",
        "e30.e30.",
        "bnVsbA.e30.x",
    ] {
        assert_eq!(code_of(token), "oidc.shape", "{token}");
    }
    let twice = format!(
        "{}.{}.x",
        base64url(r#"{"alg":"none","alg":"RS256"}"#),
        base64url("{}")
    );
    assert_eq!(code_of(&twice), "oidc.shape");
    for (typ, code) in [
        ("at+jwt", "oidc.type"),
        ("logout+jwt", "oidc.type"),
        ("", "oidc.type"),
    ] {
        assert_eq!(
            code_of(&headed(|header| header["typ"] = typ.into())),
            code,
            "{typ}"
        );
    }
    for typ in ["jwt", "application/jwt", "JWT"] {
        assert!(
            verify_with(&headed(|header| header["typ"] = typ.into()), |_| {}).is_ok(),
            "{typ}"
        );
    }
    let huge = rsa().jwt(&with(|claims| claims["x"] = "x".repeat(50_000).into()));
    assert_eq!(code_of(&huge), "oidc.size");
}

#[test]
fn a_key_twice_or_a_number_beyond_numbers_is_no_payload() {
    let header = json!({ "alg": "RS256", "kid": "k1" });
    for content in [
        good().to_string().replacen('{', r#"{"sub":"mallory","#, 1),
        good()
            .to_string()
            .replacen('}', r#","exp":1e999}"#, 1)
            .replace("\"exp\":1795349100,", ""),
        "[]".to_owned(),
        "null".to_owned(),
        String::new(),
        format!("{} {{}}", good()),
    ] {
        assert_eq!(
            code_of(&rsa().token(&header, &content)),
            "oidc.payload",
            "{content}"
        );
    }
}

#[test]
fn the_issuer_is_compared_byte_for_byte() {
    for issuer in [
        "https://idp.example/",
        "https://IDP.example",
        "https://idp.example ",
        "http://idp.example",
        "",
    ] {
        assert_eq!(
            refused(&with(|claims| claims["iss"] = issuer.into())),
            "oidc.issuer",
            "{issuer}"
        );
    }
    for issuer in [Value::Null, json!([ISSUER]), json!({ "iss": ISSUER }), json!(1)] {
        assert_eq!(refused(&with(|claims| claims["iss"] = issuer)), "oidc.issuer");
    }
    assert_eq!(refused(&without("iss")), "oidc.issuer");
}

#[test]
fn the_audience_is_us_and_azp_names_us_among_several() {
    for audience in [
        json!("client-2"),
        json!(["client-2"]),
        json!([]),
        json!("CLIENT-1"),
        json!(""),
        Value::Null,
        json!(1),
        json!([1, CLIENT]),
        json!({ CLIENT: true }),
    ] {
        assert_eq!(
            refused(&with(|claims| claims["aud"] = audience.clone())),
            "oidc.audience",
            "{audience}"
        );
    }
    assert_eq!(refused(&without("aud")), "oidc.audience");
    let several = json!([CLIENT, "client-2"]);
    let azp = |audience: Value, azp: Value| {
        with(|claims| {
            claims["aud"] = audience;
            claims["azp"] = azp;
        })
    };
    assert!(verify(&with(|claims| claims["aud"] = json!([CLIENT]))).is_ok());
    assert!(verify(&azp(several.clone(), CLIENT.into())).is_ok());
    assert_eq!(
        refused(&with(|claims| claims["aud"] = several.clone())),
        "oidc.azp"
    );
    assert_eq!(refused(&azp(several, "client-2".into())), "oidc.azp");
    assert_eq!(refused(&azp(json!(CLIENT), "client-2".into())), "oidc.azp");
    assert_eq!(refused(&azp(json!(CLIENT), Value::Null)), "oidc.azp");
}

#[test]
fn times_are_numbers_and_a_minute_of_difference_is_forgiven() {
    let odd = [
        json!("never"),
        json!("1795349100"),
        Value::Null,
        json!([NOW + 300]),
        json!({}),
        json!(true),
        json!(-1),
        json!(1e18),
    ];
    for (name, code) in [
        ("exp", "oidc.expired"),
        ("iat", "oidc.not_yet_valid"),
        ("nbf", "oidc.not_yet_valid"),
        ("auth_time", "oidc.auth_time"),
    ] {
        for value in &odd {
            assert_eq!(
                refused(&with(|claims| claims[name] = value.clone())),
                code,
                "{name} {value}"
            );
        }
    }
    assert_eq!(refused(&without("exp")), "oidc.expired");
    assert_eq!(refused(&without("iat")), "oidc.not_yet_valid");
    for (name, seconds, fine) in [
        ("exp", NOW - 59, true),
        ("exp", NOW - 60, false),
        ("exp", NOW - 3_600, false),
        ("iat", NOW + 60, true),
        ("iat", NOW + 61, false),
        ("nbf", NOW + 60, true),
        ("nbf", NOW + 61, false),
        ("nbf", NOW - 99, true),
        ("auth_time", NOW + 60, true),
        ("auth_time", NOW + 61, false),
    ] {
        let answer = verify(&with(|claims| claims[name] = seconds.into()));
        assert_eq!(answer.is_ok(), fine, "{name} {}", seconds - NOW);
    }
    // Fractions are dates too (RFC 7519 §2).
    assert!(verify(&with(|claims| claims["exp"] = json!(NOW as f64 + 0.5))).is_ok());
}

#[test]
fn the_nonce_is_the_one_of_this_sign_in() {
    for nonce in [
        json!("another"),
        json!(""),
        Value::Null,
        json!([NONCE]),
        json!("n-0S6_WzA2Mj "),
    ] {
        assert_eq!(refused(&with(|claims| claims["nonce"] = nonce)), "oidc.nonce");
    }
    assert_eq!(refused(&without("nonce")), "oidc.nonce");
    // An empty expectation is met by nobody.
    let token = rsa().jwt(&with(|claims| claims["nonce"] = "".into()));
    let problem = verify_with(&token, |expected| expected.nonce = "").expect_err("no nonce");
    assert_eq!(problem, OidcProblem::Nonce { received: true });
}

#[test]
fn hashes_bind_access_token_and_code() {
    let half = |value: &str| base64url(&Sha256::digest(value)[..16]);
    let hashed = |name: &str, value: Value| with(|claims| claims[name] = value);
    for (name, value, code) in [
        ("at_hash", "access-1", "oidc.at_hash"),
        ("c_hash", "code-1", "oidc.c_hash"),
    ] {
        assert!(verify(&hashed(name, half(value).into())).is_ok());
        assert_eq!(refused(&hashed(name, half("another").into())), code);
        assert_eq!(refused(&hashed(name, "".into())), code);
        assert_eq!(refused(&hashed(name, Value::Null)), code);
        assert_eq!(
            refused(&hashed(name, base64url(Sha256::digest(value)).into())),
            code
        );
    }
    // With the hash of the token's own algorithm.
    let key = Key::ed25519("k1");
    let wide = URL_SAFE_NO_PAD.encode(&Sha512::digest("access-1")[..32]);
    let provider = provider();
    for (hash, fine) in [(wide, true), (half("access-1"), false)] {
        let token = key.jwt(&hashed("at_hash", hash.into()));
        let answer = verify_id_token(&token, &published(&[&key]), &expected(&provider), &mut Vec::new());
        assert_eq!(answer.is_ok(), fine);
    }
}

#[test]
fn a_new_sign_in_is_new_when_it_was_asked_for() {
    let asked = |claims: &Value, max_age: i64| {
        verify_with(&rsa().jwt(claims), |expected| {
            expected.max_age = Some(max_age);
            expected.asked_at = at(NOW - 200);
        })
        .map(|_| "ok")
        .unwrap_or_else(|problem| problem.code())
    };
    let signed_in = |seconds: i64| with(|claims| claims["auth_time"] = seconds.into());
    assert_eq!(asked(&good(), 0), "oidc.auth_time");
    assert_eq!(asked(&signed_in(NOW - 190), 0), "ok");
    assert_eq!(asked(&signed_in(NOW - 260), 0), "ok");
    assert_eq!(asked(&signed_in(NOW - 261), 0), "oidc.auth_time");
    assert_eq!(asked(&signed_in(NOW - 261), 1), "ok");
    assert_eq!(asked(&signed_in(NOW - 900), 600), "oidc.auth_time");
    assert!(verify(&signed_in(0)).is_ok(), "not asked for");
}

#[test]
fn the_subject_and_the_session_are_short_texts() {
    for subject in [
        json!(""),
        json!("x".repeat(256)),
        json!("a\nb"),
        json!(1),
        Value::Null,
        json!(["00u1"]),
    ] {
        assert_eq!(refused(&with(|claims| claims["sub"] = subject)), "oidc.subject");
    }
    assert_eq!(refused(&without("sub")), "oidc.subject");
    assert!(verify(&with(|claims| claims["sub"] = "x".repeat(255).into())).is_ok());
    assert_eq!(
        refused(&with(|claims| claims["sid"] = json!(["s"]))),
        "oidc.payload"
    );
}
