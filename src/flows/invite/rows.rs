//! A short list of people, pasted: each line adds somebody and invites them. Shown first, then done.

use crate::error::{Error, Escalation, Kind, Result};
use crate::flows::administer::{self, PersonFields};
use crate::flows::{Act, Context, Who, escalation};
use crate::model::{Email, InvitedHow, PersonId};
use crate::store;

use super::{Many, WAY, many, need_to_invite};

/// So many lines at once: each is tried for real before it is shown, in one transaction.
pub const MOST: usize = 500;

/// One line, as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Counted from 1.
    pub line: usize,
    pub email: String,
    pub given_name: String,
    pub family_name: String,
    /// Key or name; empty: the lowest.
    pub role: String,
    /// Its name; empty: none.
    pub team: String,
}

/// What a line comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comes {
    /// They are added and invited.
    Added,
    /// They are here already and have never signed in: they are invited.
    Invited,
    /// Nothing is done, and why.
    Left(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub row: Row,
    pub comes: Comes,
}

/// Reads pasted lines: e-mail, given name, family name, role and team, with commas, semicolons or tabs between them. A
/// heading and empty lines are left out.
pub fn read(text: &str) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let mut cells = cells(line).into_iter();
        let email = cells.next().unwrap_or_default();
        let is_heading = rows.is_empty() && !email.contains('@') && email.to_lowercase().contains("mail");
        if line.trim().is_empty() || is_heading {
            continue;
        }
        let mut next = || cells.next().unwrap_or_default();
        rows.push(Row {
            line: at + 1,
            email,
            given_name: next(),
            family_name: next(),
            role: next(),
            team: next(),
        });
    }
    let wrong = |message: String| Error::invalid("rows", message);
    match rows.len() {
        0 => Err(wrong(
            "Enter at least one line that begins with an e-mail address.".to_owned(),
        )),
        many if many > MOST => Err(wrong(format!(
            "These are {many} lines; {MOST} are taken at once. Bring the rest afterwards."
        ))),
        _ => Ok(rows),
    }
}

/// The cells of one line. A cell in double quotes may hold what otherwise ends it; two quotes in it are one.
fn cells(line: &str) -> Vec<String> {
    let separator = ['\t', ';', ',']
        .into_iter()
        .find(|c| line.contains(*c))
        .unwrap_or(',');
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' if quoted || cell.trim().is_empty() => quoted = !quoted,
            c if c == separator && !quoted => cells.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    cells.push(cell);
    cells.into_iter().map(|cell| cell.trim().to_owned()).collect()
}

/// Adds and invites whoever can be; the others are told with their reason. A dry run does the same and undoes it; whoever
/// tried to invite above themselves leaves an event either way.
pub async fn bring(ctx: &Context, who: Who, rows: Vec<Row>, dry_run: bool) -> Result<Vec<Told>> {
    let done = ctx.act(who.clone(), move |act| {
        act.need(crate::model::Permission::ManagePeople)?;
        if !dry_run {
            return all(act, rows);
        }
        let mut done = Done::default();
        // A dry run is a real one whose savepoint is rolled back.
        let undone: Result<()> = act.w.attempt(|| {
            done = all(act, rows)?;
            Err(Error::new(Kind::Unavailable, DRY))
        });
        match undone {
            Err(error) if error.message != DRY => Err(error),
            _ => Ok(done),
        }
    });
    let Done { told, escalation } = done.await?;
    if let Some(tried) = escalation {
        escalation::leave_event(ctx, who, tried).await;
    }
    Ok(told)
}

const DRY: &str = "dry run";

/// What became of the lines, and the first try to give more than one's own role may.
#[derive(Default)]
struct Done {
    told: Vec<Told>,
    escalation: Option<Escalation>,
}

fn all(act: &Act, rows: Vec<Row>) -> Result<Done> {
    let mut done = Done::default();
    for row in rows {
        let comes = match act.w.attempt(|| one(act, &row)) {
            Ok(comes) => comes,
            Err(error) if matches!(error.kind, Kind::Invalid(_) | Kind::Conflict | Kind::Denied) => {
                let tried = error.as_escalation().cloned();
                let tried = tried.map(|tried| Escalation { way: WAY, ..tried });
                done.escalation = done.escalation.or(tried);
                Comes::Left(why(&error))
            }
            Err(error) => return Err(error),
        };
        done.told.push(Told { row, comes });
    }
    Ok(done)
}

fn why(error: &Error) -> String {
    match error.fields() {
        [] => error.message.clone(),
        fields => fields
            .iter()
            .map(|field| field.message.as_str())
            .collect::<Vec<_>>()
            .join(" "),
    }
}

fn one(act: &Act, row: &Row) -> Result<Comes> {
    let email = Email::parse(&row.email).map_err(|problem| Error::invalid("email", problem.to_string()))?;
    if let Some(person) = store::people::find_by_email(act.w, &email.key())? {
        need_to_invite(act, &person)?;
        return invited(act, person.id, Comes::Invited);
    }
    let fields = PersonFields {
        email: row.email.clone(),
        given_name: row.given_name.clone(),
        family_name: row.family_name.clone(),
        role: role(act, &row.role)?,
        team: match row.team.as_str() {
            "" => None,
            name => Some(team(act, name)?),
        },
        ..PersonFields::default()
    };
    let person = administer::add_person(act, &fields)?;
    invited(act, person.id, Comes::Added)
}

fn invited(act: &Act, id: PersonId, comes: Comes) -> Result<Comes> {
    let Many { mut left_out, .. } = many(act, &[id], InvitedHow::Csv)?;
    Ok(left_out.pop().map_or(comes, |(_, why)| Comes::Left(why)))
}

fn role(act: &Act, said: &str) -> Result<String> {
    if said.is_empty() {
        return Ok(store::roles::lowest(act.w)?.key);
    }
    let all = store::roles::list(act.w)?;
    let found = all.iter().find(|role| role.key == said).or_else(|| {
        all.iter()
            .find(|role| role.name.to_lowercase() == said.to_lowercase())
    });
    found.map(|role| role.key.clone()).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|role| role.name.as_str()).collect();
        Error::invalid(
            "role",
            format!("There is no role {said}. There are {}.", names.join(", ")),
        )
    })
}

fn team(act: &Act, name: &str) -> Result<String> {
    let found = store::teams::find_by_name(act.w, name)?;
    let found = found.map(|team| team.id.to_string());
    found.ok_or_else(|| {
        Error::invalid(
            "team",
            format!("There is no team {name}. Add it under Access, Teams."),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_people_paste_them() {
        let text = "E-mail,Given name\n\nana@example.com\r\n  bo@example.com ; Bo ; \"Ng; \"\"Jr\"\"\" ;admin\ncy@example.com\tCy\tLi\t\tNorth\n";
        let rows = read(text).expect("rows");
        let of = |n: usize| {
            let r: &Row = &rows[n];
            [&r.email, &r.given_name, &r.family_name, &r.role, &r.team].map(String::as_str)
        };
        assert_eq!(rows.len(), 3);
        assert_eq!(of(0), ["ana@example.com", "", "", "", ""]);
        assert_eq!(of(1), ["bo@example.com", "Bo", "Ng; \"Jr\"", "admin", ""]);
        assert_eq!(of(2), ["cy@example.com", "Cy", "Li", "", "North"]);
        assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [3, 4, 5]);
        assert!(read(" \n\n").is_err());
        assert!(read(&"a@example.com\n".repeat(MOST + 1)).is_err());
    }
}
