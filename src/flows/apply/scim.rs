//! `[connection.scim]`: the provisioning of a connection.

use serde::Deserialize;

use crate::flows::connect::ScimFields;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScimPart {
    enabled: Option<bool>,
    sync: Option<String>,
    create: Option<bool>,
    update: Option<bool>,
    deactivate: Option<bool>,
    guard_people: Option<i64>,
    guard_percent: Option<i64>,
    required: Option<Vec<String>>,
    groups_in_users: Option<bool>,
    refuse_unknown_members: Option<bool>,
    log_days: Option<i64>,
    invite: Option<bool>,
}

impl From<ScimPart> for ScimFields {
    fn from(part: ScimPart) -> Self {
        Self {
            enabled: part.enabled,
            sync: part.sync,
            create: part.create,
            update: part.update,
            deactivate: part.deactivate,
            guard_people: part.guard_people,
            guard_percent: part.guard_percent,
            required: part.required,
            groups_in_users: part.groups_in_users,
            refuse_unknown_members: part.refuse_unknown_members,
            log_days: part.log_days,
            invite: part.invite,
        }
    }
}
