//! Inviting several people at once: lines are pasted, what each comes to is shown, and then it is done.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::facts::count;
use super::{Body, UNPROCESSABLE, refuse};
use crate::flows::invite::rows::{self, Comes, MOST, Told};
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Section, Shell, render_as};
use crate::web::pieces::State;
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

/// Five hundred lines with long names, escaped for a form.
const LIMIT: usize = 1024 * 1024;

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/people/invitations/new", Access::PEOPLE, new),
        // Shows what each line comes to; does it when that was seen.
        post("/admin/people/invitations/new", Access::PEOPLE, bring).limit(LIMIT),
    ]
}

struct Line {
    number: usize,
    email: String,
    name: String,
    state: State,
    why: String,
}

#[derive(Template)]
#[template(path = "admin/people/invite_many.html")]
struct ManyPage {
    shell: Shell,
    up: String,
    form: Form,
    action: String,
    submit: String,
    /// What was tried, once something was.
    lines: Vec<Line>,
    verdict: String,
}

fn form() -> Form {
    let hint = format!(
        "One person a line: e-mail, given name, family name, role, team, with commas between them. Only the e-mail is \
         needed; without a role they get the lowest. Up to {MOST} lines."
    );
    Form::new([
        Field::paragraph("rows", "People", 10)
            .hint(hint)
            .required()
            .mono()
            .max(300_000)
            .focus(),
        Field::hidden("seen", ""),
    ])
}

const LOOK: &str = "Show what would happen";

fn line(told: &Told) -> Line {
    let (state, why) = match &told.comes {
        Comes::Added => (State::working("Is added and invited"), String::new()),
        Comes::Invited => (State::working("Is here already, is invited"), String::new()),
        Comes::Left(why) => (State::off("Is left out"), why.clone()),
    };
    Line {
        number: told.row.line,
        email: told.row.email.chars().take(254).collect(),
        name: format!("{} {}", told.row.given_name, told.row.family_name)
            .trim()
            .to_owned(),
        state,
        why,
    }
}

fn goes(told: &[Told]) -> i64 {
    let goes = told
        .iter()
        .filter(|one| !matches!(one.comes, Comes::Left(_)))
        .count();
    i64::try_from(goes).unwrap_or(0)
}

fn page(visit: &Visit, form: Form, submit: String, told: &[Told], status: StatusCode) -> HttpResponse {
    let left = i64::try_from(told.len()).unwrap_or(0) - goes(told);
    let page = ManyPage {
        shell: visit.shell("Invite several people").at(Section::People),
        up: urls::invitations(),
        form,
        action: urls::invite_many(),
        submit,
        verdict: match (goes(told), left) {
            (0, _) => "Nobody of these can be invited. Nothing was changed.".to_owned(),
            (many, 0) => format!(
                "{} invited. Nothing was changed yet.",
                count(many, "person is", "people are")
            ),
            (many, left) => format!(
                "{} invited, {} left out. Nothing was changed yet.",
                count(many, "person is", "people are"),
                count(left, "line is", "lines are")
            ),
        },
        lines: told.iter().map(line).collect(),
    };
    render_as(status, &page)
}

async fn new(visit: Visit) -> Answer {
    Ok(page(&visit, form(), LOOK.to_owned(), &[], StatusCode::OK))
}

async fn bring(visit: Visit, admin: Admin, body: Body) -> Answer {
    let mut form = form();
    form.fill(body.into_inner());
    form.require();
    let read = match form.is_valid() {
        true => rows::read(form.text("rows")),
        false => return Ok(page(&visit, form, LOOK.to_owned(), &[], UNPROCESSABLE)),
    };
    let read = match read {
        Ok(read) => read,
        Err(error) => {
            let status = refuse(&mut form, error)?;
            return Ok(page(&visit, form, LOOK.to_owned(), &[], status));
        }
    };
    // Only what was seen is done: other lines are shown first, too.
    let mark = mark(form.text("rows"));
    let is_seen = form.text("seen") == mark;
    let told = rows::bring(&visit.ctx, admin.who(), read, !is_seen).await?;
    let many = goes(&told);
    if is_seen && many > 0 {
        let said = count(many, "person was invited", "people were invited");
        return Ok(flash::to(&visit, &urls::invitations(), "people-invited", &said));
    }
    let (submit, seen) = match many {
        0 => (LOOK.to_owned(), ""),
        many => (
            format!("Invite {}", count(many, "person", "people")),
            mark.as_str(),
        ),
    };
    let form = form.with("seen", seen);
    Ok(page(&visit, form, submit, &told, StatusCode::OK))
}

/// By which the lines are known again.
fn mark(rows: &str) -> String {
    let hash = crate::flows::hash(&rows.replace('\r', ""));
    hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
