//! Roles: what a person may do here. An ordered list of the organization's own, each a set of permissions.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One thing that a role may allow. The set is fixed; which role has which is the organization's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    UseApps,
    Portal,
    SeeDirectory,
    ManagePeople,
    ManageAccess,
    ManageIntegrations,
    SeeActivity,
    /// Everything, and whatever comes later.
    Own,
}

impl Permission {
    pub const ALL: [Permission; 8] = [
        Permission::UseApps,
        Permission::Portal,
        Permission::SeeDirectory,
        Permission::ManagePeople,
        Permission::ManageAccess,
        Permission::ManageIntegrations,
        Permission::SeeActivity,
        Permission::Own,
    ];

    pub fn key(self) -> &'static str {
        match self {
            Permission::UseApps => "use_apps",
            Permission::Portal => "portal",
            Permission::SeeDirectory => "see_directory",
            Permission::ManagePeople => "manage_people",
            Permission::ManageAccess => "manage_access",
            Permission::ManageIntegrations => "manage_integrations",
            Permission::SeeActivity => "see_activity",
            Permission::Own => "own",
        }
    }

    /// As the rest of "may …".
    pub fn words(self) -> &'static str {
        match self {
            Permission::UseApps => "use apps",
            Permission::Portal => "sign in to the portal",
            Permission::SeeDirectory => "see the directory",
            Permission::ManagePeople => "manage people",
            Permission::ManageAccess => "manage access",
            Permission::ManageIntegrations => "manage integrations",
            Permission::SeeActivity => "see activity",
            Permission::Own => "own the organization",
        }
    }

    /// What it comes to, for the page on which roles are edited.
    pub fn hint(self) -> &'static str {
        match self {
            Permission::UseApps => "Come in through Doorward to the apps that are shown to them.",
            Permission::Portal => "Open Doorward's own pages for members: the home with its apps.",
            Permission::SeeDirectory => "See who else is here, as far as their visibility goes.",
            Permission::ManagePeople => {
                "Add, change and deactivate people whose role has less than their own."
            }
            Permission::ManageAccess => "Edit teams, access groups and apps.",
            Permission::ManageIntegrations => {
                "Set up identity providers, provisioning and their credentials."
            }
            Permission::SeeActivity => "Read sign-ins and the audit log.",
            Permission::Own => "Everything, including who is an owner.",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.key() == key)
    }

    fn bit(self) -> u8 {
        1 << (self as u8)
    }
}

/// A set of permissions. Whoever owns has all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions(u8);

impl Permissions {
    pub const NONE: Self = Self(0);
    pub const ALL: Self = Self(u8::MAX);

    pub fn of(permissions: impl IntoIterator<Item = Permission>) -> Self {
        let bits = permissions.into_iter().fold(0, |bits, p| bits | p.bit());
        if bits & Permission::Own.bit() == 0 {
            Self(bits)
        } else {
            Self::ALL
        }
    }

    pub fn has(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    pub fn has_any(self, permissions: &[Permission]) -> bool {
        permissions.iter().any(|permission| self.has(*permission))
    }

    /// All of the other's.
    pub fn include(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// All of the other's, and at least one more.
    pub fn is_more_than(self, other: Self) -> bool {
        self.0 & other.0 == other.0 && self.0 != other.0
    }

    /// Do they open any of the settings pages?
    pub fn open_settings(self) -> bool {
        self.has_any(&SETTINGS)
    }

    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |p| self.has(*p))
    }
}

impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter().map(Permission::key))
    }
}

impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let keys = Vec::<String>::deserialize(from)?;
        let parse = |key: &String| {
            Permission::parse(key).ok_or_else(|| {
                let known = Permission::ALL.map(Permission::key).join(", ");
                serde::de::Error::custom(format!("there is no permission \"{key}\"; there are {known}"))
            })
        };
        let permissions: Result<Vec<Permission>, D::Error> = keys.iter().map(parse).collect();
        Ok(Self::of(permissions?))
    }
}

/// Longest key and name of a role, in characters.
pub const KEY_LIMIT: usize = 64;
/// Longest hint.
pub const HINT_LIMIT: usize = 300;

/// One role of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// What identity providers send; never changed.
    pub key: String,
    pub name: String,
    /// What it may do, in the organization's words; stands on the pages where the role is chosen.
    pub hint: String,
    pub permissions: Permissions,
    /// Place in the list: the lowest comes first, and is what somebody gets of whom nothing better is known.
    pub position: i64,
    pub version: i64,
}

/// What opens at least one of the settings pages.
const SETTINGS: [Permission; 5] = [
    Permission::ManagePeople,
    Permission::ManageAccess,
    Permission::ManageIntegrations,
    Permission::SeeActivity,
    Permission::Own,
];

impl Role {
    /// What a command on the server may do: everything.
    pub fn of_the_server() -> Self {
        Self::nameless(Permissions::ALL)
    }

    /// Nothing: who acts is no person.
    pub fn of_nobody() -> Self {
        Self::nameless(Permissions::NONE)
    }

    fn nameless(permissions: Permissions) -> Self {
        Self {
            key: String::new(),
            name: String::new(),
            hint: String::new(),
            permissions,
            position: 0,
            version: 0,
        }
    }

    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.has(permission)
    }

    pub fn owns(&self) -> bool {
        self.may(Permission::Own)
    }

    /// May somebody with this role open any of the settings pages?
    pub fn is_admin(&self) -> bool {
        self.permissions.open_settings()
    }

    /// Nobody gives, takes or touches what they do not have themselves, nor their equals.
    pub fn may_manage(&self, other: &Role) -> bool {
        self.owns()
            || (self.may(Permission::ManagePeople) && self.permissions.is_more_than(other.permissions))
    }
}

/// For events and files: by its key.
impl Serialize for Role {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.key)
    }
}

/// Trims a key and checks it: letters, digits, `.`, `_`, `-` and `:`, as identity providers send them.
pub fn checked_key(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | ':');
    if text.is_empty() || text.chars().count() > KEY_LIMIT || !text.chars().all(fits) {
        return Err(
            "A key has 1 to 64 letters, digits, dots, colons, hyphens or underscores, and no spaces.",
        );
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_owns_has_everything_and_nobody_manages_equals() {
        let own = Permissions::of([Permission::Own]);
        assert_eq!(own, Permissions::ALL);
        let people = Permissions::of([Permission::UseApps, Permission::ManagePeople]);
        let less = Permissions::of([Permission::UseApps]);
        let other = Permissions::of([Permission::SeeActivity]);
        let role = Role::nameless;
        assert!(role(own).may_manage(&role(own)));
        assert!(role(people).may_manage(&role(less)));
        for (who, whom) in [
            (people, people),
            (people, own),
            (people, other),
            (less, Permissions::NONE),
        ] {
            assert!(!role(who).may_manage(&role(whom)), "{who:?} {whom:?}");
        }
    }

    #[test]
    fn permissions_travel_by_their_keys() {
        let some = Permissions::of([Permission::UseApps, Permission::SeeActivity]);
        let text = serde_json::to_string(&some).expect("text");
        assert_eq!(text, r#"["use_apps","see_activity"]"#);
        assert_eq!(serde_json::from_str::<Permissions>(&text).ok(), Some(some));
        assert!(serde_json::from_str::<Permissions>(r#"["fly"]"#).is_err());
    }
}
