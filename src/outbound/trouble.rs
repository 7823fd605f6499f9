//! Finds out from an error of the HTTP client what really happened.
//!
//! The client wraps the cause several times and keeps the wrappers private; the cause itself has a type
//! that can be asked for.

use std::error::Error;
use std::io;

use rustls::CertificateError;

use super::policy::Policy;
use super::problem::UpstreamProblem;
use super::resolver::ResolveProblem;

/// The problem behind `error`, met while asking `host`.
pub(super) fn explain(host: &str, port: u16, error: &reqwest::Error) -> UpstreamProblem {
    find(host, port, error).unwrap_or_else(|reason| UpstreamProblem::BadAnswer {
        host: host.to_owned(),
        reason,
    })
}

/// The first cause behind `error` that is known here; otherwise the words of the last one.
pub(super) fn find(host: &str, port: u16, error: &(dyn Error + 'static)) -> Result<UpstreamProblem, String> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    let mut last = String::new();
    while let Some(error) = cause {
        if let Some(problem) = recognize(host, port, error) {
            return Ok(problem);
        }
        last = error.to_string();
        cause = next(error);
    }
    Err(last)
}

/// What caused `error`. An I/O error hides the error it was made of from `source`.
pub(super) fn next<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    inner
        .map(|inner| inner as &(dyn Error + 'static))
        .or_else(|| error.source())
}

fn recognize(host: &str, port: u16, error: &(dyn Error + 'static)) -> Option<UpstreamProblem> {
    let host = || host.to_owned();
    if let Some(problem) = error.downcast_ref::<ResolveProblem>() {
        return Some(match problem {
            ResolveProblem::NotFound(reason) => UpstreamProblem::NameNotFound {
                host: host(),
                reason: lookup_reason(reason),
            },
            // Only the missing TLS stands between this server and a public address.
            ResolveProblem::Inside(address) if Policy::default().permits(*address, true) => {
                UpstreamProblem::NotHttps { host: host() }
            }
            ResolveProblem::Inside(address) => UpstreamProblem::Inside {
                host: host(),
                address: *address,
            },
        });
    }
    if let Some(problem) = error.downcast_ref::<rustls::Error>() {
        return Some(tls_problem(host(), problem));
    }
    use io::ErrorKind::{AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkUnreachable, TimedOut};
    let problem = error.downcast_ref::<io::Error>()?;
    match problem.kind() {
        ConnectionRefused => Some(UpstreamProblem::Refused { host: host(), port }),
        HostUnreachable | NetworkUnreachable | AddrNotAvailable | TimedOut => {
            Some(UpstreamProblem::Unreachable {
                host: host(),
                port,
                reason: problem.kind().to_string(),
            })
        }
        _ => None,
    }
}

fn tls_problem(host: String, problem: &rustls::Error) -> UpstreamProblem {
    use CertificateError as Wrong;
    let rustls::Error::InvalidCertificate(wrong) = problem else {
        return UpstreamProblem::Tls {
            host,
            reason: problem.to_string(),
        };
    };
    match wrong {
        Wrong::Expired | Wrong::ExpiredContext { .. } => UpstreamProblem::CertificateExpired { host },
        Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => {
            UpstreamProblem::CertificateNotYetValid { host }
        }
        Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => {
            UpstreamProblem::CertificateForOtherHost { host }
        }
        // The second is how an authority looks that was set up anew under its old name.
        Wrong::UnknownIssuer | Wrong::BadSignature => UpstreamProblem::CertificateFromUnknownIssuer { host },
        _ => UpstreamProblem::Tls {
            host,
            reason: problem.to_string(),
        },
    }
}

/// The system's words without the ones that every such error begins with.
pub(super) fn lookup_reason(problem: &io::Error) -> String {
    let text = problem.to_string();
    text.rsplit(": ").next().unwrap_or(&text).to_owned()
}
