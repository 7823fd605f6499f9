//! Signing out across organizations: SAML single logout in both directions, RP-initiated logout, and the calls of
//! identity providers.

mod calls;
mod leaving;
mod notices;
mod peers;
mod requests;

use std::collections::BTreeMap;

use doorward::saml::ServiceProvider;

use crate::app::{BOB, Connected, Page, TestApp, Visitor};
use crate::idp::{Logout, TestIdp};

/// Where the identity provider takes logout messages, and where it takes answers that come by POST.
pub const SLO: &str = "https://idp.okta.example/slo";
pub const SLO_ANSWERS: &str = "https://idp.okta.example/slo/answers";

/// bob and carol are signed in through okta, bob a second time in another browser; entra is another connection.
pub struct World {
    pub app: TestApp,
    pub okta: Connected,
    pub entra: Connected,
    pub bob: Visitor,
    /// bob's other browser, with a session of its own at the identity provider.
    pub phone: Visitor,
    pub carol: Visitor,
}

pub const CAROL: &str = "carol@example.com";

impl World {
    /// `more` is appended to okta's `[connection.saml]`.
    pub fn new(more: &str) -> Self {
        Self::with(more, &both())
    }

    /// With these SingleLogoutService elements in okta's metadata.
    pub fn with(more: &str, services: &str) -> Self {
        let app = TestApp::start();
        app.add(BOB, "member");
        app.add(CAROL, "member");
        let okta = connect(&app, "okta", more, services);
        let entra = connect(&app, "entra", "", &both());
        let world = Self {
            bob: app.visitor(),
            phone: app.visitor(),
            carol: app.visitor(),
            app,
            okta,
            entra,
        };
        world.enter(&world.bob, BOB, "_session0001");
        world.enter(&world.phone, BOB, "_session0002");
        world.enter(&world.carol, CAROL, "_session0003");
        world
    }

    /// Signs in through okta.
    pub fn enter(&self, visitor: &Visitor, email: &str, session: &str) {
        let page = self.okta.sign_in_with(visitor, email, |r| {
            r.session_index = Some(session.to_owned());
        });
        assert_eq!(page.to(), "/", "{email}: {}", page.text());
        assert_eq!(visitor.email().as_deref(), Some(email));
    }

    /// A good request about bob.
    pub fn request(&self) -> Logout {
        self.okta.idp.logout_request(&self.okta.sp, BOB)
    }

    /// Who is still in: bob, bob's phone, carol.
    pub fn who_is_in(&self) -> [bool; 3] {
        [&self.bob, &self.phone, &self.carol].map(|v| v.email().is_some())
    }

    /// By which rule this page's sign-out was refused.
    pub fn rule_of(&self, page: &Page) -> String {
        assert_eq!(page.status, 403, "{:?} {}", page.location, page.text());
        let reference = page.reference();
        let row = self
            .app
            .ctx
            .store
            .read(|r| doorward::store::sign_ins::get_by_reference(r, &reference))
            .expect("the reference names a trace");
        assert_eq!(row.trace.checks.len(), 1);
        assert!(row.trace.checks[0].remedy.is_some());
        row.problem.expect("a rule")
    }

    /// How often sessions ended for this reason, by the log.
    pub fn endings(&self, reason: &str) -> i64 {
        self.app.count(&format!(
            "SELECT count(*) FROM events WHERE action = 'session.ended' AND after LIKE '%{reason}%'"
        ))
    }
}

/// The SingleLogoutService elements for both bindings.
pub fn both() -> String {
    service("HTTP-Redirect", SLO, "") + &service("HTTP-POST", SLO, SLO_ANSWERS)
}

pub fn service(binding: &str, location: &str, answers: &str) -> String {
    let answers = match answers {
        "" => String::new(),
        other => format!(" ResponseLocation=\"{other}\""),
    };
    format!(
        "<md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:{binding}\" Location=\"{location}\"{answers}/>"
    )
}

fn connect(app: &TestApp, slug: &str, more: &str, services: &str) -> Connected {
    let idp = TestIdp::new(slug);
    let metadata = idp.metadata(&format!("https://idp.{slug}.example")).replacen(
        "<md:NameIDFormat>",
        &format!("{services}<md:NameIDFormat>"),
        1,
    );
    let files = BTreeMap::from([("idp.xml".to_owned(), metadata)]);
    let toml = format!(
        "[[connection]]\nslug = {slug:?}\nprovider = \"generic\"\nname = {slug:?}\ndomains = [\"example.com\"]\n\
         [connection.saml]\nmetadata_file = \"idp.xml\"\n{more}\n"
    );
    app.try_apply(&toml, files)
        .unwrap_or_else(|error| panic!("{error}\n{toml}"));
    Connected {
        slug: slug.to_owned(),
        idp,
        sp: ServiceProvider {
            entity_id: format!("{}/sso/{slug}/metadata", app.base),
            acs_url: format!("{}/sso/{slug}/acs", app.base),
            slo_url: format!("{}/sso/{slug}/slo", app.base),
        },
    }
}

/// Brings a query to okta's logout address.
pub fn by_redirect(visitor: &Visitor, query: &str) -> Page {
    visitor.get(&format!("/sso/okta/slo?{query}"))
}

/// Posts a form to okta's logout address, as the identity provider's page makes the browser do.
pub fn by_post(visitor: &Visitor, fields: &[(&str, String)]) -> Page {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    visitor.post_from_elsewhere("/sso/okta/slo", &fields)
}
