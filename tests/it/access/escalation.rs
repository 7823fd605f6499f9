//! Nobody becomes an owner, or gives what they do not have, by way of an access group.

use super::{group_of, join, page_of, push, push_group, role_of, save_person, select, text};
use crate::app::{PASSPHRASE, TestApp, Visitor};

const CAROL: &str = "carol@example.com";

/// carol with this role, and the groups Staff (member), Admins (admin), Owners (owner).
fn start(role: &str) -> (TestApp, Visitor) {
    let app = TestApp::start();
    app.add(CAROL, role);
    app.add("bob@example.com", "member");
    app.give_passphrase(CAROL, PASSPHRASE);
    app.apply(
        "[[access_group]]\nname = \"Owners\"\nrole = \"owner\"\n[[access_group]]\nname = \"Admins\"\nrole = \"admin\"\n\
         [[access_group]]\nname = \"Staff\"\nrole = \"member\"\n",
    );
    let carol = app.signed_in(CAROL, PASSPHRASE);
    (app, carol)
}

fn owners(app: &TestApp) -> i64 {
    app.count("SELECT count(*) FROM people WHERE role = 'owner'")
}

fn form(role: &str) -> Vec<(&'static str, String)> {
    let fields = [
        ("name", "Mine"),
        ("people", "everybody"),
        ("apps", "all"),
        ("version", "1"),
    ];
    let mut fields: Vec<_> = fields.map(|(name, value)| (name, value.to_owned())).to_vec();
    fields.push(("role", role.to_owned()));
    fields
}

fn post(visitor: &Visitor, at: &str, fields: &[(&'static str, String)]) -> u16 {
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    visitor.post(at, &fields).status
}

#[test]
fn neither_an_admin_nor_a_manager_makes_edits_or_fills_a_group_above_them() {
    for role in ["admin", "manager"] {
        let (app, carol) = start(role);
        for above in ["owner", "admin"] {
            let status = post(&carol, "/admin/access/groups/new", &form(above));
            assert!(
                [403, 422].contains(&status),
                "{role} made a group with {above}: {status}"
            );
        }
        for group in ["Owners", "Admins"] {
            let page = page_of(&app, group);
            for (at, fields) in [
                (format!("{page}/edit"), form("member")),
                (format!("{page}/removal"), Vec::new()),
                (format!("{page}/move"), vec![("to", "down".to_owned())]),
                (
                    format!("{page}/named"),
                    vec![("connection", "okta".to_owned()), ("value", "x".to_owned())],
                ),
            ] {
                let status = post(&carol, &at, &fields);
                assert!(
                    [403, 404, 422].contains(&status),
                    "{role}: {at} answered {status}"
                );
            }
            let id = page.rsplit('/').next().unwrap_or_default();
            let status = save_person(&app, &carol, "bob", &[("access_group", id)]).status;
            assert!(
                [403, 422].contains(&status),
                "{role} put bob into {group}: {status}"
            );
        }
        // A lower group with a higher role is refused too.
        let status = post(
            &carol,
            &format!("{}/edit", page_of(&app, "Staff")),
            &form("owner"),
        );
        assert!([403, 422].contains(&status), "{status}");
        assert_eq!((owners(&app), group_of(&app, "bob")), (1, None));
        assert_eq!(app.count("SELECT count(*) FROM access_groups"), 3);
        // What is theirs to do goes.
        assert_eq!(post(&carol, "/admin/access/groups/new", &form("member")), 303);
    }
}

#[test]
fn a_pushed_group_makes_no_owner_unless_an_owner_allowed_it_by_name() {
    let (app, _) = start("admin");
    let (alice, scim) = (app.alice(), app.scim_with("okta", "guard_people = 0"));
    let bob = push(&scim, "ben");
    let group = push_group(&scim, "Bosses", &[&bob]);
    assert_eq!(select(&app, &alice, "okta", "Bosses", "Owners").status, 303);
    assert_eq!((owners(&app), group_of(&app, "ben")), (1, None));
    let page = alice.get(&super::person_page(&app, "ben")).text();
    assert!(
        page.contains("a group makes nobody an owner unless an owner allowed it"),
        "{page}"
    );
    let carl = push(&scim, "carl");
    join(&scim, &group, &[&carl]);
    assert_eq!(owners(&app), 1);
    // An owner allows exactly this group.
    let feed = text(&app, "SELECT id FROM access_group_sources").expect("a feed");
    assert_eq!(
        alice
            .post(&format!("{}/feeds/{feed}/removal", page_of(&app, "Owners")), &[])
            .status,
        303
    );
    let source = text(&app, "SELECT 'pushed-' || seq FROM directory_groups").expect("it");
    let at = format!("{}/feeds", page_of(&app, "Owners"));
    let fields = [
        ("connection", "okta"),
        ("source", source.as_str()),
        ("may_own", "on"),
    ];
    assert_eq!(alice.post(&at, &fields).status, 303);
    assert_eq!((owners(&app), role_of(&app, "carl").as_str()), (3, "owner"));
    // And it unmakes none.
    super::leave(&scim, &group, &carl);
    assert_eq!(owners(&app), 3);
    assert_eq!(
        app.count(
            "SELECT count(*) FROM events WHERE action = 'feed.added' AND after LIKE '%may_make_owners%'"
        ),
        1
    );
}

#[test]
fn a_manager_who_selects_a_group_moves_nobody_whom_they_may_not_manage() {
    let (app, carol) = start("manager");
    let scim = app.scim_with("okta", "guard_people = 0");
    let dana = push(&scim, "dana");
    push_group(&scim, "All", &[&dana]);
    // dana came through the identity provider and is an admin now: within its reach, above the manager.
    app.apply("[[person]]\nemail = \"dana@example.com\"\nrole = \"admin\"\n");
    let refused = select(&app, &carol, "okta", "All", "Staff");
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert!(refused.text().contains("would be moved by this"));
    assert_eq!(
        (group_of(&app, "dana"), role_of(&app, "dana").as_str()),
        (None, "admin")
    );
    assert_eq!(app.count("SELECT count(*) FROM access_group_sources"), 0);
}
