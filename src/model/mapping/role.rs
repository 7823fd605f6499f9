//! Which role a value means.

use super::Mapping;
use crate::model::Role;

/// A role, and on which grounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleChoice<'a> {
    pub role: &'a Role,
    /// `userType is "Manager"`.
    pub rule: String,
    /// The value itself means this role; else nothing better was known.
    pub is_said: bool,
    /// An owner allowed, by name, that this value makes owners.
    pub may_own: bool,
    /// The role that owns, where the value means one and may make nobody an owner.
    pub refused: Option<&'a Role>,
    pub remark: Option<String>,
}

/// What a value that was read from `source` means. `first`: key of the role that comes before the mapping's own choice
/// for values that are unknown or missing; empty: none. `roles` in their order, the lowest first. `None` only where
/// there is no role that does not own.
pub fn choose<'a>(
    mapping: &Mapping,
    value: Option<&str>,
    source: &str,
    first: &str,
    roles: &'a [Role],
) -> Option<RoleChoice<'a>> {
    let find = |key: &str| roles.iter().find(|role| role.key.eq_ignore_ascii_case(key));
    let Some(value) = value.map(str::trim).filter(|value| !value.is_empty()) else {
        let source = if source.is_empty() {
            "value for the role"
        } else {
            source
        };
        return lowest(mapping, first, roles, format!("no {source} was received"), None);
    };
    let line = mapping
        .roles
        .iter()
        .find(|line| line.value.to_lowercase() == value.to_lowercase());
    let said = if source.is_empty() { "the default" } else { source };
    let rule = format!("{said} is \"{}\"", value.chars().take(100).collect::<String>());
    let (key, may_own) = match line {
        Some(line) => (line.role.as_str(), line.may_own),
        None if mapping.roles.is_empty() => (value, false),
        None => {
            let remark = format!("The role table does not know this value: {rule}.");
            let rule = format!("{rule}, which the role table does not know");
            return lowest(mapping, first, roles, rule, Some(remark));
        }
    };
    match find(key) {
        Some(role) if role.owns() && !may_own => {
            let remark = format!(
                "{rule}, which means {}: an identity provider makes nobody an owner unless an owner allowed this value \
                 by name.",
                role.name
            );
            let rule = format!("{rule}, which may make nobody an owner");
            let lowest = lowest(mapping, first, roles, rule, Some(remark))?;
            Some(RoleChoice {
                refused: Some(role),
                ..lowest
            })
        }
        Some(role) => Some(RoleChoice {
            role,
            rule,
            is_said: true,
            may_own: may_own && role.owns(),
            refused: None,
            remark: None,
        }),
        None => {
            let remark = format!("There is no such role here: {rule}.");
            let rule = format!("{rule}, and there is no such role");
            lowest(mapping, first, roles, rule, Some(remark))
        }
    }
}

/// The role of those of whom nothing better is known; it never owns.
fn lowest<'a>(
    mapping: &Mapping,
    first: &str,
    roles: &'a [Role],
    rule: String,
    remark: Option<String>,
) -> Option<RoleChoice<'a>> {
    let named = |key: &str| {
        roles
            .iter()
            .find(|role| !key.is_empty() && role.key.eq_ignore_ascii_case(key) && !role.owns())
    };
    let role = named(first)
        .or_else(|| named(&mapping.otherwise))
        .or_else(|| roles.iter().find(|role| !role.owns()))?;
    Some(RoleChoice {
        role,
        rule,
        is_said: false,
        may_own: false,
        refused: None,
        remark,
    })
}
