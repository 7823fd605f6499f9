//! A glance at a Response that nobody has verified.

use super::expectations::issuer_of;
use super::names::ASSERTION;
use super::problem::{SamlProblem, short};
use super::scan::RESPONSE;
use super::tree;

/// What a Response *claims*, unverified. Anybody can write anything here: use it to find the pending request and to
/// fill a trace, never to decide who signs in. Values are cut to a sane length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peek {
    pub response_id: Option<String>,
    pub in_response_to: Option<String>,
    pub issuer: Option<String>,
    pub destination: Option<String>,
    /// The Issuer of the first plain assertion.
    pub assertion_issuer: Option<String>,
}

/// Looks at the Response in `xml` **without verifying anything**; see [`Peek`].
///
/// # Errors
/// Only when the bytes are no XML within limits. Any root element is looked at.
pub fn peek(xml: &[u8]) -> Result<Peek, SamlProblem> {
    let tree = tree::parse(xml, RESPONSE)?;
    let attribute = |name| tree.attribute(tree.root, name).map(short);
    Ok(Peek {
        response_id: attribute("ID"),
        in_response_to: attribute("InResponseTo"),
        issuer: issuer_of(&tree, tree.root).as_deref().map(short),
        destination: attribute("Destination"),
        assertion_issuer: tree
            .child(tree.root, ASSERTION, "Assertion")
            .and_then(|assertion| issuer_of(&tree, assertion))
            .as_deref()
            .map(short),
    })
}
