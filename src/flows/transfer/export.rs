//! What goes out: page by page where there may be many, so that no list is ever whole in memory.

use serde_json::{Value, json};

use crate::error::Result;
use crate::flows::{Context, Who};
use crate::model::{Action, PersonId};
use crate::store::people::Narrow;
use crate::store::{self, Reader};

use super::sheet::{Column, Format, csv_head, csv_line, json_line};
use super::{What, access, mapping, people};

/// So many people are read at once.
const PAGE: i64 = 500;

/// The columns of a kind of table.
pub fn columns(r: &Reader, what: &What) -> Result<Vec<Column>> {
    Ok(match what {
        What::People => people::columns(r)?,
        What::Teams => access::team_columns(),
        What::AccessGroups => access::group_columns(),
        What::Mapping(_) => mapping::columns(),
    })
}

/// A part of a list of people.
pub struct Page {
    pub bytes: Vec<u8>,
    /// After whom the next one begins; `None`: this was the last.
    pub next: Option<PersonId>,
}

/// The next part of the list of people; the first where `after` is `None`.
pub fn page(r: &Reader, narrow: &Narrow, format: Format, after: Option<PersonId>) -> Result<Page> {
    let columns = people::columns(r)?;
    let names = people::Names::load(r)?;
    let people = store::people::list_after(r, narrow, after, PAGE)?;
    let is_last = i64::try_from(people.len()).unwrap_or(PAGE) < PAGE;
    let next = people.last().map(|person| person.id).filter(|_| !is_last);
    let mut bytes = if after.is_none() {
        head(format, "people", &columns)?
    } else {
        Vec::new()
    };
    for (place, person) in people.iter().enumerate() {
        let record = people::record(r, person, &names)?;
        let is_first = after.is_none() && place == 0;
        match format {
            Format::Csv => bytes.extend(csv_line(&columns, &record)?),
            Format::Json => {
                bytes.extend_from_slice(if is_first { b"\n" } else { b",\n" });
                bytes.extend(json_line(&columns, &record)?.into_bytes());
            }
        }
    }
    if next.is_none() && format == Format::Json {
        bytes.extend_from_slice(b"\n]}\n");
    }
    Ok(Page { bytes, next })
}

fn head(format: Format, list: &str, columns: &[Column]) -> Result<Vec<u8>> {
    match format {
        Format::Csv => csv_head(columns),
        Format::Json => Ok(format!("{{\"{list}\": [").into_bytes()),
    }
}

/// A table that is never long: teams, access groups, a mapping.
pub fn whole(r: &Reader, what: &What, format: Format) -> Result<Vec<u8>> {
    if let (What::Mapping(slug), Format::Json) = (what, format) {
        return mapping::json(r, slug);
    }
    let columns = columns(r, what)?;
    let mut records = Vec::new();
    match what {
        What::People => return Ok(page(r, &Narrow::default(), format, None)?.bytes),
        What::Teams => {
            let teams = store::teams::list(r)?.into_iter();
            records.extend(teams.map(|(team, people)| access::team_record(&team.name, people)));
        }
        What::AccessGroups => {
            for (group, people) in store::access_groups::list(r)? {
                records.push(access::group_record(r, &group, people)?);
            }
        }
        What::Mapping(slug) => records = mapping::records(r, slug)?,
    }
    let mut bytes = head(format, what.key(), &columns)?;
    for (place, record) in records.iter().enumerate() {
        match format {
            Format::Csv => bytes.extend(csv_line(&columns, record)?),
            Format::Json => {
                bytes.extend_from_slice(if place == 0 { b"\n" } else { b",\n" });
                bytes.extend(json_line(&columns, record)?.into_bytes());
            }
        }
    }
    if format == Format::Json {
        bytes.extend_from_slice(b"\n]}\n");
    }
    Ok(bytes)
}

/// Somebody takes a list with them: that is an event, before the first byte leaves.
pub async fn note_export(
    ctx: &Context,
    who: Who,
    what: What,
    format: Format,
    is_narrowed: bool,
) -> Result<()> {
    ctx.act(who, move |act| {
        act.need(what.permission())?;
        let mut after = json!({ "format": format.key() });
        if is_narrowed {
            after["narrowed"] = json!(true);
        }
        act.event(Action::TableExported, what.subject(act.w)?, Value::Null, after)
    })
    .await
}
