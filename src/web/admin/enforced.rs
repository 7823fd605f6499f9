//! What the overview, the page of an integration and the sign-in page say of enforcement.

use crate::error::Result;
use crate::flows::enforce;
use crate::model::enforcement::{PROOF_REMINDER, Standing};
use crate::model::{ConnectionId, Enforcement, Timestamp};
use crate::store::{self, Reader};
use crate::web::admin::facts::days;
use crate::web::pieces::{Notice, Tone};
use crate::web::urls;

/// What enforcement has to say, of one connection or of all; what needs somebody comes first.
pub fn notices(r: &Reader, of: Option<ConnectionId>, now: Timestamp) -> Result<Vec<Notice>> {
    let mut all = store::enforcements::list(r)?;
    all.retain(|e| of.is_none_or(|id| id == e.connection_id));
    let mut notices = Vec::new();
    for enforcement in &all {
        notices.push(notice(r, enforcement, now)?);
    }
    if !all.is_empty() {
        notices.extend(proof_notice(r, now)?);
    }
    notices.sort_by_key(|n| match n.tone {
        Tone::NeedsYou => 0,
        Tone::Waiting => 1,
        _ => 2,
    });
    Ok(notices)
}

fn notice(r: &Reader, enforcement: &Enforcement, now: Timestamp) -> Result<Notice> {
    let connection = store::connections::get(r, enforcement.connection_id)?;
    let (name, whom) = (&connection.name, enforcement.whom());
    let void = enforce::why_void(r, enforcement, &connection, now)?;
    let start = enforcement.starts_at.human();
    let notice = match (enforcement.standing(), void) {
        (Standing::Waiting, _) => Notice::needs_you(
            format!("The enforcement of {name} for {whom} waits since {start} UTC."),
            "Not everything was proved when it was to start, so it did not. Start it on its page, or take it back.",
        ),
        (Standing::Planned, Some(why)) => Notice::needs_you(
            format!("From {start} UTC {name} is to be enforced for {whom}, but cannot be."),
            format!("{why} It will wait until an owner starts it."),
        ),
        (Standing::Planned, None) => Notice::waiting(
            format!("From {start} UTC {whom} signs in through {name} only."),
            "Sessions that came by another door end then. It can be taken back any time.",
        ),
        (_, Some(why)) => Notice::needs_you(
            format!("{name} is enforced for {whom}, but this does not count now."),
            format!("{why} Until that is mended, they sign in by any door that is theirs."),
        ),
        (_, None) => Notice::info(format!("{name} is enforced for {whom}."), ""),
    };
    let href = urls::integration_part(connection.slug.as_str(), "enforcement");
    Ok(notice.link("Enforcement", href))
}

/// When the last proof of a break-glass owner ends soon, or has ended.
fn proof_notice(r: &Reader, now: Timestamp) -> Result<Option<Notice>> {
    let all = store::break_glass::list(r)?;
    let proved = all.iter().filter(|one| one.is_proved(now));
    let last = proved.filter_map(crate::model::BreakGlass::proof_ends).max();
    let notice = match last.map(|ends| ends.since(now)) {
        None => Notice::needs_you(
            "No break-glass owner has proved their way in within 30 days.",
            "If the identity provider fails, nobody knows whether it works. One of them should sign in with passphrase \
             and second factor today.",
        ),
        Some(left) if left <= PROOF_REMINDER => Notice::waiting(
            format!("The last proof of a break-glass owner ends in {}.", days(left)),
            "One of them should sign in with passphrase and second factor before that.",
        ),
        Some(_) => return Ok(None),
    };
    Ok(Some(notice.link("Break-glass owners", urls::break_glass())))
}
