//! A write under way: who asks for it, and what is to be told of it afterwards.

use serde_json::{Value, json};

use super::Effect;
use crate::flows::Act;
use crate::model::{Connection, Person, PersonId, ScimSettings, Timestamp};

/// Whose access group may be another one when a request is done.
#[derive(Default)]
pub struct Unsettled {
    pub users: Vec<i64>,
    pub people: Vec<PersonId>,
}

/// One request that changes something, inside its transaction.
pub struct Work<'a> {
    pub act: &'a Act<'a>,
    connection: &'a Connection,
    /// The SCIM base URL, absolute; empty where nobody is answered.
    pub base: &'a str,
    /// An admin has decided about what the identity provider asked for then: the guard is not asked again.
    pub approved: Option<Timestamp>,
    pub reference: &'a str,
    pub understood: Value,
    pub effects: Vec<Effect>,
    /// Users (row numbers) who came into a fed group or out of one, and people who were one of them until now: their
    /// access group is settled at the end of the request.
    pub unsettled: Unsettled,
    pub notes: Vec<String>,
}

impl<'a> Work<'a> {
    pub fn new(act: &'a Act<'a>, connection: &'a Connection, base: &'a str, reference: &'a str) -> Self {
        Self {
            act,
            connection,
            base,
            approved: None,
            reference,
            understood: Value::Null,
            effects: Vec::new(),
            unsettled: Unsettled::default(),
            notes: Vec::new(),
        }
    }

    pub fn connection(&self) -> &'a Connection {
        self.connection
    }

    pub fn settings(&self) -> &'a ScimSettings {
        &self.connection.scim
    }

    /// Why something was ignored, or read in another way than it was written.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    pub fn effect(&mut self, person: &Person, what: &str, detail: Value) {
        self.effects.push(Effect {
            person_id: person.id,
            label: person.display_name(),
            what: what.to_owned(),
            detail,
        });
    }

    /// Nothing was done to this person, and why; also a note.
    pub fn nothing(&mut self, person: &Person, why: impl Into<String>) {
        let why = why.into();
        self.effect(person, "none", json!({ "why": why }));
        self.note(why);
    }
}
