//! What is kept of requests, and what never is.

use doorward::model::time::{DAY, SECOND};
use doorward::store::scim_requests::{self, Narrow, ScimRequest};
use doorward::web::server::block_on;
use serde_json::json;

use super::is_on_disk;
use crate::app::{ScimClient, TestApp};

fn rows(app: &TestApp, narrow: &Narrow) -> Vec<ScimRequest> {
    app.flush_scim_log();
    let read = |r: &doorward::store::Reader| {
        let connection = doorward::store::connections::get_by_slug(r, "okta")?;
        scim_requests::list(r, connection.id, narrow, 100)
    };
    app.ctx.store.read(read).expect("rows")
}

fn search(app: &TestApp, words: &str) -> usize {
    let narrow = Narrow {
        search: words.to_owned(),
        ..Narrow::default()
    };
    rows(app, &narrow).len()
}

#[test]
fn secrets_are_never_kept() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let secret = "hunter2-hunter2";
    // An attribute of the identity provider's own: it gets it back from the mirror, but the log has no use for it.
    let extension = "extension-of-hunter2";
    okta.post(
        "/Users",
        &json!({"userName": "bob@example.com", "password": secret, "urn:x": {"ApiToken": extension}}),
    );
    okta.patch(
        "/Users/x",
        &json!({"Operations": [{"op": "replace", "path": "password", "value": secret}]}),
    );
    okta.put(
        "/Users/x",
        &json!({"userName": "bob@example.com", "PASSWORD": {"value": secret}}),
    );
    okta.get(&format!("/Users?access_token={secret}&count=0"));
    okta.get(&format!("/Users?filter=password+eq+%22{secret}%22"));
    okta.raw(
        "POST",
        "/Users",
        Some(format!("{{\"password\":\"{secret}\",").as_bytes()),
    );
    ScimClient::new(&app.base, "okta", secret).get("/Users");
    let kept = rows(&app, &Narrow::default());
    assert_eq!(kept.len(), 7);
    for row in &kept {
        let row = format!("{row:?}");
        assert!(!row.contains(secret) && !row.contains(extension), "{row}");
    }
    assert!(!is_on_disk(&app, secret));
    assert!(!is_on_disk(&app, &okta.token));
}

#[test]
fn strangers_leave_one_row_a_second_and_none_where_there_is_nothing() {
    let app = TestApp::start();
    app.scim("okta");
    let stranger = ScimClient::new(&app.base, "okta", "dws_nonsense");
    for _ in 0..42 {
        assert_eq!(stranger.get("/Users").status, 401);
    }
    assert_eq!(
        ScimClient::new(&app.base, "nowhere", "x").get("/Users").status,
        401
    );
    app.forward(SECOND);
    assert_eq!(
        stranger
            .post("/Users", &json!({"userName": "x@example.com"}))
            .status,
        401
    );
    let kept = rows(&app, &Narrow::default());
    assert_eq!(kept.len(), 2);
    assert_eq!(app.count("SELECT count(*) FROM scim_requests"), 2);
    assert!(kept[0].notes.contains("and 41 more"), "{}", kept[0].notes);
    assert_eq!(kept[0].body, None, "nothing that strangers send is kept");
    assert_eq!((kept[1].status, kept[1].credential_id), (401, None));
}

#[test]
fn the_log_is_searched_narrowed_and_paged() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    for name in ["ana", "bob", "Änne", "carol"] {
        okta.get(&format!("/Users?filter=userName+eq+%22{name}%22"));
        app.forward(SECOND);
    }
    okta.delete("/Users/x");
    let all = rows(&app, &Narrow::default());
    assert_eq!(all.len(), 5);
    assert_eq!(all[0].method, "DELETE", "newest first");
    assert_eq!(
        (
            search(&app, "CAROL"),
            search(&app, "users carol"),
            search(&app, "carol bob")
        ),
        (1, 1, 0)
    );
    assert_eq!(
        (search(&app, "%"), search(&app, "_")),
        (4, 0),
        "no wild cards but what was sent"
    );
    assert_eq!(search(&app, &all[1].reference), 1);
    let narrowed = |narrow: Narrow| rows(&app, &narrow).len();
    let method = Some("DELETE".to_owned());
    assert_eq!(
        narrowed(Narrow {
            method,
            ..Narrow::default()
        }),
        1
    );
    let before = Some((all[2].at, all[2].id));
    assert_eq!(
        rows(
            &app,
            &Narrow {
                before,
                ..Narrow::default()
            }
        ),
        all[3..]
    );
    let other = app.scim("other");
    other.get("/Users?count=0");
    assert_eq!(
        rows(&app, &Narrow::default()).len(),
        5,
        "another connection's rows are its own"
    );
    let get = |slug: &'static str| {
        let id = all[0].id;
        app.ctx.store.read(move |r| {
            let connection = doorward::store::connections::get_by_slug(r, slug)?;
            scim_requests::get(r, connection.id, id)
        })
    };
    assert_eq!(get("okta").expect("the row"), all[0]);
    assert!(get("other").is_err());
}

#[test]
fn a_reference_leads_to_its_request_from_wherever_it_is_named() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    okta.post("/Users", &json!({"userName": "bob@example.com"}));
    okta.delete("/Users/x");
    let kept = rows(&app, &Narrow::default());
    assert_eq!(kept.len(), 2);
    for row in kept {
        let find = |at| {
            let found = app
                .ctx
                .store
                .read(|r| scim_requests::find_by_reference(r, &row.reference, at));
            found.expect("a look-up").map(|(id, _)| id)
        };
        for at in [Some(row.at), Some(row.at.plus(1)), None] {
            assert_eq!(find(at), Some(row.id), "{} {at:?}", row.method);
        }
    }
    let strange = |r: &doorward::store::Reader| scim_requests::find_by_reference(r, "7Q4M-K2XD", None);
    assert_eq!(app.ctx.store.read(strange).expect("a look-up"), None);
    // The moment of an event is that of its request, so that the page of activity finds it by an index.
    let events = "SELECT count(*) FROM events WHERE action IN ('person.added', 'directory_user.added')
                  AND reference IS NOT NULL";
    let together =
        "SELECT count(*) FROM events e JOIN scim_requests q ON q.reference = e.reference AND q.at = e.at";
    assert_eq!((app.count(events), app.count(together)), (2, 2));
}

#[test]
fn milestones_come_one_by_one_and_outlive_the_rows() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let milestones = || {
        app.flush_scim_log();
        let read = |r: &doorward::store::Reader| {
            let connection = doorward::store::connections::get_by_slug(r, "okta")?;
            scim_requests::milestones(r, connection.id)
        };
        app.ctx.store.read(read).expect("milestones")
    };
    assert_eq!(milestones(), scim_requests::Milestones::default());
    let first = app.ctx.now();
    ScimClient::new(&app.base, "okta", "x").get("/Users");
    let now = milestones();
    assert_eq!(
        (now.first_request, now.credentials_good, now.last_contact),
        (Some(first), None, None)
    );
    app.forward(SECOND);
    okta.get("/Users?count=0");
    let good = Some(first.plus(SECOND));
    assert_eq!(
        (milestones().credentials_good, milestones().first_user),
        (good, None)
    );
    app.forward(SECOND);
    okta.post("/Groups/.search", &json!({"schemas": [], "count": 0}));
    assert_eq!(milestones().first_group, None, "a search is no push");
    okta.post("/Users", &json!({"userName": "bob@example.com"}));
    app.forward(SECOND);
    okta.post("/Groups", &json!({"displayName": "Crew"}));
    let done = milestones();
    assert_eq!(done.first_user, Some(first.plus(2 * SECOND)));
    assert_eq!(done.first_group, Some(first.plus(3 * SECOND)));
    assert_eq!(done.last_contact, Some(first.plus(3 * SECOND)));
    // Thirty days later the rows are gone, and what was reached stays reached.
    app.apply("[[connection]]\nslug = \"okta\"\n[connection.scim]\nlog_days = 2\n");
    let sweep = || block_on(doorward::flows::maintain::sweep(&app.ctx)).expect("a sweep");
    app.forward(2 * DAY - SECOND);
    sweep();
    assert!(!rows(&app, &Narrow::default()).is_empty());
    app.forward(DAY);
    sweep();
    assert_eq!(rows(&app, &Narrow::default()), Vec::new());
    assert_eq!(milestones(), done);
}
