//! From claims to a profile: who this person is under our names, and which name for them lasts.

use serde_json::Value;
use url::Url;

use super::claims::{Claims, is_name};
use super::json;
use super::problem::OidcProblem;

/// Microsoft Entra ID: its `sub` differs for each application, `oid` within a tenant is the person's own.
const ENTRA: [&str; 4] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "sts.windows.net",
];

/// What the provider says about a person, under our names. Everything may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// As received. Whether it is an address at all is the caller's question.
    pub email: Option<String>,
    /// `true` only when the provider says exactly that: a text "true" is none.
    pub email_verified: bool,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub display_name: Option<String>,
    /// `preferred_username`, or Entra's `upn`: what the person types there. It may change and be given to others.
    pub username: Option<String>,
    pub groups: Vec<String>,
    /// The person is in so many groups that Entra left them out: `groups` says nothing then.
    pub overage: bool,
    /// Which claim each field came from: (`email`, `email`), in the order above.
    pub sources: Vec<(&'static str, &'static str)>,
}

/// Reads the standard claims (OpenID Connect Core 1.0 §5.1) and what Entra ID says beside them.
pub fn profile(claims: &Claims) -> Profile {
    let mut sources = Vec::new();
    let mut first = |field: &'static str, names: &[&'static str]| {
        let (name, text) = names
            .iter()
            .find_map(|name| claims.text(name).map(|text| (*name, text.trim())))
            .filter(|(_, text)| !text.is_empty())?;
        sources.push((field, name));
        Some(text.to_owned())
    };
    let email = first("email", &["email"]);
    let mut given_name = first("given_name", &["given_name"]);
    let mut family_name = first("family_name", &["family_name"]);
    let display_name = first("display_name", &["name"]);
    let username = first("username", &["preferred_username", "upn"]);
    if let (None, None, Some(name)) = (&given_name, &family_name, &display_name) {
        // One name for everything: the last word is most often the family's.
        match name.rsplit_once(char::is_whitespace) {
            Some((given, family)) => {
                (given_name, family_name) = (Some(given.trim().to_owned()), Some(family.to_owned()));
                sources.extend([("given_name", "name"), ("family_name", "name")]);
            }
            None => {
                given_name = Some(name.clone());
                sources.push(("given_name", "name"));
            }
        }
    }
    let groups = claims.raw.get("groups").and_then(json::texts).unwrap_or_default();
    if !groups.is_empty() {
        sources.push(("groups", "groups"));
    }
    Profile {
        email_verified: email.is_some() && claims.raw.get("email_verified") == Some(&Value::Bool(true)),
        email,
        given_name,
        family_name,
        display_name,
        username,
        groups,
        overage: overage(claims),
        sources,
    }
}

/// Entra ID says so instead of listing more than about 200 groups.
fn overage(claims: &Claims) -> bool {
    let named = claims
        .raw
        .get("_claim_names")
        .and_then(|names| names.get("groups"));
    let has = claims.raw.get("hasgroups");
    let yes = has.is_some_and(|has| *has == Value::Bool(true) || has.as_str() == Some("true"));
    !claims.raw.contains_key("groups") && (named.is_some() || yes)
}

/// Whether this issuer is Microsoft Entra ID.
pub fn is_entra(issuer: &str) -> bool {
    let url = Url::parse(issuer).ok();
    url.and_then(|url| url.host_str().map(|host| ENTRA.contains(&host)))
        .unwrap_or(false)
}

/// The name of the person to keep, together with connection and issuer: the claim that the connection names, `oid`
/// with `tid` for Entra ID, else `sub`.
///
/// # Errors
/// [`OidcProblem::SubjectClaim`] when that claim is missing. Another one in its place would make a second person.
pub fn subject(claims: &Claims, subject_claim: Option<&str>) -> Result<String, OidcProblem> {
    let named = |name: &str| {
        let text = claims.text(name).filter(|text| is_name(text));
        text.ok_or_else(|| OidcProblem::SubjectClaim {
            claim: name.to_owned(),
        })
    };
    match subject_claim {
        Some("sub") => Ok(claims.subject.clone()),
        Some(name) => named(name).map(str::to_owned),
        None if is_entra(&claims.issuer) => Ok(format!("{}@{}", named("oid")?, named("tid")?)),
        None => Ok(claims.subject.clone()),
    }
}
