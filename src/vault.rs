//! Secrets that must be read back: sealed with the key file, bound to where they lie.
//!
//! AES-256-GCM with a random 96-bit nonce; table, row and column are authenticated with the text, so that
//! a sealed value copied to another place does not open. The key file is 32 random bytes in base64.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result};
use crate::random::Random;

/// Clones share the key.
#[derive(Clone)]
pub struct Vault {
    key: Arc<LessSafeKey>,
    marks: hmac::Key,
}

/// Where a sealed value lies. It opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub table: &'a str,
    pub row: &'a str,
    pub column: &'a str,
}

impl Place<'_> {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in [self.table, self.row, self.column] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

impl Vault {
    /// Reads the key file, or makes it when `may_create` and there is none.
    pub fn open(path: &Path, may_create: bool, random: &Random) -> Result<Self> {
        match File::open(path) {
            Ok(mut file) => {
                let mut text = Zeroizing::new(String::new());
                Read::by_ref(&mut file)
                    .take(1024)
                    .read_to_string(&mut text)
                    .map_err(|e| unreadable(path, e))?;
                let key = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|e| unreadable(path, e))?);
                Self::new(&key).ok_or_else(|| unreadable(path, "it does not hold 32 bytes in base64"))
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && may_create => Self::create(path, random),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(Error::new(
                Kind::Unavailable,
                format!(
                    "{} is missing, and the database holds secrets that only it opens. Restore it from your backup.",
                    path.display()
                ),
            )),
            Err(e) => Err(unreadable(path, e)),
        }
    }

    fn create(path: &Path, random: &Random) -> Result<Self> {
        let key = Zeroizing::new(random.bytes::<32>());
        let failed =
            |e: std::io::Error| Error::unavailable(format!("{} cannot be written ({e}).", path.display()), e);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        let text = Zeroizing::new(STANDARD.encode(*key));
        file.write_all(text.as_bytes())
            .and_then(|()| file.write_all(b"\n"))
            .map_err(failed)?;
        file.sync_all().map_err(failed)?;
        // The name must survive a power loss too, not only the bytes.
        if let Some(folder) = path.parent() {
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(failed)?;
        }
        Self::new(&*key).ok_or_else(|| Error::internal("a fresh key was refused"))
    }

    fn new(key: &[u8]) -> Option<Self> {
        let unbound = UnboundKey::new(&AES_256_GCM, key).ok()?;
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), b"doorward marks 1");
        Some(Self {
            key: Arc::new(LessSafeKey::new(unbound)),
            marks: hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()),
        })
    }

    /// Nonce and ciphertext of `plain`, for this place only.
    pub fn seal(&self, place: Place, plain: &[u8], random: &Random) -> Result<Vec<u8>> {
        let nonce = random.bytes::<NONCE_LEN>();
        let mut sealed = plain.to_vec();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.bytes()),
                &mut sealed,
            )
            .map_err(|_| Error::internal("sealing failed"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// The plain text; fails when the value was changed, moved, or sealed with another key file.
    pub fn unseal(&self, place: Place, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let wrong = || {
            Error::new(
                Kind::Unavailable,
                "A secret in the database does not open with this key file. Restore the key file that belongs to it.",
            )
        };
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or_else(wrong)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| wrong())?;
        let mut text = Zeroizing::new(text.to_vec());
        let length = self
            .key
            .open_in_place(nonce, Aad::from(place.bytes()), &mut text)
            .map_err(|_| wrong())?
            .len();
        text.truncate(length);
        Ok(text)
    }

    /// A keyed mark over `text`, to recognise later that we gave it out.
    pub fn mark(&self, text: &str) -> Vec<u8> {
        hmac::sign(&self.marks, text.as_bytes()).as_ref().to_vec()
    }

    /// Is `mark` ours for `text`? In constant time.
    pub fn is_marked(&self, text: &str, mark: &[u8]) -> bool {
        hmac::verify(&self.marks, text.as_bytes(), mark).is_ok()
    }
}

fn unreadable(path: &Path, cause: impl std::fmt::Display) -> Error {
    Error::new(
        Kind::Unavailable,
        format!(
            "{} cannot be read as a key file ({cause}). Restore it from your backup.",
            path.display()
        ),
    )
}
