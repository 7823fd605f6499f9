//! What is known of a person beyond names and address, and who wrote it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ConnectionId, Timestamp};

/// Who wrote a field last, when it was an identity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    pub connection: ConnectionId,
    /// The attribute, claim or path; empty: a default of the mapping.
    pub source: String,
    /// Of the request or sign-in.
    pub reference: String,
    pub at: Timestamp,
}

/// The further fields of a person. An empty one is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    pub fields: BTreeMap<String, String>,
    /// Also of names and address; no entry: written by hand.
    pub sources: BTreeMap<String, Source>,
}

/// A field that the organization defines for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileField {
    pub key: String,
    pub label: String,
}
