//! Single logout with foreign implementations, in both bindings and both directions.

use serde_json::{Value, json};

use crate::app::{BOB, Page, Visitor};
use crate::foreign::Federation;

const SLO_URL: &str = "https://idp.example/slo";
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

/// Runs a test against each peer that is installed, in each binding; bob is signed in.
fn each(more: &str, mut test: impl FnMut(&mut Federation, &Visitor, &str)) {
    for name in ["pysaml2", "samlify"] {
        for binding in ["redirect", "post"] {
            let metadata = json!({"slo_url": SLO_URL, "slo_bindings": [binding]});
            let Some(mut federation) = Federation::found(name, &metadata, more) else {
                continue;
            };
            let bob = federation.app.visitor();
            let page = federation.sign_in(&bob, &json!({}));
            assert_eq!(page.to(), "/", "{name}, {binding}: {}", page.text());
            assert!(bob.me().is_some());
            test(&mut federation, &bob, binding);
        }
    }
}

fn command(federation: &Federation, cmd: &str, binding: &str) -> Value {
    federation.app.catch_up();
    json!({"cmd": cmd, "sp_metadata": federation.sp_metadata(), "binding": binding})
}

/// Brings the peer's message to our address, as the browser does.
fn deliver(visitor: &Visitor, message: &Value, field: &str) -> Page {
    if let Some(url) = message["url"].as_str() {
        return visitor.get(url);
    }
    let text = |name: &str| message[name].as_str();
    let mut fields = vec![(field, text("message").expect("a message"))];
    fields.extend(text("relay_state").map(|state| ("RelayState", state)));
    visitor.post_from_elsewhere(text("action").expect("an address"), &fields)
}

/// What our page sends on to the peer: the fields that hand it over.
fn carried(page: &Page, field: &str) -> Value {
    let forms = page.attributes("form", "action");
    if page.status == 200 && forms.iter().any(|action| action == SLO_URL) {
        let value = |name: &str| {
            page.attributes(&format!("input[name={name}]"), "value")
                .first()
                .cloned()
        };
        return json!({"message": value(field).expect("a message"), "relay_state": value("RelayState")});
    }
    let url = match page.status {
        303 => page.to().to_owned(),
        _ => page.header("refresh").trim_start_matches("0; url=").to_owned(),
    };
    let (address, query) = url.split_once('?').expect("a query");
    assert_eq!(address, SLO_URL);
    json!({ "query": query })
}

#[test]
fn a_foreign_identity_provider_signs_somebody_out_here_and_reads_our_answer() {
    each("", |federation, bob, binding| {
        let (name, mut ask) = (federation.name, command(federation, "logout_request", binding));
        ask["name_id"] = json!(BOB);
        ask["relay_state"] = json!("state-1");
        let asked = federation.peer.call(&ask);
        federation.app.catch_up();
        let page = deliver(bob, &asked, "SAMLRequest");
        assert!(
            matches!(page.status, 200 | 303),
            "{name}, {binding}: {}",
            page.text()
        );
        assert_eq!(bob.me(), None, "{name}, {binding}");
        let mut read = command(federation, "logout_read", binding);
        for (field, value) in carried(&page, "SAMLResponse").as_object().expect("fields") {
            read[field] = value.clone();
        }
        let answer = federation.peer.call(&read);
        assert_eq!(answer["in_response_to"], asked["id"], "{name}, {binding}");
        assert_eq!(answer["status"], SUCCESS, "{name}, {binding}");
        assert_eq!(answer["relay_state"], "state-1", "{name}, {binding}");
    });
}

#[test]
fn signing_out_here_reaches_a_foreign_identity_provider_and_comes_back() {
    each("sign_out_there = true", |federation, bob, binding| {
        let name = federation.name;
        federation.app.catch_up();
        let page = bob.post("/logout", &[]);
        assert_eq!(bob.me(), None, "{name}, {binding}");
        let mut answer = command(federation, "logout_answer", binding);
        for (field, value) in carried(&page, "SAMLRequest").as_object().expect("fields") {
            answer[field] = value.clone();
        }
        let answered = federation.peer.call(&answer);
        assert_eq!(answered["name_id"], BOB, "{name}, {binding}");
        federation.app.catch_up();
        let page = deliver(bob, &answered, "SAMLResponse");
        assert_eq!(page.status, 303, "{name}, {binding}: {}", page.text());
        let said = bob.get("/login").text();
        assert!(
            said.contains("You are signed out, here and at"),
            "{name}, {binding}: {said}"
        );
    });
}
