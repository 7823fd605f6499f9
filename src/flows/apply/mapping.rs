//! `[connection.mapping]` and `[connection.jit]` of an application file, and `[[profile_field]]`.

use serde::Deserialize;

use crate::flows::connect::{MappingFields, RowFields};
use crate::model::mapping::RoleValue;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MappingPart {
    row: Option<Vec<RowPart>>,
    role: Option<Vec<RolePart>>,
    otherwise: Option<String>,
    lock: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RowPart {
    field: String,
    #[serde(default)]
    source: String,
    #[serde(default = "overwrite")]
    rule: String,
    #[serde(default)]
    default: String,
    #[serde(default)]
    at_sign_in: bool,
}

fn overwrite() -> String {
    "overwrite".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RolePart {
    value: String,
    role: String,
    #[serde(default)]
    may_own: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JitPart {
    enabled: Option<bool>,
    role: Option<String>,
    team: Option<String>,
}

/// A field that the organization defines.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldPart {
    pub key: String,
    pub label: String,
}

/// Both parts as the flow takes them; `None` when the file says nothing of either.
pub fn fields(mapping: Option<MappingPart>, jit: Option<JitPart>) -> Option<MappingFields> {
    if mapping.is_none() && jit.is_none() {
        return None;
    }
    let (mapping, jit) = (mapping.unwrap_or_default(), jit.unwrap_or_default());
    let row = |row: RowPart| RowFields {
        source: row.source,
        field: row.field,
        rule: row.rule,
        default: row.default,
        at_sign_in: row.at_sign_in,
    };
    let role = |line: RolePart| RoleValue {
        value: line.value,
        role: line.role,
        may_own: line.may_own,
    };
    Some(MappingFields {
        rows: mapping.row.map(|rows| rows.into_iter().map(row).collect()),
        roles: mapping.role.map(|lines| lines.into_iter().map(role).collect()),
        otherwise: mapping.otherwise,
        lock: mapping.lock,
        jit: jit.enabled,
        jit_role: jit.role,
        jit_team: jit.team,
    })
}
