//! What of an identity provider's words becomes ours: a table of rows for each connection, and what it makes of what
//! was received.
//!
//! A row names a source (SAML attribute, OIDC claim, SCIM path), one of our fields, and when it writes: on creation
//! only, or always, or never; at sign-in only where it says so. Everything received is hostile: too long, unprintable
//! or malformed values are left out with a remark, never cut and never passed on. No row makes an owner unless an owner
//! allowed that very value by name.

mod evaluate;
mod field;
mod path;
mod received;
mod role;

pub use evaluate::{Occasion, Outcome, Write};
pub use field::{
    CORE, KNOWN, Kind, Known, LABEL_LIMIT, VALUE_LIMIT, checked, checked_field_key, kind_of, label,
};
pub use received::Received;
pub use role::{RoleChoice, choose};

use serde::{Deserialize, Serialize};

/// Most rows of a mapping.
pub const MOST_ROWS: usize = 60;
/// Most lines of its role table.
pub const MOST_ROLES: usize = 200;

/// When a row writes its field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// When the person is made, and never again.
    #[default]
    Create,
    /// Also whenever the provider sends it, over what was written by hand.
    Overwrite,
    Off,
}

impl Rule {
    pub const ALL: [Rule; 3] = [Rule::Create, Rule::Overwrite, Rule::Off];

    pub fn key(self) -> &'static str {
        match self {
            Rule::Create => "create",
            Rule::Overwrite => "overwrite",
            Rule::Off => "off",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Rule::Create => "Write on create only",
            Rule::Overwrite => "Overwrite on update",
            Rule::Off => "Do not map",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.key() == key)
    }
}

/// One row of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Row {
    /// What the provider calls it; empty: whatever the field is usually called.
    pub source: String,
    /// Key of our field.
    pub field: String,
    pub rule: Rule,
    /// Written when a person is made and the provider sends nothing.
    pub default: String,
    /// The row also acts when somebody who is here already signs in.
    pub at_sign_in: bool,
}

/// One line of the role table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoleValue {
    /// Compared without regard to case.
    pub value: String,
    /// Key of a role.
    pub role: String,
    /// An owner allowed, by name, that this value makes owners.
    pub may_own: bool,
}

/// The mapping of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mapping {
    /// The first row of a field for which something usable was received counts.
    pub rows: Vec<Row>,
    /// Empty: a value is the key of a role.
    pub roles: Vec<RoleValue>,
    /// Key of the role for values that are unknown or missing: the lowest (empty), or one without portal.
    pub otherwise: String,
    /// What this connection overwrites cannot be edited by hand.
    pub lock: bool,
}

impl Default for Mapping {
    /// Names and address follow the provider's provisioning, and signing in changes nothing.
    fn default() -> Self {
        let row = |field: &str| Row {
            field: field.to_owned(),
            rule: Rule::Overwrite,
            ..Row::default()
        };
        Self {
            rows: CORE.map(row).to_vec(),
            roles: Vec::new(),
            otherwise: String::new(),
            lock: false,
        }
    }
}

impl Mapping {
    /// The rows of a field that are not off.
    pub fn rows_of<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a Row> {
        self.rows
            .iter()
            .filter(move |row| row.field == field && row.rule != Rule::Off)
    }

    /// Does provisioning write this field over what was written by hand?
    pub fn overwrites(&self, field: &str) -> bool {
        self.rows_of(field).any(|row| row.rule == Rule::Overwrite)
    }

    /// Does a sign-in?
    pub fn overwrites_at_sign_in(&self, field: &str) -> bool {
        self.rows_of(field)
            .any(|row| row.rule == Rule::Overwrite && row.at_sign_in)
    }

    /// Does any row act at the sign-in of somebody who is here already?
    pub fn acts_at_sign_in(&self) -> bool {
        self.rows
            .iter()
            .any(|row| row.rule == Rule::Overwrite && row.at_sign_in)
    }

    /// Whether it maps this field at all.
    pub fn maps(&self, field: &str) -> bool {
        self.rows_of(field).next().is_some()
    }

    /// Are there rows beyond names and address?
    pub fn goes_further(&self) -> bool {
        self.rows
            .iter()
            .any(|row| row.rule != Rule::Off && !CORE.contains(&row.field.as_str()))
    }

    /// May one of its values make somebody an owner?
    pub fn may_own(&self) -> bool {
        self.roles.iter().any(|line| line.may_own)
    }
}

/// People who are added when they sign in for the first time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Jit {
    pub enabled: bool,
    /// Key of the role for values that are unknown or missing; empty: as the mapping says.
    pub role: String,
    /// Id of the team for those whom no attribute puts into one; empty: none.
    pub team: String,
}

#[cfg(test)]
mod tests;
