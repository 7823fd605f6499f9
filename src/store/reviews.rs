//! `reviews` and `review_lines`: what admins applied, and what takes it back.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, params};

use super::rows::{exactly_one, parsed, parsed_option, time, time_option};
use super::{Reader, Writer};
use crate::error::{Error, Result};
use crate::model::{ConnectionId, LineKind, PersonId, Review, ReviewId, ReviewLine, Timestamp};

const COLUMNS: &str = "id, connection_id, at, by, applied, refused, counts, undone_at, undone_by";
const LINE: &str =
    "review_id, place, user_seq, person_id, user_name, kind, effects, notes, reference, kept, left_alone";

fn read(row: &Row) -> rusqlite::Result<Review> {
    Ok(Review {
        id: parsed(row, "id", ReviewId::parse)?,
        connection_id: parsed(row, "connection_id", ConnectionId::parse)?,
        at: time(row, "at")?,
        by: row.get("by")?,
        applied: row.get("applied")?,
        refused: row.get("refused")?,
        counts: parsed(row, "counts", |text| serde_json::from_str(text).ok())?,
        undone_at: time_option(row, "undone_at")?,
        undone_by: row.get("undone_by")?,
    })
}

fn read_line(row: &Row) -> rusqlite::Result<ReviewLine> {
    Ok(ReviewLine {
        review_id: parsed(row, "review_id", ReviewId::parse)?,
        place: row.get("place")?,
        user_seq: row.get("user_seq")?,
        person_id: parsed_option(row, "person_id", PersonId::parse)?,
        user_name: row.get("user_name")?,
        kind: parsed(row, "kind", LineKind::parse)?,
        effects: row.get("effects")?,
        notes: row.get("notes")?,
        reference: row.get("reference")?,
        kept: row.get("kept")?,
        left_alone: parsed_option(row, "left_alone", |text| serde_json::from_str(text).ok())?
            .unwrap_or_default(),
    })
}

/// `NotFound` when it is another connection's.
pub fn get(r: &Reader, connection: ConnectionId, id: ReviewId) -> Result<Review> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM reviews WHERE id = ?1 AND connection_id = ?2"
    ))?;
    let found = statement
        .query_row([id.to_string(), connection.to_string()], read)
        .optional()?;
    found.ok_or_else(|| Error::not_found("review"))
}

/// Newest first.
pub fn list(r: &Reader, connection: ConnectionId, offset: i64, limit: i64) -> Result<Vec<Review>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM reviews WHERE connection_id = ?1 ORDER BY at DESC, id DESC LIMIT ?3 OFFSET ?2"
    ))?;
    let rows = statement.query_map(params![connection.to_string(), offset, limit], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn count(r: &Reader, connection: ConnectionId) -> Result<i64> {
    let mut statement = r.prepare_cached("SELECT count(*) FROM reviews WHERE connection_id = ?1")?;
    Ok(statement.query_row([connection.to_string()], |row| row.get(0))?)
}

/// Begins one; [`finish`] says what it came to.
pub fn insert(w: &Writer, review: &Review) -> Result<()> {
    let mut statement = w.prepare_cached(
        "INSERT INTO reviews (id, connection_id, at, by, applied, refused, counts) VALUES (?1, ?2, ?3, ?4, 0, 0, '{}')",
    )?;
    statement.execute(params![
        review.id.to_string(),
        review.connection_id.to_string(),
        review.at.0,
        review.by
    ])?;
    Ok(())
}

pub fn finish(
    w: &Writer,
    id: ReviewId,
    applied: i64,
    refused: i64,
    counts: &BTreeMap<LineKind, i64>,
) -> Result<()> {
    let counts = serde_json::to_string(counts).map_err(Error::internal)?;
    let mut statement =
        w.prepare_cached("UPDATE reviews SET applied = ?2, refused = ?3, counts = ?4 WHERE id = ?1")?;
    exactly_one(
        statement.execute(params![id.to_string(), applied, refused, counts])?,
        "review",
    )
}

/// It was taken back. `Conflict` when somebody else did so already.
pub fn set_undone(w: &Writer, id: ReviewId, by: &str, at: Timestamp) -> Result<()> {
    let mut statement = w.prepare_cached(
        "UPDATE reviews SET undone_at = ?2, undone_by = ?3 WHERE id = ?1 AND undone_at IS NULL",
    )?;
    exactly_one(statement.execute(params![id.to_string(), at.0, by])?, "review")
}

pub fn insert_line(w: &Writer, line: &ReviewLine) -> Result<()> {
    let mut statement = w.prepare_cached(
        "INSERT INTO review_lines (review_id, place, user_seq, person_id, user_name, kind, effects, notes, reference,
                                   kept)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    statement.execute(params![
        line.review_id.to_string(),
        line.place,
        line.user_seq,
        line.person_id.map(|id| id.to_string()),
        line.user_name,
        line.kind.key(),
        line.effects,
        line.notes,
        line.reference,
        line.kept
    ])?;
    Ok(())
}

/// What taking it back left alone, and why.
pub fn set_left_alone(w: &Writer, line: &ReviewLine, left_alone: &[String]) -> Result<()> {
    let text = serde_json::to_string(left_alone).map_err(Error::internal)?;
    let mut statement =
        w.prepare_cached("UPDATE review_lines SET left_alone = ?3 WHERE review_id = ?1 AND place = ?2")?;
    exactly_one(
        statement.execute(params![line.review_id.to_string(), line.place, text])?,
        "line",
    )
}

/// The lines of a review in their order; only those of which taking back left something alone, if so asked.
pub fn list_lines(
    r: &Reader,
    id: ReviewId,
    only_left_alone: bool,
    offset: i64,
    limit: i64,
) -> Result<Vec<ReviewLine>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {LINE} FROM review_lines
         WHERE review_id = ?1 AND (?2 = 0 OR (left_alone IS NOT NULL AND left_alone <> '[]'))
         ORDER BY place LIMIT ?4 OFFSET ?3"
    ))?;
    let keys = params![id.to_string(), only_left_alone, offset, limit];
    let rows = statement.query_map(keys, read_line)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn count_lines(r: &Reader, id: ReviewId, only_left_alone: bool) -> Result<i64> {
    let mut statement = r.prepare_cached(
        "SELECT count(*) FROM review_lines
         WHERE review_id = ?1 AND (?2 = 0 OR (left_alone IS NOT NULL AND left_alone <> '[]'))",
    )?;
    Ok(statement.query_row(params![id.to_string(), only_left_alone], |row| row.get(0))?)
}

/// The reviews that changed this person, newest first, each with its line.
pub fn list_of_person(r: &Reader, person: PersonId, limit: i64) -> Result<Vec<(Review, ReviewLine)>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {LINE} FROM review_lines WHERE person_id = ?1 ORDER BY review_id DESC LIMIT ?2"
    ))?;
    let rows = statement.query_map(params![person.to_string(), limit], read_line)?;
    let lines = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut review = r.prepare_cached(&format!("SELECT {COLUMNS} FROM reviews WHERE id = ?1"))?;
    let with_review = |line: ReviewLine| Ok((review.query_row([line.review_id.to_string()], read)?, line));
    lines.into_iter().map(with_review).collect()
}

/// Forgets what takes back reviews of `before` and earlier. Returns how many reviews that were.
pub fn forget_kept(w: &Writer, before: Timestamp) -> Result<usize> {
    let mut lines = w.prepare_cached(
        "UPDATE review_lines SET kept = NULL
         WHERE review_id IN (SELECT id FROM reviews WHERE kept = 1 AND at <= ?1)",
    )?;
    lines.execute([before.0])?;
    let mut reviews = w.prepare_cached("UPDATE reviews SET kept = 0 WHERE kept = 1 AND at <= ?1")?;
    Ok(reviews.execute([before.0])?)
}
