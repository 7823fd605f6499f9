//! Forms that remember what was typed (never passwords), which fields are wrong, and why.
//!
//! ```
//! use doorward::web::form::{Field, Form};
//! let blank = || Form::new([
//!     Field::email("email", "E-mail").autocomplete("username").required(),
//!     Field::password("password", "Passphrase").autocomplete("current-password").required(),
//! ]);
//! let mut form = blank();                                   // GET: draw it
//! form.fill([("email", " ana@example.com "), ("password", "")]); // POST: what the body said
//! form.require();                                           // empty required fields become wrong
//! assert_eq!(form.text("email"), "ana@example.com");
//! assert_eq!(form.error("password"), Some("Fill in “Passphrase”."));
//! form.refuse("email", "Nobody here has this e-mail address.");
//! assert!(!form.is_valid());                                // draw it again, with status 422
//! ```
//!
//! Bodies arrive as `web::Form<Vec<(String, String)>>`. In a template:
//! `{% import "components/field.html" as f %}` and `{{ f::field(form, "email") }}` draws label, hint, control and error.

use std::collections::HashMap;
use std::fmt;

use zeroize::Zeroizing;

mod field;

pub use field::{Choice, Field, Kind};

/// A template asked for a field that its form does not have.
#[derive(Debug, thiserror::Error)]
#[error("the form has no field {0:?}")]
pub struct NoSuchField(String);

/// Fields in their order, and what is wrong with all of them together.
#[derive(Clone, Default)]
pub struct Form {
    pub fields: Vec<Field>,
    /// What is wrong with no field alone: "The e-mail address or the passphrase is not right."
    pub trouble: Option<String>,
    secrets: HashMap<&'static str, Zeroizing<String>>,
}

impl Form {
    pub fn new(fields: impl IntoIterator<Item = Field>) -> Self {
        Self {
            fields: fields.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Sets ids apart when two forms of one page share a field name.
    #[must_use]
    pub fn named(mut self, prefix: &str) -> Self {
        for field in &mut self.fields {
            field.id = format!("{prefix}-{}", field.name);
        }
        self
    }

    /// What the control of `name` shows before anybody typed.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        if let Some(field) = self.find_mut(name) {
            *field = field.clone().value(value);
        }
        self
    }

    /// Takes over what a body said. Names that the form does not have are ignored; lines lose the space around them.
    pub fn fill<N: AsRef<str>, V: AsRef<str>>(&mut self, pairs: impl IntoIterator<Item = (N, V)>) {
        for field in &mut self.fields {
            field.value.clear();
        }
        for (name, typed) in pairs {
            let Some(field) = self.fields.iter_mut().find(|field| field.name == name.as_ref()) else {
                continue;
            };
            if let Some(flaw) = field.flaw(typed.as_ref()) {
                field.error = Some(flaw);
            }
            match field.kind {
                Kind::Password => {
                    self.secrets
                        .insert(field.name, Zeroizing::new(typed.as_ref().into()));
                }
                Kind::File(_) => {}
                Kind::Paragraph(_) | Kind::Hidden => field.value = typed.as_ref().into(),
                _ => field.value = typed.as_ref().trim().into(),
            }
        }
    }

    /// Every required field that is empty becomes wrong. Files are for the handler: the form never sees them.
    pub fn require(&mut self) {
        let secrets = &self.secrets;
        for field in self
            .fields
            .iter_mut()
            .filter(|field| field.required && field.error.is_none())
        {
            let is_empty = match field.kind {
                Kind::Password => secrets.get(field.name).is_none_or(|secret| secret.is_empty()),
                Kind::File(_) => false,
                _ => field.value.trim().is_empty(),
            };
            if is_empty {
                field.error = Some(field.missing());
            }
        }
    }

    /// What was typed into `name`; empty when nothing was.
    pub fn text(&self, name: &str) -> &str {
        self.find(name).map_or("", |field| &field.value)
    }

    /// The password typed into `name`. Never drawn again.
    pub fn secret(&self, name: &str) -> &str {
        self.secrets.get(name).map_or("", |secret| secret.as_str())
    }

    pub fn is_ticked(&self, name: &str) -> bool {
        self.find(name).is_some_and(Field::is_ticked)
    }

    /// Says what is wrong with one field; the first reason stays. A name the form does not have is said of the whole.
    pub fn refuse(&mut self, name: &str, why: impl Into<String>) {
        match self.find_mut(name) {
            Some(field) => _ = field.error.get_or_insert(why.into()),
            None => self.refuse_all(why),
        }
    }

    /// Says what is wrong with the whole.
    pub fn refuse_all(&mut self, why: impl Into<String>) {
        self.trouble.get_or_insert(why.into());
    }

    pub fn is_valid(&self) -> bool {
        self.trouble.is_none() && self.wrong().next().is_none()
    }

    pub fn error(&self, name: &str) -> Option<&str> {
        self.find(name).and_then(|field| field.error.as_deref())
    }

    /// The wrong fields, in their order.
    pub fn wrong(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.error.is_some())
    }

    pub fn wrong_count(&self) -> usize {
        self.wrong().count()
    }

    /// Whether typing starts in `field`: the first wrong one, else the one that asked for it.
    pub fn starts_in(&self, field: &Field) -> bool {
        self.wrong()
            .next()
            .map_or(field.focus, |first| first.name == field.name)
    }

    /// For templates, which end the drawing when the name is unknown.
    ///
    /// # Errors
    /// When the form has no such field.
    pub fn field(&self, name: &str) -> Result<&Field, NoSuchField> {
        self.find(name).ok_or_else(|| NoSuchField(name.into()))
    }

    pub fn has_file(&self) -> bool {
        self.fields
            .iter()
            .any(|field| matches!(field.kind, Kind::File(_)))
    }

    fn find(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    fn find_mut(&mut self, name: &str) -> Option<&mut Field> {
        self.fields.iter_mut().find(|field| field.name == name)
    }
}

/// Without the secrets.
impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Form")
            .field("fields", &self.fields)
            .field("trouble", &self.trouble)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        Form::new([
            Field::text("name", "Name").required().max(5),
            Field::password("password", "Passphrase")
                .required()
                .value("never"),
            Field::select("role", "Role")
                .choice("member", "Member")
                .choice("owner", "Owner"),
            Field::checkbox("stored", "I have stored it").ticked(true),
        ])
    }

    #[test]
    fn passwords_are_read_once_and_never_remembered() {
        let mut form = form();
        form.fill([("password", " correct horse ")]);
        assert_eq!(form.secret("password"), " correct horse ");
        assert_eq!(form.text("password"), "");
        assert!(!format!("{form:?}").contains("horse"));
    }

    #[test]
    fn hostile_values_are_refused_where_they_were_typed() {
        for (name, typed) in [
            ("name", "a\0b"),
            ("name", "toolong"),
            ("role", "root"),
            ("password", "a\u{7}"),
        ] {
            let mut form = form();
            form.fill([(name, typed)]);
            assert!(form.error(name).is_some(), "{name}: {typed:?}");
            assert!(!form.is_valid());
        }
    }

    #[test]
    fn an_unticked_box_is_what_the_body_does_not_say() {
        let mut form = form();
        assert!(form.is_ticked("stored"));
        form.fill([("name", "Ana"), ("unknown", "x")]);
        assert!(!form.is_ticked("stored"));
        form.require();
        assert_eq!(
            form.wrong().map(|field| field.name).collect::<Vec<_>>(),
            ["password"]
        );
    }

    #[test]
    fn typing_starts_in_the_first_wrong_field() {
        let mut form = form();
        form.refuse("role", "Only an owner can do this.");
        form.refuse("role", "Another reason.");
        assert_eq!(form.error("role"), Some("Only an owner can do this."));
        assert!(form.starts_in(form.field("role").unwrap()));
        assert!(!form.starts_in(form.field("name").unwrap()));
        assert!(form.field("rôle").is_err());
    }
}
