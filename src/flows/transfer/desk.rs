//! Files that were looked at and wait for the word. They hold what people are called, so that they are kept in memory
//! only: of each person the newest, for an hour.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};
use crate::model::time::HOUR;
use crate::model::{PersonId, Timestamp};
use crate::random::Random;

use super::{Counts, Line, Task};

/// How long a file waits.
pub const SHOWN_FOR: i64 = HOUR;
/// Of so many people; the oldest goes.
const MOST: usize = 10;

/// A file that was looked at.
#[derive(Clone, Debug)]
pub struct Checked {
    id: String,
    person: PersonId,
    at: Timestamp,
    pub task: Task,
    /// Columns that mean nothing here.
    pub unread: Arc<Vec<String>>,
    pub lines: Arc<Vec<Line>>,
    pub counts: Counts,
    /// It was imported.
    pub done: Option<Done>,
}

/// That it was imported.
#[derive(Clone, Debug)]
pub struct Done {
    pub at: Timestamp,
    pub added: Vec<PersonId>,
}

/// What waits.
#[derive(Default)]
pub struct Desk(Mutex<Vec<Checked>>);

impl Desk {
    fn all(&self) -> MutexGuard<'_, Vec<Checked>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(
        &self,
        random: &Random,
        now: Timestamp,
        person: PersonId,
        task: Task,
        unread: Vec<String>,
        lines: Vec<Line>,
    ) -> String {
        let id = random.token();
        let mut all = self.all();
        all.retain(|other| other.person != person && now.since(other.at) < SHOWN_FOR);
        if all.len() >= MOST {
            all.remove(0);
        }
        all.push(Checked {
            id: id.clone(),
            person,
            at: now,
            task,
            unread: Arc::new(unread),
            counts: Counts::of(&lines),
            lines: Arc::new(lines),
            done: None,
        });
        id
    }

    /// What this person looked at.
    ///
    /// # Errors
    /// `NotFound` when it is somebody else's, too old, or forgotten by a start.
    pub fn get(&self, person: PersonId, id: &str, now: Timestamp) -> Result<Checked> {
        let all = self.all();
        let found = all
            .iter()
            .find(|one| one.person == person && one.id == id && now.since(one.at) < SHOWN_FOR);
        found.cloned().ok_or_else(|| {
            let message = "This file is no longer kept: Doorward keeps the newest of yours for an hour, and none over a \
                           restart. Choose it once more.";
            Error::new(crate::error::Kind::NotFound, message)
        })
    }

    pub(super) fn replace(&self, person: PersonId, id: &str, lines: Vec<Line>) {
        self.change(person, id, |one| {
            one.counts = Counts::of(&lines);
            one.lines = Arc::new(lines);
        });
    }

    pub(super) fn finish(&self, person: PersonId, id: &str, added: Vec<PersonId>, at: Timestamp) {
        self.change(person, id, |one| one.done = Some(Done { at, added }));
    }

    fn change(&self, person: PersonId, id: &str, work: impl FnOnce(&mut Checked)) {
        let mut all = self.all();
        if let Some(one) = all.iter_mut().find(|one| one.person == person && one.id == id) {
            work(one);
        }
    }
}
