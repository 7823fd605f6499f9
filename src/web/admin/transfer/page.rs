//! The page with the downloads and the import of one table, and the look at a file.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::{FILE_LIMIT, Table, download};
use crate::error::Result;
use crate::flows::transfer::sheet::MOST_ROWS;
use crate::flows::transfer::{self, What};
use crate::store;
use crate::web::admin::facts::count;
use crate::web::admin::people::Filters;
use crate::web::admin::{UNPROCESSABLE, refuse};
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{Admin, Visit, see_other};
use crate::web::page::{Shell, render_as};
use crate::web::upload::{Flaw, Upload};
use crate::web::urls;

/// A download: what is in it, and its address in both formats.
struct Offer {
    words: String,
    csv: String,
    json: String,
}

/// A column as the page explains it.
struct ColumnLine {
    key: String,
    words: String,
}

#[derive(Template)]
#[template(path = "admin/transfer/page.html")]
struct TransferPage {
    shell: Shell,
    way_back: (String, String),
    sentence: &'static str,
    offers: Vec<Offer>,
    /// The sentence above the form.
    about: &'static str,
    form: Form,
    action: String,
    columns: Vec<ColumnLine>,
}

fn form(table: &Table) -> Form {
    let accept = ".csv,.tsv,.txt,.json,text/csv,application/json";
    let file = Field::file("file", "File", accept).hint(format!(
        "CSV (comma, semicolon or tab between the values) or JSON, at most 8 MiB and {MOST_ROWS} rows."
    ));
    let paste = Field::paragraph("text", "Or paste it here", 6).mono();
    let empties = Field::checkbox("empties", "An empty value takes away what is there")
        .hint("Otherwise an empty value leaves what is there.");
    match table.0 {
        What::People | What::AccessGroups => Form::new([file, paste, empties]),
        What::Teams | What::Mapping(_) => Form::new([file, paste]),
    }
}

fn sentence(what: &What) -> &'static str {
    match what {
        What::People => "Take the list of people with you, or bring one: first you see what a file would do.",
        What::Teams => {
            "Take the teams with you, or add those that a file names. Who is in which stands with the people."
        }
        What::AccessGroups => {
            "Take the access groups with you, or bring them. Who is in which by hand stands with the people."
        }
        What::Mapping(_) => "Take this mapping with you, for another integration, or bring one.",
    }
}

fn about(what: &What) -> &'static str {
    match what {
        What::People => {
            "Each row is about the person with its e-mail address: they are added, or changed where the row says something \
             else. Nobody is removed. A state “deactivated” deactivates whom you may deactivate, and never an owner."
        }
        What::Teams => "Each row names a team. Those that are missing are added; none is renamed or removed.",
        What::AccessGroups => {
            "Each row is about the access group with its name: it is added behind all others, or changed. None is removed, \
             and what feeds them stays as it is."
        }
        What::Mapping(_) => {
            "CSV replaces the rows of the mapping. JSON replaces what it names: the rows, which value means which role, and \
             the rest. If one row cannot be taken, nothing is."
        }
    }
}

fn explained(key: &str, what: &What) -> &'static str {
    match (what, key) {
        (What::People, "email") => "Tells people apart; a file never changes it.",
        (_, "role") => "Key or name of a role.",
        (What::People, "team") => "Exact name of a team that is there.",
        (What::People, "access_group") => {
            "Name of an access group, set by hand; none: in none, by hand. Empty in a download: as groups of identity providers say."
        }
        (What::People, "state") => "active or deactivated.",
        (What::AccessGroups, "sees_people") => "everybody, team or oneself.",
        (What::AccessGroups, "sees_apps") => "all, none, or names of apps with semicolons between them.",
        (What::Mapping(_), "field") => "Key of one of our fields.",
        (What::Mapping(_), "source") => "Attribute, claim or path; empty: whatever it is usually called.",
        (What::Mapping(_), "rule") => "create, overwrite or off.",
        (What::Mapping(_), "at_sign_in") => "true or false.",
        _ => "",
    }
}

async fn draw(visit: &Visit, table: &Table, filters: &Filters, form: Form, status: StatusCode) -> Answer {
    let what = table.0.clone();
    let narrow = filters.narrow();
    let is_narrowed = filters.is_narrowed();
    let reading = visit.ctx.store.reading(move |r| {
        let columns = transfer::columns(r, &what)?;
        let in_view = store::people::count(r, &narrow)?;
        Ok((
            columns,
            in_view,
            store::people::count(r, &store::people::Narrow::default())?,
        ))
    });
    let (columns, in_view, everybody) = reading.await?;
    let explain = |key: &str, label: &str| {
        let more = explained(key, &table.0);
        format!("{label}{}{more}", if more.is_empty() { "" } else { ". " })
    };
    let lines = columns
        .iter()
        .filter(|column| !column.is_told)
        .map(|column| ColumnLine {
            key: column.key.clone(),
            words: explain(&column.key, &column.label),
        });
    let pairs = filters.pairs();
    let offer = |words: String, pairs: &[(&str, &str)]| Offer {
        words,
        csv: download::url(table, "csv", pairs),
        json: download::url(table, "json", pairs),
    };
    let people = |number| count(number, "person", "people");
    let offers = match (&table.0, is_narrowed) {
        (What::People, true) => vec![
            offer(format!("The {} of your search", people(in_view)), &pairs),
            offer(format!("Everybody: {}", people(everybody)), &[]),
        ],
        (What::People, false) => vec![offer(format!("Everybody: {}", people(everybody)), &[])],
        _ => vec![offer("All of it".to_owned(), &[])],
    };
    let page = TransferPage {
        shell: visit
            .shell(&format!("Download and import {}", table.words()))
            .at(table.section()),
        way_back: table.home(),
        sentence: sentence(&table.0),
        offers,
        about: about(&table.0),
        form,
        action: table.url(),
        columns: lines.collect(),
    };
    Ok(render_as(status, &page))
}

pub async fn show(visit: Visit, table: Table, filters: web::Query<Filters>) -> Answer {
    need_connection(&visit, &table).await?;
    draw(&visit, &table, &filters, form(&table), StatusCode::OK).await
}

/// The mapping of no integration is no page.
async fn need_connection(visit: &Visit, table: &Table) -> Result<()> {
    let What::Mapping(slug) = table.0.clone() else {
        return Ok(());
    };
    let reading = visit
        .ctx
        .store
        .reading(move |r| store::connections::get_by_slug(r, &slug));
    reading.await.map(drop)
}

pub async fn look(visit: Visit, admin: Admin, table: Table, upload: Upload<FILE_LIMIT>) -> Answer {
    need_connection(&visit, &table).await?;
    let mut form = form(&table);
    let bytes = match upload.flaw {
        Some(flaw) => {
            form.refuse("file", words(flaw));
            None
        }
        None => {
            form.fill(upload.pairs.iter().map(|(name, value)| (name, value)));
            given(&mut form, upload.file)
        }
    };
    let Some(bytes) = bytes else {
        return draw(&visit, &table, &Filters::default(), form, UNPROCESSABLE).await;
    };
    let empties = form.is_ticked("empties");
    let looked = transfer::check(&visit.ctx, admin.0.person().id, table.0.clone(), &bytes, empties).await;
    match looked {
        Ok(id) => Ok::<HttpResponse, _>(see_other(&urls::transfer_checked(&table.url(), &id))),
        Err(error) => {
            let status = refuse(&mut form, error)?;
            draw(&visit, &table, &Filters::default(), form, status).await
        }
    }
}

/// The file, else what was pasted.
fn given(form: &mut Form, file: Option<Vec<u8>>) -> Option<Vec<u8>> {
    let pasted = form.text("text").to_owned();
    match (file, pasted.trim().is_empty()) {
        _ if !form.is_valid() => None,
        (Some(bytes), true) => Some(bytes),
        (None, false) => Some(pasted.into_bytes()),
        (Some(_), false) => {
            form.refuse("text", "Choose a file or paste it, one of them.");
            None
        }
        (None, true) => {
            form.refuse("file", "Choose a file, or paste it below.");
            None
        }
    }
}

fn words(flaw: Flaw) -> &'static str {
    match flaw {
        Flaw::TooLarge => "This is larger than 8 MiB. Split it and import one part after the other.",
        Flaw::Broken => flaw.words(),
    }
}
