//! Properties of the plan: hold then apply equals automatic; the order of requests about different people and groups
//! does not matter; applying twice changes nothing.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::{Held, Known, user};
use doorward::store::Reader;

/// The organization: what groups of theirs mean here. No role of it opens settings: whom an automatic connection refuses
/// to touch (403) because of a role that its group gave a moment ago, a held one has not given it yet.
const RULES: &str = r#"
[[role]]
key = "lead"
name = "Lead"
permissions = ["use_apps", "portal", "see_directory"]
[[access_group]]
name = "Leads"
role = "lead"
[[access_group]]
name = "Staff"
role = "member"
"#;
const FEEDS: &str = r#"
[[access_group]]
name = "Leads"
role = "lead"
members_of = [{ connection = "okta", group = "Group 0" }]
[[access_group]]
name = "Staff"
role = "member"
members_of = [{ connection = "okta", group = "Group 1" }]
"#;

/// Of these the first two are people of ours before anything is sent.
const NAMES: [&str; 6] = ["bob", "dana", "eve", "finn", "gus", "hal"];

/// What an identity provider does to one of its users or groups.
#[derive(Clone, Debug)]
enum Step {
    /// Finds the user and writes over it, or adds it.
    Put {
        who: usize,
        family: u8,
        active: bool,
    },
    Name {
        who: usize,
        given: u8,
    },
    Active {
        who: usize,
        is: bool,
    },
    Delete {
        who: usize,
    },
    Join {
        group: usize,
        who: usize,
    },
    Leave {
        group: usize,
        who: usize,
    },
}

impl Step {
    fn who(&self) -> usize {
        match self {
            Step::Put { who, .. }
            | Step::Name { who, .. }
            | Step::Active { who, .. }
            | Step::Delete { who }
            | Step::Join { who, .. }
            | Step::Leave { who, .. } => *who,
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let who = || 0..NAMES.len();
    prop_oneof![
        5 => (who(), 0u8..3, prop::bool::weighted(0.8)).prop_map(|(who, family, active)| Step::Put { who, family, active }),
        2 => (who(), 0u8..3).prop_map(|(who, given)| Step::Name { who, given }),
        2 => (who(), any::<bool>()).prop_map(|(who, is)| Step::Active { who, is }),
        1 => who().prop_map(|who| Step::Delete { who }),
        3 => (0usize..2, who()).prop_map(|(group, who)| Step::Join { group, who }),
        1 => (0usize..2, who()).prop_map(|(group, who)| Step::Leave { group, who }),
    ]
}

/// An identity provider that knows what it has.
struct Provider {
    held: Held,
    groups: [String; 2],
}

impl Provider {
    fn begin(sync: &str) -> Self {
        let held = Held::begin_with(RULES);
        held.app
            .apply("[[connection]]\nslug = \"okta\"\n[connection.scim]\nguard_people = 0\n");
        held.sync(sync);
        let groups = [held.push_group("Group 0", &[]), held.push_group("Group 1", &[])];
        held.app.apply(FEEDS);
        Self { held, groups }
    }

    fn find(&self, who: usize) -> Option<String> {
        let query = format!("/Users?filter=userName%20eq%20%22{}@example.com%22", NAMES[who]);
        let found = self.held.scim.get(&query).json();
        found["Resources"][0]["id"].as_str().map(str::to_owned)
    }

    /// The statuses of the answers.
    fn does(&self, step: &Step) -> u16 {
        let scim = &self.held.scim;
        let id = self.find(step.who());
        let patch =
            |path: String, operation: Value| scim.patch(&path, &json!({ "Operations": [operation] })).status;
        match (step, id) {
            (Step::Put { who, family, active }, id) => {
                let mut body = user(NAMES[*who]);
                body["name"]["familyName"] = json!(format!("F{family}"));
                body["active"] = json!(active);
                match id {
                    Some(id) => scim.put(&format!("/Users/{id}"), &body).status,
                    None => scim.post("/Users", &body).status,
                }
            }
            (_, None) => 0,
            (Step::Name { given, .. }, Some(id)) => patch(
                format!("/Users/{id}"),
                json!({ "op": "replace", "path": "name.givenName", "value": format!("G{given}") }),
            ),
            (Step::Active { is, .. }, Some(id)) => patch(
                format!("/Users/{id}"),
                json!({ "op": "replace", "path": "active", "value": is }),
            ),
            (Step::Delete { .. }, Some(id)) => scim.delete(&format!("/Users/{id}")).status,
            (Step::Join { group, .. }, Some(id)) => patch(
                format!("/Groups/{}", self.groups[*group]),
                json!({ "op": "add", "path": "members", "value": [{ "value": id }] }),
            ),
            (Step::Leave { group, .. }, Some(id)) => patch(
                format!("/Groups/{}", self.groups[*group]),
                json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") }),
            ),
        }
    }

    /// Everybody, but those whose user came and went: an automatic connection leaves them deactivated, a held one never
    /// made them.
    fn people(&self) -> BTreeMap<String, Known> {
        let sql = "SELECT user_name_key FROM directory_users WHERE deleted_at IS NULL";
        let read = |r: &Reader| {
            let mut statement = r.prepare(sql)?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<std::result::Result<Vec<String>, _>>()?)
        };
        let there = self.held.app.ctx.store.read(read).expect("users");
        let mut people = self.held.people();
        people.retain(|email, known| known.state == "active" || there.contains(email));
        people
    }

    /// The resources as the identity provider reads them, without what each server counts for itself.
    fn mirror(&self) -> BTreeMap<String, Value> {
        let list = self.held.scim.get("/Users?count=100").json();
        let users = list["Resources"].as_array().cloned().unwrap_or_default();
        let bare = |mut user: Value| {
            let name = user["userName"].as_str().expect("a name").to_owned();
            for field in ["id", "meta"] {
                user.as_object_mut().expect("an object").remove(field);
            }
            let groups = user["groups"].as_array().cloned().unwrap_or_default();
            let mut names: Vec<String> = groups.iter().map(|group| group["display"].to_string()).collect();
            names.sort();
            user["groups"] = json!(names);
            (name, user)
        };
        users.into_iter().map(bare).collect()
    }
}

fn run<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        max_shrink_iters: 60,
        ..Config::with_cases(cases)
    });
    runner
        .run(&strategy, test)
        .unwrap_or_else(|problem| panic!("{problem}"));
}

#[test]
fn hold_then_apply_equals_automatic() {
    let strategy = (
        prop::collection::vec(step(), 1..30),
        prop::collection::vec(0usize..30, 0..3),
    );
    run(24, strategy, |(steps, pauses)| {
        let (automatic, held) = (Provider::begin("automatic"), Provider::begin("held"));
        for (place, step) in steps.iter().enumerate() {
            let (one, other) = (automatic.does(step), held.does(step));
            prop_assert_eq!(one, other, "the answers to {:?}", step);
            if pauses.contains(&place) {
                held.held.apply_all();
            }
        }
        prop_assert_eq!(automatic.mirror(), held.mirror());
        let review = held.held.apply_all();
        prop_assert_eq!(review.refused, 0);
        prop_assert_eq!(automatic.people(), held.people());
        prop_assert_eq!(held.held.kinds(), Vec::<String>::new());
        let people = held.held.people();
        prop_assert_eq!(held.held.apply_all().applied, 0);
        prop_assert_eq!(held.held.people(), people);
        Ok(())
    });
}

#[test]
fn the_order_of_requests_about_different_people_does_not_matter() {
    let strategy = (prop::collection::vec(step(), 1..24), any::<u64>());
    run(16, strategy, |(steps, seed)| {
        let (one, other) = (Provider::begin("held"), Provider::begin("held"));
        for step in &steps {
            one.does(step);
        }
        // Each person's requests in their order, the people among each other in any.
        let mut lanes: HashMap<usize, std::collections::VecDeque<&Step>> = HashMap::new();
        for step in &steps {
            lanes.entry(step.who()).or_default().push_back(step);
        }
        let mut dice = seed;
        while !lanes.is_empty() {
            let mut keys: Vec<usize> = lanes.keys().copied().collect();
            keys.sort_unstable();
            dice = dice
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let key = keys[(dice >> 33) as usize % keys.len()];
            let lane = lanes.get_mut(&key).expect("a lane");
            other.does(lane.pop_front().expect("a step"));
            if lane.is_empty() {
                lanes.remove(&key);
            }
        }
        one.held.apply_all();
        other.held.apply_all();
        prop_assert_eq!(one.held.people(), other.held.people());
        Ok(())
    });
}

#[test]
fn undo_brings_everybody_back() {
    let strategy = (
        prop::collection::vec(step(), 1..20),
        prop::collection::vec(step(), 1..20),
    );
    run(12, strategy, |(first, second)| {
        let provider = Provider::begin("held");
        for step in &first {
            provider.does(step);
        }
        provider.held.apply_all();
        let people = provider.held.people();
        for step in &second {
            provider.does(step);
        }
        prop_assert_eq!(&provider.held.people(), &people);
        let (plan, read) = (provider.held.kinds(), provider.mirror());
        let review = provider.held.apply_all();
        if review.applied == 0 {
            return Ok(());
        }
        let applied = provider.held.people();
        let undone = provider.held.undo(review.id).expect("taken back");
        prop_assert_eq!(undone.left_alone, 0);
        prop_assert_eq!(&provider.held.people(), &people);
        prop_assert_eq!(provider.mirror(), read, "the identity provider notices nothing");
        let (mut plan, mut again) = (plan, provider.held.kinds());
        plan.sort();
        again.sort();
        prop_assert_eq!(again, plan);
        provider.held.apply_all();
        prop_assert_eq!(provider.held.people(), applied);
        Ok(())
    });
}
