//! In and out: people, teams, access groups and mappings as files.
//!
//! An import is looked at before it is done. The look ([`check`]) is the import itself, row by row, each undone again:
//! it finds whatever the real one would find, and leaves nothing but the event of a refused escalation. What it found is
//! kept for whoever looked; the import ([`apply`]) then does exactly that, all of it in one transaction, or nothing when
//! somebody changed something that makes a difference in the meantime. An import removes nobody, and takes nobody's
//! ownership.

mod access;
mod desk;
mod export;
mod feeds;
mod mapping;
mod people;
mod report;
pub mod sheet;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::error::{Error, Escalation, Kind, Result};
use crate::model::{Action, InvitedHow, Permission, PersonId, Subject};
use crate::store::{self, Reader};

use super::{Act, Context, Who, escalation, invite};
pub use desk::{Checked, Desk, Done, SHOWN_FOR};
pub use export::{Page, columns, note_export, page, whole};
pub use report::{Counts, Difference, Fate, Line, Refusal};
use sheet::{Row, Sheet};

/// So many rows are looked at in one turn of the writer, so that everybody else gets theirs.
const AT_ONCE: usize = 100;

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    People,
    Teams,
    AccessGroups,
    /// Of the connection with this slug.
    Mapping(String),
}

impl What {
    /// Its name in files and addresses.
    pub fn key(&self) -> &'static str {
        match self {
            What::People => "people",
            What::Teams => "teams",
            What::AccessGroups => "access_groups",
            What::Mapping(_) => "mapping",
        }
    }

    /// Who may see and bring it.
    pub fn permission(&self) -> Permission {
        match self {
            What::People => Permission::ManagePeople,
            What::Teams | What::AccessGroups => Permission::ManageAccess,
            What::Mapping(_) => Permission::ManageIntegrations,
        }
    }

    /// The column that tells one row from another.
    fn row_key(&self) -> &'static str {
        match self {
            What::People => "email",
            What::Teams | What::AccessGroups => "name",
            What::Mapping(_) => "field",
        }
    }

    fn subject(&self, r: &Reader) -> Result<Subject> {
        if let What::Mapping(slug) = self {
            return Ok(super::connect::subject(&store::connections::get_by_slug(
                r, slug,
            )?));
        }
        let label = match self {
            What::People => "People",
            What::Teams => "Teams",
            What::AccessGroups | What::Mapping(_) => "Access groups",
        };
        Ok(Subject {
            kind: "table",
            id: self.key().to_owned(),
            label: label.to_owned(),
        })
    }
}

/// What was read of a file, with what was asked for.
#[derive(Clone, Debug)]
pub struct Task {
    pub what: What,
    content: Content,
    /// An empty cell takes away what is there; else it leaves it.
    pub empties: bool,
}

#[derive(Clone, Debug)]
enum Content {
    Rows(Arc<Vec<Row>>),
    Mapping(Arc<mapping::Brought>),
}

/// What became of one row.
struct Looked {
    line: Line,
    added: Option<PersonId>,
    escalation: Option<Escalation>,
}

/// Reads a file and looks at what it would do. Nothing is written. Returns the id under which it waits.
pub async fn check(
    ctx: &Context,
    person: PersonId,
    what: What,
    bytes: &[u8],
    empties: bool,
) -> Result<String> {
    let text = sheet::decode(bytes)?;
    let of = what.clone();
    let (content, unread) = ctx.store.reading(move |r| understand(r, &of, &text)).await?;
    let task = Task {
        what,
        content,
        empties,
    };
    let lines = look(ctx, person, &task).await?;
    Ok(ctx.desk.put(&ctx.random, ctx.now(), person, task, unread, lines))
}

fn understand(r: &Reader, what: &What, text: &str) -> Result<(Content, Vec<String>)> {
    let columns = columns(r, what)?;
    if matches!(what, What::Mapping(_)) {
        let (brought, unread) = mapping::read(text, &columns)?;
        return Ok((Content::Mapping(Arc::new(brought)), unread));
    }
    let mut sheet = sheet::read(text, what.key(), what.row_key(), &columns)?;
    once_each(&mut sheet, what.row_key());
    Ok((Content::Rows(Arc::new(sheet.rows)), sheet.unread))
}

/// A row about somebody whom an earlier row is about is refused.
fn once_each(sheet: &mut Sheet, key: &str) {
    let mut seen = std::collections::HashMap::new();
    for row in &mut sheet.rows {
        let value = row
            .cells
            .get(key)
            .map(|value| value.to_lowercase())
            .unwrap_or_default();
        if value.is_empty() {
            continue;
        }
        if let Some(first) = seen.get(&value) {
            row.flaw = Some(format!("Row {first} is about the same one. Keep one of the two."));
        } else {
            seen.insert(value, row.number);
        }
    }
}

/// Looks again at what waits: somebody may have changed what it is about.
pub async fn check_again(ctx: &Context, person: PersonId, id: &str) -> Result<()> {
    let checked = ctx.desk.get(person, id, ctx.now())?;
    let lines = look(ctx, person, &checked.task).await?;
    ctx.desk.replace(person, id, lines);
    Ok(())
}

async fn look(ctx: &Context, person: PersonId, task: &Task) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    let mut refused: Option<Escalation> = None;
    let mut parts = vec![(0, usize::MAX)];
    if let Content::Rows(rows) = &task.content {
        parts = (0..rows.len())
            .step_by(AT_ONCE)
            .map(|from| (from, AT_ONCE))
            .collect();
    }
    for (from, many) in parts {
        let task = task.clone();
        let looked = ctx.act_alone(Who::Person(person), move |act| {
            act.need(task.what.permission())?;
            let mut looked = Vec::new();
            let undone = act.w.attempt(|| {
                looked = bring(act, &task, from, many, |_| true)?;
                Err::<(), _>(Error::conflict("only a look"))
            });
            match undone {
                Err(error) if error.kind != Kind::Conflict => Err(error),
                _ => Ok(looked),
            }
        });
        for one in looked.await? {
            refused = refused.or(one.escalation);
            lines.push(one.line);
        }
    }
    if let Some(refused) = refused {
        escalation::leave_event(ctx, Who::Person(person), refused).await;
    }
    Ok(lines)
}

/// Brings some of the rows, each alone: one that is refused leaves nothing. `wanted`: by its place.
fn bring(
    act: &Act,
    task: &Task,
    from: usize,
    many: usize,
    wanted: impl Fn(usize) -> bool,
) -> Result<Vec<Looked>> {
    let rows = match &task.content {
        Content::Mapping(brought) => return mapping::bring(act, &task.what, brought),
        Content::Rows(rows) => rows,
    };
    let names = people::Names::load(act.w)?;
    let part = rows.iter().enumerate().skip(from).take(many);
    let mut looked = Vec::new();
    for (_, row) in part.filter(|(place, _)| wanted(*place)) {
        looked.push(one(act, task, row, &names)?);
    }
    Ok(looked)
}

fn one(act: &Act, task: &Task, row: &Row, names: &people::Names) -> Result<Looked> {
    let name = row.cells.get(task.what.row_key()).cloned().unwrap_or_default();
    let line = |fate| Line {
        number: row.number,
        name: name.chars().take(300).collect(),
        fate,
    };
    if let Some(flaw) = &row.flaw {
        return Ok(Looked {
            line: line(Fate::Refused(vec![Refusal::whole(flaw.clone())])),
            added: None,
            escalation: None,
        });
    }
    let done = act.w.attempt(|| match task.what {
        What::Teams => access::team(act, row).map(|fate| (fate, None)),
        What::AccessGroups => access::group(act, row, names, task.empties).map(|fate| (fate, None)),
        What::People | What::Mapping(_) => people::bring(act, row, names, task.empties),
    });
    match done {
        Ok((fate, added)) => Ok(Looked {
            line: line(fate),
            added,
            escalation: None,
        }),
        Err(error) => {
            let escalation = error.as_escalation().cloned();
            let mut refusals = report::refusals(error, &row.cells, names)?;
            if let ([only], Some(key)) = (refusals.as_mut_slice(), names.beyond(act, &row.cells))
                && only.column.is_empty()
                && escalation.is_some()
            {
                only.column = names.label(key);
                only.value = row.cells.get(key).cloned().unwrap_or_default();
            }
            Ok(Looked {
                line: line(Fate::Refused(refusals)),
                added: None,
                escalation: escalation.map(|escalation| Escalation {
                    way: "import",
                    ..escalation
                }),
            })
        }
    }
}

/// What an import did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The people whom it added, in the order of the file.
    pub added: Vec<PersonId>,
    /// How many of them an invitation waits for.
    pub invited: usize,
    pub counts: Counts,
}

/// Imports what was looked at, and invites those whom it adds where that is wanted.
///
/// # Errors
/// `Conflict` when somebody changed something meanwhile, so that it would do something else than was shown: then nothing
/// is done, and what is shown is fresh.
pub async fn apply(ctx: &Context, person: PersonId, id: &str, invites: bool) -> Result<Imported> {
    let checked = ctx.desk.get(person, id, ctx.now())?;
    if let Some(done) = checked.done {
        return Ok(Imported {
            added: done.added,
            invited: 0,
            counts: checked.counts,
        });
    }
    let (task, lines) = (checked.task.clone(), checked.lines.clone());
    let done = ctx.act_alone(Who::Person(person), move |act| {
        act.need(task.what.permission())?;
        let shown: Vec<&Line> = lines.iter().filter(|line| line.fate.does_something()).collect();
        let looked = bring(act, &task, 0, usize::MAX, |place| {
            lines.get(place).is_some_and(|line| line.fate.does_something())
        })?;
        let is: Vec<&Line> = looked
            .iter()
            .map(|one| &one.line)
            .filter(|line| task.is_rows() || line.fate.does_something())
            .collect();
        if is != shown {
            return Err(Error::conflict(MEANWHILE));
        }
        let added: Vec<PersonId> = looked.iter().filter_map(|one| one.added).collect();
        let counts = Counts::of(&lines);
        let after = json!({
            "added": counts.added, "changed": counts.changed, "unchanged": counts.unchanged, "refused": counts.refused,
        });
        act.event(Action::TableImported, task.what.subject(act.w)?, Value::Null, after)?;
        let invited = match invites {
            true => invite::many(act, &added, InvitedHow::Csv)?.queued,
            false => 0,
        };
        Ok((added, invited))
    });
    match done.await {
        Ok((added, invited)) => {
            ctx.desk.finish(person, id, added.clone(), ctx.now());
            Ok(Imported {
                added,
                invited,
                counts: checked.counts,
            })
        }
        Err(error) => {
            if error.kind == Kind::Conflict && error.message == MEANWHILE {
                check_again(ctx, person, id).await?;
            }
            Err(error)
        }
    }
}

const MEANWHILE: &str = "Somebody changed something in the meantime, so that this file would do something else than you \
                         saw. Nothing was imported. What it would do now is below.";

impl Task {
    fn is_rows(&self) -> bool {
        matches!(self.content, Content::Rows(_))
    }
}
