//! The only place that reads the wall clock.
//!
//! A [`Clock`] is handed to whatever needs to know the time. Tests hand in one that stands still until
//! they move it, so that "expires in 30 days" is tested without waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::model::Timestamp;

/// Tells the time: the machine's, or the one a test has set.
#[derive(Clone, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that shows what `millis` (since the Unix epoch) holds; whoever keeps the other `Arc` moves it.
    pub fn fixed(millis: Arc<AtomicI64>) -> Self {
        Self(Source::Fixed(millis))
    }

    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => system_now(),
            Source::Fixed(millis) => Timestamp(millis.load(Ordering::SeqCst)),
        }
    }
}

/// A clock set before 1970 counts backwards from the epoch instead of stopping the program.
#[expect(clippy::disallowed_methods, reason = "this is where the wall clock is read")]
fn system_now() -> Timestamp {
    let millis = |d: std::time::Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX);
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => Timestamp(millis(after)),
        Err(before) => Timestamp(-millis(before.duration())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::DAY;

    #[test]
    fn a_fixed_clock_stands_still_until_it_is_moved() {
        let hand = Arc::new(AtomicI64::new(1_000));
        let clock = Clock::fixed(Arc::clone(&hand));
        let copy = clock.clone();
        assert_eq!(clock.now(), Timestamp(1_000));
        hand.fetch_add(DAY, Ordering::SeqCst);
        assert_eq!(clock.now(), Timestamp(1_000).plus(DAY));
        assert_eq!(copy.now(), clock.now());
    }

    #[test]
    fn the_system_clock_is_in_this_century() {
        assert!(Clock::system().now() > Timestamp(1_700_000_000_000));
    }
}
