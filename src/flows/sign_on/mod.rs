//! Signing in through a connection: out to the identity provider and back, and what can happen on the way.
//!
//! `start` sends the browser off with a request of ours (`openid`: what ties one to its answer); `answer` judges what comes back; `link` decides who
//! the subject is here; `session` lets them in; `unfinished` serves the two pages on which somebody is stuck:
//! no account here, or an account that must be proved first. `way` says which connections an e-mail address belongs to.

pub mod answer;
mod jit;
pub mod link;
mod openid;
pub mod session;
pub mod start;
pub mod unfinished;
pub mod way;

pub use answer::{Answer, Posted, Returned, answer, answer_openid};
pub use session::Entered;
pub use start::{Go, Purpose, Started, start};

use crate::model::time::MINUTE;

/// How long an identity provider has to answer, and the browser's flow cookie lives.
pub const FLOW_LIFE: i64 = 10 * MINUTE;
/// How long a stuck person may use the page they were sent to.
pub const UNFINISHED_LIFE: i64 = 30 * MINUTE;

/// What the ID of a request begins with whose answer must show that the person proved themselves just now.
const FORCED: &str = "_fresh-";

/// The flow cookie's value if it can be one of ours; anything else is as good as none.
pub fn flow_token(cookie: Option<&str>) -> Option<&str> {
    cookie.filter(|value| {
        value.len() == 43
            && value
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    })
}
