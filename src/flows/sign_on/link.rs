//! Who is this subject here? Found by (connection, issuer, subject); e-mail alone never links.
//!
//! A first sign-in is linked by e-mail only where an owner has confirmed that the connection speaks for the
//! e-mail's domain, or whose identity provider added the person through it, or to a person whom an admin added,
//! who has no other way in and whose role opens no settings. An address for which the provider does not answer links in the first of these cases only. An owner, and everybody else, proves the account once with the way they sign in today.

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::flows::provision::effects::is_out_of_reach;
use crate::flows::{Act, administer};
use crate::model::{Action, ConnectionId, Email, IdentityId, Person};
use crate::store::identities::{Identity, LinkedHow};
use crate::store::{self, Reader};

/// A subject as a verified assertion names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    pub connection: ConnectionId,
    pub issuer: String,
    pub subject: String,
}

/// An e-mail address that came with a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    pub email: Email,
    /// The identity provider answers for it. Of others it only says what the person, or somebody, typed there.
    pub is_vouched: bool,
}

impl Claimed {
    pub fn vouched(email: Email) -> Self {
        Self {
            email,
            is_vouched: true,
        }
    }
}

/// What the directory says about a subject.
#[derive(Clone, Debug)]
pub enum Found {
    /// Linked before.
    Linked(Person, IdentityId),
    /// May be linked now, for this reason.
    MayLink(Person, LinkedHow),
    /// Somebody here has the e-mail, but must prove that it is them.
    MustProve(Person),
    Nobody,
}

impl Found {
    /// Whoever it is, linked or not.
    pub fn person(&self) -> Option<&Person> {
        match self {
            Found::Linked(person, _) | Found::MayLink(person, _) | Found::MustProve(person) => Some(person),
            Found::Nobody => None,
        }
    }
}

/// Looks the subject up, and failing that the e-mail that came with it.
pub fn find(r: &Reader, subject: &Subject, claimed: Option<&Claimed>) -> Result<Found> {
    if let Some(identity) = store::identities::find(r, subject.connection, &subject.issuer, &subject.subject)?
    {
        return Ok(Found::Linked(
            store::people::get(r, identity.person_id)?,
            identity.id,
        ));
    }
    let Some(Claimed { email, is_vouched }) = claimed else {
        return Ok(Found::Nobody);
    };
    let Some(person) = store::people::find_by_email(r, &email.key())? else {
        return Ok(Found::Nobody);
    };
    if person.role.owns() {
        return Ok(Found::MustProve(person));
    }
    if store::connections::speaks_for(r, subject.connection, &email.domain())? {
        return Ok(Found::MayLink(person, LinkedHow::Domain));
    }
    // An address that anybody can write into their own profile opens nobody's account.
    if !is_vouched {
        return Ok(Found::MustProve(person));
    }
    if is_provisioned(r, subject.connection, &person)? {
        return Ok(Found::MayLink(person, LinkedHow::Provisioned));
    }
    let has_passphrase = store::passphrases::find(r, person.id)?.is_some();
    // Whoever adds a connection chooses whom it believes: what opens settings is not given away by its word alone.
    if !has_passphrase
        && !person.role.is_admin()
        && store::identities::list_of_person(r, person.id)?.is_empty()
    {
        return Ok(Found::MayLink(person, LinkedHow::Invited));
    }
    Ok(Found::MustProve(person))
}

/// Did this connection's identity provider itself add the person? Whom it merely wrote was here before, perhaps with
/// a way in of their own, and it must not come in as them by saying so. One who is out of its reach is nobody whom it
/// may vouch for either.
fn is_provisioned(r: &Reader, connection: ConnectionId, person: &Person) -> Result<bool> {
    let user = store::directory::users::find_of_person(r, connection, person.id)?;
    let made = user.is_some_and(|user| user.claimed && user.created_here);
    Ok(made && !is_out_of_reach(r, connection, person)?)
}

/// Ties the subject to the person, with its event.
pub fn tie(
    act: &Act,
    person: &Person,
    subject: &Subject,
    how: LinkedHow,
    reference: Option<String>,
) -> Result<IdentityId> {
    if store::identities::find(act.w, subject.connection, &subject.issuer, &subject.subject)?.is_some() {
        return Err(Error::conflict("This sign-in is linked to a person already."));
    }
    let identity = Identity {
        id: IdentityId::new(act.now, act.random_id()),
        person_id: person.id,
        connection_id: subject.connection,
        issuer: subject.issuer.clone(),
        subject: subject.subject.clone(),
        linked_how: how,
        created_at: act.now,
        last_used_at: None,
    };
    store::identities::insert(act.w, &identity)?;
    // Whoever has an account waits for none.
    store::access_requests::fulfil(
        act.w,
        subject.connection,
        &subject.issuer,
        &subject.subject,
        act.now,
    )?;
    let after = json!({ "issuer": subject.issuer, "subject": subject.subject, "how": how.key() });
    act.event_with(
        Action::IdentityLinked,
        administer::subject(person),
        Value::Null,
        after,
        reference,
    )?;
    Ok(identity.id)
}
