//! Which addresses of a provider we would use at all: https, or http to this very machine.

use url::{Host, Url};

use super::problem::{OidcProblem, short};

const LONGEST: usize = 2_048;
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// Reads an address. Refused: other schemes than https (http only to loopback), user names, fragments, no host,
/// more than 2,048 bytes, characters that a browser would quietly drop.
pub(super) fn endpoint(what: &'static str, value: &str) -> Result<Url, OidcProblem> {
    let bad = |reason| {
        Err(OidcProblem::Address {
            what,
            value: short(value),
            reason,
        })
    };
    if value.len() > LONGEST {
        return bad("it is too long");
    }
    if value
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || c == '\\')
    {
        return bad("it holds a space or a character that no address has");
    }
    let Ok(url) = Url::parse(value) else {
        return bad("it is no address");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return bad("it carries a user name or password in front of the host");
    }
    if value.contains('#') {
        return bad("it has a part behind #");
    }
    match url.scheme() {
        "https" if url.host().is_some() => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => bad("it does not begin with https"),
        _ => bad("it is no web address"),
    }
}

/// An endpoint that a document of `issuer` names: never less safe than the issuer itself.
pub(super) fn endpoint_of(issuer: &str, what: &'static str, value: &str) -> Result<String, OidcProblem> {
    let url = endpoint(what, value)?;
    if url.scheme() == "http" && issuer.starts_with("https:") {
        return Err(OidcProblem::Address {
            what,
            value: short(value),
            reason: "it does not begin with https",
        });
    }
    // As written: this is what is sent, compared and signed.
    Ok(value.to_owned())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// What an admin most likely meant: without spaces around it, and without the path of the discovery document.
pub fn tidy_issuer(input: &str) -> &str {
    let input = input.trim();
    input.strip_suffix(WELL_KNOWN).unwrap_or(input)
}

/// Where the discovery document of `issuer` is (OpenID Connect Discovery 1.0 §4).
///
/// # Errors
/// [`OidcProblem::Address`] when `issuer` is no issuer: not https, a query, a fragment, a user name.
pub fn discovery_url(issuer: &str) -> Result<String, OidcProblem> {
    let url = endpoint("the issuer", issuer)?;
    if url.query().is_some() {
        return Err(OidcProblem::Address {
            what: "the issuer",
            value: short(issuer),
            reason: "it has a part behind ?",
        });
    }
    Ok(format!(
        "{}{WELL_KNOWN}",
        issuer.strip_suffix('/').unwrap_or(issuer)
    ))
}
