//! Access groups by hand: role, priority, removal, and what a form may not do.

use std::sync::Arc;

use doorward::error::Kind;
use doorward::flows::access_groups::{self, GroupFields};
use doorward::flows::{Act, Context, Who};
use doorward::model::AccessGroupId;
use doorward::web::server::block_on;

use super::{events, group_of, page_of, person_page, role_of, save_person, text};
use crate::app::{PASSPHRASE, TestApp};

fn id_of(app: &TestApp, group: &str) -> AccessGroupId {
    let id = page_of(app, group);
    AccessGroupId::parse(id.rsplit('/').next().unwrap_or_default()).expect("an id")
}

fn start() -> TestApp {
    let app = TestApp::start();
    app.apply(
        "[[access_group]]\nname = \"Staff\"\nrole = \"member\"\n[[access_group]]\nname = \"Leads\"\nrole = \"manager\"\n",
    );
    app.add("bob@example.com", "member");
    app
}

#[test]
fn the_role_of_the_group_counts_while_somebody_is_in_it_and_their_sessions_end() {
    let app = start();
    let alice = app.alice();
    app.give_passphrase("bob@example.com", PASSPHRASE);
    let bob = app.signed_in("bob@example.com", PASSPHRASE);
    let leads = id_of(&app, "Leads").to_string();
    assert_eq!(
        save_person(&app, &alice, "bob", &[("access_group", &leads)]).status,
        303
    );
    assert_eq!(
        (group_of(&app, "bob").as_deref(), role_of(&app, "bob").as_str()),
        (Some("Leads"), "manager")
    );
    assert_eq!(bob.email(), None, "the session of the old role ended");
    let page = alice.get(&person_page(&app, "bob")).text();
    assert!(
        page.contains("Manager counts, because of the access group"),
        "{page}"
    );
    // Their own role is what the form shows and keeps.
    assert_eq!(
        save_person(&app, &alice, "bob", &[("given_name", "Bobby")]).status,
        303
    );
    assert_eq!(
        text(
            &app,
            "SELECT own_role FROM people WHERE email = 'bob@example.com'"
        )
        .as_deref(),
        Some("member")
    );
    assert_eq!(role_of(&app, "bob"), "manager");
    // Another role of the group reaches everybody in it at once.
    let bob = app.signed_in("bob@example.com", PASSPHRASE);
    let at = format!("{}/edit", page_of(&app, "Leads"));
    let answers = [
        ("name", "Leads"),
        ("role", "admin"),
        ("people", "everybody"),
        ("apps", "all"),
        ("version", "1"),
    ];
    assert_eq!(alice.post(&at, &answers).status, 303);
    assert_eq!(role_of(&app, "bob"), "admin");
    assert_eq!(bob.email(), None, "their session ended");
    // Out of it: their own role again.
    assert_eq!(
        save_person(&app, &alice, "bob", &[("access_group", "none")]).status,
        303
    );
    assert_eq!(
        (group_of(&app, "bob"), role_of(&app, "bob").as_str()),
        (None, "member")
    );
}

#[test]
fn a_group_that_is_removed_gives_its_people_what_the_admin_says() {
    let app = start();
    let alice = app.alice();
    app.apply("[[person]]\nemail = \"bob@example.com\"\naccess_group = \"Leads\"\n");
    let staff = id_of(&app, "Staff").to_string();
    let at = format!("{}/removal", page_of(&app, "Leads"));
    assert!(alice.get(&at).text().contains("1 active person is in it"));
    assert_eq!(alice.post(&at, &[("instead", &staff)]).status, 303);
    assert_eq!(
        (group_of(&app, "bob").as_deref(), role_of(&app, "bob").as_str()),
        (Some("Staff"), "member")
    );
    let at = format!("{}/removal", page_of(&app, "Staff"));
    assert_eq!(alice.post(&at, &[("instead", "")]).status, 303);
    assert_eq!(group_of(&app, "bob"), None);
    assert_eq!(events(&app, "access_group.removed"), 2);
}

#[test]
fn ownership_neither_comes_nor_goes_by_editing_a_group_with_people_in_it() {
    let app = start();
    app.apply("[[person]]\nemail = \"bob@example.com\"\naccess_group = \"Staff\"\n");
    let error = app
        .try_apply(
            "[[access_group]]\nname = \"Staff\"\nrole = \"owner\"\n",
            Default::default(),
        )
        .expect_err("refused");
    assert!(error.message.contains("person by person"), "{error}");
    assert_eq!(role_of(&app, "bob"), "member");
}

#[test]
fn of_two_admins_who_edit_one_group_at_once_one_wins_and_the_other_is_told() {
    let app = start();
    let id = id_of(&app, "Staff");
    let save = |ctx: Arc<Context>, name: &'static str, version: i64| {
        std::thread::spawn(move || {
            let fields = GroupFields {
                name: name.into(),
                role: "member".into(),
                ..GroupFields::default()
            };
            let work = move |act: &Act| access_groups::change(act, id, &fields, Some(version));
            block_on(ctx.act(Who::Command("test"), work))
        })
    };
    for version in 1..21 {
        let names = if version % 2 == 0 {
            ["Even", "Evener"]
        } else {
            ["Odd", "Odder"]
        };
        let both = names.map(|name| save(app.ctx.clone(), name, version));
        let done: Vec<_> = both
            .into_iter()
            .map(|one| one.join().expect("no panic"))
            .collect();
        let good = done.iter().filter(|one| one.is_ok()).count();
        assert_eq!(good, 1, "version {version}");
        let refused = done.into_iter().find_map(Result::err).expect("the other");
        assert_eq!(refused.kind, Kind::Conflict);
        assert!(
            refused
                .message
                .contains("Somebody else changed this access group"),
            "{refused}"
        );
    }
}

#[test]
fn a_file_orders_roles_and_access_groups_and_says_what_one_person_sees() {
    let app = TestApp::start();
    let order = |table: &str, by: &str| {
        text(
            &app,
            &format!("SELECT group_concat(name, ' ') FROM (SELECT name FROM {table} ORDER BY {by})"),
        )
        .expect("names")
    };
    let roles = "[[role]]\nkey = \"sender\"\nname = \"Sender\"\npermissions = [\"use_apps\", \"portal\"]\n\
                 [[role]]\nkey = \"member\"\n[[role]]\nkey = \"lead\"\nname = \"Lead\"\npermissions = [\"use_apps\", \"portal\", \"see_directory\"]\n";
    app.apply(roles);
    assert_eq!(
        order("roles", "position"),
        "Sender Member Lead Manager Admin Owner"
    );
    let groups = |names: [&str; 3]| {
        names
            .map(|name| format!("[[access_group]]\nname = {name:?}\nrole = \"member\"\n"))
            .join("")
    };
    app.apply(&groups(["North", "South", "West"]));
    app.apply(&groups(["West", "North", "South"]));
    assert_eq!(order("access_groups", "priority"), "West North South");
    app.apply("[[access_group]]\nname = \"South\"\nrole = \"member\"\n");
    assert_eq!(order("access_groups", "priority"), "West North South");
    let bob = |more: &str| {
        app.apply(&format!(
            "[[app]]\nname = \"Wiki\"\naddress = \"https://wiki.example.com\"\n[[person]]\nemail = \"bob@example.com\"\n{more}\n"
        ))
    };
    let seen = "SELECT visibility FROM people WHERE email = 'bob@example.com'";
    bob("sees_people = \"oneself\"\nsees_apps = [\"Wiki\"]");
    let own = text(&app, seen).expect("his own");
    assert!(own.contains("oneself"), "{own}");
    bob("sees_people = \"team\"");
    assert_eq!(
        text(&app, seen).expect("his own"),
        own.replace("oneself", "team"),
        "the apps stay"
    );
    // What is said twice changes nothing.
    for again in [roles.to_owned(), groups(["West", "North", "South"])] {
        assert_eq!(app.apply(&again), Vec::<String>::new());
    }
    bob("sees_people = \"\"");
    assert_eq!(text(&app, seen), None);
    let lowest = "[[role]]\nkey = \"admin\"\n[[role]]\nkey = \"sender\"\n";
    let refused = app.try_apply(lowest, std::collections::BTreeMap::new());
    assert!(
        refused
            .expect_err("everybody would be an admin")
            .to_string()
            .contains("lowest")
    );
}
