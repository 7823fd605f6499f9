//! Nouns and rules, no I/O: everything here can be used without a database, a clock or a network.
//!
//! One file per noun. Rules that only need the noun itself (may this role do that? is this slug well
//! formed?) live beside it; what needs other rows lives in `flows`.

pub mod access;
pub mod app;
pub mod check;
pub mod connection;
pub mod domain;
pub mod email;
pub mod enforcement;
pub mod event;
pub mod feature;
pub mod filter;
pub mod ids;
pub mod invitation;
pub mod link;
pub mod mail;
pub mod mapping;
pub mod openid;
pub mod organization;
pub mod person;
pub mod profile;
pub mod provider;
pub mod provisioning;
pub mod return_to;
pub mod review;
pub mod role;
pub mod session;
pub mod sign_in;
pub mod slug;
pub mod time;

pub use access::{AccessGroup, Reach, Team, Visibility};
pub use app::{App, Picture};
pub use check::{Attribute, Check, Verdict};
pub use connection::{
    Connection, IdentityProvider, LogoutService, PinnedCertificate, Protocol, RequestBinding, SamlSettings,
    Unsolicited,
};
pub use domain::Domain;
pub use email::Email;
pub use enforcement::{BreakGlass, Enforcement};
pub use event::{Action, Actor, Event, NewEvent, Subject};
pub use feature::{Feature, Features};
pub use ids::{
    AccessGroupId, AccessRequestId, AppId, ConnectionId, CredentialId, EnforcementId, FeedId, HoldId,
    IdentityId, MailId, PasskeyId, PersonId, ReviewId, ScimId, ScimRequestId, SessionId, SignInId, TeamId,
};
pub use invitation::{Invitation, InvitationEnd, InvitationState, InvitedHow};
pub use link::{OneTimeLink, Purpose};
pub use mail::{Mail, MailSecurity, MailSettings, MailState};
pub use mapping::{Jit, Mapping};
pub use openid::{ClientAuth, OidcSettings, OpenIdProvider};
pub use organization::{BaseUrl, Organization, Settings};
pub use person::{Person, PersonState};
pub use provider::Provider;
pub use provisioning::{
    DirectoryGroup, DirectoryUser, Removal, RemovalState, ResourceKind, ScimSettings, Taken,
};
pub use return_to::local_path;
pub use review::{Before, LineKind, Review, ReviewLine, Waiting};
pub use role::{Permission, Permissions, Role};
pub use session::{IdpSession, Method, Session};
pub use sign_in::{Outcome, SignIn, SignInKind};
pub use slug::Slug;
pub use time::Timestamp;
