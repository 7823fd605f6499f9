//! Round trips: what goes out changes nothing when it comes back, and makes the same organization of an empty one.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{GROUPS, PEOPLE, TEAMS, download, import, look, rows};
use crate::app::TestApp;

const ROLES: &str = "[[role]]\nkey = \"department_admin\"\npermissions = [\"manage_people\"]\n[[profile_field]]\nkey = \"desk\"\n\
                     label = \"Desk\"\n[[app]]\nname = \"Wiki\"\naddress = \"https://wiki.example.com\"\n";

#[derive(Clone, Debug)]
struct Somebody {
    given: String,
    title: String,
    desk: String,
    role: &'static str,
    team: &'static str,
    group: &'static str,
    active: bool,
}

fn word() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "=1+1",
        "'x",
        "a;b,c",
        "say \"x\"",
        "-",
        "Zoë",
        "@x",
        "\u{1F600}",
        "''+",
    ]);
    prop_oneof![odd.prop_map(str::to_owned), "[ -~]{0,12}"].prop_map(|text| text.trim().to_owned())
}

fn somebody() -> impl Strategy<Value = Somebody> {
    let role = prop::sample::select(vec!["member", "manager", "department_admin", "owner"]);
    let team = prop::sample::select(vec!["", "North", "South; East"]);
    let group = prop::sample::select(vec!["", "none", "Staff", "=Guests"]);
    (word(), word(), word(), role, team, group, any::<bool>()).prop_map(
        |(given, title, desk, role, team, group, active)| Somebody {
            given,
            title,
            desk,
            role,
            team,
            group,
            active: active || role == "owner",
        },
    )
}

fn toml(people: &[Somebody]) -> String {
    let mut toml = format!(
        "{ROLES}[[team]]\nname = \"North\"\n[[team]]\nname = \"South; East\"\n\
         [[access_group]]\nname = \"Staff\"\nrole = \"manager\"\nsees_people = \"team\"\nsees_apps = [\"Wiki\"]\n\
         [[access_group]]\nname = \"=Guests\"\nrole = \"member\"\nsees_apps = []\n"
    );
    for (number, one) in people.iter().enumerate() {
        let fields = BTreeMap::from([("title", &one.title), ("desk", &one.desk)]);
        let fields: Vec<String> = fields
            .into_iter()
            .map(|(key, value)| format!("{key} = {value:?}"))
            .collect();
        toml += &format!(
            "[[person]]\nemail = \"p{number}@example.com\"\ngiven_name = {:?}\nrole = {:?}\nteam = {:?}\naccess_group = {:?}\n\
             fields = {{ {} }}\nactive = {}\n",
            one.given,
            one.role,
            one.team,
            one.group,
            fields.join(", "),
            one.active
        );
    }
    toml
}

/// What an organization has, apart from moments and ids.
fn everything(app: &TestApp) -> String {
    let sql = "SELECT group_concat(line, char(10)) FROM (
        SELECT p.email || '|' || p.given_name || '|' || p.role || '|' || p.own_role || '|' || p.state || '|' || p.profile
            || '|' || coalesce(t.name, '') || '|' || coalesce(g.name, '') || '|' || coalesce(g.visibility, '') AS line
        FROM people p LEFT JOIN teams t ON t.id = p.team_id LEFT JOIN access_groups g ON g.id = p.access_group_id
        ORDER BY p.email)";
    crate::access::text(app, sql).unwrap_or_default()
}

#[test]
fn what_goes_out_comes_back_and_makes_the_same_of_an_empty_house() {
    let config = Config {
        cases: 12,
        failure_persistence: None,
        ..Config::default()
    };
    let strategy = (
        prop::collection::vec(somebody(), 1..6),
        prop::sample::select(vec!["csv", "json"]),
    );
    let mut runner = TestRunner::new(config);
    let run = runner.run(&strategy, |(people, format)| {
        let app = TestApp::start();
        app.apply(&toml(&people));
        let alice = app.alice();
        let file = |at, name: &str| download(&alice, at, &format!("{name}.{format}"));
        let files = [
            (TEAMS, file(TEAMS, "teams")),
            (GROUPS, file(GROUPS, "access-groups")),
            (PEOPLE, file(PEOPLE, "people")),
        ];
        for (at, file) in &files {
            let page = alice.get(&look(&alice, at, file));
            let changed: Vec<_> = rows(&page)
                .into_iter()
                .filter(|row| row[2] != "Unchanged")
                .collect();
            prop_assert!(changed.is_empty(), "{changed:?}\n{file}");
        }
        let fresh = TestApp::start();
        fresh.apply(ROLES);
        let owner = fresh.alice();
        for (at, file) in &files {
            import(&owner, at, file);
        }
        // Ids of apps differ from house to house.
        let plain = |text: String| {
            text.split('"')
                .filter(|part| part.len() != 36)
                .collect::<Vec<_>>()
                .join("\"")
        };
        prop_assert_eq!(plain(everything(&app)), plain(everything(&fresh)));
        Ok(())
    });
    run.unwrap_or_else(|problem| panic!("{problem}"));
}

#[test]
fn ten_thousand_people_leave_page_by_page_each_of_them_once() {
    let app = TestApp::start();
    let add = |w: &doorward::store::Writer| {
        w.execute_batch(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
             INSERT INTO people (id, email, email_key, given_name, family_name, search_key, sort_key, role, state, version,
                                 created_at, updated_at, role_since, own_role)
             SELECT '00000000-0000-7000-8000-' || printf('%012d', i), 'p' || i || '@example.com',
                    'p' || i || '@example.com', 'P', 'Q', 'p' || i, 'p' || i, 'member', 'active', 1, 1, 1, 1, 'member' FROM n",
        )?;
        Ok(())
    };
    app.ctx.store.write_blocking(add).expect("ten thousand");
    let alice = app.alice();
    let csv = download(&alice, PEOPLE, "people.csv");
    let mut emails: Vec<&str> = csv
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
        .collect();
    assert_eq!(emails.len(), 10_001);
    emails.sort_unstable();
    emails.dedup();
    assert_eq!(emails.len(), 10_001);
    let json: serde_json::Value =
        serde_json::from_str(&download(&alice, PEOPLE, "people.json")).expect("JSON");
    assert_eq!(json["people"].as_array().map(Vec::len), Some(10_001));
}
