//! Logout requests of the identity provider: the good ones, and every way to forge one.

use std::io::Read;

use base64::{Engine, engine::general_purpose::STANDARD};
use doorward::model::time::{MINUTE, SECOND};

use super::{SLO, SLO_ANSWERS, World, by_post, by_redirect, service};
use crate::app::{BOB, Page};
use crate::idp::{Algorithm, Logout, NOW, TestIdp, TestKey, percent, sign_query};

/// The document in a redirect to the identity provider.
pub fn inflated(location: &str, field: &str) -> String {
    let url: url::Url = location.parse().expect("an address");
    let mut pairs = url.query_pairs();
    let (_, value) = pairs.find(|(name, _)| name == field).expect("a message");
    let mut xml = String::new();
    flate2::read::DeflateDecoder::new(STANDARD.decode(&*value).expect("base64").as_slice())
        .read_to_string(&mut xml)
        .expect("deflate");
    xml
}

#[test]
fn a_request_by_redirect_ends_the_sessions_at_once_and_is_answered() {
    let world = World::new("");
    let mut request = world.request();
    request.relay_state = Some("back & forth ü".to_owned());
    // A browser of nobody: the message alone decides.
    let page = by_redirect(&world.app.visitor(), &request.query(&world.okta.idp.key));
    assert_eq!(
        world.who_is_in(),
        [false, false, true],
        "all of bob's, nobody else's"
    );
    let location = page.to();
    assert!(
        location.starts_with(&format!("{SLO}?SAMLResponse=")),
        "{location}"
    );
    let url: url::Url = location.parse().expect("an address");
    let state = url.query_pairs().find(|(name, _)| name == "RelayState");
    assert_eq!(state.expect("the state").1, "back & forth ü");
    assert!(location.contains("&SigAlg=") && location.contains("&Signature="));
    let xml = inflated(location, "SAMLResponse");
    assert!(
        xml.contains("InResponseTo=\"_logout0001\"") && xml.contains("status:Success"),
        "{xml}"
    );
    assert!(xml.contains(&format!("Destination=\"{SLO}\"")), "{xml}");
    assert_eq!(world.endings("single logout at the identity provider"), 1);
    let audit = world.app.alice().get("/admin/activity/audit").text();
    assert!(
        audit.contains("single logout at the identity provider"),
        "{audit}"
    );
}

#[test]
fn a_request_by_post_is_answered_by_post_at_the_address_for_answers() {
    let world = World::new("");
    let mut request = world.request();
    request.relay_state = Some("state".to_owned());
    let page = by_post(&world.bob, &request.form(&request.signed(&world.okta.idp.key)));
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(world.who_is_in(), [false, false, true]);
    assert_eq!(page.attributes("form", "action"), [SLO_ANSWERS]);
    assert_eq!(page.attributes("input[name=RelayState]", "value"), ["state"]);
    let message = page.attributes("input[name=SAMLResponse]", "value");
    let xml = String::from_utf8(STANDARD.decode(&message[0]).expect("base64")).expect("text");
    assert!(
        xml.contains("InResponseTo=\"_logout0001\"") && xml.contains("SignatureValue"),
        "{xml}"
    );
    assert!(
        page.header("content-security-policy")
            .contains("form-action 'self' https://idp.okta.example")
    );
}

#[test]
fn an_identity_provider_without_an_address_for_answers_is_obeyed_all_the_same() {
    let world = World::with("", "");
    let page = by_redirect(&world.bob, &world.request().query(&world.okta.idp.key));
    assert_eq!(page.to(), "/login");
    assert_eq!(world.who_is_in(), [false, false, true]);
    let world = World::with("", &service("HTTP-POST", SLO, ""));
    let page = by_redirect(&world.bob, &world.request().query(&world.okta.idp.key));
    assert_eq!(
        page.attributes("form", "action"),
        [SLO],
        "the one binding that there is"
    );
}

#[test]
fn a_request_that_names_a_session_ends_that_one_alone() {
    let world = World::new("");
    let mut request = world.request();
    request.sessions = vec!["_session0002".to_owned()];
    by_redirect(&world.bob, &request.query(&world.okta.idp.key));
    assert_eq!(world.who_is_in(), [true, false, true]);
}

#[test]
fn every_accepted_algorithm_signs_a_redirect() {
    for algorithm in Algorithm::ALL {
        let app = crate::app::TestApp::start();
        app.add(BOB, "member");
        let slug = format!(
            "idp{}",
            Algorithm::ALL.iter().position(|a| *a == algorithm).expect("one")
        );
        let mut connected = super::connect(&app, &slug, "", &super::both());
        let key = TestKey::for_algorithm(&slug, algorithm);
        let certificate = key.certificate.to_pem();
        let toml = format!(
            "[[connection]]\nslug = {slug:?}\n[connection.saml]\nentity_id = {:?}\nsign_in_url = \"https://idp.example/sso\"\ncertificate = \"\"\"{certificate}\"\"\"\n",
            connected.idp.entity_id
        );
        if app.try_apply(&toml, std::collections::BTreeMap::new()).is_err() {
            // Without such a key in the file's format the other tests of signatures stand for it.
            continue;
        }
        connected.idp.key = key;
        let visitor = app.visitor();
        assert_eq!(connected.sign_in(&visitor, BOB).to(), "/");
        let query = connected
            .idp
            .logout_request(&connected.sp, BOB)
            .query(&connected.idp.key);
        visitor.get(&format!("/sso/{slug}/slo?{query}"));
        assert_eq!(visitor.me(), None, "{algorithm:?}");
    }
}

/// Both bindings refuse a request like this by the same rule, and nobody's session ends.
fn refused(world: &World, rule: &str, key: &TestKey, change: impl Fn(&mut Logout)) {
    let mut request = world.request();
    change(&mut request);
    let pages: [(&str, Page); 2] = [
        ("redirect", by_redirect(&world.bob, &request.query(key))),
        ("post", by_post(&world.bob, &request.form(&request.signed(key)))),
    ];
    for (binding, page) in pages {
        assert_eq!(world.rule_of(&page), rule, "{binding}");
        assert_eq!(world.who_is_in(), [true; 3], "{binding}, {rule}");
    }
}

#[test]
fn a_forged_or_stale_request_ends_nothing() {
    let world = World::new("");
    let key = &world.okta.idp.key;
    let other = TestIdp::new("mallory").key;
    refused(&world, "saml.signature_untrusted", &other, |_| {});
    refused(&world, "saml.logout_issuer", key, |r| {
        r.issuer = "https://idp.mallory.example/saml".to_owned();
    });
    refused(&world, "saml.logout_destination", key, |r| {
        r.destination = r.destination.as_ref().map(|to| to.replace("okta", "entra"));
    });
    refused(&world, "saml.logout_destination", key, |r| r.destination = None);
    refused(&world, "saml.logout_expired", key, |r| {
        r.not_on_or_after = Some(NOW.minus(3 * MINUTE));
    });
    refused(&world, "saml.logout_expired", key, |r| {
        // An end that is far away does not make an old message good.
        r.issue_instant = NOW.minus(13 * MINUTE);
        r.not_on_or_after = Some(NOW.plus(1_000_000 * MINUTE));
    });
    refused(&world, "saml.logout_not_yet_valid", key, |r| {
        r.issue_instant = NOW.plus(121 * SECOND);
    });
    refused(&world, "saml.logout_message", key, |r| r.version = "1.1");
    refused(&world, "saml.logout_shape", key, |r| r.name_id = String::new());
    refused(&world, "saml.logout_shape", key, |r| {
        r.name_id = format!("{0}{0}", r.name_id);
    });
    refused(&world, "saml.logout_shape", key, |r| {
        r.name_id = format!("<saml:EncryptedID/>{}", r.name_id);
    });
    assert_eq!(world.endings("single logout"), 0);
}

#[test]
fn a_request_without_a_signature_ends_nothing() {
    let world = World::new("");
    let request = world.request();
    let key = &world.okta.idp.key;
    let bare = request.bare();
    let whole = request.query(key);
    let without = |name: &str| {
        let kept: Vec<&str> = whole.split('&').filter(|p| !p.starts_with(name)).collect();
        kept.join("&")
    };
    for (page, rule) in [
        (
            by_redirect(&world.bob, &request.unsigned_query(&bare)),
            "saml.logout_not_signed",
        ),
        (
            by_post(&world.bob, &request.form(&bare)),
            "saml.logout_not_signed",
        ),
        (
            by_redirect(&world.bob, &without("Signature=")),
            "saml.logout_parameters",
        ),
        (
            by_redirect(&world.bob, &without("SigAlg=")),
            "saml.logout_parameters",
        ),
        // Signed as XML, sent by redirect: nothing vouches for the query.
        (
            by_redirect(&world.bob, &request.unsigned_query(&request.signed(key))),
            "saml.logout_not_signed",
        ),
        // A signature inside that nobody checks.
        (
            by_redirect(
                &world.bob,
                &sign_query(
                    &request.unsigned_query(&request.signed(key)),
                    key,
                    &key.algorithm.signature_uri(),
                ),
            ),
            "saml.signature_place",
        ),
    ] {
        assert_eq!(world.rule_of(&page), rule);
        assert_eq!(world.who_is_in(), [true; 3], "{rule}");
    }
}

#[test]
fn an_old_algorithm_ends_nothing() {
    let world = World::new("");
    let key = &world.okta.idp.key;
    let mut request = world.request();
    let sha1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
    let unsigned = request.unsigned_query(&request.bare());
    let page = by_redirect(&world.bob, &sign_query(&unsigned, key, sha1));
    assert_eq!(world.rule_of(&page), "saml.sha1");
    let hmac = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256";
    let page = by_redirect(&world.bob, &sign_query(&unsigned, key, hmac));
    assert_eq!(world.rule_of(&page), "saml.algorithm");
    request.change_signature =
        Box::new(move |xml| xml.replace("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", sha1));
    let page = by_post(&world.bob, &request.form(&request.signed(key)));
    assert_eq!(world.rule_of(&page), "saml.sha1");
    assert_eq!(world.who_is_in(), [true; 3]);
}

#[test]
fn a_request_is_good_once() {
    let world = World::new("");
    let request = world.request();
    let (query, form) = (
        request.query(&world.okta.idp.key),
        request.form(&request.signed(&world.okta.idp.key)),
    );
    by_redirect(&world.bob, &query);
    world.enter(&world.bob, BOB, "_session0004");
    for page in [by_redirect(&world.phone, &query), by_post(&world.phone, &form)] {
        assert_eq!(world.rule_of(&page), "saml.logout_replayed");
        assert_eq!(world.who_is_in(), [true, false, true]);
    }
}

#[test]
fn parameters_have_one_reading() {
    let world = World::new("");
    let key = &world.okta.idp.key;
    let request = world.request();
    let good = request.query(key);
    let mut other = world.request();
    other.id = "_logout0002".to_owned();
    let (bare, other_bare) = (
        request.unsigned_query(&request.bare()),
        other.unsigned_query(&other.bare()),
    );
    let twice = |name: &str| format!("{good}&{name}=x");
    for query in [
        format!("{good}&{other_bare}"),
        format!("{other_bare}&{good}"),
        good.replace("SAMLRequest=", "samlrequest="),
        format!("{good}&samlRequest=x"),
        format!("{good}&%53AMLRequest=x"),
        good.replace("SAMLRequest=", "%53AMLRequest="),
        format!("{good}&SAMLResponse=x"),
        twice("RelayState") + "&relaystate=y",
        twice("SigAlg"),
        twice("Signature"),
        format!("{good}&SAMLEncoding={}", percent("urn:example:other")),
        "RelayState=x".to_owned(),
        "SAMLRequest=%zz&SigAlg=%zz&Signature=%zz".to_owned(),
    ] {
        assert_eq!(
            world.rule_of(&by_redirect(&world.bob, &query)),
            "saml.logout_parameters",
            "{query}"
        );
        assert_eq!(world.who_is_in(), [true; 3], "{query}");
    }
    // What is signed is what was sent: other text, another RelayState, another order of the message's bytes.
    for query in [
        good.replace("&SigAlg=", "&RelayState=x&SigAlg="),
        good.replacen(&bare, &other_bare, 1),
        good.replace("%2F", "%2f"),
    ] {
        if query != good {
            assert_eq!(
                world.rule_of(&by_redirect(&world.bob, &query)),
                "saml.signature_untrusted",
                "{query}"
            );
        }
    }
    let form = request.form(&request.signed(key));
    for extra in ["SAMLRequest", "samlrequest", "SAMLResponse"] {
        let mut fields = form.clone();
        fields.push((extra, "x".to_owned()));
        assert_eq!(
            world.rule_of(&by_post(&world.bob, &fields)),
            "saml.logout_parameters",
            "{extra}"
        );
    }
    assert_eq!(world.who_is_in(), [true; 3]);
}

#[test]
fn a_signature_covers_the_message_that_is_read() {
    let world = World::new("");
    let key = &world.okta.idp.key;
    // A genuine message about somebody unknown, wrapped so that another one might be read.
    let mut genuine = world
        .okta
        .idp
        .logout_request(&world.okta.sp, "nobody@example.com");
    genuine.id = "_genuine".to_owned();
    let signed = genuine.signed(key);
    let (from, to) = (
        signed.find("<ds:Signature").expect("one"),
        signed.find("</ds:Signature>").expect("its end"),
    );
    let signature = &signed[from..to + "</ds:Signature>".len()];
    let inner = signed.replace(signature, "");
    let evil = |id: &str, extensions: String| {
        let mut evil = world.request();
        evil.id = id.to_owned();
        evil.extensions = extensions;
        evil.bare()
    };
    let wrap = |content: &str| format!("<samlp:Extensions>{content}</samlp:Extensions>");
    let with_signature =
        |xml: String| xml.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1);
    for (name, xml, rule) in [
        (
            "the signed one inside",
            evil("_evil", wrap(&signed)),
            "saml.signature_place",
        ),
        (
            "its signature outside",
            with_signature(evil("_evil", wrap(&inner))),
            "saml.signature_reference",
        ),
        (
            "with its ID",
            with_signature(evil("_genuine", wrap(&inner))),
            "saml.ids",
        ),
        (
            "its signature alone",
            with_signature(evil("_genuine", String::new())),
            "saml.digest",
        ),
        (
            "another name",
            signed.replace("nobody@example.com", BOB),
            "saml.digest",
        ),
        (
            "two signatures",
            with_signature(evil("_evil", String::new())).replacen(
                "</saml:Issuer>",
                &format!("</saml:Issuer>{signature}"),
                1,
            ),
            "saml.signature_place",
        ),
        (
            "a document type",
            format!("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>{signed}"),
            "saml.document_type",
        ),
    ] {
        let page = by_post(&world.bob, &[("SAMLRequest", STANDARD.encode(&xml))]);
        assert_eq!(world.rule_of(&page), rule, "{name}");
        assert_eq!(world.who_is_in(), [true; 3], "{name}");
    }
}

#[test]
fn a_request_ends_only_what_its_sender_may_speak_of() {
    let world = World::new("");
    // Another connection's identity provider names bob: his sessions came through okta.
    let request = world.entra.idp.logout_request(&world.entra.sp, BOB);
    let visitor = world.app.visitor();
    let page = visitor.get(&format!("/sso/entra/slo?{}", request.query(&world.entra.idp.key)));
    assert_eq!(page.status, 303, "{}", page.text());
    assert_eq!(world.who_is_in(), [true; 3]);
    // okta's own message, brought to entra.
    let query = world.request().query(&world.okta.idp.key);
    let page = visitor.get(&format!("/sso/entra/slo?{query}"));
    assert_eq!(world.rule_of(&page), "saml.signature_untrusted");
    // Somebody else's NameID, in bob's browser.
    let mut request = world.okta.idp.logout_request(&world.okta.sp, super::CAROL);
    request.sessions = vec!["_session0003".to_owned(), "_session0001".to_owned()];
    by_redirect(&world.bob, &request.query(&world.okta.idp.key));
    assert_eq!(world.who_is_in(), [true, true, false]);
    // alice, who owns the place and came in by herself, has the same name there.
    let alice = world.app.alice();
    let request = Logout {
        id: "_logout0009".to_owned(),
        ..world.okta.idp.logout_request(&world.okta.sp, crate::app::ALICE)
    };
    by_redirect(&world.bob, &request.query(&world.okta.idp.key));
    assert!(alice.me().is_some());
}

#[test]
fn a_small_message_that_unpacks_to_a_huge_one_is_refused() {
    let world = World::new("");
    let mut request = world.request();
    request.extensions = " ".repeat(4_000_000);
    let page = by_redirect(&world.bob, &request.query(&world.okta.idp.key));
    assert_eq!(world.rule_of(&page), "saml.size");
    assert_eq!(world.who_is_in(), [true; 3]);
}
