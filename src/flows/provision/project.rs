//! From people to the mirror: everybody whom a connection has not claimed is shown to it as a user, so that its
//! identity provider can find and link them instead of adding them twice.

use crate::error::Result;
use crate::flows::Act;
use crate::model::{ConnectionId, Person};

/// Shows everybody to a connection whose provisioning was just turned on.
pub fn everybody(_act: &Act, _connection: ConnectionId) -> Result<()> {
    todo!("directory")
}

/// A person was added or changed here: every connection with provisioning sees it, where it has not claimed them.
pub fn person(_act: &Act, _person: &Person) -> Result<()> {
    todo!("directory")
}
