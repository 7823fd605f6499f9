//! Tests from outside: the real server, foreign peers, a real browser.

mod browser;
mod peers;
