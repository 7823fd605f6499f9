//! `[connection.mapping]` and `[connection.jit]` of an application file, and `[[profile_field]]`.

use serde::{Deserialize, Serialize};

use crate::flows::connect::{MappingFields, RowFields};
use crate::model::mapping::{RoleValue, Rule};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MappingPart {
    row: Option<Vec<RowPart>>,
    role: Option<Vec<RolePart>>,
    otherwise: Option<String>,
    lock: Option<bool>,
}

/// A row of a mapping, as files say it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowPart {
    pub field: String,
    #[serde(default)]
    pub source: String,
    #[serde(default = "overwrite")]
    pub rule: String,
    #[serde(default)]
    pub default: String,
    #[serde(default)]
    pub at_sign_in: bool,
}

/// The rule of a row that names none.
pub fn overwrite() -> String {
    Rule::Overwrite.key().to_owned()
}

impl From<RowPart> for RowFields {
    fn from(row: RowPart) -> Self {
        Self {
            source: row.source,
            field: row.field,
            rule: row.rule,
            default: row.default,
            at_sign_in: row.at_sign_in,
        }
    }
}

/// Which value gives which role, as files say it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolePart {
    pub value: String,
    pub role: String,
    #[serde(default)]
    pub may_own: bool,
}

impl From<RolePart> for RoleValue {
    fn from(line: RolePart) -> Self {
        Self {
            value: line.value,
            role: line.role,
            may_own: line.may_own,
        }
    }
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
    Some(MappingFields {
        rows: mapping.row.map(|rows| rows.into_iter().map(Into::into).collect()),
        roles: mapping
            .role
            .map(|lines| lines.into_iter().map(Into::into).collect()),
        otherwise: mapping.otherwise,
        lock: mapping.lock,
        jit: jit.enabled,
        jit_role: jit.role,
        jit_team: jit.team,
    })
}
