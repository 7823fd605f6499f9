//! Proving once more who one is: what touches keys, factors, connections, tokens and roles asks for a proof that is
//! no older than [`FRESH`] (ASVS V7.5.1, V7.5.3). What was sent meanwhile waits, sealed, and loses nothing.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::model::time::MINUTE;
use crate::model::{PersonId, Timestamp};
use crate::store;
use crate::vault::Place;

use super::factors::{self, Proof, Strength};
use super::gate::Principal;
use super::{Context, Visitor, Who, hash, sessions};

/// How old a proof may be, in milliseconds.
pub const FRESH: i64 = 15 * MINUTE;
/// How long a request waits for its sender's proof: a visit to an identity provider fits in.
const WAITS: i64 = 30 * MINUTE;
/// So many wait for one person; older ones go.
const MOST: i64 = 10;

/// A request as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The route that takes it: what it is about, without whose.
    pub route: String,
    /// Path with its query.
    pub target: String,
    pub content_type: String,
    #[serde(with = "bytes")]
    pub body: Vec<u8>,
}

mod bytes {
    //! Bytes as base64 text.
    use super::{Engine, STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        STANDARD
            .decode(String::deserialize(from)?)
            .map_err(D::Error::custom)
    }
}

/// Keeps a request until its sender has proved who they are; returns the id under which it waits.
pub async fn hold(ctx: &Context, person: PersonId, held: &Held) -> Result<String> {
    let id = ctx.random.token();
    let plain = Zeroizing::new(serde_json::to_vec(held).map_err(Error::internal)?);
    let id_hash = hash(&id);
    let sealed = ctx.vault.seal(place(&row_name(&id_hash)), &plain, &ctx.random)?;
    ctx.act(Who::Person(person), move |act| {
        let until = act.now.plus(WAITS);
        store::held_forms::insert(act.w, &id_hash, person, &sealed, act.now, until, MOST)
    })
    .await?;
    Ok(id)
}

/// What waits under this id for this person, without taking it.
pub async fn look(ctx: &Context, person: PersonId, id: &str) -> Result<Option<Held>> {
    let (id_hash, now) = (hash(id), ctx.now());
    let row = row_name(&id_hash);
    let found = ctx
        .store
        .reading(move |r| store::held_forms::find(r, &id_hash, person, now))
        .await?;
    let Some(sealed) = found else { return Ok(None) };
    let plain = ctx.vault.unseal(place(&row), &sealed)?;
    Ok(Some(serde_json::from_slice(&plain).map_err(Error::internal)?))
}

/// As [`look`], and it waits no more: nothing is done twice.
pub async fn take(ctx: &Context, person: PersonId, id: &str) -> Result<Option<Held>> {
    let Some(held) = look(ctx, person, id).await? else {
        return Ok(None);
    };
    let id_hash = hash(id);
    let was_there = ctx
        .act(Who::Person(person), move |act| {
            store::held_forms::delete(act.w, &id_hash)
        })
        .await?;
    Ok(was_there.then_some(held))
}

fn place(row: &str) -> Place<'_> {
    Place {
        table: "held_forms",
        row,
        column: "sealed",
    }
}

fn row_name(id_hash: &[u8]) -> String {
    STANDARD.encode(id_hash)
}

/// A session after its person proved who they are: its new token, and until when it lives.
pub struct Renewed {
    pub token: String,
    pub expires_at: Timestamp,
}

/// Proves with the passphrase, and the second factor where there is one, or with a passkey. `Denied` when it is wrong or
/// not enough. Counted by the throttle of signing in, so that a stolen session gives no second set of guesses.
pub async fn prove(
    ctx: &Context,
    principal: &Principal,
    token: &str,
    proof: Proof,
    device: Option<&str>,
    visitor: &Visitor,
) -> Result<Renewed> {
    let strength = factors::prove(ctx, principal, proof, device, visitor).await?;
    let strong = strength == Strength::Strong;
    let (old, id, expires_at) = (
        token.to_owned(),
        principal.person().id,
        principal.session().expires_at,
    );
    let token = ctx
        .act(Who::Person(id), move |act| sessions::renew(act, &old, strong))
        .await?;
    Ok(Renewed { token, expires_at })
}
