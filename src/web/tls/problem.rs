//! Why a certificate cannot be used. The operator reads these, on the terminal or in the log.

use std::path::PathBuf;

use thiserror::Error;

use crate::model::Timestamp;

/// What is wrong, with which file, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TlsProblem {
    #[error("{} cannot be read: {reason}", .file.display())]
    Unreadable { file: PathBuf, reason: String },

    #[error("{} cannot be written: {reason}", .file.display())]
    Unwritable { file: PathBuf, reason: String },

    #[error("{} is empty", .file.display())]
    Empty { file: PathBuf },

    #[error("{} has no certificate in it: it should contain lines with BEGIN CERTIFICATE", .file.display())]
    NoCertificate { file: PathBuf },

    #[error(
        "{} has no private key in it that can be read without a passphrase: it should contain lines with BEGIN \
         PRIVATE KEY",
        .file.display()
    )]
    NoKey { file: PathBuf },

    #[error("{} is damaged: {reason}", .file.display())]
    Damaged { file: PathBuf, reason: String },

    #[error("{} belongs to another certificate than {}: give the pair that was issued together", .key.display(), .cert.display())]
    KeyMismatch { cert: PathBuf, key: PathBuf },

    #[error("{} holds a kind of key that TLS cannot use here: {reason}", .key.display())]
    UnusableKey { key: PathBuf, reason: String },

    #[error("the certificate has expired on {} UTC: renew it", .at.human())]
    Expired { at: Timestamp },

    #[error("the certificate is valid from {} UTC only: check the clock of this machine", .from.human())]
    NotYetValid { from: Timestamp },

    #[error("no self-signed certificate could be made: {reason}")]
    NotMade { reason: String },
}
