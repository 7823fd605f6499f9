//! Teams and access groups: how the organization itself divides its people, whatever identity providers call theirs.

use serde::{Deserialize, Serialize};

use super::{AccessGroupId, TeamId, person::is_unprintable};

/// A person is in one or in none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    pub id: TeamId,
    /// What an identity provider sends must equal it exactly.
    pub name: String,
    pub version: i64,
}

/// Whom somebody sees in the directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    #[default]
    Everybody,
    /// The people of their own team, and themselves.
    Team,
    Oneself,
}

impl Reach {
    pub const ALL: [Reach; 3] = [Reach::Everybody, Reach::Team, Reach::Oneself];

    pub fn key(self) -> &'static str {
        match self {
            Reach::Everybody => "everybody",
            Reach::Team => "team",
            Reach::Oneself => "oneself",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Reach::Everybody => "Everybody",
            Reach::Team => "Their own team",
            Reach::Oneself => "Only themselves",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reach| reach.key() == key)
    }
}

/// What somebody may see: always set by hand, never by an identity provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Visibility {
    pub people: Reach,
}

/// The organization's own group: a person is in at most one, and has its role while they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessGroup {
    pub id: AccessGroupId,
    pub name: String,
    /// Key of a role.
    pub role: String,
    pub visibility: Visibility,
    /// Of several that match, the one with the lowest number counts.
    pub priority: i64,
    pub version: i64,
}

/// Longest name of a team or an access group, in characters.
pub const NAME_LIMIT: usize = 200;

/// Trims the name of a team or an access group and checks it.
pub fn checked_name(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Err("Enter a name.");
    }
    if text.chars().count() > NAME_LIMIT {
        return Err("A name has at most 200 characters.");
    }
    if text.chars().any(is_unprintable) {
        return Err("A name has no control characters.");
    }
    Ok(text.to_owned())
}
