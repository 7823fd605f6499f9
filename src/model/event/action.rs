//! Everything that can happen, as the log names it.

/// One line for each action: its name here, its key in the log, and what the audit page says.
macro_rules! actions {
    ($($name:ident $key:literal $words:literal,)+) => {
        /// What happened, as `noun.verb`: a closed list, so that pages and tests can name all of them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Action {
            $($name,)+
        }

        impl Action {
            pub const ALL: &'static [Action] = &[$(Action::$name,)+];

            pub fn key(self) -> &'static str {
                match self {
                    $(Action::$name => $key,)+
                }
            }

            /// For the audit page: "added", with the subject behind it.
            pub fn words(self) -> &'static str {
                match self {
                    $(Action::$name => $words,)+
                }
            }
        }
    };
}

impl Action {
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.key() == key)
    }
}

actions! {
    OrganizationSetUp "organization.set_up" "Set up the organization",
    OrganizationChanged "organization.changed" "Changed the organization",
    RoleAdded "role.added" "Added a role",
    RoleChanged "role.changed" "Changed a role",
    RoleMoved "role.moved" "Moved a role in the list",
    RoleRemoved "role.removed" "Removed a role",
    TeamAdded "team.added" "Added a team",
    TeamChanged "team.changed" "Renamed a team",
    TeamRemoved "team.removed" "Removed a team",
    AccessGroupAdded "access_group.added" "Added an access group",
    AccessGroupChanged "access_group.changed" "Changed an access group",
    AccessGroupMoved "access_group.moved" "Gave an access group another priority",
    AccessGroupRemoved "access_group.removed" "Removed an access group",
    FeedAdded "feed.added" "Let a group feed an access group",
    FeedRemoved "feed.removed" "Stopped a group from feeding an access group",
    AppAdded "app.added" "Added an app",
    AppChanged "app.changed" "Changed an app",
    AppRemoved "app.removed" "Removed an app",
    PersonAdded "person.added" "Added a person",
    PersonChanged "person.changed" "Changed a person",
    PersonDeactivated "person.deactivated" "Deactivated a person",
    PersonReactivated "person.reactivated" "Reactivated a person",
    IdentityLinked "identity.linked" "Linked a sign-in to a person",
    IdentityUnlinked "identity.unlinked" "Removed a sign-in from a person",
    ConnectionAdded "connection.added" "Added an integration",
    ConnectionChanged "connection.changed" "Changed an integration",
    ConnectionEnabled "connection.enabled" "Turned an integration on",
    ConnectionDisabled "connection.disabled" "Turned an integration off",
    ConnectionRemoved "connection.removed" "Removed an integration",
    DomainConfirmed "domain.confirmed" "Confirmed a domain",
    DomainWithdrawn "domain.withdrawn" "Withdrew a domain",
    SessionStarted "session.started" "Signed in",
    SessionEnded "session.ended" "Signed out",
    AccessRequested "access.requested" "Asked for access",
    AccessRequestDismissed "access.dismissed" "Dismissed a request for access",
    PassphraseChanged "passphrase.changed" "Changed a passphrase",
    RecoveryCodesMade "recovery_codes.made" "Made recovery codes",
    DirectoryUserAdded "directory_user.added" "Pushed a user",
    DirectoryUserChanged "directory_user.changed" "Changed a pushed user",
    DirectoryUserRemoved "directory_user.removed" "Removed a pushed user",
    DirectoryGroupAdded "directory_group.added" "Pushed a group",
    DirectoryGroupChanged "directory_group.changed" "Changed a pushed group",
    DirectoryGroupRemoved "directory_group.removed" "Removed a pushed group",
    RemovalHeld "removal.held" "Held a removal for an admin",
    RemovalApplied "removal.applied" "Applied a held removal",
    RemovalDiscarded "removal.discarded" "Discarded a held removal",
    RemovalWithdrawn "removal.withdrawn" "Took a held removal back",
    RemovalRestored "removal.restored" "Restored what was removed",
    CredentialMade "credential.made" "Made a credential",
    CredentialRevoked "credential.revoked" "Revoked a credential",
    OauthClientMade "oauth_client.made" "Added an OAuth client",
    OauthClientRemoved "oauth_client.removed" "Removed an OAuth client",
    OauthGranted "oauth.granted" "Let an OAuth client provision",
    ScimRequestOpened "scim_request.opened" "Opened the values of a request",
    ScimRequestReplayed "scim_request.replayed" "Replayed a request",
    MailChanged "mail.changed" "Changed the mail settings",
    MailRemoved "mail.removed" "Removed a mail from the queue",
    PassphraseLinkMade "passphrase.link_made" "Made a link for a new passphrase",
    EnforcementPlanned "enforcement.planned" "Planned an enforcement",
    EnforcementStarted "enforcement.started" "Began an enforcement",
    EnforcementHeld "enforcement.held" "Held an enforcement for an owner",
    EnforcementEnded "enforcement.ended" "Ended an enforcement",
    BreakGlassMade "break_glass.made" "Made a break-glass owner",
    BreakGlassUnmade "break_glass.unmade" "Took back a break-glass owner",
    BreakGlassUsed "break_glass.used" "Came in as a break-glass owner",
    RecoveryLinkMade "recovery_link.made" "Made a recovery link",
    DomainClaimed "domain.claimed" "Began to prove a domain",
    DomainClaimDropped "domain.claim_dropped" "Stopped proving a domain",
    TotpAdded "totp.added" "Set up an authenticator app",
    TotpRemoved "totp.removed" "Removed an authenticator app",
    PasskeyAdded "passkey.added" "Added a passkey",
    PasskeyRenamed "passkey.renamed" "Renamed a passkey",
    PasskeyRemoved "passkey.removed" "Removed a passkey",
    PasskeySuspected "passkey.suspected" "Saw what may be a copy of a passkey",
    RecoveryCodeUsed "recovery_code.used" "Used a recovery code",
    MappingPreviewed "mapping.previewed" "Looked at what a mapping would write",
    ProfileFieldAdded "profile_field.added" "Added a field for people",
    ProfileFieldChanged "profile_field.changed" "Changed a field for people",
    InvitationSent "invitation.sent" "Invited a person",
    InvitationRevoked "invitation.revoked" "Took an invitation back",
    InvitationEnded "invitation.ended" "Ended an invitation",
    InvitationAccepted "invitation.accepted" "Accepted an invitation",
    FeatureSwitchedOn "feature.switched_on" "Switched a kind of integration on",
    FeatureSwitchedOff "feature.switched_off" "Switched a kind of integration off",
    EscalationRefused "escalation.refused" "Was refused more than their role may give",
    TableImported "table.imported" "Imported a file",
    TableExported "table.exported" "Downloaded a list",
    PersonRemoved "person.removed" "Removed a person",
    ReviewLinkChosen "review.link_chosen" "Chose whom a held user is",
    ReviewLeftOut "review.left_out" "Left held changes out, or took them in again",
    ReviewApplied "review.applied" "Applied held changes",
    ReviewUndone "review.undone" "Took applied changes back",
}
