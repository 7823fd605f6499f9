//! Teams and access groups in and out.

use super::{GROUPS, TEAMS, download, import, look, refused, rows, with_carol};
use crate::app::TestApp;

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
