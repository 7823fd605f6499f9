//! Nouns and rules, no I/O: everything here can be used without a database, a clock or a network.

pub mod check;
pub mod time;

pub use check::{Attribute, Check, Verdict};
pub use time::Timestamp;
