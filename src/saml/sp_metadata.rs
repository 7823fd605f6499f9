//! Who we are towards an IdentityProvider, and the metadata that says so (SAML metadata §2.4.4).

use samael::key_info::{KeyInfo, X509Data};
use samael::metadata::{
    EncryptionMethod, Endpoint, EntityDescriptor, IndexedEndpoint, KeyDescriptor, SpSsoDescriptor,
};
use samael::traits::ToXml;

use super::certificate::Certificate;
use super::names::{
    AES128_GCM, AES256_GCM, BINDING_POST, BINDING_REDIRECT, FORMAT_EMAIL, FORMAT_PERSISTENT,
    FORMAT_UNSPECIFIED, PROTOCOL, RSA_OAEP_MGF1P,
};

/// Us, as one IdentityProvider knows us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceProvider {
    /// Our entity ID, which is the audience of every assertion for us.
    pub entity_id: String,
    /// Our assertion consumer service (ACS), which is Destination and Recipient of every Response to us.
    pub acs_url: String,
    /// Where logout messages for us go, by redirect and by POST.
    pub slo_url: String,
}

/// Our metadata as an XML document.
///
/// With a `certificate` it lists its key for signing and for encryption; `sign_requests` says whether our requests
/// are signed (ignored without a certificate). Assertions are always wanted signed.
pub fn sp_metadata(sp: &ServiceProvider, certificate: Option<&Certificate>, sign_requests: bool) -> String {
    let descriptor = SpSsoDescriptor {
        protocol_support_enumeration: Some(PROTOCOL.to_owned()),
        authn_requests_signed: Some(sign_requests && certificate.is_some()),
        want_assertions_signed: Some(true),
        key_descriptors: certificate
            .map(|c| vec![key_descriptor("signing", c), key_descriptor("encryption", c)]),
        name_id_formats: Some(
            [FORMAT_PERSISTENT, FORMAT_EMAIL, FORMAT_UNSPECIFIED]
                .map(str::to_owned)
                .to_vec(),
        ),
        assertion_consumer_services: vec![IndexedEndpoint {
            binding: BINDING_POST.to_owned(),
            location: sp.acs_url.clone(),
            response_location: None,
            index: 0,
            is_default: Some(true),
        }],
        single_logout_services: certificate
            .map(|_| [BINDING_REDIRECT, BINDING_POST].map(|b| slo(sp, b)).to_vec()),
        ..SpSsoDescriptor::default()
    };
    let entity = EntityDescriptor {
        entity_id: Some(sp.entity_id.clone()),
        sp_sso_descriptors: Some(vec![descriptor]),
        ..EntityDescriptor::default()
    };
    // Writing into memory cannot fail; an empty document would be noticed by the first IdP that reads it.
    entity.to_string().unwrap_or_default()
}

/// Only with a certificate: our logout messages are always signed.
fn slo(sp: &ServiceProvider, binding: &str) -> Endpoint {
    Endpoint {
        binding: binding.to_owned(),
        location: sp.slo_url.clone(),
        response_location: None,
    }
}

fn key_descriptor(usage: &str, certificate: &Certificate) -> KeyDescriptor {
    let methods = [AES256_GCM, AES128_GCM, RSA_OAEP_MGF1P];
    let methods = methods.map(|algorithm| EncryptionMethod {
        algorithm: algorithm.to_owned(),
    });
    KeyDescriptor {
        key_use: Some(usage.to_owned()),
        key_info: KeyInfo {
            id: None,
            x509_data: Some(X509Data {
                certificates: vec![certificate.to_base64()],
            }),
        },
        encryption_methods: (usage == "encryption").then(|| methods.to_vec()),
    }
}

/// `text` as the content of an element or a double-quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // Attribute values would have these normalised to spaces.
            '\t' => escaped.push_str("&#9;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            _ => escaped.push(character),
        }
    }
    escaped
}
