//! The second factors of a person, and an owner who removes one that was lost.

use actix_web::web;

use super::confirm::Confirm;
use super::person_form::person_id;
use crate::error::{Error, Kind, Result};
use crate::flows::factors::{self, Factors, Which};
use crate::model::{PasskeyId, Person, PersonId, Timestamp};
use crate::store;
use crate::web::fail::Answer;
use crate::web::gate::{Admin, Visit};
use crate::web::page::Section;
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/people/{id}/factors/{factor}/removal", Access::Owner, ask),
        post(
            "/admin/people/{id}/factors/{factor}/removal",
            Access::Owner,
            remove,
        ),
    ]
}

const AUTHENTICATOR: &str = "authenticator";

/// A factor in the person's list.
pub struct FactorLine {
    pub name: String,
    pub kind: &'static str,
    pub since: Timestamp,
    pub last_used_at: Option<Timestamp>,
    pub removal: String,
}

pub fn lines(person: &str, factors: &Factors) -> Vec<FactorLine> {
    let totp = factors.totp.map(|since| FactorLine {
        name: "Authenticator app".to_owned(),
        kind: "codes of six digits",
        since,
        last_used_at: None,
        removal: urls::factor_removal(person, AUTHENTICATOR),
    });
    let keys = factors.passkeys.iter().map(|row| FactorLine {
        name: row.name.clone(),
        kind: "passkey",
        since: row.created_at,
        last_used_at: row.last_used_at,
        removal: urls::factor_removal(person, &row.id.to_string()),
    });
    totp.into_iter().chain(keys).collect()
}

fn which(text: &str) -> Result<Which> {
    match text {
        AUTHENTICATOR => Ok(Which::Totp),
        id => PasskeyId::parse(id)
            .map(Which::Passkey)
            .ok_or_else(|| Error::not_found("second factor")),
    }
}

/// The person, and what their factor is called; `NotFound` when there is none such.
async fn find(visit: &Visit, id: PersonId, which: Which) -> Result<(Person, String)> {
    visit
        .ctx
        .store
        .reading(move |r| {
            let person = store::people::get(r, id)?;
            let name = match which {
                Which::Passkey(key) => format!("the passkey {}", store::passkeys::get(r, id, key)?.name),
                Which::Totp if factors::find(r, id)?.totp.is_some() => "the authenticator app".to_owned(),
                Which::Totp => return Err(Error::not_found("authenticator app")),
            };
            Ok((person, name))
        })
        .await
}

async fn page(visit: &Visit, path: &(String, String)) -> Result<Confirm> {
    let (person, name) = find(visit, person_id(&path.0)?, which(&path.1)?).await?;
    let who = person.display_name();
    let shell = visit.shell("Remove a second factor").at(Section::People);
    let action = urls::factor_removal(&path.0, &path.1);
    let page = Confirm::new(shell, (&who, urls::person(&path.0)), action, "Remove it")
        .line(format!("{who} can no longer sign in with {name}, and is signed out everywhere."))
        .line("Be sure that it is really they who ask: call them back, or meet them. Whoever has their passphrase needs one thing less from now on.");
    Ok(page)
}

async fn ask(visit: Visit, path: web::Path<(String, String)>) -> Answer {
    Ok(page(&visit, &path).await?.draw())
}

async fn remove(visit: Visit, admin: Admin, path: web::Path<(String, String)>) -> Answer {
    let (id, which) = (person_id(&path.0)?, which(&path.1)?);
    let (person, _) = find(&visit, id, which).await?;
    let done = visit
        .ctx
        .act(admin.who(), move |act| factors::remove_of(act, id, which))
        .await;
    match done {
        Ok(()) => Ok(flash::to(
            &visit,
            &urls::person(&path.0),
            "factor-removed",
            &person.display_name(),
        )),
        Err(error) if error.kind == Kind::Conflict => Ok(page(&visit, &path).await?.refused(&error).draw()),
        Err(error) => Err(error.into()),
    }
}
