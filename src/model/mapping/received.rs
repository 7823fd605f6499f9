//! What was received of one person, whichever protocol brought it.

use serde_json::{Map, Value};

use super::{field, path};
use crate::model::Attribute;

/// The words of an identity provider about one person.
#[derive(Clone, Debug, Default)]
pub struct Received {
    words: Words,
    /// Our field, what it was read from, its value: what the protocol's own reading found.
    usual: Vec<(String, String, String)>,
}

#[derive(Clone, Debug)]
enum Words {
    Attributes(Vec<Attribute>),
    Document(Map<String, Value>),
}

impl Default for Words {
    fn default() -> Self {
        Words::Attributes(Vec::new())
    }
}

impl Received {
    /// The attributes of an assertion.
    pub fn attributes(attributes: &[Attribute]) -> Self {
        Self {
            words: Words::Attributes(attributes.to_vec()),
            usual: Vec::new(),
        }
    }

    /// Claims, or a SCIM user.
    pub fn document(document: &Map<String, Value>) -> Self {
        Self {
            words: Words::Document(document.clone()),
            usual: Vec::new(),
        }
    }

    /// What the protocol's own reading found for one of our fields; nothing where it found nothing.
    #[must_use]
    pub fn with(mut self, field: &str, source: &str, value: Option<String>) -> Self {
        if let Some(value) = value {
            self.usual.push((field.to_owned(), source.to_owned(), value));
        }
        self
    }

    /// The values under a name.
    pub fn values(&self, source: &str) -> Vec<String> {
        match &self.words {
            Words::Document(document) => path::values(document, source),
            Words::Attributes(attributes) => {
                let named = attributes.iter().find(|a| a.name.eq_ignore_ascii_case(source));
                let friendly = || {
                    let is = |name: &String| name.eq_ignore_ascii_case(source);
                    attributes
                        .iter()
                        .find(|a| a.friendly_name.as_ref().is_some_and(is))
                };
                named
                    .or_else(friendly)
                    .map(|a| a.values.clone())
                    .unwrap_or_default()
            }
        }
    }

    /// What is usually meant for this field: its source and values.
    pub fn usual(&self, field: &str) -> Option<(String, Vec<String>)> {
        let found = self.usual.iter().find(|(of, ..)| of == field);
        if let Some((_, source, value)) = found {
            return Some((source.clone(), vec![value.clone()]));
        }
        // Where the protocol reads names and address itself, its word is the only one.
        if super::CORE.contains(&field) && !self.usual.is_empty() {
            return None;
        }
        let mut named = field::usual(field).iter();
        named.find_map(|name| {
            let values = self.values(name);
            (!values.is_empty()).then(|| ((*name).to_owned(), values))
        })
    }
}
