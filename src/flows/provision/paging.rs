//! Pages that fit together while rows come and go (RFC 7644 §3.4.2.4): which page of a list comes after which row.
//!
//! A client asks for a number of rows behind a number of rows. Were the rows counted anew for every page, one that is
//! removed would push a stranger out of sight. So for each page that was given out, the row at its end is remembered,
//! and whoever asks for what follows is answered from there. What is remembered is a help only: without it the place
//! is counted.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::model::time::MINUTE;
use crate::model::{CredentialId, ResourceKind, Timestamp};
use crate::store::directory::Key;

/// How long the end of a page is remembered.
pub const LIFE: i64 = 10 * MINUTE;
/// So many ends are remembered, over all clients.
const MOST: usize = 20_000;
/// Longest value of a sort attribute that is remembered, in bytes.
const LONGEST: usize = 1_024;

/// A list, as all of its pages name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct List([u8; 32]);

impl List {
    /// `signature` is what the list is narrowed to and sorted by, see [`crate::scim::query::Query`].
    pub fn of(credential: CredentialId, kind: ResourceKind, signature: &str) -> Self {
        let mut digest = Sha256::new();
        digest.update(credential.0.as_bytes());
        digest.update(kind.name().as_bytes());
        digest.update(signature.as_bytes());
        Self(digest.finalize().into())
    }
}

/// Which page of a list comes after which row.
#[derive(Default)]
pub struct Pages {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// For each list: where its pages begin, and behind which row that is. Usually one for each beginning; several
    /// when clients read the same list at once.
    lists: HashMap<List, BTreeMap<usize, Vec<End>>>,
    /// In order of age.
    ages: VecDeque<(Timestamp, List, usize, u64)>,
    number: u64,
}

/// The end of a page that was given out.
#[derive(Clone, Debug)]
struct End {
    number: u64,
    socket: String,
    key: Key,
    /// The page behind it was given out too.
    consumed: bool,
}

impl Pages {
    /// Behind which row does the page at `start` (from 1) begin? `None`: nobody remembers. Of several that are
    /// remembered the client's own counts, then the oldest that nobody has taken, then the newest.
    pub fn find(&self, list: List, start: usize, socket: &str, now: Timestamp) -> Option<Key> {
        let mut kept = self.lock();
        kept.forget(now.minus(LIFE));
        let ends = kept.lists.get_mut(&list)?.get_mut(&start)?;
        let own = |end: &End| !socket.is_empty() && end.socket == socket;
        let at = ends
            .iter()
            .rposition(own)
            .or_else(|| ends.iter().position(|end| !end.consumed))
            .or_else(|| ends.len().checked_sub(1))?;
        let end = ends.get_mut(at)?;
        end.consumed = true;
        Some(end.key.clone())
    }

    /// Remembers that the page at `start` begins behind `key`.
    pub fn remember(&self, list: List, start: usize, key: &Key, socket: &str, now: Timestamp) {
        let long = |sort: &serde_json::Value| sort.as_str().is_some_and(|text| text.len() > LONGEST);
        if key.sort.as_ref().is_some_and(long) {
            return;
        }
        let mut kept = self.lock();
        kept.forget(now.minus(LIFE));
        kept.number += 1;
        let number = kept.number;
        let ends = kept.lists.entry(list).or_default().entry(start).or_default();
        // The same client reads the same page again: the older end is of no use.
        ends.retain(|end| socket.is_empty() || end.socket != socket);
        ends.push(End {
            number,
            socket: socket.to_owned(),
            key: key.clone(),
            consumed: false,
        });
        kept.ages.push_back((now, list, start, number));
        while kept.ages.len() > MOST {
            kept.forget_oldest();
        }
    }

    /// A client begins the list anew: what it was given before is of no use.
    pub fn begin(&self, list: List, socket: &str) {
        if socket.is_empty() {
            return;
        }
        let mut kept = self.lock();
        if let Some(starts) = kept.lists.get_mut(&list) {
            for ends in starts.values_mut() {
                ends.retain(|end| end.socket != socket);
            }
            starts.retain(|_, ends| !ends.is_empty());
            if starts.is_empty() {
                kept.lists.remove(&list);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn forget(&mut self, before: Timestamp) {
        while self.ages.front().is_some_and(|(at, ..)| *at < before) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((_, list, start, number)) = self.ages.pop_front() else {
            return;
        };
        let Some(starts) = self.lists.get_mut(&list) else {
            return;
        };
        if let Some(ends) = starts.get_mut(&start) {
            ends.retain(|end| end.number != number);
            if ends.is_empty() {
                starts.remove(&start);
            }
        }
        if starts.is_empty() {
            self.lists.remove(&list);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> List {
        let credential = CredentialId::new(Timestamp(1), [1; 10]);
        List::of(credential, ResourceKind::User, "")
    }

    fn key(seq: i64) -> Key {
        Key { sort: None, seq }
    }

    #[test]
    fn each_client_goes_on_behind_its_own_page() {
        let (pages, now) = (Pages::default(), Timestamp(0));
        pages.remember(list(), 101, &key(100), "a", now);
        pages.remember(list(), 101, &key(110), "b", now);
        assert_eq!(pages.find(list(), 101, "b", now), Some(key(110)));
        assert_eq!(pages.find(list(), 101, "a", now), Some(key(100)));
        // Asked once more, as after a broken connection.
        assert_eq!(pages.find(list(), 101, "a", now), Some(key(100)));
        assert_eq!(pages.find(list(), 201, "a", now), None);
    }

    #[test]
    fn a_client_on_another_socket_gets_what_nobody_has_taken() {
        let (pages, now) = (Pages::default(), Timestamp(0));
        pages.remember(list(), 101, &key(100), "a", now);
        pages.remember(list(), 101, &key(110), "b", now);
        assert_eq!(pages.find(list(), 101, "c", now), Some(key(100)));
        assert_eq!(pages.find(list(), 101, "c", now), Some(key(110)));
        assert_eq!(pages.find(list(), 101, "c", now), Some(key(110)));
    }

    #[test]
    fn a_new_beginning_and_ten_minutes_forget() {
        let (pages, now) = (Pages::default(), Timestamp(0));
        pages.remember(list(), 101, &key(100), "a", now);
        pages.begin(list(), "b");
        assert!(pages.find(list(), 101, "a", now).is_some());
        pages.begin(list(), "a");
        assert!(pages.find(list(), 101, "a", now).is_none());
        pages.remember(list(), 101, &key(100), "a", now);
        assert!(pages.find(list(), 101, "a", now.plus(LIFE)).is_some());
        assert!(pages.find(list(), 101, "a", now.plus(LIFE + 1)).is_none());
        assert!(pages.lock().lists.is_empty() && pages.lock().ages.is_empty());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (pages, now) = (Pages::default(), Timestamp(0));
        for start in 0..MOST + 500 {
            pages.remember(list(), start, &key(1), "", now);
        }
        assert_eq!(pages.lock().ages.len(), MOST);
        assert_eq!(pages.lock().lists[&list()].len(), MOST);
    }
}
