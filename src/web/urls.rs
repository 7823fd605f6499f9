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

mod admin;

pub use admin::*;

// For everybody

pub fn home() -> String {
    "/".into()
}

/// Whom somebody sees of the organization.
pub fn directory() -> String {
    "/directory".into()
}

/// Changes with the app, so that browsers see another picture at once.
pub fn app_picture(id: &str, version: i64) -> String {
    query(
        &format!("/apps/{}/picture", segment(id)),
        &[("v", &version.to_string())],
    )
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
const RECOVER: &str = "/login/recover/";
const INVITATION: &str = "/login/invitation/";

/// An address as logs may have it: without the token that lets its holder in. In another spelling it could be one.
pub fn without_token(path: &str) -> &str {
    let lower = path.to_ascii_lowercase();
    let secret = [RESET, RECOVER, INVITATION]
        .into_iter()
        .find(|start| lower.starts_with(start));
    match secret {
        Some(start) => start,
        None if path.contains('%') => RESET,
        None => path,
    }
}

/// The page of a link from `doorward recover`.
pub fn recover(token: &str) -> String {
    format!("{RECOVER}{}", segment(token))
}

/// The page of an invitation.
pub fn invitation(token: &str) -> String {
    format!("{INVITATION}{}", segment(token))
}

/// Between a right passphrase and the session; `passkey`: where its answer goes.
pub fn second_step(part: &str) -> String {
    match part {
        "" => "/login/second-factor".into(),
        part => format!("/login/second-factor/{}", segment(part)),
    }
}

/// Signing in with a passkey alone, which afterwards leads to `path`.
pub fn passkey_login(path: &str) -> String {
    query("/login/passkey", &[("next", path)])
}

/// Where a page asks for a passkey's challenge.
pub fn passkey_challenge() -> String {
    "/login/passkey/challenge".into()
}

/// One's own factors: `authenticator`, `passkeys`, `recovery-codes`.
pub fn own_factor(part: &str) -> String {
    format!("{}/{}", account_part("factors"), segment(part))
}

/// What is done with the authenticator app: `confirmation`, `removal`.
pub fn own_authenticator(act: &str) -> String {
    format!("{}/{}", own_factor("authenticator"), segment(act))
}

/// What is done with one of one's own passkeys: `name`, `removal`.
pub fn own_passkey(id: &str, act: &str) -> String {
    format!("{}/{}/{}", own_factor("passkeys"), segment(id), segment(act))
}

/// Where an owner removes somebody's lost factor: `authenticator`, or the id of a passkey.
pub fn factor_removal(person: &str, factor: &str) -> String {
    format!("{}/{}/removal", person_part(person, "factors"), segment(factor))
}

pub fn logout() -> String {
    "/logout".into()
}

/// Proving once more who one is. `form`: what waits for it; `next`: where to go when nothing waits.
pub fn reauth(form: &str, next: &str) -> String {
    query("/reauth", &[("form", form), ("next", next)])
}

/// As [`reauth`], with a passkey.
pub fn reauth_passkey(form: &str, next: &str) -> String {
    query("/reauth/passkey", &[("form", form), ("next", next)])
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

/// Where SAML logout messages arrive, by redirect and by POST.
pub fn sso_logout(slug: &str) -> String {
    format!("{}/slo", sso(slug))
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

/// The last segments of what an identity provider itself calls below `/sso/{slug}/`, without a browser.
pub const BACKCHANNEL_LOGOUT: &str = "/backchannel-logout";
pub const TOKEN_REVOCATION: &str = "/global-token-revocation";

/// Is this a call of an identity provider about a sign-out?
pub fn is_sign_out_call(path: &str) -> bool {
    path.starts_with("/sso/") && (path.ends_with(BACKCHANNEL_LOGOUT) || path.ends_with(TOKEN_REVOCATION))
}

/// Is this an address of programs that have no session, whatever cookies come with them?
pub fn is_without_session(path: &str) -> bool {
    path.starts_with(SCIM) || path == OAUTH_TOKEN || is_sign_out_call(path)
}

// For programs

pub fn healthz() -> String {
    "/healthz".into()
}

pub fn readyz() -> String {
    "/readyz".into()
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
    fn no_log_has_a_token() {
        for path in [
            reset("abc"),
            recover("abc"),
            invitation("abc"),
            "/LOGIN/Invitation/abc".into(),
        ] {
            assert!(!without_token(&path).contains("abc"), "{path}");
        }
        assert_eq!(without_token("/login/%69nvitation/abc"), RESET);
        assert_eq!(without_token("/admin"), "/admin");
    }

    #[test]
    fn empty_filters_stay_out_of_the_address() {
        assert_eq!(query("/x", &[("q", ""), ("state", "")]), "/x");
        assert_eq!(login_then("/admin?a=b&c"), "/login?next=%2Fadmin%3Fa%3Db%26c");
    }
}
