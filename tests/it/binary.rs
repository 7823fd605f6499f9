//! The compiled program in a directory of its own: started, told, stopped, killed, and started again.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use doorward::control::{self, Request};
use doorward::flows::apply::Application;
use rusqlite::Connection;

use crate::app::{ALICE, PASSPHRASE, Visitor};

/// A directory with the program's data in it, and whatever else a test puts there.
pub struct Place(pub tempfile::TempDir);

/// A running `doorward serve`. Dropping it kills it.
pub struct Running {
    pub child: Child,
    pub url: String,
    first_run: Option<String>,
    log: Option<std::thread::JoinHandle<String>>,
}

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// Set up, with alice as its owner.
    pub fn set_up() -> Self {
        let place = Self::new();
        std::fs::write(place.path("passphrase"), format!("{PASSPHRASE}\n")).expect("written");
        let done = place.run(&[
            "init",
            "--owner-email",
            ALICE,
            "--owner-name",
            "Alice Ng",
            "--password-file",
            "passphrase",
            "--organization",
            "Acme",
            "--base-url",
            "http://127.0.0.1:8080",
        ]);
        assert!(done.status.success(), "{}", err(&done));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
        command.args(arguments).current_dir(self.0.path()).env_clear();
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        ends(self.command(arguments))
    }

    pub fn serve(&self) -> Running {
        self.serve_with(&[])
    }

    fn serve_with(&self, more: &[&str]) -> Running {
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], more].concat();
        Running::wait_for(self.command(&arguments).spawn().expect("it starts"))
    }

    pub fn apply(&self, toml: &str, more: &[&str]) -> Output {
        std::fs::write(self.path("file.toml"), toml).expect("written");
        self.run(&[&["apply", "file.toml"], more].concat())
    }

    pub fn database(&self) -> Connection {
        Connection::open(self.path("data/doorward.db")).expect("the database")
    }
}

impl Running {
    fn wait_for(mut child: Child) -> Self {
        let mut lines = BufReader::new(child.stdout.take().expect("standard output")).lines();
        let mut stderr = child.stderr.take().expect("standard error");
        let log = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            text
        });
        let url = lines.next().expect("a line").expect("text");
        let url = url.split_once(" answers at ").expect(&url).1.to_owned();
        let mut running = Self {
            child,
            url,
            first_run: None,
            log: Some(log),
        };
        let until = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(running.address()).is_err() {
            assert!(Instant::now() < until, "it does not answer");
        }
        // Further lines come before the first answer; what follows later is read and let go.
        let (send, receive) = std::sync::mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(send.send(line))));
        while let Ok(line) = receive.recv_timeout(Duration::from_millis(300)) {
            if let Some(rest) = line.strip_prefix("First run: open ") {
                running.first_run = rest.split(' ').next().map(str::to_owned);
            }
        }
        running
    }

    fn address(&self) -> SocketAddr {
        let port = self.url.rsplit(':').next().expect("a port");
        SocketAddr::from(([127, 0, 0, 1], port.parse().expect("a port")))
    }

    fn visitor(&self) -> Visitor {
        Visitor::new(&self.url)
    }

    fn alice(&self) -> Visitor {
        let visitor = self.visitor();
        let page = visitor.post("/login", &[("email", ALICE), ("passphrase", PASSPHRASE)]);
        assert_eq!(page.status, 303, "{}", page.text());
        visitor
    }

    fn signal(&self, name: &str) {
        let done = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
        assert!(done.expect("kill").success());
    }

    /// SIGTERM, and how it ended: the code, what it logged, and how long it took.
    fn stop(mut self) -> (Option<i32>, String, Duration) {
        self.signal("TERM");
        self.ended()
    }

    fn ended(&mut self) -> (Option<i32>, String, Duration) {
        let began = Instant::now();
        let status = self.child.wait().expect("it ends");
        let log = self.log.take().expect("once").join().expect("the log");
        (status.code(), log, began.elapsed())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command that has to end by itself, and soon.
fn ends(mut command: Command) -> Output {
    let mut child = command.spawn().expect("it runs");
    let until = Instant::now() + Duration::from_secs(30);
    while child.try_wait().expect("a state").is_none() {
        if Instant::now() > until {
            child.kill().expect("killed");
            panic!("{command:?} goes on and on");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.wait_with_output().expect("its output")
}

pub fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_fresh_directory_becomes_an_appliance_that_only_its_owner_can_read() {
    let place = Place::new();
    // However careless the shell is.
    let script = format!(
        "umask 0; exec {} serve --listen 127.0.0.1:0",
        env!("CARGO_BIN_EXE_doorward")
    );
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &script])
        .current_dir(place.0.path())
        .env_clear();
    let spawned = shell
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let running = Running::wait_for(spawned);
    let first_run = running.first_run.clone().expect("a first-run address");
    assert!(
        first_run.starts_with(&format!("{}/setup?code=", running.url)),
        "{first_run}"
    );
    assert_eq!(running.visitor().get(&first_run).to(), "/setup/owner");
    assert_eq!(running.visitor().get("/readyz").status, 200);
    let mode = |path: &Path| path.symlink_metadata().expect("there").permissions().mode() & 0o7777;
    let data = place.path("data");
    assert_eq!(mode(&data), 0o700);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&data).expect("a folder").flatten() {
        assert_eq!(mode(&entry.path()), 0o600, "{:?}", entry.file_name());
        names.push(entry.file_name().into_string().expect("text"));
    }
    names.sort();
    let all = [
        "doorward.db",
        "doorward.db-shm",
        "doorward.db-wal",
        "doorward.key",
        "doorward.lock",
        "doorward.sock",
    ];
    assert_eq!(names, all);
    let (code, ..) = running.stop();
    assert_eq!(code, Some(0));
    // A directory that somebody opened to others is closed again.
    std::fs::set_permissions(&data, PermissionsExt::from_mode(0o755)).expect("changed");
    let again = place.serve();
    assert_eq!(mode(&data), 0o700);
    assert_ne!(
        again.first_run.as_deref(),
        Some(first_run.as_str()),
        "each start makes a new code"
    );
}

#[test]
fn a_second_process_is_refused_at_once() {
    let place = Place::set_up();
    let running = place.serve();
    assert_eq!(running.first_run, None, "the first run is done");
    let began = Instant::now();
    let second = place.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(second.status.code(), Some(1));
    assert!(
        err(&second).contains("Another Doorward is running on the data directory ./data"),
        "{}",
        err(&second)
    );
    assert_eq!(running.visitor().get("/healthz").status, 200);
    let busy = Place::set_up();
    let port = running.address().to_string();
    let taken = busy.run(&["serve", "--listen", &port]);
    assert_eq!(taken.status.code(), Some(1));
    assert!(
        err(&taken).contains(&format!("Doorward cannot listen on {port}")),
        "{}",
        err(&taken)
    );
}

#[test]
fn commands_work_on_a_stopped_and_on_a_running_appliance() {
    let place = Place::set_up();
    let bob = "[[person]]\nemail = \"bob@example.com\"\n";
    assert_eq!(
        out(&place.apply(bob, &["--dry-run"])),
        "Would change:\n- Added a person: bob@example.com (email: bob@example.com, family_name: , given_name: , role: member, state: active)\n"
    );
    assert!(out(&place.apply(bob, &[])).starts_with("Changed:\n- Added a person: bob@example.com"));
    let running = place.serve();
    assert_eq!(out(&place.apply(bob, &[])), "Nothing to change.\n");
    let carol = "[[person]]\nemail = \"carol@example.com\"\n[organization]\nname = \"Acme Ltd\"\n";
    let done = place.apply(carol, &[]);
    assert!(
        out(&done).contains("Added a person: carol@example.com"),
        "{}",
        err(&done)
    );
    assert!(
        running.visitor().get("/login").text().contains("Acme Ltd"),
        "the pages see it at once"
    );
    let wrong = place.apply("[[person]]\nemail = \"x\"\n", &[]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(
        err(&wrong).contains("x: email: An e-mail address has the form"),
        "{}",
        err(&wrong)
    );
    let missing = place.apply(
        "[[connection]]\nslug = \"a\"\n[connection.saml]\nmetadata_file = \"none.xml\"\n",
        &[],
    );
    assert!(
        err(&missing).contains("none.xml cannot be read"),
        "{}",
        err(&missing)
    );
    let twice = place.run(&[
        "init",
        "--owner-email",
        "m@example.com",
        "--owner-name",
        "M",
        "--password-file",
        "passphrase",
        "--organization",
        "M",
        "--base-url",
        "http://127.0.0.1:1",
    ]);
    assert!(
        err(&twice).contains("The first run is done already"),
        "{}",
        err(&twice)
    );
    assert_eq!(running.stop().0, Some(0));
    let people: i64 = place
        .database()
        .query_row("SELECT count(*) FROM people", [], |row| row.get(0))
        .expect("a count");
    assert_eq!(people, 3);
}

#[test]
fn settings_that_make_no_sense_stop_the_start_with_their_name() {
    let place = Place::new();
    std::fs::write(place.path("d.toml"), "lisen = \"127.0.0.1:0\"\n").expect("written");
    let with_variable = |name: &str, value: &str| {
        let mut command = place.command(&["serve"]);
        command.env(name, value);
        ends(command)
    };
    let cases = [
        (
            place.run(&["serve", "--listen", "0.0.0.0:0"]),
            vec!["--listen", "plain HTTP", "--tls self-signed", "--behind-proxy"],
        ),
        (
            place.run(&["serve", "--listen", "[::]:0"]),
            vec!["--listen", "plain HTTP"],
        ),
        (
            place.run(&["serve", "--listen", "192.0.2.1:80"]),
            vec!["--listen", "plain HTTP"],
        ),
        (
            with_variable("DOORWARD_LISEN", "127.0.0.1:0"),
            vec!["DOORWARD_LISEN", "Did you mean `DOORWARD_LISTEN`?"],
        ),
        (
            with_variable("DOORWARD_LISTEN", "here"),
            vec!["DOORWARD_LISTEN", "must be an IP address and a port"],
        ),
        (
            place.run(&["serve", "--config", "d.toml"]),
            vec!["`lisen` in d.toml", "Did you mean `listen`?"],
        ),
        (
            place.run(&["serve", "--tls-cert", "none.pem", "--tls-key", "none.key"]),
            vec!["none."],
        ),
    ];
    for (output, words) in cases {
        assert!(matches!(output.status.code(), Some(1 | 2)), "{:?}", output.status);
        for word in words {
            assert!(err(&output).contains(word), "{word:?} is not in {}", err(&output));
        }
    }
    let proxied = Running::wait_for(
        place
            .command(&["serve", "--listen", "0.0.0.0:0", "--behind-proxy", "10.0.0.1"])
            .spawn()
            .expect("it starts"),
    );
    assert!(proxied.url.starts_with("http://localhost:"), "{}", proxied.url);
}

#[test]
fn a_certificate_of_its_own_serves_https() {
    let place = Place::set_up();
    let running = place.serve_with(&["--tls", "self-signed"]);
    assert!(running.url.starts_with("https://"), "{}", running.url);
    let alice = running.alice();
    assert!(
        alice
            .cookie("__Host-doorward")
            .is_some_and(|cookie| !cookie.is_empty())
            || alice.me().is_some()
    );
    assert_eq!(alice.email().as_deref(), Some(ALICE));
    let plain = crate::app::ask(
        running.address(),
        b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    );
    assert_ne!(plain.status, 200, "nothing is answered in the clear");
}

#[test]
fn sigterm_lets_requests_in_flight_end_and_folds_the_log_in() {
    let place = Place::set_up();
    let running = place.serve();
    let body = format!(
        "email=alice%40example.com&passphrase={}",
        PASSPHRASE.replace(' ', "+")
    );
    let (first, rest) = body.split_at(20);
    let begin = |_| {
        let mut stream = TcpStream::connect(running.address()).expect("a connection");
        let head = format!(
            "POST /login HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{first}",
            running.address(),
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("sent");
        stream
    };
    let streams: Vec<TcpStream> = (0..6).map(begin).collect();
    // Visitors with an idle connection must not hold the stop up.
    let idle: Vec<Visitor> = (0..3).map(|_| running.alice()).collect();
    std::thread::sleep(Duration::from_millis(300));
    let address = running.address();
    running.signal("TERM");
    std::thread::sleep(Duration::from_millis(300));
    let mut answered = 0;
    for mut stream in streams {
        stream.write_all(rest.as_bytes()).expect("sent");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(
            answer.starts_with("HTTP/1.1 303"),
            "a request in flight was answered with {answer:?}"
        );
        answered += 1;
    }
    let mut running = running;
    let (code, log, took) = running.ended();
    assert_eq!((answered, code), (6, Some(0)), "{log}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    drop(idle);
    assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
    let wal = std::fs::metadata(place.path("data/doorward.db-wal")).map_or(0, |file| file.len());
    assert_eq!(wal, 0, "the write-ahead log is folded in");
    assert!(!place.path("data/doorward.sock").exists());
    let sessions: i64 = place
        .database()
        .query_row("SELECT count(*) FROM sessions", [], |row| row.get(0))
        .expect("a count");
    assert_eq!(sessions, 9, "what was answered is there");
}

/// Signs in and adds people until the process is gone; what was acknowledged.
fn write_until_killed(place: &Place, running: &mut Running, round: usize) -> (Vec<String>, Vec<String>) {
    let (sessions, people) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let data = place.path("data");
    std::thread::scope(|scope| {
        let (url, sessions, people, data) = (running.url.clone(), &sessions, &people, &data);
        for _ in 0..2 {
            let url = url.clone();
            scope.spawn(move || {
                loop {
                    let visitor = Visitor::new(&url);
                    let form = [("email", ALICE), ("passphrase", PASSPHRASE)];
                    let request = visitor
                        .client
                        .post(visitor.url("/login"))
                        .header("Sec-Fetch-Site", "same-origin");
                    match request.form(&form).send() {
                        Ok(answer) if answer.status() == 303 => {
                            sessions
                                .lock()
                                .expect("a list")
                                .extend(visitor.cookie("doorward"));
                        }
                        _ => break,
                    }
                }
            });
        }
        for writer in 0..2 {
            scope.spawn(move || {
                for number in 0.. {
                    let email = format!("p{round}-{writer}-{number}@example.com");
                    let toml = format!("[[person]]\nemail = {email:?}\n");
                    let application = Application {
                        toml,
                        ..Application::default()
                    };
                    match control::ask(data, &Request::Apply(application)) {
                        Ok(_) => people.lock().expect("a list").push(email),
                        Err(_) => break,
                    }
                }
            });
        }
        std::thread::sleep(Duration::from_millis(150 + 37 * round as u64));
        // On a busy machine nothing may have been acknowledged by now.
        let began = Instant::now();
        let is_enough =
            || !sessions.lock().expect("a list").is_empty() && people.lock().expect("a list").len() >= 3;
        while !is_enough() && began.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(5));
        }
        running.child.kill().expect("killed");
        running.child.wait().expect("gone");
    });
    (
        sessions.into_inner().expect("a list"),
        people.into_inner().expect("a list"),
    )
}

#[test]
fn what_was_acknowledged_survives_being_killed_ten_times() {
    let place = Place::set_up();
    let (mut sessions, mut people) = (Vec::new(), Vec::new());
    for round in 0..10 {
        let mut running = place.serve();
        let (more_sessions, more_people) = write_until_killed(&place, &mut running, round);
        sessions.extend(more_sessions);
        people.extend(more_people);
        let database = place.database();
        let check: String = database
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .expect("a check");
        assert_eq!(check, "ok", "round {round}");
        for email in &people {
            let found: i64 = database
                .query_row("SELECT count(*) FROM people WHERE email = ?1", [email], |row| {
                    row.get(0)
                })
                .expect("a count");
            assert_eq!(found, 1, "round {round}: {email} was acknowledged");
        }
    }
    assert!(
        sessions.len() >= 10 && people.len() >= 30,
        "{} and {}",
        sessions.len(),
        people.len()
    );
    let running = place.serve();
    for session in &sessions {
        let visitor = running.visitor();
        visitor.plant("doorward", session);
        assert!(visitor.me().is_some(), "a session that was handed out is gone");
    }
    let verified = doorward::store::Store::open(&place.path("data/doorward.db"));
    let events = verified
        .expect("a store")
        .read(doorward::store::events::verify)
        .expect("an unbroken chain");
    assert!(events >= people.len() as i64);
}

#[test]
fn what_cannot_be_opened_is_refused_with_a_way_out() {
    let place = Place::set_up();
    // Our own key must exist, or a missing key file would simply be made anew.
    let running = place.serve();
    place.apply("[[connection]]\nslug = \"okta\"\n", &[]);
    assert_eq!(running.visitor().get("/sso/okta/metadata").status, 200);
    assert_eq!(running.stop().0, Some(0));
    let database = place.path("data/doorward.db");
    let good = std::fs::read(&database).expect("the database");
    let refused = |what: &str, words: &[&str]| {
        let began = Instant::now();
        let output = place.run(&["serve", "--listen", "127.0.0.1:0"]);
        assert_eq!(output.status.code(), Some(1), "{what}: {}", err(&output));
        assert!(began.elapsed() < Duration::from_secs(5), "{what}");
        for word in words {
            assert!(
                err(&output).contains(word),
                "{what}: {word:?} is not in {}",
                err(&output)
            );
        }
        std::fs::write(&database, &good).expect("restored");
    };
    place
        .database()
        .execute_batch("PRAGMA user_version = 99")
        .expect("changed");
    refused(
        "newer",
        &["written by a newer Doorward", "Start the newer program."],
    );
    place
        .database()
        .execute_batch("PRAGMA application_id = 1")
        .expect("changed");
    refused(
        "foreign",
        &["is not a database of Doorward", "name another data directory"],
    );
    std::fs::write(&database, &good[..good.len() / 2]).expect("cut");
    refused(
        "truncated",
        &["cannot be read as a database", "Restore it from a backup"],
    );
    std::fs::write(&database, b"hello").expect("written");
    refused("text", &["cannot be read as a database"]);
    let key = place.path("data/doorward.key");
    let kept = std::fs::read(&key).expect("the key file");
    std::fs::remove_file(&key).expect("removed");
    refused(
        "no key file",
        &["doorward.key is missing", "Restore it from your backup."],
    );
    assert!(!key.exists(), "none is made in its place");
    std::fs::write(&key, "short").expect("written");
    refused("broken key file", &["cannot be read as a key file"]);
    std::fs::write(&key, kept).expect("restored");
    let again = place.serve();
    assert_eq!(again.visitor().get("/sso/okta/metadata").status, 200);
    let file = place.path("file");
    std::fs::write(&file, "x").expect("written");
    let output = place.run(&["serve", "--data-dir", "file"]);
    assert!(
        err(&output).contains("file is not a directory"),
        "{}",
        err(&output)
    );
}

#[test]
fn nothing_secret_is_ever_logged() {
    let place = Place::new();
    let running = place.serve_with(&["--log", "trace"]);
    let first_run = running.first_run.clone().expect("an address");
    let code = first_run.split_once("code=").expect("a code").1.to_owned();
    let alice = running.visitor();
    alice.get(&first_run);
    let owner = [
        ("owner_name", "Alice"),
        ("owner_email", ALICE),
        ("passphrase", PASSPHRASE),
        ("passphrase_again", PASSPHRASE),
    ];
    alice.post("/setup/owner", &owner);
    let mut secrets = alice.get("/setup/recovery-codes").all(".codes li");
    alice.post("/setup/recovery-codes", &[("stored", "on")]);
    assert_eq!(
        alice
            .post(
                "/setup/organization",
                &[("organization", "Acme"), ("base_url", &running.url)]
            )
            .to(),
        "/admin"
    );
    let wrong = "quite another set of words";
    running
        .visitor()
        .post("/login", &[("email", ALICE), ("passphrase", wrong)]);
    let again = running.alice();
    running.visitor().get("/sso/none");
    secrets.extend([code, PASSPHRASE.to_owned(), wrong.to_owned()]);
    for visitor in [&alice, &again] {
        secrets.extend(
            ["doorward", "doorward_device"]
                .iter()
                .filter_map(|name| visitor.cookie(name)),
        );
    }
    assert!(secrets.len() >= 16, "{}", secrets.len());
    again.post("/logout", &[]);
    let (code, log, _) = running.stop();
    assert_eq!(code, Some(0));
    assert!(log.contains("stopping"), "there is a log: {log:?}");
    for secret in secrets {
        assert!(!log.contains(&secret), "the log holds {secret}: {log}");
    }
}

#[test]
fn a_token_is_printed_alone_whether_the_appliance_runs_or_not() {
    let place = Place::set_up();
    let made = place.apply("[[connection]]\nslug = \"okta\"\n", &[]);
    assert!(made.status.success(), "{}", err(&made));
    let create = |more: &[&str]| place.run(&[&["token", "create", "--connection", "okta"], more].concat());
    let token = |done: &Output| {
        assert!(done.status.success(), "{}", err(done));
        let text = out(done);
        let line = text.strip_suffix('\n').expect("one line").to_owned();
        assert!(
            line.starts_with("dws_") && line.len() == 47 && !line.contains(char::is_whitespace),
            "{line}"
        );
        line
    };
    let stopped = token(&create(&["--expires", "365d", "--label", "Okta 2026"]));
    let running = place.serve();
    let live = token(&create(&[]));
    assert_ne!(stopped, live);
    let third = create(&[]);
    assert!(!third.status.success());
    assert!(
        err(&third).contains("Two bearer tokens are live already"),
        "{}",
        err(&third)
    );
    assert_eq!(out(&third), "");
    let list = out(&place.run(&["token", "list", "--connection", "okta"]));
    assert_eq!(list.lines().count(), 2, "{list}");
    assert!(list.contains("Bearer token \"Okta 2026\"  until "), "{list}");
    assert!(!list.contains("dws_"), "{list}");
    let id = list
        .lines()
        .find(|line| line.contains("Okta 2026"))
        .and_then(|line| line.split(' ').next());
    let revoke = ["token", "revoke", "--connection", "okta", id.expect("an id")];
    assert!(place.run(&revoke).status.success());
    let again = place.run(&revoke);
    assert!(
        err(&again).contains("There is no such credential."),
        "{}",
        err(&again)
    );
    for (arguments, words) in [
        (
            ["--connection", "none", "--label", "x"],
            "There is no such integration.",
        ),
        (["--connection", "okta", "--expires", "1y"], "365d"),
        (["--connection", "okta", "--expires", "0d"], "at least a minute"),
    ] {
        let done = place.run(&[&["token", "create"], &arguments[..]].concat());
        assert!(!done.status.success());
        assert!(err(&done).contains(words), "{}", err(&done));
        assert_eq!(out(&done), "");
    }
    drop(running);
    let left: i64 = place
        .database()
        .query_row(
            "SELECT count(*) FROM scim_credentials WHERE expires_at IS NULL",
            [],
            |row| row.get(0),
        )
        .expect("a count");
    assert_eq!(left, 1);
}
