//! IdP metadata: what is read, and that every mistake is told from the others.

use doorward::model::time::DAY;
use doorward::saml::{IdpMetadata, MetadataProblem, read_idp_metadata, sp_metadata};

use crate::idp::{NOW, TestIdp, dated_certificate, example_sp};

fn good() -> String {
    TestIdp::new("acme").metadata("https://idp.acme.example")
}

fn read(xml: &str) -> Result<IdpMetadata, MetadataProblem> {
    read_idp_metadata(xml.as_bytes(), NOW)
}

fn problem(xml: &str) -> MetadataProblem {
    read(xml).expect_err("it is read")
}

/// The good metadata with its certificate replaced.
fn with_key_descriptors(descriptors: &str) -> String {
    let good = good();
    let from = good.find("<md:KeyDescriptor").unwrap();
    let to = good.find("</md:KeyDescriptor>").unwrap() + "</md:KeyDescriptor>".len();
    format!("{}{descriptors}{}", &good[..from], &good[to..])
}

fn key_descriptor(usage: &str, certificate: &str) -> String {
    format!(
        "<md:KeyDescriptor{usage}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )
}

#[test]
fn everything_is_read() {
    let idp = TestIdp::new("acme");
    let metadata = read(&good()).unwrap();
    assert_eq!(metadata.entity_id, idp.entity_id);
    assert_eq!(
        metadata.sso_redirect_url.as_deref(),
        Some("https://idp.acme.example/sso/redirect")
    );
    assert_eq!(
        metadata.sso_post_url.as_deref(),
        Some("https://idp.acme.example/sso/post")
    );
    assert_eq!((metadata.slo_redirect, metadata.slo_post), (None, None));
    assert_eq!(metadata.certificates, [idp.certificate().clone()]);
    assert_eq!(
        metadata.name_id_formats,
        ["urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"]
    );
    assert!(!metadata.wants_signed_requests);
    assert_eq!(metadata.valid_until, Some(NOW.plus(365 * DAY)));
    assert!(metadata.warnings.is_empty(), "{:?}", metadata.warnings);
    assert!(
        read(&good().replace("Signed=\"false\"", "Signed=\"1\""))
            .unwrap()
            .wants_signed_requests
    );
}

#[test]
fn single_logout_and_other_roles_and_a_signature() {
    let with = good()
        .replace("<md:IDPSSODescriptor", "<ds:Signature/><x:Extensions xmlns:x=\"urn:x\"/><md:RoleDescriptor xmlns:fed=\"urn:fed\"/><md:IDPSSODescriptor")
        .replace("<md:NameIDFormat>", "<md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"https://idp.acme.example/slo\"/><md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://idp.acme.example/slo/post\" ResponseLocation=\"https://idp.acme.example/slo/done\"/><md:NameIDFormat>");
    let read_it = read(&with).unwrap();
    let redirect = read_it.slo_redirect.expect("by redirect");
    assert_eq!(redirect.location, "https://idp.acme.example/slo");
    assert_eq!(redirect.for_responses(), "https://idp.acme.example/slo");
    let post = read_it.slo_post.expect("by POST");
    assert_eq!(post.location, "https://idp.acme.example/slo/post");
    assert_eq!(post.for_responses(), "https://idp.acme.example/slo/done");
    for script in [
        "Location=\"https://idp.acme.example/slo\"",
        "ResponseLocation=\"https://idp.acme.example/slo/done\"",
    ] {
        let name = script.split('=').next().unwrap();
        let bad = with.replace(script, &format!("{name}=\"javascript:alert(1)\""));
        assert!(
            matches!(read(&bad), Err(MetadataProblem::BadAddress { .. })),
            "{script}"
        );
    }
}

#[test]
fn a_byte_order_mark_white_space_and_another_prefix() {
    assert!(read(&format!("\u{feff}{}", good())).is_ok());
    assert!(read(&format!("\n\n  {}\n", good())).is_ok());
    assert!(read(&good().replace("md:", "q:").replace("xmlns:md", "xmlns:q")).is_ok());
    assert!(
        read(
            &good()
                .replace("<md:", "<")
                .replace("</md:", "</")
                .replace("xmlns:md", "xmlns")
        )
        .is_ok()
    );
}

#[test]
fn a_key_without_use_is_for_signing_and_one_for_encryption_is_not() {
    let (one, two) = (
        TestIdp::new("acme").certificate().clone(),
        TestIdp::new("evil").certificate().clone(),
    );
    let both =
        key_descriptor("", &one.to_base64()) + &key_descriptor(" use=\"encryption\"", &two.to_base64());
    assert_eq!(
        read(&with_key_descriptors(&both)).unwrap().certificates,
        std::slice::from_ref(&one)
    );
    let only = key_descriptor(" use=\"encryption\"", &two.to_base64());
    assert_eq!(
        problem(&with_key_descriptors(&only)),
        MetadataProblem::NoCertificate
    );
    let all = key_descriptor(" use=\"signing\"", &one.to_base64())
        + &key_descriptor(" use=\"signing\"", &two.to_base64())
        + &key_descriptor("", &one.to_base64());
    assert_eq!(
        read(&with_key_descriptors(&all)).unwrap().certificates,
        [one, two]
    );
    assert_eq!(problem(&with_key_descriptors("")), MetadataProblem::NoCertificate);
}

#[test]
fn certificates_and_their_dates() {
    let (old, new) = (dated_certificate(2019, 2021), dated_certificate(2025, 2039));
    let (soon, later) = (dated_certificate(2025, 2027), dated_certificate(2030, 2039));
    let with = |all: &[&doorward::saml::Certificate]| {
        with_key_descriptors(
            &all.iter()
                .map(|c| key_descriptor("", &c.to_base64()))
                .collect::<String>(),
        )
    };
    assert_eq!(
        problem(&with(&[&old])),
        MetadataProblem::AllExpired {
            latest: old.not_after
        }
    );
    let mixed = read(&with(&[&old, &new])).unwrap();
    assert_eq!((mixed.certificates.len(), mixed.warnings.len()), (2, 1));
    assert!(mixed.warnings[0].contains(&old.fingerprint));
    let near = read_idp_metadata(
        with(&[&soon]).replace("validUntil", "x").as_bytes(),
        soon.not_after.minus(3 * DAY),
    )
    .unwrap();
    assert_eq!(near.warnings.len(), 1);
    assert_eq!(read(&with(&[&later])).unwrap().warnings.len(), 1);
    let broken = with_key_descriptors(&(key_descriptor("", "AAAA") + &key_descriptor("", &new.to_base64())));
    assert_eq!(read(&broken).unwrap().warnings.len(), 1);
    assert!(matches!(
        problem(&with_key_descriptors(&key_descriptor("", "AAAA"))),
        MetadataProblem::Certificate(_)
    ));
}

#[test]
fn things_that_are_not_metadata() {
    assert_eq!(problem(""), MetadataProblem::Empty);
    assert_eq!(problem(" \n"), MetadataProblem::Empty);
    for html in [
        "<!DOCTYPE html><html><body>Sign in</body></html>",
        "<html>",
        "\n<!-- x --><HTML lang=en>",
        "<?xml version=\"1.0\"?><!DOCTYPE html PUBLIC \"x\"><html xmlns=\"y\"/>",
    ] {
        assert_eq!(problem(html), MetadataProblem::Html, "{html}");
    }
    assert_eq!(
        problem(&TestIdp::new("acme").certificate().to_pem()),
        MetadataProblem::IsCertificate
    );
    assert!(matches!(
        problem("https://idp.example/metadata"),
        MetadataProblem::NotXml { .. }
    ));
    assert!(matches!(
        problem("{\"issuer\":1}"),
        MetadataProblem::NotXml { .. }
    ));
    assert!(matches!(problem(&good()[..900]), MetadataProblem::NotXml { .. }));
    assert_eq!(
        problem("<rss/>"),
        MetadataProblem::OtherDocument { root: "rss".into() }
    );
    assert_eq!(
        problem(&format!("<!DOCTYPE x [<!ENTITY a \"b\">]>{}", &good()[39..])),
        MetadataProblem::DocumentType
    );
    let ours = sp_metadata(&example_sp(), None, false);
    assert_eq!(
        problem(&ours),
        MetadataProblem::ServiceProvider {
            entity_id: example_sp().entity_id
        }
    );
    let utf16: Vec<u8> = std::iter::once(0xFEFF)
        .chain(good().encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    for bytes in [&utf16[..], &utf16[2..]] {
        let problem = read_idp_metadata(bytes, NOW).unwrap_err();
        assert!(
            matches!(&problem, MetadataProblem::NotUtf8 { found } if found.starts_with("UTF-16")),
            "{problem:?}"
        );
    }
    assert!(matches!(
        read_idp_metadata(&vec![b'<'; 3_000_000], NOW).unwrap_err(),
        MetadataProblem::TooLarge { .. }
    ));
    let saml1 = good().replace("SAML:2.0:protocol\"", "SAML:1.1:protocol\"");
    assert!(matches!(problem(&saml1), MetadataProblem::NoIdpRole { .. }));
}

#[test]
fn federations() {
    let bare = &good()[39..];
    let around = |inside: &str| {
        format!(
            "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{inside}</md:EntitiesDescriptor>"
        )
    };
    assert_eq!(read(&around(bare)).unwrap(), read(&good()).unwrap());
    let sp = "<md:EntityDescriptor entityID=\"sp\"><md:SPSSODescriptor/></md:EntityDescriptor>";
    assert!(read(&around(&format!("{sp}{}", around(bare)))).is_ok());
    let other = bare.replace("idp.acme.example/saml", "idp.other.example/saml");
    let MetadataProblem::SeveralIdps { entity_ids } = problem(&around(&format!("{bare}{other}"))) else {
        panic!()
    };
    assert_eq!(
        entity_ids,
        ["https://idp.acme.example/saml", "https://idp.other.example/saml"]
    );
    assert!(matches!(problem(&around(sp)), MetadataProblem::NoIdpRole { .. }));
    assert!(matches!(
        problem(&around("")),
        MetadataProblem::OtherDocument { .. }
    ));
}

#[test]
fn addresses() {
    let good = good();
    let at = |address: &str| good.replace("https://idp.acme.example/sso/redirect", address);
    for bad in [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://idp.example/",
        "//idp.example/",
        "/sso",
        "",
        "https://",
    ] {
        assert!(
            matches!(problem(&at(bad)), MetadataProblem::BadAddress { .. }),
            "{bad}"
        );
    }
    assert_eq!(
        read(&at("http://idp.acme.example/sso")).unwrap().warnings.len(),
        1
    );
    for local in [
        "http://localhost:8080/sso",
        "http://127.0.0.1/sso",
        "http://[::1]:80/sso",
    ] {
        assert!(read(&at(local)).unwrap().warnings.is_empty(), "{local}");
    }
    let artifact = good
        .replace("HTTP-Redirect", "HTTP-Artifact")
        .replace("HTTP-POST", "SOAP");
    let MetadataProblem::NoSignOn { bindings } = problem(&artifact) else {
        panic!()
    };
    assert_eq!(bindings.len(), 2);
    assert!(
        read(&good.replace("HTTP-Redirect", "SOAP"))
            .unwrap()
            .sso_redirect_url
            .is_none()
    );
}

#[test]
fn dates_and_names() {
    let until = NOW.plus(365 * DAY).rfc3339();
    let past = NOW.minus(1);
    assert_eq!(
        problem(&good().replace(&until, &past.rfc3339())),
        MetadataProblem::Outdated { until: past }
    );
    assert!(matches!(
        problem(&good().replace(&until, "soon")),
        MetadataProblem::BadDate { .. }
    ));
    assert_eq!(
        problem(&good().replace("https://idp.acme.example/saml", " ")),
        MetadataProblem::NoEntityId
    );
}

#[test]
fn every_problem_says_what_to_do() {
    let all = [
        problem(""),
        problem("<rss/>"),
        problem("<html>"),
        problem(&with_key_descriptors("")),
        problem(&good().replace("HTTP-", "")),
    ];
    for problem in all {
        let text = problem.to_string();
        assert!(text.ends_with('.') && text.split(". ").count() >= 2, "{text}");
    }
}
