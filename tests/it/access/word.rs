//! Nobody gets hold of a connection's word who could not give by hand what it gives.

use doorward::error::{Kind, Result};
use doorward::flows::connect::{self, MappingFields, RowFields};
use doorward::flows::{Act, Who, credentials};
use doorward::model::PersonId;
use doorward::store;
use doorward::web::server::block_on;
use serde_json::json;

use super::{USER, events, group_of, id_of, join, person_page, push, push_group, role_of, save_person, text};
use crate::app::{ALICE, PASSPHRASE, TestApp, Visitor};
use crate::idp::TestIdp;

const CAROL: &str = "carol@example.com";
const IVY: &str = "ivy@example.com";
const BOSS: &str = "[[connection]]\nslug = \"okta\"\n[connection.mapping]\nrow = [{ field = \"email\" }, { field = \"role\", \
                    source = \"userType\" }]\n";

/// carol is an admin; ivy manages integrations and nothing else.
fn start() -> TestApp {
    let app = TestApp::start();
    app.apply("[[role]]\nkey = \"wires\"\nname = \"Wires\"\npermissions = [\"use_apps\", \"portal\", \"manage_integrations\"]\n");
    app.add(CAROL, "admin");
    app.add(IVY, "wires");
    app
}

fn boss_is(app: &TestApp, role: &str) {
    let may_own = if role == "owner" { ", may_own = true" } else { "" };
    app.apply(&format!(
        "{BOSS}role = [{{ value = \"boss\", role = \"{role}\"{may_own} }}]\n"
    ));
}

fn id(app: &TestApp, email: &str) -> PersonId {
    let id = text(app, &format!("SELECT id FROM people WHERE email = '{email}'"));
    PersonId::parse(&id.expect("the person")).expect("an id")
}

/// What the flow says to this person.
fn by<T: Send + 'static>(
    app: &TestApp,
    email: &str,
    work: impl FnOnce(&Act) -> Result<T> + Send + 'static,
) -> Result<T> {
    block_on(app.ctx.act(Who::Person(id(app, email)), work))
}

fn makes_token(app: &TestApp, email: &str) -> bool {
    // Two at once are the most.
    let others = "DELETE FROM scim_credentials WHERE label = 'mine'";
    block_on(app.ctx.store.write(move |w| Ok(w.execute(others, [])?))).expect("room for one more");
    let made = by(app, email, |act| {
        credentials::make_bearer(act, "okta", "mine", None)
    });
    match made {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind, Kind::Denied, "{error}");
            false
        }
    }
}

/// Pins a key of their own; why not, when it is refused.
fn pins_own_key(app: &TestApp, email: &str) -> std::result::Result<(), String> {
    let own = TestIdp::new(email).certificate().to_base64();
    let pem = format!("-----BEGIN CERTIFICATE-----\n{own}\n-----END CERTIFICATE-----\n");
    let (pins, _) = connect::pins(&app.ctx, &pem).expect("a certificate");
    let pinned = by(app, email, |act| connect::add_certificates(act, "okta", pins));
    pinned.map(drop).map_err(|error| {
        assert_eq!(error.kind, Kind::Denied, "{error}");
        error.message
    })
}

fn refusals(app: &TestApp) -> i64 {
    events(app, "escalation.refused")
}

/// As if they had proved that it is them and signed in through okta since.
fn link(app: &TestApp, email: &str) {
    let sql = format!(
        "INSERT INTO identities (id, person_id, connection_id, issuer, subject, linked_how, created_at)
         SELECT p.id, p.id, c.id, 'x', p.email, 'proved', 0 FROM people p, connections c
         WHERE p.email = '{email}' AND c.slug = 'okta'"
    );
    let linked = block_on(app.ctx.store.write(move |w| Ok(w.execute(&sql, [])?)));
    assert_eq!(linked.expect("a link"), 1);
}

#[test]
fn a_key_is_pinned_by_nobody_who_could_sign_in_as_more_with_it() {
    let app = start();
    app.connect("okta", "");
    app.add("bob@example.com", "member");
    link(&app, CAROL);
    pins_own_key(&app, CAROL).expect("herself and her equals");
    let why = pins_own_key(&app, IVY).expect_err("an admin signs in through it");
    assert!(why.contains("the role Admin signs in through okta"), "{why}");
    link(&app, ALICE);
    app.add("dave@example.com", "admin");
    let why = pins_own_key(&app, "dave@example.com").expect_err("an owner signs in through it");
    assert!(why.contains("the role Owner signs in through okta"), "{why}");
    pins_own_key(&app, ALICE).expect("an owner may");
    assert_eq!(refusals(&app), 2);
}

#[test]
fn whom_a_connection_vouches_for_by_its_domain_counts_as_somebody_who_signs_in_through_it() {
    let app = start();
    app.connect("okta", "");
    app.add("max@example.com", "manager");
    pins_own_key(&app, IVY).expect("it speaks for nobody");
    app.speaks_for_us("okta");
    let mallory = "mallory@elsewhere.example";
    app.add(mallory, "wires");
    let why = pins_own_key(&app, mallory).expect_err("it speaks for managers");
    assert!(why.contains("signs in through okta"), "{why}");
    pins_own_key(&app, CAROL).expect("owners, whom it does not vouch for, do not count");
}

#[test]
fn a_credential_is_made_by_nobody_who_could_not_give_what_it_gives() {
    let app = start();
    let scim = app.scim("okta");
    assert!(makes_token(&app, CAROL) && makes_token(&app, IVY));
    boss_is(&app, "manager");
    assert!(makes_token(&app, CAROL) && !makes_token(&app, IVY));
    boss_is(&app, "admin");
    assert!(!makes_token(&app, CAROL));
    app.apply(&format!("{BOSS}role = []\n"));
    assert!(!makes_token(&app, CAROL), "any role by its key");
    app.apply(
        "[[connection]]\nslug = \"okta\"\n[connection.mapping]\nrow = [{ field = \"email\" }]\nrole = []\n",
    );
    push_group(&scim, "Bosses", &[]);
    app.apply(
        "[[access_group]]\nname = \"Owners\"\nrole = \"owner\"\nmembers_of = [{ connection = \"okta\", group = \"Bosses\" }]\n",
    );
    assert!(
        makes_token(&app, CAROL),
        "nobody allowed that the group makes owners"
    );
    app.apply(
        "[[access_group]]\nname = \"Owners\"\nmembers_of = [{ connection = \"okta\", group = \"Bosses\", may_make_owners = true }]\n",
    );
    assert!(!makes_token(&app, CAROL));
    assert_eq!(refusals(&app), 2, "one a minute of each of them");
}

#[test]
fn a_connection_s_own_word_opens_no_settings_to_whoever_was_only_added() {
    let app = start();
    let okta = app.connect("okta", "");
    app.add("dave@example.com", "admin");
    app.add("mary@example.com", "member");
    for (email, comes_in) in [("mary@example.com", true), ("dave@example.com", false)] {
        let visitor = app.visitor();
        okta.sign_in(&visitor, email);
        assert_eq!(visitor.me().is_some(), comes_in, "{email}");
    }
    app.speaks_for_us("okta");
    let dave = app.visitor();
    okta.sign_in(&dave, "dave@example.com");
    assert!(dave.me().is_some(), "an owner confirmed the domain");
}

#[test]
fn what_a_mapping_gives_by_default_or_from_elsewhere_is_given_too() {
    let app = start();
    app.scim("okta");
    boss_is(&app, "admin");
    let row = |source: &str, default: &str| RowFields {
        source: source.to_owned(),
        field: "role".to_owned(),
        rule: "overwrite".to_owned(),
        default: default.to_owned(),
        at_sign_in: false,
    };
    let email = RowFields {
        field: "email".to_owned(),
        rule: "overwrite".to_owned(),
        ..RowFields::default()
    };
    let saves = |row: RowFields| {
        let fields = MappingFields {
            rows: Some(vec![email.clone(), row]),
            ..MappingFields::default()
        };
        by(&app, CAROL, move |act| {
            connect::change_mapping(act, "okta", &fields, None)
        })
    };
    saves(row("userType", "")).expect("what stands there");
    for (source, default) in [("userType", "boss"), ("nickName", "")] {
        let error = saves(row(source, default)).expect_err("more than she may give");
        assert!(error.message.contains("would give the role Admin"), "{error}");
    }
    // Without a table, values and the default are keys.
    app.apply(&format!("{BOSS}role = []\n"));
    let error = saves(row("userType", "admin")).expect_err("more than she may give");
    assert!(error.message.contains("would give the role Admin"), "{error}");
}

#[test]
fn an_old_request_is_said_again_by_nobody_who_could_not_say_it() {
    let app = start();
    let scim = app.scim("okta");
    boss_is(&app, "owner");
    let bob = push(&scim, "bob");
    let body = json!({ "schemas": [super::PATCH], "Operations": [{ "op": "replace", "path": "userType", "value": "boss" }] });
    assert_eq!(scim.patch(&format!("/Users/{bob}"), &body).status, 200);
    assert_eq!(role_of(&app, "bob"), "owner");
    let body = json!({ "schemas": [super::PATCH], "Operations": [{ "op": "replace", "path": "userType", "value": "none" }] });
    scim.patch(&format!("/Users/{bob}"), &body);
    save_person(&app, &app.alice(), "bob", &[("role", "member")]);
    assert_eq!(role_of(&app, "bob"), "member");
    app.flush_scim_log();
    app.give_passphrase(CAROL, PASSPHRASE);
    let carol = app.signed_in(CAROL, PASSPHRASE);
    let at = "/admin/integrations/okta/provisioning/requests?method=PATCH";
    let entry = carol.get(at).attributes("tbody a.row", "href").remove(1);
    for act in ["dry-run", "replay"] {
        let page = carol.post(&format!("{entry}/{act}"), &[]);
        assert_eq!(page.status, 403, "{act}: {}", page.text());
    }
    assert_eq!(role_of(&app, "bob"), "member");
    assert_eq!(refusals(&app), 1);
}

#[test]
fn a_passphrase_that_somebody_may_have_set_keeps_an_identity_provider_from_making_an_owner() {
    let app = start();
    let scim = app.scim("okta");
    boss_is(&app, "owner");
    let boss = |name: &str| {
        let address = format!("{name}@example.com");
        json!({
            "schemas": [USER], "userName": address, "name": { "givenName": name, "familyName": "Test" },
            "emails": [{ "value": address, "primary": true }], "active": true, "userType": "boss",
        })
    };
    app.add("ceo@example.com", "member");
    app.give_passphrase("ceo@example.com", PASSPHRASE);
    let found = scim
        .get("/Users?filter=userName%20eq%20%22ceo@example.com%22")
        .json();
    let id = found["Resources"][0]["id"].as_str().expect("shown").to_owned();
    assert_eq!(scim.put(&format!("/Users/{id}"), &boss("ceo")).status, 200);
    assert_eq!(role_of(&app, "ceo"), "member");
    assert_eq!(refusals(&app), 1);
    id_of(&scim.post("/Users", &boss("eva")));
    assert_eq!(
        role_of(&app, "eva"),
        "owner",
        "who came with it is what an owner allowed"
    );
}

#[test]
fn one_s_own_page_says_who_keeps_a_value() {
    let app = start();
    push(&app.scim("okta"), "bob");
    app.give_passphrase("bob@example.com", PASSPHRASE);
    let page = app.signed_in("bob@example.com", PASSPHRASE).get("/account");
    let facts: Vec<String> = page.all("dl.facts dd");
    assert_eq!(
        facts[..2],
        ["bob Test kept by okta", "bob@example.com kept by okta"],
        "{facts:?}"
    );
    let own = app.alice().get("/account").all("dl.facts dd");
    assert!(own.iter().all(|fact| !fact.contains("kept by")), "{own:?}");
}

fn visitor(app: &TestApp) -> Visitor {
    app.give_passphrase(CAROL, PASSPHRASE);
    app.signed_in(CAROL, PASSPHRASE)
}

#[test]
fn a_locked_team_is_locked_on_the_form_and_in_a_file() {
    let app = start();
    let scim = app.scim("okta");
    app.apply(
        "[[team]]\nname = \"Sales\"\n[[team]]\nname = \"Ops\"\n[[connection]]\nslug = \"okta\"\n[connection.mapping]\nlock = \
         true\nrow = [{ field = \"email\" }, { field = \"team\", source = \"nickName\" }]\n",
    );
    let bob = json!({
        "schemas": [USER], "userName": "bob@example.com", "nickName": "Sales", "active": true,
        "emails": [{ "value": "bob@example.com", "primary": true }],
    });
    id_of(&scim.post("/Users", &bob));
    let team = || {
        text(
            &app,
            "SELECT t.name FROM people p JOIN teams t ON t.id = p.team_id WHERE p.email = 'bob@example.com'",
        )
    };
    assert_eq!(team().as_deref(), Some("Sales"));
    let carol = visitor(&app);
    let ops = text(&app, "SELECT id FROM teams WHERE name = 'Ops'").expect("a team");
    let page = save_person(&app, &carol, "bob", &[("team", &ops)]);
    assert_eq!(page.status, 422, "{}", page.text());
    let report = carol.post(
        "/admin/people/transfer",
        &[("text", "email,team\nbob@example.com,Ops\n")],
    );
    let report = carol.get(report.to()).text();
    assert!(report.contains("overwrites this field"), "{report}");
    assert_eq!(team().as_deref(), Some("Sales"));
    let page = carol.get(&person_page(&app, "bob")).text();
    assert!(
        page.contains("added by provisioning, which names no role"),
        "{page}"
    );
}

#[test]
fn a_restored_group_waits_while_the_connection_is_held() {
    let app = start();
    let scim = app.scim_with("okta", "");
    let bob = push(&scim, "bob");
    let group = push_group(&scim, "Sales", &[]);
    app.apply(
        "[[access_group]]\nname = \"Sellers\"\nrole = \"manager\"\nmembers_of = [{ connection = \"okta\", group = \"Sales\" }]\n\
         [[connection]]\nslug = \"okta\"\n[connection.scim]\nsync = \"held\"\n",
    );
    join(&scim, &group, &[&bob]);
    assert_eq!(scim.delete(&format!("/Groups/{group}")).status, 204);
    assert_eq!(app.count("SELECT count(*) FROM waiting_users"), 0);
    let page = app.alice().post(
        &format!("/admin/integrations/okta/provisioning/groups/{group}/restoration"),
        &[],
    );
    assert_eq!(page.status, 303, "{}", page.text());
    assert_eq!(group_of(&app, "bob"), None);
    assert_eq!(app.count("SELECT count(*) FROM waiting_users"), 1);
    // Where nothing is held, nobody restores a group into more than they may give.
    app.apply("[[connection]]\nslug = \"okta\"\n[connection.scim]\nsync = \"automatic\"\n");
    assert_eq!(scim.delete(&format!("/Groups/{group}")).status, 204);
    let refused = by(&app, IVY, |act| {
        let connection = store::connections::get_by_slug(act.w, "okta")?;
        let sql = "SELECT seq FROM directory_groups";
        let seq: i64 = act.w.query_row(sql, [], |row| row.get(0))?;
        doorward::flows::provision::restore::group(act, &connection, seq).map(drop)
    });
    assert_eq!(refused.expect_err("a role above hers").kind, Kind::Denied);
}
