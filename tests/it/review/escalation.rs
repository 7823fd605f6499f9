//! Whoever tries to get more by a review than without one.

use serde_json::json;

use super::{Held, SLUG};
use crate::app::PASSPHRASE;
use doorward::error::Result;
use doorward::flows::reconcile::apply::{self, Which};
use doorward::flows::reconcile::choose::{self, Choice};
use doorward::flows::reconcile::jobs::{Job, Work};
use doorward::flows::reconcile::undo;
use doorward::flows::{Act, Who};
use doorward::store::waiting::Narrow;
use doorward::web::server::block_on;

const PAGES: &str = "/admin/integrations/okta/provisioning/review";

#[test]
fn a_mapping_makes_nobody_an_owner_by_way_of_a_review() {
    let held = Held::begin();
    held.app.apply(
        "[[connection]]\nslug = \"okta\"\n[[connection.mapping.row]]\nfield = \"role\"\nsource = \"userType\"\n",
    );
    let mut body = super::user("eve");
    body["userType"] = json!("owner");
    assert_eq!(held.scim.post("/Users", &body).status, 201);
    held.claim("bob", |body| body["userType"] = json!("owner"));
    held.apply_all();
    for name in ["eve", "bob"] {
        assert_ne!(
            held.people()[&format!("{name}@example.com")].role,
            "owner/owner",
            "{name}"
        );
    }
}

#[test]
fn who_may_not_manage_integrations_neither_sees_nor_applies() {
    let held = Held::begin();
    held.app.add("max@example.com", "manager");
    held.push("eve");
    let (bob, max) = (held.person("bob"), held.person("max"));
    let seq = held.seq("eve");
    for who in [bob, max] {
        let run = |act: &doorward::flows::Act| {
            apply::run(
                act,
                SLUG,
                &Which::Everything(Narrow::default(), None),
                &Job::new(Work::Apply),
            )
            .map(drop)
        };
        block_on(held.app.ctx.act(Who::Person(who), run)).expect_err("not theirs");
        let choose = move |act: &doorward::flows::Act| choose::choose(act, SLUG, seq, Choice::Somebody);
        block_on(held.app.ctx.act(Who::Person(who), choose)).expect_err("not theirs");
        let leave = move |act: &doorward::flows::Act| choose::leave_out(act, SLUG, &[seq], true).map(drop);
        block_on(held.app.ctx.act(Who::Person(who), leave)).expect_err("not theirs");
        let all = Which::Everything(Narrow::default(), None);
        block_on(apply::begin(&held.app.ctx, Who::Person(who), SLUG, all)).expect_err("not theirs");
    }
    assert_eq!(held.kinds(), ["create eve"]);
}

#[test]
fn an_admin_links_nobody_who_is_more_than_they_may_manage() {
    let held = Held::begin();
    held.app.add("ada@example.com", "admin");
    held.push("eve");
    let (seq, ada, alice) = (held.seq("eve"), held.person("ada"), held.person("alice"));
    for target in [alice, ada] {
        let choose = move |act: &doorward::flows::Act| choose::choose(act, SLUG, seq, Choice::Person(target));
        let refused = block_on(held.app.ctx.act(Who::Person(ada), choose)).expect_err("too much");
        assert!(refused.message.contains("may do what yours may not"), "{refused}");
    }
    // An owner may choose, and still an identity provider does not get hold of another one.
    held.choose("eve", Choice::Person(alice)).expect("chosen");
    let why = held.line("eve").outcome.expect_err("she owns");
    assert!(why.contains("an owner of this organization"), "{why}");
    assert_eq!(held.apply_all().applied, 0);
}

/// What the flow says to somebody with this role.
fn by<T: Send + 'static>(
    held: &Held,
    role: &str,
    work: impl FnOnce(&Act) -> Result<T> + Send + 'static,
) -> Result<T> {
    let email = format!("{role}-too@example.com");
    if !held.people().contains_key(&email) {
        held.app.add(&email, role);
    }
    let id = held.person(&format!("{role}-too"));
    block_on(held.app.ctx.act(Who::Person(id), work))
}

fn refusals(held: &Held) -> i64 {
    held.app
        .count("SELECT count(*) FROM events WHERE action = 'escalation.refused'")
}

#[test]
fn whom_an_admin_chose_gets_nothing_that_the_admin_may_not_give() {
    let held = Held::begin();
    held.app.apply(
        "[[connection]]\nslug = \"okta\"\n[connection.mapping]\nrow = [{ field = \"email\" }, { field = \"role\", source = \
         \"userType\" }]\nrole = [{ value = \"boss\", role = \"owner\", may_own = true }]\n",
    );
    let mut body = super::user("ceo");
    body["userType"] = json!("boss");
    assert_eq!(held.scim.post("/Users", &body).status, 201);
    let (seq, bob) = (held.seq("ceo"), held.person("bob"));
    let chosen = by(&held, "admin", move |act| {
        choose::choose(act, SLUG, seq, Choice::Person(bob))
    });
    chosen.expect("it is not applied yet");
    let apply = move |act: &Act| apply::run(act, SLUG, &Which::These(vec![seq]), &Job::new(Work::Apply));
    by(&held, "admin", apply).expect("a review");
    assert_eq!(held.people()["bob@example.com"].role, "member/member");
    let why = held
        .app
        .count("SELECT count(*) FROM waiting_users WHERE refusal LIKE '%would get the role Owner%'");
    assert_eq!(why, 1);
    assert_eq!(refusals(&held), 1);
    by(&held, "owner", apply).expect("a review");
    assert_eq!(
        held.people()["ceo@example.com"].role,
        "owner/owner",
        "bob, who has that address now"
    );
}

#[test]
fn taking_back_puts_nobody_into_a_group_whose_role_is_more_by_now() {
    let held = Held::begin();
    let id = held.push("eve");
    let group = held.push_group("Sales", &[&id]);
    held.app.apply(
        "[[access_group]]\nname = \"Sellers\"\nrole = \"member\"\nmembers_of = [{ connection = \"okta\", group = \"Sales\" }]\n",
    );
    held.apply_all();
    assert_eq!(held.people()["eve@example.com"].group, "Sellers");
    assert_eq!(held.scim.delete(&format!("/Groups/{group}")).status, 204);
    let review = held.apply_all();
    assert_eq!(held.people()["eve@example.com"].group, "");
    // Nobody is in it, so an owner may make it the owners' own.
    held.app
        .apply("[[access_group]]\nname = \"Sellers\"\nrole = \"owner\"\n");
    let undone = by(&held, "admin", move |act| {
        undo::run(act, SLUG, review.id, &Job::new(Work::TakeBack(review.id)))
    });
    assert_eq!(undone.expect("taken back").left_alone, 1);
    assert_eq!(refusals(&held), 1);
    assert_eq!(held.people()["eve@example.com"].group, "");
    assert_eq!(held.people()["eve@example.com"].role, "member/member");
}

#[test]
fn pages_ask_for_the_permission_and_know_their_own_forms() {
    let held = Held::begin();
    held.push("eve");
    let line = format!("{PAGES}/{}", held.seq("eve"));
    held.app.give_passphrase("bob@example.com", PASSPHRASE);
    let (member, alice) = (
        held.app.signed_in("bob@example.com", PASSPHRASE),
        held.app.alice(),
    );
    for path in [
        PAGES.to_owned(),
        line.clone(),
        format!("{PAGES}/history"),
        format!("{line}/person"),
    ] {
        assert_eq!(member.get(&path).status, 403, "{path}");
        assert_eq!(alice.get(&path).status, 200, "{path}");
        assert_eq!(held.app.visitor().get(&path).status, 303, "{path}");
    }
    for path in [
        format!("{PAGES}/application"),
        format!("{PAGES}/omission"),
        format!("{line}/person"),
    ] {
        let fields = [("choice", "new"), ("which", "all"), ("many", "1")];
        assert!(member.post(&path, &fields).status >= 400, "{path}");
        assert_eq!(alice.post_from_elsewhere(&path, &fields).status, 403, "{path}");
    }
    assert_eq!(held.kinds(), ["create eve"]);
}
