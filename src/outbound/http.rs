//! The one guarded HTTP client: fetches what an admin's address names, within limits.
//!
//! A fetch makes its own client and drops it: nothing stays connected, and a certificate authority that
//! was added to the machine counts from the next fetch on. No redirects, no proxy, no cookies, no
//! decompression, HTTP/1.1 only.

use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Certificate, Client, Response, StatusCode, redirect};
use url::{Host, Url};

use super::policy::Policy;
use super::problem::UpstreamProblem;
use super::resolver::GuardedResolver;
use super::trouble;

/// No answer is ever larger than this, whatever the caller asks for.
pub const BODY_LIMIT: usize = 2 * 1024 * 1024;
const HEADER_LIMIT: usize = 64 * 1024;
const ADDRESS_LIMIT: usize = 4096;
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// Fetches what the policy permits.
#[derive(Clone, Debug)]
pub struct GuardedClient {
    policy: Policy,
    roots: Vec<Certificate>,
    time_limit: Duration,
}

/// What came back with status 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    pub body: Vec<u8>,
    /// As sent; it is the sender's claim and decides nothing by itself.
    pub content_type: Option<String>,
}

/// An address that may be asked, as far as one can tell without resolving its name.
struct Target {
    url: Url,
    host: String,
    port: u16,
    encrypted: bool,
}

impl GuardedClient {
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            roots: Vec::new(),
            time_limit: TIME_LIMIT,
        }
    }

    /// Trusts these certificate authorities (DER) beside the machine's own.
    ///
    /// # Errors
    /// The first one that is no certificate.
    pub fn with_roots(mut self, roots: &[Vec<u8>]) -> Result<Self, reqwest::Error> {
        self.roots = roots
            .iter()
            .map(|der| Certificate::from_der(der))
            .collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// Another limit than five seconds, from name to last byte.
    #[must_use]
    pub fn with_time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Fetches `url`. The answer is at most `max_bytes` long, and never longer than [`BODY_LIMIT`].
    ///
    /// # Errors
    /// Every answer but a complete 200 is a problem.
    pub async fn get(&self, url: &str, max_bytes: usize) -> Result<Fetched, UpstreamProblem> {
        let target = Target::check(url, &self.policy)?;
        let host = target.host.clone();
        match tokio::time::timeout(self.time_limit, self.fetch(target, max_bytes.min(BODY_LIMIT))).await {
            Ok(fetched) => fetched,
            Err(_) => Err(UpstreamProblem::TimedOut {
                host,
                seconds: self.time_limit.as_secs(),
            }),
        }
    }

    async fn fetch(&self, target: Target, limit: usize) -> Result<Fetched, UpstreamProblem> {
        let client = self.client(target.encrypted).await?;
        let explain = |problem: reqwest::Error| trouble::explain(&target.host, target.port, &problem);
        let request = client.get(target.url.clone()).header(ACCEPT_ENCODING, "identity");
        let response = request.send().await.map_err(explain)?;
        check_head(&target, &response)?;
        let content_type = header(response.headers(), CONTENT_TYPE);
        let body = read_body(&target.host, response, limit, explain).await?;
        Ok(Fetched { body, content_type })
    }

    /// Reading the trust store takes some milliseconds of disk and CPU: not on the threads that answer requests.
    async fn client(&self, encrypted: bool) -> Result<Client, UpstreamProblem> {
        let resolver = GuardedResolver {
            policy: self.policy.clone(),
            encrypted,
        };
        let roots = self.roots.clone();
        let build = move || {
            let builder = Client::builder()
                .user_agent(concat!("Doorward/", env!("CARGO_PKG_VERSION")))
                .dns_resolver(resolver)
                .redirect(redirect::Policy::none())
                .no_proxy()
                .referer(false)
                .http1_only()
                .https_only(encrypted)
                .pool_max_idle_per_host(0);
            let builder = if encrypted {
                builder.tls_certs_merge(roots)
            } else {
                builder.tls_certs_only([])
            };
            builder.build()
        };
        let built = tokio::task::spawn_blocking(build).await;
        built
            .ok()
            .and_then(Result::ok)
            .ok_or(UpstreamProblem::NoTrustStore)
    }
}

impl Target {
    /// Reads `url` the way browsers do, so that `https://0x7f.1` is 127.0.0.1 here and everywhere after.
    fn check(url: &str, policy: &Policy) -> Result<Self, UpstreamProblem> {
        let bad = |reason: &str| UpstreamProblem::BadAddress {
            reason: reason.to_owned(),
        };
        if url.len() > ADDRESS_LIMIT {
            return Err(bad("it is too long"));
        }
        let url = Url::parse(url.trim()).map_err(|problem| bad(&problem.to_string()))?;
        let encrypted = match url.scheme() {
            "https" => true,
            "http" => false,
            scheme => return Err(bad(&format!("{scheme} is not a web address"))),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("it carries a user name or password in front of the host"));
        }
        let (Some(parsed), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(bad("it names no host"));
        };
        let host = match parsed {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let address = match parsed {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
        };
        match address {
            Some(address) if policy.permits(address, encrypted) => {}
            Some(address) if policy.permits(address, true) => return Err(UpstreamProblem::NotHttps { host }),
            Some(address) => return Err(UpstreamProblem::Inside { host, address }),
            None if !encrypted && !policy.may_be_plain(&host) => {
                return Err(UpstreamProblem::NotHttps { host });
            }
            // What the name stands for is checked by the resolver, at the moment of connecting.
            None => {}
        }
        Ok(Self {
            url,
            host,
            port,
            encrypted,
        })
    }
}

fn check_head(target: &Target, response: &Response) -> Result<(), UpstreamProblem> {
    let (host, headers) = (target.host.clone(), response.headers());
    let size: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if size > HEADER_LIMIT {
        return Err(UpstreamProblem::BadAnswer {
            host,
            reason: "its headers are too large".to_owned(),
        });
    }
    let status = response.status();
    if status.is_redirection()
        && let Some(to) = header(headers, LOCATION)
    {
        let to = target
            .url
            .join(&to)
            .map_or(to, String::from)
            .chars()
            .take(300)
            .collect();
        return Err(UpstreamProblem::Redirected { host, to });
    }
    if status != StatusCode::OK {
        let meaning = status
            .canonical_reason()
            .map(|reason| format!(" ({reason})"))
            .unwrap_or_default();
        return Err(UpstreamProblem::Status {
            host,
            status: status.as_u16(),
            meaning,
        });
    }
    match header(headers, CONTENT_ENCODING) {
        Some(encoding) if !encoding.eq_ignore_ascii_case("identity") => Err(UpstreamProblem::Compressed {
            host,
            encoding: encoding.chars().take(40).collect(),
        }),
        _ => Ok(()),
    }
}

async fn read_body(
    host: &str,
    mut response: Response,
    limit: usize,
    explain: impl Fn(reqwest::Error) -> UpstreamProblem,
) -> Result<Vec<u8>, UpstreamProblem> {
    let too_large = || UpstreamProblem::TooLarge {
        host: host.to_owned(),
        limit,
    };
    if response
        .content_length()
        .is_some_and(|length| length > limit as u64)
    {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(&explain)? {
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A header as readable text; `None` when it is missing or has other bytes in it.
fn header(headers: &HeaderMap, name: reqwest::header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
