//! Asks the DNS for TXT records, by which an admin shows that a domain is theirs.
//!
//! The system's resolver is asked, or the one that the operator named. Nothing is remembered between two questions, so
//! that "Check now" sees what is there now as far as the resolver does.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData};

/// From question to answer, with one repetition.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// More than anybody keeps under one name, and little enough to show.
const MOST_RECORDS: usize = 50;

/// Where TXT records are asked for.
#[derive(Clone, Debug, Default)]
pub struct Dns {
    server: Option<SocketAddr>,
}

/// No answer, whatever the reason; that a name or record does not exist is an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoAnswer(String);

impl Dns {
    /// Asks this resolver instead of the system's.
    pub fn at(server: Option<SocketAddr>) -> Self {
        Self { server }
    }

    /// The TXT records under `name`, each with its pieces joined (RFC 1035 §3.3.14); empty when there are none.
    ///
    /// # Errors
    /// When nobody answered in time, or not sensibly.
    pub async fn txt(&self, name: &str) -> Result<Vec<String>, NoAnswer> {
        let late = || NoAnswer(format!("no answer within {} seconds", TIME_LIMIT.as_secs()));
        match tokio::time::timeout(TIME_LIMIT, self.ask(name)).await {
            Ok(answer) => answer,
            Err(_) => Err(late()),
        }
    }

    async fn ask(&self, name: &str) -> Result<Vec<String>, NoAnswer> {
        let wrong = |problem: NetError| NoAnswer(problem.to_string());
        // With the dot at its end, the name is never tried below the machine's own domain.
        let name = Name::from_ascii(format!("{name}.")).map_err(|problem| NoAnswer(problem.to_string()))?;
        let resolver = self.resolver().map_err(wrong)?;
        let answer = match resolver.txt_lookup(name).await {
            Ok(answer) => answer,
            Err(problem) if problem.is_no_records_found() => return Ok(Vec::new()),
            Err(problem) => return Err(wrong(problem)),
        };
        let texts = answer.answers().iter().filter_map(|record| match &record.data {
            RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
            _ => None,
        });
        Ok(texts.take(MOST_RECORDS).collect())
    }

    /// Made for one question: it lives on the runtime that asks, and a changed `resolv.conf` counts at once.
    fn resolver(&self) -> Result<TokioResolver, NetError> {
        let mut builder = match self.server {
            None => TokioResolver::builder_tokio()?,
            Some(server) => {
                let mut named = NameServerConfig::udp_and_tcp(server.ip());
                for connection in &mut named.connections {
                    connection.port = server.port();
                }
                let config = ResolverConfig::from_name_servers(vec![named]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
        };
        let options = builder.options_mut();
        options.timeout = Duration::from_secs(2);
        options.attempts = 1;
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        builder.build()
    }
}
