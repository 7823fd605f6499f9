//! A body as it was understood. Each way of reading it is gone once, and before the transaction, in which all other
//! writes wait.

use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::reading::{self, Checked};
use super::{Request, log, mirror};
use crate::model::ResourceKind;
use crate::scim::document::{self, UserBody, UserFacts};
use crate::scim::{ScimProblem, json};
use crate::store::directory::users::Kept;

/// What was read of a body so far.
#[derive(Clone, Debug, Default)]
pub struct Understood {
    json: OnceLock<Result<Value, ScimProblem>>,
    user: OnceLock<Result<UserBody, ScimProblem>>,
    new_user: OnceLock<Result<NewUser, ScimProblem>>,
    kept: OnceLock<(Option<String>, bool)>,
}

/// A body as a new user, with everything that is made of it whatever the directory holds.
#[derive(Clone, Debug)]
pub struct NewUser {
    pub body: UserBody,
    pub facts: UserFacts,
    /// What of it can reach a person, and what is to be noted of that; or why it is refused.
    pub checked: Result<(Checked, Vec<String>), ScimProblem>,
    /// `None`: made when it is written, where a problem of ours is told.
    pub kept: Option<Kept>,
    /// The document as the log keeps it, and whether that is not the whole.
    logged: (String, bool),
}

impl NewUser {
    fn of(body: UserBody) -> Self {
        let facts = document::user_facts(&body.document);
        let mut notes = Vec::new();
        let checked = reading::check(&facts, &mut notes);
        Self {
            checked: checked.map(|checked| (checked, notes)),
            kept: mirror::kept(&body.document, &facts).ok(),
            logged: log::kept_document(&body.document),
            facts,
            body,
        }
    }
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

    /// The body as a new user.
    pub fn new_user(&self) -> Result<&NewUser, ScimProblem> {
        let read = || document::user(self.json()?).map(NewUser::of);
        let new = self.understood.new_user.get_or_init(read);
        new.as_ref().map_err(Clone::clone)
    }

    /// The body as the log keeps it, and whether that is not the whole.
    pub fn kept(&self) -> &(Option<String>, bool) {
        self.understood
            .kept
            .get_or_init(|| log::kept_body(&self.body, self.json().ok()))
    }

    /// What the log keeps of the document of a new user, where this request was read as one.
    pub fn logged_user(&self) -> Option<&(String, bool)> {
        let new = self.understood.new_user.get()?;
        new.as_ref().ok().map(|new| &new.logged)
    }

    fn understand(&self) {
        if self.body.is_empty() {
            return;
        }
        let is_user = self
            .path
            .first()
            .is_some_and(|name| name.eq_ignore_ascii_case(ResourceKind::User.endpoint()));
        // What is wrong with it is told when its turn comes: first comes who asks, and for what.
        match self.verb().as_str() {
            "POST" if is_user => drop(self.new_user()),
            "PUT" if is_user => drop(self.user()),
            _ => {}
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
