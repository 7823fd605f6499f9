//! Applying: what was approved and nothing else, at once or not at all, and never past what provisioning may do.

use serde_json::json;

use super::{Held, SLUG, count, user};
use crate::app::ALICE;
use doorward::flows::provision::restore;
use doorward::flows::reconcile::apply::{self, Which};
use doorward::flows::reconcile::choose::{self, Choice};
use doorward::flows::reconcile::jobs::{Job, Work};
use doorward::model::LineKind;
use doorward::model::time::DAY;
use doorward::store::waiting::Narrow;
use doorward::store::{self, Reader};

#[test]
fn only_what_was_chosen_is_applied() {
    let held = Held::begin();
    for name in ["eve", "finn", "gus"] {
        held.push(name);
    }
    held.claim("bob", |body| body["name"]["givenName"] = json!("Robert"));
    held.claim("dana", |body| body["active"] = json!(false));
    let review = held.apply_these(&["eve", "bob"]);
    assert_eq!((review.applied, review.refused), (2, 0));
    assert_eq!(
        (count(&review, LineKind::Create), count(&review, LineKind::Link)),
        (1, 1)
    );
    let people = held.people();
    assert_eq!(people["bob@example.com"].name, "Robert Fox");
    assert_eq!(people["dana@example.com"].state, "active");
    assert!(people.contains_key("eve@example.com") && !people.contains_key("finn@example.com"));
    let group = held.push_group("Night", &[&held.id_of("gus")]);
    let read = move |r: &Reader| {
        Ok(
            r.query_row("SELECT seq FROM directory_groups WHERE id = ?1", [group], |row| {
                row.get(0)
            })?,
        )
    };
    let narrow = Narrow {
        group: Some(held.app.ctx.store.read(read).expect("a group")),
        ..Narrow::default()
    };
    assert_eq!(held.apply(Which::Everything(narrow, None)).applied, 1);
    let people = held.people();
    assert!(people.contains_key("gus@example.com") && !people.contains_key("finn@example.com"));
}

#[test]
fn who_was_removed_and_comes_again_inactive_has_not_come_back() {
    let held = Held::begin();
    held.push("eve");
    held.apply_all();
    held.scim.delete(&format!("/Users/{}", held.id_of("eve")));
    let mut body = user("eve");
    body["active"] = json!(false);
    assert_eq!(held.scim.post("/Users", &body).status, 201);
    assert_eq!(held.kinds(), ["deactivate eve"]);
    assert_eq!(
        held.people()["eve@example.com"].state,
        "active",
        "nobody decided yet"
    );
    held.apply_all();
    assert_eq!(held.people()["eve@example.com"].state, "deactivated");
    // Had she come again active, she would have stayed.
    held.set(&held.id_of("eve"), "active", json!(true));
    held.apply_all();
    held.scim.delete(&format!("/Users/{}", held.id_of("eve")));
    held.push("eve");
    held.apply_all();
    assert_eq!(held.people()["eve@example.com"].state, "active");
}

#[test]
fn whoever_is_added_is_invited_then_and_not_before() {
    let held = Held::begin();
    held.app
        .apply("[[connection]]\nslug = \"okta\"\n[connection.scim]\ninvite = true\n");
    held.push("eve");
    held.claim("bob", |body| body["name"]["givenName"] = json!("Robert"));
    let invited = "SELECT count(*) FROM invitations";
    assert_eq!(held.app.count(invited), 0);
    held.apply_all();
    assert_eq!(held.app.count(invited), 1, "eve, who is new, and not bob");
}

#[test]
fn applying_twice_changes_nothing() {
    let held = Held::begin();
    held.push("eve");
    held.claim("bob", |body| body["name"]["givenName"] = json!("Robert"));
    let seqs: Vec<i64> = ["eve", "bob"].iter().map(|name| held.seq(name)).collect();
    assert_eq!(held.apply(Which::These(seqs.clone())).applied, 2);
    let people = held.people();
    let again = held.apply(Which::These(seqs));
    assert_eq!((again.applied, again.refused), (0, 0));
    assert_eq!(held.apply_all().applied, 0);
    assert_eq!(held.people(), people);
}

#[test]
fn what_an_admin_approved_the_guard_does_not_hold_again_and_it_can_be_restored() {
    let held = Held::begin();
    let names = ["eve", "finn", "gus", "hal"];
    names.iter().for_each(|name| drop(held.push(name)));
    held.apply_all();
    for name in names {
        let id = held.id_of(name);
        assert_eq!(held.scim.delete(&format!("/Users/{id}")).status, 204);
    }
    let review = held.apply_all();
    assert_eq!(count(&review, LineKind::Deactivate), 4);
    assert!(
        names
            .iter()
            .all(|name| held.people()[&format!("{name}@example.com")].state == "deactivated")
    );
    let read = |r: &Reader| {
        let sql = "SELECT sum(state = 'applied'), sum(state = 'held') FROM removals";
        Ok(r.query_row(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?)
    };
    assert_eq!(held.app.ctx.store.read(read).expect("removals"), (4, 0));
    let admin = held.app.alice();
    let removed = admin.get("/admin/integrations/okta/provisioning/removed");
    assert!(removed.text().contains("finn@example.com"), "{}", removed.text());
}

#[test]
fn a_removal_that_waited_long_is_restored_with_its_memberships() {
    let held = Held::begin();
    let id = held.push("eve");
    held.push_group("Sales", &[&id]);
    held.apply_all();
    assert_eq!(held.scim.delete(&format!("/Users/{id}")).status, 204);
    // An admin looks at it the day after.
    held.app.forward(DAY);
    held.apply_all();
    assert_eq!(held.people()["eve@example.com"].state, "deactivated");
    let eve = held.person("eve");
    let restored = held.act(move |act| {
        let connection = store::connections::get_by_slug(act.w, SLUG)?;
        let removals = store::removals::list_restorable_of(act.w, connection.id, eve)?;
        assert_eq!(removals.len(), 1);
        restore::person(act, &connection, removals[0].id)
    });
    restored.expect("it is restored");
    assert_eq!(held.people()["eve@example.com"].state, "active");
    let members = held
        .scim
        .get("/Groups?filter=displayName%20eq%20%22Sales%22")
        .json();
    assert_eq!(
        members["Resources"][0]["members"][0]["value"],
        json!(id),
        "{members}"
    );
}

#[test]
fn whom_provisioning_cannot_touch_the_review_cannot_either() {
    let held = Held::begin();
    let alice = held.id_of("alice");
    held.set(&alice, "active", json!(false));
    let why = held.line("alice").outcome.expect_err("she owns");
    assert!(why.contains("owner"), "{why}");
    held.push("eve");
    let review = held.apply_all();
    assert_eq!(
        (review.applied, review.refused),
        (1, 1),
        "the others do not wait for her"
    );
    assert_eq!(held.people()[ALICE].state, "active");
    assert_eq!(held.kinds(), ["deactivate alice"]);
    assert_eq!(held.line("alice").listed.waiting.refusal, Some(why));
    assert_eq!(held.scim.delete(&format!("/Users/{alice}")).status, 204);
    assert_eq!(held.apply_all().refused, 1);
    assert_eq!(held.people()[ALICE].state, "active");
}

#[test]
fn an_admin_corrects_who_is_who() {
    let held = Held::begin();
    held.push("robert");
    held.choose("robert", Choice::Person(held.person("bob")))
        .expect("chosen");
    assert_eq!(held.kinds(), ["link robert"]);
    let bob = held.person("bob");
    let dana = held.person("dana");
    held.apply_all();
    assert_eq!(
        held.person("robert"),
        bob,
        "he is who he was, with the new address"
    );
    // The user that he was shown as is gone: nobody is there twice.
    let query = "/Users?filter=userName%20eq%20%22bob@example.com%22";
    assert_eq!(held.scim.get(query).json()["totalResults"], 0);
    held.push("daniela");
    held.push("dan");
    held.choose("daniela", Choice::Person(dana)).expect("chosen");
    let twice = held.choose("dan", Choice::Person(dana)).expect_err("she is one");
    assert!(twice.message.contains("another user"), "{twice}");
    let taken = held
        .choose("dan", Choice::Person(bob))
        .expect_err("he is somebody");
    assert!(taken.message.contains("already"), "{taken}");
    held.choose("daniela", Choice::AsItCame).expect("as it came");
    let mut kinds = held.kinds();
    kinds.sort();
    assert_eq!(kinds, ["create dan", "create daniela"]);
}

#[test]
fn somebody_new_needs_an_address_of_their_own() {
    let held = Held::begin();
    held.claim("bob", |body| {
        body["emails"] = json!([{ "value": "other.bob@example.com", "primary": true }])
    });
    assert_eq!(held.kinds(), ["link bob"]);
    held.choose("bob", Choice::Somebody).expect("chosen");
    assert_eq!(held.kinds(), ["create bob"]);
    let bob = held.person("bob");
    held.apply_all();
    assert_ne!(held.person("other.bob"), bob);
    held.claim("dana", |_| {});
    held.choose("dana", Choice::Somebody).expect("chosen");
    let why = held.line("dana").outcome.expect_err("the address is hers");
    assert!(why.contains("dana@example.com"), "{why}");
}

#[test]
fn a_line_that_makes_room_for_another_goes_first() {
    let held = Held::begin();
    held.push("eve");
    held.apply_all();
    let eve = held.id_of("eve");
    let other = json!([{ "value": "evelyn@example.com", "primary": true, "type": "work" }]);
    let mut body = user("evelyn");
    body["emails"] = other;
    assert_eq!(held.scim.put(&format!("/Users/{eve}"), &body).status, 200);
    held.push("eve");
    // A word more about the first: it was written last, and still makes room.
    held.set(&eve, "name.familyName", json!("Ng"));
    let review = held.apply_all();
    assert_eq!((review.applied, review.refused), (2, 0));
    assert_eq!(held.people()["evelyn@example.com"].name, "evelyn Ng");
    assert_eq!(held.people()["eve@example.com"].name, "eve Fox");
}

#[test]
fn what_is_left_out_waits_unseen_until_it_is_written_again() {
    let held = Held::begin();
    held.push("eve");
    let seq = held.seq("eve");
    held.act(move |act| choose::leave_out(act, SLUG, &[seq], true))
        .expect("left out");
    assert_eq!(held.kinds(), Vec::<String>::new());
    assert_eq!(held.apply_all().applied, 0);
    let narrow = Narrow {
        left_out: true,
        ..Narrow::default()
    };
    assert_eq!(held.plan_of(&narrow).len(), 1);
    held.set(&held.id_of("eve"), "name.familyName", json!("Ng"));
    assert_eq!(held.kinds(), ["create eve"]);
}

#[test]
fn turning_the_hold_off_leaves_the_plan_and_the_next_request_makes_up_for_it() {
    let held = Held::begin();
    held.push("eve");
    held.push("finn");
    held.claim("bob", |body| body["name"]["givenName"] = json!("Robert"));
    held.sync("automatic");
    assert_eq!(held.kinds().len(), 3);
    held.set(&held.id_of("eve"), "name.familyName", json!("Ng"));
    assert_eq!(held.people()["eve@example.com"].name, "eve Ng");
    held.set(&held.id_of("bob"), "title", json!("Cook"));
    assert_eq!(held.people()["bob@example.com"].name, "Robert Fox");
    assert_eq!(held.kinds(), ["create finn"]);
    held.apply_all();
    assert!(held.people().contains_key("finn@example.com"));
}

#[test]
fn nothing_is_applied_by_halves() {
    let held = Held::begin();
    held.push("eve");
    held.push("finn");
    let before = held.people();
    let failed = held.act(|act| {
        apply::run(
            act,
            SLUG,
            &Which::Everything(Narrow::default(), None),
            &Job::new(Work::Apply),
        )?;
        Err::<(), _>(doorward::error::Error::internal("the disk is full"))
    });
    failed.expect_err("it failed");
    assert_eq!(held.people(), before);
    assert_eq!(held.kinds().len(), 2);
    assert_eq!(held.apply_all().applied, 2);
}
