//! Reads a certificate chain and its key from PEM files and checks that they can be used together.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::sign::CertifiedKey;
use rustls::{Error as TlsError, InconsistentKeys};
use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use zeroize::Zeroizing;

use super::problem::TlsProblem;
use crate::model::Timestamp;
use crate::model::time::SECOND;

const FILE_LIMIT: u64 = 1024 * 1024;

/// What stands in the two files at one moment.
pub(super) struct Contents {
    cert_file: PathBuf,
    key_file: PathBuf,
    cert: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

/// A certificate that fits its key.
#[derive(Clone, Debug)]
pub(super) struct Loaded {
    pub key: Arc<CertifiedKey>,
    pub fingerprint: String,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
}

impl Contents {
    pub fn read(cert_file: &Path, key_file: &Path) -> Result<Self, TlsProblem> {
        Ok(Self {
            cert: read(cert_file)?,
            key: Zeroizing::new(read(key_file)?),
            cert_file: cert_file.to_owned(),
            key_file: key_file.to_owned(),
        })
    }

    pub fn digest(&self) -> [u8; 32] {
        let length = (self.cert.len() as u64).to_be_bytes();
        Sha256::new()
            .chain_update(length)
            .chain_update(&self.cert)
            .chain_update(&*self.key)
            .finalize()
            .into()
    }

    /// The certificate with its chain and key; dates are not looked at.
    pub fn certificate(&self) -> Result<Loaded, TlsProblem> {
        let chain = CertificateDer::pem_slice_iter(&self.cert).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|problem| damaged(&self.cert_file, problem))?;
        let Some(first) = chain.first() else {
            return Err(TlsProblem::NoCertificate {
                file: self.cert_file.clone(),
            });
        };
        let fingerprint = fingerprint(first);
        let (starts_at, ends_at) = validity(first).map_err(|reason| self.damaged_certificate(reason))?;
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|problem| match problem {
            pem::Error::NoItemsFound => TlsProblem::NoKey {
                file: self.key_file.clone(),
            },
            problem => damaged(&self.key_file, problem),
        })?;
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let key = CertifiedKey::from_der(chain, key, &provider).map_err(|problem| self.unusable(problem))?;
        Ok(Loaded {
            key: Arc::new(key),
            fingerprint,
            starts_at,
            ends_at,
        })
    }

    fn unusable(&self, problem: TlsError) -> TlsProblem {
        match problem {
            TlsError::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsProblem::KeyMismatch {
                cert: self.cert_file.clone(),
                key: self.key_file.clone(),
            },
            TlsError::InvalidCertificate(wrong) => self.damaged_certificate(wrong.to_string()),
            other => TlsProblem::UnusableKey {
                key: self.key_file.clone(),
                reason: other.to_string(),
            },
        }
    }

    fn damaged_certificate(&self, reason: String) -> TlsProblem {
        TlsProblem::Damaged {
            file: self.cert_file.clone(),
            reason,
        }
    }
}

impl Loaded {
    /// Whether browsers take it at this moment.
    pub fn check_dates(&self, now: Timestamp) -> Result<(), TlsProblem> {
        if now < self.starts_at {
            return Err(TlsProblem::NotYetValid { from: self.starts_at });
        }
        if self.ends_at <= now {
            return Err(TlsProblem::Expired { at: self.ends_at });
        }
        Ok(())
    }
}

/// Warns when everybody on this machine can read the key. Refusing would break set-ups in which nobody else
/// is on the machine, such as containers.
pub(super) fn warn_if_open_to_all(key: &Path) {
    if fs::metadata(key).is_ok_and(|about| about.permissions().mode() & 0o004 != 0) {
        tracing::warn!(
            "every user of this machine can read {}: chmod o-r it",
            key.display()
        );
    }
}

fn read(file: &Path) -> Result<Vec<u8>, TlsProblem> {
    let unreadable = |reason: String| TlsProblem::Unreadable {
        file: file.to_owned(),
        reason,
    };
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|file| file.take(FILE_LIMIT + 1).read_to_end(&mut bytes))
        .map_err(|problem| unreadable(problem.to_string()))?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(unreadable("it is larger than 1 MiB".to_owned()));
    }
    if bytes.trim_ascii().is_empty() {
        return Err(TlsProblem::Empty {
            file: file.to_owned(),
        });
    }
    Ok(bytes)
}

fn damaged(file: &Path, problem: pem::Error) -> TlsProblem {
    TlsProblem::Damaged {
        file: file.to_owned(),
        reason: problem.to_string(),
    }
}

fn validity(certificate: &[u8]) -> Result<(Timestamp, Timestamp), String> {
    let (_, certificate) = X509Certificate::from_der(certificate).map_err(|problem| problem.to_string())?;
    let at = |time: x509_parser::time::ASN1Time| Timestamp(time.timestamp().saturating_mul(SECOND));
    let validity = certificate.validity();
    Ok((at(validity.not_before), at(validity.not_after)))
}

fn fingerprint(certificate: &[u8]) -> String {
    let pairs: Vec<String> = Sha256::digest(certificate)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    pairs.join(":")
}
