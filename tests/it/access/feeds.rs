//! Pushed groups that feed access groups: selected by hand, settled with the request that changes them.

use serde_json::json;

use super::{
    events, group_of, join, leave, page_of, patch, person_page, push, push_group, role_of, save_person,
    select, text,
};
use crate::app::{PASSPHRASE, ScimClient, TestApp, Visitor};

struct World {
    app: TestApp,
    alice: Visitor,
    scim: ScimClient,
}

/// Two access groups: Leads (manager) counts before Staff (member).
fn world(guard: &str) -> World {
    let app = TestApp::start();
    app.apply(
        "[[access_group]]\nname = \"Leads\"\nrole = \"manager\"\n[[access_group]]\nname = \"Staff\"\nrole = \"member\"\n",
    );
    let scim = app.scim_with("okta", guard);
    let alice = app.alice();
    World { app, alice, scim }
}

#[test]
fn a_group_gives_nothing_until_it_is_selected_whatever_it_is_called() {
    let World { app, alice, scim } = world("guard_people = 0");
    let bob = push(&scim, "bob");
    for name in ["Leads", "owner", "Admin", "Owners"] {
        push_group(&scim, name, &[&bob]);
    }
    assert_eq!(
        (group_of(&app, "bob"), role_of(&app, "bob").as_str()),
        (None, "member")
    );
    let page = alice
        .get(&format!("{}/feeds?connection=okta", page_of(&app, "Staff")))
        .text();
    for name in ["Leads", "owner", "Admin", "Owners"] {
        assert!(page.contains(name), "{page}");
    }
    assert_eq!(select(&app, &alice, "okta", "Owners", "Staff").status, 303);
    assert_eq!(
        (group_of(&app, "bob").as_deref(), role_of(&app, "bob").as_str()),
        (Some("Staff"), "member")
    );
    // It feeds one access group at most.
    let twice = select(&app, &alice, "okta", "Owners", "Leads");
    assert_eq!(twice.status, 409, "{}", twice.text());
    assert!(twice.text().contains("feeds an access group already"));
    // Another name there changes nothing here, and another group of the old name is another group.
    let owners = text(
        &app,
        "SELECT id FROM directory_groups WHERE display_name = 'Owners'",
    )
    .expect("an id");
    patch(
        &scim,
        &owners,
        json!({ "op": "replace", "path": "displayName", "value": "Everyone" }),
    );
    let carol = push(&scim, "carol");
    push_group(&scim, "Owners", &[&carol]);
    assert_eq!(
        (group_of(&app, "bob").as_deref(), group_of(&app, "carol")),
        (Some("Staff"), None)
    );
    assert!(alice.get(&page_of(&app, "Staff")).text().contains("Everyone"));
    assert!(
        alice
            .get("/admin/integrations/okta/provisioning/groups")
            .text()
            .contains("Staff")
    );
    assert_eq!(events(&app, "feed.added"), 1);
}

#[test]
fn of_several_that_match_priority_decides_and_the_page_says_so() {
    let World { app, alice, scim } = world("guard_people = 0");
    let bob = push(&scim, "bob");
    let (low, high) = (push_group(&scim, "Low", &[]), push_group(&scim, "High", &[]));
    assert_eq!(select(&app, &alice, "okta", "Low", "Staff").status, 303);
    assert_eq!(select(&app, &alice, "okta", "High", "Leads").status, 303);
    join(&scim, &low, &[&bob]);
    assert_eq!(group_of(&app, "bob").as_deref(), Some("Staff"));
    join(&scim, &high, &[&bob]);
    assert_eq!(
        (group_of(&app, "bob").as_deref(), role_of(&app, "bob").as_str()),
        (Some("Leads"), "manager")
    );
    let page = alice.get(&person_page(&app, "bob")).text();
    assert!(page.contains("it comes first by priority"), "{page}");
    assert!(
        page.contains("in the group &#34;High&#34;") && page.contains("/admin/activity/requests/"),
        "{page}"
    );
    // Another order, another group.
    assert_eq!(
        alice
            .post(&format!("{}/move", page_of(&app, "Staff")), &[("to", "up")])
            .status,
        303
    );
    assert_eq!(
        (group_of(&app, "bob").as_deref(), role_of(&app, "bob").as_str()),
        (Some("Staff"), "member")
    );
    leave(&scim, &low, &bob);
    assert_eq!(group_of(&app, "bob").as_deref(), Some("Leads"));
    leave(&scim, &high, &bob);
    assert_eq!(
        (group_of(&app, "bob"), role_of(&app, "bob").as_str()),
        (None, "member")
    );
}

#[test]
fn a_group_that_goes_or_a_user_that_goes_takes_the_access_group_along_and_brings_it_back() {
    let World { app, alice, scim } = world("guard_people = 0");
    let (bob, carol) = (push(&scim, "bob"), push(&scim, "carol"));
    let group = push_group(&scim, "People", &[&bob, &carol]);
    assert_eq!(select(&app, &alice, "okta", "People", "Leads").status, 303);
    assert_eq!(role_of(&app, "carol"), "manager");
    assert_eq!(scim.delete(&format!("/Users/{carol}")).status, 204);
    assert_eq!(
        (group_of(&app, "carol"), role_of(&app, "carol").as_str()),
        (None, "member")
    );
    assert_eq!(scim.delete(&format!("/Groups/{group}")).status, 204);
    assert_eq!(group_of(&app, "bob"), None);
    let at = format!("/admin/integrations/okta/provisioning/groups/{group}/restoration");
    assert_eq!(alice.post(&at, &[]).status, 303);
    assert_eq!(group_of(&app, "bob").as_deref(), Some("Leads"));
    // Taken out of what feeds it: whoever was in it by that alone leaves.
    let feed = text(&app, "SELECT id FROM access_group_sources").expect("a feed");
    let at = format!("{}/feeds/{feed}/removal", page_of(&app, "Leads"));
    assert_eq!(alice.post(&at, &[]).status, 303);
    assert_eq!(
        (group_of(&app, "bob"), role_of(&app, "bob").as_str()),
        (None, "member")
    );
    assert_eq!(events(&app, "feed.removed"), 1);
}

#[test]
fn by_hand_wins_until_the_hand_takes_it_back() {
    let World { app, alice, scim } = world("guard_people = 0");
    let bob = push(&scim, "bob");
    let group = push_group(&scim, "People", &[&bob]);
    assert_eq!(select(&app, &alice, "okta", "People", "Leads").status, 303);
    assert_eq!(
        save_person(&app, &alice, "bob", &[("access_group", "none")]).status,
        303
    );
    leave(&scim, &group, &bob);
    join(&scim, &group, &[&bob]);
    assert_eq!(
        (group_of(&app, "bob"), role_of(&app, "bob").as_str()),
        (None, "member")
    );
    assert!(
        alice
            .get(&person_page(&app, "bob"))
            .text()
            .contains("the access group was set by hand")
    );
    assert_eq!(
        save_person(&app, &alice, "bob", &[("access_group", "")]).status,
        303
    );
    assert_eq!(
        (group_of(&app, "bob").as_deref(), role_of(&app, "bob").as_str()),
        (Some("Leads"), "manager")
    );
    // Set by hand to where they are: leaving the last feeding group leaves them there.
    let leads = page_of(&app, "Leads")
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    assert_eq!(
        save_person(&app, &alice, "bob", &[("access_group", &leads)]).status,
        303
    );
    leave(&scim, &group, &bob);
    assert_eq!(group_of(&app, "bob").as_deref(), Some("Leads"));
    assert_eq!(
        save_person(&app, &alice, "bob", &[("access_group", "")]).status,
        303
    );
    assert_eq!(group_of(&app, "bob"), None);
}

#[test]
fn a_removal_that_is_held_has_no_effect_until_an_admin_applies_it() {
    let World { app, alice, scim } = world("guard_people = 1\nguard_percent = 1");
    let ids: Vec<String> = ["ann", "bea", "cid"]
        .iter()
        .map(|name| push(&scim, name))
        .collect();
    let all: Vec<&str> = ids.iter().map(String::as_str).collect();
    let group = push_group(&scim, "People", &all);
    assert_eq!(select(&app, &alice, "okta", "People", "Leads").status, 303);
    let in_it = || app.count("SELECT count(*) FROM people WHERE access_group_id IS NOT NULL");
    for id in &ids {
        leave(&scim, &group, id);
    }
    assert_eq!(in_it(), 2, "one left, two are held");
    let held = || {
        text(
            &app,
            "SELECT group_concat(id, ' ') FROM removals WHERE state = 'held'",
        )
    };
    let decide = |decision: &str, id: &str| {
        let at = "/admin/integrations/okta/provisioning/held/decision";
        let page = alice.post(at, &[("decision", decision), ("id", id), ("many", "1")]);
        assert_eq!(page.status, 303, "{}", page.text());
    };
    let waiting = held().expect("two");
    let (first, second) = waiting.split_once(' ').expect("two");
    decide("apply", first);
    assert_eq!(in_it(), 1);
    decide("discard", second);
    assert_eq!(in_it(), 1);
    // Whatever comes after it does not let a discarded removal through.
    let dan = push(&scim, "dan");
    join(&scim, &group, &[&dan]);
    assert_eq!(in_it(), 2);
    app.forward(doorward::model::time::MINUTE * 11);
    // A deleted group is a removal of each of its members: past the guard they stay.
    let eve = push(&scim, "eve");
    join(&scim, &group, &[&eve]);
    assert_eq!(in_it(), 3);
    assert_eq!(scim.delete(&format!("/Groups/{group}")).status, 204);
    assert_eq!(in_it(), 2, "one left, one is held, and the discarded one stays");
}

#[test]
fn a_connection_that_goes_takes_what_its_groups_gave() {
    let World { app, alice, scim } = world("guard_people = 0");
    let bob = push(&scim, "bob");
    push_group(&scim, "People", &[&bob]);
    assert_eq!(select(&app, &alice, "okta", "People", "Leads").status, 303);
    let removed = alice.post("/admin/integrations/okta/removal", &[("confirmation", "okta")]);
    assert_eq!(removed.status, 303, "{}", removed.text());
    assert_eq!(
        (group_of(&app, "bob"), role_of(&app, "bob").as_str()),
        (None, "member")
    );
}

#[test]
fn what_a_group_made_an_admin_the_group_unmakes_also_with_a_passphrase() {
    let World { app, alice, scim } = world("guard_people = 0");
    app.apply("[[access_group]]\nname = \"Admins\"\nrole = \"admin\"\n");
    app.add("bob@example.com", "member");
    app.give_passphrase("bob@example.com", PASSPHRASE);
    let found = scim
        .get("/Users?filter=userName%20eq%20%22bob@example.com%22")
        .json();
    let bob = found["Resources"][0]["id"]
        .as_str()
        .expect("bob is shown")
        .to_owned();
    let group = push_group(&scim, "Ops", &[&bob]);
    assert_eq!(select(&app, &alice, "okta", "Ops", "Admins").status, 303);
    assert_eq!(role_of(&app, "bob"), "admin");
    leave(&scim, &group, &bob);
    assert_eq!(
        (group_of(&app, "bob"), role_of(&app, "bob").as_str()),
        (None, "member")
    );
    // Who was an admin before is out of its reach, as ever.
    app.add("carol@example.com", "admin");
    app.give_passphrase("carol@example.com", PASSPHRASE);
    let found = scim
        .get("/Users?filter=userName%20eq%20%22carol@example.com%22")
        .json();
    let carol = found["Resources"][0]["id"]
        .as_str()
        .expect("carol is shown")
        .to_owned();
    let staff = push_group(&scim, "All", &[]);
    assert_eq!(select(&app, &alice, "okta", "All", "Staff").status, 303);
    join(&scim, &staff, &[&carol]);
    assert_eq!(
        (group_of(&app, "carol"), role_of(&app, "carol").as_str()),
        (None, "admin")
    );
    assert!(
        alice
            .get(&person_page(&app, "carol"))
            .text()
            .contains("no identity provider changes what this person has")
    );
}

#[test]
fn a_thousand_members_arrive_at_once() {
    let World { app, alice, scim } = world("guard_people = 0");
    let ids: Vec<String> = (0..1000).map(|n| push(&scim, &format!("p{n}"))).collect();
    let group = push_group(&scim, "All", &[]);
    assert_eq!(select(&app, &alice, "okta", "All", "Staff").status, 303);
    let all: Vec<&str> = ids.iter().map(String::as_str).collect();
    let began = std::time::Instant::now();
    join(&scim, &group, &all);
    let took = began.elapsed();
    assert_eq!(
        app.count("SELECT count(*) FROM people WHERE access_group_id IS NOT NULL"),
        1000
    );
    assert!(took.as_secs() < 20, "{took:?}");
}
