//! A foreign OpenID Provider (oidc-provider) against the real server: discovery, code, PKCE, keys, all over HTTP.

use doorward::outbound::AllowedUpstream;
use serde_json::{Value, json};

use crate::app::{Page, TestApp, Visitor};
use crate::peers::Peer;

const MARY: &str = "mary@example.com";
const SECRET: &str = "a client's secret of forty-one characters";

/// Connects the provider's one application; `more` are lines of `[connection.oidc]`.
fn connected(client: Value, more: &str) -> Option<(TestApp, Peer)> {
    let (mut peer, issuer) = Peer::serve_openid()?;
    let app = TestApp::start_with(|config| config.allow_upstream.push(AllowedUpstream::host("localhost")));
    app.catch_up();
    app.add(MARY, "member");
    let mut client = client;
    client["redirect_uris"] = json!([format!("{}/sso/okta/callback", app.base)]);
    let is_by_key = client["token_endpoint_auth_method"] == "private_key_jwt";
    if is_by_key {
        // It is told our keys below: it fetches nothing from loopback addresses.
        client["token_endpoint_auth_method"] = "none".into();
    }
    peer.call(&json!({ "cmd": "client", "client": client }));
    app.apply(&format!(
        "[[connection]]\nslug = \"okta\"\nname = \"Okta\"\n[connection.oidc]\nissuer = {issuer:?}\nclient_id = \"0oa1b2c3d4\"\n{more}\n"
    ));
    if is_by_key {
        client["token_endpoint_auth_method"] = "private_key_jwt".into();
        client["jwks"] = app.visitor().get("/sso/okta/jwks").json();
        peer.call(&json!({ "cmd": "client", "client": client }));
    }
    Some((app, peer))
}

/// As a browser: through the provider's pages, as the first of its people, up to our own pages.
fn sign_in(app: &TestApp, visitor: &Visitor) -> Page {
    let mut page = visitor.get("/sso/okta");
    let mut origin = String::new();
    for _ in 0..10 {
        let Some(next) = page.location.clone() else {
            assert_eq!(page.status, 200, "{}", page.text());
            let form = page
                .attributes("form", "action")
                .pop()
                .expect("the provider's form");
            page = visitor.post(&format!("{origin}{form}"), &[("person", "0")]);
            continue;
        };
        let whole = if next.starts_with('/') {
            format!("{origin}{next}")
        } else {
            next
        };
        let url: url::Url = whole.parse().expect("an address");
        origin = url.origin().ascii_serialization();
        page = visitor.get(&whole);
        if origin == app.base {
            return page;
        }
    }
    panic!("the provider goes round in circles: {}", page.text());
}

fn lets_mary_in(client: Value, more: &str) {
    let Some((app, _peer)) = connected(client, more) else {
        return;
    };
    let mary = app.visitor();
    let page = sign_in(&app, &mary);
    assert_eq!(page.location.as_deref(), Some("/"), "{}", page.text());
    assert_eq!(mary.email().as_deref(), Some(MARY));
    // The provider's session answers by itself now, and the link is by subject.
    mary.post("/logout", &[]);
    assert_eq!(sign_in(&app, &mary).location.as_deref(), Some("/"));
}

#[test]
fn a_native_application_with_issuer_and_client_id_alone() {
    let client = json!({ "application_type": "native", "token_endpoint_auth_method": "none" });
    lets_mary_in(client, "");
}

#[test]
fn with_a_client_secret_in_the_header() {
    let client = json!({ "client_secret": SECRET, "token_endpoint_auth_method": "client_secret_basic" });
    lets_mary_in(client, &format!("client_secret = {SECRET:?}"));
}

#[test]
fn with_a_client_secret_in_the_form() {
    let client = json!({ "client_secret": SECRET, "token_endpoint_auth_method": "client_secret_post" });
    let more = format!("client_secret = {SECRET:?}\nclient_auth = \"client_secret_post\"");
    lets_mary_in(client, &more);
}

#[test]
fn with_a_key_of_our_own() {
    lets_mary_in(
        json!({ "token_endpoint_auth_method": "private_key_jwt" }),
        "client_auth = \"private_key_jwt\"",
    );
}

#[test]
fn a_wrong_secret_is_told_as_what_it_is() {
    let client = json!({ "client_secret": SECRET, "token_endpoint_auth_method": "client_secret_basic" });
    let Some((app, _peer)) = connected(client, "client_secret = \"another\"") else {
        return;
    };
    assert_eq!(sign_in(&app, &app.visitor()).status, 403);
    assert_eq!(
        app.count("SELECT count(*) FROM sign_ins WHERE problem = 'oidc.token_refused'"),
        1
    );
}
