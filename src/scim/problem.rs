//! What can be wrong with a SCIM request, in the words of RFC 7644 §3.12 and of the identity provider's admin.

use serde_json::{Value, json};

use crate::model::ScimId;

/// `scimType` (RFC 7644 table 9, RFC 9865 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScimType {
    InvalidFilter,
    TooMany,
    Uniqueness,
    Mutability,
    InvalidSyntax,
    InvalidPath,
    NoTarget,
    InvalidValue,
    InvalidVers,
    Sensitive,
    InvalidCursor,
    ExpiredCursor,
    InvalidCount,
}

impl ScimType {
    pub fn key(self) -> &'static str {
        match self {
            ScimType::InvalidFilter => "invalidFilter",
            ScimType::TooMany => "tooMany",
            ScimType::Uniqueness => "uniqueness",
            ScimType::Mutability => "mutability",
            ScimType::InvalidSyntax => "invalidSyntax",
            ScimType::InvalidPath => "invalidPath",
            ScimType::NoTarget => "noTarget",
            ScimType::InvalidValue => "invalidValue",
            ScimType::InvalidVers => "invalidVers",
            ScimType::Sensitive => "sensitive",
            ScimType::InvalidCursor => "invalidCursor",
            ScimType::ExpiredCursor => "expiredCursor",
            ScimType::InvalidCount => "invalidCount",
        }
    }
}

/// A refusal. `detail` says what happened, whose move it is and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScimProblem {
    /// HTTP status.
    pub status: u16,
    pub kind: Option<ScimType>,
    pub detail: String,
    /// The resource that is in the way, for `uniqueness`.
    pub existing: Option<ScimId>,
    /// Seconds after which to try again, for 429 and 503.
    pub retry_after: Option<u64>,
    /// The methods that the address answers, for 405 (RFC 9110 §15.5.6).
    pub allow: &'static [&'static str],
}

impl ScimProblem {
    pub fn new(status: u16, kind: Option<ScimType>, detail: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            detail: detail.into(),
            existing: None,
            retry_after: None,
            allow: &[],
        }
    }

    /// 405; `allow` are the methods that the address answers.
    pub fn wrong_method(method: &str, allow: &'static [&'static str]) -> Self {
        let method: String = method.chars().filter(|c| !c.is_control()).take(20).collect();
        let may = allow.join(", ");
        let detail = format!("{method} does not work here. This address answers {may}; nothing was changed.");
        let mut problem = Self::new(405, None, detail);
        problem.allow = allow;
        problem
    }

    /// 400 with this `scimType`.
    pub fn bad(kind: ScimType, detail: impl Into<String>) -> Self {
        Self::new(400, Some(kind), detail)
    }

    pub fn not_found(kind: &str, id: &str) -> Self {
        let id: String = id.chars().take(100).collect();
        Self::new(
            404,
            None,
            format!("There is no {kind} with the id \"{id}\" here."),
        )
    }

    /// 409 `uniqueness`; the detail ends with the id of what is in the way.
    pub fn taken(detail: impl Into<String>, existing: Option<ScimId>) -> Self {
        let mut problem = Self::new(409, Some(ScimType::Uniqueness), detail);
        if let Some(id) = existing {
            problem.detail = format!("{} Its id here is {id}.", problem.detail);
        }
        problem.existing = existing;
        problem
    }

    /// 403: the request is understood and will not be done.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(403, None, detail)
    }

    /// The error body: `status` is a string (RFC 7644 §3.12).
    pub fn to_json(&self) -> Value {
        let mut body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": self.status.to_string(),
            "detail": self.detail,
        });
        if let Some(kind) = self.kind {
            body["scimType"] = json!(kind.key());
        }
        body
    }
}

impl std::fmt::Display for ScimProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for ScimProblem {}
