//! The event log: every change appends one event in the transaction that makes the change.
//!
//! Each event carries the hash of the one before it, so that an edit, a removal or a swap shows.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Timestamp;

mod actor;

pub use actor::Actor;

/// What was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// `person`, `connection`, `organization`, `session`, `access_request`.
    pub kind: &'static str,
    pub id: String,
    pub label: String,
}

/// What happened, as `noun.verb`: a closed list, so that pages and tests can name all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    OrganizationSetUp,
    OrganizationChanged,
    RoleAdded,
    RoleChanged,
    RoleMoved,
    RoleRemoved,
    TeamAdded,
    TeamChanged,
    TeamRemoved,
    AccessGroupAdded,
    AccessGroupChanged,
    AccessGroupMoved,
    AccessGroupRemoved,
    FeedAdded,
    FeedRemoved,
    AppAdded,
    AppChanged,
    AppRemoved,
    PersonAdded,
    PersonChanged,
    PersonDeactivated,
    PersonReactivated,
    PersonRemoved,
    IdentityLinked,
    IdentityUnlinked,
    ConnectionAdded,
    ConnectionChanged,
    ConnectionEnabled,
    ConnectionDisabled,
    ConnectionRemoved,
    DomainConfirmed,
    DomainWithdrawn,
    SessionStarted,
    SessionEnded,
    AccessRequested,
    AccessRequestDismissed,
    PassphraseChanged,
    RecoveryCodesMade,
    DirectoryUserAdded,
    DirectoryUserChanged,
    DirectoryUserRemoved,
    DirectoryGroupAdded,
    DirectoryGroupChanged,
    DirectoryGroupRemoved,
    RemovalHeld,
    RemovalApplied,
    RemovalDiscarded,
    RemovalWithdrawn,
    RemovalRestored,
    ReviewLinkChosen,
    ReviewLeftOut,
    ReviewApplied,
    ReviewUndone,
    CredentialMade,
    CredentialRevoked,
    OauthClientMade,
    OauthClientRemoved,
    OauthGranted,
    ScimRequestOpened,
    ScimRequestReplayed,
    MailChanged,
    MailRemoved,
    PassphraseLinkMade,
    EnforcementPlanned,
    EnforcementStarted,
    EnforcementHeld,
    EnforcementEnded,
    BreakGlassMade,
    BreakGlassUnmade,
    BreakGlassUsed,
    RecoveryLinkMade,
    DomainClaimed,
    DomainClaimDropped,
    TotpAdded,
    TotpRemoved,
    PasskeyAdded,
    PasskeyRenamed,
    PasskeyRemoved,
    PasskeySuspected,
    RecoveryCodeUsed,
    MappingPreviewed,
    ProfileFieldAdded,
    ProfileFieldChanged,
}

impl Action {
    pub const ALL: [Action; 83] = [
        Action::OrganizationSetUp,
        Action::OrganizationChanged,
        Action::RoleAdded,
        Action::RoleChanged,
        Action::RoleMoved,
        Action::RoleRemoved,
        Action::TeamAdded,
        Action::TeamChanged,
        Action::TeamRemoved,
        Action::AccessGroupAdded,
        Action::AccessGroupChanged,
        Action::AccessGroupMoved,
        Action::AccessGroupRemoved,
        Action::FeedAdded,
        Action::FeedRemoved,
        Action::AppAdded,
        Action::AppChanged,
        Action::AppRemoved,
        Action::PersonAdded,
        Action::PersonChanged,
        Action::PersonDeactivated,
        Action::PersonReactivated,
        Action::PersonRemoved,
        Action::IdentityLinked,
        Action::IdentityUnlinked,
        Action::ConnectionAdded,
        Action::ConnectionChanged,
        Action::ConnectionEnabled,
        Action::ConnectionDisabled,
        Action::ConnectionRemoved,
        Action::DomainConfirmed,
        Action::DomainWithdrawn,
        Action::SessionStarted,
        Action::SessionEnded,
        Action::AccessRequested,
        Action::AccessRequestDismissed,
        Action::PassphraseChanged,
        Action::RecoveryCodesMade,
        Action::DirectoryUserAdded,
        Action::DirectoryUserChanged,
        Action::DirectoryUserRemoved,
        Action::DirectoryGroupAdded,
        Action::DirectoryGroupChanged,
        Action::DirectoryGroupRemoved,
        Action::RemovalHeld,
        Action::RemovalApplied,
        Action::RemovalDiscarded,
        Action::RemovalWithdrawn,
        Action::RemovalRestored,
        Action::ReviewLinkChosen,
        Action::ReviewLeftOut,
        Action::ReviewApplied,
        Action::ReviewUndone,
        Action::CredentialMade,
        Action::CredentialRevoked,
        Action::OauthClientMade,
        Action::OauthClientRemoved,
        Action::OauthGranted,
        Action::ScimRequestOpened,
        Action::ScimRequestReplayed,
        Action::MailChanged,
        Action::MailRemoved,
        Action::PassphraseLinkMade,
        Action::EnforcementPlanned,
        Action::EnforcementStarted,
        Action::EnforcementHeld,
        Action::EnforcementEnded,
        Action::BreakGlassMade,
        Action::BreakGlassUnmade,
        Action::BreakGlassUsed,
        Action::RecoveryLinkMade,
        Action::DomainClaimed,
        Action::DomainClaimDropped,
        Action::TotpAdded,
        Action::TotpRemoved,
        Action::PasskeyAdded,
        Action::PasskeyRenamed,
        Action::PasskeyRemoved,
        Action::PasskeySuspected,
        Action::RecoveryCodeUsed,
        Action::MappingPreviewed,
        Action::ProfileFieldAdded,
        Action::ProfileFieldChanged,
    ];

    pub fn key(self) -> &'static str {
        self.key_and_words().0
    }

    /// For the audit page: "added", with the subject behind it.
    pub fn words(self) -> &'static str {
        self.key_and_words().1
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.key() == key)
    }

    fn key_and_words(self) -> (&'static str, &'static str) {
        match self {
            Action::OrganizationSetUp => ("organization.set_up", "Set up the organization"),
            Action::OrganizationChanged => ("organization.changed", "Changed the organization"),
            Action::RoleAdded => ("role.added", "Added a role"),
            Action::RoleChanged => ("role.changed", "Changed a role"),
            Action::RoleMoved => ("role.moved", "Moved a role in the list"),
            Action::RoleRemoved => ("role.removed", "Removed a role"),
            Action::TeamAdded => ("team.added", "Added a team"),
            Action::TeamChanged => ("team.changed", "Renamed a team"),
            Action::TeamRemoved => ("team.removed", "Removed a team"),
            Action::AccessGroupAdded => ("access_group.added", "Added an access group"),
            Action::AccessGroupChanged => ("access_group.changed", "Changed an access group"),
            Action::AccessGroupMoved => ("access_group.moved", "Gave an access group another priority"),
            Action::AccessGroupRemoved => ("access_group.removed", "Removed an access group"),
            Action::FeedAdded => ("feed.added", "Let a group feed an access group"),
            Action::FeedRemoved => ("feed.removed", "Stopped a group from feeding an access group"),
            Action::AppAdded => ("app.added", "Added an app"),
            Action::AppChanged => ("app.changed", "Changed an app"),
            Action::AppRemoved => ("app.removed", "Removed an app"),
            Action::PersonAdded => ("person.added", "Added a person"),
            Action::PersonChanged => ("person.changed", "Changed a person"),
            Action::PersonDeactivated => ("person.deactivated", "Deactivated a person"),
            Action::PersonReactivated => ("person.reactivated", "Reactivated a person"),
            Action::PersonRemoved => ("person.removed", "Removed a person"),
            Action::IdentityLinked => ("identity.linked", "Linked a sign-in to a person"),
            Action::IdentityUnlinked => ("identity.unlinked", "Removed a sign-in from a person"),
            Action::ConnectionAdded => ("connection.added", "Added an integration"),
            Action::ConnectionChanged => ("connection.changed", "Changed an integration"),
            Action::ConnectionEnabled => ("connection.enabled", "Turned an integration on"),
            Action::ConnectionDisabled => ("connection.disabled", "Turned an integration off"),
            Action::ConnectionRemoved => ("connection.removed", "Removed an integration"),
            Action::DomainConfirmed => ("domain.confirmed", "Confirmed a domain"),
            Action::DomainWithdrawn => ("domain.withdrawn", "Withdrew a domain"),
            Action::SessionStarted => ("session.started", "Signed in"),
            Action::SessionEnded => ("session.ended", "Signed out"),
            Action::AccessRequested => ("access.requested", "Asked for access"),
            Action::AccessRequestDismissed => ("access.dismissed", "Dismissed a request for access"),
            Action::PassphraseChanged => ("passphrase.changed", "Changed a passphrase"),
            Action::RecoveryCodesMade => ("recovery_codes.made", "Made recovery codes"),
            Action::DirectoryUserAdded => ("directory_user.added", "Pushed a user"),
            Action::DirectoryUserChanged => ("directory_user.changed", "Changed a pushed user"),
            Action::DirectoryUserRemoved => ("directory_user.removed", "Removed a pushed user"),
            Action::DirectoryGroupAdded => ("directory_group.added", "Pushed a group"),
            Action::DirectoryGroupChanged => ("directory_group.changed", "Changed a pushed group"),
            Action::DirectoryGroupRemoved => ("directory_group.removed", "Removed a pushed group"),
            Action::RemovalHeld => ("removal.held", "Held a removal for an admin"),
            Action::RemovalApplied => ("removal.applied", "Applied a held removal"),
            Action::RemovalDiscarded => ("removal.discarded", "Discarded a held removal"),
            Action::RemovalWithdrawn => ("removal.withdrawn", "Took a held removal back"),
            Action::RemovalRestored => ("removal.restored", "Restored what was removed"),
            Action::ReviewLinkChosen => ("review.link_chosen", "Chose whom a held user is"),
            Action::ReviewLeftOut => ("review.left_out", "Left held changes out, or took them in again"),
            Action::ReviewApplied => ("review.applied", "Applied held changes"),
            Action::ReviewUndone => ("review.undone", "Took applied changes back"),
            Action::CredentialMade => ("credential.made", "Made a credential"),
            Action::CredentialRevoked => ("credential.revoked", "Revoked a credential"),
            Action::OauthClientMade => ("oauth_client.made", "Added an OAuth client"),
            Action::OauthClientRemoved => ("oauth_client.removed", "Removed an OAuth client"),
            Action::OauthGranted => ("oauth.granted", "Let an OAuth client provision"),
            Action::ScimRequestOpened => ("scim_request.opened", "Opened the values of a request"),
            Action::ScimRequestReplayed => ("scim_request.replayed", "Replayed a request"),
            Action::MailChanged => ("mail.changed", "Changed the mail settings"),
            Action::MailRemoved => ("mail.removed", "Removed a mail from the queue"),
            Action::PassphraseLinkMade => ("passphrase.link_made", "Made a link for a new passphrase"),
            Action::EnforcementPlanned => ("enforcement.planned", "Planned an enforcement"),
            Action::EnforcementStarted => ("enforcement.started", "Began an enforcement"),
            Action::EnforcementHeld => ("enforcement.held", "Held an enforcement for an owner"),
            Action::EnforcementEnded => ("enforcement.ended", "Ended an enforcement"),
            Action::BreakGlassMade => ("break_glass.made", "Made a break-glass owner"),
            Action::BreakGlassUnmade => ("break_glass.unmade", "Took back a break-glass owner"),
            Action::BreakGlassUsed => ("break_glass.used", "Came in as a break-glass owner"),
            Action::RecoveryLinkMade => ("recovery_link.made", "Made a recovery link"),
            Action::DomainClaimed => ("domain.claimed", "Began to prove a domain"),
            Action::DomainClaimDropped => ("domain.claim_dropped", "Stopped proving a domain"),
            Action::TotpAdded => ("totp.added", "Set up an authenticator app"),
            Action::TotpRemoved => ("totp.removed", "Removed an authenticator app"),
            Action::PasskeyAdded => ("passkey.added", "Added a passkey"),
            Action::PasskeyRenamed => ("passkey.renamed", "Renamed a passkey"),
            Action::PasskeyRemoved => ("passkey.removed", "Removed a passkey"),
            Action::PasskeySuspected => ("passkey.suspected", "Saw what may be a copy of a passkey"),
            Action::RecoveryCodeUsed => ("recovery_code.used", "Used a recovery code"),
            Action::MappingPreviewed => ("mapping.previewed", "Looked at what a mapping would write"),
            Action::ProfileFieldAdded => ("profile_field.added", "Added a field for people"),
            Action::ProfileFieldChanged => ("profile_field.changed", "Changed a field for people"),
        }
    }
}

/// An event about to be written.
#[derive(Clone, Debug)]
pub struct NewEvent {
    pub at: Timestamp,
    pub actor: Actor,
    pub action: Action,
    pub subject: Subject,
    /// The changed fields as they were and as they are; `Null` where there is no such side.
    pub before: Value,
    pub after: Value,
    /// The request or sign-in that caused it.
    pub reference: Option<String>,
}

/// An event as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub sequence: i64,
    pub at: Timestamp,
    pub actor_kind: String,
    pub actor_id: Option<String>,
    pub actor_label: String,
    pub action: String,
    pub subject_kind: String,
    pub subject_id: String,
    pub subject_label: String,
    pub before: String,
    pub after: String,
    pub reference: Option<String>,
    pub previous_hash: String,
    pub hash: String,
}

impl Event {
    /// SHA-256 over every field and the previous event's hash, each with its length before it.
    pub fn expected_hash(&self) -> String {
        let mut digest = Sha256::new();
        let sequence = self.sequence.to_string();
        let at = self.at.0.to_string();
        let fields = [
            self.previous_hash.as_str(),
            &sequence,
            &at,
            &self.actor_kind,
            self.actor_id.as_deref().unwrap_or(""),
            &self.actor_label,
            &self.action,
            &self.subject_kind,
            &self.subject_id,
            &self.subject_label,
            &self.before,
            &self.after,
            self.reference.as_deref().unwrap_or(""),
        ];
        for field in fields {
            digest.update((field.len() as u64).to_be_bytes());
            digest.update(field.as_bytes());
        }
        digest
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}
