//! A response as it arrived, with the request that it claims to answer. Nothing here is verified.

use subtle::ConstantTimeEq;

use crate::error::Result;
use crate::flows::hash;
use crate::flows::sign_on::{FLOW_LIFE, flow_token};
use crate::model::time::MINUTE;
use crate::model::{Check, Connection, Outcome, Protocol, SignIn, SignInKind, Timestamp, Unsolicited};
use crate::saml::Peek;
use crate::store;

use super::checks;
use super::saml::Posted;

/// So many times a minute a browser is sent out again because an answer named no request.
pub const RESTARTS: i64 = 3;

/// The request that a response claims to answer, when it may.
pub struct Asked {
    pub sign_in: SignIn,
}

/// A response with everything needed to judge it.
pub struct Case {
    pub connection: Connection,
    pub posted: Posted,
    pub peek: Peek,
    pub asked: std::result::Result<Option<Asked>, Check>,
    /// How often this browser was sent out again lately because an answer named no request.
    pub restarts: i64,
}

/// Finds the connection and the request that the response claims to answer.
pub fn gather(r: &store::Reader, posted: Posted, peek: Peek, now: Timestamp) -> Result<Case> {
    let connection = store::connections::get_by_slug(r, &posted.slug)?;
    let asked = match &peek.in_response_to {
        None => Ok(None),
        Some(id) => find_request(
            r,
            Protocol::Saml,
            &connection,
            posted.flow_cookie.as_deref(),
            id,
            now,
        )?
        .map(Some),
    };
    let restarts = match flow_token(posted.flow_cookie.as_deref()) {
        Some(token) => store::sign_ins::count_restarts(r, &hash(token), now.minus(MINUTE))?,
        None => 0,
    };
    Ok(Case {
        connection,
        posted,
        peek,
        asked,
        restarts,
    })
}

/// The waiting request of this browser; else the check that says which of the conditions failed.
pub fn find_request(
    r: &store::Reader,
    protocol: Protocol,
    connection: &Connection,
    flow_cookie: Option<&str>,
    id: &str,
    now: Timestamp,
) -> Result<std::result::Result<Asked, Check>> {
    let found = store::sign_ins::find_by_request(r, id)?;
    let Some((sign_in, browser)) = found.filter(|(s, _)| s.connection_id == Some(connection.id)) else {
        return Ok(Err(checks::unknown_request(protocol, id)));
    };
    if sign_in.outcome != Outcome::Waiting {
        return Ok(Err(checks::answered_before(protocol, &sign_in)));
    }
    if now.since(sign_in.started_at) > FLOW_LIFE {
        return Ok(Err(checks::too_late(protocol, &sign_in, now)));
    }
    let same = flow_token(flow_cookie).is_some_and(|token| bool::from(hash(token).ct_eq(&browser)));
    Ok(if same {
        Ok(Asked { sign_in })
    } else {
        Err(checks::other_browser(protocol, flow_cookie.is_some()))
    })
}

impl Case {
    /// May the answer be taken as the wish to sign in? Not for ever: an identity provider that never names
    /// the request would send the browser round in circles.
    pub fn may_restart(&self) -> bool {
        let asks = self.connection.saml.unsolicited == Unsolicited::Restart && matches!(self.asked, Ok(None));
        asks && self.connection.lets_in() && self.restarts < RESTARTS
    }

    /// Is it the answer to an admin's test?
    pub fn is_test(&self) -> bool {
        matches!(&self.asked, Ok(Some(asked)) if asked.sign_in.kind == SignInKind::Test)
    }
}
