//! Clocks that differ: a little is borne, more is refused with both times.

use doorward::model::time::MINUTE;
use serde_json::{Value, json};

use super::each;

#[test]
fn a_peer_whose_clock_is_a_little_wrong_is_understood() {
    each(&json!({}), "unsolicited = \"accept\"", |federation| {
        for seconds in [-90, 0, 90] {
            let bob = federation.app.visitor();
            let command = federation.command(&Value::Null, &json!({ "now_offset_seconds": seconds }));
            let answer = federation.peer.call(&command);
            federation.app.catch_up();
            let page = federation.post(&bob, &answer);
            federation.assert_in(&bob, &page, &json!({ "now_offset_seconds": seconds }));
        }
    });
}

#[test]
fn a_peer_whose_clock_is_an_hour_wrong_is_refused_with_the_difference() {
    each(&json!({}), "unsolicited = \"accept\"", |federation| {
        for (seconds, code, words) in [
            (3600, "saml.not_yet_valid", "ahead of our clock"),
            (-3600, "saml.expired", "behind our clock"),
        ] {
            let bob = federation.app.visitor();
            let command = federation.command(&Value::Null, &json!({ "now_offset_seconds": seconds }));
            let answer = federation.peer.call(&command);
            federation.app.catch_up();
            let page = federation.post(&bob, &answer);
            let received = federation
                .assert_refused(&bob, &page, code)
                .received
                .expect("a time");
            assert!(received.contains(words), "{received}");
        }
    });
}

#[test]
fn our_own_clock_may_be_moved_between_question_and_answer() {
    each(&json!({}), "", |federation| {
        for (minutes, code) in [(9, "saml.expired"), (-5, "saml.not_yet_valid")] {
            let bob = federation.app.visitor();
            let asked = federation.ask(&bob);
            let command = federation.command(&asked, &json!({}));
            let answer = federation.peer.call(&command);
            federation.app.catch_up();
            federation.app.forward(minutes * MINUTE);
            let page = federation.post(&bob, &answer);
            federation.assert_refused(&bob, &page, code);
        }
    });
}
