//! While it is held: everything is taken and answered, nobody changes, and the plan says what would.

use serde_json::json;

use super::{Held, user};
use crate::app::TestApp;
use doorward::flows::reconcile::apply::Which;
use doorward::model::LineKind;
use doorward::store::Reader;
use doorward::store::waiting::Narrow;

fn sync_of(app: &TestApp) -> String {
    let read = |r: &Reader| doorward::store::connections::get_by_slug(r, "okta");
    json!(app.ctx.store.read(read).expect("the connection").scim)["sync"]
        .as_str()
        .expect("a word")
        .to_owned()
}

#[test]
fn provisioning_begins_held_where_people_are_already() {
    let app = TestApp::start();
    app.apply("[[connection]]\nslug = \"okta\"\n[connection.scim]\nenabled = true\n");
    assert_eq!(sync_of(&app), "automatic", "nobody but the owner is here");
    assert_eq!(sync_of(&Held::begin().app), "held");
    let app = TestApp::start();
    app.add("bob@example.com", "member");
    app.apply("[[connection]]\nslug = \"okta\"\n[connection.scim]\nenabled = true\nsync = \"automatic\"\n");
    assert_eq!(sync_of(&app), "automatic", "it was asked for");
}

#[test]
fn what_is_held_is_read_back_and_changes_nobody() {
    let held = Held::begin();
    let before = held.people();
    let eve = held.push("eve");
    assert_eq!(
        held.scim.post("/Users", &user("eve")).status,
        409,
        "a name is taken once"
    );
    held.set(&eve, "name.familyName", json!("Ng"));
    assert_eq!(
        held.scim.get(&format!("/Users/{eve}")).json()["name"]["familyName"],
        "Ng"
    );
    held.claim("bob", |body| body["name"]["givenName"] = json!("Robert"));
    held.set(&held.id_of("dana"), "active", json!(false));
    assert_eq!(
        held.scim.get(&format!("/Users/{}", held.id_of("dana"))).json()["active"],
        false
    );
    assert_eq!(held.people(), before);
    let mut kinds = held.kinds();
    kinds.sort();
    assert_eq!(kinds, ["create eve", "deactivate dana", "link bob"]);
    let bob = held.line("bob").outcome.expect("it can be done");
    assert_eq!(bob.effects[0].what, "linked");
    assert_eq!(bob.effects[1].detail["after"]["given_name"], "Robert");
    assert_eq!(held.people(), before, "a plan is only looked at");
}

#[test]
fn what_was_taken_back_meanwhile_leaves_no_line() {
    let held = Held::begin();
    let eve = held.push("eve");
    assert_eq!(held.scim.delete(&format!("/Users/{eve}")).status, 204);
    assert_eq!(held.kinds(), Vec::<String>::new(), "she came and went");
    held.push("eve");
    assert_eq!(held.kinds(), ["create eve"]);
    held.apply_all();
    let eve = held.id_of("eve");
    held.set(&eve, "active", json!(false));
    assert_eq!(held.kinds(), ["deactivate eve"]);
    held.set(&eve, "active", json!(true));
    assert_eq!(held.kinds(), Vec::<String>::new());
    held.set(&eve, "nickName", json!("E"));
    assert_eq!(held.kinds(), Vec::<String>::new(), "nothing of it is mapped");
    held.set(&eve, "name.givenName", json!("Eva"));
    held.set(&eve, "name.givenName", json!("Evi"));
    assert_eq!(held.kinds(), ["change eve"], "two requests are one line");
}

#[test]
fn who_is_removed_and_comes_again_is_one_line_and_never_loses_the_account() {
    let held = Held::begin();
    held.push("eve");
    held.apply_all();
    let person = held.person("eve");
    assert_eq!(
        held.scim.delete(&format!("/Users/{}", held.id_of("eve"))).status,
        204
    );
    assert_eq!(held.kinds(), ["deactivate eve"]);
    let again = held.push("eve");
    assert_eq!(held.kinds(), ["link eve"]);
    assert_eq!(held.scim.delete(&format!("/Users/{again}")).status, 204);
    assert_eq!(
        held.kinds(),
        ["deactivate eve"],
        "the removal stands on its own again"
    );
    held.push("eve");
    let review = held.apply_all();
    assert_eq!((review.applied, review.refused), (1, 0));
    assert_eq!(held.kinds(), Vec::<String>::new());
    assert_eq!(held.people()["eve@example.com"].state, "active");
    assert_eq!(held.person("eve"), person);
}

#[test]
fn an_equal_address_is_a_proposal_that_somebody_has_to_approve() {
    let held = Held::begin();
    held.push("eve");
    held.app.add("eve@example.com", "member");
    let before = held.people();
    assert_eq!(held.kinds(), ["email eve"]);
    let review = held.apply_all();
    assert_eq!(
        (review.applied, held.people()),
        (0, before.clone()),
        "everything is not her"
    );
    held.sync("automatic");
    let eve = held.id_of("eve");
    let body = json!({ "Operations": [{ "op": "replace", "path": "name.givenName", "value": "Mallory" }] });
    let refused = held.scim.patch(&format!("/Users/{eve}"), &body);
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert_eq!(held.people(), before, "nor does turning the hold off link her");
    held.sync("held");
    let narrow = Narrow {
        kind: Some(LineKind::Email),
        ..Narrow::default()
    };
    assert_eq!(held.apply(Which::Everything(narrow, None)).applied, 1);
    assert_eq!(held.people()["eve@example.com"].name, "eve Fox");
}

#[test]
fn groups_move_nobody_before_they_are_applied() {
    let held = Held::begin_with("[[access_group]]\nname = \"Staff\"\nrole = \"member\"\n");
    held.push("eve");
    held.apply_all();
    let eve = held.id_of("eve");
    let sales = held.push_group("Sales", &[&eve, &held.id_of("bob")]);
    held.app.apply(
        "[[access_group]]\nname = \"Staff\"\nrole = \"member\"\nmembers_of = [{ connection = \"okta\", group = \"Sales\" }]\n",
    );
    let groups = |held: &Held| {
        let people = held.people();
        [
            people["eve@example.com"].group.clone(),
            people["bob@example.com"].group.clone(),
        ]
    };
    assert_eq!(groups(&held), ["", ""], "choosing the group applies nothing");
    let mut kinds = held.kinds();
    kinds.sort();
    assert_eq!(kinds, ["change bob", "change eve"]);
    // A sign-in, or an admin who touches what feeds, settles people: the held memberships stay out of it.
    let id = held.person("eve");
    held.act(move |act| doorward::flows::feeds::settle(act, id, None))
        .expect("settled");
    assert_eq!(groups(&held), ["", ""]);
    assert_eq!(held.apply_these(&["eve"]).applied, 1);
    assert_eq!(groups(&held), ["Staff", ""]);
    held.apply_all();
    assert_eq!(groups(&held), ["Staff", "Staff"]);
    assert_eq!(held.scim.delete(&format!("/Groups/{sales}")).status, 204);
    let id = held.person("eve");
    held.act(move |act| doorward::flows::feeds::settle(act, id, None))
        .expect("settled");
    assert_eq!(
        groups(&held),
        ["Staff", "Staff"],
        "a group that goes takes nobody along yet"
    );
    assert_eq!(held.apply_all().applied, 2);
    assert_eq!(groups(&held), ["", ""]);
}

#[test]
fn who_is_removed_keeps_the_access_group_until_it_is_applied() {
    let held = Held::begin_with("[[access_group]]\nname = \"Staff\"\nrole = \"member\"\n");
    held.push("eve");
    held.push_group("Sales", &[&held.id_of("eve")]);
    held.app.apply(
        "[[access_group]]\nname = \"Staff\"\nrole = \"member\"\nmembers_of = [{ connection = \"okta\", group = \"Sales\" }]\n",
    );
    held.apply_all();
    assert_eq!(held.people()["eve@example.com"].group, "Staff");
    assert_eq!(
        held.scim.delete(&format!("/Users/{}", held.id_of("eve"))).status,
        204
    );
    let id = held.person("eve");
    held.act(move |act| doorward::flows::feeds::settle(act, id, None))
        .expect("settled");
    let eve = held.people()["eve@example.com"].clone();
    assert_eq!((eve.group.as_str(), eve.state.as_str()), ("Staff", "active"));
    // Nor is she forgotten with what was removed long ago.
    held.app.forward(40 * 24 * 60 * 60 * 1_000);
    doorward::web::server::block_on(doorward::flows::maintain::sweep(&held.app.ctx)).expect("a sweep");
    assert_eq!(held.kinds(), ["deactivate eve"]);
    assert_eq!(held.people()["eve@example.com"].group, "Staff");
    held.apply_all();
    let eve = held.people()["eve@example.com"].clone();
    assert_eq!((eve.group.as_str(), eve.state.as_str()), ("", "deactivated"));
}

#[test]
fn what_the_identity_provider_wrote_stays_what_it_reads_while_the_person_is_changed_here() {
    let held = Held::begin();
    held.claim("bob", |body| body["name"]["givenName"] = json!("Robert"));
    held.app
        .apply("[[person]]\nemail = \"bob@example.com\"\ngiven_name = \"Bobby\"\n");
    let bob = held.scim.get(&format!("/Users/{}", held.id_of("bob"))).json();
    assert_eq!(bob["name"]["givenName"], "Robert");
    assert_eq!(
        held.line("bob").outcome.expect("it can be done").effects[1].detail["before"]["given_name"],
        "Bobby"
    );
    held.apply_all();
    assert_eq!(held.people()["bob@example.com"].name, "Robert Fox");
}

#[test]
fn another_address_in_the_mapping_proposes_somebody_else() {
    let held = Held::begin();
    let mut body = user("eve");
    body["nickName"] = json!("finn@example.com");
    assert_eq!(held.scim.post("/Users", &body).status, 201);
    held.app.add("finn@example.com", "member");
    assert_eq!(held.kinds(), ["create eve"]);
    held.app.apply(
        "[[connection]]\nslug = \"okta\"\n[connection.mapping]\n[[connection.mapping.row]]\nfield = \"email\"\nsource = \"nickName\"\n",
    );
    assert_eq!(held.kinds(), ["email eve"]);
}

#[test]
fn who_waits_to_be_added_is_nobody_and_cannot_come_in() {
    let held = Held::begin();
    let connected = held.app.connect("okta", "");
    held.push("eve");
    let eve = held.app.visitor();
    let page = connected.sign_in(&eve, "eve@example.com");
    assert_ne!(page.status, 500);
    assert_eq!(eve.email(), None);
    assert!(!held.people().contains_key("eve@example.com"));
}
