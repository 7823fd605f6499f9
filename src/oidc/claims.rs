//! Reading claims by their type, and the rules that every kind of token shares. What a claim says in the wrong type
//! is refused like what it says wrongly: never taken for missing.

use serde_json::Value;

use crate::model::openid::SKEW_MILLIS;
use crate::model::time::{SECOND, Timestamp};
use crate::model::{Attribute, Check};

use super::json::{self, Object};
use super::problem::{OidcProblem, Place, short};
use super::rules::{Rule, pass};

/// Bytes that a name of a person, session or token may have (OpenID Connect Core 1.0 §2 for `sub`).
const MAX_NAME: usize = 255;
/// The last second of the year 9999: no date is later.
const LAST_SECOND: f64 = 253_402_300_799.0;
/// Not shown in traces: they mean nothing to people, and the nonce is none of theirs.
const HIDDEN: [&str; 3] = ["nonce", "at_hash", "c_hash"];

/// What a verified ID token says, and what UserInfo added to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    pub issuer: String,
    /// `sub`: the provider's name for the person. See [`super::subject`] for the one to keep.
    pub subject: String,
    /// `sid`: the provider's session, which a logout token may name.
    pub session: Option<String>,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    pub auth_time: Option<Timestamp>,
    /// Everything, as received.
    pub raw: Object,
}

impl Claims {
    /// A claim that is a text of at least one character.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.raw
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    }

    /// All claims, for the trace: lists one by one, everything else as JSON, cut to a sane length.
    pub fn attributes(&self) -> Vec<Attribute> {
        let shown = |value: &Value| match value {
            Value::String(text) => short(text),
            other => short(&other.to_string()),
        };
        let values = |value: &Value| match value {
            Value::Array(list) => list.iter().map(shown).collect(),
            other => vec![shown(other)],
        };
        self.raw
            .iter()
            .filter(|(name, _)| !HIDDEN.contains(&name.as_str()))
            .map(|(name, value)| Attribute {
                name: short(name),
                friendly_name: None,
                values: values(value),
            })
            .collect()
    }
}

/// How a claim that is missing or of the wrong type is told.
pub(super) fn wrong(
    rule: Rule,
    name: &'static str,
    expected: &'static str,
    value: Option<&Value>,
) -> OidcProblem {
    OidcProblem::Claim {
        rule,
        name,
        expected,
        received: match value {
            None => format!("no {name}"),
            Some(value @ (Value::Array(_) | Value::Object(_))) => json::kind(value).to_owned(),
            Some(value) => format!("{} ({})", json::kind(value), short(&value.to_string())),
        },
    }
}

/// A point in time: seconds since 1970 as a number (RFC 7519 §2, NumericDate), nothing else.
pub(super) fn date(
    claims: &Object,
    name: &'static str,
    rule: Rule,
) -> Result<Option<Timestamp>, OidcProblem> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    match value.as_f64() {
        Some(seconds) if (0.0..=LAST_SECOND).contains(&seconds) => {
            Ok(Some(Timestamp((seconds * SECOND as f64) as i64)))
        }
        _ => Err(wrong(rule, name, "seconds since 1970, as a number", Some(value))),
    }
}

/// As [`date`], for a claim that must be there.
pub(super) fn required_date(
    claims: &Object,
    name: &'static str,
    rule: Rule,
) -> Result<Timestamp, OidcProblem> {
    date(claims, name, rule)?.ok_or_else(|| wrong(rule, name, "seconds since 1970, as a number", None))
}

/// A name: 1 to 255 bytes without control characters.
pub(super) fn name(claims: &Object, name: &'static str, rule: Rule) -> Result<Option<String>, OidcProblem> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if is_name(text) => Ok(Some(text.clone())),
        other => Err(wrong(rule, name, "a text of 1 to 255 characters", other)),
    }
}

pub(super) fn is_name(text: &str) -> bool {
    (1..=MAX_NAME).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// `iss`, byte for byte.
pub(super) fn issuer(claims: &Object, expected: &str, checks: &mut Vec<Check>) -> Result<(), OidcProblem> {
    let received = match claims.get("iss") {
        Some(Value::String(issuer)) if issuer == expected => {
            pass(
                checks,
                Rule::Issuer,
                Some(expected.to_owned()),
                Some(short(issuer)),
            );
            return Ok(());
        }
        Some(Value::String(issuer)) => Some(short(issuer)),
        None => None,
        other => return Err(wrong(Rule::Issuer, "iss", "a text", other)),
    };
    Err(OidcProblem::Issuer {
        place: Place::Token,
        expected: expected.to_owned(),
        received,
    })
}

/// `aud` holds `expected`, byte for byte; gives all of them.
pub(super) fn audience(
    claims: &Object,
    expected: &str,
    checks: &mut Vec<Check>,
) -> Result<Vec<String>, OidcProblem> {
    let value = claims.get("aud");
    let Some(audience) = value.and_then(json::texts) else {
        return Err(wrong(Rule::Audience, "aud", "a text or a list of texts", value));
    };
    let shown: Vec<String> = audience.iter().take(10).map(|one| short(one)).collect();
    if !audience.iter().any(|one| one == expected) {
        return Err(OidcProblem::Audience {
            expected: expected.to_owned(),
            received: shown,
        });
    }
    pass(
        checks,
        Rule::Audience,
        Some(expected.to_owned()),
        Some(shown.join(", ")),
    );
    Ok(audience)
}

/// `exp` and `iat` must be there, `nbf` may; our clock and the provider's may differ by [`SKEW_MILLIS`].
/// Gives (issued at, expires at).
pub(super) fn times(
    claims: &Object,
    now: Timestamp,
    checks: &mut Vec<Check>,
) -> Result<(Timestamp, Timestamp), OidcProblem> {
    let until = required_date(claims, "exp", Rule::Expired)?;
    if until.plus(SKEW_MILLIS) <= now {
        return Err(OidcProblem::Expired { until, now });
    }
    let ours = || Some(format!("{} (our clock)", now.rfc3339()));
    pass(
        checks,
        Rule::Expired,
        ours(),
        Some(format!("until {}", until.rfc3339())),
    );
    let issued = required_date(claims, "iat", Rule::NotYetValid)?;
    let not_before = date(claims, "nbf", Rule::NotYetValid)?;
    for (field, from) in [("iat", Some(issued)), ("nbf", not_before)] {
        if let Some(from) = from.filter(|from| *from > now.plus(SKEW_MILLIS)) {
            return Err(OidcProblem::NotYetValid { field, from, now });
        }
    }
    pass(
        checks,
        Rule::NotYetValid,
        ours(),
        Some(format!("from {}", issued.rfc3339())),
    );
    Ok((issued, until))
}
