//! Bulk (RFC 7644 §3.7): many operations in one request, each for itself.
//!
//! An operation that fails undoes itself and nothing else. One that refers to another by `bulkId` waits for it.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::work::Work;
use super::{Answer, Request, present, problem_of, route::Target, write};
use crate::error::{Error, Kind, Result};
use crate::model::ScimId;
use crate::scim::bulk::{self, Operation};
use crate::scim::{ScimProblem, ScimType};

/// What became of one operation.
struct Outcome {
    status: u16,
    body: Value,
    /// The id that `bulkId:` stands for from now on.
    id: Option<String>,
}

pub fn perform(work: &mut Work, request: &Request) -> Result<Answer> {
    let bulk = bulk::read(request.json()?)?;
    let mut run = Run::new(bulk.operations)?;
    let most = bulk.fail_on_errors.filter(|most| *most > 0).unwrap_or(usize::MAX);
    let mut understood = Vec::new();
    while let Some(next) = run.next() {
        let outcome = one(work, &run.operations[next], &run.problem(next))?;
        understood.push(std::mem::take(&mut work.understood));
        run.settle(next, outcome);
        if run.errors >= most {
            work.note(format!("The rest was not done: failOnErrors allows {most}."));
            break;
        }
    }
    work.understood = Value::Array(understood);
    let done: Vec<Value> = run
        .outcomes
        .into_iter()
        .flatten()
        .map(|outcome| outcome.body)
        .collect();
    Ok(Answer {
        status: 200,
        body: Some(json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],
            "Operations": done,
        })),
        ..Answer::default()
    })
}

/// The operations, and how far they are.
struct Run {
    operations: Vec<Operation>,
    /// What each waits for still; found once, because looking means reading the whole operation.
    references: Vec<Vec<String>>,
    /// `bulkId` → which operation.
    names: HashMap<String, usize>,
    outcomes: Vec<Option<Outcome>>,
    errors: usize,
}

impl Run {
    fn new(operations: Vec<Operation>) -> Result<Self, ScimProblem> {
        let mut names = HashMap::new();
        for (at, operation) in operations.iter().enumerate() {
            let Some(name) = &operation.bulk_id else {
                continue;
            };
            if names.insert(name.clone(), at).is_some() {
                let name: String = name.chars().take(100).collect();
                let detail = format!("Two operations have the bulkId \"{name}\". Nothing was done.");
                return Err(ScimProblem::bad(ScimType::InvalidValue, detail));
            }
        }
        let outcomes = operations.iter().map(|_| None).collect();
        let references = operations.iter().map(bulk::references).collect();
        Ok(Self {
            operations,
            references,
            names,
            outcomes,
            errors: 0,
        })
    }

    /// The first that waits for nothing; when all that are left wait, the first of those.
    fn next(&self) -> Option<usize> {
        let mut open = (0..self.operations.len()).filter(|at| self.outcomes[*at].is_none());
        let first = open.clone().next()?;
        Some(open.find(|at| !self.waits(*at)).unwrap_or(first))
    }

    fn waits(&self, at: usize) -> bool {
        self.references[at].iter().any(|name| {
            self.names
                .get(name)
                .is_some_and(|other| self.outcomes[*other].is_none())
        })
    }

    /// Why an operation whose turn it is cannot be done, if it refers to something that is not there.
    fn problem(&self, at: usize) -> Option<ScimProblem> {
        let name = self.references[at].first()?;
        let short: String = name.chars().take(100).collect();
        match self.names.get(name).map(|other| &self.outcomes[*other]) {
            None => Some(ScimProblem::bad(
                ScimType::InvalidValue,
                format!("No operation of this request has the bulkId \"{short}\"."),
            )),
            Some(None) => Some(ScimProblem::new(
                409,
                None,
                format!(
                    "The operations around the bulkId \"{short}\" refer to each other in a circle. Send one of \
                         them without the reference, and add it afterwards."
                ),
            )),
            // It gave no id: it failed, or it was no POST.
            Some(Some(_)) => Some(ScimProblem::new(
                409,
                None,
                format!("The operation with the bulkId \"{short}\" made nothing that could be referred to."),
            )),
        }
    }

    fn settle(&mut self, at: usize, outcome: Outcome) {
        self.errors += usize::from(outcome.status >= 400);
        if let (Some(name), Some(id)) = (self.operations[at].bulk_id.clone(), &outcome.id) {
            for (other, operation) in self.operations.iter_mut().enumerate() {
                let waits = self.references[other].contains(&name);
                if waits && self.outcomes[other].is_none() && other != at {
                    bulk::resolve(operation, &name, id);
                    self.references[other].retain(|known| *known != name);
                }
            }
        }
        self.outcomes[at] = Some(outcome);
    }
}

/// Does one operation. Fails only for what concerns all of them, such as a full disk.
fn one(work: &mut Work, operation: &Operation, problem: &Option<ScimProblem>) -> Result<Outcome> {
    let (effects, notes) = (work.effects.len(), work.notes.len());
    let act = work.act;
    let request = request_of(operation);
    let done = match (problem, &request) {
        (Some(problem), _) | (None, Err(problem)) => Err(Error::from(problem.clone())),
        (None, Ok(request)) => act.w.attempt(|| write(work, request)),
    };
    if let Err(error) = &done {
        if error.kind == Kind::Unavailable {
            return Err(Error::unavailable(error.message.clone(), error.message.clone()));
        }
        work.effects.truncate(effects);
        work.notes.truncate(notes);
    }
    let mut body = json!({ "method": operation.method });
    if let Some(name) = &operation.bulk_id {
        body["bulkId"] = json!(name);
    }
    if let Some(location) = request.ok().and_then(|request| addressed(work, &request)) {
        body["location"] = json!(location);
    }
    let (status, id) = match done {
        Ok(answer) => {
            if let Some(location) = &answer.location {
                body["location"] = json!(location);
            }
            if let Some(version) = &answer.etag {
                body["version"] = json!(version);
            }
            let id = answer
                .body
                .as_ref()
                .and_then(|body| body["id"].as_str())
                .map(str::to_owned);
            (answer.status, id)
        }
        Err(error) => {
            let problem = problem_of(&error, work.reference);
            body["response"] = problem.to_json();
            (problem.status, None)
        }
    };
    body["status"] = json!(status.to_string());
    Ok(Outcome { status, body, id })
}

/// The address of the resource that an operation names; only a POST names none.
fn addressed(work: &Work, request: &Request) -> Option<String> {
    match Target::of(&request.path).ok()? {
        Target::One(kind, id) => Some(present::location(work.base, kind, ScimId::parse(&id)?)),
        _ => None,
    }
}

fn request_of(operation: &Operation) -> Result<Request, ScimProblem> {
    let (path, query) = operation.path.split_once('?').unwrap_or((&operation.path, ""));
    let segments = path
        .split('/')
        .filter(|segment| !segment.is_empty() && *segment != "v2");
    let request = Request {
        method: operation.method.clone(),
        path: segments.map(str::to_owned).collect(),
        query: query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        body: operation
            .data
            .as_ref()
            .map(|data| data.to_string().into_bytes())
            .unwrap_or_default(),
        if_match: operation.version.clone(),
        ..Request::default()
    };
    match Target::of(&request.path)? {
        Target::All(_) | Target::One(..) => Ok(request),
        _ => {
            let detail = "An operation of a bulk request must be about /Users or /Groups.";
            Err(ScimProblem::bad(ScimType::InvalidValue, detail))
        }
    }
}
