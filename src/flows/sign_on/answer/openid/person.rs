//! From verified claims to who they speak of: the lasting subject, the e-mail and whether it counts, the names.

use crate::error::Error;
use crate::flows::Act;
use crate::flows::sign_on::link;
use crate::model::mapping::Received;
use crate::model::sign_in::Mapped;
use crate::model::{Check, Connection, Email, SignIn, Verdict};
use crate::oidc::{self, Claims, Profile};
use crate::store;

use super::super::Known;
use super::super::checks::Broken;
use super::Verified;

/// Fills the row and the trace.
pub fn read(
    act: &Act,
    connection: &Connection,
    verified: Verified,
    checks: &mut Vec<Check>,
    row: &mut SignIn,
) -> Result<Known, Broken> {
    let Verified { claims, subject, idp } = verified;
    let profile = oidc::profile(&claims);
    row.issuer = Some(claims.issuer.clone());
    row.subject = Some(subject.clone());
    row.trace.attributes = claims.attributes();
    row.trace.mapped = mapped(connection, &claims, &profile, &subject);
    row.given_name.clone_from(&profile.given_name);
    row.family_name.clone_from(&profile.family_name);
    let email = profile.email.as_deref().and_then(|text| Email::parse(text).ok());
    row.email = email.as_ref().map(ToString::to_string);
    match &email {
        None => checks.push(no_email(&claims)),
        Some(email) if !profile.email_verified && !speaks_for(act, connection, email) => {
            checks.push(unverified(&claims));
        }
        Some(_) => {}
    }
    if profile.overage {
        checks.push(overage());
    }
    let received = Received::document(&claims.raw)
        .with("given_name", "given_name", profile.given_name.clone())
        .with("family_name", "family_name", profile.family_name.clone())
        .with("email", "email", profile.email.clone());
    Ok(Known {
        received,
        found: link::Subject {
            connection: connection.id,
            issuer: claims.issuer,
            subject,
        },
        email: email.map(|email| link::Claimed {
            is_vouched: profile.email_verified,
            email,
        }),
        // The code counts once at the provider, and the state counts once here.
        once: None,
        session_ends_at: None,
        proved_at: claims.auth_time,
        idp: Some(idp),
        groups: (!profile.overage).then_some(profile.groups),
    })
}

/// For the trace only; whether the address links is asked again where it does.
fn speaks_for(act: &Act, connection: &Connection, email: &Email) -> bool {
    store::connections::speaks_for(act.w, connection.id, &email.domain())
        .map_err(|error: Error| tracing::warn!(%error, "a domain could not be looked up"))
        .unwrap_or(false)
}

fn mapped(connection: &Connection, claims: &Claims, profile: &Profile, subject: &str) -> Vec<Mapped> {
    let value = |field: &str| match field {
        "email" => profile.email.clone(),
        "given_name" => profile.given_name.clone(),
        "family_name" => profile.family_name.clone(),
        "display_name" => profile.display_name.clone(),
        "username" => profile.username.clone(),
        "groups" => Some(profile.groups.join(", ")),
        _ => None,
    };
    let source = match &connection.oidc.subject_claim {
        Some(name) => name.clone(),
        None if oidc::is_entra(&claims.issuer) => "oid with tid".to_owned(),
        None => "sub".to_owned(),
    };
    let first = Mapped {
        field: "subject".to_owned(),
        value: subject.to_owned(),
        source,
    };
    let others = profile.sources.iter().map(|(field, claim)| Mapped {
        field: (*field).to_owned(),
        value: value(field).unwrap_or_default(),
        source: (*claim).to_owned(),
    });
    std::iter::once(first).chain(others).collect()
}

fn warned(code: &str, title: &str, expected: &str, received: String, remedy: &str) -> Check {
    Check {
        code: code.to_owned(),
        title: title.to_owned(),
        verdict: Verdict::Warned,
        expected: Some(expected.to_owned()),
        received: Some(received),
        remedy: Some(remedy.to_owned()),
    }
}

fn no_email(claims: &Claims) -> Check {
    let names: Vec<String> = claims.attributes().into_iter().map(|a| a.name).take(20).collect();
    warned(
        "oidc.claim_missing",
        "An e-mail address arrived",
        "the claim email",
        names.join(", "),
        "Ask for the scope email in the settings of the integration, or have the provider put the claim into the ID \
         token. Where it keeps it for UserInfo, let Doorward ask there, in the settings. Without it, only people who \
         are linked already can sign in.",
    )
}

fn unverified(claims: &Claims) -> Check {
    let received = match claims.raw.get("email_verified") {
        Some(value) => value.to_string().chars().take(60).collect(),
        None => "no email_verified".to_owned(),
    };
    warned(
        "oidc.email_verified",
        "The provider answers for the e-mail address",
        "email_verified: true, or a domain that this integration speaks for",
        received,
        "Such an address links nobody by itself. If the organization's people have no other addresses there, an owner \
         can confirm the domain on the integration's page.",
    )
}

fn overage() -> Check {
    warned(
        "oidc.groups",
        "The groups arrived",
        "the claim groups",
        "only a note that there are too many to list".to_owned(),
        "Microsoft Entra ID leaves the groups out for people in more than 200. In Entra, under “Token configuration”, \
         let the groups claim have “Groups assigned to the application” only. Signing in is not affected.",
    )
}
