//! Every way from admin to owner is refused, and leaves an event that says who, what, on whom and by which way.

use super::{group_of, join, page_of, push, push_group, role_of, save_person, select, text};
use crate::app::{ALICE, PASSPHRASE, Page, TestApp, Visitor};

const CAROL: &str = "carol@example.com";

/// carol is an admin; bob is a member; the group Owners carries the role that owns.
fn start() -> (TestApp, Visitor) {
    let app = TestApp::start();
    app.add(CAROL, "admin");
    app.add("bob@example.com", "member");
    app.give_passphrase(CAROL, PASSPHRASE);
    app.apply("[[access_group]]\nname = \"Owners\"\nrole = \"owner\"\n");
    let carol = app.signed_in(CAROL, PASSPHRASE);
    (app, carol)
}

fn owners(app: &TestApp) -> i64 {
    app.count("SELECT count(*) FROM people WHERE role = 'owner'")
}

/// The refused tries: who, on whom, what and by which way.
fn tries(app: &TestApp) -> Vec<String> {
    let sql = "SELECT group_concat(actor_label || ' / ' || subject_label || ' / ' || (after ->> 'refused') || ' / ' ||
               (after ->> 'way'), char(10)) FROM events WHERE action = 'escalation.refused' ORDER BY sequence";
    text(app, sql)
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect()
}

/// Refused, with this as the newest event of its kind; and nobody became an owner.
fn refused(app: &TestApp, page: &Page, tried: &str) {
    assert!([403, 409, 422].contains(&page.status), "{tried}: {}", page.status);
    assert_eq!(
        tries(app).last().map(String::as_str),
        Some(tried),
        "{:?}",
        tries(app)
    );
    assert_eq!(owners(app), 1, "{tried}");
}

#[test]
fn by_a_person_s_form_and_what_else_a_person_s_page_does() {
    let (app, carol) = start();
    let page = save_person(&app, &carol, "bob", &[("role", "owner")]);
    refused(
        &app,
        &page,
        "carol@example.com / bob@example.com / the role Owner / person",
    );
    assert_eq!(role_of(&app, "bob"), "member");
    app.forward(61_000);
    let fields = [("email", "new@example.com"), ("role", "owner")];
    let page = carol.post("/admin/people/new", &fields);
    refused(
        &app,
        &page,
        "carol@example.com / new@example.com / the role Owner / person",
    );
    let alice = super::person_page(&app, "alice");
    let page = carol.post(&format!("{alice}/deactivation"), &[]);
    refused(
        &app,
        &page,
        "carol@example.com / Alice Ng / the role Owner / person",
    );
    let page = carol.post(&format!("{alice}/reset-link"), &[]);
    refused(
        &app,
        &page,
        "carol@example.com / Alice Ng / a new passphrase for the role Owner / link",
    );
}

#[test]
fn by_editing_a_role() {
    let (app, carol) = start();
    let page = carol.post(
        "/admin/access/roles/admin",
        &[("name", "Admin"), ("own", "on"), ("version", "1")],
    );
    assert_eq!(page.status, 403);
    let tried = tries(&app);
    assert_eq!(tried.len(), 1, "{tried:?}");
    assert!(tried[0].starts_with("carol@example.com / "), "{tried:?}");
}

#[test]
fn by_an_access_group() {
    let (app, carol) = start();
    let fields = [
        ("name", "Mine"),
        ("role", "owner"),
        ("people", "everybody"),
        ("apps", "all"),
        ("version", "1"),
    ];
    let page = carol.post("/admin/access/groups/new", &fields);
    refused(
        &app,
        &page,
        "carol@example.com / Mine / the role Owner / access_group",
    );
    let page = carol.post(&format!("{}/edit", page_of(&app, "Owners")), &fields);
    refused(
        &app,
        &page,
        "carol@example.com / Owners / the role Owner / access_group",
    );
    let id = page_of(&app, "Owners")
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    let page = save_person(&app, &carol, "bob", &[("access_group", &id)]);
    refused(
        &app,
        &page,
        "carol@example.com / bob@example.com / the role Owner / person",
    );
}

#[test]
fn by_a_mapping_and_by_editing_a_connection_that_makes_owners() {
    let (app, carol) = start();
    app.apply("[[connection]]\nslug = \"okta\"\nname = \"Okta\"\n");
    let at = "/admin/integrations/okta/mapping";
    let version = carol.get(at).attributes("input[name=version]", "value").remove(0);
    let rows = [
        ("version", version.as_str()),
        ("row.0.field", "email"),
        ("row.0.rule", "overwrite"),
        ("row.1.field", "role"),
        ("row.1.source", "userType"),
        ("row.1.rule", "overwrite"),
        ("role.0.value", "boss"),
        ("role.0.role", "owner"),
        ("role.0.may_own", "on"),
    ];
    refused(
        &app,
        &carol.post(at, &rows),
        "carol@example.com / Okta / a value that makes owners / mapping",
    );
    app.apply(
        "[[connection]]\nslug = \"okta\"\n[connection.mapping]\nrow = [{ field = \"email\" }, { field = \"role\", source = \
         \"userType\" }]\nrole = [{ value = \"boss\", role = \"owner\", may_own = true }]\n",
    );
    let settings = carol.get("/admin/integrations/okta/settings");
    let version = settings.attributes("input[name=version]", "value").remove(0);
    // Everything as the page shows it, but for the name.
    let mut fields = vec![
        ("name".to_owned(), "Mine".to_owned()),
        ("provider".to_owned(), "generic".to_owned()),
        ("version".to_owned(), version),
    ];
    for name in settings.attributes("main input[type=radio][checked]", "name") {
        let value = settings.attributes(&format!("main input[name='{name}'][checked]"), "value");
        fields.push((name, value[0].clone()));
    }
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let page = carol.post("/admin/integrations/okta/settings", &fields);
    refused(
        &app,
        &page,
        "carol@example.com / Okta / what makes owners by its word / connection",
    );
}

#[test]
fn by_an_import() {
    let (app, carol) = start();
    let text = "email,role,access_group\nbob@example.com,owner,\nnew@example.com,,Owners\n";
    let page = carol.post("/admin/people/transfer", &[("text", text)]);
    let report = page.to().to_owned();
    assert_eq!(
        carol.post(&report, &[]).status,
        409,
        "nothing in it is to be done"
    );
    assert_eq!(
        tries(&app),
        ["carol@example.com / bob@example.com / the role Owner / import"]
    );
    assert_eq!(owners(&app), 1);
}

#[test]
fn by_an_invitation() {
    let (app, carol) = start();
    app.add("olga@example.com", "owner");
    let olga = super::person_page(&app, "olga");
    let page = carol.post(&format!("{olga}/invitation"), &[]);
    assert_eq!(page.status, 403, "{}", page.text());
    let by_hand = "carol@example.com / olga@example.com / the role Owner / invitation";
    assert_eq!(tries(&app), [by_hand]);
    let page = carol.post(&format!("{olga}/invitation/revocation"), &[]);
    assert_eq!(page.status, 403, "{}", page.text());
    app.forward(61_000);
    // A list is refused line by line: one that is here, and one that would come.
    for line in ["olga@example.com", "new@example.com,New,One,owner"] {
        let page = carol.post("/admin/people/invitations/new", &[("rows", line)]);
        assert!(
            page.text().contains("may do what yours may not"),
            "{}",
            page.text()
        );
    }
    let newcomer = "carol@example.com / new@example.com / the role Owner / invitation";
    assert_eq!(tries(&app), [by_hand, by_hand, newcomer]);
    assert_eq!(app.count("SELECT count(*) FROM invitations"), 0);
    assert_eq!(owners(&app), 2);
}

#[test]
fn by_scim_with_a_value_and_with_a_group() {
    let (app, _) = start();
    let (alice, scim) = (app.alice(), app.scim_with("okta", "guard_people = 0"));
    app.apply(
        "[[connection]]\nslug = \"okta\"\nname = \"Okta\"\n[connection.mapping]\nrow = [{ field = \"given_name\" }, { field = \
         \"family_name\" }, { field = \"email\" }, { field = \"role\", source = \"userType\" }]\n",
    );
    let body = serde_json::json!({
        "schemas": [super::USER], "userName": "eve@example.com", "userType": "owner",
        "emails": [{ "value": "eve@example.com", "primary": true }],
    });
    let eve = super::id_of(&scim.post("/Users", &body));
    assert_eq!(role_of(&app, "eve"), "member");
    assert_eq!(
        tries(&app),
        ["Okta (SCIM) / eve@example.com / the role Owner / mapping"]
    );
    // The same at every run is one event a day.
    scim.put(&format!("/Users/{eve}"), &body);
    assert_eq!(tries(&app).len(), 1);
    app.forward(25 * 60 * 60 * 1000);
    let mut again = body.clone();
    again["title"] = serde_json::json!("Cook");
    assert_eq!(scim.put(&format!("/Users/{eve}"), &again).status, 200);
    assert_eq!(tries(&app).len(), 2, "{:?}", tries(&app));
    let ben = push(&scim, "ben");
    let group = push_group(&scim, "Bosses", &[]);
    let alice = if alice.me().is_some() { alice } else { app.alice() };
    assert_eq!(select(&app, &alice, "okta", "Bosses", "Owners").status, 303);
    join(&scim, &group, &[&ben]);
    assert_eq!((group_of(&app, "ben"), owners(&app)), (None, 1));
    let newest = tries(&app).pop().unwrap_or_default();
    assert_eq!(newest, "Okta (SCIM) / ben Test / the role Owner / group");
}

#[test]
fn by_a_sign_in_that_says_so() {
    let app = TestApp::start();
    let okta = app.connect("okta", "");
    app.apply(
        "[[connection]]\nslug = \"okta\"\ndomains = [\"example.com\"]\n[connection.mapping]\nrow = [{ field = \"email\" }, { \
         field = \"role\", source = \"userType\", at_sign_in = true }]\n[connection.jit]\nenabled = true\n",
    );
    let visitor = app.visitor();
    let said = |r: &mut crate::idp::Response| {
        r.attributes
            .push(("userType".to_owned(), vec!["owner".to_owned()]))
    };
    okta.sign_in_with(&visitor, "eve@example.com", said);
    assert_eq!((role_of(&app, "eve").as_str(), owners(&app)), ("member", 1));
    let tried = tries(&app);
    assert_eq!(tried.len(), 1, "{tried:?}");
    assert!(
        tried[0].ends_with("eve@example.com / the role Owner / mapping"),
        "{tried:?}"
    );
}

#[test]
fn by_a_file_that_somebody_else_than_an_owner_applies() {
    use doorward::flows::Who;
    use doorward::flows::apply::{Application, apply_as};
    use doorward::web::server::block_on;
    let (app, _) = start();
    let carol = text(&app, "SELECT id FROM people WHERE email = 'carol@example.com'").expect("carol");
    let carol = Who::Person(doorward::model::PersonId::parse(&carol).expect("an id"));
    for (toml, tried) in [
        (
            "[[person]]\nemail = \"bob@example.com\"\nrole = \"owner\"\n",
            "the role Owner",
        ),
        (
            "[[role]]\nkey = \"admin\"\npermissions = [\"own\"]\n",
            "what only an owner may do",
        ),
    ] {
        let application = Application {
            toml: toml.to_owned(),
            ..Application::default()
        };
        let done = block_on(apply_as(&app.ctx, carol.clone(), application));
        assert!(done.is_err(), "{toml}");
        assert!(
            tries(&app).last().is_some_and(|last| last.contains(tried)),
            "{:?}",
            tries(&app)
        );
    }
    assert_eq!(owners(&app), 1);
    // No credential of a program reaches it: there is no address that takes a file.
    let scim = app.scim("okta");
    for path in ["/api/v1/apply", "/admin/apply", "/apply"] {
        let request = scim
            .client
            .post(format!("{}{path}", app.base))
            .bearer_auth(&scim.token);
        let status = scim.send(request).status;
        assert!([401, 403, 404].contains(&status), "{path}: {status}");
    }
}

#[test]
fn whoever_tries_on_and_on_does_not_fill_the_log() {
    let (app, carol) = start();
    for _ in 0..5 {
        save_person(&app, &carol, "bob", &[("role", "owner")]);
    }
    assert_eq!(tries(&app).len(), 1, "the like counts once a minute");
    for number in 0..40 {
        let email = format!("n{number}@example.com");
        carol.post("/admin/people/new", &[("email", &email), ("role", "owner")]);
    }
    assert_eq!(tries(&app).len(), 20, "and all tries of one person have a limit");
    app.forward(61_000);
    save_person(&app, &carol, "bob", &[("role", "owner")]);
    assert_eq!(tries(&app).len(), 21);
    assert_eq!(
        text(&app, &format!("SELECT role FROM people WHERE email = '{ALICE}'")).as_deref(),
        Some("owner")
    );
    let page = app
        .alice()
        .get("/admin/activity/audit?action=escalation.refused")
        .text();
    assert!(
        page.contains("Was refused more than their role may give"),
        "{page}"
    );
}
