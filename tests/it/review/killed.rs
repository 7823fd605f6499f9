//! The process is killed while a plan is applied: afterwards everybody in it is there, or nobody.

use serde_json::json;

use super::{USER, user};
use crate::app::{ALICE, PASSPHRASE, Visitor};
use crate::binary::{Place, err, out};
use doorward::random::Random;

const PEOPLE: usize = 400;
const PAGE: &str = "/admin/integrations/idp/provisioning/review";
const SETTINGS: &str = "[[connection]]\nslug = \"idp\"\n[connection.scim]\nenabled = true\nsync = \"held\"\n";

/// Sends everybody in bulk.
fn push(url: &str, token: &str) {
    let client = reqwest::blocking::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    for chunk in (0..PEOPLE).collect::<Vec<_>>().chunks(100) {
        let operation = |n: &usize| {
            let data = user(&format!("p{n}"));
            assert_eq!(data["schemas"][0], USER);
            json!({ "method": "POST", "path": "/Users", "bulkId": format!("b{n}"), "data": data })
        };
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": chunk.iter().map(operation).collect::<Vec<_>>(),
        });
        let answer = client
            .post(format!("{url}/scim/idp/v2/Bulk"))
            .header("Authorization", format!("Bearer {token}"))
            .header("Content-Type", "application/scim+json")
            .body(body.to_string())
            .send()
            .expect("an answer");
        assert_eq!(answer.status().as_u16(), 200);
    }
}

fn count(place: &Place, sql: &str) -> usize {
    let many: i64 = place
        .database()
        .query_row(sql, [], |row| row.get(0))
        .expect("a count");
    usize::try_from(many).expect("a number")
}

/// How many lines the page says are done; `None` when nothing is under way any more.
fn progress(admin: &Visitor) -> Option<usize> {
    let values = admin.get(PAGE).attributes("progress", "value");
    values.first().map(|done| done.parse().expect("a number"))
}

#[test]
fn a_kill_in_the_middle_leaves_all_or_nothing() {
    let place = Place::set_up();
    let done = place.apply(SETTINGS, &[]);
    assert!(done.status.success(), "{}", err(&done));
    let made = place.run(&["token", "create", "--connection", "idp"]);
    assert!(made.status.success(), "{}", err(&made));
    let running = place.serve();
    push(&running.url, out(&made).trim());
    drop(running);
    let random = Random::seeded(31);
    let (people, waiting) = (
        "SELECT count(*) FROM people WHERE email LIKE 'p%@example.com'",
        "SELECT count(*) FROM waiting_users",
    );
    assert_eq!((count(&place, people), count(&place, waiting)), (0, PEOPLE));
    let mut in_the_middle = 0;
    for round in 0..12 {
        let mut running = place.serve();
        let alice = Visitor::new(&running.url);
        let page = alice.post("/login", &[("email", ALICE), ("passphrase", PASSPHRASE)]);
        assert_eq!(page.status, 303, "{}", page.text());
        let all = PEOPLE.to_string();
        let fields = [("decision", "apply-all"), ("many", all.as_str())];
        let begun = alice.post(&format!("{PAGE}/application"), &fields);
        assert_eq!(begun.status, 303, "{}", begun.text());
        // Once so many lines are done, and not all.
        let enough = usize::from(random.bytes::<1>()[0]);
        let under_way = loop {
            match progress(&alice) {
                None => break false,
                Some(done) if done > enough => break done < PEOPLE,
                Some(_) => {}
            }
        };
        running.child.kill().expect("killed");
        running.child.wait().expect("gone");
        drop(running);
        in_the_middle += usize::from(under_way);
        let found = (count(&place, people), count(&place, waiting));
        if found == (PEOPLE, 0) {
            println!("round {round}: everybody was there");
            break;
        }
        assert_eq!(found, (0, PEOPLE), "round {round}: some, not all");
        assert_eq!(count(&place, "SELECT count(*) FROM reviews"), 0, "round {round}");
    }
    assert!(in_the_middle > 0, "no kill fell into the middle");
    let check: String = place
        .database()
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("a check");
    assert_eq!(check, "ok");
}
