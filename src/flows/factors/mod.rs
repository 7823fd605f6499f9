//! Second factors of local accounts: authenticator apps, passkeys, recovery codes; who must have one, and by when.
//!
//! `totp` and `passkeys` set factors up and judge them; `codes` knows what a typed code may be; `step` is the page
//! between a right passphrase and the session; `sign_in` is a passkey alone; `prove` asks somebody who is signed in.
//!
//! One lost thing never opens an account. A recovery code stands for the authenticator at the second step, next to the
//! passphrase. Where it stands for the passphrase (`flows::recovery`), the authenticator is asked for as well.

mod challenges;
mod codes;
pub mod passkeys;
mod prove;
pub mod sign_in;
pub mod step;
mod totp;

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::model::time::DAY;
use crate::model::{Action, PasskeyId, Person, PersonId, Session, Timestamp};
use crate::store::factors::Totp;
use crate::store::passkeys::PasskeyRow;
use crate::store::{self, Reader};

use super::administer::subject;
use super::{Act, notices, sessions};

pub use challenges::{Challenge, Challenges, Purpose};
pub use codes::{Claim, claim, make_recovery_codes, spend};
pub use prove::{Proof, Strength, prove};
pub use totp::{Enrolment, begin as begin_totp, confirm as confirm_totp, enrolment as totp_enrolment};

/// How long an owner or admin may go on with a passphrase alone, in milliseconds.
pub const GRACE: i64 = 7 * DAY;

/// What somebody has beside their passphrase.
#[derive(Clone, Debug, Default)]
pub struct Factors {
    /// Since when; `None` without a confirmed authenticator app.
    pub totp: Option<Timestamp>,
    pub passkeys: Vec<PasskeyRow>,
    /// Unused ones.
    pub recovery_codes: i64,
    pub has_passphrase: bool,
}

impl Factors {
    pub fn has_second(&self) -> bool {
        self.totp.is_some() || !self.passkeys.is_empty()
    }
}

pub fn find(r: &Reader, person: PersonId) -> Result<Factors> {
    Ok(Factors {
        totp: confirmed(r, person)?.and_then(|totp| totp.confirmed_at),
        passkeys: store::passkeys::list_of_person(r, person)?,
        recovery_codes: store::passphrases::count_recovery_codes(r, person)?,
        has_passphrase: store::passphrases::find(r, person)?.is_some(),
    })
}

/// Is a passphrase alone not enough for this person?
pub fn has_second_factor(r: &Reader, person: PersonId) -> Result<bool> {
    store::factors::has_any(r, person)
}

fn confirmed(r: &Reader, person: PersonId) -> Result<Option<Totp>> {
    Ok(store::factors::find_totp(r, person)?.filter(|totp| totp.confirmed_at.is_some()))
}

/// Until when this session may go on without a second factor. `None`: it need not, because it proved one, came through
/// an identity provider, or belongs to a member.
pub fn due(r: &Reader, person: &Person, session: &Session) -> Result<Option<Timestamp>> {
    if session.strong || session.connection_id.is_some() || !person.role.is_admin() {
        return Ok(None);
    }
    let since = store::passphrases::since(r, person.id)?;
    Ok(since.map(|since| since.plus(GRACE)))
}

/// Passphrase and second factor, or a passkey, were proved just now. Break-glass owners must do so every month, so that
/// their way in is known to work; for others nothing happens. A recovery code is no such proof: it is used up, and says
/// nothing of the factor that it stood for.
pub fn proved(act: &Act, person: PersonId) -> Result<()> {
    store::break_glass::touch_proved(act.w, person, act.now)
}

/// What one's own change to one's factors rests on.
#[derive(Clone, Debug)]
pub struct Own {
    pub session: Session,
    pub token: String,
}

impl Own {
    /// Whoever has a second factor must have proved it in this session before touching any.
    fn may_change(&self, act: &Act) -> Result<Person> {
        let person = store::people::get(act.w, self.session.person_id)?;
        if !self.session.strong && has_second_factor(act.w, person.id)? {
            return Err(Error::denied(
                "Sign out and sign in again with your passphrase and your second factor, or with a passkey. Then change this.",
            ));
        }
        Ok(person)
    }

    /// The factor was proved by setting it up: the session is a strong one from now on, with a new token. Not where an
    /// identity provider vouches for it: that session proved no passphrase of ours.
    fn step_up(&self, act: &Act) -> Result<Option<String>> {
        if self.session.connection_id.is_some() {
            return Ok(None);
        }
        proved(act, self.session.person_id)?;
        sessions::renew(act, &self.token, true).map(Some)
    }
}

/// Removes one's own authenticator app.
pub fn remove_own_totp(act: &Act, own: &Own) -> Result<()> {
    let person = own.may_change(act)?;
    remove_totp(act, &person, By::Themselves)
}

/// Removes one's own passkey; returns its name.
pub fn remove_own_passkey(act: &Act, own: &Own, id: PasskeyId) -> Result<String> {
    let person = own.may_change(act)?;
    remove_passkey(act, &person, id, By::Themselves)
}

/// Which factor of somebody else.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    Totp,
    Passkey(PasskeyId),
}

/// An owner removes what somebody else has lost. Every session of theirs ends, because whoever found it may hold one.
pub fn remove_of(act: &Act, person: PersonId, which: Which) -> Result<()> {
    act.need_owner()?;
    let person = store::people::get(act.w, person)?;
    if act.actor.id().is_some_and(|id| id == person.id.to_string()) {
        return Err(Error::conflict("Your own factors are on your account page."));
    }
    match which {
        Which::Totp => remove_totp(act, &person, By::Owner)?,
        Which::Passkey(id) => _ = remove_passkey(act, &person, id, By::Owner)?,
    }
    let ended = store::sessions::delete_of_person(act.w, person.id)?;
    if ended > 0 {
        let after = json!({ "sessions_ended": ended });
        act.event(Action::SessionEnded, subject(&person), Value::Null, after)?;
    }
    Ok(())
}

/// Who removes a factor.
#[derive(Clone, Copy)]
enum By {
    Themselves,
    Owner,
}

impl By {
    fn key(self) -> &'static str {
        match self {
            By::Themselves => "self",
            By::Owner => "owner",
        }
    }

    /// Tells the person that `what` is gone, and who removed it where that was not them.
    fn tell(self, act: &Act, person: &Person, what: &str) -> Result<()> {
        match self {
            By::Themselves => notices::factor_removed(act, person, what),
            By::Owner => {
                let what = format!("{what}, removed by {}", act.actor.label());
                notices::factor_removed(act, person, &what)
            }
        }
    }
}

fn remove_totp(act: &Act, person: &Person, by: By) -> Result<()> {
    if !store::factors::delete_totp(act.w, person.id)? {
        return Err(Error::not_found("authenticator app"));
    }
    let after = json!({ "by": by.key() });
    act.event(Action::TotpRemoved, subject(person), Value::Null, after)?;
    by.tell(act, person, totp::NAME)
}

fn remove_passkey(act: &Act, person: &Person, id: PasskeyId, by: By) -> Result<String> {
    let row = store::passkeys::get(act.w, person.id, id)?;
    store::passkeys::delete(act.w, row.id)?;
    let (before, after) = (json!({ "name": row.name }), json!({ "by": by.key() }));
    act.event(Action::PasskeyRemoved, subject(person), before, after)?;
    by.tell(act, person, &passkeys::spoken(&row.name))?;
    Ok(row.name)
}
