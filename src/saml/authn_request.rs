//! The AuthnRequest that starts a sign-in (SAML core §3.4), and the two ways to send it (SAML bindings §3.4, §3.5).
//!
//! It says as little as it can: who we are, where to answer, whether the person must sign in anew. There is never a
//! RequestedAuthnContext (it makes Entra and AD FS refuse people who use another factor) and no NameIDPolicy unless a
//! format is asked for (AD FS refuses formats that it was not set up for).

use std::io::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bergshamra_dsig::DsigContext;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use samael::schema::{Issuer, NameIdPolicy};
use samael::traits::ToXml;

use crate::model::time::Timestamp;

use super::key::{KeyProblem, SpKey};
use super::names::{BINDING_POST, DSIG, ENVELOPED, EXC_C14N, RSA_SHA256, SHA256};
use super::sp_metadata::{ServiceProvider, escape};

/// Random bytes in a request ID: 160 bits (SAML core §1.3.4 asks for 128 at least).
pub const ID_BYTES: usize = 20;

/// One request, ready to be sent by either binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthnRequest {
    /// `_` and hex; the answer must name it.
    pub id: String,
    /// The IdP's sign-on address for the binding in use.
    pub destination: String,
    /// Our entity ID.
    pub issuer: String,
    /// Where the answer goes.
    pub acs_url: String,
    pub issue_instant: Timestamp,
    /// Whether the person must prove who they are again, even with an open session at the IdP.
    pub force_authn: bool,
    /// The NameID format to ask for; leave it out unless an admin chose one.
    pub name_id_format: Option<String>,
}

/// A form for the browser to send by itself: each value must be escaped by the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostForm {
    /// Where the form goes.
    pub action: String,
    /// The hidden field `SAMLRequest`.
    pub saml_request: String,
    /// The hidden field `RelayState`, when there is one.
    pub relay_state: Option<String>,
}

/// `_` and the hex of `random`; hand in [`ID_BYTES`] fresh random bytes.
pub fn request_id(random: &[u8; ID_BYTES]) -> String {
    random
        .iter()
        .fold(String::from("_"), |id, byte| format!("{id}{byte:02x}"))
}

impl AuthnRequest {
    /// A plain request from `sp` to `destination` with an `id` from [`request_id`].
    pub fn new(sp: &ServiceProvider, destination: &str, id: String, now: Timestamp) -> Self {
        Self {
            id,
            destination: destination.to_owned(),
            issuer: sp.entity_id.clone(),
            acs_url: sp.acs_url.clone(),
            issue_instant: now,
            force_authn: false,
            name_id_format: None,
        }
    }

    /// The document without a signature.
    pub fn to_xml(&self) -> String {
        let request = samael::schema::AuthnRequest {
            id: self.id.clone(),
            version: "2.0".to_owned(),
            issue_instant: self.issue_instant.to_utc(),
            destination: Some(self.destination.clone()),
            // samael writes this text as it is.
            issuer: Some(Issuer {
                value: Some(escape(&self.issuer)),
                ..Issuer::default()
            }),
            force_authn: self.force_authn.then_some(true),
            assertion_consumer_service_url: Some(self.acs_url.clone()),
            protocol_binding: Some(BINDING_POST.to_owned()),
            name_id_policy: self.name_id_format.clone().map(|format| NameIdPolicy {
                format: Some(format),
                sp_name_qualifier: None,
                allow_create: Some(true),
            }),
            ..samael::schema::AuthnRequest::default()
        };
        // Writing into memory cannot fail.
        request.to_string().unwrap_or_default()
    }

    /// The address to send the browser to (HTTP-Redirect): DEFLATE, Base64, percent-encoding. When signed, the
    /// signature is over exactly the query string that is sent (SAML bindings §3.4.4.1). A query that the address
    /// already has is kept.
    ///
    /// # Errors
    /// Only when the key cannot sign.
    pub fn redirect_url(
        &self,
        relay_state: Option<&str>,
        sign_with: Option<&SpKey>,
    ) -> Result<String, KeyProblem> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        let deflated = encoder
            .write_all(self.to_xml().as_bytes())
            .and_then(|()| encoder.finish());
        let deflated = deflated.map_err(|_| KeyProblem)?;
        let mut query = format!("SAMLRequest={}", percent(&STANDARD.encode(deflated)));
        if let Some(relay_state) = relay_state {
            query.push_str("&RelayState=");
            query.push_str(&percent(relay_state));
        }
        if let Some(key) = sign_with {
            query.push_str("&SigAlg=");
            query.push_str(&percent(RSA_SHA256));
            let signature = key.sign_sha256(query.as_bytes())?;
            query.push_str("&Signature=");
            query.push_str(&percent(&STANDARD.encode(signature)));
        }
        let (address, _fragment) = self
            .destination
            .split_once('#')
            .unwrap_or((&self.destination, ""));
        let joint = match address.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some((_, query)) if query.ends_with('&') => "",
            Some(_) => "&",
        };
        Ok(format!("{address}{joint}{query}"))
    }

    /// The form for the browser to post (HTTP-POST), with an enveloped XML signature when signed.
    ///
    /// # Errors
    /// Only when the key cannot sign.
    pub fn post_form(
        &self,
        relay_state: Option<&str>,
        sign_with: Option<&SpKey>,
    ) -> Result<PostForm, KeyProblem> {
        let xml = match sign_with {
            Some(key) => self.to_signed_xml(key)?,
            None => self.to_xml(),
        };
        Ok(PostForm {
            action: self.destination.clone(),
            saml_request: STANDARD.encode(xml),
            relay_state: relay_state.map(str::to_owned),
        })
    }

    /// The document with an enveloped signature right behind the Issuer, where the schema has it.
    fn to_signed_xml(&self, key: &SpKey) -> Result<String, KeyProblem> {
        let xml = self.to_xml();
        let end = "</saml2:Issuer>";
        let at = xml.find(end).ok_or(KeyProblem)? + end.len();
        let (head, tail) = xml.split_at(at);
        let template = format!("{head}{}{tail}", signature_template(&self.id, key));
        let signed = bergshamra_dsig::sign::sign(&DsigContext::new(key.keys()), &template);
        signed.map_err(|_| KeyProblem)
    }
}

/// A Signature for the library to fill in: RSA-SHA256 over the element with the ID.
fn signature_template(id: &str, key: &SpKey) -> String {
    let certificate = key.certificate().to_base64();
    format!(
        r##"<ds:Signature xmlns:ds="{DSIG}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXC_C14N}"/><ds:SignatureMethod Algorithm="{RSA_SHA256}"/><ds:Reference URI="#{id}"><ds:Transforms><ds:Transform Algorithm="{ENVELOPED}"/><ds:Transform Algorithm="{EXC_C14N}"/></ds:Transforms><ds:DigestMethod Algorithm="{SHA256}"/><ds:DigestValue></ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue></ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>"##
    )
}

/// Percent-encoding of everything but unreserved characters (RFC 3986 §2.3), the same on every side.
fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 3 / 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
