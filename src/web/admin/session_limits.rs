//! Settings → Sessions: how long people stay signed in.

use actix_web::http::StatusCode;
use askama::Template;

use super::{Body, UNPROCESSABLE, refuse};
use crate::error::{Error, Result};
use crate::flows::sessions;
use crate::model::session::SessionLimits;
use crate::model::time::{HOUR, MINUTE};
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Section, Shell, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/settings/sessions", Access::Admin, show),
        post("/admin/settings/sessions", Access::Owner, save),
    ]
}

#[derive(Template)]
#[template(path = "admin/settings/sessions.html")]
struct LimitsPage {
    shell: Shell,
    up: String,
    form: Form,
    action: String,
    is_owner: bool,
}

/// Idle times are typed in minutes, the others in hours.
fn form(limits: SessionLimits) -> Form {
    let minutes = |millis: i64| (millis / MINUTE).to_string();
    let hours = |millis: i64| (millis / HOUR).to_string();
    let number = |name, label: &str, hint: &str, value: String| {
        Field::number(name, label)
            .hint(hint)
            .required()
            .max(6)
            .value(value)
    };
    Form::new([
        number(
            "admin_idle",
            "Admins and owners, idle (minutes)",
            "Between 5 and 60.",
            minutes(limits.admin_idle),
        ),
        number(
            "admin_absolute",
            "Admins and owners, in all (hours)",
            "Between 1 and 12.",
            hours(limits.admin_absolute),
        ),
        number(
            "member_idle",
            "Members, idle (minutes)",
            "Between 5 and 43200, which is 30 days.",
            minutes(limits.member_idle),
        ),
        number(
            "member_absolute",
            "Members, in all (hours)",
            "Between 1 and 2160, which is 90 days.",
            hours(limits.member_absolute),
        ),
    ])
}

fn limits(visit: &Visit) -> Result<SessionLimits> {
    let organization = visit.ctx.organization();
    let organization = organization.ok_or_else(|| Error::not_found("organization yet"))?;
    Ok(organization.settings.sessions)
}

fn page(visit: &Visit, admin: &Admin, form: Form, status: StatusCode) -> Answer {
    let page = LimitsPage {
        shell: visit.shell("Sessions").at(Section::Settings),
        up: urls::settings(),
        form,
        action: urls::settings_part("sessions"),
        is_owner: admin.is_owner(),
    };
    Ok(render_as(status, &page))
}

async fn show(visit: Visit, admin: Admin) -> Answer {
    let form = form(limits(&visit)?);
    page(&visit, &admin, form, StatusCode::OK)
}

async fn save(visit: Visit, admin: Admin, body: Body) -> Answer {
    let mut form = form(limits(&visit)?);
    form.fill(body.into_inner());
    form.require();
    let mut typed = |name: &'static str, unit: i64| match form.text(name).parse::<u32>() {
        Ok(count) => i64::from(count) * unit,
        Err(_) => {
            form.refuse(name, "Enter a whole number.");
            0
        }
    };
    let wanted = SessionLimits {
        admin_idle: typed("admin_idle", MINUTE),
        admin_absolute: typed("admin_absolute", HOUR),
        member_idle: typed("member_idle", MINUTE),
        member_absolute: typed("member_absolute", HOUR),
    };
    if !form.is_valid() {
        return page(&visit, &admin, form, UNPROCESSABLE);
    }
    let saved = visit
        .ctx
        .act(admin.who(), move |act| sessions::set_limits(act, wanted))
        .await;
    match saved {
        Ok(_) => {
            visit.ctx.refresh_organization()?;
            Ok(flash::to(
                &visit,
                &urls::settings_part("sessions"),
                "session-limits-saved",
                "",
            ))
        }
        Err(error) => {
            let status = refuse(&mut form, error)?;
            page(&visit, &admin, form, status)
        }
    }
}
