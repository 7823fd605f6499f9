//! Step 5 for an EncryptedAssertion: from ciphertext to the plaintext bytes, which are then treated as any other
//! bytes from outside.
//!
//! Of the message only four things are used: the two algorithm names, compared with a list, and the two cipher
//! values, re-encoded. The library sees a small document of our own with these in it and gives opaque bytes; asked for
//! an element it would rewrite the plaintext as text. RSA PKCS #1 v1.5 is refused for its padding oracle.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bergshamra_enc::context::EncContext;
use bergshamra_xml::uppsala::NodeId;

use super::key::SpKey;
use super::names::{
    AES128_CBC, AES128_GCM, AES192_CBC, AES192_GCM, AES256_CBC, AES256_GCM, DSIG, MGF1_SHA1, MGF1_SHA256,
    RSA_OAEP, RSA_OAEP_MGF1P, SHA1, SHA256, XENC, XENC11,
};
use super::problem::{SamlProblem, short};
use super::tree::Tree;

/// A decrypted assertion.
#[derive(Debug)]
pub struct Plaintext {
    /// The plaintext inside one element of ours that declares the namespaces in force around the ciphertext.
    pub document: String,
    /// Whether the cipher itself proves that the ciphertext is unchanged (GCM does, CBC does not).
    pub authenticated: bool,
}

/// Decrypts the EncryptedAssertion `sealed` with the first of `keys` that opens it.
pub fn decrypt(tree: &Tree<'_>, sealed: NodeId, keys: &[SpKey]) -> Result<Plaintext, SamlProblem> {
    let parts = Sealed::read(tree, sealed)?;
    if keys.is_empty() {
        return Err(SamlProblem::NoDecryptionKey);
    }
    let document = parts.document();
    let open = |key: &SpKey| {
        let context = EncContext::new(key.keys()).with_disable_cipher_reference(true);
        bergshamra_enc::decrypt::decrypt_to_bytes(&context, &document).ok()
    };
    let bytes = keys.iter().find_map(open).ok_or(SamlProblem::Decryption)?;
    let plaintext = String::from_utf8(bytes).map_err(|_| SamlProblem::Decryption)?;
    Ok(Plaintext {
        document: wrapped(tree, sealed, &plaintext),
        authenticated: parts.cipher.ends_with("-gcm"),
    })
}

struct Sealed<'t> {
    cipher: &'t str,
    transport: &'t str,
    digest: Option<&'t str>,
    mask: Option<&'t str>,
    data: String,
    key: String,
}

fn missing() -> SamlProblem {
    SamlProblem::AssertionShape {
        detail: "the encrypted assertion is not one EncryptedData with one EncryptedKey",
    }
}

fn refused(algorithm: &str) -> SamlProblem {
    SamlProblem::EncryptionAlgorithm {
        algorithm: short(algorithm),
    }
}

impl<'t> Sealed<'t> {
    fn read(tree: &'t Tree<'_>, sealed: NodeId) -> Result<Self, SamlProblem> {
        let one = |local: &'static str| {
            let mut all = tree.walk(sealed).filter(move |node| tree.is(*node, XENC, local));
            match (all.next(), all.next()) {
                (Some(node), None) => Ok(node),
                _ => Err(missing()),
            }
        };
        // One key, in the data's KeyInfo or beside the data: both are in use.
        let (data, key) = (one("EncryptedData")?, one("EncryptedKey")?);
        let method = |node| tree.child(node, XENC, "EncryptionMethod").ok_or_else(missing);
        let algorithm = |node| tree.attribute(node, "Algorithm").unwrap_or_default();
        let cipher = algorithm(method(data)?);
        if ![
            AES128_GCM, AES192_GCM, AES256_GCM, AES128_CBC, AES192_CBC, AES256_CBC,
        ]
        .contains(&cipher)
        {
            return Err(refused(cipher));
        }
        let transport_node = method(key)?;
        let transport = algorithm(transport_node);
        if ![RSA_OAEP_MGF1P, RSA_OAEP].contains(&transport)
            || tree.child(transport_node, XENC, "OAEPparams").is_some()
        {
            return Err(refused(transport));
        }
        let digest = tree.child(transport_node, DSIG, "DigestMethod").map(algorithm);
        let mask = tree.child(transport_node, XENC11, "MGF").map(algorithm);
        if let Some(other) = digest.filter(|d| ![SHA1, SHA256].contains(d)) {
            return Err(refused(other));
        }
        if let Some(other) = mask.filter(|m| ![MGF1_SHA1, MGF1_SHA256].contains(m)) {
            return Err(refused(other));
        }
        let (data, key) = (cipher_value(tree, data)?, cipher_value(tree, key)?);
        Ok(Self {
            cipher,
            transport,
            digest,
            mask,
            data,
            key,
        })
    }

    /// The document that the library decrypts: nothing in it is the sender's own markup.
    fn document(&self) -> String {
        let mut parameters = String::new();
        if let Some(digest) = self.digest {
            let _ = write!(parameters, r#"<d:DigestMethod Algorithm="{digest}"/>"#);
        }
        if let Some(mask) = self.mask {
            let _ = write!(parameters, r#"<f:MGF Algorithm="{mask}"/>"#);
        }
        let Self {
            cipher,
            transport,
            data,
            key,
            ..
        } = self;
        format!(
            r#"<e:EncryptedData xmlns:e="{XENC}" xmlns:d="{DSIG}" xmlns:f="{XENC11}" Type="urn:opaque"><e:EncryptionMethod Algorithm="{cipher}"/><d:KeyInfo><e:EncryptedKey><e:EncryptionMethod Algorithm="{transport}">{parameters}</e:EncryptionMethod><e:CipherData><e:CipherValue>{key}</e:CipherValue></e:CipherData></e:EncryptedKey></d:KeyInfo><e:CipherData><e:CipherValue>{data}</e:CipherValue></e:CipherData></e:EncryptedData>"#
        )
    }
}

/// The Base64 of a CipherValue, decoded and encoded again. A reference to elsewhere is refused.
fn cipher_value(tree: &Tree<'_>, node: NodeId) -> Result<String, SamlProblem> {
    let data = tree.child(node, XENC, "CipherData").ok_or_else(missing)?;
    let value = tree.child(data, XENC, "CipherValue").ok_or_else(missing)?;
    let text = tree.text(value).ok_or_else(missing)?;
    super::certificate::decode(&text)
        .map(|bytes| STANDARD.encode(bytes))
        .map_err(|_| missing())
}

/// Puts the plaintext below one element with the namespaces in force at `sealed`: it may rely on prefixes that the
/// Response declares. Plaintext that closes our element early leaves a document with two roots, which no parser takes.
fn wrapped(tree: &Tree<'_>, sealed: NodeId, plaintext: &str) -> String {
    let mut declared: Vec<(&str, &str)> = Vec::new();
    let mut here = Some(sealed);
    while let Some(node) = here {
        for (prefix, uri) in tree
            .doc
            .element(node)
            .map(|e| e.namespace_declarations.as_slice())
            .unwrap_or_default()
        {
            if !declared.iter().any(|(known, _)| *known == &**prefix) {
                declared.push((prefix, uri));
            }
        }
        here = tree.doc.parent(node);
    }
    let mut document = String::from("<plaintext");
    for (prefix, uri) in declared {
        let colon = if prefix.is_empty() { "" } else { ":" };
        let _ = write!(
            document,
            r#" xmlns{colon}{prefix}="{}""#,
            super::sp_metadata::escape(uri)
        );
    }
    let plaintext = plaintext.trim_start_matches('\u{feff}');
    let body = match plaintext.split_once("?>") {
        Some((declaration, body)) if declaration.starts_with("<?xml ") => body,
        _ => plaintext,
    };
    let _ = write!(document, ">{body}</plaintext>");
    document
}
