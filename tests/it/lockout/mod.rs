//! Enforcement, and that it locks nobody out: every way in, every way of losing it, and always an owner inside.

mod doors;
mod paths;
mod recover;
mod street;
mod switching;

use doorward::control::{self, Recover, Request};
use doorward::model::{Email, PersonId};
use doorward::store::{self, Writer};
use doorward::web::server::block_on;

use crate::app::{ALICE, Asked, BOB, Connected, PASSPHRASE, Page, TestApp, Visitor};

pub const NEW: &str = "eleven loud otters reading soup";
const PLACE: &str = "/admin/integrations/okta/enforcement";

/// Acme with okta: alice owns it, is a break-glass owner who has proved it, and has passed a test through okta. bob is
/// a member with a passphrase. Nothing is enforced.
pub struct House {
    pub app: TestApp,
    pub okta: Connected,
    pub alice: Visitor,
}

impl House {
    pub fn ready() -> Self {
        Self::ready_in(TestApp::start())
    }

    /// As `ready`, in an appliance of which nothing was used yet.
    pub fn ready_in(app: TestApp) -> Self {
        app.add(BOB, "member");
        app.give_passphrase(BOB, PASSPHRASE);
        let okta = app.connect("okta", "");
        let alice = app.alice();
        let house = Self { app, okta, alice };
        house.make_break_glass(ALICE);
        house.prove(ALICE);
        house.test(&house.alice);
        house
    }

    /// As `ready`, and okta is enforced for everybody.
    pub fn enforced() -> Self {
        let house = Self::ready();
        assert_eq!(house.enforce("", "").to(), PLACE);
        house
    }

    /// alice's form: for whom, from when on.
    pub fn enforce(&self, whom: &str, starts: &str) -> Page {
        let fields = [("for", whom), ("starts", starts), ("confirm", "Acme")];
        self.alice.post(PLACE, &fields)
    }

    pub fn id(&self, email: &str) -> PersonId {
        let key = Email::parse(email).expect("an address").key();
        let found = self.app.ctx.store.read(|r| store::people::find_by_email(r, &key));
        found.expect("a look").expect("the person").id
    }

    pub fn write(&self, work: impl FnOnce(&Writer) -> doorward::error::Result<()> + Send + 'static) {
        self.app.ctx.store.write_blocking(work).expect("it is written");
    }

    pub fn make_break_glass(&self, email: &str) {
        let id = self.id(email).to_string();
        let page = self.alice.post("/admin/settings/recovery", &[("person", &id)]);
        assert_eq!(page.to(), "/admin/settings/recovery");
    }

    /// As after a sign-in with passphrase and second factor.
    pub fn prove(&self, email: &str) {
        let (id, now) = (self.id(email), self.app.ctx.now());
        self.write(move |w| store::break_glass::touch_proved(w, id, now));
    }

    /// A good test sign-in through okta.
    pub fn test(&self, owner: &Visitor) {
        let started = owner.post("/admin/integrations/okta/tests", &[]);
        let asked = Asked::read(started.to());
        let response = self
            .okta
            .response(ALICE, Some(&asked.id), |r| r.at(self.app.ctx.now()));
        let tested = owner.answer("okta", &response, None);
        assert!(
            tested.to().starts_with("/admin/activity/sign-ins/"),
            "{:?}",
            tested.location
        );
    }

    /// The address on which one's enforcement is changed: `rollback`, `end`, `start`.
    pub fn place(&self, act: &str) -> String {
        let all = self
            .app
            .ctx
            .store
            .read(store::enforcements::list)
            .expect("a look");
        let [only] = all.as_slice() else { panic!("{all:?}") };
        format!("{PLACE}/{}/{act}", only.id)
    }

    /// What happens every minute.
    pub fn sweep(&self) {
        block_on(doorward::flows::maintain::sweep(&self.app.ctx)).expect("a sweep");
    }

    /// How many attempts the trace says were sent to another door.
    pub fn sent_elsewhere(&self) -> i64 {
        self.app.count(
            "SELECT count(*) FROM sign_ins WHERE problem = 'enforce.elsewhere' AND outcome = 'refused'",
        )
    }
}

pub fn try_passphrase(app: &TestApp, email: &str, passphrase: &str) -> (Visitor, Page) {
    let visitor = app.visitor();
    let page = visitor.post("/login", &[("email", email), ("passphrase", passphrase)]);
    (visitor, page)
}

pub fn is_let_in(app: &TestApp, email: &str, passphrase: &str) -> bool {
    try_passphrase(app, email, passphrase).0.email().as_deref() == Some(email)
}

/// `doorward recover`, as the appliance answers it; the lines it prints.
pub fn command(app: &TestApp, wanted: Recover) -> doorward::error::Result<Vec<String>> {
    block_on(control::perform(&app.ctx, Request::Recover(wanted)))
}

pub fn wanted(email: Option<&str>) -> Recover {
    Recover {
        email: email.map(str::to_owned),
        reactivate: false,
        make_owner: false,
        local: None,
    }
}

/// The path of the last address among the lines.
pub fn link_of(lines: &[String]) -> String {
    let mut links = lines
        .iter()
        .filter_map(|line| line.find("/login/recover/").map(|at| line[at..].to_owned()));
    links
        .next_back()
        .unwrap_or_else(|| panic!("no link in {lines:?}"))
}

/// Uses the link in a browser of its own.
pub fn follow(app: &TestApp, link: &str) -> Visitor {
    let owner = app.visitor();
    let page = owner.post(link, &[("passphrase", NEW), ("passphrase_again", NEW)]);
    assert_eq!(page.to(), "/admin", "{}", page.text());
    owner
}

/// What every path has to end with: an owner on the settings pages.
pub fn assert_owner_inside(owner: &Visitor) {
    // Only owners may open this one.
    let page = owner.get("/admin/settings/base-url");
    assert_eq!(page.status, 200, "{:?} {}", page.location, page.text());
}

/// Applies a file as with `--i-have-a-recovery-path`.
pub fn apply_anyway(app: &TestApp, toml: &str) {
    use doorward::flows::apply::{Application, apply};
    let application = Application {
        toml: toml.to_owned(),
        has_recovery_path: true,
        ..Application::default()
    };
    block_on(apply(&app.ctx, application)).expect("it is applied");
}
