//! E-mail addresses: kept as they were written, compared without regard to case.

use serde::{Deserialize, Serialize};

/// A plausible address: one `@`, a domain with a dot or `localhost`, no white space or control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

/// Why a text is no e-mail address, as a sentence for the field it was typed into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailProblem {
    #[error("Enter an e-mail address.")]
    Empty,
    #[error("An e-mail address has at most 254 characters.")]
    TooLong,
    #[error("An e-mail address has the form name@example.com.")]
    Shape,
}

impl Email {
    /// Trims and checks. The limit of 254 bytes is RFC 5321 §4.5.3.1.3.
    pub fn parse(text: &str) -> Result<Self, EmailProblem> {
        let text = text.trim();
        if text.is_empty() {
            return Err(EmailProblem::Empty);
        }
        if text.len() > 254 {
            return Err(EmailProblem::TooLong);
        }
        let (local, domain) = text.split_once('@').ok_or(EmailProblem::Shape)?;
        let bad = |c: char| c.is_whitespace() || c.is_control() || "@<>()[]\\,;:\"".contains(c);
        let domain_ok = !domain.is_empty()
            && domain
                .split('.')
                .all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'))
            && (domain.contains('.') || domain.eq_ignore_ascii_case("localhost"));
        if local.is_empty() || text.chars().filter(|c| *c == '@').count() != 1 || !domain_ok {
            return Err(EmailProblem::Shape);
        }
        if local.chars().any(bad) || domain.chars().any(bad) {
            return Err(EmailProblem::Shape);
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form under which addresses are unique: lower case.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }

    /// The part after the `@`, in the one spelling that [`super::Domain`] keeps too.
    pub fn domain(&self) -> String {
        let domain = self.0.rsplit('@').next().unwrap_or_default();
        super::domain::to_ascii(domain).unwrap_or_else(|| domain.to_lowercase())
    }
}

impl std::fmt::Display for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
