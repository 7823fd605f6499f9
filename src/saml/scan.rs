//! The first look at XML from outside: one linear pass over the bytes, before any parser sees them.
//!
//! Parsers keep namespace stacks, compare attributes pairwise and recurse. A quarter of a megabyte of `xmlns:`
//! declarations costs a sender nothing and a parser a lot, so the sizes that matter are counted here, where the cost
//! is one visit per byte and there is nothing to overflow. The pass is stricter than XML: no document type, no
//! processing instruction after the declaration, no control character, UTF-8 only.

/// Sizes that a document may have; [`RESPONSE`] and [`METADATA`] are the two in use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub bytes: usize,
    pub depth: usize,
    pub elements: usize,
    /// Attributes of one start tag, namespace declarations included.
    pub attributes: usize,
    /// Namespace declarations of one start tag.
    pub namespaces: usize,
    /// Namespace declarations that are in force at once; canonicalisation visits them for every element.
    pub namespaces_in_scope: usize,
    /// Whether processing instructions are skipped (metadata from a file) or refused (messages).
    pub instructions: bool,
}

/// For a Response: generous next to the largest real ones (thousands of group values), tiny next to an attack.
pub const RESPONSE: Limits = Limits {
    bytes: 256 * 1024,
    depth: 64,
    elements: 8_000,
    attributes: 32,
    namespaces: 16,
    namespaces_in_scope: 64,
    instructions: false,
};

/// For bytes that a signature has vouched for: canonical XML repeats namespace declarations and may be larger than
/// the message it came from, but not deeper.
pub const VERIFIED: Limits = Limits {
    bytes: 4 * 1024 * 1024,
    ..RESPONSE
};

/// For IdP metadata, where federations publish larger files.
pub const METADATA: Limits = Limits {
    bytes: 2 * 1024 * 1024,
    depth: 64,
    elements: 40_000,
    attributes: 48,
    namespaces: 32,
    namespaces_in_scope: 128,
    instructions: true,
};

/// Why the bytes are not handed to the parser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanProblem {
    Empty,
    TooLarge {
        bytes: usize,
        limit: usize,
    },
    /// What the bytes are instead of UTF-8 text: `UTF-16`, `a NUL character` …
    NotUtf8 {
        found: String,
    },
    DocumentType,
    /// Which size is exceeded, and its limit.
    Limit {
        what: &'static str,
        limit: usize,
    },
    /// Cannot be XML: a tag that never ends, more end tags than start tags …
    NotXml {
        detail: &'static str,
    },
}

/// Checks `bytes` against `limits` and gives the text without a byte order mark.
pub fn scan(bytes: &[u8], limits: Limits) -> Result<&str, ScanProblem> {
    if bytes.len() > limits.bytes {
        return Err(ScanProblem::TooLarge {
            bytes: bytes.len(),
            limit: limits.bytes,
        });
    }
    let text = utf8(bytes)?;
    let mut counter = Counter {
        limits,
        open: Vec::new(),
        elements: 0,
        in_scope: 0,
    };
    counter.run(text.as_bytes())?;
    if counter.elements == 0 {
        return Err(ScanProblem::NotXml {
            detail: "there is no element in it",
        });
    }
    Ok(text)
}

fn utf8(bytes: &[u8]) -> Result<&str, ScanProblem> {
    let not = |found: &str| {
        Err(ScanProblem::NotUtf8 {
            found: found.to_owned(),
        })
    };
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return not("UTF-16");
    }
    if bytes.starts_with(b"<\0") || bytes.starts_with(b"\0<") {
        return not("UTF-16 without a byte order mark");
    }
    let bytes = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return not("bytes that are not UTF-8");
    };
    if text.trim().is_empty() {
        return Err(ScanProblem::Empty);
    }
    if bytes.contains(&0) {
        return not("a NUL character");
    }
    if bytes
        .iter()
        .any(|b| *b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r'))
    {
        return not("a control character");
    }
    if let Some(declared) = declared_encoding(text)
        && !["utf-8", "utf8", "us-ascii"].contains(&declared.to_ascii_lowercase().as_str())
    {
        return Err(ScanProblem::NotUtf8 {
            found: format!("the encoding {}", super::problem::short(declared)),
        });
    }
    Ok(text)
}

/// The `encoding` of the XML declaration, if it has one. The parser is handed text and would ignore it.
fn declared_encoding(text: &str) -> Option<&str> {
    let declaration = text.strip_prefix("<?xml")?.split("?>").next()?;
    let value = declaration
        .split("encoding")
        .nth(1)?
        .trim_start()
        .strip_prefix('=')?
        .trim_start();
    value.get(1..)?.split(['"', '\'']).next()
}

struct Counter {
    limits: Limits,
    /// For every open element: how many namespaces it declared.
    open: Vec<usize>,
    elements: usize,
    in_scope: usize,
}

impl Counter {
    fn run(&mut self, text: &[u8]) -> Result<(), ScanProblem> {
        let mut at = 0;
        while let Some(next) = find(text, at, b"<") {
            let rest = &text[next..];
            at = if rest.starts_with(b"<!--") {
                after(text, next + 4, b"-->")?
            } else if rest.starts_with(b"<![CDATA[") {
                after(text, next + 9, b"]]>")?
            } else if rest.starts_with(b"<!") {
                return Err(ScanProblem::DocumentType);
            } else if rest.starts_with(b"<?") {
                // A message has one declaration, at its start, and no other instruction.
                if !(self.limits.instructions || next == 0) {
                    return Err(ScanProblem::NotXml {
                        detail: "a processing instruction",
                    });
                }
                after(text, next + 2, b"?>")?
            } else if rest.starts_with(b"</") {
                let Some(declared) = self.open.pop() else {
                    return Err(ScanProblem::NotXml {
                        detail: "an end tag without a start tag",
                    });
                };
                self.in_scope -= declared;
                after(text, next + 2, b">")?
            } else {
                self.start_tag(text, next + 1)?
            };
        }
        if self.open.is_empty() {
            Ok(())
        } else {
            Err(ScanProblem::NotXml {
                detail: "an element without an end",
            })
        }
    }

    /// Counts one start tag from just behind its `<`; gives the place behind its `>`.
    fn start_tag(&mut self, text: &[u8], start: usize) -> Result<usize, ScanProblem> {
        let (mut at, mut attributes, mut namespaces) = (start, 0, 0);
        let mut word = start;
        while let Some(&byte) = text.get(at) {
            match byte {
                b'>' => {
                    self.element(attributes, namespaces, text[at - 1] == b'/')?;
                    return Ok(at + 1);
                }
                b'"' | b'\'' => {
                    attributes += 1;
                    at = after(text, at + 1, &[byte])?;
                    word = at;
                    continue;
                }
                b'=' => namespaces += usize::from(text[word..at].starts_with(b"xmlns")),
                b' ' | b'\t' | b'\r' | b'\n' => {
                    if text
                        .get(at + 1)
                        .is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
                    {
                        word = at + 1;
                    }
                }
                b'<' => {
                    return Err(ScanProblem::NotXml {
                        detail: "a tag inside a tag",
                    });
                }
                _ => {}
            }
            if attributes > self.limits.attributes {
                return Err(ScanProblem::Limit {
                    what: "attributes on one element",
                    limit: self.limits.attributes,
                });
            }
            at += 1;
        }
        Err(ScanProblem::NotXml {
            detail: "a tag that never ends",
        })
    }

    fn element(&mut self, attributes: usize, namespaces: usize, empty: bool) -> Result<(), ScanProblem> {
        let over = |what, limit| Err(ScanProblem::Limit { what, limit });
        self.elements += 1;
        if self.elements > self.limits.elements {
            return over("elements", self.limits.elements);
        }
        if attributes > self.limits.attributes {
            return over("attributes on one element", self.limits.attributes);
        }
        if namespaces > self.limits.namespaces {
            return over("namespace declarations on one element", self.limits.namespaces);
        }
        if self.open.len() >= self.limits.depth {
            return over("levels of nesting", self.limits.depth);
        }
        if self.in_scope + namespaces > self.limits.namespaces_in_scope {
            return over(
                "namespace declarations in force at once",
                self.limits.namespaces_in_scope,
            );
        }
        if !empty {
            self.open.push(namespaces);
            self.in_scope += namespaces;
        }
        Ok(())
    }
}

/// The first place of `needle` at or behind `from`.
fn find(text: &[u8], from: usize, needle: &[u8]) -> Option<usize> {
    let rest = text.get(from..)?;
    let at = if let [byte] = needle {
        rest.iter().position(|b| b == byte)
    } else {
        rest.windows(needle.len()).position(|window| window == needle)
    };
    at.map(|at| from + at)
}

fn after(text: &[u8], from: usize, needle: &[u8]) -> Result<usize, ScanProblem> {
    find(text, from, needle)
        .map(|at| at + needle.len())
        .ok_or(ScanProblem::NotXml {
            detail: "a tag, comment or section that never ends",
        })
}
