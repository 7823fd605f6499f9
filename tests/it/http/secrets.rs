//! After a whole story, nothing that was told once can be read again in the database or in the log.

use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};
use doorward::flows::{enroll, hash};
use doorward::random::Random;
use doorward::vault::{Place, Vault};
use doorward::web::server::block_on;

use crate::app::{ALICE, BOB, PASSPHRASE, TestApp, Visitor};

/// Every file below a folder, end to end.
fn everything(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        // The key file is the one secret on the disk; the socket cannot be read.
        if name != "doorward.key" && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            found.push((name, std::fs::read(entry.path()).expect("a file")));
        }
    }
    found
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn cookies(visitor: &Visitor) -> Vec<String> {
    let all = ["doorward", "doorward_flow", "doorward_device", "doorward_setup"];
    all.iter().filter_map(|name| visitor.cookie(name)).collect()
}

/// First run in the browser, people, sign-ins by both doors, a key of our own. All that was told on the way.
fn story(app: &TestApp) -> Vec<String> {
    let code = block_on(enroll::make_setup_code(&app.ctx))
        .expect("a code")
        .expect("a code");
    let mut secrets = vec![code.clone(), PASSPHRASE.to_owned()];
    let alice = app.visitor();
    alice.get(&format!("/setup?code={code}"));
    secrets.extend(cookies(&alice));
    let owner = [
        ("owner_name", "Alice Ng"),
        ("owner_email", ALICE),
        ("passphrase", PASSPHRASE),
        ("passphrase_again", PASSPHRASE),
    ];
    alice.post("/setup/owner", &owner);
    let recovery = alice.get("/setup/recovery-codes").all(".codes li");
    assert_eq!(recovery.len(), 10);
    secrets.extend(
        recovery
            .iter()
            .flat_map(|code| [code.clone(), code.replace('-', "")]),
    );
    alice.post("/setup/recovery-codes", &[("stored", "on")]);
    let done = alice.post(
        "/setup/organization",
        &[("organization", "Acme"), ("base_url", &app.base)],
    );
    assert_eq!(done.to(), "/admin");
    secrets.extend(cookies(&alice));
    app.add(BOB, "member");
    let okta = app.connect("okta", "sign_requests = true");
    let bob = app.visitor();
    assert_eq!(okta.sign_in(&bob, BOB).to(), "/");
    secrets.extend(cookies(&bob));
    let wrong = "my real passphrase, mistyped";
    secrets.push(wrong.to_owned());
    app.visitor()
        .post("/login", &[("email", ALICE), ("passphrase", wrong)]);
    // Typed into the wrong field, as happens.
    app.visitor()
        .post("/login", &[("email", wrong), ("passphrase", wrong)]);
    let again = app.alice();
    secrets.extend(cookies(&again));
    assert!(again.get("/sso/okta/metadata").text().contains("X509Certificate"));
    again.post("/logout", &[]);
    secrets
}

#[test]
fn no_secret_lies_in_the_database_or_its_log() {
    let app = TestApp::fresh();
    let secrets = story(&app);
    assert!(secrets.len() >= 25, "{}", secrets.len());
    let key = block_on(app.ctx.sp_key())
        .expect("our key")
        .to_secret_bytes()
        .to_vec();
    let folder = app.folder.path().join("data");
    // While it runs the write-ahead log is there; after the stop all is in the database.
    let running = everything(&folder);
    assert!(
        running
            .iter()
            .any(|(name, bytes)| name == "doorward.db-wal" && !bytes.is_empty())
    );
    let place = app.stop();
    let stopped = everything(&place.path().join("data"));
    for (name, bytes) in running.iter().chain(&stopped) {
        for secret in &secrets {
            assert!(!holds(bytes, secret.as_bytes()), "{name} holds {secret}");
        }
        // The key in DER, and in base64 whichever way it is aligned.
        for at in (0..key.len() - 48).step_by(48) {
            let part = &key[at..at + 48];
            assert!(!holds(bytes, part), "{name} holds our private key at {at}");
            assert!(
                !holds(bytes, &STANDARD.encode(part).as_bytes()[..60]),
                "{name} holds our private key"
            );
        }
    }
    let database = &stopped
        .iter()
        .find(|(name, _)| name == "doorward.db")
        .expect("a database")
        .1;
    assert!(
        holds(database, ALICE.as_bytes()),
        "the search finds what is there"
    );
    let session = secrets.iter().find(|s| holds(database, &hash(s)));
    assert!(session.is_some(), "of tokens, only the hash is kept");
}

fn place(row: &str) -> Place<'_> {
    Place {
        table: "own_keys",
        row,
        column: "sealed",
    }
}

#[test]
fn a_sealed_value_opens_in_its_place_with_its_key_and_unchanged() {
    let folder = tempfile::tempdir().expect("a folder");
    let random = Random::system();
    let vault = Vault::open(&folder.path().join("a.key"), true, &random).expect("a vault");
    let sealed = vault.seal(place("saml"), b"secret", &random).expect("sealed");
    assert!(!holds(&sealed, b"secret"));
    assert_eq!(
        vault.unseal(place("saml"), &sealed).expect("opened").as_slice(),
        b"secret"
    );
    assert_ne!(
        vault.seal(place("saml"), b"secret", &random).expect("sealed"),
        sealed,
        "never the same twice"
    );
    let elsewhere = [
        place("oidc"),
        Place {
            table: "other",
            ..place("saml")
        },
        Place {
            column: "other",
            ..place("saml")
        },
        // The parts are told apart, not only put together.
        Place {
            table: "own_keyss",
            row: "aml",
            column: "sealed",
        },
    ];
    for other in elsewhere {
        assert!(vault.unseal(other, &sealed).is_err(), "{other:?}");
    }
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(vault.unseal(place("saml"), &changed).is_err(), "byte {at}");
    }
    for length in 0..sealed.len() {
        assert!(
            vault.unseal(place("saml"), &sealed[..length]).is_err(),
            "{length} bytes"
        );
    }
    let other = Vault::open(&folder.path().join("b.key"), true, &random).expect("a vault");
    let error = other.unseal(place("saml"), &sealed).expect_err("another key");
    assert!(
        error.message.contains("Restore the key file that belongs to it"),
        "{error}"
    );
    let again = Vault::open(&folder.path().join("a.key"), false, &random).expect("the same vault");
    assert!(again.unseal(place("saml"), &sealed).is_ok());
    assert!(again.is_marked("x", &vault.mark("x")) && !other.is_marked("x", &vault.mark("x")));
    assert!(!again.is_marked("y", &vault.mark("x")));
}

#[test]
fn a_key_file_that_is_missing_or_broken_stops_the_start_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("doorward.key");
    let open = |may_create| {
        Vault::open(&path, may_create, &Random::system())
            .err()
            .map(|e| e.message)
    };
    assert!(
        open(false)
            .expect("refused")
            .contains("is missing, and the database holds secrets")
    );
    assert!(!path.exists());
    for broken in ["", "AAAA", "not base64 at all!", "\u{0}"] {
        std::fs::write(&path, broken).expect("written");
        assert!(
            open(true)
                .expect("refused")
                .contains("cannot be read as a key file"),
            "{broken:?}"
        );
    }
    std::fs::write(&path, [0xff; 44]).expect("written");
    assert!(
        open(true)
            .expect("refused")
            .contains("cannot be read as a key file")
    );
}
