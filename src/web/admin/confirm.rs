//! The page before something that hurts: what will happen, in figures, and one button.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use crate::error::Error;
use crate::web::page::{Shell, render_as};
use crate::web::pieces::Notice;

/// What the page says. The button posts to `action`.
#[derive(Template)]
#[template(path = "admin/confirm.html")]
pub struct Confirm {
    pub shell: Shell,
    /// Label and address of where the reader came from.
    pub way_back: (String, String),
    /// One sentence each.
    pub lines: Vec<String>,
    pub action: String,
    pub submit: String,
    /// To be typed before the button works; empty for none.
    pub word: String,
    /// What is wrong with the typed word.
    pub wrong: String,
    /// Why it was not done.
    pub refusal: Option<Notice>,
}

impl Confirm {
    pub fn new(shell: Shell, back: (&str, String), action: String, submit: impl Into<String>) -> Self {
        Self {
            shell,
            way_back: (back.0.to_owned(), back.1),
            lines: Vec::new(),
            action,
            submit: submit.into(),
            word: String::new(),
            wrong: String::new(),
            refusal: None,
        }
    }

    #[must_use]
    pub fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// The same page once more, with the reason why nothing was done.
    #[must_use]
    pub fn refused(mut self, error: &Error) -> Self {
        self.refusal = Some(Notice::needs_you(error.message.clone(), ""));
        self
    }

    pub fn draw(&self) -> HttpResponse {
        let status = match (&self.refusal, self.wrong.is_empty()) {
            (Some(_), _) => StatusCode::CONFLICT,
            (None, false) => super::UNPROCESSABLE,
            (None, true) => StatusCode::OK,
        };
        render_as(status, self)
    }
}
