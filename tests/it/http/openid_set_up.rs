//! Telling a connection who its OpenID Provider is: by form and by file, with and without a secret.

use std::collections::BTreeMap;

use serde_json::json;

use crate::app::{BOB, TestApp, openid_toml};
use crate::idp::NOW;
use crate::oidc::misdeeds::{Misdeed, Stage};
use crate::oidc::op::{Client, TestOp};

const SECRET: &str = "s3cret&of=the client%";

fn op() -> TestOp {
    let op = TestOp::start();
    op.set_now(NOW.0 / 1000);
    op
}

#[test]
fn an_admin_gives_issuer_and_client_id_on_a_form() {
    let (app, op) = (TestApp::start(), op());
    app.add(BOB, "member");
    let alice = app.alice();
    let new = [("name", "Okta"), ("slug", "okta"), ("provider", "okta")];
    assert_eq!(
        alice.post("/admin/integrations/new?provider=okta", &new).status,
        303
    );
    let draft = alice.get("/admin/integrations/okta?with=openid");
    assert!(draft.text().contains(&format!("{}/sso/okta/callback", app.base)));
    let labels = draft.all(".copy-label");
    assert!(labels.iter().any(|l| l == "Sign-in redirect URIs"), "{labels:?}");
    let place = "/admin/integrations/okta/identity-provider?by=openid";
    let give = |client_id: &str| {
        let fields = [
            ("issuer", op.issuer.as_str()),
            ("client_id", client_id),
            ("client_auth", "none"),
        ];
        alice.post(place, &fields)
    };
    assert_eq!(give("").status, 422);
    assert_eq!(give("door").to(), "/admin/integrations/okta");
    let page = alice.get("/admin/integrations/okta");
    assert!(page.text().contains(&op.issuer) && page.text().contains("/keys"));
    assert_eq!(alice.post("/admin/integrations/okta/activation", &[]).status, 303);
    assert_eq!(app.visitor().sign_in_openid("okta", &op).to(), "/");
    // One language only.
    let saml = alice.get("/admin/integrations/okta/identity-provider?by=paste");
    assert!(!saml.text().contains("Pasted XML"));
    let refused = app.try_apply(
        "[[connection]]\nslug = \"okta\"\n[connection.saml]\nmetadata_file = \"idp.xml\"\n",
        BTreeMap::from([(
            "idp.xml".to_owned(),
            crate::idp::TestIdp::new("x").metadata("https://idp.x.example"),
        )]),
    );
    assert!(refused.expect_err("both").message.contains("one language only"));
}

#[test]
fn whatever_is_wrong_with_the_provider_is_told_on_the_form() {
    let (app, op) = (TestApp::start(), op());
    app.apply("[[connection]]\nslug = \"okta\"\n");
    let alice = app.alice();
    let give = |issuer: &str| {
        let place = "/admin/integrations/okta/identity-provider?by=openid";
        alice.post(
            place,
            &[("issuer", issuer), ("client_id", "door"), ("client_auth", "none")],
        )
    };
    let stages = [Stage::Discovery, Stage::Keys];
    for misdeed in Misdeed::ALL
        .iter()
        .copied()
        .filter(|m| stages.contains(&m.stage()))
    {
        op.misbehave(misdeed);
        let page = give(&op.issuer);
        assert_eq!(page.status, 422, "{misdeed:?}");
        assert_eq!(
            page.attributes("[aria-invalid=true]", "name"),
            ["issuer"],
            "{misdeed:?}"
        );
        assert_eq!(
            page.attributes("[name=client_id]", "value"),
            ["door"],
            "what was typed stays"
        );
    }
    op.set_down(true);
    assert_eq!(give(&op.issuer).status, 422);
    for issuer in [
        "http://169.254.169.254",
        "https://192.168.1.1",
        "ftp://x",
        "javascript:alert(1)",
        "not an address",
    ] {
        assert_eq!(give(issuer).status, 422, "{issuer}");
    }
    assert_eq!(
        app.count("SELECT count(*) FROM connections WHERE oidc LIKE '%issuer%'"),
        0
    );
    assert_eq!(op.canary.connections(), 0, "somebody was sent inside");
}

#[test]
fn each_way_to_prove_ourselves_works() {
    let app = TestApp::start();
    app.add(BOB, "member");
    app.apply("[[person]]\nemail = \"bob@example.com\"\n");
    for (slug, auth) in [("basic", "client_secret_basic"), ("post", "client_secret_post")] {
        let op = op();
        op.set_client(Client::Secret(SECRET.into()));
        let more = format!("client_secret = {SECRET:?}\nclient_auth = {auth:?}\n");
        app.apply(&openid_toml(slug, &op, &more));
        app.apply(&format!(
            "[[connection]]\nslug = {slug:?}\ndomains = [\"example.com\"]\n"
        ));
        assert_eq!(app.visitor().sign_in_openid(slug, &op).to(), "/", "{auth}");
        let sent = op
            .requests()
            .into_iter()
            .find(|r| r.line.contains("/token"))
            .expect("a call");
        assert_eq!(sent.authorization.is_some(), auth == "client_secret_basic");
        op.set_client(Client::Secret("another".into()));
        assert_eq!(app.visitor().sign_in_openid(slug, &op).status, 403);
    }
    let op = op();
    op.set_client(Client::Assertion);
    app.apply(&openid_toml("key", &op, "client_auth = \"private_key_jwt\"\n"));
    app.apply("[[connection]]\nslug = \"key\"\ndomains = [\"example.com\"]\n");
    assert_eq!(app.visitor().sign_in_openid("key", &op).to(), "/");
    let keys = app.visitor().get("/sso/key/jwks").json();
    let key = &keys["keys"][0];
    assert_eq!((&key["kty"], &key["use"]), (&json!("RSA"), &json!("sig")));
    assert!(key["d"].is_null() && key["p"].is_null(), "only the public half");
    assert_eq!(app.visitor().get("/sso/basic/jwks").json(), json!({ "keys": [] }));
    assert_eq!(app.visitor().get("/sso/nobody/jwks").status, 404);
}

#[test]
fn a_secret_is_sealed_told_nobody_and_kept_for_its_provider_only() {
    let (app, op) = (TestApp::start(), op());
    op.set_client(Client::Secret(SECRET.into()));
    let files = BTreeMap::from([("secret.txt".to_owned(), format!("{SECRET}\n"))]);
    let toml = openid_toml("okta", &op, "client_secret_file = \"secret.txt\"\n");
    let lines = app.try_apply(&toml, files.clone()).expect("it is applied");
    assert!(lines.iter().all(|line| !line.contains(SECRET)), "{lines:?}");
    assert!(
        lines.iter().any(|line| line.contains("oidc.secret_set_at")),
        "{lines:?}"
    );
    assert_eq!(
        app.try_apply(&toml, files).expect("again"),
        Vec::<String>::new(),
        "applied before"
    );
    let alice = app.alice();
    let place = "/admin/integrations/okta/identity-provider?by=openid";
    let page = alice.get(place);
    assert!(!page.text().contains("s3cret"));
    let give = |issuer: &str, client_id: &str, secret: &str| {
        let fields = [
            ("issuer", issuer),
            ("client_id", client_id),
            ("client_auth", "client_secret_basic"),
            ("client_secret", secret),
        ];
        alice.post(place, &fields)
    };
    assert_eq!(give(&op.issuer, "door", "").status, 303, "left empty, it stays");
    let other = TestOp::start();
    assert_eq!(
        give(&other.issuer, "door", "").status,
        422,
        "never told to another provider"
    );
    assert_eq!(
        give(&op.issuer, "other", "").status,
        422,
        "nor as another client's"
    );
    let public = [
        ("issuer", op.issuer.as_str()),
        ("client_id", "door"),
        ("client_auth", "none"),
        ("client_secret", "x"),
    ];
    let page = alice.post(place, &public);
    assert_eq!(page.attributes("[aria-invalid=true]", "name"), ["client_secret"]);
    assert_eq!(app.count("SELECT count(*) FROM connection_secrets"), 1);
    let found =
        app.count("SELECT count(*) FROM events WHERE instr(before, 's3cret') OR instr(after, 's3cret')");
    assert_eq!(found, 0);
    let folder = app.stop();
    for file in std::fs::read_dir(folder.path().join("data"))
        .expect("a folder")
        .flatten()
    {
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        let there = bytes.windows(6).any(|part| part == b"s3cret");
        assert!(!there, "{:?} holds the secret", file.path());
    }
}

#[test]
fn the_settings_are_checked_and_sent() {
    let (app, op) = (TestApp::start(), op());
    app.apply(&openid_toml("okta", &op, ""));
    let asked = || app.visitor().get("/sso/okta").to().to_owned();
    assert!(
        asked().contains("scope=openid+profile+email+groups"),
        "{}",
        asked()
    );
    let alice = app.alice();
    let save = |fields: &[(&str, &str)]| {
        let version = alice
            .get("/admin/integrations/okta/settings")
            .attributes("[name=version]", "value");
        let mut all = vec![
            ("name", "okta"),
            ("provider", "generic"),
            ("version", version[0].as_str()),
        ];
        all.extend(fields);
        alice.post("/admin/integrations/okta/settings", &all)
    };
    assert_eq!(save(&[("prompt", "none")]).status, 422);
    assert_eq!(save(&[("scopes", "a\"b")]).status, 422);
    let good = [
        ("prompt", "select_account"),
        ("scopes", "email openid email"),
        ("acr_values", "phr"),
    ];
    assert_eq!(save(&good).status, 303);
    let url = asked();
    for part in [
        "scope=openid+email&",
        "prompt=select_account",
        "acr_values=phr",
        "code_challenge_method=S256",
    ] {
        assert!(format!("{url}&").contains(part), "{part} in {url}");
    }
    assert_eq!(app.apply(&openid_toml("okta", &op, "")), Vec::<String>::new());
}
