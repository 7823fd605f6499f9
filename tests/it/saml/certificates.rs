//! Reading certificates as admins paste them, and our own key.

use doorward::model::time::DAY;
use doorward::saml::{Certificate, CertificateProblem, SpKey, read_certificates};

use crate::idp::{Algorithm, NOW, TestIdp, TestKey};

#[test]
fn pem_and_bare_base64() {
    let certificate = TestIdp::new("acme").certificate().clone();
    let pem = certificate.to_pem();
    assert!(pem.lines().all(|line| line.len() <= 64));
    let base64 = certificate.to_base64();
    let wrapped = format!("\n  {}\r\n   {}\n", &base64[..300], &base64[300..]);
    for text in [
        pem.clone(),
        format!("\u{feff}{pem}"),
        pem.replace('\n', "\r\n"),
        base64,
        wrapped,
    ] {
        assert_eq!(
            read_certificates(&text).unwrap(),
            std::slice::from_ref(&certificate),
            "{text}"
        );
    }
}

#[test]
fn several_with_text_around_and_repeated() {
    let (one, two) = (
        TestIdp::new("acme").certificate().clone(),
        TestIdp::new("evil").certificate().clone(),
    );
    let text = format!(
        "Bag Attributes\n{}\nand\n{}{}",
        one.to_pem(),
        two.to_pem(),
        one.to_pem()
    );
    assert_eq!(read_certificates(&text).unwrap(), [one, two]);
}

#[test]
fn what_is_shown() {
    let certificate = TestIdp::new("acme").certificate().clone();
    assert_eq!(certificate.key, "RSA 2048");
    assert_eq!(certificate.subject, "CN=Test IdP acme");
    assert_eq!(certificate.not_before.human_day(), "1 Jan 2020");
    assert_eq!(certificate.fingerprint.len(), 32 * 3 - 1);
    assert!(
        certificate
            .fingerprint
            .split(':')
            .all(|b| b.len() == 2 && b == b.to_uppercase())
    );
    for (algorithm, kind) in [
        (Algorithm::EcdsaSha256, "ECDSA P-256"),
        (Algorithm::EcdsaSha384, "ECDSA P-384"),
        (Algorithm::EcdsaSha512, "ECDSA P-521"),
    ] {
        assert_eq!(TestKey::for_algorithm("acme", algorithm).certificate.key, kind);
    }
}

#[test]
fn what_is_refused() {
    let problem = |text: &str| read_certificates(text).unwrap_err();
    assert_eq!(problem(" \n"), CertificateProblem::Nothing);
    assert_eq!(problem("hello, world"), CertificateProblem::NotBase64);
    assert_eq!(problem("aGVsbG8="), CertificateProblem::NotCertificate);
    for label in [
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
    ] {
        let text = format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        assert_eq!(problem(&text), CertificateProblem::PrivateKey);
    }
    // A private key beside a good certificate is refused as well: it should not have been pasted anywhere.
    let both = format!(
        "{}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        TestIdp::new("acme").certificate().to_pem()
    );
    assert_eq!(problem(&both), CertificateProblem::PrivateKey);
    assert!(matches!(
        problem("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----"),
        CertificateProblem::OtherPem { .. }
    ));
    assert_eq!(
        problem("-----BEGIN CERTIFICATE-----\nAAAA"),
        CertificateProblem::NotBase64
    );
    let cut = &TestIdp::new("acme").certificate().to_base64()[..400];
    assert_eq!(problem(cut), CertificateProblem::NotCertificate);
    let mut long = TestIdp::new("acme").certificate().der.clone();
    long.push(0);
    assert_eq!(
        Certificate::from_der(&long).unwrap_err(),
        CertificateProblem::NotCertificate
    );
    let ed25519 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let other = rcgen::CertificateParams::default().self_signed(&ed25519).unwrap();
    assert!(matches!(
        Certificate::from_der(other.der()),
        Err(CertificateProblem::UnknownKey { .. })
    ));
}

/// A self-signed RSA 1024 certificate, which no library here wants to make any more.
const SMALL: &str = "\
    MIIB/jCCAWegAwIBAgIUdIVpGzR6iXhHwjEvrc9ESQy6WggwDQYJKoZIhvcNAQELBQAwEDEOMAwGA1UEAwwFc21hbGwwIBcN\
    MjYxMTIyMDAzNjM5WhgPMjEyNjEwMjkwMDM2MzlaMBAxDjAMBgNVBAMMBXNtYWxsMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCB\
    iQKBgQCuDIs5jI+EiNb8mo7NTa8EHFeiuY2Y9pccwVRDZHbGFFvi+3Hm7yEqKZv1RArJsAWKNK0X7ZONiu39KwLcWsW+tE4u\
    qeWzxkwIuN32soAuqnbnSr/q/RIx5oQWuAvD+l74xfQVBIL3QaI7EHfXeTl+zRfnbcQI7/ejcJtkAnnCKwIDAQABo1MwUTAd\
    BgNVHQ4EFgQUq7kGdzJ2X0Ru/RN//dhtyhlw+ygwHwYDVR0jBBgwFoAUq7kGdzJ2X0Ru/RN//dhtyhlw+ygwDwYDVR0TAQH/\
    BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOBgQCU5LBAGfTw30AoqCy9KHrZbebYAw4PmYlQPBztX3CgUeVhs4u6rSRWIHwm5jAo\
    +8PHmPlyLykM/a833zBWFYxef+vt73CtbdcVik42lhRGsWepvqr2z9TUTRpxUDVsZ8bW6gKwQZ/1huUvrdWiCSbwp9uTJ6oe\
    Z7MW91O92pnHRg==";

#[test]
fn a_small_rsa_key_is_refused() {
    assert_eq!(
        read_certificates(SMALL).unwrap_err(),
        CertificateProblem::SmallKey { bits: 1024 }
    );
}

#[test]
fn our_key_survives_storage() {
    let key = SpKey::generate("door.example", NOW).unwrap();
    let certificate = key.certificate();
    assert_eq!(
        (certificate.key.as_str(), certificate.subject.as_str()),
        ("RSA 2048", "CN=door.example")
    );
    assert!(certificate.not_before < NOW && certificate.not_after > NOW.plus(3_650 * DAY));
    let stored = key.to_secret_bytes();
    let again = SpKey::from_secret_bytes(&stored).unwrap();
    assert_eq!(again.certificate(), certificate);
    for length in [0, 3, 4, 100, stored.len() - 1] {
        assert!(SpKey::from_secret_bytes(&stored[..length]).is_err());
    }
    let shown = format!("{key:?}");
    assert!(
        shown.contains(&certificate.fingerprint) && shown.len() < 200,
        "{shown}"
    );
}
