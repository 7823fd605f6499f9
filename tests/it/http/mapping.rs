//! What a mapping makes of what identity providers provision: each rule, each vendor's attributes, and who may change it.

use std::collections::BTreeMap;

use doorward::error::{Error, Kind};
use doorward::flows::connect::{self, MappingFields, RowFields};
use doorward::flows::{Act, Who, administer, assign, credentials};
use doorward::model::mapping::RoleValue;
use doorward::model::{Permission, Permissions, Person, PersonId, Role, Team, TeamId, Timestamp};
use doorward::store;
use doorward::web::server::block_on;
use serde_json::{Value, json};

use crate::app::{ALICE, BOB, PASSPHRASE, ScimClient, TestApp};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const CAROL: &str = "carol@example.com";
const PAGE: &str = "/admin/integrations/okta/mapping";

pub fn person(app: &TestApp, email: &str) -> Person {
    find(app, email).expect("the person")
}

pub fn find(app: &TestApp, email: &str) -> Option<Person> {
    let key = email.to_owned();
    app.ctx
        .store
        .read(|r| store::people::find_by_email(r, &key))
        .expect("a read")
}

/// A further field; empty when there is none.
pub fn field(app: &TestApp, email: &str, name: &str) -> String {
    let id = person(app, email).id;
    let profile = app
        .ctx
        .store
        .read(|r| store::profiles::get(r, id))
        .expect("a profile");
    profile.fields.get(name).cloned().unwrap_or_default()
}

pub fn add_role(app: &TestApp, key: &str, position: i64, permissions: &[Permission]) {
    let role = Role {
        key: key.to_owned(),
        name: key.to_owned(),
        hint: String::new(),
        permissions: Permissions::of(permissions.iter().copied()),
        position,
        version: 1,
    };
    let done = app
        .ctx
        .store
        .write_blocking(move |w| store::roles::insert(w, &role, Timestamp(1)));
    done.expect("a role");
}

pub fn add_team(app: &TestApp, name: &str) -> TeamId {
    let id = TeamId::new(Timestamp(1), crate::directory::bytes());
    let team = Team {
        id,
        name: name.to_owned(),
        version: 1,
    };
    let done = app
        .ctx
        .store
        .write_blocking(move |w| store::teams::insert(w, &team, Timestamp(1)));
    done.expect("a team");
    id
}

fn why(app: &TestApp, email: &str, part: &str) -> assign::Reason {
    let id = person(app, email).id;
    let mut reasons = app.ctx.store.read(|r| assign::reasons(r, id)).expect("reasons");
    reasons.remove(part).expect("a reason")
}

fn map(app: &TestApp, toml: &str) {
    app.apply(&format!("[[connection]]\nslug = \"okta\"\n{toml}"));
}

fn user(name: &str, more: Value) -> Value {
    let address = format!("{name}@example.com");
    let mut body = json!({
        "schemas": [USER, ENTERPRISE], "userName": address, "name": { "givenName": name, "familyName": "Test" },
        "emails": [{ "value": address, "type": "work", "primary": true }], "active": true,
    });
    for (key, value) in more.as_object().expect("an object") {
        body[key] = value.clone();
    }
    body
}

fn create(scim: &ScimClient, body: &Value) -> String {
    let page = scim.post("/Users", body);
    assert_eq!(page.status, 201, "{}", page.text());
    page.json()["id"].as_str().expect("an id").to_owned()
}

fn replace(scim: &ScimClient, id: &str, body: &Value) {
    let page = scim.put(&format!("/Users/{id}"), body);
    assert_eq!(page.status, 200, "{}", page.text());
}

#[test]
fn pingboards_three_rules_write_once_always_or_never() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    map(
        &app,
        r#"
[[connection.mapping.row]]
field = "given_name"
rule = "create"
[[connection.mapping.row]]
field = "family_name"
rule = "off"
[[connection.mapping.row]]
field = "email"
rule = "overwrite"
[[connection.mapping.row]]
field = "title"
source = "title"
rule = "overwrite"
[[connection.mapping.row]]
field = "department"
source = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"
rule = "create"
[[connection.mapping.row]]
field = "phone"
source = "phoneNumbers[type eq \"work\"].value"
rule = "off"
"#,
    );
    let more = |title: &str, department: &str| {
        json!({
            "title": title, ENTERPRISE: { "department": department },
            "phoneNumbers": [{ "type": "work", "value": "+41 44" }],
        })
    };
    let id = create(&scim, &user("dan", more("Cook", "Kitchen")));
    let dan = person(&app, "dan@example.com");
    assert_eq!((dan.given_name.as_str(), dan.family_name.as_str()), ("dan", ""));
    assert_eq!(dan.role.key, "member", "no row for the role: as before");
    let of = |app: &TestApp, name| field(app, "dan@example.com", name);
    assert_eq!(
        (of(&app, "title"), of(&app, "department"), of(&app, "phone")),
        ("Cook".into(), "Kitchen".into(), String::new())
    );
    let mut body = user("dan", more("Chef", "Hall"));
    body["name"] = json!({ "givenName": "Daniel", "familyName": "Other" });
    replace(&scim, &id, &body);
    let dan = person(&app, "dan@example.com");
    assert_eq!((dan.given_name.as_str(), dan.family_name.as_str()), ("dan", ""));
    assert_eq!(
        (of(&app, "title"), of(&app, "department"), of(&app, "phone")),
        ("Chef".into(), "Kitchen".into(), String::new())
    );
    // What the provider takes back is gone where it overwrites.
    let bare = user("dan", json!({}));
    replace(&scim, &id, &bare);
    assert_eq!(
        (of(&app, "title"), of(&app, "department")),
        (String::new(), "Kitchen".into())
    );
    let versions = app.count("SELECT version FROM people WHERE email = 'dan@example.com'");
    replace(&scim, &id, &bare);
    let again = app.count("SELECT version FROM people WHERE email = 'dan@example.com'");
    assert_eq!(versions, again, "a repetition changes nothing");
}

#[test]
fn the_default_does_what_provisioning_always_did() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    let id = create(
        &scim,
        &user("dan", json!({ "title": "Cook", "userType": "owner" })),
    );
    let dan = person(&app, "dan@example.com");
    assert_eq!(
        (dan.given_name.as_str(), dan.role.key.as_str()),
        ("dan", "member")
    );
    assert_eq!(field(&app, "dan@example.com", "title"), "");
    let body = json!({ "schemas": [USER], "userName": "dan@example.com", "displayName": "Some Body", "active": true });
    replace(&scim, &id, &body);
    assert_eq!(
        person(&app, "dan@example.com").given_name,
        "dan",
        "what is not sent stays"
    );
    let made = json!({ "schemas": [USER], "userName": "eve@example.com", "displayName": "Eve Of Ely" });
    create(&scim, &made);
    let eve = person(&app, "eve@example.com");
    assert_eq!(
        (eve.given_name.as_str(), eve.family_name.as_str()),
        ("Eve Of", "Ely")
    );
    assert_eq!(
        app.count("SELECT count(*) FROM people WHERE profile <> '{}' OR sources <> '{}'"),
        0
    );
}

#[test]
fn appenates_roles_and_app_sign_in_alone_without_one() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    add_role(&app, "app_user", -1, &[Permission::UseApps]);
    add_role(&app, "ReadOnly", 10, &[Permission::UseApps, Permission::Portal]);
    add_role(
        &app,
        "User",
        11,
        &[Permission::UseApps, Permission::Portal, Permission::SeeDirectory],
    );
    add_role(
        &app,
        "EnterpriseAdmin",
        12,
        &[
            Permission::Portal,
            Permission::ManagePeople,
            Permission::ManageAccess,
        ],
    );
    map(
        &app,
        r#"
[connection.mapping]
otherwise = "app_user"
[[connection.mapping.row]]
field = "email"
[[connection.mapping.row]]
field = "role"
source = "roles[primary]"
[[connection.mapping.role]]
value = "ReadOnly"
role = "ReadOnly"
[[connection.mapping.role]]
value = "User"
role = "User"
[[connection.mapping.role]]
value = "Admin"
role = "manager"
[[connection.mapping.role]]
value = "EnterpriseAdmin"
role = "EnterpriseAdmin"
"#,
    );
    for (name, sent, given) in [
        ("ann", Some("ReadOnly"), "ReadOnly"),
        ("ben", Some("User"), "User"),
        ("cem", Some("Admin"), "manager"),
        ("dee", Some("EnterpriseAdmin"), "EnterpriseAdmin"),
        ("eli", Some("Root"), "app_user"),
        ("fay", Some("owner"), "app_user"),
        ("gus", None, "app_user"),
    ] {
        let roles = sent.map(|role| json!({ "roles": [{ "value": role, "primary": true }] }));
        create(&scim, &user(name, roles.unwrap_or_else(|| json!({}))));
        let made = person(&app, &format!("{name}@example.com"));
        assert_eq!(made.role.key, given, "{name}");
        assert_eq!(made.role.may(Permission::Portal), given != "app_user");
    }
    let reason = why(&app, "cem@example.com", "role");
    assert_eq!(
        (reason.how, reason.rule.as_str()),
        (assign::How::Mapping, "roles[primary] is \"Admin\"")
    );
    assert!(reason.reference.is_some() && reason.connection.is_some());
    assert_eq!(why(&app, "gus@example.com", "role").how, assign::How::Default);
}

#[test]
fn a_role_follows_its_value_and_one_given_by_hand_stays_when_none_is_sent() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    map(
        &app,
        "[[connection.mapping.row]]\nfield = \"email\"\n[[connection.mapping.row]]\nfield = \"role\"\nsource = \"userType\"\n",
    );
    let id = create(&scim, &user("dan", json!({ "userType": "manager" })));
    assert_eq!(
        person(&app, "dan@example.com").role.key,
        "manager",
        "the table is empty: its key"
    );
    replace(&scim, &id, &user("dan", json!({ "userType": "member" })));
    assert_eq!(person(&app, "dan@example.com").role.key, "member");
    replace(&scim, &id, &user("dan", json!({ "userType": "manager" })));
    replace(&scim, &id, &user("dan", json!({})));
    assert_eq!(
        person(&app, "dan@example.com").role.key,
        "member",
        "missing: the lowest"
    );
    app.apply("[[person]]\nemail = \"dan@example.com\"\nrole = \"manager\"\n");
    replace(&scim, &id, &user("dan", json!({ "title": "Cook" })));
    assert_eq!(person(&app, "dan@example.com").role.key, "manager", "by hand");
    replace(&scim, &id, &user("dan", json!({ "userType": "owner" })));
    assert_eq!(
        person(&app, "dan@example.com").role.key,
        "manager",
        "owner is nothing that it can say"
    );
}

#[test]
fn division_names_a_team_exactly_and_none_is_no_team() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    let (sales, hall) = (add_team(&app, "Sales"), add_team(&app, "Hall"));
    map(
        &app,
        "[[connection.mapping.row]]\nfield = \"email\"\n[[connection.mapping.row]]\nfield = \"team\"\nsource = \"division\"\n",
    );
    let division = |name: &str| json!({ ENTERPRISE: { "division": name } });
    let id = create(&scim, &user("dan", division("Sales")));
    assert_eq!(person(&app, "dan@example.com").team_id, Some(sales));
    create(&scim, &user("eve", division("sales")));
    assert_eq!(person(&app, "eve@example.com").team_id, None, "exactly");
    create(&scim, &user("fay", json!({})));
    assert_eq!(person(&app, "fay@example.com").team_id, None);
    replace(&scim, &id, &user("dan", division("Hall")));
    assert_eq!(person(&app, "dan@example.com").team_id, Some(hall));
    assert_eq!(why(&app, "dan@example.com", "team").rule, "division is \"Hall\"");
    replace(&scim, &id, &user("dan", json!({})));
    assert_eq!(person(&app, "dan@example.com").team_id, None);
}

#[test]
fn hostile_values_reach_nobody() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    map(
        &app,
        "[[connection.mapping.row]]\nfield = \"email\"\n[[connection.mapping.row]]\nfield = \"picture\"\nsource = \"profileUrl\"\n[[connection.mapping.row]]\nfield = \"title\"\nsource = \"title\"\n[[connection.mapping.row]]\nfield = \"start_date\"\nsource = \"nickName\"\ndefault = \"2026-01-01\"\n",
    );
    for (name, more) in [
        (
            "ann",
            json!({ "profileUrl": "http://example.com/a.png", "nickName": "yesterday" }),
        ),
        (
            "ben",
            json!({ "profileUrl": "javascript:alert(1)", "title": "x".repeat(1_001) }),
        ),
    ] {
        create(&scim, &user(name, more));
        let email = format!("{name}@example.com");
        assert_eq!(
            (field(&app, &email, "picture"), field(&app, &email, "title")),
            (String::new(), String::new())
        );
        assert_eq!(field(&app, &email, "start_date"), "2026-01-01");
    }
    app.flush_scim_log();
    let told = app.count(
        "SELECT count(*) FROM scim_requests WHERE notes LIKE '%Picture was not taken from profileUrl%'",
    );
    assert_eq!(told, 2, "the log says why");
}

#[test]
fn an_address_that_is_written_once_leads_nobody_elsewhere() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    map(
        &app,
        "[[connection.mapping.row]]\nfield = \"email\"\nrule = \"create\"\n",
    );
    let id = create(&scim, &user("dan", json!({})));
    let mut body = user("dan", json!({}));
    body["emails"][0]["value"] = json!("daniel@example.com");
    replace(&scim, &id, &body);
    assert!(find(&app, "daniel@example.com").is_none());
    assert_eq!(person(&app, "dan@example.com").version, 1);
}

#[test]
fn an_overwritten_field_is_marked_and_locked_when_the_mapping_says_so() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    let rows = "[[connection.mapping.row]]\nfield = \"email\"\n[[connection.mapping.row]]\nfield = \"title\"\nsource = \"title\"\n[[connection.mapping.row]]\nfield = \"department\"\nsource = \"department\"\nrule = \"create\"\n";
    map(&app, rows);
    create(
        &scim,
        &user(
            "dan",
            json!({ "title": "Cook", ENTERPRISE: { "department": "Kitchen" } }),
        ),
    );
    let dan = person(&app, "dan@example.com");
    let (alice, at) = (app.alice(), format!("/admin/people/{}", dan.id));
    let text = alice.get(&at).text();
    assert!(text.contains("overwrites it") && text.contains("Cook") && text.contains("Kitchen"));
    let edit = format!("{at}/edit");
    let form = |title: &str, department: &str, version: i64| {
        [
            ("email", "dan@example.com".to_owned()),
            ("role", "member".to_owned()),
            ("title", title.to_owned()),
            ("department", department.to_owned()),
            ("version", version.to_string()),
        ]
    };
    let send = |fields: [(&str, String); 5]| {
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        alice.post(&edit, &fields)
    };
    assert_eq!(send(form("Baker", "Kitchen", dan.version)).status, 303);
    assert_eq!(
        field(&app, "dan@example.com", "title"),
        "Baker",
        "not locked: by hand, until it is sent anew"
    );
    map(&app, "[connection.mapping]\nlock = true\n");
    let version = person(&app, "dan@example.com").version;
    let refused = send(form("Boss", "Kitchen", version));
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.text().contains("locks it here"));
    assert_eq!(field(&app, "dan@example.com", "title"), "Baker");
    assert_eq!(
        send(form("Baker", "Hall", version)).status,
        303,
        "written on create only: never locked"
    );
    assert_eq!(field(&app, "dan@example.com", "department"), "Hall");
    let shown = alice.get(&edit);
    assert!(
        !shown.all("input[name=title][readonly]").is_empty() || shown.text().contains("keeps this field")
    );
    // Names are no further fields, and locked all the same.
    map(
        &app,
        "[[connection.mapping.row]]\nfield = \"email\"\n[[connection.mapping.row]]\nfield = \"given_name\"\n",
    );
    let id = dan.id;
    let fields = administer::PersonFields {
        email: "dan@example.com".into(),
        given_name: "Other".into(),
        family_name: String::new(),
        role: "member".into(),
        ..Default::default()
    };
    let error = as_person(&app, ALICE, move |act| {
        administer::change_person(act, id, &fields, None)
    });
    assert!(matches!(error.expect_err("locked").kind, Kind::Invalid(_)));
}

fn as_person<T: Send + 'static>(
    app: &TestApp,
    email: &str,
    work: impl FnOnce(&Act) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let id: PersonId = person(app, email).id;
    block_on(app.ctx.act(Who::Person(id), work))
}

fn role_table(lines: &[(&str, &str, bool)]) -> MappingFields {
    let row = |field: &str, source: &str| RowFields {
        field: field.into(),
        source: source.into(),
        rule: "overwrite".into(),
        ..RowFields::default()
    };
    let line = |(value, role, may_own): &(&str, &str, bool)| RoleValue {
        value: (*value).into(),
        role: (*role).into(),
        may_own: *may_own,
    };
    MappingFields {
        rows: Some(vec![row("email", ""), row("role", "userType")]),
        roles: Some(lines.iter().map(line).collect()),
        ..MappingFields::default()
    }
}

#[test]
fn no_admin_makes_a_mapping_give_what_they_may_not_give_by_hand() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    app.add(CAROL, "admin");
    let change = |email: &str, fields: MappingFields| {
        as_person(&app, email, move |act| {
            connect::change_mapping(act, "okta", &fields, None).map(drop)
        })
    };
    let denied = |done: Result<(), Error>| assert_eq!(done.expect_err("refused").kind, Kind::Denied);
    denied(change(CAROL, role_table(&[("boss", "owner", true)])));
    denied(change(CAROL, role_table(&[("boss", "admin", false)])));
    denied(change(CAROL, role_table(&[])));
    let jit = |role: &str| MappingFields {
        jit: Some(true),
        jit_role: Some(role.into()),
        ..MappingFields::default()
    };
    denied(change(CAROL, jit("admin")));
    let otherwise = MappingFields {
        otherwise: Some("admin".into()),
        ..MappingFields::default()
    };
    denied(change(CAROL, otherwise));
    // Not even by an owner unasked, and never for everybody.
    for fields in [role_table(&[("boss", "owner", false)]), jit("owner")] {
        assert!(matches!(
            change(ALICE, fields).expect_err("refused").kind,
            Kind::Invalid(_)
        ));
    }
    change(CAROL, role_table(&[("lead", "manager", false)])).expect("less than an admin has");
    create(&scim, &user("dan", json!({ "userType": "owner" })));
    assert_eq!(person(&app, "dan@example.com").role.key, "member");
    change(ALICE, role_table(&[("boss", "owner", true)])).expect("an owner allows it by name");
    create(&scim, &user("eve", json!({ "userType": "boss" })));
    assert!(person(&app, "eve@example.com").role.owns());
    // From here on, whoever could send that value would be an owner.
    denied(change(CAROL, role_table(&[("lead", "manager", false)])));
    denied(change(CAROL, jit("member")));
    let made = |email: &str| {
        as_person(&app, email, |act| {
            credentials::make_bearer(act, "okta", "new", None).map(drop)
        })
    };
    denied(made(CAROL));
    made(ALICE).expect("an owner may");
    let fields = connect::ConnectionFields {
        name: Some("Other".into()),
        ..Default::default()
    };
    denied(as_person(&app, CAROL, move |act| {
        connect::change(act, "okta", &fields, None).map(drop)
    }));
    assert_eq!(
        app.count("SELECT count(*) FROM connections WHERE name = 'Other'"),
        0
    );
}

#[test]
fn a_mapping_changes_nobody_out_of_reach() {
    let app = TestApp::start();
    app.add(CAROL, "admin");
    let scim = app.scim("okta");
    map(
        &app,
        "[[connection.mapping.row]]\nfield = \"email\"\n[[connection.mapping.row]]\nfield = \"role\"\nsource = \"userType\"\n",
    );
    for email in [ALICE, CAROL] {
        let found = scim
            .get(&format!("/Users?filter=userName%20eq%20%22{email}%22"))
            .json();
        let id = found["Resources"][0]["id"].as_str().expect("shown").to_owned();
        let before = person(&app, email).role.key;
        let name = email.split('@').next().expect("a name");
        let page = scim.put(
            &format!("/Users/{id}"),
            &user(name, json!({ "userType": "member" })),
        );
        assert!(page.status == 200 || page.status == 403, "{}", page.text());
        assert_eq!(person(&app, email).role.key, before, "{email}");
    }
}

#[test]
fn the_page_saves_what_it_shows_and_previews_without_writing() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    app.apply("[[profile_field]]\nkey = \"cost_center\"\nlabel = \"Cost center\"\n");
    create(
        &scim,
        &user(
            "dan",
            json!({ "title": "Cook", ENTERPRISE: { "costCenter": "4711" } }),
        ),
    );
    let alice = app.alice();
    let page = alice.get(PAGE);
    assert_eq!(page.status, 200);
    assert!(
        page.attributes("datalist option", "value")
            .contains(&"title".to_owned())
    );
    assert!(
        !page.text().contains("Cook") && !page.text().contains("4711"),
        "names, no values"
    );
    let version = page.attributes("input[name=version]", "value").remove(0);
    let mut fields = vec![
        ("version", version.as_str()),
        ("row.0.field", "email"),
        ("row.0.rule", "overwrite"),
        ("row.1.field", "title"),
        ("row.1.source", "title"),
        ("row.1.rule", "overwrite"),
        ("row.2.field", "cost_center"),
        ("row.2.source", "costCenter"),
        ("row.2.rule", "create"),
        ("row.7.field", ""),
        ("row.7.source", "nothing"),
        ("role.0.value", ""),
        ("role.0.role", "owner"),
        ("otherwise", ""),
        ("jit_role", ""),
        ("jit_team", ""),
    ];
    fields[5].1 = "always";
    let wrong = alice.post(PAGE, &fields);
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("Choose create, overwrite or off"));
    fields[5].1 = "overwrite";
    assert_eq!(alice.post(PAGE, &fields).status, 303);
    assert_eq!(alice.post(PAGE, &fields).status, 409, "a form of before");
    let seen = alice.post(&format!("{PAGE}/preview"), &[("person", "dan@example.com")]);
    assert_eq!(seen.status, 200, "{}", seen.text());
    assert!(seen.text().contains("<ins>Cook</ins>"), "{}", seen.text());
    assert_eq!(
        field(&app, "dan@example.com", "title"),
        "",
        "a preview writes nothing"
    );
    assert_eq!(
        app.count("SELECT count(*) FROM events WHERE action = 'mapping.previewed'"),
        1
    );
    let new = alice.post(&format!("{PAGE}/preview"), &[("person", "")]);
    assert!(new.text().contains("Cook"));
    assert_eq!(
        alice
            .post(&format!("{PAGE}/preview"), &[("person", "no@example.com")])
            .status,
        422
    );
    app.add(BOB, "member");
    app.give_passphrase(BOB, PASSPHRASE);
    let bob = app.signed_in(BOB, PASSPHRASE);
    assert_ne!(bob.get(PAGE).status, 200);
    assert_ne!(bob.post(PAGE, &fields).status, 303);
}

#[test]
fn applying_a_mapping_twice_changes_nothing() {
    let app = TestApp::start();
    app.scim("okta");
    add_team(&app, "Sales");
    let toml = r#"
[[profile_field]]
key = "cost_center"
label = "Cost center"
[[connection]]
slug = "okta"
[connection.mapping]
lock = true
[[connection.mapping.row]]
field = "email"
[[connection.mapping.row]]
field = "cost_center"
source = "costCenter"
rule = "create"
default = "none"
[[connection.mapping.role]]
value = "lead"
role = "manager"
[connection.jit]
enabled = true
role = "member"
team = "Sales"
"#;
    assert_eq!(app.apply(toml).len(), 2, "a field and an integration");
    assert_eq!(app.apply(toml), Vec::<String>::new());
    for wrong in [
        "[[connection.mapping.row]]\nfield = \"shoe\"\n",
        "[[connection.mapping.row]]\nfield = \"email\"\nrule = \"off\"\n",
        "[[connection.mapping.row]]\nfield = \"picture\"\nsource = \"p\"\ndefault = \"http://example.com\"\n",
        "[[connection.mapping.row]]\nfield = \"title\"\nsource = \"a\\u0000b\"\n",
        "[[connection.mapping.role]]\nvalue = \"x\"\nrole = \"owner\"\n",
        "[[connection.mapping.role]]\nvalue = \"x\"\nrole = \"gone\"\n",
        "[connection.jit]\nteam = \"Nowhere\"\n",
    ] {
        let toml = format!("[[connection]]\nslug = \"okta\"\n{wrong}");
        assert!(app.try_apply(&toml, BTreeMap::new()).is_err(), "{wrong}");
    }
}

#[test]
fn an_address_stands_where_the_mapping_says() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    map(
        &app,
        "[[connection.mapping.row]]\nfield = \"email\"\nsource = \"emails[type eq \\\"home\\\"].value\"\n",
    );
    let mut body = user("dan", json!({}));
    body["emails"] = json!([
        { "value": "dan@work.example", "type": "work", "primary": true },
        { "value": "dan@home.example", "type": "home" },
    ]);
    let id = create(&scim, &body);
    assert!(find(&app, "dan@work.example").is_none());
    assert_eq!(person(&app, "dan@home.example").version, 1);
    body["emails"][1]["value"] = json!("daniel@home.example");
    replace(&scim, &id, &body);
    assert!(find(&app, "daniel@home.example").is_some());
}
