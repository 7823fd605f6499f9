//! The provisioning of a connection: its settings, and what turning it on does.

use serde_json::{Value, json};

use crate::error::{FieldProblem, Result};
use crate::flows::Act;
use crate::flows::provision::project;
use crate::model::provisioning::{Required, Sync};
use crate::model::{Connection, ScimSettings};
use crate::store;
use crate::store::directory::users;

/// The settings of provisioning. `None` leaves one as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScimFields {
    pub enabled: Option<bool>,
    /// `automatic` or `held`.
    pub sync: Option<String>,
    pub create: Option<bool>,
    pub update: Option<bool>,
    pub deactivate: Option<bool>,
    pub guard_people: Option<i64>,
    pub guard_percent: Option<i64>,
    /// Out of `given_name`, `family_name`, `email`; replaces the list.
    pub required: Option<Vec<String>>,
    pub groups_in_users: Option<bool>,
    pub refuse_unknown_members: Option<bool>,
    pub log_days: Option<i64>,
    pub invite: Option<bool>,
}

const MOST_PEOPLE: i64 = 1_000_000;
const MOST_LOG_DAYS: i64 = 3_660;

/// Puts the fields into the settings; every field that makes no sense is a problem.
pub(super) fn change(settings: &mut ScimSettings, fields: &ScimFields, problems: &mut Vec<FieldProblem>) {
    let switches = [
        (&mut settings.enabled, fields.enabled),
        (&mut settings.create, fields.create),
        (&mut settings.update, fields.update),
        (&mut settings.deactivate, fields.deactivate),
        (&mut settings.invite, fields.invite),
        (&mut settings.groups_in_users, fields.groups_in_users),
        (
            &mut settings.refuse_unknown_members,
            fields.refuse_unknown_members,
        ),
    ];
    for (setting, wanted) in switches {
        *setting = wanted.unwrap_or(*setting);
    }
    let mut wrong = |field: &str, message: String| {
        problems.push(FieldProblem {
            field: field.to_owned(),
            message,
        });
    };
    match fields.sync.as_deref() {
        None => {}
        Some("automatic") => settings.sync = Sync::Automatic,
        Some("held") => settings.sync = Sync::Held,
        Some(_) => wrong("sync", "Choose automatic or held.".to_owned()),
    }
    let numbers = [
        (
            "guard_people",
            &mut settings.guard_people,
            fields.guard_people,
            0..=MOST_PEOPLE,
        ),
        (
            "guard_percent",
            &mut settings.guard_percent,
            fields.guard_percent,
            0..=100,
        ),
        (
            "log_days",
            &mut settings.log_days,
            fields.log_days,
            1..=MOST_LOG_DAYS,
        ),
    ];
    for (field, setting, wanted, range) in numbers {
        match wanted {
            Some(number) if !range.contains(&number) => {
                let (least, most) = range.into_inner();
                wrong(field, format!("Enter a whole number from {least} to {most}."));
            }
            Some(number) => *setting = u32::try_from(number).unwrap_or(*setting),
            None => {}
        }
    }
    if let Some(names) = &fields.required {
        match required(names) {
            Some(list) => settings.required = list,
            None => wrong(
                "required",
                "Choose among given_name, family_name and email.".to_owned(),
            ),
        }
    }
}

/// In the order of the enumeration, each once.
fn required(names: &[String]) -> Option<Vec<Required>> {
    const ALL: [(&str, Required); 3] = [
        ("given_name", Required::GivenName),
        ("family_name", Required::FamilyName),
        ("email", Required::Email),
    ];
    let known = names.iter().all(|name| ALL.iter().any(|(key, _)| key == name));
    let chosen = ALL
        .into_iter()
        .filter(|(key, _)| names.iter().any(|name| name == key));
    known.then(|| chosen.map(|(_, required)| required).collect())
}

/// Provisioning that is turned on where people are already, and whose identity provider has written nobody yet, is held
/// until somebody says otherwise.
pub(super) fn begin(act: &Act, was: &Connection, is: &mut Connection, fields: &ScimFields) -> Result<()> {
    let begins = is.scim.enabled && !was.scim.enabled && fields.sync.is_none();
    if begins
        && users::count_claimed(act.w, is.id)? == 0
        && store::people::count(act.w, &store::people::Narrow::default())? > 1
    {
        is.scim.sync = Sync::Held;
    }
    Ok(())
}

/// What changed beyond the row itself: provisioning that was just turned on shows everybody to the identity provider.
pub(super) fn changed(act: &Act, was: &Connection, is: &Connection) -> Result<()> {
    if is.scim.enabled && !was.scim.enabled {
        project::everybody(act, is.id)?;
    }
    Ok(())
}

/// For events: the settings under the names that `apply` knows.
pub(super) fn facts(settings: &ScimSettings) -> Value {
    json!(settings)
}
