//! The real server on a loopback port, with a fresh database, a clock that stands still and seeded dice.
//!
//! ```ignore
//! let app = TestApp::start();                       // set up: Acme, owned by alice
//! app.apply(r#"[[person]] email = "bob@example.com""#);
//! let bob = app.visitor();                          // a browser of their own
//! bob.post("/login", &[("email", "…"), ("passphrase", "…")]);
//! app.forward(10 * MINUTE);                         // nobody ever sleeps
//! ```
//!
//! alice owns, bob is a member, mallory attacks. Redirects are asserted, not followed.
#![allow(dead_code, unused_imports, reason = "every test uses a part of it")]

mod authenticator;
mod openid;
mod raw;
mod scim;
mod sso;
mod visitor;

pub use authenticator::{Authenticator, Phone};
pub use openid::openid_toml;
pub use raw::{Raw, ask, ask_in_parts};
pub use scim::ScimClient;
pub use sso::{Asked, Connected};
pub use visitor::{Page, Visitor};

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::JoinHandle;

use doorward::clock::Clock;
use doorward::config::{Config, LogFormat, LogLevel};
use doorward::flows::apply::{Application, apply};
use doorward::flows::enroll::{self, FirstRun};
use doorward::flows::{Context, Who};
use doorward::outbound::AllowedUpstream;
use doorward::random::Random;
use doorward::start::Appliance;
use doorward::web::server::block_on;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::idp::NOW;

pub const ALICE: &str = "alice@example.com";
pub const BOB: &str = "bob@example.com";
pub const PASSPHRASE: &str = "seven tired herons folding maps";

/// A running appliance. Dropping it stops it and removes its data.
pub struct TestApp {
    pub base: String,
    pub address: SocketAddr,
    pub ctx: Arc<Context>,
    pub folder: tempfile::TempDir,
    pub recovery_codes: Vec<String>,
    hand: Arc<AtomicI64>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TestApp {
    /// Set up: the organization Acme with alice as its owner.
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// As `start`, by the name of localhost: an IP address has no passkeys.
    pub fn start_named() -> Self {
        let mut app = Self::fresh();
        app.base = app.base.replace("127.0.0.1", "localhost");
        app.set_up()
    }

    /// As `start`, with these settings changed.
    pub fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::fresh_with(tempfile::tempdir().expect("a folder"), change).set_up()
    }

    /// The first run, unattended.
    pub fn set_up(mut self) -> Self {
        let run = FirstRun {
            owner_name: "Alice Ng".into(),
            owner_email: ALICE.into(),
            passphrase: Zeroizing::new(PASSPHRASE.into()),
            organization: "Acme".into(),
            base_url: self.base.clone(),
        };
        self.recovery_codes = enroll::make_recovery_codes(&self.ctx);
        let done = block_on(enroll::set_up(
            &self.ctx,
            Who::Command("init"),
            run,
            &self.recovery_codes,
        ));
        done.expect("the first run");
        self
    }

    /// Before its first run.
    pub fn fresh() -> Self {
        Self::fresh_with(tempfile::tempdir().expect("a folder"), |_| {})
    }

    /// Before its first run, in this folder, with these settings changed.
    pub fn fresh_with(folder: tempfile::TempDir, change: impl FnOnce(&mut Config)) -> Self {
        let hand = Arc::new(AtomicI64::new(NOW.0));
        Self::build(folder, Clock::fixed(hand.clone()), hand, change)
    }

    /// Before its first run, with the machine's clock: for browsers, whose time passes by itself.
    pub fn fresh_live(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::build(folder, Clock::system(), Arc::default(), change)
    }

    fn build(
        folder: tempfile::TempDir,
        clock: Clock,
        hand: Arc<AtomicI64>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = Config {
            data_dir: folder.path().join("data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            behind_proxy: Vec::new(),
            tls: None,
            allow_upstream: vec![AllowedUpstream::Network(
                "127.0.0.1/32".parse().expect("a network"),
            )],
            dns_server: None,
            log: LogLevel::Error,
            log_format: LogFormat::Text,
        };
        change(&mut config);
        let appliance = Appliance::build(config, clock, Random::seeded(7)).expect("the appliance");
        let (address, ctx) = (appliance.address(), appliance.context());
        let base = appliance.url();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let done = block_on(appliance.run(async move {
                let _ = stopped.await;
            }));
            done.expect("a clean stop");
        });
        let recovery_codes = Vec::new();
        Self {
            base,
            address,
            ctx,
            folder,
            recovery_codes,
            hand,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Moves the clock.
    pub fn forward(&self, millis: i64) {
        self.hand.fetch_add(millis, Ordering::SeqCst);
    }

    /// The clock's hand, for whoever moves it while a test waits.
    pub fn clock_hand(&self) -> Arc<AtomicI64> {
        self.hand.clone()
    }

    /// Sets the clock to the machine's, by which foreign programs live.
    pub fn catch_up(&self) {
        self.hand.store(Clock::system().now().0, Ordering::SeqCst);
    }

    /// Applies a file; the lines of its report.
    pub fn apply(&self, toml: &str) -> Vec<String> {
        self.try_apply(toml, BTreeMap::new())
            .unwrap_or_else(|error| panic!("{error}\n{toml}"))
    }

    pub fn try_apply(
        &self,
        toml: &str,
        files: BTreeMap<String, String>,
    ) -> doorward::error::Result<Vec<String>> {
        let application = Application {
            toml: toml.to_owned(),
            files,
            dry_run: false,
            has_recovery_path: false,
        };
        block_on(apply(&self.ctx, application))
    }

    /// Adds a person by hand.
    pub fn add(&self, email: &str, role: &str) {
        self.apply(&format!("[[person]]\nemail = {email:?}\nrole = {role:?}\n"));
    }

    /// Gives a person a passphrase, so that they can sign in with it.
    pub fn give_passphrase(&self, email: &str, passphrase: &str) {
        let (email, passphrase) = (email.to_lowercase(), Zeroizing::new(passphrase.to_owned()));
        block_on(async {
            let phc = self.ctx.hasher.hash(passphrase, [7; 16]).await.expect("a hash");
            let put = move |w: &doorward::store::Writer| {
                let person = doorward::store::people::find_by_email(w, &email)?.expect("the person");
                doorward::store::passphrases::put(w, person.id, &phc, NOW)
            };
            self.ctx.store.write(put).await.expect("a passphrase");
        });
    }

    /// Somebody with a browser of their own.
    pub fn visitor(&self) -> Visitor {
        Visitor::new(&self.base)
    }

    /// alice, signed in with her passphrase.
    pub fn alice(&self) -> Visitor {
        self.signed_in(ALICE, PASSPHRASE)
    }

    pub fn signed_in(&self, email: &str, passphrase: &str) -> Visitor {
        let visitor = self.visitor();
        let page = visitor.post("/login", &[("email", email), ("passphrase", passphrase)]);
        assert_eq!(page.status, 303, "{email} could not sign in: {}", page.text());
        visitor
    }

    /// Forgets how many sign-ins were started: a test starts more of them within a minute than an office does.
    pub fn forget_starts(&self) {
        let forget = "DELETE FROM throttles WHERE key LIKE 'start:%'";
        let done = self.ctx.store.write_blocking(move |w| Ok(w.execute(forget, [])?));
        done.expect("forgotten");
    }

    /// How many rows a query counts, straight from the database.
    pub fn count(&self, sql: &str) -> i64 {
        let sql = sql.to_owned();
        self.ctx
            .store
            .read(|r| Ok(r.query_row(&sql, [], |row| row.get::<_, i64>(0))?))
            .expect("a count")
    }

    /// Stops it as SIGTERM does, and gives its folder back.
    pub fn stop(mut self) -> tempfile::TempDir {
        self.halt();
        std::mem::replace(&mut self.folder, tempfile::tempdir().expect("a folder"))
    }

    fn halt(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the server panicked");
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.halt();
    }
}
