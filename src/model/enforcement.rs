//! Enforcement: from a moment on, people sign in through one connection only. And who keeps a way of their own.

use super::time::{DAY, HOUR};
use super::{ConnectionId, EnforcementId, PersonId, Timestamp};

/// How old the owner's own test sign-in may be when an enforcement is switched on.
pub const TEST_LIFE: i64 = HOUR;
/// How long a break-glass owner's proof of passphrase and second factor counts.
pub const PROOF_LIFE: i64 = 30 * DAY;
/// So long before the proof ends the overview reminds of it.
pub const PROOF_REMINDER: i64 = 7 * DAY;
/// How long an enforcement is rolled back with one click.
pub const ROLLBACK_LIFE: i64 = DAY;
/// How far ahead one may be dated.
pub const LONGEST_AHEAD: i64 = 366 * DAY;

/// One row of `enforcements`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enforcement {
    pub id: EnforcementId,
    pub connection_id: ConnectionId,
    /// Only for addresses at this domain; `None`: for everybody.
    pub domain: Option<String>,
    /// Name of the owner, or of the command.
    pub made_by: String,
    pub made_at: Timestamp,
    /// When it was to start.
    pub starts_at: Timestamp,
    /// When it did.
    pub started_at: Option<Timestamp>,
    /// Since when it waits, because its conditions were not met at its moment.
    pub waits_since: Option<Timestamp>,
    /// When the people affected were written to.
    pub told_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

/// Where an enforcement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Dated ahead.
    Planned,
    /// Its moment came, its conditions were not met.
    Waiting,
    InForce,
    Ended,
}

impl Enforcement {
    pub fn standing(&self) -> Standing {
        match (self.ended_at, self.started_at, self.waits_since) {
            (Some(_), ..) => Standing::Ended,
            (None, Some(_), _) => Standing::InForce,
            (None, None, Some(_)) => Standing::Waiting,
            (None, None, None) => Standing::Planned,
        }
    }

    /// Is it meant for addresses at this domain?
    pub fn is_for(&self, domain: &str) -> bool {
        self.domain.as_deref().is_none_or(|own| own == domain)
    }

    /// "everybody", "everybody at example.com".
    pub fn whom(&self) -> String {
        match &self.domain {
            Some(domain) => format!("everybody at {domain}"),
            None => "everybody".to_owned(),
        }
    }

    /// May an owner take it back with one click?
    pub fn may_roll_back(&self, now: Timestamp) -> bool {
        match (self.ended_at, self.started_at) {
            (Some(_), _) => false,
            (None, None) => true,
            (None, Some(at)) => now.since(at) < ROLLBACK_LIFE,
        }
    }
}

/// One row of `break_glass`: an owner whom no enforcement shuts out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakGlass {
    pub person_id: PersonId,
    pub made_by: String,
    pub made_at: Timestamp,
    /// The last time that they proved passphrase and second factor, or a passkey.
    pub proved_at: Option<Timestamp>,
}

impl BreakGlass {
    /// Until when the last proof counts; `None` without one.
    pub fn proof_ends(&self) -> Option<Timestamp> {
        self.proved_at.map(|at| at.plus(PROOF_LIFE))
    }

    pub fn is_proved(&self, now: Timestamp) -> bool {
        // A proof from the future is one of a clock that was wrong.
        self.proved_at
            .is_some_and(|at| (0..=PROOF_LIFE).contains(&now.since(at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_counts_for_thirty_days_and_never_from_the_future() {
        let id = PersonId::new(Timestamp(0), [0; 10]);
        let proved = |at: Option<i64>| BreakGlass {
            person_id: id,
            made_by: String::new(),
            made_at: Timestamp(0),
            proved_at: at.map(Timestamp),
        };
        let now = Timestamp(100 * DAY);
        assert!(!proved(None).is_proved(now));
        assert!(proved(Some(70 * DAY)).is_proved(now));
        assert!(!proved(Some(70 * DAY - 1)).is_proved(now));
        assert!(!proved(Some(101 * DAY)).is_proved(now));
    }
}
