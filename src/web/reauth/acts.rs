//! What a request that waits is about to do, in the words of the button that does it.

/// For the address of a route. A route that is missing here would be done under words that name nothing: a test holds
/// the list complete.
pub fn words(path: &str) -> Option<&'static str> {
    ACTS.iter()
        .find(|(known, _)| *known == path)
        .map(|(_, words)| *words)
}

const ACTS: &[(&str, &str)] = &[
    // one's own account
    ("/account/passphrase", "Save the new passphrase"),
    ("/account/factors/authenticator", "Set up an authenticator app"),
    (
        "/account/factors/authenticator/confirmation",
        "Confirm the authenticator app",
    ),
    (
        "/account/factors/authenticator/removal",
        "Remove the authenticator app",
    ),
    ("/account/factors/recovery-codes", "Make new recovery codes"),
    ("/account/factors/passkeys", "Add the passkey"),
    ("/account/factors/passkeys/{id}/name", "Rename the passkey"),
    ("/account/factors/passkeys/{id}/removal", "Remove the passkey"),
    ("/sign-in/{reference}/link", "Link this sign-in to my account"),
    ("/oauth/authorize", "Answer the request for access"),
    // people
    ("/admin/people/new", "Add the person"),
    ("/admin/people/{id}/edit", "Save the person"),
    ("/admin/people/{id}/reactivation", "Reactivate the person"),
    (
        "/admin/people/{id}/reset-link",
        "Make a link for a new passphrase",
    ),
    ("/admin/people/{id}/invitation", "Invite the person"),
    (
        "/admin/people/{id}/invitation/revocation",
        "Take the invitation back",
    ),
    ("/admin/people/invitations/new", "Add and invite the people"),
    (
        "/admin/people/{id}/identities/{identity}/removal",
        "Remove the link to the integration",
    ),
    (
        "/admin/people/{id}/factors/{factor}/removal",
        "Remove the second factor",
    ),
    // access
    ("/admin/people/transfer/checked/{id}", "Import the people"),
    ("/admin/access/teams/transfer/checked/{id}", "Import the teams"),
    (
        "/admin/access/groups/transfer/checked/{id}",
        "Import the access groups",
    ),
    (
        "/admin/integrations/{slug}/mapping/transfer/checked/{id}",
        "Import the mapping",
    ),
    ("/admin/access/roles/new", "Add the role"),
    ("/admin/access/roles/{key}", "Save the role"),
    ("/admin/access/roles/{key}/move", "Move the role"),
    ("/admin/access/roles/{key}/removal", "Remove the role"),
    ("/admin/access/teams/new", "Add the team"),
    ("/admin/access/teams/{id}", "Save the team"),
    ("/admin/access/teams/{id}/removal", "Remove the team"),
    ("/admin/access/groups/new", "Add the access group"),
    ("/admin/access/groups/{id}/edit", "Save the access group"),
    ("/admin/access/groups/{id}/move", "Move the access group"),
    ("/admin/access/groups/{id}/removal", "Remove the access group"),
    (
        "/admin/access/groups/{id}/feeds",
        "Feed the access group with the selected",
    ),
    (
        "/admin/access/groups/{id}/named",
        "Feed the access group with a value",
    ),
    (
        "/admin/access/groups/{id}/feeds/{feed}/removal",
        "Take the group out of what feeds the access group",
    ),
    ("/admin/access/apps/new", "Add the app"),
    ("/admin/access/apps/{id}", "Save the app"),
    ("/admin/access/apps/{id}/removal", "Remove the app"),
    ("/admin/people/{id}/visibility", "Save what the person sees"),
    // integrations
    ("/admin/integrations/new", "Add the integration"),
    ("/admin/integrations/{slug}/settings", "Save the integration"),
    ("/admin/integrations/{slug}/mapping", "Save the mapping"),
    (
        "/admin/integrations/{slug}/identity-provider",
        "Save what the identity provider says",
    ),
    ("/admin/integrations/{slug}/activation", "Turn on the integration"),
    ("/admin/integrations/{slug}/removal", "Delete the integration"),
    ("/admin/integrations/{slug}/certificates", "Add the certificate"),
    (
        "/admin/integrations/{slug}/certificates/{fingerprint}/removal",
        "Remove the certificate",
    ),
    ("/admin/integrations/{slug}/domains", "Confirm the domain"),
    (
        "/admin/integrations/{slug}/domains/{domain}/withdrawal",
        "Remove the domain",
    ),
    ("/admin/integrations/{slug}/domain-claims", "Claim the domain"),
    (
        "/admin/integrations/{slug}/domain-claims/{domain}/check",
        "Look for the TXT record",
    ),
    (
        "/admin/integrations/{slug}/domain-claims/{domain}/removal",
        "Give up the claim",
    ),
    (
        "/admin/integrations/{slug}/enforcement",
        "Enforce the integration",
    ),
    (
        "/admin/integrations/{slug}/enforcement/{id}/start",
        "Start the enforcement now",
    ),
    (
        "/admin/integrations/{slug}/enforcement/{id}/end",
        "End the enforcement",
    ),
    // provisioning
    (
        "/admin/integrations/{slug}/provisioning/activation",
        "Turn on provisioning",
    ),
    (
        "/admin/integrations/{slug}/provisioning/settings",
        "Save the provisioning settings",
    ),
    (
        "/admin/integrations/{slug}/provisioning/review/application",
        "Apply the plan",
    ),
    (
        "/admin/integrations/{slug}/provisioning/review/{user}/person",
        "Choose whom the user is",
    ),
    (
        "/admin/integrations/{slug}/provisioning/credentials",
        "Make the credential",
    ),
    (
        "/admin/integrations/{slug}/provisioning/credentials/{id}/revocation",
        "Revoke the credential",
    ),
    (
        "/admin/integrations/{slug}/provisioning/oauth-clients/{id}/removal",
        "Remove the OAuth client",
    ),
    (
        "/admin/integrations/{slug}/provisioning/requests/{id}/replay",
        "Replay the request",
    ),
    // the organization
    ("/admin/settings", "Save the organization"),
    ("/admin/settings/base-url", "Change the address"),
    ("/admin/settings/sessions", "Save the session limits"),
    (
        "/admin/settings/features/{kind}/on",
        "Switch the kind of integration on",
    ),
    (
        "/admin/settings/features/{kind}/off",
        "Switch the kind of integration off",
    ),
    ("/admin/settings/fields/new", "Add the field"),
    ("/admin/settings/fields/{key}", "Save the field"),
    ("/admin/settings/mail", "Save the mail settings"),
    ("/admin/settings/mail/test", "Send a test mail"),
    ("/admin/settings/mail/removal", "Turn off mail"),
    ("/admin/settings/mail/{id}/retry", "Send the mail again"),
    ("/admin/settings/mail/{id}/removal", "Remove the mail"),
    ("/admin/settings/recovery", "Add the break-glass owner"),
    (
        "/admin/settings/recovery/{id}/removal",
        "Remove the break-glass owner",
    ),
];

#[cfg(test)]
mod tests {
    use super::{ACTS, words};
    use crate::web::routes::{ROUTES, needs_fresh_proof};

    #[test]
    fn every_act_that_can_wait_has_words_and_no_other_has() {
        for route in ROUTES.iter().filter(|route| needs_fresh_proof(route)) {
            assert!(words(route.path).is_some(), "{} has no words", route.path);
        }
        for (path, _) in ACTS {
            let can_wait = ROUTES
                .iter()
                .any(|route| route.path == *path && needs_fresh_proof(route));
            assert!(can_wait, "{path} never waits");
        }
    }
}
