//! From a verified assertion to who it speaks of: the lasting subject, the e-mail, the names.

use crate::flows::sign_on::link;
use crate::model::check::{Check, Verdict};
use crate::model::mapping::Received;
use crate::model::sign_in::Mapped;
use crate::model::{Connection, Email, PersonId, SignIn};
use crate::saml::aliases::Field;
use crate::saml::{Assertion, Profile, profile};

use super::Known;
use super::checks::{self, Broken};

const GROUPS_LINK: &str = "http://schemas.microsoft.com/claims/groups.link";
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

/// Reads the subject and fills the row and the trace. Fails when nothing lasting names the person.
pub fn read(
    connection: &Connection,
    assertion: Assertion,
    checks: &mut Vec<Check>,
    row: &mut SignIn,
) -> Result<Known, Broken> {
    let profile = profile(&assertion);
    row.issuer = Some(assertion.issuer.clone());
    row.trace.attributes.clone_from(&assertion.attributes);
    row.trace.mapped = mapped(&profile);
    row.given_name.clone_from(&profile.given_name);
    row.family_name.clone_from(&profile.family_name);
    let email = profile.email.as_deref().and_then(|text| Email::parse(text).ok());
    row.email = email.as_ref().map(ToString::to_string);
    let subject = subject_of(connection, &assertion).map_err(|check| {
        let broken = Broken::from(&*check);
        checks.push(*check);
        broken
    })?;
    row.subject = Some(subject.clone());
    row.trace
        .mapped
        .insert(0, mapped_subject(connection, &assertion, &subject));
    if email.is_none() {
        checks.push(no_email(&assertion));
    }
    // The link that Microsoft Entra ID sends in place of a list that is too long.
    let too_many = profile.groups.is_empty() && assertion.attributes.iter().any(|a| a.name == GROUPS_LINK);
    if too_many {
        checks.push(too_many_groups());
    }
    let received = received(&assertion, &profile);
    Ok(Known {
        received,
        found: link::Subject {
            connection: connection.id,
            issuer: assertion.issuer,
            subject,
        },
        // Whatever an assertion says was said by the provider itself, under its signature.
        email: email.map(link::Claimed::vouched),
        once: Some((assertion.id, assertion.not_on_or_after)),
        session_ends_at: assertion.session_not_on_or_after,
        proved_at: Some(assertion.authn_instant),
        idp: None,
        groups: (!too_many).then_some(profile.groups),
    })
}

/// For the mapping: everything that arrived, and what is read of it as usual.
fn received(assertion: &Assertion, profile: &Profile) -> Received {
    let source = |field: Field| {
        let source = profile.sources.iter().find(|source| source.field == field);
        source.map_or_else(String::new, |source| source.attribute.clone())
    };
    let (mut given, mut family) = (profile.given_name.clone(), profile.family_name.clone());
    if let (None, None, Some(name)) = (&given, &family, &profile.display_name) {
        // One name for everything: the last word is most often the family's.
        let (first, last) = name.rsplit_once(char::is_whitespace).unwrap_or((name, ""));
        (given, family) = (Some(first.trim().to_owned()), Some(last.to_owned()));
    }
    Received::attributes(&assertion.attributes)
        .with("given_name", &source(Field::GivenName), given)
        .with("family_name", &source(Field::FamilyName), family)
        .with("email", &source(Field::Email), profile.email.clone())
}

fn mapped(profile: &Profile) -> Vec<Mapped> {
    let value = |field| match field {
        Field::Email => profile.email.clone(),
        Field::GivenName => profile.given_name.clone(),
        Field::FamilyName => profile.family_name.clone(),
        Field::DisplayName => profile.display_name.clone(),
        Field::Groups => Some(profile.groups.join(", ")),
        Field::Role => profile.role.clone(),
    };
    let sources = profile.sources.iter();
    sources
        .map(|s| Mapped {
            field: s.field.name().to_owned(),
            value: value(s.field).unwrap_or_default(),
            source: s.attribute.clone(),
        })
        .collect()
}

fn subject_of(connection: &Connection, assertion: &Assertion) -> Result<String, Box<Check>> {
    if let Some(name) = &connection.saml.subject_attribute {
        let attribute = assertion.attributes.iter().find(|a| a.name == *name);
        let values = attribute.map_or(&[][..], |a| &a.values);
        return match values {
            [only] if !only.trim().is_empty() && only.len() <= 1024 => Ok(only.clone()),
            other => Err(Box::new(checks::subject_attribute(name, other.len()))),
        };
    }
    if assertion.name_id.format == TRANSIENT {
        return Err(Box::new(checks::transient_name_id()));
    }
    Ok(assertion.name_id.value.clone())
}

fn mapped_subject(connection: &Connection, assertion: &Assertion, subject: &str) -> Mapped {
    let source = match &connection.saml.subject_attribute {
        Some(name) => name.clone(),
        None => format!(
            "NameID ({})",
            assertion.name_id.format.rsplit(':').next().unwrap_or_default()
        ),
    };
    Mapped {
        field: "subject".to_owned(),
        value: subject.to_owned(),
        source,
    }
}

fn too_many_groups() -> Check {
    Check {
        code: "saml.groups".to_owned(),
        title: "The groups arrived".to_owned(),
        verdict: Verdict::Warned,
        expected: Some("an attribute with the groups".to_owned()),
        received: Some("only a note that there are too many to list".to_owned()),
        remedy: Some(
            "Microsoft Entra ID leaves the groups out for people in more than 150. In Entra, at the claim for groups, \
             choose “Groups assigned to the application” only. Until then the access group stays as it is; signing in \
             is not affected."
                .to_owned(),
        ),
    }
}

fn no_email(assertion: &Assertion) -> Check {
    let names: Vec<&str> = assertion
        .attributes
        .iter()
        .map(|a| a.name.as_str())
        .take(20)
        .collect();
    Check {
        code: "saml.attr_missing".to_owned(),
        title: "An e-mail address arrived".to_owned(),
        verdict: Verdict::Warned,
        expected: Some("an attribute such as email or mail, or an e-mail NameID".to_owned()),
        received: Some(if names.is_empty() { "no attributes".to_owned() } else { names.join(", ") }),
        remedy: Some(
            "Have the identity provider send the attribute \"email\". Without it, only people who are linked already \
             can sign in."
                .to_owned(),
        ),
    }
}

pub fn person_of(found: &link::Found) -> Option<PersonId> {
    match found {
        link::Found::Linked(person, _) | link::Found::MayLink(person, _) | link::Found::MustProve(person) => {
            Some(person.id)
        }
        link::Found::Nobody => None,
    }
}
