//! Whose move it is after a refusal, in plain English: the sentence below each failed rule of a trace.

use super::problem::SamlProblem;

impl SamlProblem {
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
