//! The mirror in the database: rows, lists, filters, members.

mod filters;
mod lists;
mod members;
mod plans;
mod rows;
mod slow;

use std::sync::atomic::{AtomicU64, Ordering};

use doorward::error::Result;
use doorward::model::filter::{Field, Kind, fold};
use doorward::model::{
    Connection, ConnectionId, DirectoryGroup, DirectoryUser, Email, Person, PersonId, PersonState,
    SamlSettings, ScimId, ScimSettings, Slug, Timestamp,
};
use doorward::store::directory::{Asked, Key, groups, users};
use doorward::store::{self, Reader, Store, Writer};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// A database with one connection.
pub struct Mirror {
    pub store: Store,
    pub connection: ConnectionId,
    _folder: TempDir,
}

impl Mirror {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("doorward.db")).expect("a store");
        let connection = another_connection(&store, "one");
        Self {
            store,
            connection,
            _folder: folder,
        }
    }

    pub fn read<T>(&self, work: impl FnOnce(&Reader) -> Result<T>) -> T {
        self.store.read(work).expect("a read")
    }

    pub fn write<T: Send + 'static>(&self, work: impl FnOnce(&Writer) -> Result<T> + Send + 'static) -> T {
        self.store.write_blocking(work).expect("a write")
    }

    pub fn asked(&self) -> Asked<'static> {
        Asked {
            connection: self.connection,
            filter: None,
            order: None,
        }
    }

    /// Adds a user of this name and returns the row.
    pub fn user(&self, name: &str) -> DirectoryUser {
        self.add(user(self.connection, name))
    }

    pub fn add(&self, user: DirectoryUser) -> DirectoryUser {
        self.write(move |w| {
            let seq = insert(w, &user)?;
            Ok(users::find_by_seq(w, seq)?.expect("the row"))
        })
    }

    pub fn group(&self, name: &str) -> DirectoryGroup {
        let group = group(self.connection, name);
        self.write(move |w| {
            let seq = groups::insert(w, &group, &json!({ "displayname": fold(&group.display_name) }))?;
            Ok(groups::find_by_seq(w, seq)?.expect("the row"))
        })
    }
}

pub fn another_connection(store: &Store, slug: &str) -> ConnectionId {
    let id = ConnectionId::new(Timestamp(1), bytes());
    let connection = Connection {
        id,
        slug: Slug::parse(slug).expect("a slug"),
        provider: "okta".to_owned(),
        name: "Okta".to_owned(),
        enabled: true,
        saml: SamlSettings::default(),
        oidc: doorward::model::OidcSettings::default(),
        scim: ScimSettings::default(),
        mapping: doorward::model::Mapping::default(),
        jit: doorward::model::Jit::default(),
        version: 1,
        created_at: Timestamp(1),
        updated_at: Timestamp(1),
        tested_at: None,
        features: Default::default(),
    };
    store
        .write_blocking(move |w| store::connections::insert(w, &connection))
        .expect("a connection");
    id
}

/// Different at every call.
pub fn bytes() -> [u8; 10] {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut bytes = [0; 10];
    bytes[2..].copy_from_slice(&number.to_be_bytes());
    bytes
}

/// A user with this name and an address made of it.
pub fn user(connection: ConnectionId, name: &str) -> DirectoryUser {
    user_of(
        connection,
        json!({
            "userName": name,
            "active": true,
            "emails": [{ "value": format!("{name}@Acme.example"), "type": "work", "primary": true }],
        }),
    )
}

/// A user with this document.
pub fn user_of(connection: ConnectionId, document: Value) -> DirectoryUser {
    let text = |key: &str| document.get(key).and_then(Value::as_str).map(str::to_owned);
    DirectoryUser {
        seq: 0,
        id: ScimId::new(Timestamp(1), bytes()),
        connection_id: connection,
        person_id: None,
        claimed: true,
        created_here: true,
        user_name: text("userName").expect("a user name"),
        external_id: text("externalId"),
        active: document.get("active") == Some(&json!(true)),
        document: object(document),
        version: 1,
        created_at: Timestamp(1_000),
        updated_at: Timestamp(2_000),
        deleted_at: None,
    }
}

pub fn group(connection: ConnectionId, name: &str) -> DirectoryGroup {
    DirectoryGroup {
        seq: 0,
        id: ScimId::new(Timestamp(1), bytes()),
        connection_id: connection,
        external_id: None,
        display_name: name.to_owned(),
        document: object(json!({ "displayName": name })),
        version: 1,
        created_at: Timestamp(1_000),
        updated_at: Timestamp(2_000),
        deleted_at: None,
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

/// What filters ask: names and text in lower case, nothing else changed.
pub fn search(document: &Value) -> Value {
    match document {
        Value::String(text) => Value::String(fold(text)),
        Value::Array(list) => list.iter().map(search).collect(),
        Value::Object(map) => {
            let fields = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(
                fields
                    .map(|(key, value)| (key.to_lowercase(), search(value)))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}

pub fn insert(w: &Writer, user: &DirectoryUser) -> Result<i64> {
    users::insert(w, user, &kept(user)?)
}

pub fn update(w: &Writer, user: &DirectoryUser) -> Result<()> {
    users::update(w, user, &kept(user)?)
}

fn kept(user: &DirectoryUser) -> Result<users::Kept> {
    users::Kept::of(
        &user.document,
        &search(&Value::Object(user.document.clone())),
        &[],
    )
}

pub fn person(store: &Store, name: &str) -> Person {
    let person = Person {
        id: PersonId::new(Timestamp(1), bytes()),
        email: Email::parse(&format!("{name}@acme.example")).expect("an address"),
        given_name: name.to_owned(),
        family_name: String::new(),
        own_role: "member".to_owned(),
        role: store.read(store::roles::lowest).expect("a role"),
        team_id: None,
        access_group_id: None,
        state: PersonState::Active,
        version: 1,
        created_at: Timestamp(1),
        updated_at: Timestamp(1),
        deactivated_at: None,
        last_sign_in_at: None,
    };
    let kept = person.clone();
    store
        .write_blocking(move |w| store::people::insert(w, &kept))
        .expect("a person");
    person
}

/// A field of the core schema: `emails.value`, `meta.created`. A star in front: a list.
pub fn field(path: &str, kind: Kind) -> Field {
    let (path, multi) = path.strip_prefix('*').map_or((path, false), |path| (path, true));
    let (name, sub) = path
        .split_once('.')
        .map_or((path, None), |(name, sub)| (name, Some(sub)));
    Field {
        urn: None,
        name: name.to_owned(),
        sub: sub.map(str::to_owned),
        multi,
        kind,
    }
}

/// The numbers of rows, for comparing lists.
pub fn numbers<T>(page: &[(Key, T)]) -> Vec<i64> {
    page.iter().map(|(key, _)| key.seq).collect()
}
