//! The procedure for a Response, from a form field to an [`Assertion`].
//!
//! 1. Size cap before Base64; UTF-8 only.
//! 2. One parse; no document type, bounded depth, attributes, namespaces.
//! 3. The root is a Response.
//! 4. IDs are unique.
//! 5. Exactly one assertion in the whole document.
//! 6. Signatures only below the Response or that assertion.
//! 7. None: refused.
//! 8. The signature has the one accepted form.
//! 9. Keys are the pinned ones.
//! 10. The library verifies.
//! 11. We canonicalise and hash again.
//! 12. The tree is dropped, the verified bytes are parsed and read.
//! 13. Issuer.
//! 14. Status.
//! 15. Destination and Recipient.
//! 16. Conditions and audience.
//! 17. Times.
//! 18. InResponseTo.
//! 19. The replay table is the caller's: see [`Assertion::not_on_or_after`].
//! 20. SessionNotOnOrAfter.
//!
//! When the Response is signed, everything after is read from *its* verified bytes, an inner signature or an encrypted
//! assertion included. When only the assertion is signed, the Response around it is unverified and can do nothing but
//! be refused.

use crate::model::check::Check;
use crate::model::time::Timestamp;

use super::assertion::{Assertion, Read, read};
use super::decryption;
use super::expectations::{Expectations, Message, status_is_success};
use super::judge::judge;
use super::problem::SamlProblem;
use super::rules::{Record, Rule};
use super::scan::{RESPONSE, VERIFIED};
use super::signature;
use super::structure::{AssertionNode, Parts, plaintext_parts, response_parts};
use super::tree::{self, Tree};

/// Decodes the `SAMLResponse` form field (SAML bindings §3.5.4). White space may stand anywhere.
///
/// # Errors
/// [`SamlProblem::Size`] beyond 256 KiB decoded, before anything is decoded; [`SamlProblem::Encoding`] otherwise.
pub fn decode_post(field: &str) -> Result<Vec<u8>, SamlProblem> {
    // Four characters for three bytes, and a line break now and then.
    let limit = RESPONSE.bytes / 3 * 4 + RESPONSE.bytes / 16;
    if field.len() > limit {
        return Err(SamlProblem::Size {
            bytes: field.len() / 4 * 3,
            limit: RESPONSE.bytes,
        });
    }
    super::certificate::decode(field).map_err(|_| SamlProblem::Encoding {
        found: "not Base64".to_owned(),
    })
}

/// Verifies the Response in `xml` and gives its assertion; pure, so calling it twice gives the same twice.
///
/// # Errors
/// The first rule that is broken, in the order of [`Rule::ALL`].
pub fn verify(xml: &[u8], expected: &Expectations<'_>, now: Timestamp) -> Result<Assertion, SamlProblem> {
    run(xml, expected, now, &mut Record::off())
}

/// Like [`verify`], with one line for every rule: passed, failed or not reached.
pub fn verify_traced(
    xml: &[u8],
    expected: &Expectations<'_>,
    now: Timestamp,
) -> (Vec<Check>, Result<Assertion, SamlProblem>) {
    let mut record = Record::on();
    let result = run(xml, expected, now, &mut record);
    if let Ok(assertion) = &result {
        certificate_dates(assertion, expected, now, &mut record);
    }
    (record.checks(result.as_ref().err()), result)
}

fn run(
    xml: &[u8],
    expected: &Expectations<'_>,
    now: Timestamp,
    record: &mut Record,
) -> Result<Assertion, SamlProblem> {
    let text = super::scan::scan(xml, RESPONSE)?;
    let tree = tree::parse_text(text, RESPONSE)?;
    for rule in [
        Rule::Size,
        Rule::Encoding,
        Rule::DocumentType,
        Rule::Limits,
        Rule::Xml,
    ] {
        record.pass(rule);
    }
    let parts = response_parts(&tree, record)?;
    let Some(signature) = parts.response_signature else {
        return inside(&tree, text, parts, None, expected, now, record);
    };
    record.pass(Rule::Signed);
    let verified = signature::check(&tree, text, (tree.root, signature), expected.trusted, record)?;
    drop(tree);
    let text = super::scan::scan(&verified.bytes, VERIFIED)?;
    let tree = tree::parse_text(text, VERIFIED)?;
    let parts = response_parts(&tree, record)?;
    inside(
        &tree,
        text,
        parts,
        Some(verified.signed_by),
        expected,
        now,
        record,
    )
}

/// The assertion inside a Response that is either verified (`response_signed_by`) or unsigned.
fn inside(
    tree: &Tree<'_>,
    text: &str,
    parts: Parts,
    response_signed_by: Option<String>,
    expected: &Expectations<'_>,
    now: Timestamp,
    record: &mut Record,
) -> Result<Assertion, SamlProblem> {
    let encrypted = matches!(parts.assertion, AssertionNode::Encrypted(_));
    let message = Message::read(tree, response_signed_by.is_some() || encrypted);
    let (read, signed_by) = match (parts.assertion, parts.assertion_signature) {
        (AssertionNode::Plain(node), Some(signature)) => {
            signed_assertion(tree, text, (node, signature), expected, record)?
        }
        (AssertionNode::Plain(node), None) => {
            let signed_by = response_signed_by.ok_or(SamlProblem::NotSigned)?;
            (read_assertion(tree, node, record)?, signed_by)
        }
        (AssertionNode::Encrypted(node), _) => {
            let plaintext = decryption::decrypt(tree, node, expected.decryption_keys)?;
            record.pass(Rule::EncryptionAlgorithm);
            record.pass(Rule::Decryption);
            let vouched = response_signed_by.is_some() || plaintext.authenticated;
            // Without proof that the ciphertext is unchanged, every failure looks the same: a sender who learns *why*
            // altered CBC ciphertext was refused can read the plaintext bit by bit.
            sealed_assertion(&plaintext.document, response_signed_by, expected, record)
                .map_err(|problem| if vouched { problem } else { SamlProblem::Decryption })?
        }
    };
    status_is_success(tree)?;
    record.pass(Rule::IdpStatus);
    let assertion = judge(&message, read, expected, now, record)?;
    Ok(Assertion {
        signed_by,
        encrypted,
        ..assertion
    })
}

/// Step 12: reads a verified assertion.
fn read_assertion(
    tree: &Tree<'_>,
    node: bergshamra_xml::NodeId,
    record: &mut Record,
) -> Result<Read, SamlProblem> {
    // What was not encrypted had nothing to decrypt.
    record.pass(Rule::EncryptionAlgorithm);
    record.pass(Rule::Decryption);
    let read = read(tree, node)?;
    record.pass(Rule::AssertionShape);
    Ok(read)
}

/// Steps 8 to 12 for an assertion with a signature of its own.
fn signed_assertion(
    tree: &Tree<'_>,
    text: &str,
    nodes: (bergshamra_xml::NodeId, bergshamra_xml::NodeId),
    expected: &Expectations<'_>,
    record: &mut Record,
) -> Result<(Read, String), SamlProblem> {
    record.pass(Rule::Signed);
    let verified = signature::check(tree, text, nodes, expected.trusted, record)?;
    let tree = tree::parse(&verified.bytes, VERIFIED)?;
    Ok((read_assertion(&tree, tree.root, record)?, verified.signed_by))
}

/// A decrypted assertion: bytes from outside again, so all steps from 2 on apply to it.
fn sealed_assertion(
    document: &str,
    response_signed_by: Option<String>,
    expected: &Expectations<'_>,
    record: &mut Record,
) -> Result<(Read, String), SamlProblem> {
    let text = super::scan::scan(document.as_bytes(), RESPONSE)?;
    let tree = tree::parse_text(text, RESPONSE)?;
    let (node, signature) = plaintext_parts(&tree, tree.root)?;
    match (signature, response_signed_by) {
        (Some(signature), _) => signed_assertion(&tree, text, (node, signature), expected, record),
        (None, Some(signed_by)) => Ok((read_assertion(&tree, node, record)?, signed_by)),
        (None, None) => Err(SamlProblem::NotSigned),
    }
}

/// A pinned certificate counts until an admin removes it, whatever its dates: the key is pinned, not the date. But
/// the admin should hear of it, so it is a warning.
fn certificate_dates(
    assertion: &Assertion,
    expected: &Expectations<'_>,
    now: Timestamp,
    record: &mut Record,
) {
    const SOON: i64 = 30 * crate::model::time::DAY;
    let signer = expected
        .trusted
        .certificates()
        .iter()
        .find(|c| c.fingerprint == assertion.signed_by);
    let Some(signer) = signer else { return };
    let ends = format!("{} ends {}", signer.fingerprint, signer.not_after.human_day());
    if signer.not_after <= now.plus(SOON) {
        let remedy = "Create a new signing certificate at the identity provider and add it to this connection before it switches.";
        record.warn(Rule::CertificateEnds, ends, remedy);
    } else {
        record.pass_with(Rule::CertificateEnds, || (None, Some(ends)));
    }
}
