//! Steps 3 to 6: what the document may look like before any signature is checked.
//!
//! Wrapping attacks need two assertions, two elements with one ID, or a signature away from what it signs. All three
//! are refused here, for the whole document, by local name in *any* namespace: a look-alike has no business in a
//! Response either.

use std::collections::HashSet;

use bergshamra_xml::uppsala::NodeId;

use super::expectations::status_is_success;
use super::names::{ASSERTION, DSIG, PROTOCOL};
use super::problem::{SamlProblem, short};
use super::rules::{Record, Rule};
use super::tree::Tree;

/// Where the parts of a Response are.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    pub assertion: AssertionNode,
    pub response_signature: Option<NodeId>,
    /// Of a plain assertion.
    pub assertion_signature: Option<NodeId>,
}

/// The one assertion.
#[derive(Clone, Copy, Debug)]
pub enum AssertionNode {
    Plain(NodeId),
    Encrypted(NodeId),
}

/// Everything of interest in the whole document, found in one walk.
#[derive(Default)]
struct Found {
    assertions: Vec<NodeId>,
    encrypted: Vec<NodeId>,
    signatures: Vec<NodeId>,
}

/// Checks steps 3 to 6 for a Response document and gives its parts.
pub fn response_parts(tree: &Tree<'_>, record: &mut Record) -> Result<Parts, SamlProblem> {
    root_is_response(tree)?;
    record.pass(Rule::Response);
    let found = walk(tree, tree.root)?;
    record.pass(Rule::Ids);
    if found.assertions.is_empty() && found.encrypted.is_empty() {
        // A refusal carries no assertion and often no signature. It opens no door, so its reason may be told.
        status_is_success(tree)?;
    }
    let assertion = one_assertion(tree, &found)?;
    record.pass(Rule::OneAssertion);
    let holder = if let AssertionNode::Plain(node) = assertion {
        Some(node)
    } else {
        None
    };
    let parts = Parts {
        assertion,
        response_signature: signature_of(tree, tree.root),
        assertion_signature: holder.and_then(|node| signature_of(tree, node)),
    };
    signatures_in_place(
        tree,
        &found,
        &[parts.response_signature, parts.assertion_signature],
    )?;
    record.pass(Rule::SignaturePlace);
    Ok(parts)
}

/// The same for the plaintext of an EncryptedAssertion, which stands alone below `holder`. Gives the Assertion and
/// its Signature.
pub fn plaintext_parts(tree: &Tree<'_>, holder: NodeId) -> Result<(NodeId, Option<NodeId>), SamlProblem> {
    let found = walk(tree, holder)?;
    let wrong = || SamlProblem::OneAssertion {
        plain: found.assertions.len(),
        encrypted: found.encrypted.len(),
        in_place: 0,
    };
    let mut elements = tree.elements(holder);
    let (Some(assertion), None) = (elements.next(), elements.next()) else {
        return Err(wrong());
    };
    if found.assertions.len() != 1
        || !found.encrypted.is_empty()
        || !tree.is(assertion, ASSERTION, "Assertion")
    {
        return Err(wrong());
    }
    let signature = signature_of(tree, assertion);
    signatures_in_place(tree, &found, &[signature])?;
    Ok((assertion, signature))
}

/// The same for a message that is no Response and holds no assertion: IDs are unique, and the only signature there may
/// be is the root's own, which is given.
pub fn message_signature(tree: &Tree<'_>) -> Result<Option<NodeId>, SamlProblem> {
    let found = walk(tree, tree.root)?;
    let signature = signature_of(tree, tree.root);
    signatures_in_place(tree, &found, &[signature])?;
    Ok(signature)
}

fn root_is_response(tree: &Tree<'_>) -> Result<(), SamlProblem> {
    if !tree.is(tree.root, PROTOCOL, "Response") {
        let received = format!("{{{}}}{}", tree.namespace(tree.root), tree.local(tree.root));
        return Err(SamlProblem::Response {
            received: short(&received),
        });
    }
    match tree.attribute(tree.root, "Version") {
        Some("2.0") => Ok(()),
        other => Err(SamlProblem::Response {
            received: format!("Response, version {}", short(other.unwrap_or("none"))),
        }),
    }
}

/// One walk over all elements: judges every ID (step 4) and collects what steps 5 and 6 judge.
fn walk(tree: &Tree<'_>, top: NodeId) -> Result<Found, SamlProblem> {
    let mut found = Found::default();
    let mut ids = HashSet::new();
    for node in tree.walk(top) {
        let Some(element) = tree.doc.element(node) else {
            continue;
        };
        for attribute in &element.attributes {
            let name = &*attribute.name.local_name;
            // Every spelling that some library takes for an ID.
            if name.eq_ignore_ascii_case("id") || name == "AssertionID" || name == "ResponseID" {
                let wrong = |reason| SamlProblem::Ids {
                    id: short(&attribute.value),
                    reason,
                };
                if attribute.name.namespace_uri.is_some() {
                    return Err(wrong("an ID attribute in a namespace"));
                }
                if !is_name(&attribute.value) {
                    return Err(wrong("not a name"));
                }
                if !ids.insert(&*attribute.value) {
                    return Err(wrong("used twice"));
                }
            }
        }
        match &*element.name.local_name {
            "Assertion" => found.assertions.push(node),
            "EncryptedAssertion" => found.encrypted.push(node),
            "Signature" => found.signatures.push(node),
            _ => {}
        }
    }
    Ok(found)
}

/// An NCName of the plain kind that IdPs use; a fragment reference to it needs no escaping and has one reading.
fn is_name(id: &str) -> bool {
    let mut characters = id.chars();
    id.len() <= 256
        && characters
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

fn one_assertion(tree: &Tree<'_>, found: &Found) -> Result<AssertionNode, SamlProblem> {
    let plain: Vec<_> = tree.children(tree.root, ASSERTION, "Assertion").collect();
    let encrypted: Vec<_> = tree
        .children(tree.root, ASSERTION, "EncryptedAssertion")
        .collect();
    match (
        found.assertions.len(),
        found.encrypted.len(),
        plain.as_slice(),
        encrypted.as_slice(),
    ) {
        (1, 0, [node], []) => Ok(AssertionNode::Plain(*node)),
        (0, 1, [], [node]) => Ok(AssertionNode::Encrypted(*node)),
        (all, sealed, _, _) => Err(SamlProblem::OneAssertion {
            plain: all,
            encrypted: sealed,
            in_place: plain.len() + encrypted.len(),
        }),
    }
}

/// The Signature that is a child of `node`. A second one is caught by [`signatures_in_place`].
fn signature_of(tree: &Tree<'_>, node: NodeId) -> Option<NodeId> {
    tree.child(node, DSIG, "Signature")
}

fn signatures_in_place(
    tree: &Tree<'_>,
    found: &Found,
    allowed: &[Option<NodeId>],
) -> Result<(), SamlProblem> {
    for signature in &found.signatures {
        if !allowed.contains(&Some(*signature)) {
            let parent = tree.doc.parent(*signature).map_or("nothing", |p| tree.local(p));
            return Err(SamlProblem::SignaturePlace {
                parent: short(parent),
            });
        }
    }
    Ok(())
}
