//! The plan: what applying each line would come to. A line is tried, and undone.

use std::cell::Cell;

use super::{apply, decided};
use crate::error::{Error, Kind, Result};
use crate::flows::provision::hold::Applied;
use crate::flows::{Act, Context, Who};
use crate::model::{Connection, LineKind, Waiting};
use crate::store;
use crate::store::waiting::Listed;

/// A line as it stands in the plan.
#[derive(Clone, Debug)]
pub struct Line {
    pub listed: Listed,
    /// What it would do, or why it cannot be done as things are.
    pub outcome: std::result::Result<Applied, String>,
}

/// So many lines are tried at once, while other writes wait.
pub const MOST: usize = 100;

/// Tries these lines, each by itself: nothing stays of it.
pub async fn preview(ctx: &Context, who: Who, slug: &str, users: Vec<i64>) -> Result<Vec<Line>> {
    let slug = slug.to_owned();
    ctx.act_alone(who, move |act| {
        let connection = decided(act, &slug)?;
        let mut lines = Vec::with_capacity(users.len());
        for user in users.into_iter().take(MOST) {
            if let Some(listed) = store::waiting::find_line(act.w, connection.id, user)? {
                let outcome = rehearse(act, &connection, &listed)?;
                lines.push(Line { listed, outcome });
            }
        }
        Ok(lines)
    })
    .await
}

/// What the line comes to, once the admin approves it as it stands: whoever has the same address is linked.
pub(super) fn approved(listed: &Listed) -> Waiting {
    let mut waiting = listed.waiting.clone();
    if listed.kind == LineKind::Email {
        waiting.chosen = listed.person;
    }
    waiting
}

fn rehearse(
    act: &Act,
    connection: &Connection,
    listed: &Listed,
) -> Result<std::result::Result<Applied, String>> {
    let found = Cell::new(None);
    let undone: Result<()> = act.w.attempt(|| {
        found.set(Some(apply::carry_out(act, connection, &approved(listed))?));
        // An error is what undoes everything above.
        Err(Error::conflict("This was a rehearsal."))
    });
    match (found.take(), undone) {
        (Some(applied), _) => Ok(Ok(applied)),
        (None, Err(error)) => refusal(error).map(Err),
        (None, Ok(())) => Err(Error::internal("a rehearsal was not undone")),
    }
}

/// What an admin can do something about, in words; everything else stays an error.
pub(super) fn refusal(error: Error) -> Result<String> {
    match &error.kind {
        Kind::Conflict | Kind::Denied | Kind::NotFound => Ok(error.message),
        Kind::Invalid(problems) => Ok(problems
            .first()
            .map_or(error.message.clone(), |problem| problem.message.clone())),
        _ => Err(error),
    }
}
