//! What an OpenID Provider says by itself: logout tokens, and revocations that it signed.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward::flows::Who;
use doorward::model::time::SECOND;
use doorward::store;
use doorward::web::server::block_on;
use serde_json::{Value, json};

use super::World;
use super::leaving::through_openid;
use crate::app::{BOB, Page, TestApp, Visitor};
use crate::idp::{NOW, TestKey};

const ISSUER: &str = "https://op.example";
const CLIENT: &str = "client 1";

/// The public half as a JSON Web Key: an RSA key of 2048 bits stands in its certificate in one known form.
fn jwk(key: &TestKey) -> Value {
    let der = &key.certificate.der;
    let head = [0x02, 0x82, 0x01, 0x01, 0x00];
    let at = der.windows(5).position(|w| w == head).expect("a modulus") + 5;
    json!({
        "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "k1", "e": "AQAB",
        "n": URL_SAFE_NO_PAD.encode(&der[at..at + 256]),
    })
}

fn token(key: &TestKey, typ: &str, claims: &Value) -> String {
    with_header(key, &json!({"alg": "RS256", "kid": "k1", "typ": typ}), claims)
}

fn with_header(key: &TestKey, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes())))
}

/// A good logout token about bob, changed.
fn claims(change: impl FnOnce(&mut Value)) -> Value {
    let now = NOW.0 / SECOND;
    let mut claims = json!({
        "iss": ISSUER, "aud": CLIENT, "iat": now, "exp": now + 120, "jti": "j1", "sub": "sub-1",
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    });
    change(&mut claims);
    claims
}

/// Keeps this key as the one that the provider published.
fn publish(app: &TestApp, slug: &str, key: &TestKey) {
    let (slug, jwks) = (slug.to_owned(), json!({"keys": [jwk(key)]}).to_string());
    let put = app.ctx.act(Who::Command("test"), move |act| {
        let connection = store::connections::get_by_slug(act.w, &slug)?;
        store::provider_keys::put(act.w, connection.id, &jwks, act.now)
    });
    block_on(put).expect("keys");
}

/// bob came in through an OpenID Provider with this key.
fn provider() -> (TestApp, Visitor, TestKey) {
    let app = TestApp::start();
    let (bob, _) = through_openid(&app, false);
    let key = TestKey::rsa("op");
    publish(&app, "op", &key);
    (app, bob, key)
}

fn send(app: &TestApp, fields: &[(&str, &str)]) -> Page {
    let visitor = app.visitor();
    let address = visitor.url("/sso/op/backchannel-logout");
    // No Origin, no cookies: a program.
    visitor.send(visitor.client.post(address).form(fields))
}

fn tell(app: &TestApp, token: &str) -> Page {
    send(app, &[("logout_token", token)])
}

#[test]
fn a_logout_token_ends_the_sessions_at_once_and_counts_once() {
    let (app, bob, key) = provider();
    let alice = app.alice();
    let about = token(&key, "logout+jwt", &claims(|_| {}));
    let page = tell(&app, &about);
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.body.is_empty());
    assert_eq!(bob.me(), None);
    assert!(alice.me().is_some());
    let logged = app
        .count("SELECT count(*) FROM events WHERE action = 'session.ended' AND after LIKE '%logout token%'");
    assert_eq!(logged, 1);
    let page = tell(&app, &about);
    assert_eq!(page.status, 400);
    assert!(
        page.json()["error_description"]
            .to_string()
            .contains("oidc.replayed"),
        "{}",
        page.text()
    );
    // Nobody is left to sign out: that is no failure.
    let again = token(&key, "logout+jwt", &claims(|c| c["jti"] = "j2".into()));
    assert_eq!(tell(&app, &again).status, 200);
}

#[test]
fn a_logout_token_may_name_the_providers_session_alone() {
    let (app, bob, key) = provider();
    let set = app.ctx.act(Who::Command("test"), |act| {
        act.w.execute(
            "UPDATE sessions SET idp_session = 'sid-1' WHERE subject = 'sub-1'",
            [],
        )?;
        Ok(())
    });
    block_on(set).expect("a session of theirs");
    let about = |jti: &str, sid: &str, sub: Option<&str>| {
        let claims = claims(|c| {
            c["jti"] = jti.into();
            c["sid"] = sid.into();
            match sub {
                Some(sub) => c["sub"] = sub.into(),
                None => drop(c.as_object_mut().expect("claims").remove("sub")),
            }
        });
        tell(&app, &token(&key, "logout+jwt", &claims)).status
    };
    assert_eq!(about("j1", "sid-2", None), 200);
    assert_eq!(about("j2", "sid-2", Some("sub-1")), 200);
    assert_eq!(about("j3", "sid-1", Some("sub-2")), 200);
    assert!(bob.me().is_some(), "all of these were about others");
    assert_eq!(about("j4", "sid-1", None), 200);
    assert_eq!(bob.me(), None);
}

#[test]
fn a_forged_logout_token_ends_nothing() {
    let (app, bob, key) = provider();
    let mallory = TestKey::rsa("mallory");
    let now = NOW.0 / SECOND;
    let good = claims(|_| {});
    let changed = |change: fn(&mut Value)| token(&key, "logout+jwt", &claims(change));
    let none = {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.", part(&json!({"alg": "none"})), part(&good))
    };
    for (rule, about) in [
        ("oidc.signature", token(&mallory, "logout+jwt", &good)),
        ("oidc.algorithm", none),
        (
            "oidc.header",
            with_header(
                &mallory,
                &json!({"alg": "RS256", "kid": "k1", "typ": "logout+jwt", "jwk": jwk(&mallory)}),
                &good,
            ),
        ),
        (
            "oidc.issuer",
            changed(|c| c["iss"] = "https://mallory.example".into()),
        ),
        ("oidc.audience", changed(|c| c["aud"] = "another client".into())),
        ("oidc.events", changed(|c| c["events"] = json!({}))),
        ("oidc.logout_nonce", changed(|c| c["nonce"] = "n".into())),
        (
            "oidc.token_id",
            changed(|c| drop(c.as_object_mut().map(|c| c.remove("jti")))),
        ),
        ("oidc.type", token(&key, "at+jwt", &good)),
        (
            "oidc.expired",
            token(
                &key,
                "logout+jwt",
                &claims(|c| {
                    c["iat"] = (now - 600).into();
                    c["exp"] = (now - 300).into();
                }),
            ),
        ),
        ("oidc.shape", "x".to_owned()),
    ] {
        let page = tell(&app, &about);
        assert_eq!(page.status, 400, "{rule}");
        assert_eq!(page.json()["error"], "invalid_request");
        let said = page.json()["error_description"].to_string();
        assert!(said.contains(rule), "{rule}: {said}");
        assert!(bob.me().is_some(), "{rule}");
    }
    let good = token(&key, "logout+jwt", &good);
    for fields in [
        &[][..],
        &[("token", good.as_str())],
        &[("logout_token", &good), ("logout_token", &good)],
    ] {
        assert_eq!(send(&app, fields).status, 400);
    }
    // A token of this provider, brought to another connection.
    let other = app.visitor();
    app.apply("[[connection]]\nslug = \"other\"\nname = \"other\"\n[connection.scim]\nenabled = true\nsync = \"automatic\"\n");
    let page = other.send(
        other
            .client
            .post(other.url("/sso/other/backchannel-logout"))
            .form(&[("logout_token", &good)]),
    );
    assert_eq!(page.status, 404);
    assert!(bob.me().is_some());
}

/// A good proof of the provider for this address, changed.
fn proof(endpoint: &str, issuer: &str, change: impl FnOnce(&mut Value)) -> Value {
    let now = NOW.0 / SECOND;
    let mut claims = json!({
        "iss": issuer, "sub": "0oa1", "aud": endpoint, "iat": now, "exp": now + 300, "jti": "r1",
    });
    change(&mut claims);
    claims
}

fn revoke(app: &TestApp, slug: &str, bearer: &str) -> u16 {
    let visitor = app.visitor();
    let address = visitor.url(&format!("/sso/{slug}/global-token-revocation"));
    let body = json!({"sub_id": {"format": "email", "email": BOB}});
    let request = visitor
        .client
        .post(address)
        .header("Authorization", format!("Bearer {bearer}"))
        .header("Content-Type", "application/json");
    visitor.send(request.body(body.to_string())).status
}

#[test]
fn okta_proves_itself_by_its_signature_for_a_saml_application_too() {
    let world = World::new("");
    world
        .app
        .apply("[[connection]]\nslug = \"okta\"\nprovider = \"okta\"\n");
    let (app, key) = (&world.app, TestKey::rsa("op"));
    publish(app, "okta", &key);
    // Where people sign in, by the metadata.
    let issuer = "https://idp.okta.example";
    let endpoint = format!("{}/sso/okta/global-token-revocation", app.base);
    let typ = "global-token-revocation+jwt";
    let now = NOW.0 / SECOND;
    let elsewhere = format!("{}/sso/entra/global-token-revocation", app.base);
    for (name, bearer) in [
        (
            "another key",
            token(&TestKey::rsa("mallory"), typ, &proof(&endpoint, issuer, |_| {})),
        ),
        (
            "another issuer",
            token(&key, typ, &proof(&endpoint, "https://mallory.example", |_| {})),
        ),
        (
            "another address",
            token(&key, typ, &proof(&elsewhere, issuer, |_| {})),
        ),
        (
            "another kind",
            token(&key, "logout+jwt", &proof(&endpoint, issuer, |_| {})),
        ),
        (
            "an old one",
            token(
                &key,
                typ,
                &proof(&endpoint, issuer, |c| c["exp"] = (now - 61).into()),
            ),
        ),
        (
            "no ID",
            token(&key, typ, &proof(&endpoint, issuer, |c| c["jti"] = Value::Null)),
        ),
    ] {
        assert_eq!(revoke(app, "okta", &bearer), 401, "{name}");
        assert_eq!(world.who_is_in(), [true; 3], "{name}");
    }
    let good = token(&key, typ, &proof(&endpoint, issuer, |_| {}));
    // A connection of another kind trusts no such key.
    assert_eq!(revoke(app, "entra", &good), 401);
    assert_eq!(revoke(app, "okta", &good), 204);
    assert_eq!(world.who_is_in(), [false, false, true]);
    world.enter(&world.bob, BOB, "_again");
    assert_eq!(revoke(app, "okta", &good), 401, "once");
    assert!(world.bob.me().is_some());
}
