//! The settings of provisioning by `apply`, and connections that are there for provisioning alone.

use std::collections::BTreeMap;

use serde_json::json;

use crate::app::TestApp;

fn settings(app: &TestApp) -> serde_json::Value {
    let read = |r: &doorward::store::Reader| doorward::store::connections::get_by_slug(r, "okta");
    json!(app.ctx.store.read(read).expect("the connection").scim)
}

fn part(lines: &str) -> String {
    format!("[[connection]]\nslug = \"okta\"\nname = \"Okta\"\n[connection.scim]\n{lines}\n")
}

#[test]
fn a_file_says_everything_about_provisioning() {
    let app = TestApp::start();
    let whole = part(
        "enabled = true\nsync = \"automatic\"\ncreate = false\nupdate = false\ndeactivate = false\nguard_people = 0\n\
         guard_percent = 50\nrequired = [\"email\", \"given_name\", \"email\"]\ngroups_in_users = true\n\
         refuse_unknown_members = true\nlog_days = 7\ninvite = true",
    );
    let lines = app.apply(&whole);
    for word in [
        "guard_percent: 20 → 50",
        "enabled: false → true",
        "log_days: 30 → 7",
        "given_name email",
    ] {
        assert!(lines.iter().any(|line| line.contains(word)), "{word}: {lines:?}");
    }
    assert_eq!(
        settings(&app),
        json!({
            "enabled": true, "sync": "automatic", "create": false, "update": false, "deactivate": false,
            "guard_people": 0, "guard_percent": 50, "required": ["given_name", "email"], "groups_in_users": true,
            "refuse_unknown_members": true, "log_days": 7, "invite": true,
        })
    );
    assert_eq!(app.apply(&whole), Vec::<String>::new(), "twice is once");
    app.apply(&part("create = true"));
    assert_eq!(settings(&app)["create"], true);
    assert_eq!(settings(&app)["log_days"], 7, "what is not named stays");
}

#[test]
fn what_makes_no_sense_is_named_and_changes_nothing() {
    let app = TestApp::start();
    app.apply(&part("enabled = true"));
    let before = settings(&app);
    for (lines, word) in [
        ("enable = true", "enable"),
        ("enabled = \"yes\"", "enabled"),
        ("sync = \"hold\"", "sync: Choose automatic or held."),
        ("guard_people = -1", "guard_people: Enter a whole number from 0"),
        (
            "guard_percent = 101",
            "guard_percent: Enter a whole number from 0 to 100.",
        ),
        ("log_days = 0", "log_days: Enter a whole number from 1"),
        ("log_days = 99999999999", "log_days"),
        (
            "required = [\"phone\"]",
            "required: Choose among given_name, family_name and email.",
        ),
        ("required = \"email\"", "required"),
    ] {
        let error = app.try_apply(&part(lines), BTreeMap::new()).expect_err(lines);
        assert!(error.message.contains(word), "{lines}: {error}");
        assert_eq!(settings(&app), before);
    }
}

#[test]
fn a_connection_for_provisioning_alone_is_on_and_is_no_door() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    assert_eq!(
        app.count("SELECT enabled FROM connections WHERE slug = 'okta'"),
        1,
        "on without a word"
    );
    assert_eq!(okta.get("/Users?count=0").status, 200);
    let visitor = app.visitor();
    assert!(
        !visitor.get("/login").text().contains("/sso/okta"),
        "nobody is sent to a door that is none"
    );
    let page = visitor.get("/sso/okta");
    assert_eq!(page.status, 409, "{}", page.text());
    assert!(page.text().contains("identity provider is missing"));
    let alice = app.alice();
    assert!(alice.get("/admin/integrations").text().contains("Working"));
    assert!(!alice.get("/").text().contains("/sso/okta"));
    assert_eq!(alice.get("/admin/integrations/okta").status, 200);
    app.apply("[[connection]]\nslug = \"okta\"\nenabled = false\n");
    assert_eq!(okta.get("/Users?count=0").status, 403);
    app.apply("[[connection]]\nslug = \"draft\"\n");
    let error = app
        .try_apply(
            "[[connection]]\nslug = \"draft\"\nenabled = true\n",
            BTreeMap::new(),
        )
        .expect_err("of no use");
    assert!(error.message.contains("For provisioning alone"), "{error}");
    app.apply("[[connection]]\nslug = \"off\"\nenabled = false\n[connection.scim]\nenabled = true\nsync = \"automatic\"\n");
    assert_eq!(app.count("SELECT enabled FROM connections WHERE slug = 'off'"), 0);
}
