//! `[connection.oidc]` of an application file.

use std::collections::BTreeMap;

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::flows::Context;
use crate::flows::connect::openid::FoundProvider;
use crate::flows::connect::{self, OidcFields, OpenIdFields};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OidcPart {
    issuer: Option<String>,
    client_id: Option<String>,
    client_auth: Option<String>,
    client_secret: Option<String>,
    pub client_secret_file: Option<String>,
    scopes: Option<Vec<String>>,
    prompt: Option<String>,
    acr_values: Option<String>,
    subject_claim: Option<String>,
    login_hint: Option<bool>,
    userinfo: Option<bool>,
    sign_out_there: Option<bool>,
}

impl From<OidcPart> for OidcFields {
    fn from(part: OidcPart) -> Self {
        Self {
            scopes: part.scopes.map(|scopes| scopes.join(" ")),
            prompt: part.prompt,
            acr_values: part.acr_values,
            subject_claim: part.subject_claim,
            login_hint: part.login_hint,
            userinfo: part.userinfo,
            sign_out_there: part.sign_out_there,
        }
    }
}

/// Finds the provider that the file names; `None` when it names none. Its discovery document is read now.
pub async fn read(
    ctx: &Context,
    slug: &str,
    part: &OidcPart,
    files: &BTreeMap<String, String>,
) -> Result<Option<FoundProvider>> {
    let client_secret = secret(part, files)?;
    let names_one = part.issuer.is_some() || part.client_id.is_some() || part.client_auth.is_some();
    if !names_one && client_secret.is_empty() {
        return Ok(None);
    }
    let missing = |field: &str| Error::invalid(field, "Give issuer and client_id together.");
    let fields = OpenIdFields {
        issuer: part.issuer.clone().ok_or_else(|| missing("issuer"))?,
        client_id: part.client_id.clone().ok_or_else(|| missing("client_id"))?,
        client_auth: part.client_auth.clone(),
        client_secret,
    };
    connect::find_provider(ctx, slug.trim(), &fields).await.map(Some)
}

fn secret(part: &OidcPart, files: &BTreeMap<String, String>) -> Result<Zeroizing<String>> {
    match (&part.client_secret, &part.client_secret_file) {
        (Some(_), Some(_)) => Err(Error::invalid(
            "client_secret",
            "Give the client secret once: client_secret or client_secret_file.",
        )),
        (Some(secret), None) => Ok(Zeroizing::new(secret.clone())),
        (None, Some(name)) => match files.get(name) {
            // Editors end a file with a line break.
            Some(content) => Ok(Zeroizing::new(content.trim_end_matches(['\r', '\n']).to_owned())),
            None => Err(Error::invalid(
                "client_secret_file",
                format!("{name} was not read."),
            )),
        },
        (None, None) => Ok(Zeroizing::default()),
    }
}
