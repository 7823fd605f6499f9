//! Settings: flags, `DOORWARD_…` variables and a TOML file become one validated [`Config`].
//!
//! A flag wins over the environment, the environment over the file, the file over the default; a list is
//! taken whole from the first of them that has it. Whatever is unknown, empty, of the wrong type or makes
//! no sense stops the start, and the message names the setting and where it was read. This is the only
//! module that reads the environment.
//!
//! Adding a setting takes four lines: a field in [`Flags`], a row in `sources::SETTINGS`, a function in
//! `values` unless one fits, and a field here.

mod file;
mod flags;
mod problem;
mod sources;
mod values;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;

pub use flags::{Flags, InitFlags};
pub use problem::{ConfigProblem, ConfigProblems};
pub use values::{LogFormat, LogLevel};

use crate::outbound::AllowedUpstream;
use sources::Sources;

/// Names and values of environment variables.
pub type Environment = Vec<(OsString, OsString)>;

/// Everything that is decided before the start and stays as it is until the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Holds the database, the key file and the socket of the running appliance.
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    /// Proxies whose `X-Forwarded-…` and `Forwarded` headers are believed; nobody by default.
    pub behind_proxy: Vec<IpNet>,
    /// `None` means plain HTTP, which is possible on loopback or behind a proxy only.
    pub tls: Option<TlsSetting>,
    /// What the guarded HTTP client may reach although it is not public or not https.
    pub allow_upstream: Vec<AllowedUpstream>,
    /// The resolver that is asked for TXT records; `None`: the system's.
    pub dns_server: Option<SocketAddr>,
    pub log: LogLevel,
    pub log_format: LogFormat,
}

/// Where the certificate of this server comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsSetting {
    /// Made by us and kept in the data directory.
    SelfSigned,
    Files {
        cert: PathBuf,
        key: PathBuf,
    },
}

/// What `doorward init` is told about the first owner and the organization. Only present and non-empty
/// is checked here; the rules of each field are those of the first-run page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitOptions {
    pub owner_email: String,
    pub owner_name: String,
    pub password_file: PathBuf,
    pub organization: String,
    pub base_url: String,
}

impl Config {
    /// Reads flags, environment and the file that one of them names.
    pub fn read(flags: &Flags, environment: Environment) -> Result<Self, ConfigProblems> {
        let mut sources = Sources::gather(flags, &InitFlags::default(), environment)?;
        let config = read(&mut sources);
        sources.finish(config)
    }
}

impl InitOptions {
    /// Reads flags, environment and the file that one of them names.
    pub fn read(flags: &Flags, init: &InitFlags, environment: Environment) -> Result<Self, ConfigProblems> {
        let mut sources = Sources::gather(flags, init, environment)?;
        let text = |sources: &mut Sources, name| {
            let value = sources.one(name, values::text);
            sources.required(name, value)
        };
        let options = Self {
            owner_email: text(&mut sources, "owner_email"),
            owner_name: text(&mut sources, "owner_name"),
            password_file: {
                let file = sources.path("password_file");
                sources.required("password_file", file)
            },
            organization: text(&mut sources, "organization"),
            base_url: text(&mut sources, "base_url"),
        };
        sources.finish(options)
    }
}

fn read(sources: &mut Sources) -> Config {
    let config = Config {
        data_dir: sources
            .path("data_dir")
            .unwrap_or_else(|| PathBuf::from("./data")),
        listen: sources
            .one("listen", values::listen)
            .unwrap_or_else(default_listen),
        behind_proxy: sources.many("behind_proxy", values::network),
        tls: read_tls(sources),
        allow_upstream: sources.many("allow_upstream", values::upstream),
        dns_server: sources.one("dns_server", values::dns_server),
        log: sources.one("log", values::log_level).unwrap_or_default(),
        log_format: sources.one("log_format", values::log_format).unwrap_or_default(),
    };
    // A rejected `tls` or `behind_proxy` has been reported already; this would only repeat it less clearly.
    let plain = config.tls.is_none() && config.behind_proxy.is_empty() && !sources.has_problems();
    if plain && !config.listen.ip().to_canonical().is_loopback() {
        sources.reject(
            "listen",
            format!(
                "{} can be reached from other machines, and plain HTTP would show passwords and sessions to the \
                 network. Add `--tls self-signed`, or `--tls-cert FILE --tls-key FILE`, or, when a proxy in front \
                 speaks TLS, `--behind-proxy ADDRESS` with the proxy's address; or listen on 127.0.0.1",
                config.listen
            ),
        );
    }
    config
}

fn read_tls(sources: &mut Sources) -> Option<TlsSetting> {
    let made = sources.one("tls", values::self_signed);
    let (cert, key) = (sources.path("tls_cert"), sources.path("tls_key"));
    match (made, cert, key) {
        (Some(()), None, None) => Some(TlsSetting::SelfSigned),
        (Some(()), cert, _) => {
            let given = if cert.is_some() { "tls_cert" } else { "tls_key" };
            sources.reject(
                given,
                "cannot be combined with `tls`: use the files or the self-signed certificate".into(),
            );
            None
        }
        (None, Some(cert), Some(key)) => Some(TlsSetting::Files { cert, key }),
        (None, Some(_), None) => {
            sources.reject(
                "tls_cert",
                "needs `tls_key` too, the file with the certificate's private key".into(),
            );
            None
        }
        (None, None, Some(_)) => {
            sources.reject(
                "tls_key",
                "needs `tls_cert` too, the file with the certificate".into(),
            );
            None
        }
        (None, None, None) => None,
    }
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8080))
}

/// The environment of this process.
#[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
pub fn environment() -> Environment {
    std::env::vars_os().collect()
}
