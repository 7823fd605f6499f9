//! On a person's page: why this role, this team, this access group; and what they see, set by hand.

use actix_web::web;
use askama::Template;

use super::access_pages::{EditPage, app_lines, apps_of, visibility_fields, with_visibility};
use super::person_form::person_id;
use super::{Body, UNPROCESSABLE, refuse};
use crate::error::Result;
use crate::flows::access_groups;
use crate::flows::assign::{self, How, Reason};
use crate::model::{Person, PersonId, Reach, Timestamp, Visibility};
use crate::store::{self, Reader};
use crate::web::fail::Answer;
use crate::web::form::Form;
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Section, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/people/{id}/visibility", Access::ROLES, edit),
        post("/admin/people/{id}/visibility", Access::ROLES, save),
    ]
}

/// One thing that somebody has, and where it comes from.
pub struct WhyLine {
    pub what: &'static str,
    pub value: String,
    pub why: String,
    pub at: Option<Timestamp>,
    pub by: String,
    /// Reference and address of the request or sign-in.
    pub reference: Option<(String, String)>,
}

/// What stands on the person's page about access.
#[derive(Default)]
pub struct Standing {
    pub lines: Vec<WhyLine>,
    /// Every group of an identity provider that leads somewhere: what it is and where it leads; the first that may
    /// counts, unless something else was set by hand.
    pub matches: Vec<(String, String)>,
    /// What became of those, in a sentence; empty where there is nothing to say.
    pub verdict: String,
    pub sees: String,
}

fn line(r: &Reader, what: &'static str, value: String, reason: Option<&Reason>) -> Result<WhyLine> {
    let Some(reason) = reason else {
        return Ok(WhyLine {
            what,
            value,
            why: String::new(),
            at: None,
            by: String::new(),
            reference: None,
        });
    };
    let connection = match reason.connection {
        Some(id) => store::connections::find(r, id)?.map(|connection| connection.name),
        None => None,
    };
    let how = match reason.how {
        How::Hand => "by hand",
        How::Mapping => "by mapping",
        How::Group => "by a group",
        How::Default => "nothing better was known",
    };
    let mut why = match reason.rule.as_str() {
        "" => how.to_owned(),
        rule => format!("{how}: {rule}"),
    };
    if let Some(connection) = connection {
        why = format!("{why}, said by {connection}");
    }
    let reference = match &reason.reference {
        Some(reference) => {
            let is_sign_in = store::sign_ins::get_by_reference(r, reference).is_ok();
            let href = if is_sign_in {
                urls::sign_in(reference)
            } else {
                urls::scim_request(reference, reason.at)
            };
            Some((reference.clone(), href))
        }
        None => None,
    };
    Ok(WhyLine {
        what,
        value,
        why,
        at: Some(reason.at).filter(|at| at.0 > 0),
        by: reason.by.clone(),
        reference,
    })
}

/// Reads it all for one person.
pub fn standing(r: &Reader, person: &Person) -> Result<Standing> {
    let reasons = assign::reasons(r, person.id)?;
    let own = store::roles::get(r, &person.own_role)?.name;
    let team = match person.team_id {
        Some(id) => store::teams::get(r, id)?.name,
        None => "none".to_owned(),
    };
    let group = match person.access_group_id {
        Some(id) => store::access_groups::get(r, id)?.name,
        None => "none".to_owned(),
    };
    let role = match person.access_group_id {
        Some(_) if person.role.key != person.own_role => {
            format!("{own}; {} counts, because of the access group", person.role.name)
        }
        _ => own,
    };
    let lines = vec![
        line(r, "Role of their own", role, reasons.get("role"))?,
        line(r, "Team", team, reasons.get("team"))?,
        line(r, "Access group", group.clone(), reasons.get("access_group"))?,
    ];
    let matching = store::feeds::matching(r, person.id)?;
    let is_by_hand = reasons
        .get("access_group")
        .is_some_and(|reason| reason.how == How::Hand);
    let first = matching.iter().find(|one| !one.owns || one.feed.may_own);
    let verdict = match (first, is_by_hand) {
        _ if matching.is_empty() => String::new(),
        (_, true) => "None of them counts: the access group was set by hand.".to_owned(),
        (Some(first), _) if Some(first.feed.access_group_id) == person.access_group_id => {
            match matching.len() {
                1 => String::new(),
                _ => format!(
                    "{} counts: of several that match, it comes first by priority.",
                    first.access_group
                ),
            }
        }
        (Some(_), _) => {
            "None of them counts: no identity provider changes what this person has, because they are \
                         an owner, or an admin who can sign in without it."
                .to_owned()
        }
        (None, _) => {
            "None of them counts: a group makes nobody an owner unless an owner allowed it.".to_owned()
        }
    };
    let seen = access_groups::visibility_of(r, person)?;
    let how = match (store::people::visibility(r, person.id)?, person.access_group_id) {
        (Some(_), _) => "set for this person".to_owned(),
        (None, Some(_)) => format!("as {group} says"),
        (None, None) => "as nothing was set".to_owned(),
    };
    Ok(Standing {
        lines,
        matches: matching
            .into_iter()
            .map(|one| (one.feed.name, one.access_group))
            .collect(),
        verdict,
        sees: format!("{}; {how}", words(&seen)),
    })
}

fn words(visibility: &Visibility) -> String {
    let apps = match &visibility.apps {
        None => "every app".to_owned(),
        Some(some) => super::facts::count(i64::try_from(some.len()).unwrap_or(0), "app", "apps"),
    };
    format!("{}; {apps}", visibility.people.words())
}

fn form(has_apps: bool) -> Form {
    let own = (
        "As their access group says",
        "Everybody and every app, if they are in none.",
    );
    Form::new(visibility_fields(Some(own), has_apps))
}

fn draw(
    visit: &Visit,
    person: &Person,
    form: Form,
    apps: Vec<super::access_pages::AppLine>,
    status: actix_web::http::StatusCode,
) -> actix_web::HttpResponse {
    let (name, id) = (person.display_name(), person.id.to_string());
    let page = EditPage {
        shell: visit.shell(&format!("What {name} sees")).at(Section::People),
        sentence: "Set by hand, always: no identity provider changes it.".to_owned(),
        up: (name, urls::person(&id)),
        form,
        action: urls::person_part(&id, "visibility"),
        submit: "Save",
        apps,
        removal: None,
    };
    render_as(status, &page)
}

async fn load(
    visit: &Visit,
    id: PersonId,
) -> Result<(Person, Option<Visibility>, Vec<super::access_pages::AppLine>)> {
    let read = move |r: &Reader| {
        let set = store::people::visibility(r, id)?;
        let apps = app_lines(r, set.as_ref().and_then(|set| set.apps.as_deref()))?;
        Ok((store::people::get(r, id)?, set, apps))
    };
    visit.ctx.store.reading(read).await
}

async fn edit(visit: Visit, id: web::Path<String>) -> Answer {
    let (person, set, apps) = load(&visit, person_id(&id)?).await?;
    let form = form(!apps.is_empty());
    let form = match &set {
        Some(set) => with_visibility(form, set),
        None => form,
    };
    Ok(draw(&visit, &person, form, apps, actix_web::http::StatusCode::OK))
}

async fn save(visit: Visit, admin: Admin, id: web::Path<String>, body: Body) -> Answer {
    let id = person_id(&id)?;
    let (person, _, apps) = load(&visit, id).await?;
    let (mut form, body) = (form(!apps.is_empty()), body.into_inner());
    form.fill(body.iter().map(|(name, value)| (name, value)));
    form.require();
    if !form.is_valid() {
        return Ok(draw(&visit, &person, form, apps, UNPROCESSABLE));
    }
    let wanted = Reach::parse(form.text("people")).map(|people| Visibility {
        people,
        apps: apps_of(&form, &body),
    });
    let set = move |act: &crate::flows::Act| access_groups::set_visibility(act, id, wanted.as_ref());
    match visit.ctx.act(admin.who(), set).await {
        Ok(()) => {
            let page = urls::person(&id.to_string());
            Ok(flash::to(&visit, &page, "person-changed", &person.display_name()))
        }
        Err(error) => {
            let status = refuse(&mut form, error)?;
            Ok(draw(&visit, &person, form, apps, status))
        }
    }
}

/// The part of the person's page.
#[derive(Template)]
#[template(path = "admin/people/standing.html")]
pub struct StandingPart {
    pub standing: Standing,
    /// Where what they see is set; empty where the reader may not.
    pub visibility: String,
}
