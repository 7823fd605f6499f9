//! Which machines the guarded client may talk to, and over what.

use std::net::IpAddr;

use ipnet::IpNet;

use super::address::is_public;

/// A machine or network that is reached although it is not public or not https (`--allow-upstream`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedUpstream {
    /// Lower case, in its ASCII form, without a dot at the end.
    Host(String),
    Network(IpNet),
}

/// Public machines over https, and what the operator has named over either.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    allowed: Vec<AllowedUpstream>,
}

impl AllowedUpstream {
    /// A host by its name.
    pub fn host(name: &str) -> Self {
        Self::Host(plain(name))
    }
}

impl Policy {
    pub fn new(allowed: Vec<AllowedUpstream>) -> Self {
        Self { allowed }
    }

    /// Whether the operator named this host.
    pub fn names_host(&self, host: &str) -> bool {
        let host = plain(host);
        self.allowed
            .iter()
            .any(|allowed| matches!(allowed, AllowedUpstream::Host(name) if *name == host))
    }

    /// Whether the operator named a network that this address belongs to.
    pub fn names_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allowed
            .iter()
            .any(|allowed| matches!(allowed, AllowedUpstream::Network(network) if network.contains(&address)))
    }

    /// Whether http is worth resolving `host` for: it is named, or could stand in a named network.
    pub fn may_be_plain(&self, host: &str) -> bool {
        let network = |allowed: &AllowedUpstream| matches!(allowed, AllowedUpstream::Network(_));
        self.names_host(host) || self.allowed.iter().any(network)
    }

    /// Whether to connect to `address`, which a host that nobody named stands for. Without TLS, being
    /// public is not enough: the answer could be anybody's.
    pub fn permits(&self, address: IpAddr, encrypted: bool) -> bool {
        encrypted && is_public(address) || self.names_address(address)
    }
}

fn plain(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        let network = |text: &str| AllowedUpstream::Network(text.parse().expect("a network"));
        Policy::new(vec![
            AllowedUpstream::host("IdP.internal"),
            network("10.1.0.0/16"),
            network("fd12::/16"),
        ])
    }

    #[test]
    fn without_a_list_only_public_addresses_over_tls_are_permitted() {
        let nobody = Policy::default();
        let (public, inside) = (IpAddr::from([8, 8, 8, 8]), IpAddr::from([10, 1, 2, 3]));
        assert!(nobody.permits(public, true));
        assert!(!nobody.permits(public, false));
        assert!(!nobody.permits(inside, true));
        assert!(!nobody.permits(inside, false));
    }

    #[test]
    fn a_named_network_is_permitted_in_every_spelling_of_its_addresses_and_no_other_is() {
        let cases = [
            ("10.1.2.3", true),
            ("::ffff:10.1.2.3", true),
            ("fd12::9", true),
            ("10.2.0.1", false),
            ("::a01:203", false),
            ("127.0.0.1", false),
        ];
        for (address, permitted) in cases {
            let address = address.parse().expect(address);
            assert_eq!(policy().permits(address, true), permitted, "{address}");
            assert_eq!(policy().permits(address, false), permitted, "{address}");
        }
    }

    #[test]
    fn a_host_is_named_whatever_its_case_and_never_by_its_ending() {
        for (host, named) in [
            ("idp.internal", true),
            ("IDP.INTERNAL.", true),
            ("evil.idp.internal", false),
            ("idp.internal.evil.example", false),
            ("internal", false),
        ] {
            assert_eq!(policy().names_host(host), named, "{host}");
        }
    }
}
