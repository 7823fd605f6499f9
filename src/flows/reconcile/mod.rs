//! Hold and review: from what waits to a plan, and from the plan to people.
//!
//! ```text
//!   held request ─► mirror, waiting_users ─► plan: each line tried and undone ─► apply: one transaction ─► people
//!                                              └► choose, leave out               └► undo, for a day
//! ```
//!
//! A plan is not worked out beside the rules: each of its lines is done and undone again, by the very function that does
//! it when the admin applies it. So it says what will happen, and why something cannot.

pub mod apply;
pub mod choose;
pub mod jobs;
pub mod kept;
pub mod plan;
pub mod undo;

use serde_json::Value;

use crate::error::Result;
use crate::flows::{Act, connect};
use crate::model::{Action, Connection, Permission};
use crate::store;

/// The connection of this short name, for somebody who may decide about it.
fn decided(act: &Act, slug: &str) -> Result<Connection> {
    act.need(Permission::ManageIntegrations)?;
    store::connections::get_by_slug(act.w, slug)
}

fn event(act: &Act, action: Action, connection: &Connection, before: Value, after: Value) -> Result<()> {
    act.event(action, connect::subject(connection), before, after)
}
