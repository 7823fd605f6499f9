//! Foreign implementations of SAML against the real server: everything over HTTP, nothing of ours in between.
//!
//! `GET /sso/idp` → the peer judges our request by our metadata and answers → `POST` to the ACS → `/api/v1/me`.
//! Peers live by the machine's clock, so the server's clock is set to it before each step.

mod accepted;
mod clock;
mod encrypted;
mod openid;
mod portal;
mod refused;
mod requests;
mod rotation;

use std::collections::BTreeMap;

use doorward::model::{Check, SignIn, Verdict};
use serde_json::{Value, json};

use crate::app::{BOB, Page, TestApp, Visitor};
use crate::peers::Peer;

/// Where the peer says that it takes requests; no browser goes there.
pub const SSO_URL: &str = "https://idp.example/sso";

/// The server and a foreign identity provider that know each other by their metadata. bob is a member.
pub struct Federation {
    pub app: TestApp,
    pub peer: Peer,
    pub name: &'static str,
}

/// What the peer is told to do, over the defaults.
pub fn with(defaults: Value, more: &Value) -> Value {
    let mut all = defaults;
    for (field, value) in more.as_object().into_iter().flatten() {
        all[field] = value.clone();
    }
    all
}

/// Runs a test against each peer that is installed.
pub fn each(metadata: &Value, more: &str, mut test: impl FnMut(&mut Federation)) {
    for name in ["pysaml2", "samlify"] {
        if let Some(mut federation) = Federation::found(name, metadata, more) {
            test(&mut federation);
        }
    }
}

impl Federation {
    /// Connects the peer; `metadata` are fields for its metadata, `more` lines of `[connection.saml]`.
    pub fn found(name: &'static str, metadata: &Value, more: &str) -> Option<Self> {
        let peer = Peer::start(name)?;
        let mut federation = Self {
            app: TestApp::start(),
            peer,
            name,
        };
        federation.app.catch_up();
        federation.app.add(BOB, "member");
        federation.connect(metadata, more);
        Some(federation)
    }

    /// Gives the server the peer's metadata, again when there was some before.
    pub fn connect(&mut self, metadata: &Value, more: &str) {
        let defaults =
            json!({"cmd": "metadata", "entity_id": "https://idp.example/saml", "sso_url": SSO_URL});
        let answer = self.peer.call(&with(defaults, metadata));
        let xml = answer["xml"].as_str().expect("metadata is text").to_owned();
        let files = BTreeMap::from([("idp.xml".to_owned(), xml)]);
        let toml = format!(
            "[[connection]]\nslug = \"idp\"\nname = {:?}\ndomains = [\"example.com\"]\n\
             [connection.saml]\nmetadata_file = \"idp.xml\"\n{more}\n",
            self.name
        );
        let done = self.app.try_apply(&toml, files);
        done.unwrap_or_else(|error| panic!("{}: {error}\n{toml}", self.name));
    }

    /// Our metadata, as anybody can fetch it.
    pub fn sp_metadata(&self) -> String {
        let page = self.app.visitor().get("/sso/idp/metadata");
        assert_eq!(page.status, 200, "{}", page.text());
        page.text()
    }

    /// Starts a sign-in in this browser; the fields that hand the request to the peer.
    pub fn ask(&self, visitor: &Visitor) -> Value {
        self.app.catch_up();
        let page = visitor.get("/sso/idp");
        if page.status == 303 {
            let (address, query) = page.to().split_once('?').expect("a query");
            assert_eq!(address, SSO_URL);
            return json!({ "query": query });
        }
        assert_eq!(page.status, 200, "{}", page.text());
        assert_eq!(page.attributes("form", "action"), [SSO_URL]);
        let field = |name: &str| {
            let found = page.attributes(&format!("input[name={name}]"), "value");
            found.first().cloned()
        };
        let request = field("SAMLRequest").expect("a request");
        json!({"binding": "post", "authn_request": request, "relay_state": field("RelayState")})
    }

    /// The peer's command for this request (`null`: nobody asked); `how` over what is usual for bob.
    pub fn command(&self, asked: &Value, how: &Value) -> Value {
        let usual = json!({
            "cmd": "respond", "sp_metadata": self.sp_metadata(),
            "name_id": BOB, "name_id_format": "emailAddress",
            "attributes": {"email": BOB, "user.first_name": "Bob", "user.last_name": "Ng"},
        });
        with(with(usual, asked), how)
    }

    /// Posts the peer's answer where the peer says that it goes.
    pub fn post(&self, visitor: &Visitor, answer: &Value) -> Page {
        let text = |name: &str| answer[name].as_str();
        let acs = text("acs").expect("where it goes");
        assert_eq!(acs, format!("{}/sso/idp/acs", self.app.base));
        let mut fields = vec![("SAMLResponse", text("saml_response").expect("a response"))];
        fields.extend(text("relay_state").map(|state| ("RelayState", state)));
        visitor.post_from_elsewhere(acs, &fields)
    }

    /// The whole way; what the ACS answered, or `None` when the peer's library cannot do it.
    pub fn try_sign_in(&mut self, visitor: &Visitor, how: &Value) -> Option<Page> {
        let asked = self.ask(visitor);
        let command = self.command(&asked, how);
        let answer = self.peer.find(&command)?;
        self.app.catch_up();
        Some(self.post(visitor, &answer))
    }

    pub fn sign_in(&mut self, visitor: &Visitor, how: &Value) -> Page {
        let name = self.name;
        self.try_sign_in(visitor, how)
            .unwrap_or_else(|| panic!("{name} cannot do {how}"))
    }

    /// bob comes in with a response made like this; whether the peer's library can make one.
    pub fn lets_bob_in(&mut self, how: &Value) -> bool {
        let bob = self.app.visitor();
        let Some(page) = self.try_sign_in(&bob, how) else {
            return false;
        };
        self.assert_in(&bob, &page, how);
        true
    }

    pub fn assert_in(&self, visitor: &Visitor, page: &Page, how: &Value) {
        if page.status != 303 {
            let trace = self.trace(page);
            panic!("{} with {how}: {:#?}", self.name, failed(&trace));
        }
        assert_eq!(page.to(), "/", "{} with {how}", self.name);
        let me = visitor.me().expect("somebody is signed in");
        assert_eq!(
            (&me["email"], &me["connection"]),
            (&json!(BOB), &json!("idp")),
            "{} with {how}",
            self.name
        );
    }

    /// A response made like this is refused by this rule; `None` when the peer's library cannot make one.
    pub fn find_refusal(&mut self, how: &Value, code: &str) -> Option<Check> {
        let bob = self.app.visitor();
        let page = self.try_sign_in(&bob, how)?;
        Some(self.assert_refused(&bob, &page, code))
    }

    pub fn assert_refused(&self, visitor: &Visitor, page: &Page, code: &str) -> Check {
        assert_eq!(page.status, 403, "{}, {code}: {:?}", self.name, page.location);
        assert_eq!(visitor.me(), None);
        let trace = self.trace(page);
        assert_eq!(trace.problem.as_deref(), Some(code), "{:#?}", failed(&trace));
        let check = failed(&trace).into_iter().find(|c| c.code == code);
        let check = check.unwrap_or_else(|| panic!("{code} is not in the trace"));
        assert!(check.remedy.as_ref().is_some_and(|r| !r.is_empty()), "{check:?}");
        check
    }

    /// The sign-in behind the reference on this page.
    pub fn trace(&self, page: &Page) -> SignIn {
        let reference = page.reference();
        let found = self
            .app
            .ctx
            .store
            .read(|r| doorward::store::sign_ins::get_by_reference(r, &reference));
        found.expect("the reference names a sign-in")
    }
}

fn failed(sign_in: &SignIn) -> Vec<Check> {
    let checks = sign_in.trace.checks.iter();
    checks.filter(|c| c.verdict == Verdict::Failed).cloned().collect()
}
