//! The names under which IdPs send the same thing, as data. Adding one is adding a line here.
//!
//! Names are compared without case. Earlier names win, so a specific one stands before a general one.

/// A field of a [`super::Profile`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Email,
    GivenName,
    FamilyName,
    DisplayName,
    Groups,
    Role,
}

impl Field {
    /// The field's name, for traces and settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::GivenName => "given_name",
            Self::FamilyName => "family_name",
            Self::DisplayName => "display_name",
            Self::Groups => "groups",
            Self::Role => "role",
        }
    }

    /// The attribute names that carry it, best first.
    pub fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::Email => EMAIL,
            Self::GivenName => GIVEN_NAME,
            Self::FamilyName => FAMILY_NAME,
            Self::DisplayName => DISPLAY_NAME,
            Self::Groups => GROUPS,
            Self::Role => ROLE,
        }
    }
}

const EMAIL: &[&str] = &[
    "email",
    "mail",
    "emailAddress",
    "email_address",
    "e-mail",
    "user.email",
    "user.mail",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    "http://schemas.xmlsoap.org/claims/EmailAddress",
    "urn:oid:0.9.2342.19200300.100.1.3",
    "urn:oid:1.2.840.113549.1.9.1",
    // Often an address, and used only when it looks like one.
    "user_name",
    "username",
    "user.userprincipalname",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.6",
];

const GIVEN_NAME: &[&str] = &[
    "firstName",
    "first_name",
    "givenName",
    "given_name",
    "user.firstName",
    "user.first_name",
    "user.givenname",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
    "urn:oid:2.5.4.42",
];

const FAMILY_NAME: &[&str] = &[
    "lastName",
    "last_name",
    "familyName",
    "family_name",
    "surname",
    "sn",
    "user.lastName",
    "user.last_name",
    "user.surname",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
    "urn:oid:2.5.4.4",
];

const DISPLAY_NAME: &[&str] = &[
    "displayName",
    "display_name",
    "user.displayName",
    "http://schemas.microsoft.com/identity/claims/displayname",
    "urn:oid:2.16.840.1.113730.3.1.241",
    "name",
    "fullName",
    "cn",
    "urn:oid:2.5.4.3",
];

const GROUPS: &[&str] = &[
    "groups",
    "group",
    "memberOf",
    "user.groups",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
    "http://schemas.xmlsoap.org/claims/Group",
    "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
];

const ROLE: &[&str] = &[
    "role",
    "roles",
    "userType",
    "user.role",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
];
