//! From words to a tree. `and` binds closer than `or`, `not` closest (RFC 7644 §3.4.2.2).

use serde_json::Value;

use super::lex::{Placed, Token, bare, tokens};
use super::refuse;
use super::syntax::{Asked, OPERATORS, Syntax};
use crate::model::ResourceKind;
use crate::scim::path::Name;
use crate::scim::{MAX_FILTER, MAX_FILTER_DEPTH, MAX_FILTER_TERMS, ScimProblem};

struct Reader {
    tokens: std::iter::Peekable<std::vec::IntoIter<Placed>>,
    kind: ResourceKind,
    /// Number of the character behind the text.
    end: usize,
    terms: usize,
    depth: usize,
    /// Inside brackets, where names are those of sub-attributes.
    inner: bool,
}

/// Reads the whole text. `inner`: it stands in brackets.
pub fn filter(text: &str, kind: ResourceKind, inner: bool) -> Result<Syntax, ScimProblem> {
    if text.len() > MAX_FILTER {
        return Err(refuse(format!(
            "it has {} bytes, and at most {MAX_FILTER} are read",
            text.len()
        )));
    }
    let mut reader = Reader {
        tokens: tokens(text)?.into_iter().peekable(),
        kind,
        end: text.chars().count() + 1,
        terms: 0,
        depth: 0,
        inner,
    };
    let tree = reader.any()?;
    match reader.tokens.next() {
        None => Ok(tree),
        Some((_, at)) => Err(refuse(format!(
            "\"and\" or \"or\" was expected at character {at}"
        ))),
    }
}

impl Reader {
    fn at(&mut self) -> usize {
        self.tokens.peek().map_or(self.end, |(_, at)| *at)
    }

    fn expected<T>(&mut self, what: &str) -> Result<T, ScimProblem> {
        let at = self.at();
        Err(refuse(format!("{what} was expected at character {at}")))
    }

    fn take(&mut self, token: &Token) -> bool {
        self.tokens.next_if(|(next, _)| next == token).is_some()
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let is = |(next, _): &Placed| matches!(next, Token::Word(word) if word.eq_ignore_ascii_case(wanted));
        self.tokens.next_if(is).is_some()
    }

    fn word(&mut self) -> Option<String> {
        match self.tokens.next_if(|(next, _)| matches!(next, Token::Word(_))) {
            Some((Token::Word(word), _)) => Some(word),
            _ => None,
        }
    }

    /// Goes one level down; the only place that recursion passes through.
    fn nested(&mut self, close: &Token, what: &str) -> Result<Syntax, ScimProblem> {
        self.depth += 1;
        if self.depth > MAX_FILTER_DEPTH {
            return Err(refuse(format!("it is nested deeper than {MAX_FILTER_DEPTH}")));
        }
        let tree = self.any()?;
        self.depth -= 1;
        match self.take(close) {
            true => Ok(tree),
            false => self.expected(what),
        }
    }

    fn any(&mut self) -> Result<Syntax, ScimProblem> {
        let first = self.all()?;
        let mut parts = vec![first];
        while self.take_word("or") {
            parts.push(self.all()?);
        }
        Ok(joined(parts, Syntax::Any))
    }

    fn all(&mut self) -> Result<Syntax, ScimProblem> {
        let mut parts = vec![self.one()?];
        while self.take_word("and") {
            parts.push(self.one()?);
        }
        Ok(joined(parts, Syntax::All))
    }

    fn one(&mut self) -> Result<Syntax, ScimProblem> {
        if self.take(&Token::Open) {
            return self.nested(&Token::Close, "\")\"");
        }
        let at = self.at();
        let Some(word) = self.word() else {
            return self.expected("the name of an attribute");
        };
        if word.eq_ignore_ascii_case("not") && self.take(&Token::Open) {
            let tree = self.nested(&Token::Close, "\")\"")?;
            return Ok(Syntax::Not(Box::new(tree)));
        }
        let name = match self.inner {
            true => Name::plain(&word),
            false => Name::read(&word, self.kind),
        };
        let Some(name) = name else {
            let word: String = word.chars().take(100).collect();
            return Err(refuse(format!(
                "{word:?} at character {at} is not the name of an attribute"
            )));
        };
        if self.take(&Token::OpenBracket) {
            return self.element(name);
        }
        self.count()?;
        Ok(Syntax::Ask(name, self.asked()?))
    }

    fn element(&mut self, name: Name) -> Result<Syntax, ScimProblem> {
        if self.inner || name.sub.is_some() {
            return Err(refuse(
                "brackets may stand behind an attribute only, and not inside brackets",
            ));
        }
        self.inner = true;
        let tree = self.nested(&Token::CloseBracket, "\"]\"")?;
        self.inner = false;
        let is_sub = |(next, _): &Placed| matches!(next, Token::Word(word) if word.starts_with('.'));
        let behind = match self.tokens.next_if(is_sub) {
            Some((Token::Word(word), at)) => {
                let Some(sub) = Name::plain(&word[1..]) else {
                    return Err(refuse(format!(
                        "a name was expected behind the dot at character {at}"
                    )));
                };
                self.count()?;
                Some((sub.name, self.asked()?))
            }
            _ => None,
        };
        Ok(Syntax::Element(name, Box::new(tree), behind))
    }

    fn count(&mut self) -> Result<(), ScimProblem> {
        self.terms += 1;
        match self.terms > MAX_FILTER_TERMS {
            true => Err(refuse(format!("it has more than {MAX_FILTER_TERMS} comparisons"))),
            false => Ok(()),
        }
    }

    fn asked(&mut self) -> Result<Asked, ScimProblem> {
        let at = self.at();
        let Some(word) = self.word() else {
            return self.expected("an operator such as eq");
        };
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Asked::Present);
        }
        let found = OPERATORS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(&word));
        let Some((_, operator)) = found else {
            let names: Vec<&str> = OPERATORS.iter().map(|(name, _)| *name).collect();
            let word: String = word.chars().take(100).collect();
            return Err(refuse(format!(
                "{word:?} at character {at} is no operator: there are {} and pr",
                names.join(", ")
            )));
        };
        Ok(Asked::Compare(*operator, self.value()?))
    }

    fn value(&mut self) -> Result<Value, ScimProblem> {
        let is_value = |(next, _): &Placed| matches!(next, Token::Word(_) | Token::Text(_));
        match self.tokens.next_if(is_value) {
            Some((Token::Text(text), _)) => Ok(Value::String(text)),
            Some((Token::Word(word), at)) => bare(&word)
                .ok_or_else(|| refuse(format!("the value at character {at} has the character NUL"))),
            _ => self.expected("a value, in double quotes when it is a text,"),
        }
    }
}

fn joined(mut parts: Vec<Syntax>, join: fn(Vec<Syntax>) -> Syntax) -> Syntax {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => join(parts),
    }
}
