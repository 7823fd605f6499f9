//! The guard, restoring, replaying, and the pages about them; over HTTP, with the identity provider beside it.

use doorward::model::time::{DAY, MINUTE};
use serde_json::{Value, json};

use crate::app::{PASSPHRASE, Page, ScimClient, TestApp, Visitor};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const PAGES: &str = "/admin/integrations/okta/provisioning";

fn add(scim: &ScimClient, name: &str) -> String {
    let address = format!("{name}@example.com");
    let body = json!({
        "schemas": [USER], "userName": address, "name": { "givenName": name, "familyName": "Test" },
        "emails": [{ "value": address, "type": "work", "primary": true }], "active": true,
    });
    let page = scim.post("/Users", &body);
    assert_eq!(page.status, 201, "{}", page.text());
    page.json()["id"].as_str().expect("an id").to_owned()
}

fn add_many(scim: &ScimClient, many: usize) -> Vec<String> {
    (0..many).map(|n| add(scim, &format!("person{n:03}"))).collect()
}

fn set_active(scim: &ScimClient, id: &str, active: bool) {
    let body =
        json!({ "schemas": [PATCH], "Operations": [{ "op": "replace", "value": { "active": active } }] });
    let page = scim.patch(&format!("/Users/{id}"), &body);
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(
        page.json()["active"],
        json!(active),
        "it reads back what it wrote"
    );
}

fn active_people(app: &TestApp) -> i64 {
    app.count("SELECT count(*) FROM people WHERE state = 'active' AND email LIKE 'person%'")
}

fn held(app: &TestApp) -> i64 {
    app.count("SELECT count(*) FROM removals WHERE state = 'held'")
}

fn ids_on(page: &Page) -> Vec<String> {
    page.attributes("input[name=id]", "value")
}

/// Chooses these lines, agrees on the page that follows, and gives what comes then.
fn agree(admin: &Visitor, at: &str, fields: &[(&str, &str)]) -> Page {
    let asked = admin.post(at, fields);
    assert_eq!(asked.status, 200, "{}", asked.text());
    let names = asked.attributes("form.confirm input[type=hidden]", "name");
    let values = asked.attributes("form.confirm input[type=hidden]", "value");
    let carried: Vec<(&str, &str)> = names
        .iter()
        .map(String::as_str)
        .zip(values.iter().map(String::as_str))
        .collect();
    let action = asked.attributes("form.confirm", "action");
    admin.post(&action[0], &carried)
}

#[test]
fn five_go_and_the_sixth_waits() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    let ids = add_many(&scim, 10);
    for id in &ids[..5] {
        set_active(&scim, id, false);
    }
    assert_eq!((active_people(&app), held(&app)), (5, 0));
    set_active(&scim, &ids[5], false);
    assert_eq!((active_people(&app), held(&app)), (5, 1), "the sixth is held");
    scim.delete(&format!("/Users/{}", ids[5]));
    assert_eq!(
        (active_people(&app), held(&app)),
        (5, 1),
        "one row for one person"
    );
    assert_eq!(scim.get(&format!("/Users/{}", ids[5])).status, 404);
}

#[test]
fn both_limits_have_to_be_passed() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    let ids = add_many(&scim, 40);
    for id in &ids[..8] {
        set_active(&scim, id, false);
    }
    assert_eq!(
        (active_people(&app), held(&app)),
        (32, 0),
        "8 of 40 are 20 %, not more"
    );
    set_active(&scim, &ids[8], false);
    assert_eq!((active_people(&app), held(&app)), (32, 1), "9 of 40 are");
}

#[test]
fn the_window_moves_with_the_clock() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    let ids = add_many(&scim, 12);
    for id in &ids[..5] {
        set_active(&scim, id, false);
    }
    app.forward(10 * MINUTE - 1);
    set_active(&scim, &ids[5], false);
    assert_eq!(held(&app), 1, "still within ten minutes of the five");
    app.forward(1);
    set_active(&scim, &ids[6], false);
    assert_eq!(
        (active_people(&app), held(&app)),
        (6, 1),
        "the five are out of the window"
    );
}

#[test]
fn a_limit_of_zero_is_no_guard() {
    let app = TestApp::start();
    let scim = app.scim_with("okta", "guard_people = 0");
    for id in add_many(&scim, 10) {
        set_active(&scim, &id, false);
    }
    assert_eq!((active_people(&app), held(&app)), (0, 0));
}

#[test]
fn what_the_provider_gives_back_waits_no_longer() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    let ids = add_many(&scim, 8);
    for id in &ids[..6] {
        set_active(&scim, id, false);
    }
    assert_eq!(held(&app), 1);
    set_active(&scim, &ids[5], true);
    assert_eq!((active_people(&app), held(&app)), (3, 0));
    let events = app.count("SELECT count(*) FROM events WHERE action = 'removal.withdrawn'");
    assert_eq!(events, 1);
}

#[test]
fn an_admin_applies_and_discards() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    let ids = add_many(&scim, 10);
    ids.iter().for_each(|id| set_active(&scim, id, false));
    assert_eq!((active_people(&app), held(&app)), (5, 5));
    let alice = app.alice();
    let overview = alice.get("/admin").text();
    assert!(
        overview.contains("5 removals of okta wait for you."),
        "{overview}"
    );
    let list = alice.get(&format!("{PAGES}/held"));
    let waiting = ids_on(&list);
    assert_eq!(waiting.len(), 5);
    let nothing = alice.post(&format!("{PAGES}/held"), &[("decision", "apply")]);
    assert_eq!(nothing.to(), format!("{PAGES}/held"));
    let done = agree(
        &alice,
        &format!("{PAGES}/held"),
        &[("decision", "discard"), ("id", &waiting[0])],
    );
    assert_eq!(done.to(), format!("{PAGES}/held"));
    assert_eq!((active_people(&app), held(&app)), (5, 4));
    let users = alice.get(&format!("{PAGES}/users?state=inactive")).text();
    assert!(users.contains("Inactive there, active here"));
    agree(&alice, &format!("{PAGES}/held"), &[("decision", "apply-all")]);
    assert_eq!((active_people(&app), held(&app)), (1, 0));
}

#[test]
fn what_came_while_an_admin_decided_is_not_applied_unseen() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    let ids = add_many(&scim, 10);
    ids[..7].iter().for_each(|id| set_active(&scim, id, false));
    let alice = app.alice();
    let decided = [("decision", "apply-all"), ("many", "2")];
    set_active(&scim, &ids[7], false);
    let page = alice.post(&format!("{PAGES}/held/decision"), &decided);
    assert_eq!(page.status, 409);
    assert!(page.text().contains("3 held removals"));
    assert_eq!((active_people(&app), held(&app)), (5, 3));
}

#[test]
fn whoever_became_an_owner_meanwhile_is_not_deactivated() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    let ids = add_many(&scim, 8);
    ids[..6].iter().for_each(|id| set_active(&scim, id, false));
    app.add("person005@example.com", "owner");
    let alice = app.alice();
    let list = alice.get(&format!("{PAGES}/held"));
    let page = agree(
        &alice,
        &format!("{PAGES}/held"),
        &[("decision", "apply"), ("id", &ids_on(&list)[0])],
    );
    assert_eq!(page.status, 409);
    assert!(
        page.text().contains("person005 Test cannot be deactivated"),
        "{}",
        page.text()
    );
    assert_eq!((active_people(&app), held(&app)), (3, 1));
}

fn group_of(scim: &ScimClient, name: &str, members: &[&String]) -> String {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    let page = scim.post(
        "/Groups",
        &json!({ "schemas": [GROUP], "displayName": name, "members": members }),
    );
    assert_eq!(page.status, 201, "{}", page.text());
    page.json()["id"].as_str().expect("an id").to_owned()
}

fn members(scim: &ScimClient, group: &str) -> usize {
    let page = scim.get(&format!("/Groups/{group}"));
    assert_eq!(page.status, 200, "{}", page.text());
    page.json()["members"].as_array().map_or(0, Vec::len)
}

#[test]
fn a_deleted_person_comes_back_with_their_groups() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    let ids = add_many(&scim, 3);
    let group = group_of(&scim, "Sales", &[&ids[0], &ids[1]]);
    assert_eq!(scim.delete(&format!("/Users/{}", ids[0])).status, 204);
    assert_eq!((active_people(&app), members(&scim, &group)), (2, 1));
    let alice = app.alice();
    let list = alice.get(&format!("{PAGES}/removed"));
    let removed = ids_on(&list);
    assert_eq!(removed.len(), 1);
    let done = agree(&alice, &format!("{PAGES}/removed"), &[("id", &removed[0])]);
    assert_eq!(done.to(), format!("{PAGES}/removed"));
    assert_eq!((active_people(&app), members(&scim, &group)), (3, 2));
    let user = scim.get(&format!("/Users/{}", ids[0]));
    assert_eq!(user.status, 200);
    assert_eq!(user.json()["active"], json!(true));
    assert!(ids_on(&alice.get(&format!("{PAGES}/removed"))).is_empty());
}

#[test]
fn a_name_that_was_given_away_is_not_taken_back() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    let ids = add_many(&scim, 2);
    scim.delete(&format!("/Users/{}", ids[0]));
    let rename = json!({ "schemas": [PATCH], "Operations": [
        { "op": "replace", "path": "userName", "value": "person000@example.com" }] });
    let renamed = scim.patch(&format!("/Users/{}", ids[1]), &rename);
    assert_eq!(renamed.status, 200, "{}", renamed.text());
    let alice = app.alice();
    let removed = ids_on(&alice.get(&format!("{PAGES}/removed")));
    let page = agree(&alice, &format!("{PAGES}/removed"), &[("id", &removed[0])]);
    assert_eq!(page.status, 409);
    assert!(
        page.text().contains("to another user meanwhile"),
        "{}",
        page.text()
    );
    assert_eq!(active_people(&app), 1, "nothing was restored");
}

#[test]
fn after_thirty_days_nothing_is_left_to_restore() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    let ids = add_many(&scim, 2);
    set_active(&scim, &ids[0], false);
    app.forward(30 * DAY - 1);
    // alice would have to set up a second factor by now; whoever has just become an admin has a week.
    app.add("carol@example.com", "admin");
    app.give_passphrase("carol@example.com", PASSPHRASE);
    let carol = app.signed_in("carol@example.com", PASSPHRASE);
    let removed = ids_on(&carol.get(&format!("{PAGES}/removed")));
    assert_eq!(removed.len(), 1);
    app.forward(1);
    assert!(ids_on(&carol.get(&format!("{PAGES}/removed"))).is_empty());
    let page = agree(&carol, &format!("{PAGES}/removed"), &[("id", &removed[0])]);
    assert_eq!(page.status, 409);
    assert_eq!(active_people(&app), 1);
}

#[test]
fn a_deleted_group_comes_back_with_its_members() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    let ids = add_many(&scim, 3);
    let group = group_of(&scim, "Sales", &ids.iter().collect::<Vec<_>>());
    assert_eq!(scim.delete(&format!("/Groups/{group}")).status, 204);
    let alice = app.alice();
    let gone = alice.get(&format!("{PAGES}/groups?state=deleted"));
    assert!(gone.text().contains("Sales"));
    let done = alice.post(&format!("{PAGES}/groups/{group}/restoration"), &[]);
    assert_eq!(done.to(), format!("{PAGES}/groups/{group}"), "{}", done.text());
    assert_eq!(members(&scim, &group), 3);
    assert_eq!(
        alice
            .get(&format!("{PAGES}/groups/{group}"))
            .all("tbody tr")
            .len(),
        3
    );
}

/// Every table but the log of events, byte for byte.
fn dump(app: &TestApp) -> String {
    let tables = [
        "people",
        "directory_users",
        "directory_groups",
        "directory_members",
        "directory_blocks",
        "removals",
        "scim_requests",
        "events",
        "sqlite_sequence",
    ];
    let read = app.ctx.store.read(|r| {
        let mut all = String::new();
        for table in tables {
            let mut statement = r.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2"))?;
            let width = statement.column_count();
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                for column in 0..width {
                    all += &format!("{:?}|", row.get_ref(column)?);
                }
                all.push('\n');
            }
        }
        Ok(all)
    });
    read.expect("a dump")
}

#[test]
fn a_dry_run_shows_the_difference_and_changes_nothing() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    let id = add(&scim, "person001");
    set_active(&scim, &id, false);
    set_active(&scim, &id, true);
    app.flush_scim_log();
    let alice = app.alice();
    let list = alice.get(&format!("{PAGES}/requests?method=PATCH"));
    let hrefs = list.attributes("tbody a.row", "href");
    assert_eq!(hrefs.len(), 2, "{}", list.text());
    let off = &hrefs[1];
    let before = dump(&app);
    let dry = alice.post(&format!("{off}/dry-run"), &[]);
    assert_eq!(dry.status, 200, "{}", dry.text());
    assert_eq!(before, dump(&app), "a dry run leaves nothing behind");
    let text = dry.text();
    assert!(text.contains("This was a dry run"), "{text}");
    assert_eq!(dry.all(".diff tbody th"), ["active"]);
    assert!(text.contains("deactivated"), "{text}");
    app.apply("[[connection]]\nslug = \"okta\"\nenabled = false\n");
    let closed = alice.post(&format!("{off}/replay"), &[]);
    assert!(
        closed
            .text()
            .contains("The integration or its provisioning is off"),
        "{}",
        closed.text()
    );
    assert_eq!(active_people(&app), 1);
    app.apply("[[connection]]\nslug = \"okta\"\nenabled = true\n");
    let done = alice.post(&format!("{off}/replay"), &[]);
    let there = done.to().to_owned();
    assert_eq!(active_people(&app), 0);
    assert!(alice.get(&there).text().contains("Replay of"));
    assert_eq!(
        app.count("SELECT count(*) FROM events WHERE action = 'scim_request.replayed'"),
        1
    );
    assert_eq!(
        app.count("SELECT count(*) FROM scim_requests WHERE replay_of IS NOT NULL"),
        1
    );
}

#[test]
fn a_request_without_a_good_credential_is_never_replayed() {
    let app = TestApp::start();
    let mut scim = app.scim("okta");
    scim.token = "dws_made-up".to_owned();
    let body = json!({ "schemas": [USER], "userName": "mallory@example.com" });
    assert_eq!(scim.post("/Users", &body).status, 401);
    app.flush_scim_log();
    let alice = app.alice();
    let list = alice.get(&format!("{PAGES}/requests"));
    let hrefs = list.attributes("tbody a.row", "href");
    assert_eq!(hrefs.len(), 1, "{}", list.text());
    assert!(alice.get(&hrefs[0]).text().contains("nobody knows who sent it"));
    let before = dump(&app);
    let page = alice.post(&format!("{}/replay", hrefs[0]), &[]);
    assert!(page.text().contains("This request cannot be replayed"));
    assert_eq!(before, dump(&app));
}

#[test]
fn what_is_not_kept_is_not_replayed_into_the_directory() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    let id = add(&scim, "person001");
    let path = format!("/Users/{id}");
    let set = |name: &str, value: &str| {
        let path_of = format!("urn:acme:2.0:User:{name}");
        let body = json!({ "schemas": [PATCH], "Operations": [{ "op": "replace", "path": path_of, "value": value }] });
        assert_eq!(scim.patch(&path, &body).status, 200);
        app.forward(1);
    };
    set("tokenId", "t-1");
    set("secretary", "Eve");
    set("secretary", "Finn");
    app.flush_scim_log();
    let alice = app.alice();
    let list = alice.get(&format!("{PAGES}/requests?method=PATCH"));
    let hrefs = list.attributes("tbody a.row", "href");
    assert_eq!(hrefs.len(), 3, "{}", list.text());
    let refused = alice.post(&format!("{}/replay", hrefs[2]), &[]);
    assert!(
        refused.text().contains("speaks of a secret"),
        "{}",
        refused.text()
    );
    assert!(alice.get(&hrefs[2]).text().contains("speaks of a secret"));
    alice.post(&format!("{}/replay", hrefs[1]), &[]);
    let shown = scim.get(&path).json();
    assert_eq!(
        shown["urn:acme:2.0:User"],
        json!({ "tokenId": "t-1", "secretary": "Eve" })
    );
}

#[test]
fn the_list_says_no_more_than_the_page() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    scim.get("/Users?filter=userName%20eq%20%22bobzz%40x.y%22");
    scim.get("/Users?filter=externalId%20eq%20bobraw.person&count=1");
    scim.get("/Users/bobzz%40x.y");
    app.flush_scim_log();
    let alice = app.alice();
    let list = alice.get(&format!("{PAGES}/requests"));
    let hrefs = list.attributes("tbody a.row", "href");
    assert_eq!(hrefs.len(), 3, "{}", list.text());
    assert!(list.text().contains("filter=userName eq"), "{}", list.text());
    let pages = hrefs.iter().map(|href| alice.get(href).text());
    for text in pages.chain([list.text()]) {
        assert!(!text.contains("bobzz") && !text.contains("bobraw"), "{text}");
    }
}

#[test]
fn what_a_request_says_of_people_is_hidden_until_it_is_opened() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    let id = add(&scim, "person001");
    scim.get("/Users?filter=userName%20eq%20%22person001%40example.com%22");
    app.flush_scim_log();
    let alice = app.alice();
    let list = alice.get(&format!("{PAGES}/requests"));
    assert!(!list.text().contains("person001@example.com"), "{}", list.text());
    for href in list.attributes("tbody a.row", "href") {
        let page = alice.get(&href);
        assert!(!page.text().contains("person001@example.com"), "{}", page.text());
        let open = alice.post(&format!("{href}/opening"), &[]);
        assert!(open.text().contains("person001@example.com"), "{}", open.text());
    }
    assert_eq!(
        app.count("SELECT count(*) FROM events WHERE action = 'scim_request.opened'"),
        2
    );
    assert!(alice.get(&format!("{PAGES}/requests?q={id}")).status == 200);
    let audit = alice.get("/admin/activity/audit").text();
    assert!(audit.contains("Opened the values of a request"));
}

#[test]
fn credentials_are_shown_once_and_revoked() {
    let app = TestApp::start();
    app.scim("okta");
    let alice = app.alice();
    for (kind, fields, shown) in [
        ("bearer", [("label", "Okta 2026"), ("expires", "365")], 2),
        ("basic", [("label", "Basic"), ("expires", "0")], 3),
        (
            "oauth",
            [
                ("name", "Okta"),
                ("redirect_uris", "https://okta.example/callback"),
            ],
            5,
        ),
    ] {
        let blank = alice.get(&format!("{PAGES}/credentials/new?kind={kind}"));
        assert_eq!(blank.status, 200);
        let made = alice.post(
            &format!("{PAGES}/credentials"),
            &[("kind", kind), fields[0], fields[1]],
        );
        assert_eq!(made.status, 200, "{kind}: {}", made.text());
        // The addresses that go with them stand before them.
        let secrets = made.all("[data-value]");
        assert_eq!(secrets.len(), shown, "{kind}");
        let page = alice.get(PAGES).text();
        assert!(!page.contains(&secrets[shown - 1]), "{kind}: shown a second time");
        let before = [("kind", kind), fields[0], fields[1], ("opened", "1")];
        let again = alice.post(&format!("{PAGES}/credentials"), &before);
        assert_eq!(again.status, 409, "{kind}: the page was loaded again");
    }
    let third = alice.post(
        &format!("{PAGES}/credentials"),
        &[("kind", "bearer"), ("expires", "365")],
    );
    assert_eq!(third.status, 409, "two are live: {}", third.text());
    let page = alice.get(PAGES);
    let revocations: Vec<String> = page
        .attributes("td a", "href")
        .into_iter()
        .filter(|href| href.ends_with("/revocation") || href.ends_with("/removal"))
        .collect();
    assert_eq!(revocations.len(), 4);
    for href in revocations {
        assert_eq!(alice.get(&href).status, 200);
        assert_eq!(alice.post(&href, &[]).to(), PAGES);
    }
    assert_eq!(app.count("SELECT count(*) FROM scim_credentials"), 0);
}

#[test]
fn every_page_stands_and_is_for_admins() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    let long = "x".repeat(200);
    let id = add(&scim, "person001");
    group_of(&scim, &long, &[&id]);
    app.flush_scim_log();
    let alice = app.alice();
    app.add("bob@example.com", "member");
    app.give_passphrase("bob@example.com", "seven tired herons folding maps");
    let bob = app.signed_in("bob@example.com", "seven tired herons folding maps");
    for part in [
        "",
        "/held",
        "/removed",
        "/users",
        "/groups",
        "/requests",
        "/settings",
    ] {
        let page = alice.get(&format!("{PAGES}{part}"));
        assert_eq!(page.status, 200, "{part}: {}", page.text());
        assert_eq!(page.all(".rooms a[aria-current]").len(), 1, "{part}");
        assert_eq!(bob.get(&format!("{PAGES}{part}")).status, 403, "{part}");
        let searched = alice.get(&format!(
            "{PAGES}{part}?q=%00%22%27nobody&page=999999999999&before=x"
        ));
        assert_eq!(searched.status, 200, "{part}");
    }
    let steps = alice.get(PAGES).all("#arrival .step.is-done h3");
    assert_eq!(
        steps,
        ["First request", "Credentials good", "First user", "First group"]
    );
}

#[test]
fn settings_are_saved_and_wrong_ones_said_at_their_field() {
    let app = TestApp::start();
    app.scim("okta");
    let alice = app.alice();
    let page = alice.get(&format!("{PAGES}/settings"));
    let version = page.attributes("input[name=version]", "value")[0].clone();
    let fields = |percent: &'static str| {
        vec![
            ("update", "on".to_owned()),
            ("sync", "automatic".to_owned()),
            ("guard_people", "0".to_owned()),
            ("guard_percent", percent.to_owned()),
            ("needs_email", "on".to_owned()),
            ("log_days", "7".to_owned()),
            ("version", version.clone()),
        ]
    };
    let send = |fields: Vec<(&str, String)>| {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        alice.post(&format!("{PAGES}/settings"), &fields)
    };
    let wrong = send(fields("101"));
    assert_eq!(wrong.status, 422, "{}", wrong.text());
    assert_eq!(wrong.all(".error").len(), 1);
    assert_eq!(send(fields("30")).to(), format!("{PAGES}/settings"));
    let kept = app
        .ctx
        .store
        .read(|r| doorward::store::connections::get_by_slug(r, "okta"));
    let scim = kept.expect("the connection").scim;
    assert!(scim.update && !scim.create && !scim.deactivate && scim.enabled);
    assert_eq!((scim.guard_people, scim.guard_percent, scim.log_days), (0, 30, 7));
    assert_eq!(scim.required, [doorward::model::provisioning::Required::Email]);
    assert_eq!(send(fields("40")).status, 409, "from a tab that is older");
}
