//! From the mirror to people: whom a user is, what of it reaches the person, and who is out of reach.
//!
//! A user is tied to a person once ([`tie`], before its row is written) and stays so. What the identity provider
//! writes then follows to the person ([`follow`], after the row is written): names and address as they stand in the
//! document, the state only when `active` changes, so that what an admin did by hand is not undone by a repetition.

use serde_json::json;

use super::guard::{self, Verdict, What};
use super::reach::{self, Wish};
use super::work::Work;
use super::{hands, mapped, project, reading::Checked};
use crate::error::Result;
use crate::flows::mapping::{self, Word};
use crate::flows::{administer, invite};
use crate::model::mapping::Occasion;
use crate::model::{Connection, DirectoryUser, Person, PersonId, PersonState};
use crate::scim::ScimProblem;
use crate::store;
use crate::store::directory::users;

pub use super::reach::is_out_of_reach;

/// Whom a user turned out to be.
#[derive(Debug)]
pub enum Tied {
    /// Nobody: there is no address, or people may not be added.
    Nobody,
    /// The person of before.
    Same(Person),
    /// Somebody who was there all along, from now on this user.
    Linked(Person),
    /// Somebody whom this connection had removed.
    Again(Person),
    Made(Person),
}

/// Finds or makes the person of `row`, and writes them into it. `before` is the row as it was; `None` for a new one,
/// whose `person_id` then names whom this connection had removed under the same name.
pub fn tie(
    work: &mut Work,
    before: Option<&DirectoryUser>,
    row: &mut DirectoryUser,
    checked: &Checked,
) -> Result<Tied> {
    if let Some(id) = row.person_id {
        let person = store::people::get(work.act.w, id)?;
        let keeper = hands::keeper(work.act.w, work.connection().id, id)?;
        if keeper.is_none() {
            need_free_address(work, &person, checked)?;
        }
        need_reach(work, before, row, checked, &person)?;
        if let Some(keeper) = keeper {
            return Ok(let_be(work, row, &person, &keeper));
        }
        hands::change(work, &person)?;
        return Ok(match before {
            Some(_) => Tied::Same(person),
            None => Tied::Again(person),
        });
    }
    let Some(email) = &checked.email else {
        work.note(
            "The user has no e-mail address, so no person was made of it. That happens as soon as the identity \
             provider sends one.",
        );
        return Ok(Tied::Nobody);
    };
    let Some(person) = store::people::find_by_email(work.act.w, &email.key())? else {
        return make(work, row, checked);
    };
    let connection = work.connection().id;
    if let Some(other) = users::find_of_person(work.act.w, connection, person.id)? {
        let detail = format!("Another user here has the e-mail address {email} already.");
        return Err(ScimProblem::taken(detail, Some(other.id)).into());
    }
    let known = before.is_some() || users::knew_person(work.act.w, connection, person.id)?;
    if !known || is_out_of_reach(work.act.w, connection, &person)? {
        return Err(unseen(&email.to_string()).into());
    }
    if let Some(keeper) = hands::keeper(work.act.w, connection, person.id)? {
        return Ok(let_be(work, row, &person, &keeper));
    }
    hands::change(work, &person)?;
    row.person_id = Some(person.id);
    // Whoever this row made was somebody else.
    row.created_here = false;
    Ok(match before {
        Some(_) => Tied::Linked(person),
        None => Tied::Again(person),
    })
}

/// Another connection keeps this person: the user is kept, and is nobody.
fn let_be(work: &mut Work, row: &mut DirectoryUser, person: &Person, keeper: &Connection) -> Tied {
    row.person_id = None;
    row.created_here = false;
    hands::tell(work, person, keeper);
    Tied::Nobody
}

/// The address belongs to somebody whom this connection cannot see: who that is stays unsaid.
fn unseen(email: &str) -> ScimProblem {
    let detail = format!(
        "Somebody whom this integration does not provision has the e-mail address {email} already. Ask an owner of \
         Doorward to change the address of that person, or take the user out of this application's assignment."
    );
    ScimProblem::taken(detail, None)
}

fn need_free_address(work: &Work, person: &Person, checked: &Checked) -> Result<()> {
    let Some(email) = checked
        .email
        .as_ref()
        .filter(|email| email.key() != person.email.key())
    else {
        return Ok(());
    };
    if !work.settings().update || !work.connection().mapping.overwrites("email") {
        return Ok(());
    }
    let Some(other) = store::people::find_by_email(work.act.w, &email.key())? else {
        return Ok(());
    };
    match users::find_of_person(work.act.w, work.connection().id, other.id)? {
        Some(row) => {
            let detail = format!("Another user here has the e-mail address {email} already.");
            Err(ScimProblem::taken(detail, Some(row.id)).into())
        }
        None => Err(unseen(&email.to_string()).into()),
    }
}

/// 403 when the request takes something from somebody who is out of reach.
fn need_reach(
    work: &Work,
    before: Option<&DirectoryUser>,
    row: &DirectoryUser,
    checked: &Checked,
    person: &Person,
) -> Result<()> {
    let Some(before) = before else {
        return reach::need(work, person, Wish::TakeBack);
    };
    if before.active && !row.active {
        reach::need(work, person, Wish::Deactivate)?;
    }
    if before.user_name.to_lowercase() != row.user_name.to_lowercase() {
        reach::need(work, person, Wish::Rename)?;
    }
    // An address that only stands where it stood is not asked for; it was changed here since.
    let before = mapped::address(work.connection(), &before.document);
    let other_address = work.connection().mapping.overwrites("email")
        && checked.email.as_ref().is_some_and(|email| {
            let is_old = before.as_ref().is_some_and(|before| before.key() == email.key());
            email.key() != person.email.key() && !is_old
        });
    if other_address {
        reach::need(work, person, Wish::Readdress)?;
    }
    Ok(())
}

fn make(work: &mut Work, row: &mut DirectoryUser, checked: &Checked) -> Result<Tied> {
    let Some(email) = checked.email.clone() else {
        return Ok(Tied::Nobody);
    };
    if !work.settings().create {
        work.note(
            "No person was added: adding people is turned off for this integration in Doorward. The user is kept, \
             and the person is added with its next change once that is turned on.",
        );
        return Ok(Tied::Nobody);
    }
    let act = work.act;
    let word = word(work);
    let outcome = mapped::outcome(word.connection, &row.document, checked, Occasion::Create);
    let begin = mapping::beginning(act, word, &outcome, false)?;
    work.notes.extend(begin.remarks.iter().cloned());
    let name = |field: &str| outcome.value(field).unwrap_or_default().to_owned();
    let state = if row.active {
        PersonState::Active
    } else {
        PersonState::Deactivated
    };
    let person = Person {
        id: PersonId::new(act.now, act.random_id()),
        email,
        given_name: name("given_name"),
        family_name: name("family_name"),
        own_role: begin.role.key.clone(),
        role: begin.role.clone(),
        team_id: begin.team.as_ref().map(|team| team.id),
        access_group_id: None,
        state,
        version: 1,
        created_at: act.now,
        updated_at: act.now,
        deactivated_at: (!row.active).then_some(act.now),
        last_sign_in_at: None,
    };
    administer::enter(act, &person, Some(work.reference))?;
    mapping::born(act, word, &person, &outcome, &begin)?;
    project::elsewhere(act, &person, Some(work.connection().id))?;
    if invite::provisioned(act, word.connection, &person)? {
        work.note(format!(
            "{} is invited, as this integration wants it.",
            person.display_name()
        ));
    }
    row.person_id = Some(person.id);
    row.created_here = true;
    Ok(Tied::Made(person))
}

fn word<'a>(work: &Work<'a>) -> Word<'a> {
    Word {
        connection: work.connection(),
        reference: work.reference,
    }
}

/// Lets what the row says now reach the person. `rewritten`: the document changed, or was claimed.
pub fn follow(
    work: &mut Work,
    before: Option<&DirectoryUser>,
    row: &DirectoryUser,
    checked: &Checked,
    tied: Tied,
    rewritten: bool,
) -> Result<()> {
    // What the row said before was not the identity provider's.
    let is_first = before.is_some_and(|before| !before.claimed);
    let (mut person, was_active) = match tied {
        Tied::Nobody => return Ok(()),
        Tied::Made(person) => {
            let detail = json!({ "email": person.email, "state": person.state });
            work.effect(&person, "added", detail);
            return Ok(());
        }
        Tied::Linked(person) => {
            work.effect(&person, "linked", json!({ "user": row.id }));
            (person, before.is_some_and(|before| before.active))
        }
        Tied::Again(person) => {
            work.effect(&person, "linked", json!({ "user": row.id, "again": true }));
            (person, false)
        }
        Tied::Same(person) => {
            if is_first {
                work.effect(&person, "linked", json!({ "user": row.id }));
            }
            (person, before.is_some_and(|before| before.active))
        }
    };
    if rewritten {
        profile(work, &mut person, row, checked)?;
    }
    match (was_active, row.active) {
        (true, false) => take(work, &mut person, row.seq, What::Deactivate),
        (_, true) if (was_active || is_first) && !person.is_active() => {
            let name = person.display_name();
            let why = match is_first {
                true => {
                    "the identity provider writes this user for the first time. It can deactivate them and then \
                         say that they are active, or an admin reactivates them."
                }
                false => "the identity provider repeated that the user is active, which is no change.",
            };
            work.nothing(
                &person,
                format!("{name} was deactivated here and stays so: {why}"),
            );
            Ok(())
        }
        (false, true) => give_back(work, &mut person),
        _ => Ok(()),
    }
}

/// What the mapping overwrites becomes the person's.
fn profile(work: &mut Work, person: &mut Person, row: &DirectoryUser, checked: &Checked) -> Result<()> {
    let was = person.clone();
    let word = word(work);
    let outcome = mapped::outcome(word.connection, &row.document, checked, Occasion::Update);
    if let Some(given) = outcome.value("given_name") {
        person.given_name = given.to_owned();
    }
    if let Some(family) = outcome.value("family_name") {
        person.family_name = family.to_owned();
    }
    let overwrites = word.connection.mapping.overwrites("email");
    let address = checked
        .email
        .as_ref()
        .filter(|email| **email != was.email && overwrites);
    if let Some(email) = address {
        match reach::why_address_stays(work, &was, email)? {
            Some(why) => work.nothing(&was, why),
            None => person.email = email.clone(),
        }
    }
    let goes_further = word.connection.mapping.goes_further();
    if *person == was && !goes_further {
        return Ok(());
    }
    if !work.settings().update {
        *person = was;
        let why = format!(
            "{} was not changed: changing people is turned off for this integration in Doorward.",
            person.display_name()
        );
        work.nothing(person, why);
        return Ok(());
    }
    if *person != was {
        let (before, after) = administer::put(work.act, &was, person, Some(work.reference))?;
        work.effect(person, "changed", json!({ "before": before, "after": after }));
    }
    if goes_further {
        let changed = mapping::update(work.act, word, person, &outcome, Occasion::Update)?;
        if !changed.after.is_null() {
            let detail = json!({ "before": changed.before, "after": changed.after });
            work.effect(person, "changed", detail);
        }
        for remark in changed.remarks {
            work.note(remark);
        }
    }
    Ok(())
}

/// Takes the account from a person, unless switched off or held by the guard. Who is out of reach was refused
/// before this.
pub fn take(work: &mut Work, person: &mut Person, user_seq: i64, what: What) -> Result<()> {
    if !work.settings().deactivate {
        if person.is_active() {
            let why = format!(
                "{} was not deactivated: deactivating people is turned off for this integration in Doorward.",
                person.display_name()
            );
            work.nothing(person, why);
        }
        return Ok(());
    }
    if ask(work, person, user_seq, what)? == Verdict::Held {
        let why = "More people were removed within ten minutes than this integration may; an admin decides.";
        work.effect(person, "held", json!({ "why": why }));
        work.note(format!("{} stays active for now: {why}", person.display_name()));
        return Ok(());
    }
    if person.is_active() {
        let ended = administer::turn(work.act, person, false, Some(work.reference))?;
        work.effect(person, "deactivated", json!({ "sessions_ended": ended }));
    }
    Ok(())
}

fn ask(work: &Work, person: &Person, user_seq: i64, what: What) -> Result<Verdict> {
    let (act, connection, reference) = (work.act, work.connection(), work.reference);
    if let Some(asked_at) = work.approved {
        guard::note(work, person, user_seq, what, asked_at)?;
        return Ok(Verdict::Apply);
    }
    let tally = &mut guard::Tally::default();
    guard::ask(act, connection, person, user_seq, what, reference, tally)
}

/// The identity provider says that somebody is back.
fn give_back(work: &mut Work, person: &mut Person) -> Result<()> {
    if guard::withdraw(work.act, work.connection(), person, What::Deactivate)? {
        work.nothing(
            person,
            format!(
                "{} was still active: the removal that waited is withdrawn.",
                person.display_name()
            ),
        );
    }
    if person.is_active() {
        return Ok(());
    }
    let name = person.display_name();
    if is_out_of_reach(work.act.w, work.connection().id, person)? {
        let why =
            format!("{name} was not reactivated: only an owner of Doorward does that for an owner or admin.");
        work.nothing(person, why);
    } else if !work.settings().deactivate {
        let why = format!(
            "{name} was not reactivated: deactivating and reactivating people is turned off for this integration."
        );
        work.nothing(person, why);
    } else {
        administer::turn(work.act, person, true, Some(work.reference))?;
        work.effect(person, "reactivated", json!({}));
    }
    Ok(())
}
