//! Encrypted assertions: what opens, and that encryption proves nothing about who sent it.

use std::sync::OnceLock;

use doorward::saml::{SamlProblem, SpKey};

use super::House;
use crate::idp::{Encrypt, NOW, Sign, TestIdp};

/// Our key, made once and read back from storage for each test.
fn key(name: &'static str) -> SpKey {
    static OURS: OnceLock<Vec<u8>> = OnceLock::new();
    static OTHER: OnceLock<Vec<u8>> = OnceLock::new();
    let cell = if name == "ours" { &OURS } else { &OTHER };
    let bytes = cell.get_or_init(|| SpKey::generate(name, NOW).unwrap().to_secret_bytes().to_vec());
    SpKey::from_secret_bytes(bytes).unwrap()
}

fn house() -> (House, Encrypt) {
    let house = House {
        keys: vec![key("ours")],
        ..House::new()
    };
    let encrypt = Encrypt::to(house.keys[0].certificate());
    (house, encrypt)
}

#[test]
fn every_cipher_and_every_order_of_signing() {
    let (house, encrypt) = house();
    for cipher in ["aes128-gcm", "aes256-gcm", "aes128-cbc", "aes256-cbc"] {
        for (oaep_sha256, key_beside) in [(false, false), (true, false), (false, true)] {
            for sign in [Sign::Assertion, Sign::Response, Sign::Both] {
                let encrypt = Encrypt {
                    cipher,
                    oaep_sha256,
                    key_beside,
                    ..encrypt.clone()
                };
                let result = house.answer(|r| (r.sign, r.encrypt) = (sign, Some(encrypt)));
                let assertion =
                    result.unwrap_or_else(|p| panic!("{cipher} {oaep_sha256} {key_beside} {sign:?}: {p:?}"));
                assert!(assertion.encrypted);
                assert_eq!(assertion.name_id.value, "ada@acme.example");
                assert_eq!(assertion.signed_by, house.idp.certificate().fingerprint);
            }
        }
    }
}

#[test]
fn an_older_key_still_opens() {
    let (mut house, encrypt) = house();
    house.keys.insert(0, key("other"));
    assert_eq!(house.code(|r| r.encrypt = Some(encrypt)), "accepted");
}

#[test]
fn plaintext_with_a_declaration() {
    let (house, encrypt) = house();
    let code = house.code(|r| {
        r.encrypt = Some(encrypt);
        r.change_plaintext = Box::new(|xml| format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{xml}"));
    });
    assert_eq!(code, "accepted");
}

#[test]
fn encrypted_but_not_signed() {
    let (house, encrypt) = house();
    assert_eq!(
        house.code(|r| (r.sign, r.encrypt) = (Sign::Nothing, Some(encrypt))),
        "saml.not_signed"
    );
}

#[test]
fn signed_by_somebody_else_inside() {
    let (house, encrypt) = house();
    let evil = TestIdp {
        entity_id: house.idp.entity_id.clone(),
        ..TestIdp::new("evil")
    };
    let xml = evil.response(&house.sp, |r| r.encrypt = Some(encrypt));
    assert_eq!(house.verify(&xml).unwrap_err().code(), "saml.signature_untrusted");
}

#[test]
fn an_inner_signature_must_hold_under_a_signed_response() {
    let (house, encrypt) = house();
    let code = house.code(|r| {
        (r.sign, r.encrypt) = (Sign::Both, Some(encrypt));
        r.change_plaintext = Box::new(|xml| xml.replace("ada@", "eve@"));
    });
    assert_eq!(code, "saml.digest");
}

#[test]
fn changed_plaintext() {
    let (house, encrypt) = house();
    let code = house.code(|r| {
        r.encrypt = Some(encrypt);
        r.change_plaintext = Box::new(|xml| xml.replace("ada@", "eve@"));
    });
    assert_eq!(code, "saml.digest");
}

#[test]
fn plaintext_that_is_something_else() {
    let (house, encrypt) = house();
    let code = |plaintext: fn(String) -> String| {
        let encrypt = encrypt.clone();
        house.code(move |r| (r.encrypt, r.change_plaintext) = (Some(encrypt), Box::new(plaintext)))
    };
    let twin = |xml: String| format!("{xml}{}", xml.replace("_assertion0001", "_assertion0002"));
    assert_eq!(code(twin), "saml.one_assertion");
    assert_eq!(
        code(|xml| format!("<saml:Advice>{xml}</saml:Advice>")),
        "saml.one_assertion"
    );
    assert_eq!(
        code(|_| "<saml:EncryptedAssertion/>".to_owned()),
        "saml.one_assertion"
    );
    assert_eq!(code(|_| "text".to_owned()), "saml.one_assertion");
    // The wrapper of ours cannot be closed from inside.
    assert_eq!(
        code(|xml| format!("{xml}</plaintext><plaintext>{xml}")),
        "saml.xml"
    );
    assert_eq!(code(|xml| format!("<!DOCTYPE x>{xml}")), "saml.document_type");
}

#[test]
fn no_key_and_the_wrong_key() {
    let (mut house, encrypt) = house();
    house.keys.clear();
    let result = house.answer(|r| r.encrypt = Some(encrypt.clone()));
    assert_eq!(result.unwrap_err(), SamlProblem::NoDecryptionKey);
    house.keys.push(key("other"));
    assert_eq!(
        house.answer(|r| r.encrypt = Some(encrypt)).unwrap_err(),
        SamlProblem::Decryption
    );
}

#[test]
fn altered_cbc_ciphertext_has_one_answer() {
    let (house, encrypt) = house();
    let encrypt = Encrypt {
        cipher: "aes128-cbc",
        ..encrypt
    };
    let xml = house
        .idp
        .response(&house.sp, |r| r.encrypt = Some(encrypt.clone()));
    let start = xml.rfind("<xenc:CipherValue>").unwrap() + "<xenc:CipherValue>".len();
    let end = xml.rfind("</xenc:CipherValue>").unwrap();
    for at in [
        start,
        start + 40,
        start + 400,
        (start + end) / 2,
        end - 30,
        end - 4,
    ] {
        let mut altered = xml.clone();
        let other = if &xml[at..=at] == "A" { "B" } else { "A" };
        altered.replace_range(at..=at, other);
        assert_eq!(
            house.verify(&altered).unwrap_err(),
            SamlProblem::Decryption,
            "at {at}"
        );
    }
    // Every reason that CBC ciphertext of an unsigned Response fails for is the same problem.
    let wrong_inside = |r: &mut crate::idp::Response| r.encrypt = Some(encrypt.clone());
    let unsigned = house.answer(|r| {
        wrong_inside(r);
        r.sign = Sign::Nothing;
    });
    assert_eq!(unsigned.unwrap_err(), SamlProblem::Decryption);
    let not_xml = house.answer(|r| {
        wrong_inside(r);
        r.change_plaintext = Box::new(|_| "<".to_owned());
    });
    assert_eq!(not_xml.unwrap_err(), SamlProblem::Decryption);
}

#[test]
fn algorithms_that_are_not_accepted() {
    let (house, encrypt) = house();
    let swaps = [
        (
            "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
            "http://www.w3.org/2001/04/xmlenc#rsa-1_5",
        ),
        (
            "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            "http://www.w3.org/2001/04/xmlenc#tripledes-cbc",
        ),
        (
            "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
            "http://www.w3.org/2001/04/xmlenc#kw-aes256",
        ),
    ];
    for (from, to) in swaps {
        let encrypt = encrypt.clone();
        let code = house.code(|r| {
            r.encrypt = Some(encrypt);
            r.change_signed = Box::new(move |xml| xml.replace(from, to));
        });
        assert_eq!(code, "saml.encryption_algorithm", "{to}");
    }
}

#[test]
fn several_keys_and_references_elsewhere() {
    let (house, encrypt) = house();
    let double = |xml: String| {
        let from = xml.find("<xenc:EncryptedKey ").unwrap();
        let to = xml.find("</xenc:EncryptedKey>").unwrap() + "</xenc:EncryptedKey>".len();
        let twin = xml[from..to].replace("_ek", "_ek2");
        format!("{}{twin}{}", &xml[..to], &xml[to..])
    };
    let code = house.code(|r| (r.encrypt, r.change_signed) = (Some(encrypt.clone()), Box::new(double)));
    assert_eq!(code, "saml.assertion_shape");
    let elsewhere = |xml: String| {
        let from = xml.rfind("<xenc:CipherValue>").unwrap();
        let to = xml.rfind("</xenc:CipherValue>").unwrap() + "</xenc:CipherValue>".len();
        format!(
            "{}<xenc:CipherReference URI=\"#_response0001\"/>{}",
            &xml[..from],
            &xml[to..]
        )
    };
    let code = house.code(|r| (r.encrypt, r.change_signed) = (Some(encrypt), Box::new(elsewhere)));
    assert_eq!(code, "saml.assertion_shape");
}

#[test]
fn expectations_hold_for_encrypted_assertions() {
    let (house, encrypt) = house();
    let code = house.code(|r| (r.encrypt, r.audiences) = (Some(encrypt.clone()), vec![vec!["x".into()]]));
    assert_eq!(code, "saml.audience");
    // The profile wants an Issuer on the Response around an encrypted assertion.
    assert_eq!(
        house.code(|r| (r.encrypt, r.issuer) = (Some(encrypt), None)),
        "saml.issuer"
    );
}
