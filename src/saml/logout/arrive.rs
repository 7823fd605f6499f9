//! What a browser brought to our logout address: parameters, signature, and the bytes that the signature covers.
//!
//! A Redirect is signed over its query string as it was sent. The parameters are therefore cut out of exactly those
//! octets, once; two of one name, another spelling of a name (`samlrequest`, `%53AMLRequest`) or both messages at once
//! are refused, because two readers could read two different messages out of them.

use std::io::Read as _;

use flate2::read::DeflateDecoder;

use super::problem::LogoutProblem;
use crate::saml::problem::SamlProblem;
use crate::saml::rules::Record;
use crate::saml::scan::{RESPONSE, VERIFIED, scan};
use crate::saml::trust::TrustedKeys;
use crate::saml::{certificate, octets, signature, structure, tree};

const NAMES: [&str; 6] = [
    "SAMLRequest",
    "SAMLResponse",
    "RelayState",
    "SigAlg",
    "Signature",
    "SAMLEncoding",
];
/// The one encoding that HTTP-Redirect knows, and may name (SAML bindings §3.4.4).
const DEFLATE: &str = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";
/// A RelayState is 80 bytes by the standard (SAML bindings §3.4.3); some send more.
const MAX_RELAY_STATE: usize = 1_024;

/// What came, untouched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// The raw query string.
    Redirect(String),
    /// The fields of the form, decoded.
    Post(Vec<(String, String)>),
}

/// Which message it is, by its parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Request,
    Response,
}

/// A message whose signature is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub kind: Kind,
    /// The document as it was signed; nothing else of the message is ever read.
    pub(super) document: Vec<u8>,
    /// To be given back with an answer.
    pub relay_state: Option<String>,
    pub signed_by: String,
}

/// Does it look like a request? Only to choose the words for a refusal.
pub fn is_request(arrived: &Arrived) -> bool {
    match arrived {
        Arrived::Redirect(query) => query.contains("SAMLRequest="),
        Arrived::Post(fields) => fields.iter().any(|(name, _)| name == "SAMLRequest"),
    }
}

/// The message, its signature checked with the pinned certificates alone.
///
/// # Errors
/// [`LogoutProblem::Parameters`], [`LogoutProblem::NotSigned`], or what is wrong with document or signature.
pub fn verify(arrived: &Arrived, trusted: &TrustedKeys) -> Result<Verified, LogoutProblem> {
    match arrived {
        Arrived::Redirect(query) => redirect(query, trusted),
        Arrived::Post(fields) => post(fields, trusted),
    }
}

fn wrong<T>(detail: &'static str) -> Result<T, LogoutProblem> {
    Err(LogoutProblem::Parameters { detail })
}

/// The parameters that we know, each at most once and spelt as the standard does; others are nothing to us.
struct Parameters<'a>(Vec<(&'static str, &'a str)>);

impl<'a> Parameters<'a> {
    fn new(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, LogoutProblem> {
        let mut known: Vec<(&'static str, &'a str)> = Vec::new();
        for (raw, value) in pairs {
            let name = percent_decode(raw).unwrap_or_default();
            let Some(meant) = NAMES
                .into_iter()
                .find(|n| n.as_bytes().eq_ignore_ascii_case(&name))
            else {
                continue;
            };
            if raw != meant {
                return wrong("a parameter is spelt in another way than the standard's");
            }
            if known.iter().any(|(other, _)| *other == meant) {
                return wrong("a parameter comes twice");
            }
            known.push((meant, value));
        }
        Ok(Self(known))
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.0
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| *value)
    }

    fn message(&self) -> Result<(Kind, &'a str), LogoutProblem> {
        match (self.get("SAMLRequest"), self.get("SAMLResponse")) {
            (Some(request), None) => Ok((Kind::Request, request)),
            (None, Some(response)) => Ok((Kind::Response, response)),
            (Some(_), Some(_)) => wrong("a request and a response at once"),
            (None, None) => wrong("neither SAMLRequest nor SAMLResponse"),
        }
    }
}

fn redirect(query: &str, trusted: &TrustedKeys) -> Result<Verified, LogoutProblem> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let parameters = Parameters::new(pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))))?;
    let (kind, message) = parameters.message()?;
    let (algorithm, signature) = match (parameters.get("SigAlg"), parameters.get("Signature")) {
        (Some(algorithm), Some(signature)) => (algorithm, signature),
        (None, None) => return Err(LogoutProblem::NotSigned),
        _ => return wrong("SigAlg and Signature come only together"),
    };
    let field = match kind {
        Kind::Request => "SAMLRequest",
        Kind::Response => "SAMLResponse",
    };
    let mut octets = format!("{field}={message}");
    if let Some(relay_state) = parameters.get("RelayState") {
        octets.push_str("&RelayState=");
        octets.push_str(relay_state);
    }
    octets.push_str("&SigAlg=");
    octets.push_str(algorithm);
    let signed_by = octets::check(
        octets.as_bytes(),
        &text(algorithm)?,
        &base64(&text(signature)?)?,
        trusted,
    )?;
    if let Some(encoding) = parameters.get("SAMLEncoding")
        && text(encoding)? != DEFLATE
    {
        return wrong("an encoding other than DEFLATE");
    }
    let document = inflate(&base64(&text(message)?)?)?;
    let relay_state = parameters.get("RelayState").map(text).transpose()?;
    let plain = tree::parse(&document, RESPONSE).map_err(SamlProblem::from)?;
    // The signature is in the query; another one inside would say something that nobody checks (SAML bindings §3.4.4.1).
    if structure::message_signature(&plain)?.is_some() {
        return Err(SamlProblem::SignaturePlace {
            parent: "a message sent by redirect".to_owned(),
        }
        .into());
    }
    drop(plain);
    Ok(Verified {
        kind,
        document,
        relay_state: relay_state.filter(|state| state.len() <= MAX_RELAY_STATE),
        signed_by,
    })
}

fn post(fields: &[(String, String)], trusted: &TrustedKeys) -> Result<Verified, LogoutProblem> {
    let parameters = Parameters::new(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())))?;
    let (kind, message) = parameters.message()?;
    let document = crate::saml::decode_post(message)?;
    let text = scan(&document, RESPONSE).map_err(SamlProblem::from)?;
    let tree = tree::parse_text(text, RESPONSE).map_err(SamlProblem::from)?;
    let Some(mark) = structure::message_signature(&tree)? else {
        return Err(LogoutProblem::NotSigned);
    };
    let verified = signature::check(&tree, text, (tree.root, mark), trusted, &mut Record::off())?;
    drop(tree);
    // What was signed is all that is left of it.
    scan(&verified.bytes, VERIFIED).map_err(SamlProblem::from)?;
    let relay_state = parameters.get("RelayState").map(str::to_owned);
    Ok(Verified {
        kind,
        document: verified.bytes,
        relay_state: relay_state.filter(|state| state.len() <= MAX_RELAY_STATE),
        signed_by: verified.signed_by,
    })
}

/// At most as many bytes as a Response may have, however small they were packed.
fn inflate(deflated: &[u8]) -> Result<Vec<u8>, LogoutProblem> {
    let mut document = Vec::new();
    let limit = RESPONSE.bytes;
    let read = DeflateDecoder::new(deflated)
        .take(limit as u64 + 1)
        .read_to_end(&mut document);
    if document.len() > limit {
        let bytes = document.len();
        return Err(SamlProblem::Size { bytes, limit }.into());
    }
    read.map_err(|_| SamlProblem::Encoding {
        found: "not DEFLATE".to_owned(),
    })?;
    Ok(document)
}

fn base64(text: &str) -> Result<Vec<u8>, LogoutProblem> {
    certificate::decode(text).map_err(|_| {
        SamlProblem::Encoding {
            found: "not Base64".to_owned(),
        }
        .into()
    })
}

/// A parameter's value, decoded once.
fn text(raw: &str) -> Result<String, LogoutProblem> {
    let bytes = percent_decode(raw);
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.map_or_else(|| wrong("a value that cannot be decoded"), Ok)
}

fn percent_decode(raw: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                decoded.push((high * 16 + low) as u8);
            }
            b'+' => decoded.push(b' '),
            other => decoded.push(other),
        }
    }
    Some(decoded)
}
