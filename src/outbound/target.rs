//! Which addresses may be asked, as far as one can tell without resolving a name.

use rustls::pki_types::ServerName;
use url::{Host, Url};

use super::policy::Policy;
use super::problem::UpstreamProblem;

const ADDRESS_LIMIT: usize = 4096;

/// An address that may be asked, as far as one can tell without resolving its name.
pub(super) struct Target {
    pub url: Url,
    pub host: String,
    pub port: u16,
    pub encrypted: bool,
}

impl Target {
    /// Reads `url` the way browsers do, so that `https://0x7f.1` is 127.0.0.1 here and everywhere after.
    pub(super) fn check(url: &str, policy: &Policy) -> Result<Self, UpstreamProblem> {
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
            None if ServerName::try_from(host.as_str()).is_err() => {
                return Err(bad("the host is not a valid name"));
            }
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
