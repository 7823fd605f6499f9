//! The lines of the page: what is on or planned, what must be proved, who is affected.

use crate::flows::enforce::{Group, Listed, Missing, Proofs};
use crate::model::enforcement::Standing;
use crate::model::{Enforcement, Timestamp};
use crate::web::admin::facts::count;
use crate::web::pieces::State;
use crate::web::urls;

/// One that is on, planned or waits.
pub struct Current {
    pub state: State,
    pub whom: String,
    /// Since when, or from when on; in words with the zone.
    pub when: String,
    pub made_by: String,
    /// Why it does not count now.
    pub void: Option<String>,
    pub rollback: Option<String>,
    pub end: String,
    pub start: Option<String>,
}

/// One line of what must be proved first.
pub struct Proof {
    pub state: State,
    pub words: String,
    /// Label and address of the way there.
    pub way: Option<(&'static str, String)>,
}

pub struct PersonLine {
    pub name: String,
    pub email: String,
    pub href: String,
    pub state: State,
}

pub fn current_line(slug: &str, enforcement: Enforcement, void: Option<String>, now: Timestamp) -> Current {
    let id = enforcement.id.to_string();
    let at = |act| urls::enforcement(slug, &id, act);
    let (state, when) = match enforcement.standing() {
        Standing::Planned => (
            State::waiting("Planned"),
            format!("from {} UTC on", enforcement.starts_at.human()),
        ),
        Standing::Waiting => (
            State::needs_you("Needs you: it waits"),
            format!(
                "since {} UTC, because not everything was proved",
                enforcement.starts_at.human()
            ),
        ),
        _ if void.is_some() => (
            State::needs_you("Needs you: it does not count"),
            since(&enforcement),
        ),
        _ => (State::working("Enforced"), since(&enforcement)),
    };
    Current {
        state,
        when,
        whom: enforcement.whom(),
        rollback: enforcement.may_roll_back(now).then(|| at("rollback")),
        end: at("end"),
        start: (enforcement.standing() == Standing::Waiting).then(|| at("start")),
        made_by: enforcement.made_by,
        void,
    }
}

pub fn since(enforcement: &Enforcement) -> String {
    let at = enforcement.started_at.unwrap_or(enforcement.starts_at);
    format!("since {} UTC", at.human())
}

pub fn proof_lines(proofs: &Proofs, slug: &str, now: Timestamp) -> Vec<Proof> {
    let missing = |of: fn(&Missing) -> bool| proofs.missing.iter().find(|one| of(one)).map(Missing::words);
    let line = |missing: Option<String>, done: String, way: (&'static str, String)| match missing {
        Some(words) => Proof {
            state: State::needs_you("Missing"),
            words,
            way: Some(way),
        },
        None => Proof {
            state: State::working("Done"),
            words: done,
            way: None,
        },
    };
    let tested = proofs.test.as_ref().map_or_else(String::new, |test| {
        let at = test.finished_at.unwrap_or(test.started_at).human();
        format!("You passed a test sign-in through it at {at} UTC.")
    });
    let proved = proofs.break_glass.iter().filter(|one| one.is_proved(now)).count();
    let proved = count(
        i64::try_from(proved).unwrap_or(0),
        "break-glass owner has proved passphrase and second factor within 30 days.",
        "break-glass owners have proved passphrase and second factor within 30 days.",
    );
    vec![
        line(
            missing(|m| matches!(m, Missing::Door(_))),
            "People can come in through it.".to_owned(),
            ("Go to the integration", urls::integration(slug)),
        ),
        line(
            missing(|m| *m == Missing::Test),
            tested,
            ("Test the sign-in", String::new()),
        ),
        line(
            missing(|m| matches!(m, Missing::BreakGlass | Missing::Proof)),
            proved,
            ("Break-glass owners", urls::break_glass()),
        ),
    ]
}

pub fn person_line(listed: &Listed) -> PersonLine {
    let state = match listed.group {
        Group::Linked => State::working("Signs in through it"),
        Group::Known => State::waiting("Has an account there, never came through it"),
        Group::Unknown => State::needs_you("No account there is known"),
        Group::Exempt => State::off("Exempt: break-glass owner"),
    };
    PersonLine {
        name: listed.person.display_name(),
        email: listed.person.email.to_string(),
        href: urls::person(&listed.person.id.to_string()),
        state,
    }
}
