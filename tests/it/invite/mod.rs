//! Invitations: sent by hand, from a list and by provisioning; their links; and who has come.

mod hand;
mod link;
mod many;
mod provisioning;

use doorward::model::{Email, PersonId};
use doorward::store;

use crate::app::{Page, TestApp, Visitor};
use crate::mail::server::{Smtp, Taken};

const NEW: &str = "eleven loud otters reading soup";
const PLACE: &str = "/login/invitation/";

fn id(app: &TestApp, email: &str) -> PersonId {
    let key = Email::parse(email).expect("an address").key();
    let found = app.ctx.store.read(|r| store::people::find_by_email(r, &key));
    found.expect("a look").expect("the person").id
}

fn place(app: &TestApp, email: &str) -> String {
    format!("/admin/people/{}/invitation", id(app, email))
}

/// Sends an invitation as this admin; what the page answered.
fn invite(app: &TestApp, admin: &Visitor, email: &str) -> Page {
    admin.post(&place(app, email), &[])
}

/// Sends it, and takes the link out of the mail.
fn invited(app: &TestApp, smtp: &Smtp, admin: &Visitor, email: &str) -> String {
    let before = smtp.taken().len();
    let person = format!("/admin/people/{}", id(app, email));
    assert_eq!(invite(app, admin, email).to(), person);
    let mails: Vec<Taken> = smtp.wait_for(before + 1);
    let mail = mails.last().expect("a mail");
    assert_eq!(mail.to, email);
    mail.link(PLACE).expect("a link")
}

/// Without a mail server: the link that the page shows once.
fn handed_over(app: &TestApp, admin: &Visitor, email: &str) -> String {
    let page = invite(app, admin, email);
    assert_eq!(
        (page.status, page.heading().as_str()),
        (200, "Hand over the invitation")
    );
    page.all("code[data-value]").remove(0)
}

fn is_gone(page: &Page) -> bool {
    page.status == 404 && page.heading() == "This invitation does not work"
}

fn is_good(page: &Page) -> bool {
    page.status == 200 && page.heading() == "Your invitation to Acme"
}

/// From the invitation to the passphrase; where the last page leads.
fn choose(visitor: &Visitor, link: &str) -> Page {
    let next = visitor.post(link, &[]);
    let next = next.to().to_owned();
    assert!(next.starts_with("/login/reset/"), "{next}");
    visitor.post(&next, &[("passphrase", NEW), ("passphrase_again", NEW)])
}

fn events(app: &TestApp, action: &str) -> i64 {
    app.count(&format!(
        "SELECT count(*) FROM events WHERE action = 'invitation.{action}'"
    ))
}

/// Where somebody's invitation stands, as their page says.
fn state(app: &TestApp, admin: &Visitor, email: &str) -> String {
    let page = admin.get(&format!("/admin/people/{}", id(app, email)));
    page.all("section[aria-labelledby=invitation] dd").remove(0)
}

/// Three that go, and one for each reason why somebody is left out.
const BOB_ROWS: &str = "E-mail,Given name,Family name,Role,Team\nana@example.com,Ana,Ruiz,Admin,North\n\
                        here@example.com\ncy@example.com;Cy\nsue@example.com,,,,South\nrob@example.com,,,boss\n\
                        bob@example.com\nno address\nANA@example.com";

/// alice, signed in more than a week later: as if she had chosen her passphrase then, so that no second factor is due.
fn later(app: &TestApp) -> Visitor {
    let now = app.ctx.now();
    let anew = move |w: &store::Writer| {
        w.execute("UPDATE passphrases SET made_at = ?1", [now.0])?;
        Ok(())
    };
    app.ctx.store.write_blocking(anew).expect("it is written");
    app.alice()
}
