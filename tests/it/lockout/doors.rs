//! Doors × ways of being disabled: one table, made from the lists of the program, so that a new door without a row is
//! a red test.

use std::collections::BTreeMap;

use doorward::flows::Who;
use doorward::flows::oauth::clients::{self, NewClient};
use doorward::model::Method;
use doorward::web::routes::{Access, ROUTES};
use doorward::web::server::block_on;
use serde_json::json;

use super::{House, NEW, apply_anyway, command, link_of, wanted};
use crate::app::{Asked, BOB, Connected, PASSPHRASE, Page, ScimClient, TestApp, Visitor};

/// Every way in: for people, and for programs that people or connections let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Door {
    PassphraseCookie,
    SamlCookie,
    SamlRequested,
    SamlUnsolicited,
    /// The first time, linked by the confirmed domain.
    SamlFirst,
    SamlTest,
    Passphrase,
    RecoveryCode,
    RecoverLink,
    ScimBearer,
    OauthRefresh,
}

const DOORS: [Door; 11] = [
    Door::PassphraseCookie,
    Door::SamlCookie,
    Door::SamlRequested,
    Door::SamlUnsolicited,
    Door::SamlFirst,
    Door::SamlTest,
    Door::Passphrase,
    Door::RecoveryCode,
    Door::RecoverLink,
    Door::ScimBearer,
    Door::OauthRefresh,
];

/// Which rows try a method of sessions. A new method does not compile before it has rows.
fn doors_of(method: Method) -> &'static [Door] {
    match method {
        Method::Passphrase => &[Door::PassphraseCookie, Door::Passphrase, Door::RecoveryCode],
        Method::Saml => &[
            Door::SamlCookie,
            Door::SamlRequested,
            Door::SamlUnsolicited,
            Door::SamlFirst,
        ],
        Method::Link => &[Door::RecoverLink],
        // No address leads there yet: see `every_address_that_could_let_somebody_in_has_a_row`.
        Method::Passkey | Method::Oidc => &[],
    }
}

/// Addresses to which strangers may send something, with the doors behind them; none: nobody comes in there.
const ADDRESSES: &[(&str, &[Door])] = &[
    ("/setup", &[]),
    ("/setup/owner", &[]),
    ("/setup/recovery-codes", &[]),
    ("/setup/organization", &[]),
    ("/login", &[Door::Passphrase]),
    ("/login/recovery", &[Door::RecoveryCode]),
    ("/login/recover/{token}", &[Door::RecoverLink]),
    ("/logout", &[]),
    (
        "/sso/{slug}/acs",
        &[
            Door::SamlRequested,
            Door::SamlUnsolicited,
            Door::SamlFirst,
            Door::SamlTest,
        ],
    ),
    ("/sign-in/{reference}/access-request", &[]),
    ("/oauth/token", &[Door::OauthRefresh]),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Off {
    Nothing,
    DeactivatedByAdmin,
    DeactivatedByScim,
    ConnectionOff,
    ConnectionRemoved,
    EnforcedElsewhere,
    SessionsEnded,
    DomainWithdrawn,
}

const OFFS: [Off; 8] = [
    Off::Nothing,
    Off::DeactivatedByAdmin,
    Off::DeactivatedByScim,
    Off::ConnectionOff,
    Off::ConnectionRemoved,
    Off::EnforcedElsewhere,
    Off::SessionsEnded,
    Off::DomainWithdrawn,
];

/// The table. bob is tried at the doors of members, gil granted the OAuth client, olga is the owner of the link.
fn is_open(door: Door, off: Off) -> bool {
    use Door::*;
    let of_person = !matches!(door, RecoverLink | ScimBearer | OauthRefresh | SamlFirst);
    let through_okta = matches!(
        door,
        SamlCookie | SamlRequested | SamlUnsolicited | SamlFirst | ScimBearer | OauthRefresh
    );
    match off {
        // A test signs nobody in, ever.
        _ if door == SamlTest => false,
        Off::Nothing => true,
        Off::DeactivatedByAdmin => !of_person && !matches!(door, OauthRefresh | SamlFirst),
        // Owners and admins with a passphrase are out of its reach.
        Off::DeactivatedByScim => matches!(door, RecoverLink | ScimBearer | OauthRefresh),
        Off::ConnectionOff | Off::ConnectionRemoved => !through_okta,
        // Programs are no people: what is enforced is how people sign in. `recover` is for exactly this.
        Off::EnforcedElsewhere => matches!(door, RecoverLink | ScimBearer | OauthRefresh),
        Off::SessionsEnded => !matches!(door, PassphraseCookie | SamlCookie),
        Off::DomainWithdrawn => door != SamlFirst,
    }
}

const FAY: &str = "fay@example.com";
const GIL: &str = "gil@example.com";
const OLGA: &str = "olga@example.com";
const BACK: &str = "https://client.example/back";
const CODE: &str = "AAAAA-BBBBB-CCCCC-DDDDD";

/// Everybody ready in front of every door.
struct Street {
    house: House,
    with_passphrase: Visitor,
    with_saml: Visitor,
    scim: ScimClient,
    link: String,
    client: (String, String),
    refresh: String,
}

impl Street {
    fn new() -> Self {
        let house = House::ready();
        let app = &house.app;
        app.apply(
            "[[connection]]\nslug = \"okta\"\ndomains = [\"example.com\"]\n[connection.saml]\nunsolicited = \"accept\"\n",
        );
        let scim = app.scim("okta");
        // fay was pushed, and has a passphrase: only the domain links her.
        for (email, role) in [(FAY, "member"), (GIL, "admin"), (OLGA, "owner")] {
            app.add(email, role);
            app.give_passphrase(email, PASSPHRASE);
        }
        let (bob, now) = (house.id(BOB), app.ctx.now());
        let code = doorward::flows::hash(&CODE.replace('-', ""));
        house.write(move |w| doorward::store::passphrases::put_recovery_codes(w, bob, &[code], now));
        let with_passphrase = app.signed_in(BOB, PASSPHRASE);
        let with_saml = app.visitor();
        assert_eq!(house.okta.sign_in(&with_saml, BOB).to(), "/");
        let link = link_of(&command(app, wanted(Some(OLGA))).expect("a link"));
        let (client, refresh) = grant(app);
        Self {
            with_passphrase,
            with_saml,
            scim,
            link,
            client,
            refresh,
            house,
        }
    }

    fn turn(&self, off: Off) {
        let app = &self.house.app;
        let deactivate = |emails: &[&str]| {
            for email in emails {
                app.apply(&format!("[[person]]\nemail = {email:?}\nactive = false\n"));
            }
        };
        match off {
            Off::Nothing => {}
            Off::DeactivatedByAdmin => deactivate(&[BOB, FAY, GIL]),
            Off::DeactivatedByScim => {
                let list = self.scim.get("/Users?count=100").json();
                for user in list["Resources"].as_array().expect("users") {
                    let off = json!({
                        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                        "Operations": [{ "op": "replace", "path": "active", "value": false }],
                    });
                    let id = user["id"].as_str().expect("an id");
                    self.scim.patch(&format!("/Users/{id}"), &off);
                }
            }
            Off::ConnectionOff => drop(app.apply("[[connection]]\nslug = \"okta\"\nenabled = false\n")),
            Off::ConnectionRemoved => {
                let page = self
                    .house
                    .alice
                    .post("/admin/integrations/okta/removal", &[("confirmation", "okta")]);
                assert_eq!(page.status, 303, "{}", page.text());
            }
            Off::EnforcedElsewhere => {
                app.connect("entra", "");
                apply_anyway(app, "[[connection]]\nslug = \"entra\"\nenforced = true\n");
            }
            Off::SessionsEnded => {
                let place = format!("/admin/people/{}/sign-out", self.house.id(BOB));
                assert_eq!(self.house.alice.post(&place, &[]).status, 303);
            }
            Off::DomainWithdrawn => {
                let place = "/admin/integrations/okta/domains/example.com/withdrawal";
                assert_eq!(self.house.alice.post(place, &[]).status, 303);
            }
        }
    }

    /// Does the door let them in now?
    fn knock(&self, door: Door) -> bool {
        let app = &self.house.app;
        let visitor = app.visitor();
        let is = |email: &str| visitor.email().as_deref() == Some(email);
        match door {
            Door::PassphraseCookie => self.with_passphrase.me().is_some(),
            Door::SamlCookie => self.with_saml.me().is_some(),
            Door::SamlRequested => {
                through(&self.house.okta, &visitor, BOB);
                is(BOB)
            }
            Door::SamlFirst => {
                through(&self.house.okta, &visitor, FAY);
                is(FAY)
            }
            Door::SamlUnsolicited => {
                let response = self
                    .house
                    .okta
                    .response(BOB, None, |r| r.assertion_id = "_tile".into());
                visitor.answer("okta", &response, None);
                is(BOB)
            }
            Door::SamlTest => {
                // alice tests, and the provider answers with bob: nobody's browser becomes his.
                let started = self.house.app.alice();
                let page = started.post("/admin/integrations/okta/tests", &[]);
                if page.status == 303 {
                    let asked = Asked::read(page.to());
                    let response = self
                        .house
                        .okta
                        .response(BOB, Some(&asked.id), |r| r.assertion_id = "_test".into());
                    started.answer("okta", &response, None);
                }
                started.email().as_deref() == Some(BOB)
            }
            Door::Passphrase => {
                visitor.post("/login", &[("email", BOB), ("passphrase", PASSPHRASE)]);
                is(BOB)
            }
            Door::RecoveryCode => {
                let fields = [
                    ("email", BOB),
                    ("code", CODE),
                    ("passphrase", NEW),
                    ("passphrase_again", NEW),
                ];
                visitor.post("/login/recovery", &fields);
                is(BOB)
            }
            Door::RecoverLink => {
                visitor.post(&self.link, &[("passphrase", NEW), ("passphrase_again", NEW)]);
                is(OLGA)
            }
            Door::ScimBearer => self.scim.get("/Users?count=0").status == 200,
            Door::OauthRefresh => {
                let answer = refresh(app, &self.client, &self.refresh);
                let access =
                    (answer.status == 200).then(|| answer.json()["access_token"].as_str().map(str::to_owned));
                access.flatten().is_some_and(|access| {
                    ScimClient::new(&app.base, "okta", &access)
                        .get("/Users?count=0")
                        .status
                        == 200
                })
            }
        }
    }
}

/// Out to the provider and back, if the connection still leads out.
fn through(okta: &Connected, visitor: &Visitor, email: &str) {
    let page = visitor.get("/sso/okta");
    if page.status == 303 {
        let asked = Asked::read(page.to());
        let response = okta.response(email, Some(&asked.id), |r| {
            r.assertion_id = format!("_{}", asked.id)
        });
        visitor.answer("okta", &response, None);
    }
}

/// gil lets an OAuth client provision through okta: its credentials, and a refresh token.
fn grant(app: &TestApp) -> ((String, String), String) {
    let new = NewClient {
        name: "Okta".into(),
        redirect_uris: vec![BACK.into()],
        public: false,
    };
    let made = app
        .ctx
        .act(Who::Command("test"), move |act| clients::make(act, "okta", &new));
    let made = block_on(made).expect("a client");
    let gil = app.signed_in(GIL, PASSPHRASE);
    let fields = [
        ("response_type", "code"),
        ("client_id", made.client_id.as_str()),
        ("redirect_uri", BACK),
        ("scope", "scim"),
        ("decision", "allow"),
    ];
    let page = gil.post("/oauth/authorize", &fields);
    let back: url::Url = page.to().parse().expect("an address");
    let pairs: BTreeMap<String, String> = back.query_pairs().into_owned().collect();
    let secret = made.client_secret.clone().expect("a secret");
    let answer = token(
        app,
        &[
            ("grant_type", "authorization_code"),
            ("code", pairs.get("code").unwrap_or_else(|| panic!("{pairs:?}"))),
            ("redirect_uri", BACK),
            ("client_id", &made.client_id),
            ("client_secret", &secret),
        ],
    );
    let refresh = answer.json()["refresh_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    ((made.client_id, secret), refresh)
}

fn refresh(app: &TestApp, client: &(String, String), refresh: &str) -> Page {
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("client_id", &client.0),
        ("client_secret", &client.1),
    ];
    token(app, &fields)
}

fn token(app: &TestApp, fields: &[(&str, &str)]) -> Page {
    let program = app.visitor();
    program.send(program.client.post(program.url("/oauth/token")).form(fields))
}

#[test]
fn every_door_against_every_way_of_being_disabled() {
    let mut wrong = Vec::new();
    for off in OFFS {
        let street = Street::new();
        street.turn(off);
        for door in DOORS {
            let (expected, found) = (is_open(door, off), street.knock(door));
            if expected != found {
                wrong.push(format!(
                    "{door:?} × {off:?}: expected open = {expected}, found {found}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_address_that_could_let_somebody_in_has_a_row() {
    let strangers = |access| {
        matches!(
            access,
            Access::Public | Access::Setup | Access::Machine | Access::Scim
        )
    };
    let sends = |method: &str| !matches!(method, "GET" | "HEAD");
    for route in ROUTES.iter().filter(|route| strangers(route.access)) {
        let is_scim_resource = route.path.starts_with("/scim/");
        if !is_scim_resource && sends(route.method.as_str()) {
            let known = ADDRESSES.iter().any(|(path, _)| *path == route.path);
            assert!(
                known,
                "{} may let somebody in: give it a row in this table",
                route.path
            );
        }
        // A way back by GET, such as a redirect URI, lets people in as well.
        let by_get = route.path.contains("callback");
        assert!(
            !by_get || ADDRESSES.iter().any(|(path, _)| *path == route.path),
            "{}",
            route.path
        );
    }
    for (path, doors) in ADDRESSES {
        assert!(
            ROUTES.iter().any(|route| route.path == *path),
            "{path} does not exist"
        );
        assert!(doors.iter().all(|door| DOORS.contains(door)), "{path}");
    }
}

#[test]
fn every_method_of_a_session_has_rows() {
    for method in Method::ALL {
        let built = match method {
            Method::Passkey => ROUTES.iter().any(|route| route.path.contains("passkey")),
            Method::Oidc => ROUTES.iter().any(|route| route.path.contains("callback")),
            _ => true,
        };
        assert_eq!(
            !doors_of(method).is_empty(),
            built,
            "{method:?} has no row in this table"
        );
    }
}
