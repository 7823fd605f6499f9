//! Attribute paths: `name.familyName`, `urn:…:User:manager.displayName`, `emails[type eq "work"].value`
//! (RFC 7644 §3.5.2 figure 7, §3.10). A path is kept in canonical names where the schema knows them.

use std::fmt;

use super::filter::{self, Syntax};
use super::schema::{self, Attribute};
use super::{MAX_FILTER, ScimProblem, ScimType, dialect};
use crate::model::ResourceKind;

/// An attribute as a filter, a sort or a projection names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    /// `None`: the core schema.
    pub urn: Option<String>,
    pub name: String,
    pub sub: Option<String>,
}

/// Where an operation of PATCH points to.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// `None`: the core schema of the resource.
    pub urn: Option<String>,
    /// Empty: the whole extension.
    pub name: String,
    /// What stands in brackets.
    pub filter: Option<Syntax>,
    pub sub: Option<String>,
}

/// `attrName` of RFC 7644 §3.10, and the `$` of `$ref`.
fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    let first = letters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || c == '$');
    first && letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '$'))
}

/// `attr` or `attr.sub`.
fn dotted(text: &str) -> Option<(&str, Option<&str>)> {
    let (name, sub) = match text.split_once('.') {
        Some((name, sub)) => (name, Some(sub)),
        None => (text, None),
    };
    (is_name(name) && sub.is_none_or(is_name)).then_some((name, sub))
}

/// Splits at the end of the URN: the URN in its canonical form (`None`: core), and what follows it.
/// An unknown URN ends at the last colon, or at its own end when it names a kind of resource, as extensions do.
fn split(text: &str) -> Option<(Option<String>, &str)> {
    if let Some((urn, rest)) = dialect::split_urn(text) {
        return Some((urn.map(str::to_owned), rest));
    }
    if !dialect::is_urn(text) {
        return Some((None, text));
    }
    let (urn, last) = text.rsplit_once(':')?;
    if last.eq_ignore_ascii_case("User") || last.eq_ignore_ascii_case("Group") {
        return Some((Some(text.to_owned()), ""));
    }
    (urn.len() > 4).then(|| (Some(urn.to_owned()), last))
}

/// Canonical where the schema knows it, else as it was written.
fn canonical(kind: ResourceKind, name: &mut Name) {
    if name
        .urn
        .as_deref()
        .is_some_and(|urn| urn.eq_ignore_ascii_case(schema::core(kind)))
    {
        name.urn = None;
    }
    let Some(known) = name.attribute(kind) else { return };
    name.name = known.name.to_owned();
    if let Some(sub) = &mut name.sub
        && let Some(known) = known.sub(sub)
    {
        *sub = known.name.to_owned();
    }
}

impl Name {
    /// Reads `[urn:]attr[.sub]`; `None` when it is nothing of the kind.
    pub fn read(text: &str, kind: ResourceKind) -> Option<Self> {
        let (urn, rest) = split(text)?;
        let (name, sub) = dotted(rest)?;
        let mut name = Self {
            urn,
            name: name.to_owned(),
            sub: sub.map(str::to_owned),
        };
        canonical(kind, &mut name);
        Some(name)
    }

    /// Reads the name of a sub-attribute, which stands in brackets or behind them.
    pub fn plain(text: &str) -> Option<Self> {
        is_name(text).then(|| Self {
            urn: None,
            name: text.to_owned(),
            sub: None,
        })
    }

    pub fn attribute(&self, kind: ResourceKind) -> Option<&'static Attribute> {
        schema::attribute(kind, self.urn.as_deref(), &self.name)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = &self.urn {
            write!(f, "{urn}:")?;
        }
        f.write_str(&self.name)?;
        match &self.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

fn refuse(text: &str, why: &str) -> ScimProblem {
    let text: String = text.chars().take(200).collect();
    let detail = format!(
        "The path {text:?} cannot be read: {why}. A path looks like userName, name.familyName or \
         emails[type eq \"work\"].value."
    );
    ScimProblem::bad(ScimType::InvalidPath, detail)
}

impl Path {
    /// An attribute of the core schema or, with `urn`, of an extension.
    pub fn to(urn: Option<&str>, name: &str) -> Self {
        Self {
            urn: urn.map(str::to_owned),
            name: name.to_owned(),
            filter: None,
            sub: None,
        }
    }

    /// Reads a path. `invalidPath` when it is none, `invalidFilter` when what stands in brackets is no filter.
    pub fn parse(text: &str, kind: ResourceKind) -> Result<Self, ScimProblem> {
        let text = text.trim();
        if text.len() > MAX_FILTER {
            return Err(refuse(text, &format!("it is longer than {MAX_FILTER} bytes")));
        }
        let (head, filter, tail) = match text.split_once('[') {
            None => (text, None, ""),
            Some((head, rest)) => {
                let (inner, tail) = rest
                    .rsplit_once(']')
                    .ok_or_else(|| refuse(text, "the bracket is not closed"))?;
                (head, Some(filter::read_inner(inner, kind)?), tail.trim())
            }
        };
        let (urn, rest) = split(head.trim()).ok_or_else(|| refuse(text, "the URN is followed by nothing"))?;
        if rest.is_empty() && urn.is_some() && filter.is_none() {
            return Ok(Self::to(urn.as_deref(), "").settled(kind));
        }
        if rest.is_empty() && filter.is_none() && !head.trim().is_empty() {
            return Ok(Self::to(Some(schema::core(kind)), ""));
        }
        let (name, sub) = dotted(rest).ok_or_else(|| refuse(text, "this is not the name of an attribute"))?;
        let behind = match tail {
            "" => None,
            tail => {
                let sub = tail.strip_prefix('.').filter(|sub| is_name(sub));
                Some(
                    sub.ok_or_else(|| refuse(text, "a dot and a name may follow the bracket, nothing else"))?,
                )
            }
        };
        if filter.is_some() && sub.is_some() {
            return Err(refuse(text, "a part of an attribute has no list to choose from"));
        }
        let path = Self {
            urn,
            name: name.to_owned(),
            filter,
            sub: sub.or(behind).map(str::to_owned),
        };
        Ok(path.settled(kind))
    }

    fn settled(mut self, kind: ResourceKind) -> Self {
        if self.name.is_empty() {
            return self;
        }
        let mut name = Name {
            urn: self.urn.take(),
            name: std::mem::take(&mut self.name),
            sub: self.sub.take(),
        };
        canonical(kind, &mut name);
        (self.urn, self.name, self.sub) = (name.urn, name.name, name.sub);
        self
    }

    /// The whole resource: the URN of its own schema.
    pub fn is_resource(&self, kind: ResourceKind) -> bool {
        let core = |urn: &str| urn.eq_ignore_ascii_case(schema::core(kind));
        self.name.is_empty() && self.urn.as_deref().is_some_and(core)
    }

    pub fn attribute(&self, kind: ResourceKind) -> Option<&'static Attribute> {
        schema::attribute(kind, self.urn.as_deref(), &self.name)
    }

    /// What a value at this path is checked against: the sub-attribute, else the attribute.
    pub fn leaf(&self, kind: ResourceKind) -> Option<&'static Attribute> {
        let attribute = self.attribute(kind)?;
        match &self.sub {
            Some(sub) => attribute.sub(sub),
            None => Some(attribute),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.urn {
            Some(urn) if self.name.is_empty() => return f.write_str(urn),
            Some(urn) => write!(f, "{urn}:")?,
            None => {}
        }
        f.write_str(&self.name)?;
        if let Some(filter) = &self.filter {
            write!(f, "[{filter}]")?;
        }
        match &self.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}
