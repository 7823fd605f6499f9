//! One person: facts, ways in, sessions, what happened; and turning the account off and on.

use actix_web::web;
use askama::Template;

use super::confirm::Confirm;
use super::facts::{EventLine, count, device, event_line, outcome_state, person_state};
use super::person_access::{self, Standing, StandingPart};
use super::person_factors::{self, FactorLine};
use super::person_fields::{self, FieldLine};
use super::person_form::person_id;
use super::person_invitation::{self, InvitationPart, Invited};
use super::person_provisioning::{self, ReviewedLine, TakenLine, UserLine};
use crate::error::{Error, Kind, Result};
use crate::flows::administer;
use crate::flows::factors::{self, Factors};
use crate::model::{Connection, IdentityId, Permission, Person, PersonId, Session, SignIn, Timestamp};
use crate::store::identities::Identity;
use crate::store::{self, Reader};
use crate::web::fail::Answer;
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Section, Shell, render};
use crate::web::pieces::State;
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/people/{id}", Access::PEOPLE, show),
        // Off: what it means, then the act.
        get(
            "/admin/people/{id}/deactivation",
            Access::PEOPLE,
            ask_to_deactivate,
        ),
        post("/admin/people/{id}/deactivation", Access::PEOPLE, deactivate),
        post("/admin/people/{id}/reactivation", Access::PEOPLE, reactivate),
        // Ends all their sessions; they may sign in again.
        post("/admin/people/{id}/sign-out", Access::PEOPLE, sign_out),
        get(
            "/admin/people/{id}/identities/{identity}/removal",
            Access::PEOPLE,
            ask_to_unlink,
        ),
        post(
            "/admin/people/{id}/identities/{identity}/removal",
            Access::PEOPLE,
            unlink,
        ),
    ]
}

struct Way {
    connection: String,
    href: Option<String>,
    subject: String,
    issuer: String,
    how: &'static str,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
    removal: String,
}

struct OpenSession {
    device: String,
    through: String,
    address: String,
    signed_in_at: Timestamp,
    last_seen_at: Timestamp,
    expires_at: Timestamp,
}

struct Attempt {
    href: String,
    reference: String,
    through: String,
    state: State,
    at: Timestamp,
}

/// Everything about a person, from one snapshot.
struct Found {
    person: Person,
    identities: Vec<Identity>,
    sessions: Vec<Session>,
    sign_ins: Vec<SignIn>,
    events: Vec<crate::model::Event>,
    connections: Vec<Connection>,
    has_passphrase: bool,
    factors: Factors,
    provisioned: (Vec<UserLine>, Vec<TakenLine>),
    reviewed: Vec<ReviewedLine>,
    standing: Standing,
    fields: Vec<FieldLine>,
    invited: Invited,
}

fn find(r: &Reader, id: PersonId, now: Timestamp) -> Result<Found> {
    let person = store::people::get(r, id)?;
    let about = store::events::Narrow {
        subject: Some(("person".into(), id.to_string())),
        ..Default::default()
    };
    let attempts = store::sign_ins::Narrow {
        person: Some(id),
        ..Default::default()
    };
    let connections = store::connections::list(r)?;
    Ok(Found {
        fields: person_fields::lines(r, &person, &connections)?,
        provisioned: person_provisioning::lines(r, id, &connections, now)?,
        reviewed: person_provisioning::reviewed(r, id, &connections)?,
        identities: store::identities::list_of_person(r, id)?,
        sessions: store::sessions::list_of_person(r, id, now)?,
        sign_ins: store::sign_ins::list(r, &attempts, 10)?,
        events: store::events::list(r, &about, 30)?,
        connections,
        has_passphrase: store::passphrases::find(r, id)?.is_some(),
        factors: factors::find(r, id)?,
        standing: person_access::standing(r, &person)?,
        invited: person_invitation::find(r, id)?,
        person,
    })
}

#[derive(Template)]
#[template(path = "admin/people/show.html")]
struct PersonPage {
    shell: Shell,
    up: String,
    person: Person,
    state: State,
    name: String,
    can_manage: bool,
    has_passphrase: bool,
    edit: String,
    deactivation: String,
    reactivation: String,
    sign_out: String,
    reset_link: String,
    all_attempts: String,
    ways: Vec<Way>,
    sessions: Vec<OpenSession>,
    attempts: Vec<Attempt>,
    factors: Vec<FactorLine>,
    recovery_codes: i64,
    can_remove_factors: bool,
    fields: Vec<FieldLine>,
    users: Vec<UserLine>,
    removals: Vec<TakenLine>,
    reviewed: Vec<ReviewedLine>,
    standing: StandingPart,
    invitation: Option<InvitationPart>,
    timeline: Vec<EventLine>,
}

async fn show(visit: Visit, admin: Admin, id: web::Path<String>) -> Answer {
    let (id, now) = (person_id(&id)?, visit.ctx.now());
    let found = visit.ctx.store.reading(move |r| find(r, id, now)).await?;
    let id = id.to_string();
    let named = |of: Option<crate::model::ConnectionId>| {
        of.and_then(|of| found.connections.iter().find(|c| c.id == of))
            .map_or("Passphrase", |c| c.name.as_str())
    };
    let way = |identity: &Identity| {
        let connection = found.connections.iter().find(|c| c.id == identity.connection_id);
        Way {
            connection: connection.map_or_else(String::new, |c| c.name.clone()),
            href: connection.map(|c| urls::integration(c.slug.as_str())),
            subject: identity.subject.clone(),
            issuer: identity.issuer.clone(),
            how: identity.linked_how.words(),
            created_at: identity.created_at,
            last_used_at: identity.last_used_at,
            removal: urls::identity_removal(&id, &identity.id.to_string()),
        }
    };
    let session = |session: &Session| OpenSession {
        device: device(&session.user_agent),
        through: named(session.connection_id).to_owned(),
        address: session.address.clone(),
        signed_in_at: session.signed_in_at,
        last_seen_at: session.last_seen_at,
        expires_at: session.expires_at,
    };
    let attempt = |sign_in: &SignIn| Attempt {
        href: urls::sign_in(&sign_in.reference),
        reference: sign_in.reference.clone(),
        through: named(sign_in.connection_id).to_owned(),
        state: outcome_state(sign_in),
        at: sign_in.started_at,
    };
    let name = found.person.display_name();
    let can_manage = admin.0.role().may_manage(&found.person.role);
    let may_set_visibility = admin.0.role().may(Permission::ManageAccess) && can_manage;
    Ok(render(&PersonPage {
        shell: visit.shell(&name).at(Section::People),
        up: urls::people(),
        state: person_state(&found.person),
        can_manage,
        invitation: person_invitation::part(found.invited, &found.person, can_manage, now),
        has_passphrase: found.has_passphrase,
        edit: urls::person_part(&id, "edit"),
        deactivation: urls::person_part(&id, "deactivation"),
        reactivation: urls::person_part(&id, "reactivation"),
        sign_out: urls::person_part(&id, "sign-out"),
        reset_link: urls::person_part(&id, "reset-link"),
        all_attempts: urls::query(&urls::sign_ins(), &[("q", found.person.email.as_str())]),
        ways: found.identities.iter().map(way).collect(),
        sessions: found.sessions.iter().map(session).collect(),
        attempts: found.sign_ins.iter().map(attempt).collect(),
        factors: person_factors::lines(&id, &found.factors),
        recovery_codes: found.factors.recovery_codes,
        can_remove_factors: admin.is_owner() && admin.0.person().id != found.person.id,
        fields: found.fields,
        users: found.provisioned.0,
        removals: found.provisioned.1,
        reviewed: found.reviewed,
        standing: StandingPart {
            standing: found.standing,
            visibility: match may_set_visibility {
                true => urls::person_part(&id, "visibility"),
                false => String::new(),
            },
        },
        timeline: found
            .events
            .iter()
            .map(|event| event_line(event, |_| None))
            .collect(),
        person: found.person,
        name,
    }))
}

async fn ask_to_deactivate(visit: Visit, id: web::Path<String>) -> Answer {
    Ok(deactivation_page(&visit, person_id(&id)?).await?.draw())
}

async fn deactivation_page(visit: &Visit, id: PersonId) -> Result<Confirm> {
    let now = visit.ctx.now();
    let found = visit.ctx.store.reading(move |r| find(r, id, now)).await?;
    let (name, id) = (found.person.display_name(), id.to_string());
    let sessions = i64::try_from(found.sessions.len()).unwrap_or(0);
    let shell = visit.shell(&format!("Deactivate {name}")).at(Section::People);
    let action = urls::person_part(&id, "deactivation");
    let page = Confirm::new(shell, (&name, urls::person(&id)), action, "Deactivate")
        .line(match sessions {
            0 => format!("{name} is signed in nowhere at the moment."),
            open => format!(
                "Of {name}, {} at once.",
                count(open, "session ends", "sessions end")
            ),
        })
        .line("From then on no way in works, neither an identity provider nor a passphrase.")
        .line(
            "Nothing is deleted: linked sign-ins, role and history stay, and you can reactivate the account.",
        );
    Ok(page)
}

async fn deactivate(visit: Visit, admin: Admin, id: web::Path<String>) -> Answer {
    let id = person_id(&id)?;
    match visit
        .ctx
        .act(admin.who(), move |act| administer::deactivate(act, id))
        .await
    {
        Ok(_) => to_person(&visit, id, "person-deactivated").await,
        Err(error) if error.kind == Kind::Conflict => {
            Ok(deactivation_page(&visit, id).await?.refused(&error).draw())
        }
        Err(error) => Err(error.into()),
    }
}

async fn reactivate(visit: Visit, admin: Admin, id: web::Path<String>) -> Answer {
    let id = person_id(&id)?;
    visit
        .ctx
        .act(admin.who(), move |act| administer::reactivate(act, id))
        .await?;
    to_person(&visit, id, "person-reactivated").await
}

async fn sign_out(visit: Visit, admin: Admin, id: web::Path<String>) -> Answer {
    let id = person_id(&id)?;
    visit
        .ctx
        .act(admin.who(), move |act| administer::sign_out_everywhere(act, id))
        .await?;
    to_person(&visit, id, "signed-out-everywhere").await
}

async fn to_person(visit: &Visit, id: PersonId, said: &str) -> Answer {
    let person = visit
        .ctx
        .store
        .reading(move |r| store::people::get(r, id))
        .await?;
    Ok(flash::to(
        visit,
        &urls::person(&id.to_string()),
        said,
        &person.display_name(),
    ))
}

fn identity_id(text: &str) -> Result<IdentityId> {
    IdentityId::parse(text).ok_or_else(|| Error::not_found("linked sign-in"))
}

async fn ask_to_unlink(visit: Visit, path: web::Path<(String, String)>) -> Answer {
    let (person, identity) = path.into_inner();
    let (id, identity_id, now) = (person_id(&person)?, identity_id(&identity)?, visit.ctx.now());
    let found = visit.ctx.store.reading(move |r| find(r, id, now)).await?;
    let linked = found.identities.iter().find(|i| i.id == identity_id);
    let linked = linked.ok_or_else(|| Error::not_found("linked sign-in"))?;
    let name = found.person.display_name();
    let through = found.connections.iter().find(|c| c.id == linked.connection_id);
    let through = through.map_or("an integration", |c| c.name.as_str());
    let shell = visit.shell("Remove a linked sign-in").at(Section::People);
    let action = urls::identity_removal(&person, &identity);
    let mut page = Confirm::new(shell, (&name, urls::person(&person)), action, "Remove the link")
        .line(format!(
            "{name} is no longer the person whom {through} calls {}.",
            linked.subject
        ))
        .line(format!("All sessions of {name} end."));
    page = if found.identities.len() == 1 && !found.has_passphrase {
        page.line("It is their only way in. The next sign-in with their e-mail address links it again, at whichever integration it comes from.")
    } else {
        page.line("A later sign-in through it has to be proved once with another way in, unless an owner confirmed their e-mail domain for it.")
    };
    Ok(page.draw())
}

async fn unlink(visit: Visit, admin: Admin, path: web::Path<(String, String)>) -> Answer {
    let (person, identity) = path.into_inner();
    let (person, identity) = (person_id(&person)?, identity_id(&identity)?);
    let of = visit
        .ctx
        .store
        .reading(move |r| store::identities::get(r, identity))
        .await?
        .person_id;
    if of != person {
        return Err(Error::not_found("linked sign-in").into());
    }
    visit
        .ctx
        .act(admin.who(), move |act| administer::unlink(act, identity))
        .await?;
    to_person(&visit, person, "identity-removed").await
}
