//! Addresses of the settings pages.

use super::{query, segment};
use crate::model::Timestamp;

pub fn overview() -> String {
    "/admin".into()
}

pub fn integrations() -> String {
    "/admin/integrations".into()
}

/// The picker of identity providers.
pub fn new_integration() -> String {
    "/admin/integrations/new".into()
}

/// The form for one kind of identity provider: `okta`, `entra`, `generic`.
pub fn new_integration_with(provider: &str) -> String {
    query(&new_integration(), &[("provider", provider)])
}

pub fn integration(slug: &str) -> String {
    format!("/admin/integrations/{}", segment(slug))
}

/// A room of one integration: `identity-provider`, `certificates`, `tests`, `activation`, `settings`, `removal`.
pub fn integration_part(slug: &str, part: &str) -> String {
    format!("{}/{}", integration(slug), segment(part))
}

/// Where one pinned certificate is removed.
pub fn certificate_removal(slug: &str, fingerprint: &str) -> String {
    format!(
        "{}/{}/removal",
        integration_part(slug, "certificates"),
        segment(fingerprint)
    )
}

/// Where the word for one e-mail domain is taken back.
pub fn domain_withdrawal(slug: &str, domain: &str) -> String {
    format!(
        "{}/{}/withdrawal",
        integration_part(slug, "domains"),
        segment(domain)
    )
}

/// What is done to one enforcement: `rollback`, `end`, `start`.
pub fn enforcement(slug: &str, id: &str, act: &str) -> String {
    format!(
        "{}/{}/{}",
        integration_part(slug, "enforcement"),
        segment(id),
        segment(act)
    )
}

/// What is done about a domain that waits for its TXT record: `check`, `removal`.
pub fn domain_claim(slug: &str, domain: &str, act: &str) -> String {
    format!(
        "{}/{}/{}",
        integration_part(slug, "domain-claims"),
        segment(domain),
        segment(act)
    )
}

/// A room of an integration's provisioning: `held`, `removed`, `users`, `groups`, `requests`, `settings`; empty: its page.
pub fn provisioning(slug: &str, part: &str) -> String {
    let page = integration_part(slug, "provisioning");
    if part.is_empty() {
        return page;
    }
    format!("{page}/{}", segment(part))
}

/// One thing in such a room: a credential, a group, a request.
pub fn provisioned(slug: &str, part: &str, id: &str) -> String {
    format!("{}/{}", provisioning(slug, part), segment(id))
}

/// What is done to it: `revocation`, `restoration`, `opening`, `dry-run`, `replay`.
pub fn provisioned_act(slug: &str, part: &str, id: &str, act: &str) -> String {
    format!("{}/{}", provisioned(slug, part, id), segment(act))
}

/// Leads to the SCIM request that this reference names, whichever integration it came through. `at`: when what names
/// it happened, which is mostly the moment of the request.
pub fn scim_request(reference: &str, at: Timestamp) -> String {
    format!("/admin/activity/requests/{}?at={}", segment(reference), at.0)
}

pub fn people() -> String {
    "/admin/people".into()
}

/// The page with the downloads and the import of a table that is listed at `list`.
pub fn transfer(list: &str) -> String {
    format!("{list}/transfer")
}

/// A table as a file: `people.csv`.
pub fn transfer_file(page: &str, file: &str) -> String {
    format!("{page}/files/{}", segment(file))
}

/// What a file would do, and what it did.
pub fn transfer_checked(page: &str, id: &str) -> String {
    format!("{page}/checked/{}", segment(id))
}

/// The same as a file.
pub fn transfer_report(checked: &str) -> String {
    format!("{checked}/report.csv")
}

pub fn new_person() -> String {
    "/admin/people/new".into()
}

/// Everybody who was invited.
pub fn invitations() -> String {
    "/admin/people/invitations".into()
}

/// Where several people are added and invited at once.
pub fn invite_many() -> String {
    "/admin/people/invitations/new".into()
}

pub fn person(id: &str) -> String {
    format!("/admin/people/{}", segment(id))
}

/// A room of one person: `edit`, `deactivation`, `reactivation`, `sign-out`.
pub fn person_part(id: &str, part: &str) -> String {
    format!("{}/{}", person(id), segment(part))
}

/// Where somebody's invitation is taken back.
pub fn invitation_revocation(id: &str) -> String {
    format!("{}/revocation", person_part(id, "invitation"))
}

/// Where one linked sign-in of a person is removed.
pub fn identity_removal(person: &str, identity: &str) -> String {
    format!(
        "{}/{}/removal",
        person_part(person, "identities"),
        segment(identity)
    )
}

/// The answer to a request for access: `grant` or `dismissal`.
pub fn access_request(id: &str, answer: &str) -> String {
    format!("/admin/access-requests/{}/{}", segment(id), segment(answer))
}

/// What the first link in the menu called Activity opens.
pub fn activity() -> String {
    sign_ins()
}

pub fn sign_ins() -> String {
    "/admin/activity/sign-ins".into()
}

/// The trace of one attempt.
pub fn sign_in(reference: &str) -> String {
    format!("/admin/activity/sign-ins/{}", segment(reference))
}

pub fn audit() -> String {
    "/admin/activity/audit".into()
}

pub fn settings() -> String {
    "/admin/settings".into()
}

pub fn settings_part(part: &str) -> String {
    format!("/admin/settings/{}", segment(part))
}

/// The kinds of integrations.
pub fn features() -> String {
    settings_part("features")
}

/// Where one of them is switched on or off.
pub fn feature_switch(kind: &str, on: bool) -> String {
    format!(
        "{}/{}/{}",
        features(),
        segment(kind),
        if on { "on" } else { "off" }
    )
}

pub fn new_profile_field() -> String {
    "/admin/settings/fields/new".into()
}

/// One of the further fields that the organization defines.
pub fn profile_field(key: &str) -> String {
    format!("/admin/settings/fields/{}", segment(key))
}

/// The mail page (empty), or a part of it: `test`, `removal`.
pub fn mail(part: &str) -> String {
    let page = settings_part("mail");
    if part.is_empty() {
        return page;
    }
    format!("{page}/{}", segment(part))
}

/// What is done to one mail of the queue: `retry`, `removal`.
pub fn mail_act(id: &str, act: &str) -> String {
    format!("{}/{}", mail(id), segment(act))
}

/// Owners who keep a way in whatever is enforced.
pub fn break_glass() -> String {
    settings_part("recovery")
}

/// Where one of them is taken off that list.
pub fn break_glass_removal(person: &str) -> String {
    format!("{}/{}/removal", break_glass(), segment(person))
}

/// What people may do: the list of roles.
pub fn roles() -> String {
    "/admin/access/roles".into()
}

pub fn new_role() -> String {
    "/admin/access/roles/new".into()
}

pub fn role(key: &str) -> String {
    format!("{}/{}", roles(), segment(key))
}

/// A room of one role: `move`, `removal`.
pub fn role_part(key: &str, part: &str) -> String {
    format!("{}/{}", role(key), segment(part))
}

pub fn teams() -> String {
    "/admin/access/teams".into()
}

pub fn new_team() -> String {
    "/admin/access/teams/new".into()
}

pub fn team(id: &str) -> String {
    format!("{}/{}", teams(), segment(id))
}

pub fn team_removal(id: &str) -> String {
    format!("{}/removal", team(id))
}

pub fn access_groups() -> String {
    "/admin/access/groups".into()
}

pub fn new_access_group() -> String {
    "/admin/access/groups/new".into()
}

pub fn access_group(id: &str) -> String {
    format!("{}/{}", access_groups(), segment(id))
}

/// A room of one access group: `edit`, `move`, `removal`, `feeds`, `named`.
pub fn access_group_part(id: &str, part: &str) -> String {
    format!("{}/{}", access_group(id), segment(part))
}

/// Where a group of an identity provider stops feeding it.
pub fn feed_removal(group: &str, feed: &str) -> String {
    format!("{}/{}/removal", access_group_part(group, "feeds"), segment(feed))
}

pub fn apps() -> String {
    "/admin/access/apps".into()
}

pub fn new_app() -> String {
    "/admin/access/apps/new".into()
}

pub fn app(id: &str) -> String {
    format!("{}/{}", apps(), segment(id))
}

pub fn app_removal(id: &str) -> String {
    format!("{}/removal", app(id))
}
