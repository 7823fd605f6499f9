//! Steps 8 to 11. The hook changes the Signature *before* SignedInfo is signed, so each document here carries a genuine
//! signature over a deviation from the profile: only the rule under test can stop it.

use doorward::saml::SamlProblem;

use super::House;
use crate::idp::{Sign, TestIdp};

/// The code for a Signature in which `from` became `to`, in each place that a signature can have.
fn changed(from: &str, to: &str) -> &'static str {
    let house = House::new();
    let mut codes = [Sign::Assertion, Sign::Response].map(|sign| {
        let (from, to) = (from.to_owned(), to.to_owned());
        house.code(|r| {
            r.sign = sign;
            r.change_signature = Box::new(move |xml| {
                assert!(xml.contains(&from), "{from} is not in {xml}");
                xml.replacen(&from, &to, 1)
            });
        })
    });
    codes.sort_unstable();
    assert_eq!(codes[0], codes[1], "{from} → {to}");
    codes[0]
}

#[test]
fn sha1() {
    assert_eq!(
        changed(
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
        ),
        "saml.sha1"
    );
    assert_eq!(
        changed(
            "http://www.w3.org/2001/04/xmlenc#sha256",
            "http://www.w3.org/2000/09/xmldsig#sha1"
        ),
        "saml.sha1"
    );
}

#[test]
fn a_genuine_sha1_digest() {
    use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
    use base64::Engine;
    let house = House::new();
    // The canonical form of the assertion is what the signed document holds without its signature.
    let code = house.code(|r| {
        let unsigned = house.idp.response(&house.sp, |r| r.sign = Sign::Nothing);
        let doc = bergshamra_xml::uppsala::parse(&unsigned).unwrap();
        let all = doc.descendants(doc.root());
        let node = all
            .into_iter()
            .find(|n| doc.get_attribute(*n, "ID") == Some("_assertion0001"))
            .unwrap();
        let set = bergshamra_xml::NodeSet::tree_without_comments(node, &doc);
        let mode = bergshamra_c14n::C14nMode::Exclusive;
        let bytes = bergshamra_c14n::canonicalize_doc::<&str>(&doc, mode, Some(&set), &[]).unwrap();
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &bytes);
        let value = base64::engine::general_purpose::STANDARD.encode(hash);
        r.change_signature = Box::new(move |xml| {
            let (head, tail) = xml.split_once("<ds:DigestValue>").unwrap();
            let (_, tail) = tail.split_once("</ds:DigestValue>").unwrap();
            let head = head.replace(
                "http://www.w3.org/2001/04/xmlenc#sha256",
                "http://www.w3.org/2000/09/xmldsig#sha1",
            );
            format!("{head}<ds:DigestValue>{value}</ds:DigestValue>{tail}")
        });
    });
    assert_eq!(code, "saml.sha1");
}

#[test]
fn other_algorithms() {
    let rsa = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    for other in ["hmac-sha256", "rsa-md5", "rsa-sha224", "rsa-sha256 "] {
        assert_eq!(
            changed(rsa, &format!("http://www.w3.org/2001/04/xmldsig-more#{other}")),
            "saml.algorithm"
        );
    }
    assert_eq!(
        changed(rsa, "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"),
        "saml.algorithm"
    );
    assert_eq!(changed(rsa, ""), "saml.algorithm");
    let digest = "http://www.w3.org/2001/04/xmlenc#sha256";
    assert_eq!(
        changed(digest, "http://www.w3.org/2001/04/xmldsig-more#md5"),
        "saml.algorithm"
    );
}

#[test]
fn transforms() {
    let exclusive = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
    let xpath = "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><ds:XPath>not(ancestor-or-self::x)</ds:XPath></ds:Transform>";
    let xslt = "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"/>";
    let base64 = "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#base64\"/>";
    let inclusive = "<ds:Transform Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"/>";
    let comments = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#WithComments\"/>";
    for instead in ["", xpath, xslt, base64, inclusive, comments] {
        assert_eq!(changed(exclusive, instead), "saml.transforms", "{instead}");
    }
    assert_eq!(
        changed(exclusive, &format!("{exclusive}{xpath}")),
        "saml.transforms"
    );
    assert_eq!(
        changed(exclusive, &format!("{exclusive}{exclusive}")),
        "saml.transforms"
    );
    let enveloped = "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>";
    assert_eq!(changed(enveloped, ""), "saml.transforms");
    assert_eq!(
        changed(
            &format!("{enveloped}{exclusive}"),
            &format!("{exclusive}{enveloped}")
        ),
        "saml.transforms"
    );
}

#[test]
fn canonicalisation_of_signed_info() {
    let from = "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
    for other in [
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        "",
    ] {
        let to = format!("<ds:CanonicalizationMethod Algorithm=\"{other}\"/>");
        assert_eq!(changed(from, &to), "saml.transforms", "{other}");
    }
}

#[test]
fn references_elsewhere() {
    for id in ["_response0001", "_assertion0001"] {
        let house = House::new();
        let sign = if id == "_response0001" {
            Sign::Response
        } else {
            Sign::Assertion
        };
        for uri in [
            "",
            "#",
            "#other",
            "http://evil.example/x",
            "etc/passwd",
            "cid:x",
            "#xpointer(/)",
            "#xpointer(id('x'))",
        ] {
            let (from, to) = (format!("URI=\"#{id}\""), format!("URI=\"{uri}\""));
            let code = house.code(|r| {
                r.sign = sign;
                r.change_signature = Box::new(move |xml| xml.replace(&from, &to));
            });
            assert_eq!(code, "saml.signature_reference", "{uri}");
        }
    }
}

#[test]
fn a_reference_without_uri() {
    let house = House::new();
    let drop = |xml: String| xml.replace(" URI=\"#_assertion0001\"", "");
    assert_eq!(
        house.code(|r| r.change_signature = Box::new(drop)),
        "saml.signature_reference"
    );
}

#[test]
fn several_references() {
    let double = |xml: String| {
        let from = xml.find("<ds:Reference ").unwrap();
        let to = xml.find("</ds:Reference>").unwrap() + "</ds:Reference>".len();
        format!("{}{}{}", &xml[..to], &xml[from..to], &xml[to..])
    };
    assert_eq!(
        House::new().code(|r| r.change_signature = Box::new(double)),
        "saml.signature_shape"
    );
}

#[test]
fn several_signed_infos() {
    let double = |xml: String| {
        let from = xml.find("<ds:SignedInfo>").unwrap();
        let to = xml.find("</ds:SignedInfo>").unwrap() + "</ds:SignedInfo>".len();
        let forged = xml[from..to].replace("DigestValue>", "DigestValue>AAAA");
        format!("{}{forged}{}", &xml[..to], &xml[to..])
    };
    assert_eq!(
        House::new().code(|r| r.change_signature = Box::new(double)),
        "saml.signature_shape"
    );
    let before = |xml: String| {
        let from = xml.find("<ds:SignedInfo>").unwrap();
        format!("{}<ds:SignedInfo/>{}", &xml[..from], &xml[from..])
    };
    assert_eq!(
        House::new().code(|r| r.change_signed = Box::new(before)),
        "saml.signature_shape"
    );
}

#[test]
fn other_children() {
    let end = "</ds:Signature>";
    assert_eq!(
        changed(end, "<ds:Object/></ds:Signature>"),
        "saml.signature_shape"
    );
    assert_eq!(
        changed(end, "<ds:KeyInfo/></ds:Signature>"),
        "saml.signature_shape"
    );
    assert_eq!(changed(end, "text</ds:Signature>"), "saml.signature_shape");
    assert_eq!(
        changed("<ds:Reference ", "<ds:x/><ds:Reference "),
        "saml.signature_shape"
    );
    assert_eq!(
        changed("<ds:DigestMethod ", "<ds:x/><ds:DigestMethod "),
        "saml.signature_shape"
    );
    let method = "<ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"/>";
    let with_length = method.replace(
        "/>",
        "><ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>",
    );
    assert_eq!(changed(method, &with_length), "saml.signature_shape");
}

#[test]
fn a_digest_value_in_pieces() {
    for inside in ["<!-- x -->", "<![CDATA[]]>", "<ds:x/>"] {
        assert_eq!(
            changed("<ds:DigestValue>", &format!("<ds:DigestValue>{inside}")),
            "saml.signature_shape",
            "{inside}"
        );
    }
}

#[test]
fn a_comment_in_the_digest_value_after_signing() {
    // Canonicalisation drops the comment, so the signature stays genuine while readers may differ.
    let add = |xml: String| xml.replace("<ds:DigestValue>", "<ds:DigestValue>AAAA<!-- -->");
    assert_eq!(
        House::new().code(|r| r.change_signed = Box::new(add)),
        "saml.signature_shape"
    );
    let add = |xml: String| xml.replace("</ds:DigestValue>", "<!-- --></ds:DigestValue>");
    assert_eq!(
        House::new().code(|r| r.change_signed = Box::new(add)),
        "saml.signature_shape"
    );
    let add = |xml: String| xml.replace("</ds:SignatureValue>", "<!-- --></ds:SignatureValue>");
    assert_eq!(
        House::new().code(|r| r.change_signed = Box::new(add)),
        "saml.signature_shape"
    );
}

#[test]
fn changed_content() {
    let house = House::new();
    let eve = |xml: String| {
        xml.replace(
            ">ada@acme.example</saml:NameID>",
            ">eve@acme.example</saml:NameID>",
        )
    };
    for sign in [Sign::Assertion, Sign::Response, Sign::Both] {
        assert_eq!(
            house.code(|r| (r.sign, r.change_signed) = (sign, Box::new(eve))),
            "saml.digest"
        );
    }
    let later = |xml: String| xml.replace("NotOnOrAfter=\"2026", "NotOnOrAfter=\"2036");
    assert_eq!(house.code(|r| r.change_signed = Box::new(later)), "saml.digest");
}

#[test]
fn the_inner_signature_must_hold_too() {
    // The attacker has one genuine signature over a Response and puts a broken one into its assertion: the outer one
    // is made after it, so only checking *both* stops this.
    let house = House::new();
    let code = house.code(|r| {
        r.sign = Sign::Response;
        let other = TestIdp::new("evil").response(&house.sp, |_| {});
        let from = other.find("<ds:Signature ").unwrap();
        let to = other.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
        let foreign = other[from..to].to_owned();
        r.change_unsigned = Box::new(move |xml| xml.replace("[[assertion-signature]]", &foreign));
    });
    assert_ne!(code, "accepted");
    assert!(
        ["saml.digest", "saml.signature_untrusted"].contains(&code),
        "{code}"
    );
}

#[test]
fn every_signature_is_judged_before_any_is_processed() {
    // The outer signature has the right form and a right digest, which takes no key. The library must still never see
    // the inner one, which would make it read a file or run a transformation.
    let house = House::new();
    let evil = TestIdp {
        entity_id: house.idp.entity_id.clone(),
        ..TestIdp::new("evil")
    };
    let inner = |from: &'static str, to: &'static str| {
        let xml = evil.response(&house.sp, |r| {
            r.sign = Sign::Both;
            r.change_signature = Box::new(move |xml| {
                if xml.contains("#_assertion0001") {
                    xml.replacen(from, to, 1)
                } else {
                    xml
                }
            });
        });
        house.verify(&xml).unwrap_err().code()
    };
    assert_eq!(
        inner("URI=\"#_assertion0001\"", "URI=\"Cargo.toml\""),
        "saml.signature_reference"
    );
    let enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
    assert_eq!(
        inner(enveloped, "http://www.w3.org/TR/1999/REC-xslt-19991116"),
        "saml.transforms"
    );
    assert_eq!(inner("rsa-sha256", "hmac-sha256"), "saml.algorithm");
}

#[test]
fn the_hash_of_nothing() {
    // CVE-2025-66568: an error while canonicalising hashed as the empty string.
    let empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let house = House::new();
    let code = house.code(|r| {
        r.change_signature = Box::new(move |xml| {
            let (head, tail) = xml.split_once("<ds:DigestValue>").unwrap();
            let (_, tail) = tail.split_once("</ds:DigestValue>").unwrap();
            format!("{head}<ds:DigestValue>{empty}</ds:DigestValue>{tail}")
        });
    });
    assert_eq!(code, "saml.digest");
}

#[test]
fn changed_signature_value() {
    let house = House::new();
    let flip = |xml: String| {
        let (head, tail) = xml.split_once("<ds:SignatureValue>").unwrap();
        let other = if tail.starts_with('A') { "B" } else { "A" };
        format!("{head}<ds:SignatureValue>{other}{}", &tail[1..])
    };
    assert_eq!(
        house.code(|r| r.change_signed = Box::new(flip)),
        "saml.signature_value"
    );
    assert_eq!(
        house.code(|r| (r.change_signed, r.key_info) = (Box::new(flip), false)),
        "saml.signature_untrusted"
    );
}

#[test]
fn the_key_never_comes_from_the_message() {
    let house = House::new();
    let evil = TestIdp {
        entity_id: house.idp.entity_id.clone(),
        ..TestIdp::new("evil")
    };
    for sign in [Sign::Assertion, Sign::Response, Sign::Both] {
        let result = house.verify(&evil.response(&house.sp, |r| r.sign = sign));
        let Err(SamlProblem::Untrusted { claimed, trusted }) = result else {
            panic!("{result:?}")
        };
        assert_eq!(claimed.as_ref(), Some(&evil.certificate().fingerprint));
        assert_eq!(trusted, [house.idp.certificate().fingerprint.clone()]);
    }
}

#[test]
fn naming_the_trusted_certificate_does_not_help() {
    let house = House::new();
    let evil = TestIdp {
        entity_id: house.idp.entity_id.clone(),
        ..TestIdp::new("evil")
    };
    let (theirs, ours) = (
        evil.certificate().to_base64(),
        house.idp.certificate().to_base64(),
    );
    let xml = evil.response(&house.sp, |r| {
        r.change_signature = Box::new(move |xml| xml.replace(&theirs, &ours));
    });
    assert_eq!(house.verify(&xml).unwrap_err().code(), "saml.signature_value");
}

#[test]
fn other_key_info_is_ignored() {
    let house = House::new();
    let evil = TestIdp {
        entity_id: house.idp.entity_id.clone(),
        ..TestIdp::new("evil")
    };
    let infos = [
        "<ds:KeyInfo><ds:KeyName>acme</ds:KeyName></ds:KeyInfo>",
        "<ds:KeyInfo><ds:RetrievalMethod URI=\"http://evil.example/key\"/></ds:KeyInfo>",
        "<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>",
    ];
    for info in infos {
        let xml = evil.response(&house.sp, |r| {
            r.key_info = false;
            r.change_signature =
                Box::new(move |xml| xml.replace("</ds:Signature>", &format!("{info}</ds:Signature>")));
        });
        assert_eq!(house.verify(&xml).unwrap_err().code(), "saml.signature_untrusted");
    }
}

#[test]
fn a_foreign_key_beside_the_trusted_certificate_is_ignored() {
    use base64::Engine;
    let house = House::new();
    let evil = TestIdp {
        entity_id: house.idp.entity_id.clone(),
        ..TestIdp::new("evil")
    };
    let (_, x509) = x509_parser::parse_x509_certificate(&evil.certificate().der).unwrap();
    let x509_parser::public_key::PublicKey::RSA(rsa) = x509.public_key().parsed().unwrap() else {
        panic!("an RSA key")
    };
    let base64 = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let value = format!(
        "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{}</ds:Modulus><ds:Exponent>{}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>",
        base64(&rsa.modulus[1..]),
        base64(rsa.exponent)
    );
    let certificate = format!(
        "<ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data>",
        house.idp.certificate().to_base64()
    );
    for info in [format!("{value}{certificate}"), format!("{certificate}{value}")] {
        let xml = evil.response(&house.sp, |r| {
            r.key_info = false;
            r.change_signature = Box::new(move |xml| {
                xml.replace(
                    "</ds:Signature>",
                    &format!("<ds:KeyInfo>{info}</ds:KeyInfo></ds:Signature>"),
                )
            });
        });
        assert_eq!(house.verify(&xml).unwrap_err().code(), "saml.signature_value");
    }
}

#[test]
fn an_ec_key_does_not_verify_under_an_rsa_name() {
    let house = House::new();
    let ec = TestIdp::with("acme", crate::idp::Algorithm::EcdsaSha256);
    assert_eq!(
        house.verify(&ec.response(&house.sp, |_| {})).unwrap_err().code(),
        "saml.signature_untrusted"
    );
}
