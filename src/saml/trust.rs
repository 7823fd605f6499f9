//! The pinned certificates of one connection, made ready once so that checking a signature costs only the check.

use bergshamra_dsig::DsigContext;
use bergshamra_keys::{Key, KeysManager};

use super::certificate::Certificate;

/// Keys that may sign for one IdentityProvider. Build it when a connection is loaded and keep it; it can be shared
/// between threads.
pub struct TrustedKeys {
    certificates: Vec<Certificate>,
    context: DsigContext,
}

impl std::fmt::Debug for TrustedKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.certificates.iter().map(|c| &c.fingerprint))
            .finish()
    }
}

impl TrustedKeys {
    /// Loads the public keys of `certificates`. One whose key cannot be loaded is left out: it could verify nothing.
    pub fn new(certificates: &[Certificate]) -> Self {
        let mut keys = KeysManager::new();
        let mut kept = Vec::new();
        for certificate in certificates {
            if let Some(key) = public_key(certificate) {
                keys.add_key(key);
                kept.push(certificate.clone());
            }
        }
        let mut context = DsigContext::new(keys);
        // The constructor sets these; said again because everything rests on them.
        context.trusted_keys_only = true;
        context.strict_verification = true;
        context.require_reference_digests = true;
        Self {
            certificates: kept,
            context,
        }
    }

    /// The certificates whose keys are loaded.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The fingerprints of these certificates.
    pub fn fingerprints(&self) -> Vec<String> {
        self.certificates.iter().map(|c| c.fingerprint.clone()).collect()
    }

    /// Whether there is no key at all, with which nothing is ever accepted.
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    pub(super) fn context(&self) -> &DsigContext {
        &self.context
    }
}

fn public_key(certificate: &Certificate) -> Option<Key> {
    let mut key = bergshamra_keys::loader::load_x509_cert_der(&certificate.der).ok()?;
    key.x509_chain = vec![certificate.der.clone()];
    // Imports the key now, not at the first sign-in.
    key.data.software_key().ok()??;
    Some(key)
}

/// Compiles only while the prepared keys can be shared between threads.
const fn shareable<T: Send + Sync>() {}
const _: () = shareable::<TrustedKeys>();
const _: () = shareable::<super::SpKey>();
