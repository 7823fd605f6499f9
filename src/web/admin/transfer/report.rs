//! What a file would do, row by row and paged; and the button that does it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;

use super::{Table, download};
use crate::error::{Error, Kind, Result};
use crate::flows::transfer::sheet::{Column, Format, Record, csv_head, csv_line};
use crate::flows::transfer::{self, Checked, Counts, Fate, Line, What};
use crate::web::admin::facts::{Choice, choices, count};
use crate::web::fail::{self, Answer};
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Shell, render_as};
use crate::web::pieces::{Change, Notice, Pager, State};
use crate::web::{flash, urls};

const PAGE: u64 = 50;
const SHOWN: usize = 50;

/// One row of the report.
struct RowLine {
    /// Empty where the file has no such row.
    number: String,
    name: String,
    state: State,
    changes: Vec<Change>,
    /// Column with its value, and why.
    refusals: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "admin/transfer/report.html")]
struct ReportPage {
    shell: Shell,
    way_back: (String, String),
    trouble: Option<Notice>,
    done: Option<Notice>,
    /// One sentence for each fate that occurs.
    summary: Vec<String>,
    unread: String,
    here: String,
    only: Vec<Choice>,
    lines: Vec<RowLine>,
    pager: Pager,
    action: String,
    /// The button's words; empty: there is nothing to do, or it was done.
    submit: String,
    /// People would be added, and can be asked to come.
    invites: bool,
    again: String,
    report: String,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Filter {
    only: String,
    page: String,
}

const FATES: [(&str, &str); 5] = [
    ("add", "Added"),
    ("change", "Changed"),
    ("remove", "Removed from the mapping"),
    ("unchanged", "Unchanged"),
    ("refused", "Refused"),
];

fn state(fate: &Fate, is_done: bool) -> State {
    match (fate, is_done) {
        (Fate::Added(_), false) => State::waiting("Would be added"),
        (Fate::Added(_), true) => State::working("Added"),
        (Fate::Changed(_), false) => State::waiting("Would be changed"),
        (Fate::Changed(_), true) => State::working("Changed"),
        (Fate::Goes(_), false) => State::waiting("Would go"),
        (Fate::Goes(_), true) => State::working("Gone"),
        (Fate::Unchanged, _) => State::off("Unchanged"),
        (Fate::Refused(_), _) => State::needs_you("Refused"),
    }
}

fn row(line: &Line, is_done: bool) -> RowLine {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let change = |one: &transfer::Difference| {
        Change::new(
            one.label.clone(),
            some(&one.was).as_deref(),
            some(&one.becomes).as_deref(),
        )
    };
    let refusal = |one: &transfer::Refusal| {
        let said = match (one.column.is_empty(), one.value.is_empty()) {
            (true, _) => String::new(),
            (false, true) => format!("{}: ", one.column),
            (false, false) => format!("{} “{}”: ", one.column, one.value),
        };
        (said, one.why.clone())
    };
    RowLine {
        number: match line.number {
            0 => String::new(),
            number => number.to_string(),
        },
        name: line.name.clone(),
        state: state(&line.fate, is_done),
        changes: line.fate.differences().iter().map(change).collect(),
        refusals: line.fate.refusals().iter().map(refusal).collect(),
    }
}

fn summary(counts: &Counts, is_done: bool) -> Vec<String> {
    let words = |before: &'static str, after: &'static str| if is_done { after } else { before };
    let all = [
        (words("Would be added", "Added"), counts.added),
        (words("Would be changed", "Changed"), counts.changed),
        (
            words("Would go from the mapping", "Gone from the mapping"),
            counts.gone,
        ),
        ("Unchanged", counts.unchanged),
        ("Refused and left out", counts.refused),
    ];
    let said = all.into_iter().filter(|(_, number)| *number > 0);
    said.map(|(words, number)| format!("{words}: {number}")).collect()
}

/// A mapping is imported whole or not at all.
fn to_do(what: &What, counts: &Counts) -> usize {
    match what {
        What::Mapping(_) if counts.refused > 0 => 0,
        _ => counts.to_do(),
    }
}

fn draw(
    visit: &Visit,
    table: &Table,
    id: &str,
    checked: &Checked,
    filter: &Filter,
    trouble: Option<Notice>,
) -> Answer {
    let is_done = checked.done.is_some();
    let here = urls::transfer_checked(&table.url(), id);
    let fits = |line: &&Line| filter.only.is_empty() || line.fate.key() == filter.only;
    let fitting: Vec<&Line> = checked.lines.iter().filter(fits).collect();
    let total = fitting.len() as u64;
    let number = filter.page.parse().unwrap_or(1);
    let pager = Pager::new(&here, &[("only", &filter.only)], number, PAGE, total);
    let offset = usize::try_from(pager.offset()).unwrap_or(0);
    let shown = fitting.into_iter().skip(offset).take(SHOWN);
    let to_do = to_do(&table.0, &checked.counts);
    let there = FATES
        .into_iter()
        .filter(|(key, _)| checked.lines.iter().any(|line| line.fate.key() == *key));
    let title = match is_done {
        true => format!("Import of {}: done", table.words()),
        false => format!("Import of {}: what would happen", table.words()),
    };
    let rows = count(i64::try_from(to_do).unwrap_or(i64::MAX), "row", "rows");
    let page = ReportPage {
        shell: visit.shell(&title).at(table.section()),
        way_back: (format!("Download and import {}", table.words()), table.url()),
        done: checked.done.as_ref().map(|done| {
            Notice::done(format!("{rows} imported, {}.", done.at.human()))
                .link(table.home().0, table.home().1)
        }),
        trouble,
        summary: summary(&checked.counts, is_done),
        unread: checked.unread.join(", "),
        only: choices("Every row", there, &filter.only),
        lines: shown.map(|line| row(line, is_done)).collect(),
        pager,
        action: here.clone(),
        submit: match (is_done, to_do) {
            (true, _) | (_, 0) => String::new(),
            _ => format!("Import {rows}"),
        },
        invites: matches!(table.0, What::People) && checked.counts.added > 0,
        again: table.url(),
        report: urls::transfer_report(&here),
        here,
    };
    let status = match page.trouble {
        Some(_) => StatusCode::CONFLICT,
        None => StatusCode::OK,
    };
    Ok(render_as(status, &page))
}

/// What this person looked at under this address, and nobody else.
fn checked(visit: &Visit, admin: &Admin, table: &Table, id: &str) -> Result<Checked> {
    let checked = visit.ctx.desk.get(admin.0.person().id, id, visit.ctx.now())?;
    if checked.task.what == table.0 {
        Ok(checked)
    } else {
        Err(Error::not_found("import"))
    }
}

fn id_of(request: &HttpRequest) -> String {
    request.match_info().get("id").unwrap_or_default().to_owned()
}

pub async fn show(
    visit: Visit,
    admin: Admin,
    table: Table,
    request: HttpRequest,
    filter: web::Query<Filter>,
) -> Answer {
    let id = id_of(&request);
    let checked = checked(&visit, &admin, &table, &id)?;
    draw(&visit, &table, &id, &checked, &filter, None)
}

#[derive(serde::Deserialize)]
pub struct Wishes {
    invite: Option<String>,
}

pub async fn import(
    visit: Visit,
    admin: Admin,
    table: Table,
    request: HttpRequest,
    wishes: web::Form<Wishes>,
) -> Answer {
    let id = id_of(&request);
    let before = checked(&visit, &admin, &table, &id)?;
    if to_do(&table.0, &before.counts) == 0 {
        return Err(Error::conflict("There is nothing to import in this file.").into());
    }
    match transfer::apply(&visit.ctx, admin.0.person().id, &id, wishes.invite.is_some()).await {
        Ok(done) => {
            let rows = done.counts.to_do();
            let rows = count(i64::try_from(rows).unwrap_or(i64::MAX), "row", "rows");
            let report = urls::transfer_checked(&table.url(), &id);
            let said = if done.invited > 0 {
                "imported-and-invited"
            } else {
                "imported"
            };
            Ok(flash::to(&visit, &report, said, &rows))
        }
        Err(error) if error.kind == Kind::Conflict => {
            let fresh = checked(&visit, &admin, &table, &id)?;
            let trouble = Notice::needs_you(error.message, "");
            draw(&visit, &table, &id, &fresh, &Filter::default(), Some(trouble))
        }
        Err(error) => Err(fail::Fail(error)),
    }
}

/// The whole report as a file.
pub async fn send(visit: Visit, admin: Admin, table: Table, request: HttpRequest) -> Answer {
    let checked = checked(&visit, &admin, &table, &id_of(&request))?;
    let names = ["row", "name", "outcome", "column", "was", "becomes", "why"];
    let columns: Vec<Column> = names.iter().map(|name| Column::new(name, name, &[])).collect();
    let mut bytes = csv_head(&columns)?;
    for line in checked.lines.iter() {
        for cells in told(line) {
            let cells = names
                .iter()
                .zip(cells)
                .map(|(name, text)| ((*name).to_owned(), text));
            bytes.extend(csv_line(&columns, &cells.collect::<Record>())?);
        }
    }
    Ok(download::attachment(Format::Csv, "report.csv").body(bytes))
}

/// A line of the file for each difference and each reason; one where there is none.
fn told(line: &Line) -> Vec<[String; 7]> {
    let number = if line.number == 0 {
        String::new()
    } else {
        line.number.to_string()
    };
    let with = |column: &str, was: &str, becomes: &str, why: &str| {
        [
            number.as_str(),
            line.name.as_str(),
            line.fate.key(),
            column,
            was,
            becomes,
            why,
        ]
        .map(str::to_owned)
    };
    let differences = line.fate.differences().iter();
    let mut lines: Vec<_> = differences
        .map(|one| with(&one.label, &one.was, &one.becomes, ""))
        .collect();
    lines.extend(
        line.fate
            .refusals()
            .iter()
            .map(|one| with(&one.column, &one.value, "", &one.why)),
    );
    if lines.is_empty() {
        lines.push(with("", "", "", ""));
    }
    lines
}
