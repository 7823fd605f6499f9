//! What Doorward proves itself with to a provider: a client secret, or a key of its own. Sealed in the database.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::OpenIdFields;
use crate::error::{Error, Result};
use crate::flows::Context;
use crate::model::{ClientAuth, Connection, OpenIdProvider};
use crate::oidc::{ClientKey, Credential, KeyKind};
use crate::store;
use crate::vault::Place;

pub(super) const SECRET: &str = "client_secret";
pub(super) const KEY: &str = "client_key";

/// A secret on its way into the database.
#[derive(Debug)]
pub(super) struct Sealed {
    pub purpose: &'static str,
    pub bytes: Vec<u8>,
}

/// An opened credential.
pub enum Own {
    None,
    Secret(Zeroizing<String>),
    Key(Box<ClientKey>),
}

impl Own {
    pub fn credential(&self) -> Credential<'_> {
        match self {
            Own::None => Credential::None,
            Own::Secret(secret) => Credential::Secret(secret),
            Own::Key(key) => Credential::Key(key),
        }
    }
}

/// A secret opens for the connection of this short name only, which never changes.
fn row(slug: &str, purpose: &str) -> String {
    format!("{slug} {purpose}")
}

fn place(row: &str) -> Place<'_> {
    Place {
        table: "connection_secrets",
        row,
        column: "sealed",
    }
}

fn seal(ctx: &Context, slug: &str, purpose: &'static str, plain: &[u8]) -> Result<Sealed> {
    let bytes = ctx.vault.seal(place(&row(slug, purpose)), plain, &ctx.random)?;
    Ok(Sealed { purpose, bytes })
}

async fn open(
    ctx: &Context,
    connection: &Connection,
    purpose: &'static str,
) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let id = connection.id;
    let sealed = ctx
        .store
        .reading(move |r| store::connection_secrets::find(r, id, purpose))
        .await?;
    let row = row(connection.slug.as_str(), purpose);
    sealed
        .map(|sealed| ctx.vault.unseal(place(&row), &sealed))
        .transpose()
}

async fn secret(ctx: &Context, connection: &Connection) -> Result<Option<Zeroizing<String>>> {
    let Some(plain) = open(ctx, connection, SECRET).await? else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&plain).map_err(Error::internal)?;
    Ok(Some(Zeroizing::new(text.to_owned())))
}

async fn key(ctx: &Context, connection: &Connection) -> Result<Option<ClientKey>> {
    let plain = open(ctx, connection, KEY).await?;
    plain
        .map(|plain| ClientKey::from_pkcs8(&plain).map_err(Error::internal))
        .transpose()
}

/// The secrets that the chosen way needs and that are not there yet. A secret is never carried over to another
/// provider or client: it would be told to somebody who must not know it.
pub(super) async fn prepare(
    ctx: &Context,
    slug: &str,
    known: Option<&Connection>,
    provider: &OpenIdProvider,
    client_auth: ClientAuth,
    fields: &OpenIdFields,
) -> Result<Vec<Sealed>> {
    let is_same = |c: &&Connection| {
        let was = c.oidc.provider.as_ref();
        was.is_some_and(|was| was.issuer == provider.issuer && was.client_id == provider.client_id)
    };
    let same = known.filter(is_same);
    let mut fresh = Vec::new();
    if client_auth.needs_secret() {
        let typed = &fields.client_secret;
        let kept = match same {
            Some(connection) => secret(ctx, connection).await?,
            None => None,
        };
        match kept {
            None if typed.is_empty() => {
                let message =
                    "Enter the client secret that the identity provider shows beside the client ID.";
                return Err(Error::invalid("client_secret", message));
            }
            Some(kept) if typed.is_empty() || *kept == **typed => {}
            _ if typed.len() > 4096 || typed.chars().any(char::is_control) => {
                let message =
                    "This is no client secret: it is too long, or has a line break in it. Copy it again.";
                return Err(Error::invalid("client_secret", message));
            }
            _ => fresh.push(seal(ctx, slug, SECRET, typed.as_bytes())?),
        }
    }
    if client_auth == ClientAuth::PrivateKeyJwt {
        let kept = match same {
            Some(connection) => key(ctx, connection).await?,
            None => None,
        };
        if kept.is_none() {
            let made = tokio::task::spawn_blocking(|| ClientKey::generate(KeyKind::default())).await;
            let made = made.map_err(Error::internal)?.map_err(Error::internal)?;
            fresh.push(seal(ctx, slug, KEY, made.to_pkcs8())?);
        }
    }
    Ok(fresh)
}

/// What the connection's provider is shown as proof of who we are. Without what the way needs: [`Own::None`].
pub async fn own_proof(ctx: &Context, connection: &Connection) -> Result<Own> {
    Ok(match connection.oidc.client_auth {
        ClientAuth::None => Own::None,
        ClientAuth::ClientSecretBasic | ClientAuth::ClientSecretPost => {
            secret(ctx, connection).await?.map_or(Own::None, Own::Secret)
        }
        ClientAuth::PrivateKeyJwt => key(ctx, connection)
            .await?
            .map_or(Own::None, |key| Own::Key(Box::new(key))),
    })
}

/// The public half of our key for this connection, as a JSON Web Key Set; empty when it has none.
pub async fn client_jwks(ctx: &Context, connection: &Connection) -> Result<Value> {
    Ok(match key(ctx, connection).await? {
        Some(key) => ClientKey::jwks([&key]),
        None => json!({ "keys": [] }),
    })
}
