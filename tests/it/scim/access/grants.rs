//! OAuth: an admin lets a client in, the client turns what it was given into tokens, and nobody else does.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use doorward::flows::Who;
use doorward::flows::oauth::clients::{self, MadeClient, NewClient};
use doorward::model::time::{DAY, HOUR, MINUTE, SECOND};
use doorward::web::server::block_on;
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::Url;

use super::is_on_disk;
use crate::app::{ALICE, BOB, PASSPHRASE, Page, ScimClient, TestApp, Visitor};

const BACK: &str = "https://system-admin.okta.example/admin/app/cpc/x/oauth/callback?y=1";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

struct World {
    app: TestApp,
    client: MadeClient,
    alice: Visitor,
}

fn world(public: bool) -> World {
    let app = TestApp::start();
    app.scim("okta");
    let client = client(&app, public);
    let alice = app.alice();
    World { app, client, alice }
}

fn client(app: &TestApp, public: bool) -> MadeClient {
    let new = NewClient {
        name: "Okta".into(),
        redirect_uris: vec![BACK.into()],
        public,
    };
    let made = app
        .ctx
        .act(Who::Command("test"), move |act| clients::make(act, "okta", &new));
    block_on(made).expect("a client")
}

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

type Pairs<'a> = Vec<(&'a str, String)>;

impl World {
    /// A good request; `change` spoils it.
    fn request(&self, change: impl FnOnce(&mut Pairs)) -> Vec<(String, String)> {
        let mut pairs: Pairs = vec![
            ("response_type", "code".into()),
            ("client_id", self.client.client_id.clone()),
            ("redirect_uri", BACK.into()),
            ("state", "a b&c".into()),
            ("scope", "scim".into()),
            ("code_challenge", challenge()),
            ("code_challenge_method", "S256".into()),
        ];
        change(&mut pairs);
        pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    fn show(&self, visitor: &Visitor, request: &[(String, String)]) -> Page {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(request)
            .finish();
        visitor.get(&format!("/oauth/authorize?{query}"))
    }

    fn decide(&self, request: &[(String, String)], decision: &str) -> Page {
        let mut fields: Vec<(&str, &str)> = request.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        fields.push(("decision", decision));
        self.alice.post("/oauth/authorize", &fields)
    }

    /// alice allows it; the code.
    fn code(&self, change: impl FnOnce(&mut Pairs)) -> String {
        let page = self.decide(&self.request(change), "allow");
        answer(&page, "code").unwrap_or_else(|| panic!("no code in {:?}: {}", page.location, page.text()))
    }

    fn token(&self, fields: &[(&str, &str)]) -> Page {
        let secret = self.client.client_secret.clone().unwrap_or_default();
        let mut fields = fields.to_vec();
        fields.push(("client_id", &self.client.client_id));
        if !secret.is_empty() {
            fields.push(("client_secret", &secret));
        }
        raw_token(&self.app, &fields, None)
    }

    fn exchange(&self, code: &str) -> Page {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ])
    }

    fn refresh(&self, token: &str) -> Page {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    fn status(&self, access: &str) -> u16 {
        ScimClient::new(&self.app.base, "okta", access)
            .get("/Users?count=0")
            .status
    }
}

fn raw_token(app: &TestApp, fields: &[(&str, &str)], header: Option<String>) -> Page {
    let visitor = app.visitor();
    let mut request = visitor.client.post(visitor.url("/oauth/token")).form(fields);
    if let Some(header) = header {
        request = request.header("Authorization", header);
    }
    visitor.send(request)
}

fn answer(page: &Page, name: &str) -> Option<String> {
    let location: Url = page.location.as_deref()?.parse().ok()?;
    location
        .query_pairs()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}

fn text(page: &Page, field: &str) -> String {
    assert_eq!(page.status, 200, "{}", page.text());
    page.json()[field]
        .as_str()
        .unwrap_or_else(|| panic!("no {field}"))
        .to_owned()
}

fn assert_refused(page: &Page, status: u16, error: &str) {
    assert_eq!(
        (page.status, page.json()["error"].as_str()),
        (status, Some(error)),
        "{}",
        page.text()
    );
    assert!(
        page.json()["error_description"]
            .as_str()
            .is_some_and(|words| words.len() > 10)
    );
    assert_eq!(page.header("cache-control"), "no-store");
}

#[test]
fn an_admin_sees_who_asks_and_the_client_provisions() {
    let w = world(false);
    let request = w.request(|_| {});
    let page = w.show(&w.alice, &request);
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(page.heading(), "Let Okta provision?");
    for word in [&w.client.client_id, "okta", "y=1", "system-admin.okta.example"] {
        assert!(page.text().contains(word), "{word} is not shown");
    }
    assert!(
        page.header("content-security-policy")
            .ends_with("form-action 'self' https://system-admin.okta.example")
    );
    assert_eq!(
        w.app.count("SELECT count(*) FROM oauth_codes"),
        0,
        "looking grants nothing"
    );
    let names = page.attributes("form.form input[type=hidden]", "name");
    let values = page.attributes("form.form input[type=hidden]", "value");
    let carried: Vec<(String, String)> = names.into_iter().zip(values).collect();
    assert_eq!(carried, request, "the form carries the request on");
    let page = w.decide(&request, "allow");
    assert!(page.to().starts_with(BACK), "{}", page.to());
    assert_eq!(answer(&page, "state").as_deref(), Some("a b&c"));
    assert_eq!(answer(&page, "iss").as_deref(), Some(w.app.base.as_str()));
    let code = answer(&page, "code").expect("a code");
    let page = w.exchange(&code);
    let (access, refresh) = (text(&page, "access_token"), text(&page, "refresh_token"));
    assert_eq!(text(&page, "token_type"), "Bearer");
    assert_eq!(page.json()["expires_in"], 3600);
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(w.status(&access), 200);
    assert_eq!(w.status(&refresh), 401, "a refresh token opens nothing");
    let secret = w.client.client_secret.clone().expect("a secret");
    for (what, secret) in [
        ("code", &code),
        ("access", &access),
        ("refresh", &refresh),
        ("client", &secret),
    ] {
        assert!(!is_on_disk(&w.app, secret), "the {what} is kept in clear");
    }
    assert_eq!(
        w.app
            .count("SELECT count(*) FROM events WHERE action = 'oauth.granted'"),
        1
    );
    let named = "SELECT count(*) FROM scim_requests WHERE credential_label = 'OAuth client \"Okta\"'";
    assert_eq!(w.app.count(named), 1);
    w.app.forward(HOUR);
    assert_eq!(w.status(&access), 401, "an hour is over");
    let page = w.refresh(&refresh);
    assert_eq!(w.status(&text(&page, "access_token")), 200);
    assert_ne!(text(&page, "refresh_token"), refresh, "it rotates");
    let idle = text(&page, "refresh_token");
    w.app.forward(60 * DAY);
    assert_refused(&w.refresh(&idle), 400, "invalid_grant");
}

#[test]
fn only_a_signed_in_admin_on_our_own_page_allows_anything() {
    let w = world(false);
    w.app.add(BOB, "member");
    w.app.give_passphrase(BOB, PASSPHRASE);
    let request = w.request(|pairs| pairs[3].1 = "s".repeat(900));
    let stranger = w.app.visitor();
    let page = w.show(&stranger, &request);
    let login = page.to().to_owned();
    assert!(login.starts_with("/login?next="), "{login}");
    // Signing in leads back to the very same request.
    let page = stranger.post(&login, &[("email", ALICE), ("passphrase", PASSPHRASE)]);
    let page = stranger.get(page.to());
    assert_eq!(page.heading(), "Let Okta provision?");
    assert!(
        page.attributes("input[name=state]", "value")
            .contains(&"s".repeat(900))
    );
    let bob = w.app.signed_in(BOB, PASSPHRASE);
    assert_eq!(w.show(&bob, &request).status, 403);
    let fields: Vec<(&str, &str)> = request.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let mut fields = fields;
    fields.push(("decision", "allow"));
    assert_eq!(bob.post("/oauth/authorize", &fields).status, 403);
    assert_eq!(w.app.visitor().post("/oauth/authorize", &fields).status, 401);
    assert_eq!(
        w.alice.post_from_elsewhere("/oauth/authorize", &fields).status,
        403
    );
    assert_eq!(w.app.count("SELECT count(*) FROM oauth_codes"), 0);
    // Anything but Allow is no.
    for decision in ["deny", "", "ALLOW"] {
        let page = w.decide(&request, decision);
        assert_eq!(answer(&page, "error").as_deref(), Some("access_denied"));
        assert_eq!(answer(&page, "code"), None);
        assert_eq!(answer(&page, "iss").as_deref(), Some(w.app.base.as_str()));
    }
    assert_eq!(w.app.count("SELECT count(*) FROM oauth_codes"), 0);
}

#[test]
fn the_page_says_what_the_integration_lets_a_client_give() {
    let w = world(false);
    let page = || w.show(&w.alice, &w.request(|_| {})).text();
    let assert_says = |roles: bool, feeds: bool, owners: bool| {
        let text = page();
        assert_eq!(text.contains("Give roles"), roles, "{text}");
        assert_eq!(text.contains("into the access groups"), feeds, "{text}");
        assert_eq!(text.contains("Make owners"), owners, "{text}");
        assert_eq!(text.contains("gives nobody a role"), !roles && !feeds, "{text}");
    };
    assert_says(false, false, false);
    let okta = ScimClient::new(&w.app.base, "okta", &w.app.bearer("okta", None).secret);
    let sales = serde_json::json!({ "displayName": "Sales" });
    assert_eq!(okta.post("/Groups", &sales).status, 201);
    assert_says(false, false, false);
    w.app.apply("[[access_group]]\nname = \"Sellers\"\nrole = \"member\"\nmembers_of = [{ connection = \"okta\", group = \"Sales\" }]\n");
    assert_says(false, true, false);
    w.app.apply(
        "[[connection]]\nslug = \"okta\"\n[[connection.mapping.row]]\nfield = \"role\"\nsource = \"userType\"\n",
    );
    assert_says(true, true, false);
    w.app.apply("[[connection]]\nslug = \"okta\"\n[[connection.mapping.role]]\nvalue = \"boss\"\nrole = \"owner\"\nmay_own = true\n");
    assert_says(true, true, true);
}

#[test]
fn who_cannot_be_trusted_with_the_browser_does_not_get_it() {
    let w = world(false);
    let spoilt: Vec<Vec<(String, String)>> = vec![
        w.request(|p| p[1].1 = "nobody".into()),
        w.request(|p| drop(p.remove(1))),
        w.request(|p| p.push(("client_id", "x".into()))),
        w.request(|p| p.push(("redirect_uri", BACK.into()))),
        w.request(|p| p[2].1 = "https://evil.example/".into()),
        w.request(|p| p[2].1 = BACK.to_uppercase()),
        w.request(|p| p[2].1 = format!("{BACK}&z=1")),
        w.request(|p| p[2].1 = BACK.replace("?y=1", "")),
        w.request(|p| p[2].1 = BACK.replace("https", "http")),
        w.request(|p| p[2].1 = BACK.replace("okta.example/", "okta.example.evil.example/")),
        w.request(|p| p[2].1 = BACK.replace("/admin", "/./admin")),
    ];
    for request in spoilt {
        for page in [
            w.show(&w.alice, &request),
            w.decide(&request, "allow"),
            w.decide(&request, "deny"),
        ] {
            assert_eq!(page.status, 422, "{request:?}");
            assert_eq!(page.location, None, "{request:?}");
        }
    }
    for (request, error) in [
        (
            w.request(|p| p[0].1 = "token".into()),
            "unsupported_response_type",
        ),
        (w.request(|p| drop(p.remove(0))), "invalid_request"),
        (w.request(|p| p.push(("scope", "x".into()))), "invalid_request"),
        (w.request(|p| p[6].1 = "plain".into()), "invalid_request"),
        (w.request(|p| drop(p.pop())), "invalid_request"),
        (w.request(|p| drop(p.remove(5))), "invalid_request"),
        (w.request(|p| p[5].1 = "short".into()), "invalid_request"),
    ] {
        for page in [w.show(&w.alice, &request), w.decide(&request, "allow")] {
            assert!(page.to().starts_with(BACK), "{}", page.to());
            assert_eq!(answer(&page, "error").as_deref(), Some(error), "{request:?}");
            assert_eq!(answer(&page, "state").as_deref(), Some("a b&c"));
        }
    }
    assert_eq!(w.app.count("SELECT count(*) FROM oauth_codes"), 0);
}

#[test]
fn pkce_is_a_must_without_a_secret_and_is_met_where_it_was_begun() {
    let w = world(true);
    let page = w.show(&w.alice, &w.request(|p| p.truncate(5)));
    assert_eq!(
        answer(&page, "error").as_deref(),
        Some("invalid_request"),
        "no PKCE, no secret"
    );
    let code = w.code(|_| {});
    for verifier in [
        "",
        "wrong",
        &VERIFIER.to_lowercase(),
        &challenge(),
        &VERIFIER[..42],
    ] {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", BACK),
            ("code_verifier", verifier),
        ];
        assert_refused(&w.token(&fields), 400, "invalid_grant");
    }
    let page = w.exchange(&code);
    assert_eq!(w.status(&text(&page, "access_token")), 200);
    let page = w.refresh(&text(&page, "refresh_token"));
    assert_eq!(w.status(&text(&page, "access_token")), 200);
    assert_refused(
        &w.token(&[("grant_type", "client_credentials")]),
        400,
        "unauthorized_client",
    );
    // A confidential client may leave PKCE out, but nobody may add a verifier to a request without challenge.
    let w = world(false);
    let code = w.code(|p| p.truncate(5));
    assert_refused(&w.exchange(&code), 400, "invalid_grant");
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", BACK),
    ];
    assert_eq!(w.token(&fields).status, 200);
}

#[test]
fn a_code_is_good_once_for_a_minute_at_its_own_address() {
    let w = world(false);
    let code = w.code(|_| {});
    for other in ["https://evil.example/", "", "https://system-admin.okta.example/"] {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", other),
            ("code_verifier", VERIFIER),
        ];
        assert_refused(&w.token(&fields), 400, "invalid_grant");
    }
    let page = w.exchange(&code);
    let (access, refresh) = (text(&page, "access_token"), text(&page, "refresh_token"));
    let again = text(&w.refresh(&refresh), "refresh_token");
    assert_eq!(w.status(&access), 200);
    assert_refused(&w.exchange(&code), 400, "invalid_grant");
    assert_eq!(w.status(&access), 401, "the whole family has ended");
    assert_refused(&w.refresh(&again), 400, "invalid_grant");
    let late = w.code(|_| {});
    w.app.forward(MINUTE);
    assert_refused(&w.exchange(&late), 400, "invalid_grant");
    let stolen = w.code(|_| {});
    let other = client(&w.app, false);
    let secret = other.client_secret.expect("a secret");
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", stolen.as_str()),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
        ("client_id", other.client_id.as_str()),
        ("client_secret", secret.as_str()),
    ];
    assert_refused(&raw_token(&w.app, &fields, None), 400, "invalid_grant");
    assert_eq!(w.exchange(&stolen).status, 200);
}

#[test]
fn a_refresh_token_that_comes_twice_ends_its_family() {
    let w = world(false);
    let first = w.exchange(&w.code(|_| {}));
    let other = w.exchange(&w.code(|_| {}));
    let old = text(&first, "refresh_token");
    let second = w.refresh(&old);
    let third = w.refresh(&text(&second, "refresh_token"));
    let (newest, access) = (text(&third, "refresh_token"), text(&third, "access_token"));
    assert_eq!(w.status(&access), 200);
    w.app.forward(DAY / 48);
    assert_refused(&w.refresh(&old), 400, "invalid_grant");
    assert_eq!(w.status(&access), 401, "the thief's or the owner's: both end");
    assert_refused(&w.refresh(&newest), 400, "invalid_grant");
    assert_eq!(
        w.status(&text(&other, "access_token")),
        200,
        "another grant is another family"
    );
    let why =
        "SELECT count(*) FROM events WHERE action = 'credential.revoked' AND \"after\" LIKE '%came again%'";
    assert_eq!(w.app.count(why), 1);
}

#[test]
fn a_grant_ends_with_the_admin_who_gave_it() {
    let w = world(false);
    w.app.add(BOB, "admin");
    w.app.give_passphrase(BOB, PASSPHRASE);
    let bob = World {
        alice: w.app.signed_in(BOB, PASSPHRASE),
        client: w.client.clone(),
        app: w.app,
    };
    let page = bob.exchange(&bob.code(|_| {}));
    let (access, refresh) = (text(&page, "access_token"), text(&page, "refresh_token"));
    let itself = text(
        &bob.token(&[("grant_type", "client_credentials")]),
        "access_token",
    );
    let pending = bob.code(|_| {});
    assert_eq!((bob.status(&access), bob.status(&itself)), (200, 200));
    // No admin for a while: what rests on their word rests with it.
    let role = |role: &str| {
        bob.app
            .apply(&format!("[[person]]\nemail = {BOB:?}\nrole = {role:?}\n"));
    };
    role("member");
    assert_eq!(bob.status(&access), 401);
    assert_refused(&bob.refresh(&refresh), 400, "invalid_grant");
    role("admin");
    assert_eq!(bob.status(&access), 200);
    bob.app
        .apply(&format!("[[person]]\nemail = {BOB:?}\nactive = false\n"));
    assert_eq!(bob.status(&access), 401);
    assert_refused(&bob.refresh(&refresh), 400, "invalid_grant");
    assert_refused(&bob.exchange(&pending), 400, "invalid_grant");
    assert_eq!(
        bob.status(&itself),
        200,
        "the client's own token rests on nobody's word"
    );
}

#[test]
fn the_client_proves_itself_in_header_or_form_and_not_by_halves() {
    let w = world(false);
    let (id, secret) = (
        w.client.client_id.clone(),
        w.client.client_secret.clone().expect("a secret"),
    );
    let basic = |id: &str, secret: &str| Some(format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))));
    let grant = ("grant_type", "client_credentials");
    let page = raw_token(&w.app, &[grant], basic(&id, &secret));
    assert_eq!(w.status(&text(&page, "access_token")), 200);
    assert!(page.json().get("refresh_token").is_none());
    for (fields, header) in [
        (vec![grant], None),
        (vec![grant, ("client_id", id.as_str())], None),
        (
            vec![grant, ("client_id", id.as_str()), ("client_secret", "wrong")],
            None,
        ),
        (vec![grant], basic(&id, "wrong")),
        (vec![grant], basic("nobody", &secret)),
        (vec![grant], Some("Basic %%%".into())),
        (vec![grant], Some(format!("Bearer {secret}"))),
    ] {
        let page = raw_token(&w.app, &fields, header);
        assert_refused(&page, 401, "invalid_client");
        assert!(page.header("www-authenticate").starts_with("Basic"));
    }
    let both = [grant, ("client_id", "other")];
    assert_refused(
        &raw_token(&w.app, &both, basic(&id, &secret)),
        400,
        "invalid_request",
    );
    assert_refused(
        &raw_token(&w.app, &[grant, grant], basic(&id, &secret)),
        400,
        "invalid_request",
    );
    assert_refused(&w.token(&[]), 400, "invalid_request");
    assert_refused(
        &w.token(&[("grant_type", "password")]),
        400,
        "unsupported_grant_type",
    );
    assert_refused(
        &w.token(&[("grant_type", "authorization_code")]),
        400,
        "invalid_request",
    );
    assert_refused(
        &w.token(&[("grant_type", "refresh_token"), ("refresh_token", "x")]),
        400,
        "invalid_grant",
    );
    let visitor = w.app.visitor();
    let json = visitor
        .client
        .post(visitor.url("/oauth/token"))
        .json(&Value::Null);
    assert_refused(&visitor.send(json), 400, "invalid_request");
    assert_refused(&visitor.get("/oauth/token"), 405, "invalid_request");
    let large = "x".repeat(70_000);
    assert_refused(
        &raw_token(&w.app, &[("grant_type", large.as_str())], None),
        400,
        "invalid_request",
    );
}

#[test]
fn who_is_wrong_too_often_waits_and_who_is_right_does_not() {
    let w = world(false);
    let wrong = || {
        raw_token(
            &w.app,
            &[("grant_type", "client_credentials"), ("client_id", "x")],
            None,
        )
    };
    for _ in 0..60 {
        assert_eq!(w.token(&[("grant_type", "client_credentials")]).status, 200);
    }
    for _ in 0..30 {
        assert_refused(&wrong(), 401, "invalid_client");
    }
    let page = wrong();
    assert_refused(&page, 429, "temporarily_unavailable");
    assert!(page.header("retry-after").parse::<u64>().is_ok());
    w.app.forward(MINUTE + SECOND);
    assert_refused(&wrong(), 401, "invalid_client");
}

#[test]
fn a_client_that_is_removed_takes_its_tokens_along() {
    let w = world(false);
    let page = w.exchange(&w.code(|_| {}));
    let access = text(&page, "access_token");
    let id = w.client.client_id.clone();
    let done = w
        .app
        .ctx
        .act(Who::Command("test"), move |act| clients::remove(act, "okta", &id));
    block_on(done).expect("gone");
    assert_eq!(w.status(&access), 401);
    assert_refused(&w.refresh(&text(&page, "refresh_token")), 401, "invalid_client");
    assert_eq!(w.show(&w.alice, &w.request(|_| {})).status, 422);
    for (new, field) in [
        (NewClient::default(), "name"),
        (
            NewClient {
                name: "x".into(),
                redirect_uris: vec!["http://idp.example/".into()],
                public: false,
            },
            "redirect_uris",
        ),
        (
            NewClient {
                name: "x".into(),
                redirect_uris: Vec::new(),
                public: true,
            },
            "redirect_uris",
        ),
    ] {
        let made = w
            .app
            .ctx
            .act(Who::Command("test"), move |act| clients::make(act, "okta", &new));
        assert_eq!(block_on(made).expect_err("refused").fields()[0].field, field);
    }
}
