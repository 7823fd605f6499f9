//! Enveloped XML signatures by hand: canonical XML from the library, hashes and signatures from aws-lc-rs.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bergshamra_c14n::C14nMode;
use bergshamra_xml::NodeSet;
use bergshamra_xml::uppsala::{self, Document, NodeId};

use super::key::TestKey;

const VALUE: &str = "@@VALUE@@";

/// How one signature is made. The hooks spoil it while it stays genuine.
pub struct Slot<'a> {
    /// Stands in the document where the Signature goes.
    pub token: &'a str,
    /// ID of the element that is signed.
    pub id: &'a str,
    /// Prefix of the Signature elements.
    pub prefix: &'a str,
    pub key_info: bool,
    /// Prefixes for `InclusiveNamespaces`, if any.
    pub inclusive: Option<&'a str>,
    /// Changes the Signature before SignedInfo is hashed, so the change is signed too.
    pub change: &'a dyn Fn(String) -> String,
}

/// Replaces `slot.token` in `document` by a Signature over the element with `slot.id`.
pub fn sign_element(document: &str, slot: &Slot<'_>, key: &TestKey) -> String {
    let inclusive: Vec<&str> = slot.inclusive.unwrap_or_default().split_whitespace().collect();
    let bare = document.replace(slot.token, "");
    let doc = uppsala::parse(&bare).unwrap_or_else(|e| panic!("{e}: {bare}"));
    let hash = digest::digest(
        key.algorithm.digest(),
        &canonical(&doc, with_id(&doc, slot.id), &inclusive),
    );
    let signature = (slot.change)(template(slot, key, &STANDARD.encode(hash)));
    let unsigned = document.replace(slot.token, &signature);
    let Ok(doc) = uppsala::parse(&unsigned) else {
        return unsigned;
    };
    let Some(info) = signed_info(&doc) else {
        return unsigned;
    };
    let value = STANDARD.encode(key.sign(&canonical(&doc, info, &[])));
    unsigned.replace(VALUE, &value)
}

fn template(slot: &Slot<'_>, key: &TestKey, digest: &str) -> String {
    let p = slot.prefix;
    let (colon, declare) = if p.is_empty() {
        ("", "xmlns".to_owned())
    } else {
        (":", format!("xmlns:{p}"))
    };
    let n = format!("{p}{colon}");
    let exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
    let transform = match slot.inclusive {
        Some(list) => format!(
            r#"<{n}Transform Algorithm="{exclusive}"><ec:InclusiveNamespaces xmlns:ec="{exclusive}" PrefixList="{list}"/></{n}Transform>"#
        ),
        None => format!(r#"<{n}Transform Algorithm="{exclusive}"/>"#),
    };
    let key_info = if slot.key_info {
        let certificate = key.certificate.to_base64();
        format!(
            "<{n}KeyInfo><{n}X509Data><{n}X509Certificate>{certificate}</{n}X509Certificate></{n}X509Data></{n}KeyInfo>"
        )
    } else {
        String::new()
    };
    format!(
        r##"<{n}Signature {declare}="http://www.w3.org/2000/09/xmldsig#"><{n}SignedInfo><{n}CanonicalizationMethod Algorithm="{exclusive}"/><{n}SignatureMethod Algorithm="{method}"/><{n}Reference URI="#{id}"><{n}Transforms><{n}Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>{transform}</{n}Transforms><{n}DigestMethod Algorithm="{digest_method}"/><{n}DigestValue>{digest}</{n}DigestValue></{n}Reference></{n}SignedInfo><{n}SignatureValue>{VALUE}</{n}SignatureValue>{key_info}</{n}Signature>"##,
        method = key.algorithm.signature_uri(),
        id = slot.id,
        digest_method = key.algorithm.digest_uri(),
    )
}

fn canonical(doc: &Document<'_>, node: NodeId, inclusive: &[&str]) -> Vec<u8> {
    let set = NodeSet::tree_without_comments(node, doc);
    bergshamra_c14n::canonicalize_doc(doc, C14nMode::Exclusive, Some(&set), inclusive).unwrap()
}

fn with_id(doc: &Document<'_>, id: &str) -> NodeId {
    let all = doc.descendants(doc.root());
    all.into_iter()
        .find(|n| doc.get_attribute(*n, "ID") == Some(id))
        .expect("the signed element")
}

/// The first SignedInfo of the Signature that waits for its value.
fn signed_info(doc: &Document<'_>) -> Option<NodeId> {
    let all = doc.descendants(doc.root());
    let waiting = |n: &NodeId| {
        doc.element(*n)
            .is_some_and(|e| e.name.local_name == "SignatureValue")
            && doc.text_content_deep(*n).contains(VALUE)
    };
    let value = all.into_iter().find(waiting)?;
    let signature = doc.parent(value)?;
    doc.children(signature)
        .into_iter()
        .find(|n| doc.element(*n).is_some_and(|e| e.name.local_name == "SignedInfo"))
}
