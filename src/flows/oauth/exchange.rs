//! Inside the transaction of a token request: the three grants. A refusal is a value here, not an error, because what
//! a replay ends must stay ended.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::token::{Tokens, Wanted};
use super::{ACCESS_LIFE, OauthProblem, REFRESH_IDLE, end_family};
use crate::error::Result;
use crate::flows::{Act, hash};
use crate::model::{Connection, CredentialId, Permission, Person, PersonId};
use crate::store::oauth::{OauthClient, OauthCode};
use crate::store::scim_credentials::{Credential, CredentialKind};
use crate::store::{self, scim_credentials};

/// How a client names and proves itself.
pub struct Presented {
    pub id: String,
    pub secret: Option<String>,
}

type Outcome = std::result::Result<Tokens, OauthProblem>;

/// Judges the client, then the grant.
pub fn exchange(act: &Act, wanted: &Wanted) -> Result<Outcome> {
    let found = store::oauth::find_client(act.w, &wanted.presented.id)?;
    let Some(client) = found.filter(|client| is_proved(client, &wanted.presented)) else {
        let message =
            "Client ID or client secret is not right. Copy both again from Doorward, or make a new client.";
        return Ok(Err(OauthProblem::new("invalid_client", message)));
    };
    let connection = store::connections::get(act.w, client.connection_id)?;
    match wanted.grant_type.as_str() {
        "authorization_code" => by_code(act, &client, &connection, wanted),
        "refresh_token" => by_refresh(act, &client, &connection, wanted),
        "client_credentials" => by_itself(act, &client),
        _ => {
            let message = "grant_type is authorization_code, refresh_token or client_credentials.";
            Ok(Err(OauthProblem::new("unsupported_grant_type", message)))
        }
    }
}

/// A confidential client by its secret; a public one by having none.
fn is_proved(client: &OauthClient, presented: &Presented) -> bool {
    match (&client.secret_hash, &presented.secret) {
        (Some(known), Some(secret)) => bool::from(known.ct_eq(&hash(secret))),
        (None, None) => true,
        _ => false,
    }
}

fn invalid_grant(message: &str) -> Result<Outcome> {
    Ok(Err(OauthProblem::new("invalid_grant", message)))
}

fn by_code(act: &Act, client: &OauthClient, connection: &Connection, wanted: &Wanted) -> Result<Outcome> {
    let Some(secret) = &wanted.code else {
        return Ok(Err(OauthProblem::new("invalid_request", "code is missing.")));
    };
    let hashed = hash(secret);
    let found = store::oauth::find_code(act.w, &hashed)?;
    let Some(code) = found.filter(|code| code.client_id == client.id) else {
        return invalid_grant("The code is unknown. Start again at the identity provider.");
    };
    if code.used_at.is_some() {
        end_family(
            act,
            client,
            connection,
            &code.family,
            "its authorization code came twice",
        )?;
        return invalid_grant("The code was used before, so everything made from it has ended. Start again.");
    }
    if code.expires_at <= act.now {
        return invalid_grant("The code is older than a minute. Start again at the identity provider.");
    }
    if let Some(problem) = does_not_fit(&code, wanted) {
        return Ok(Err(problem));
    }
    let Some(person) = granter(act, code.person_id)? else {
        return invalid_grant("The admin who allowed it is no admin any more. Let another admin allow it.");
    };
    store::oauth::mark_code_used(act.w, &hashed, act.now)?;
    Ok(Ok(pair(act, client, &person, &code.family)?))
}

/// Address and PKCE of the exchange against those of the request.
fn does_not_fit(code: &OauthCode, wanted: &Wanted) -> Option<OauthProblem> {
    let same_address = match &wanted.redirect_uri {
        Some(uri) => *uri == code.redirect_uri,
        None => !code.redirect_said,
    };
    if !same_address {
        let message = "redirect_uri is not the one of the authorization request.";
        return Some(OauthProblem::new("invalid_grant", message));
    }
    match (&code.challenge, &wanted.verifier) {
        (None, None) => None,
        (Some(challenge), Some(verifier)) => {
            let meant = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
            let right = is_verifier(verifier) && bool::from(meant.as_bytes().ct_eq(challenge.as_bytes()));
            let message = "code_verifier does not fit the code_challenge of the authorization request.";
            (!right).then(|| OauthProblem::new("invalid_grant", message))
        }
        (Some(_), None) => Some(OauthProblem::new(
            "invalid_grant",
            "code_verifier is missing: the authorization request had a code_challenge.",
        )),
        // Somebody took the challenge out of the request on its way (RFC 9700 §4.8.2).
        (None, Some(_)) => Some(OauthProblem::new(
            "invalid_grant",
            "code_verifier is there, but the authorization request had no code_challenge.",
        )),
    }
}

/// RFC 7636 §4.1.
fn is_verifier(text: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

fn by_refresh(act: &Act, client: &OauthClient, connection: &Connection, wanted: &Wanted) -> Result<Outcome> {
    let Some(secret) = &wanted.refresh_token else {
        return Ok(Err(OauthProblem::new(
            "invalid_request",
            "refresh_token is missing.",
        )));
    };
    let unknown = "The refresh token is unknown, expired or revoked. An admin must authenticate again at the identity \
                   provider.";
    let found = scim_credentials::find_by_hash(act.w, &hash(secret))?;
    let found = found.filter(|token| {
        token.kind == CredentialKind::Refresh && token.client_id.as_deref() == Some(client.id.as_str())
    });
    let Some((token, family)) = found.and_then(|token| Some((token.clone(), token.family?))) else {
        return invalid_grant(unknown);
    };
    if token.used_at.is_some() {
        end_family(
            act,
            client,
            connection,
            &family,
            "a refresh token that was turned in came again",
        )?;
        return invalid_grant(
            "The refresh token was turned in before, so the whole grant has ended. An admin must authenticate again \
             at the identity provider.",
        );
    }
    let person = match token.person_id {
        Some(person) if token.is_live(act.now) => granter(act, person)?,
        _ => None,
    };
    let Some(person) = person else {
        return invalid_grant(unknown);
    };
    scim_credentials::mark_used(act.w, token.id, act.now)?;
    Ok(Ok(pair(act, client, &person, &family)?))
}

/// Client credentials (RFC 6749 §4.4): on the word of the admin who made the client; no refresh token.
fn by_itself(act: &Act, client: &OauthClient) -> Result<Outcome> {
    if client.secret_hash.is_none() {
        let message = "A client without a secret cannot prove itself. Use the authorization code.";
        return Ok(Err(OauthProblem::new("unauthorized_client", message)));
    }
    let family = format!("client:{}", client.id);
    let access_token = put(act, client, None, &family, CredentialKind::Access)?;
    Ok(Ok(Tokens {
        access_token,
        refresh_token: None,
    }))
}

/// Who allowed it, if they still could.
fn granter(act: &Act, id: PersonId) -> Result<Option<Person>> {
    let person = store::people::find(act.w, id)?;
    Ok(person.filter(|person| person.is_active() && person.role.may(Permission::ManageIntegrations)))
}

fn pair(act: &Act, client: &OauthClient, person: &Person, family: &str) -> Result<Tokens> {
    let access_token = put(act, client, Some(person), family, CredentialKind::Access)?;
    let refresh_token = put(act, client, Some(person), family, CredentialKind::Refresh)?;
    Ok(Tokens {
        access_token,
        refresh_token: Some(refresh_token),
    })
}

fn put(
    act: &Act,
    client: &OauthClient,
    person: Option<&Person>,
    family: &str,
    kind: CredentialKind,
) -> Result<String> {
    let (prefix, life) = match kind {
        CredentialKind::Refresh => ("dwr_", REFRESH_IDLE),
        _ => ("dwa_", ACCESS_LIFE),
    };
    let secret = format!("{prefix}{}", act.random.token());
    let credential = Credential {
        id: CredentialId::new(act.now, act.random_id()),
        connection_id: client.connection_id,
        kind,
        label: client.name.clone(),
        user_name: None,
        client_id: Some(client.id.clone()),
        family: Some(family.to_owned()),
        person_id: person.map(|person| person.id),
        created_by: person.map_or_else(|| client.created_by.clone(), Person::display_name),
        created_at: act.now,
        expires_at: Some(act.now.plus(life)),
        used_at: None,
        last_used_at: None,
        last_address: None,
    };
    scim_credentials::insert(act.w, &credential, &hash(&secret))?;
    Ok(secret)
}
