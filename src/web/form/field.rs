//! One field of a form: its label, what was typed, and what is wrong with it.

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
    /// Shown and sent along, not to be changed here.
    pub readonly: bool,
    /// Whether a value that is not offered may stand is for a flow to say: a refusal there is audited.
    pub is_open: bool,
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
            readonly: false,
            is_open: false,
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

    /// A whole number.
    pub fn number(name: &'static str, label: impl Into<String>) -> Self {
        Self::of(Kind::Line("number"), name, label)
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
    pub fn readonly(mut self) -> Self {
        self.readonly = true;
        self
    }

    /// A value that is not offered goes on to the flow, which knows more.
    #[must_use]
    pub fn open(mut self) -> Self {
        self.is_open = true;
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

    pub(super) fn missing(&self) -> String {
        match self.kind {
            Kind::Select | Kind::Radio => format!("Choose “{}”.", self.label),
            Kind::Checkbox => "Tick this to go on.".into(),
            Kind::File(_) => "Choose a file.".into(),
            _ => format!("Fill in “{}”.", self.label),
        }
    }

    /// What is wrong with `typed` whatever the field means.
    pub(super) fn flaw(&self, typed: &str) -> Option<String> {
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
            Kind::Select | Kind::Radio if !typed.is_empty() && !self.is_open && !offered() => {
                Some(format!("Choose “{}” from the list.", self.label))
            }
            _ => None,
        }
    }
}
