//! What can be wrong with IdP metadata, each with a sentence that says what happened and what to do.

use std::fmt;

use crate::model::time::Timestamp;

use super::certificate::CertificateProblem;

/// Why metadata cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataProblem {
    /// Nothing was given.
    Empty,
    TooLarge {
        bytes: usize,
        limit: usize,
    },
    /// Another encoding or control characters; says which.
    NotUtf8 {
        found: String,
    },
    DocumentType,
    Limit {
        what: &'static str,
        limit: usize,
    },
    NotXml {
        detail: &'static str,
    },
    /// A web page, usually a sign-in page, instead of a file.
    Html,
    /// A certificate was given where metadata belongs.
    IsCertificate,
    /// Well-formed XML of another kind, by its root element.
    OtherDocument {
        root: String,
    },
    /// Metadata of a service provider, perhaps our own.
    ServiceProvider {
        entity_id: String,
    },
    /// Metadata of an entity without the IdP role for SAML 2.0.
    NoIdpRole {
        entity_id: String,
    },
    /// Several IdPs in one file, by entity ID.
    SeveralIdps {
        entity_ids: Vec<String>,
    },
    NoEntityId,
    /// No certificate for signing.
    NoCertificate,
    /// A signing certificate that cannot be used, and no other one.
    Certificate(CertificateProblem),
    /// All signing certificates have ended; the latest of their ends.
    AllExpired {
        latest: Timestamp,
    },
    /// No sign-on address for HTTP-Redirect or HTTP-POST; the bindings that are there.
    NoSignOn {
        bindings: Vec<String>,
    },
    /// An address that is not http or https.
    BadAddress {
        address: String,
    },
    /// `validUntil` is in the past.
    Outdated {
        until: Timestamp,
    },
    /// `validUntil` is not a date.
    BadDate {
        value: String,
    },
}

impl fmt::Display for MetadataProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("There is no metadata here. Give the identity provider's metadata URL, its file or its text."),
            Self::TooLarge { bytes, limit } => write!(f, "The metadata has {bytes} bytes; at most {limit} are read. Use the metadata of this one application instead of a whole federation's."),
            Self::NotUtf8 { found } => write!(f, "The metadata is not UTF-8 text: it has {found}. Save the file as UTF-8 and try again."),
            Self::DocumentType => f.write_str("The metadata holds a document type declaration (<!DOCTYPE or <!ENTITY), which is never needed and not read. Download the file from the identity provider again."),
            Self::Limit { what, limit } => write!(f, "The metadata has more than {limit} {what}. Use the metadata of this one application instead."),
            Self::NotXml { detail } => write!(f, "This is not XML: {detail}. Copy the whole text, or upload the file as it was downloaded."),
            Self::Html => f.write_str("This is a web page, not metadata. The address probably shows a sign-in page: download the metadata file in your browser and upload it, or use the public metadata URL."),
            Self::IsCertificate => f.write_str("This is a certificate, not metadata. Give the metadata (an XML file), or enter entity ID, sign-on address and certificate by hand."),
            Self::OtherDocument { root } => write!(f, "This is XML, but a {root} and not SAML metadata. Look for \"IdP metadata\" or \"Federation metadata XML\" in the identity provider's application."),
            Self::ServiceProvider { entity_id } => write!(f, "This is the metadata of a service provider ({entity_id}), perhaps ours. Give the identity provider's own metadata here; ours goes into its application."),
            Self::NoIdpRole { entity_id } => write!(f, "The metadata of {entity_id} has no identity provider role for SAML 2.0. Check that the identity provider's application is of the type SAML 2.0."),
            Self::SeveralIdps { entity_ids } => write!(f, "The file holds {} identity providers: {}. Use a file with only the one you want.", entity_ids.len(), entity_ids.join(", ")),
            Self::NoEntityId => f.write_str("The metadata has no entityID. Download it from the identity provider again."),
            Self::NoCertificate => f.write_str("The metadata has no signing certificate, so nothing from this identity provider could be trusted. Turn signing on in its application and download the metadata again."),
            Self::Certificate(problem) => write!(f, "The signing certificate in the metadata cannot be used. {problem}"),
            Self::AllExpired { latest } => write!(f, "All signing certificates in the metadata have expired, the last one on {}. Create a new one at the identity provider and download the metadata again.", latest.human_day()),
            Self::NoSignOn { bindings } if bindings.is_empty() => f.write_str("The metadata has no sign-on address (SingleSignOnService). Download it from the identity provider again."),
            Self::NoSignOn { bindings } => write!(f, "The metadata has no sign-on address for HTTP-Redirect or HTTP-POST, only for: {}. Turn one of the two on at the identity provider.", bindings.join(", ")),
            Self::BadAddress { address } => write!(f, "The metadata holds an address that is not a web address: {address}. Do not use this file; download it from the identity provider again."),
            Self::Outdated { until } => write!(f, "The metadata was valid until {} only. Download the current one from the identity provider.", until.human()),
            Self::BadDate { value } => write!(f, "The metadata says it is valid until \"{value}\", which is not a date. Download it from the identity provider again."),
        }
    }
}

impl std::error::Error for MetadataProblem {}
