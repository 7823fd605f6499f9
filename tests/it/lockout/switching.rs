//! Switching an enforcement on, dating it ahead, rolling it back: what must be proved, and who may.

use doorward::model::time::{DAY, HOUR, MINUTE};

use super::{House, PLACE, is_let_in, try_passphrase};
use crate::app::{ALICE, BOB, PASSPHRASE};

#[test]
fn an_enforced_door_is_the_only_one() {
    let house = House::ready();
    let (bob, _) = try_passphrase(&house.app, BOB, PASSPHRASE);
    assert!(bob.me().is_some());
    assert_eq!(house.enforce("", "").to(), PLACE);
    assert_eq!(bob.me(), None, "a session by another door ends");
    assert_eq!(
        house.app.count("SELECT count(*) FROM sessions"),
        1,
        "alice's, who is exempt"
    );
    let (_, page) = try_passphrase(&house.app, BOB, PASSPHRASE);
    assert_eq!(page.status, 401);
    assert!(
        page.text().contains("continue with okta instead"),
        "{}",
        page.text()
    );
    assert_eq!(house.sent_elsewhere(), 1);
    // Enforced people, wrong ones and strangers at the domain read the same.
    let plain = |email: &str, passphrase: &str| {
        let (_, page) = try_passphrase(&house.app, email, passphrase);
        (
            page.status,
            page.text().replace(&page.reference(), "R").replace(email, "E"),
        )
    };
    let right = plain(BOB, PASSPHRASE);
    assert_eq!(right, plain(BOB, "not the passphrase"));
    assert_eq!(right, plain("nobody@example.com", PASSPHRASE));
    assert_eq!(right, plain(ALICE, "not the passphrase"));
    let bob = house.app.visitor();
    house.okta.sign_in(&bob, "new@example.com");
    assert!(is_let_in(&house.app, ALICE, PASSPHRASE), "the break-glass owner");
    assert_eq!(
        house
            .app
            .count("SELECT count(*) FROM events WHERE action = 'break_glass.used'"),
        1
    );
}

#[test]
fn another_integration_leads_to_the_right_one() {
    let house = House::ready();
    let entra = house.app.connect("entra", "");
    house.app.add("carol@example.com", "member");
    let carol = house.app.visitor();
    assert_eq!(entra.sign_in(&carol, "carol@example.com").to(), "/");
    assert_eq!(house.enforce("", "").to(), PLACE);
    assert_eq!(carol.me(), None);
    let stuck = entra.sign_in_with(&carol, "carol@example.com", |r| r.assertion_id = "_again".into());
    assert!(stuck.to().ends_with("/notice"), "{:?}", stuck.location);
    assert_eq!(carol.me(), None);
    let page = carol.get(stuck.to());
    assert_eq!(page.heading(), "Sign in another way");
    let ways = page.attributes(".ways a", "href");
    assert!(ways[0].starts_with("/sso/okta"), "{ways:?}");
    assert_eq!(house.sent_elsewhere(), 1);
}

#[test]
fn what_is_not_proved_is_not_enforced() {
    let refused = |house: &House, why: &str| {
        let page = house.enforce("", "");
        assert_eq!(page.status, 409, "{why}: {:?}", page.location);
        assert!(page.text().contains(why), "{why}: {}", page.text());
        assert_eq!(house.app.count("SELECT count(*) FROM enforcements"), 0);
    };
    let house = House::ready();
    house.app.forward(HOUR + 1);
    // The session has idled out as well.
    let house = House {
        alice: house.app.alice(),
        ..house
    };
    refused(&house, "Pass a test sign-in");
    house.test(&house.alice);
    // A change of the settings after the test.
    house.app.forward(MINUTE);
    house
        .app
        .apply("[[connection]]\nslug = \"okta\"\n[connection.saml]\nunsolicited = \"refuse\"\n");
    refused(&house, "Pass a test sign-in");
    house.test(&house.alice);
    // Another owner's test is not alice's.
    house.app.add("olga@example.com", "owner");
    house.write(|w| {
        w.execute("UPDATE sign_ins SET started_by = (SELECT id FROM people WHERE email_key = 'olga@example.com') WHERE kind = 'test'", [])?;
        Ok(())
    });
    refused(&house, "Pass a test sign-in");
    house.test(&house.alice);
    // The proof of the break-glass owner.
    house.write(|w| {
        w.execute("UPDATE break_glass SET proved_at = NULL", [])?;
        Ok(())
    });
    refused(&house, "Have a break-glass owner sign in");
    house.prove(ALICE);
    house.write(|w| {
        w.execute("DELETE FROM break_glass", [])?;
        Ok(())
    });
    refused(&house, "Make at least one owner a break-glass owner");
    house.make_break_glass(ALICE);
    house.prove(ALICE);
    let wrong = [("for", ""), ("starts", ""), ("confirm", "Acme Ltd")];
    assert_eq!(
        house.alice.post(PLACE, &wrong).status,
        422,
        "the organization's name"
    );
    let strange = [("for", "elsewhere.example"), ("starts", ""), ("confirm", "Acme")];
    assert_eq!(
        house.alice.post(PLACE, &strange).status,
        422,
        "a domain that is not confirmed"
    );
    assert_eq!(house.enforce("", "").to(), PLACE);
}

#[test]
fn a_proof_is_good_for_thirty_days() {
    let house = House::ready();
    let id = house.id(ALICE);
    let proved = house.app.ctx.now().minus(30 * DAY + 1);
    house.write(move |w| doorward::store::break_glass::touch_proved(w, id, proved));
    assert_eq!(house.enforce("", "").status, 409);
    let proved = house.app.ctx.now().minus(30 * DAY);
    house.write(move |w| doorward::store::break_glass::touch_proved(w, id, proved));
    assert_eq!(house.enforce("", "").to(), PLACE);
}

#[test]
fn only_owners_switch_it() {
    let house = House::ready();
    house.app.add("carol@example.com", "admin");
    house.app.give_passphrase("carol@example.com", PASSPHRASE);
    let (carol, _) = try_passphrase(&house.app, "carol@example.com", PASSPHRASE);
    let fields = [("for", ""), ("starts", ""), ("confirm", "Acme")];
    assert_eq!(carol.post(PLACE, &fields).status, 403);
    assert_eq!(carol.get(PLACE).status, 200, "an admin may look");
    assert_eq!(house.enforce("", "2026-11-22 08:00").to(), PLACE);
    for act in ["rollback", "end", "start"] {
        assert_eq!(
            carol.post(&house.place(act), &[("confirmation", "Acme")]).status,
            403,
            "{act}"
        );
    }
}

#[test]
fn one_click_takes_it_back_for_a_day() {
    let house = House::enforced();
    house.app.forward(DAY - 1);
    let alice = house.app.alice();
    assert_eq!(alice.post(&house.place("rollback"), &[]).to(), PLACE);
    assert!(is_let_in(&house.app, BOB, PASSPHRASE));

    let house = House::enforced();
    house.app.forward(DAY);
    let alice = house.app.alice();
    assert_eq!(alice.post(&house.place("rollback"), &[]).status, 409);
    assert!(!is_let_in(&house.app, BOB, PASSPHRASE));
    let end = house.place("end");
    assert_eq!(alice.get(&end).status, 200);
    assert_eq!(alice.post(&end, &[("confirmation", "acme")]).status, 422);
    assert_eq!(alice.post(&end, &[("confirmation", "Acme")]).to(), PLACE);
    assert!(is_let_in(&house.app, BOB, PASSPHRASE));
}

#[test]
fn dated_ahead_it_starts_at_its_moment() {
    let house = House::ready();
    // It is 2026-11-21 12:00 UTC.
    assert_eq!(house.enforce("", "2026-11-21 11:59").status, 422);
    assert_eq!(house.enforce("", "soon").status, 422);
    assert_eq!(house.enforce("", "2026-11-22 08:00").to(), PLACE);
    let (bob, _) = try_passphrase(&house.app, BOB, PASSPHRASE);
    house.app.forward(20 * HOUR - 1);
    house.sweep();
    assert!(is_let_in(&house.app, BOB, PASSPHRASE));
    house.app.forward(1);
    house.sweep();
    assert!(!is_let_in(&house.app, BOB, PASSPHRASE));
    assert_eq!(bob.me(), None);
    assert_eq!(
        house
            .app
            .count("SELECT count(*) FROM events WHERE action = 'enforcement.started'"),
        1
    );
}

#[test]
fn dated_ahead_without_its_conditions_it_waits_and_says_so() {
    let house = House::ready();
    assert_eq!(house.enforce("", "2026-11-22 08:00").to(), PLACE);
    house
        .app
        .apply("[[connection]]\nslug = \"okta\"\n[connection.saml]\nunsolicited = \"refuse\"\n");
    house.app.forward(21 * HOUR);
    house.sweep();
    house.sweep();
    assert!(is_let_in(&house.app, BOB, PASSPHRASE));
    let count = |action: &str| {
        house
            .app
            .count(&format!("SELECT count(*) FROM events WHERE action = '{action}'"))
    };
    assert_eq!((count("enforcement.held"), count("enforcement.started")), (1, 0));
    let alice = house.app.alice();
    let overview = alice.get("/admin").text();
    assert!(
        overview.contains("waits since 22 Nov 2026, 08:00 UTC"),
        "{overview}"
    );
    assert_eq!(
        alice.post(&house.place("start"), &[]).status,
        409,
        "not before it is proved again"
    );
    house.test(&alice);
    assert_eq!(alice.post(&house.place("start"), &[]).to(), PLACE);
    assert!(!is_let_in(&house.app, BOB, PASSPHRASE));
}

#[test]
fn a_domain_goes_before_everybody() {
    let house = House::ready();
    house
        .app
        .apply("[[connection]]\nslug = \"okta\"\ndomains = [\"example.com\"]\n");
    house.app.add("gus@guest.example", "member");
    house.app.give_passphrase("gus@guest.example", PASSPHRASE);
    assert_eq!(house.enforce("example.com", "").to(), format!("{PLACE}"));
    assert!(!is_let_in(&house.app, BOB, PASSPHRASE));
    assert!(is_let_in(&house.app, "gus@guest.example", PASSPHRASE));
    // Entra for everybody: who has a rule of their own keeps it.
    house.app.connect("entra", "");
    let toml = "[[connection]]\nslug = \"entra\"\nenforced = true\n";
    assert!(
        house.app.try_apply(toml, Default::default()).is_err(),
        "nothing was proved for entra"
    );
    super::apply_anyway(&house.app, toml);
    assert!(!is_let_in(&house.app, "gus@guest.example", PASSPHRASE));
    let (_, page) = try_passphrase(&house.app, BOB, PASSPHRASE);
    assert!(
        page.text().contains("continue with okta instead"),
        "{}",
        page.text()
    );
    house
        .app
        .apply("[[connection]]\nslug = \"entra\"\nenforced = false\n");
    assert!(is_let_in(&house.app, "gus@guest.example", PASSPHRASE));
}

#[test]
fn a_file_needs_the_same_proof() {
    let house = House::ready();
    let toml = "[[connection]]\nslug = \"okta\"\nenforced = true\n";
    house.app.apply(toml);
    assert!(!is_let_in(&house.app, BOB, PASSPHRASE));
    assert_eq!(house.app.apply(toml), Vec::<String>::new(), "it agrees already");
    house
        .app
        .apply("[[connection]]\nslug = \"okta\"\nenforced = false\n");
    assert!(is_let_in(&house.app, BOB, PASSPHRASE));
    house.app.forward(2 * HOUR);
    assert!(
        house.app.try_apply(toml, Default::default()).is_err(),
        "the test is too old"
    );
    super::apply_anyway(&house.app, toml);
    assert!(!is_let_in(&house.app, BOB, PASSPHRASE));
}

#[test]
fn the_last_break_glass_owner_stays() {
    let house = House::enforced();
    // omar owns as well, so that alice is never the last owner.
    house.app.add("omar@example.com", "owner");
    house.app.add("olga@example.com", "owner");
    let alice = house.id(ALICE).to_string();
    let removal = format!("/admin/settings/recovery/{alice}/removal");
    let stays = || {
        assert_eq!(house.alice.post(&removal, &[]).status, 409);
        for change in ["active = false", "role = \"member\""] {
            let toml = format!("[[person]]\nemail = \"{ALICE}\"\n{change}\n");
            let error = house.app.try_apply(&toml, Default::default()).expect_err(change);
            assert!(error.message.contains("last break-glass owner"), "{error}");
        }
    };
    stays();
    // A second one who is deactivated is none.
    house.make_break_glass("olga@example.com");
    house
        .app
        .apply("[[person]]\nemail = \"olga@example.com\"\nactive = false\n");
    stays();
    house
        .app
        .apply("[[person]]\nemail = \"olga@example.com\"\nactive = true\n");
    assert_eq!(house.alice.post(&removal, &[]).to(), "/admin/settings/recovery");
    assert_eq!(house.app.count("SELECT count(*) FROM break_glass"), 1);
}

#[test]
fn whoever_is_no_owner_any_more_is_no_break_glass_owner() {
    let house = House::ready();
    house.app.add("olga@example.com", "owner");
    house.make_break_glass("olga@example.com");
    house
        .app
        .apply("[[person]]\nemail = \"olga@example.com\"\nrole = \"admin\"\n");
    house
        .app
        .apply("[[person]]\nemail = \"olga@example.com\"\nrole = \"owner\"\n");
    house.app.give_passphrase("olga@example.com", PASSPHRASE);
    assert_eq!(house.enforce("", "").to(), PLACE);
    assert!(!is_let_in(&house.app, "olga@example.com", PASSPHRASE));
    let bob = house.id(BOB).to_string();
    let member = house.alice.post("/admin/settings/recovery", &[("person", &bob)]);
    assert_eq!(member.status, 409, "only an owner can be one");
}

#[test]
fn the_page_says_who_is_affected() {
    let house = House::ready();
    let scim = house.app.scim("okta");
    let user = serde_json::json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "kim@example.com", "active": true,
        "emails": [{ "value": "kim@example.com", "primary": true }],
    });
    assert_eq!(scim.post("/Users", &user).status, 201);
    house.app.add("lou@example.com", "member");
    let lou = house.app.visitor();
    assert_eq!(house.okta.sign_in(&lou, "lou@example.com").to(), "/");
    let page = house.alice.get(PLACE);
    let figures = page.all("#affected ~ dl dd");
    assert_eq!(figures, ["1", "1", "1", "1"], "linked, known, unknown, exempt");
    let rows = page.all("#affected ~ .table tbody tr");
    let row = |name: &str| rows.iter().find(|row| row.contains(name)).expect(name).clone();
    assert!(row(ALICE).contains("Exempt"), "{rows:?}");
    assert!(row("lou@").contains("Signs in through it"), "{rows:?}");
    assert!(row("kim@").contains("never came through it"), "{rows:?}");
    assert!(row(BOB).contains("No account there is known"), "{rows:?}");
    assert!(page.text().contains("Enforce for 3 people"));
}

#[test]
fn a_test_page_shows_what_is_missing() {
    let app = crate::app::TestApp::start();
    app.connect("okta", "");
    let alice = app.alice();
    let page = alice.get(PLACE);
    let states = page.all("#proofs ~ .checks .state");
    assert_eq!(states, ["Done", "Missing", "Missing"]);
    let links = page.attributes("#proofs ~ .checks a", "href");
    assert_eq!(links, ["/admin/settings/recovery"]);
}

#[test]
fn a_passkey_that_is_sent_elsewhere_is_told_where_and_leaves_its_trace() {
    let house = House::ready_in(crate::app::TestApp::start_named());
    let bob = house.app.visitor();
    let posted = bob.post("/login", &[("email", BOB), ("passphrase", PASSPHRASE)]);
    assert_eq!(posted.to(), "/");
    let mut key = bob.register_key();
    assert_eq!(house.enforce("", "").to(), PLACE);
    let visitor = house.app.visitor();
    let challenge = visitor.challenge("sign-in");
    let credential = key.answer(&challenge);
    let page = visitor.present("/login/passkey", &challenge, &credential);
    assert_eq!(page.status, 403);
    assert!(page.text().contains("You sign in through okta only."));
    let doors = page.attributes(".ways a", "href");
    assert_eq!(doors, ["/sso/okta?return_to=%2F"]);
    assert_eq!(visitor.me(), None);
    let traces = "SELECT count(*) FROM sign_ins WHERE kind = 'passkey' AND problem = 'enforce.elsewhere'";
    assert_eq!(house.app.count(traces), 1);
}
