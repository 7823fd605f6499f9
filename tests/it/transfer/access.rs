//! Teams and access groups in and out.

use serde_json::{Value, json};

use super::{GROUPS, TEAMS, download, import, look, refused, rows, with_carol};
use crate::app::{TestApp, Visitor};

fn group(name: &str) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name, "members": [] })
}

#[test]
fn teams_that_are_missing_are_added_and_none_goes() {
    let app = TestApp::start();
    let alice = app.alice();
    app.apply("[[team]]\nname = \"North\"\n[[team]]\nname = \"West\"\n");
    let report = alice.get(&look(&alice, TEAMS, "Team\nNorth\nSouth\n\"  \"\n"));
    let outcomes: Vec<String> = rows(&report).into_iter().map(|row| row[2].clone()).collect();
    assert_eq!(outcomes, ["Unchanged", "Would be added"]);
    import(&alice, TEAMS, "Team\nNorth\nSouth\n");
    assert_eq!(app.count("SELECT count(*) FROM teams"), 3);
    assert!(download(&alice, TEAMS, "teams.json").contains("\"South\""));
}

#[test]
fn access_groups_are_added_and_changed_within_ones_own_rights() {
    let (app, carol) = with_carol("admin");
    app.apply(
        "[[app]]\nname = \"Wiki\"\naddress = \"https://wiki.example.com\"\n[[access_group]]\nname = \"Staff\"\nrole = \"member\"\n",
    );
    let file = "name,role,sees_people,sees_apps\nstaff,manager,team,Wiki\nBosses,owner,,\nNew,member,everyone,Wiki; Nothing\n\
                Guests,,oneself,none\n";
    let page = carol.get(&look(&carol, GROUPS, file));
    let rows = rows(&page);
    assert!(rows[0][3].contains("Sees apps: all Wiki"), "{rows:?}");
    assert!(rows[1][3].contains("may do what yours may not"), "{rows:?}");
    assert!(
        rows[2][3].contains("There is no app “Nothing”") && rows[2][3].contains("Write one of"),
        "{rows:?}"
    );
    import(&carol, GROUPS, file);
    let names = crate::access::text(
        &app,
        "SELECT group_concat(name || role, ' ') FROM access_groups ORDER BY priority",
    );
    assert_eq!(names.as_deref(), Some("Staffmanager Guestsmember"));
    let report = carol.get(&look(
        &carol,
        GROUPS,
        &download(&carol, GROUPS, "access-groups.csv"),
    ));
    assert!(
        super::rows(&report).iter().all(|row| row[2] == "Unchanged"),
        "{}",
        report.text()
    );
    let report = carol.get(&look(
        &carol,
        GROUPS,
        &download(&carol, GROUPS, "access-groups.json"),
    ));
    assert!(
        super::rows(&report).iter().all(|row| row[2] == "Unchanged"),
        "{}",
        report.text()
    );
}

/// The groups that feed an access group, as its file says them.
fn fed_by(admin: &Visitor) -> String {
    let file = download(admin, GROUPS, "access-groups.json");
    let groups: Value = serde_json::from_str(&file).unwrap_or_else(|e| panic!("{e}: {file}"));
    groups["access_groups"][0]["fed_by"].to_string()
}

#[test]
fn what_feeds_a_group_goes_out_and_comes_in() {
    let app = TestApp::start();
    let alice = app.alice();
    app.apply(
        "[[connection]]\nslug = \"saml\"\nname = \"SAML\"\n[[access_group]]\nname = \"Staff\"\nrole = \"member\"\n",
    );
    let scim = app.scim("okta");
    for name in ["Sales", "Kitchen, cold"] {
        assert_eq!(scim.post("/Groups", &group(name)).status, 201);
    }
    let file = "name,fed_by\nStaff,\"okta: sales; saml: Staff of Acme; okta: Kitchen, cold\"\n";
    let report = alice.get(&look(&alice, GROUPS, file));
    assert!(
        rows(&report)[0][3].contains("okta: Sales, saml: Staff of Acme"),
        "{}",
        report.text()
    );
    import(&alice, GROUPS, file);
    let all = r#"["okta: Kitchen, cold","okta: Sales","saml: Staff of Acme"]"#;
    assert_eq!(fed_by(&alice), all);
    // What goes out comes in and changes nothing; an empty cell does not either.
    for same in [
        download(&alice, GROUPS, "access-groups.csv"),
        "name,fed_by\nStaff,\n".to_owned(),
    ] {
        let report = alice.get(&look(&alice, GROUPS, &same));
        assert_eq!(rows(&report)[0][2], "Unchanged", "{}", report.text());
    }
    let wrong = "name,fed_by\nStaff,okta: Nobody; nowhere: Sales; Sales\n";
    let said = alice.get(&look(&alice, GROUPS, wrong)).text();
    for words in [
        "has pushed no group “Nobody”",
        "There is no integration “nowhere”",
        "“Sales” names no integration",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    import(&alice, GROUPS, "name,fed_by\nStaff,okta: Sales\n");
    assert_eq!(fed_by(&alice), r#"["okta: Sales"]"#);
    import(&alice, GROUPS, "name,fed_by\nStaff,none\n");
    assert_eq!(fed_by(&alice), "null", "an empty list is left out");
}

#[test]
fn a_file_makes_no_group_feed_owners() {
    let (app, carol) = with_carol("admin");
    app.apply("[[access_group]]\nname = \"Bosses\"\nrole = \"owner\"\n");
    assert_eq!(app.scim("okta").post("/Groups", &group("Sales")).status, 201);
    let file = "name,fed_by\nBosses,okta: Sales\n";
    let page = carol.get(&look(&carol, GROUPS, file));
    assert!(
        rows(&page)[0][3].contains("may do what yours may not"),
        "{}",
        page.text()
    );
    import(&app.alice(), GROUPS, file);
    assert_eq!(
        app.count("SELECT count(*) FROM access_group_sources WHERE may_own = 0"),
        1,
        "an owner allows it by name, and a file does not"
    );
}

#[test]
fn managing_people_is_not_enough() {
    let app = TestApp::start();
    app.apply("[[role]]\nkey = \"people\"\npermissions = [\"manage_people\"]\n");
    app.add(super::CAROL, "people");
    app.give_passphrase(super::CAROL, crate::app::PASSPHRASE);
    let carol = app.signed_in(super::CAROL, crate::app::PASSPHRASE);
    for at in [TEAMS, GROUPS] {
        assert_eq!(carol.get(at).status, 403);
        assert_eq!(carol.post(at, &[("text", "name\nMine\n")]).status, 403);
    }
    assert!(refused(&app.alice(), TEAMS, "people\n3\n").contains("one of them must be “name”"));
}
