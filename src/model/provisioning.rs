//! What an admin sets for the provisioning of a connection, and the nouns of the mirror.

use serde::{Deserialize, Serialize};

use super::{ConnectionId, HoldId, PersonId, ScimId, Timestamp};

/// The SCIM side of a connection. A JSON column: every field has a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScimSettings {
    /// Off: every request is answered 403.
    pub enabled: bool,
    pub sync: Sync,
    /// May the identity provider add people, change them, deactivate and reactivate them? Where it may not, it is
    /// answered as if it could, and only the mirror changes.
    pub create: bool,
    pub update: bool,
    pub deactivate: bool,
    /// More removals than this many people *and* this share within ten minutes wait for an admin. 0: no guard.
    pub guard_people: u32,
    pub guard_percent: u32,
    /// What a user must have, or the request is refused.
    pub required: Vec<Required>,
    /// `groups` in the body of a user is the truth about that user's memberships (OneLogin can send it).
    pub groups_in_users: bool,
    /// Refuse a member that does not exist, instead of skipping it.
    pub refuse_unknown_members: bool,
    /// How long requests are kept.
    pub log_days: u32,
    /// Whoever is added gets an invitation.
    pub invite: bool,
}

impl Default for ScimSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            sync: Sync::Automatic,
            create: true,
            update: true,
            deactivate: true,
            guard_people: 5,
            guard_percent: 20,
            required: Vec::new(),
            groups_in_users: false,
            refuse_unknown_members: false,
            log_days: 30,
            invite: false,
        }
    }
}

/// When what the identity provider sends reaches the people here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sync {
    /// In the same transaction as the request.
    #[default]
    Automatic,
    /// When an admin applies it.
    Held,
}

/// A field without which a user is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Required {
    GivenName,
    FamilyName,
    Email,
}

/// A user as one connection sees it: what its identity provider wrote, or, before it wrote anything, a person of
/// ours shown to it.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectoryUser {
    /// The row's number: never reused, the order of every list.
    pub seq: i64,
    pub id: ScimId,
    pub connection_id: ConnectionId,
    pub person_id: Option<PersonId>,
    /// The identity provider has written it. Before, it is a projection of the person and follows them.
    pub claimed: bool,
    /// The identity provider created it, so that the person, if there is one, came through SCIM.
    pub created_here: bool,
    pub user_name: String,
    pub external_id: Option<String>,
    pub active: bool,
    /// The resource without `id`, `meta`, `groups` and `password`.
    pub document: serde_json::Map<String, serde_json::Value>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

/// A group that an identity provider pushed.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectoryGroup {
    pub seq: i64,
    pub id: ScimId,
    pub connection_id: ConnectionId,
    pub external_id: Option<String>,
    pub display_name: String,
    /// The resource without `id`, `meta` and `members`.
    pub document: serde_json::Map<String, serde_json::Value>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

/// The two kinds of resources that are provisioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ResourceKind {
    User,
    Group,
}

impl ResourceKind {
    /// `User`, as in `meta.resourceType`.
    pub fn name(self) -> &'static str {
        match self {
            ResourceKind::User => "User",
            ResourceKind::Group => "Group",
        }
    }

    /// `Users`, as in the address.
    pub fn endpoint(self) -> &'static str {
        match self {
            ResourceKind::User => "Users",
            ResourceKind::Group => "Groups",
        }
    }
}

/// What an identity provider takes from a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// `active` became false.
    Deactivate,
    /// The user was deleted.
    Delete,
    /// A membership of this group (its row's number) ended.
    Leave(i64),
}

impl Taken {
    pub fn key(self) -> &'static str {
        match self {
            Taken::Deactivate => "deactivate",
            Taken::Delete => "delete",
            Taken::Leave(_) => "leave",
        }
    }

    /// Does it end the person's account here? Leaving a group does not.
    pub fn is_account(self) -> bool {
        !matches!(self, Taken::Leave(_))
    }
}

/// How a removal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemovalState {
    /// It reached the person.
    Applied,
    /// It waits for an admin.
    Held,
    /// An admin decided that the person stays.
    Discarded,
    /// The identity provider took it back while it waited.
    Withdrawn,
    /// It had reached the person, and an admin put it back.
    Restored,
}

impl RemovalState {
    pub const ALL: [RemovalState; 5] = [
        RemovalState::Applied,
        RemovalState::Held,
        RemovalState::Discarded,
        RemovalState::Withdrawn,
        RemovalState::Restored,
    ];

    pub fn key(self) -> &'static str {
        match self {
            RemovalState::Applied => "applied",
            RemovalState::Held => "held",
            RemovalState::Discarded => "discarded",
            RemovalState::Withdrawn => "withdrawn",
            RemovalState::Restored => "restored",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.key() == key)
    }
}

/// Something that a connection took from a person, or wants to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    pub id: HoldId,
    pub connection_id: ConnectionId,
    pub person_id: PersonId,
    /// The mirror's row, while it is kept.
    pub user_seq: Option<i64>,
    pub what: Taken,
    pub state: RemovalState,
    /// Of the request that asked for it.
    pub reference: String,
    pub at: Timestamp,
    /// When the request asked for it: before `at`, where it waited in a review.
    pub asked_at: Timestamp,
    pub decided_at: Option<Timestamp>,
    pub decided_by: Option<String>,
}
