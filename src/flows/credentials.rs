//! How a SCIM client proves itself: bearer tokens, Basic, and the access tokens of OAuth. One gate for all.

use super::provision::Caller;
use super::{Act, Context, Visitor};
use crate::error::Result;
use crate::model::{CredentialId, PersonId};
use crate::scim::ScimProblem;

/// A secret that was just made: shown once.
#[derive(Clone, Debug)]
pub struct Made {
    pub id: CredentialId,
    /// The token, or the passkey of Basic.
    pub secret: String,
    /// The user name of Basic.
    pub user_name: Option<String>,
}

/// Lets a client in. 401 for anything that does not prove itself on *this* connection, the same for an unknown
/// connection; 403 for a good credential while the connection or its provisioning is off.
pub async fn admit(
    _ctx: &Context,
    _slug: &str,
    _authorization: Option<&str>,
    _visitor: &Visitor,
) -> Result<Caller, ScimProblem> {
    todo!("credentials")
}

/// Makes a bearer token. At most two are live at once.
pub fn make_bearer(_act: &Act, _slug: &str, _label: &str, _lifetime: Option<i64>) -> Result<Made> {
    todo!("credentials")
}

/// Makes user name and passkey for Basic. At most two are live at once.
pub fn make_basic(_act: &Act, _slug: &str, _label: &str, _lifetime: Option<i64>) -> Result<Made> {
    todo!("credentials")
}

/// Ends a credential of this connection at once; an OAuth grant with all of its tokens.
pub fn revoke(_act: &Act, _slug: &str, _id: CredentialId) -> Result<()> {
    todo!("credentials")
}

/// Ends what a person granted; called when the person is deactivated.
pub fn revoke_grants_of(_act: &Act, _person: PersonId) -> Result<usize> {
    todo!("credentials")
}
