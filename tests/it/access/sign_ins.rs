//! Groups that sign-ins name: SAML attributes and OpenID Connect claims feed the same table.

use super::{group_of, page_of, role_of, text};
use crate::app::{Connected, TestApp};

const GUID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

fn sign_in(app: &TestApp, through: &Connected, email: &str, groups: &[&str]) {
    app.forward(1_000);
    let page = through.sign_in_with(&app.visitor(), email, |response| {
        let values = groups.iter().map(|group| (*group).to_owned()).collect();
        if !groups.is_empty() {
            response.attributes.push(("groups".to_owned(), values));
        }
    });
    assert_eq!(page.status, 303, "{}", page.text());
}

#[test]
fn groups_of_a_sign_in_are_listed_selected_and_replaced_at_the_next_one() {
    let app = TestApp::start();
    app.add("bob@example.com", "member");
    app.apply("[[access_group]]\nname = \"Leads\"\nrole = \"manager\"\n");
    let okta = app.connect("okta", "");
    sign_in(
        &app,
        &okta,
        "bob@example.com",
        &["Leads", GUID, &"x".repeat(300), " "],
    );
    assert_eq!(group_of(&app, "bob"), None, "nothing is fed by its name");
    let alice = app.alice();
    let at = format!("{}/feeds", page_of(&app, "Leads"));
    let page = alice.get(&format!("{at}?connection=okta")).text();
    assert!(
        page.contains(GUID) && page.contains("by their object id"),
        "{page}"
    );
    assert_eq!(app.count("SELECT count(*) FROM claimed_groups"), 2);
    let source = text(
        &app,
        &format!("SELECT 'claimed-' || seq FROM claimed_groups WHERE value = '{GUID}'"),
    )
    .expect("it");
    assert_eq!(
        alice
            .post(&at, &[("connection", "okta"), ("source", &source)])
            .status,
        303
    );
    assert_eq!(
        (group_of(&app, "bob").as_deref(), role_of(&app, "bob").as_str()),
        (Some("Leads"), "manager")
    );
    sign_in(&app, &okta, "bob@example.com", &["Leads"]);
    assert_eq!(
        (group_of(&app, "bob"), role_of(&app, "bob").as_str()),
        (None, "member")
    );
    sign_in(&app, &okta, "bob@example.com", &[GUID]);
    assert_eq!(group_of(&app, "bob").as_deref(), Some("Leads"));
    // Entra's note that there are too many says nothing of any of them.
    app.forward(1_000);
    let page = okta.sign_in_with(&app.visitor(), "bob@example.com", |response| {
        let link = "http://schemas.microsoft.com/claims/groups.link".to_owned();
        response
            .attributes
            .push((link, vec!["https://graph.example/".to_owned()]));
    });
    assert_eq!(page.status, 303, "{}", page.text());
    assert_eq!(
        group_of(&app, "bob").as_deref(),
        Some("Leads"),
        "an overage changes nothing"
    );
    sign_in(&app, &okta, "bob@example.com", &[]);
    assert_eq!(group_of(&app, "bob"), None, "a sign-in without groups is in none");
}

#[test]
fn a_value_can_be_named_before_anybody_signs_in_and_another_connections_value_is_another() {
    let app = TestApp::start();
    app.add("bob@example.com", "member");
    app.add("carol@example.com", "member");
    app.apply("[[access_group]]\nname = \"Leads\"\nrole = \"manager\"\n");
    let (okta, other) = (app.connect("okta", ""), app.connect("other", ""));
    let alice = app.alice();
    let at = format!("{}/named", page_of(&app, "Leads"));
    assert_eq!(
        alice
            .post(&at, &[("connection", "okta"), ("value", "   ")])
            .status,
        422
    );
    assert_eq!(
        alice
            .post(&at, &[("connection", "okta"), ("value", "ops")])
            .status,
        303
    );
    sign_in(&app, &other, "carol@example.com", &["ops"]);
    assert_eq!(group_of(&app, "carol"), None);
    sign_in(&app, &okta, "bob@example.com", &["ops"]);
    assert_eq!(group_of(&app, "bob").as_deref(), Some("Leads"));
}
