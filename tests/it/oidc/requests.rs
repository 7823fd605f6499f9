//! What we send: the authorization request, the token request, the request to sign out; and what comes back to them.

use std::collections::HashMap;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward::model::ClientAuth;
use doorward::oidc::{
    Ask, ClientKey, Code, Credential, KeyKind, OidcProblem, Redeem, TokenRequest, authorization_url,
    check_answer, end_session_url, read_tokens, state, token_request,
};
use serde_json::{Value, json};
use url::Url;

use super::*;

const REDIRECT: &str = "https://door.example/sso/acme/callback";

fn ask(change: impl FnOnce(&mut OidcSettings), force: bool) -> Result<HashMap<String, String>, OidcProblem> {
    let (provider, mut settings) = (provider(), settings());
    change(&mut settings);
    let url = authorization_url(&Ask {
        provider: &provider,
        settings: &settings,
        redirect_uri: REDIRECT,
        state: "state-1",
        nonce: NONCE,
        verifier: VERIFIER,
        login_hint: Some("bob+x@example.com"),
        force,
    })?;
    assert!(!url.contains(VERIFIER));
    let url = Url::parse(&url).expect("an address");
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let map: HashMap<String, String> = pairs.iter().cloned().collect();
    assert_eq!(map.len(), pairs.len(), "a parameter twice");
    Ok(map)
}

#[test]
fn the_request_is_a_code_request_with_pkce_state_and_nonce() {
    let sent = ask(|_| {}, false).expect("a request");
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", REDIRECT),
        ("state", "state-1"),
        ("nonce", NONCE),
        ("scope", "openid profile email"),
        ("code_challenge_method", "S256"),
        // RFC 7636, appendix B.
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
    ] {
        assert_eq!(sent.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert_eq!(sent.len(), 8, "{sent:?}");
}

#[test]
fn settings_and_force_are_sent_as_they_are_meant() {
    let sent = ask(
        |settings| {
            settings.login_hint = true;
            settings.prompt = Some("select_account".to_owned());
            settings.acr_values = Some("urn:a urn:b".to_owned());
            settings.scopes = vec!["email groups".to_owned(), "openid".to_owned(), "email".to_owned()];
        },
        true,
    );
    let sent = sent.expect("a request");
    assert_eq!(sent["login_hint"], "bob+x@example.com");
    assert_eq!(sent["prompt"], "login select_account");
    assert_eq!(sent["max_age"], "0");
    assert_eq!(sent["acr_values"], "urn:a urn:b");
    assert_eq!(sent["scope"], "openid email groups");
    let code = |change: fn(&mut OidcSettings)| ask(change, false).expect_err("no request").code();
    assert_eq!(
        code(|settings| settings.prompt = Some("none".to_owned())),
        "oidc.request"
    );
    assert_eq!(
        code(|settings| settings.scopes = vec!["em\"ail".to_owned()]),
        "oidc.request"
    );
}

#[test]
fn what_cannot_be_sent_safely_is_not_sent() {
    let settings = settings();
    let mut provider = provider();
    let mut code = |verifier: &str, state: &str, nonce: &str, endpoint: &str| {
        provider.authorization_endpoint = endpoint.to_owned();
        let ask = Ask {
            provider: &provider,
            settings: &settings,
            redirect_uri: REDIRECT,
            state,
            nonce,
            verifier,
            login_hint: None,
            force: false,
        };
        authorization_url(&ask).map_or_else(|problem| problem.code(), |_| "ok")
    };
    let endpoint = "https://idp.example/authorize?tenant=1";
    assert_eq!(code(VERIFIER, "s", "n", endpoint), "ok");
    for verifier in [
        "",
        "short",
        &"x".repeat(42),
        &"x".repeat(129),
        &format!("{}ä", "x".repeat(50)),
    ] {
        assert_eq!(code(verifier, "s", "n", endpoint), "oidc.request");
    }
    assert_eq!(code(VERIFIER, "", "n", endpoint), "oidc.request");
    assert_eq!(code(VERIFIER, "s", "", endpoint), "oidc.request");
    assert_eq!(
        code(VERIFIER, "s", "n", "http://idp.example/authorize"),
        "oidc.address"
    );
    assert_eq!(code(VERIFIER, "s", "n", "javascript:alert(1)"), "oidc.address");
}

fn answer(params: &[(&str, &str)], sends_iss: bool) -> Result<Code, OidcProblem> {
    let mut provider = provider();
    provider.sends_iss = sends_iss;
    check_answer(&owned(params), &provider)
}

fn owned(params: &[(&str, &str)]) -> Vec<(String, String)> {
    params
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn an_answer_says_everything_once_and_is_from_the_provider_that_was_asked() {
    let code =
        |params: &[(&str, &str)], sends_iss| answer(params, sends_iss).map_or_else(|p| p.code(), |_| "ok");
    assert_eq!(
        answer(&[("code", "c"), ("state", "s")], false)
            .expect("a code")
            .as_str(),
        "c"
    );
    assert_eq!(code(&[("code", "c"), ("iss", ISSUER)], true), "ok");
    assert_eq!(code(&[("code", "c"), ("iss", ISSUER)], false), "ok");
    for issuer in ["https://other.example", "https://idp.example/", ""] {
        assert_eq!(
            code(&[("code", "c"), ("iss", issuer)], false),
            "oidc.iss_parameter"
        );
        assert_eq!(
            code(&[("code", "c"), ("iss", issuer)], true),
            "oidc.iss_parameter"
        );
        assert_eq!(
            code(&[("error", "access_denied"), ("iss", issuer)], false),
            "oidc.iss_parameter"
        );
    }
    assert_eq!(code(&[("code", "c")], true), "oidc.iss_parameter");
    for name in ["code", "state", "iss", "error", "session_state"] {
        assert_eq!(
            code(&[("code", "c"), ("iss", ISSUER), (name, "x"), (name, "x")], false),
            "oidc.answer",
            "{name}"
        );
    }
    assert_eq!(code(&[("code", &"c".repeat(8_193))], false), "oidc.answer");
    assert_eq!(code(&[("code", &"c".repeat(8_192))], false), "ok");
    let many: Vec<(String, String)> = (0..41).map(|n| (n.to_string(), String::new())).collect();
    assert_eq!(
        check_answer(&many, &provider()).expect_err("too many").code(),
        "oidc.answer"
    );
    assert_eq!(code(&[("state", "s")], false), "oidc.code");
    assert_eq!(code(&[("code", "")], false), "oidc.code");
    assert_eq!(
        code(&[("code", "c"), ("error", "server_error")], false),
        "oidc.denied"
    );
}

#[test]
fn errors_are_told_in_words() {
    for (error, words) in [
        ("access_denied", "assign the person"),
        ("login_required", "remove the prompt"),
        ("consent_required", "agree to this application"),
        ("invalid_scope", "Remove the scopes"),
        ("temporarily_unavailable", "trouble of its own"),
        ("made_up", "own sign-in log"),
    ] {
        let problem = answer(
            &[
                ("error", error),
                ("error_description", "AADSTS50105\n: <b>no</b>"),
            ],
            false,
        );
        let problem = problem.expect_err("an error");
        assert!(problem.remedy().contains(words), "{}", problem.remedy());
        assert_eq!(
            problem.received().as_deref(),
            Some(format!("{error} · AADSTS50105: <b>no</b>").as_str())
        );
    }
}

#[test]
fn state_is_found_when_it_is_there_once() {
    assert_eq!(state(&owned(&[("error", "x"), ("state", "s")])), Some("s"));
    assert_eq!(state(&owned(&[("state", "s"), ("state", "s")])), None);
    assert_eq!(state(&owned(&[("state", "")])), None);
    assert_eq!(state(&owned(&[("code", "c")])), None);
}

fn redeem(
    auth: ClientAuth,
    credential: Credential<'_>,
    client_id: &str,
) -> Result<TokenRequest, OidcProblem> {
    let mut provider = provider();
    provider.client_id = client_id.to_owned();
    let code = answer(&[("code", "c0de")], false).expect("a code");
    token_request(
        &code,
        &Redeem {
            provider: &provider,
            auth,
            credential,
            verifier: VERIFIER,
            redirect_uri: REDIRECT,
            now: at(NOW),
            jti: "jti-1",
        },
    )
}

#[test]
fn a_client_proves_itself_in_the_one_way_that_was_chosen() {
    let field = |request: &TokenRequest, name: &str| super::op::get(&request.form, name).map(str::to_owned);
    let secret = Credential::Secret("s:e/c r%t+ä");
    let public = redeem(ClientAuth::None, Credential::None, CLIENT).expect("a request");
    assert_eq!(public.url, "https://idp.example/token");
    for (name, value) in [
        ("grant_type", "authorization_code"),
        ("code", "c0de"),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
        ("client_id", CLIENT),
    ] {
        assert_eq!(field(&public, name).as_deref(), Some(value), "{name}");
    }
    assert_eq!((public.form.len(), &public.basic), (5, &None));

    let basic = redeem(ClientAuth::ClientSecretBasic, secret, "client:1").expect("a request");
    // RFC 6749 §2.3.1: form-encoded before Base64, so that a colon stays one.
    let pair = ("client%3A1".to_owned(), "s%3Ae%2Fc+r%25t%2B%C3%A4".to_owned());
    assert_eq!(basic.basic, Some(pair));
    assert_eq!(
        field(&basic, "client_id").or(field(&basic, "client_secret")),
        None
    );

    let post = redeem(ClientAuth::ClientSecretPost, secret, CLIENT).expect("a request");
    assert_eq!(field(&post, "client_secret").as_deref(), Some("s:e/c r%t+ä"));
    assert_eq!(
        (field(&post, "client_id").as_deref(), post.basic.is_none()),
        (Some(CLIENT), true)
    );
    assert!(!format!("{post:?}").contains("c r%t") && !format!("{post:?}").contains("c0de"));

    let key = ClientKey::generate(KeyKind::Es256).expect("a key");
    for (auth, credential) in [
        (ClientAuth::ClientSecretBasic, Credential::None),
        (ClientAuth::ClientSecretPost, Credential::Key(&key)),
        (ClientAuth::ClientSecretBasic, Credential::Secret("")),
        (ClientAuth::ClientSecretPost, Credential::Secret("")),
        (ClientAuth::PrivateKeyJwt, secret),
        (ClientAuth::PrivateKeyJwt, Credential::None),
    ] {
        assert_eq!(
            redeem(auth, credential, CLIENT)
                .expect_err("no credential")
                .code(),
            "oidc.credential"
        );
    }
}

#[test]
fn an_assertion_is_signed_by_the_published_key_and_short_lived() {
    for kind in [KeyKind::Rs256, KeyKind::Es256] {
        let key = ClientKey::generate(kind).expect("a key");
        let again = ClientKey::from_pkcs8(key.to_pkcs8()).expect("the key");
        assert_eq!((again.kid(), again.kind()), (key.kid(), kind));
        let request = redeem(ClientAuth::PrivateKeyJwt, Credential::Key(&again), CLIENT).expect("a request");
        let form = |name: &str| super::op::get(&request.form, name).expect(name);
        assert_eq!(
            form("client_assertion_type"),
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        );
        let (message, signature) = form("client_assertion").rsplit_once('.').expect("three parts");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        let set = ClientKey::jwks([&key]);
        let jwk = &set["keys"][0];
        let bytes = |name: &str| {
            URL_SAFE_NO_PAD
                .decode(jwk[name].as_str().expect(name))
                .expect("base64url")
        };
        match kind {
            KeyKind::Rs256 => RsaPublicKeyComponents {
                n: bytes("n"),
                e: bytes("e"),
            }
            .verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &signature),
            KeyKind::Es256 => UnparsedPublicKey::new(
                &ECDSA_P256_SHA256_FIXED,
                [vec![4], bytes("x"), bytes("y")].concat(),
            )
            .verify(message.as_bytes(), &signature),
        }
        .expect("a genuine signature");
        let part = |at: usize| -> Value {
            let bytes = URL_SAFE_NO_PAD
                .decode(message.split('.').nth(at).expect("a part"))
                .expect("base64url");
            serde_json::from_slice(&bytes).expect("json")
        };
        assert_eq!(
            part(0),
            json!({ "alg": jwk["alg"], "kid": key.kid(), "typ": "JWT" })
        );
        assert_eq!(
            part(1),
            json!({
                "iss": CLIENT, "sub": CLIENT, "aud": "https://idp.example/token", "jti": "jti-1",
                "iat": NOW, "nbf": NOW - 60, "exp": NOW + 120,
            })
        );
        assert!(jwk.get("d").is_none() && jwk["kid"] == key.kid());
    }
    assert!(ClientKey::from_pkcs8(b"nonsense").is_err());
}

#[test]
fn the_id_of_a_key_is_its_thumbprint() {
    // The members of RFC 7638 §3.1, of our own key.
    let key = ClientKey::generate(KeyKind::Rs256).expect("a key");
    let (e, n) = (&key.jwk()["e"], &key.jwk()["n"]);
    let text = format!(r#"{{"e":{e},"kty":"RSA","n":{n}}}"#);
    use sha2::Digest;
    assert_eq!(key.kid(), URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(text)));
}

#[test]
fn the_token_endpoints_answer_is_read_errors_included() {
    let good =
        json!({ "access_token": "a", "token_type": "bearer", "id_token": "x.y.z", "refresh_token": "r" });
    let read = |status: u16, body: &Value| read_tokens(status, body.to_string().as_bytes());
    let tokens = read(200, &good).expect("tokens");
    assert_eq!(
        (tokens.access_token.as_str(), tokens.id_token.as_str()),
        ("a", "x.y.z")
    );
    assert!(!format!("{tokens:?}").contains("x.y.z"));
    let changed = |name: &str, value: Value| {
        let mut answer = good.clone();
        answer[name] = value;
        read(200, &answer).expect_err(name).code()
    };
    for (name, value) in [
        ("token_type", json!("mac")),
        ("token_type", Value::Null),
        ("access_token", json!("")),
        ("access_token", json!(1)),
        ("access_token", json!("a\r\nb")),
        ("access_token", json!("x".repeat(70_000))),
        ("id_token", Value::Null),
        ("id_token", json!(1)),
    ] {
        assert_eq!(
            changed(name, value.clone()),
            "oidc.token_answer",
            "{name} {value}"
        );
    }
    assert_eq!(changed("error", json!("invalid_grant")), "oidc.token_refused");
    for (status, body, words) in [
        (400, r#"{"error":"invalid_grant"}"#, "a code works once"),
        (401, "", "client secret"),
        (401, r#"{"error":"invalid_client"}"#, "client secret"),
        (503, "<html>", "trouble of its own"),
        (400, r#"{"error":"unauthorized_client"}"#, "code flow"),
        (418, "tea", "own log"),
    ] {
        let problem = read_tokens(status, body.as_bytes()).expect_err(body);
        assert_eq!(problem.code(), "oidc.token_refused");
        assert!(problem.remedy().contains(words), "{}", problem.remedy());
        assert!(
            problem
                .received()
                .expect("a status")
                .contains(&status.to_string())
        );
    }
    // Tokens beside another status than 200 are none.
    assert_eq!(
        read(500, &good).expect_err("a status").code(),
        "oidc.token_refused"
    );
    for body in [
        "",
        "[]",
        "<html>",
        r#"{"access_token":"a","access_token":"b","token_type":"bearer","id_token":"x"}"#,
    ] {
        assert_eq!(
            read_tokens(200, body.as_bytes()).expect_err(body).code(),
            "oidc.token_answer"
        );
    }
}

#[test]
fn signing_out_there_takes_the_hint_and_comes_back() {
    let mut provider = provider();
    provider.end_session_endpoint = Some("https://idp.example/end?p=1".to_owned());
    let url = end_session_url(
        &provider,
        Some("x.y.z"),
        Some("https://door.example/login"),
        Some("s"),
    )
    .expect("fine");
    assert_eq!(
        url.as_deref(),
        Some(
            "https://idp.example/end?p=1&id_token_hint=x.y.z&client_id=client-1&post_logout_redirect_uri=https%3A%2F%2Fdoor.example%2Flogin&state=s"
        )
    );
    let bare = end_session_url(&provider, None, None, Some("s")).expect("fine");
    assert_eq!(
        bare.as_deref(),
        Some("https://idp.example/end?p=1&client_id=client-1")
    );
    provider.end_session_endpoint = None;
    assert_eq!(end_session_url(&provider, None, None, None), Ok(None));
    provider.end_session_endpoint = Some("http://idp.example/end".to_owned());
    assert!(end_session_url(&provider, None, None, None).is_err());
}
