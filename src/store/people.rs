//! `people`: the organization's own directory.

use rusqlite::{OptionalExtension, Row, params};

use super::rows::{self, exactly_one, parsed, parsed_option, time, time_option};
use super::{Reader, Writer, roles};
use crate::error::{Error, Result};
use crate::model::{AccessGroupId, Email, Person, PersonId, PersonState, TeamId, Timestamp, Visibility};

const COLUMNS: &str = "people.id, people.email, people.given_name, people.family_name, people.state, people.version, \
                       people.created_at, people.updated_at, people.deactivated_at, people.last_sign_in_at, \
                       people.own_role, people.team_id, people.access_group_id";

/// A person is read with what their role may do.
fn select(rest: &str) -> String {
    format!(
        "SELECT {COLUMNS}, {} FROM people JOIN roles ON roles.key = people.role {rest}",
        roles::COLUMNS
    )
}

/// What the list is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Narrow {
    /// Every word must occur in the name or the address.
    pub search: String,
    pub state: Option<PersonState>,
    /// By its key.
    pub role: Option<String>,
    /// Only people whose role owns the organization.
    pub owners: bool,
    pub team: Option<TeamId>,
    pub access_group: Option<AccessGroupId>,
    /// Only this person.
    pub only: Option<PersonId>,
}

fn read(row: &Row) -> rusqlite::Result<Person> {
    Ok(Person {
        id: parsed(row, "id", PersonId::parse)?,
        email: parsed(row, "email", |text| Email::parse(text).ok())?,
        given_name: row.get("given_name")?,
        family_name: row.get("family_name")?,
        role: roles::read(row)?,
        own_role: row.get("own_role")?,
        team_id: parsed_option(row, "team_id", TeamId::parse)?,
        access_group_id: parsed_option(row, "access_group_id", AccessGroupId::parse)?,
        state: parsed(row, "state", parse_state)?,
        version: row.get("version")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
        deactivated_at: time_option(row, "deactivated_at")?,
        last_sign_in_at: time_option(row, "last_sign_in_at")?,
    })
}

fn parse_state(key: &str) -> Option<PersonState> {
    [PersonState::Active, PersonState::Deactivated]
        .into_iter()
        .find(|state| state.key() == key)
}

pub fn find(r: &Reader, id: PersonId) -> Result<Option<Person>> {
    let mut statement = r.prepare_cached(&select("WHERE people.id = ?1"))?;
    Ok(statement.query_row([id.to_string()], read).optional()?)
}

pub fn get(r: &Reader, id: PersonId) -> Result<Person> {
    find(r, id)?.ok_or_else(|| Error::not_found("person"))
}

/// By address, without regard to case. `key` is [`Email::key`].
pub fn find_by_email(r: &Reader, key: &str) -> Result<Option<Person>> {
    let mut statement = r.prepare_cached(&select("WHERE people.email_key = ?1"))?;
    Ok(statement.query_row([key], read).optional()?)
}

/// One page, ordered by family name, given name, address; `offset` counts from 0.
pub fn list(r: &Reader, narrow: &Narrow, offset: i64, limit: i64) -> Result<Vec<Person>> {
    let (condition, values) = condition(narrow);
    let page = format!("{condition} ORDER BY people.sort_key, people.id LIMIT {limit} OFFSET {offset}");
    let mut statement = r.prepare(&select(&page))?;
    let rows = statement.query_map(rusqlite::params_from_iter(values), read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The next of all, in the order in which they were added: whoever is there throughout comes once.
pub fn list_after(r: &Reader, narrow: &Narrow, after: Option<PersonId>, limit: i64) -> Result<Vec<Person>> {
    let (condition, mut values) = condition(narrow);
    let joint = if condition.is_empty() { "WHERE" } else { "AND" };
    values.push(after.map_or_else(String::new, |id| id.to_string()));
    let place = values.len();
    let page = format!("{condition} {joint} people.id > ?{place} ORDER BY people.id LIMIT {limit}");
    let mut statement = r.prepare(&select(&page))?;
    let rows = statement.query_map(rusqlite::params_from_iter(values), read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn count(r: &Reader, narrow: &Narrow) -> Result<i64> {
    let (condition, values) = condition(narrow);
    let sql = format!("SELECT count(*) FROM people {condition}");
    Ok(r.prepare(&sql)?
        .query_row(rusqlite::params_from_iter(values), |row| row.get(0))?)
}

fn condition(narrow: &Narrow) -> (String, Vec<String>) {
    let mut terms = Vec::new();
    let mut values = Vec::new();
    // A dozen words are more than a name and an address have.
    for word in narrow.search.to_lowercase().split_whitespace().take(12) {
        values.push(word.to_owned());
        terms.push(format!("instr(search_key, ?{}) > 0", values.len()));
    }
    if let Some(state) = narrow.state {
        values.push(state.key().to_owned());
        terms.push(format!("state = ?{}", values.len()));
    }
    if let Some(role) = &narrow.role {
        values.push(role.clone());
        terms.push(format!("role = ?{}", values.len()));
    }
    let ids = [
        ("team_id", narrow.team.map(|id| id.to_string())),
        ("access_group_id", narrow.access_group.map(|id| id.to_string())),
        ("people.id", narrow.only.map(|id| id.to_string())),
    ];
    for (column, id) in ids {
        if let Some(id) = id {
            values.push(id);
            terms.push(format!("{column} = ?{}", values.len()));
        }
    }
    if narrow.owners {
        terms.push("role IN (SELECT key FROM roles WHERE owns = 1)".to_owned());
    }
    let condition = if terms.is_empty() {
        String::new()
    } else {
        format!("WHERE {}", terms.join(" AND "))
    };
    (condition, values)
}

/// The owners who may sign in.
pub fn list_owners(r: &Reader) -> Result<Vec<Person>> {
    let mut statement = r.prepare_cached(&select(
        "WHERE roles.owns = 1 AND people.state = 'active' ORDER BY people.created_at, people.id",
    ))?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Owners who can still sign in, other than `except`.
pub fn count_other_owners(r: &Reader, except: PersonId) -> Result<i64> {
    let mut statement = r.prepare_cached(
        "SELECT count(*) FROM people JOIN roles ON roles.key = people.role
         WHERE roles.owns = 1 AND people.state = 'active' AND people.id <> ?1",
    )?;
    Ok(statement.query_row([except.to_string()], |row| row.get(0))?)
}

pub fn insert(w: &Writer, person: &Person) -> Result<()> {
    let mut statement = w.prepare_cached(
        "INSERT INTO people (id, email, email_key, given_name, family_name, search_key, sort_key, role, state,
                             version, created_at, updated_at, role_since, own_role, team_id, access_group_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?11, ?13, ?14, ?15)",
    )?;
    let inserted = statement.execute(params![
        person.id.to_string(),
        person.email.as_str(),
        person.email.key(),
        person.given_name,
        person.family_name,
        search_key(person),
        sort_key(person),
        person.role.key,
        person.state.key(),
        person.version,
        person.created_at.0,
        person.updated_at.0,
        person.own_role,
        person.team_id.map(|id| id.to_string()),
        person.access_group_id.map(|id| id.to_string())
    ]);
    inserted.map(drop).map_err(|cause| taken(cause, person))
}

/// Writes everything but the id. `person.version` is the version that was read; it is counted up here.
pub fn update(w: &Writer, person: &Person) -> Result<()> {
    let mut statement = w.prepare_cached(
        "UPDATE people SET email = ?3, email_key = ?4, given_name = ?5, family_name = ?6, search_key = ?7,
                sort_key = ?8, role_since = CASE role WHEN ?9 THEN role_since ELSE ?11 END, role = ?9, state = ?10,
                updated_at = ?11, deactivated_at = ?12, own_role = ?13, team_id = ?14, access_group_id = ?15,
                version = version + 1
         WHERE id = ?1 AND version = ?2",
    )?;
    let changed = statement.execute(params![
        person.id.to_string(),
        person.version,
        person.email.as_str(),
        person.email.key(),
        person.given_name,
        person.family_name,
        search_key(person),
        sort_key(person),
        person.role.key,
        person.state.key(),
        person.updated_at.0,
        person.deactivated_at.map(|at| at.0),
        person.own_role,
        person.team_id.map(|id| id.to_string()),
        person.access_group_id.map(|id| id.to_string())
    ]);
    exactly_one(changed.map_err(|cause| taken(cause, person))?, "person")
}

/// Where role, team and access group of this person come from, JSON.
pub fn why(r: &Reader, id: PersonId) -> Result<String> {
    let mut statement = r.prepare_cached("SELECT why FROM people WHERE id = ?1")?;
    let found = statement
        .query_row([id.to_string()], |row| row.get(0))
        .optional()?;
    found.ok_or_else(|| Error::not_found("person"))
}

/// Keeps where one of them comes from: `part` is `role`, `team` or `access_group`, `reason` JSON.
pub fn set_why(w: &Writer, id: PersonId, part: &str, reason: &str) -> Result<()> {
    let mut statement =
        w.prepare_cached("UPDATE people SET why = json_set(why, '$.' || ?2, json(?3)) WHERE id = ?1")?;
    exactly_one(
        statement.execute(params![id.to_string(), part, reason])?,
        "person",
    )
}

/// Keeps where all of them come from, JSON.
pub fn put_why(w: &Writer, id: PersonId, why: &str) -> Result<()> {
    let mut statement = w.prepare_cached("UPDATE people SET why = ?2 WHERE id = ?1")?;
    exactly_one(statement.execute([id.to_string(), why.to_owned()])?, "person")
}

/// Has nobody given them a way in, and has no other identity provider written them?
pub fn is_untouched(r: &Reader, id: PersonId) -> Result<bool> {
    let mut statement = r.prepare_cached(
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM identities WHERE person_id = ?1)
            OR EXISTS (SELECT 1 FROM passphrases WHERE person_id = ?1)
            OR EXISTS (SELECT 1 FROM passkeys WHERE person_id = ?1)
            OR EXISTS (SELECT 1 FROM sessions WHERE person_id = ?1)
            OR EXISTS (SELECT 1 FROM one_time_links WHERE person_id = ?1)
            OR EXISTS (SELECT 1 FROM directory_users WHERE person_id = ?1 AND claimed = 1)
            OR EXISTS (SELECT 1 FROM directory_users u JOIN waiting_users w ON w.user_seq = u.seq
                       WHERE u.person_id = ?1)",
    )?;
    Ok(!statement.exists([id.to_string()])?)
}

/// Removes somebody of whom nothing hangs on anything, with what is shown of them to identity providers.
pub fn delete(w: &Writer, id: PersonId) -> Result<()> {
    let id = id.to_string();
    w.prepare_cached("DELETE FROM directory_users WHERE person_id = ?1 AND claimed = 0")?
        .execute([&id])?;
    exactly_one(
        w.prepare_cached("DELETE FROM people WHERE id = ?1")?
            .execute([&id])?,
        "person",
    )
}

/// What was set for this person by hand, in place of what their access group shows.
pub fn visibility(r: &Reader, id: PersonId) -> Result<Option<Visibility>> {
    let mut statement = r.prepare_cached("SELECT visibility FROM people WHERE id = ?1")?;
    let found = statement
        .query_row([id.to_string()], |row| {
            parsed_option(row, "visibility", |text| serde_json::from_str(text).ok())
        })
        .optional()?;
    found.ok_or_else(|| Error::not_found("person"))
}

/// `None`: what their access group shows.
pub fn set_visibility(w: &Writer, id: PersonId, visibility: Option<&Visibility>) -> Result<()> {
    let text = visibility.map(serde_json::to_string).transpose();
    let text = text.map_err(Error::internal)?;
    let mut statement = w.prepare_cached("UPDATE people SET visibility = ?2 WHERE id = ?1")?;
    exactly_one(statement.execute(params![id.to_string(), text])?, "person")
}

pub fn touch_sign_in(w: &Writer, id: PersonId, now: Timestamp) -> Result<()> {
    let mut statement = w.prepare_cached("UPDATE people SET last_sign_in_at = ?2 WHERE id = ?1")?;
    exactly_one(statement.execute(params![id.to_string(), now.0])?, "person")
}

fn search_key(person: &Person) -> String {
    format!(
        "{} {} {}",
        person.given_name,
        person.family_name,
        person.email.as_str()
    )
    .to_lowercase()
}

fn sort_key(person: &Person) -> String {
    format!(
        "{}\u{1}{}\u{1}{}",
        person.family_name,
        person.given_name,
        person.email.as_str()
    )
    .to_lowercase()
}

fn taken(cause: rusqlite::Error, person: &Person) -> Error {
    rows::taken(cause, "email", || {
        format!("Somebody with the address {} exists already.", person.email)
    })
}
