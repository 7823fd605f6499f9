//! The mailer: gives letters to the mail server that an owner named, within the same limits as the guarded client.
//!
//! The server's name is resolved once, the address is checked, and that address is connected to. Nothing is said in
//! the open: TLS from the first byte, or STARTTLS before anything else; a server on this machine alone may do without.
//! Certificate and host name are always checked. Nothing is trusted that came before the encryption did.

mod letter;
mod problem;
mod stream;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::response::Response;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use url::Host;

use super::policy::Policy;
use crate::model::MailSecurity;
pub use letter::Letter;
pub use problem::{MailProblem, Refused};
use stream::{Bounded, Encrypted};

/// For name, connection, encryption and sign-in together; and again for each letter.
const TIME_LIMIT: Duration = Duration::from_secs(30);
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Where a connection stands, for whoever watches a slow server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Finding,
    Connecting,
    Encrypting,
    SigningIn,
    HandingOver,
}

/// The server, and how to speak with it.
#[derive(Clone, Copy, Debug)]
pub struct MailServer<'a> {
    /// A name or an address; the certificate must be for it.
    pub host: &'a str,
    pub port: u16,
    pub security: MailSecurity,
    /// User name and password.
    pub account: Option<(&'a str, &'a str)>,
    /// The name by which this machine greets: the host of the base URL.
    pub hello: &'a str,
}

/// Gives mail to servers that the policy permits.
#[derive(Clone, Debug)]
pub struct Mailer {
    policy: Policy,
    roots: Vec<Vec<u8>>,
    time_limit: Duration,
}

/// An open connection to a mail server, signed in where that was asked for.
pub struct MailLine {
    connection: AsyncSmtpConnection,
    host: String,
    time_limit: Duration,
}

impl Default for Mailer {
    fn default() -> Self {
        Self::new(Policy::default())
    }
}

impl Mailer {
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            roots: Vec::new(),
            time_limit: TIME_LIMIT,
        }
    }

    /// Trusts these certificate authorities (DER) beside the machine's own.
    #[must_use]
    pub fn with_roots(mut self, roots: &[Vec<u8>]) -> Self {
        self.roots = roots.to_vec();
        self
    }

    /// Another limit than half a minute.
    #[must_use]
    pub fn with_time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Connects, encrypts and signs in; `watch` is told each step as it begins.
    ///
    /// # Errors
    /// Says what happened and whose move it is.
    pub async fn open(
        &self,
        server: MailServer<'_>,
        watch: &(dyn Fn(Step) + Send + Sync),
    ) -> Result<MailLine, MailProblem> {
        let opened = tokio::time::timeout(self.time_limit, self.connect(server, watch)).await;
        let connection = opened.unwrap_or_else(|_| Err(too_slow(server.host, self.time_limit)))?;
        Ok(MailLine {
            connection,
            host: server.host.to_owned(),
            time_limit: self.time_limit,
        })
    }

    async fn connect(
        &self,
        server: MailServer<'_>,
        watch: &(dyn Fn(Step) + Send + Sync),
    ) -> Result<AsyncSmtpConnection, MailProblem> {
        let explain = |error| problem::explain(server.host, server.port, error);
        watch(Step::Finding);
        let addresses = self.addresses(&server).await?;
        watch(Step::Connecting);
        let stream = Bounded::new(dial(&server, &addresses).await?);
        let hello = greeting(server.hello);
        let mut connection = match server.security {
            MailSecurity::Tls => {
                watch(Step::Encrypting);
                let parameters = self.encryption(server.host).await?;
                let stream = Encrypted::begin(stream, parameters).await.map_err(explain)?;
                AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello)
                    .await
                    .map_err(explain)?
            }
            MailSecurity::StartTls | MailSecurity::None => {
                AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello)
                    .await
                    .map_err(explain)?
            }
        };
        if server.security == MailSecurity::StartTls {
            watch(Step::Encrypting);
            if !connection.can_starttls() {
                connection.abort().await;
                return Err(MailProblem::NoStartTls {
                    host: server.host.to_owned(),
                });
            }
            let parameters = self.encryption(server.host).await?;
            connection.starttls(parameters, &hello).await.map_err(explain)?;
        }
        if let Some((user, password)) = server.account {
            watch(Step::SigningIn);
            sign_in(&mut connection, server.host, user, password).await?;
        }
        Ok(connection)
    }

    /// What the host stands for, as far as the policy permits it.
    async fn addresses(&self, server: &MailServer<'_>) -> Result<Vec<SocketAddr>, MailProblem> {
        let host = server.host.to_owned();
        let encrypted = server.security.is_encrypted();
        let found: Vec<SocketAddr> = match host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, server.port)],
            Err(_) if ServerName::try_from(host.as_str()).is_err() => {
                return Err(MailProblem::NoHost { host });
            }
            Err(_) => tokio::net::lookup_host((host.as_str(), server.port))
                .await
                .map_err(|cause| problem::not_found(&host, &cause))?
                .collect(),
        };
        let named = self.policy.names_host(&host);
        let may = |address: IpAddr| named || self.policy.permits(address, true);
        let is_close = |address: IpAddr| address.to_canonical().is_loopback();
        let Some(first) = found.first().map(SocketAddr::ip) else {
            return Err(problem::not_found(
                &host,
                &std::io::Error::other("the name has no address"),
            ));
        };
        let permitted: Vec<SocketAddr> = found.into_iter().filter(|at| may(at.ip())).collect();
        if permitted.is_empty() {
            return Err(MailProblem::Inside { host, address: first });
        }
        let quiet: Vec<SocketAddr> = permitted
            .into_iter()
            .filter(|at| encrypted || is_close(at.ip()))
            .collect();
        if quiet.is_empty() {
            return Err(MailProblem::InTheOpen { host });
        }
        Ok(quiet)
    }

    /// Reading the trust store takes some milliseconds of disk and CPU: not on the threads that answer requests.
    async fn encryption(&self, host: &str) -> Result<TlsParameters, MailProblem> {
        let (host, roots) = (host.to_owned(), self.roots.clone());
        let build = move || {
            let mut builder = TlsParameters::builder(host);
            for root in roots {
                builder = builder.add_root_certificate(Certificate::from_der(root)?);
            }
            builder.build()
        };
        let built = tokio::task::spawn_blocking(build).await;
        built.ok().and_then(Result::ok).ok_or(MailProblem::NoTrustStore)
    }
}

impl MailLine {
    /// Hands a letter over; returns what the server said when it took it.
    ///
    /// # Errors
    /// [`MailProblem::is_final`] says whether it is worth trying again.
    pub async fn hand_over(&mut self, letter: &Letter) -> Result<String, MailProblem> {
        let limit = self.time_limit;
        let host = self.host.clone();
        let handed = tokio::time::timeout(limit, self.talk(letter)).await;
        handed.unwrap_or_else(|_| Err(too_slow(&host, limit)))
    }

    async fn talk(&mut self, letter: &Letter) -> Result<String, MailProblem> {
        let written = letter.write()?;
        let host = self.host.clone();
        let mut parameters = Vec::new();
        if !written.from.to_string().is_ascii() || !written.to.to_string().is_ascii() {
            if !self
                .connection
                .server_info()
                .supports_feature(Extension::SmtpUtfEight)
            {
                let address = written.to.to_string();
                return Err(MailProblem::NoForeignLetters { host, address });
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        let refused = |of: Refused| {
            let host = host.clone();
            move |error| problem::refused(&host, of, error)
        };
        let answer = self
            .connection
            .command(Mail::new(Some(written.from), parameters))
            .await;
        answer.map_err(refused(Refused::Sender))?;
        let answer = self.connection.command(Rcpt::new(written.to, Vec::new())).await;
        answer.map_err(refused(Refused::Recipient))?;
        let answer = self.connection.command(Data).await;
        answer.map_err(refused(Refused::Letter))?;
        let answer = self.connection.message(&written.bytes).await;
        let answer = answer.map_err(refused(Refused::Letter))?;
        Ok(words_of(&answer))
    }

    /// Says goodbye; a server that does not answer is not waited for.
    pub async fn close(mut self) {
        let goodbye = self.connection.abort();
        let _ = tokio::time::timeout(Duration::from_secs(2), goodbye).await;
    }
}

async fn dial(server: &MailServer<'_>, addresses: &[SocketAddr]) -> Result<TcpStream, MailProblem> {
    let mut last = too_slow(server.host, CONNECT_LIMIT);
    for address in addresses {
        match tokio::time::timeout(CONNECT_LIMIT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(cause)) => last = problem::unreachable(server.host, server.port, &cause),
            Err(_) => {}
        }
    }
    Err(last)
}

/// Refused before the password leaves when the server takes none in a way that we have.
async fn sign_in(
    connection: &mut AsyncSmtpConnection,
    host: &str,
    user: &str,
    password: &str,
) -> Result<(), MailProblem> {
    let ways = [Mechanism::Plain, Mechanism::Login];
    if connection.server_info().get_auth_mechanism(&ways).is_none() {
        connection.abort().await;
        return Err(MailProblem::NoSignIn {
            host: host.to_owned(),
        });
    }
    let credentials = Credentials::new(user.to_owned(), password.to_owned());
    let answer = connection.auth(&ways, &credentials).await;
    answer
        .map(drop)
        .map_err(|error| problem::refused(host, Refused::SignIn, error))
}

fn greeting(host: &str) -> ClientId {
    match Host::parse(host) {
        Ok(Host::Ipv4(address)) => ClientId::Ipv4(address),
        Ok(Host::Ipv6(address)) => ClientId::Ipv6(address),
        Ok(Host::Domain(name)) => ClientId::Domain(name),
        Err(_) => ClientId::Domain("localhost".to_owned()),
    }
}

fn words_of(answer: &Response) -> String {
    let lines: Vec<&str> = answer.message().collect();
    problem::plain(&format!("{} {}", answer.code(), lines.join(" ")))
}

fn too_slow(host: &str, limit: Duration) -> MailProblem {
    MailProblem::TimedOut {
        host: host.to_owned(),
        seconds: limit.as_secs(),
    }
}
