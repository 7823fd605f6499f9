//! Adding a person, and changing one without overwriting what somebody else changed meanwhile.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::facts::{EventLine, event_line};
use super::{Body, UNPROCESSABLE, refuse};
use super::{person_fields, person_invitation};
use crate::error::{Error, Kind, Result};
use crate::flows::access_groups;
use crate::flows::administer::{self, PersonFields};
use crate::flows::assign::{self, How};
use crate::flows::{invite, mapping};
use crate::model::{AccessGroup, Person, PersonId, Role, Team};
use crate::store;
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Section, Shell, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/people/new", Access::PEOPLE, new),
        post("/admin/people/new", Access::PEOPLE, add),
        get("/admin/people/{id}/edit", Access::PEOPLE, edit),
        post("/admin/people/{id}/edit", Access::PEOPLE, save),
    ]
}

#[derive(Template)]
#[template(path = "admin/people/form.html")]
struct PersonFormPage {
    shell: Shell,
    sentence: &'static str,
    way_back: (String, String),
    form: Form,
    action: String,
    submit: &'static str,
    /// What others changed since this form was opened.
    meanwhile: Vec<EventLine>,
}

/// What the form's lists offer.
struct Offered {
    roles: Vec<Role>,
    teams: Vec<Team>,
    groups: Vec<AccessGroup>,
}

/// Roles that the admin may not give are not offered, nor groups that carry them; the flow refuses them, and leaves an
/// event of it.
fn form(admin: &Admin, all: &Offered) -> Form {
    let roles = &all.roles;
    let offered: Vec<&Role> = roles
        .iter()
        .filter(|role| admin.0.role().may_manage(role))
        .collect();
    let lowest = offered.first().map_or("", |role| role.key.as_str());
    let role = Field::radio("role", "Role").required().open().value(lowest);
    let role = offered.iter().fold(role, |field, role| {
        field.choice_with_hint(role.key.clone(), role.name.clone(), role.hint.clone())
    });
    let team = all.teams.iter().fold(
        Field::select("team", "Team").choice("", "No team"),
        |field, team| field.choice(team.id.to_string(), team.name.clone()),
    );
    let may_give = |group: &&AccessGroup| offered.iter().any(|role| role.key == group.role);
    let group = all.groups.iter().filter(may_give).fold(
        Field::select("access_group", "Access group")
            .open()
            .hint("While somebody is in one, its role counts in place of their own. By hand, no identity provider changes it.")
            .choice(access_groups::AUTOMATIC, "Whatever groups of identity providers say")
            .choice(access_groups::NONE, "None, by hand"),
        |field, group| field.choice(group.id.to_string(), format!("{}, by hand", group.name)),
    );
    let hint = "The address that their identity provider sends. Nobody else here may have it.";
    Form::new([
        Field::email("email", "E-mail").hint(hint).required().focus(),
        Field::text("given_name", "Given name").max(200),
        Field::text("family_name", "Family name").max(200),
        role,
        team,
        group,
        Field::hidden("version", ""),
    ])
}

/// Who is new may be invited at once.
fn with_invitation(mut form: Form) -> Form {
    let hint = "They get a link, good for a week, that shows how they sign in. Without a mail server you hand it over.";
    form.fields
        .push(Field::checkbox("invite", "Send an invitation").hint(hint));
    form
}

/// The form, and which further fields it has: key and label.
struct Blank {
    form: Form,
    labels: Vec<(String, String)>,
}

fn fields(form: &Form, labels: &[(String, String)]) -> PersonFields {
    let further = person_fields::controls(labels).into_iter();
    PersonFields {
        email: form.text("email").to_owned(),
        given_name: form.text("given_name").to_owned(),
        family_name: form.text("family_name").to_owned(),
        role: form.text("role").to_owned(),
        team: Some(form.text("team").to_owned()),
        access_group: Some(form.text("access_group").to_owned()),
        profile: further
            .map(|(key, name)| (key, form.text(name).to_owned()))
            .collect(),
    }
}

/// What a trace may already know of somebody unknown.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Known {
    email: String,
    given_name: String,
    family_name: String,
}

fn new_page(visit: &Visit, form: Form, status: StatusCode) -> HttpResponse {
    let page = PersonFormPage {
        shell: visit.shell("Add a person").at(Section::People),
        sentence: "They can sign in through an integration as soon as you save.",
        way_back: ("People".to_owned(), urls::people()),
        form,
        action: urls::new_person(),
        submit: "Add this person",
        meanwhile: Vec::new(),
    };
    render_as(status, &page)
}

async fn new(visit: Visit, admin: Admin, known: web::Query<Known>) -> Answer {
    let Known {
        email,
        given_name,
        family_name,
    } = known.into_inner();
    let form = with_invitation(blank(&visit, &admin).await?.form)
        .with("email", email)
        .with("given_name", given_name)
        .with("family_name", family_name);
    Ok(new_page(&visit, form, StatusCode::OK))
}

async fn add(visit: Visit, admin: Admin, body: Body) -> Answer {
    let Blank { form, labels } = blank(&visit, &admin).await?;
    let mut form = with_invitation(form);
    form.fill(body.into_inner());
    form.require();
    if !form.is_valid() {
        return Ok(new_page(&visit, form, UNPROCESSABLE));
    }
    let fields = fields(&form, &labels);
    let invites = form.is_ticked("invite");
    let add = move |act: &crate::flows::Act| {
        let person = administer::add_person(act, &fields)?;
        let sent = invites.then(|| invite::send(act, person.id, urls::invitation));
        Ok((person, sent.transpose()?))
    };
    match visit.ctx.act(admin.who(), add).await {
        Ok((person, Some(sent))) => person_invitation::sent(&visit, &person, sent, "person-invited"),
        Ok((person, None)) => {
            let page = urls::person(&person.id.to_string());
            Ok(flash::to(&visit, &page, "person-added", &person.display_name()))
        }
        Err(error) => {
            let status = refuse(&mut form, error)?;
            Ok(new_page(&visit, form, status))
        }
    }
}

fn edit_page(
    visit: &Visit,
    person: &Person,
    form: Form,
    meanwhile: Vec<EventLine>,
    status: StatusCode,
) -> HttpResponse {
    let id = person.id.to_string();
    let page = PersonFormPage {
        shell: visit
            .shell(&format!("Change {}", person.display_name()))
            .at(Section::People),
        sentence: "A change of role ends their sessions, so that they begin anew with their new rights.",
        way_back: (person.display_name(), urls::person(&id)),
        form,
        action: urls::person_part(&id, "edit"),
        submit: "Save",
        meanwhile,
    };
    render_as(status, &page)
}

fn of(person: &Person, is_by_hand: bool, form: Form) -> Form {
    let group = match (is_by_hand, person.access_group_id) {
        (false, _) => access_groups::AUTOMATIC.to_owned(),
        (true, None) => access_groups::NONE.to_owned(),
        (true, Some(id)) => id.to_string(),
    };
    let team = person.team_id.map_or_else(String::new, |id| id.to_string());
    form.with("email", person.email.to_string())
        .with("given_name", person.given_name.clone())
        .with("family_name", person.family_name.clone())
        .with("role", person.own_role.clone())
        .with("team", team)
        .with("access_group", group)
        .with("version", person.version.to_string())
}

pub fn person_id(text: &str) -> Result<PersonId> {
    PersonId::parse(text).ok_or_else(|| Error::not_found("person"))
}

async fn load(visit: &Visit, id: PersonId) -> Result<Person> {
    visit.ctx.store.reading(move |r| store::people::get(r, id)).await
}

/// An empty form, with the roles that this admin may give.
async fn blank(visit: &Visit, admin: &Admin) -> Result<Blank> {
    let all = visit.ctx.store.reading(|r| {
        let teams = store::teams::list(r)?.into_iter().map(|(team, _)| team);
        let groups = store::access_groups::list(r)?.into_iter().map(|(group, _)| group);
        let offered = Offered {
            roles: store::roles::list(r)?,
            teams: teams.collect(),
            groups: groups.collect(),
        };
        Ok((offered, mapping::field_labels(r)?))
    });
    let (offered, labels) = all.await?;
    let form = person_fields::extend(form(admin, &offered), &labels);
    Ok(Blank { form, labels })
}

/// The same with what the person has now, and who overwrites what.
async fn filled(visit: &Visit, admin: &Admin, person: &Person) -> Result<Blank> {
    let Blank { form, labels } = blank(visit, admin).await?;
    let id = person.id;
    let reading = visit.ctx.store.reading(move |r| {
        let reasons = assign::reasons(r, id)?;
        Ok((person_fields::of_person(r, id)?, reasons))
    });
    let ((profile, kept), reasons) = reading.await?;
    let is_by_hand = reasons
        .get("access_group")
        .is_some_and(|reason| reason.how == How::Hand);
    let form = person_fields::fill(of(person, is_by_hand, form), &labels, &profile, &kept);
    Ok(Blank { form, labels })
}

fn need_to_manage(admin: &Admin, person: &Person) -> Result<()> {
    if admin.0.role().may_manage(&person.role) {
        return Ok(());
    }
    let (name, role) = (person.display_name(), &person.role.name);
    Err(Error::denied(format!(
        "{name} has the role {role}. Only somebody who may do more, such as an owner, changes that account."
    )))
}

async fn edit(visit: Visit, admin: Admin, id: web::Path<String>) -> Answer {
    let person = load(&visit, person_id(&id)?).await?;
    need_to_manage(&admin, &person)?;
    let form = filled(&visit, &admin, &person).await?.form;
    Ok(edit_page(&visit, &person, form, Vec::new(), StatusCode::OK))
}

async fn save(visit: Visit, admin: Admin, id: web::Path<String>, body: Body) -> Answer {
    let id = person_id(&id)?;
    let person = load(&visit, id).await?;
    need_to_manage(&admin, &person)?;
    let Blank { mut form, labels } = filled(&visit, &admin, &person).await?;
    form.fill(body.into_inner());
    form.require();
    let version: i64 = form.text("version").parse().unwrap_or(0);
    if version != person.version {
        return meanwhile(&visit, &person, form, version).await;
    }
    if !form.is_valid() {
        return Ok(edit_page(&visit, &person, form, Vec::new(), UNPROCESSABLE));
    }
    let fields = fields(&form, &labels);
    let change = move |act: &crate::flows::Act| administer::change_person(act, id, &fields, Some(version));
    match visit.ctx.act(admin.who(), change).await {
        Ok(changed) => {
            let said = if changed.version == version {
                "person-unchanged"
            } else {
                "person-changed"
            };
            Ok(flash::to(
                &visit,
                &urls::person(&id.to_string()),
                said,
                &changed.display_name(),
            ))
        }
        Err(error) if error.kind == Kind::Conflict => {
            let fresh = load(&visit, id).await?;
            if fresh.version != version {
                return meanwhile(&visit, &fresh, form, version).await;
            }
            let status = refuse(&mut form, error)?;
            Ok(edit_page(&visit, &person, form, Vec::new(), status))
        }
        Err(error) => {
            let status = refuse(&mut form, error)?;
            Ok(edit_page(&visit, &person, form, Vec::new(), status))
        }
    }
}

/// Somebody else was faster: everything typed stays, and what they changed is shown. Saving again is then
/// a decision, not an accident.
async fn meanwhile(visit: &Visit, person: &Person, form: Form, version: i64) -> Answer {
    let subject = ("person".to_owned(), person.id.to_string());
    let narrow = store::events::Narrow {
        subject: Some(subject),
        ..Default::default()
    };
    let events = visit
        .ctx
        .store
        .reading(move |r| store::events::list(r, &narrow, 50))
        .await?;
    // Each change counts the version up by one and appends one event about the account itself.
    let missed = usize::try_from(person.version.saturating_sub(version)).unwrap_or(0);
    let changed = events.iter().filter(|e| e.action.starts_with("person."));
    let lines = changed
        .take(missed.min(10))
        .map(|e| event_line(e, |_| None))
        .collect();
    let mut form = form.with("version", person.version.to_string());
    form.refuse_all(format!(
        "Somebody else changed {} after you opened this page. Nothing of yours was saved yet. \
         Look at their change below, then save again or cancel.",
        person.display_name()
    ));
    Ok(edit_page(visit, person, form, lines, StatusCode::CONFLICT))
}
