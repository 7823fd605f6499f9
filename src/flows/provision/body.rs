//! A body as it was understood. Each way of reading it is gone once, and before the transaction, in which all other
//! writes wait.

use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::{Request, log};
use crate::model::ResourceKind;
use crate::scim::document::{self, UserBody};
use crate::scim::{ScimProblem, json};

/// What was read of a body so far.
#[derive(Clone, Debug, Default)]
pub struct Understood {
    json: OnceLock<Result<Value, ScimProblem>>,
    user: OnceLock<Result<UserBody, ScimProblem>>,
    kept: OnceLock<(Option<String>, bool)>,
}

/// A body up to this size is read where it arrived; a larger one would keep others there waiting.
const SMALL: usize = 32 * 1024;

impl Request {
    pub fn json(&self) -> Result<&Value, ScimProblem> {
        let json = self.understood.json.get_or_init(|| json::read(&self.body));
        json.as_ref().map_err(Clone::clone)
    }

    /// The body as a user.
    pub fn user(&self) -> Result<UserBody, ScimProblem> {
        let read = || document::user(self.json()?);
        self.understood.user.get_or_init(read).clone()
    }

    /// The body as the log keeps it, and whether that is not the whole.
    pub fn kept(&self) -> &(Option<String>, bool) {
        self.understood
            .kept
            .get_or_init(|| log::kept_body(&self.body, self.json().ok()))
    }

    fn understand(&self) {
        if self.body.is_empty() {
            return;
        }
        let is_user = matches!(self.verb().as_str(), "POST" | "PUT")
            && self
                .path
                .first()
                .is_some_and(|name| name.eq_ignore_ascii_case(ResourceKind::User.endpoint()));
        // What is wrong with it is told when its turn comes: first comes who asks, and for what.
        if is_user {
            drop(self.user());
        }
        self.kept();
    }
}

/// Reads all of a body that will be asked for.
pub async fn understand(request: &Arc<Request>) {
    if request.body.len() <= SMALL {
        return request.understand();
    }
    let copy = Arc::clone(request);
    // Should it not come to an end there, it is read where it is asked for.
    drop(tokio::task::spawn_blocking(move || copy.understand()).await);
}
