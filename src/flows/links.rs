//! Links that work once: for one person, for one purpose, for an hour at most.
//!
//! The token is 256 random bits and stored as a hash only. Looking at a link does not use it, because mail scanners
//! open whatever they find: a button does. Whenever one is made or used, all others of that person for that purpose
//! are void. Who may make one for whom is the caller's business, and so is the event.

use crate::error::Result;
use crate::model::time::HOUR;
use crate::model::{Actor, OneTimeLink, PersonId, Purpose, Timestamp};
use crate::store::{self, Reader};

use super::{Act, hash};

/// No link lives longer, whatever the caller asks for.
pub const LONGEST: i64 = HOUR;

/// Makes a link that lives `life` milliseconds; returns its token, which is told once. Voids the person's others.
pub fn make(act: &Act, person: PersonId, purpose: Purpose, life: i64) -> Result<String> {
    void(act, person, purpose)?;
    let token = act.random.token();
    let link = OneTimeLink {
        purpose,
        person_id: person,
        made_by: act
            .actor
            .id()
            .unwrap_or_else(|| Actor::Doorward.kind().to_owned()),
        created_at: act.now,
        expires_at: act.now.plus(life.min(LONGEST)),
    };
    store::one_time_links::insert(act.w, &hash(&token), &link)?;
    Ok(token)
}

/// The link of this token while it is good for `purpose`; nothing is used up.
pub fn look(r: &Reader, token: &str, purpose: Purpose, now: Timestamp) -> Result<Option<OneTimeLink>> {
    store::one_time_links::find_good(r, &hash(token), purpose, now)
}

/// Uses the link up, and voids the person's others. `None` when it is not good for `purpose`, or was used before.
pub fn use_up(act: &Act, token: &str, purpose: Purpose) -> Result<Option<OneTimeLink>> {
    let used = store::one_time_links::use_up(act.w, &hash(token), purpose, act.now)?;
    if let Some(link) = &used {
        void(act, link.person_id, purpose)?;
    }
    Ok(used)
}

/// Voids every link of the person for `purpose`, because what it rested on has changed.
pub fn void(act: &Act, person: PersonId, purpose: Purpose) -> Result<()> {
    store::one_time_links::delete_unused(act.w, person, purpose).map(drop)
}

/// Voids every link of the person, whatever it was for.
pub fn void_all(act: &Act, person: PersonId) -> Result<()> {
    Purpose::ALL
        .into_iter()
        .try_for_each(|purpose| void(act, person, purpose))
}
