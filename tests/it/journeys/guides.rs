//! The guides that customers were given, each followed on both sides: ours with the pages alone, the identity provider's
//! by a program that sends what that identity provider sends.

use serde_json::json;

use super::own::invitations;
use super::{fresh, just_set_up};
use crate::browser::journey;

/// OneLogin: SCIM, groups that become access groups, SAML beside it.
#[test]
fn the_guide_to_provisioning_with_onelogin() {
    just_set_up("guide-001");
}

/// Okta: SAML without metadata, just-in-time, SCIM authorised in a pop-up, roles and teams by their keys and names.
#[test]
fn the_guide_to_just_in_time_and_the_pop_up() {
    just_set_up("guide-003");
}

/// The same for an organization that is in use already: what OneLogin sends waits for an admin.
#[test]
fn the_guide_to_provisioning_with_onelogin_where_people_are_already() {
    let app = fresh().set_up();
    app.apply("[[person]]\nemail = \"mary@example.com\"\ngiven_name = \"Mary\"\nfamily_name = \"Member\"\n");
    journey("guide-001-in-use", &json!({"base": app.base}));
}

/// Okta: SCIM with three switches and three rules for each field, and an invitation for whoever is added.
#[test]
fn the_guide_to_provisioning_with_field_rules() {
    let app = fresh().set_up();
    let (link, mail) = invitations(&app);
    journey(
        "guide-004",
        &json!({"base": app.base, "link": link, "mail": mail}),
    );
}

/// Downloads and imports of people, teams, access groups and a mapping.
fn transfer(scripts: bool) {
    let app = fresh().set_up();
    app.apply(
        "[[connection]]\nslug = \"okta\"\nname = \"Okta\"\n[[team]]\nname = \"North\"\n[[access_group]]\nname = \"Staff\"\n\
         [[person]]\nemail = \"mary@example.com\"\ngiven_name = \"Mary\"\nteam = \"North\"\n",
    );
    journey("transfer-pages", &json!({"base": app.base, "scripts": scripts}));
}

#[test]
fn pages_of_downloads_and_imports() {
    transfer(true);
}

#[test]
fn pages_of_downloads_and_imports_without_scripts() {
    transfer(false);
}
