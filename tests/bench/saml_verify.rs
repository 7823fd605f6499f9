//! What one SAML sign-in costs: decode, verify and map a typical Response, beside a bare RSA-2048 verification.
//!
//! `cargo bench --bench saml_verify`. The bar is 250 µs on one core. The hostile documents show how long a refusal takes.

use std::hint::black_box;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use criterion::{Criterion, criterion_group, criterion_main};
use doorward::saml::{
    DEFAULT_SKEW_MILLIS, Expectations, Requested, TrustedKeys, decode_post, profile, verify, verify_traced,
};

#[path = "../it/idp/mod.rs"]
mod idp;

use idp::{NOW, Sign, TestIdp, example_sp};

fn sign_in(c: &mut Criterion) {
    let (idp, sp) = (TestIdp::new("bench"), example_sp());
    let trusted = TrustedKeys::new(std::slice::from_ref(idp.certificate()));
    let expected = Expectations {
        sp: &sp,
        issuer: &idp.entity_id,
        trusted: &trusted,
        decryption_keys: &[],
        requested: Requested::Unsolicited,
        skew_millis: DEFAULT_SKEW_MILLIS,
    };
    for sign in [Sign::Assertion, Sign::Response, Sign::Both] {
        let field = idp.response_field(&sp, |r| r.sign = sign);
        let bytes = field.len() / 4 * 3;
        c.bench_function(&format!("sign in, {sign:?} signed, {bytes} bytes"), |b| {
            b.iter(|| {
                let xml = decode_post(black_box(&field)).unwrap();
                profile(&verify(&xml, &expected, NOW).unwrap())
            });
        });
    }
    let xml = idp.response(&sp, |_| {});
    c.bench_function("verify with a trace", |b| {
        b.iter(|| verify_traced(black_box(xml.as_bytes()), &expected, NOW))
    });
}

fn bare_rsa(c: &mut Criterion) {
    let idp = TestIdp::new("bench");
    let message = [7; 400];
    let signature = idp.key.sign(&message);
    let (_, x509) = x509_parser::parse_x509_certificate(&idp.certificate().der).unwrap();
    let key = UnparsedPublicKey::new(
        &RSA_PKCS1_2048_8192_SHA256,
        x509.public_key().subject_public_key.data.to_vec(),
    );
    c.bench_function("bare RSA-2048 verify", |b| {
        b.iter(|| key.verify(black_box(&message), &signature).unwrap())
    });
}

fn refusals(c: &mut Criterion) {
    let (idp, sp) = (TestIdp::new("bench"), example_sp());
    let trusted = TrustedKeys::new(std::slice::from_ref(idp.certificate()));
    let expected = Expectations {
        sp: &sp,
        issuer: &idp.entity_id,
        trusted: &trusted,
        decryption_keys: &[],
        requested: Requested::Unsolicited,
        skew_millis: DEFAULT_SKEW_MILLIS,
    };
    let namespaces: String = (0..9_000).map(|n| format!(" xmlns:n{n}=\"urn:n\"")).collect();
    let attributes: String = (0..30_000).map(|n| format!(" a{n}=\"\"")).collect();
    // As much as the limits let through to the parser and to canonicalisation.
    let nested: String = (0..4)
        .map(|d| {
            let declared: String = (0..14)
                .map(|n| format!(" xmlns:p{d}x{n}=\"urn:{d}:{n}\""))
                .collect();
            format!("<p:a xmlns:p=\"urn:p\"{declared}>")
        })
        .collect();
    let children: String = (0..7_000)
        .map(|n| format!("<p{}x{}:b/>", n % 4, n % 14))
        .collect();
    let dense = format!(
        "<samlp:Extensions>{nested}{children}{}</samlp:Extensions>",
        "</p:a>".repeat(4)
    );
    let hostile = [
        ("9,000 namespaces", format!("<a{namespaces}/>")),
        ("30,000 attributes", format!("<a{attributes}/>")),
        ("depth 30,000", "<a>".repeat(30_000)),
        ("NUL", "\0".repeat(200_000)),
        (
            "dense within limits, forged",
            idp.response(&sp, |r| {
                r.sign = Sign::Response;
                r.extensions = dense.clone();
                r.change_signed = Box::new(|xml| xml.replace("ada@", "eve@"));
            }),
        ),
    ];
    for (name, xml) in hostile {
        let code = verify(xml.as_bytes(), &expected, NOW).unwrap_err().code();
        c.bench_function(&format!("refuse {name} ({code})"), |b| {
            b.iter(|| verify(black_box(xml.as_bytes()), &expected, NOW).unwrap_err());
        });
    }
}

criterion_group!(benches, sign_in, bare_rsa, refusals);
criterion_main!(benches);
