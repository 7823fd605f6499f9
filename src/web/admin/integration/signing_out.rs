//! What an integration's page says about signing out: the addresses by which either side ends the other's sessions.

use super::values::Value;
use crate::model::{BaseUrl, Connection};

/// Our addresses, under the provider's labels where it has one of its own.
pub fn values(connection: &Connection, base: &BaseUrl) -> Vec<Value> {
    let slug = &connection.slug;
    let mut values = Vec::new();
    if connection.saml.idp.is_some() {
        values.push(Value {
            label: "Single logout URL".to_owned(),
            value: base.single_logout(slug),
            note: "By redirect and by POST, for requests and answers alike. Logout messages must be signed; \
                   Doorward signs its own with the certificate below."
                .to_owned(),
        });
    }
    let (label, note) = match connection.provider.as_str() {
        "okta" => (
            "Logout endpoint URL",
            "On the app's “Authentication” tab, “Logout”, “Edit”: under “Global Token Revocation”, choose \
             “Okta system or admin initiates logout”.",
        ),
        _ => (
            "Global Token Revocation endpoint",
            "One call ends every session of a person that came through this integration.",
        ),
    };
    values.push(Value {
        label: label.to_owned(),
        value: base.token_revocation(slug),
        note: note.to_owned(),
    });
    values
}
