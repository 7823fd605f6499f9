//! The discovery document: whose it is, where it points, what it offers.

use doorward::oidc::{ALGORITHMS, OidcProblem, discovery_url, read_discovery, tidy_issuer};
use serde_json::{Value, json};

use super::ISSUER;

fn document() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://idp.example/authorize",
        "token_endpoint": "https://idp.example/token",
        "jwks_uri": "https://idp.example/keys",
        "response_types_supported": ["code", "id_token"],
        "id_token_signing_alg_values_supported": ["HS256", "none", "ES256", "RS256"],
    })
}

fn read(document: &Value, issuer: &str) -> Result<doorward::oidc::Discovered, OidcProblem> {
    read_discovery(document.to_string().as_bytes(), issuer)
}

/// The code of the rule that refuses the document with this changed.
fn refused(name: &str, value: Value) -> &'static str {
    let mut document = document();
    document[name] = value;
    read(&document, ISSUER).expect_err(name).code()
}

#[test]
fn the_least_that_a_provider_can_say_is_read() {
    let found = read(&document(), ISSUER).expect("a document");
    assert_eq!(found.signing_algorithms, ["RS256", "ES256"]);
    assert_eq!(found.client_auth_methods, ["client_secret_basic"]);
    assert_eq!((found.userinfo_endpoint.as_ref(), found.sends_iss), (None, false));
    let mut bare = document();
    bare.as_object_mut()
        .expect("members")
        .remove("id_token_signing_alg_values_supported");
    assert_eq!(
        read(&bare, ISSUER).expect("a document").signing_algorithms,
        ["RS256"]
    );
    let provider = found.provider("client-1");
    assert_eq!(
        (provider.issuer.as_str(), provider.client_id.as_str()),
        (ISSUER, "client-1")
    );
    assert!(
        ALGORITHMS
            .iter()
            .all(|name| !name.starts_with("HS") && *name != "none")
    );
}

#[test]
fn another_issuer_is_told_with_whose_move_it_is() {
    for (said, asked, words) in [
        (
            "https://idp.example/",
            "https://idp.example",
            "with a slash at its end: https://idp.example/.",
        ),
        (
            "https://idp.example",
            "https://idp.example/",
            "without a slash at its end: https://idp.example.",
        ),
        (
            "https://other.example",
            "https://idp.example",
            "if you trust https://other.example",
        ),
        (
            "https://login.microsoftonline.com/{tenantid}/v2.0",
            "https://login.microsoftonline.com/common/v2.0",
            "the issuer of your own tenant",
        ),
    ] {
        let mut document = document();
        document["issuer"] = said.into();
        let problem = read(&document, asked).expect_err(said);
        assert_eq!(problem.code(), "oidc.discovery_issuer");
        assert_eq!(problem.expected().as_deref(), Some(asked));
        assert_eq!(problem.received().as_deref(), Some(said));
        assert!(problem.remedy().contains(words), "{}", problem.remedy());
    }
    for issuer in [
        "https://IDP.example",
        "https://idp.example:443",
        "https://idp.example/x",
    ] {
        assert_eq!(
            refused("issuer", issuer.into()),
            "oidc.discovery_issuer",
            "{issuer}"
        );
    }
    assert_eq!(refused("issuer", Value::Null), "oidc.discovery_issuer");
    assert_eq!(refused("issuer", json!([ISSUER])), "oidc.document");
}

#[test]
fn endpoints_are_https_without_names_and_fragments() {
    let names = [
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "userinfo_endpoint",
        "end_session_endpoint",
    ];
    for name in names {
        for address in [
            "http://idp.example/x",
            "http://127.0.0.1/x",
            "http://localhost/x",
            "ftp://idp.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "//idp.example/x",
            "/x",
            "",
            "https://u@idp.example/x",
            "https://u:p@idp.example/x",
            "https://idp.example/x#f",
            "https://idp.example/x#",
            "https://idp.example/ x",
            "https://idp.example/\nx",
            "https:\\\\idp.example\\x",
            " https://idp.example/x",
            "https://",
            "https://[::1",
        ] {
            assert_eq!(
                refused(name, address.into()),
                "oidc.address",
                "{name} {address:?}"
            );
        }
        assert_eq!(
            refused(name, format!("https://idp.example/{}", "x".repeat(2_048)).into()),
            "oidc.address"
        );
        assert_eq!(refused(name, json!(["https://idp.example/"])), "oidc.document");
    }
    for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
        assert_eq!(refused(name, Value::Null), "oidc.document", "{name}");
    }
    // On this very machine http is fine, for the issuer and what it names.
    for host in ["127.0.0.1:4000", "localhost:4000", "[::1]:4000"] {
        let text = document()
            .to_string()
            .replace("https://idp.example", &format!("http://{host}"));
        let issuer = format!("http://{host}");
        assert!(read_discovery(text.as_bytes(), &issuer).is_ok(), "{host}");
    }
}

#[test]
fn the_code_flow_pkce_and_a_signature_of_ours_are_demanded() {
    assert_eq!(
        refused("response_types_supported", json!(["id_token", "code id_token"])),
        "oidc.offer"
    );
    assert_eq!(
        refused("grant_types_supported", json!(["implicit"])),
        "oidc.offer"
    );
    assert_eq!(
        refused("code_challenge_methods_supported", json!(["plain"])),
        "oidc.offer"
    );
    for list in [json!(["HS256", "none"]), json!([]), json!(["RS1", "ES512"])] {
        assert_eq!(
            refused("id_token_signing_alg_values_supported", list),
            "oidc.offer"
        );
    }
    assert_eq!(
        refused("id_token_signing_alg_values_supported", json!("RS256")),
        "oidc.document"
    );
    assert_eq!(
        refused("authorization_response_iss_parameter_supported", json!("true")),
        "oidc.document"
    );
}

#[test]
fn a_document_is_one_object_that_says_everything_once() {
    for text in [
        "",
        "null",
        "[]",
        "<html>",
        "{",
        "{} {}",
        &document()
            .to_string()
            .replacen('{', "{\"issuer\":\"https://other.example\",", 1),
        &format!("{{\"x\":\"{}\"}}", "x".repeat(300_000)),
    ] {
        let problem = read_discovery(text.as_bytes(), ISSUER).expect_err("no document");
        assert_eq!(problem.code(), "oidc.document");
        assert!(problem.to_string().len() < 1_500);
    }
}

#[test]
fn the_address_of_the_document_follows_from_the_issuer() {
    for (issuer, url) in [
        (
            "https://idp.example",
            "https://idp.example/.well-known/openid-configuration",
        ),
        (
            "https://idp.example/",
            "https://idp.example/.well-known/openid-configuration",
        ),
        (
            "https://idp.example/t/1",
            "https://idp.example/t/1/.well-known/openid-configuration",
        ),
        (
            "https://idp.example/t/1/",
            "https://idp.example/t/1/.well-known/openid-configuration",
        ),
    ] {
        assert_eq!(discovery_url(issuer).as_deref(), Ok(url));
        assert_eq!(tidy_issuer(&format!(" {}\n", url)), issuer.trim_end_matches('/'));
    }
    for issuer in [
        "http://idp.example",
        "https://idp.example?x=1",
        "https://idp.example#",
        "idp.example",
        "",
        "https://u:p@idp.example",
        "file:///etc/passwd",
        "https://idp.example/\u{0}",
    ] {
        assert_eq!(
            discovery_url(issuer).expect_err(issuer).code(),
            "oidc.address",
            "{issuer}"
        );
    }
}
