//! Invitations: somebody is asked to come, with a link that is good for a week and leads to whatever they may use.
//!
//! ```text
//!   send (one person, now) ────────────────────────────┐
//!   many (a list), provisioned (whoever was added) ─► queue ─► worker ─► link, in a mail or handed over ─► welcome
//! ```
//!
//! The link signs nobody in. Its page shows the ways in that are open to this person; where a passphrase is one, it
//! makes another link, good for an hour, with which a first one is chosen. Whoever signs in, by whichever door, has
//! accepted. Who can only be reached by hand sees the link once, as with links for a lost passphrase.

pub mod rows;
mod welcome;
mod worker;

pub use welcome::{Own, Welcome, begin, look, may_choose};
pub use worker::{keep_sending, send_waiting};

use serde_json::{Value, json};

use super::mail::{self, Content, Recipient};
use super::throttle::bound;
use super::{Act, administer, hash, links};
use crate::error::{Error, Result};
use crate::model::time::{DAY, HOUR};
use crate::model::{
    Action, Connection, Invitation, InvitationEnd, InvitedHow, Permission, Person, PersonId, Purpose,
    Timestamp,
};
use crate::store;

/// How long the link of an invitation is good.
pub const LINK_LIFE: i64 = 7 * DAY;
/// So often may one person be written to within [`WINDOW`].
pub const PER_PERSON: i64 = 5;
pub const WINDOW: i64 = HOUR;
/// What the queue calls these mails.
pub const MAIL: &str = "invitation.sent";

/// What refused escalations call this way.
const WAY: &str = "invitation";

/// Makes the address of a token.
pub type PathOf = fn(&str) -> String;

/// How the link travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    ByMail,
    /// No mail goes out from here: the token, told once, for somebody to hand over.
    Link(String),
}

/// Invites one person, or sends their invitation again; the link of before is void.
///
/// # Errors
/// `Conflict` for somebody who has signed in already or is deactivated; `RateLimited` when it was sent too often.
pub fn send(act: &Act, id: PersonId, path: PathOf) -> Result<Sent> {
    let person = invitable(act, id)?;
    let often = format!(
        "{} was invited {PER_PERSON} times within an hour. Wait a while before you send it once more.",
        person.display_name()
    );
    bound(act, &format!("invite:{id}"), PER_PERSON, WINDOW, &often)?;
    let invitation = Invitation::new(id, InvitedHow::Hand, act.actor.label(), act.now);
    link(act, &person, invitation, path)
}

fn invitable(act: &Act, id: PersonId) -> Result<Person> {
    act.need(Permission::ManagePeople)?;
    let person = store::people::get(act.w, id)?;
    need_to_invite(act, &person)?;
    match why_not(&person) {
        Some(why) => Err(Error::conflict(why)),
        None => Ok(person),
    }
}

/// Whoever is invited gets a link that lets them in: nobody makes one for more than they are.
fn need_to_invite(act: &Act, person: &Person) -> Result<()> {
    administer::need_to_manage(act, &person.role)
        .map_err(|error| error.by(WAY, || administer::subject(person)))
}

/// Why this person is not invited; `None`: they may be.
pub fn why_not(person: &Person) -> Option<String> {
    let name = person.display_name();
    if !person.is_active() {
        return Some(format!(
            "{name} is deactivated and is not invited. Reactivate the account first."
        ));
    }
    let at = person.last_sign_in_at?;
    Some(format!(
        "{name} has signed in already, last on {}, and needs no invitation. Was the passphrase lost? Then make a link \
         for a new one.",
        at.human_day()
    ))
}

/// What became of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Many {
    pub queued: usize,
    /// Who was left out, and why.
    pub left_out: Vec<(PersonId, String)>,
}

/// Invites everybody of a list. Only rows are written: the worker makes links and mails of them, bit by bit, so that
/// ten thousand keep nobody waiting. Who cannot be invited is left out and named.
pub fn many(act: &Act, ids: &[PersonId], how: InvitedHow) -> Result<Many> {
    act.need(Permission::ManagePeople)?;
    let mut done = Many::default();
    for id in ids {
        let person = store::people::get(act.w, *id)?;
        let before = store::invitations::find(act.w, *id)?;
        let why = if !act.role.may_manage(&person.role) {
            Some(format!(
                "Your role may not invite somebody with the role {}.",
                person.role.name
            ))
        } else if before.is_some_and(|before| before.is_open(act.now)) {
            Some(format!("{} is invited already.", person.display_name()))
        } else {
            why_not(&person)
        };
        match why {
            Some(why) => done.left_out.push((*id, why)),
            None => {
                queue(act, *id, how)?;
                done.queued += 1;
            }
        }
    }
    Ok(done)
}

/// Invites whoever this connection has just added, where it says so. Nothing is sent here: the request that added them
/// neither waits for it nor fails by it.
pub(super) fn provisioned(act: &Act, connection: &Connection, person: &Person) -> Result<bool> {
    let wanted = connection.scim.invite && person.is_active();
    if wanted {
        queue(act, person.id, InvitedHow::Provisioning)?;
    }
    Ok(wanted)
}

fn queue(act: &Act, id: PersonId, how: InvitedHow) -> Result<()> {
    let invitation = Invitation::new(id, how, act.actor.label(), act.now);
    store::invitations::put(act.w, &invitation, None)
}

/// Makes the link of this invitation, in place of any other one, and its mail where mail goes out.
fn link(act: &Act, person: &Person, mut invitation: Invitation, path: PathOf) -> Result<Sent> {
    if let Some(before) = store::invitations::find(act.w, person.id)? {
        take_mail_back(act, &before)?;
    }
    links::void(act, person.id, Purpose::Invite)?;
    let token = act.random.token();
    let until = act.now.plus(LINK_LIFE);
    let content = letter(act, &invitation, person, until, path(&token))?;
    let mail = mail::queue_until(act, act.vault, MAIL, Recipient::of(person), content, until)?;
    invitation.sent_at = Some(act.now);
    invitation.expires_at = Some(until);
    invitation.handed_over = mail.is_none();
    invitation.mail_id = mail;
    store::invitations::put(act.w, &invitation, Some(&hash(&token)))?;
    let how = if mail.is_some() {
        "by mail"
    } else {
        "a link to hand over"
    };
    let after = json!({
        "to": person.email, "sent": how, "because": invitation.how.words(), "asked_by": invitation.made_by,
        "good_until": until.rfc3339(),
    });
    act.event(
        Action::InvitationSent,
        administer::subject(person),
        Value::Null,
        after,
    )?;
    Ok(match mail {
        Some(_) => Sent::ByMail,
        None => Sent::Link(token),
    })
}

fn letter(
    act: &Act,
    invitation: &Invitation,
    person: &Person,
    until: Timestamp,
    address: String,
) -> Result<Content> {
    let organization = store::organization::get(act.w)?.name;
    let invited = match invitation.how {
        InvitedHow::Provisioning => format!("You have an account at {organization} now."),
        _ => format!("{} invites you to {organization}.", invitation.made_by),
    };
    Ok(Content {
        subject: format!("Your invitation to {organization}"),
        paragraphs: vec![
            format!("Hello {},", person.display_name()),
            format!("{invited} The link shows how you sign in. It is good until {} UTC.", until.human()),
            "It is meant for you alone: do not pass this mail on. If you do not know what this is about, leave it \
             alone; nothing happens unless the link is used."
                .to_owned(),
        ],
        link: Some(("Accept the invitation".to_owned(), address)),
    })
}

/// An admin takes it back.
pub fn revoke(act: &Act, id: PersonId) -> Result<Person> {
    act.need(Permission::ManagePeople)?;
    let person = store::people::get(act.w, id)?;
    need_to_invite(act, &person)?;
    if end(act, &person, InvitationEnd::Revoked)? {
        return Ok(person);
    }
    Err(Error::conflict(format!(
        "{} has no invitation that could be taken back: it was accepted, or has ended.",
        person.display_name()
    )))
}

/// Ends whatever invitation is open: its link, the mail that still waits, and the link for a first passphrase.
pub(super) fn end(act: &Act, person: &Person, why: InvitationEnd) -> Result<bool> {
    let Some(ended) = store::invitations::end(act.w, person.id, why, act.now)? else {
        return Ok(false);
    };
    take_mail_back(act, &ended)?;
    links::void(act, person.id, Purpose::Invite)?;
    let action = match why {
        InvitationEnd::Revoked => Action::InvitationRevoked,
        _ => Action::InvitationEnded,
    };
    let after = json!({ "why": why.words() });
    act.event(action, administer::subject(person), Value::Null, after)?;
    Ok(true)
}

/// The person's address is another one: a link that went to the old one is worth nothing, one that waits goes to the new.
pub(super) fn address_changed(act: &Act, person: &Person) -> Result<()> {
    end_if(act, person, InvitationEnd::Address, |invitation| {
        invitation.sent_at.is_some()
    })
}

/// The person may do something else now: a link that an admin has seen is worth nothing any more.
pub(super) fn role_changed(act: &Act, person: &Person) -> Result<()> {
    end_if(act, person, InvitationEnd::Role, |invitation| {
        invitation.handed_over
    })
}

fn end_if(
    act: &Act,
    person: &Person,
    why: InvitationEnd,
    applies: impl FnOnce(&Invitation) -> bool,
) -> Result<()> {
    match store::invitations::find(act.w, person.id)? {
        Some(invitation) if applies(&invitation) => end(act, person, why).map(drop),
        _ => Ok(()),
    }
}

/// The person is in, by whichever door: the invitation has done its work.
pub(super) fn accepted(act: &Act, person: &Person, reference: Option<String>) -> Result<()> {
    let Some(invitation) = store::invitations::accept(act.w, person.id, act.now)? else {
        return Ok(());
    };
    take_mail_back(act, &invitation)?;
    links::void(act, person.id, Purpose::Invite)?;
    let subject = administer::subject(person);
    act.event_with(
        Action::InvitationAccepted,
        subject,
        Value::Null,
        Value::Null,
        reference,
    )
}

fn take_mail_back(act: &Act, invitation: &Invitation) -> Result<()> {
    match invitation.mail_id {
        Some(mail) => store::mails::delete_waiting(act.w, mail).map(drop),
        None => Ok(()),
    }
}
