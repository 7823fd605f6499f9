//! The AuthnRequest that starts a sign-in (SAML core §3.4), and the two ways to send it (SAML bindings §3.4, §3.5).
//!
//! It says as little as it can: who we are, where to answer, whether the person must sign in anew. There is never a
//! RequestedAuthnContext (it makes Entra and AD FS refuse people who use another factor) and no NameIDPolicy unless a
//! format is asked for (AD FS refuses formats that it was not set up for).

use samael::schema::{Issuer, NameIdPolicy};
use samael::traits::ToXml;

use crate::model::time::Timestamp;

use super::binding::{Outgoing, PostForm};
use super::key::{KeyProblem, SpKey};
use super::names::BINDING_POST;
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
            // Every field is named, because the library's default reads the clock.
            consent: None,
            signature: None,
            subject: None,
            conditions: None,
            requested_authn_context: None,
            is_passive: None,
            assertion_consumer_service_index: None,
            attribute_consuming_service_index: None,
            provider_name: None,
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
        self.outgoing(&self.to_xml(), relay_state).redirect(sign_with)
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
        self.outgoing(&self.to_xml(), relay_state).post(sign_with)
    }

    fn outgoing<'a>(&'a self, xml: &'a str, relay_state: Option<&'a str>) -> Outgoing<'a> {
        Outgoing {
            field: "SAMLRequest",
            xml,
            id: &self.id,
            destination: &self.destination,
            relay_state,
        }
    }
}
