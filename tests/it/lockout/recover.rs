//! `doorward recover`: one link, one owner, once, within an hour.

use doorward::control::Recover;
use doorward::flows::recover::LINK_LIFE;

use super::{House, NEW, assert_owner_inside, command, follow, is_let_in, link_of, wanted};
use crate::app::{ALICE, BOB, PASSPHRASE, TestApp};

const OLGA: &str = "olga@example.com";

#[test]
fn the_link_lets_an_owner_in_once() {
    let house = House::enforced();
    let elsewhere = house.app.alice();
    let link = link_of(&command(&house.app, wanted(None)).expect("a link"));
    // A scanner that opens it uses nothing up.
    let page = house.app.visitor().get(&link);
    assert_eq!(page.status, 200);
    assert!(page.text().contains(ALICE));
    let weak = [
        ("passphrase", "passwordpassword"),
        ("passphrase_again", "passwordpassword"),
    ];
    assert_eq!(house.app.visitor().post(&link, &weak).status, 422);
    let differ = [("passphrase", NEW), ("passphrase_again", PASSPHRASE)];
    assert_eq!(house.app.visitor().post(&link, &differ).status, 422);
    assert_owner_inside(&follow(&house.app, &link));
    assert_eq!(elsewhere.me(), None, "every other session has ended");
    assert!(!is_let_in(&house.app, ALICE, PASSPHRASE));
    let twice = house.app.visitor();
    let again = twice.post(&link, &[("passphrase", NEW), ("passphrase_again", NEW)]);
    assert_eq!((again.status, twice.me()), (404, None));
    let events = "SELECT count(*) FROM events WHERE action = 'recovery_link.made' AND actor_id = 'recover'";
    assert_eq!(house.app.count(events), 1);
}

#[test]
fn the_link_is_good_for_an_hour() {
    let house = House::enforced();
    let link = link_of(&command(&house.app, wanted(None)).expect("a link"));
    house.app.forward(LINK_LIFE);
    let late = house.app.visitor();
    let page = late.post(&link, &[("passphrase", NEW), ("passphrase_again", NEW)]);
    assert_eq!((page.status, late.me()), (404, None));
    assert_eq!(late.get("/login/recover/made-up").status, 404);
}

#[test]
fn twenty_at_once_are_one() {
    let house = House::enforced();
    let link = link_of(&command(&house.app, wanted(None)).expect("a link"));
    let good = std::thread::scope(|scope| {
        let fields = &[("passphrase", NEW), ("passphrase_again", NEW)];
        let post = || scope.spawn(|| house.app.visitor().post(&link, fields).status == 303);
        let all: Vec<_> = (0..20).map(|_| post()).collect();
        all.into_iter()
            .filter_map(|t| t.join().ok())
            .filter(|good| *good)
            .count()
    });
    assert_eq!(good, 1);
}

#[test]
fn it_asks_for_which_owner_and_says_which_flag_helps() {
    let app = TestApp::start();
    app.add(OLGA, "owner");
    app.add(BOB, "member");
    let said = |wanted: Recover| command(&app, wanted).expect_err("a refusal").message;
    assert!(said(wanted(None)).contains("--email olga@example.com"));
    assert!(said(wanted(Some(BOB))).contains("is no owner"));
    app.apply("[[person]]\nemail = \"olga@example.com\"\nactive = false\n");
    assert!(said(wanted(Some(OLGA))).contains("--reactivate"));
    let make = Recover {
        make_owner: true,
        ..wanted(Some("new@example.com"))
    };
    assert!(
        said(make).contains("is no owner"),
        "as long as an active one is left"
    );
    let lines = command(
        &app,
        Recover {
            reactivate: true,
            ..wanted(Some(OLGA))
        },
    )
    .expect("a link");
    let olga = follow(&app, &link_of(&lines));
    assert_owner_inside(&olga);
    assert_eq!(olga.email().as_deref(), Some(OLGA));
}

#[test]
fn no_active_owner_is_left() {
    let app = TestApp::start();
    let off = |w: &doorward::store::Writer| {
        w.execute("UPDATE people SET state = 'deactivated'", [])?;
        Ok(())
    };
    app.ctx.store.write_blocking(off).expect("it is written");
    let said = command(&app, wanted(None)).expect_err("a refusal").message;
    assert!(said.contains("--reactivate --email alice@example.com"), "{said}");
    let lines = command(
        &app,
        Recover {
            reactivate: true,
            ..wanted(Some(ALICE))
        },
    )
    .expect("a link");
    assert_owner_inside(&follow(&app, &link_of(&lines)));
}

#[test]
fn no_owner_exists_at_all() {
    for email in ["new@example.com", BOB] {
        let app = TestApp::start();
        app.add(BOB, "member");
        let none = |w: &doorward::store::Writer| {
            w.execute("UPDATE people SET role = 'member', state = 'deactivated'", [])?;
            Ok(())
        };
        app.ctx.store.write_blocking(none).expect("it is written");
        let said = command(&app, wanted(None)).expect_err("a refusal").message;
        assert!(said.contains("--make-owner"), "{said}");
        let lines = command(
            &app,
            Recover {
                make_owner: true,
                ..wanted(Some(email))
            },
        )
        .expect("a link");
        let owner = follow(&app, &link_of(&lines));
        assert_owner_inside(&owner);
        assert_eq!(owner.email().as_deref(), Some(email));
    }
}

#[test]
fn a_demoted_owner_cannot_use_what_was_made_for_an_owner() {
    let app = TestApp::start();
    app.add(OLGA, "owner");
    let link = link_of(&command(&app, wanted(Some(OLGA))).expect("a link"));
    app.apply("[[person]]\nemail = \"olga@example.com\"\nrole = \"member\"\n");
    let olga = app.visitor();
    let page = olga.post(&link, &[("passphrase", NEW), ("passphrase_again", NEW)]);
    assert_eq!((page.status, olga.me()), (404, None));
}

#[test]
fn an_owner_who_guessed_too_often_is_not_kept_waiting() {
    let app = TestApp::start();
    for _ in 0..12 {
        super::try_passphrase(&app, ALICE, "not the passphrase");
    }
    assert!(!is_let_in(&app, ALICE, PASSPHRASE), "throttled");
    let link = link_of(&command(&app, wanted(None)).expect("a link"));
    assert_owner_inside(&follow(&app, &link));
    assert!(is_let_in(&app, ALICE, NEW));
}
