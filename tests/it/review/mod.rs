//! Hold and review: nobody changes until an admin applies it, and then as if nothing had been held.

mod applying;
mod escalation;
mod figures;
mod hold;
mod killed;
mod pages;
mod properties;
mod undoing;

use std::collections::BTreeMap;

use doorward::error::Result;
use doorward::flows::reconcile::apply::{self, Which};
use doorward::flows::reconcile::choose::{self, Choice};
use doorward::flows::reconcile::jobs::{Job, Work};
use doorward::flows::reconcile::plan::{self, Line};
use doorward::flows::reconcile::undo::{self, Undone};
use doorward::flows::{Act, Who};
use doorward::model::{LineKind, PersonId, Review, ReviewId};
use doorward::store::Reader;
use doorward::store::waiting::Narrow;
use doorward::web::server::block_on;
use serde_json::{Value, json};

use crate::app::{ScimClient, TestApp};

pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub const SLUG: &str = "okta";

/// A held connection and its identity provider.
pub struct Held {
    pub app: TestApp,
    pub scim: ScimClient,
}

/// Everything of a person that provisioning can change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Known {
    pub name: String,
    pub state: String,
    pub role: String,
    pub group: String,
    pub more: String,
}

pub fn user(name: &str) -> Value {
    let address = format!("{name}@example.com");
    json!({
        "schemas": [USER], "userName": address, "active": true,
        "name": { "givenName": name, "familyName": "Fox" },
        "emails": [{ "value": address, "type": "work", "primary": true }],
    })
}

impl Held {
    /// With bob and dana here before; nobody said anything of holding.
    pub fn begin() -> Self {
        Self::begin_with("")
    }

    /// As `begin`; `toml` is applied before provisioning is turned on.
    pub fn begin_with(toml: &str) -> Self {
        let app = TestApp::start();
        app.add("bob@example.com", "member");
        app.add("dana@example.com", "member");
        if !toml.is_empty() {
            app.apply(toml);
        }
        app.apply("[[connection]]\nslug = \"okta\"\nname = \"Okta\"\n[connection.scim]\nenabled = true\nguard_people = 1\nguard_percent = 0\n");
        let token = app.bearer(SLUG, None).secret;
        let scim = ScimClient::new(&app.base, SLUG, &token);
        Self { app, scim }
    }

    pub fn sync(&self, sync: &str) {
        self.app.apply(&format!(
            "[[connection]]\nslug = \"okta\"\n[connection.scim]\nsync = {sync:?}\n"
        ));
    }

    /// The SCIM id of a new user.
    pub fn push(&self, name: &str) -> String {
        let made = self.scim.post("/Users", &user(name));
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()["id"].as_str().expect("an id").to_owned()
    }

    pub fn push_group(&self, name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
        let body = json!({ "schemas": [GROUP], "displayName": name, "members": members });
        let made = self.scim.post("/Groups", &body);
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()["id"].as_str().expect("an id").to_owned()
    }

    /// The id under which somebody is shown to the identity provider.
    pub fn id_of(&self, name: &str) -> String {
        let query = format!("/Users?filter=userName%20eq%20%22{name}@example.com%22");
        let found = self.scim.get(&query).json();
        found["Resources"][0]["id"].as_str().expect("a user").to_owned()
    }

    /// Writes over whom the identity provider found here.
    pub fn claim(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let mut body = user(name);
        change(&mut body);
        let put = self.scim.put(&format!("/Users/{}", self.id_of(name)), &body);
        assert_eq!(put.status, 200, "{}", put.text());
    }

    pub fn set(&self, id: &str, path: &str, value: Value) {
        let body = json!({ "Operations": [{ "op": "replace", "path": path, "value": value }] });
        let done = self.scim.patch(&format!("/Users/{id}"), &body);
        assert!(done.status < 300, "{}", done.text());
    }

    pub fn people(&self) -> BTreeMap<String, Known> {
        people(&self.app)
    }

    pub fn plan(&self) -> Vec<Line> {
        self.plan_of(&Narrow::default())
    }

    pub fn plan_of(&self, narrow: &Narrow) -> Vec<Line> {
        let narrow = narrow.clone();
        let read = move |r: &Reader| {
            let connection = doorward::store::connections::get_by_slug(r, SLUG)?;
            doorward::store::waiting::list(r, connection.id, &narrow, 0, 1_000)
        };
        let listed = self.app.ctx.store.read(read).expect("a plan");
        let users = listed.iter().map(|line| line.waiting.user_seq).collect();
        block_on(plan::preview(&self.app.ctx, Who::Command("test"), SLUG, users)).expect("a plan")
    }

    /// `kind user_name` of every line.
    pub fn kinds(&self) -> Vec<String> {
        let lines = self.plan();
        let word = |line: &Line| {
            let name = line.listed.user_name.split('@').next().unwrap_or_default();
            format!("{} {name}", line.listed.kind.key())
        };
        lines.iter().map(word).collect()
    }

    /// The line of this user.
    pub fn line(&self, name: &str) -> Line {
        let wanted = format!("{name}@example.com");
        let mut lines = self.plan();
        lines.retain(|line| line.listed.user_name == wanted);
        assert_eq!(lines.len(), 1, "{name}: {:?}", self.kinds());
        lines.remove(0)
    }

    pub fn seq(&self, name: &str) -> i64 {
        self.line(name).listed.waiting.user_seq
    }

    pub fn act<T: Send + 'static>(&self, work: impl FnOnce(&Act) -> Result<T> + Send + 'static) -> Result<T> {
        block_on(self.app.ctx.act(Who::Command("test"), work))
    }

    /// Applies these lines at once.
    pub fn apply(&self, which: Which) -> Review {
        let id: ReviewId = self
            .act(move |act| apply::run(act, SLUG, &which, &Job::new(Work::Apply)))
            .expect("applied");
        let read = |r: &Reader| {
            let connection = doorward::store::connections::get_by_slug(r, SLUG)?;
            doorward::store::reviews::get(r, connection.id, id)
        };
        self.app.ctx.store.read(read).expect("a review")
    }

    pub fn apply_all(&self) -> Review {
        self.apply(Which::Everything(Narrow::default(), None))
    }

    pub fn apply_these(&self, names: &[&str]) -> Review {
        self.apply(Which::These(names.iter().map(|name| self.seq(name)).collect()))
    }

    pub fn choose(&self, name: &str, choice: Choice) -> Result<()> {
        let seq = self.seq(name);
        self.act(move |act| choose::choose(act, SLUG, seq, choice))
    }

    pub fn undo(&self, id: ReviewId) -> Result<Undone> {
        self.act(move |act| undo::run(act, SLUG, id, &Job::new(Work::TakeBack(id))))
    }

    pub fn person(&self, name: &str) -> PersonId {
        let key = format!("{name}@example.com");
        let read = move |r: &Reader| doorward::store::people::find_by_email(r, &key);
        self.app
            .ctx
            .store
            .read(read)
            .expect("people")
            .expect("a person")
            .id
    }
}

/// Everybody, by address.
pub fn people(app: &TestApp) -> BTreeMap<String, Known> {
    let sql =
        "SELECT p.email_key, p.given_name || ' ' || p.family_name, p.state, p.role || '/' || p.own_role,
                      coalesce(a.name, ''), p.profile || coalesce(t.name, '')
               FROM people p LEFT JOIN access_groups a ON a.id = p.access_group_id
                    LEFT JOIN teams t ON t.id = p.team_id";
    let read = |r: &Reader| {
        let mut statement = r.prepare(sql)?;
        let rows = statement.query_map([], |row| {
            let known = Known {
                name: row.get(1)?,
                state: row.get(2)?,
                role: row.get(3)?,
                group: row.get(4)?,
                more: row.get(5)?,
            };
            Ok((row.get(0)?, known))
        })?;
        Ok(rows.collect::<std::result::Result<BTreeMap<String, Known>, _>>()?)
    };
    app.ctx.store.read(read).expect("people")
}

pub fn count(review: &Review, kind: LineKind) -> i64 {
    review.counts.get(&kind).copied().unwrap_or(0)
}
