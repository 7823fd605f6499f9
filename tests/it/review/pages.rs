//! The pages of a review, as an admin walks through them.

use serde_json::json;

use super::{Held, people};
use crate::app::{Page, Visitor};

const PAGES: &str = "/admin/integrations/okta/provisioning/review";

/// Chooses these lines, agrees on the page that follows, and gives what comes then.
fn agree(admin: &Visitor, fields: &[(&str, &str)]) -> (Page, Page) {
    let asked = admin.post(PAGES, fields);
    assert_eq!(asked.status, 200, "{}", asked.text());
    let names = asked.attributes("form.confirm input[type=hidden]", "name");
    let values = asked.attributes("form.confirm input[type=hidden]", "value");
    let pairs = names
        .iter()
        .map(String::as_str)
        .zip(values.iter().map(String::as_str));
    let action = asked.attributes("form.confirm", "action").remove(0);
    let done = admin.post(&action, &pairs.collect::<Vec<_>>());
    (asked, done)
}

/// The page of the review once nothing is under way any more.
fn settled(admin: &Visitor) -> Page {
    settled_at(admin, PAGES)
}

/// The page once no progress stands on it any more.
fn settled_at(admin: &Visitor, path: &str) -> Page {
    for _ in 0..10_000 {
        let page = admin.get(path);
        assert_eq!(page.status, 200, "{}", page.text());
        if page.all("progress").is_empty() {
            return page;
        }
    }
    panic!("it is never done");
}

fn lines(page: &Page) -> Vec<String> {
    page.all("table.plan tbody th")
}

#[test]
fn an_admin_looks_chooses_applies_and_takes_it_back() {
    let held = Held::begin();
    let alice = held.app.alice();
    assert!(alice.get(PAGES).text().contains("Nothing waits"));
    let before = held.people();
    held.push("eve");
    held.push("finn");
    held.claim("bob", |body| body["name"]["givenName"] = json!("Robert"));
    let overview = alice.get("/admin").text();
    assert!(overview.contains("3 changes of Okta wait for you."), "{overview}");
    let state = alice.get("/admin/integrations/okta/provisioning").text();
    assert!(state.contains("3 changes of Okta wait for you."), "{state}");
    let page = alice.get(PAGES);
    assert_eq!(lines(&page).len(), 3);
    let text = page.text();
    for words in [
        "Added as eve Fox (eve@example.com)",
        "Given name: nothing → Robert",
        "found their user here and wrote to it",
        "Review (3)",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(
        lines(&alice.get(&format!("{PAGES}?kind=link"))),
        ["bob@example.com"]
    );
    assert_eq!(
        lines(&alice.get(&format!("{PAGES}?q=finn"))),
        ["finn@example.com"]
    );
    assert_eq!(
        alice.post(PAGES, &[("decision", "apply")]).to(),
        PAGES,
        "nothing was chosen"
    );
    let (asked, done) = agree(&alice, &[("decision", "apply-all"), ("kind", "create")]);
    let text = asked.text();
    assert!(text.contains("2 people will be added."), "{text}");
    assert!(text.contains("Apply 2 lines"), "{text}");
    assert_eq!(done.to(), PAGES);
    let page = settled(&alice);
    assert_eq!(lines(&page), ["bob@example.com"]);
    assert!(page.text().contains("Applied: 2 added."), "{}", page.text());
    assert!(held.people().contains_key("finn@example.com"));
    let history = alice.get(&format!("{PAGES}/history"));
    let review = history.attributes("tbody th a", "href").remove(0);
    let applied = alice.get(&review);
    assert!(applied.text().contains("Added as finn Fox"), "{}", applied.text());
    let eve = held.person("eve");
    let person = alice.get(&format!("/admin/people/{eve}"));
    assert!(
        person.text().contains(&review),
        "the review stands on the person's page"
    );
    let undo = format!("{review}/undo");
    assert!(alice.get(&undo).text().contains("Take 2 lines back"));
    assert_eq!(alice.post(&undo, &[]).to(), review);
    let taken_back = settled_at(&alice, &review).text();
    assert_eq!(held.people(), before);
    assert!(taken_back.contains("took this back"), "{taken_back}");
    assert_eq!(alice.post(&undo, &[]).status, 409);
    assert_eq!(lines(&alice.get(PAGES)).len(), 3);
}

#[test]
fn what_came_meanwhile_is_not_agreed_to() {
    let held = Held::begin();
    let alice = held.app.alice();
    held.push("eve");
    let fields = [("decision", "apply-all"), ("many", "1")];
    held.push("finn");
    let refused = alice.post(&format!("{PAGES}/application"), &fields);
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(
        refused.text().contains("Meanwhile there are 2 lines"),
        "{}",
        refused.text()
    );
    assert_eq!(people(&held.app).len(), 3);
}

#[test]
fn whom_only_an_address_speaks_for_is_asked_about_by_themselves() {
    let held = Held::begin();
    let alice = held.app.alice();
    held.push("eve");
    held.push("finn");
    held.app.add("eve@example.com", "member");
    let (asked, _) = agree(&alice, &[("decision", "apply-all")]);
    let text = asked.text();
    assert!(text.contains("1 person will be added."), "{text}");
    assert!(
        text.contains("1 line more with only an equal e-mail address"),
        "{text}"
    );
    settled(&alice);
    assert_eq!(held.kinds(), ["email eve"]);
    let line = held.seq("eve").to_string();
    let (asked, _) = agree(&alice, &[("decision", "apply"), ("line", &line)]);
    assert!(
        asked
            .text()
            .contains("linked because the e-mail address is the same"),
        "{}",
        asked.text()
    );
    settled(&alice);
    assert_eq!(held.people()["eve@example.com"].name, "eve Fox");
}

#[test]
fn a_link_is_corrected_by_name() {
    let held = Held::begin();
    let alice = held.app.alice();
    held.push("robert");
    let line = format!("{PAGES}/{}", held.seq("robert"));
    assert!(alice.get(&line).text().contains("Added as robert Fox"));
    let found = alice.get(&format!("{line}/person?q=bob"));
    let ids = found.attributes("button[name=choice]", "value");
    let bob = held.person("bob").to_string();
    assert!(ids.contains(&bob), "{}", found.text());
    assert_eq!(
        alice.post(&format!("{line}/person"), &[("choice", &bob)]).to(),
        line
    );
    let page = alice.get(&line).text();
    assert!(page.contains("An admin chose them."), "{page}");
    held.push("bobby");
    let other = format!("{PAGES}/{}/person", held.seq("bobby"));
    let refused = alice.post(&other, &[("choice", &bob), ("q", "bob")]);
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(
        refused
            .attributes("input[name=q]", "value")
            .contains(&"bob".to_owned())
    );
    assert_eq!(alice.get(&format!("{PAGES}/999999")).status, 404);
}

#[test]
fn lines_are_left_out_and_taken_in_again() {
    let held = Held::begin();
    let alice = held.app.alice();
    held.push("eve");
    let line = held.seq("eve").to_string();
    let (_, done) = agree(&alice, &[("decision", "out"), ("line", &line)]);
    assert_eq!(done.status, 303);
    assert!(alice.get(PAGES).text().contains("Nothing waits"));
    assert_eq!(
        lines(&alice.get(&format!("{PAGES}?only=out"))),
        ["eve@example.com"]
    );
    agree(&alice, &[("decision", "in"), ("line", &line), ("only", "out")]);
    assert_eq!(lines(&alice.get(PAGES)), ["eve@example.com"]);
}

#[test]
fn whoever_makes_it_automatic_says_what_becomes_of_the_plan() {
    let held = Held::begin();
    let alice = held.app.alice();
    held.push("eve");
    let settings = "/admin/integrations/okta/provisioning/settings";
    let page = alice.get(settings);
    let version = page.attributes("input[name=version]", "value").remove(0);
    let mut fields = vec![
        ("sync", "automatic"),
        ("create", "on"),
        ("update", "on"),
        ("deactivate", "on"),
        ("guard_people", "9"),
        ("guard_percent", "20"),
        ("log_days", "30"),
        ("version", version.as_str()),
    ];
    let asked = alice.post(settings, &fields);
    assert_eq!(asked.status, 422, "{}", asked.text());
    assert!(
        asked.text().contains("1 change waits on the review page"),
        "{}",
        asked.text()
    );
    assert_eq!(
        asked.attributes("input[name=guard_people]", "value"),
        ["9"],
        "what was typed stays"
    );
    fields.push(("keep_waiting", "on"));
    assert_eq!(alice.post(settings, &fields).status, 303);
    let page = alice.get(PAGES);
    assert!(
        page.text().contains("Provisioning is automatic now."),
        "{}",
        page.text()
    );
    agree(&alice, &[("decision", "apply-all")]);
    settled(&alice);
    held.scim.post("/Users", &super::user("finn"));
    let page = alice.get(PAGES);
    assert_eq!(page.heading(), "What Okta did");
    assert!(page.text().contains("finn Fox"), "{}", page.text());
    let page = alice.get(&format!("{PAGES}/done?kind=deactivated"));
    assert!(page.text().contains("Nothing fits"), "{}", page.text());
}
