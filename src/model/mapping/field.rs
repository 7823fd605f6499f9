//! Our fields: what they are called, what they are usually called elsewhere, and what they can hold.

use url::Url;

use crate::model::Email;
use crate::model::person::{checked_name, is_unprintable};

/// Longest value, in characters.
pub const VALUE_LIMIT: usize = 1_000;
/// Longest key and label of a field that the organization defines.
pub const KEY_LIMIT: usize = 40;
pub const LABEL_LIMIT: usize = 100;

/// The fields that every person has.
pub const CORE: [&str; 3] = ["given_name", "family_name", "email"];

/// What a field can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Name,
    Email,
    /// One line; of several values the first.
    Text,
    /// One line; several values are joined by commas.
    Joined,
    /// An address that begins with `https://`.
    Picture,
    /// `2026-11-22`.
    Date,
    /// `de-CH`.
    Locale,
    /// A value of the role table.
    Role,
    /// The exact name of a team.
    Team,
}

/// A field of ours that is always there.
pub struct Known {
    pub key: &'static str,
    pub label: &'static str,
    pub kind: Kind,
    /// What identity providers usually call it, best first; SAML attributes, claims and SCIM paths alike.
    pub usual: &'static [&'static str],
}

const fn known(key: &'static str, label: &'static str, kind: Kind, usual: &'static [&'static str]) -> Known {
    Known {
        key,
        label,
        kind,
        usual,
    }
}

/// In the order of pages.
pub const KNOWN: [Known; 14] = [
    known(
        "given_name",
        "Given name",
        Kind::Name,
        &["name.givenName", "givenName", "given_name"],
    ),
    known(
        "family_name",
        "Family name",
        Kind::Name,
        &["name.familyName", "familyName", "family_name"],
    ),
    known("email", "E-mail", Kind::Email, &["emails[primary]", "email"]),
    known(
        "display_name",
        "Display name",
        Kind::Text,
        &["displayName", "display_name", "name"],
    ),
    known(
        "user_name",
        "User name",
        Kind::Text,
        &["userName", "user_name", "preferred_username", "upn"],
    ),
    known("title", "Title", Kind::Text, &["title", "jobTitle", "job_title"]),
    known(
        "department",
        "Department",
        Kind::Text,
        &["department", "user.department"],
    ),
    known(
        "phone",
        "Phone",
        Kind::Text,
        &[
            "phoneNumbers[primary]",
            "phone_number",
            "phone",
            "telephoneNumber",
            "mobilePhone",
        ],
    ),
    known(
        "manager",
        "Manager",
        Kind::Text,
        &["manager.displayName", "manager"],
    ),
    known("locale", "Locale", Kind::Locale, &["locale", "preferredLanguage"]),
    known(
        "picture",
        "Picture",
        Kind::Picture,
        &["picture", "photos[primary]", "photo"],
    ),
    known(
        "start_date",
        "Start date",
        Kind::Date,
        &["start_date", "startDate", "hireDate", "employeeHireDate"],
    ),
    known("role", "Role", Kind::Role, &["userType", "role"]),
    known("team", "Team", Kind::Team, &["division"]),
];

fn find(key: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.key == key)
}

/// What a field can hold; one that the organization defines holds text.
pub fn kind_of(key: &str) -> Kind {
    find(key).map_or(Kind::Joined, |known| known.kind)
}

/// Its label; the key of a field that the organization defines, whose label stands in its own row.
pub fn label(key: &str) -> &str {
    find(key).map_or(key, |known| known.label)
}

pub(super) fn usual(key: &str) -> &'static [&'static str] {
    find(key).map_or(&[], |known| known.usual)
}

/// Trims a value and checks that the field can hold it.
pub fn checked(kind: Kind, text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.chars().count() > VALUE_LIMIT {
        return Err("has more than 1,000 characters");
    }
    if text.chars().any(is_unprintable) {
        return Err("has control characters");
    }
    match kind {
        Kind::Name => checked_name(text).map_err(|_| "has more than 200 characters"),
        Kind::Email => Email::parse(text)
            .map(|email| email.to_string())
            .map_err(|_| "is no e-mail address"),
        Kind::Picture => picture(text).ok_or("is no address that begins with https://"),
        Kind::Date => date(text).ok_or("is no date such as 2026-11-22"),
        Kind::Locale => {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            let is_one = (2..=35).contains(&text.len()) && text.chars().all(fits);
            is_one
                .then(|| text.to_owned())
                .ok_or("is no language tag such as de-CH")
        }
        Kind::Text | Kind::Joined | Kind::Role | Kind::Team => Ok(text.to_owned()),
    }
}

fn picture(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let is_good = url.scheme() == "https"
        && url.host_str().is_some()
        && url.username().is_empty()
        && url.password().is_none();
    let written = url.to_string();
    (is_good && written.len() <= VALUE_LIMIT).then_some(written)
}

/// The day of `2026-11-22` and of `2026-11-22T08:00:00Z`.
fn date(text: &str) -> Option<String> {
    let day = text.get(..10)?;
    let rest = text.get(10..)?;
    let parts: Vec<&str> = day.split('-').collect();
    let [year, month, date] = parts.as_slice() else {
        return None;
    };
    let number = |text: &str, length: usize| {
        let digits = text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse::<u32>().ok()).flatten()
    };
    let (year, month, date) = (number(year, 4)?, number(month, 2)?, number(date, 2)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    let good = (1..=days).contains(&date) && (rest.is_empty() || rest.starts_with(['T', 't', ' ']));
    good.then(|| day.to_owned())
}

/// Checks the key of a field that the organization defines: lower-case letters, digits and underscores, and none of
/// ours.
pub fn checked_field_key(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if text.is_empty() || text.len() > KEY_LIMIT || !text.chars().all(fits) {
        return Err("A key has 1 to 40 lower-case letters, digits or underscores.");
    }
    if find(text).is_some() || matches!(text, "id" | "state" | "access_group" | "own_role" | "version") {
        return Err("Doorward has a field of this name already. Choose another key.");
    }
    Ok(text.to_owned())
}
