//! A lost passphrase: a link by mail, or one that an admin hands over, lets its holder choose a new one.
//!
//! Whoever asks learns nothing: known and unknown addresses, people with and without a passphrase, get the same answer
//! after the same single write. A link by mail replaces a passphrase and never makes a first one: who signs in through
//! an integration gets a mail that says so. An admin's link may make a first one; the admin sees that before. Second
//! factors stay, every session ends, and the person is told. Nobody is signed in by it.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::mail::{Content, Recipient, is_set_up, send, send_until};
use super::passphrase::check_strength;
use super::throttle::bound;
use super::{Act, Context, Visitor, Who, administer, gate, hash, invite, links, notices};
use crate::error::{Error, Result};
use crate::model::time::{HOUR, MINUTE};
use crate::model::{Action, Actor, Email, OneTimeLink, Permission, Person, PersonId, Purpose};
use crate::store::{self, Reader};

/// How long a link is good.
pub const LINK_LIFE: i64 = HOUR;
/// The purposes of links with which a passphrase is chosen.
const CHOOSES: [Purpose; 2] = [Purpose::Reset, Purpose::Invite];
/// So often may a link be asked for within [`WINDOW`]: for one address, whoever's it is, and by one visitor.
pub const PER_ADDRESS: i64 = 4;
pub const PER_VISITOR: i64 = 20;
pub const WINDOW: i64 = 20 * MINUTE;
const TOO_OFTEN: &str =
    "A link was asked for too often. Look into the mails that came, or try again in a while.";

/// Somebody asks for a link. `path` makes the address of a token. The answer is the same whoever they are.
///
/// # Errors
/// `RateLimited` when it was asked for too often; `Invalid` for what is no address.
pub async fn ask(ctx: &Context, typed: &str, visitor: &Visitor, path: fn(&str) -> String) -> Result<()> {
    let email = Email::parse(typed).map_err(|problem| Error::invalid("email", problem.to_string()))?;
    let visitor = format!("lost-by:{}", visitor.throttle_key);
    ctx.act(Who::Doorward, move |act| {
        let account: String = hash(&email.key())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        // Together with what follows in one write, so that the disk is waited for once, whatever is found.
        bound(act, &format!("lost:{account}"), PER_ADDRESS, WINDOW, TOO_OFTEN)?;
        bound(act, &visitor, PER_VISITOR, WINDOW, TOO_OFTEN)?;
        let sends_mail = is_set_up(act.w)?;
        let person = store::people::find_by_email(act.w, &email.key())?.filter(gate::may_enter);
        // Without mail, asking must not void the link that an admin handed over.
        let person = person.filter(|_| sends_mail);
        match person {
            None => Ok(()),
            Some(person) if has_passphrase(act.w, &person)? => mail_link(act, &person, path),
            Some(person) => mail_without_link(act, &person),
        }
    })
    .await
}

pub(super) fn has_passphrase(r: &Reader, person: &Person) -> Result<bool> {
    Ok(store::passphrases::find(r, person.id)?.is_some())
}

fn mail_link(act: &Act, person: &Person, path: fn(&str) -> String) -> Result<()> {
    let token = links::make(act, person.id, Purpose::Reset, LINK_LIFE)?;
    let content = Content {
        subject: "Choose a new passphrase".to_owned(),
        paragraphs: vec![
            format!("Hello {},", person.display_name()),
            "Somebody, probably you, asked for a new passphrase for your account. The link works once, within an hour."
                .to_owned(),
            "If it was not you, leave this mail alone: nothing changes unless the link is used.".to_owned(),
        ],
        link: Some(("Choose a new passphrase".to_owned(), path(&token))),
    };
    let until = act.now.plus(LINK_LIFE);
    send_until(
        act,
        act.vault,
        "passphrase.reset",
        Recipient::of(person),
        content,
        until,
    )
}

/// For somebody who signs in through an integration alone, or was invited and has not come yet.
fn mail_without_link(act: &Act, person: &Person) -> Result<()> {
    let invitation = store::invitations::find(act.w, person.id)?;
    let how = match invitation.is_some_and(|invitation| invitation.is_open(act.now)) {
        true => {
            "you were invited, and the link of the invitation shows how you sign in. If you cannot find it, ask an admin."
        }
        false => {
            "you sign in through your organization's identity provider. If you cannot get in there, ask an admin."
        }
    };
    let content = Content {
        subject: "You sign in without a passphrase".to_owned(),
        paragraphs: vec![
            format!("Hello {},", person.display_name()),
            format!("Somebody, probably you, asked for a new passphrase. Your account has none: {how}"),
        ],
        link: Some(("Sign in".to_owned(), "/login".to_owned())),
    };
    send(act, act.vault, "passphrase.none", Recipient::of(person), content)
}

/// Makes the link that an admin hands over; returns its token, told once. It may make a first passphrase.
pub fn make_link(act: &Act, id: PersonId) -> Result<String> {
    act.need(Permission::ManagePeople)?;
    let person = store::people::get(act.w, id)?;
    if !act.role.may_manage(&person.role) {
        let message = "Only an owner may make a link for an admin or an owner.";
        let what = format!("a new passphrase for the role {}", person.role.name);
        return Err(Error::escalation(message, what).by("link", || administer::subject(&person)));
    }
    if !gate::may_enter(&person) {
        return Err(Error::conflict(
            "This account is deactivated. Reactivate it first; a link would lead nowhere.",
        ));
    }
    let token = links::make(act, id, Purpose::Reset, LINK_LIFE)?;
    notices::link_made(act, &person)?;
    Ok(token)
}

/// Whose link this is, and what it was made for, while it is good. Nothing is used up.
pub fn look(r: &Reader, token: &str, now: crate::model::Timestamp) -> Result<Option<(Person, Purpose)>> {
    for purpose in CHOOSES {
        if let Some(link) = links::look(r, token, purpose, now)? {
            let person = store::people::find(r, link.person_id)?.filter(gate::may_enter);
            return Ok(person.map(|person| (person, purpose)));
        }
    }
    Ok(None)
}

/// Sets the passphrase and uses the link up. `None`: the link is not good, or somebody was faster.
///
/// # Errors
/// `Invalid` for a weak passphrase, before the link is used.
pub async fn choose(ctx: &Context, token: &str, passphrase: Zeroizing<String>) -> Result<Option<Person>> {
    let (now, copy) = (ctx.now(), token.to_owned());
    let found = ctx.store.reading(move |r| look(r, &copy, now)).await?;
    let Some((person, purpose)) = found else {
        return Ok(None);
    };
    let words = [
        person.email.as_str(),
        person.given_name.as_str(),
        person.family_name.as_str(),
    ];
    check_strength(&passphrase, &words).map_err(|message| Error::invalid("passphrase", message))?;
    let phc = ctx.hasher.hash(passphrase, ctx.random.bytes()).await?;
    let token = token.to_owned();
    ctx.act(Who::Doorward, move |act| {
        let Some(link) = links::use_up(act, &token, purpose)? else {
            return Ok(None);
        };
        let person = store::people::get(act.w, link.person_id)?;
        if !gate::may_enter(&person) || !is_good_for(act, &link, &person)? {
            return Ok(None);
        }
        replace(act, &person, &phc, &link)?;
        Ok(Some(person))
    })
    .await
}

/// A link by mail replaces a passphrase, an invitation's makes a first one, an admin's does both.
fn is_good_for(act: &Act, link: &OneTimeLink, person: &Person) -> Result<bool> {
    match link.purpose {
        Purpose::Invite => invite::may_choose(act.w, person, act.now),
        _ => Ok(!is_by_mail(link) || has_passphrase(act.w, person)?),
    }
}

fn is_by_mail(link: &OneTimeLink) -> bool {
    link.made_by == Actor::Doorward.kind()
}

fn replace(act: &Act, person: &Person, phc: &str, link: &OneTimeLink) -> Result<()> {
    store::passphrases::put(act.w, person.id, phc, act.now)?;
    let ended = store::sessions::delete_of_person(act.w, person.id)?;
    let (how, words) = match (link.purpose, is_by_mail(link)) {
        // Whoever was just invited knows; there was nothing to be changed.
        (Purpose::Invite, _) => ("invitation", ""),
        (_, true) => ("link by mail", "with a link that was sent to you by mail"),
        (_, false) => ("link from an admin", "with a link that an admin made"),
    };
    let actor = Actor::Person {
        id: person.id,
        label: person.display_name(),
    };
    let act = Act { actor, ..*act };
    let after = json!({ "how": how, "made_by": link.made_by, "sessions_ended": ended });
    act.event(
        Action::PassphraseChanged,
        administer::subject(person),
        Value::Null,
        after,
    )?;
    match words {
        "" => Ok(()),
        words => notices::passphrase_changed(&act, person, words),
    }
}
