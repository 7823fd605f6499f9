//! `doorward apply`: all of a file or nothing of it, twice is once, and every mistake is named.

use std::collections::BTreeMap;

use doorward::flows::apply::{Application, apply};
use doorward::model::time::DAY;
use doorward::web::server::block_on;

use crate::app::{ALICE, BOB, TestApp};
use crate::idp::TestIdp;
use crate::loopback::Loopback;

fn files() -> BTreeMap<String, String> {
    let idp = TestIdp::new("okta").metadata("https://idp.okta.example");
    BTreeMap::from([
        ("idp.xml".to_owned(), idp),
        ("page.xml".to_owned(), "<html><body/></html>".to_owned()),
    ])
}

/// The example of the README, more or less.
const WHOLE: &str = r#"
[organization]
name = "Acme Ltd"
contact = "the help desk"

[[connection]]
slug = "okta"
provider = "okta"
name = "Okta"
domains = ["example.com"]
[connection.saml]
metadata_file = "idp.xml"
unsolicited = "accept"
sign_requests = true
request_binding = "post"
subject_attribute = "employeeNumber"

[[person]]
email = "bob@example.com"
given_name = "Bob"
family_name = "Roy"
role = "admin"

[[person]]
email = "carol@example.com"
active = false
"#;

/// Everything that `apply` may change, as one text.
fn snapshot(app: &TestApp) -> String {
    let tables = [
        "SELECT name || base_url || contact FROM organization",
        "SELECT coalesce(group_concat(slug || provider || name || enabled || saml || version), '') \
         FROM (SELECT * FROM connections ORDER BY id)",
        "SELECT coalesce(group_concat(domain), '') FROM connection_domains",
        "SELECT group_concat(email || given_name || family_name || role || state || version) \
         FROM (SELECT * FROM people ORDER BY id)",
        "SELECT count(*) || '' FROM events",
        "SELECT count(*) || '' FROM sessions",
    ];
    let read = |sql: &str| {
        let sql = sql.to_owned();
        let row = app
            .ctx
            .store
            .read(|r| Ok(r.query_row(&sql, [], |row| row.get::<_, String>(0))?));
        row.expect("a snapshot")
    };
    tables.map(read).join("\n")
}

fn dry(app: &TestApp, toml: &str) -> doorward::error::Result<Vec<String>> {
    let application = Application {
        toml: toml.to_owned(),
        files: files(),
        dry_run: true,
        has_recovery_path: false,
    };
    block_on(apply(&app.ctx, application))
}

#[test]
fn a_dry_run_says_the_same_and_a_second_run_has_nothing_to_do() {
    let app = TestApp::start();
    let before = snapshot(&app);
    let foretold = dry(&app, WHOLE).expect("a dry run");
    assert_eq!(snapshot(&app), before);
    assert_eq!(
        app.ctx.organization().expect("set up").name,
        "Acme",
        "not in memory either"
    );
    let done = app.try_apply(WHOLE, files()).expect("applied");
    assert_eq!(done, foretold);
    let text = done.join("\n");
    for expected in [
        "Changed the organization: Acme Ltd",
        "name: Acme → Acme Ltd",
        "Added an integration: Okta",
        "Turned an integration on: Okta",
        "Confirmed a domain: Okta (domain: example.com, how: owner)",
        "Added a person: Bob Roy",
        "Deactivated a person: carol@example.com",
    ] {
        assert!(text.contains(expected), "{expected}\nis not in\n{text}");
    }
    let after = snapshot(&app);
    assert_ne!(after, before);
    assert_eq!(
        app.try_apply(WHOLE, files()).expect("again"),
        Vec::<String>::new()
    );
    assert_eq!(dry(&app, WHOLE).expect("dry again"), Vec::<String>::new());
    assert_eq!(snapshot(&app), after);
    assert_eq!(
        app.ctx.organization().expect("set up").name,
        "Acme Ltd",
        "pages see it at once"
    );
}

#[test]
fn what_a_file_does_not_name_stays_and_what_it_takes_away_is_said() {
    let app = TestApp::start();
    app.try_apply(WHOLE, files()).expect("applied");
    let none = Vec::<String>::new();
    assert_eq!(
        app.apply("[[connection]]\nslug = \"okta\"\n[connection.saml]\nsubject_attribute = \"\"\n"),
        ["Changed an integration: Okta (subject_attribute: employeeNumber → none)"]
    );
    assert_eq!(
        app.apply("[[person]]\nemail = \"BOB@example.com\"\n"),
        ["Changed a person: Bob Roy (email: bob@example.com → BOB@example.com)"]
    );
    assert_eq!(
        app.apply("[[person]]\nemail = \"BOB@example.com\"\nrole = \"member\"\n"),
        ["Changed a person: Bob Roy (role: admin → member)"]
    );
    assert_eq!(
        app.apply("[[connection]]\nslug = \"okta\"\nenabled = false\n")
            .len(),
        1
    );
    assert_eq!(
        app.apply("[[connection]]\nslug = \"okta\"\nname = \"Okta\"\n"),
        none,
        "off stays off"
    );
    assert_eq!(app.apply(""), none);
}

fn saml(lines: &str) -> String {
    format!("[[connection]]\nslug = \"a\"\n[connection.saml]\n{lines}\n")
}

fn by_hand(entity_id: &str, sign_in_url: &str, certificate: &str) -> String {
    saml(&format!(
        "entity_id = {entity_id:?}\nsign_in_url = {sign_in_url:?}\ncertificate = {certificate:?}"
    ))
}

/// What is not TOML, and keys or types that do not fit, are named with their line.
fn misshapen() -> Vec<(String, Vec<&'static str>)> {
    vec![
        ("[[person]\nemail = 1".into(), vec!["line 1"]),
        (
            "[[person]]\nemail = \"x@example.com\"\nrule = \"member\"\n".into(),
            vec!["rule", "line 3"],
        ),
        (
            "[organisation]\nname = \"x\"\n".into(),
            vec!["organisation", "line 1"],
        ),
        (saml("metadata_path = \"x\""), vec!["metadata_path", "line 4"]),
        ("[[connection]]\nname = \"a\"\n".into(), vec!["slug", "line 1"]),
        ("[[person]]\nrole = \"member\"\n".into(), vec!["email", "line 1"]),
        ("[[person]]\nemail = 7\n".into(), vec!["line 2", "string"]),
        (
            "[[connection]]\nslug = \"a\"\nenabled = \"yes\"\n".into(),
            vec!["line 3", "boolean"],
        ),
    ]
}

/// Values that make no sense are named with the thing that they belong to.
fn senseless() -> Vec<(String, Vec<&'static str>)> {
    let long = "x".repeat(300);
    let good = TestIdp::new("okta").certificate().to_base64();
    let organization = |line: &str| format!("[organization]\n{line}\n");
    let person = |line: &str| format!("[[person]]\nemail = \"x@example.com\"\n{line}\n");
    let connection = |line: &str| format!("[[connection]]\nslug = \"a\"\n{line}\n");
    vec![
        (
            organization("name = \"\""),
            vec!["organization", "Enter the organization's name."],
        ),
        (
            organization(&format!("name = {long:?}")),
            vec!["at most 200 characters"],
        ),
        (
            organization("base_url = \"http://door.example.com\""),
            vec!["base_url", "Plain http"],
        ),
        (
            organization("base_url = \"https://door.example.com/x\""),
            vec!["Leave out everything after"],
        ),
        (
            organization("base_url = \"door\""),
            vec!["Enter the address as https://"],
        ),
        (
            organization("contact = \"a\\u0007b\""),
            vec!["contact", "no control characters"],
        ),
        (
            "[[person]]\nemail = \"\"\n".into(),
            vec!["Enter an e-mail address."],
        ),
        (
            "[[person]]\nemail = \"bob\"\n".into(),
            vec!["bob", "name@example.com"],
        ),
        (
            format!("[[person]]\nemail = \"{long}@example.com\"\n"),
            vec!["at most 254"],
        ),
        (
            person("role = \"boss\""),
            vec![
                "x@example.com",
                "There is no such role. There are member, manager, admin, owner.",
            ],
        ),
        (
            person(&format!("given_name = {long:?}")),
            vec!["given_name", "at most 200"],
        ),
        (
            person("family_name = \"a\\u202eb\""),
            vec!["family_name", "no control characters"],
        ),
        (
            format!("[[person]]\nemail = {ALICE:?}\nrole = \"member\"\n"),
            vec![ALICE, "last active owner"],
        ),
        (
            format!("[[person]]\nemail = {ALICE:?}\nactive = false\n"),
            vec!["last active owner"],
        ),
        (
            "[[connection]]\nslug = \"Okta!\"\n".into(),
            vec!["Okta!", "lower-case letters"],
        ),
        (
            "[[connection]]\nslug = \"admin\"\n".into(),
            vec!["taken by Doorward itself"],
        ),
        (connection("provider = \"oktopus\""), vec!["provider", "oktopus"]),
        (connection("name = \" \""), vec!["name", "Enter a name"]),
        (
            connection("enabled = true"),
            vec!["Tell Doorward about the identity provider first"],
        ),
        (
            connection("domains = [\"nonsense\"]"),
            vec!["domain", "such as example.com"],
        ),
        (
            saml("unsolicited = \"maybe\""),
            vec!["Choose restart, accept or refuse."],
        ),
        (
            saml("request_binding = \"fax\""),
            vec!["Choose auto, redirect or post."],
        ),
        (
            saml(&format!("subject_attribute = {long:?}")),
            vec!["subject_attribute", "at most 200"],
        ),
        (
            saml("metadata_file = \"none.xml\""),
            vec!["a: metadata_file", "none.xml"],
        ),
        (
            saml("metadata_file = \"page.xml\""),
            vec!["a: metadata", "web page"],
        ),
        (saml("metadata = \"<a>\""), vec!["a: metadata"]),
        (saml("metadata = \"\""), vec!["a: metadata"]),
        (
            saml("metadata_url = \"http://10.0.0.1/x\""),
            vec!["a: metadata_url"],
        ),
        (
            saml("metadata_url = \"file:///etc/passwd\""),
            vec!["a: metadata_url"],
        ),
        (
            saml("metadata_file = \"idp.xml\"\nentity_id = \"x\""),
            vec!["a: ", "identity provider once"],
        ),
        (
            saml("metadata = \"x\"\nmetadata_url = \"https://x.example\""),
            vec!["identity provider once"],
        ),
        (
            by_hand("", "https://idp.example/sso", &good),
            vec!["a: entity_id: Enter the identity provider's entity ID"],
        ),
        (
            by_hand("urn:idp", "idp.example", &good),
            vec!["sign_in_url: Enter the identity provider's sign-in URL"],
        ),
        (
            by_hand("urn:idp", "javascript:alert(1)", &good),
            vec!["sign_in_url: "],
        ),
        (
            by_hand("urn:idp", "https://idp.example/sso", ""),
            vec!["certificate: Paste the identity provider's"],
        ),
        (
            by_hand("urn:idp", "https://idp.example/sso", "MIIB"),
            vec!["certificate: "],
        ),
    ]
}

#[test]
fn any_wrong_line_undoes_the_whole_file_and_is_named() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let before = snapshot(&app);
    let good = "[[person]]\nemail = \"dora@example.com\"\n[[connection]]\nslug = \"early\"\n";
    let with_good_lines = senseless()
        .into_iter()
        .map(|(wrong, words)| (format!("{wrong}\n{good}"), words));
    let all = misshapen().into_iter().chain(senseless()).chain(with_good_lines);
    for (text, words) in all {
        let error = match app.try_apply(&text, files()) {
            Err(error) => doorward::control::explain(&error),
            Ok(lines) => panic!("{text}\nwas taken: {lines:?}"),
        };
        for word in words {
            assert!(error.contains(word), "{word:?} is not in {error:?}\n{text}");
        }
        assert!(!error.contains("fault of its own"), "{error}");
        assert_eq!(snapshot(&app), before, "{text}");
        assert_eq!(
            doorward::control::explain(&dry(&app, &text).expect_err("dry too")),
            error
        );
    }
}

fn pem(idp: &TestIdp) -> String {
    let base64 = idp.certificate().to_base64();
    format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n")
}

fn pinning(certificates: &[String]) -> String {
    let list: Vec<String> = certificates.iter().map(|c| format!("{c:?}")).collect();
    saml(&format!(
        "entity_id = \"https://idp.okta.example/saml\"\nsign_in_url = \"https://idp.example/sso\"\ncertificate = [{}]",
        list.join(", ")
    ))
}

#[test]
fn an_identity_provider_is_told_in_every_way_and_certificates_may_be_several() {
    let app = TestApp::start();
    let (old, new) = (TestIdp::new("okta"), TestIdp::new("okta-rotated"));
    app.apply(&pinning(&[pem(&old), pem(&new)]));
    let pinned = "SELECT json_array_length(saml, '$.idp.certificates') FROM connections WHERE slug = 'a'";
    assert_eq!(app.count(pinned), 2);
    assert_eq!(app.apply(&pinning(&[pem(&old), pem(&new)])), Vec::<String>::new());
    assert_eq!(
        app.apply(&pinning(&[pem(&old) + &pem(&new)])),
        Vec::<String>::new(),
        "two in one text"
    );
    assert_eq!(app.apply(&pinning(&[pem(&new)])).len(), 1);
    assert_eq!(app.count(pinned), 1);
    let enabled = |slug: &str| app.count(&format!("SELECT enabled FROM connections WHERE slug = '{slug}'"));
    assert_eq!(enabled("a"), 1, "on unless the file says otherwise");
    let inline = TestIdp::new("inline").metadata("https://idp.inline.example");
    app.apply(&format!(
        "[[connection]]\nslug = \"inline\"\nenabled = false\n[connection.saml]\nmetadata = {inline:?}\n"
    ));
    assert_eq!(enabled("inline"), 0);
    app.apply("[[connection]]\nslug = \"draft\"\n");
    assert_eq!(enabled("draft"), 0, "a draft cannot be on");
    app.forward(40_000 * DAY);
    let ended = app
        .try_apply(&pinning(&[pem(&old)]), BTreeMap::new())
        .expect_err("refused");
    assert!(
        ended.message.contains("certificate: The certificate ended on"),
        "{ended}"
    );
}

#[test]
fn metadata_is_fetched_through_the_guarded_client_alone() {
    let app = TestApp::start();
    let body = TestIdp::new("fetched").metadata("https://idp.fetched.example");
    let server = Loopback::http(move |stream| {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all((head + &body).as_bytes());
    });
    let toml = |url: &str| saml(&format!("metadata_url = {url:?}"));
    // The test's settings name 127.0.0.1, and no other address of this machine.
    app.apply(&toml(&server.url("http", "127.0.0.1")));
    assert_eq!(server.connections(), 1);
    let entity =
        "SELECT json_extract(saml, '$.idp.entity_id') = 'https://idp.fetched.example/saml' FROM connections";
    assert_eq!(app.count(entity), 1);
    for (scheme, host) in [
        ("http", "127.0.0.2"),
        ("https", "127.0.0.2"),
        ("http", "[::1]"),
        ("http", "0.0.0.0"),
    ] {
        let url = server.url(scheme, host);
        let error = app.try_apply(&toml(&url), BTreeMap::new()).expect_err(&url);
        assert!(error.message.starts_with("a: metadata_url: "), "{error}");
    }
    assert_eq!(server.connections(), 1, "nothing else was even connected to");
}

#[test]
fn nothing_is_applied_before_the_first_run() {
    let app = TestApp::fresh();
    let error = app.try_apply(WHOLE, files()).expect_err("refused");
    assert!(
        error
            .message
            .contains("Nothing is set up yet. Run `doorward init`"),
        "{error}"
    );
    for table in ["people", "connections", "events"] {
        assert_eq!(app.count(&format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
}
