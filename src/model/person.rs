//! A person of the organization's directory: ours, whatever an identity provider says.

use serde::{Deserialize, Serialize};

use super::{AccessGroupId, Email, PersonId, Role, TeamId, Timestamp};

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    pub id: PersonId,
    pub email: Email,
    pub given_name: String,
    pub family_name: String,
    /// What counts: the role of their access group, else their own.
    pub role: Role,
    /// Key of the role that they have apart from an access group.
    pub own_role: String,
    pub team_id: Option<TeamId>,
    pub access_group_id: Option<AccessGroupId>,
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

/// A character without a width: with it an address looks like another one and is not.
pub fn is_unseen(c: char) -> bool {
    is_unprintable(c)
        || matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{206F}'
            | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}')
}
