//! What an identity provider might try in order to gain or give power, and what becomes of it.

use doorward::flows::provision::{self, Request};
use doorward::flows::{Visitor, Who, credentials};
use doorward::web::server::block_on;
use serde_json::{Value, json};

use super::client::{Client, PATCH_OP, USER};
use super::world::{World, token};
use crate::app::{ALICE, BOB, PASSPHRASE, TestApp};

fn client(app: &TestApp, slug: &str) -> Client {
    let base = format!("{}/scim/{slug}/v2", app.base);
    Client::new(&base, &format!("Bearer {}", token(app, slug)))
}

/// The address of the user of this name.
fn shown(client: &Client, name: &str) -> String {
    let name = name.replace('@', "%40");
    let list = client.get(&format!("/Users?filter=userName%20eq%20%22{name}%22"));
    let id = list.body["Resources"][0]["id"].as_str();
    format!("/Users/{}", id.unwrap_or_else(|| panic!("{name}: {}", list.text)))
}

fn user(name: &str, active: bool) -> Value {
    json!({"schemas": [USER], "userName": name, "active": active,
        "emails": [{"value": name, "type": "work", "primary": true}]})
}

fn active(value: bool) -> Value {
    json!([{"op": "replace", "path": "active", "value": value}])
}

fn provisioning(app: &TestApp, slug: &str, enabled: bool) {
    app.apply(&format!(
        "[[connection]]\nslug = {slug:?}\n[connection.scim]\nenabled = {enabled}\n"
    ));
}

fn is_active(world: &World, email: &str) -> bool {
    world.person(email).is_some_and(|person| person.state == "active")
}

#[test]
fn two_connections_never_write_the_same_person() {
    let world = World::open();
    let (app, first) = (&world.app, world.client());
    app.connect(
        "other",
        "[connection.scim]\nenabled = true\nsync = \"automatic\"\n",
    );
    let second = client(app, "other");
    let ann = "ann@example.com";
    let theirs = first.post("/Users", &user(ann, true)).expect(201).id();
    let path = shown(&second, ann);
    let mut other = user("mallory@example.com", false);
    other["name"] = json!({"givenName": "Mallory"});
    let answer = second.put(&path, &other).expect(200);
    assert_eq!(
        answer.body["active"], false,
        "it reads back what it wrote: {}",
        answer.text
    );
    let before = world.person(ann).expect("ann keeps her address");
    assert_eq!(
        (before.state.as_str(), before.given_name.as_str()),
        ("active", "")
    );
    assert_eq!(world.person("mallory@example.com"), None);
    second.put(&path, &user(ann, true)).expect(200);
    second.patch(&path, active(false)).expect(200);
    assert!(is_active(&world, ann), "claimed by another");
    assert!(app.count("SELECT count(*) FROM scim_requests WHERE notes LIKE '%provisions this person%'") > 0);

    // The keeper is turned off: whoever writes next takes over, and that is told.
    provisioning(app, "idp", false);
    second.patch(&path, active(true)).expect(200);
    let handed =
        "SELECT count(*) FROM events WHERE action = 'directory_user.changed' AND before LIKE '%person%'";
    assert_eq!(app.count(handed), 1);
    second.patch(&path, active(false)).expect(200);
    assert!(!is_active(&world, ann), "now it is theirs");
    second.patch(&path, active(true)).expect(200);
    assert!(is_active(&world, ann));

    // The first is back, and too late: not even a removal reaches her.
    provisioning(app, "idp", true);
    let path = format!("/Users/{theirs}");
    first.patch(&path, active(false)).expect(200);
    assert!(is_active(&world, ann), "she is the other's by now");
    first.delete(&path).expect(204);
    assert!(is_active(&world, ann));
}

#[test]
fn who_only_shows_a_person_does_not_remove_them_for_their_keeper() {
    let world = World::open();
    world.app.connect(
        "other",
        "[connection.scim]\nenabled = true\nsync = \"automatic\"\n",
    );
    let second = client(&world.app, "other");
    let ann = "ann@example.com";
    world.client().post("/Users", &user(ann, true)).expect(201);
    second.delete(&shown(&second, ann)).expect(204);
    assert!(is_active(&world, ann));
}

#[test]
fn writing_somebody_who_was_here_is_no_way_in_as_them() {
    let app = TestApp::start();
    app.add(BOB, "member");
    app.give_passphrase(BOB, PASSPHRASE);
    let okta = app.connect(
        "okta",
        "[connection.scim]\nenabled = true\nsync = \"automatic\"\n",
    );
    app.apply("[[connection]]\nslug = \"okta\"\ndomains = [\"corp.example\"]\n");
    let scim = client(&app, "okta");
    let path = shown(&scim, BOB);
    let mut body = user(BOB, true);
    body["externalId"] = json!("00u1");
    scim.put(&path, &body).expect(200);
    let mallory = app.visitor();
    let sent = okta.sign_in(&mallory, BOB);
    assert!(sent.to().ends_with("/link"), "bob must prove it: {}", sent.to());
    assert_eq!(mallory.me(), None);

    // Nor by another address, for which the connection speaks.
    let answer = scim.put(&path, &user("bob@corp.example", true)).expect(200);
    assert_eq!(answer.body["userName"], "bob@corp.example");
    assert_eq!(
        app.count("SELECT count(*) FROM people WHERE email = 'bob@example.com'"),
        1
    );
    let mallory = app.visitor();
    okta.sign_in(&mallory, "bob@corp.example");
    assert_eq!(mallory.me(), None);
    assert_eq!(app.count("SELECT count(*) FROM identities"), 0);

    // Whom it added itself, it may vouch for.
    scim.post("/Users", &user("carol@example.com", true)).expect(201);
    app.give_passphrase("carol@example.com", PASSPHRASE);
    let carol = app.visitor();
    okta.sign_in(&carol, "carol@example.com");
    assert_eq!(carol.email().as_deref(), Some("carol@example.com"));
    let changed = "carol.b@example.com";
    scim.put(&shown(&scim, "carol@example.com"), &user(changed, true))
        .expect(200);
    assert_eq!(carol.email().as_deref(), Some(changed));
}

#[test]
fn an_owners_address_is_not_written_in_another_way() {
    let world = World::open();
    let scim = world.client();
    let path = shown(&scim, ALICE);
    for name in ["ALICE@example.com", "Alice@Example.COM"] {
        let mut body = user(name, true);
        body["userName"] = json!(ALICE);
        scim.put(&path, &body).expect(200);
        assert_eq!(
            world
                .app
                .count("SELECT count(*) FROM people WHERE email = 'alice@example.com'"),
            1
        );
    }
}

#[test]
fn an_address_with_unseen_characters_makes_nobody() {
    let world = World::open();
    let before = world.app.count("SELECT count(*) FROM people");
    for unseen in ['\u{200b}', '\u{ad}', '\u{202e}', '\u{feff}', '\u{2060}'] {
        let name = format!("ali{unseen}ce@example.com");
        world.client().post("/Users", &user(&name, true)).expect(201);
    }
    assert_eq!(world.app.count("SELECT count(*) FROM people"), before);
}

#[test]
fn who_comes_back_is_whom_the_name_says() {
    let world = World::open();
    let scim = world.client();
    let (ann, ben) = ("ann@example.com", "ben@example.com");
    let anns = scim.post("/Users", &user(ann, true)).expect(201).id();
    let mut body = user(ben, true);
    body["emails"] = json!([{"value": ben, "primary": true}, {"value": ann, "type": "other"}]);
    let bens = scim.post("/Users", &body).expect(201).id();
    scim.delete(&format!("/Users/{anns}")).expect(204);
    world.app.forward(1_000);
    scim.delete(&format!("/Users/{bens}")).expect(204);
    scim.post("/Users", &user(ann, true)).expect(201);
    assert!(is_active(&world, ann));
    assert!(!is_active(&world, ben), "ben stays where he is");
    assert_eq!(
        world
            .person(ann)
            .map(|person| (person.given_name, person.family_name)),
        Some(Default::default())
    );
}

#[test]
fn a_group_that_is_emptied_at_once_is_counted_as_one_by_one() {
    let world = World::open_with(&[], "guard_people = 2\nguard_percent = 50");
    let scim = world.client();
    let ids: Vec<Value> = (0..10)
        .map(|n| {
            let made = scim.post("/Users", &user(&format!("p{n}@example.com"), true));
            json!({"value": made.expect(201).id()})
        })
        .collect();
    let group = scim.post("/Groups", &json!({"displayName": "All", "members": ids}));
    let path = format!("/Groups/{}", group.expect(201).id());
    scim.patch(&path, json!([{"op": "remove", "path": "members"}]));
    let held = "SELECT count(*) FROM removals WHERE state = 'held'";
    assert_eq!(world.app.count(held), 5, "five of ten are within the limit");
}

#[test]
fn groups_are_nested_so_deep_and_no_deeper() {
    let world = World::open();
    let scim = world.client();
    let mut below = None::<String>;
    let mut first = None::<String>;
    for round in 0..6 {
        let operations: Vec<Value> = (0..180)
            .map(|n| {
                let inner = match n {
                    0 => below.clone(),
                    n => Some(format!("bulkId:{}", n - 1)),
                };
                let members: Vec<Value> = inner.into_iter().map(|id| json!({"value": id})).collect();
                json!({"method": "POST", "path": "/Groups", "bulkId": n.to_string(),
                    "data": {"displayName": format!("{round}-{n}"), "members": members}})
            })
            .collect();
        let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations});
        let done = scim.post("/Bulk", &body).expect(200);
        let ids: Vec<String> = done.body["Operations"]
            .as_array()
            .expect("operations")
            .iter()
            .map(|one| {
                assert_eq!(one["status"], "201", "{one}");
                let location = one["location"].as_str().expect("a location");
                location.rsplit('/').next().expect("an id").to_owned()
            })
            .collect();
        first = first.or_else(|| ids.first().cloned());
        below = ids.last().cloned();
    }
    let lone = scim
        .post("/Groups", &json!({"displayName": "Lone"}))
        .expect(201)
        .id();
    let add = json!([{"op": "add", "path": "members", "value": [{"value": lone}]}]);
    let deepest = format!("/Groups/{}", first.expect("a group"));
    let answer = scim.patch(&deepest, add).expect(400);
    assert!(
        answer.detail().contains("more than 1000 groups"),
        "{}",
        answer.text
    );
}

#[test]
fn slow_searches_leave_room_and_are_told_when_there_is_none() {
    let world = World::open();
    let all = u32::try_from(doorward::flows::provision::READS_AT_ONCE).expect("a few");
    let places = world.app.ctx.scim_reads.clone();
    let taken = places.try_acquire_many_owned(all).expect("all places");
    let answer = world.app.scim("idp").get("/Users");
    assert_eq!((answer.status, answer.header("retry-after")), (503, "5"));
    world.app.alice();
    world.client().post("/Users", &user(BOB, true)).expect(201);
    drop(taken);
    world.client().get("/Users").expect(200);
}

#[test]
fn no_refusal_repeats_a_password_into_the_log() {
    let world = World::open();
    let scim = world.client();
    let id = scim.post("/Users", &user(BOB, true)).expect(201).id();
    let path = format!("/Users/{id}");
    let secret = "Sesame-hunter-2";
    let operations = [
        json!({"op": "replace", "path": format!("password[value eq \"{secret}\"]"), "value": "x"}),
        json!({"op": "replace", "path": format!("password eq \"{secret}\""), "value": "x"}),
        json!({"op": "replace", "path": "password", "value": {"deep": [secret]}}),
        json!({"op": "replace", "path": "password.x", "value": secret}),
        json!({"op": "nonsense", "path": "password", "value": secret}),
        json!({"op": "replace", "value": {"password": secret, "active": "maybe"}}),
    ];
    for operation in operations {
        let body = json!({"schemas": [PATCH_OP], "Operations": [operation]});
        scim.send("PATCH", &path, Some(body.to_string().into_bytes()));
    }
    let broken = format!("{{\"password\": \"{secret}\", \"password\": \"{secret}\", }}");
    scim.send("POST", "/Users", Some(broken.into_bytes()));
    scim.get(&format!("/Users?filter=password%20eq%20%22{secret}%22"));
    scim.get(&format!("/Users?filter=password%20xx%20%22{secret}%22"));
    scim.get(&format!("/Users?sortBy=userName&client_secret={secret}"));
    world.app.flush_scim_log();
    for sql in [
        "SELECT count(*) FROM scim_requests WHERE instr(path || query || headers || ifnull(body, '') || understood \
         || ifnull(answer, '') || effects || notes, 'Sesame-hunter-2') > 0",
        "SELECT count(*) FROM events WHERE instr(ifnull(before, '') || ifnull(after, ''), 'Sesame-hunter-2') > 0",
        "SELECT count(*) FROM directory_users WHERE instr(document, 'Sesame-hunter-2') > 0",
    ] {
        assert_eq!(world.app.count(sql), 0, "{sql}");
    }
}

#[test]
fn an_encoded_slash_stays_one_in_the_log() {
    let world = World::open();
    let scim = world.client();
    let id = scim.post("/Users", &user(BOB, true)).expect(201).id();
    scim.delete(&format!("/Users%2F{id}")).expect(404);
    world.app.flush_scim_log();
    let kept =
        "SELECT count(*) FROM scim_requests WHERE method = 'DELETE' AND path LIKE '/Users\\%2F%' ESCAPE '\\'";
    assert_eq!(
        world.app.count(kept),
        1,
        "a replay must not make another address of it"
    );
}

#[test]
fn a_credential_that_ends_on_the_way_writes_nothing() {
    let world = World::open();
    let ctx = &world.app.ctx;
    let shown = format!("Bearer {}", world.token);
    let visitor = Visitor::default();
    let admitted = block_on(credentials::admit(ctx, "idp", Some(&shown), &visitor));
    let caller = admitted.unwrap_or_else(|refusal| panic!("{refusal:?}"));
    let request = || Request {
        method: "POST".to_owned(),
        path: vec!["Users".to_owned()],
        body: user(BOB, true).to_string().into_bytes(),
        content_type: Some("application/scim+json".to_owned()),
        ..Request::default()
    };
    let id = caller.credential;
    let off = |enabled| provisioning(&world.app, "idp", enabled);
    off(false);
    assert_eq!(block_on(provision::serve(ctx, &caller, request())).status, 403);
    off(true);
    let revoked = ctx.act(Who::Command("test"), move |act| {
        credentials::revoke(act, "idp", id)
    });
    block_on(revoked).expect("an end");
    assert_eq!(block_on(provision::serve(ctx, &caller, request())).status, 401);
    assert_eq!(world.person(BOB), None);
}
