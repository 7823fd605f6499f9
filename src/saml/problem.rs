//! Why a Response was refused, as facts: what was expected, what was received, whose move it is.
//!
//! The person at the browser gets a reference only; these texts are for the admin who reads the trace. Everything
//! that came from outside passes [`short`] before it is stored in a problem.

use crate::model::time::Timestamp;

use super::rules::Rule;
use super::scan::ScanProblem;

/// Characters of a foreign value that a problem shows at most.
const SHOWN: usize = 300;

/// `text` without control characters, cut to a length that fits a page.
pub fn short(text: &str) -> String {
    let mut clean: String = text.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    if text.chars().count() > SHOWN {
        clean.push('…');
    }
    clean
}

/// Everything that can be wrong with a Response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SamlProblem {
    /// More bytes than a Response may have.
    Size { bytes: usize, limit: usize },
    /// Not Base64, not UTF-8, a control character; `found` says which.
    Encoding { found: String },
    /// A `<!DOCTYPE` or another declaration.
    DocumentType,
    /// Too deep, too many elements, attributes or namespaces.
    Limits { what: &'static str, limit: usize },
    /// Not well-formed.
    Xml { detail: &'static str },
    /// The root is not `{samlp}Response`, or not version 2.0.
    Response { received: String },
    /// An ID that is repeated, in a namespace or not a name.
    Ids { id: String, reason: &'static str },
    /// The IdP answered with an error (SAML core §3.2.2.2).
    IdpStatus {
        status: String,
        sub_status: Option<String>,
        message: Option<String>,
    },
    /// None, several or misplaced assertions.
    OneAssertion {
        plain: usize,
        encrypted: usize,
        in_place: usize,
    },
    /// A Signature below an element that may not hold one.
    SignaturePlace { parent: String },
    /// Neither Response nor Assertion is signed.
    NotSigned,
    /// No pinned certificate to check with.
    NoCertificate,
    /// A Signature that deviates from the profile (SAML core §5.4).
    SignatureShape { detail: &'static str },
    /// SHA-1 in signature or digest.
    Sha1 { algorithm: String },
    /// Any other algorithm that is not accepted.
    Algorithm { algorithm: String },
    /// Transforms other than enveloped-signature and exclusive canonicalisation.
    Transforms { received: String },
    /// The Reference points elsewhere.
    Reference { expected: String, received: String },
    /// The content is not the content that was signed.
    Digest { element: &'static str },
    /// No trusted key made this signature. `claimed` is the fingerprint of the certificate inside the message: shown
    /// for comparison, never trusted.
    Untrusted {
        claimed: Option<String>,
        trusted: Vec<String>,
    },
    /// The message claims a trusted certificate, but that key did not make the signature value.
    SignatureValue { claimed: String },
    /// An encryption algorithm that is not accepted.
    EncryptionAlgorithm { algorithm: String },
    /// Encrypted, and there is no key here.
    NoDecryptionKey,
    /// Decryption failed. One answer for every reason, so that it is no oracle.
    Decryption,
    /// A part is missing or malformed.
    AssertionShape { detail: &'static str },
    /// The issuer of `element` is somebody else, or missing.
    Issuer {
        element: &'static str,
        expected: String,
        received: Option<String>,
    },
    /// Posted to another address, or not said.
    Destination {
        expected: String,
        received: Option<String>,
    },
    /// No usable bearer confirmation.
    Confirmation { detail: &'static str },
    /// Confirmed for another address, or not said.
    Recipient {
        expected: String,
        received: Option<String>,
    },
    /// Conditions are missing or contain something that must be understood and is not.
    Conditions { detail: String },
    /// Meant for another service.
    Audience { expected: String, received: Vec<String> },
    /// Valid only later.
    NotYetValid {
        field: &'static str,
        from: Timestamp,
        now: Timestamp,
    },
    /// No longer valid.
    Expired {
        field: &'static str,
        until: Timestamp,
        now: Timestamp,
    },
    /// The IdP's own session has ended.
    SessionExpired { until: Timestamp, now: Timestamp },
    /// Answers another request, or one where none was made, or none where one was made.
    InResponseTo {
        expected: Option<String>,
        received: Option<String>,
    },
}

impl From<ScanProblem> for SamlProblem {
    fn from(problem: ScanProblem) -> Self {
        match problem {
            ScanProblem::Empty => Self::Xml {
                detail: "it is empty",
            },
            ScanProblem::TooLarge { bytes, limit } => Self::Size { bytes, limit },
            ScanProblem::NotUtf8 { found } => Self::Encoding { found },
            ScanProblem::DocumentType => Self::DocumentType,
            ScanProblem::Limit { what, limit } => Self::Limits { what, limit },
            ScanProblem::NotXml { detail } => Self::Xml { detail },
        }
    }
}

impl SamlProblem {
    /// The rule that was broken.
    pub fn rule(&self) -> Rule {
        match self {
            Self::Size { .. } => Rule::Size,
            Self::Encoding { .. } => Rule::Encoding,
            Self::DocumentType => Rule::DocumentType,
            Self::Limits { .. } => Rule::Limits,
            Self::Xml { .. } => Rule::Xml,
            Self::Response { .. } => Rule::Response,
            Self::Ids { .. } => Rule::Ids,
            Self::IdpStatus { .. } => Rule::IdpStatus,
            Self::OneAssertion { .. } => Rule::OneAssertion,
            Self::SignaturePlace { .. } => Rule::SignaturePlace,
            Self::NotSigned => Rule::Signed,
            Self::NoCertificate => Rule::Certificate,
            Self::SignatureShape { .. } => Rule::SignatureShape,
            Self::Sha1 { .. } => Rule::Sha1,
            Self::Algorithm { .. } => Rule::Algorithm,
            Self::Transforms { .. } => Rule::Transforms,
            Self::Reference { .. } => Rule::Reference,
            Self::Digest { .. } => Rule::Digest,
            Self::Untrusted { .. } => Rule::Trusted,
            Self::SignatureValue { .. } => Rule::SignatureValue,
            Self::EncryptionAlgorithm { .. } => Rule::EncryptionAlgorithm,
            Self::NoDecryptionKey | Self::Decryption => Rule::Decryption,
            Self::AssertionShape { .. } => Rule::AssertionShape,
            Self::Issuer { .. } => Rule::Issuer,
            Self::Destination { .. } => Rule::Destination,
            Self::Confirmation { .. } => Rule::Confirmation,
            Self::Recipient { .. } => Rule::Recipient,
            Self::Conditions { .. } => Rule::Conditions,
            Self::Audience { .. } => Rule::Audience,
            Self::NotYetValid { .. } => Rule::NotYetValid,
            Self::Expired { .. } => Rule::Expired,
            Self::SessionExpired { .. } => Rule::SessionExpired,
            Self::InResponseTo { .. } => Rule::InResponseTo,
        }
    }

    /// Stable code of the broken rule: `saml.audience`.
    pub fn code(&self) -> &'static str {
        self.rule().code()
    }
}
