//! The further fields of a person: on their page, and in the form; which of them an identity provider overwrites.

use crate::error::Result;
use crate::flows::mapping::{self, Overwritten};
use crate::model::mapping::{Kind, kind_of, label};
use crate::model::profile::Profile;
use crate::model::{Connection, Person, PersonId, Timestamp};
use crate::store::{self, Reader};
use crate::web::form::{Field, Form};
use crate::web::urls;

/// A form names its controls at compile time: those of the fields that the organization defines, in their order.
const OWN: [&str; 20] = [
    "own_1", "own_2", "own_3", "own_4", "own_5", "own_6", "own_7", "own_8", "own_9", "own_10", "own_11",
    "own_12", "own_13", "own_14", "own_15", "own_16", "own_17", "own_18", "own_19", "own_20",
];

/// One field on a person's page.
pub struct FieldLine {
    pub label: String,
    pub value: String,
    /// The integration that overwrites it, or that wrote it once, with the address of its page.
    pub by: Option<(String, String)>,
    pub is_overwritten: bool,
    pub is_locked: bool,
    pub reference: Option<String>,
    pub at: Option<Timestamp>,
}

/// Names, address, and whatever further field has a value or is overwritten.
pub fn lines(r: &Reader, person: &Person, connections: &[Connection]) -> Result<Vec<FieldLine>> {
    let profile = store::profiles::get(r, person.id)?;
    let kept = mapping::overwritten(r, person.id)?;
    let mut lines = Vec::new();
    let core = [
        ("given_name", person.given_name.clone()),
        ("family_name", person.family_name.clone()),
        ("email", person.email.to_string()),
    ];
    for (key, value) in core {
        lines.push(line(key, label(key), value, &profile, &kept, connections));
    }
    for (key, label) in mapping::field_labels(r)? {
        let value = profile.fields.get(&key).cloned().unwrap_or_default();
        let is_kept = kept.iter().any(|kept| kept.field == key);
        if !value.is_empty() || is_kept {
            lines.push(line(&key, &label, value, &profile, &kept, connections));
        }
    }
    Ok(lines)
}

fn line(
    key: &str,
    label: &str,
    value: String,
    profile: &Profile,
    kept: &[Overwritten],
    connections: &[Connection],
) -> FieldLine {
    let kept = kept.iter().find(|kept| kept.field == key);
    let source = match kept {
        Some(kept) => kept.source.as_ref(),
        None => profile.sources.get(key),
    };
    let once = || {
        let connection = connections
            .iter()
            .find(|c| Some(c.id) == source.map(|s| s.connection))?;
        Some((
            connection.name.clone(),
            urls::integration_part(connection.slug.as_str(), "mapping"),
        ))
    };
    let by = kept.map(|kept| {
        (
            kept.connection.clone(),
            urls::integration_part(&kept.slug, "mapping"),
        )
    });
    FieldLine {
        label: label.to_owned(),
        value,
        by: by.or_else(once),
        is_overwritten: kept.is_some(),
        is_locked: kept.is_some_and(|kept| kept.is_locked),
        reference: source.map(|source| source.reference.clone()),
        at: source.map(|source| source.at),
    }
}

/// The controls of the further fields: key and name of each.
pub fn controls(labels: &[(String, String)]) -> Vec<(String, &'static str)> {
    let mut own = OWN.iter();
    let name = |(key, _): &(String, String)| {
        let known = crate::model::mapping::KNOWN
            .iter()
            .find(|known| known.key == *key);
        let name = known.map(|known| known.key).or_else(|| own.next().copied())?;
        Some((key.clone(), name))
    };
    labels.iter().filter_map(name).collect()
}

/// Adds the further fields to a form, in front of its last field.
pub fn extend(mut form: Form, labels: &[(String, String)]) -> Form {
    let last = form.fields.pop();
    for ((key, name), (_, label)) in controls(labels).into_iter().zip(labels) {
        form.fields.push(match kind_of(&key) {
            Kind::Picture => Field::url(name, label.clone())
                .hint("An address that begins with https://.")
                .max(1_000),
            Kind::Date => Field::text(name, label.clone()).hint("As 2026-11-22.").max(30),
            Kind::Locale => Field::text(name, label.clone())
                .hint("A language tag, as de-CH.")
                .max(35),
            _ => Field::text(name, label.clone()).max(1_000),
        });
    }
    form.fields.extend(last);
    form
}

/// What the person has now, and at each field that is overwritten, by whom.
pub fn fill(mut form: Form, labels: &[(String, String)], profile: &Profile, kept: &[Overwritten]) -> Form {
    let controls = controls(labels);
    for (key, name) in &controls {
        form = form.with(name, profile.fields.get(key).cloned().unwrap_or_default());
    }
    for kept in kept {
        let name = controls.iter().find(|(key, _)| *key == kept.field);
        let name = name.map_or(kept.field.as_str(), |(_, name)| name);
        let Some(field) = form.fields.iter_mut().find(|field| field.name == name) else {
            continue;
        };
        let hint = match kept.is_locked {
            true => format!("{} keeps this field; change it there.", kept.connection),
            false => format!("{} overwrites this field when it changes there.", kept.connection),
        };
        let before = std::mem::take(&mut field.hint);
        field.hint = format!("{before} {hint}").trim().to_owned();
        field.readonly = kept.is_locked;
    }
    form
}

/// Everything that the form of one person needs, from one snapshot.
pub fn of_person(r: &Reader, person: PersonId) -> Result<(Profile, Vec<Overwritten>)> {
    Ok((store::profiles::get(r, person)?, mapping::overwritten(r, person)?))
}
