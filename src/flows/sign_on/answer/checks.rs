//! The rules that only the flow can judge, as lines of the trace.

use crate::flows::sign_on::link::Found;
use crate::model::{Check, Connection, Protocol, SignIn, Timestamp, Verdict};
use crate::saml::SamlProblem;

/// What a person and a list need of a broken rule; the check has the rest.
#[derive(Clone, Debug)]
pub struct Broken {
    pub code: String,
    pub title: &'static str,
}

impl From<&SamlProblem> for Broken {
    fn from(problem: &SamlProblem) -> Self {
        Self {
            code: problem.code().to_owned(),
            title: words(problem.code()),
        }
    }
}

impl From<&Check> for Broken {
    fn from(check: &Check) -> Self {
        Self {
            code: check.code.clone(),
            title: words(&check.code),
        }
    }
}

/// What the person is told; the admin reads the check.
fn words(code: &str) -> &'static str {
    match code {
        "saml.in_response_to" | "oidc.state" => "This answer does not belong to a sign-in that is under way.",
        "saml.browser" | "oidc.browser" => "This sign-in was started in another browser.",
        "saml.too_late" | "oidc.too_late" => "The sign-in took too long.",
        "saml.unsolicited" => "Sign-ins have to start here, not at the identity provider.",
        "saml.connection_off" | "oidc.connection_off" => "Signing in this way is switched off.",
        "saml.not_set_up" | "oidc.not_set_up" => "Signing in this way is not set up yet.",
        "oidc.unreachable" | "oidc.keys" | "oidc.token_answer" => {
            "The identity provider does not answer as it should. Try again in a moment."
        }
        "oidc.auth_time" => "You have to prove at the identity provider that it is you, and did not.",
        "oidc.expired" => "The answer of the identity provider came too late, or a clock is wrong.",
        "oidc.not_yet_valid" => "A clock is wrong, here or at the identity provider.",
        "saml.not_fresh" => "You have to prove at the identity provider that it is you, and did not.",
        "saml.idp_status" | "oidc.denied" => "The identity provider did not sign you in.",
        "saml.expired" => "The answer of the identity provider came too late, or a clock is wrong.",
        "saml.not_yet_valid" => "A clock is wrong, here or at the identity provider.",
        "saml.session_expired" => "Your session at the identity provider has ended. Sign in there again.",
        "saml.encoding" | "saml.xml" | "saml.size" => {
            "The answer of the identity provider could not be read."
        }
        _ => "You signed in at the identity provider, but its answer does not pass the checks here.",
    }
}

pub fn failed(
    code: &str,
    title: &str,
    expected: Option<String>,
    received: Option<String>,
    remedy: &str,
) -> Check {
    Check {
        code: code.to_owned(),
        title: title.to_owned(),
        verdict: Verdict::Failed,
        expected,
        received,
        remedy: Some(remedy.to_owned()),
    }
}

pub fn of_problem(problem: &SamlProblem) -> Check {
    failed(
        problem.code(),
        problem.title(),
        problem.expected(),
        problem.received(),
        &problem.remedy(),
    )
}

const IN_RESPONSE_TO: (&str, &str) = ("saml.in_response_to", "Answers a request of ours");

/// The rule that an answer belongs to a request of ours: SAML's InResponseTo, OpenID Connect's state.
fn request_rule(protocol: Protocol) -> (&'static str, &'static str) {
    match protocol {
        Protocol::Saml => IN_RESPONSE_TO,
        Protocol::Oidc => ("oidc.state", "Answers a request of ours"),
    }
}

/// `saml.browser`, `oidc.browser`: a rule that both protocols have.
fn shared(protocol: Protocol, rule: &str) -> String {
    format!("{}.{rule}", protocol.key())
}

pub fn unknown_request(protocol: Protocol, id: &str) -> Check {
    let remedy = match protocol {
        Protocol::Saml => {
            "Start the sign-in again from Doorward. If every response says this, the identity provider sends an \
             InResponseTo for sign-ins that it started itself: switch that off there."
        }
        Protocol::Oidc => {
            "Start the sign-in again from Doorward. If nobody kept an old page open, somebody may have brought an \
             answer of their own into this browser, or the answer was meant for another integration."
        }
    };
    let rule = request_rule(protocol);
    failed(
        rule.0,
        rule.1,
        Some("a request of this connection that waits".to_owned()),
        Some(id.chars().take(100).collect()),
        remedy,
    )
}

pub fn answered_before(protocol: Protocol, sign_in: &SignIn) -> Check {
    let remedy =
        "The same answer arrived twice, as after the browser's back button. Start the sign-in again.";
    let received = format!("an answer to {}, which was answered already", sign_in.reference);
    let rule = request_rule(protocol);
    failed(
        rule.0,
        rule.1,
        Some("one answer for each request".to_owned()),
        Some(received),
        remedy,
    )
}

pub fn replayed(assertion_id: &str) -> Check {
    let remedy = "Each assertion signs in once. Start the sign-in again. If nobody pressed back or reload, \
                  somebody may have copied the response.";
    failed(
        "saml.replay",
        "The assertion was not used before",
        None,
        Some(assertion_id.to_owned()),
        remedy,
    )
}

pub fn too_late(protocol: Protocol, sign_in: &SignIn, now: Timestamp) -> Check {
    let minutes = now.since(sign_in.started_at) / crate::model::time::MINUTE;
    let remedy = "The identity provider was open for too long. Start the sign-in again.";
    failed(
        &shared(protocol, "too_late"),
        "The answer came in time",
        Some("within 10 minutes".to_owned()),
        Some(format!("after {minutes} minutes")),
        remedy,
    )
}

pub fn other_browser(protocol: Protocol, has_cookie: bool) -> Check {
    let received = if has_cookie {
        "another browser's cookie"
    } else {
        "no cookie"
    };
    let remedy = "Start the sign-in again and finish it in the same browser, at the address in Settings. If it happens \
                  to everybody, a proxy removes Doorward's cookies, or the base URL is not the address that people use.";
    failed(
        &shared(protocol, "browser"),
        "Comes from the browser that started the sign-in",
        Some("the cookie of that browser".to_owned()),
        Some(received.to_owned()),
        remedy,
    )
}

pub fn unsolicited_refused() -> Check {
    let remedy = "Somebody signed in from the identity provider's portal, which this integration refuses. Let it restart \
                  the sign-in instead, on the integration's page.";
    failed(
        "saml.unsolicited",
        "A response that we asked for",
        Some("InResponseTo".to_owned()),
        Some("none".to_owned()),
        remedy,
    )
}

/// The person was asked to prove who they are, and the identity provider took an older proof.
pub fn not_fresh(asked: Timestamp, proved: Timestamp) -> Check {
    let remedy = "The identity provider was asked to have the person prove who they are (ForceAuthn) and did not. Some \
                  providers do that only where the app's sign-on policy allows it: look there.";
    failed(
        "saml.not_fresh",
        "The person proved who they are just now",
        Some(format!("after {}", asked.human())),
        Some(proved.human()),
        remedy,
    )
}

/// The identity provider was asked several times and never said what it answers.
pub fn never_answers() -> Check {
    let remedy = "The identity provider answers without naming the request (InResponseTo), even when Doorward asks. \
                  Have it answer the request, or let the integration accept responses that nobody asked for.";
    failed(
        IN_RESPONSE_TO.0,
        IN_RESPONSE_TO.1,
        Some("InResponseTo".to_owned()),
        Some("none, several times in a row".to_owned()),
        remedy,
    )
}

pub fn switched_off(protocol: Protocol, connection: &Connection) -> Check {
    let remedy = match connection.switched_off() {
        Some(kind) => format!(
            "{} is switched off for the whole organization. An owner switches it on under Settings, Kinds of integrations.",
            kind.name()
        ),
        None => format!(
            "Turn {} on, on its page, if people should sign in through it.",
            connection.name
        ),
    };
    failed(
        &shared(protocol, "connection_off"),
        "The integration is on",
        Some("on".to_owned()),
        Some("off".to_owned()),
        &remedy,
    )
}

pub fn not_set_up(protocol: Protocol, connection: &Connection) -> Check {
    let what = match protocol {
        Protocol::Saml => "the metadata of its identity provider",
        Protocol::Oidc => "the issuer of its identity provider and a client ID",
    };
    let remedy = format!("Give {} {what}, on its page.", connection.name);
    failed(
        &shared(protocol, "not_set_up"),
        "The identity provider is known",
        None,
        None,
        &remedy,
    )
}

pub fn transient_name_id() -> Check {
    let remedy = "A transient NameID is another one each time, so that it cannot say who somebody is. Have the identity \
                  provider send a persistent or e-mail NameID, or name the attribute that identifies a person on the \
                  integration's page.";
    failed(
        "saml.transient_name_id",
        "The NameID stays the same",
        Some("a lasting NameID".to_owned()),
        Some("transient".to_owned()),
        remedy,
    )
}

pub fn subject_attribute(name: &str, count: usize) -> Check {
    let remedy = "Have the identity provider send this attribute with exactly one value, or name another one on the \
                  integration's page.";
    let received = if count == 0 {
        "not received".to_owned()
    } else {
        format!("{count} values")
    };
    failed(
        "saml.subject_attribute",
        "The attribute that identifies the person",
        Some(format!("{name}, one value")),
        Some(received),
        remedy,
    )
}

/// Which account here it is, as the last line of the trace.
pub fn account(found: &Found) -> Check {
    let (verdict, received, remedy) = match found {
        Found::Linked(person, _) if person.is_active() => {
            (Verdict::Passed, format!("{}, linked before", person.email), None)
        }
        Found::MayLink(person, how) if person.is_active() => (
            Verdict::Passed,
            format!("{}: {}", person.email, how.words()),
            None,
        ),
        Found::Linked(person, _) | Found::MayLink(person, _) => (
            Verdict::Failed,
            format!("{}, deactivated", person.email),
            Some("Reactivate the person on their page if they should come in."),
        ),
        Found::MustProve(person) => (
            Verdict::Warned,
            format!("{}, not linked yet", person.email),
            Some(
                "The person proves the account once with the way they sign in today. For everybody else of the domain, \
                 an owner can confirm on the integration's page that it speaks for the domain; owners always prove it.",
            ),
        ),
        Found::Nobody => (
            Verdict::Failed,
            "nobody here".to_owned(),
            Some("Add the person, with the e-mail address that arrived, or answer their request for access."),
        ),
    };
    Check {
        code: "account.found".to_owned(),
        title: "An account here".to_owned(),
        verdict,
        expected: None,
        received: Some(received),
        remedy: remedy.map(str::to_owned),
    }
}
