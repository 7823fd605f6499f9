//! What others got wrong: credentials that prove nothing, values that become ids, users that become owners.

use doorward::flows::{Who, credentials};
use doorward::web::server::block_on;
use serde_json::{Value, json};

use super::client::{Answer, Client, PATCH_OP, USER};
use super::world::{SLUG, World, token};
use crate::app::{ALICE, BOB, PASSPHRASE, TestApp};

/// Every kind of address, with a method that it knows.
const ROUTES: &[(&str, &str)] = &[
    ("GET", "/Users"),
    ("POST", "/Users"),
    ("GET", "/Users/{id}"),
    ("PUT", "/Users/{id}"),
    ("PATCH", "/Users/{id}"),
    ("DELETE", "/Users/{id}"),
    ("GET", "/Groups"),
    ("POST", "/Groups"),
    ("GET", "/Groups/{id}"),
    ("PUT", "/Groups/{id}"),
    ("PATCH", "/Groups/{id}"),
    ("DELETE", "/Groups/{id}"),
    ("POST", "/.search"),
    ("POST", "/Users/.search"),
    ("POST", "/Groups/.search"),
    ("POST", "/Bulk"),
    ("GET", "/Me"),
    ("GET", "/ServiceProviderConfig"),
    ("GET", "/ResourceTypes"),
    ("GET", "/ResourceTypes/User"),
    ("GET", "/Schemas"),
    ("GET", "/Nothing"),
];

fn every_route(client: &Client, id: &str) -> Vec<(String, Answer)> {
    let ask = |(method, path): &(&str, &str)| {
        let path = path.replace("{id}", id);
        let body = (!matches!(*method, "GET" | "DELETE")).then(|| b"{\"userName\": \"intruder\"}".to_vec());
        (format!("{method} {path}"), client.send(method, &path, body))
    };
    ROUTES.iter().map(ask).collect()
}

/// A user tied to bob, to find out whether anything happens to it.
fn bystander(world: &World) -> String {
    let body = json!({"schemas": [USER], "userName": BOB, "emails": [{"value": BOB}]});
    world.client().post("/Users", &body).expect(201).id()
}

#[test]
fn nothing_is_answered_to_whoever_proves_nothing() {
    let world = World::open();
    let id = bystander(&world);
    world.app.connect(
        "other",
        "[connection.scim]\nenabled = true\nsync = \"automatic\"\n",
    );
    let others = token(&world.app, "other");
    let revoked = make_and_revoke(&world);
    let cookie = world.app.alice().cookie("doorward").expect("a session");
    let base64 = |text: &str| {
        use base64::{Engine, engine::general_purpose::STANDARD};
        STANDARD.encode(text)
    };
    let bad = [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer null".to_owned(),
        "Bearer undefined".to_owned(),
        format!("Bearer {others}"),
        others,
        format!("Bearer {revoked}"),
        format!("Bearer {}x", world.token),
        format!("Bearer {}", &world.token[..world.token.len() - 1]),
        format!("Bearer {}", world.token.to_uppercase()),
        format!("Bearer {cookie}"),
        format!("Basic {}", base64(":")),
        format!("Basic {}", base64(&format!("{ALICE}:{PASSPHRASE}"))),
        "Basic".to_owned(),
        "Basic %%%".to_owned(),
        format!("Digest {}", world.token),
        "x".repeat(5_000),
    ];
    for authorization in &bad {
        for (route, answer) in every_route(&Client::new(&world.base(), authorization), &id) {
            assert_eq!(
                answer.status, 401,
                "{route} with {authorization:?}: {}",
                answer.text
            );
            assert!(!answer.text.contains(BOB) && !answer.text.contains(&world.token));
        }
    }
    let with_cookie = Client::new(&world.base(), "").with("Cookie", &format!("doorward={cookie}"));
    for (route, answer) in every_route(&with_cookie, &id) {
        assert_eq!(answer.status, 401, "{route} with a session: {}", answer.text);
    }
    // Whether a connection exists is told to nobody.
    let unknown = Client::new(&format!("{}/scim/nobody/v2", world.app.base), "Bearer x");
    let wrong = Client::new(&world.base(), "Bearer x").get("/Users").expect(401);
    assert_eq!(unknown.get("/Users").expect(401).detail(), wrong.detail());
    assert_eq!(world.person(BOB).expect("bob").state, "active");
    assert_eq!(world.person("intruder"), None);
    world.client().get("/Users").expect(200);
}

fn make_and_revoke(world: &World) -> String {
    let made = world.app.ctx.act(Who::Command("test"), |act| {
        let made = credentials::make_bearer(act, SLUG, "old", None)?;
        credentials::revoke(act, SLUG, made.id)?;
        Ok(made.secret)
    });
    block_on(made).expect("a token")
}

#[test]
fn a_connection_without_a_token_lets_nobody_in() {
    let app = TestApp::start();
    app.connect(SLUG, "[connection.scim]\nenabled = true\nsync = \"automatic\"\n");
    let base = format!("{}/scim/{SLUG}/v2", app.base);
    for authorization in ["", "Bearer", "Bearer ", "Bearer \u{20}", "Basic Og=="] {
        Client::new(&base, authorization).get("/Users").expect(401);
    }
}

#[test]
fn an_expired_token_and_a_closed_connection_are_refused_differently() {
    let world = World::open();
    let made = world.app.ctx.act(Who::Command("test"), |act| {
        credentials::make_bearer(act, SLUG, "short", Some(60_000))
    });
    let short = Client::new(
        &world.base(),
        &format!("Bearer {}", block_on(made).expect("a token").secret),
    );
    short.get("/Users").expect(200);
    world.app.forward(60_001);
    short.get("/Users").expect(401);
    world.client().get("/Users").expect(200);
    let off = format!("[[connection]]\nslug = \"{SLUG}\"\n[connection.scim]\nenabled = false\n");
    world.app.apply(&off);
    for (route, answer) in every_route(&world.client(), "x") {
        assert_eq!(answer.status, 403, "{route}: {}", answer.text);
    }
    world.app.apply(&off.replace("false", "true"));
    world.client().get("/Users").expect(200);
    world
        .app
        .apply(&format!("[[connection]]\nslug = \"{SLUG}\"\nenabled = false\n"));
    world.client().get("/Users").expect(403);
}

#[test]
fn no_value_that_is_sent_becomes_an_id_of_ours() {
    let world = World::open();
    let alice = world.person(ALICE).expect("alice");
    let client = world.client();
    let mut seen = Vec::new();
    for (number, external) in ["1", "0", "-1", &alice.id, "admin", "owner", ALICE, "../1"]
        .into_iter()
        .enumerate()
    {
        let email = format!("numeric{number}@example.com");
        let body = json!({"schemas": [USER], "userName": email, "externalId": external, "id": alice.id,
            "emails": [{"value": email}], "meta": {"location": "https://evil.example/", "version": "W/\"99\""}});
        let made = client.post("/Users", &body).expect(201);
        let person = world.person(&email).expect("a person");
        assert_eq!(made.body["externalId"], external);
        for id in [&made.id(), &person.id] {
            assert!(
                ![external, alice.id.as_str()].contains(&id.as_str()),
                "{id} for {external}"
            );
            assert!(!seen.contains(id), "{id} is used twice");
            assert_eq!(id.len(), 36, "{id}");
        }
        assert!(made.header("location").starts_with(&world.base()));
        assert_eq!(person.role, "member");
        client
            .get(&format!(
                "/Users/{}",
                external.replace('/', "%2F").replace('@', "%40")
            ))
            .expect(404);
        seen.extend([made.id(), person.id]);
    }
    assert_eq!(world.person(ALICE), Some(alice));
}

#[test]
fn an_owner_is_neither_taken_over_nor_deactivated() {
    let world = World::open();
    let client = world.client();
    let alice = world.person(ALICE).expect("alice");
    for body in [
        json!({"schemas": [USER], "userName": ALICE, "emails": [{"value": ALICE}], "externalId": "x"}),
        json!({"schemas": [USER], "userName": ALICE.to_uppercase()}),
        json!({"schemas": [USER], "userName": "somebody", "emails": [{"value": ALICE, "primary": true}]}),
    ] {
        let answer = client.post("/Users", &body).expect(409);
        assert_eq!(answer.scim_type(), "uniqueness", "{}", answer.text);
    }
    let found = client.get("/Users?filter=userName%20eq%20%22alice%40example.com%22");
    let id = found.body["Resources"][0]["id"]
        .as_str()
        .expect("she is shown")
        .to_owned();
    let path = format!("/Users/{id}");
    let whole = |change: Value| {
        let mut body = json!({"schemas": [USER], "userName": ALICE, "active": true,
            "emails": [{"value": ALICE, "type": "work", "primary": true}]});
        body.as_object_mut()
            .expect("an object")
            .extend(change.as_object().expect("an object").clone());
        body
    };
    let mallory = json!([{"value": "mallory@example.com", "type": "work", "primary": true}]);
    let attempts = [
        client.put(&path, &whole(json!({"active": false}))),
        client.put(
            &path,
            &whole(json!({"userName": "mallory@example.com", "emails": mallory})),
        ),
        client.put(&path, &whole(json!({"emails": mallory}))),
        client.patch(
            &path,
            json!([{"op": "replace", "path": "active", "value": false}]),
        ),
        client.patch(
            &path,
            json!([{"op": "Replace", "path": "active", "value": "False"}]),
        ),
        client.patch(&path, json!([{"op": "replace", "value": {"active": false}}])),
        client.patch(
            &path,
            json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": "mallory@example.com"}]),
        ),
        client.patch(
            &path,
            json!([{"op": "replace", "path": "userName", "value": "mallory@example.com"}]),
        ),
        client.delete(&path),
    ];
    for answer in attempts {
        assert_eq!(answer.status, 403, "{}", answer.text);
        assert!(
            answer.detail().contains("Alice") || answer.detail().contains(ALICE),
            "it says who: {}",
            answer.text
        );
    }
    // What does no harm may be written.
    let answer = client
        .patch(
            &path,
            json!([{"op": "add", "path": "title", "value": "Founder"}, {"op": "add", "path": "externalId", "value": "00u1"}]),
        )
        .expect(200);
    assert_eq!(answer.body["title"], "Founder");
    client
        .put(&path, &whole(json!({"title": "Chief", "password": PASSPHRASE})))
        .expect(200);
    let after = world.person(ALICE).expect("alice");
    assert_eq!(
        (after.state, after.role, after.id),
        (alice.state, alice.role, alice.id)
    );
    world.app.alice();
}

#[test]
fn nothing_that_is_sent_raises_a_role() {
    let world = World::open();
    let client = world.client();
    let email = "climber@example.com";
    let wishes = json!({"roles": [{"value": "owner", "primary": true}], "entitlements": [{"value": "admin"}], "isAdmin": true,
        "role": "owner", "groups": [{"value": "admins", "display": "Owners"}], "password": "Sesame-opens-9",
        "urn:doorward:params:scim:schemas:extension:2.0:User": {"role": "owner", "isOwner": true},
        "userType": "owner"});
    let mut body =
        json!({"schemas": [USER], "userName": email, "emails": [{"value": email}], "active": true});
    body.as_object_mut()
        .expect("an object")
        .extend(wishes.as_object().expect("an object").clone());
    let id = client.post("/Users", &body).expect(201).id();
    let path = format!("/Users/{id}");
    client.put(&path, &body).expect(200);
    client
        .patch(&path, json!([{"op": "add", "value": wishes}]))
        .expect(200);
    for (name, value) in wishes.as_object().expect("an object") {
        let answer = client.patch(&path, json!([{"op": "add", "path": name, "value": value}]));
        assert!(matches!(answer.status, 200 | 400), "{name}: {}", answer.text);
    }
    let person = world.person(email).expect("a person");
    assert_eq!(
        (person.role.as_str(), person.state.as_str()),
        ("member", "active")
    );
    let login = world
        .app
        .visitor()
        .post("/login", &[("email", email), ("passphrase", "Sesame-opens-9")]);
    assert_ne!(login.status, 303, "the password that was sent opens nothing");
    assert!(
        world.app.count("SELECT count(*) FROM scim_requests") >= 10,
        "the requests are kept"
    );
    let token = world.token;
    let folder = world.app.stop();
    for secret in ["Sesame-opens-9", &token] {
        assert!(
            !is_in(&folder.path().join("data"), secret),
            "a secret lies in the data"
        );
    }
}

/// Does any file of this folder hold the text?
fn is_in(folder: &std::path::Path, text: &str) -> bool {
    let files = std::fs::read_dir(folder).expect("a folder").flatten();
    files
        .filter_map(|file| std::fs::read(file.path()).ok())
        .any(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
}

#[test]
fn deactivation_ends_what_the_person_holds() {
    for value in [json!(false), json!("False"), json!([false])] {
        let world = World::open_with(&[BOB.to_owned()], "guard_people = 0");
        world.app.give_passphrase(BOB, PASSPHRASE);
        let bob = world.app.signed_in(BOB, PASSPHRASE);
        assert!(bob.me().is_some());
        let client = world.client();
        let found = client.get("/Users?filter=userName%20eq%20%22bob%40example.com%22");
        let id = found.body["Resources"][0]["id"]
            .as_str()
            .expect("bob is shown")
            .to_owned();
        let answer = client
            .patch(
                &format!("/Users/{id}"),
                json!([{"op": "replace", "path": "active", "value": value}]),
            )
            .expect(200);
        assert_eq!(answer.body["active"], false);
        assert!(bob.me().is_none(), "the session has ended");
        let again = world
            .app
            .visitor()
            .post("/login", &[("email", BOB), ("passphrase", PASSPHRASE)]);
        assert_ne!(again.status, 303, "and no new one begins");
        assert_eq!(world.app.count("SELECT count(*) FROM sessions"), 0);
    }
}

#[test]
fn one_connection_knows_nothing_of_another() {
    let world = World::open();
    let client = world.client();
    world.app.connect(
        "other",
        "[connection.scim]\nenabled = true\nsync = \"automatic\"\n",
    );
    let other = Client::new(
        &format!("{}/scim/other/v2", world.app.base),
        &format!("Bearer {}", token(&world.app, "other")),
    );
    let mine = client
        .post(
            "/Users",
            &json!({"schemas": [USER], "userName": "only-here", "externalId": "e1"}),
        )
        .expect(201)
        .id();
    let group = client
        .post(
            "/Groups",
            &json!({"displayName": "Only here", "members": [{"value": mine}]}),
        )
        .expect(201)
        .id();
    let patch = |path: &str| json!([{"op": "replace", "path": path, "value": "taken"}]);
    for answer in [
        other.get(&format!("/Users/{mine}")),
        other.put(
            &format!("/Users/{mine}"),
            &json!({"schemas": [USER], "userName": "taken"}),
        ),
        other.patch(&format!("/Users/{mine}"), patch("userName")),
        other.delete(&format!("/Users/{mine}")),
        other.get(&format!("/Groups/{group}")),
        other.put(&format!("/Groups/{group}"), &json!({"displayName": "taken"})),
        other.patch(&format!("/Groups/{group}"), patch("displayName")),
        other.delete(&format!("/Groups/{group}")),
    ] {
        assert_eq!(answer.status, 404, "{}", answer.text);
    }
    let theirs = other
        .post(
            "/Groups",
            &json!({"displayName": "Only here", "members": [{"value": mine}]}),
        )
        .expect(201)
        .id();
    let shown = other.get(&format!("/Groups/{theirs}")).expect(200);
    assert!(
        !shown.text.contains(&mine),
        "a foreign member is none: {}",
        shown.text
    );
    for filter in [
        "externalId%20eq%20%22e1%22",
        "userName%20eq%20%22only-here%22",
        "id%20eq%20%22MINE%22",
    ] {
        let found = other.get(&format!("/Users?filter={}", filter.replace("MINE", &mine)));
        assert_eq!(found.expect(200).body["totalResults"], 0, "{filter}");
    }
    // The same name may live in both, as two users.
    other
        .post(
            "/Users",
            &json!({"schemas": [USER], "userName": "only-here", "externalId": "e1"}),
        )
        .expect(201);
    let bulk = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
        {"method": "DELETE", "path": format!("/Users/{mine}")},
        {"method": "PATCH", "path": format!("/Users/{mine}"), "data": {"schemas": [PATCH_OP], "Operations": patch("userName")}}]});
    let done = other.post("/Bulk", &bulk).expect(200);
    for operation in done.body["Operations"].as_array().expect("operations") {
        assert_eq!(operation["status"], "404", "{operation}");
    }
    assert_eq!(
        client.get(&format!("/Users/{mine}")).expect(200).body["userName"],
        "only-here"
    );
}

#[test]
fn one_address_in_two_connections_is_never_merged_by_itself() {
    let world = World::open();
    world.app.connect(
        "other",
        "[connection.scim]\nenabled = true\nsync = \"automatic\"\n",
    );
    let other = Client::new(
        &format!("{}/scim/other/v2", world.app.base),
        &format!("Bearer {}", token(&world.app, "other")),
    );
    let body = json!({"schemas": [USER], "userName": "ann@example.com", "emails": [{"value": "ann@example.com"}],
        "name": {"givenName": "Ann", "familyName": "One"}, "active": true});
    world.client().post("/Users", &body).expect(201);
    let before = world.person("ann@example.com").expect("ann");
    let second = json!({"schemas": [USER], "userName": "ann@example.com", "emails": [{"value": "ann@example.com"}],
        "name": {"givenName": "Mallory", "familyName": "Two"}, "active": false});
    let answer = other.post("/Users", &second).expect(409);
    assert_eq!(answer.scim_type(), "uniqueness");
    assert_eq!(world.person("ann@example.com"), Some(before));
}
