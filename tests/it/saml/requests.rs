//! Our requests and our metadata, read back by other eyes: percent-decoding, inflating, a signature check by hand.

use std::io::Read;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bergshamra_dsig::{DsigContext, VerifyResult};
use bergshamra_xml::uppsala;
use doorward::saml::authn_request::request_id;
use doorward::saml::{AuthnRequest, ServiceProvider, SpKey, sp_metadata};
use url::Url;

use crate::idp::{NOW, example_sp};

const SSO: &str = "https://idp.example/sso";

fn request() -> AuthnRequest {
    AuthnRequest::new(&example_sp(), SSO, request_id(&[7; 20]), NOW)
}

/// The parameters of a redirect, decoded by the url crate.
fn parameters(address: &str) -> Vec<(String, String)> {
    Url::parse(address).unwrap().query_pairs().into_owned().collect()
}

fn inflate(base64: &str) -> String {
    let mut xml = String::new();
    flate2::read::DeflateDecoder::new(&*STANDARD.decode(base64).unwrap())
        .read_to_string(&mut xml)
        .unwrap();
    xml
}

fn public_key(key: &SpKey) -> Vec<u8> {
    let (_, x509) = x509_parser::parse_x509_certificate(&key.certificate().der).unwrap();
    x509.public_key().subject_public_key.data.to_vec()
}

#[test]
fn the_id_is_long_and_a_name() {
    assert_eq!(request().id, format!("_{}", "07".repeat(20)));
}

#[test]
fn a_plain_request_says_little() {
    let xml = request().to_xml();
    let doc = uppsala::parse(&xml).unwrap();
    let root = doc.document_element().unwrap();
    let attribute = |name| doc.get_attribute(root, name);
    assert_eq!(attribute("ID"), Some(&*request().id));
    assert_eq!(attribute("Version"), Some("2.0"));
    assert_eq!(attribute("IssueInstant"), Some("2026-11-21T12:00:00.000Z"));
    assert_eq!(attribute("Destination"), Some(SSO));
    assert_eq!(
        attribute("AssertionConsumerServiceURL"),
        Some(&*example_sp().acs_url)
    );
    assert_eq!(
        attribute("ProtocolBinding"),
        Some("urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST")
    );
    assert_eq!(attribute("ForceAuthn"), None);
    for absent in [
        "NameIDPolicy",
        "RequestedAuthnContext",
        "Signature",
        "Subject",
        "Conditions",
    ] {
        assert!(doc.get_elements_by_tag_name(absent).is_empty(), "{absent}");
    }
    assert_eq!(
        doc.text_content_deep(doc.get_elements_by_tag_name("Issuer")[0]),
        example_sp().entity_id
    );
}

#[test]
fn options() {
    let request = AuthnRequest {
        force_authn: true,
        name_id_format: Some("urn:x".into()),
        ..request()
    };
    let xml = request.to_xml();
    assert!(
        xml.contains("ForceAuthn=\"true\"")
            && xml.contains("Format=\"urn:x\"")
            && xml.contains("AllowCreate=\"true\"")
    );
}

#[test]
fn markup_in_our_own_addresses_is_escaped() {
    let sp = ServiceProvider {
        entity_id: "https://x/?a=1&b=\"<2>\"".into(),
        acs_url: "https://x/acs?a=1&b='<2>\"".into(),
        slo_url: "https://x/slo".into(),
    };
    let request = AuthnRequest::new(&sp, "https://idp.example/?x=1&y=<2>", request_id(&[1; 20]), NOW);
    let xml = request.to_xml();
    let doc = uppsala::parse(&xml).unwrap();
    let root = doc.document_element().unwrap();
    assert_eq!(
        doc.get_attribute(root, "AssertionConsumerServiceURL"),
        Some(&*sp.acs_url)
    );
    assert_eq!(
        doc.text_content_deep(doc.get_elements_by_tag_name("Issuer")[0]),
        sp.entity_id
    );
    let metadata = sp_metadata(&sp, None, false);
    let doc = uppsala::parse(&metadata).unwrap();
    assert_eq!(
        doc.get_attribute(doc.document_element().unwrap(), "entityID"),
        Some(&*sp.entity_id)
    );
    let acs = doc.get_elements_by_tag_name("AssertionConsumerService")[0];
    assert_eq!(doc.get_attribute(acs, "Location"), Some(&*sp.acs_url));
}

#[test]
fn redirect_unsigned() {
    let url = request().redirect_url(Some("/a b?c=d&e"), None).unwrap();
    let parameters = parameters(&url);
    let names: Vec<_> = parameters.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["SAMLRequest", "RelayState"]);
    assert_eq!(inflate(&parameters[0].1), request().to_xml());
    assert_eq!(parameters[1].1, "/a b?c=d&e");
    assert_eq!(
        request().redirect_url(None, None).unwrap().matches('&').count(),
        0
    );
}

#[test]
fn redirect_keeps_a_query_that_is_there() {
    let with = |destination: &str| {
        let request = AuthnRequest {
            destination: destination.into(),
            ..request()
        };
        request.redirect_url(None, None).unwrap()
    };
    assert!(
        with("https://idp.example/sso?tenant=1").starts_with("https://idp.example/sso?tenant=1&SAMLRequest=")
    );
    assert!(with("https://idp.example/sso?").starts_with("https://idp.example/sso?SAMLRequest="));
    assert!(with("https://idp.example/sso?a&").starts_with("https://idp.example/sso?a&SAMLRequest="));
    assert!(with("https://idp.example/sso#top").starts_with("https://idp.example/sso?SAMLRequest="));
}

#[test]
fn redirect_signature_is_over_the_query_as_sent() {
    let key = SpKey::generate("door.example", NOW).unwrap();
    for relay_state in [None, Some("token-1 /ä")] {
        let url = request().redirect_url(relay_state, Some(&key)).unwrap();
        let (_, query) = url.split_once('?').unwrap();
        let (signed, _) = query.split_once("&Signature=").unwrap();
        let parameters = parameters(&url);
        let names: Vec<_> = parameters.iter().map(|(n, _)| n.as_str()).collect();
        let expected: &[&str] = match relay_state {
            None => &["SAMLRequest", "SigAlg", "Signature"],
            Some(_) => &["SAMLRequest", "RelayState", "SigAlg", "Signature"],
        };
        assert_eq!(names, expected);
        let algorithm = &parameters[parameters.len() - 2].1;
        assert_eq!(algorithm, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
        let signature = STANDARD.decode(&parameters[parameters.len() - 1].1).unwrap();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_key(&key));
        public.verify(signed.as_bytes(), &signature).unwrap();
    }
}

#[test]
fn post_form_signed() {
    let key = SpKey::generate("door.example", NOW).unwrap();
    let form = request().post_form(Some("\"><script>"), Some(&key)).unwrap();
    assert_eq!(form.action, SSO);
    assert_eq!(form.relay_state.as_deref(), Some("\"><script>"));
    let xml = String::from_utf8(STANDARD.decode(&form.message).unwrap()).unwrap();
    let mut keys = bergshamra_keys::KeysManager::new();
    keys.add_key(bergshamra_keys::loader::load_x509_cert_der(&key.certificate().der).unwrap());
    let result = bergshamra_dsig::verify::verify(&DsigContext::new(keys), &xml).unwrap();
    let VerifyResult::Valid { references, .. } = result else {
        panic!("{result:?}")
    };
    assert_eq!(references[0].uri, format!("#{}", request().id));
    // The schema has the Signature right behind the Issuer.
    let doc = uppsala::parse(&xml).unwrap();
    let root = doc.document_element().unwrap();
    let children: Vec<_> = doc
        .children(root)
        .into_iter()
        .filter_map(|n| doc.element(n))
        .collect();
    let names: Vec<_> = children.iter().map(|e| &*e.name.local_name).collect();
    assert_eq!(names, ["Issuer", "Signature"]);
}

#[test]
fn post_form_unsigned() {
    let form = request().post_form(None, None).unwrap();
    assert_eq!(
        String::from_utf8(STANDARD.decode(&form.message).unwrap()).unwrap(),
        request().to_xml()
    );
}

#[test]
fn our_metadata() {
    let key = SpKey::generate("door.example", NOW).unwrap();
    let sp = example_sp();
    for (certificate, sign, says) in [
        (None, false, "false"),
        (None, true, "false"),
        (Some(key.certificate()), false, "false"),
        (Some(key.certificate()), true, "true"),
    ] {
        let xml = sp_metadata(&sp, certificate, sign);
        let doc = uppsala::parse(&xml).unwrap();
        let role =
            doc.get_elements_by_tag_name_ns("urn:oasis:names:tc:SAML:2.0:metadata", "SPSSODescriptor")[0];
        assert_eq!(doc.get_attribute(role, "AuthnRequestsSigned"), Some(says));
        assert_eq!(doc.get_attribute(role, "WantAssertionsSigned"), Some("true"));
        assert_eq!(
            doc.get_attribute(role, "protocolSupportEnumeration"),
            Some("urn:oasis:names:tc:SAML:2.0:protocol")
        );
        let names: Vec<String> = doc
            .children(role)
            .into_iter()
            .filter_map(|n| Some(doc.element(n)?.name.local_name.to_string()))
            .collect();
        let mut expected = vec![
            "NameIDFormat",
            "NameIDFormat",
            "NameIDFormat",
            "AssertionConsumerService",
        ];
        if certificate.is_some() {
            let slo = "SingleLogoutService";
            expected.splice(0..0, ["KeyDescriptor", "KeyDescriptor", slo, slo]);
        }
        assert_eq!(names, expected);
        let acs = doc.get_elements_by_tag_name("AssertionConsumerService")[0];
        for (name, value) in [
            ("Binding", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"),
            ("Location", &sp.acs_url),
            ("index", "0"),
            ("isDefault", "true"),
        ] {
            assert_eq!(doc.get_attribute(acs, name), Some(value));
        }
        let methods: Vec<_> = doc
            .get_elements_by_tag_name("EncryptionMethod")
            .into_iter()
            .map(|n| {
                doc.get_attribute(n, "Algorithm")
                    .unwrap()
                    .rsplit('#')
                    .next()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        assert_eq!(methods.len(), if certificate.is_some() { 3 } else { 0 });
        if let Some(certificate) = certificate {
            assert_eq!(methods, ["aes256-gcm", "aes128-gcm", "rsa-oaep-mgf1p"]);
            let embedded = doc.get_elements_by_tag_name("X509Certificate");
            assert_eq!(embedded.len(), 2);
            assert_eq!(doc.text_content_deep(embedded[0]), certificate.to_base64());
        }
    }
}
