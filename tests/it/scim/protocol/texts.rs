//! Random JSON as text: what says one thing is read as it is, everything else is refused.

use doorward::scim::json as scim_json;
use proptest::prelude::*;
use serde_json::{Value, json};

/// JSON whose keys differ in any case.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1_000_i32..1_000).prop_map(|n| json!(f64::from(n) / 8.0)),
        "[^\u{0}]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-z$]{0,4}", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn refused(text: &[u8]) -> bool {
    scim_json::read(text).is_err_and(|problem| {
        problem.status == 400 && problem.kind.is_some_and(|kind| kind.key() == "invalidSyntax")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_says_one_thing_is_read_as_it_is(value in value()) {
        let body = json!({ "x": value });
        let text = body.to_string();
        prop_assert_eq!(scim_json::read(text.as_bytes()), Ok(body));
        // Cut off anywhere, or with more behind it, it says nothing.
        for end in (0..text.len()).step_by(1 + text.len() / 20) {
            prop_assert!(refused(&text.as_bytes()[..end]), "{}", &text);
        }
        for more in ["{}", "x", ",", "]", "\u{0}"] {
            prop_assert!(refused(format!("{text}{more}").as_bytes()), "{text}{more}");
        }
    }

    #[test]
    fn what_is_hidden_inside_is_found(value in value(), depth in 1_usize..20, at in 0_usize..7) {
        let bad = [
            "1e400", "-1e999", "\"\\u0000\"", "\"\\ud83d\"", "\"\\ude00 x\"", "{\"k\":1,\"K\":2}", "{\"\\u00e9\":1,\"\\u00c9\":2}",
        ][at];
        let text = format!("{{\"a\":{value},\"b\":{}{bad}{}}}", "[".repeat(depth), "]".repeat(depth));
        prop_assert!(refused(text.as_bytes()), "{text}");
    }

    #[test]
    fn depth_has_its_limit(depth in 1_usize..70, list in any::<bool>()) {
        let (open, close) = if list { ("[", "]") } else { ("{\"a\":", "}") };
        let text = format!("{{\"x\":{}1{}}}", open.repeat(depth), close.repeat(depth));
        prop_assert_eq!(scim_json::read(text.as_bytes()).is_ok(), depth < 32, "{}", depth);
        prop_assert_eq!(refused(text.as_bytes()), depth >= 32);
    }

    #[test]
    fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(value) = scim_json::read(&bytes) {
            prop_assert!(value.is_object());
        }
    }
}
