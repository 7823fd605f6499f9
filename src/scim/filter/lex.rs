//! The words of a filter.

use serde_json::Value;

use super::refuse;
use crate::scim::ScimProblem;

#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    /// A name, an operator, or a value without quotes.
    Word(String),
    /// A value in quotes.
    Text(String),
}

/// A token and the number of its first character, from 1.
pub type Placed = (Token, usize);

/// Splits into tokens. The caller has limited the length of `text`.
pub fn tokens(text: &str) -> Result<Vec<Placed>, ScimProblem> {
    let letters: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let begin = at + 1;
        let token = match letter {
            c if c.is_whitespace() => {
                at += 1;
                continue;
            }
            '(' => Token::Open,
            ')' => Token::Close,
            '[' => Token::OpenBracket,
            ']' => Token::CloseBracket,
            '"' | '\'' => {
                let end = closing(&letters, at)
                    .ok_or_else(|| refuse(format!("the text that begins at character {begin} has no end")))?;
                let text = unquoted(&letters[at..=end])
                    .ok_or_else(|| refuse(format!("the text at character {begin} is no JSON text")))?;
                at = end;
                Token::Text(text)
            }
            _ => {
                let end = letters[at..]
                    .iter()
                    .position(|c| c.is_whitespace() || "()[]\"".contains(*c))
                    .map_or(letters.len(), |length| at + length);
                let word = letters[at..end].iter().collect();
                at = end - 1;
                Token::Word(word)
            }
        };
        found.push((token, begin));
        at += 1;
    }
    Ok(found)
}

/// Where the quote that opens at `begin` closes.
fn closing(letters: &[char], begin: usize) -> Option<usize> {
    let quote = *letters.get(begin)?;
    let mut at = begin + 1;
    loop {
        match *letters.get(at)? {
            '\\' => at += 2,
            c if c == quote => return Some(at),
            _ => at += 1,
        }
    }
}

/// What stands between the quotes: JSON's escapes in double ones, a backslash before any character in single ones.
fn unquoted(quoted: &[char]) -> Option<String> {
    let text = if quoted.first() == Some(&'"') {
        let quoted: String = quoted.iter().collect();
        serde_json::from_str(&quoted).ok()?
    } else {
        let mut inner = quoted.get(1..quoted.len() - 1)?.iter();
        let mut text = String::new();
        while let Some(&letter) = inner.next() {
            text.push(if letter == '\\' { *inner.next()? } else { letter });
        }
        text
    };
    (!text.contains('\0')).then_some(text)
}

/// A value without quotes: a boolean, null, a number, or, beyond the standard, a text.
pub fn bare(word: &str) -> Option<Value> {
    let value = match word.to_ascii_lowercase().as_str() {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "null" => Value::Null,
        _ => match serde_json::from_str::<Value>(word) {
            // A number that a double cannot hold, such as a long id, stays what it looks like.
            Ok(Value::Number(number)) if number.to_string() == word => Value::Number(number),
            _ => Value::String(word.to_owned()),
        },
    };
    (!word.contains('\0')).then_some(value)
}
