//! TLS for our own pages: the server configuration and a certificate that can be replaced while running.
//!
//! The certificate comes from files of the operator or is made by us (`self_signed`). A task looks every few
//! seconds whether it has to change. Connections that are open keep what they have negotiated; the next
//! handshake uses the new certificate. What is wrong with a new file is logged once, and the old
//! certificate stays.

mod files;
mod problem;
mod self_signed;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use sha2::{Digest, Sha256};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::clock::Clock;
use crate::model::Timestamp;

use files::{Contents, Loaded};
pub use problem::TlsProblem;

const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Where the certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Made by us for these names and addresses, kept in the data directory.
    SelfSigned { data_dir: PathBuf, names: Vec<String> },
    /// PEM files of the operator.
    Files { cert: PathBuf, key: PathBuf },
}

/// The certificate that new connections get.
#[derive(Debug)]
pub struct LiveCertificate {
    source: Source,
    current: RwLock<Current>,
}

#[derive(Debug)]
struct Current {
    loaded: Loaded,
    /// Digest of what was looked at last, good or bad.
    seen: [u8; 32],
    /// When what was refused for being early will be good.
    again_at: Option<Timestamp>,
}

/// What a look at the source has brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    Unchanged,
    Replaced {
        fingerprint: String,
        ends_at: Timestamp,
    },
    /// There is something new and it is no good; the old certificate stays. Said once for the same contents.
    Refused(TlsProblem),
}

impl LiveCertificate {
    /// Loads the certificate, or makes one.
    ///
    /// # Errors
    /// When there is none that could be shown to a browser. An expired one is loaded and logged: whoever
    /// starts the program has to reach it before they can mend it.
    pub fn load(source: Source, now: Timestamp) -> Result<Arc<Self>, TlsProblem> {
        source.prepare(now)?;
        let contents = source.contents()?;
        let loaded = contents.certificate()?;
        if let Err(problem) = loaded.check_dates(now) {
            tracing::warn!("the TLS certificate is in use although browsers will refuse it: {problem}");
        }
        let current = Current {
            loaded,
            seen: contents.digest(),
            again_at: None,
        };
        Ok(Arc::new(Self {
            source,
            current: RwLock::new(current),
        }))
    }

    /// A configuration whose every handshake asks for the certificate of the moment.
    ///
    /// TLS 1.2 and 1.3. Every cipher suite of the provider is an AEAD, in 1.2 with ephemeral keys.
    ///
    /// # Errors
    /// When the provider speaks neither version, which would be a mistake in the build.
    pub fn server_config(self: &Arc<Self>) -> Result<ServerConfig, rustls::Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    /// SHA-256 of the certificate in use, as browsers show it: `3A:F1:…`.
    pub fn fingerprint(&self) -> String {
        self.read().loaded.fingerprint.clone()
    }

    pub fn ends_at(&self) -> Timestamp {
        self.read().loaded.ends_at
    }

    /// Looks whether the source has something new, and takes it when it is good.
    pub fn look(&self, now: Timestamp) -> Look {
        let contents = self
            .source
            .renew(self.ends_at(), now)
            .and_then(|()| self.source.contents());
        let digest = match &contents {
            Ok(contents) => contents.digest(),
            Err(problem) => Sha256::digest(problem.to_string()).into(),
        };
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.seen == digest && current.again_at.is_none_or(|at| now < at) {
            return Look::Unchanged;
        }
        current.seen = digest;
        current.again_at = None;
        let loaded = contents.and_then(|contents| contents.certificate());
        match loaded.and_then(|loaded| loaded.check_dates(now).map(|()| loaded)) {
            Ok(loaded) => {
                current.loaded = loaded;
                let Loaded {
                    fingerprint, ends_at, ..
                } = &current.loaded;
                Look::Replaced {
                    fingerprint: fingerprint.clone(),
                    ends_at: *ends_at,
                }
            }
            Err(problem) => {
                if let TlsProblem::NotYetValid { from } = problem {
                    current.again_at = Some(from);
                }
                Look::Refused(problem)
            }
        }
    }

    /// Looks every few seconds and on SIGHUP, for as long as the program runs.
    pub async fn watch(self: Arc<Self>, clock: Clock) {
        let mut hangups = signal(SignalKind::hangup()).ok();
        loop {
            // Whichever comes first; that the time has passed is no failure.
            let _ = tokio::time::timeout(LOOK_EVERY, hangup(hangups.as_mut())).await;
            let (certificate, now) = (Arc::clone(&self), clock.now());
            match tokio::task::spawn_blocking(move || certificate.look(now)).await {
                Ok(Look::Replaced { fingerprint, ends_at }) => {
                    tracing::info!(%fingerprint, ends = %ends_at.human_day(), "new TLS certificate in use");
                }
                Ok(Look::Refused(problem)) => {
                    tracing::error!("new TLS certificate refused, the old one stays in use: {problem}");
                }
                Ok(Look::Unchanged) | Err(_) => {}
            }
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Current> {
        self.current.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source {
    /// Makes sure that there is something to load.
    fn prepare(&self, now: Timestamp) -> Result<(), TlsProblem> {
        match self {
            Self::SelfSigned { data_dir, names } => self_signed::ensure(data_dir, names, now),
            Self::Files { key, .. } => {
                files::warn_if_open_to_all(key);
                Ok(())
            }
        }
    }

    /// Makes a new certificate in good time, when that is ours to do.
    fn renew(&self, ends_at: Timestamp, now: Timestamp) -> Result<(), TlsProblem> {
        match self {
            Self::SelfSigned { .. } if ends_at.since(now) < self_signed::RENEW_BEFORE => self.prepare(now),
            _ => Ok(()),
        }
    }

    fn contents(&self) -> Result<Contents, TlsProblem> {
        match self {
            Self::SelfSigned { data_dir, .. } => {
                let file = self_signed::file(data_dir);
                Contents::read(&file, &file)
            }
            Self::Files { cert, key } => Contents::read(cert, key),
        }
    }
}

impl ResolvesServerCert for LiveCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.read().loaded.key))
    }
}

async fn hangup(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
