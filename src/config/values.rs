//! The meaning of one value: text in, setting or reason out. A reason reads on after "`--listen`: ".

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::outbound::AllowedUpstream;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// The least grave lines that are logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    /// The name that a log filter understands.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

pub(super) fn text(value: &str) -> Result<String, String> {
    Ok(value.to_owned())
}

pub(super) fn log_format(value: &str) -> Result<LogFormat, String> {
    match value {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("must be `text` or `json`, found {value:?}")),
    }
}

pub(super) fn log_level(value: &str) -> Result<LogLevel, String> {
    use LogLevel::*;
    [Error, Warn, Info, Debug, Trace]
        .into_iter()
        .find(|level| level.as_str() == value)
        .ok_or_else(|| format!("must be `error`, `warn`, `info`, `debug` or `trace`, found {value:?}"))
}

pub(super) fn self_signed(value: &str) -> Result<(), String> {
    match value {
        "self-signed" => Ok(()),
        _ => Err(format!(
            "must be `self-signed`, found {value:?}. For a certificate of your own use `--tls-cert FILE --tls-key FILE`"
        )),
    }
}

pub(super) fn listen(value: &str) -> Result<SocketAddr, String> {
    value.parse().map_err(|_| {
        format!("must be an IP address and a port such as 127.0.0.1:8080 or [::1]:8080, found {value:?}")
    })
}

/// An address of a resolver, with a port where it is not 53.
pub(super) fn dns_server(value: &str) -> Result<SocketAddr, String> {
    let bare = address(value).map(|ip| SocketAddr::new(ip, 53));
    bare.or_else(|| value.parse().ok()).ok_or_else(|| {
        format!("must be an IP address such as 192.0.2.53, with a port if it is not 53, found {value:?}")
    })
}

/// An address or a network such as `10.0.0.0/8`.
pub(super) fn network(value: &str) -> Result<IpNet, String> {
    if let Some(address) = address(value) {
        return Ok(IpNet::from(address));
    }
    let network: IpNet = value
        .parse()
        .map_err(|_| format!("must be an IP address or a network such as 10.0.0.0/8, found {value:?}"))?;
    if network.addr() == network.network() {
        return Ok(network);
    }
    Err(format!(
        "{value} has bits behind the network part: write {} or {}",
        network.trunc(),
        network.addr()
    ))
}

/// A host name, an address or a network.
pub(super) fn upstream(value: &str) -> Result<AllowedUpstream, String> {
    if address(value).is_some() || value.contains('/') && !value.contains("://") {
        return network(value).map(AllowedUpstream::Network);
    }
    let wrong =
        || format!("must be a host name, an IP address or a network such as 10.0.0.0/8, found {value:?}");
    if value.contains("://") || value.contains(':') {
        return Err(format!(
            "{}: give the host alone, without scheme, port or path",
            wrong()
        ));
    }
    if value.contains('*') {
        return Err(format!(
            "{}: wildcards are not supported, name each host",
            wrong()
        ));
    }
    match url::Host::parse(value) {
        Ok(url::Host::Domain(name)) if is_host_name(&name) => Ok(AllowedUpstream::host(&name)),
        Ok(url::Host::Ipv4(address)) => Err(format!(
            "{value:?} is an unusual spelling of {address}: write that"
        )),
        _ => Err(wrong()),
    }
}

/// An IPv4 address, or an IPv6 address with or without brackets.
fn address(value: &str) -> Option<IpAddr> {
    let bare = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    bare.map_or_else(|| value.parse().ok(), |v6| v6.parse().ok().map(IpAddr::V6))
        .map(|a| a.to_canonical())
}

fn is_host_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
    };
    name.len() <= 253 && name.split('.').all(label)
}
