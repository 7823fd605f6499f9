//! In and out: people, teams, access groups and mappings as files, over HTTP.

mod access;
mod mapping;
mod people;
mod round;

use crate::app::{PASSPHRASE, Page, TestApp, Visitor};

pub const PEOPLE: &str = "/admin/people/transfer";
pub const TEAMS: &str = "/admin/access/teams/transfer";
pub const GROUPS: &str = "/admin/access/groups/transfer";
pub const CAROL: &str = "carol@example.com";

/// With carol, who has this role and is signed in.
pub fn with_carol(role: &str) -> (TestApp, Visitor) {
    let app = TestApp::start();
    app.add(CAROL, role);
    app.give_passphrase(CAROL, PASSPHRASE);
    let carol = app.signed_in(CAROL, PASSPHRASE);
    (app, carol)
}

/// Pastes a file and looks; the address of the report.
pub fn look(visitor: &Visitor, at: &str, text: &str) -> String {
    let page = visitor.post(at, &[("text", text)]);
    assert_eq!(page.status, 303, "{}", page.text());
    page.to().to_owned()
}

/// Why a file is not taken at all.
pub fn refused(visitor: &Visitor, at: &str, text: &str) -> String {
    let page = visitor.post(at, &[("text", text)]);
    assert_eq!(page.status, 422, "{}", page.text());
    page.all(".error").join(" ")
}

/// The rows of a report: number, name, outcome and what.
pub fn rows(page: &Page) -> Vec<[String; 4]> {
    let numbers = page.all("tbody td[data-label=Row]");
    let names = page.all("tbody th");
    let outcomes = page.all("tbody td[data-label=Outcome]");
    let whats = page.all("tbody td[data-label=What]");
    let rows = numbers.into_iter().zip(names).zip(outcomes).zip(whats);
    rows.map(|(((number, name), outcome), what)| [number, name, outcome, what])
        .collect()
}

/// Looks, and imports what was shown.
pub fn import(visitor: &Visitor, at: &str, text: &str) -> Page {
    let report = look(visitor, at, text);
    let done = visitor.post(&report, &[]);
    assert_eq!(done.status, 303, "{}", done.text());
    visitor.get(&report)
}

pub fn download(visitor: &Visitor, at: &str, file: &str) -> String {
    let page = visitor.get(&format!("{at}/files/{file}"));
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.header("content-disposition").contains(file));
    page.text()
}

/// One text from the database, for one person.
pub fn of(app: &TestApp, email: &str, column: &str) -> Option<String> {
    crate::access::text(
        app,
        &format!("SELECT {column} FROM people WHERE email = '{email}'"),
    )
}
