//! Steps 1 to 7 and 12: what the document may look like, and what the assertion must hold.

use doorward::saml::decode_post;

use super::House;
use crate::idp::{NOW, Sign, TestIdp};

#[test]
fn the_root_is_a_response() {
    let house = House::new();
    let rename = |xml: String| xml.replace("samlp:Response", "samlp:ArtifactResponse");
    assert_eq!(
        house.code(|r| r.change_unsigned = Box::new(rename)),
        "saml.response"
    );
    let look_alike = |xml: String| xml.replace("SAML:2.0:protocol\"", "SAML:2.0:protocol \"");
    assert_eq!(
        house.code(|r| r.change_unsigned = Box::new(look_alike)),
        "saml.response"
    );
}

#[test]
fn versions() {
    let house = House::new();
    assert_eq!(house.code(|r| r.version = "1.1"), "saml.response");
    assert_eq!(
        house.code(|r| r.assertion_version = "1.1"),
        "saml.assertion_shape"
    );
}

#[test]
fn every_id_is_unique() {
    let house = House::new();
    // `Extensions` is outside the signed assertion, so the signature stays genuine.
    for name in ["ID", "Id", "id", "AssertionID"] {
        let twin = format!(
            "<samlp:Extensions><x:y xmlns:x=\"urn:x\" {name}=\"_assertion0001\"/></samlp:Extensions>"
        );
        assert_eq!(house.code(|r| r.extensions = twin), "saml.ids", "{name}");
    }
}

#[test]
fn every_id_is_a_plain_name_in_no_namespace() {
    let house = House::new();
    for attribute in [
        "xml:id=\"_x\"",
        "xmlns:w=\"urn:w\" w:Id=\"_x\"",
        "ID=\"1x\"",
        "ID=\"a b\"",
        "ID=\"\"",
        "ID=\"#x\"",
    ] {
        let element = format!("<samlp:Extensions><x:y xmlns:x=\"urn:x\" {attribute}/></samlp:Extensions>");
        assert_eq!(house.code(|r| r.extensions = element), "saml.ids", "{attribute}");
    }
}

#[test]
fn two_assertions_in_any_order() {
    let house = House::new();
    let good = house.idp.response(&house.sp, |_| {});
    let from = good.find("<saml:Assertion ").unwrap();
    let to = good.find("</saml:Assertion>").unwrap() + "</saml:Assertion>".len();
    let forged = good[from..to]
        .replace("_assertion0001", "_forged")
        .replace("ada@", "eve@");
    let start = forged.find("<ds:Signature").unwrap();
    let end = forged.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let forged = format!("{}{}", &forged[..start], &forged[end..]);
    for xml in [
        format!("{}{forged}{}", &good[..from], &good[from..]),
        format!("{}{forged}{}", &good[..to], &good[to..]),
    ] {
        assert_eq!(house.verify(&xml).unwrap_err().code(), "saml.one_assertion");
    }
}

#[test]
fn two_assertions_both_under_one_genuine_signature() {
    let house = House::new();
    let double = |xml: String| {
        let from = xml.find("<saml:Assertion ").unwrap();
        let to = xml.find("</saml:Assertion>").unwrap() + "</saml:Assertion>".len();
        let twin = xml[from..to].replace("_assertion0001", "_assertion0002");
        format!("{}{twin}{}", &xml[..to], &xml[to..])
    };
    let code = house.code(|r| (r.sign, r.change_unsigned) = (Sign::Response, Box::new(double)));
    assert_eq!(code, "saml.one_assertion");
}

#[test]
fn no_assertion() {
    let house = House::new();
    assert_eq!(
        house.code(|r| (r.with_assertion, r.sign) = (false, Sign::Response)),
        "saml.one_assertion"
    );
}

#[test]
fn an_assertion_hidden_anywhere() {
    let house = House::new();
    let hidden = "<saml:Assertion ID=\"_hidden\" Version=\"2.0\"/>";
    let inside = format!("<samlp:Extensions>{hidden}</samlp:Extensions>");
    assert_eq!(house.code(|r| r.extensions = inside), "saml.one_assertion");
    let detail = format!("<samlp:StatusDetail>{hidden}</samlp:StatusDetail>");
    assert_eq!(house.code(|r| r.status_detail = detail), "saml.one_assertion");
    let advice = format!("<saml:Advice>{hidden}</saml:Advice>");
    assert_eq!(house.code(|r| r.assertion_extra = advice), "saml.one_assertion");
    // A look-alike in another namespace, and the older SAML 1.1 one.
    let foreign = "<samlp:Extensions><x:Assertion xmlns:x=\"urn:oasis:names:tc:SAML:1.0:assertion\"/></samlp:Extensions>";
    assert_eq!(
        house.code(|r| r.extensions = foreign.into()),
        "saml.one_assertion"
    );
}

#[test]
fn an_assertion_that_is_not_a_child_of_the_response() {
    let house = House::new();
    let deeper = |xml: String| {
        xml.replace("<saml:Assertion ", "<samlp:Extensions><saml:Assertion ")
            .replace("</saml:Assertion>", "</saml:Assertion></samlp:Extensions>")
    };
    assert_eq!(
        house.code(|r| r.change_signed = Box::new(deeper)),
        "saml.one_assertion"
    );
}

#[test]
fn an_encrypted_assertion_beside_a_signed_one() {
    let house = House::new();
    let add = |xml: String| xml.replace("</samlp:Response>", "<saml:EncryptedAssertion/></samlp:Response>");
    assert_eq!(
        house.code(|r| r.change_signed = Box::new(add)),
        "saml.one_assertion"
    );
}

#[test]
fn a_signature_elsewhere() {
    let house = House::new();
    let signature = "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo><ds:Reference URI=\"#_assertion0001\"><ds:DigestValue>AAAA</ds:DigestValue></ds:Reference></ds:SignedInfo></ds:Signature>";
    for sign in [Sign::Assertion, Sign::Response, Sign::Both] {
        let detail = format!("<samlp:StatusDetail>{signature}</samlp:StatusDetail>");
        assert_eq!(
            house.code(|r| (r.sign, r.status_detail) = (sign, detail)),
            "saml.signature_place"
        );
        let extensions = format!("<samlp:Extensions>{signature}</samlp:Extensions>");
        assert_eq!(
            house.code(|r| (r.sign, r.extensions) = (sign, extensions)),
            "saml.signature_place"
        );
        let advice = format!("<saml:Advice>{signature}</saml:Advice>");
        assert_eq!(
            house.code(|r| (r.sign, r.assertion_extra) = (sign, advice)),
            "saml.signature_place"
        );
    }
}

#[test]
fn a_second_signature_in_the_right_place() {
    let house = House::new();
    let twice = |xml: String| {
        let from = xml.find("<ds:Signature ").unwrap();
        let to = xml.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
        format!("{}{}{}", &xml[..to], &xml[from..to], &xml[to..])
    };
    for sign in [Sign::Assertion, Sign::Response] {
        assert_eq!(
            house.code(|r| (r.sign, r.change_signed) = (sign, Box::new(twice))),
            "saml.signature_place"
        );
    }
}

#[test]
fn a_signature_in_a_look_alike_namespace_counts_for_nothing() {
    let house = House::new();
    let rename = |xml: String| xml.replace("2000/09/xmldsig#\"", "2000/09/xmldsig\"");
    assert_eq!(
        house.code(|r| r.change_signed = Box::new(rename)),
        "saml.signature_place"
    );
}

#[test]
fn nothing_signed() {
    assert_eq!(House::new().code(|r| r.sign = Sign::Nothing), "saml.not_signed");
}

#[test]
fn no_certificate_is_no_entry() {
    let mut house = House::new();
    house.trusted = doorward::saml::TrustedKeys::new(&[]);
    for sign in [Sign::Assertion, Sign::Response, Sign::Both] {
        assert_eq!(house.code(|r| r.sign = sign), "saml.no_certificate");
    }
    assert_eq!(house.code(|r| r.sign = Sign::Nothing), "saml.not_signed");
}

#[test]
fn comments_do_not_cut_a_name_id() {
    let house = House::new();
    for sign in [Sign::Assertion, Sign::Response] {
        for name in [
            "ada@acme.example<!---->.evil.example",
            "ada@acme.example<!-- x --><![CDATA[.evil.example]]>",
        ] {
            let assertion = house
                .answer(|r| (r.sign, r.name_id) = (sign, name.into()))
                .unwrap();
            assert_eq!(assertion.name_id.value, "ada@acme.example.evil.example");
        }
    }
    // A comment that is put in after signing changes nothing that is signed, so nothing that is read.
    let after = |xml: String| {
        xml.replace(
            "ada@acme.example</saml:NameID>",
            "ada<!-- x -->@acme.example</saml:NameID>",
        )
    };
    let assertion = house.answer(|r| r.change_signed = Box::new(after)).unwrap();
    assert_eq!(assertion.name_id.value, "ada@acme.example");
}

#[test]
fn instructions_are_refused() {
    let house = House::new();
    assert_eq!(
        house.code(|r| r.name_id = "ada<?x y?>@acme.example".into()),
        "saml.xml"
    );
}

#[test]
fn required_parts_of_the_assertion() {
    let house = House::new();
    let raw = |raw: &str| {
        let raw = raw.to_owned();
        house.code(|r| r.raw_name_id = Some(raw))
    };
    assert_eq!(raw(""), "saml.assertion_shape");
    assert_eq!(raw("<saml:NameID/>"), "saml.assertion_shape");
    assert_eq!(
        raw("<saml:NameID>a</saml:NameID><saml:NameID>b</saml:NameID>"),
        "saml.assertion_shape"
    );
    assert_eq!(
        raw("<saml:NameID>a<saml:b>c</saml:b></saml:NameID>"),
        "saml.assertion_shape"
    );
    assert_eq!(raw("<saml:EncryptedID/>"), "saml.assertion_shape");
    assert_eq!(
        raw(&format!("<saml:NameID>{}</saml:NameID>", "x".repeat(1_025))),
        "saml.assertion_shape"
    );
    assert_eq!(
        house.code(|r| r.with_authn_statement = false),
        "saml.assertion_shape"
    );
    let bad_date = |xml: String| xml.replace(&NOW.rfc3339(), "yesterday");
    assert_eq!(
        house.code(|r| r.change_unsigned = Box::new(bad_date)),
        "saml.assertion_shape"
    );
    let two = |xml: String| xml.replace("<saml:Conditions", "<saml:Subject/><saml:Conditions");
    assert_eq!(
        house.code(|r| r.change_unsigned = Box::new(two)),
        "saml.assertion_shape"
    );
    let two = |xml: String| xml.replace("<saml:Conditions", "<saml:Conditions/><saml:Conditions");
    assert_eq!(
        house.code(|r| r.change_unsigned = Box::new(two)),
        "saml.assertion_shape"
    );
}

#[test]
fn nested_attribute_values_are_refused() {
    let house = House::new();
    let nested = "<saml:AttributeValue>eve@acme.example</saml:AttributeValue>";
    let code = house.code(|r| r.attributes = vec![("email".into(), vec![nested.into()])]);
    assert_eq!(code, "saml.assertion_shape");
}

#[test]
fn only_what_is_signed_is_read() {
    let house = House::new();
    // The Response is unsigned: attributes around the assertion are nobody's word.
    let smuggled = "<samlp:Extensions><saml:AttributeStatement><saml:Attribute Name=\"role\"><saml:AttributeValue>owner</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></samlp:Extensions>";
    let assertion = house.answer(|r| r.extensions = smuggled.into()).unwrap();
    assert!(assertion.attributes.iter().all(|a| a.name != "role"));
}

#[test]
fn decoding_the_form_field() {
    let house = House::new();
    let field = house.idp.response_field(&house.sp, |_| {});
    let plain = decode_post(&field).unwrap();
    let lines: Vec<&str> = field
        .as_bytes()
        .chunks(76)
        .map(|c| std::str::from_utf8(c).unwrap())
        .collect();
    assert_eq!(decode_post(&lines.join("\r\n")).unwrap(), plain);
    assert_eq!(decode_post("not base64!").unwrap_err().code(), "saml.encoding");
    assert_eq!(decode_post(&"A".repeat(400_000)).unwrap_err().code(), "saml.size");
}

#[test]
fn peeking_says_what_is_claimed() {
    let house = House::new();
    let xml = house.idp.response(&house.sp, |r| {
        (r.sign, r.in_response_to) = (Sign::Nothing, Some("_r".into()))
    });
    let peek = doorward::saml::peek(xml.as_bytes()).unwrap();
    assert_eq!(peek.response_id.as_deref(), Some("_response0001"));
    assert_eq!(peek.in_response_to.as_deref(), Some("_r"));
    assert_eq!(peek.issuer.as_ref(), Some(&house.idp.entity_id));
    assert_eq!(peek.assertion_issuer.as_ref(), Some(&house.idp.entity_id));
    assert_eq!(peek.destination.as_ref(), Some(&house.sp.acs_url));
    assert!(doorward::saml::peek(b"nonsense").is_err());
}

#[test]
fn another_idp_signs_for_itself_only() {
    // The attacker runs a real IdP with a real key, which this connection does not trust.
    let house = House::new();
    let foreign = TestIdp::new("evil");
    let xml = foreign.response(&house.sp, |r| {
        (r.issuer, r.assertion_issuer) = (
            Some(house.idp.entity_id.clone()),
            Some(house.idp.entity_id.clone()),
        );
    });
    assert_eq!(house.verify(&xml).unwrap_err().code(), "saml.signature_untrusted");
}
