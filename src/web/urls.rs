//! Every address of Doorward, as a function. No handler and no template spells a path.
//!
//! ```
//! use doorward::web::urls;
//! assert_eq!(urls::integration("okta"), "/admin/integrations/okta");
//! assert_eq!(urls::query(&urls::people(), &[("q", "Ana & Bo")]), "/admin/people?q=Ana+%26+Bo");
//! ```
//!
//! Parts that vary are percent-encoded here, so that a strange slug cannot leave its place in the path.
//! `/sso/…`, `/scim/…`, `/api/v1/…` and the health addresses are a contract: customers' identity providers hold them.

use std::fmt::Write;

// For everybody

pub fn home() -> String {
    "/".into()
}

pub fn login() -> String {
    "/login".into()
}

/// The sign-in page, which afterwards leads to `path`. Whether `path` is ours is judged when it is used.
pub fn login_then(path: &str) -> String {
    query(&login(), &[("next", path)])
}

/// Where the sign-in page's forms go: the page to go on to, and the sealed e-mail that was typed, where there is one.
pub fn login_with(path: &str, sealed: &str) -> String {
    query(&login(), &[("next", path), ("for", sealed)])
}

/// The page for the passphrase.
pub fn login_passphrase(path: &str, sealed: &str) -> String {
    query("/login/passphrase", &[("next", path), ("for", sealed)])
}

/// The choice between several integrations that speak for one domain.
pub fn login_choice(path: &str, sealed: &str) -> String {
    query("/login/choice", &[("next", path), ("for", sealed)])
}

/// Through an integration to `path`, with the sealed e-mail that was typed.
pub fn sso_for(slug: &str, path: &str, sealed: &str) -> String {
    query(&sso(slug), &[("return_to", path), ("for", sealed)])
}

/// Signing in with a recovery code.
pub fn recovery() -> String {
    "/login/recovery".into()
}

/// Where somebody who has lost the passphrase asks for a link.
pub fn lost() -> String {
    "/login/lost".into()
}

pub fn lost_sent() -> String {
    "/login/lost/sent".into()
}

/// Where the holder of a link chooses a new passphrase.
pub fn reset(token: &str) -> String {
    format!("{RESET}{}", segment(token))
}

const RESET: &str = "/login/reset/";

/// An address as logs may have it: without the token that lets its holder in. In another spelling it could be one.
pub fn without_token(path: &str) -> &str {
    if path.to_ascii_lowercase().starts_with(RESET) || path.contains('%') {
        RESET
    } else {
        path
    }
}

pub fn logout() -> String {
    "/logout".into()
}

/// Proving once more who one is. `form`: what waits for it; `next`: where to go when nothing waits.
pub fn reauth(form: &str, next: &str) -> String {
    query("/reauth", &[("form", form), ("next", next)])
}

/// Where what waited is sent on its way.
pub const REAUTH_RESUME: &str = "/reauth/resume";

/// A person's own page.
pub fn account() -> String {
    "/account".into()
}

/// A room of it: `sessions`, `factors`, `passphrase`.
pub fn account_part(part: &str) -> String {
    format!("/account/{}", segment(part))
}

/// What is done with one's own sessions: `end`, `end-others`.
pub fn own_sessions(act: &str) -> String {
    format!("{}/{}", account_part("sessions"), segment(act))
}

pub fn setup() -> String {
    "/setup".into()
}

/// The first-run address of the terminal.
pub fn setup_with_code(code: &str) -> String {
    query(&setup(), &[("code", code)])
}

/// First run, by step: `owner`, `recovery-codes`, `organization`.
pub fn setup_step(step: &str) -> String {
    format!("/setup/{}", segment(step))
}

/// A page of a sign-in that could not be finished: `notice`, `access-request`, `link`.
pub fn unfinished(reference: &str, part: &str) -> String {
    format!("/sign-in/{}/{}", segment(reference), segment(part))
}

// Contract with identity providers

pub fn sso(slug: &str) -> String {
    format!("/sso/{}", segment(slug))
}

pub fn sso_metadata(slug: &str) -> String {
    format!("{}/metadata", sso(slug))
}

/// The redirect URI of OpenID Connect.
pub fn sso_callback(slug: &str) -> String {
    format!("{}/callback", sso(slug))
}

pub fn scim(slug: &str) -> String {
    format!("/scim/{}/v2", segment(slug))
}

/// What every address of a SCIM client begins with.
pub const SCIM: &str = "/scim/";

/// Where an admin lets an OAuth client in.
pub fn oauth_authorize() -> String {
    "/oauth/authorize".into()
}

/// Where OAuth clients get tokens.
pub const OAUTH_TOKEN: &str = "/oauth/token";

/// Is this an address of programs that have no session, whatever cookies come with them?
pub fn is_without_session(path: &str) -> bool {
    path.starts_with(SCIM) || path == OAUTH_TOKEN
}

// For programs

pub fn healthz() -> String {
    "/healthz".into()
}

pub fn readyz() -> String {
    "/readyz".into()
}

// Admin

pub fn overview() -> String {
    "/admin".into()
}

pub fn integrations() -> String {
    "/admin/integrations".into()
}

/// The picker of identity providers.
pub fn new_integration() -> String {
    "/admin/integrations/new".into()
}

/// The form for one kind of identity provider: `okta`, `entra`, `generic`.
pub fn new_integration_with(provider: &str) -> String {
    query(&new_integration(), &[("provider", provider)])
}

pub fn integration(slug: &str) -> String {
    format!("/admin/integrations/{}", segment(slug))
}

/// A room of one integration: `identity-provider`, `certificates`, `tests`, `activation`, `settings`, `removal`.
pub fn integration_part(slug: &str, part: &str) -> String {
    format!("{}/{}", integration(slug), segment(part))
}

/// Where one pinned certificate is removed.
pub fn certificate_removal(slug: &str, fingerprint: &str) -> String {
    format!(
        "{}/{}/removal",
        integration_part(slug, "certificates"),
        segment(fingerprint)
    )
}

/// Where the word for one e-mail domain is taken back.
pub fn domain_withdrawal(slug: &str, domain: &str) -> String {
    format!(
        "{}/{}/withdrawal",
        integration_part(slug, "domains"),
        segment(domain)
    )
}

/// What is done about a domain that waits for its TXT record: `check`, `removal`.
pub fn domain_claim(slug: &str, domain: &str, act: &str) -> String {
    format!(
        "{}/{}/{}",
        integration_part(slug, "domain-claims"),
        segment(domain),
        segment(act)
    )
}

/// A room of an integration's provisioning: `held`, `removed`, `users`, `groups`, `requests`, `settings`; empty: its page.
pub fn provisioning(slug: &str, part: &str) -> String {
    let page = integration_part(slug, "provisioning");
    if part.is_empty() {
        return page;
    }
    format!("{page}/{}", segment(part))
}

/// One thing in such a room: a credential, a group, a request.
pub fn provisioned(slug: &str, part: &str, id: &str) -> String {
    format!("{}/{}", provisioning(slug, part), segment(id))
}

/// What is done to it: `revocation`, `restoration`, `opening`, `dry-run`, `replay`.
pub fn provisioned_act(slug: &str, part: &str, id: &str, act: &str) -> String {
    format!("{}/{}", provisioned(slug, part, id), segment(act))
}

/// Leads to the SCIM request that this reference names, whichever integration it came through.
pub fn scim_request(reference: &str) -> String {
    format!("/admin/activity/requests/{}", segment(reference))
}

pub fn people() -> String {
    "/admin/people".into()
}

pub fn new_person() -> String {
    "/admin/people/new".into()
}

pub fn person(id: &str) -> String {
    format!("/admin/people/{}", segment(id))
}

/// A room of one person: `edit`, `deactivation`, `reactivation`, `sign-out`.
pub fn person_part(id: &str, part: &str) -> String {
    format!("{}/{}", person(id), segment(part))
}

/// Where one linked sign-in of a person is removed.
pub fn identity_removal(person: &str, identity: &str) -> String {
    format!(
        "{}/{}/removal",
        person_part(person, "identities"),
        segment(identity)
    )
}

/// The answer to a request for access: `grant` or `dismissal`.
pub fn access_request(id: &str, answer: &str) -> String {
    format!("/admin/access-requests/{}/{}", segment(id), segment(answer))
}

/// What the first link in the menu called Activity opens.
pub fn activity() -> String {
    sign_ins()
}

pub fn sign_ins() -> String {
    "/admin/activity/sign-ins".into()
}

/// The trace of one attempt.
pub fn sign_in(reference: &str) -> String {
    format!("/admin/activity/sign-ins/{}", segment(reference))
}

pub fn audit() -> String {
    "/admin/activity/audit".into()
}

pub fn settings() -> String {
    "/admin/settings".into()
}

pub fn settings_part(part: &str) -> String {
    format!("/admin/settings/{}", segment(part))
}

/// The mail page (empty), or a part of it: `test`, `removal`.
pub fn mail(part: &str) -> String {
    let page = settings_part("mail");
    if part.is_empty() {
        return page;
    }
    format!("{page}/{}", segment(part))
}

/// What is done to one mail of the queue: `retry`, `removal`.
pub fn mail_act(id: &str, act: &str) -> String {
    format!("{}/{}", mail(id), segment(act))
}

// Building blocks

/// `path?name=value&…`; pairs with an empty value are left out, so that filters stay short in the address.
pub fn query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut encoded = url::form_urlencoded::Serializer::new(String::new());
    encoded.extend_pairs(pairs.iter().filter(|(_, value)| !value.is_empty()));
    match encoded.finish() {
        none if none.is_empty() => path.into(),
        some => format!("{path}?{some}"),
    }
}

/// One segment of a path: everything but letters, digits and `-._~` is percent-encoded, and `.` and `..` too.
fn segment(raw: &str) -> String {
    if raw.chars().all(|c| c == '.') {
        return raw.replace('.', "%2E");
    }
    raw.bytes()
        .fold(String::with_capacity(raw.len()), |mut out, byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                out.push(char::from(byte));
            } else {
                let _ = write!(out, "%{byte:02X}");
            }
            out
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strange_slug_stays_in_its_segment() {
        assert_eq!(sso("../admin"), "/sso/..%2Fadmin");
        assert_eq!(integration(".."), "/admin/integrations/%2E%2E");
        assert_eq!(person("a?b#c\"é"), "/admin/people/a%3Fb%23c%22%C3%A9");
    }

    #[test]
    fn empty_filters_stay_out_of_the_address() {
        assert_eq!(query("/x", &[("q", ""), ("state", "")]), "/x");
        assert_eq!(login_then("/admin?a=b&c"), "/login?next=%2Fadmin%3Fa%3Db%26c");
    }
}
