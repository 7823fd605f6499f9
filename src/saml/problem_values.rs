//! What a [`SamlProblem`] shows: a line that names it and the two values that differ.

use super::instant::length;
use super::problem::SamlProblem;

impl SamlProblem {
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
}
