//! The entity ID of an identity provider that is described by hand: typed, or as it follows from the sign-in URL.

use crate::model::Provider;
use crate::web::form::{Field, Form};

/// Required where it does not follow from the sign-in URL.
pub fn field(provider: &Provider) -> Field {
    let field = Field::text("entity_id", "Entity ID (Issuer)").mono().max(1_024);
    match provider.saml.issuer {
        Some(_) => field
            .hint("Exactly as the identity provider shows it. Empty: as it follows from the sign-in URL."),
        None => field
            .required()
            .hint("Exactly as the identity provider shows it."),
    }
}

/// What was entered, or what follows from the sign-in URL at this provider.
pub fn of(provider: &Provider, form: &mut Form) -> String {
    let entered = form.text("entity_id").trim().to_owned();
    let rule = provider.saml.issuer.as_ref().filter(|_| entered.is_empty());
    let Some(rule) = rule else {
        return entered;
    };
    let found = rule.issuer_of(form.text("sign_in_url"));
    if found.is_none() && !form.text("sign_in_url").is_empty() {
        form.refuse(
            "entity_id",
            "It does not follow from this sign-in URL. Copy it from the identity provider, which calls it Issuer.",
        );
    }
    found.unwrap_or_default()
}
