//! On a person's page: their invitation, sending it, and taking it back.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::confirm::Confirm;
use super::person_form::person_id;
use crate::error::{Error, Kind, Result};
use crate::flows::invite::{self, Sent};
use crate::flows::mail;
use crate::model::{Invitation, InvitationState, MailState, Person, PersonId, Timestamp};
use crate::store::{self, Reader};
use crate::web::fail::Answer;
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Section, Shell, render};
use crate::web::pieces::State;
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        // What it does, then the act; without a mail server it answers with the link, once.
        get("/admin/people/{id}/invitation", Access::PEOPLE, explain),
        post("/admin/people/{id}/invitation", Access::PEOPLE, send),
        get(
            "/admin/people/{id}/invitation/revocation",
            Access::PEOPLE,
            ask_to_revoke,
        ),
        post("/admin/people/{id}/invitation/revocation", Access::PEOPLE, revoke),
    ]
}

/// Word and shape of where an invitation stands.
pub fn state_of(invitation: &Invitation, sends_mail: bool, now: Timestamp) -> State {
    match invitation.state(now) {
        InvitationState::Waiting if sends_mail => State::waiting("Waits to be sent"),
        InvitationState::Waiting => State::needs_you("Link to hand over"),
        InvitationState::Sent if invitation.handed_over => State::waiting("Link handed over"),
        InvitationState::Sent => State::waiting("Invited"),
        InvitationState::Expired => State::needs_you("Expired"),
        InvitationState::Accepted => State::working("Accepted"),
        InvitationState::Ended => State::off("Ended"),
    }
}

/// What the person's page knows of it.
pub struct Invited {
    pub invitation: Option<Invitation>,
    /// Where its mail stands, while that is remembered.
    mail: Option<(MailState, Option<String>)>,
    sends_mail: bool,
}

pub fn find(r: &Reader, id: PersonId) -> Result<Invited> {
    let invitation = store::invitations::find(r, id)?;
    let mail = match invitation.as_ref().and_then(|one| one.mail_id) {
        Some(mail) => store::mails::find(r, mail)?,
        None => None,
    };
    Ok(Invited {
        mail: mail.map(|mail| (mail.state, mail.problem)),
        sends_mail: mail::is_set_up(r)?,
        invitation,
    })
}

/// The section of the page.
#[derive(Template)]
#[template(path = "admin/people/invitation.html")]
pub struct InvitationPart {
    name: String,
    state: Option<State>,
    invitation: Option<Invitation>,
    /// What there is to say beside the facts.
    remarks: Vec<String>,
    /// What the button is called, and where it leads; empty where the person is not to be invited.
    send: (&'static str, String),
    revoke: String,
}

pub fn part(found: Invited, person: &Person, can_manage: bool, now: Timestamp) -> Option<InvitationPart> {
    let may_send = can_manage && invite::why_not(person).is_none();
    if found.invitation.is_none() && !may_send {
        return None;
    }
    let id = person.id.to_string();
    let is_open = found.invitation.as_ref().is_some_and(|one| one.is_open(now));
    let label = match &found.invitation {
        None => "Invite…",
        Some(one) if one.sent_at.is_none() && !found.sends_mail => "Make the link…",
        Some(one) if one.sent_at.is_none() => "Send it now…",
        Some(_) if !found.sends_mail => "Make another link…",
        Some(_) => "Send it again…",
    };
    Some(InvitationPart {
        name: person.display_name(),
        state: found
            .invitation
            .as_ref()
            .map(|one| state_of(one, found.sends_mail, now)),
        remarks: remarks(&found, now),
        send: match may_send {
            true => (label, urls::person_part(&id, "invitation")),
            false => ("", String::new()),
        },
        revoke: match is_open && can_manage {
            true => urls::invitation_revocation(&id),
            false => String::new(),
        },
        invitation: found.invitation,
    })
}

fn remarks(found: &Invited, now: Timestamp) -> Vec<String> {
    let mut remarks = Vec::new();
    let Some(one) = &found.invitation else {
        return remarks;
    };
    match one.state(now) {
        InvitationState::Waiting if found.sends_mail => {
            remarks.push("It goes out by itself, as soon as it is its turn.".to_owned());
        }
        InvitationState::Waiting => remarks.push(
            "No mail server is set up. Make the link and hand it over; or let an owner set up mail, and it goes out by \
             itself."
                .to_owned(),
        ),
        InvitationState::Expired => {
            remarks.push("Nobody came within a week. Its link does not work any more.".to_owned());
        }
        InvitationState::Ended => remarks.extend(one.ended.map(|(_, why)| why.words().to_owned())),
        InvitationState::Sent | InvitationState::Accepted => {}
    }
    match &found.mail {
        Some((MailState::Waiting, None)) => {
            remarks.push("The mail is on its way to the mail server.".to_owned())
        }
        Some((MailState::Waiting, Some(problem))) => {
            remarks.push(format!("The mail is tried again: {problem}"));
        }
        Some((MailState::Failed, problem)) => {
            let problem = problem.clone().unwrap_or_default();
            remarks.push(format!("The mail could not be delivered: {problem}"));
        }
        Some((MailState::Sent, _)) | None => {}
    }
    remarks
}

async fn load(visit: &Visit, id: PersonId) -> Result<(Person, Invited)> {
    let find = move |r: &Reader| Ok((store::people::get(r, id)?, find(r, id)?));
    visit.ctx.store.reading(find).await
}

fn sending(visit: &Visit, person: &Person, found: &Invited) -> Confirm {
    let (id, name) = (person.id.to_string(), person.display_name());
    let title = format!("Invite {name}");
    let shell = visit.shell(&title).at(Section::People);
    let label = match found.sends_mail {
        true => "Send the invitation",
        false => "Make the link",
    };
    let action = urls::person_part(&id, "invitation");
    let page = Confirm::new(shell, (&name, urls::person(&id)), action, label);
    let page = match found.sends_mail {
        true => page.line(format!(
            "A mail goes to {}. Its link shows {name} how to sign in, and is good for a week.",
            person.email
        )),
        false => page.line(format!(
            "No mail server is set up, so you get a link to hand over. It shows {name} how to sign in, is good for a \
             week, and is shown once."
        )),
    };
    let page = page.line(
        "What it offers follows from the rules for their address: the integration that is enforced or speaks for it, \
         and otherwise a passphrase, chosen within an hour.",
    );
    let was_sent = found.invitation.as_ref().is_some_and(|one| one.sent_at.is_some());
    match was_sent {
        true => page.line("The link of before stops working."),
        false => page,
    }
}

async fn explain(visit: Visit, id: web::Path<String>) -> Answer {
    let (person, found) = load(&visit, person_id(&id)?).await?;
    let page = sending(&visit, &person, &found);
    Ok(match invite::why_not(&person) {
        Some(why) => page.refused(&Error::conflict(why)).draw(),
        None => page.draw(),
    })
}

#[derive(Template)]
#[template(path = "admin/people/invitation_link.html")]
struct LinkPage {
    shell: Shell,
    up: (String, String),
    name: String,
    link: String,
}

/// What follows an invitation: word that it is on its way, or the link, once.
pub fn sent(visit: &Visit, person: &Person, sent: Sent, said: &str) -> Answer {
    let (id, name) = (person.id.to_string(), person.display_name());
    let token = match sent {
        Sent::ByMail => return Ok(flash::to(visit, &urls::person(&id), said, &name)),
        Sent::Link(token) => token,
    };
    let organization = visit
        .ctx
        .organization()
        .ok_or_else(|| Error::not_found("organization yet"))?;
    Ok(render(&LinkPage {
        shell: visit.shell("Hand over the invitation").at(Section::People),
        up: (name.clone(), urls::person(&id)),
        name,
        link: format!("{}{}", organization.base_url, urls::invitation(&token)),
    }))
}

async fn send(visit: Visit, admin: Admin, id: web::Path<String>) -> Answer {
    let id = person_id(&id)?;
    let done = visit
        .ctx
        .act(admin.who(), move |act| invite::send(act, id, urls::invitation))
        .await;
    let (person, found) = load(&visit, id).await?;
    match done {
        Ok(done) => sent(&visit, &person, done, "invitation-sent"),
        Err(error) if error.kind == Kind::Conflict => {
            Ok(sending(&visit, &person, &found).refused(&error).draw())
        }
        Err(error) => Err(error.into()),
    }
}

fn revoking(visit: &Visit, person: &Person) -> Confirm {
    let (id, name) = (person.id.to_string(), person.display_name());
    let shell = visit.shell("Take an invitation back").at(Section::People);
    let action = urls::invitation_revocation(&id);
    Confirm::new(shell, (&name, urls::person(&id)), action, "Take it back")
        .line(format!(
            "The link that {name} has stops working, and a mail that still waits is not sent."
        ))
        .line("The account stays as it is: whoever signs in through an integration can still come in.")
}

async fn ask_to_revoke(visit: Visit, id: web::Path<String>) -> Answer {
    let (person, _) = load(&visit, person_id(&id)?).await?;
    Ok(revoking(&visit, &person).draw())
}

async fn revoke(visit: Visit, admin: Admin, id: web::Path<String>) -> Answer {
    let id = person_id(&id)?;
    let done = visit
        .ctx
        .act(admin.who(), move |act| invite::revoke(act, id))
        .await;
    match done {
        Ok(person) => {
            let back = urls::person(&id.to_string());
            Ok(flash::to(
                &visit,
                &back,
                "invitation-revoked",
                &person.display_name(),
            ))
        }
        Err(error) if error.kind == Kind::Conflict => {
            let (person, _) = load(&visit, id).await?;
            let response: HttpResponse = revoking(&visit, &person).refused(&error).draw();
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}
