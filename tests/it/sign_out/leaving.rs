//! The button "Sign out" of a session that came through an identity provider, and what comes back from there.

use base64::{Engine, engine::general_purpose::STANDARD};
use doorward::flows::sign_off::hint;
use doorward::flows::{Who, hash};
use doorward::model::time::HOUR;
use doorward::model::{Connection, IdpSession, Method, OpenIdProvider, Session, SessionId};
use doorward::store;
use doorward::web::server::block_on;

use super::requests::inflated;
use super::{SLO, World, by_post, by_redirect, service};
use crate::app::{BOB, Page, TestApp, Visitor};
use crate::idp::{Logout, NOW, TestIdp};

const THERE: &str = "sign_out_there = true";

/// Where the page goes on to by itself.
fn target(page: &Page) -> String {
    assert_eq!(page.status, 200, "{}", page.text());
    let refresh = page.header("refresh");
    let url = refresh
        .strip_prefix("0; url=")
        .expect("it goes on by itself")
        .to_owned();
    assert_eq!(
        page.attributes("a.button", "href"),
        std::slice::from_ref(&url),
        "and by a link"
    );
    url
}

fn id_of(xml: &str) -> String {
    let (_, rest) = xml.split_once(" ID=\"").expect("an ID");
    rest.split_once('"').expect("its end").0.to_owned()
}

/// bob signs out; the LogoutRequest that his browser carries away.
fn leave(world: &World) -> String {
    let page = world.bob.post("/logout", &[]);
    inflated(&target(&page), "SAMLRequest")
}

#[test]
fn signing_out_stays_here_unless_the_connection_says_otherwise() {
    let world = World::new("");
    let page = world.bob.get("/logout").text();
    assert!(page.contains("You stay signed in at okta."), "{page}");
    let page = world.bob.post("/logout", &[]);
    assert_eq!(page.to(), "/login");
    assert_eq!(world.who_is_in(), [false, true, true]);
    // On, but the metadata offers nothing.
    let world = World::with(THERE, "");
    assert_eq!(world.bob.post("/logout", &[]).to(), "/login");
}

#[test]
fn signing_out_here_comes_first_and_then_goes_there() {
    let world = World::new(THERE);
    let page = world.bob.get("/logout").text();
    assert!(page.contains("here and then at okta"), "{page}");
    let token = world.bob.cookie("doorward").expect("a session");
    let page = world.bob.post("/logout", &[]);
    let url = target(&page);
    assert_eq!(page.header("clear-site-data"), "\"cache\"");
    // The session is gone, not only its cookie.
    let keeper = world.app.visitor();
    keeper.plant("doorward", &token);
    assert_eq!(keeper.me(), None);
    assert_eq!(
        world.who_is_in(),
        [false, true, true],
        "before anything came back"
    );
    assert!(url.starts_with(&format!("{SLO}?SAMLRequest=")), "{url}");
    assert!(url.contains("&SigAlg=") && url.contains("&Signature="), "{url}");
    let xml = inflated(&url, "SAMLRequest");
    for part in [
        &format!("Destination=\"{SLO}\""),
        &format!("<saml2:Issuer>{}</saml2:Issuer>", world.okta.sp.entity_id),
        "NotOnOrAfter=\"2026-11-21T12:05:00.000Z\"",
        "<saml2:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">bob@example.com</saml2:NameID>",
        "<saml2p:SessionIndex>_session0001</saml2p:SessionIndex>",
    ] {
        assert!(xml.contains(part), "{part} is not in {xml}");
    }
    let answer = world.okta.idp.logout_response(&world.okta.sp, &id_of(&xml));
    let page = by_redirect(&world.bob, &answer.query(&world.okta.idp.key));
    assert_eq!(page.to(), "/login");
    let said = world.bob.get("/login").text();
    assert!(said.contains("You are signed out, here and at okta."), "{said}");
}

#[test]
fn the_name_goes_back_with_its_qualifiers_and_the_hint_is_sealed() {
    let world = World::new(THERE);
    let name = "<saml:NameID NameQualifier=\"https://idp &amp; co\" SPNameQualifier=\"sp\" Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">a&lt;b&amp;c</saml:NameID>";
    world.app.add("dora@example.com", "member");
    let dora = world.app.visitor();
    let page = world.okta.sign_in_with(&dora, "dora@example.com", |r| {
        r.raw_name_id = Some(name.to_owned());
    });
    assert_eq!(page.to(), "/", "{}", page.text());
    let stored = world
        .app
        .count("SELECT count(*) FROM sessions WHERE instr(logout_hint, 'a<b&c') > 0");
    assert_eq!(stored, 0);
    let page = dora.post("/logout", &[]);
    let xml = inflated(&target(&page), "SAMLRequest");
    let expected = "<saml2:NameID NameQualifier=\"https://idp &amp; co\" SPNameQualifier=\"sp\" Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">a&lt;b&amp;c</saml2:NameID>";
    assert!(xml.contains(expected), "{xml}");
}

#[test]
fn an_identity_provider_that_takes_post_gets_a_form() {
    let world = World::with(THERE, &service("HTTP-POST", SLO, ""));
    let page = world.bob.post("/logout", &[]);
    assert_eq!(page.attributes("form", "action"), [SLO]);
    assert!(
        page.header("content-security-policy")
            .contains("form-action 'self' https://idp.okta.example")
    );
    let message = page.attributes("input[name=SAMLRequest]", "value");
    let xml = String::from_utf8(STANDARD.decode(&message[0]).expect("base64")).expect("text");
    assert!(
        xml.contains("SignatureValue") && xml.contains("_session0001"),
        "{xml}"
    );
    assert_eq!(world.who_is_in(), [false, true, true]);
    let answer = world.okta.idp.logout_response(&world.okta.sp, &id_of(&xml));
    let page = by_post(&world.bob, &answer.form(&answer.signed(&world.okta.idp.key)));
    assert_eq!(page.to(), "/login");
}

#[test]
fn an_answer_that_says_less_than_success_is_told() {
    let world = World::new(THERE);
    for status in [
        "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:PartialLogout\"/></samlp:StatusCode>",
        "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"/>",
        "",
    ] {
        let id = id_of(&leave(&world));
        let answer = Logout {
            status: status.to_owned(),
            ..world.okta.idp.logout_response(&world.okta.sp, &id)
        };
        let page = by_redirect(&world.bob, &answer.query(&world.okta.idp.key));
        assert_eq!(page.to(), "/login");
        let said = world.bob.get("/login").text();
        assert!(said.contains("okta did not confirm"), "{status}: {said}");
        world.enter(&world.bob, BOB, &format!("_again{}", status.len()));
    }
}

#[test]
fn only_the_answer_to_this_browsers_request_counts_once() {
    let world = World::new(THERE);
    let id = id_of(&leave(&world));
    let idp = &world.okta.idp;
    let good = || idp.logout_response(&world.okta.sp, &id);
    let mallory = TestIdp::new("mallory");
    let refused = |visitor: &Visitor, query: &str, rule: &str| {
        assert_eq!(world.rule_of(&by_redirect(visitor, query)), rule);
    };
    let key = &idp.key;
    refused(
        &world.bob,
        &good().unsigned_query(&good().bare()),
        "saml.logout_not_signed",
    );
    refused(
        &world.bob,
        &good().query(&mallory.key),
        "saml.signature_untrusted",
    );
    let elsewhere = Logout {
        issuer: mallory.entity_id.clone(),
        ..good()
    };
    refused(&world.bob, &elsewhere.query(key), "saml.logout_issuer");
    let elsewhere = Logout {
        destination: Some(world.entra.sp.slo_url.clone()),
        ..good()
    };
    refused(&world.bob, &elsewhere.query(key), "saml.logout_destination");
    let old = Logout {
        issue_instant: NOW.minus(HOUR),
        ..good()
    };
    refused(&world.bob, &old.query(key), "saml.logout_expired");
    let unasked = Logout {
        in_response_to: None,
        ..good()
    };
    refused(&world.bob, &unasked.query(key), "saml.logout_in_response_to");
    let unknown = Logout {
        in_response_to: Some("_unknown".to_owned()),
        ..good()
    };
    refused(&world.bob, &unknown.query(key), "saml.logout_in_response_to");
    // A request where a response should be.
    let swapped = good().unsigned_query(&world.request().bare());
    refused(
        &world.bob,
        &crate::idp::sign_query(&swapped, key, &key.algorithm.signature_uri()),
        "saml.logout_message",
    );
    refused(&world.phone, &good().query(key), "saml.logout_in_response_to");
    refused(
        &world.app.visitor(),
        &good().query(key),
        "saml.logout_in_response_to",
    );
    assert_eq!(by_redirect(&world.bob, &good().query(key)).to(), "/login");
    refused(&world.bob, &good().query(key), "saml.logout_in_response_to");
    assert_eq!(world.who_is_in(), [false, true, true]);
}

#[test]
fn our_metadata_offers_single_logout_in_both_bindings() {
    let world = World::new("");
    let xml = world.app.visitor().get("/sso/okta/metadata").text();
    for binding in ["HTTP-Redirect", "HTTP-POST"] {
        let offer = format!(
            "SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:{binding}\" Location=\"{}\"",
            world.okta.sp.slo_url
        );
        assert!(xml.contains(&offer), "{offer} is not in {xml}");
    }
}

/// A browser of bob's with a session that came through an OpenID Provider.
pub fn through_openid(app: &TestApp, there: bool) -> (Visitor, Connection) {
    app.add(BOB, "member");
    app.apply("[[connection]]\nslug = \"op\"\nname = \"op\"\n[connection.scim]\nenabled = true\nsync = \"automatic\"\n");
    let connection = app
        .ctx
        .store
        .read(|r| store::connections::get_by_slug(r, "op"))
        .expect("the connection");
    let sealed = hint::seal(&app.ctx, connection.id, "sub-1", b"the.id.token").expect("a hint");
    let token = "t".repeat(43);
    let token_hash = hash(&token);
    let made = app.ctx.act(Who::Command("test"), move |act| {
        let mut connection = store::connections::get_by_slug(act.w, "op")?;
        connection.oidc.sign_out_there = there;
        connection.oidc.provider = Some(OpenIdProvider {
            issuer: "https://op.example".into(),
            client_id: "client 1".into(),
            authorization_endpoint: "https://op.example/authorize".into(),
            token_endpoint: "https://op.example/token".into(),
            jwks_uri: "https://op.example/jwks".into(),
            userinfo_endpoint: None,
            end_session_endpoint: Some("https://op.example/end?tenant=1".into()),
            signing_algorithms: vec!["RS256".into()],
            sends_iss: false,
        });
        store::connections::update(act.w, &connection)?;
        let person = store::people::find_by_email(act.w, BOB)?.expect("bob");
        let session = Session {
            id: SessionId::new(act.now, act.random_id()),
            person_id: person.id,
            connection_id: Some(connection.id),
            method: Method::Oidc,
            signed_in_at: act.now,
            proved_at: act.now,
            strong: false,
            last_seen_at: act.now,
            expires_at: act.now.plus(HOUR),
            idp: Some(IdpSession {
                issuer: "https://op.example".into(),
                subject: "sub-1".into(),
                session: None,
                hint: Some(sealed),
            }),
            address: String::new(),
            user_agent: String::new(),
        };
        store::sessions::insert(act.w, &token_hash, &session)
    });
    block_on(made).expect("a session");
    let visitor = app.visitor();
    visitor.plant("doorward", &token);
    assert_eq!(visitor.email().as_deref(), Some(BOB));
    (visitor, connection)
}

#[test]
fn signing_out_goes_to_the_openid_provider_and_comes_back() {
    let app = TestApp::start();
    let (bob, _) = through_openid(&app, true);
    let url: url::Url = target(&bob.post("/logout", &[])).parse().expect("an address");
    assert_eq!(bob.me(), None);
    assert_eq!(url.as_str().split('?').next(), Some("https://op.example/end"));
    let value = |name: &str| {
        let found = url.query_pairs().find(|(known, _)| known == name);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    assert_eq!(value("tenant"), "1");
    assert_eq!(value("id_token_hint"), "the.id.token");
    assert_eq!(value("client_id"), "client 1");
    assert_eq!(
        value("post_logout_redirect_uri"),
        format!("{}/sso/op/signed-out", app.base)
    );
    let state = value("state");
    let back = format!("/sso/op/signed-out?state={state}");
    // Another browser learns nothing and uses nothing up.
    let stranger = app.visitor();
    assert_eq!(stranger.get(&back).to(), "/login");
    assert!(!stranger.get("/login").text().contains("signed out"));
    assert_eq!(bob.get(&back).to(), "/login");
    assert!(
        bob.get("/login")
            .text()
            .contains("You are signed out, here and at op.")
    );
    assert_eq!(bob.get(&back).to(), "/login");
    assert!(!bob.get("/login").text().contains("signed out"), "once");
}

#[test]
fn signing_out_does_not_go_to_the_openid_provider_by_itself() {
    let app = TestApp::start();
    let (bob, _) = through_openid(&app, false);
    assert_eq!(bob.post("/logout", &[]).to(), "/login");
    assert_eq!(bob.me(), None);
}
