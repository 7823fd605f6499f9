//! The two ways in which our messages travel through a browser: HTTP-Redirect and HTTP-POST (SAML bindings §3.4, §3.5).

use std::io::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bergshamra_dsig::DsigContext;
use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::key::{KeyProblem, SpKey};
use super::names::{DSIG, ENVELOPED, EXC_C14N, RSA_SHA256, SHA256};

/// A form for the browser to send by itself: each value must be escaped by the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostForm {
    /// Where the form goes.
    pub action: String,
    /// The name of the hidden field with the message: `SAMLRequest` or `SAMLResponse`.
    pub field: &'static str,
    /// Its value: the document in Base64.
    pub message: String,
    /// The hidden field `RelayState`, when there is one.
    pub relay_state: Option<String>,
}

/// One message on its way out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outgoing<'a> {
    /// `SAMLRequest` or `SAMLResponse`.
    pub field: &'static str,
    pub xml: &'a str,
    pub id: &'a str,
    pub destination: &'a str,
    pub relay_state: Option<&'a str>,
}

impl Outgoing<'_> {
    /// The address to send the browser to: DEFLATE, Base64, percent-encoding. When signed, the signature is over
    /// exactly the query string that is sent (SAML bindings §3.4.4.1). A query that the address already has is kept.
    pub fn redirect(&self, sign_with: Option<&SpKey>) -> Result<String, KeyProblem> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        let deflated = encoder
            .write_all(self.xml.as_bytes())
            .and_then(|()| encoder.finish());
        let deflated = deflated.map_err(|_| KeyProblem)?;
        let mut query = format!("{}={}", self.field, percent(&STANDARD.encode(deflated)));
        if let Some(relay_state) = self.relay_state {
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
        let (address, _fragment) = self.destination.split_once('#').unwrap_or((self.destination, ""));
        let joint = match address.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some((_, query)) if query.ends_with('&') => "",
            Some(_) => "&",
        };
        Ok(format!("{address}{joint}{query}"))
    }

    /// The form for the browser to post, with an enveloped XML signature when signed.
    pub fn post(&self, sign_with: Option<&SpKey>) -> Result<PostForm, KeyProblem> {
        let message = match sign_with {
            Some(key) => STANDARD.encode(self.signed(key)?),
            None => STANDARD.encode(self.xml),
        };
        Ok(PostForm {
            action: self.destination.to_owned(),
            field: self.field,
            message,
            relay_state: self.relay_state.map(str::to_owned),
        })
    }

    /// The document with an enveloped signature right behind the Issuer, where the schema has it.
    fn signed(&self, key: &SpKey) -> Result<String, KeyProblem> {
        let end = "</saml2:Issuer>";
        let at = self.xml.find(end).ok_or(KeyProblem)? + end.len();
        let (head, tail) = self.xml.split_at(at);
        let template = format!("{head}{}{tail}", signature_template(self.id, key));
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
