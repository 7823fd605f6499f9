//! Downloads: a list of people leaves page by page, as fast as its reader reads; the rest is short.

use std::sync::Arc;

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, web};
use futures_util::stream;

use super::Table;
use crate::error::Error;
use crate::flows::Context;
use crate::flows::transfer::sheet::Format;
use crate::flows::transfer::{self, What};
use crate::model::PersonId;
use crate::store::people::Narrow;
use crate::web::admin::people::Filters;
use crate::web::fail::Answer;
use crate::web::gate::{Admin, Visit};
use crate::web::urls;

/// Where a table is downloaded, with the filters of a list.
pub fn url(table: &Table, format: &str, filters: &[(&str, &str)]) -> String {
    let file = format!("{}.{format}", table.0.key().replace('_', "-"));
    urls::query(&urls::transfer_file(&table.url(), &file), filters)
}

pub async fn send(
    visit: Visit,
    admin: Admin,
    table: Table,
    path: actix_web::HttpRequest,
    filters: web::Query<Filters>,
) -> Answer {
    let file = path.match_info().get("file").unwrap_or_default().to_owned();
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
    let format = Format::parse(ending).filter(|_| url(&table, ending, &[]).ends_with(&format!("/{file}")));
    let format = format.ok_or_else(|| Error::not_found("file"))?;
    let is_narrowed = table.0 == What::People && filters.is_narrowed();
    transfer::note_export(&visit.ctx, admin.who(), table.0.clone(), format, is_narrowed).await?;
    if table.0 == What::People {
        return Ok(people(&visit, filters.narrow(), format, &file));
    }
    let what = table.0.clone();
    let bytes = visit
        .ctx
        .store
        .reading(move |r| transfer::whole(r, &what, format))
        .await?;
    Ok(attachment(format, &file).body(bytes))
}

/// An answer that browsers save.
pub fn attachment(format: Format, file: &str) -> actix_web::HttpResponseBuilder {
    let kind = match format {
        Format::Csv => "text/csv; charset=utf-8",
        Format::Json => "application/json",
    };
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, kind))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")));
    response
}

/// Where the stream stands.
enum At {
    First,
    After(PersonId),
    End,
}

fn people(visit: &Visit, narrow: Narrow, format: Format, file: &str) -> HttpResponse {
    let start = (Arc::clone(&visit.ctx), narrow, At::First);
    let parts = stream::try_unfold(start, move |(ctx, narrow, at)| async move {
        let after = match at {
            At::First => None,
            At::After(id) => Some(id),
            At::End => return Ok(None),
        };
        let (bytes, next) = read(&ctx, narrow.clone(), format, after).await?;
        let at = next.map_or(At::End, At::After);
        Ok::<_, Error>(Some((bytes, (ctx, narrow, at))))
    });
    attachment(format, file).streaming(Box::pin(parts))
}

async fn read(
    ctx: &Context,
    narrow: Narrow,
    format: Format,
    after: Option<PersonId>,
) -> Result<(Bytes, Option<PersonId>), Error> {
    let reading = ctx
        .store
        .reading(move |r| transfer::page(r, &narrow, format, after));
    let page = reading.await?;
    Ok((Bytes::from(page.bytes), page.next))
}
