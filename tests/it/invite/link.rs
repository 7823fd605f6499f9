//! The link: what it offers to whom, and that whoever guesses at one learns nothing.

use doorward::flows::sign_on::way;
use doorward::model::time::{DAY, HOUR};

use super::{NEW, PLACE, choose, events, handed_over, invited, is_gone, is_good, place, state};
use crate::app::{BOB, TestApp};
use crate::lockout::{House, apply_anyway};
use crate::mail::server::{Manner, Smtp};
use crate::mail::{mailing, set};

#[test]
fn wrong_used_expired_and_revoked_links_get_one_answer() {
    let (app, smtp) = mailing();
    let alice = app.alice();
    let emails = [BOB, "carl@example.com", "dora@example.com"];
    let links = emails.map(|email| {
        app.add(email, "member");
        invited(&app, &smtp, &alice, email)
    });
    choose(&app.visitor(), &links[0]);
    app.signed_in(BOB, NEW);
    alice.post(&format!("{}/revocation", place(&app, emails[1])), &[]);
    app.forward(8 * DAY);
    let never = format!("{PLACE}{}", "a".repeat(43));
    let junk = format!("{PLACE}%00%ff");
    let all = [&links[0], &links[1], &links[2], &never, &junk];
    let first = app.visitor().get(all[0]);
    assert!(is_gone(&first), "{}", first.text());
    assert!(first.text().contains("sign in"), "a way out");
    for link in all {
        for page in [app.visitor().get(link), app.visitor().post(link, &[])] {
            assert_eq!((page.status, &page.body), (404, &first.body), "{link}");
        }
    }
    let elsewhere = app.visitor().post_from_elsewhere(&links[2], &[]);
    assert_eq!(elsewhere.status, 403, "only our own page begins anything");
}

#[test]
fn the_link_for_the_passphrase_is_good_for_an_hour_and_can_be_made_anew() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let link = handed_over(&app, &app.alice(), BOB);
    let bob = app.visitor();
    let begun = bob.post(&link, &[]).to().to_owned();
    let again = bob.post(&link, &[]).to().to_owned();
    assert_eq!(bob.get(&begun).status, 404, "a newer one was made");
    app.forward(HOUR);
    assert_eq!(bob.get(&again).status, 404);
    choose(&bob, &link);
    app.signed_in(BOB, NEW);
}

#[test]
fn what_is_enforced_is_all_that_is_offered() {
    let house = House::ready();
    let app = &house.app;
    app.add("ivy@example.com", "member");
    let link = handed_over(app, &house.alice, "ivy@example.com");
    let ivy = app.visitor();
    let open = ivy.get(&link);
    assert!(open.text().contains("Choose a passphrase"), "{}", open.text());
    let begun = ivy.post(&link, &[]).to().to_owned();
    apply_anyway(app, "[[connection]]\nslug = \"okta\"\nenforced = true\n");
    let page = ivy.get(&link);
    assert!(
        is_good(&page) && !page.text().contains("Choose a passphrase"),
        "{}",
        page.text()
    );
    assert_eq!(page.all(".ways a"), ["Continue with okta"]);
    assert!(
        ivy.post(&link, &[]).to().starts_with(PLACE),
        "the button that an old page has does nothing"
    );
    assert_eq!(
        ivy.post(&begun, &[("passphrase", NEW), ("passphrase_again", NEW)])
            .status,
        404
    );
    assert_eq!(
        app.count("SELECT count(*) FROM passphrases WHERE phc <> ''"),
        2,
        "alice's and bob's"
    );

    // The door that it shows leads in, and the sign-in accepts.
    house.okta.sign_in(&ivy, "ivy@example.com");
    assert_eq!(ivy.email().as_deref(), Some("ivy@example.com"));
    assert_eq!(events(app, "accepted"), 1);
    assert!(is_gone(&app.visitor().get(&link)));
}

#[test]
fn doors_are_those_that_speak_for_the_address_or_have_provisioned_the_person() {
    let app = TestApp::start();
    let (_okta, _entra) = (app.connect("okta", ""), app.connect("entra", ""));
    app.add(BOB, "member");
    let alice = app.alice();
    let link = handed_over(&app, &alice, BOB);
    let doors = || app.visitor().get(&link).all(".ways a");
    assert_eq!(
        doors(),
        ["Continue with entra", "Continue with okta"],
        "as on the sign-in page"
    );
    app.apply("[organization]\nlist_integrations = false\n");
    assert!(doors().is_empty(), "as on the sign-in page");
    app.apply("[[connection]]\nslug = \"okta\"\ndomains = [\"example.com\"]\n");
    assert_eq!(doors(), ["Continue with okta"]);
    let scim = app.scim("entra");
    let user = serde_json::json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada@elsewhere.example",
        "emails": [{ "value": "ada@elsewhere.example", "primary": true }],
    });
    assert_eq!(scim.post("/Users", &user).status, 201);
    let link = handed_over(&app, &alice, "ada@elsewhere.example");
    assert_eq!(app.visitor().get(&link).all(".ways a"), ["Continue with entra"]);
    assert!(way::unseal(&app.ctx, "junk").is_none());
}

#[test]
fn a_sign_in_before_the_mail_went_out_takes_it_back() {
    let app = TestApp::start();
    let okta = app.connect("okta", "");
    let smtp = Smtp::start(Manner {
        says: vec![("greeting", "421 later")],
        ..Manner::default()
    });
    set(&app, &smtp);
    app.add(BOB, "member");
    let alice = app.alice();
    assert_eq!(super::invite(&app, &alice, BOB).status, 303);
    assert_eq!(
        app.count("SELECT count(*) FROM mails WHERE kind = 'invitation.sent'"),
        1
    );
    let bob = app.visitor();
    okta.sign_in(&bob, BOB);
    assert_eq!(bob.email().as_deref(), Some(BOB));
    assert_eq!(
        app.count("SELECT count(*) FROM mails WHERE kind = 'invitation.sent'"),
        0
    );
    assert!(state(&app, &alice, BOB).starts_with("Accepted"));
}
