//! The groups that a sign-in names: they feed access groups like pushed ones do, before the session begins.

use crate::error::Result;
use crate::flows::assign::Done;
use crate::flows::{Act, feeds};
use crate::model::{Check, ConnectionId, Person, SignIn, Verdict};
use crate::store;

/// Keeps what the sign-in says and settles the person, who comes back as they are then. `None`: there were too many
/// groups to list, so nothing is known and nothing changes.
pub fn bring(
    act: &Act,
    connection: ConnectionId,
    person: Person,
    groups: Option<&[String]>,
    row: &mut SignIn,
) -> Result<Person> {
    let Some(groups) = groups else {
        return Ok(person);
    };
    match feeds::claim(act, connection, person.id, groups, &row.reference)? {
        Done::Unchanged => Ok(person),
        Done::Changed => store::people::get(act.w, person.id),
        Done::Kept(why) => {
            row.trace.checks.push(kept(why));
            Ok(person)
        }
    }
}

fn kept(why: String) -> Check {
    Check {
        code: "account.access_group".to_owned(),
        title: "The groups decide about the access group".to_owned(),
        verdict: Verdict::Warned,
        expected: None,
        received: Some(why),
        remedy: Some(
            "Nothing, if that is as it should be. Else set the access group by hand on the person's page."
                .to_owned(),
        ),
    }
}
