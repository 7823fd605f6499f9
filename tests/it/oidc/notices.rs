//! Tokens that a provider sends by itself: logout and revocation.

use doorward::oidc::{
    Notice, OidcProblem, Revoked, read_revocation, verify_logout_token, verify_revocation_token,
};
use serde_json::{Value, json};

use super::*;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const ENDPOINT: &str = "https://door.example/sso/acme/revoke";

fn logout(change: impl FnOnce(&mut Value)) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "aud": CLIENT, "iat": NOW, "exp": NOW + 120, "jti": "j1", "sub": "00u1", "sid": "s1",
        "events": { EVENT: {} },
    });
    change(&mut claims);
    claims
}

fn typed(typ: &str, claims: &Value) -> String {
    rsa().token(
        &json!({ "alg": "RS256", "kid": "k1", "typ": typ }),
        &claims.to_string(),
    )
}

fn verify_logout(token: &str) -> Result<doorward::oidc::LogoutToken, OidcProblem> {
    let provider = provider();
    verify_logout_token(token, &published(&[rsa()]), &Notice::logout(&provider, at(NOW)))
}

#[test]
fn a_logout_token_says_whose_sessions_end() {
    for typ in ["logout+jwt", "Logout+JWT", "application/logout+jwt", "JWT"] {
        let token = verify_logout(&typed(typ, &logout(|_| {}))).expect(typ);
        assert_eq!(
            (token.subject.as_deref(), token.session.as_deref()),
            (Some("00u1"), Some("s1"))
        );
        assert_eq!((token.id.as_str(), token.expires_at), ("j1", at(NOW + 120)));
    }
    for name in ["sub", "sid"] {
        let claims = logout(|claims| drop(claims.as_object_mut().expect("claims").remove(name)));
        assert!(
            verify_logout(&typed("logout+jwt", &claims)).is_ok(),
            "without {name}"
        );
    }
}

#[test]
fn everything_that_is_no_logout_token_is_refused() {
    for (name, value, code) in [
        ("iss", json!("https://other.example"), "oidc.issuer"),
        ("aud", json!("client-2"), "oidc.audience"),
        ("exp", json!(NOW - 60), "oidc.expired"),
        ("exp", Value::Null, "oidc.expired"),
        ("iat", json!(NOW + 61), "oidc.not_yet_valid"),
        ("iat", json!("now"), "oidc.not_yet_valid"),
        ("events", Value::Null, "oidc.events"),
        ("events", json!({}), "oidc.events"),
        ("events", json!([EVENT]), "oidc.events"),
        ("events", json!({ EVENT: true }), "oidc.events"),
        ("events", json!(EVENT), "oidc.events"),
        ("nonce", json!("n"), "oidc.logout_nonce"),
        ("nonce", Value::Null, "oidc.logout_nonce"),
        ("jti", json!(""), "oidc.token_id"),
        ("jti", json!(1), "oidc.token_id"),
        ("sub", json!(1), "oidc.subject"),
        ("sid", json!(""), "oidc.subject"),
    ] {
        let problem = verify_logout(&typed(
            "logout+jwt",
            &logout(|claims| claims[name] = value.clone()),
        ));
        assert_eq!(problem.expect_err(name).code(), code, "{name} {value}");
    }
    for (name, code) in [
        ("exp", "oidc.expired"),
        ("iat", "oidc.not_yet_valid"),
        ("jti", "oidc.token_id"),
        ("events", "oidc.events"),
        ("iss", "oidc.issuer"),
        ("aud", "oidc.audience"),
    ] {
        let claims = logout(|claims| drop(claims.as_object_mut().expect("claims").remove(name)));
        assert_eq!(
            verify_logout(&typed("logout+jwt", &claims))
                .expect_err(name)
                .code(),
            code
        );
    }
    let nobody = logout(|claims| {
        let members = claims.as_object_mut().expect("claims");
        members.retain(|name, _| name != "sub" && name != "sid");
    });
    assert_eq!(
        verify_logout(&typed("logout+jwt", &nobody))
            .expect_err("nobody")
            .code(),
        "oidc.subject"
    );
    assert_eq!(
        verify_logout(&typed("at+jwt", &logout(|_| {})))
            .expect_err("typ")
            .code(),
        "oidc.type"
    );
    // An ID token is none, and the other way round.
    assert_eq!(
        verify_logout(&rsa().jwt(&good()))
            .expect_err("an ID token")
            .code(),
        "oidc.events"
    );
    let dressed = logout(|claims| claims["nonce"] = NONCE.into());
    assert_eq!(
        verify_with(&typed("logout+jwt", &dressed), |_| {})
            .expect_err("a logout token")
            .code(),
        "oidc.type"
    );
    let forged = super::key::Key::rsa("k1").jwt(&logout(|_| {}));
    assert_eq!(
        verify_logout(&forged).expect_err("forged").code(),
        "oidc.signature"
    );
}

#[test]
fn a_revocation_token_is_for_our_endpoint_and_of_its_own_type() {
    let claims = |change: fn(&mut Value)| {
        let mut claims = json!({
            "iss": ISSUER, "sub": "0oa1", "aud": ENDPOINT, "iat": NOW, "nbf": NOW - 300, "exp": NOW + 300, "jti": "r1",
        });
        change(&mut claims);
        claims
    };
    let verify = |typ: &str, claims: &Value| {
        let provider = provider();
        let expected = Notice::revocation(&provider, ENDPOINT, at(NOW));
        let answer = verify_revocation_token(&typed(typ, claims), &published(&[rsa()]), &expected);
        answer.map_or_else(|problem| problem.code().to_owned(), |token| token.id)
    };
    let typ = "global-token-revocation+jwt";
    assert_eq!(verify(typ, &claims(|_| {})), "r1");
    for typ in ["JWT", "logout+jwt", ""] {
        assert_eq!(verify(typ, &claims(|_| {})), "oidc.type", "{typ}");
    }
    assert_eq!(
        verify(typ, &claims(|claims| claims["aud"] = CLIENT.into())),
        "oidc.audience"
    );
    assert_eq!(
        verify(
            typ,
            &claims(|claims| claims["aud"] = "https://door.example/sso/other/revoke".into())
        ),
        "oidc.audience"
    );
    assert_eq!(
        verify(
            typ,
            &claims(|claims| claims["iss"] = "https://other.example".into())
        ),
        "oidc.issuer"
    );
    assert_eq!(
        verify(typ, &claims(|claims| claims["exp"] = (NOW - 60).into())),
        "oidc.expired"
    );
    assert_eq!(
        verify(typ, &claims(|claims| claims["iat"] = Value::Null)),
        "oidc.not_yet_valid"
    );
    assert_eq!(
        verify(typ, &claims(|claims| claims["nbf"] = (NOW + 61).into())),
        "oidc.not_yet_valid"
    );
    assert_eq!(
        verify(typ, &claims(|claims| claims["jti"] = Value::Null)),
        "oidc.token_id"
    );
}

#[test]
fn the_body_of_a_revocation_names_one_person() {
    let read = |body: &str| read_revocation(body.as_bytes());
    let email = Revoked::Email("bob@example.com".to_owned());
    let person = Revoked::IssuerSubject {
        issuer: ISSUER.to_owned(),
        subject: "00u1".to_owned(),
    };
    for (body, revoked) in [
        (
            r#"{"sub_id":{"format":"email","email":"bob@example.com"}}"#,
            &email,
        ),
        (
            r#"{"subject":{"format":"email","email":"bob@example.com"}}"#,
            &email,
        ),
        (
            r#"{"sub_id":{"format":"iss_sub","iss":"https://idp.example","sub":"00u1"}}"#,
            &person,
        ),
        (
            r#"{"sub_id":{"format":"opaque","id":"x1"}}"#,
            &Revoked::Opaque("x1".to_owned()),
        ),
    ] {
        assert_eq!(read(body).as_ref(), Ok(revoked), "{body}");
    }
    for body in [
        "",
        "[]",
        "{}",
        r#"{"sub_id":"bob"}"#,
        r#"{"sub_id":{"email":"bob@example.com"}}"#,
        r#"{"sub_id":{"format":"phone_number","phone_number":"+1"}}"#,
        r#"{"sub_id":{"format":"email"}}"#,
        r#"{"sub_id":{"format":"email","email":""}}"#,
        r#"{"sub_id":{"format":"email","email":["bob@example.com"]}}"#,
        r#"{"sub_id":{"format":"iss_sub","sub":"00u1"}}"#,
        r#"{"sub_id":{"format":"opaque"}}"#,
        r#"{"sub_id":{"format":"opaque","id":"a"},"subject":{"format":"opaque","id":"b"}}"#,
        r#"{"sub_id":{"format":"opaque","id":"a","id":"b"}}"#,
    ] {
        assert_eq!(read(body).expect_err(body).code(), "oidc.revocation", "{body}");
    }
}
