//! A small IdentityProvider for tests: it makes keys, metadata and really signed (and encrypted) Responses.
//!
//! ```ignore
//! let idp = TestIdp::new("acme");
//! let xml = idp.response(&example_sp(), |r| {
//!     r.in_response_to = Some("_123".into());
//!     r.sign = Sign::Both;
//! });
//! ```
//!
//! Every field of [`Response`] is a knob with a good default, so a test changes exactly what it is about. It signs by
//! hand (canonical XML, then aws-lc-rs), independent of the code under test. Hooks let a test spoil a part *before* it
//! is signed, so that a document can be hostile and still carry a genuine signature.

// Shared by tests and benches, each of which uses a part of it.
#![allow(dead_code, unused_imports)]
#![allow(
    clippy::disallowed_methods,
    reason = "the test identity provider is not ours, and takes its randomness where it likes"
)]

mod encrypt;
mod key;
mod logout;
mod sign;
mod xml;

pub use encrypt::Encrypt;
pub use key::{Algorithm, TestKey, dated_certificate};
pub use logout::{Logout, percent, sign_query};
pub use xml::{Prefixes, Response, Sign};

use doorward::model::time::{DAY, Timestamp};
use doorward::saml::{Certificate, ServiceProvider};

/// The moment at which all tests happen: 2026-11-21T12:00:00Z.
pub const NOW: Timestamp = Timestamp(1_795_262_400_000);

/// A ServiceProvider with plain addresses.
pub fn example_sp() -> ServiceProvider {
    ServiceProvider {
        entity_id: "https://door.example/sso/acme/metadata".to_owned(),
        acs_url: "https://door.example/sso/acme/acs".to_owned(),
        slo_url: "https://door.example/sso/acme/slo".to_owned(),
    }
}

/// An IdentityProvider with one RSA 2048 key.
pub struct TestIdp {
    pub entity_id: String,
    pub key: TestKey,
}

impl TestIdp {
    /// An IdP named after `seed`: `https://idp.<seed>.example/saml`. Its key is made once per seed and test run.
    pub fn new(seed: &str) -> Self {
        Self {
            entity_id: format!("https://idp.{seed}.example/saml"),
            key: TestKey::rsa(seed),
        }
    }

    /// The same with a key for `algorithm`.
    pub fn with(seed: &str, algorithm: Algorithm) -> Self {
        Self {
            entity_id: format!("https://idp.{seed}.example/saml"),
            key: TestKey::for_algorithm(seed, algorithm),
        }
    }

    pub fn certificate(&self) -> &Certificate {
        &self.key.certificate
    }

    /// Metadata with endpoints below `base`: `/sso/redirect`, `/sso/post`.
    pub fn metadata(&self, base: &str) -> String {
        let until = NOW.plus(365 * DAY).rfc3339();
        let certificate = self.certificate().to_base64();
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{id}" validUntil="{until}">
  <md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
    <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{base}/sso/redirect"/>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{base}/sso/post"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>"#,
            id = self.entity_id
        )
    }

    /// A Response for `sp` as XML; `change` turns the knobs.
    pub fn response(&self, sp: &ServiceProvider, change: impl FnOnce(&mut Response)) -> String {
        let mut response = Response::new(&self.entity_id, sp);
        change(&mut response);
        response.build(&self.key)
    }

    /// The same as the value of the `SAMLResponse` form field.
    pub fn response_field(&self, sp: &ServiceProvider, change: impl FnOnce(&mut Response)) -> String {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(self.response(sp, change))
    }
}
