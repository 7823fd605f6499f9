//! What people are told about their own account, so that a change that was not theirs does not stay unseen.
//!
//! Each is queued in the transaction of the change. None holds a link that does anything: it says what happened, when
//! it happened, and whom to ask.

use crate::error::Result;
use crate::model::{Email, Person};

use super::mail::{Content, Recipient, send};
use super::{Act, administer, links};
use crate::model::{Action, Purpose};

/// How every notice ends.
const NOT_YOU: &str =
    "If this was not you, tell an admin at once: somebody else may have been in your account.";

fn told(act: &Act, person: &Person, kind: &'static str, subject: String, what: String) -> Result<()> {
    let content = Content {
        subject,
        paragraphs: vec![
            format!("Hello {},", person.display_name()),
            what,
            format!("It happened on {}.", moment(act)),
            NOT_YOU.to_owned(),
        ],
        link: None,
    };
    send(act, act.vault, kind, Recipient::of(person), content)
}

fn moment(act: &Act) -> String {
    act.now.to_utc().format("%-d %b %Y, %H:%M UTC").to_string()
}

/// Their passphrase is another one now. `how`: "with a link that was sent to you", "with a recovery code", "on your
/// account page".
pub fn passphrase_changed(act: &Act, person: &Person, how: &str) -> Result<()> {
    let what = format!(
        "Your passphrase was changed {how}. Wherever else you were signed in, you are signed out now."
    );
    told(
        act,
        person,
        "passphrase.changed",
        "Your passphrase was changed".to_owned(),
        what,
    )
}

/// They have new recovery codes; the old ones are worth nothing any more.
pub fn recovery_codes_made(act: &Act, person: &Person) -> Result<()> {
    let what = "New recovery codes were made for your account. The old ones do not work any more.".to_owned();
    told(
        act,
        person,
        "recovery_codes.made",
        "You have new recovery codes".to_owned(),
        what,
    )
}

/// They have a further way to prove who they are. `what`: "the passkey “Ana’s phone”", "one-time codes from an app".
pub fn factor_added(act: &Act, person: &Person, what: &str) -> Result<()> {
    let text = format!("Your account accepts something new when you sign in: {what}.");
    told(
        act,
        person,
        "factor.added",
        "A new way to sign in was added".to_owned(),
        text,
    )
}

/// One of their ways to prove who they are is gone.
pub fn factor_removed(act: &Act, person: &Person, what: &str) -> Result<()> {
    let text = format!("Your account does not accept this any more when you sign in: {what}.");
    told(
        act,
        person,
        "factor.removed",
        "A way to sign in was removed".to_owned(),
        text,
    )
}

/// Their address is another one now: both addresses are told, and links that went to the old one are void.
pub(super) fn email_changed(act: &Act, old: &Email, person: &Person) -> Result<()> {
    links::void(act, person.id, Purpose::Reset)?;
    let what = format!(
        "The e-mail address of your account was changed from {old} to {}.",
        person.email
    );
    let former = Person {
        email: old.clone(),
        ..person.clone()
    };
    for reader in [&former, person] {
        let subject = "Your e-mail address was changed".to_owned();
        told(act, reader, "person.email_changed", subject, what.clone())?;
    }
    Ok(())
}

/// An admin made a link with which the person's passphrase can be set.
pub(super) fn link_made(act: &Act, person: &Person) -> Result<()> {
    let what = format!(
        "{} made a link with which a new passphrase can be chosen for your account. It works once, within an hour.",
        act.actor.label()
    );
    let subject = "A link for a new passphrase was made".to_owned();
    told(act, person, "passphrase.link_made", subject, what)?;
    let after = serde_json::json!({ "minutes": links::LONGEST / crate::model::time::MINUTE });
    let about = administer::subject(person);
    act.event(Action::PassphraseLinkMade, about, serde_json::Value::Null, after)
}
