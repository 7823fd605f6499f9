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

/// What kind of control a field is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `<input type=…>`: text, email, url, search, number.
    Line(&'static str),
    Password,
    /// Rows.
    Paragraph(u8),
    /// What `accept` says.
    File(&'static str),
    Select,
    Radio,
    Checkbox,
    Hidden,
}

/// One answer of a select or a radio group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub value: String,
    pub label: String,
    pub hint: String,
}

/// A label, what was typed, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: &'static str,
    pub id: String,
    pub kind: Kind,
    pub label: String,
    /// Said between label and control; empty for none.
    pub hint: String,
    /// What was typed or is proposed; always empty for passwords and files. A ticked checkbox says `on`.
    pub value: String,
    pub error: Option<String>,
    pub autocomplete: &'static str,
    pub required: bool,
    /// A value that travels to or from an identity provider: drawn in mono, without spelling help.
    pub mono: bool,
    pub focus: bool,
    /// Longest value in characters.
    pub max: usize,
    pub choices: Vec<Choice>,
}

impl Field {
    fn of(kind: Kind, name: &'static str, label: impl Into<String>) -> Self {
        Self {
            name,
            id: name.into(),
            kind,
            label: label.into(),
            hint: String::new(),
            value: String::new(),
            error: None,
            autocomplete: "off",
            required: false,
            mono: false,
            focus: false,
            max: 1_000,
            choices: Vec::new(),
        }
    }

    pub fn text(name: &'static str, label: impl Into<String>) -> Self {
        Self::of(Kind::Line("text"), name, label)
    }

    pub fn email(name: &'static str, label: impl Into<String>) -> Self {
        Self::of(Kind::Line("email"), name, label).max(254)
    }

    pub fn url(name: &'static str, label: impl Into<String>) -> Self {
        Self::of(Kind::Line("url"), name, label).max(2_000).mono()
    }

    pub fn password(name: &'static str, label: impl Into<String>) -> Self {
        Self::of(Kind::Password, name, label)
    }

    pub fn paragraph(name: &'static str, label: impl Into<String>, rows: u8) -> Self {
        Self::of(Kind::Paragraph(rows), name, label).max(1_000_000)
    }

    pub fn file(name: &'static str, label: impl Into<String>, accept: &'static str) -> Self {
        Self::of(Kind::File(accept), name, label)
    }

    pub fn select(name: &'static str, label: impl Into<String>) -> Self {
        Self::of(Kind::Select, name, label)
    }

    pub fn radio(name: &'static str, label: impl Into<String>) -> Self {
        Self::of(Kind::Radio, name, label)
    }

    pub fn checkbox(name: &'static str, label: impl Into<String>) -> Self {
        Self::of(Kind::Checkbox, name, label)
    }

    pub fn hidden(name: &'static str, value: impl Into<String>) -> Self {
        Self::of(Kind::Hidden, name, "").value(value)
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// What the control shows before anybody typed. Passwords stay empty whatever is said here.
    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        if !matches!(self.kind, Kind::Password | Kind::File(_)) {
            self.value = value.into();
        }
        self
    }

    #[must_use]
    pub fn ticked(self, ticked: bool) -> Self {
        self.value(if ticked { "on" } else { "" })
    }

    /// A token of the HTML `autocomplete` attribute; `off` unless said.
    #[must_use]
    pub fn autocomplete(mut self, token: &'static str) -> Self {
        self.autocomplete = token;
        self
    }

    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    #[must_use]
    pub fn mono(mut self) -> Self {
        self.mono = true;
        self
    }

    /// The control where typing starts; a wrong field takes that place.
    #[must_use]
    pub fn focus(mut self) -> Self {
        self.focus = true;
        self
    }

    #[must_use]
    pub fn max(mut self, characters: usize) -> Self {
        self.max = characters;
        self
    }

    #[must_use]
    pub fn choice(self, value: impl Into<String>, label: impl Into<String>) -> Self {
        self.choice_with_hint(value, label, "")
    }

    #[must_use]
    pub fn choice_with_hint(
        mut self,
        value: impl Into<String>,
        label: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        self.choices.push(Choice {
            value: value.into(),
            label: label.into(),
            hint: hint.into(),
        });
        self
    }

    /// Value of `aria-describedby`: the hint, then the error.
    pub fn described_by(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.id));
        let error = self.error.is_some().then(|| format!("{}-error", self.id));
        [hint, error].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    pub fn is_ticked(&self) -> bool {
        !self.value.is_empty()
    }

    /// What the macro draws: a `type` of `<input>`, or the element's name.
    pub fn control(&self) -> &'static str {
        match self.kind {
            Kind::Line(of) => of,
            Kind::Password => "password",
            Kind::Paragraph(_) => "textarea",
            Kind::File(_) => "file",
            Kind::Select => "select",
            Kind::Radio => "radio",
            Kind::Checkbox => "checkbox",
            Kind::Hidden => "hidden",
        }
    }

    pub fn rows(&self) -> u8 {
        if let Kind::Paragraph(rows) = self.kind {
            rows
        } else {
            1
        }
    }

    pub fn accept(&self) -> &'static str {
        if let Kind::File(accept) = self.kind {
            accept
        } else {
            ""
        }
    }

    /// Typed exactly so: no capital letters or corrections by a phone's keyboard.
    pub fn is_verbatim(&self) -> bool {
        self.mono || matches!(self.kind, Kind::Password | Kind::Line("email" | "url"))
    }

    fn missing(&self) -> String {
        match self.kind {
            Kind::Select | Kind::Radio => format!("Choose “{}”.", self.label),
            Kind::Checkbox => "Tick this to go on.".into(),
            Kind::File(_) => "Choose a file.".into(),
            _ => format!("Fill in “{}”.", self.label),
        }
    }

    /// What is wrong with `typed` whatever the field means.
    fn flaw(&self, typed: &str) -> Option<String> {
        let is_control =
            |c: char| c.is_control() && !(matches!(self.kind, Kind::Paragraph(_)) && "\r\n\t".contains(c));
        let offered = || self.choices.iter().any(|choice| choice.value == typed);
        match self.kind {
            _ if typed.chars().count() > self.max => {
                Some(format!("This is longer than {} characters.", self.max))
            }
            _ if typed.chars().any(is_control) => {
                Some("This contains a character that cannot be typed.".into())
            }
            Kind::Select | Kind::Radio if !typed.is_empty() && !offered() => {
                Some(format!("Choose “{}” from the list.", self.label))
            }
            _ => None,
        }
    }
}

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
