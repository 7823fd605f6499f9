//! Everybody ready in front of every door, and every way of taking their way in from them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use doorward::flows::invite::{self, Sent};
use doorward::flows::oauth::clients::{self, NewClient};
use doorward::flows::{Who, lost};
use doorward::web::server::block_on;
use doorward::web::urls;
use serde_json::json;
use zeroize::Zeroizing;

use super::doors::{Door, Off};
use super::{House, NEW, apply_anyway, command, link_of, wanted};
use crate::app::{ALICE, Asked, Authenticator, BOB, Connected, PASSPHRASE, Page, Phone};
use crate::app::{ScimClient, TestApp, Visitor};
use crate::oidc::op::TestOp;

/// Linked by the confirmed domain at their first sign-in: through SAML, and through OpenID Connect.
const FAY: &str = "fay@example.com";
const FIN: &str = "fin@example.com";
/// Granted the OAuth client.
const GIL: &str = "gil@example.com";
/// Invited, without a way in so far.
const IVY: &str = "ivy@example.com";
/// Proves an account that an identity provider could only name.
const MIA: &str = "mia@example.com";
/// The owner of the recovery link.
const OLGA: &str = "olga@example.com";
/// With a passkey.
const PIA: &str = "pia@example.com";
/// With a link that an admin handed over.
const RAE: &str = "rae@example.com";
/// With an authenticator app.
const TOM: &str = "tom@example.com";

const PEOPLE: [(&str, &str); 8] = [
    (FAY, "member"),
    (FIN, "member"),
    (GIL, "admin"),
    (MIA, "member"),
    (OLGA, "owner"),
    (PIA, "member"),
    (RAE, "member"),
    (TOM, "member"),
];

const BACK: &str = "https://client.example/back";
const CODE: &str = "AAAAA-BBBBB-CCCCC-DDDDD";

/// okta speaks SAML, op speaks OpenID Connect; both speak for example.com.
pub struct Street {
    pub house: House,
    op: TestOp,
    with_passphrase: Visitor,
    with_passkey: Visitor,
    with_saml: Visitor,
    with_openid: Visitor,
    key: RefCell<Authenticator>,
    phone: Phone,
    /// tom's passphrase was right; the second step waits.
    half: Visitor,
    /// They asked before; the answers come after.
    saml_begun: (Visitor, Asked),
    openid_begun: (Visitor, String),
    /// mia is signed in and has only to say that it is her.
    proving: (Visitor, String),
    scim: ScimClient,
    recover: String,
    reset: String,
    invitation: String,
    client: (String, String),
    refresh: String,
}

impl Street {
    pub fn new() -> Self {
        // By the name of localhost: an IP address has no passkeys.
        let mut app = TestApp::fresh();
        app.base = app.base.replace("127.0.0.1", "localhost");
        let house = House::ready_in(app.set_up());
        let app = &house.app;
        app.apply(
            "[[connection]]\nslug = \"okta\"\ndomains = [\"example.com\"]\n[connection.saml]\nunsolicited = \"accept\"\n",
        );
        // Without the guard, which would hold back whoever comes after the fifth.
        let scim = app.scim_with("okta", "guard_people = 0");
        PEOPLE.iter().for_each(|(email, role)| app.add(email, role));
        give_passphrases(&house);
        app.add(IVY, "member");

        // Before op speaks for the domain: mia has to prove her account.
        let op = app.connect_openid("op", "");
        let proving = app.visitor();
        let link = ask_openid(&op, &proving, MIA, "/sso/op")
            .and_then(|back| proving.get(&back).location)
            .expect("a page on which she is stuck");
        assert!(link.ends_with("/link"), "{link}");
        proving.post("/login", &[("email", MIA), ("passphrase", PASSPHRASE)]);
        assert!(is_in(&proving, MIA));
        app.apply("[[connection]]\nslug = \"op\"\ndomains = [\"example.com\"]\n");

        let with_saml = app.visitor();
        assert_eq!(house.okta.sign_in(&with_saml, BOB).to(), "/");
        let with_openid = app.visitor();
        through_openid(&op, &with_openid, BOB);
        let (saml_begun, openid_begun) = (app.visitor(), app.visitor());
        let asked = saml_begun.ask("okta", "");
        let back = ask_openid(&op, &openid_begun, BOB, "/sso/op").expect("the way back");

        let mut key = Authenticator::new(&app.base);
        let with_passkey = register(app, &mut key);
        let phone = app.signed_in(TOM, PASSPHRASE).set_up_phone(app.ctx.now());
        let half = app.visitor();
        half.post("/login", &[("email", TOM), ("passphrase", PASSPHRASE)]);

        let recover = link_of(&command(app, wanted(Some(OLGA))).expect("a link"));
        let rae = house.id(RAE);
        let token = app
            .ctx
            .act(Who::Command("test"), move |act| lost::make_link(act, rae));
        let reset = format!("/login/reset/{}", block_on(token).expect("a link"));
        let ivy = house.id(IVY);
        let sent = app.ctx.act(Who::Command("test"), move |act| {
            invite::send(act, ivy, urls::invitation)
        });
        let Sent::Link(token) = block_on(sent).expect("an invitation") else {
            panic!("no mail goes out here");
        };
        let (client, refresh) = grant(app);
        Self {
            invitation: urls::invitation(&token),
            with_passphrase: app.signed_in(BOB, PASSPHRASE),
            with_passkey,
            with_saml,
            with_openid,
            key: RefCell::new(key),
            phone,
            half,
            saml_begun: (saml_begun, asked),
            openid_begun: (openid_begun, back),
            proving: (proving, link),
            scim,
            recover,
            reset,
            client,
            refresh,
            op,
            house,
        }
    }

    pub fn turn(&self, off: Off) {
        let app = &self.house.app;
        let done = |place: &str, fields: &[(&str, &str)]| {
            let page = self.house.alice.post(place, fields);
            assert_eq!(page.status, 303, "{place}: {}", page.text());
        };
        match off {
            Off::Nothing => {}
            Off::DeactivatedByAdmin => {
                for email in [BOB, FAY, FIN, GIL, IVY, MIA, PIA, RAE, TOM] {
                    app.apply(&format!("[[person]]\nemail = {email:?}\nactive = false\n"));
                }
            }
            Off::DeactivatedByScim => self.deactivate_by_scim(),
            Off::ConnectionShut => {
                for slug in ["okta", "op"] {
                    app.apply(&format!("[[connection]]\nslug = {slug:?}\nenabled = false\n"));
                }
            }
            Off::ConnectionRemoved => {
                for slug in ["okta", "op"] {
                    let place = format!("/admin/integrations/{slug}/removal");
                    done(&place, &[("confirmation", slug)]);
                }
            }
            Off::KindsSwitched => {
                for kind in ["saml", "oidc", "scim"] {
                    done(&format!("/admin/settings/features/{kind}/off"), &[]);
                }
            }
            Off::EnforcedElsewhere => {
                app.connect("entra", "");
                apply_anyway(app, "[[connection]]\nslug = \"entra\"\nenforced = true\n");
            }
            Off::SessionsEnded => {
                for email in [BOB, MIA, PIA, TOM] {
                    done(&format!("/admin/people/{}/sign-out", self.house.id(email)), &[]);
                }
            }
            Off::EndedByProviders => self.end_by_providers(),
            Off::DomainWithdrawn => {
                for slug in ["okta", "op"] {
                    let place = format!("/admin/integrations/{slug}/domains/example.com/withdrawal");
                    done(&place, &[]);
                }
            }
            Off::FactorOverdue => self.house.write(|w| {
                // Their week is long over.
                let sql = "UPDATE people SET role_since = 0, role = CASE role WHEN 'member' THEN 'admin' ELSE role END
                           WHERE email_key IN (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
                w.execute(sql, [BOB, IVY, MIA, OLGA, PIA, RAE, TOM])?;
                w.execute("UPDATE passphrases SET made_at = 0", [])?;
                Ok(())
            }),
        }
    }

    fn deactivate_by_scim(&self) {
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

    /// okta revokes what bob has, op sends a logout token.
    fn end_by_providers(&self) {
        let program = self.house.app.visitor();
        let call = program
            .client
            .post(program.url("/sso/okta/global-token-revocation"))
            .bearer_auth(&self.scim.token)
            .json(&json!({ "sub_id": { "format": "email", "email": BOB } }));
        assert_eq!(program.send(call).status, 204);
        let token = self.op.logout_token("door", |claims| claims["sub"] = BOB.into());
        let call = program.client.post(program.url("/sso/op/backchannel-logout"));
        assert_eq!(program.send(call.form(&[("logout_token", &token)])).status, 200);
    }

    /// Does the door let them in now?
    pub fn knock(&self, door: Door) -> bool {
        let app = &self.house.app;
        let visitor = app.visitor();
        match door {
            Door::PassphraseCookie => is_in(&self.with_passphrase, BOB),
            Door::PasskeyCookie => is_in(&self.with_passkey, PIA),
            Door::SamlCookie => is_in(&self.with_saml, BOB),
            Door::OidcCookie => is_in(&self.with_openid, BOB),
            Door::SamlRequested => {
                through(&self.house.okta, &visitor, BOB);
                is_in(&visitor, BOB)
            }
            Door::SamlBegun => {
                let (visitor, asked) = &self.saml_begun;
                answer(&self.house.okta, visitor, BOB, asked);
                is_in(visitor, BOB)
            }
            Door::SamlFirst => {
                through(&self.house.okta, &visitor, FAY);
                is_in(&visitor, FAY)
            }
            Door::SamlUnsolicited => {
                let tile = |r: &mut crate::idp::Response| r.assertion_id = "_tile".into();
                let response = self.house.okta.response(BOB, None, tile);
                visitor.answer("okta", &response, None);
                is_in(&visitor, BOB)
            }
            Door::SamlTest => {
                // alice tests, and the provider answers with bob: nobody's browser becomes his.
                let alice = app.alice();
                let page = alice.post("/admin/integrations/okta/tests", &[]);
                if page.status == 303 {
                    answer(&self.house.okta, &alice, BOB, &Asked::read(page.to()));
                }
                !is_in(&alice, ALICE)
            }
            Door::OidcRequested => {
                through_openid(&self.op, &visitor, BOB);
                is_in(&visitor, BOB)
            }
            Door::OidcBegun => {
                let (visitor, back) = &self.openid_begun;
                self.op.signs_in(claims(BOB));
                visitor.get(back);
                is_in(visitor, BOB)
            }
            Door::OidcFirst => {
                through_openid(&self.op, &visitor, FIN);
                is_in(&visitor, FIN)
            }
            Door::OidcThirdParty => {
                let target = format!("{}/account", app.base);
                let fields = [("iss", self.op.issuer.as_str()), ("target_link_uri", &target)];
                let page = visitor.post_from_elsewhere("/sso/op", &fields);
                if let Some(back) = back_from(&self.op, &page, BOB) {
                    visitor.get(&back);
                }
                is_in(&visitor, BOB)
            }
            Door::OidcTest => {
                let alice = app.alice();
                let page = alice.post("/admin/integrations/op/tests", &[]);
                if let Some(back) = back_from(&self.op, &page, BOB) {
                    alice.get(&back);
                }
                !is_in(&alice, ALICE)
            }
            Door::LinkProof => {
                let (visitor, link) = &self.proving;
                visitor.post(link, &[]);
                let me = visitor.get("/api/v1/me");
                me.status == 200 && me.json()["connection"] == "op"
            }
            Door::Passphrase => {
                visitor.post("/login", &[("email", BOB), ("passphrase", PASSPHRASE)]);
                is_in(&visitor, BOB)
            }
            Door::Passkey => {
                let challenge = visitor.challenge("sign-in");
                let credential = self.key.borrow_mut().answer(&challenge);
                visitor.present("/login/passkey", &challenge, &credential);
                is_in(&visitor, PIA)
            }
            Door::SecondStepCode => {
                visitor.post("/login", &[("email", TOM), ("passphrase", PASSPHRASE)]);
                let code = self.phone.code(app.ctx.now(), 1);
                visitor.post("/login/second-factor", &[("code", &code)]);
                is_in(&visitor, TOM)
            }
            Door::SecondStepBegun => {
                self.half.post("/login/second-factor", &[("code", CODE)]);
                is_in(&self.half, TOM)
            }
            Door::SecondStepPasskey => {
                let page = visitor.post("/login", &[("email", PIA), ("passphrase", PASSPHRASE)]);
                if page.location.as_deref() == Some("/login/second-factor") {
                    let challenge = visitor.challenge("second-step");
                    let credential = self.key.borrow_mut().answer(&challenge);
                    visitor.present("/login/second-factor/passkey", &challenge, &credential);
                }
                is_in(&visitor, PIA)
            }
            Door::RecoveryCode => {
                let fields = [
                    ("email", BOB),
                    ("code", CODE),
                    ("passphrase", NEW),
                    ("passphrase_again", NEW),
                ];
                visitor.post("/login/recovery", &fields);
                is_in(&visitor, BOB)
            }
            Door::ResetLink => {
                visitor.post(&self.reset, &[("passphrase", NEW), ("passphrase_again", NEW)]);
                assert!(
                    visitor.cookie("doorward").is_none(),
                    "it signs nobody in by itself"
                );
                visitor.post("/login", &[("email", RAE), ("passphrase", NEW)]);
                is_in(&visitor, RAE)
            }
            Door::InvitationLink => {
                if let Some(next) = visitor.post(&self.invitation, &[]).location {
                    visitor.post(&next, &[("passphrase", NEW), ("passphrase_again", NEW)]);
                }
                assert!(
                    visitor.cookie("doorward").is_none(),
                    "it signs nobody in by itself"
                );
                visitor.post("/login", &[("email", IVY), ("passphrase", NEW)]);
                is_in(&visitor, IVY)
            }
            Door::RecoverLink => {
                visitor.post(&self.recover, &[("passphrase", NEW), ("passphrase_again", NEW)]);
                is_in(&visitor, OLGA)
            }
            Door::ScimBearer => self.scim.get("/Users?count=0").status == 200,
            Door::OauthRefresh => {
                let answer = refresh(app, &self.client, &self.refresh);
                let access =
                    (answer.status == 200).then(|| answer.json()["access_token"].as_str().map(str::to_owned));
                let reads = |access: String| {
                    let client = ScimClient::new(&app.base, "okta", &access);
                    client.get("/Users?count=0").status == 200
                };
                access.flatten().is_some_and(reads)
            }
        }
    }
}

/// Is the product open to this browser, as this person?
fn is_in(visitor: &Visitor, email: &str) -> bool {
    let page = visitor.get("/api/v1/me");
    page.status == 200 && page.json()["email"] == email
}

/// One passphrase for all, and one recovery code for bob and tom.
fn give_passphrases(house: &House) {
    let app = &house.app;
    let passphrase = Zeroizing::new(PASSPHRASE.to_owned());
    let phc = block_on(app.ctx.hasher.hash(passphrase, [7; 16])).expect("a hash");
    let ids: Vec<_> = PEOPLE.iter().map(|(email, _)| house.id(email)).collect();
    let with_code = [house.id(BOB), house.id(TOM)];
    let (now, code) = (app.ctx.now(), doorward::flows::hash(&CODE.replace('-', "")));
    house.write(move |w| {
        for id in ids {
            doorward::store::passphrases::put(w, id, &phc, now)?;
        }
        for id in with_code {
            let codes = std::slice::from_ref(&code);
            doorward::store::passphrases::put_recovery_codes(w, id, codes, now)?;
        }
        Ok(())
    });
}

/// pia registers the passkey and signs in with it.
fn register(app: &TestApp, key: &mut Authenticator) -> Visitor {
    let pia = app.signed_in(PIA, PASSPHRASE);
    let challenge = pia.challenge("registration");
    let credential = key.register(&challenge);
    let done = pia.present("/account/factors/passkeys", &challenge, &credential);
    assert_eq!(done.to(), "/account/factors", "{}", done.text());
    let visitor = app.visitor();
    let challenge = visitor.challenge("sign-in");
    let credential = key.answer(&challenge);
    assert_eq!(
        visitor.present("/login/passkey", &challenge, &credential).to(),
        "/"
    );
    visitor
}

/// Out to the provider and back, if the connection still leads out.
fn through(okta: &Connected, visitor: &Visitor, email: &str) {
    let page = visitor.get("/sso/okta");
    if page.status == 303 {
        answer(okta, visitor, email, &Asked::read(page.to()));
    }
}

fn answer(okta: &Connected, visitor: &Visitor, email: &str, asked: &Asked) {
    let name = |r: &mut crate::idp::Response| r.assertion_id = format!("_{}", asked.id);
    let response = okta.response(email, Some(&asked.id), name);
    visitor.answer("okta", &response, None);
}

fn claims(email: &str) -> serde_json::Value {
    json!({ "sub": email, "email": email, "email_verified": true })
}

/// Where the provider sends the browser back to from this redirect, with this person; `None`: it leads elsewhere.
fn back_from(op: &TestOp, page: &Page, email: &str) -> Option<String> {
    let out = page.location.as_ref().filter(|to| to.starts_with(&op.issuer))?;
    op.signs_in(claims(email));
    Some(op.answer(out))
}

fn ask_openid(op: &TestOp, visitor: &Visitor, email: &str, path: &str) -> Option<String> {
    back_from(op, &visitor.get(path), email)
}

fn through_openid(op: &TestOp, visitor: &Visitor, email: &str) {
    if let Some(back) = ask_openid(op, visitor, email, "/sso/op") {
        visitor.get(&back);
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
