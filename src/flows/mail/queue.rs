//! What an owner does to the queue: try a mail again now, or take it out.

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::flows::Act;
use crate::model::mail::TRIED_FOR;
use crate::model::{Action, Mail, MailId, MailState, Subject};
use crate::store;

/// Tries the mail at once; one that was given up gets two more days.
///
/// # Errors
/// `Conflict` for a mail that was sent, or whose text is gone.
pub fn retry(act: &Act, id: MailId) -> Result<Mail> {
    act.need_owner()?;
    let mut mail = store::mails::get(act.w, id)?;
    if mail.sealed.is_none() {
        return Err(Error::conflict(
            "What this mail said is gone: it was sent, or the link in it is worth nothing any more.",
        ));
    }
    mail.next_try_at = act.now;
    if mail.state == MailState::Failed {
        mail.state = MailState::Waiting;
        mail.tries = 0;
        mail.done_at = None;
        mail.good_until = act.now.plus(TRIED_FOR);
    }
    store::mails::update(act.w, &mail)?;
    Ok(mail)
}

/// Takes a mail out of the queue; whoever should have had it does not get it.
pub fn remove(act: &Act, id: MailId) -> Result<()> {
    act.need_owner()?;
    let mail = store::mails::get(act.w, id)?;
    store::mails::delete(act.w, id)?;
    let subject = Subject {
        kind: "mail",
        id: id.to_string(),
        label: mail.subject,
    };
    let before = json!({ "kind": mail.kind, "to": mail.address, "state": mail.state.key() });
    act.event(Action::MailRemoved, subject, before, Value::Null)
}
