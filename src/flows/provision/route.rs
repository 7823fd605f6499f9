//! Which endpoint a path means, and what may be asked of it (RFC 7644 §3.2).

use super::Request;
use crate::model::ResourceKind;
use crate::scim::render::Projection;
use crate::scim::{ScimProblem, etag};

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Users and groups together; the root.
    Everything,
    All(ResourceKind),
    One(ResourceKind, String),
    /// `.search`; `None`: of everything.
    Search(Option<ResourceKind>),
    Bulk,
    Me,
    ServiceProviderConfig,
    ResourceTypes(Option<String>),
    Schemas(Option<String>),
}

impl Target {
    pub fn of(path: &[String]) -> Result<Self, ScimProblem> {
        let lower: Vec<String> = path.iter().map(|segment| segment.to_ascii_lowercase()).collect();
        let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
        let kind = |name: &str| match name {
            "users" => Some(ResourceKind::User),
            "groups" => Some(ResourceKind::Group),
            _ => None,
        };
        let found = match lower.as_slice() {
            [] => Some(Target::Everything),
            [".search"] => Some(Target::Search(None)),
            ["bulk"] => Some(Target::Bulk),
            ["me"] => Some(Target::Me),
            ["serviceproviderconfig" | "serviceproviderconfigs"] => Some(Target::ServiceProviderConfig),
            ["resourcetypes"] => Some(Target::ResourceTypes(None)),
            ["resourcetypes", _] => Some(Target::ResourceTypes(Some(path[1].clone()))),
            ["schemas"] => Some(Target::Schemas(None)),
            ["schemas", _] => Some(Target::Schemas(Some(path[1].clone()))),
            [name] => kind(name).map(Target::All),
            [name, ".search"] => kind(name).map(|kind| Target::Search(Some(kind))),
            [name, _] => kind(name).map(|kind| Target::One(kind, path[1].clone())),
            _ => None,
        };
        found.ok_or_else(|| nowhere(path))
    }

    /// The methods that it answers.
    pub fn methods(&self) -> &'static [&'static str] {
        match self {
            Target::All(_) => &["GET", "POST"],
            Target::One(..) => &["GET", "PUT", "PATCH", "DELETE"],
            Target::Search(_) | Target::Bulk => &["POST"],
            _ => &["GET"],
        }
    }

    /// 405 for a method that it does not answer; HEAD is GET.
    pub fn need_method(&self, method: &str) -> Result<(), ScimProblem> {
        let method = if method == "HEAD" { "GET" } else { method };
        if self.methods().contains(&method) {
            return Ok(());
        }
        Err(ScimProblem::wrong_method(method, self.methods()))
    }
}

/// What a method comes to that no address below the base URL answers.
pub fn no_method(path: &[String], method: &str) -> ScimProblem {
    match Target::of(path) {
        Ok(target) => ScimProblem::wrong_method(method, target.methods()),
        Err(problem) => problem,
    }
}

fn nowhere(path: &[String]) -> ScimProblem {
    let shown: String = path
        .join("/")
        .chars()
        .filter(|c| !c.is_control())
        .take(100)
        .collect();
    let detail = format!(
        "There is nothing at /{shown}. Below the base URL are Users, Groups, .search, Bulk, ServiceProviderConfig, \
         ResourceTypes and Schemas."
    );
    ScimProblem::new(404, None, detail)
}

impl Request {
    /// The method in upper case.
    pub fn verb(&self) -> String {
        self.method.to_ascii_uppercase()
    }

    /// Does it only read? `.search` is a POST that does.
    pub fn only_reads(&self) -> bool {
        let search = self
            .path
            .last()
            .is_some_and(|last| last.eq_ignore_ascii_case(".search"));
        !matches!(self.verb().as_str(), "POST" | "PUT" | "PATCH" | "DELETE") || search
    }

    /// The first value of a query parameter, whatever its case.
    pub fn asks(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query.iter();
        pairs
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn projection(&self, kind: ResourceKind) -> Result<Projection, ScimProblem> {
        // Sent empty is not sent.
        let given = |name| self.asks(name).filter(|text| !text.trim().is_empty());
        Projection::parse(given("attributes"), given("excludedAttributes"), kind)
    }

    /// 412 when the client changes what it had not seen, or what it wants changed only if it is another.
    pub fn need_version(&self, version: i64) -> Result<(), ScimProblem> {
        let is_another = |tags: &String| !etag::names(tags, version);
        let tag = etag::of(version);
        let detail = if self.if_match.as_ref().is_some_and(is_another) {
            format!(
                "The resource was changed in the meantime: its version is {tag}. Read it again, then repeat the \
                 change. Nothing was changed."
            )
        } else if self.has_version(version) {
            format!(
                "If-None-Match names the version that the resource has, {tag}. Leave the header out to change it. \
                 Nothing was changed."
            )
        } else {
            return Ok(());
        };
        Err(ScimProblem::new(412, None, detail))
    }

    /// True when the client has this version already.
    pub fn has_version(&self, version: i64) -> bool {
        self.if_none_match
            .as_deref()
            .is_some_and(|tags| etag::names(tags, version))
    }
}
