//! A link with which a person chooses a new passphrase, made by an admin who hands it over. Shown once; the admin sees
//! and sets no passphrase.

use actix_web::web;
use askama::Template;

use super::confirm::Confirm;
use super::person_form::person_id;
use crate::error::{Error, Kind, Result};
use crate::flows::lost;
use crate::model::{Person, PersonId};
use crate::store;
use crate::web::fail::Answer;
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Section, Shell, render};
use crate::web::routes::{Access, Route, get, post};
use crate::web::urls;

pub fn routes() -> Vec<Route> {
    vec![
        // What the link does, then the act, which answers with the link, once.
        get("/admin/people/{id}/reset-link", Access::PEOPLE, explain),
        post("/admin/people/{id}/reset-link", Access::PEOPLE, make),
    ]
}

#[derive(Template)]
#[template(path = "admin/people/reset_link.html")]
struct LinkPage {
    shell: Shell,
    up: (String, String),
    name: String,
    link: String,
}

async fn find(visit: &Visit, id: PersonId) -> Result<(Person, bool)> {
    let find = move |r: &store::Reader| {
        let has = store::passphrases::find(r, id)?.is_some();
        Ok((store::people::get(r, id)?, has))
    };
    visit.ctx.store.reading(find).await
}

fn confirmation(visit: &Visit, person: &Person, has_passphrase: bool) -> Confirm {
    let (id, name) = (person.id.to_string(), person.display_name());
    let shell = visit.shell("A link for a new passphrase").at(Section::People);
    let action = urls::person_part(&id, "reset-link");
    let page = Confirm::new(shell, (&name, urls::person(&id)), action, "Make the link")
        .line(format!(
            "{name} chooses a new passphrase with it, once, within an hour. You see the link now, and never the passphrase."
        ))
        .line("Hand it over so that nobody else sees it: whoever has it can choose the passphrase.")
        .line("Links that were made before stop working. Second factors stay as they are. The person is told by mail, if mail is set up.");
    match has_passphrase {
        true => page,
        false => page.line(format!(
            "{name} has no passphrase and signs in through an integration. With the link they get a first one."
        )),
    }
}

async fn explain(visit: Visit, id: web::Path<String>) -> Answer {
    let (person, has_passphrase) = find(&visit, person_id(&id)?).await?;
    Ok(confirmation(&visit, &person, has_passphrase).draw())
}

async fn make(visit: Visit, admin: Admin, id: web::Path<String>) -> Answer {
    let id = person_id(&id)?;
    let (person, has_passphrase) = find(&visit, id).await?;
    let made = visit
        .ctx
        .act(admin.who(), move |act| lost::make_link(act, id))
        .await;
    match made {
        Ok(token) => {
            let organization = visit
                .ctx
                .organization()
                .ok_or_else(|| Error::not_found("organization yet"))?;
            let name = person.display_name();
            Ok(render(&LinkPage {
                shell: visit.shell("Hand over the link").at(Section::People),
                up: (name.clone(), urls::person(&id.to_string())),
                name,
                link: format!("{}{}", organization.base_url, urls::reset(&token)),
            }))
        }
        Err(error) if error.kind == Kind::Conflict => Ok(confirmation(&visit, &person, has_passphrase)
            .refused(&error)
            .draw()),
        Err(error) => Err(error.into()),
    }
}
