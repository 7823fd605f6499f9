//! Somebody whose response was good but who cannot go on yet: no account here, or one to be proved.
//!
//! Each page belongs to the browser that brought the response, and only for half an hour.

use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use crate::error::{Error, Result};
use crate::flows::enforce;
use crate::flows::gate::Principal;
use crate::flows::{Context, Who, hash};
use crate::model::time::MINUTE;
use crate::model::{
    AccessRequestId, Action, Actor, Connection, Email, Method, Outcome, Person, Protocol, SignIn, Subject,
    Timestamp,
};
use crate::store::access_requests::AccessRequest;
use crate::store::identities::LinkedHow;
use crate::store::{self, Reader};

use super::session::{self, Door, Entered};
use super::{UNFINISHED_LIFE, flow_token, link};

/// How fresh the sign-in must be with which an account is proved.
pub const PROOF_LIFE: i64 = 15 * MINUTE;

/// What the page of a stuck person shows.
#[derive(Clone, Debug)]
pub struct Unfinished {
    pub sign_in: SignIn,
    pub connection: Option<Connection>,
    /// A request for access of the same subject waits already.
    pub has_asked: bool,
    /// The account to be proved; only with [`Outcome::Unproved`].
    pub account: Option<Person>,
    /// How that account signs in today.
    pub has_passphrase: bool,
    pub other_connections: Vec<Connection>,
    /// Where the person has to sign in instead; only when this way was refused for it.
    pub instead: Vec<Connection>,
}

/// The unfinished sign-in of this browser; `NotFound` for any other browser, or when it is too old.
pub fn get(r: &Reader, reference: &str, flow_cookie: Option<&str>, now: Timestamp) -> Result<Unfinished> {
    let gone = || Error::not_found("unfinished sign-in in this browser. Start again from the sign-in page");
    let (sign_in, browser) = store::sign_ins::find_with_browser(r, reference)?.ok_or_else(gone)?;
    let same = flow_token(flow_cookie).is_some_and(|token| bool::from(hash(token).ct_eq(&browser)));
    let ended = sign_in.finished_at.ok_or_else(gone)?;
    if !same || now.since(ended) > UNFINISHED_LIFE {
        return Err(gone());
    }
    let connection = sign_in
        .connection_id
        .map(|id| store::connections::find(r, id))
        .transpose()?
        .flatten();
    let mut unfinished = Unfinished {
        sign_in,
        connection,
        has_asked: false,
        account: None,
        has_passphrase: false,
        other_connections: Vec::new(),
        instead: Vec::new(),
    };
    if unfinished.sign_in.problem.as_deref() == Some(enforce::ELSEWHERE)
        && let Some(id) = unfinished.sign_in.person_id
    {
        let domain = store::people::get(r, id)?.email.domain();
        unfinished.instead = enforce::only_through(r, &domain, now)?;
    }
    if let (Some(c), Some(issuer), Some(subject)) = (
        &unfinished.connection,
        &unfinished.sign_in.issuer,
        &unfinished.sign_in.subject,
    ) {
        unfinished.has_asked = store::access_requests::is_waiting(r, c.id, issuer, subject)?;
    }
    if unfinished.sign_in.outcome == Outcome::Unproved
        && let Some(id) = unfinished.sign_in.person_id
    {
        unfinished.account = store::people::find(r, id)?;
        unfinished.has_passphrase = store::passphrases::find(r, id)?.is_some();
        for identity in store::identities::list_of_person(r, id)? {
            let other = store::connections::find(r, identity.connection_id)?.filter(Connection::lets_in);
            let known = |c: &Connection| unfinished.other_connections.iter().any(|o| o.id == c.id);
            unfinished.other_connections.extend(other.filter(|c| !known(c)));
        }
    }
    Ok(unfinished)
}

/// Somebody unknown asks for an account; it waits on the People page.
pub async fn request_access(ctx: &Context, reference: String, flow_cookie: Option<String>) -> Result<()> {
    ctx.act(Who::Doorward, move |act| {
        let found = get(act.w, &reference, flow_cookie.as_deref(), act.now)?.sign_in;
        if found.outcome != Outcome::Unknown {
            return Err(Error::conflict("This sign-in needs no request for access."));
        }
        let (Some(connection_id), Some(issuer), Some(subject)) = (found.connection_id, found.issuer, found.subject)
        else {
            return Err(Error::conflict("The integration of this sign-in was removed."));
        };
        let Some(email) = found.email.as_deref().and_then(|text| Email::parse(text).ok()) else {
            return Err(Error::conflict(
                "Your identity provider sent no e-mail address, which an account here needs. Ask an admin to add you.",
            ));
        };
        let request = AccessRequest {
            id: AccessRequestId::new(act.now, act.random_id()),
            connection_id,
            issuer,
            subject,
            email: email.to_string(),
            given_name: found.given_name.unwrap_or_default().chars().take(200).collect(),
            family_name: found.family_name.unwrap_or_default().chars().take(200).collect(),
            reference: found.reference.clone(),
            created_at: act.now,
        };
        store::access_requests::put(act.w, &request)?;
        let subject = Subject { kind: "access_request", id: request.id.to_string(), label: request.email.clone() };
        let after = json!({ "given_name": request.given_name, "family_name": request.family_name });
        act.event_with(Action::AccessRequested, subject, Value::Null, after, Some(found.reference))
    })
    .await
}

/// Links the subject to the account that the person proved a moment ago, and signs them in through it.
pub async fn prove(
    ctx: &Context,
    reference: String,
    flow_cookie: Option<String>,
    proof: &Principal,
    old_token: Option<String>,
) -> Result<Entered> {
    if !proof.is_fresh(ctx.now(), PROOF_LIFE) {
        return Err(Error::denied(
            "Your sign-in is older than 15 minutes. Sign in once more, then link.",
        ));
    }
    let prover = proof.person().id;
    ctx.act(Who::Person(prover), move |act| {
        let found = get(act.w, &reference, flow_cookie.as_deref(), act.now)?;
        let mut sign_in = found.sign_in;
        if sign_in.outcome != Outcome::Unproved || sign_in.person_id != Some(prover) {
            return Err(Error::denied(
                "You are signed in as somebody else than the account that waits to be linked.",
            ));
        }
        let connection = found.connection.filter(Connection::lets_in);
        let connection = connection.ok_or_else(|| Error::denied("Signing in this way is switched off."))?;
        let (Some(issuer), Some(subject)) = (sign_in.issuer.clone(), sign_in.subject.clone()) else {
            return Err(Error::conflict("This sign-in names nobody. Start again."));
        };
        let person = store::people::get(act.w, prover)?;
        let idp = store::sign_ins::take_idp(act.w, sign_in.id)?;
        let subject = link::Subject {
            connection: connection.id,
            issuer,
            subject,
        };
        let identity = link::tie(act, &person, &subject, LinkedHow::Proved, Some(reference))?;
        store::identities::touch(act.w, identity, act.now)?;
        sign_in.outcome = Outcome::Succeeded;
        store::sign_ins::finish(act.w, &sign_in)?;
        let door = Door {
            method: match connection.protocol() {
                Some(Protocol::Oidc) => Method::Oidc,
                _ => Method::Saml,
            },
            connection: Some(connection.id),
            ends_at: None,
            idp,
            proved_at: Some(act.now),
            strong: false,
            old_token,
        };
        let actor = Actor::Person {
            id: person.id,
            label: person.display_name(),
        };
        session::begin(&crate::flows::Act { actor, ..*act }, &person, &sign_in, door)
    })
    .await
}
