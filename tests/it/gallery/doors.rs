//! The real pages around signing in and one's own account, with sample facts: long names, many of them, and none.

use askama::{DynTemplate, Template};
use doorward::model::Timestamp;
use doorward::web::form::{Field, Form};
use doorward::web::member::passkey::PasskeyForm;
use doorward::web::page::Shell;
use doorward::web::pieces::Notice;

use super::{AT, plain};

struct Way {
    label: &'static str,
    href: &'static str,
}

struct Session {
    id: u8,
    device: String,
    through: &'static str,
    address: &'static str,
    is_here: bool,
    signed_in_at: Timestamp,
    last_seen_at: Timestamp,
    expires_at: Timestamp,
}

struct Key {
    name: String,
    rename: &'static str,
    removal: &'static str,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
}

#[derive(Template)]
#[template(path = "member/choice.html")]
struct Choice {
    shell: Shell,
    email: String,
    again: &'static str,
    last: Option<Way>,
    doors: Vec<Way>,
    passphrase: &'static str,
}

#[derive(Template)]
#[template(path = "member/account.html")]
struct Account {
    shell: Shell,
    name: String,
    email: String,
    role: &'static str,
    name_from: Option<String>,
    email_from: Option<String>,
    role_from: Option<String>,
    sessions: Vec<Session>,
    end: &'static str,
    end_others: &'static str,
    factors: &'static str,
    passphrase: Option<&'static str>,
    notice: Option<Notice>,
    home: &'static str,
}

#[derive(Template)]
#[template(path = "member/factors/show.html")]
struct Factors {
    shell: Shell,
    notice: Option<Notice>,
    totp: Option<Timestamp>,
    authenticator: &'static str,
    authenticator_removal: &'static str,
    keys: Vec<Key>,
    form: Form,
    passkey: Option<PasskeyForm>,
    codes: i64,
    has_passphrase: bool,
    recovery_codes: &'static str,
    account: &'static str,
}

#[derive(Template)]
#[template(path = "member/factors/codes.html")]
struct Codes {
    shell: Shell,
    codes: Vec<String>,
    back: &'static str,
}

#[derive(Template)]
#[template(path = "member/second_step.html")]
struct SecondStep {
    shell: Shell,
    form: Form,
    action: &'static str,
    has_passkeys: bool,
    passkey: Option<PasskeyForm>,
    reference: Option<&'static str>,
    login: &'static str,
}

#[derive(Template)]
#[template(path = "member/reauth.html")]
struct Reauth {
    shell: Shell,
    form: Form,
    action: &'static str,
    waits: bool,
    through: Option<(&'static str, &'static str)>,
    has_passphrase: bool,
    passkey: Option<PasskeyForm>,
    back: &'static str,
}

fn passkey() -> Option<PasskeyForm> {
    Some(PasskeyForm {
        action: "#".into(),
        challenge: "#".into(),
        origin: "https://id.example.com".into(),
    })
}

fn way(label: &'static str) -> Way {
    Way { label, href: "#" }
}

fn sessions() -> Vec<Session> {
    let devices = ["Firefox on Linux", "Safari on iPhone", "curl"];
    let session = |(id, device): (u8, &&str)| Session {
        id,
        device: (*device).to_owned(),
        through: ["Passphrase and second factor", "Okta", "A passkey"][usize::from(id)],
        address: [
            "203.0.113.9",
            "2001:db8:85a3:1234:5678:8a2e:370:7334",
            "127.0.0.1",
        ][usize::from(id)],
        is_here: id == 0,
        signed_in_at: AT,
        last_seen_at: AT,
        expires_at: AT,
    };
    (0..).zip(&devices).map(session).collect()
}

fn account(name: &str, sessions: Vec<Session>, notice: Option<Notice>) -> Account {
    Account {
        shell: plain("Your account"),
        name: name.to_owned(),
        email: format!("{}@example.com", name.to_lowercase().replace(' ', ".")),
        role: "Owner",
        name_from: Some("Okta".to_owned()),
        email_from: Some("Okta".to_owned()),
        role_from: None,
        sessions,
        end: "#",
        end_others: "#",
        factors: "#",
        passphrase: Some("#"),
        notice,
        home: "#",
    }
}

fn key(name: &str, last_used_at: Option<Timestamp>) -> Key {
    Key {
        name: name.to_owned(),
        rename: "#",
        removal: "#",
        created_at: AT,
        last_used_at,
    }
}

fn factors(keys: Vec<Key>, totp: Option<Timestamp>, passkey: Option<PasskeyForm>) -> Factors {
    let name = Field::text("name", "Name")
        .hint("By which you will know it: the device, or where it is kept.")
        .required();
    Factors {
        shell: plain("Second factors"),
        notice: None,
        totp,
        authenticator: "#",
        authenticator_removal: "#",
        keys,
        form: Form::new([name]),
        passkey,
        codes: 1,
        has_passphrase: true,
        recovery_codes: "#",
        account: "#",
    }
}

fn code() -> Field {
    Field::text("code", "Code")
        .hint("The six digits that your authenticator app shows now, or one of your recovery codes.")
        .mono()
        .required()
}

fn second_step(wrong: bool) -> SecondStep {
    let mut form = Form::new([code().focus()]);
    if wrong {
        form.trouble = Some("This code is not right, or was used before.".into());
    }
    SecondStep {
        shell: plain("Second step"),
        form,
        action: "#",
        has_passkeys: true,
        passkey: passkey().filter(|_| !wrong),
        reference: wrong.then_some("K7Q2-9FMD"),
        login: "#",
    }
}

fn reauth(has_passphrase: bool) -> Reauth {
    let passphrase = Field::password("passphrase", "Passphrase").required().focus();
    Reauth {
        shell: plain("Prove that it is you"),
        form: Form::new([passphrase, code()]),
        action: "#",
        waits: has_passphrase,
        through: (!has_passphrase).then_some(("Okta", "#")),
        has_passphrase,
        passkey: passkey(),
        back: "#",
    }
}

/// Each page with its name, drawn.
pub fn pages() -> Vec<(&'static str, String)> {
    let draw = |name, page: &dyn DynTemplate| (name, page.dyn_render().expect(name));
    let long = "Hubert Blaine Wolfeschlegelsteinhausenbergerdorff ".repeat(4);
    let due = Notice::needs_you(
        "Set up a second factor by 21 Dec 2026, 14:05.",
        "A passphrase alone is not enough for an owner or an admin.",
    );
    let choice = Choice {
        shell: plain("Choose how to sign in"),
        email: "ana@example.com".into(),
        again: "#",
        last: Some(way("Continue with Okta")),
        doors: vec![way("Continue with Microsoft Entra ID")],
        passphrase: "#",
    };
    let new_codes = Codes {
        shell: plain("Your recovery codes"),
        codes: (10_101..10_111).map(|n| format!("{n}-{}", n * 5)).collect(),
        back: "#",
    };
    let keys = vec![key("The phone", Some(AT)), key(&"x".repeat(64), None)];
    vec![
        draw("choice", &choice),
        draw("account", &account("Ana Ruiz", sessions(), None)),
        draw("account-long", &account(long.trim(), Vec::new(), Some(due))),
        draw("factors", &factors(keys, Some(AT), passkey())),
        draw("factors-none", &factors(Vec::new(), None, None)),
        draw("new-recovery-codes", &new_codes),
        draw("second-step", &second_step(false)),
        draw("second-step-wrong", &second_step(true)),
        draw("reauth", &reauth(true)),
        draw("reauth-through", &reauth(false)),
    ]
}
