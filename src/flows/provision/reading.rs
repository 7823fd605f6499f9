//! What Doorward needs of a user's document, checked before anything is written.

use crate::error::Result;
use crate::model::person::{checked_name, is_unseen};
use crate::model::provisioning::Required;
use crate::model::{Email, ScimSettings};
use crate::scim::document::UserFacts;
use crate::scim::{ScimProblem, ScimType};

/// Longest `userName`, `externalId` and group name, in characters.
const LONGEST: usize = 1_000;

/// The parts of a user that can reach a person. An empty value is no value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checked {
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub display_name: Option<String>,
    pub email: Option<Email>,
}

impl Checked {
    /// Given and family name for a new person: from the display name where neither was sent.
    pub fn names(&self) -> (String, String) {
        if let (None, None, Some(name)) = (&self.given_name, &self.family_name, &self.display_name) {
            let (given, family) = name.rsplit_once(char::is_whitespace).unwrap_or((name, ""));
            return (given.trim().to_owned(), family.to_owned());
        }
        let part = |name: &Option<String>| name.clone().unwrap_or_default();
        (part(&self.given_name), part(&self.family_name))
    }
}

/// Checks what a document says of the person. An address that is none is told by a note, not refused.
pub fn check(facts: &UserFacts, notes: &mut Vec<String>) -> Result<Checked, ScimProblem> {
    let name = |attribute: &str, value: &Option<String>| match value.as_deref().map(checked_name) {
        None => Ok(None),
        Some(Ok(name)) => Ok(Some(name).filter(|name| !name.is_empty())),
        Some(Err(problem)) => Err(ScimProblem::bad(
            ScimType::InvalidValue,
            format!("{attribute} cannot be taken: {problem}"),
        )),
    };
    limit("userName", &facts.user_name)?;
    limit("externalId", facts.external_id.as_deref().unwrap_or_default())?;
    let email = match facts.email.as_deref().map(Email::parse) {
        Some(Ok(email)) if email.as_str().chars().any(is_unseen) => {
            notes.push(
                "The user's e-mail address holds characters that nobody sees; it is not used.".to_owned(),
            );
            None
        }
        Some(Ok(email)) => Some(email),
        Some(Err(problem)) => {
            notes.push(format!("The user's e-mail address is not usable. {problem}"));
            None
        }
        None => None,
    };
    Ok(Checked {
        given_name: name("name.givenName", &facts.given_name)?,
        family_name: name("name.familyName", &facts.family_name)?,
        // It only helps out, so that nothing is refused for its sake.
        display_name: facts
            .display_name
            .as_deref()
            .and_then(|name| checked_name(name).ok()),
        email,
    })
}

/// 400 when a text that is looked up is longer than anybody needs.
pub fn limit(attribute: &str, value: &str) -> Result<(), ScimProblem> {
    if value.chars().count() <= LONGEST && !value.contains('\0') {
        return Ok(());
    }
    let detail =
        format!("{attribute} has more than {LONGEST} characters, or a NUL among them. Send another.");
    Err(ScimProblem::bad(ScimType::InvalidValue, detail))
}

/// 400 when something is missing that the connection requires. `before`: what the user had until now; what was
/// missing already does not stop a change of something else.
pub fn need(settings: &ScimSettings, checked: &Checked, before: Option<&Checked>) -> Result<(), ScimProblem> {
    let missing = |required: &Required, of: &Checked| match required {
        Required::GivenName => of.given_name.is_none(),
        Required::FamilyName => of.family_name.is_none(),
        Required::Email => of.email.is_none(),
    };
    let names: Vec<&str> = settings
        .required
        .iter()
        .filter(|required| {
            missing(required, checked) && !before.is_some_and(|before| missing(required, before))
        })
        .map(|required| match required {
            Required::GivenName => "name.givenName",
            Required::FamilyName => "name.familyName",
            Required::Email => "emails (a usable address)",
        })
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "This integration requires {}, and the request does not have it. Map the attribute in the identity provider, \
         or ask an admin of Doorward to require less.",
        names.join(" and ")
    );
    Err(ScimProblem::bad(ScimType::InvalidValue, detail))
}
