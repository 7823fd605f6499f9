//! A server with one provisioned connection, and what its database says of people and groups.
#![allow(dead_code, reason = "every test uses a part of it")]

use doorward::flows::{Who, credentials};
use doorward::store::Reader;
use doorward::web::server::block_on;
use rusqlite::OptionalExtension;

use super::client::Client;
use crate::app::TestApp;

pub const SLUG: &str = "idp";

/// A running server with an enabled, provisioned connection and a token for it.
pub struct World {
    pub app: TestApp,
    pub token: String,
}

/// A person as the database has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub id: String,
    pub state: String,
    pub role: String,
    pub given_name: String,
    pub family_name: String,
}

impl World {
    /// Without a guard, so that a test may remove whom it likes.
    pub fn open() -> Self {
        Self::open_with(&[], "guard_people = 0")
    }

    /// With these people before provisioning is turned on; `scim` is the rest of `[connection.scim]`.
    pub fn open_with(people: &[String], scim: &str) -> Self {
        let app = TestApp::start();
        for email in people {
            app.add(email, "member");
        }
        app.connect(
            SLUG,
            &format!("[connection.scim]\nenabled = true\nsync = \"automatic\"\n{scim}\n"),
        );
        let token = token(&app, SLUG);
        Self { app, token }
    }

    pub fn base(&self) -> String {
        format!("{}/scim/{SLUG}/v2", self.app.base)
    }

    pub fn client(&self) -> Client {
        Client::new(&self.base(), &format!("Bearer {}", self.token))
    }

    /// A client that shows user name and passkey.
    pub fn basic_client(&self) -> Client {
        let made = self.app.ctx.act(Who::Command("test"), |act| {
            credentials::make_basic(act, SLUG, "test", None)
        });
        let made = block_on(made).expect("a passkey");
        let user = made.user_name.expect("a user name");
        use base64::{Engine, engine::general_purpose::STANDARD};
        let both = STANDARD.encode(format!("{user}:{}", made.secret));
        Client::new(&self.base(), &format!("Basic {both}"))
    }

    pub fn person(&self, email: &str) -> Option<Known> {
        let sql = "SELECT id, state, role, given_name, family_name FROM people WHERE email_key = ?1";
        let read = |r: &Reader| {
            let found = r.query_row(sql, [email.to_lowercase()], |row| {
                Ok(Known {
                    id: row.get(0)?,
                    state: row.get(1)?,
                    role: row.get(2)?,
                    given_name: row.get(3)?,
                    family_name: row.get(4)?,
                })
            });
            Ok(found.optional()?)
        };
        self.app.ctx.store.read(read).expect("people")
    }

    /// The SCIM ids of a group's live members, sorted; `None`: there is no such group.
    pub fn members(&self, group: &str) -> Option<Vec<String>> {
        let read = |r: &Reader| {
            let sql = "SELECT seq FROM directory_groups WHERE display_key = ?1 AND deleted_at IS NULL";
            let found: Option<i64> = r
                .query_row(sql, [group.to_lowercase()], |row| row.get(0))
                .optional()?;
            let Some(seq) = found else { return Ok(None) };
            let mut statement = r.prepare(
                "SELECT u.id FROM directory_members m JOIN directory_users u ON u.seq = m.user_seq
                 WHERE m.group_seq = ?1 AND m.removed_at IS NULL AND u.deleted_at IS NULL ORDER BY u.id",
            )?;
            let ids = statement.query_map([seq], |row| row.get(0))?;
            Ok(Some(ids.collect::<Result<Vec<String>, _>>()?))
        };
        self.app.ctx.store.read(read).expect("groups")
    }
}

/// A bearer token for a connection.
pub fn token(app: &TestApp, slug: &str) -> String {
    let slug = slug.to_owned();
    let made = app.ctx.act(Who::Command("test"), move |act| {
        credentials::make_bearer(act, &slug, "test", None)
    });
    block_on(made).expect("a token").secret
}
