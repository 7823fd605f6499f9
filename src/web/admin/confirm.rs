//! The page before something that hurts: what will happen, in figures, and one button.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use crate::web::page::{Shell, render_as};

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
        }
    }

    #[must_use]
    pub fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    pub fn draw(&self) -> HttpResponse {
        let status = if self.wrong.is_empty() {
            StatusCode::OK
        } else {
            super::UNPROCESSABLE
        };
        render_as(status, self)
    }
}
