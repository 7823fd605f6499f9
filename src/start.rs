//! Putting it all together: the data directory, its lock, the store, the key file, the listener, the server.
//!
//! `main` only parses; tests call [`Appliance::build`] with a clock and dice of their own.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::config::{Config, TlsSetting};
use crate::error::{Error, Kind, Result};
use crate::flows::{Context, connect, enroll, invite, mail, maintain, provision};
use crate::outbound::mail::Mailer;
use crate::outbound::{Dns, GuardedClient, Policy};
use crate::random::Random;
use crate::store::{self, Store};
use crate::vault::Vault;
use crate::web::peer::TrustedProxies;
use crate::web::tls::{LiveCertificate, Source};
use crate::{control, web};

const LOCK: &str = "doorward.lock";
const DATABASE: &str = "doorward.db";
const KEY: &str = "doorward.key";

/// The data directory, opened by this process alone. Dropping it lets the next process in.
pub struct House {
    pub ctx: Arc<Context>,
    _lock: File,
}

/// Somebody else has the data directory open: a running appliance.
pub enum Opened {
    Mine(House),
    Running,
}

impl House {
    /// Opens the data directory, or makes it: 0700, with every file in it 0600.
    pub fn open(config: &Config, clock: Clock, random: Random) -> Result<Opened> {
        let folder = &config.data_dir;
        prepare_folder(folder)?;
        let lock = private_file(&folder.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Opened::Running),
            Err(TryLockError::Error(cause)) => return Err(unusable(&folder.join(LOCK), cause)),
        }
        // Made before SQLite does, so that it never exists with other rights; its companions inherit them.
        private_file(&folder.join(DATABASE))?;
        let store = Store::open(&folder.join(DATABASE))?;
        let nothing_sealed = store.read(store::own_keys::is_empty)?;
        let vault = Vault::open(&folder.join(KEY), nothing_sealed, &random)?;
        let policy = Policy::new(config.allow_upstream.clone());
        let (outbound, mailer) = (GuardedClient::new(policy.clone()), Mailer::new(policy));
        let mut ctx = Context::new(store, clock, random, vault, outbound)?.with_mailer(mailer);
        ctx.dns = Dns::at(config.dns_server);
        let ctx = Arc::new(ctx);
        Ok(Opened::Mine(Self { ctx, _lock: lock }))
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.ctx.store.close();
    }
}

/// An appliance that is about to answer.
pub struct Appliance {
    house: House,
    listener: TcpListener,
    config: Config,
    certificate: Option<Arc<LiveCertificate>>,
}

impl Appliance {
    /// Opens the data directory and binds the address. `Conflict` when another process has the directory.
    pub fn build(config: Config, clock: Clock, random: Random) -> Result<Self> {
        let Opened::Mine(house) = House::open(&config, clock, random)? else {
            let folder = config.data_dir.display();
            return Err(Error::conflict(format!(
                "Another Doorward is running on the data directory {folder}. Stop it first, or name another directory with --data-dir."
            )));
        };
        let certificate = certificate(&config, &house.ctx)?;
        let listener = TcpListener::bind(config.listen).map_err(|cause| {
            let message = format!(
                "Doorward cannot listen on {} ({cause}). Name another address with --listen.",
                config.listen
            );
            Error::unavailable(message, cause)
        })?;
        listener.set_nonblocking(true).map_err(Error::internal)?;
        let appliance = Self {
            house,
            listener,
            config,
            certificate,
        };
        // For links that must work while the base URL does not.
        let _ = appliance.house.ctx.local_url.set(appliance.url());
        Ok(appliance)
    }

    /// Where it listens; with port 0 in the settings, the port that it got.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap_or(self.config.listen)
    }

    pub fn context(&self) -> Arc<Context> {
        self.house.ctx.clone()
    }

    /// The address to open on this machine.
    pub fn url(&self) -> String {
        let scheme = if self.certificate.is_some() {
            "https"
        } else {
            "http"
        };
        let address = self.address();
        match address.ip() {
            ip if ip.is_unspecified() => format!("{scheme}://localhost:{}", address.port()),
            _ => format!("{scheme}://{address}"),
        }
    }

    /// SHA-256 of the TLS certificate, for comparing with what the browser shows.
    pub fn fingerprint(&self) -> Option<String> {
        self.certificate
            .as_ref()
            .map(|certificate| certificate.fingerprint())
    }

    /// Answers until `stop` completes, then lets requests in flight finish and closes the database.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<()> {
        let ctx = self.house.ctx.clone();
        let proxies = TrustedProxies(self.config.behind_proxy.clone());
        let server = web::server::serve(ctx.clone(), self.listener, proxies, self.certificate.as_ref())?;
        let mut side_jobs = vec![
            tokio::spawn(sweep(ctx.clone())),
            tokio::spawn(provision::log::keep_flushing(ctx.clone())),
            tokio::spawn(mail::deliver::keep_delivering(ctx.clone())),
            tokio::spawn(invite::keep_sending(ctx.clone(), web::urls::invitation)),
            tokio::spawn(check_domains(ctx.clone())),
            tokio::spawn(connect::openid::keep_discovering(ctx.clone())),
        ];
        match control::listen(&self.config.data_dir, ctx.clone()) {
            Ok(control) => side_jobs.push(tokio::spawn(control)),
            Err(cause) => {
                tracing::warn!(%cause, "commands cannot reach this process; stop it before you run one")
            }
        }
        if let Some(certificate) = self.certificate {
            side_jobs.push(tokio::spawn(certificate.watch(ctx.clock.clone())));
        }
        let result = server.until(stop).await;
        for job in side_jobs {
            job.abort();
        }
        control::forget(&self.config.data_dir);
        if let Err(error) = provision::log::flush(&ctx).await {
            tracing::warn!(%error, "the last requests of SCIM clients are not in the log");
        }
        ctx.store.close();
        result
    }
}

async fn sweep(ctx: Arc<Context>) {
    let every = Duration::from_millis(u64::try_from(maintain::EVERY).unwrap_or(60_000));
    loop {
        tokio::time::sleep(every).await;
        if let Err(error) = maintain::sweep(&ctx).await {
            tracing::warn!(%error, "what has expired could not be swept; the next minute tries again");
        }
    }
}

/// Where an appliance with these settings answers on this machine; `None` when only the system knows the port.
pub fn local_url(config: &Config) -> Option<String> {
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let port = config.listen.port();
    (port != 0).then(|| match config.listen.ip() {
        ip if ip.is_unspecified() => format!("{scheme}://localhost:{port}"),
        _ => format!("{scheme}://{}", config.listen),
    })
}

/// Looks for TXT records apart from the sweep: name servers may take their time.
async fn check_domains(ctx: Arc<Context>) {
    let every = Duration::from_millis(u64::try_from(maintain::EVERY).unwrap_or(60_000));
    loop {
        tokio::time::sleep(every).await;
        if let Err(error) = connect::proof::check_due(&ctx).await {
            tracing::warn!(%error, "the records of e-mail domains could not be checked; the next minute tries again");
        }
    }
}

/// `doorward serve`: prints where it answers, and the first-run address while there is no owner.
pub async fn serve(config: Config) -> Result<()> {
    let appliance = Appliance::build(config, Clock::system(), Random::system())?;
    let ctx = appliance.context();
    let url = appliance.url();
    println!("Doorward {} answers at {url}", env!("CARGO_PKG_VERSION"));
    if let Some(fingerprint) = appliance.fingerprint() {
        println!("TLS certificate SHA-256 {fingerprint}");
    }
    if let Some(code) = enroll::make_setup_code(&ctx).await? {
        println!(
            "First run: open {url}{} within 24 hours",
            web::urls::setup_with_code(&code)
        );
    }
    appliance.run(stop_signal()).await
}

/// SIGTERM, or Ctrl-C.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int), Ok(mut hangup)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
        signal(SignalKind::hangup()),
    ) else {
        tracing::warn!("signals cannot be heard; end the process by SIGKILL, nothing acknowledged is lost");
        return std::future::pending().await;
    };
    loop {
        tokio::select! {
            _ = term.recv() => break,
            _ = int.recv() => break,
            // Means "look at the certificate again"; a closed terminal must not stop the appliance.
            _ = hangup.recv() => {}
        }
    }
    tracing::info!("stopping: requests in flight may finish");
}

fn certificate(config: &Config, ctx: &Context) -> Result<Option<Arc<LiveCertificate>>> {
    let source = match &config.tls {
        None => return Ok(None),
        Some(TlsSetting::Files { cert, key }) => Source::Files {
            cert: cert.clone(),
            key: key.clone(),
        },
        Some(TlsSetting::SelfSigned) => {
            let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
            if !config.listen.ip().is_unspecified() && !config.listen.ip().is_loopback() {
                names.push(config.listen.ip().to_string());
            }
            let host = ctx
                .organization()
                .and_then(|o| url::Url::parse(o.base_url.as_str()).ok());
            names.extend(
                host.and_then(|url| url.host_str().map(str::to_owned))
                    .filter(|h| h != "127.0.0.1"),
            );
            Source::SelfSigned {
                data_dir: config.data_dir.clone(),
                names,
            }
        }
    };
    let loaded = LiveCertificate::load(source, ctx.now());
    loaded
        .map(Some)
        .map_err(|problem| Error::new(Kind::Unavailable, problem.to_string()))
}

fn prepare_folder(folder: &Path) -> Result<()> {
    if !folder.exists() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|cause| unusable(folder, cause))?;
    }
    let rights = folder.metadata().map_err(|cause| unusable(folder, cause))?;
    if !rights.is_dir() {
        return Err(Error::new(
            Kind::Unavailable,
            format!("{} is not a directory.", folder.display()),
        ));
    }
    if rights.permissions().mode() & 0o077 != 0 {
        std::fs::set_permissions(folder, Permissions::from_mode(0o700))
            .map_err(|cause| unusable(folder, cause))?;
    }
    Ok(())
}

fn private_file(path: &Path) -> Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path);
    let file = file.map_err(|cause| unusable(path, cause))?;
    file.set_permissions(Permissions::from_mode(0o600))
        .map_err(|cause| unusable(path, cause))?;
    Ok(file)
}

fn unusable(path: &Path, cause: std::io::Error) -> Error {
    let message = format!(
        "{} cannot be used ({cause}). Check who owns it, or name another directory with --data-dir.",
        path.display()
    );
    Error::unavailable(message, cause)
}
