//! What an admin sets for the provisioning of a connection.

use serde_json::Value;

use super::edit;
use crate::error::{Error, FieldProblem, Result};
use crate::flows::Act;
use crate::flows::provision::project;
use crate::model::provisioning::{Required, Sync};
use crate::model::{Connection, ScimSettings};
use crate::store;

/// The form, and `[connection.scim]` of `apply`. `None` leaves one as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScimFields {
    pub enabled: Option<bool>,
    pub sync: Option<Sync>,
    pub create: Option<bool>,
    pub update: Option<bool>,
    pub deactivate: Option<bool>,
    pub guard_people: Option<u32>,
    pub guard_percent: Option<u32>,
    pub required: Option<Vec<Required>>,
    pub groups_in_users: Option<bool>,
    pub refuse_unknown_members: Option<bool>,
    pub log_days: Option<u32>,
}

/// Longest time that requests are kept.
pub const LOG_DAYS_LIMIT: u32 = 3_650;

/// Changes the settings. Provisioning that is turned on shows everybody to the identity provider, in the same
/// transaction; turned off, it forgets what it only showed.
pub fn change_scim(act: &Act, slug: &str, fields: &ScimFields, version: Option<i64>) -> Result<Connection> {
    let was = store::connections::get_by_slug(act.w, slug)?;
    let is = edit(act, slug, version, |connection| {
        connection.scim = changed(&connection.scim, fields)?;
        Ok(())
    })?;
    if is.scim.enabled && !was.scim.enabled {
        project::everybody(act, is.id)?;
    }
    if was.scim.enabled && !is.scim.enabled {
        store::directory::users::delete_projections(act.w, is.id)?;
    }
    Ok(is)
}

fn changed(was: &ScimSettings, fields: &ScimFields) -> Result<ScimSettings> {
    let mut is = was.clone();
    let mut problems = Vec::new();
    let mut wrong = |field: &str, message: String| {
        problems.push(FieldProblem {
            field: field.to_owned(),
            message,
        });
    };
    let guard_percent = fields.guard_percent.unwrap_or(was.guard_percent);
    if guard_percent > 100 {
        wrong("guard_percent", "A share is at most 100 percent.".to_owned());
    }
    let log_days = fields.log_days.unwrap_or(was.log_days);
    if !(1..=LOG_DAYS_LIMIT).contains(&log_days) {
        wrong(
            "log_days",
            format!("Requests are kept for 1 to {LOG_DAYS_LIMIT} days."),
        );
    }
    if !problems.is_empty() {
        return Err(Error::invalid_fields(problems));
    }
    is.guard_percent = guard_percent;
    is.log_days = log_days;
    is.guard_people = fields.guard_people.unwrap_or(was.guard_people);
    is.enabled = fields.enabled.unwrap_or(was.enabled);
    is.sync = fields.sync.unwrap_or(was.sync);
    is.create = fields.create.unwrap_or(was.create);
    is.update = fields.update.unwrap_or(was.update);
    is.deactivate = fields.deactivate.unwrap_or(was.deactivate);
    is.groups_in_users = fields.groups_in_users.unwrap_or(was.groups_in_users);
    is.refuse_unknown_members = fields
        .refuse_unknown_members
        .unwrap_or(was.refuse_unknown_members);
    if let Some(required) = &fields.required {
        is.required.clone_from(required);
        is.required.dedup();
    }
    Ok(is)
}

/// The settings as events name them.
pub(super) fn facts(settings: &ScimSettings) -> Vec<(&'static str, Value)> {
    use serde_json::json;
    vec![
        ("provisioning", json!(settings.enabled)),
        ("scim_sync", json!(settings.sync)),
        ("scim_create", json!(settings.create)),
        ("scim_update", json!(settings.update)),
        ("scim_deactivate", json!(settings.deactivate)),
        ("guard_people", json!(settings.guard_people)),
        ("guard_percent", json!(settings.guard_percent)),
        ("scim_required", json!(settings.required)),
        ("groups_in_users", json!(settings.groups_in_users)),
        ("refuse_unknown_members", json!(settings.refuse_unknown_members)),
        ("log_days", json!(settings.log_days)),
    ]
}
