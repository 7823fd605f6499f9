//! Teams: the list, its people, and what becomes of them.

use super::{events, person_page, save_person, text};
use crate::app::TestApp;

fn team_id(app: &TestApp, name: &str) -> String {
    text(app, &format!("SELECT id FROM teams WHERE name = '{name}'")).expect("the team")
}

fn team_of(app: &TestApp, name: &str) -> Option<String> {
    let sql = "SELECT t.name FROM people p JOIN teams t ON t.id = p.team_id WHERE p.email =";
    text(app, &format!("{sql} '{name}@example.com'"))
}

#[test]
fn a_team_is_added_renamed_chosen_filtered_by_and_removed() {
    let app = TestApp::start();
    let alice = app.alice();
    app.add("bob@example.com", "member");
    for name in ["Sales", "Support"] {
        assert_eq!(
            alice.post("/admin/access/teams/new", &[("name", name)]).to(),
            "/admin/access/teams"
        );
    }
    let twice = alice.post("/admin/access/teams/new", &[("name", " Sales ")]);
    assert_eq!(twice.status, 422);
    assert!(
        twice
            .text()
            .contains("There is a team with the name Sales already.")
    );
    let sales = team_id(&app, "Sales");
    assert_eq!(save_person(&app, &alice, "bob", &[("team", &sales)]).status, 303);
    assert_eq!(team_of(&app, "bob").as_deref(), Some("Sales"));
    let page = alice.get(&person_page(&app, "bob")).text();
    assert!(page.contains("Sales") && page.contains("by hand"), "{page}");
    let listed = alice.get(&format!("/admin/people?team={sales}")).text();
    assert!(listed.contains("bob@example.com") && !listed.contains("alice@example.com"));
    // Another name: bob stays in it.
    let at = format!("/admin/access/teams/{sales}");
    assert_eq!(
        alice.post(&at, &[("name", "Selling"), ("version", "1")]).status,
        303
    );
    assert_eq!(team_of(&app, "bob").as_deref(), Some("Selling"));
    // A form made from the old version changes nothing.
    let late = alice.post(&at, &[("name", "Late"), ("version", "1")]);
    assert_eq!(late.status, 409, "{}", late.text());
    assert!(late.text().contains("Somebody else changed this team"));
    // Removed: its people are where the admin says.
    let support = team_id(&app, "Support");
    assert_eq!(
        alice
            .post(&format!("{at}/removal"), &[("instead", &support)])
            .status,
        303
    );
    assert_eq!(team_of(&app, "bob").as_deref(), Some("Support"));
    let at = format!("/admin/access/teams/{support}/removal");
    assert!(alice.get(&at).text().contains("1 active person is in it"));
    assert_eq!(alice.post(&at, &[("instead", "")]).status, 303);
    assert_eq!(team_of(&app, "bob"), None);
    for (action, many) in [("team.added", 2), ("team.changed", 1), ("team.removed", 2)] {
        assert_eq!(events(&app, action), many, "{action}");
    }
}

#[test]
fn whoever_may_not_manage_access_sees_and_changes_no_team() {
    let app = TestApp::start();
    app.add("bob@example.com", "member");
    app.give_passphrase("bob@example.com", crate::app::PASSPHRASE);
    let bob = app.signed_in("bob@example.com", crate::app::PASSPHRASE);
    for path in [
        "/admin/access/teams",
        "/admin/access/groups",
        "/admin/access/apps",
    ] {
        assert_eq!(bob.get(path).status, 403, "{path}");
        assert_eq!(
            bob.post(&format!("{path}/new"), &[("name", "X")]).status,
            403,
            "{path}"
        );
    }
    assert_eq!(app.count("SELECT count(*) FROM teams"), 0);
}
