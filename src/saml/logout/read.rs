//! The two messages (SAML core §3.7.1 and §3.7.2), read from signed bytes alone and held against what we expect.

use bergshamra_xml::uppsala::NodeId;

use super::arrive::Verified;
use super::problem::LogoutProblem;
use crate::model::time::{MINUTE, Timestamp};
use crate::saml::assertion::{NameId, name_id};
use crate::saml::expectations::{DEFAULT_SKEW_MILLIS, issuer_of};
use crate::saml::instant;
use crate::saml::names::{ASSERTION, PROTOCOL, STATUS_SUCCESS};
use crate::saml::problem::{SamlProblem, short};
use crate::saml::scan::VERIFIED;
use crate::saml::tree::{self, Tree};

/// How old a message may be, whatever it says of its end: it was made for a browser that is on its way.
const MAX_AGE: i64 = 10 * MINUTE;
/// SessionIndex elements of one request at most.
const MAX_SESSIONS: usize = 100;

/// What a logout message is held against.
#[derive(Clone, Copy, Debug)]
pub struct LogoutExpectations<'a> {
    /// The entity ID of the connection's IdentityProvider.
    pub issuer: &'a str,
    /// Our logout address.
    pub destination: &'a str,
}

/// The IdentityProvider wants these sessions ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutRequest {
    /// Unique per issuer; with `useless_at` the row of the replay table.
    pub id: String,
    pub issuer: String,
    pub name_id: NameId,
    /// Its own sessions; none: all of that person's.
    pub sessions: Vec<String>,
    /// The first moment at which this request would be refused, allowed clock difference included.
    pub useless_at: Timestamp,
}

/// The IdentityProvider's answer to a request of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutResponse {
    pub in_response_to: String,
    /// Everything there and in all other places is ended.
    pub success: bool,
    /// Its words for anything else, short.
    pub status: String,
}

/// Reads and judges a LogoutRequest.
///
/// # Errors
/// The first expectation that is not met.
pub fn read_request(
    verified: &Verified,
    expected: &LogoutExpectations<'_>,
    now: Timestamp,
) -> Result<LogoutRequest, LogoutProblem> {
    let tree = parse(verified)?;
    let (id, made_at) = head(&tree, "LogoutRequest", expected, now)?;
    let too_old = made_at.plus(MAX_AGE);
    let until = match moment(&tree, "NotOnOrAfter")? {
        Some(until) => until.min(too_old),
        None => too_old,
    };
    let useless_at = until.plus(DEFAULT_SKEW_MILLIS);
    if useless_at <= now {
        return Err(LogoutProblem::Expired { until, now });
    }
    if tree.child(tree.root, ASSERTION, "EncryptedID").is_some() {
        return shape("the NameID is encrypted; turn that off for logout messages");
    }
    let name_id = name_id(&tree, tree.root).map_err(|problem| match problem {
        SamlProblem::AssertionShape { detail } => LogoutProblem::Shape { detail },
        other => other.into(),
    })?;
    let mut sessions = Vec::new();
    for node in tree.children(tree.root, PROTOCOL, "SessionIndex") {
        match tree.text(node) {
            Some(index) if !index.is_empty() && index.len() <= 1_024 => sessions.push(index),
            _ => return shape("a SessionIndex is empty, very long or holds elements"),
        }
        if sessions.len() > MAX_SESSIONS {
            return shape("very many SessionIndex elements");
        }
    }
    Ok(LogoutRequest {
        id,
        issuer: expected.issuer.to_owned(),
        name_id,
        sessions,
        useless_at,
    })
}

/// Reads and judges a LogoutResponse. Whether its request waits for an answer is the caller's question.
///
/// # Errors
/// The first expectation that is not met.
pub fn read_response(
    verified: &Verified,
    expected: &LogoutExpectations<'_>,
    now: Timestamp,
) -> Result<LogoutResponse, LogoutProblem> {
    let tree = parse(verified)?;
    let (_, made_at) = head(&tree, "LogoutResponse", expected, now)?;
    let until = made_at.plus(MAX_AGE);
    if until.plus(DEFAULT_SKEW_MILLIS) <= now {
        return Err(LogoutProblem::Expired { until, now });
    }
    let Some(in_response_to) = tree.attribute(tree.root, "InResponseTo") else {
        return Err(LogoutProblem::InResponseTo { received: None });
    };
    let codes = status_codes(&tree);
    Ok(LogoutResponse {
        in_response_to: in_response_to.to_owned(),
        // A second code under Success says that some place did not answer: PartialLogout (SAML core §3.2.2.2).
        success: codes == [STATUS_SUCCESS],
        status: short(&codes.join(" · ")),
    })
}

fn shape<T>(detail: &'static str) -> Result<T, LogoutProblem> {
    Err(LogoutProblem::Shape { detail })
}

fn parse(verified: &Verified) -> Result<Tree<'_>, LogoutProblem> {
    tree::parse(&verified.document, VERIFIED).map_err(|problem| SamlProblem::from(problem).into())
}

/// What both messages have: kind, version, ID, Issuer, Destination, a fresh IssueInstant. Gives ID and instant.
fn head(
    tree: &Tree<'_>,
    local: &'static str,
    expected: &LogoutExpectations<'_>,
    now: Timestamp,
) -> Result<(String, Timestamp), LogoutProblem> {
    let root = tree.root;
    if !tree.is(root, PROTOCOL, local) || tree.attribute(root, "Version") != Some("2.0") {
        let version = tree.attribute(root, "Version").unwrap_or("none");
        return Err(LogoutProblem::Message {
            expected: local,
            received: short(&format!("{}, version {version}", tree.local(root))),
        });
    }
    let Some(id) = tree.attribute(root, "ID").filter(|id| !id.is_empty()) else {
        return shape("the message has no ID");
    };
    issuer_is(tree, root, expected.issuer)?;
    // The standard demands it of a signed message (SAML bindings §3.4.5.2, §3.5.5.2).
    let received = tree.attribute(root, "Destination");
    if received != Some(expected.destination) {
        return Err(LogoutProblem::Destination {
            expected: expected.destination.to_owned(),
            received: received.map(short),
        });
    }
    let Some(made_at) = moment(tree, "IssueInstant")? else {
        return shape("the message has no IssueInstant");
    };
    if made_at > now.plus(DEFAULT_SKEW_MILLIS) {
        return Err(LogoutProblem::NotYetValid { from: made_at, now });
    }
    Ok((id.to_owned(), made_at))
}

fn issuer_is(tree: &Tree<'_>, root: NodeId, expected: &str) -> Result<(), LogoutProblem> {
    let received = issuer_of(tree, root);
    if received.as_deref() == Some(expected) {
        return Ok(());
    }
    Err(LogoutProblem::Issuer {
        expected: expected.to_owned(),
        received: received.as_deref().map(short),
    })
}

fn moment(tree: &Tree<'_>, name: &str) -> Result<Option<Timestamp>, LogoutProblem> {
    match tree.attribute(tree.root, name).map(instant::read) {
        None => Ok(None),
        Some(Some(at)) => Ok(Some(at)),
        Some(None) => shape("a date is not a date"),
    }
}

/// The code and the codes below it, outermost first.
fn status_codes<'t>(tree: &'t Tree<'_>) -> Vec<&'t str> {
    let mut codes = Vec::new();
    let mut node = tree.child(tree.root, PROTOCOL, "Status");
    while let Some(code) = node.and_then(|n| tree.child(n, PROTOCOL, "StatusCode")) {
        codes.push(tree.attribute(code, "Value").unwrap_or("no value"));
        node = Some(code);
    }
    codes
}
