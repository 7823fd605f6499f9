//! Mails and tries of the mail server, as the mail page shows them.

use crate::flows::mail::deliver;
use crate::flows::mail::trial::Trial;
use crate::model::{Mail, MailState, Timestamp};
use crate::outbound::mail::Step;
use crate::web::pieces::{Notice, State};
use crate::web::urls;

/// One mail in a list.
pub struct MailLine {
    pub subject: String,
    pub address: String,
    pub state: State,
    pub tries: i64,
    /// Where it waits for its next try.
    pub next_try_at: Option<Timestamp>,
    pub at: Timestamp,
    pub problem: Option<String>,
    /// Where it is tried again; `None` when what it said is gone.
    pub retry: Option<String>,
    pub removal: String,
}

pub fn mail_line(mail: &Mail, now: Timestamp) -> MailLine {
    let id = mail.id.to_string();
    let state = match mail.state {
        MailState::Waiting if mail.problem.is_some() => State::waiting("Tries again"),
        MailState::Waiting => State::waiting("Waiting"),
        MailState::Sent => State::working("Taken by the server"),
        MailState::Failed => State::needs_you("Given up"),
    };
    MailLine {
        subject: mail.subject.clone(),
        address: mail.address.clone(),
        state,
        tries: mail.tries,
        next_try_at: deliver::next_try(mail, now),
        at: mail.done_at.unwrap_or(mail.created_at),
        problem: mail.problem.clone(),
        retry: mail.sealed.is_some().then(|| urls::mail_act(&id, "retry")),
        removal: urls::mail_act(&id, "removal"),
    }
}

/// A try, as far as it has come.
pub struct TrialShown {
    pub began_at: Timestamp,
    /// What is being done right now; `None` when it is over.
    pub doing: Option<String>,
    pub result: Notice,
}

pub fn trial_shown(trial: &Trial) -> TrialShown {
    let (to, host) = (&trial.to, &trial.host);
    let result = match &trial.outcome {
        None => Notice::waiting(format!("A mail to {to} is on its way."), ""),
        Some(Ok(said)) => {
            let title = format!("{host} took the mail to {to}.");
            let text = format!(
                "It said: “{said}”. Now look into that mailbox; if nothing comes, into its spam folder."
            );
            Notice {
                text,
                ..Notice::done(title)
            }
        }
        Some(Err(problem)) => Notice::needs_you("The mail was not sent.", problem.to_string()),
    };
    TrialShown {
        began_at: trial.began_at,
        doing: trial.outcome.is_none().then(|| doing(trial.step, host)),
        result,
    }
}

fn doing(step: Step, host: &str) -> String {
    match step {
        Step::Finding => format!("Looking for {host}…"),
        Step::Connecting => format!("Waiting for {host} to answer…"),
        Step::Encrypting => format!("Agreeing on encryption with {host}…"),
        Step::SigningIn => format!("Signing in at {host}…"),
        Step::HandingOver => format!("Handing the mail over to {host}…"),
    }
}
