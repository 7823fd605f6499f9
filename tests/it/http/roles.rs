//! Roles: an ordered list that an owner edits, what each permission opens, and the ways around it that are shut.

use doorward::model::Permission;
use doorward::web::routes::{Access, ROUTES};

use crate::app::{ALICE, BOB, PASSPHRASE, Page, TestApp, Visitor};

const CAROL: &str = "carol@example.com";
const ROLES: &str = "/admin/access/roles";

/// With bob, who has this role, and a passphrase.
fn with_bob(role: &str) -> TestApp {
    let app = TestApp::start();
    app.add(BOB, role);
    app.give_passphrase(BOB, PASSPHRASE);
    app
}

/// alice adds a role with these permissions.
fn add(alice: &Visitor, key: &str, permissions: &[Permission]) -> Page {
    let mut fields = vec![("key", key), ("name", key)];
    fields.extend(permissions.iter().map(|permission| (permission.key(), "on")));
    alice.post(&format!("{ROLES}/new"), &fields)
}

fn order(app: &TestApp) -> Vec<String> {
    let roles = app.ctx.store.read(doorward::store::roles::list).expect("roles");
    roles.into_iter().map(|role| role.key).collect()
}

fn events(app: &TestApp, action: &str) -> i64 {
    app.count(&format!("SELECT count(*) FROM events WHERE action = '{action}'"))
}

#[test]
fn four_roles_are_there_and_an_owner_edits_them() {
    let app = with_bob("member");
    let alice = app.alice();
    assert_eq!(order(&app), ["member", "manager", "admin", "owner"]);
    assert_eq!(
        add(&alice, "department_admin", &[Permission::ManagePeople]).to(),
        ROLES
    );
    assert_eq!(
        order(&app),
        ["member", "department_admin", "manager", "admin", "owner"]
    );
    let shift = |to: &str| alice.post(&format!("{ROLES}/department_admin/move"), &[("to", to)]);
    assert_eq!(shift("up").to(), ROLES);
    assert_eq!(order(&app)[2], "department_admin");
    assert_eq!(shift("down").to(), ROLES);
    let down = shift("down");
    assert_eq!(down.status, 409, "a role with settings is not the lowest");
    assert!(down.text().contains("would be the lowest role"));
    assert_eq!(order(&app)[0], "member");
    assert_eq!((events(&app, "role.added"), events(&app, "role.moved")), (1, 2));
    for (key, name) in [("Member", "x"), ("with space", "x"), ("", "x"), ("fine", "")] {
        let page = alice.post(&format!("{ROLES}/new"), &[("key", key), ("name", name)]);
        assert_eq!(page.status, 422, "{key:?} {name:?}");
    }
    let people = alice.get("/admin/people/new").text();
    assert!(people.contains("department_admin"), "{people}");
}

#[test]
fn whoever_has_a_role_that_changed_signs_in_anew_and_may_do_the_new_things() {
    let app = with_bob("member");
    let alice = app.alice();
    add(&alice, "helper", &[Permission::UseApps]);
    app.apply("[[person]]\nemail = \"bob@example.com\"\nrole = \"helper\"\n");
    let bob = app.signed_in(BOB, PASSPHRASE);
    assert_eq!(bob.get("/admin/people").status, 403);
    let page = alice.get(&format!("{ROLES}/helper"));
    let version = page.attributes("input[name=version]", "value").remove(0);
    let fields = [("name", "Helper"), ("version", &version), ("manage_people", "on")];
    assert_eq!(alice.post(&format!("{ROLES}/helper"), &fields).to(), ROLES);
    assert_eq!(bob.me(), None, "their session ended");
    let bob = app.signed_in(BOB, PASSPHRASE);
    assert_eq!(bob.get("/admin/people").status, 200);
    assert_eq!(bob.get(ROLES).status, 403);
    let stale = alice.post(
        &format!("{ROLES}/helper"),
        &[("name", "Other"), ("version", &version)],
    );
    assert_eq!(stale.status, 409, "somebody was faster");
}

#[test]
fn each_permission_opens_its_own_addresses_and_no_others() {
    let app = with_bob("member");
    app.connect("okta", "");
    let alice = app.alice();
    for permission in Permission::ALL.into_iter().filter(|p| *p != Permission::Own) {
        let key = permission.key().replace('_', "-");
        assert_eq!(add(&alice, &key, &[permission]).to(), ROLES);
        app.apply(&format!(
            "[[person]]\nemail = \"bob@example.com\"\nrole = \"{key}\"\n"
        ));
        let bob = app.signed_in(BOB, PASSPHRASE);
        for route in ROUTES
            .iter()
            .filter(|r| r.method.is_safe() && !r.path.contains('{'))
        {
            let Access::May(needed) = route.access else {
                continue;
            };
            let status = bob.get(route.path).status;
            assert_eq!(
                status == 403,
                !needed.contains(&permission),
                "{key} at {}",
                route.path
            );
        }
        let places = bob.get("/").text();
        assert!(!places.contains("Settings"), "the home is no settings page");
    }
}

#[test]
fn a_role_is_removed_and_its_people_get_another() {
    let app = with_bob("member");
    let alice = app.alice();
    add(&alice, "helper", &[Permission::UseApps]);
    app.apply("[[person]]\nemail = \"bob@example.com\"\nrole = \"helper\"\n");
    let removal = format!("{ROLES}/helper/removal");
    assert!(alice.get(&removal).text().contains("1 person has"));
    assert_eq!(alice.post(&removal, &[]).status, 422);
    for instead in ["owner", "helper", "nothing"] {
        let page = alice.post(&removal, &[("instead", instead)]);
        assert!(
            page.status == 409 || page.status == 422,
            "{instead}: {}",
            page.status
        );
    }
    assert_eq!(alice.post(&removal, &[("instead", "manager")]).to(), ROLES);
    assert_eq!(
        app.count("SELECT count(*) FROM people WHERE email = 'bob@example.com' AND role = 'manager' AND own_role = role"),
        1
    );
    assert_eq!((events(&app, "role.removed"), order(&app).len()), (1, 4));
    assert_eq!(
        alice
            .post(&format!("{ROLES}/owner/removal"), &[("instead", "admin")])
            .status,
        409
    );
}

#[test]
fn nobody_becomes_an_owner_by_the_edit_of_a_role() {
    let app = with_bob("admin");
    app.add(CAROL, "member");
    let (alice, bob) = (app.alice(), app.signed_in(BOB, PASSPHRASE));
    // An admin edits no role, whatever they send.
    for (path, fields) in [
        (
            format!("{ROLES}/new"),
            vec![("key", "mine"), ("name", "Mine"), ("own", "on")],
        ),
        (
            format!("{ROLES}/admin"),
            vec![("name", "Admin"), ("own", "on"), ("version", "1")],
        ),
        (format!("{ROLES}/member/move"), vec![("to", "up")]),
        (format!("{ROLES}/member/removal"), vec![("instead", "admin")]),
    ] {
        assert_eq!(bob.post(&path, &fields).status, 403, "{path}");
    }
    assert_eq!(order(&app), ["member", "manager", "admin", "owner"]);
    // Nor does an owner make owners of everybody who has a role, by one tick.
    let fields = [("name", "Admin"), ("own", "on"), ("version", "2")];
    let page = alice.post(&format!("{ROLES}/admin"), &fields);
    assert!(page.status == 422 || page.status == 409, "{}", page.status);
    let page = alice.get(&format!("{ROLES}/admin"));
    let version = page.attributes("input[name=version]", "value").remove(0);
    let fields = [("name", "Admin"), ("own", "on"), ("version", &version)];
    assert_eq!(alice.post(&format!("{ROLES}/admin"), &fields).status, 422);
    assert_eq!(app.count("SELECT count(*) FROM roles WHERE owns = 1"), 1);
    // The last owner keeps it, by whatever way.
    let page = alice.get(&format!("{ROLES}/owner"));
    let version = page.attributes("input[name=version]", "value").remove(0);
    let fields = [("name", "Owner"), ("manage_people", "on"), ("version", &version)];
    assert_eq!(alice.post(&format!("{ROLES}/owner"), &fields).status, 422);
    assert_eq!(alice.email().as_deref(), Some(ALICE));
    assert_eq!(alice.get("/admin/settings/mail").status, 200);
}

#[test]
fn nobody_gives_what_is_not_less_than_their_own() {
    let app = with_bob("admin");
    let alice = app.alice();
    add(
        &alice,
        "peer",
        &[Permission::SeeActivity, Permission::ManagePeople],
    );
    add(&alice, "other", &[Permission::Own]);
    let bob = app.signed_in(BOB, PASSPHRASE);
    for (role, may) in [
        ("member", true),
        ("manager", true),
        ("peer", true),
        ("admin", false),
        ("other", false),
        ("owner", false),
    ] {
        let email = format!("{role}@example.com");
        let fields = [("email", email.as_str()), ("family_name", "New"), ("role", role)];
        let page = bob.post("/admin/people/new", &fields);
        assert_eq!(page.status == 303, may, "{role}: {}", page.status);
        let form = bob.get("/admin/people/new");
        let offered = form.attributes("input[name=role]", "value");
        assert_eq!(offered.iter().any(|key| key == role), may, "{role} is offered");
    }
    assert_eq!(
        app.count("SELECT count(*) FROM people WHERE role IN ('other', 'owner')"),
        1
    );
}
