//! Logout messages of the test identity provider, in both bindings, each with the knobs that a hostile one needs.

use std::io::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use doorward::model::time::{MINUTE, Timestamp};
use doorward::saml::ServiceProvider;
use flate2::{Compression, write::DeflateEncoder};

use super::key::TestKey;
use super::sign::{Slot, sign_element};
use super::{NOW, TestIdp};

const SLOT: &str = "[[signature]]";

/// A LogoutRequest, or the LogoutResponse to `in_response_to`.
pub struct Logout {
    pub is_response: bool,
    pub id: String,
    pub version: &'static str,
    pub issue_instant: Timestamp,
    pub not_on_or_after: Option<Timestamp>,
    pub destination: Option<String>,
    pub issuer: String,
    /// The NameID element, whole.
    pub name_id: String,
    pub sessions: Vec<String>,
    pub in_response_to: Option<String>,
    /// The Status element's content.
    pub status: String,
    pub extensions: String,
    pub relay_state: Option<String>,
    pub change_signature: Box<dyn Fn(String) -> String>,
    pub change_signed: Box<dyn Fn(String) -> String>,
}

impl TestIdp {
    /// A good request to sign `email` out of `sp`, whatever sessions there are.
    pub fn logout_request(&self, sp: &ServiceProvider, email: &str) -> Logout {
        Logout {
            is_response: false,
            id: "_logout0001".to_owned(),
            version: "2.0",
            issue_instant: NOW,
            not_on_or_after: Some(NOW.plus(5 * MINUTE)),
            destination: Some(sp.slo_url.clone()),
            issuer: self.entity_id.clone(),
            name_id: format!(
                "<saml:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">{email}</saml:NameID>"
            ),
            sessions: Vec::new(),
            in_response_to: None,
            status: String::new(),
            extensions: String::new(),
            relay_state: None,
            change_signature: Box::new(|xml| xml),
            change_signed: Box::new(|xml| xml),
        }
    }

    /// A good answer that says success.
    pub fn logout_response(&self, sp: &ServiceProvider, request: &str) -> Logout {
        Logout {
            is_response: true,
            not_on_or_after: None,
            name_id: String::new(),
            in_response_to: Some(request.to_owned()),
            status: "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>".to_owned(),
            ..self.logout_request(sp, "")
        }
    }
}

impl Logout {
    pub fn field(&self) -> &'static str {
        if self.is_response {
            "SAMLResponse"
        } else {
            "SAMLRequest"
        }
    }

    /// The document, with a place for a signature.
    fn document(&self) -> String {
        let local = if self.is_response {
            "LogoutResponse"
        } else {
            "LogoutRequest"
        };
        let attribute = |name: &str, value: Option<String>| {
            value.map_or(String::new(), |value| format!(" {name}=\"{value}\""))
        };
        let sessions = self.sessions.iter();
        let sessions: String = sessions
            .map(|s| format!("<samlp:SessionIndex>{s}</samlp:SessionIndex>"))
            .collect();
        let status = match self.is_response {
            true => format!("<samlp:Status>{}</samlp:Status>", self.status),
            false => String::new(),
        };
        format!(
            "<samlp:{local} xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{id}\" Version=\"{version}\" IssueInstant=\"{at}\"{to}{until}{answers}><saml:Issuer>{issuer}</saml:Issuer>{SLOT}{extensions}{name_id}{sessions}{status}</samlp:{local}>",
            id = self.id,
            version = self.version,
            at = self.issue_instant.rfc3339(),
            to = attribute("Destination", self.destination.clone()),
            until = attribute("NotOnOrAfter", self.not_on_or_after.map(Timestamp::rfc3339)),
            answers = attribute("InResponseTo", self.in_response_to.clone()),
            issuer = self.issuer,
            extensions = self.extensions,
            name_id = self.name_id,
        )
    }

    /// The document without a signature.
    pub fn bare(&self) -> String {
        (self.change_signed)(self.document().replace(SLOT, ""))
    }

    /// The document with an enveloped signature.
    pub fn signed(&self, key: &TestKey) -> String {
        let slot = Slot {
            token: SLOT,
            id: &self.id,
            prefix: "ds",
            key_info: true,
            inclusive: None,
            change: &self.change_signature,
        };
        (self.change_signed)(sign_element(&self.document(), &slot, key))
    }

    /// The fields of the form.
    pub fn form(&self, xml: &str) -> Vec<(&'static str, String)> {
        let mut fields = vec![(self.field(), STANDARD.encode(xml))];
        fields.extend(self.relay_state.clone().map(|state| ("RelayState", state)));
        fields
    }

    /// The query without a signature: message and RelayState.
    pub fn unsigned_query(&self, xml: &str) -> String {
        let mut query = format!("{}={}", self.field(), percent(&STANDARD.encode(deflate(xml))));
        if let Some(state) = &self.relay_state {
            query.push_str(&format!("&RelayState={}", percent(state)));
        }
        query
    }

    /// The query, signed as HTTP-Redirect is.
    pub fn query(&self, key: &TestKey) -> String {
        sign_query(
            &self.unsigned_query(&self.bare()),
            key,
            &key.algorithm.signature_uri(),
        )
    }
}

/// Signs the octets of this query.
pub fn sign_query(unsigned: &str, key: &TestKey, algorithm: &str) -> String {
    let octets = format!("{unsigned}&SigAlg={}", percent(algorithm));
    let signature = STANDARD.encode(key.sign(octets.as_bytes()));
    format!("{octets}&Signature={}", percent(&signature))
}

pub fn deflate(text: &str) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

pub fn percent(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
