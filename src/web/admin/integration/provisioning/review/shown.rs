//! From a plan, and from what was applied, to the lines of a page.

use serde_json::Value;

use crate::error::Result;
use crate::flows::provision::Effect;
use crate::flows::reconcile::plan::Line;
use crate::model::{LineKind, Review, ReviewLine, Timestamp};
use crate::store::{self, Reader};
use crate::web::admin::facts::{changes, count, label};
use crate::web::admin::integration::provisioning::shown::person_page;
use crate::web::pieces::{Change, State};
use crate::web::urls;

/// One line of the plan.
pub struct PlanLine {
    pub user: i64,
    pub href: String,
    pub user_name: String,
    pub kind: State,
    /// Name and page of whom it is about.
    pub person: Option<(String, String)>,
    pub why: String,
    pub does: Vec<String>,
    /// Why it cannot be applied as things are.
    pub refusal: Option<String>,
    pub reference: String,
    pub request: String,
    pub at: Timestamp,
}

/// A kind as a word with its shape.
pub fn kind_state(kind: LineKind) -> State {
    let word = kind.words();
    match kind {
        LineKind::Create | LineKind::Reactivate => State::working(word),
        LineKind::Link | LineKind::Change => State::waiting(word),
        LineKind::Email | LineKind::Deactivate => State::needs_you(word),
        LineKind::Nobody => State::off(word),
    }
}

/// Why a user is taken for somebody.
pub fn reason(line: &Line) -> &'static str {
    let waiting = &line.listed.waiting;
    match line.listed.kind {
        _ if waiting.chosen.is_some() => "An admin chose them.",
        LineKind::Create if waiting.is_new => "An admin chose that it is somebody new.",
        LineKind::Link if waiting.again.is_some() => {
            "This integration had them before, under the same name or externalId."
        }
        LineKind::Link => "The identity provider found their user here and wrote to it.",
        LineKind::Email => {
            "Only the e-mail address is the same. Nobody is linked unless you choose this line."
        }
        LineKind::Nobody => "Without an e-mail address nobody can be made of it.",
        _ => "",
    }
}

pub fn plan_line(r: &Reader, slug: &str, line: &Line) -> Result<PlanLine> {
    let waiting = &line.listed.waiting;
    let user = waiting.user_seq;
    let person = match line.listed.person {
        Some(id) => store::people::find(r, id)?,
        None => None,
    };
    let (does, refusal) = match &line.outcome {
        Ok(applied) => (does(&applied.effects, &applied.notes), None),
        Err(why) => (Vec::new(), Some(why.clone())),
    };
    Ok(PlanLine {
        user,
        href: urls::provisioned(slug, "review", &user.to_string()),
        user_name: line.listed.user_name.clone(),
        kind: kind_state(line.listed.kind),
        person: person.map(|person| (person.display_name(), person_page(person.id))),
        why: reason(line).to_owned(),
        does,
        refusal,
        reference: waiting.reference.clone(),
        request: urls::scim_request(&waiting.reference, waiting.at),
        at: waiting.at,
    })
}

/// What it does, a sentence each; remarks only where it does nothing.
pub fn does(effects: &[Effect], notes: &[String]) -> Vec<String> {
    let mut words: Vec<String> = effects.iter().flat_map(effect_words).collect();
    if words.is_empty() {
        words.extend(notes.iter().cloned());
    }
    if words.is_empty() {
        words.push("Nothing of it differs for the person.".to_owned());
    }
    words
}

fn effect_words(effect: &Effect) -> Vec<String> {
    let text = |name: &str| effect.detail[name].as_str().unwrap_or_default().to_owned();
    match effect.what.as_str() {
        "added" if effect.detail["state"] == "deactivated" => {
            vec![format!(
                "Added as {} ({}), deactivated",
                effect.label,
                text("email")
            )]
        }
        "added" => vec![format!("Added as {} ({})", effect.label, text("email"))],
        "linked" => vec![format!("Linked to {}", effect.label)],
        "deactivated" => {
            let ended = effect.detail["sessions_ended"].as_i64().unwrap_or(0);
            let more = if ended > 0 {
                format!(", {}", count(ended, "session ended", "sessions ended"))
            } else {
                String::new()
            };
            vec![format!("Deactivated{more}")]
        }
        "reactivated" => vec!["Reactivated".to_owned()],
        "none" => vec![text("why")],
        _ => diff(&effect.detail)
            .iter()
            .map(|change| {
                let part = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
                format!(
                    "{}: {} → {}",
                    change.name,
                    part(&change.was),
                    part(&change.becomes)
                )
            })
            .collect(),
    }
}

/// The fields that an effect changes.
pub fn diff(detail: &Value) -> Vec<Change> {
    match (detail.get("before"), detail.get("after")) {
        (Some(before), Some(after)) => changes(&before.to_string(), &after.to_string())
            .into_iter()
            .map(|mut change| {
                change.name = label(&change.name);
                change
            })
            .filter(|change| change.was != change.becomes)
            .collect(),
        _ => Vec::new(),
    }
}

/// One line of what was applied.
pub struct DoneLine {
    pub user_name: String,
    pub kind: State,
    pub person: Option<(String, String)>,
    pub does: Vec<String>,
    pub left_alone: Vec<String>,
    pub reference: String,
    pub request: String,
}

pub fn done_line(r: &Reader, line: &ReviewLine, at: Timestamp) -> Result<DoneLine> {
    let person = match line.person_id {
        Some(id) => store::people::find(r, id)?,
        None => None,
    };
    let effects: Vec<Effect> = serde_json::from_str(&line.effects).unwrap_or_default();
    let notes: Vec<String> = serde_json::from_str(&line.notes).unwrap_or_default();
    Ok(DoneLine {
        user_name: line.user_name.clone(),
        kind: kind_state(line.kind),
        person: person.map(|person| (person.display_name(), person_page(person.id))),
        does: does(&effects, &notes),
        left_alone: line.left_alone.clone(),
        reference: line.reference.clone(),
        request: urls::scim_request(&line.reference, at),
    })
}

pub fn done_lines(r: &Reader, lines: &[ReviewLine], at: Timestamp) -> Result<Vec<DoneLine>> {
    lines.iter().map(|line| done_line(r, line, at)).collect()
}

/// `3 added, 1 linked`: what a review came to.
pub fn counts_words(review: &Review) -> String {
    let words: Vec<String> = review
        .counts
        .iter()
        .map(|(kind, many)| {
            let done = match kind {
                LineKind::Create => "added",
                LineKind::Link | LineKind::Email => "linked",
                LineKind::Change => "changed",
                LineKind::Deactivate => "deactivated",
                LineKind::Reactivate => "reactivated",
                LineKind::Nobody => "without an address",
            };
            format!("{many} {done}")
        })
        .collect();
    if words.is_empty() {
        "nothing".to_owned()
    } else {
        words.join(", ")
    }
}
