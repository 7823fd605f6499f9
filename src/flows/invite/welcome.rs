//! What stands behind the link of an invitation: the ways in that are open to this person.

use crate::error::Result;
use crate::flows::enforce::{self, DoorKind, Verdict};
use crate::flows::sign_on::way;
use crate::flows::{Act, Context, Who, gate, hash, links, lost};
use crate::model::time::HOUR;
use crate::model::{Connection, InvitedHow, Method, Person, Purpose, Timestamp};
use crate::store::{self, Reader};

/// How long the link with which a first passphrase is chosen is good.
const CHOICE_LIFE: i64 = HOUR;

/// A way in of our own, as it stands for somebody who was invited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// They may choose a first passphrase.
    Choose,
    /// They have one.
    Chosen,
    /// They sign in through an integration only.
    Shut,
}

/// What the page of an invitation shows.
#[derive(Clone, Debug)]
pub struct Welcome {
    pub person: Person,
    /// Name of whoever invited them; empty where it was an integration that added them.
    pub made_by: String,
    pub expires_at: Option<Timestamp>,
    pub doors: Vec<Connection>,
    pub own: Own,
}

/// Whose invitation this is, while its link is good. Nothing is used up or written: mail scanners look, too.
pub fn look(r: &Reader, token: &str, now: Timestamp) -> Result<Option<Welcome>> {
    let Some(invitation) = store::invitations::find_good(r, &hash(token), now)? else {
        return Ok(None);
    };
    let Some(person) = store::people::find(r, invitation.person_id)?.filter(gate::may_enter) else {
        return Ok(None);
    };
    Ok(Some(Welcome {
        own: own(r, &person, now)?,
        doors: doors(r, &person, now)?,
        person,
        made_by: match invitation.how {
            InvitedHow::Provisioning => String::new(),
            InvitedHow::Hand | InvitedHow::Csv => invitation.made_by,
        },
        expires_at: invitation.expires_at,
    }))
}

/// What is enforced for them; else what speaks for their domain, or has provisioned them; else whatever the sign-in
/// page offers everybody.
fn doors(r: &Reader, person: &Person, now: Timestamp) -> Result<Vec<Connection>> {
    let mut open = way::doors_of(r, &person.email, now)?;
    if !enforce::only_through(r, &person.email.domain(), now)?.is_empty() {
        return Ok(open);
    }
    let all = way::doors(r)?;
    for door in &all {
        let known = store::directory::users::find_of_person(r, door.id, person.id)?;
        let made = known.is_some_and(|user| user.claimed);
        if made && !open.iter().any(|one| one.id == door.id) {
            open.push(door.clone());
        }
    }
    let lists = store::organization::get(r)?.settings.login.list_integrations;
    Ok(if open.is_empty() && lists { all } else { open })
}

fn own(r: &Reader, person: &Person, now: Timestamp) -> Result<Own> {
    let verdict = enforce::decide(r, person, DoorKind::own(Method::Passphrase), now)?;
    Ok(if matches!(verdict, Verdict::Only(_)) {
        Own::Shut
    } else if lost::has_passphrase(r, person)? {
        Own::Chosen
    } else {
        Own::Choose
    })
}

/// May this person choose a first passphrase now?
pub fn may_choose(r: &Reader, person: &Person, now: Timestamp) -> Result<bool> {
    Ok(own(r, person, now)? == Own::Choose)
}

/// They want a passphrase: the token of a link with which they choose one, good for an hour. `None`: the invitation is
/// not good any more, or does not offer that.
pub async fn begin(ctx: &Context, token: &str) -> Result<Option<String>> {
    let token = token.to_owned();
    ctx.act(Who::Doorward, move |act: &Act| {
        let Some(welcome) = look(act.w, &token, act.now)?.filter(|found| found.own == Own::Choose) else {
            return Ok(None);
        };
        let id = welcome.person.id;
        store::invitations::touch_opened(act.w, id, act.now)?;
        links::make(act, id, Purpose::Invite, CHOICE_LIFE).map(Some)
    })
    .await
}
