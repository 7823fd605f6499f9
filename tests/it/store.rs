//! The database by itself: one writer that commits together, readers that cannot write, files that are not ours.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use doorward::error::{Error, Result};
use doorward::model::{Action, Actor, Method, NewEvent, Subject, Timestamp};
use doorward::store::{self, Reader, Store, Writer};
use doorward::web::server::block_on;
use futures_util::future::{join, join3, join4, join5};
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

fn open() -> (TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(&folder.path().join("doorward.db")).expect("a store");
    (folder, store)
}

/// Any small table will do.
fn put(w: &Writer, key: &str) -> Result<()> {
    let sql = "INSERT INTO throttles (key, failures, in_a_row, window_began_at) VALUES (?1, 1, 1, 1)";
    w.execute(sql, [key])?;
    Ok(())
}

fn rows(r: &Reader) -> Result<i64> {
    Ok(r.query_row("SELECT count(*) FROM throttles", [], |row| row.get(0))?)
}

fn count(store: &Store) -> i64 {
    store.read(rows).expect("a count")
}

/// How many commits the write-ahead log holds: frames that name a size of the database (file format §4.1).
fn commits(folder: &Path) -> usize {
    let bytes = std::fs::read(folder.join("doorward.db-wal")).expect("a write-ahead log");
    let page = u32::from_be_bytes(bytes[8..12].try_into().expect("4 bytes")) as usize;
    let salt = &bytes[16..24];
    let frames = bytes[32..].chunks_exact(24 + page);
    frames
        .filter(|frame| &frame[8..16] == salt && frame[4..8] != [0; 4])
        .count()
}

/// Holds the writer inside a write until told to go on; what comes meanwhile waits together.
fn hold(store: &Store) -> (std::thread::JoinHandle<()>, mpsc::Sender<()>) {
    let (go, wait) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel();
    let store = store.clone();
    let thread = std::thread::spawn(move || {
        let held = store.write_blocking(move |_| {
            begun.send(()).expect("somebody waits");
            wait.recv().expect("told to go on");
            Ok(())
        });
        held.expect("committed");
    });
    has_begun.recv().expect("the writer began");
    (thread, go)
}

#[test]
fn a_failing_and_a_panicking_write_undo_themselves_and_nothing_else() {
    let (_folder, store) = open();
    let (held, go) = hold(&store);
    let results = block_on(async {
        let good = store.write(|w| put(w, "before"));
        let failing = store.write(|w| {
            put(w, "failing")?;
            Err::<(), _>(Error::conflict("no"))
        });
        let panicking = store.write(|w| -> Result<()> {
            put(w, "panicking")?;
            panic!("on purpose")
        });
        let twice = store.write(|w| put(w, "before"));
        let behind = store.write(|w| put(w, "behind"));
        let release = async { go.send(()).expect("the writer waits") };
        join(join5(good, failing, panicking, twice, behind), release)
            .await
            .0
    });
    held.join().expect("no panic");
    let (good, failing, panicking, twice, behind) = results;
    assert!(good.is_ok() && behind.is_ok());
    assert_eq!(failing.expect_err("it failed").message, "no");
    let cause = panicking.expect_err("it panicked").source.expect("a cause");
    assert_eq!(cause.to_string(), "a write panicked: on purpose");
    assert!(twice.is_err(), "a second row of one key");
    assert_eq!(count(&store), 2);
    store
        .write_blocking(|w| put(w, "later"))
        .expect("the writer lives on");
    assert_eq!(count(&store), 3);
}

/// Puts this row, and counts how often it was asked to.
fn put_again(
    store: &Store,
    key: &'static str,
    runs: &Arc<AtomicUsize>,
    outcome: fn() -> Result<()>,
) -> impl Future<Output = Result<()>> + use<> {
    let (store, runs) = (store.clone(), runs.clone());
    async move {
        let work = move |w: &Writer| {
            runs.fetch_add(1, Ordering::SeqCst);
            put(w, key)?;
            outcome()
        };
        store.write_again(work).await
    }
}

#[test]
fn writes_that_may_run_again_do_so_only_when_one_of_them_fails() {
    let (_folder, store) = open();
    let runs = Arc::new(AtomicUsize::new(0));
    let (held, go) = hold(&store);
    let results = block_on(async {
        let one = put_again(&store, "one", &runs, || Ok(()));
        let two = put_again(&store, "two", &runs, || Ok(()));
        let once = store.write(|w| put(w, "once"));
        let release = async { go.send(()).expect("the writer waits") };
        join(join3(one, two, once), release).await.0
    });
    held.join().expect("no panic");
    assert!(results.0.is_ok() && results.1.is_ok() && results.2.is_ok());
    assert_eq!((runs.load(Ordering::SeqCst), count(&store)), (2, 3));

    let (held, go) = hold(&store);
    let results = block_on(async {
        let good = put_again(&store, "good", &runs, || Ok(()));
        let failing = put_again(&store, "failing", &runs, || Err(Error::conflict("no")));
        let panicking = put_again(&store, "panicking", &runs, || panic!("on purpose"));
        let once = store.write(|w| put(w, "a failure of another is none of mine"));
        let refused = store.write(|w| put(w, "refused").and(Err::<(), _>(Error::conflict("never"))));
        let release = async { go.send(()).expect("the writer waits") };
        join(join5(good, failing, panicking, once, refused), release)
            .await
            .0
    });
    held.join().expect("no panic");
    let (good, failing, panicking, once, refused) = results;
    assert!(good.is_ok() && once.is_ok());
    assert_eq!(failing.expect_err("it failed").message, "no");
    assert_eq!(refused.expect_err("it failed").message, "never");
    assert!(panicking.is_err());
    assert_eq!(count(&store), 5, "what failed is undone, the rest is there once");
    // The first ran, the second failed, so the third waited for the second round.
    assert_eq!(runs.load(Ordering::SeqCst), 2 + 2 + 3);
}

#[test]
fn a_large_write_has_a_commit_of_its_own() {
    let (folder, store) = open();
    let before = commits(folder.path());
    let (held, go) = hold(&store);
    let results = block_on(async {
        let one = store.write(|w| put(w, "one"));
        let large = store.write_alone(|w| {
            for part in ["good", "bad"] {
                let done = w.attempt(|| match part {
                    "bad" => put(w, "bad").and(Err(Error::conflict("no"))),
                    _ => put(w, part),
                });
                assert_eq!(done.is_ok(), part == "good");
            }
            Ok(())
        });
        let failing = store.write_alone(|w| put(w, "failing").and(Err::<(), _>(Error::conflict("no"))));
        let two = store.write(|w| put(w, "two"));
        let release = async { go.send(()).expect("the writer waits") };
        join(join4(one, large, failing, two), release).await.0
    });
    held.join().expect("no panic");
    let (one, large, failing, two) = results;
    assert!(one.is_ok() && large.is_ok() && two.is_ok());
    assert_eq!(failing.expect_err("it failed").message, "no");
    assert_eq!(count(&store), 3, "one, two and the good part");
    assert_eq!(
        commits(folder.path()) - before,
        2,
        "what is small together, and the large one"
    );
}

#[test]
fn a_write_that_is_alone_and_fails_leaves_nothing() {
    let (_folder, store) = open();
    let failing = store.write_blocking(|w| put(w, "failing").and(Err::<(), _>(Error::conflict("no"))));
    assert_eq!(failing.expect_err("it failed").message, "no");
    assert_eq!(count(&store), 0);
    store
        .write_blocking(|w| put(w, "later"))
        .expect("the writer lives on");
    assert_eq!(count(&store), 1);
}

#[test]
fn the_chain_of_events_holds_whatever_is_undone() {
    let (_folder, store) = open();
    let event = |w: &Writer| {
        let subject = Subject {
            kind: "person",
            id: "1".to_owned(),
            label: "bob".to_owned(),
        };
        store::events::insert(
            w,
            NewEvent {
                at: Timestamp(1),
                actor: Actor::Doorward,
                action: Action::PersonChanged,
                subject,
                before: Value::Null,
                after: Value::Null,
                reference: None,
            },
        )
    };
    let (held, go) = hold(&store);
    let (good, failing, panicking, part, behind) = block_on(async {
        let good = store.write(move |w| event(w));
        let failing = store.write(move |w| event(w).and(Err::<(), _>(Error::conflict("no"))));
        let panicking = store.write(move |w| -> Result<()> {
            event(w)?;
            panic!("on purpose")
        });
        let part = store.write(move |w| {
            event(w)?;
            let undone = w.attempt(|| event(w).and(Err::<(), _>(Error::conflict("no"))));
            assert!(undone.is_err());
            event(w)
        });
        let behind = store.write(move |w| event(w));
        let release = async { go.send(()).expect("the writer waits") };
        join(join5(good, failing, panicking, part, behind), release)
            .await
            .0
    });
    held.join().expect("no panic");
    assert!(good.is_ok() && part.is_ok() && behind.is_ok());
    assert!(failing.is_err() && panicking.is_err());
    store.write_blocking(move |w| event(w)).expect("a commit later");
    assert_eq!(store.read(store::events::verify).expect("a whole chain"), 5);
}

#[test]
fn two_hundred_writers_at_once_share_a_commit_and_all_are_answered() {
    let (folder, store) = open();
    let (held, go) = hold(&store);
    let before = commits(folder.path());
    let write = |n: usize| {
        let store = store.clone();
        std::thread::spawn(move || {
            let key = format!("key {n}");
            store.write_blocking(move |w| put(w, &key)).expect("committed");
            // What was acknowledged is there for everybody.
            assert!(count(&store) >= 1, "{n}");
        })
    };
    let threads: Vec<_> = (0..200).map(write).collect();
    // Long enough that all of them stand in the queue.
    std::thread::sleep(std::time::Duration::from_millis(500));
    go.send(()).expect("the writer waits");
    threads
        .into_iter()
        .for_each(|thread| thread.join().expect("no panic"));
    held.join().expect("no panic");
    assert_eq!(count(&store), 200);
    let made = commits(folder.path()) - before;
    assert!(made <= 5, "200 writes that waited together took {made} commits");
}

#[test]
fn a_closure_sees_one_moment_and_a_write_sees_itself() {
    let (_folder, store) = open();
    let seen = store.write_blocking(|w| {
        put(w, "mine")?;
        rows(w)
    });
    assert_eq!(seen.expect("a write"), 1);
    let writer = store.clone();
    let read = store.read(|r| {
        assert_eq!(rows(r)?, 1);
        writer.write_blocking(|w| put(w, "another's"))?;
        assert_eq!(rows(r)?, 1, "what is committed meanwhile comes later");
        Ok(())
    });
    read.expect("a read");
    assert_eq!(count(&store), 2);
}

#[test]
fn readers_cannot_write() {
    let (_folder, store) = open();
    store.write_blocking(|w| put(w, "x")).expect("a write");
    for sql in [
        "DELETE FROM throttles",
        "CREATE TABLE x (y)",
        "PRAGMA user_version = 9",
        "DROP TABLE events",
        "UPDATE throttles SET failures = 0",
    ] {
        assert!(store.read(|r| Ok(r.execute_batch(sql)?)).is_err(), "{sql}");
    }
    assert_eq!(count(&store), 1);
}

fn pragma(connection: &Connection, name: &str) -> Result<i64> {
    Ok(connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))?)
}

const PRAGMAS: [(&str, i64); 5] = [
    ("foreign_keys", 1),
    ("trusted_schema", 0),
    ("cell_size_check", 1),
    ("secure_delete", 1),
    ("busy_timeout", 5000),
];

#[test]
fn every_connection_has_its_pragmas() {
    let (_folder, store) = open();
    let writer = store.write_blocking(|w| {
        let mode: String = w.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
        assert_eq!(mode, "wal");
        for (name, value) in PRAGMAS {
            assert_eq!(pragma(w, name)?, value, "writer: {name}");
        }
        assert_eq!(
            pragma(w, "synchronous")?,
            2,
            "FULL: what is acknowledged is on the disk"
        );
        Ok(())
    });
    writer.expect("pragmas");
    let reader = store.read(|r| {
        for (name, value) in PRAGMAS.into_iter().chain([("query_only", 1)]) {
            assert_eq!(pragma(r, name)?, value, "reader: {name}");
        }
        Ok(())
    });
    reader.expect("pragmas");
    let sql = "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = '' WHERE name = 'people'";
    let rewritten = store.write_blocking(move |w| Ok(w.execute_batch(sql)?));
    assert!(
        rewritten.is_err(),
        "nobody rewrites the schema behind SQLite's back"
    );
}

/// What opening says of a file that was changed in this way; the file must stay as it is.
fn refusal(change: impl FnOnce(&Path)) -> String {
    let (folder, store) = open();
    store.close();
    drop(store);
    let path = folder.path().join("doorward.db");
    change(&path);
    let bytes = std::fs::read(&path).expect("the file");
    let error = Store::open(&path).err().expect("refused").message;
    assert_eq!(
        std::fs::read(&path).expect("the file"),
        bytes,
        "a refused file is left as it is"
    );
    error
}

fn with(path: &Path, sql: &str) {
    let connection = Connection::open(path).expect("a file");
    connection.execute_batch(sql).expect(sql);
}

#[test]
fn files_of_others_and_of_the_future_are_refused_unchanged() {
    let newer = refusal(|path| with(path, "PRAGMA user_version = 99"));
    assert!(newer.contains("newer Doorward (version 99"), "{newer}");
    let foreign = refusal(|path| with(path, "PRAGMA application_id = 7"));
    assert!(foreign.contains("is not a database of Doorward"), "{foreign}");
    let unmarked = refusal(|path| {
        std::fs::remove_file(path).expect("removed");
        with(
            path,
            "CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup')",
        );
    });
    assert!(unmarked.contains("is not a database of Doorward"), "{unmarked}");
    let text = "not a database at all, but long enough to look. ".repeat(200);
    let text = refusal(|path| std::fs::write(path, text).expect("written"));
    assert!(text.contains("cannot be read as a database"), "{text}");
    let cut = refusal(|path| {
        let file = std::fs::OpenOptions::new()
            .write(true)
            .open(path)
            .expect("the file");
        file.set_len(3 * 4096 + 100).expect("cut");
    });
    assert!(
        cut.contains("cannot be read as a database") && cut.contains("backup"),
        "{cut}"
    );
}

#[test]
fn a_first_start_that_was_killed_halfway_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("doorward.db");
    // Marked as ours, and no table yet: what is there between the two steps.
    with(
        &path,
        "PRAGMA journal_mode = WAL; PRAGMA application_id = 0x444F4F52",
    );
    let store = Store::open(&path).expect("a store");
    assert_eq!(count(&store), 0);
}

/// A database as the version with provisioning left it, with somebody in it.
const BEFORE_SIGN_ON: &str = "
    INSERT INTO organization VALUES (1, 'Acme', 'https://door.example', '', 5);
    INSERT INTO people (id, email, email_key, given_name, family_name, search_key, sort_key, role, state, version,
                        created_at, updated_at)
        VALUES ('01890000-0000-7000-8000-000000000001', 'Bob@example.com', 'bob@example.com', 'Bob', 'Tan',
                'bob tan bob@example.com', 'tan', 'admin', 'active', 3, 5, 6);
    INSERT INTO passphrases VALUES ('01890000-0000-7000-8000-000000000001', '$argon2id$kept', 7);
    INSERT INTO recovery_codes VALUES ('01890000-0000-7000-8000-000000000001', x'aa', 7, NULL);
    INSERT INTO connections (id, slug, provider, name, enabled, saml, version, created_at, updated_at, tested_at)
        VALUES ('01890000-0000-7000-8000-000000000002', 'okta', 'okta', 'Okta', 1, '{\"sign_requests\": true}', 4, 5, 6, 8);
    INSERT INTO connection_domains VALUES ('example.com', '01890000-0000-7000-8000-000000000002', 'Alice Ng', 9);
    INSERT INTO identities (id, person_id, connection_id, issuer, subject, linked_how, created_at)
        VALUES ('01890000-0000-7000-8000-000000000003', '01890000-0000-7000-8000-000000000001',
                '01890000-0000-7000-8000-000000000002', 'https://idp.example', '00u1', 'domain', 5);
    INSERT INTO sessions VALUES (x'bb', '01890000-0000-7000-8000-000000000004', '01890000-0000-7000-8000-000000000001',
                                 '01890000-0000-7000-8000-000000000002', 'saml', 10, 11, 12, '192.0.2.1', 'a browser');
    INSERT INTO directory_users (id, connection_id, person_id, claimed, created_here, user_name, user_name_key, display, active,
                                 created_at, updated_at, deleted_at, document, search)
        VALUES ('01890000-0000-7000-8000-000000000005', '01890000-0000-7000-8000-000000000002',
                '01890000-0000-7000-8000-000000000001', 1, 0, 'bob', 'bob', 'Bob', 1, 5, 6, NULL, '{}', jsonb('{}')),
               ('01890000-0000-7000-8000-000000000006', '01890000-0000-7000-8000-000000000002', NULL, 0, 0, 'ada', 'ada',
                'Ada', 1, 5, 6, NULL, '{}', jsonb('{}')),
               ('01890000-0000-7000-8000-000000000007', '01890000-0000-7000-8000-000000000002', NULL, 1, 0, 'eve', 'eve',
                'Eve', 1, 5, 6, 7, '{}', jsonb('{}'));
    INSERT INTO directory_groups (id, connection_id, display_name, display_key, created_at, updated_at, document, search)
        VALUES ('01890000-0000-7000-8000-000000000008', '01890000-0000-7000-8000-000000000002', 'Team', 'team', 5, 6,
                '{}', jsonb('{}'));
";

#[test]
fn a_database_of_the_version_before_keeps_what_is_in_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("doorward.db");
    with(
        &path,
        "PRAGMA journal_mode = WAL; PRAGMA application_id = 0x444F4F52",
    );
    for step in [
        include_str!("../../migrations/0001_first.sql"),
        include_str!("../../migrations/0002_provisioning.sql"),
        BEFORE_SIGN_ON,
        "PRAGMA user_version = 2",
    ] {
        with(&path, step);
    }
    let opened = doorward::clock::Clock::system().now();
    let store = Store::open(&path).expect("it is brought up to date");
    let read = store.read(|r| {
        let bob = store::people::find_by_email(r, "bob@example.com")?.expect("bob");
        assert_eq!(
            (bob.email.as_str(), bob.role.key.as_str(), bob.version),
            ("Bob@example.com", "admin", 3)
        );
        let phc = store::passphrases::find(r, bob.id)?;
        assert_eq!(phc.as_deref(), Some("$argon2id$kept"));
        assert_eq!(store::passphrases::changed_at(r, bob.id)?, Some(Timestamp(7)));
        assert!(store::passphrases::has_recovery_code(r, bob.id, &[0xaa])?);
        // The week for a second factor begins with the upgrade: nobody is locked out by it.
        let since = store::passphrases::since(r, bob.id)?.expect("a beginning").0;
        // SQLite's own clock, in whole seconds.
        assert!(since >= opened.0 - 1_000, "{since}");

        let okta = store::connections::get_by_slug(r, "okta")?;
        assert!(okta.enabled && okta.saml.sign_requests);
        assert_eq!((okta.version, okta.tested_at), (4, Some(Timestamp(8))));
        assert!(okta.oidc.provider.is_none());
        assert_eq!(store::connections::list_domains(r, okta.id)?, ["example.com"]);
        assert!(store::connections::speaks_for(r, okta.id, "example.com")?);
        let proof = r.query_row(
            "SELECT how || ' ' || confirmed_by || ' ' || confirmed_at FROM connection_domains",
            [],
            |row| row.get::<_, String>(0),
        )?;
        assert_eq!(proof, "owner Alice Ng 9");
        assert_eq!(store::identities::list_of_person(r, bob.id)?.len(), 1);

        let session = store::sessions::find(r, &[0xbb])?.expect("the session");
        assert_eq!(
            (session.person_id, session.connection_id),
            (bob.id, Some(okta.id))
        );
        assert_eq!(
            (session.method, session.signed_in_at, session.expires_at),
            (Method::Saml, Timestamp(10), Timestamp(12))
        );
        // Nothing was proved that counts for what asks for a proof, and the provider cannot name it.
        assert_eq!(
            (session.proved_at, session.strong, session.idp),
            (Timestamp(0), false, None)
        );

        let counts = r.query_row(
            "SELECT group_concat(kind || ' ' || live || ' ' || claimed || ' ' || tied, ', ' ORDER BY kind)
             FROM directory_blocks",
            [],
            |row| row.get::<_, String>(0),
        )?;
        assert_eq!(counts, "group 1 0 0, user 2 1 1");

        let broken: i64 = r.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| {
            row.get(0)
        })?;
        assert_eq!(broken, 0);
        Ok(())
    });
    read.expect("everything is there");
    // Several connections may speak for one domain now.
    let second = "INSERT INTO connections (id, slug, provider, name, enabled, saml, created_at, updated_at)
                  VALUES ('01890000-0000-7000-8000-000000000005', 'op', 'generic', 'Op', 1, '{}', 5, 5);
                  INSERT INTO connection_domains (domain, connection_id, how, confirmed_by, confirmed_at)
                  VALUES ('example.com', '01890000-0000-7000-8000-000000000005', 'dns', 'Alice Ng', 9)";
    store
        .write_blocking(move |w| Ok(w.execute_batch(second)?))
        .expect("a second one");
    // What hangs on a connection still goes with it.
    store
        .write_blocking(|w| Ok(w.execute("DELETE FROM connections WHERE slug = 'okta'", [])?))
        .expect("removed");
    let left = store.read(|r| {
        let sql = "SELECT (SELECT count(*) FROM connection_domains) * 10 + (SELECT count(*) FROM sessions)";
        Ok(r.query_row(sql, [], |row| row.get::<_, i64>(0))?)
    });
    assert_eq!(left.expect("a count"), 10);
}
