//! From the text of a filter to rows: what the database finds is whom asking each user in memory finds.

use std::collections::HashSet;

use doorward::model::ResourceKind::User;
use doorward::model::filter::fold;
use doorward::scim::{document, filter};
use doorward::store::directory::{From, users};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::directory::{Mirror, numbers, user_of};
use crate::scim::generate;

/// Users with the words that filters ask for, each as it stands in the mirror and as it is asked.
fn people(mirror: &Mirror, runner: &mut TestRunner) -> Vec<(i64, Value)> {
    let bodies = generate::user_body(generate::word());
    let mut names = HashSet::new();
    let mut found = Vec::new();
    while found.len() < 80 {
        let mut body = bodies.new_tree(runner).expect("a body").current();
        let name = body["userName"].as_str().unwrap_or_default().to_owned();
        if !names.insert(fold(&name)) {
            body["userName"] = json!(format!("{name}{}", found.len()));
        }
        let Ok(read) = document::user(&body) else {
            continue;
        };
        let search = document::search_document(User, &read.document);
        let row = user_of(mirror.connection, Value::Object(read.document));
        let stored = search.clone();
        let seq =
            mirror.write(move |w| users::insert(w, &row, &users::Kept::of(&row.document, &stored, &[])?));
        found.push((seq, search));
    }
    found
}

#[test]
fn the_text_of_a_filter_finds_the_same_in_the_database() {
    let mirror = Mirror::new();
    let config = ProptestConfig {
        cases: 600,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = TestRunner::new(config);
    let people = people(&mirror, &mut runner);
    let mut hits = 0;
    let result = runner.run(&generate::filter_text(), |text| {
        let condition = filter::parse(&text, User).map_err(|problem| TestCaseError::fail(problem.detail))?;
        let mut asked = mirror.asked();
        asked.filter = Some(&condition);
        let (found, count) = mirror.read(|r| {
            let rows = numbers(&users::list(r, &asked, &From::Offset(0), 500)?);
            Ok((rows, users::count(r, &asked, None)?))
        });
        let wanted = people.iter().filter(|(_, search)| condition.matches(search));
        let wanted: Vec<i64> = wanted.map(|(seq, _)| *seq).collect();
        prop_assert_eq!(&found, &wanted, "{}", text);
        prop_assert_eq!(usize::try_from(count).ok(), Some(found.len()));
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
    for text in [
        "userName pr",
        "emails.value co \"ANN\"",
        "emails[type eq \"work\"]",
        "active eq true",
        "color pr",
    ] {
        let condition = filter::parse(text, User).expect("a filter");
        hits += people
            .iter()
            .filter(|(_, search)| condition.matches(search))
            .count();
    }
    assert!(hits > 100, "the filters are about these users: {hits}");
}
