//! What a list is asked for, by query string or by `.search` (RFC 7644 §3.4.2, §3.4.3; RFC 9865 §2).

use serde_json::Value;

use super::path::Name;
use super::render::Projection;
use super::{DEFAULT_PAGE, MAX_PAGE, ScimProblem, ScimType, filter};
use crate::model::ResourceKind;
use crate::model::filter::{Condition, Order};

/// A list request, understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    pub filter: Option<Condition>,
    pub order: Option<Order>,
    /// From 1; what is below is read as 1.
    pub start_index: usize,
    /// At most [`super::MAX_PAGE`]; 0 asks for the total only.
    pub count: usize,
    /// `Some("")`: the first page of a list by cursor.
    pub cursor: Option<String>,
    pub projection: Projection,
    /// Filter and sort as they were written: two lists with the same signature are pages of one list.
    pub signature: String,
}

/// The parameters as text, from wherever they came.
#[derive(Default)]
struct Asked {
    filter: Option<String>,
    sort_by: Option<String>,
    sort_order: Option<String>,
    start_index: Option<String>,
    count: Option<String>,
    cursor: Option<String>,
    attributes: Option<String>,
    excluded: Option<String>,
}

impl Asked {
    /// The first of several with the same name counts; unknown names are nobody's business.
    fn put(&mut self, key: &str, value: String) {
        let place = match key.to_ascii_lowercase().as_str() {
            "filter" => &mut self.filter,
            "sortby" => &mut self.sort_by,
            "sortorder" => &mut self.sort_order,
            "startindex" => &mut self.start_index,
            "count" => &mut self.count,
            "cursor" => &mut self.cursor,
            "attributes" => &mut self.attributes,
            "excludedattributes" => &mut self.excluded,
            _ => return,
        };
        place.get_or_insert(value);
    }

    fn understand(self, kind: ResourceKind) -> Result<Query, ScimProblem> {
        let given = |text: &Option<String>| {
            text.as_deref()
                .map(str::trim)
                .filter(|t| !t.is_empty())
                .map(str::to_owned)
        };
        let (filter, sort_by) = (given(&self.filter), given(&self.sort_by));
        let descending = descending(given(&self.sort_order).as_deref())?;
        let order = match &sort_by {
            Some(name) => Some(order(name, descending, kind)?),
            None => None,
        };
        let start_index = number("startIndex", given(&self.start_index).as_deref())?
            .unwrap_or(1)
            .max(1);
        let count = number("count", given(&self.count).as_deref())
            .map_err(|problem| match self.cursor {
                // RFC 9865 §2.3 has a word of its own for it.
                Some(_) => ScimProblem::bad(ScimType::InvalidCount, problem.detail),
                None => problem,
            })?
            .unwrap_or(DEFAULT_PAGE as i64)
            .clamp(0, MAX_PAGE as i64);
        Ok(Query {
            filter: filter
                .as_deref()
                .map(|text| filter::parse(text, kind))
                .transpose()?,
            order,
            start_index: usize::try_from(start_index).unwrap_or(usize::MAX),
            count: usize::try_from(count).unwrap_or(0),
            cursor: self.cursor,
            projection: Projection::parse(
                given(&self.attributes).as_deref(),
                given(&self.excluded).as_deref(),
                kind,
            )?,
            signature: format!(
                "{}\u{1}{}\u{1}{}\u{1}{descending}",
                kind.name(),
                filter.unwrap_or_default(),
                sort_by.unwrap_or_default()
            ),
        })
    }
}

/// Reads the pairs of a query string, already decoded. Unknown keys are ignored.
pub fn from_pairs(pairs: &[(String, String)], kind: ResourceKind) -> Result<Query, ScimProblem> {
    let mut asked = Asked::default();
    for (key, value) in pairs {
        asked.put(key, value.clone());
    }
    asked.understand(kind)
}

/// Reads the body of `POST …/.search`.
pub fn from_search(body: &Value, kind: ResourceKind) -> Result<Query, ScimProblem> {
    let Some(entries) = body.as_object() else {
        let detail = "A search is a JSON object with \"filter\", \"attributes\" and the like.";
        return Err(ScimProblem::bad(ScimType::InvalidSyntax, detail));
    };
    let mut asked = Asked::default();
    for (key, value) in entries {
        match value {
            Value::String(text) => asked.put(key, text.clone()),
            Value::Number(number) => asked.put(key, number.to_string()),
            // `attributes` is an array here, a list with commas in a query string.
            Value::Array(items) => {
                let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                asked.put(key, texts.join(","));
            }
            _ => {}
        }
    }
    asked.understand(kind)
}

fn order(name: &str, descending: bool, kind: ResourceKind) -> Result<Order, ScimProblem> {
    let refuse = || {
        let name: String = name.chars().take(100).collect();
        let detail = format!(
            "sortBy is to be the name of an attribute that can be sorted by, such as userName; {name:?} is none."
        );
        ScimProblem::bad(ScimType::InvalidPath, detail)
    };
    let name = Name::read(name, kind).ok_or_else(refuse)?;
    let field = filter::field(&name, kind).map_err(|_| refuse())?;
    Ok(Order { field, descending })
}

fn descending(text: Option<&str>) -> Result<bool, ScimProblem> {
    match text {
        None => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("ascending") => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("descending") => Ok(true),
        Some(_) => {
            let detail = "sortOrder is \"ascending\" or \"descending\".";
            Err(ScimProblem::bad(ScimType::InvalidValue, detail))
        }
    }
}

/// A whole number; what is too large for us is as large as we can count.
fn number(name: &str, text: Option<&str>) -> Result<Option<i64>, ScimProblem> {
    let Some(text) = text else { return Ok(None) };
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        let text: String = text.chars().take(60).collect();
        let detail = format!("{name} is a whole number; {text:?} is none.");
        return Err(ScimProblem::bad(ScimType::InvalidValue, detail));
    }
    let limit = if text.starts_with('-') {
        i64::MIN
    } else {
        i64::from(i32::MAX)
    };
    Ok(Some(text.parse().unwrap_or(limit).min(i64::from(i32::MAX))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pairs(text: &[(&str, &str)]) -> Vec<(String, String)> {
        text.iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    fn read(text: &[(&str, &str)]) -> Query {
        from_pairs(&pairs(text), ResourceKind::User).expect("a query")
    }

    #[test]
    fn numbers_are_bounded_and_defaults_hold() {
        let query = read(&[]);
        assert_eq!((query.start_index, query.count), (1, DEFAULT_PAGE));
        let query = read(&[("startIndex", "-4"), ("count", "-1")]);
        assert_eq!((query.start_index, query.count), (1, 0));
        let query = read(&[("startindex", "99999999999999999999"), ("COUNT", "5000")]);
        assert_eq!((query.start_index, query.count), (i32::MAX as usize, MAX_PAGE));
        let bad = from_pairs(&pairs(&[("count", "ten")]), ResourceKind::User).expect_err("no number");
        assert_eq!((bad.status, bad.kind), (400, Some(ScimType::InvalidValue)));
    }

    #[test]
    fn unknown_keys_are_ignored_and_the_first_of_two_counts() {
        let query = read(&[("aadOptscim062020", ""), ("count", "5"), ("count", "9")]);
        assert_eq!(query.count, 5);
    }

    #[test]
    fn a_search_body_reads_as_the_query_string_does() {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
            "filter": "userName eq \"ann\"", "sortBy": "userName", "sortOrder": "descending",
            "startIndex": 3, "count": 7, "attributes": ["userName", "emails"]
        });
        let asked = from_search(&body, ResourceKind::User).expect("a search");
        let same = read(&[
            ("filter", "userName eq \"ann\""),
            ("sortBy", "userName"),
            ("sortOrder", "descending"),
            ("startIndex", "3"),
            ("count", "7"),
            ("attributes", "userName,emails"),
        ]);
        assert_eq!(asked, same);
        assert!(asked.order.is_some_and(|order| order.descending));
    }

    #[test]
    fn what_is_wrong_is_told_by_its_own_word() {
        let refused = |text: &[(&str, &str)]| {
            let problem = from_pairs(&pairs(text), ResourceKind::User).expect_err("a refusal");
            (problem.kind, problem.detail)
        };
        for name in [
            "password",
            "no[such",
            "urn:ietf:params:scim:schemas:core:2.0:User:password",
        ] {
            let (kind, detail) = refused(&[("sortBy", name)]);
            assert_eq!(kind, Some(ScimType::InvalidPath), "{name}");
            assert!(
                detail.contains("sortBy") && !detail.contains("filter"),
                "{detail}"
            );
        }
        let (kind, _) = refused(&[("cursor", ""), ("count", "ten")]);
        assert_eq!(kind, Some(ScimType::InvalidCount));
    }

    #[test]
    fn an_empty_cursor_asks_for_the_first_page() {
        assert_eq!(read(&[("cursor", "")]).cursor.as_deref(), Some(""));
        assert_eq!(read(&[]).cursor, None);
    }
}
