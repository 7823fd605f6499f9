//! What takes an applied line back: the person and the mirror's row as they were, and as they were made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::flows::Act;
use crate::model::profile::{Profile, Source};
use crate::model::{AccessGroupId, DirectoryUser, PersonId, PersonState, TeamId, Waiting};
use crate::store;

/// Kept with each line until it is too late to take it back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    pub waiting: Waiting,
    /// Memberships that waited: group, and whether it counted.
    pub members: Vec<(i64, bool)>,
    /// Removals that gave way to it.
    #[serde(default)]
    pub superseded: Vec<Waiting>,
    pub claimed: bool,
    pub created_here: bool,
    /// Whom the row was tied to.
    pub tied_to: Option<PersonId>,
    pub person: Option<PersonId>,
    /// The person was made by it.
    pub is_new: bool,
    pub was: Option<Snapshot>,
    pub is: Option<Snapshot>,
}

/// What provisioning can change of a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub email: String,
    pub given_name: String,
    pub family_name: String,
    pub state: PersonState,
    pub own_role: String,
    pub team: Option<TeamId>,
    pub access_group: Option<AccessGroupId>,
    pub fields: BTreeMap<String, String>,
    pub sources: BTreeMap<String, Source>,
    /// JSON of the reasons.
    pub why: String,
}

impl Snapshot {
    pub fn of(act: &Act, id: PersonId) -> Result<Option<Self>> {
        let Some(person) = store::people::find(act.w, id)? else {
            return Ok(None);
        };
        let Profile { fields, sources } = store::profiles::get(act.w, id)?;
        Ok(Some(Self {
            email: person.email.to_string(),
            given_name: person.given_name,
            family_name: person.family_name,
            state: person.state,
            own_role: person.own_role,
            team: person.team_id,
            access_group: person.access_group_id,
            fields,
            sources,
            why: store::people::why(act.w, id)?,
        }))
    }
}

impl Kept {
    /// Before it is applied. `expected`: whom it will be about, if that is somebody.
    pub fn before(
        act: &Act,
        waiting: &Waiting,
        row: &DirectoryUser,
        expected: Option<PersonId>,
    ) -> Result<Self> {
        let was = match expected {
            Some(id) => Snapshot::of(act, id)?,
            None => None,
        };
        Ok(Self {
            waiting: waiting.clone(),
            members: store::waiting::list_members(act.w, row.seq)?,
            superseded: store::waiting::list_superseded(act.w, row.seq)?,
            claimed: row.claimed,
            created_here: row.created_here,
            tied_to: row.person_id,
            person: expected,
            is_new: false,
            was,
            is: None,
        })
    }

    /// When it is applied.
    pub fn after(mut self, act: &Act, person: Option<PersonId>, is_new: bool) -> Result<Self> {
        if person != self.person {
            self.was = None;
        }
        self.person = person;
        self.is_new = is_new;
        self.is = match person {
            Some(id) => Snapshot::of(act, id)?,
            None => None,
        };
        Ok(self)
    }
}
