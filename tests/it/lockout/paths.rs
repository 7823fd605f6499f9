//! Every path that can lead to a lock-out, walked to its end: an owner is inside.

use doorward::flows::sign_on::FLOW_LIFE;
use doorward::model::time::{DAY, MINUTE};
use serde_json::json;

use super::{
    House, NEW, PLACE, assert_owner_inside, command, follow, is_let_in, link_of, try_passphrase, wanted,
};
use crate::app::{ALICE, BOB, PASSPHRASE};

/// The break-glass owner comes in and rolls back; then everybody may come in as before.
fn break_the_glass(house: &House) {
    let alice = house.app.alice();
    assert_owner_inside(&alice);
    let id = house.place("rollback");
    if alice.post(&id, &[]).status != 303 {
        assert_eq!(
            alice.post(&house.place("end"), &[("confirmation", "Acme")]).to(),
            PLACE
        );
    }
    assert!(is_let_in(&house.app, BOB, PASSPHRASE));
}

#[test]
fn the_identity_provider_is_gone() {
    let house = House::enforced();
    // It never answers: bob is sent there, and nothing comes back.
    let bob = house.app.visitor();
    bob.ask("okta", "");
    house.app.forward(FLOW_LIFE + MINUTE);
    assert!(!is_let_in(&house.app, BOB, PASSPHRASE), "the enforcement holds");
    break_the_glass(&house);
}

#[test]
fn its_certificate_has_ended() {
    let house = House::enforced();
    house.write(|w| {
        w.execute(
            "UPDATE connections SET saml = json_set(saml, '$.idp.certificates[0].not_after', 1)",
            [],
        )?;
        Ok(())
    });
    // It cannot let anybody in, so it does not count, and the pages say so.
    assert!(is_let_in(&house.app, BOB, PASSPHRASE));
    let alice = house.app.alice();
    assert_owner_inside(&alice);
    for page in ["/admin", "/admin/integrations/okta", PLACE] {
        let text = alice.get(page).text();
        assert!(
            text.contains("does not count") && text.contains("has ended"),
            "{page}: {text}"
        );
    }
}

#[test]
fn its_metadata_is_wrong() {
    let house = House::enforced();
    // The certificate of somebody else: every answer of the real provider is refused.
    house.app.add("lou@example.com", "member");
    let other = crate::idp::TestIdp::new("another");
    let metadata = other.metadata("https://idp.okta.example");
    let metadata = metadata.replace(&other.entity_id, &house.okta.idp.entity_id);
    let files = [("idp.xml".to_owned(), metadata)].into();
    let toml = "[[connection]]\nslug = \"okta\"\n[connection.saml]\nmetadata_file = \"idp.xml\"\n";
    house.app.try_apply(toml, files).expect("it is applied");
    assert_eq!(
        house.okta.sign_in(&house.app.visitor(), "lou@example.com").status,
        403
    );
    break_the_glass(&house);
}

#[test]
fn the_clock_is_a_day_off() {
    for off in [DAY, -DAY] {
        let house = House::enforced();
        house.app.add("lou@example.com", "member");
        house.app.forward(off);
        // The provider still says yesterday, or tomorrow.
        let lou = house.app.visitor();
        assert_eq!(house.okta.sign_in(&lou, "lou@example.com").status, 403, "{off}");
        break_the_glass(&house);
    }
}

#[test]
fn provisioning_removes_every_owner_it_can() {
    let house = House::enforced();
    let scim = house.app.scim("okta");
    let list = scim.get("/Users?count=100").json();
    let users = list["Resources"].as_array().expect("users").clone();
    assert!(users.iter().any(|user| user["userName"] == ALICE), "{list}");
    for user in &users {
        let id = user["id"].as_str().expect("an id");
        let off = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "replace", "path": "active", "value": false }],
        });
        scim.patch(&format!("/Users/{id}"), &off);
        scim.delete(&format!("/Users/{id}"));
    }
    let alice = house.app.alice();
    assert_owner_inside(&alice);
    assert_eq!(alice.post(&house.place("rollback"), &[]).to(), PLACE);
    assert!(
        !is_let_in(&house.app, BOB, PASSPHRASE),
        "the provider has deactivated him"
    );
}

#[test]
fn a_break_glass_owner_is_out_of_reach_whatever_their_role_says() {
    use doorward::flows::provision::effects::is_out_of_reach;
    let house = House::ready();
    let (alice, app) = (house.id(ALICE), &house.app);
    let found = app.ctx.store.read(|r| {
        let okta = doorward::store::connections::get_by_slug(r, "okta")?;
        let mut person = doorward::store::people::get(r, alice)?;
        person.role = doorward::store::roles::lowest(r)?;
        is_out_of_reach(r, okta.id, &person)
    });
    assert!(found.expect("a look"));
}

#[test]
fn the_domain_is_lost() {
    let house = House::ready();
    house
        .app
        .apply("[[connection]]\nslug = \"okta\"\ndomains = [\"example.com\"]\n");
    assert_eq!(house.enforce("example.com", "").to(), PLACE);
    assert!(!is_let_in(&house.app, BOB, PASSPHRASE));
    let withdrawal = "/admin/integrations/okta/domains/example.com/withdrawal";
    assert_eq!(house.alice.post(withdrawal, &[]).status, 303);
    assert!(
        is_let_in(&house.app, BOB, PASSPHRASE),
        "it does not count any more"
    );
    assert_owner_inside(&house.app.alice());
    assert!(
        house
            .alice
            .get("/admin")
            .text()
            .contains("no longer speaks for example.com")
    );
}

#[test]
fn the_integration_is_turned_off_or_removed() {
    let house = House::enforced();
    assert_eq!(
        house
            .alice
            .post("/admin/integrations/okta/deactivation", &[])
            .status,
        303
    );
    assert!(is_let_in(&house.app, BOB, PASSPHRASE));
    assert!(house.alice.get("/admin").text().contains("does not count"));
    // On again: it counts again, for sessions of the time between as well.
    let (bob, _) = try_passphrase(&house.app, BOB, PASSPHRASE);
    house
        .app
        .apply("[[connection]]\nslug = \"okta\"\nenabled = true\n");
    assert_eq!(bob.me(), None);
    assert!(!is_let_in(&house.app, BOB, PASSPHRASE));
    let removal = "/admin/integrations/okta/removal";
    assert_eq!(house.alice.post(removal, &[("confirmation", "okta")]).status, 303);
    assert!(is_let_in(&house.app, BOB, PASSPHRASE));
    assert_owner_inside(&house.app.alice());
}

#[test]
fn nobody_can_be_told_by_mail() {
    let house = House::enforced();
    // A mail server that does not exist: what is queued for it keeps nobody waiting.
    house.write(|w| {
        let mail = json!({ "host": "mail.invalid", "port": 25, "security": "none", "user": "",
                           "from_address": "door@example.com", "from_name": "" });
        w.execute(
            "UPDATE organization SET settings = json_set(settings, '$.mail', json(?1))",
            [mail.to_string()],
        )?;
        Ok(())
    });
    break_the_glass(&house);
    let lines = command(&house.app, wanted(None)).expect("a link");
    assert_owner_inside(&follow(&house.app, &link_of(&lines)));
    assert!(
        house
            .app
            .count("SELECT count(*) FROM mails WHERE kind = 'break_glass.used' AND state = 'waiting'")
            > 0
    );
}

#[test]
fn passphrase_and_recovery_codes_are_lost() {
    let house = House::enforced();
    let forgotten = "UPDATE passphrases SET phc = 'gone'";
    house.write(move |w| {
        w.execute(forgotten, [])?;
        w.execute("DELETE FROM recovery_codes", [])?;
        Ok(())
    });
    assert!(!is_let_in(&house.app, ALICE, PASSPHRASE));
    let lines = command(&house.app, wanted(None)).expect("a link");
    let alice = follow(&house.app, &link_of(&lines));
    assert_owner_inside(&alice);
    assert!(is_let_in(&house.app, ALICE, NEW), "and again with what they set");
}

#[test]
fn a_recovery_code_lets_a_break_glass_owner_in_and_nobody_else() {
    let house = House::enforced();
    let recover = |email: &str, code: &str| {
        let visitor = house.app.visitor();
        let fields = [
            ("email", email),
            ("code", code),
            ("passphrase", NEW),
            ("passphrase_again", NEW),
        ];
        visitor.post("/login/recovery", &fields);
        visitor
    };
    // olga is an owner whom the enforcement holds; her code stays good.
    house.app.add("olga@example.com", "owner");
    let olga = house.id("olga@example.com");
    let code = doorward::flows::hash("AAAAABBBBBCCCCCDDDDD");
    let now = house.app.ctx.now();
    house.write(move |w| doorward::store::passphrases::put_recovery_codes(w, olga, &[code], now));
    assert_eq!(recover("olga@example.com", "AAAAA-BBBBB-CCCCC-DDDDD").me(), None);
    let unused =
        format!("SELECT count(*) FROM recovery_codes WHERE person_id = '{olga}' AND used_at IS NULL");
    assert_eq!(house.app.count(&unused), 1, "refused before it was used");
    let alice = recover(ALICE, &house.app.recovery_codes[0]);
    assert_owner_inside(&alice);
    assert_eq!(
        house
            .app
            .count("SELECT count(*) FROM events WHERE action = 'break_glass.used'"),
        1
    );
}

#[test]
fn the_base_url_is_wrong() {
    let house = House::enforced();
    house
        .app
        .apply("[organization]\nbase_url = \"https://nowhere.example\"\n");
    let lines = command(&house.app, wanted(None)).expect("a link");
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("https://nowhere.example/login/recover/")),
        "{lines:?}"
    );
    let local = lines
        .iter()
        .find(|line| line.starts_with(&house.app.base))
        .expect("the local address");
    let alice = follow(&house.app, local.strip_prefix(&house.app.base).expect("a path"));
    assert_owner_inside(&alice);
}

#[test]
fn nobody_is_a_break_glass_owner() {
    let house = House::enforced();
    house.write(|w| {
        w.execute("DELETE FROM break_glass", [])?;
        Ok(())
    });
    assert!(!is_let_in(&house.app, ALICE, PASSPHRASE));
    let lines = command(&house.app, wanted(None)).expect("a link");
    let alice = follow(&house.app, &link_of(&lines));
    assert_owner_inside(&alice);
    assert_eq!(alice.post(&house.place("rollback"), &[]).to(), PLACE);
    assert!(is_let_in(&house.app, BOB, PASSPHRASE));
}

const KINDS: &str = "/admin/settings/features";

fn switch(house: &House, kind: &str, on: bool) -> crate::app::Page {
    let act = if on { "on" } else { "off" };
    house.alice.post(&format!("{KINDS}/{kind}/{act}"), &[])
}

#[test]
fn the_kind_of_the_enforced_integration_is_switched_off() {
    let house = House::enforced();
    assert!(!is_let_in(&house.app, BOB, PASSPHRASE));
    let page = house.alice.get(&format!("{KINDS}/saml/off"));
    assert!(
        page.text().contains("okta is enforced for everybody"),
        "{}",
        page.text()
    );
    assert_eq!(switch(&house, "saml", false).to(), KINDS);
    assert_owner_inside(&house.app.alice());
    assert!(
        is_let_in(&house.app, BOB, PASSPHRASE),
        "what nobody can use holds for nobody"
    );
    for page in ["/admin", "/admin/integrations/okta", PLACE] {
        let text = house.alice.get(page).text();
        assert!(
            text.contains("does not count") && text.contains("switched off"),
            "{page}: {text}"
        );
    }
    let (bob, _) = try_passphrase(&house.app, BOB, PASSPHRASE);
    assert_eq!(house.app.visitor().get("/sso/okta").status, 403);
    // On again: everything is as it was, for sessions of the time between as well.
    assert_eq!(switch(&house, "saml", true).to(), KINDS);
    assert_eq!(bob.me(), None);
    assert!(!is_let_in(&house.app, BOB, PASSPHRASE));
    house.app.add("lou@example.com", "member");
    let lou = house.app.visitor();
    house.okta.sign_in(&lou, "lou@example.com");
    assert_eq!(lou.email().as_deref(), Some("lou@example.com"));
    break_the_glass(&house);
}

#[test]
fn the_last_owner_with_another_way_in_keeps_the_switch_where_it_is() {
    let house = House::ready();
    house.app.add("olga@example.com", "owner");
    let without = |email: &'static str| {
        house.write(move |w| {
            w.execute(
                "DELETE FROM passphrases WHERE person_id = (SELECT id FROM people WHERE email_key = ?1)",
                [email],
            )?;
            Ok(())
        });
    };
    let olga = house.id("olga@example.com");
    let now = house.app.ctx.now();
    house.write(move |w| doorward::store::passphrases::put(w, olga, "x", now));
    without(ALICE);
    let page = house.alice.get(&format!("{KINDS}/saml/off"));
    assert!(
        page.text()
            .contains("No other way in have these owners: Alice Ng"),
        "{}",
        page.text()
    );
    without("olga@example.com");
    let page = switch(&house, "saml", false);
    assert_eq!(page.status, 409);
    assert!(
        page.text().contains("No owner could come in any more"),
        "{}",
        page.text()
    );
    let toml = "[organization.features]\nsaml = false\n";
    assert!(
        house.app.try_apply(toml, Default::default()).is_err(),
        "nor by a file"
    );
    assert_eq!(
        house.app.visitor().get("/sso/okta").status,
        303,
        "nothing was switched"
    );
    assert_eq!(
        switch(&house, "scim", false).to(),
        KINDS,
        "nobody comes in by that one"
    );
    house.write(move |w| doorward::store::passphrases::put(w, olga, "x", now));
    assert_eq!(switch(&house, "saml", false).to(), KINDS);
}
