//! What a Response is held against, and what the Response element itself says.
//!
//! [`super::judge`] compares the two.

use bergshamra_xml::uppsala::NodeId;

use crate::model::time::SECOND;

use super::key::SpKey;
use super::names::{ASSERTION, ENTITY_FORMAT, PROTOCOL, STATUS_SUCCESS};
use super::problem::{SamlProblem, short};
use super::sp_metadata::ServiceProvider;
use super::tree::Tree;
use super::trust::TrustedKeys;

/// Clock difference that is forgiven unless a connection says otherwise: 120 s, in milliseconds.
pub const DEFAULT_SKEW_MILLIS: i64 = 120 * SECOND;
/// The most that is ever forgiven: 180 s, in milliseconds.
pub const MAX_SKEW_MILLIS: i64 = 180 * SECOND;

/// Whether we asked for this Response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requested<'a> {
    /// It must answer the AuthnRequest with this ID (SP-initiated).
    Answer { id: &'a str },
    /// It must answer nothing (IdP-initiated). Whether the connection allows that is the caller's question.
    Unsolicited,
}

/// What a Response is held against.
#[derive(Clone, Copy, Debug)]
pub struct Expectations<'a> {
    /// Who we are; the audience and the address.
    pub sp: &'a ServiceProvider,
    /// The entity ID of the connection's IdentityProvider.
    pub issuer: &'a str,
    /// Its pinned certificates, prepared.
    pub trusted: &'a TrustedKeys,
    /// Our keys, newest first; empty when this connection takes no encrypted assertions.
    pub decryption_keys: &'a [SpKey],
    pub requested: Requested<'a>,
    /// Clock difference to forgive, in milliseconds; held between 0 and [`MAX_SKEW_MILLIS`].
    pub skew_millis: i64,
}

impl Expectations<'_> {
    /// The clock difference to forgive, within its bounds.
    pub(super) fn skew(&self) -> i64 {
        self.skew_millis.clamp(0, MAX_SKEW_MILLIS)
    }
}

/// What the Response element itself says.
#[derive(Debug)]
pub(super) struct Message {
    pub issuer: Option<String>,
    pub destination: Option<String>,
    pub in_response_to: Option<String>,
    /// Whether its Issuer must be there: the profile demands it on a signed or encrypted one.
    pub issuer_required: bool,
}

impl Message {
    pub(super) fn read(tree: &Tree<'_>, issuer_required: bool) -> Self {
        let owned = |name| tree.attribute(tree.root, name).map(str::to_owned);
        Self {
            issuer: issuer_of(tree, tree.root),
            destination: owned("Destination"),
            in_response_to: owned("InResponseTo"),
            issuer_required,
        }
    }
}

/// The text of an element's Issuer, when it names an entity.
pub(super) fn issuer_of(tree: &Tree<'_>, node: NodeId) -> Option<String> {
    let issuer = tree.child(node, ASSERTION, "Issuer")?;
    let is_entity = tree
        .attribute(issuer, "Format")
        .is_none_or(|format| format == ENTITY_FORMAT);
    // An Issuer of another format (SAML core §8.3.6) can never be the expected one; its brackets make it differ.
    let text = tree.text(issuer).unwrap_or_default();
    Some(if is_entity {
        text
    } else {
        format!(
            "[{}] {text}",
            tree.attribute(issuer, "Format").unwrap_or_default()
        )
    })
}

/// Step 14: Status is Success (SAML core §3.2.2).
pub(super) fn status_is_success(tree: &Tree<'_>) -> Result<(), SamlProblem> {
    let status = tree.child(tree.root, PROTOCOL, "Status");
    let code = status.and_then(|s| tree.child(s, PROTOCOL, "StatusCode"));
    let value = |node: NodeId| tree.attribute(node, "Value").unwrap_or("no value");
    if code.is_some_and(|code| value(code) == STATUS_SUCCESS) {
        return Ok(());
    }
    Err(SamlProblem::IdpStatus {
        status: short(code.map_or("no Status", value)),
        sub_status: code
            .and_then(|c| tree.child(c, PROTOCOL, "StatusCode"))
            .map(|sub| short(value(sub))),
        message: status
            .and_then(|s| tree.child(s, PROTOCOL, "StatusMessage"))
            .map(|message| short(&tree.deep_text(message)))
            .filter(|message| !message.is_empty()),
    })
}
