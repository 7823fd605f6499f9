//! The only place that asks for randomness.
//!
//! A [`Random`] is handed to whatever makes tokens, ids and references. Tests may hand in a seeded one
//! and get the same values on every run.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::model::Timestamp;

/// Crockford's base 32: no I, L, O or U, so that a reference survives being read out on the phone.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Gives unpredictable bytes: the operating system's, or for tests a sequence that repeats.
#[derive(Clone, Default)]
pub struct Random(Source);

#[derive(Clone, Default)]
enum Source {
    #[default]
    System,
    Seeded(Arc<Mutex<Sequence>>),
}

/// SHA-256 of seed and counter. Predictable to whoever knows the seed: for tests only.
struct Sequence {
    seed: u64,
    block: u64,
}

impl Random {
    /// The operating system's generator.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A sequence that is the same for the same `seed`; for tests only.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(Mutex::new(Sequence { seed, block: 0 }))))
    }

    /// Fills `bytes`.
    ///
    /// # Panics
    /// When the operating system has no randomness to give. Nothing safe can be done without it.
    pub fn fill(&self, bytes: &mut [u8]) {
        match &self.0 {
            Source::System => fill_from_system(bytes),
            Source::Seeded(sequence) => sequence
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .fill(bytes),
        }
    }

    /// `N` bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// 256 bits in base64url without padding: 43 characters, for sessions, codes and tokens.
    pub fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes::<32>())
    }

    /// Eight characters in two groups, `7Q4M-K2XD`: names one attempt or failure to a person.
    pub fn reference(&self) -> String {
        let bits = self
            .bytes::<5>()
            .iter()
            .fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        let mut reference = String::with_capacity(9);
        for place in (0..8).rev() {
            reference.push(char::from(CROCKFORD[(bits >> (place * 5) & 31) as usize]));
            if place == 4 {
                reference.push('-');
            }
        }
        reference
    }

    /// A version 7 UUID: rows made later sort later.
    pub fn uuid(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.0).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Random(system)",
            Source::Seeded(_) => "Random(seeded)",
        })
    }
}

impl Sequence {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let block = Sha256::new()
                .chain_update(self.seed.to_be_bytes())
                .chain_update(self.block.to_be_bytes());
            chunk.copy_from_slice(&block.finalize()[..chunk.len()]);
            self.block += 1;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where randomness is asked for")]
fn fill_from_system(bytes: &mut [u8]) {
    if let Err(problem) = getrandom::fill(bytes) {
        panic!("the operating system gave no random bytes: {problem}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_token_carries_256_bits_and_needs_no_escaping() {
        let tokens: HashSet<String> = (0..100).map(|_| Random::system().token()).collect();
        assert_eq!(tokens.len(), 100);
        for token in tokens {
            assert_eq!(
                URL_SAFE_NO_PAD.decode(&token).map(|bytes| bytes.len()),
                Ok(32),
                "{token}"
            );
        }
    }

    #[test]
    fn a_reference_has_eight_unambiguous_characters_in_two_groups() {
        for _ in 0..200 {
            let reference = Random::system().reference();
            let (left, right) = reference.split_once('-').expect("two groups");
            assert_eq!((left.len(), right.len()), (4, 4), "{reference}");
            assert!(
                reference.bytes().all(|c| c == b'-' || CROCKFORD.contains(&c)),
                "{reference}"
            );
        }
    }

    #[test]
    fn every_place_of_a_reference_takes_every_character() {
        let random = Random::seeded(1);
        let mut seen = vec![HashSet::new(); 9];
        for _ in 0..2_000 {
            random.reference().chars().enumerate().for_each(|(place, c)| {
                seen[place].insert(c);
            });
        }
        for (place, characters) in seen.iter().enumerate() {
            assert_eq!(characters.len(), if place == 4 { 1 } else { 32 }, "place {place}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_sequence_and_never_the_same_value_twice() {
        let (first, second, other) = (Random::seeded(7), Random::seeded(7), Random::seeded(8));
        let token = first.token();
        assert_eq!(token, second.token());
        assert_ne!(token, other.token());
        assert_ne!(token, first.token());
        assert_eq!(second.bytes::<70>().len(), 70);
    }

    #[test]
    fn uuids_sort_by_the_time_they_were_made() {
        let random = Random::system();
        let (earlier, later) = (
            random.uuid(Timestamp(1_700_000_000_000)),
            random.uuid(Timestamp(1_700_000_000_001)),
        );
        assert!(earlier < later);
        assert_eq!(earlier.get_version_num(), 7);
    }
}
