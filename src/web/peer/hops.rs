//! Reads the hops that proxies have written down, the nearest first.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// One machine on the way, as seen by the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hop {
    pub address: IpAddr,
    /// Whether it came over TLS, when the next one said so.
    pub secure: Option<bool>,
}

/// The hops of `X-Forwarded-For`, from right to left; `None` for one that is no address.
pub(super) fn x_forwarded_for(values: &[&str]) -> impl Iterator<Item = Option<Hop>> {
    values
        .iter()
        .rev()
        .flat_map(|value| value.rsplit(','))
        .map(|hop| {
            address(hop.trim()).map(|address| Hop {
                address,
                secure: None,
            })
        })
}

/// The hops of `Forwarded` (RFC 7239), from right to left; `None` for one without a readable address.
pub(super) fn forwarded(values: &[&str]) -> impl Iterator<Item = Option<Hop>> {
    values
        .iter()
        .rev()
        .flat_map(|value| outside_quotes(value, ',').into_iter().rev())
        .map(element)
}

/// `http` or `https`.
pub(super) fn scheme(value: &str) -> Option<bool> {
    if value.eq_ignore_ascii_case("https") {
        Some(true)
    } else if value.eq_ignore_ascii_case("http") {
        Some(false)
    } else {
        None
    }
}

/// `for="[2001:db8::1]:4711";proto=https`
fn element(text: &str) -> Option<Hop> {
    let (mut address_given, mut secure) = (None, None);
    for pair in outside_quotes(text, ';') {
        let (name, value) = pair.trim().split_once('=')?;
        let value = value
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap_or(value);
        if name.eq_ignore_ascii_case("for") {
            if address_given.is_some() {
                return None;
            }
            address_given = Some(address(value)?);
        } else if name.eq_ignore_ascii_case("proto") {
            secure = Some(scheme(value)?);
        }
    }
    Some(Hop {
        address: address_given?,
        secure,
    })
}

/// Splits at `separator` where it does not stand in quotes.
fn outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(|c| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        c == separator && !quoted
    })
    .collect()
}

/// An address with or without port; IPv6 with or without brackets. A zone is local to the writer: no address.
fn address(text: &str) -> Option<IpAddr> {
    let bracketed = || {
        text.strip_prefix('[')?
            .strip_suffix(']')?
            .parse::<Ipv6Addr>()
            .ok()
            .map(IpAddr::V6)
    };
    let with_port = || match text.contains('%') {
        true => None,
        false => text.parse::<SocketAddr>().ok().map(|socket| socket.ip()),
    };
    text.parse()
        .ok()
        .or_else(bracketed)
        .or_else(with_port)
        .map(|address: IpAddr| address.to_canonical())
}
