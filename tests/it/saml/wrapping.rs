//! Signature wrapping, XSW1 to XSW8 of the SAML Raider set, each against a signed Response, a signed assertion and
//! both: twenty-four documents and no way in.
//!
//! In each, the signed element is kept somewhere whole, so its digest and signature hold, and a forged copy stands where
//! a careless reader looks.

use super::House;
use crate::idp::Sign;

/// The parts of a signed Response as text.
struct Pieces {
    /// From `<saml:Assertion` to its end, signature included when it has one.
    assertion: String,
    /// The whole document.
    response: String,
}

const RESPONSE_END: &str = "</samlp:Response>";
const SIGNATURE_END: &str = "</ds:Signature>";

fn pieces(house: &House, sign: Sign) -> Pieces {
    let response = house.idp.response(&house.sp, |r| r.sign = sign);
    Pieces {
        assertion: between(&response, "<saml:Assertion ", "</saml:Assertion>"),
        response,
    }
}

fn between(text: &str, from: &str, to: &str) -> String {
    let start = text.find(from).unwrap();
    let end = text[start..].find(to).unwrap() + start + to.len();
    text[start..end].to_owned()
}

/// `element` without the first signature in it.
fn unsigned(element: &str) -> String {
    if element.contains("<ds:Signature ") {
        element.replacen(&signature(element), "", 1)
    } else {
        element.to_owned()
    }
}

fn signature(element: &str) -> String {
    between(element, "<ds:Signature ", SIGNATURE_END)
}

/// The attacker's version: another person, other IDs.
fn forged(element: &str) -> String {
    element
        .replace("ada@", "eve@")
        .replace("ID=\"_assertion0001\"", "ID=\"_evil1\"")
        .replace("ID=\"_response0001\"", "ID=\"_evil2\"")
}

fn insert_before(text: &str, mark: &str, new: &str) -> String {
    let at = text.rfind(mark).unwrap();
    format!("{}{new}{}", &text[..at], &text[at..])
}

/// The document of attack `number`.
fn attack(number: u8, pieces: &Pieces) -> String {
    let Pieces { assertion, response } = pieces;
    let evil = forged(&unsigned(assertion));
    match number {
        // A forged Response keeps the signature, which holds or precedes the original Response.
        1 | 2 => {
            let outer = forged(&response.replace(&signature(response), "[[here]]"));
            let original = unsigned(response);
            let signature = signature(response);
            if number == 1 {
                outer.replace("[[here]]", &insert_before(&signature, SIGNATURE_END, &original))
            } else {
                outer.replace("[[here]]", &format!("{original}{signature}"))
            }
        }
        // A forged assertion before the original; around the original.
        3 => response.replace(assertion.as_str(), &format!("{evil}{assertion}")),
        4 => response.replace(
            assertion.as_str(),
            &insert_before(&evil, "</saml:Assertion>", assertion),
        ),
        // The forged assertion keeps the signature; the original stands at the end, or inside the signature.
        5 | 6 => {
            let signature = signature(response);
            let original = unsigned(assertion);
            let carrier = |signature: &str| {
                let at = evil.find("<saml:Subject>").unwrap();
                format!("{}{signature}{}", &evil[..at], &evil[at..])
            };
            let base = response
                .replace(&signature, "")
                .replace(&original, "[[here]]")
                .replace(assertion.as_str(), "[[here]]");
            if number == 5 {
                insert_before(
                    &base.replace("[[here]]", &carrier(&signature)),
                    RESPONSE_END,
                    &original,
                )
            } else {
                base.replace(
                    "[[here]]",
                    &carrier(&insert_before(&signature, SIGNATURE_END, &original)),
                )
            }
        }
        // The forged assertion inside Extensions, before the original.
        7 => response.replace(
            assertion.as_str(),
            &format!("<samlp:Extensions>{evil}</samlp:Extensions>{assertion}"),
        ),
        // The original in an Object of the signature, which the forged assertion carries.
        _ => {
            let signature = signature(response);
            let original = unsigned(assertion);
            let holder = insert_before(
                &signature,
                SIGNATURE_END,
                &format!("<ds:Object>{original}</ds:Object>"),
            );
            let at = evil.find("<saml:Subject>").unwrap();
            let carrier = format!("{}{holder}{}", &evil[..at], &evil[at..]);
            let base = response.replace(&signature, "").replace(&original, "[[here]]");
            base.replace(assertion.as_str(), "[[here]]")
                .replace("[[here]]", &carrier)
        }
    }
}

#[test]
fn twenty_four_documents_and_no_way_in() {
    let house = House::new();
    for sign in [Sign::Response, Sign::Assertion, Sign::Both] {
        let pieces = pieces(&house, sign);
        for number in 1..=8 {
            let xml = attack(number, &pieces);
            assert!(xml.contains("eve@"), "XSW{number} {sign:?} forges nothing");
            bergshamra_xml::uppsala::parse(&xml).unwrap_or_else(|e| panic!("XSW{number} {sign:?}: {e}"));
            let result = house.verify(&xml);
            // The count of assertions is what stops them; nothing later is needed.
            assert_eq!(
                result.unwrap_err().code(),
                "saml.one_assertion",
                "XSW{number} {sign:?}"
            );
        }
    }
}

/// Wrapping that leaves one assertion in sight, so that the count does not stop it.
mod with_one_assertion {
    use super::*;

    #[test]
    fn the_original_under_another_name() {
        // The original is not called Assertion any more: its ID still resolves, its digest does not hold.
        let house = House::new();
        let Pieces { assertion, response } = pieces(&house, Sign::Assertion);
        let renamed = unsigned(&assertion).replace("saml:Assertion", "saml:Advice");
        let evil = forged(&assertion);
        let xml = response.replace(&assertion, &format!("{evil}{renamed}"));
        assert_eq!(house.verify(&xml).unwrap_err().code(), "saml.signature_reference");
    }

    #[test]
    fn the_same_id_twice() {
        let house = House::new();
        let Pieces { assertion, response } = pieces(&house, Sign::Assertion);
        let renamed = unsigned(&assertion).replace("saml:Assertion", "saml:Advice");
        let evil = assertion.replace("ada@", "eve@");
        let xml = response.replace(&assertion, &format!("{evil}{renamed}"));
        assert_eq!(house.verify(&xml).unwrap_err().code(), "saml.ids");
    }

    #[test]
    fn the_signature_of_a_part() {
        // A genuine signature over something harmless, moved below the assertion.
        let house = House::new();
        let Pieces { assertion, response } = pieces(&house, Sign::Assertion);
        let evil = unsigned(&assertion).replace("ada@", "eve@");
        let at = response.find("<samlp:Status>").unwrap();
        let moved = response.replace(&assertion, &evil);
        let moved = format!("{}{}{}", &moved[..at], signature(&assertion), &moved[at..]);
        assert_eq!(
            house.verify(&moved).unwrap_err().code(),
            "saml.signature_reference"
        );
    }

    #[test]
    fn a_signed_response_inside_another() {
        // The outer Response has no signature of its own and one forged assertion; the signed one has lost its own.
        let house = House::new();
        let signed = house.idp.response(&house.sp, |r| {
            (r.sign, r.with_assertion) = (Sign::Response, false)
        });
        let forged = house.idp.response(&house.sp, |r| {
            (r.sign, r.id, r.name_id) = (Sign::Nothing, "_outer".into(), "eve@acme.example".into());
            r.extensions = format!("<samlp:Extensions>{signed}</samlp:Extensions>");
        });
        assert_eq!(house.verify(&forged).unwrap_err().code(), "saml.signature_place");
    }

    #[test]
    fn a_look_alike_signature_first() {
        // CVE-2024-45409: a second DigestValue where a careless search finds it first.
        let house = House::new();
        let detail = "<samlp:StatusDetail><ds:DigestValue xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">AAAA</ds:DigestValue></samlp:StatusDetail>";
        let Pieces { assertion, .. } = pieces(&house, Sign::Assertion);
        let evil = assertion.replace("ada@", "eve@");
        let xml = house.idp.response(&house.sp, |r| r.status_detail = detail.into());
        let xml = xml.replace(&between(&xml, "<saml:Assertion ", "</saml:Assertion>"), &evil);
        assert_eq!(house.verify(&xml).unwrap_err().code(), "saml.digest");
    }
}
