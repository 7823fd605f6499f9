//! Why a Response was refused, as facts: what was expected, what was received, whose move it is.
//!
//! The person at the browser gets a reference only; these texts are for the admin who reads the trace. Everything
//! that came from outside passes [`short`] before it is stored in a problem.

use crate::model::time::Timestamp;

use super::instant::length;
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

    /// What happened, in one line.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Size { .. } => "The message is too large",
            Self::Encoding { .. } => "The message cannot be decoded",
            Self::DocumentType => "The message carries a document type declaration",
            Self::Limits { .. } => "The message is built to exhaust a reader",
            Self::Xml { .. } => "The message is not well-formed XML",
            Self::Response { .. } => "The message is not a SAML 2.0 Response",
            Self::Ids { .. } => "An ID in the message is repeated or malformed",
            Self::IdpStatus { .. } => "The identity provider refused the sign-in",
            Self::OneAssertion { .. } => "The response does not hold exactly one assertion",
            Self::SignaturePlace { .. } => "A signature is where none may be",
            Self::NotSigned => "Neither the response nor the assertion is signed",
            Self::NoCertificate => "No signing certificate is configured",
            Self::SignatureShape { .. } => "The signature deviates from the SAML profile",
            Self::Sha1 { .. } => "The signature uses SHA-1",
            Self::Algorithm { .. } => "The signature algorithm is not accepted",
            Self::Transforms { .. } => "The signature transforms what it signs",
            Self::Reference { .. } => "The signature covers another element",
            Self::Digest { .. } => "The message was changed after it was signed",
            Self::Untrusted { .. } => "The signature is by a certificate that is not trusted",
            Self::SignatureValue { .. } => "The signature value is not genuine",
            Self::EncryptionAlgorithm { .. } => "The encryption algorithm is not accepted",
            Self::NoDecryptionKey => "The assertion is encrypted and there is no key for it",
            Self::Decryption => "The encrypted assertion cannot be decrypted",
            Self::AssertionShape { .. } => "The assertion lacks a required part",
            Self::Issuer { .. } => "The message is from another identity provider",
            Self::Destination { .. } => "The response was meant for another address",
            Self::Confirmation { .. } => "The assertion has no usable bearer confirmation",
            Self::Recipient { .. } => "The assertion was meant for another address",
            Self::Conditions { .. } => "The assertion's conditions are not usable",
            Self::Audience { .. } => "The assertion was meant for another service",
            Self::NotYetValid { .. } => "The assertion is not valid yet",
            Self::Expired { .. } => "The assertion has expired",
            Self::SessionExpired { .. } => "The identity provider's session has ended",
            Self::InResponseTo { .. } => "The response does not answer our request",
        }
    }

    /// What the rule wanted, when that is a value.
    pub fn expected(&self) -> Option<String> {
        Some(match self {
            Self::Size { limit, .. } => format!("at most {limit} bytes"),
            Self::Encoding { .. } => "Base64 of UTF-8 text".to_owned(),
            Self::Limits { what, limit } => format!("at most {limit} {what}"),
            Self::Response { .. } => "Response, version 2.0".to_owned(),
            Self::IdpStatus { .. } => super::names::STATUS_SUCCESS.to_owned(),
            Self::OneAssertion { .. } => {
                "one Assertion or EncryptedAssertion, directly in the Response".to_owned()
            }
            Self::SignaturePlace { .. } => "Response or its Assertion".to_owned(),
            Self::Sha1 { .. } | Self::Algorithm { .. } => {
                "RSA or ECDSA with SHA-256, SHA-384 or SHA-512".to_owned()
            }
            Self::Transforms { .. } => "enveloped-signature, then exclusive canonicalisation".to_owned(),
            Self::Reference { expected, .. }
            | Self::Issuer { expected, .. }
            | Self::Destination { expected, .. }
            | Self::Recipient { expected, .. }
            | Self::Audience { expected, .. } => expected.clone(),
            Self::Untrusted { trusted, .. } => trusted.join("\n"),
            Self::EncryptionAlgorithm { .. } => "AES-GCM or AES-CBC with RSA-OAEP".to_owned(),
            Self::NotYetValid { now, .. } => format!("not after {} (our clock)", now.rfc3339()),
            Self::Expired { now, .. } | Self::SessionExpired { now, .. } => {
                format!("after {} (our clock)", now.rfc3339())
            }
            Self::InResponseTo { expected, .. } => {
                expected.clone().unwrap_or_else(|| "no InResponseTo".to_owned())
            }
            _ => return None,
        })
    }

    /// What the message said instead, cut to a sane length.
    pub fn received(&self) -> Option<String> {
        let or_nothing =
            |value: &Option<String>, name: &str| value.clone().unwrap_or_else(|| format!("no {name}"));
        Some(match self {
            Self::Size { bytes, .. } => format!("{bytes} bytes"),
            Self::Encoding { found } => found.clone(),
            Self::Xml { detail } | Self::SignatureShape { detail } => (*detail).to_owned(),
            Self::AssertionShape { detail } | Self::Confirmation { detail } => (*detail).to_owned(),
            Self::Conditions { detail } => detail.clone(),
            Self::Response { received } | Self::Transforms { received } => received.clone(),
            Self::Ids { id, reason } => format!("{id}: {reason}"),
            Self::IdpStatus {
                status,
                sub_status,
                message,
            } => [Some(status), sub_status.as_ref(), message.as_ref()]
                .into_iter()
                .flatten()
                .cloned()
                .collect::<Vec<_>>()
                .join(" · "),
            Self::OneAssertion {
                plain,
                encrypted,
                in_place,
            } => {
                format!("{plain} plain, {encrypted} encrypted, {in_place} of them in place")
            }
            Self::SignaturePlace { parent } => parent.clone(),
            Self::Sha1 { algorithm }
            | Self::Algorithm { algorithm }
            | Self::EncryptionAlgorithm { algorithm } => algorithm.clone(),
            Self::Reference { received, .. } => received.clone(),
            Self::Digest { element } => format!("a changed {element}"),
            Self::Untrusted { claimed, .. } => or_nothing(claimed, "certificate in the message"),
            Self::SignatureValue { claimed } => claimed.clone(),
            Self::Issuer {
                element, received, ..
            } => format!("{element}: {}", or_nothing(received, "Issuer")),
            Self::Destination { received, .. } => or_nothing(received, "Destination"),
            Self::Recipient { received, .. } => or_nothing(received, "Recipient"),
            Self::Audience { received, .. } if received.is_empty() => "no Audience".to_owned(),
            Self::Audience { received, .. } => received.join("\n"),
            Self::NotYetValid { field, from, now } => {
                format!(
                    "{field} {} ({} ahead of our clock)",
                    from.rfc3339(),
                    length(from.since(*now))
                )
            }
            Self::Expired { field, until, now } => {
                format!(
                    "{field} {} ({} behind our clock)",
                    until.rfc3339(),
                    length(now.since(*until))
                )
            }
            Self::SessionExpired { until, .. } => until.rfc3339(),
            Self::InResponseTo { received, .. } => or_nothing(received, "InResponseTo"),
            _ => return None,
        })
    }

    /// Whose move it is and what to do, in plain English.
    pub fn remedy(&self) -> String {
        match self {
            Self::Size { .. } => {
                "Let the identity provider send fewer attributes; usually a groups attribute lists far too many."
            }
            Self::Encoding { .. } | Self::Xml { .. } => {
                "Nothing can be set here: the message was damaged on its way, or it is not from an identity provider."
            }
            Self::DocumentType | Self::Limits { .. } => {
                "No identity provider sends this. Treat it as an attack on this address."
            }
            Self::Response { .. } => "Check that the identity provider's application is of the type SAML 2.0.",
            Self::Ids { .. } | Self::SignaturePlace { .. } | Self::SignatureShape { .. } | Self::Reference { .. } => {
                "No known identity provider sends this. Treat it as an attempt to forge a sign-in."
            }
            Self::Transforms { .. } => {
                "Set the identity provider to plain enveloped signatures with exclusive canonicalisation (the default of every common one)."
            }
            Self::IdpStatus { sub_status, .. } => return status_remedy(sub_status.as_deref()).to_owned(),
            Self::OneAssertion { .. } => {
                "The identity provider must send one assertion in each response. If it does, treat this as an attempt to forge a sign-in."
            }
            Self::NotSigned => {
                "Turn signing on in the identity provider's application: \"sign assertion\" or \"sign response\"."
            }
            Self::NoCertificate => "Add the identity provider's signing certificate, or its metadata, to this connection.",
            Self::Sha1 { .. } => "Change the signature algorithm in the identity provider's application to RSA-SHA256.",
            Self::Algorithm { .. } => {
                "Change the signature algorithm in the identity provider's application to RSA-SHA256, RSA-SHA384, RSA-SHA512 or ECDSA with these."
            }
            Self::Digest { .. } => {
                "Something between the identity provider and this server changed the message, or somebody tried to forge it. Try again; if it stays, remove what rewrites it."
            }
            Self::Untrusted { claimed: Some(_), .. } => {
                "If the identity provider changed its certificate: compare this fingerprint with the one on its own page, then refresh the metadata or add that certificate here."
            }
            Self::Untrusted { claimed: None, .. } => {
                "Compare the certificate on the identity provider's own page with the one configured here, and add the one that is in use."
            }
            Self::SignatureValue { .. } => {
                "The right certificate is named but did not sign this. Treat it as an attempt to forge a sign-in."
            }
            Self::EncryptionAlgorithm { .. } => {
                "Set the identity provider's assertion encryption to AES-256-GCM (or AES-256-CBC) with RSA-OAEP, or turn encryption off."
            }
            Self::NoDecryptionKey => {
                "Turn assertion encryption off at the identity provider, or create an encryption key for this connection."
            }
            Self::Decryption => {
                "Give the identity provider this connection's current encryption certificate, or turn assertion encryption off."
            }
            Self::AssertionShape { .. } => "Check the application's NameID and attribute settings at the identity provider.",
            Self::Issuer { .. } => {
                "Compare the entity ID (issuer) in the identity provider's application with this connection; a trailing slash counts."
            }
            Self::Destination { .. } | Self::Recipient { .. } => {
                "Copy our sign-in address (ACS URL) into the identity provider's application again, for Reply URL, Recipient and Destination alike."
            }
            Self::Confirmation { .. } => "Check that the identity provider's application uses the Web browser SSO profile.",
            Self::Conditions { .. } => {
                "Check the application's conditions at the identity provider; an audience restriction is required."
            }
            Self::Audience { .. } => {
                "Copy our entity ID into the identity provider's application as Audience (Identifier, SP Entity ID)."
            }
            Self::NotYetValid { .. } => {
                "The clocks differ: set the clock of this server and of the identity provider by NTP."
            }
            Self::Expired { .. } => {
                "Start the sign-in again. If it stays, the clocks differ: set this server and the identity provider by NTP."
            }
            Self::SessionExpired { .. } => "Sign in at the identity provider again, then start here again.",
            Self::InResponseTo { expected: Some(_), received: None } => {
                "The identity provider started this sign-in by itself. Start from our sign-in page, or allow sign-ins that the identity provider starts."
            }
            Self::InResponseTo { expected: Some(_), .. } => {
                "Start the sign-in again: this is the answer to an older request (back button, second tab or a lost cookie)."
            }
            Self::InResponseTo { expected: None, .. } => {
                "This is an answer to a request that this browser did not make (lost cookie, old tab), or the identity provider sends a dummy InResponseTo. Start from our sign-in page."
            }
        }
        .to_owned()
    }
}

/// What the common sub-statuses of SAML core §3.2.2.2 mean for an admin.
fn status_remedy(sub_status: Option<&str>) -> &'static str {
    match sub_status.and_then(|s| s.rsplit(':').next()) {
        Some("AuthnFailed") => {
            "The person did not pass the sign-in at the identity provider. Its own log has the reason."
        }
        Some("InvalidNameIDPolicy") => {
            "The identity provider cannot give the NameID format that was asked for: leave the format of this connection unset, or set the same one there."
        }
        Some("NoAuthnContext") => {
            "The identity provider cannot meet the demanded way of authentication: relax its policy for this application."
        }
        Some("RequestDenied") => {
            "The identity provider denied it: assign the person to the application there."
        }
        Some("NoPassive") => {
            "The person is not signed in at the identity provider: start again and sign in there."
        }
        Some("UnknownPrincipal") => {
            "The identity provider does not know this person: assign them to the application there."
        }
        Some("RequestUnsupported") => {
            "Compare our entity ID and sign-in address in the identity provider's application, and whether it wants signed requests."
        }
        _ => "Look at the identity provider's own sign-in log at this moment; the reason is there.",
    }
}
