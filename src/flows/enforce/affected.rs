//! Who would be affected by an enforcement, before it is switched on.

use crate::error::Result;
use crate::model::{ConnectionId, Person};
use crate::store::{self, Reader};

/// How somebody stands towards an enforcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Linked already: nothing changes but the other doors.
    Linked,
    /// The identity provider has an account for them; they never came in through it.
    Known,
    /// Nothing says that they have an account there.
    Unknown,
    /// A break-glass owner: it does not hold for them.
    Exempt,
}

/// One line of the list.
#[derive(Clone, Debug)]
pub struct Listed {
    pub person: Person,
    pub group: Group,
}

/// One page of the active people for whom it would be, ordered by name; `offset` counts from 0.
pub fn list(
    r: &Reader,
    connection: ConnectionId,
    domain: Option<&str>,
    offset: i64,
    limit: i64,
) -> Result<Vec<Listed>> {
    let rows = store::enforcements::list_affected(r, connection, domain, offset, limit)?;
    let listed = |row: &store::enforcements::Affected| {
        let group = match (row.exempt, row.linked, row.known) {
            (true, ..) => Group::Exempt,
            (_, true, _) => Group::Linked,
            (.., true) => Group::Known,
            _ => Group::Unknown,
        };
        let person = store::people::get(r, row.person)?;
        Ok(Listed { person, group })
    };
    rows.iter().map(listed).collect()
}
