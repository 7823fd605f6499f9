//! Who is on the other end of a request: their address, and whether their side of the connection is TLS.
//!
//! Headers that say so are written by whoever likes to. They count only when the connection comes from a
//! proxy that the operator named, and then only the part that this proxy and its likes have added: the
//! hops are read from the right, and the first one that is no trusted proxy is the client. A header that
//! makes no sense is treated as if it were missing; it never makes a request fail.

mod hops;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use actix_web::dev::Payload;
use actix_web::http::header::{FORWARDED, HeaderName, X_FORWARDED_FOR, X_FORWARDED_PROTO};
use actix_web::{FromRequest, HttpRequest, web};
use ipnet::IpNet;

use hops::{Hop, forwarded, x_forwarded_for};

/// The other end of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    pub address: IpAddr,
    /// Whether the client's own connection is TLS, to us or to the proxy in front.
    pub secure: bool,
}

/// The proxies whose word counts; put into the application's data. Nobody by default.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(pub Vec<IpNet>);

/// What headers claim. Several headers of one name are one list, in order (RFC 9110 §5.3).
#[derive(Clone, Copy, Debug, Default)]
pub struct Claims<'a> {
    pub forwarded: &'a [&'a str],
    pub x_forwarded_for: &'a [&'a str],
    pub x_forwarded_proto: &'a [&'a str],
}

impl TrustedProxies {
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl Client {
    /// The client behind a connection from `peer`, which is TLS when `tls`.
    pub fn behind(peer: IpAddr, tls: bool, claims: Claims<'_>, trusted: &TrustedProxies) -> Self {
        let direct = Self {
            address: peer.to_canonical(),
            secure: tls,
        };
        if !trusted.trusts(peer) {
            return direct;
        }
        let standard = client_hop(forwarded(claims.forwarded), trusted);
        let usual = client_hop(x_forwarded_for(claims.x_forwarded_for), trusted);
        let scheme = last_scheme(claims.x_forwarded_proto);
        match (standard, usual) {
            // A proxy writes one of the two and may pass on the other as the client sent it. When they
            // differ, one of them is made up, and there is no telling which.
            (Some(standard), Some(usual)) if standard.address != usual.address => direct,
            (Some(standard), _) => Self {
                address: standard.address,
                secure: standard.secure.or(scheme).unwrap_or(tls),
            },
            (None, Some(usual)) => Self {
                address: usual.address,
                secure: scheme.unwrap_or(tls),
            },
            (None, None) => Self {
                secure: scheme.unwrap_or(tls),
                ..direct
            },
        }
    }

    /// The client of `request`.
    pub fn of(request: &HttpRequest) -> Self {
        let peer = request
            .peer_addr()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        let tls = request.app_config().secure();
        let nobody = TrustedProxies::default();
        let trusted = request
            .app_data::<web::Data<TrustedProxies>>()
            .map_or(&nobody, |trusted| trusted.as_ref());
        let forwarded = values(request, &FORWARDED);
        let x_forwarded_for = values(request, &X_FORWARDED_FOR);
        let x_forwarded_proto = values(request, &X_FORWARDED_PROTO);
        let claims = Claims {
            forwarded: &forwarded,
            x_forwarded_for: &x_forwarded_for,
            x_forwarded_proto: &x_forwarded_proto,
        };
        Self::behind(peer, tls, claims, trusted)
    }
}

impl FromRequest for Client {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// What attempts are counted by: an IPv4 address, or the /64 that an IPv6 customer gets as a whole.
pub fn throttle_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

/// The rightmost hop that is no trusted proxy, or the leftmost when all are. `None` when there is no such
/// header or a hop before the answer cannot be read.
fn client_hop(mut hops: impl Iterator<Item = Option<Hop>>, trusted: &TrustedProxies) -> Option<Hop> {
    let mut client = None;
    loop {
        match hops.next() {
            None => return client,
            Some(None) => return None,
            Some(Some(hop)) if trusted.trusts(hop.address) => client = Some(hop),
            Some(Some(hop)) => return Some(hop),
        }
    }
}

/// What the nearest proxy says about the connection in front of it.
fn last_scheme(values: &[&str]) -> Option<bool> {
    hops::scheme(
        values
            .iter()
            .rev()
            .flat_map(|value| value.rsplit(','))
            .next()?
            .trim(),
    )
}

/// All values of a header; one that is not text makes the whole header unreadable, as an empty entry does.
fn values<'r>(request: &'r HttpRequest, name: &HeaderName) -> Vec<&'r str> {
    request
        .headers()
        .get_all(name)
        .map(|value| value.to_str().unwrap_or_default())
        .collect()
}
