//! Journeys about what is people's own: the proof of who they are, their sessions, their passphrase and the ways back to it.

use std::sync::Arc;

use doorward::flows::apply::{Application, apply};
use doorward::model::time::MINUTE;
use doorward::store::Writer;
use doorward::web::server::block_on;
use serde_json::json;

use super::{fresh, lever, with_integrations};
use crate::app::{PASSPHRASE, TestApp};
use crate::browser::journey;
use crate::lockout::{command, link_of, wanted};
use crate::mail::server::{Manner, Smtp};
use crate::peers::Peer;

/// An owner's word that okta speaks for everybody of the domain, admins too.
const DOMAIN: &str = "[[connection]]\nslug = \"okta\"\ndomains = [\"example.com\"]\n";
/// mary without a passphrase, and what she may.
const MARY: &str = "[[person]]\nemail = \"mary@example.com\"\nrole = \"admin\"\n";

/// Makes every proof 16 minutes older.
fn age(app: &TestApp) -> String {
    let ctx = app.ctx.clone();
    lever(move || {
        let older = |w: &Writer| {
            w.execute("UPDATE sessions SET proved_at = proved_at - ?1", [16 * MINUTE])?;
            Ok(())
        };
        ctx.store.write_blocking(older).expect("it is written");
        String::new()
    })
}

#[test]
fn a_proof_through_saml() {
    let Some((_peer, idp, app)) = with_integrations() else {
        return;
    };
    app.apply(&(DOMAIN.to_owned() + MARY));
    let facts = json!({"base": app.base, "idp": idp, "age": age(&app), "saml": true});
    journey("proof-through", &facts);
}

#[test]
fn a_proof_through_openid_connect() {
    let Some((mut peer, idp)) = Peer::serve_openid() else {
        return;
    };
    let app = fresh().set_up();
    let client = json!({
        "application_type": "native", "token_endpoint_auth_method": "none",
        "redirect_uris": [format!("{}/sso/okta/callback", app.base)],
    });
    let known = peer.call(&json!({"cmd": "client", "client": client}));
    let okta = format!(
        "[[connection]]\nslug = \"okta\"\nname = \"Okta\"\n[connection.oidc]\nissuer = {}\nclient_id = {}\n",
        known["issuer"], known["client_id"]
    );
    app.apply(&(okta + MARY));
    app.apply(DOMAIN);
    let facts = json!({"base": app.base, "idp": idp, "age": age(&app), "saml": false});
    journey("proof-through", &facts);
}

#[test]
fn sessions_and_a_changed_passphrase() {
    let app = fresh().set_up();
    journey("own-account", &json!({"base": app.base}));
}

#[test]
fn mail_is_set_up_and_brings_a_lost_passphrase_back() {
    let app = fresh().set_up();
    let smtp = Arc::new(Smtp::start(Manner::default()));
    let port = smtp.port().to_string();
    // The test mail is the first.
    let link = lever(move || {
        let mails = smtp.wait_for(2);
        let link = mails.iter().find_map(|mail| mail.link("/login/reset/"));
        link.expect("a link in a mail")
    });
    journey("mail", &json!({"base": app.base, "port": port, "link": link}));
}

#[test]
fn the_link_that_the_command_recover_prints() {
    let app = fresh().set_up();
    let link = link_of(&command(&app, wanted(None)).expect("a link"));
    journey("recover", &json!({"base": app.base, "link": link}));
}

/// A mail server that a request to the second address sets up; the first answers the link of the newest invitation.
pub fn invitations(app: &TestApp) -> (String, String) {
    let smtp = Arc::new(Smtp::start(Manner::default()));
    let port = smtp.port();
    let link = lever(move || {
        let mails = smtp.wait_for(1);
        let link = mails
            .iter()
            .rev()
            .find_map(|mail| mail.link("/login/invitation/"));
        link.expect("a link in a mail")
    });
    let ctx = app.ctx.clone();
    let mail = lever(move || {
        let toml = format!(
            "[mail]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\nfrom_address = \"door@example.com\"\n"
        );
        let application = Application {
            toml,
            ..Application::default()
        };
        block_on(apply(&ctx, application)).expect("it is applied");
        String::new()
    });
    (link, mail)
}

fn invitation(scripts: bool) {
    let app = fresh().set_up();
    app.scim("okta");
    let (link, mail) = invitations(&app);
    let facts = json!({"base": app.base, "link": link, "mail": mail, "scripts": scripts});
    journey("invitation", &facts);
}

#[test]
fn an_invitation_from_the_form_to_the_first_sign_in() {
    invitation(true);
}

#[test]
fn an_invitation_without_scripts() {
    invitation(false);
}

/// okta signs in and provisions; ada may manage integrations and does not own.
fn kinds(scripts: bool) {
    let app = fresh().set_up();
    let _okta = app.connect("okta", "");
    app.scim("okta");
    app.add("ada@example.com", "admin");
    app.give_passphrase("ada@example.com", PASSPHRASE);
    journey("features", &json!({"base": app.base, "scripts": scripts}));
}

#[test]
fn kinds_of_integrations_are_switched() {
    kinds(true);
}

#[test]
fn kinds_of_integrations_are_switched_without_scripts() {
    kinds(false);
}
