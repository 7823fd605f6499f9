//! What a mapping makes of what it gets, whatever it gets.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::model::{Attribute, Permission, Permissions, Role};

fn row(source: &str, field: &str, rule: Rule) -> Row {
    Row {
        source: source.to_owned(),
        field: field.to_owned(),
        rule,
        ..Row::default()
    }
}

fn of(rows: Vec<Row>) -> Mapping {
    Mapping {
        rows,
        ..Mapping::default()
    }
}

fn document(value: &Value) -> Received {
    Received::document(value.as_object().expect("an object"))
}

fn attributes(list: &[(&str, &[&str])]) -> Received {
    let attribute = |(name, values): &(&str, &[&str])| Attribute {
        name: (*name).to_owned(),
        friendly_name: None,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    Received::attributes(&list.iter().map(attribute).collect::<Vec<_>>())
}

fn roles() -> Vec<Role> {
    let role = |key: &str, position, permissions: &[Permission]| Role {
        key: key.to_owned(),
        name: key.to_owned(),
        hint: String::new(),
        permissions: Permissions::of(permissions.iter().copied()),
        position,
        version: 1,
    };
    vec![
        role("app_user", 0, &[Permission::UseApps]),
        role("ReadOnly", 1, &[Permission::UseApps, Permission::Portal]),
        role("Admin", 2, &[Permission::Portal, Permission::ManagePeople]),
        role("Owner", 3, &[Permission::Own]),
    ]
}

fn line(value: &str, role: &str, may_own: bool) -> RoleValue {
    RoleValue {
        value: value.to_owned(),
        role: role.to_owned(),
        may_own,
    }
}

#[test]
fn the_default_follows_provisioning_and_leaves_sign_ins_alone() {
    let received = document(&json!({
        "name": { "givenName": "Bob", "familyName": "Ek" }, "title": "Cook",
        "emails": [{ "value": "a@example.com" }, { "value": "bob@example.com", "primary": true }],
    }));
    let mapping = Mapping::default();
    for occasion in [Occasion::Create, Occasion::Update] {
        let made = mapping.evaluate(&received, occasion);
        let fields: Vec<(&str, &str)> = made
            .writes
            .iter()
            .map(|write| (write.field.as_str(), write.value.as_str()))
            .collect();
        assert_eq!(
            fields,
            [
                ("given_name", "Bob"),
                ("family_name", "Ek"),
                ("email", "bob@example.com")
            ]
        );
    }
    assert_eq!(mapping.evaluate(&received, Occasion::SignIn), Outcome::default());
    assert!(!mapping.goes_further() && !mapping.acts_at_sign_in());
    let text = serde_json::from_str::<Mapping>("{}").expect("the default");
    assert_eq!(text, mapping);
}

#[test]
fn the_three_rules_decide_when_a_field_is_written() {
    let received = document(&json!({ "title": "Cook" }));
    let at_sign_in = Row {
        at_sign_in: true,
        ..row("title", "title", Rule::Overwrite)
    };
    for (row, written) in [
        (row("title", "title", Rule::Create), [true, false, false]),
        (row("title", "title", Rule::Overwrite), [true, true, false]),
        (row("title", "title", Rule::Off), [false, false, false]),
        (at_sign_in, [true, true, true]),
    ] {
        let mapping = of(vec![row.clone()]);
        let occasions = [Occasion::Create, Occasion::Update, Occasion::SignIn];
        let did = occasions.map(|occasion| mapping.evaluate(&received, occasion).value("title").is_some());
        assert_eq!(did, written, "{row:?}");
    }
}

#[test]
fn sources_are_attributes_claims_and_scim_paths() {
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let received = document(&json!({
        "userName": "bob", "name": { "givenName": "Bob" }, "https://acme.example/claims/cost": 42,
        "emails": [{ "value": "w@example.com", "type": "work" }, { "value": "p@example.com", "primary": true }],
        enterprise: { "division": "Sales", "manager": { "value": "26", "displayName": "Ada" } },
        "groups": ["a", "b"],
    }));
    for (source, values) in [
        ("username", vec!["bob"]),
        ("name.givenName", vec!["Bob"]),
        ("givenName", vec!["Bob"]),
        ("emails[primary]", vec!["p@example.com"]),
        ("emails[type eq \"work\"].value", vec!["w@example.com"]),
        ("emails.value", vec!["w@example.com", "p@example.com"]),
        ("https://acme.example/claims/cost", vec!["42"]),
        ("division", vec!["Sales"]),
        (&format!("{enterprise}:division"), vec!["Sales"]),
        (&format!("{enterprise}:manager.displayName"), vec!["Ada"]),
        (
            "urn:ietf:params:scim:schemas:core:2.0:User:name.givenName",
            vec!["Bob"],
        ),
        ("groups", vec!["a", "b"]),
        ("nothing", vec![]),
        ("emails[", vec![]),
        ("", vec![]),
    ] {
        assert_eq!(received.values(source), values, "{source}");
    }
    let saml = attributes(&[("user_name", &["bob"]), ("Division", &["Sales", "Other"])]);
    assert_eq!(saml.values("division"), ["Sales", "Other"]);
}

#[test]
fn several_values_are_joined_or_the_first_counts() {
    let received = attributes(&[("title", &["", "Cook", "Baker"]), ("offices", &["Oslo", "Rome"])]);
    let made = of(vec![
        row("title", "title", Rule::Create),
        row("offices", "offices", Rule::Create),
    ])
    .evaluate(&received, Occasion::Create);
    assert_eq!(made.value("title"), Some("Cook"));
    assert_eq!(made.value("offices"), Some("Oslo, Rome"));
}

#[test]
fn the_first_row_with_something_usable_counts_and_then_a_default() {
    let mut rows = vec![
        row("start", "start_date", Rule::Create),
        row("hired", "start_date", Rule::Create),
    ];
    rows[1].default = "2020-01-01".to_owned();
    let mapping = of(rows);
    let both = attributes(&[("start", &["soon"]), ("hired", &["2024-02-29T00:00:00Z"])]);
    let made = mapping.evaluate(&both, Occasion::Create);
    assert_eq!(made.value("start_date"), Some("2024-02-29"));
    assert_eq!(made.remarks.len(), 1, "{:?}", made.remarks);
    let none = mapping.evaluate(&attributes(&[]), Occasion::Create);
    let write = none.get("start_date").expect("the default");
    assert_eq!((write.value.as_str(), write.source.as_str()), ("2020-01-01", ""));
}

#[test]
fn malformed_values_are_left_out_with_a_remark() {
    let long = "x".repeat(VALUE_LIMIT + 1);
    for (field, value) in [
        ("picture", "http://example.com/a.png"),
        ("picture", "javascript:alert(1)"),
        ("picture", "https://user:pass@example.com/"),
        ("picture", "data:image/png;base64,AA=="),
        ("start_date", "2023-02-29"),
        ("start_date", "2023-13-01"),
        ("start_date", "22.11.2026"),
        ("locale", "<script>"),
        ("email", "nobody"),
        ("title", "a\u{0}b"),
        ("title", "a\u{202E}b"),
        ("title", &long),
        ("given_name", &"x".repeat(201)),
    ] {
        let made = of(vec![row("it", field, Rule::Create)])
            .evaluate(&attributes(&[("it", &[value])]), Occasion::Create);
        assert_eq!(made.value(field), None, "{field}: {value}");
        assert_eq!(made.remarks.len(), 1);
        assert!(
            !made.remarks[0].contains(value),
            "a remark repeats nothing hostile"
        );
    }
}

#[test]
fn a_value_means_a_role_and_what_is_unknown_the_lowest() {
    let roles = roles();
    let mapping = Mapping {
        roles: vec![
            line("EnterpriseAdmin", "Admin", false),
            line("user", "ReadOnly", false),
        ],
        ..Mapping::default()
    };
    let choose = |mapping: &Mapping, value: Option<&str>, first: &str| {
        let choice = super::choose(mapping, value, "userType", first, &roles).expect("a role");
        (choice.role.key.clone(), choice.is_said)
    };
    assert_eq!(
        choose(&mapping, Some("enterpriseadmin"), ""),
        ("Admin".into(), true)
    );
    assert_eq!(
        choose(&mapping, Some("Admin"), ""),
        ("app_user".into(), false),
        "the table alone counts"
    );
    assert_eq!(choose(&mapping, None, ""), ("app_user".into(), false));
    assert_eq!(choose(&mapping, None, "ReadOnly"), ("ReadOnly".into(), false));
    let keys = Mapping {
        otherwise: "ReadOnly".into(),
        ..Mapping::default()
    };
    assert_eq!(
        choose(&keys, Some("admin"), ""),
        ("Admin".into(), true),
        "its key"
    );
    assert_eq!(choose(&keys, Some("root"), ""), ("ReadOnly".into(), false));
}

#[test]
fn no_value_makes_an_owner_unless_it_was_allowed_by_name() {
    let roles = roles();
    for (lines, otherwise, value) in [
        (vec![], "", "owner"),
        (vec![line("boss", "Owner", false)], "", "boss"),
        (vec![line("boss", "Owner", false)], "Owner", "boss"),
        (vec![line("boss", "Owner", true)], "Owner", "other"),
    ] {
        let mapping = Mapping {
            roles: lines,
            otherwise: otherwise.into(),
            ..Mapping::default()
        };
        let choice = choose(&mapping, Some(value), "userType", "Owner", &roles).expect("a role");
        assert_eq!(choice.role.key, "app_user");
        assert!(!choice.may_own && choice.remark.is_some());
    }
    let allowed = Mapping {
        roles: vec![line("boss", "Owner", true)],
        ..Mapping::default()
    };
    let choice = choose(&allowed, Some("Boss"), "userType", "", &roles).expect("a role");
    assert!(choice.role.owns() && choice.may_own);
    assert_eq!(
        choose(&allowed, Some("boss"), "userType", "", &roles[3..]).map(|c| c.may_own),
        Some(true)
    );
    assert_eq!(
        choose(&allowed, None, "userType", "", &roles[3..]),
        None,
        "nobody but owners"
    );
}

fn rule() -> impl Strategy<Value = Rule> {
    prop_oneof![Just(Rule::Create), Just(Rule::Overwrite), Just(Rule::Off)]
}

fn any_row() -> impl Strategy<Value = Row> {
    let fields: Vec<String> = KNOWN
        .iter()
        .map(|known| known.key.to_owned())
        .chain(["own".to_owned()])
        .collect();
    (
        prop_oneof![
            Just(String::new()),
            "[a-z.\\[\\]:\" ]{0,12}",
            Just("a".to_owned())
        ],
        prop::sample::select(fields),
        rule(),
        "[a-z0-9-]{0,10}",
        any::<bool>(),
    )
        .prop_map(|(source, field, rule, default, at_sign_in)| Row {
            source,
            field,
            rule,
            default,
            at_sign_in,
        })
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        (990_usize..1_010).prop_map(|many| Value::from("é".repeat(many))),
        Just(Value::from("https://example.com/a.png")),
        Just(Value::from("2026-11-22")),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-d]|value|primary|urn:x", inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_is_received_only_sound_values_are_written(
        rows in prop::collection::vec(any_row(), 0..8),
        pairs in prop::collection::vec(("[a-d]|title|name|emails|urn:x", any_value()), 0..6),
    ) {
        let mapping = of(rows);
        let received = document(&Value::Object(pairs.into_iter().collect()));
        let create = mapping.evaluate(&received, Occasion::Create);
        for write in &create.writes {
            prop_assert!(mapping.maps(&write.field));
            if !write.source.is_empty() {
                prop_assert_eq!(checked(kind_of(&write.field), &write.value), Ok(write.value.clone()));
                prop_assert!(write.value.chars().count() <= VALUE_LIMIT);
            }
        }
        // What acts less often writes no more, and never another value of the same source.
        for occasion in [Occasion::Update, Occasion::SignIn] {
            for write in mapping.evaluate(&received, occasion).writes {
                prop_assert!(mapping.overwrites(&write.field));
                prop_assert!(occasion == Occasion::Update || mapping.overwrites_at_sign_in(&write.field));
                prop_assert!(!write.source.is_empty(), "a default never overwrites");
            }
        }
        let mut fields: Vec<&str> = create.writes.iter().map(|write| write.field.as_str()).collect();
        fields.sort_unstable();
        let all = fields.len();
        fields.dedup();
        prop_assert_eq!(all, fields.len(), "each field once");
    }

    #[test]
    fn whatever_is_sent_nobody_becomes_an_owner_unallowed(
        lines in prop::collection::vec(("[a-c]", prop::sample::select(vec!["app_user", "Admin", "Owner", "gone"])), 0..5),
        value in prop::option::of("[a-d]|owner|Owner"),
        first in prop::sample::select(vec!["", "Owner", "Admin"]),
        otherwise in prop::sample::select(vec!["", "Owner", "ReadOnly"]),
    ) {
        let roles = roles();
        let mapping = Mapping {
            roles: lines.iter().map(|(value, role)| line(value, role, false)).collect(),
            otherwise: otherwise.to_owned(),
            ..Mapping::default()
        };
        let choice = choose(&mapping, value.as_deref(), "x", first, &roles).expect("a role");
        prop_assert!(!choice.role.owns() && !choice.may_own);
    }
}
