//! A tile in the portal of a foreign identity provider: a response that nobody asked for.

use serde_json::{Value, json};

use super::each;

#[test]
fn a_tile_restarts_the_sign_in_and_then_just_works() {
    each(&json!({}), "", |federation| {
        let bob = federation.app.visitor();
        let tile = federation.command(&Value::Null, &json!({"relay_state": "/somewhere?x=1"}));
        let answer = federation.peer.call(&tile);
        assert!(answer["request_id"].is_null());
        federation.app.catch_up();
        let page = federation.post(&bob, &answer);
        assert_eq!(page.to(), "/sso/idp?return_to=%2Fsomewhere%3Fx%3D1");
        assert_eq!(bob.me(), None, "the tile's response itself is not believed");
        // What a browser does next by itself: our request, answered without a question.
        let started = bob.get(page.to());
        let query = started.to().split_once('?').expect("a query").1.to_owned();
        let command = federation.command(&json!({ "query": query }), &json!({}));
        let answer = federation.peer.call(&command);
        assert_eq!(federation.post(&bob, &answer).to(), "/somewhere?x=1");
        assert_eq!(bob.email().as_deref(), Some(crate::app::BOB));
    });
}

#[test]
fn a_tile_is_accepted_where_an_admin_said_so_but_only_once() {
    each(&json!({}), "unsolicited = \"accept\"", |federation| {
        let bob = federation.app.visitor();
        let tile = federation.command(&Value::Null, &json!({}));
        let answer = federation.peer.call(&tile);
        federation.app.catch_up();
        let page = federation.post(&bob, &answer);
        federation.assert_in(&bob, &page, &json!("a tile"));
        let mallory = federation.app.visitor();
        let again = federation.post(&mallory, &answer);
        federation.assert_refused(&mallory, &again, "saml.replay");
    });
}

#[test]
fn a_tile_is_refused_where_an_admin_said_so() {
    each(&json!({}), "unsolicited = \"refuse\"", |federation| {
        let bob = federation.app.visitor();
        let tile = federation.command(&Value::Null, &json!({}));
        let answer = federation.peer.call(&tile);
        federation.app.catch_up();
        let page = federation.post(&bob, &answer);
        federation.assert_refused(&bob, &page, "saml.unsolicited");
        // Asked for by us, the same identity provider is as good as ever.
        assert!(federation.lets_bob_in(&json!({})));
    });
}
