//! Turns a host name into the addresses that may be connected to.
//!
//! The HTTP client connects to what this resolver answers and to nothing else, and asks once per
//! connection. So the address that was checked is the address that is connected to, and a name that
//! changes its mind in between (DNS rebinding) gains nothing.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::policy::Policy;

/// The system's name resolution, filtered by the policy; made for one fetch.
pub(super) struct GuardedResolver {
    pub policy: Policy,
    /// Whether the connection will be TLS.
    pub encrypted: bool,
}

/// Why no address came out.
#[derive(Debug)]
pub(super) enum ResolveProblem {
    NotFound(io::Error),
    /// All addresses were refused; this is the first.
    Inside(IpAddr),
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let named = self.policy.names_host(&host);
        let (policy, encrypted) = (self.policy.clone(), self.encrypted);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0))
                .await
                .map_err(ResolveProblem::NotFound)?
                .collect();
            let permitted = keep_permitted(found, |address| named || policy.permits(address, encrypted))?;
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

fn keep_permitted(
    found: Vec<SocketAddr>,
    permits: impl Fn(IpAddr) -> bool,
) -> Result<Vec<SocketAddr>, ResolveProblem> {
    let (permitted, refused): (Vec<_>, Vec<_>) = found.into_iter().partition(|found| permits(found.ip()));
    match refused.first() {
        _ if !permitted.is_empty() => Ok(permitted),
        Some(refused) => Err(ResolveProblem::Inside(refused.ip())),
        None => Err(ResolveProblem::NotFound(io::Error::other(
            "the name has no address",
        ))),
    }
}

impl fmt::Display for ResolveProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(problem) => write!(f, "name not found: {problem}"),
            Self::Inside(address) => write!(f, "{address} is not permitted"),
        }
    }
}

impl std::error::Error for ResolveProblem {}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(list: &str) -> Vec<SocketAddr> {
        list.split_whitespace()
            .map(|ip| SocketAddr::new(ip.parse().expect("an address"), 0))
            .collect()
    }

    #[test]
    fn a_name_that_mixes_public_and_inside_addresses_leads_to_the_public_ones_only() {
        let permits = |address| Policy::default().permits(address, true);
        let kept = keep_permitted(addresses("127.0.0.1 8.8.8.8 fd00::1 2606:4700::1"), permits)
            .expect("two are public");
        assert_eq!(kept, addresses("8.8.8.8 2606:4700::1"));
    }

    #[test]
    fn a_name_with_inside_addresses_only_leads_nowhere() {
        let permits = |address| Policy::default().permits(address, true);
        let refused = keep_permitted(addresses("10.0.0.7 ::1"), permits);
        assert!(
            matches!(refused, Err(ResolveProblem::Inside(address)) if address == IpAddr::from([10, 0, 0, 7]))
        );
        assert!(matches!(
            keep_permitted(vec![], permits),
            Err(ResolveProblem::NotFound(_))
        ));
    }
}
