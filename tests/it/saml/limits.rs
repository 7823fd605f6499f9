//! Documents made to exhaust a reader. Each must end in a clean refusal; that they end *fast* is measured by the bench,
//! not by a clock in a test.

use super::House;

fn code(xml: &[u8]) -> &'static str {
    let house = House::new();
    let result = doorward::saml::verify(xml, &house.expectations(), house.now);
    assert!(doorward::saml::peek(xml).is_err(), "peek takes it");
    result.unwrap_err().code()
}

fn response(inside: &str) -> String {
    format!("<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" {inside}</samlp:Response>")
}

#[test]
fn too_many_of_anything() {
    let xmlns: String = (0..8_000).map(|n| format!(" xmlns:n{n}=\"urn:n\"")).collect();
    assert_eq!(code(response(&format!("{xmlns}>")).as_bytes()), "saml.limits");
    let attributes: String = (0..20_000).map(|n| format!(" a{n}=\"\"")).collect();
    assert_eq!(
        code(response(&format!("{attributes}>")).as_bytes()),
        "saml.limits"
    );
    let deep = format!(">{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000));
    assert_eq!(code(response(&deep).as_bytes()), "saml.limits");
    let wide = format!(">{}", "<a/>".repeat(20_000));
    assert_eq!(code(response(&wide).as_bytes()), "saml.limits");
    let nested: String = (0..40)
        .map(|n| format!("<a xmlns:b{n}=\"u\" xmlns:c{n}=\"u\">"))
        .collect();
    assert_eq!(
        code(response(&format!(">{nested}{}", "</a>".repeat(40))).as_bytes()),
        "saml.limits"
    );
}

#[test]
fn too_large() {
    assert_eq!(code(&vec![b'<'; 300 * 1024]), "saml.size");
    let xmlns: String = (0..50_000).map(|n| format!(" xmlns:n{n}=\"urn:n\"")).collect();
    assert_eq!(code(response(&format!("{xmlns}>")).as_bytes()), "saml.size");
}

#[test]
fn document_types_and_entities() {
    let laughs = "<!DOCTYPE r [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]>";
    let file = "<!DOCTYPE r [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>";
    for start in [
        laughs,
        file,
        "<!DOCTYPE html>",
        "<!ENTITY a \"b\">",
        "<?xml version=\"1.0\"?><!DOCTYPE r SYSTEM \"http://evil.example/x\">",
    ] {
        assert_eq!(
            code(format!("{start}{}", response(">&a;")).as_bytes()),
            "saml.document_type",
            "{start}"
        );
    }
    assert_eq!(code(response("><!DOCTYPE x>").as_bytes()), "saml.document_type");
    assert_eq!(code(response(">&unknown;").as_bytes()), "saml.xml");
}

#[test]
fn not_text() {
    assert_eq!(code(&[0; 1_000]), "saml.encoding");
    assert_eq!(code(response(">\0").as_bytes()), "saml.encoding");
    assert_eq!(code(response(">\u{1}").as_bytes()), "saml.encoding");
    assert_eq!(code(b"<a>\xff</a>"), "saml.encoding");
    let utf16: Vec<u8> = std::iter::once(0xFEFF)
        .chain(response(">").encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(code(&utf16), "saml.encoding");
    assert_eq!(code(&utf16[2..]), "saml.encoding");
    assert_eq!(
        code(format!("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>{}", response(">")).as_bytes()),
        "saml.encoding"
    );
}

#[test]
fn not_xml() {
    let all = [
        "",
        " ",
        "hello",
        "<",
        "<a",
        "<a b=\"",
        "<!--",
        "<![CDATA[",
        "<?",
        "</a>",
        "<a></b>",
        "<a/><b/>",
        "<a><b></a></b>",
        "<a b=1/>",
        "<a b=\"1\" b=\"2\"/>",
        "<a:b/>",
        "<>",
        "</>",
        "<a>&#0;</a>",
        "<a>&#x1;</a>",
        "<a/>x",
    ];
    for xml in all {
        assert_eq!(code(xml.as_bytes()), "saml.xml", "{xml}");
    }
}

#[test]
fn every_prefix_of_a_good_response_is_refused() {
    let house = House::new();
    let xml = house.idp.response(&house.sp, |_| {});
    for end in (0..xml.len()).step_by(7) {
        assert!(house.verify(&xml[..end]).is_err());
    }
}

#[test]
fn no_single_changed_byte_changes_what_is_read() {
    let house = House::new();
    let xml = house.idp.response(&house.sp, |_| {});
    let good = house.verify(&xml).unwrap();
    for at in (0..xml.len()).step_by(11) {
        let mut bytes = xml.clone().into_bytes();
        bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
        if let Ok(read) = doorward::saml::verify(&bytes, &house.expectations(), house.now) {
            assert_eq!(read, good, "at {at}");
        }
    }
}
