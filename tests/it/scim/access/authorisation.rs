//! Every SCIM address with every kind of credential that is not good for it.

use base64::{Engine, engine::general_purpose::STANDARD};
use doorward::flows::Who;
use doorward::flows::credentials::{self, Made};
use doorward::model::time::{DAY, HOUR};
use doorward::web::routes::{Access, ROUTES};
use doorward::web::server::block_on;
use reqwest::blocking::RequestBuilder;

use super::assert_scim_error;
use crate::app::{ALICE, ScimClient, TestApp};

const ID: &str = "01890000-0000-7000-8000-000000000000";

fn basic(app: &TestApp, slug: &str) -> Made {
    let slug = slug.to_owned();
    let made = app.ctx.act(Who::Command("test"), move |act| {
        credentials::make_basic(act, &slug, "passkey", None)
    });
    block_on(made).expect("a passkey")
}

fn basic_header(user_name: &str, passkey: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user_name}:{passkey}")))
}

/// Method and what stands behind the base URL, for every row and every resource.
fn addresses() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for route in ROUTES.iter().filter(|route| route.access == Access::Scim) {
        let method = route.method.to_string();
        if !route.path.ends_with("{tail:.*}") {
            all.push((method, String::new()));
            continue;
        }
        for tail in [
            "/Users",
            "/Groups",
            "/Me",
            "/Bulk",
            "/.search",
            "/Users/.search",
            "/ServiceProviderConfig",
            "/Schemas",
            "/ResourceTypes",
            "/nowhere",
            "/",
            "//Users",
        ] {
            all.push((method.clone(), tail.to_owned()));
        }
        for kind in ["Users", "Groups"] {
            all.push((method.clone(), format!("/{kind}/{ID}")));
        }
    }
    assert!(all.len() > 60, "{} addresses", all.len());
    all
}

#[test]
fn nothing_but_a_good_credential_of_this_connection_gets_in() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let other = app.scim("other");
    let revoked = app.bearer("okta", None);
    app.revoke("okta", &revoked);
    let expired = app.bearer("okta", Some(HOUR));
    app.forward(HOUR);
    let passkey = basic(&app, "okta");
    let user_name = passkey.user_name.clone().expect("a user name");
    assert_eq!(user_name, "okta");
    let alice = app.alice();
    let cookie = format!("doorward={}", alice.cookie("doorward").expect("a session"));
    let bearer = |secret: &str| Some(format!("Bearer {secret}"));
    let headers: Vec<(&str, Option<String>)> = vec![
        ("no header", None),
        ("an empty header", Some(String::new())),
        ("an empty bearer", Some("Bearer ".into())),
        ("the word alone", Some("Bearer".into())),
        ("nonsense", bearer("dws_nonsense")),
        ("another connection's token", bearer(&other.token)),
        ("a revoked token", bearer(&revoked.secret)),
        ("an expired token", bearer(&expired.secret)),
        ("another scheme", Some(format!("Digest {}", okta.token))),
        ("a passkey as a token", bearer(&passkey.secret)),
        ("a token as a passkey", Some(basic_header("okta", &okta.token))),
        ("a wrong user name", Some(basic_header("okta-2", &passkey.secret))),
        ("a wrong passkey", Some(basic_header("okta", "nonsense"))),
        ("no passkey", Some(basic_header("okta", ""))),
        (
            "the passkey of an owner",
            Some(basic_header(ALICE, crate::app::PASSPHRASE)),
        ),
        ("an overlong token", bearer(&"x".repeat(5_000))),
        (
            "the token with something behind it",
            bearer(&format!("{}x", okta.token)),
        ),
    ];
    for (method, path) in addresses() {
        for (what, header) in &headers {
            let place = format!("{method} {path} with {what}");
            let mut request = okta
                .client
                .request(method.parse().expect("a method"), format!("{}{path}", okta.base));
            if let Some(header) = header {
                request = request.header("Authorization", header);
            }
            // A session of an owner opens nothing here.
            let page = okta.send(request.header("Cookie", &cookie));
            assert_scim_error(&page, 401, &place);
        }
        let twice = okta.request(&method, &path).header("Authorization", "Bearer x");
        assert_scim_error(
            &okta.send(twice),
            401,
            &format!("{method} {path} with two headers"),
        );
        let unknown = ScimClient::new(&app.base, "unknown", &okta.token);
        let page = unknown.send(unknown.request(&method, &path));
        assert_scim_error(&page, 401, &format!("{method} {path} of an unknown connection"));
    }
    let refusal = |request: RequestBuilder| okta.send(request).text();
    let of_unknown = ScimClient::new(&app.base, "unknown", &okta.token);
    assert_eq!(
        refusal(of_unknown.request("GET", "/Users")),
        refusal(okta.client.get(format!("{}/Users", okta.base))),
        "an unknown connection looks like a wrong token"
    );
    // And what is good gets in, written in every way.
    for header in [
        format!("Bearer {}", okta.token),
        format!("bearer {}", okta.token),
        okta.token.clone(),
        basic_header("okta", &passkey.secret),
    ] {
        let request = okta.client.get(format!("{}/Users?count=0", okta.base));
        let page = okta.send(request.header("Authorization", &header));
        assert_eq!(page.status, 200, "{header}: {}", page.text());
    }
}

#[test]
fn a_good_credential_is_told_who_must_turn_what_on() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let off = |toml: &str| app.apply(&format!("[[connection]]\nslug = \"okta\"\n{toml}\n"));
    for (toml, words) in [
        (
            "enabled = false",
            ["\"okta\" is turned off", "integration's page"],
        ),
        (
            "[connection.scim]\nenabled = false",
            ["Provisioning", "under Provisioning"],
        ),
    ] {
        // The file turns the connection on first, then provisioning off.
        off("[connection.scim]\nenabled = true\nsync = \"automatic\"");
        off("enabled = true");
        off(toml);
        for (method, path) in addresses() {
            let place = format!("{method} {path} while {toml}");
            let page = okta.send(okta.request(&method, &path));
            assert_scim_error(&page, 403, &place);
            let detail = page.json()["detail"].as_str().expect("a detail").to_owned();
            for word in words.iter().chain(&["An admin of Doorward"]) {
                assert!(detail.contains(word), "{place}: {word:?} is not in {detail:?}");
            }
        }
        let stranger = ScimClient::new(&app.base, "okta", "nonsense");
        assert_scim_error(&stranger.get("/Users"), 401, "a stranger learns nothing");
    }
    off("[connection.scim]\nenabled = true\nsync = \"automatic\"");
    assert_eq!(okta.get("/Users?count=0").status, 200);
}

#[test]
fn a_credential_that_ends_while_a_write_waits_writes_nothing() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let caller = || {
        let header = format!("Bearer {}", okta.token);
        let visitor = doorward::flows::Visitor::default();
        block_on(credentials::admit(&app.ctx, "okta", Some(&header), &visitor)).expect("a caller")
    };
    let good = |caller: doorward::flows::provision::Caller| {
        let now = app.ctx.now();
        app.ctx
            .store
            .read(move |r| credentials::still_good(r, &caller, now).map(drop))
    };
    let admitted = caller();
    assert!(good(admitted.clone()).is_ok());
    app.apply("[[connection]]\nslug = \"okta\"\n[connection.scim]\nenabled = false\n");
    let error = good(admitted.clone()).expect_err("provisioning is off");
    assert_eq!(doorward::flows::provision::problem_of(&error, "x").status, 403);
    app.apply("[[connection]]\nslug = \"okta\"\n[connection.scim]\nenabled = true\nsync = \"automatic\"\n");
    let made = app.bearer("okta", Some(DAY));
    let header = format!("Bearer {}", made.secret);
    let visitor = doorward::flows::Visitor::default();
    let second = block_on(credentials::admit(&app.ctx, "okta", Some(&header), &visitor)).expect("a caller");
    assert!(good(second.clone()).is_ok());
    app.forward(DAY);
    let error = good(second).expect_err("it has expired");
    assert_eq!(doorward::flows::provision::problem_of(&error, "x").status, 401);
    assert!(good(admitted.clone()).is_ok());
    app.ctx
        .store
        .write_blocking(|w| Ok(w.execute("DELETE FROM scim_credentials", [])?))
        .expect("gone");
    let error = good(admitted).expect_err("it is gone");
    assert_eq!(doorward::flows::provision::problem_of(&error, "x").status, 401);
}
