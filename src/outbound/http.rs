//! The one guarded HTTP client: asks what an admin's address names, within limits.
//!
//! No redirects, no proxy, no cookies, no decompression, HTTP/1.1 only, and nothing stays connected: each request
//! resolves the name anew and connects to an address that the policy permits. What is kept is the prepared client with
//! the machine's trust store, because reading that takes some 20 ms of CPU. It is made anew after five minutes, so that
//! a certificate authority that was removed from the machine stops counting, and at once when a certificate is from an
//! unknown issuer, so that one that was added counts from the next request on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Certificate, Client, RequestBuilder, Response, redirect};
use url::form_urlencoded;

use super::kept::Kept;
use super::policy::Policy;
use super::problem::UpstreamProblem;
use super::reply::{check_head, check_status, header, read_body};
use super::resolver::GuardedResolver;
use super::target::Target;
use super::trouble;

/// No answer is ever larger than this, whatever the caller asks for.
pub const BODY_LIMIT: usize = 2 * 1024 * 1024;
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// How long a prepared client is used.
const CLIENT_LIFE: Duration = Duration::from_secs(5 * 60);

/// Asks what the policy permits. Copies share their prepared clients.
#[derive(Clone, Debug)]
pub struct GuardedClient {
    policy: Policy,
    roots: Vec<Certificate>,
    time_limit: Duration,
    prepared: Arc<Prepared>,
}

/// One client for https, one that speaks http only.
#[derive(Debug)]
struct Prepared {
    encrypted: Kept<Client>,
    plain: Kept<Client>,
}

/// What came back with status 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    pub body: Vec<u8>,
    /// As sent; it is the sender's claim and decides nothing by itself.
    pub content_type: Option<String>,
}

/// What came back to a POST, whatever its status says: an error has a body that matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replied {
    /// Never a redirect.
    pub status: u16,
    pub body: Vec<u8>,
    /// As sent; it is the sender's claim and decides nothing by itself.
    pub content_type: Option<String>,
}

/// What to ask.
enum Question {
    Get {
        authorization: Option<HeaderValue>,
    },
    Form {
        body: String,
        authorization: Option<HeaderValue>,
    },
}

impl GuardedClient {
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            roots: Vec::new(),
            time_limit: TIME_LIMIT,
            prepared: Arc::new(Prepared::new()),
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
        self.prepared = Arc::new(Prepared::new());
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
        self.fetch(url, None, max_bytes).await
    }

    /// As [`GuardedClient::get`], with `token` as proof that we may (RFC 6750 §2.1).
    ///
    /// # Errors
    /// Every answer but a complete 200 is a problem; so is a token that no header can carry.
    pub async fn get_with_bearer(
        &self,
        url: &str,
        token: &str,
        max_bytes: usize,
    ) -> Result<Fetched, UpstreamProblem> {
        self.fetch(url, Some(secret_header(&format!("Bearer {token}"))?), max_bytes)
            .await
    }

    /// Posts `form` to `url`, with `basic` (user, password) as HTTP Basic. What comes back is limited as for
    /// [`GuardedClient::get`], but may have any status except a redirect.
    ///
    /// # Errors
    /// Everything that kept a whole answer from coming.
    pub async fn post_form(
        &self,
        url: &str,
        form: &[(String, String)],
        basic: Option<(&str, &str)>,
        max_bytes: usize,
    ) -> Result<Replied, UpstreamProblem> {
        let basic = basic.map(|(user, password)| STANDARD.encode(format!("{user}:{password}")));
        let question = Question::Form {
            body: form_urlencoded::Serializer::new(String::new())
                .extend_pairs(form)
                .finish(),
            authorization: basic
                .map(|basic| secret_header(&format!("Basic {basic}")))
                .transpose()?,
        };
        self.ask(url, &question, max_bytes).await
    }

    async fn fetch(
        &self,
        url: &str,
        authorization: Option<HeaderValue>,
        max_bytes: usize,
    ) -> Result<Fetched, UpstreamProblem> {
        let question = Question::Get { authorization };
        let Replied {
            body, content_type, ..
        } = self.ask(url, &question, max_bytes).await?;
        Ok(Fetched { body, content_type })
    }

    /// One question and its answer, within the time limit.
    async fn ask(
        &self,
        url: &str,
        question: &Question,
        max_bytes: usize,
    ) -> Result<Replied, UpstreamProblem> {
        let target = Target::check(url, &self.policy)?;
        let answer = async {
            let response = self.send(&target, question).await?;
            check_head(&target, &response)?;
            if matches!(question, Question::Get { .. }) {
                check_status(&target, &response)?;
            }
            let status = response.status().as_u16();
            let content_type = header(response.headers(), CONTENT_TYPE);
            let explain = |problem: reqwest::Error| trouble::explain(&target.host, target.port, &problem);
            let body = read_body(&target.host, response, max_bytes.min(BODY_LIMIT), explain).await?;
            Ok(Replied {
                status,
                body,
                content_type,
            })
        };
        match tokio::time::timeout(self.time_limit, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(UpstreamProblem::TimedOut {
                host: target.host.clone(),
                seconds: self.time_limit.as_secs(),
            }),
        }
    }

    async fn send(&self, target: &Target, question: &Question) -> Result<Response, UpstreamProblem> {
        let explain = |problem: reqwest::Error| trouble::explain(&target.host, target.port, &problem);
        let kept = self.prepared.of(target.encrypted);
        if let Some(client) = kept.get(Instant::now()) {
            match question.to(&client, target).send().await.map_err(explain) {
                // The authority may have been added to the machine since. Nothing has been sent yet.
                Err(UpstreamProblem::CertificateFromUnknownIssuer { .. }) => {}
                answer => return answer,
            }
        }
        let client = self.prepare(target.encrypted).await?;
        kept.put(client.clone(), Instant::now());
        question.to(&client, target).send().await.map_err(explain)
    }

    /// Reading the trust store takes some milliseconds of disk and CPU: not on the threads that answer requests.
    async fn prepare(&self, encrypted: bool) -> Result<Client, UpstreamProblem> {
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

impl Prepared {
    fn new() -> Self {
        Self {
            encrypted: Kept::new(CLIENT_LIFE),
            plain: Kept::new(CLIENT_LIFE),
        }
    }

    fn of(&self, encrypted: bool) -> &Kept<Client> {
        if encrypted { &self.encrypted } else { &self.plain }
    }
}

impl Question {
    fn to(&self, client: &Client, target: &Target) -> RequestBuilder {
        let (request, authorization) = match self {
            Question::Get { authorization } => (client.get(target.url.clone()), authorization),
            Question::Form { body, authorization } => {
                let request = client
                    .post(target.url.clone())
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .header(ACCEPT, "application/json")
                    .body(body.clone());
                (request, authorization)
            }
        };
        let request = request.header(ACCEPT_ENCODING, "identity");
        match authorization {
            Some(value) => request.header(AUTHORIZATION, value.clone()),
            None => request,
        }
    }
}

/// A header that is kept out of debug output.
fn secret_header(text: &str) -> Result<HeaderValue, UpstreamProblem> {
    let mut value = HeaderValue::from_str(text).map_err(|_| UpstreamProblem::BadAddress {
        reason: "what should prove that this server may ask holds characters that cannot be sent".to_owned(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}
