//! From what the store holds to what several pages show: states, certificates, changes, devices.

use serde_json::Value;

use crate::model::connection::ConnectionState;
use crate::model::time::DAY;
use crate::model::{
    Action, Connection, Event, Outcome, Person, PersonId, PinnedCertificate, SignIn, SignInKind, Timestamp,
};
use crate::web::pieces::{Change, State};
use crate::web::urls;

pub fn person_state(person: &Person) -> State {
    match (person.is_active(), person.last_sign_in_at) {
        (false, _) => State::off("Deactivated"),
        (true, None) => State::waiting("Not signed in yet"),
        (true, Some(_)) => State::working("Active"),
    }
}

pub fn connection_state(connection: &Connection, now: Timestamp) -> State {
    match connection.state(now) {
        ConnectionState::Draft => State::waiting("Draft"),
        ConnectionState::Off => State::off("Off"),
        ConnectionState::SwitchedOff => State::off("Switched off for everybody"),
        ConnectionState::Broken => State::needs_you("Needs you: certificate ended"),
        ConnectionState::Expiring => State::needs_you("Needs you: certificate ends soon"),
        ConnectionState::Working => State::working("Working"),
    }
}

pub fn outcome_state(sign_in: &SignIn) -> State {
    let words = match (sign_in.kind, sign_in.outcome) {
        (SignInKind::Test, Outcome::Succeeded) => "Test passed",
        (SignInKind::Test, Outcome::Refused) => "Test failed",
        (_, outcome) => outcome.words(),
    };
    match sign_in.outcome {
        Outcome::Succeeded => State::working(words),
        Outcome::Waiting | Outcome::Restarted | Outcome::Unproved => State::waiting(words),
        Outcome::Refused | Outcome::Unknown => State::needs_you(words),
        Outcome::Deactivated => State::off(words),
    }
}

/// `12 days`, `1 day`, `less than a day`: how far apart two moments are.
pub fn days(millis: i64) -> String {
    match millis.abs() / DAY {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

/// `1 person`, `14 people`.
pub fn count(number: i64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A pinned certificate as a page lists it.
pub struct CertificateLine {
    pub subject: String,
    pub fingerprint: String,
    pub key: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub state: State,
    pub removal: String,
}

pub fn certificate_state(not_before: Timestamp, not_after: Timestamp, now: Timestamp) -> State {
    let left = not_after.since(now);
    if left <= 0 {
        State::needs_you(format!("Ended {} ago", days(left)))
    } else if not_before > now {
        State::waiting(format!("Begins in {}", days(not_before.since(now))))
    } else if left <= 30 * DAY {
        State::needs_you(format!("Ends in {}", days(left)))
    } else if left <= 60 * DAY {
        State::waiting(format!("Ends in {}", days(left)))
    } else {
        State::working(format!("Good for {}", days(left)))
    }
}

pub fn certificate_lines(slug: &str, list: &[PinnedCertificate], now: Timestamp) -> Vec<CertificateLine> {
    let line = |c: &PinnedCertificate| CertificateLine {
        subject: c.subject.clone(),
        fingerprint: c.fingerprint.clone(),
        key: c.key.clone(),
        not_before: c.not_before,
        not_after: c.not_after,
        state: certificate_state(c.not_before, c.not_after, now),
        removal: urls::certificate_removal(slug, &c.fingerprint),
    };
    list.iter().map(line).collect()
}

/// `Firefox on Linux`: enough to tell one's own devices apart. The whole header is what nobody reads.
pub fn device(user_agent: &str) -> String {
    let first = |names: &[(&str, &'static str)]| {
        names
            .iter()
            .find(|(sign, _)| user_agent.contains(sign))
            .map(|(_, name)| *name)
    };
    let browsers = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let systems = [
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS X", "Mac"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    match (first(&browsers), first(&systems)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) if user_agent.is_empty() => "unknown".to_owned(),
        (None, None) => user_agent.chars().take(40).collect(),
    }
}

/// One event as the audit page and timelines show it.
pub struct EventLine {
    pub sequence: i64,
    pub at: Timestamp,
    pub who: String,
    pub what: String,
    pub subject: String,
    pub subject_href: Option<String>,
    pub changes: Vec<Change>,
    /// `sign-in` or `request`: what caused it.
    pub through: &'static str,
    /// Reference and address of that.
    pub reference: Option<(String, String)>,
}

impl EventLine {
    /// What the line that opens says of the changes behind it.
    pub fn summary(&self) -> String {
        count(
            i64::try_from(self.changes.len()).unwrap_or(i64::MAX),
            "detail",
            "details",
        )
    }
}

/// `slug_of` finds the page of a connection, which an event names by id.
pub fn event_line(event: &Event, slug_of: impl Fn(&str) -> Option<String>) -> EventLine {
    let subject_href = match event.subject_kind.as_str() {
        "person" => PersonId::parse(&event.subject_id).map(|id| urls::person(&id.to_string())),
        "connection" => slug_of(&event.subject_id).map(|slug| urls::integration(&slug)),
        "organization" => Some(urls::settings()),
        _ => None,
    };
    EventLine {
        sequence: event.sequence,
        at: event.at,
        who: event.actor_label.clone(),
        what: Action::parse(&event.action)
            .map_or_else(|| event.action.clone(), |action| action.words().to_owned()),
        subject: event.subject_label.clone(),
        subject_href,
        changes: changes(&event.before, &event.after),
        through: if is_of_scim(event) { "request" } else { "sign-in" },
        reference: event.reference.clone().map(|reference| {
            let href = if is_of_scim(event) {
                urls::scim_request(&reference, event.at)
            } else {
                urls::sign_in(&reference)
            };
            (reference, href)
        }),
    }
}

/// Does its reference name a request of a SCIM client, not a sign-in?
fn is_of_scim(event: &Event) -> bool {
    let kinds = ["removal.", "scim_request.", "directory_user.", "directory_group."];
    // What an admin lets through is told with the request that asked for it.
    let let_through =
        matches!(event.actor_kind.as_str(), "person" | "command") && event.action.starts_with("person.");
    event.actor_kind == "connection" || let_through || kinds.iter().any(|kind| event.action.starts_with(kind))
}

/// What an event says of before and after, field by field.
pub fn changes(before: &str, after: &str) -> Vec<Change> {
    let read = |text: &str| match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let (before, after) = (read(before), read(after));
    let mut names: Vec<&String> = after
        .keys()
        .chain(before.keys().filter(|name| !after.contains_key(*name)))
        .collect();
    names.sort_by_key(|name| order(name));
    let change = |name: &&String| {
        let (was, is) = (
            before.get(*name).and_then(words),
            after.get(*name).and_then(words),
        );
        Change::new(label(name), was.as_deref(), is.as_deref())
    };
    names
        .iter()
        .map(change)
        .filter(|change| change.was.is_some() || change.becomes.is_some())
        .collect()
}

fn order(name: &str) -> usize {
    let first = [
        "name",
        "given_name",
        "family_name",
        "email",
        "role",
        "own_role",
        "team",
        "access_group",
        "state",
    ];
    first
        .iter()
        .position(|known| *known == name)
        .unwrap_or(first.len())
}

fn words(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(yes) => Some(if *yes { "yes" } else { "no" }.to_owned()),
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(list) if list.is_empty() => None,
        Value::Array(list) => Some(list.iter().filter_map(words).collect::<Vec<_>>().join("\n")),
        other => Some(other.to_string()),
    }
}

/// Field names as people say them; an unknown one loses its underscores.
pub fn label(name: &str) -> String {
    let known = [
        ("email", "E-mail"),
        ("idp", "Identity provider"),
        ("sso_redirect_url", "Sign-in URL (redirect)"),
        ("sso_post_url", "Sign-in URL (POST)"),
        ("entity_id", "Entity ID"),
        ("base_url", "Base URL"),
        ("enabled", "On"),
        ("unsolicited", "Unrequested responses"),
        ("how", "Linked because"),
        ("oidc.issuer", "Issuer"),
        ("oidc.client_id", "Client ID"),
        ("oidc.client_auth", "How Doorward proves itself"),
        ("oidc.secret_set_at", "Client secret or key set"),
        ("oidc.scopes", "Scopes"),
        ("oidc.prompt", "Prompt"),
        ("oidc.acr_values", "ACR values"),
        ("oidc.login_hint", "Login hint"),
        ("oidc.userinfo", "Asks UserInfo"),
        ("oidc.sign_out_there", "Signs out there too"),
        ("oidc.subject_claim", "Claim that identifies the person"),
        ("oidc.authorization_endpoint", "Authorization endpoint"),
        ("oidc.token_endpoint", "Token endpoint"),
        ("oidc.jwks_uri", "Address of its keys"),
        ("oidc.userinfo_endpoint", "UserInfo endpoint"),
        ("oidc.end_session_endpoint", "Sign-out endpoint"),
        ("oidc.signing_algorithms", "Signature algorithms"),
        ("oidc.sends_iss", "Sends its issuer with answers"),
        ("scim.enabled", "Provisioning"),
        ("scim.sync", "Reaches people"),
        ("scim.create", "Adds people"),
        ("scim.update", "Changes people"),
        ("scim.deactivate", "Deactivates people"),
        ("scim.guard_people", "Guard, people"),
        ("scim.guard_percent", "Guard, percent"),
        ("scim.required", "Required of a user"),
        ("scim.groups_in_users", "Groups in users"),
        ("scim.refuse_unknown_members", "Unknown members refused"),
        ("scim.invite", "Invites whoever it adds"),
        ("scim.log_days", "Days that requests are kept"),
    ];
    if let Some((_, words)) = known.iter().find(|(key, _)| *key == name) {
        return (*words).to_owned();
    }
    let spaced = name.replace('_', " ");
    let mut letters = spaced.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// One answer of a select above a table.
pub struct Choice {
    pub value: String,
    pub label: String,
    pub selected: bool,
}

/// A select's answers, the first of which asks for everything.
pub fn choices<'a>(
    all: &'a str,
    of: impl IntoIterator<Item = (&'a str, &'a str)>,
    chosen: &str,
) -> Vec<Choice> {
    let choice = |(value, label): (&str, &str)| Choice {
        value: value.into(),
        label: label.into(),
        selected: value == chosen,
    };
    std::iter::once(("", all)).chain(of).map(choice).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_said_in_words_and_in_order() {
        let list = changes(
            r#"{"role":"member","email":"a@b.c","gone":[]}"#,
            r#"{"role":"admin","email":"d@b.c"}"#,
        );
        assert_eq!(list[0], Change::new("E-mail", Some("a@b.c"), Some("d@b.c")));
        assert_eq!(list[1], Change::new("Role", Some("member"), Some("admin")));
        assert_eq!(list.len(), 2);
        assert!(changes("null", "null").is_empty());
    }

    #[test]
    fn a_device_is_browser_and_system() {
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 Edg/120.0";
        assert_eq!(device(edge), "Edge on Windows");
        assert_eq!(device(""), "unknown");
        assert_eq!(device("curl/8.5.0"), "curl/8.5.0");
    }

    #[test]
    fn a_certificate_says_how_long_it_lasts() {
        let now = Timestamp(100 * DAY);
        let at = |days: i64| certificate_state(Timestamp(0), now.plus(days * DAY), now);
        assert_eq!(at(400), State::working("Good for 400 days"));
        assert_eq!(at(59), State::waiting("Ends in 59 days"));
        assert_eq!(at(3), State::needs_you("Ends in 3 days"));
        assert_eq!(at(-1), State::needs_you("Ended 1 day ago"));
    }
}
