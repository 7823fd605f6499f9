//! Ending what the identity provider proves itself with: a credential, a grant, an OAuth client.

use actix_web::web;

use super::{load, shell};
use crate::error::{Error, Result};
use crate::flows::credentials;
use crate::flows::oauth::clients;
use crate::model::{Connection, CredentialId};
use crate::store;
use crate::store::oauth::OauthClient;
use crate::store::scim_credentials::{Credential, CredentialKind};
use crate::web::admin::confirm::Confirm;
use crate::web::fail::Answer;
use crate::web::gate::{Admin, Visit};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get(
            "/admin/integrations/{slug}/provisioning/credentials/{id}/revocation",
            Access::INTEGRATIONS,
            ask_to_revoke,
        ),
        post(
            "/admin/integrations/{slug}/provisioning/credentials/{id}/revocation",
            Access::INTEGRATIONS,
            revoke,
        ),
        get(
            "/admin/integrations/{slug}/provisioning/oauth-clients/{id}/removal",
            Access::INTEGRATIONS,
            ask_to_remove,
        ),
        post(
            "/admin/integrations/{slug}/provisioning/oauth-clients/{id}/removal",
            Access::INTEGRATIONS,
            remove,
        ),
    ]
}

fn credential_id(text: &str) -> Result<CredentialId> {
    CredentialId::parse(text).ok_or_else(|| Error::not_found("credential"))
}

async fn found(visit: &Visit, slug: &str, id: CredentialId) -> Result<(Connection, Credential)> {
    let connection = load(visit, slug).await?;
    let of = connection.id;
    let reading = visit
        .ctx
        .store
        .reading(move |r| store::scim_credentials::get(r, of, id));
    Ok((connection, reading.await?))
}

async fn ask_to_revoke(visit: Visit, path: web::Path<(String, String)>) -> Answer {
    let (slug, text) = path.into_inner();
    let (connection, credential) = found(&visit, &slug, credential_id(&text)?).await?;
    let back = ("Provisioning", urls::provisioning(&slug, ""));
    let action = urls::provisioned_act(&slug, "credentials", &text, "revocation");
    let mut page = Confirm::new(shell(&visit, "Revoke a credential"), back, action, "Revoke it")
        .line(format!(
            "{} “{}” lets {} in until now. From then on every request with it is refused.",
            credential.kind.words(),
            credential.label,
            connection.name
        ))
        .line(match credential.last_used_at {
            Some(at) => format!("It was last used on {}.", at.human()),
            None => "It was never used.".to_owned(),
        });
    if matches!(credential.kind, CredentialKind::Access | CredentialKind::Refresh) {
        page = page.line("All tokens of this grant end. An admin can let the client in again.");
    }
    Ok(page.draw())
}

async fn revoke(visit: Visit, admin: Admin, path: web::Path<(String, String)>) -> Answer {
    let (slug, text) = path.into_inner();
    let id = credential_id(&text)?;
    let (_, credential) = found(&visit, &slug, id).await?;
    let wanted = slug.clone();
    visit
        .ctx
        .act(admin.who(), move |act| credentials::revoke(act, &wanted, id))
        .await?;
    let here = urls::provisioning(&slug, "");
    Ok(flash::to(&visit, &here, "credential-revoked", &credential.label))
}

async fn client(visit: &Visit, slug: &str, id: &str) -> Result<OauthClient> {
    let of = load(visit, slug).await?.id;
    let id = id.to_owned();
    visit
        .ctx
        .store
        .reading(move |r| store::oauth::get_client(r, of, &id))
        .await
}

async fn ask_to_remove(visit: Visit, path: web::Path<(String, String)>) -> Answer {
    let (slug, id) = path.into_inner();
    let client = client(&visit, &slug, &id).await?;
    let back = ("Provisioning", urls::provisioning(&slug, ""));
    let action = urls::provisioned_act(&slug, "oauth-clients", &id, "removal");
    let title = format!("Remove the OAuth client {}", client.name);
    let page = Confirm::new(shell(&visit, &title), back, action, "Remove the client")
        .line("Every token that it holds ends at once, and it cannot get new ones.")
        .line("The identity provider has to be given another client before it can provision again.");
    Ok(page.draw())
}

async fn remove(visit: Visit, admin: Admin, path: web::Path<(String, String)>) -> Answer {
    let (slug, id) = path.into_inner();
    let name = client(&visit, &slug, &id).await?.name;
    let wanted = slug.clone();
    visit
        .ctx
        .act(admin.who(), move |act| clients::remove(act, &wanted, &id))
        .await?;
    let here = urls::provisioning(&slug, "");
    Ok(flash::to(&visit, &here, "oauth-client-removed", &name))
}
