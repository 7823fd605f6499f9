//! Mail: what a flow has to tell somebody is queued in the transaction of what caused it, and sent by a worker.
//!
//! A mail that was queued is sent at least once: each try is written down before it begins and after it ended, so that
//! a process that is killed in between tries again. Whether the server had taken it by then cannot be known; both
//! copies then carry the same Message-ID, by which mail programs show one. What a mail says may let somebody in: it
//! lies sealed until it was sent, and is gone then.
//!
//! Where mail goes out is in [`settings`], the worker in [`deliver`], the try that an owner starts in [`trial`], what
//! is told to people about their own account in [`notices`](super::notices).

pub mod deliver;
mod letter;
pub mod queue;
pub mod settings;
pub mod trial;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::mail::TRIED_FOR;
use crate::model::{Email, Mail, MailId, MailState, Organization, Person, PersonId, Timestamp};
use crate::store::{self, Reader};
use crate::vault::{Place, Vault};

use super::Act;

/// Whom a mail goes to: an address, and whose it is where somebody here has it.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// The mail goes when the person is removed.
    pub person: Option<PersonId>,
    pub address: Email,
}

impl Recipient {
    /// A person, at the address that they have now.
    pub fn of(person: &Person) -> Self {
        Self {
            person: Some(person.id),
            address: person.email.clone(),
        }
    }
}

/// What a mail says, without its form: plain sentences and at most one thing to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// One line. The queue shows it, so that it holds no secret.
    pub subject: String,
    /// In plain text; what looks like HTML is shown as it is.
    pub paragraphs: Vec<String>,
    /// Label and address. The address is a path of ours, or begins with the configured base URL: nothing else is sent.
    pub link: Option<(String, String)>,
}

/// Is there a server that mail can be given to?
pub fn is_set_up(r: &Reader) -> Result<bool> {
    Ok(store::organization::find(r)?.is_some_and(|o| o.settings.mail.is_some()))
}

/// Queues a mail with the rest of the transaction; it is tried for two days. `kind` says what it is about, as
/// `noun.verb`. When mail is not set up, only the log notes it. `vault` is `act.vault`.
///
/// # Errors
/// A link that leads away from here, or the database.
pub fn send(act: &Act, vault: &Vault, kind: &'static str, to: Recipient, content: Content) -> Result<()> {
    send_until(act, vault, kind, to, content, act.now.plus(TRIED_FOR))
}

/// As [`send`], given up at `good_until`: when the link in it is worth nothing any more.
pub fn send_until(
    act: &Act,
    vault: &Vault,
    kind: &'static str,
    to: Recipient,
    content: Content,
    good_until: Timestamp,
) -> Result<()> {
    queue_until(act, vault, kind, to, content, good_until).map(drop)
}

/// As [`send_until`]; says which mail it became. `None`: mail is not set up.
pub fn queue_until(
    act: &Act,
    vault: &Vault,
    kind: &'static str,
    to: Recipient,
    content: Content,
    good_until: Timestamp,
) -> Result<Option<MailId>> {
    let organization = store::organization::get(act.w)?;
    let content = prepared(&organization, content)?;
    if organization.settings.mail.is_none() {
        tracing::info!(kind, "no mail was queued, because no mail server is set up");
        return Ok(None);
    }
    let id = MailId::new(act.now, act.random_id());
    let plain = serde_json::to_vec(&content).map_err(Error::internal)?;
    let sealed = vault.seal(place(&id.to_string()), &plain, act.random)?;
    let mail = Mail {
        id,
        kind: kind.to_owned(),
        person_id: to.person,
        address: to.address.to_string(),
        subject: content.subject,
        sealed: Some(sealed),
        state: MailState::Waiting,
        tries: 0,
        next_try_at: act.now,
        good_until,
        problem: None,
        created_at: act.now,
        done_at: None,
    };
    store::mails::insert(act.w, &mail)?;
    Ok(Some(id))
}

/// As [`send`], to every owner who may sign in.
pub fn tell_owners(act: &Act, vault: &Vault, kind: &'static str, content: Content) -> Result<()> {
    for owner in store::people::list_owners(act.w)? {
        send(act, vault, kind, Recipient::of(&owner), content.clone())?;
    }
    Ok(())
}

fn place(id: &str) -> Place<'_> {
    Place {
        table: "mails",
        row: id,
        column: "sealed",
    }
}

/// One line for the subject, and a link that leads here and nowhere else, whatever the request's headers said.
fn prepared(organization: &Organization, mut content: Content) -> Result<Content> {
    content.subject = letter::one_line(&content.subject);
    if let Some((_, address)) = &mut content.link {
        let base = organization.base_url.as_str();
        if address.starts_with('/') {
            *address = format!("{base}{address}");
        }
        let is_ours = address
            .strip_prefix(base)
            .is_some_and(|rest| rest.starts_with('/'));
        if !is_ours {
            return Err(Error::internal(
                "a mail was to hold a link that leads away from here",
            ));
        }
    }
    Ok(content)
}
