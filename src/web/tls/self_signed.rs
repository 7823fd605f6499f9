//! A certificate of our own for those who have none yet: made once, kept in the data directory.
//!
//! No authority vouches for it, so browsers warn; the operator compares the fingerprint on the terminal
//! with the one that the browser shows. That is why it must stay the same over restarts.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use chrono::Datelike;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, date_time_ymd};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use zeroize::Zeroizing;

use super::files::Contents;
use super::problem::TlsProblem;
use crate::model::Timestamp;
use crate::model::time::DAY;

/// Browsers refuse certificates that are valid for longer than about this.
const VALID_FOR: i64 = 397 * DAY;
/// A new one is made when less than this is left.
pub(super) const RENEW_BEFORE: i64 = 30 * DAY;

/// Key and certificate, in one file so that they can't get out of step.
pub(super) fn file(data_dir: &Path) -> PathBuf {
    data_dir.join("tls-self-signed.pem")
}

/// Makes the certificate when there is none that is good for these names and some time to come.
pub(super) fn ensure(data_dir: &Path, names: &[String], now: Timestamp) -> Result<(), TlsProblem> {
    let file = file(data_dir);
    let unwritable = |problem: io::Error| TlsProblem::Unwritable {
        file: file.clone(),
        reason: problem.to_string(),
    };
    if file.exists() {
        match why_not(&file, names, now) {
            None => return fs::set_permissions(&file, Permissions::from_mode(0o600)).map_err(unwritable),
            Some(reason) => tracing::warn!("making a new self-signed certificate, because {reason}"),
        }
    }
    let pem = make(names, now).map_err(|problem| TlsProblem::NotMade {
        reason: problem.to_string(),
    })?;
    replace(&file, pem.as_bytes()).map_err(unwritable)
}

/// Why the certificate at hand will not do.
fn why_not(file: &Path, names: &[String], now: Timestamp) -> Option<String> {
    let loaded = match Contents::read(file, file).and_then(|contents| contents.certificate()) {
        Ok(loaded) => loaded,
        Err(problem) => return Some(problem.to_string()),
    };
    if loaded.ends_at.since(now) < RENEW_BEFORE {
        return Some(format!("the old one ends on {}", loaded.ends_at.human_day()));
    }
    if now < loaded.starts_at {
        return Some("the old one is not valid yet: the clock was set back".to_owned());
    }
    let covered = loaded
        .key
        .cert
        .first()
        .map(|first| covered_names(first))
        .unwrap_or_default();
    names
        .iter()
        .find(|name| !covered.contains(*name))
        .map(|name| format!("the old one does not cover {name}"))
}

/// The names and addresses that a certificate is good for.
fn covered_names(certificate: &[u8]) -> Vec<String> {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else {
        return Vec::new();
    };
    let Ok(Some(alternatives)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes)
                .ok()
                .map(|bytes| IpAddr::from(bytes).to_string()),
            _ => <[u8; 16]>::try_from(*bytes)
                .ok()
                .map(|bytes| IpAddr::from(bytes).to_string()),
        },
        _ => None,
    };
    alternatives.value.general_names.iter().filter_map(name).collect()
}

fn make(names: &[String], now: Timestamp) -> Result<Zeroizing<String>, rcgen::Error> {
    let date = |at: Timestamp| {
        let day = at.to_utc().date_naive();
        date_time_ymd(day.year(), day.month() as u8, day.day() as u8)
    };
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "Doorward");
    // A day of grace for browsers whose clock is behind.
    params.not_before = date(now.minus(DAY));
    params.not_after = date(now.plus(VALID_FOR - DAY));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok(Zeroizing::new(key.serialize_pem() + &certificate.pem()))
}

/// Puts `bytes` in the place of `file` at once: a crash leaves the old or the new one.
fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = file.with_extension("pem.new");
    match fs::remove_file(&fresh) {
        Err(problem) if problem.kind() != io::ErrorKind::NotFound => return Err(problem),
        _ => {}
    }
    let mut written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)?;
    written.write_all(bytes)?;
    written.sync_all()?;
    fs::rename(&fresh, file)
}
