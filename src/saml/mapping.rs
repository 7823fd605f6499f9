//! From an Assertion to a profile: who this person is, and which attribute said so.

use crate::model::check::Attribute;

use super::aliases::Field;
use super::assertion::Assertion;

/// Bytes of an e-mail address at most (RFC 5321 §4.5.3.1.3, without the brackets).
const MAX_EMAIL: usize = 254;

/// What the IdP says about a person, under our names. Everything may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// An address by [`email`]: the domain in lower case, the part before the @ as received.
    pub email: Option<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub display_name: Option<String>,
    pub groups: Vec<String>,
    pub role: Option<String>,
    /// Which attribute each field came from, in the order above: `email ← mail`.
    pub sources: Vec<Source>,
}

/// Where a field came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub field: Field,
    /// The attribute's name as received, or `NameID`.
    pub attribute: String,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ← {}", self.field.name(), self.attribute)
    }
}

/// Maps the attributes of `assertion` by the table in [`super::aliases`].
///
/// The e-mail is the first alias with a value that *is* an address; then the NameID, when its format is emailAddress or
/// when it looks like an address.
pub fn profile(assertion: &Assertion) -> Profile {
    let mut profile = Profile::default();
    let mut sources = Vec::new();
    let mut from = |field, found: Option<(&Attribute, String)>| {
        found.map(|(attribute, value)| {
            sources.push(Source {
                field,
                attribute: attribute.name.clone(),
            });
            value
        })
    };
    let attributes = &assertion.attributes;
    profile.email = from(Field::Email, first(attributes, Field::Email, email));
    profile.given_name = from(Field::GivenName, first(attributes, Field::GivenName, plain));
    profile.family_name = from(Field::FamilyName, first(attributes, Field::FamilyName, plain));
    profile.display_name = from(Field::DisplayName, first(attributes, Field::DisplayName, plain));
    if let Some(groups) = named(attributes, Field::Groups).next() {
        sources.push(Source {
            field: Field::Groups,
            attribute: groups.name.clone(),
        });
        profile.groups = groups.values.clone();
    }
    let role = first(attributes, Field::Role, plain);
    if let Some((attribute, value)) = role {
        sources.push(Source {
            field: Field::Role,
            attribute: attribute.name.clone(),
        });
        profile.role = Some(value);
    }
    if profile.email.is_none() {
        profile.email = email(&assertion.name_id.value);
        if profile.email.is_some() {
            sources.insert(
                0,
                Source {
                    field: Field::Email,
                    attribute: "NameID".to_owned(),
                },
            );
        }
    }
    profile.sources = sources;
    profile
}

/// `text` as an e-mail address when it plainly is one: exactly one @ with something on both sides, a domain of letters,
/// digits, dots and hyphens, no white space or control character, at most 254 bytes. The domain is made lower case.
pub fn email(text: &str) -> Option<String> {
    let text = text.trim();
    let (local, domain) = text.split_once('@')?;
    let odd =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';' | '"' | '\\');
    let label = |l: &str| !l.is_empty() && !l.starts_with('-') && !l.ends_with('-');
    let domain_is_one = domain
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'));
    let good = !local.is_empty()
        && text.len() <= MAX_EMAIL
        && !text.chars().any(odd)
        && domain_is_one
        && domain.split('.').all(label);
    good.then(|| format!("{local}@{}", domain.to_lowercase()))
}

/// The attributes that carry `field`, best alias first. A FriendlyName counts when no Name does.
fn named(attributes: &[Attribute], field: Field) -> impl Iterator<Item = &Attribute> {
    let by_name = move |alias: &'static &'static str| {
        attributes
            .iter()
            .filter(move |a| a.name.eq_ignore_ascii_case(alias))
    };
    let by_friendly_name = move |alias: &'static &'static str| {
        let is = move |friendly: &String| friendly.eq_ignore_ascii_case(alias);
        attributes
            .iter()
            .filter(move |a| a.friendly_name.as_ref().is_some_and(is))
    };
    let aliases = field.aliases();
    aliases
        .iter()
        .flat_map(by_name)
        .chain(aliases.iter().flat_map(by_friendly_name))
}

/// The first value that `accept` takes, with its attribute.
fn first(
    attributes: &[Attribute],
    field: Field,
    accept: impl Fn(&str) -> Option<String>,
) -> Option<(&Attribute, String)> {
    named(attributes, field).find_map(|a| Some((a, a.values.iter().find_map(|value| accept(value))?)))
}

fn plain(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && !text.chars().any(char::is_control)).then(|| text.to_owned())
}
