//! Passkeys (Web Authentication level 2): registering, naming, and judging what an authenticator answers.
//!
//! The relying party is the host of the organization's base URL. User verification is always required, so that a passkey
//! is possession and knowledge at once. An IP address cannot be a relying party: passkeys do not work there.

use serde_json::{Value, json};
use webauthn_rs::prelude::{
    CredentialID, Passkey, PublicKeyCredential, RegisterPublicKeyCredential, Url, Webauthn, WebauthnBuilder,
    WebauthnError,
};

use crate::error::{Error, Result};
use crate::flows::administer::subject;
use crate::flows::{Act, Context, Visitor, Who, notices};
use crate::model::person::is_unprintable;
use crate::model::{Action, Organization, PasskeyId, Person, PersonId};
use crate::store;
use crate::store::passkeys::PasskeyRow;

use super::challenges::{Challenge, Purpose, State};
use super::{Own, has_second_factor};

/// How many passkeys one person may have.
pub const MOST: usize = 20;
/// Longest name, in characters.
pub const NAME: usize = 60;

/// What a browser sends back, and for what.
#[derive(Clone, Debug)]
pub struct Presented {
    /// Which challenge it answers.
    pub challenge: String,
    /// The credential as JSON, as `PublicKeyCredential.toJSON` writes it.
    pub credential: String,
    /// The token of the browser that asked for the challenge.
    pub browser: String,
}

fn relying_party(organization: &Organization) -> Option<Webauthn> {
    let origin = Url::parse(organization.base_url.as_str()).ok()?;
    let host = origin.domain()?.to_owned();
    let builder = WebauthnBuilder::new(&host, &origin).ok()?;
    builder.rp_name(&organization.name).build().ok()
}

/// Can this appliance have passkeys at all? Not where its base URL is an IP address.
pub fn are_possible(ctx: &Context) -> bool {
    ctx.organization().is_some_and(|o| relying_party(&o).is_some())
}

fn party(ctx: &Context) -> Result<Webauthn> {
    let found = ctx.organization().and_then(|o| relying_party(&o));
    found.ok_or_else(|| {
        Error::conflict(
            "Passkeys need a base URL with a name; the one of this organization is an IP address.",
        )
    })
}

/// A challenge for this purpose, with what the browser's own API wants to know.
pub async fn challenge(
    ctx: &Context,
    purpose: Purpose,
    browser: &str,
    visitor: &Visitor,
) -> Result<Challenge> {
    let party = party(ctx)?;
    let (options, state) = match purpose {
        Purpose::Registration(id) => registration(ctx, &party, id).await?,
        Purpose::SignIn => assertion(&party, &[])?,
        Purpose::SecondStep(id) | Purpose::Proof(id) => {
            let rows = ctx
                .store
                .reading(move |r| store::passkeys::list_of_person(r, id))
                .await?;
            if rows.is_empty() {
                return Err(Error::not_found("passkey of yours"));
            }
            assertion(&party, &rows)?
        }
    };
    let id = ctx.challenges.keep(ctx, purpose, browser, visitor, state);
    Ok(Challenge { id, options })
}

/// What the library wants the browser to do; only `publicKey` travels, how it is asked is the page's business.
fn public_key(options: impl serde::Serialize) -> Result<Value> {
    let mut options = serde_json::to_value(options).map_err(Error::internal)?;
    Ok(options["publicKey"].take())
}

fn assertion(party: &Webauthn, rows: &[PasskeyRow]) -> Result<(Value, State)> {
    let (options, state) = party
        .start_discoverable_authentication()
        .map_err(Error::internal)?;
    let mut options = public_key(options)?;
    let allowed: Vec<Value> = rows
        .iter()
        .map(|row| json!({ "type": "public-key", "id": base64url(&row.credential_id) }))
        .collect();
    options["allowCredentials"] = allowed.into();
    Ok((options, State::Assertion(state)))
}

async fn registration(ctx: &Context, party: &Webauthn, id: PersonId) -> Result<(Value, State)> {
    let (person, rows) = ctx
        .store
        .reading(move |r| {
            Ok((
                store::people::get(r, id)?,
                store::passkeys::list_of_person(r, id)?,
            ))
        })
        .await?;
    let known: Vec<CredentialID> = rows.iter().map(|row| row.credential_id.clone()).collect();
    let (options, state) = party
        .start_passkey_registration(id.0, person.email.as_str(), &person.display_name(), Some(known))
        .map_err(Error::internal)?;
    let mut options = public_key(options)?;
    // One that the authenticator itself remembers can be offered without an e-mail address being typed.
    options["authenticatorSelection"]["residentKey"] = "preferred".into();
    Ok((options, State::Registration(state)))
}

fn base64url(bytes: &[u8]) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Why an answer was not taken.
pub struct Refused {
    /// For the trace: `passkey.challenge`, `passkey.known`, `passkey.right`, `passkey.counter`.
    pub code: &'static str,
    /// What was wrong, for an admin.
    pub words: String,
    /// Whose passkey it was, if it is known here.
    pub row: Option<PasskeyRow>,
}

/// An answer that was right, to be written down with [`used`] in the transaction that rests on it.
pub struct Right {
    pub row: PasskeyRow,
    credential: String,
}

/// Judges an answer. The challenge is used up, whatever comes of it.
pub(super) async fn judge(
    ctx: &Context,
    purpose: Purpose,
    presented: &Presented,
) -> Result<std::result::Result<Right, Refused>> {
    let refused = |code, words: &str, row| {
        Ok(Err(Refused {
            code,
            words: words.to_owned(),
            row,
        }))
    };
    let taken = ctx
        .challenges
        .take(&presented.challenge, purpose, &presented.browser, ctx.now());
    let Some(State::Assertion(state)) = taken else {
        let words = "The challenge was not given to this browser, is used, or is older than five minutes.";
        return refused("passkey.challenge", words, None);
    };
    let Ok(answer) = serde_json::from_str::<PublicKeyCredential>(&presented.credential) else {
        return refused(
            "passkey.right",
            "The answer is not what an authenticator sends.",
            None,
        );
    };
    let credential_id = answer.get_credential_id().to_vec();
    let found = ctx
        .store
        .reading(move |r| store::passkeys::find_by_credential(r, &credential_id))
        .await?;
    let Some(row) = found else {
        return refused(
            "passkey.known",
            "Nobody here has this passkey; it may have been removed.",
            None,
        );
    };
    let handle = answer.get_user_unique_id().map(<[u8]>::to_vec);
    let is_theirs = match purpose {
        Purpose::SignIn => handle.as_deref() == Some(row.person_id.0.as_bytes().as_slice()),
        Purpose::SecondStep(id) | Purpose::Proof(id) | Purpose::Registration(id) => {
            row.person_id == id && handle.is_none_or(|handle| handle == row.person_id.0.as_bytes())
        }
    };
    if !is_theirs {
        return refused(
            "passkey.known",
            "The passkey belongs to somebody else.",
            Some(row),
        );
    }
    let mut passkey: Passkey = serde_json::from_str(&row.credential).map_err(Error::internal)?;
    match party(ctx)?.finish_discoverable_authentication_v2(&answer, state, &passkey) {
        Ok(result) => {
            passkey.update_credential(&result);
            let credential = serde_json::to_string(&passkey).map_err(Error::internal)?;
            Ok(Ok(Right { row, credential }))
        }
        Err(WebauthnError::CredentialPossibleCompromise) => {
            let words = "Its counter went back: there may be a copy of this passkey.";
            refused("passkey.counter", words, Some(row))
        }
        Err(problem) => refused("passkey.right", &problem.to_string(), Some(row)),
    }
}

/// Writes the use down. False when the passkey was removed, or used once more, since it was judged.
pub(super) fn used(act: &Act, right: &Right) -> Result<bool> {
    store::passkeys::touch(
        act.w,
        right.row.id,
        &right.row.credential,
        &right.credential,
        act.now,
    )
}

/// A counter that went back is told to whoever reads the log; the passkey stays until somebody decides.
pub(super) fn suspect(act: &Act, refused: &Refused, reference: Option<String>) -> Result<()> {
    let (Some(row), "passkey.counter") = (&refused.row, refused.code) else {
        return Ok(());
    };
    let person = store::people::get(act.w, row.person_id)?;
    act.event_with(
        Action::PasskeySuspected,
        subject(&person),
        Value::Null,
        json!({ "name": row.name }),
        reference,
    )
}

/// Adds a passkey of one's own; returns the session's new token.
pub async fn register(ctx: &Context, own: Own, name: &str, presented: Presented) -> Result<Option<String>> {
    let id = own.session.person_id;
    let name = checked_name(name)?;
    let purpose = Purpose::Registration(id);
    let taken = ctx
        .challenges
        .take(&presented.challenge, purpose, &presented.browser, ctx.now());
    let Some(State::Registration(state)) = taken else {
        return Err(Error::conflict(
            "This took longer than five minutes, or was asked for in another browser. Add the passkey once more.",
        ));
    };
    let unreadable = |cause: String| {
        tracing::info!(cause, "a passkey was not registered");
        Error::invalid(
            "name",
            "Doorward cannot take this passkey. Use another device or another browser.",
        )
    };
    let answer: RegisterPublicKeyCredential =
        serde_json::from_str(&presented.credential).map_err(|e| unreadable(e.to_string()))?;
    let passkey = party(ctx)?
        .finish_passkey_registration(&answer, &state)
        .map_err(|e| unreadable(e.to_string()))?;
    let credential = serde_json::to_string(&passkey).map_err(Error::internal)?;
    ctx.act(Who::Person(id), move |act| {
        let person = own.may_change(act)?;
        if store::passkeys::list_of_person(act.w, id)?.len() >= MOST {
            return Err(Error::conflict(
                "You have 20 passkeys. Remove one that you no longer use first.",
            ));
        }
        let is_first = !has_second_factor(act.w, id)?;
        let row = PasskeyRow {
            id: PasskeyId::new(act.now, act.random_id()),
            person_id: id,
            credential_id: passkey.cred_id().to_vec(),
            name,
            credential,
            created_at: act.now,
            last_used_at: None,
        };
        store::passkeys::insert(act.w, &row)?;
        let after = json!({ "name": row.name, "first": is_first });
        act.event(Action::PasskeyAdded, subject(&person), Value::Null, after)?;
        notices::factor_added(act, &person, &spoken(&row.name))?;
        own.step_up(act)
    })
    .await
}

/// A passkey as a sentence names it.
pub(super) fn spoken(name: &str) -> String {
    format!("the passkey “{name}”")
}

/// Gives one's own passkey another name.
pub fn rename(act: &Act, own: &Own, id: PasskeyId, name: &str) -> Result<()> {
    let name = checked_name(name)?;
    let person: Person = own.may_change(act)?;
    let row = store::passkeys::get(act.w, person.id, id)?;
    if row.name == name {
        return Ok(());
    }
    store::passkeys::rename(act.w, row.id, &name)?;
    act.event(
        Action::PasskeyRenamed,
        subject(&person),
        json!({ "name": row.name }),
        json!({ "name": name }),
    )
}

fn checked_name(text: &str) -> Result<String> {
    let name = text.trim();
    if name.is_empty() {
        return Err(Error::invalid(
            "name",
            "Give the passkey a name by which you will know it.",
        ));
    }
    if name.chars().count() > NAME {
        return Err(Error::invalid("name", format!("Use at most {NAME} characters.")));
    }
    if name.chars().any(is_unprintable) {
        return Err(Error::invalid("name", "A name has no control characters."));
    }
    Ok(name.to_owned())
}
