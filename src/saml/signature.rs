//! Steps 8 to 11: one enveloped signature, from its shape to the bytes that it vouches for.
//!
//! XML signatures allow nearly everything; SAML uses one form (SAML core §5.4). Whatever deviates from that form is
//! refused before any cryptography. Then the library checks the signature with pinned keys, and we canonicalise and
//! hash the element again ourselves. What callers get is that canonical form: **the verified bytes**. They forget the
//! tree and read from these.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bergshamra_c14n::C14nMode;
use bergshamra_dsig::VerifyResult;
use bergshamra_xml::NodeSet;
use bergshamra_xml::uppsala::{NodeId, NodeKind};

use super::certificate::fingerprint;
use super::names::{DSIG, ENVELOPED, EXC_C14N, SHA1, SHA256, SHA384, SHA512, SIGNATURE_ALGORITHMS};
use super::problem::{SamlProblem, short};
use super::rules::{Record, Rule};
use super::tree::Tree;
use super::trust::TrustedKeys;

/// Prefixes in a `PrefixList` at most; each is looked up for every element.
const MAX_PREFIXES: usize = 16;

/// What a signature vouches for.
#[derive(Debug)]
pub struct Verified {
    /// The signed element in exclusive canonical form, without its signature.
    pub bytes: Vec<u8>,
    /// The fingerprint of the pinned certificate that verified it.
    pub signed_by: String,
}

/// Checks the `signature` of its parent `element`; `text` is what `tree` was parsed from.
pub fn check(
    tree: &Tree<'_>,
    text: &str,
    (element, signature): (NodeId, NodeId),
    trusted: &TrustedKeys,
    record: &mut Record,
) -> Result<Verified, SamlProblem> {
    if trusted.is_empty() {
        return Err(SamlProblem::NoCertificate);
    }
    record.pass(Rule::Certificate);
    let profile = Profile::read(tree, element, signature)?;
    for rule in [
        Rule::SignatureShape,
        Rule::Sha1,
        Rule::Transforms,
        Rule::Reference,
    ] {
        record.pass(rule);
    }
    record.pass_with(Rule::Algorithm, || (None, Some(profile.algorithm.to_owned())));
    let bytes = canonical(tree, element, signature, &profile.prefixes)?;
    if digest::digest(profile.digest_algorithm, &bytes).as_ref() != profile.digest.as_slice() {
        let element = match tree.local(element) {
            "Response" => "Response",
            "LogoutRequest" => "LogoutRequest",
            "LogoutResponse" => "LogoutResponse",
            _ => "Assertion",
        };
        return Err(SamlProblem::Digest { element });
    }
    record.pass(Rule::Digest);
    profile_of_all(tree)?;
    let signed_by = verify(tree, text, (element, signature), trusted)?;
    record.pass_with(Rule::Trusted, || (None, Some(signed_by.clone())));
    record.pass(Rule::SignatureValue);
    Ok(Verified { bytes, signed_by })
}

/// What the strict profile leaves to know about a signature.
struct Profile<'t> {
    algorithm: &'t str,
    digest_algorithm: &'static digest::Algorithm,
    digest: Vec<u8>,
    prefixes: Vec<String>,
}

fn shape<T>(detail: &'static str) -> Result<T, SamlProblem> {
    Err(SamlProblem::SignatureShape { detail })
}

impl<'t> Profile<'t> {
    /// Step 8. Every child is named, so that nothing unexpected is ever skipped.
    fn read(tree: &'t Tree<'_>, element: NodeId, signature: NodeId) -> Result<Self, SamlProblem> {
        let [signed_info, value] = match *parts(tree, signature)?.as_slice() {
            [info, value] => [info, value],
            [info, value, key_info] if tree.is(key_info, DSIG, "KeyInfo") => [info, value],
            _ => return shape("Signature holds other things than SignedInfo, SignatureValue and KeyInfo"),
        };
        if !tree.is(signed_info, DSIG, "SignedInfo") || !tree.is(value, DSIG, "SignatureValue") {
            return shape("Signature does not start with SignedInfo and SignatureValue");
        }
        if tree.single_text(value).is_none() {
            return shape("SignatureValue is not one piece of text");
        }
        let [method, algorithm, reference] = *parts(tree, signed_info)?.as_slice() else {
            return shape("SignedInfo does not hold exactly one method, one algorithm and one Reference");
        };
        if !tree.is(method, DSIG, "CanonicalizationMethod")
            || !tree.is(algorithm, DSIG, "SignatureMethod")
            || !tree.is(reference, DSIG, "Reference")
        {
            return shape("SignedInfo does not hold CanonicalizationMethod, SignatureMethod and Reference");
        }
        if algorithm_of(tree, method) != EXC_C14N {
            return Err(SamlProblem::Transforms {
                received: short(algorithm_of(tree, method)),
            });
        }
        prefixes(tree, method)?;
        if tree.elements(algorithm).next().is_some() {
            return shape("SignatureMethod has parameters");
        }
        let algorithm = signature_algorithm(algorithm_of(tree, algorithm))?;
        Self::read_reference(tree, element, reference, algorithm)
    }

    fn read_reference(
        tree: &'t Tree<'_>,
        element: NodeId,
        reference: NodeId,
        algorithm: &'t str,
    ) -> Result<Self, SamlProblem> {
        let expected = format!("#{}", tree.attribute(element, "ID").unwrap_or_default());
        let received = tree.attribute(reference, "URI").unwrap_or_default();
        if expected.len() < 2 || received != expected {
            return Err(SamlProblem::Reference {
                expected,
                received: short(received),
            });
        }
        let [transforms, method, value] = *parts(tree, reference)?.as_slice() else {
            return shape("Reference does not hold exactly Transforms, DigestMethod and DigestValue");
        };
        if !tree.is(transforms, DSIG, "Transforms")
            || !tree.is(method, DSIG, "DigestMethod")
            || !tree.is(value, DSIG, "DigestValue")
        {
            return shape("Reference does not hold Transforms, DigestMethod and DigestValue");
        }
        let prefixes = enveloped_then_exclusive(tree, transforms)?;
        let Some(digest) = tree.single_text(value) else {
            return shape("DigestValue is not one piece of text");
        };
        let clean: String = digest.split_ascii_whitespace().collect();
        let Ok(digest) = STANDARD.decode(clean) else {
            return shape("DigestValue is not Base64");
        };
        let digest_algorithm = digest_algorithm(algorithm_of(tree, method))?;
        Ok(Self {
            algorithm,
            digest_algorithm,
            digest,
            prefixes,
        })
    }
}

/// Holds *every* signature of the document to the profile. The library looks at all of them when it is asked for one,
/// and one with a Reference to a file or with XSLT must not get that far.
fn profile_of_all(tree: &Tree<'_>) -> Result<(), SamlProblem> {
    for signature in tree
        .walk(tree.root)
        .filter(|node| tree.is(*node, DSIG, "Signature"))
    {
        let element = tree.doc.parent(signature).unwrap_or(tree.root);
        Profile::read(tree, element, signature)?;
    }
    Ok(())
}

/// The child elements; refuses text between them.
fn parts(tree: &Tree<'_>, node: NodeId) -> Result<Vec<NodeId>, SamlProblem> {
    let mut elements = Vec::with_capacity(4);
    for child in tree.nodes(node) {
        match tree.doc.node_kind(child) {
            Some(NodeKind::Element(_)) => elements.push(child),
            Some(NodeKind::Text(text)) if text.trim().is_empty() => {}
            Some(NodeKind::Comment(_)) => {}
            _ => return shape("text where only elements belong"),
        }
    }
    Ok(elements)
}

fn algorithm_of<'t>(tree: &'t Tree<'_>, node: NodeId) -> &'t str {
    tree.attribute(node, "Algorithm").unwrap_or_default()
}

fn signature_algorithm(uri: &str) -> Result<&str, SamlProblem> {
    if SIGNATURE_ALGORITHMS.contains(&uri) {
        Ok(uri)
    } else if uri.ends_with("sha1") {
        Err(SamlProblem::Sha1 {
            algorithm: short(uri),
        })
    } else {
        Err(SamlProblem::Algorithm {
            algorithm: short(uri),
        })
    }
}

fn digest_algorithm(uri: &str) -> Result<&'static digest::Algorithm, SamlProblem> {
    match uri {
        SHA256 => Ok(&digest::SHA256),
        SHA384 => Ok(&digest::SHA384),
        SHA512 => Ok(&digest::SHA512),
        SHA1 => Err(SamlProblem::Sha1 {
            algorithm: short(uri),
        }),
        _ => Err(SamlProblem::Algorithm {
            algorithm: short(uri),
        }),
    }
}

/// Exactly the two transforms of SAML core §5.4.4, in their order; gives the prefix list of the second.
fn enveloped_then_exclusive(tree: &Tree<'_>, transforms: NodeId) -> Result<Vec<String>, SamlProblem> {
    let list = parts(tree, transforms)?;
    match *list.as_slice() {
        [first, second]
            if list.iter().all(|t| tree.is(*t, DSIG, "Transform"))
                && algorithm_of(tree, first) == ENVELOPED
                && algorithm_of(tree, second) == EXC_C14N
                && tree.elements(first).next().is_none() =>
        {
            prefixes(tree, second)
        }
        _ => {
            let all: Vec<_> = list.iter().map(|t| algorithm_of(tree, *t)).collect();
            Err(SamlProblem::Transforms {
                received: short(&all.join(", ")),
            })
        }
    }
}

/// The `PrefixList` of an exclusive canonicalisation (exc-c14n §4); nothing else may stand in it.
fn prefixes(tree: &Tree<'_>, method: NodeId) -> Result<Vec<String>, SamlProblem> {
    match *parts(tree, method)?.as_slice() {
        [] => Ok(Vec::new()),
        [list] if tree.is(list, EXC_C14N, "InclusiveNamespaces") => {
            let list = tree.attribute(list, "PrefixList").unwrap_or_default();
            let prefixes: Vec<String> = list.split_ascii_whitespace().map(str::to_owned).collect();
            if prefixes.len() > MAX_PREFIXES {
                shape("a very long PrefixList")
            } else {
                Ok(prefixes)
            }
        }
        _ => shape("canonicalisation with unknown parameters"),
    }
}

/// Step 11: the element without its signature and without comments, in exclusive canonical form.
fn canonical(
    tree: &Tree<'_>,
    element: NodeId,
    signature: NodeId,
    prefixes: &[String],
) -> Result<Vec<u8>, SamlProblem> {
    let signed = NodeSet::tree_without_comments(element, &tree.doc);
    let signed = signed.subtract(&NodeSet::tree_with_comments(signature, &tree.doc));
    match bergshamra_c14n::canonicalize_doc(&tree.doc, C14nMode::Exclusive, Some(&signed), prefixes) {
        // An error or an empty result must never be hashed as if it were the content.
        Ok(bytes) if !bytes.is_empty() => Ok(bytes),
        _ => shape("the content cannot be canonicalised"),
    }
}

/// Step 10: the library's verdict with pinned keys only. Gives the fingerprint of the certificate that signed.
fn verify(
    tree: &Tree<'_>,
    text: &str,
    (element, signature): (NodeId, NodeId),
    trusted: &TrustedKeys,
) -> Result<String, SamlProblem> {
    let refused = || refusal(tree, signature, trusted);
    let results =
        bergshamra_dsig::verify::verify_all_document_with_source(trusted.context(), &tree.doc, Some(text))
            .map_err(|_| refused())?;
    for result in results {
        let VerifyResult::Valid {
            signature_node,
            references,
            key_info,
        } = result
        else {
            continue;
        };
        let [reference] = references.as_slice() else {
            continue;
        };
        if signature_node == signature
            && reference.resolved_node == Some(element)
            && reference.digest_verified
        {
            let leaf = key_info.x509_chain.first().ok_or_else(refused)?;
            let pinned = trusted.certificates().iter().find(|c| c.der == *leaf);
            return pinned.map(|c| c.fingerprint.clone()).ok_or_else(refused);
        }
    }
    Err(refused())
}

/// Which of the two refusals it is: another signer, or a forged value under a trusted name.
fn refusal(tree: &Tree<'_>, signature: NodeId, trusted: &TrustedKeys) -> SamlProblem {
    let claimed = tree
        .walk(signature)
        .find(|node| tree.is(*node, DSIG, "X509Certificate"))
        .and_then(|node| super::certificate::decode(&tree.deep_text(node)).ok())
        .map(|der| fingerprint(&der));
    let trusted = trusted.fingerprints();
    match claimed {
        Some(claimed) if trusted.contains(&claimed) => SamlProblem::SignatureValue { claimed },
        claimed => SamlProblem::Untrusted { claimed, trusted },
    }
}
