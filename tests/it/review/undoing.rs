//! Taking back what was applied, field by field.

use serde_json::json;

use super::Held;
use doorward::model::time::{DAY, MINUTE};

const STAFF: &str = "[[access_group]]\nname = \"Staff\"\nrole = \"manager\"\n";
const FED: &str = "[[access_group]]\nname = \"Staff\"\nrole = \"manager\"\nmembers_of = [{ connection = \"okta\", group = \"Sales\" }]\n";

#[test]
fn everybody_becomes_what_they_were_and_the_plan_is_back() {
    let held = Held::begin_with(STAFF);
    held.push("gus");
    held.apply_all();
    let before = held.people();
    held.push("eve");
    held.claim("bob", |body| body["name"]["givenName"] = json!("Robert"));
    held.claim("dana", |body| body["active"] = json!(false));
    let gus = held.id_of("gus");
    held.push_group("Sales", &[&gus, &held.id_of("eve")]);
    held.app.apply(FED);
    assert_eq!(held.people(), before);
    let (mut plan, review) = (held.kinds(), held.apply_all());
    assert_eq!((review.applied, review.refused), (4, 0));
    let after = held.people();
    assert_eq!(after["gus@example.com"].group, "Staff");
    assert_eq!(after["eve@example.com"].role, "manager/member");
    let undone = held.undo(review.id).expect("taken back");
    assert_eq!((undone.lines, undone.left_alone), (4, 0));
    assert_eq!(held.people(), before);
    let mut again = held.kinds();
    plan.sort();
    again.sort();
    assert_eq!(again, plan);
    held.undo(review.id).expect_err("once is enough");
    assert_eq!(held.apply_all().applied, 4);
    assert_eq!(held.people(), after, "and it can be applied again");
}

#[test]
fn what_somebody_changed_since_is_left_alone_and_said() {
    let held = Held::begin();
    held.claim("bob", |body| {
        body["name"] = json!({ "givenName": "Robert", "familyName": "Ng" })
    });
    held.push("eve");
    let review = held.apply_all();
    held.app.apply(
        "[[person]]\nemail = \"bob@example.com\"\ngiven_name = \"Bobby\"\n[[person]]\nemail = \"eve@example.com\"\nfamily_name = \"Hand\"\n",
    );
    let undone = held.undo(review.id).expect("taken back");
    assert_eq!((undone.lines, undone.left_alone), (2, 2));
    let people = held.people();
    assert_eq!(
        people["bob@example.com"].name.trim(),
        "Bobby",
        "the family name is gone again"
    );
    let eve = &people["eve@example.com"];
    assert_eq!(
        (eve.name.as_str(), eve.state.as_str()),
        ("eve Hand", "deactivated")
    );
    let id = review.id;
    let read = move |r: &doorward::store::Reader| doorward::store::reviews::list_lines(r, id, true, 0, 10);
    let told: Vec<String> = held
        .app
        .ctx
        .store
        .read(read)
        .expect("lines")
        .into_iter()
        .flat_map(|line| line.left_alone)
        .collect();
    assert!(
        told.iter()
            .any(|line| line.contains("given name") && line.contains("Bobby")),
        "{told:?}"
    );
}

#[test]
fn it_can_be_taken_back_for_a_day_and_the_connection_is_held_then() {
    let held = Held::begin();
    held.push("eve");
    let review = held.apply_all();
    held.sync("automatic");
    held.app.forward(DAY - MINUTE);
    held.undo(review.id).expect("a minute is left");
    assert!(!held.people().contains_key("eve@example.com"));
    held.set(&held.id_of("eve"), "name.familyName", json!("Ng"));
    assert!(
        !held.people().contains_key("eve@example.com"),
        "the next request does not do it again"
    );
    let review = held.apply_all();
    held.app.forward(DAY);
    let late = held.undo(review.id).expect_err("too late");
    assert!(late.message.contains("24 hours"), "{late}");
    doorward::web::server::block_on(doorward::flows::maintain::sweep(&held.app.ctx)).expect("a sweep");
    let kept = |r: &doorward::store::Reader| {
        Ok(r.query_row(
            "SELECT count(*) FROM review_lines WHERE kept IS NOT NULL",
            [],
            |row| row.get::<_, i64>(0),
        )?)
    };
    assert_eq!(
        held.app.ctx.store.read(kept).expect("lines"),
        0,
        "what nobody can use is forgotten"
    );
}

#[test]
fn who_was_deactivated_is_back_and_no_longer_among_the_removed() {
    let held = Held::begin();
    held.claim("dana", |body| body["active"] = json!(false));
    let review = held.apply_all();
    assert_eq!(held.people()["dana@example.com"].state, "deactivated");
    held.undo(review.id).expect("taken back");
    assert_eq!(held.people()["dana@example.com"].state, "active");
    let removed = held
        .app
        .alice()
        .get("/admin/integrations/okta/provisioning/removed");
    assert!(!removed.text().contains("dana@example.com"), "{}", removed.text());
}

#[test]
fn whoever_was_added_and_is_gone_there_leaves_nothing_to_decide() {
    let held = Held::begin();
    let id = held.push("eve");
    let review = held.apply_all();
    assert_eq!(held.scim.delete(&format!("/Users/{id}")).status, 204);
    held.undo(review.id).expect("taken back");
    assert_eq!(held.kinds(), Vec::<String>::new());
    assert!(!held.people().contains_key("eve@example.com"));
}

#[test]
fn a_removal_gives_way_again_to_the_same_person_who_came_again() {
    let held = Held::begin();
    let id = held.push("eve");
    held.apply_all();
    assert_eq!(held.scim.delete(&format!("/Users/{id}")).status, 204);
    let review = held.apply_all();
    held.push("eve");
    assert_eq!(held.kinds(), ["link eve"]);
    held.undo(review.id).expect("taken back");
    assert_eq!(held.kinds(), ["link eve"], "and no line that removes her");
    held.apply_all();
    assert_eq!(held.people()["eve@example.com"].state, "active");
    assert_eq!(held.kinds(), Vec::<String>::new());
}

#[test]
fn an_invitation_that_ended_with_a_deactivation_is_said() {
    let held = Held::begin();
    held.app
        .apply("[[connection]]\nslug = \"okta\"\n[connection.scim]\ninvite = true\n");
    let id = held.push("eve");
    held.apply_all();
    assert_eq!(held.app.count("SELECT count(*) FROM invitations"), 1);
    assert_eq!(held.scim.delete(&format!("/Users/{id}")).status, 204);
    let review = held.apply_all();
    let undone = held.undo(review.id).expect("taken back");
    assert_eq!((undone.lines, undone.left_alone), (1, 1));
    let said = held
        .app
        .count("SELECT count(*) FROM review_lines WHERE left_alone LIKE '%Send it again%'");
    assert_eq!(said, 1);
    assert_eq!(held.people()["eve@example.com"].state, "active");
}
