//! Something dear to make that is kept for a while: each one who asks gets a copy.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A value with the moment at which it was made.
#[derive(Debug)]
pub(super) struct Kept<T> {
    value: Mutex<Option<(T, Instant)>>,
    life: Duration,
}

impl<T: Clone> Kept<T> {
    pub(super) fn new(life: Duration) -> Self {
        Self {
            value: Mutex::new(None),
            life,
        }
    }

    /// The value, unless it was made longer ago than it may live.
    pub(super) fn get(&self, now: Instant) -> Option<T> {
        let kept = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        let (value, made) = kept.as_ref()?;
        (now.saturating_duration_since(*made) < self.life).then(|| value.clone())
    }

    pub(super) fn put(&self, value: T, now: Instant) {
        *self.value.lock().unwrap_or_else(PoisonError::into_inner) = Some((value, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_kept_for_its_life_and_not_a_moment_longer() {
        let (kept, start) = (Kept::new(Duration::from_secs(300)), Instant::now());
        assert_eq!(kept.get(start), None);
        kept.put("first", start);
        assert_eq!(kept.get(start + Duration::from_secs(299)), Some("first"));
        assert_eq!(kept.get(start + Duration::from_secs(300)), None);
        kept.put("second", start + Duration::from_secs(300));
        assert_eq!(kept.get(start + Duration::from_secs(599)), Some("second"));
        assert_eq!(kept.get(start + Duration::from_secs(600)), None);
    }
}
