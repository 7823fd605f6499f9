//! Reading what came back: head first, then a body that is cut off at its limit.

use reqwest::header::{CONTENT_ENCODING, HeaderMap, HeaderName, LOCATION};
use reqwest::{Response, StatusCode};

use super::problem::UpstreamProblem;
use super::target::Target;

const HEADER_LIMIT: usize = 64 * 1024;

/// Refuses heads that are too large, redirects and compressed bodies.
pub(super) fn check_head(target: &Target, response: &Response) -> Result<(), UpstreamProblem> {
    let (host, headers) = (target.host.clone(), response.headers());
    let size: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if size > HEADER_LIMIT {
        return Err(UpstreamProblem::BadAnswer {
            host,
            reason: "its headers are too large".to_owned(),
        });
    }
    let status = response.status();
    if status.is_redirection() {
        let Some(to) = header(headers, LOCATION) else {
            return Err(refused(target, status));
        };
        let to = target
            .url
            .join(&to)
            .map_or(to, String::from)
            .chars()
            .take(300)
            .collect();
        return Err(UpstreamProblem::Redirected { host, to });
    }
    match header(headers, CONTENT_ENCODING) {
        Some(encoding) if !encoding.eq_ignore_ascii_case("identity") => Err(UpstreamProblem::Compressed {
            host,
            encoding: encoding.chars().take(40).collect(),
        }),
        _ => Ok(()),
    }
}

/// Refuses every status but 200.
pub(super) fn check_status(target: &Target, response: &Response) -> Result<(), UpstreamProblem> {
    match response.status() {
        StatusCode::OK => Ok(()),
        status => Err(refused(target, status)),
    }
}

fn refused(target: &Target, status: StatusCode) -> UpstreamProblem {
    UpstreamProblem::Status {
        host: target.host.clone(),
        status: status.as_u16(),
        meaning: status
            .canonical_reason()
            .map(|reason| format!(" ({reason})"))
            .unwrap_or_default(),
    }
}

/// The body, up to `limit` bytes.
pub(super) async fn read_body(
    host: &str,
    mut response: Response,
    limit: usize,
    explain: impl Fn(reqwest::Error) -> UpstreamProblem,
) -> Result<Vec<u8>, UpstreamProblem> {
    let too_large = || UpstreamProblem::TooLarge {
        host: host.to_owned(),
        limit,
    };
    if response
        .content_length()
        .is_some_and(|length| length > limit as u64)
    {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(&explain)? {
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A header as readable text; `None` when it is missing or has other bytes in it.
pub(super) fn header(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
