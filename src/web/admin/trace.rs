//! The trace of one attempt: every rule with what it expected and met, what arrived, what to do next.

use actix_web::web;
use askama::Template;

use super::facts::{device, label, outcome_state};
use crate::flows::enforce;
use crate::flows::sign_on::FLOW_LIFE;
use crate::model::sign_in::Mapped;
use crate::model::{Attribute, Check, Connection, Outcome, Person, SignIn, SignInKind, Verdict};
use crate::store;
use crate::web::fail::Answer;
use crate::web::gate::Visit;
use crate::web::page::{Section, Shell, render};
use crate::web::pieces::{CheckLine, State, check_lines};
use crate::web::routes::{Access, Route, get};
use crate::web::urls;

pub fn routes() -> Vec<Route> {
    vec![get("/admin/activity/sign-ins/{reference}", Access::TRACES, show)]
}

/// What the admin may do about it.
struct Suggestion {
    text: String,
    label: &'static str,
    href: String,
}

#[derive(Template)]
#[template(path = "admin/activity/trace.html")]
struct TracePage {
    shell: Shell,
    way_back: (String, String),
    /// Nothing came back yet, and it still may.
    is_under_way: bool,
    headline: String,
    sentences: Vec<String>,
    state: State,
    sign_in: SignIn,
    who: Option<(String, String)>,
    through: Option<(String, String)>,
    started_by: Option<String>,
    device: String,
    /// What failed or should be looked at, before all of them.
    standing_out: Vec<CheckLine>,
    lines: Vec<CheckLine>,
    tally: String,
    attributes: Vec<Attribute>,
    mapped: Vec<Mapped>,
    suggestions: Vec<Suggestion>,
}

/// An attempt with what it names.
struct Found {
    sign_in: SignIn,
    connection: Option<Connection>,
    person: Option<Person>,
    started_by: Option<Person>,
}

async fn show(visit: Visit, reference: web::Path<String>) -> Answer {
    let reference = reference.into_inner().trim().to_uppercase();
    let reading = visit.ctx.store.reading(move |r| {
        let sign_in = store::sign_ins::get_by_reference(r, &reference)?;
        let person = |id: Option<_>| id.map_or(Ok(None), |id| store::people::find(r, id));
        Ok(Found {
            connection: sign_in
                .connection_id
                .map_or(Ok(None), |id| store::connections::find(r, id))?,
            person: person(sign_in.person_id)?,
            started_by: person(sign_in.started_by)?,
            sign_in,
        })
    });
    let found = reading.await?;
    let is_waiting = found.sign_in.outcome == Outcome::Waiting;
    let is_under_way = is_waiting && visit.ctx.now().since(found.sign_in.started_at) <= FLOW_LIFE;
    let is_test = found.sign_in.kind == SignInKind::Test;
    let integration = |c: &Connection| (c.name.clone(), urls::integration(c.slug.as_str()));
    let back = match &found.connection {
        Some(connection) if is_test => integration(connection),
        _ => ("Sign-ins".to_owned(), urls::sign_ins()),
    };
    let lines = check_lines(&found.sign_in.trace.checks);
    let what = if is_test { "Test" } else { "Sign-in" };
    Ok(render(&TracePage {
        shell: visit
            .shell(&format!("{what} {}", found.sign_in.reference))
            .at(Section::Activity),
        way_back: back,
        is_under_way,
        headline: headline(&found, is_under_way),
        sentences: sentences(&found, is_under_way),
        state: outcome_state(&found.sign_in),
        who: found
            .person
            .as_ref()
            .map(|p| (p.display_name(), urls::person(&p.id.to_string()))),
        through: found.connection.as_ref().map(integration),
        started_by: found.started_by.as_ref().map(Person::display_name),
        device: device(&found.sign_in.user_agent),
        standing_out: lines.iter().filter(|line| line.is_open).cloned().collect(),
        tally: tally(&found.sign_in.trace.checks),
        lines,
        attributes: found.sign_in.trace.attributes.clone(),
        mapped: found
            .sign_in
            .trace
            .mapped
            .iter()
            .map(|m| Mapped {
                field: label(&m.field),
                ..m.clone()
            })
            .collect(),
        suggestions: suggestions(&found, is_under_way),
        sign_in: found.sign_in,
    }))
}

/// How the checks went, all together.
fn tally(checks: &[Check]) -> String {
    let of = |verdict| checks.iter().filter(|c| c.verdict == verdict).count();
    let parts = [
        (of(Verdict::Passed) + of(Verdict::Warned), "passed"),
        (of(Verdict::Failed), "failed"),
        (of(Verdict::NotReached), "not reached"),
    ];
    let said = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, words)| format!("{number} {words}"));
    format!(
        "All checks in their order: {}",
        said.collect::<Vec<_>>().join(", ")
    )
}

fn headline(found: &Found, is_under_way: bool) -> String {
    let words = match (found.sign_in.kind, found.sign_in.outcome) {
        (_, Outcome::Waiting) if is_under_way => "Waiting for the identity provider",
        (_, Outcome::Waiting) => "Nothing came back",
        (SignInKind::Test, Outcome::Succeeded) => "Test passed",
        (SignInKind::Test, _) => "Test failed",
        (_, Outcome::Succeeded) => "Signed in",
        (_, Outcome::Refused) => "Refused",
        (_, Outcome::Unknown) => "The sign-in was good, but there is no account here",
        (_, Outcome::Unproved) => "The sign-in was good, but the account must be proved once",
        (_, Outcome::Deactivated) => "The sign-in was good, but the account is deactivated",
        (_, Outcome::Restarted) => "Started again from here",
    };
    words.to_owned()
}

fn sentences(found: &Found, is_under_way: bool) -> Vec<String> {
    let sign_in = &found.sign_in;
    let name = found
        .connection
        .as_ref()
        .map_or("The identity provider", |c| c.name.as_str());
    let mut list = Vec::new();
    match sign_in.outcome {
        Outcome::Waiting if is_under_way => {
            list.push(format!("The browser was sent to {name}. What comes back shows up here."));
        }
        Outcome::Waiting => list.push(format!(
            "The browser was sent to {name} and did not come back. Mostly the person stopped there, or {name} refused: \
             the app is not assigned to them, or its settings differ from what this integration's page shows."
        )),
        Outcome::Restarted => list.push(
            "The response was one that nobody had asked for, such as a tile in a portal. Doorward did not trust it and \
             started a sign-in of its own, which has a line of its own."
                .to_owned(),
        ),
        Outcome::Refused => list.extend(failed_title(sign_in).map(|title| format!("Not met: {title}."))),
        _ => {}
    }
    if sign_in.kind == SignInKind::Test && sign_in.outcome != Outcome::Waiting {
        list.push("This was a test: no session was made, nobody was linked, nothing was changed.".to_owned());
        if sign_in.outcome == Outcome::Succeeded {
            list.push(what_it_would_do(found));
        }
    }
    list
}

fn failed_title(sign_in: &SignIn) -> Option<&str> {
    sign_in
        .trace
        .checks
        .iter()
        .find(|c| c.verdict == Verdict::Failed)
        .map(|c| c.title.as_str())
}

/// What the same response would have led to, had it not been a test.
fn what_it_would_do(found: &Found) -> String {
    let account = found
        .sign_in
        .trace
        .checks
        .iter()
        .find(|c| c.code == "account.found");
    let must_prove = account.is_some_and(|c| c.verdict == Verdict::Warned);
    match &found.person {
        None => {
            "A real sign-in would have ended on the page that says that there is no account here.".to_owned()
        }
        Some(person) if !person.is_active() => {
            format!(
                "A real sign-in would have been turned away: the account of {} is deactivated.",
                person.display_name()
            )
        }
        Some(person) if must_prove => format!(
            "A real sign-in would have asked {} to prove the account once, then signed them in.",
            person.display_name()
        ),
        Some(person) => format!("A real sign-in would have signed in {}.", person.display_name()),
    }
}

fn suggestions(found: &Found, is_under_way: bool) -> Vec<Suggestion> {
    let sign_in = &found.sign_in;
    let mut list = Vec::new();
    let mut suggest = |text: String, label, href| list.push(Suggestion { text, label, href });
    let slug = found.connection.as_ref().map(|c| c.slug.as_str());
    let account = sign_in.trace.checks.iter().find(|c| c.code == "account.found");
    if found.person.is_none() && account.is_some_and(|c| c.verdict == Verdict::Failed) {
        let email = sign_in.email.as_deref().unwrap_or_default();
        let known = [
            ("email", email),
            ("given_name", sign_in.given_name.as_deref().unwrap_or_default()),
            ("family_name", sign_in.family_name.as_deref().unwrap_or_default()),
        ];
        let who = if email.is_empty() { "this person" } else { email };
        suggest(
            format!("Should {who} come in?"),
            "Add the person",
            urls::query(&urls::new_person(), &known),
        );
    }
    if let Some(person) = found.person.as_ref().filter(|p| !p.is_active()) {
        let text = format!("Should {} come in again?", person.display_name());
        suggest(text, "Open their account", urls::person(&person.id.to_string()));
    }
    if let (Outcome::Unproved, Some(slug), Some(email)) = (sign_in.outcome, slug, &sign_in.email) {
        let domain = email.rsplit('@').next().unwrap_or_default();
        let text = format!("To link everybody of {domain} without asking, an owner can confirm the domain.");
        suggest(
            text,
            "Domains of the integration",
            urls::integration_part(slug, "domains"),
        );
    }
    if let (true, Some(slug)) = (
        sign_in.outcome == Outcome::Refused || (sign_in.outcome == Outcome::Waiting && !is_under_way),
        slug,
    ) {
        let problem = sign_in.problem.as_deref().unwrap_or_default();
        let (text, label, part) = match problem {
            enforce::ELSEWHERE => (
                "Another way in is enforced for this person. Is that meant?",
                "Integration",
                "enforcement",
            ),
            "oidc.credential" | "oidc.token_refused" | "oidc.keys" | "oidc.unreachable" => (
                "Are issuer, client ID and client secret those that the provider shows today?",
                "Identity provider",
                "identity-provider",
            ),
            "oidc.auth_time" | "oidc.request" => (
                "This depends on how the integration is set.",
                "Settings of the integration",
                "settings",
            ),
            p if p.starts_with("saml.") && (p.contains("signature") || p.contains("certificate")) => (
                "Does Doorward know the certificate that the provider signs with today?",
                "Identity provider",
                "identity-provider",
            ),
            p if p.contains("name_id")
                || p.contains("subject")
                || p.contains("transient")
                || p.contains("unsolicited") =>
            {
                (
                    "This depends on how the integration is set.",
                    "Settings of the integration",
                    "settings",
                )
            }
            _ => (
                "Compare the values at the provider with what they should be.",
                "Values of the integration",
                "",
            ),
        };
        let href = if part.is_empty() {
            urls::integration(slug)
        } else {
            urls::integration_part(slug, part)
        };
        suggest(text.to_owned(), label, href);
    }
    list
}
