//! Identifiers as types of their own, so that a person's id can never be passed for a connection's.
//!
//! All are UUIDs made by us (version 7: rows made together lie together). No value that an identity
//! provider sends ever becomes one of these.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Timestamp;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id from the moment and 10 bytes of randomness.
            pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
                let millis = u64::try_from(now.0).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }

            /// The moment that it was made of.
            pub fn at(self) -> Timestamp {
                Timestamp((self.0.as_u128() >> 80) as i64)
            }

            /// Reads the hyphenated form; `None` for anything else.
            pub fn parse(text: &str) -> Option<Self> {
                // Exactly one spelling per id: braces, URNs and upper case are not ours.
                let id = Uuid::try_parse(text).ok()?;
                (id.as_hyphenated().to_string() == text).then_some(Self(id))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }
    };
}

id!(
    /// A person of the organization's directory.
    PersonId
);
id!(
    /// Our link to one identity provider.
    ConnectionId
);
id!(
    /// The tie between a person and a subject at an identity provider.
    IdentityId
);
id!(
    /// One attempt to sign in, kept with its trace.
    SignInId
);
id!(
    /// One signed-in browser.
    SessionId
);
id!(
    /// A passkey of a person.
    PasskeyId
);
id!(
    /// Somebody unknown who signed in at the identity provider and asked for an account.
    AccessRequestId
);

id!(
    /// A user or group as SCIM clients know it: ours, random, the same for ever.
    ScimId
);
id!(
    /// A token, passkey or grant by which a SCIM client proves itself.
    CredentialId
);
id!(
    /// One request of a SCIM client, as the log keeps it.
    ScimRequestId
);
id!(
    /// An effect on a person that waits for an admin.
    HoldId
);
id!(
    /// One enforcement of a connection.
    EnforcementId
);
id!(
    /// One mail on its way.
    MailId
);
id!(
    /// A team of the organization.
    TeamId
);
id!(
    /// An access group of the organization.
    AccessGroupId
);
id!(
    /// The choice that a group of an identity provider feeds an access group.
    FeedId
);
id!(
    /// An app on the members' home.
    AppId
);
id!(
    /// A plan, or a part of one, that an admin applied.
    ReviewId
);
