//! Doors × ways of being disabled: one table, made from the lists of the program, so that a new door without a row is
//! a red test.

use std::fs;
use std::path::{Path, PathBuf};

use doorward::model::Method;
use doorward::web::routes::{Access, ROUTES};

use super::street::Street;

/// A list of variants that cannot forget one.
macro_rules! rows {
    ($(#[$about:meta])* $name:ident, $all:ident: $($(#[$doc:meta])* $variant:ident,)+) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$doc])* $variant,)+ }
        const $all: &[$name] = &[$($name::$variant,)+];
    };
}

rows! {
    /// Every way in: for people, and for programs that people or connections let in. Tried in this order: cookies
    /// first, because a recovery code ends the sessions of its person.
    Door, DOORS:
    PassphraseCookie,
    PasskeyCookie,
    SamlCookie,
    OidcCookie,
    SamlRequested,
    /// Asked before, answered after.
    SamlBegun,
    SamlUnsolicited,
    /// The first time, linked by the confirmed domain.
    SamlFirst,
    SamlTest,
    OidcRequested,
    OidcBegun,
    OidcFirst,
    /// The provider starts it.
    OidcThirdParty,
    OidcTest,
    /// The account that a provider named is proved, and linked.
    LinkProof,
    Passphrase,
    Passkey,
    SecondStepCode,
    /// The passphrase came before, the code after.
    SecondStepBegun,
    SecondStepPasskey,
    RecoveryCode,
    /// Signs nobody in; the passphrase that it sets does.
    ResetLink,
    /// Signs nobody in either: it leads to a first passphrase.
    InvitationLink,
    RecoverLink,
    ScimBearer,
    OauthRefresh,
}

rows! {
    /// Every way of being disabled.
    Off, OFFS:
    Nothing,
    DeactivatedByAdmin,
    DeactivatedByScim,
    ConnectionShut,
    ConnectionRemoved,
    /// SAML, OpenID Connect and provisioning are off for the whole organization.
    KindsSwitched,
    EnforcedElsewhere,
    SessionsEnded,
    /// A revocation, and a logout token.
    EndedByProviders,
    DomainWithdrawn,
    /// They need a second factor, and the time to set one up is over.
    FactorOverdue,
}

const SAML: &[Door] = &[
    Door::SamlRequested,
    Door::SamlBegun,
    Door::SamlUnsolicited,
    Door::SamlFirst,
    Door::SamlTest,
];

const OIDC: &[Door] = &[
    Door::OidcRequested,
    Door::OidcBegun,
    Door::OidcFirst,
    Door::OidcThirdParty,
    Door::OidcTest,
];

/// Which rows try a method of sessions. A new method does not compile before it has rows.
fn doors_of(method: Method) -> &'static [Door] {
    match method {
        Method::Passphrase => &[
            Door::PassphraseCookie,
            Door::Passphrase,
            Door::SecondStepCode,
            Door::SecondStepBegun,
            Door::SecondStepPasskey,
            Door::RecoveryCode,
            Door::ResetLink,
            Door::InvitationLink,
        ],
        Method::Passkey => &[Door::PasskeyCookie, Door::Passkey],
        Method::Saml => SAML,
        Method::Oidc => OIDC,
        Method::Link => &[Door::RecoverLink],
    }
}

/// Addresses to which strangers may send something, with the doors behind them; none: nobody comes in there.
const ADDRESSES: &[(&str, &[Door])] = &[
    ("/setup", &[]),
    ("/setup/owner", &[]),
    ("/setup/recovery-codes", &[]),
    ("/setup/organization", &[]),
    ("/login", &[Door::Passphrase]),
    ("/login/passkey", &[Door::Passkey]),
    ("/login/passkey/challenge", &[]),
    (
        "/login/second-factor",
        &[Door::SecondStepCode, Door::SecondStepBegun],
    ),
    ("/login/second-factor/passkey", &[Door::SecondStepPasskey]),
    ("/login/recovery", &[Door::RecoveryCode]),
    ("/login/recover/{token}", &[Door::RecoverLink]),
    ("/login/lost", &[]),
    ("/login/reset/{token}", &[Door::ResetLink, Door::InvitationLink]),
    ("/login/invitation/{token}", &[Door::InvitationLink]),
    ("/logout", &[]),
    ("/sso/{slug}", &[Door::OidcThirdParty]),
    ("/sso/{slug}/acs", SAML),
    ("/sso/{slug}/callback", OIDC),
    ("/sso/{slug}/slo", &[]),
    ("/sso/{slug}/backchannel-logout", &[]),
    ("/sso/{slug}/global-token-revocation", &[]),
    ("/sign-in/{reference}/access-request", &[]),
    ("/oauth/token", &[Door::OauthRefresh]),
];

/// Files of `src/` from which a session begins, or gets a new token, with the doors that lead there.
const BEGINNINGS: &[(&str, &[Door])] = &[
    // The first run: there is nobody yet whose way in could be taken.
    ("flows/enroll.rs", &[]),
    // What every one of these calls.
    ("flows/sign_on/session.rs", DOORS),
    ("flows/sign_on/answer.rs", SAML),
    ("flows/sign_on/unfinished.rs", &[Door::LinkProof]),
    ("flows/passphrase.rs", &[Door::Passphrase]),
    ("flows/factors/sign_in.rs", &[Door::Passkey]),
    (
        "flows/factors/step.rs",
        &[
            Door::SecondStepCode,
            Door::SecondStepBegun,
            Door::SecondStepPasskey,
        ],
    ),
    ("flows/recovery.rs", &[Door::RecoveryCode]),
    ("flows/recover.rs", &[Door::RecoverLink]),
    // A step up of somebody who is in: the cookie's door.
    ("flows/factors/mod.rs", &[Door::PassphraseCookie]),
    (
        "flows/reauth.rs",
        &[Door::PassphraseCookie, Door::SamlCookie, Door::OidcCookie],
    ),
    ("flows/sessions.rs", &[Door::PassphraseCookie]),
];

/// The table. bob is tried at the doors of members, fay and fin come for the first time, gil granted the OAuth client,
/// ivy was invited, mia proves her account, olga is the owner of the link, pia has a passkey, rae a reset link, tom an app.
fn is_open(door: Door, off: Off) -> bool {
    use Door::*;
    let is_test = matches!(door, SamlTest | OidcTest);
    let is_cookie = matches!(door, PassphraseCookie | PasskeyCookie | SamlCookie | OidcCookie);
    let is_program = matches!(door, ScimBearer | OauthRefresh);
    let through_connection = SAML.contains(&door)
        || OIDC.contains(&door)
        || is_program
        || matches!(door, SamlCookie | OidcCookie | LinkProof);
    match off {
        // A test signs nobody in, ever.
        _ if is_test => false,
        Off::Nothing => true,
        // Not of those who were deactivated: the owner's link, and the token of the connection itself.
        Off::DeactivatedByAdmin => matches!(door, RecoverLink | ScimBearer),
        // Owners and admins with a passphrase are out of its reach.
        Off::DeactivatedByScim => matches!(door, RecoverLink | ScimBearer | OauthRefresh),
        Off::ConnectionShut | Off::ConnectionRemoved | Off::KindsSwitched => !through_connection,
        // Programs are no people: what is enforced is how people sign in. `recover` is for exactly this.
        Off::EnforcedElsewhere => is_program || door == RecoverLink,
        // What mia had to say, she would say in a session.
        Off::SessionsEnded => !(is_cookie || door == LinkProof),
        Off::EndedByProviders => !matches!(door, SamlCookie | OidcCookie),
        Off::DomainWithdrawn => !matches!(door, SamlFirst | OidcFirst),
        // Whom a provider vouches for, and whoever gave two proofs, goes on; the others set a factor up first. A first
        // passphrase begins a week of its own.
        Off::FactorOverdue => !matches!(
            door,
            PassphraseCookie | Passphrase | RecoveryCode | ResetLink | RecoverLink | LinkProof
        ),
    }
}

#[test]
fn every_door_against_every_way_of_being_disabled() {
    let mut wrong = Vec::new();
    for off in OFFS.iter().copied() {
        let street = Street::new();
        street.turn(off);
        for door in DOORS.iter().copied() {
            let (expected, found) = (is_open(door, off), street.knock(door));
            if expected != found {
                wrong.push(format!(
                    "{door:?} × {off:?}: expected open = {expected}, found {found}"
                ));
            }
        }
        if off == Off::Nothing {
            // So that every method was really tried.
            for method in Method::ALL {
                let key = method.key();
                let begun = street.house.app.count(&format!(
                    "SELECT count(*) FROM events WHERE action = 'session.started'
                     AND json_extract(after, '$.method') = '{key}'"
                ));
                assert!(begun > 0, "no door led to a session by {method:?}");
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_address_that_could_let_somebody_in_has_a_row() {
    let strangers = |access| {
        matches!(
            access,
            Access::Public | Access::Setup | Access::Machine | Access::Scim
        )
    };
    let sends = |method: &str| !matches!(method, "GET" | "HEAD");
    let is_known = |path: &str| ADDRESSES.iter().any(|(known, _)| *known == path);
    for route in ROUTES.iter().filter(|route| strangers(route.access)) {
        let is_scim_resource = route.path.starts_with("/scim/");
        // A way back by GET, such as a redirect URI, lets people in as well.
        let by_get = route.path.contains("callback");
        let may_let_in = by_get || (!is_scim_resource && sends(route.method.as_str()));
        assert!(
            !may_let_in || is_known(route.path),
            "{} may let somebody in: give it a row in this table",
            route.path
        );
    }
    for (path, _) in ADDRESSES {
        let exists = ROUTES.iter().any(|route| route.path == *path);
        assert!(exists, "{path} does not exist");
    }
}

#[test]
fn every_door_is_reached_by_a_method_or_is_a_programs() {
    for method in Method::ALL {
        assert!(
            !doors_of(method).is_empty(),
            "{method:?} has no row in this table"
        );
    }
    for door in DOORS {
        let has_address = ADDRESSES.iter().any(|(_, doors)| doors.contains(door));
        let has_beginning = BEGINNINGS[2..].iter().any(|(_, doors)| doors.contains(door));
        let is_kept = matches!(door, Door::PasskeyCookie | Door::ScimBearer);
        assert!(
            has_address || has_beginning || is_kept,
            "{door:?} leads from nowhere"
        );
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn every_place_from_which_a_session_begins_has_a_row() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut seen = Vec::new();
    for path in &files {
        let name = path
            .strip_prefix(&root)
            .expect("inside")
            .to_string_lossy()
            .into_owned();
        let text = fs::read_to_string(path).expect("text");
        let begins = [
            "session::begin(",
            "enter_or_ask(",
            "sessions::insert(",
            "sessions::renew(",
        ];
        if begins.iter().any(|call| text.contains(call)) {
            assert!(
                BEGINNINGS.iter().any(|(known, _)| *known == name),
                "{name} begins sessions: give it a row in this table"
            );
            seen.push(name);
        }
    }
    for (known, _) in BEGINNINGS {
        assert!(seen.iter().any(|name| name == known), "{known} begins none");
    }
}
