//! The mapping of a connection in and out.

use super::{download, import, look, rows, with_carol};
use crate::app::TestApp;

const OKTA: &str = "/admin/integrations/okta/mapping/transfer";

const MAPPING: &str = r#"
[[team]]
name = "North"
[[connection]]
slug = "okta"
[connection.mapping]
otherwise = "member"
lock = true
row = [{ field = "email" }, { field = "title", source = "jobTitle", rule = "create", default = "Cook" }, { field = "role", source = "userType" }]
role = [{ value = "boss", role = "manager" }]
[connection.jit]
enabled = true
team = "North"
"#;

fn mapping(app: &TestApp, slug: &str) -> String {
    let found = app
        .ctx
        .store
        .read(|r| doorward::store::connections::get_by_slug(r, slug))
        .expect("it");
    format!("{:?} {:?}", found.mapping, found.jit)
}

#[test]
fn a_mapping_goes_from_one_integration_to_another() {
    let app = TestApp::start();
    app.apply(MAPPING);
    app.apply("[[connection]]\nslug = \"entra\"\n");
    let alice = app.alice();
    let entra = OKTA.replace("okta", "entra");
    let (csv, json) = (
        download(&alice, OKTA, "mapping.csv"),
        download(&alice, OKTA, "mapping.json"),
    );
    for file in [&csv, &json] {
        let page = alice.get(&look(&alice, OKTA, file));
        assert!(
            rows(&page).iter().all(|row| row[2] == "Unchanged"),
            "{}",
            page.text()
        );
    }
    let page = alice.get(&look(&alice, &entra, &csv));
    let outcomes: Vec<String> = rows(&page)
        .into_iter()
        .map(|row| format!("{}: {}", row[1], row[2]))
        .collect();
    assert!(
        outcomes.contains(&"Title from jobTitle: Would be added".to_owned()),
        "{outcomes:?}"
    );
    assert!(
        outcomes.contains(&"Given name, as it is usually called: Would go".to_owned()),
        "{outcomes:?}"
    );
    import(&alice, &entra, &json);
    assert_eq!(mapping(&app, "entra"), mapping(&app, "okta"));
    assert_eq!(
        app.count("SELECT count(*) FROM events WHERE action = 'table.imported'"),
        1
    );
}

#[test]
fn one_row_that_cannot_be_taken_keeps_the_mapping_as_it_is() {
    let app = TestApp::start();
    app.apply(MAPPING);
    let (alice, before) = (app.alice(), mapping(&app, "okta"));
    let file = "field,source,rule\nemail,,\nshoe,size,overwrite\ntitle,x,sometimes\n";
    let report = look(&alice, OKTA, file);
    let page = alice.get(&report);
    let said: Vec<[String; 4]> = rows(&page);
    assert_eq!((said[0][0].as_str(), said[1][0].as_str()), ("3", "4"), "{said:?}");
    assert!(
        said[0][3].contains("Choose one of the fields") && said[1][3].contains("Choose create"),
        "{said:?}"
    );
    assert_eq!(alice.post(&report, &[]).status, 409);
    assert_eq!(mapping(&app, "okta"), before);
}

#[test]
fn nobody_imports_a_mapping_that_gives_more_than_they_may() {
    let (app, carol) = with_carol("admin");
    app.apply(MAPPING);
    let before = mapping(&app, "okta");
    for value in ["admin", "owner"] {
        let file = format!("{{\"roles\": [{{\"value\": \"x\", \"role\": \"{value}\", \"may_own\": true}}]}}");
        let report = look(&carol, OKTA, &file);
        assert!(
            rows(&carol.get(&report))[0][2] == "Refused",
            "{}",
            carol.get(&report).text()
        );
        assert_eq!(carol.post(&report, &[]).status, 409);
    }
    assert_eq!(mapping(&app, "okta"), before);
}
