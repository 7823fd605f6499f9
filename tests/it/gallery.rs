//! Every component and page state, drawn with sample facts and no database, to look at and to ask questions.
//!
//! `cargo test gallery` writes the pages to `target/gallery/`; serve that folder and open them in a browser.
//! Each page is also parsed and judged: one title, labels that lead somewhere, nothing inline.

mod doors;

use std::fs;
use std::path::Path;

use askama::Template;
use doorward::model::{Attribute, Check, Role, Timestamp, Verdict};
use doorward::web::assets;
use doorward::web::form::{Field, Form};
use doorward::web::page::{Section, Shell};
use doorward::web::pieces::{Change, CheckLine, Notice, Pager, State, check_lines};
use scraper::{Html, Selector};

const AT: Timestamp = Timestamp(1_795_269_909_000);

macro_rules! sample {
    ($name:ident, $path:literal, $($field:ident: $type:ty),*) => {
        #[derive(Template)]
        #[template(path = $path)]
        struct $name { shell: Shell, $($field: $type),* }
    };
}

sample!(SignIn, "../tests/it/gallery/sign_in.html", form: Form);
sample!(RecoveryCodes, "../tests/it/gallery/recovery_codes.html", codes: Vec<String>, wrong: &'static str);
sample!(Refused, "../tests/it/gallery/refused.html", form: Form);
sample!(Overview, "../tests/it/gallery/overview.html", expiring: Notice, lines: Lines, at: Timestamp);
sample!(Integrations, "../tests/it/gallery/integrations.html", lines: Lines, at: Timestamp);
sample!(Integration, "../tests/it/gallery/integration.html",
    working: State, waiting: State, changes: Vec<Change>, at: Timestamp);
sample!(People, "../tests/it/gallery/people.html", lines: Lines, pager: Pager, at: Timestamp);
sample!(PersonForm, "../tests/it/gallery/person_form.html", form: Form);
sample!(Trace, "../tests/it/gallery/trace.html",
    refused: State, lines: Vec<CheckLine>, attributes: Vec<Attribute>, at: Timestamp);

type Lines = Vec<(&'static str, State)>;

fn plain(title: &str) -> Shell {
    Shell::new(title, "Acme")
}

fn admin(title: &str, section: Section) -> Shell {
    let role = Role {
        key: "owner".to_owned(),
        ..Role::of_the_server()
    };
    plain(title).seen_by("Ana Ruiz", &role).at(section)
}

fn lines() -> Lines {
    vec![
        ("Bo Lindqvist", State::working("Active")),
        ("Chioma Okafor-Wintersteiner", State::waiting("Never signed in")),
        ("Dee O’Hara", State::needs_you("Two accounts")),
        ("Émile Ångström", State::off("Deactivated")),
    ]
}

fn sign_in() -> Form {
    Form::new([
        Field::email("email", "E-mail")
            .autocomplete("username")
            .required()
            .focus(),
        Field::password("password", "Passphrase")
            .autocomplete("current-password")
            .required(),
    ])
}

fn person() -> Form {
    Form::new([
        Field::text("given_name", "Given name")
            .autocomplete("off")
            .required(),
        Field::email("email", "E-mail")
            .hint("Where the identity provider knows them.")
            .required(),
        Field::select("role", "Role")
            .choice("", "Choose one")
            .choice("member", "Member")
            .choice("owner", "Owner")
            .required(),
        Field::radio("unsolicited", "A sign-in that nobody asked for")
            .choice_with_hint("restart", "Start it again", "The tile in the portal just works.")
            .choice_with_hint("refuse", "Refuse it", "People start here.")
            .value("restart")
            .required(),
        Field::url("metadata_url", "Metadata URL").hint("Okta calls it “Metadata URL”."),
        Field::paragraph("metadata", "Metadata", 4)
            .mono()
            .hint("The whole XML document."),
        Field::file("file", "Metadata file", ".xml,application/xml"),
        Field::checkbox("notify", "Send them a mail")
            .ticked(true)
            .hint("It says how to sign in."),
    ])
}

fn wrong_person() -> Form {
    let mut form = person();
    form.fill([
        ("given_name", ""),
        ("email", "ana@example.com"),
        ("role", "root"),
        ("metadata", "<a>\n  <b/>\n</a>"),
    ]);
    form.require();
    form.refuse("email", "Ana Ruiz already has this address.");
    form
}

fn checks() -> Vec<Check> {
    let check =
        |title: &str, verdict, expected: Option<&str>, received: Option<&str>, remedy: Option<&str>| Check {
            code: "saml.sample".into(),
            title: title.into(),
            verdict,
            expected: expected.map(Into::into),
            received: received.map(Into::into),
            remedy: remedy.map(Into::into),
        };
    vec![
        check(
            "The response is signed by a known certificate",
            Verdict::Passed,
            Some("SHA-256 9f:86:d0:81"),
            Some("SHA-256 9f:86:d0:81"),
            None,
        ),
        check(
            "The certificate is valid for a while",
            Verdict::Warned,
            Some("more than 30 days"),
            Some("3 days"),
            Some(
                "Ask the Okta administrator for the next certificate and add it under Certificates. Both are valid until then.",
            ),
        ),
        check(
            "The assertion is meant for this service provider",
            Verdict::Failed,
            Some("https://door.acme.example/sso/okta/metadata"),
            Some("https://door.acme.example/sso/okta/metadata/"),
            Some(
                "In Okta, under “Configure SAML”, put the expected value into “Audience URI (SP Entity ID)”. Mind the slash at the end.",
            ),
        ),
        check(
            "The assertion is used once",
            Verdict::NotReached,
            None,
            None,
            None,
        ),
    ]
}

fn pages() -> Vec<(&'static str, String)> {
    let mut wrong_sign_in = sign_in();
    wrong_sign_in.fill([("email", "ana@example.com"), ("password", "secret")]);
    wrong_sign_in.refuse_all("The e-mail address or the passphrase is not right.");
    let mut empty_sign_in = sign_in();
    empty_sign_in.fill([("email", "ana@example.com")]);
    empty_sign_in.require();
    let codes = || {
        (0..10u32)
            .map(|n| format!("{:05}-{:05}", n * 7_919 + 12_345, n * 104 + 55_555))
            .collect()
    };
    let flash = Notice::done("Émile Ångström was deactivated. 2 sessions ended.").link("Undo", "#");
    let expiring = Notice::needs_you(
        "Okta's certificate ends in 3 days.",
        "After that nobody signs in through Okta. Ask its administrator for the next one and add it.",
    )
    .link("Certificates of Okta", "#");
    let changes = vec![
        Change::new("Name", Some("Okta"), Some("Okta (staff)")),
        Change::new(
            "Sign-in URL",
            None,
            Some("https://acme.okta.com/app/exk1fxp8z1tJGm7aB5d7/sso/saml"),
        ),
        Change::new("Role", Some("admin"), None),
    ];
    let attributes = vec![
        Attribute {
            name: "user.email".into(),
            friendly_name: None,
            values: vec!["bo@example.com".into()],
        },
        Attribute {
            name: "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups".into(),
            friendly_name: Some("groups".into()),
            values: vec!["staff".into(), "engineering".into()],
        },
        Attribute {
            name: "title".into(),
            friendly_name: None,
            values: vec![],
        },
    ];
    let draw = |name, page: &dyn askama::DynTemplate| (name, page.dyn_render().expect(name));
    vec![
        draw(
            "sign-in",
            &SignIn {
                shell: plain("Sign in"),
                form: sign_in(),
            },
        ),
        draw(
            "sign-in-wrong",
            &SignIn {
                shell: plain("Sign in"),
                form: wrong_sign_in,
            },
        ),
        draw(
            "sign-in-empty",
            &SignIn {
                shell: plain("Sign in"),
                form: empty_sign_in,
            },
        ),
        draw(
            "recovery-codes",
            &RecoveryCodes {
                shell: Shell::new("Recovery codes", ""),
                codes: codes(),
                wrong: "",
            },
        ),
        draw(
            "recovery-codes-wrong",
            &RecoveryCodes {
                shell: Shell::new("Recovery codes", ""),
                codes: codes(),
                wrong: "Store the codes first, then tick this.",
            },
        ),
        draw(
            "refused",
            &Refused {
                shell: plain("No account here"),
                form: Form::default(),
            },
        ),
        draw(
            "overview",
            &Overview {
                shell: admin("Overview", Section::Overview),
                expiring,
                lines: lines(),
                at: AT,
            },
        ),
        draw(
            "integrations",
            &Integrations {
                shell: admin("Integrations", Section::Integrations),
                lines: lines(),
                at: AT,
            },
        ),
        draw(
            "integrations-none",
            &Integrations {
                shell: admin("Integrations", Section::Integrations),
                lines: vec![],
                at: AT,
            },
        ),
        draw(
            "integration",
            &Integration {
                shell: admin("Okta", Section::Integrations),
                working: State::working("Working"),
                waiting: State::waiting("Waiting for the first sign-in"),
                changes,
                at: AT,
            },
        ),
        draw(
            "people",
            &People {
                shell: admin("People", Section::People).with_flash(Some(flash)),
                lines: lines(),
                pager: Pager::new("#", &[("q", "an")], 2, 50, 1_234),
                at: AT,
            },
        ),
        draw(
            "person-new",
            &PersonForm {
                shell: admin("Add a person", Section::People),
                form: person(),
            },
        ),
        draw(
            "person-wrong",
            &PersonForm {
                shell: admin("Add a person", Section::People),
                form: wrong_person(),
            },
        ),
        draw(
            "trace",
            &Trace {
                shell: admin("Sign-in K7Q2-9FMD", Section::Activity),
                refused: State::needs_you("Refused"),
                lines: check_lines(&checks()),
                attributes,
                at: AT,
            },
        ),
    ]
}

fn all<'a>(page: &'a Html, selector: &str) -> Vec<scraper::ElementRef<'a>> {
    page.select(&Selector::parse(selector).expect(selector)).collect()
}

/// What no page may lack or have.
fn judge(name: &str, html: &str) {
    let page = Html::parse_document(html);
    assert_eq!(all(&page, "h1").len(), 1, "{name}: one title");
    assert!(
        all(&page, "[style], style, script:not([src])").is_empty(),
        "{name}: nothing inline"
    );
    assert!(
        all(&page, "*")
            .iter()
            .all(|e| e.value().attrs().all(|(a, _)| !a.starts_with("on"))),
        "{name}: no handlers"
    );
    let mut ids: Vec<&str> = all(&page, "[id]").iter().filter_map(|e| e.attr("id")).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "{name}: every id once");
    for (selector, attribute) in [
        ("label[for]", "for"),
        ("[aria-describedby]", "aria-describedby"),
        ("[aria-labelledby]", "aria-labelledby"),
    ] {
        for element in all(&page, selector) {
            for id in element.attr(attribute).unwrap_or_default().split_whitespace() {
                assert!(
                    ids.binary_search(&id).is_ok(),
                    "{name}: {attribute} leads nowhere: {id}"
                );
            }
        }
    }
    assert!(
        all(&page, "[autofocus]").len() <= 1,
        "{name}: typing starts in one place"
    );
    assert!(
        !html.contains("type=\"password\" value=\"s"),
        "{name}: no password is drawn"
    );
}

#[test]
fn gallery() {
    let out = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/gallery");
    fs::create_dir_all(out.join("assets")).unwrap();
    for name in [
        "tokens.css",
        "base.css",
        "components.css",
        "app.js",
        "mark.svg",
        "app-logo.png",
    ] {
        let file = out.join(assets::asset(name).trim_start_matches('/'));
        fs::write(file, assets::bytes(name).unwrap()).unwrap();
    }
    for (name, html) in pages().into_iter().chain(doors::pages()) {
        judge(name, &html);
        fs::write(
            out.join(format!("{name}.html")),
            html.replace("\"/assets/", "\"assets/"),
        )
        .unwrap();
    }
    crate::browser::journey("gallery", &serde_json::json!({"folder": out}));
}

#[test]
fn what_was_typed_comes_back_harmless() {
    let mut form = sign_in();
    form.fill([
        ("email", "\"><script>alert(1)</script>"),
        ("password", "hunter2 hunter2"),
    ]);
    form.refuse_all("<b>No.</b>");
    let html = SignIn {
        shell: plain("</title><script>"),
        form,
    }
    .render()
    .unwrap();
    let page = Html::parse_document(&html);
    assert!(all(&page, "script:not([src])").is_empty());
    assert_eq!(
        all(&page, "#email")[0].attr("value"),
        Some("\"><script>alert(1)</script>")
    );
    assert_eq!(all(&page, "#password")[0].attr("value"), Some(""));
    assert!(!html.contains("hunter2"));
    assert!(all(&page, "[role=alert] b").is_empty());
}

#[test]
fn a_wrong_field_says_so_to_everybody() {
    let html = PersonForm {
        shell: plain("x"),
        form: wrong_person(),
    }
    .render()
    .unwrap();
    let page = Html::parse_document(&html);
    let email = all(&page, "#email")[0];
    assert_eq!(email.attr("aria-invalid"), Some("true"));
    assert_eq!(email.attr("aria-describedby"), Some("email-hint email-error"));
    assert_eq!(email.attr("value"), Some("ana@example.com"));
    assert_eq!(
        all(&page, "#email-error")[0].text().collect::<String>(),
        "Ana Ruiz already has this address."
    );
    assert_eq!(all(&page, "[autofocus]")[0].attr("id"), Some("given_name"));
    assert_eq!(all(&page, "[role=alert] a").len(), 4);
    assert_eq!(
        all(&page, "#metadata")[0].text().collect::<String>(),
        "<a>\n  <b/>\n</a>"
    );
}
