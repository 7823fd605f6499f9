//! Our own logout messages. They are always signed, so that an identity provider can rely on them.

use crate::model::time::{MINUTE, Timestamp};
use crate::saml::assertion::NameId;
use crate::saml::binding::{Outgoing, PostForm};
use crate::saml::key::{KeyProblem, SpKey};
use crate::saml::names::{ASSERTION, FORMAT_UNSPECIFIED, PROTOCOL, STATUS_SUCCESS};
use crate::saml::sp_metadata::{ServiceProvider, escape};

/// How long a request of ours is good.
const LIFE: i64 = 5 * MINUTE;

/// A request to end the IdentityProvider's session, and with it all others that hang on it.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    pub sp: &'a ServiceProvider,
    /// From [`crate::saml::authn_request::request_id`].
    pub id: &'a str,
    pub destination: &'a str,
    /// Exactly as it came with the sign-in, qualifiers included (SAML core §3.7.1).
    pub name_id: &'a NameId,
    pub session: Option<&'a str>,
    pub now: Timestamp,
}

/// The answer to a request that was carried out.
#[derive(Clone, Debug)]
pub struct Done<'a> {
    pub sp: &'a ServiceProvider,
    pub id: &'a str,
    pub destination: &'a str,
    pub in_response_to: &'a str,
    pub relay_state: Option<&'a str>,
    pub now: Timestamp,
}

/// A message of ours in the form that its binding wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    Redirect(String),
    Post(PostForm),
}

/// Makes a signed LogoutRequest, by redirect or by POST.
///
/// # Errors
/// Only when the key cannot sign.
pub fn ask(ask: &Ask<'_>, by_redirect: bool, key: &SpKey) -> Result<Way, KeyProblem> {
    let mut xml = head(
        "LogoutRequest",
        ask.sp,
        ask.id,
        ask.destination,
        ask.now,
        &format!(
            r#" NotOnOrAfter="{}" Reason="urn:oasis:names:tc:SAML:2.0:logout:user""#,
            ask.now.plus(LIFE).rfc3339()
        ),
    );
    xml.push_str("<saml2:NameID");
    let name = ask.name_id;
    let format = Some(&name.format).filter(|format| *format != FORMAT_UNSPECIFIED);
    for (attribute, value) in [
        ("NameQualifier", name.name_qualifier.as_ref()),
        ("SPNameQualifier", name.sp_name_qualifier.as_ref()),
        ("Format", format),
    ] {
        if let Some(value) = value {
            xml.push_str(&format!(r#" {attribute}="{}""#, escape(value)));
        }
    }
    xml.push_str(&format!(">{}</saml2:NameID>", escape(&name.value)));
    if let Some(session) = ask.session {
        xml.push_str(&format!(
            "<saml2p:SessionIndex>{}</saml2p:SessionIndex>",
            escape(session)
        ));
    }
    xml.push_str("</saml2p:LogoutRequest>");
    let outgoing = Outgoing {
        field: "SAMLRequest",
        xml: &xml,
        id: ask.id,
        destination: ask.destination,
        relay_state: None,
    };
    send(&outgoing, by_redirect, key)
}

/// Makes a signed LogoutResponse that says success, by redirect or by POST.
///
/// # Errors
/// Only when the key cannot sign.
pub fn answer(done: &Done<'_>, by_redirect: bool, key: &SpKey) -> Result<Way, KeyProblem> {
    let answers = format!(r#" InResponseTo="{}""#, escape(done.in_response_to));
    let mut xml = head(
        "LogoutResponse",
        done.sp,
        done.id,
        done.destination,
        done.now,
        &answers,
    );
    xml.push_str(&format!(
        r#"<saml2p:Status><saml2p:StatusCode Value="{STATUS_SUCCESS}"/></saml2p:Status></saml2p:LogoutResponse>"#
    ));
    let outgoing = Outgoing {
        field: "SAMLResponse",
        xml: &xml,
        id: done.id,
        destination: done.destination,
        relay_state: done.relay_state,
    };
    send(&outgoing, by_redirect, key)
}

fn send(outgoing: &Outgoing<'_>, by_redirect: bool, key: &SpKey) -> Result<Way, KeyProblem> {
    match by_redirect {
        true => outgoing.redirect(Some(key)).map(Way::Redirect),
        false => outgoing.post(Some(key)).map(Way::Post),
    }
}

/// The start tag and the Issuer, with which both messages begin.
fn head(
    local: &str,
    sp: &ServiceProvider,
    id: &str,
    destination: &str,
    now: Timestamp,
    more: &str,
) -> String {
    format!(
        r#"<saml2p:{local} xmlns:saml2p="{PROTOCOL}" xmlns:saml2="{ASSERTION}" ID="{id}" Version="2.0" IssueInstant="{at}" Destination="{to}"{more}><saml2:Issuer>{issuer}</saml2:Issuer>"#,
        at = now.rfc3339(),
        to = escape(destination),
        issuer = escape(&sp.entity_id),
    )
}
