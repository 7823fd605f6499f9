//! A person of the organization's directory: ours, whatever an identity provider says.

use serde::{Deserialize, Serialize};

use super::{Email, PersonId, Timestamp};

/// What a person may do here. The order is the order of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Member,
    Admin,
    Owner,
}

impl Role {
    pub const ALL: [Role; 3] = [Role::Member, Role::Admin, Role::Owner];

    pub fn key(self) -> &'static str {
        match self {
            Role::Member => "member",
            Role::Admin => "admin",
            Role::Owner => "owner",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Role::Member => "Member",
            Role::Admin => "Admin",
            Role::Owner => "Owner",
        }
    }

    /// What the role may do, for the person's edit page.
    pub fn hint(self) -> &'static str {
        match self {
            Role::Member => "Signs in. Sees no settings.",
            Role::Admin => "Manages people and integrations, and sees activity.",
            Role::Owner => "Everything, including who is an admin or an owner.",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.key() == key)
    }

    /// May somebody with this role open the settings pages?
    pub fn is_admin(self) -> bool {
        self >= Role::Admin
    }

    /// Nobody gives, takes or touches what they do not have themselves.
    pub fn may_manage(self, other: Role) -> bool {
        self == Role::Owner || (self == Role::Admin && other == Role::Member)
    }
}

/// Whether the person may sign in at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PersonState {
    Active,
    Deactivated,
}

impl PersonState {
    pub fn key(self) -> &'static str {
        match self {
            PersonState::Active => "active",
            PersonState::Deactivated => "deactivated",
        }
    }
}

/// One row of the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub id: PersonId,
    pub email: Email,
    pub given_name: String,
    pub family_name: String,
    pub role: Role,
    pub state: PersonState,
    /// Counts the changes; a form sends it back, so that two admins cannot overwrite each other unseen.
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deactivated_at: Option<Timestamp>,
    pub last_sign_in_at: Option<Timestamp>,
}

impl Person {
    /// Given and family name, or the address when both are empty.
    pub fn display_name(&self) -> String {
        let name = format!("{} {}", self.given_name, self.family_name);
        match name.trim() {
            "" => self.email.to_string(),
            name => name.to_owned(),
        }
    }

    pub fn is_active(&self) -> bool {
        self.state == PersonState::Active
    }
}

/// Longest given or family name, in characters.
pub const NAME_LIMIT: usize = 200;

/// Trims a name and checks it: at most [`NAME_LIMIT`] characters, no control characters.
pub fn checked_name(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.chars().count() > NAME_LIMIT {
        return Err("A name has at most 200 characters.");
    }
    if text.chars().any(is_unprintable) {
        return Err("A name has no control characters.");
    }
    Ok(text.to_owned())
}

/// Control characters and the marks that turn the direction of the text around what follows.
pub fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}
