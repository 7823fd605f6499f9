//! What must work: every algorithm, both places for a signature, unusual prefixes and white space.

use doorward::model::time::MINUTE;
use doorward::saml::DEFAULT_SKEW_MILLIS;

use super::House;
use crate::idp::{Algorithm, NOW, Prefixes, Sign, TestIdp};

#[test]
fn a_plain_response_gives_everything_it_says() {
    let house = House::new();
    let assertion = house.answer(|_| {}).unwrap();
    assert_eq!(assertion.id, "_assertion0001");
    assert_eq!(assertion.issuer, house.idp.entity_id);
    assert_eq!(assertion.name_id.value, "ada@acme.example");
    assert_eq!(
        assertion.name_id.format,
        "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
    );
    let names: Vec<_> = assertion.attributes.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["email", "firstName", "lastName", "groups"]);
    assert_eq!(assertion.attributes[3].values, ["Engineering", "Everyone"]);
    assert_eq!(assertion.session_index.as_deref(), Some("_session0001"));
    assert_eq!(assertion.authn_instant, NOW.minus(MINUTE));
    assert_eq!(
        assertion.not_on_or_after,
        NOW.plus(5 * MINUTE + DEFAULT_SKEW_MILLIS)
    );
    assert_eq!(assertion.in_response_to, None);
    assert_eq!(
        assertion.authn_context.as_deref(),
        Some("urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport")
    );
    assert_eq!(assertion.signed_by, house.idp.certificate().fingerprint);
    assert!(!assertion.encrypted);
}

#[test]
fn every_algorithm_in_every_place() {
    for algorithm in Algorithm::ALL {
        let house = House::with(TestIdp::with("acme", algorithm));
        for sign in [Sign::Assertion, Sign::Response, Sign::Both] {
            let result = house.answer(|r| r.sign = sign);
            assert!(result.is_ok(), "{algorithm:?} {sign:?}: {result:?}");
        }
    }
}

#[test]
fn unusual_prefixes_and_white_space() {
    let house = House::new();
    let all = [
        Prefixes {
            protocol: "saml2p",
            assertion: "saml2",
            signature: "ds",
        },
        Prefixes {
            protocol: "",
            assertion: "a",
            signature: "",
        },
        Prefixes {
            protocol: "p",
            assertion: "",
            signature: "dsig",
        },
        Prefixes {
            protocol: "ds",
            assertion: "samlp",
            signature: "saml",
        },
    ];
    for prefixes in all {
        for sign in [Sign::Assertion, Sign::Response, Sign::Both] {
            for pretty in [false, true] {
                let result = house.answer(|r| (r.prefixes, r.sign, r.pretty) = (prefixes, sign, pretty));
                assert!(
                    result.is_ok(),
                    "{prefixes:?} {sign:?} pretty {pretty}: {result:?}"
                );
            }
        }
    }
}

#[test]
fn a_declaration_a_byte_order_mark_and_a_prefix_list() {
    let house = House::new();
    let xml = house.idp.response(&house.sp, |r| r.inclusive = Some("saml xs"));
    assert!(house.verify(&xml).is_ok());
    assert!(
        house
            .verify(&format!(
                "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{xml}"
            ))
            .is_ok()
    );
}

#[test]
fn a_signature_value_may_have_line_breaks() {
    let house = House::new();
    let broken = |xml: String| {
        let (head, tail) = xml.split_once("<ds:SignatureValue>").unwrap();
        let (value, tail) = tail.split_once("</ds:SignatureValue>").unwrap();
        let lines: Vec<&str> = value
            .as_bytes()
            .chunks(76)
            .map(|c| std::str::from_utf8(c).unwrap())
            .collect();
        format!(
            "{head}<ds:SignatureValue>\n{}&#13;\n</ds:SignatureValue>{tail}",
            lines.join("\n")
        )
    };
    let result = house.answer(|r| r.change_signed = Box::new(broken));
    assert!(result.is_ok(), "{result:?}");
}

#[test]
fn a_second_pinned_certificate_is_for_rolling_over() {
    let mut house = House::new();
    let next = TestIdp::new("acme-next-key");
    let both = [next.certificate().clone(), house.idp.certificate().clone()];
    house.trusted = doorward::saml::TrustedKeys::new(&both);
    assert_eq!(
        house.answer(|_| {}).unwrap().signed_by,
        house.idp.certificate().fingerprint
    );
    house.idp.key = next.key.clone();
    assert_eq!(
        house.answer(|_| {}).unwrap().signed_by,
        next.certificate().fingerprint
    );
}

#[test]
fn several_attribute_elements_with_one_name_are_one_attribute() {
    let house = House::new();
    let assertion = house
        .answer(|r| {
            r.attributes = vec![
                ("groups".to_owned(), vec!["a".to_owned()]),
                ("x".to_owned(), vec![]),
                ("groups".to_owned(), vec!["b".to_owned(), "c".to_owned()]),
            ];
        })
        .unwrap();
    assert_eq!(assertion.attributes[0].values, ["a", "b", "c"]);
    assert_eq!(assertion.attributes.len(), 2);
}

#[test]
fn a_response_without_an_issuer_when_only_the_assertion_is_signed() {
    let house = House::new();
    assert!(house.answer(|r| r.issuer = None).is_ok());
    assert_eq!(
        house.code(|r| (r.issuer, r.sign) = (None, Sign::Response)),
        "saml.issuer"
    );
}
