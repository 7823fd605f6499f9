//! Mail about enforcement: to the people affected before it starts, to owners when something needs them.

use super::affected::{self, Group};
use crate::error::Result;
use crate::flows::Act;
use crate::flows::mail::{self, Content, Recipient};
use crate::model::{Connection, Enforcement, Person, SignIn};
use crate::store;

const AT_ONCE: i64 = 500;

/// Writes once to everybody for whom it will hold; later, when mail is not set up yet.
pub(super) fn the_affected(act: &Act, enforcement: &Enforcement, connection: &Connection) -> Result<()> {
    if enforcement.told_at.is_some() || !mail::is_set_up(act.w)? {
        return Ok(());
    }
    let organization = store::organization::get(act.w)?;
    let (name, from) = (&connection.name, enforcement.starts_at.human());
    let content = Content {
        subject: format!("From {from} UTC you sign in through {name}"),
        paragraphs: vec![
            format!(
                "From {from} UTC on, you sign in to {} through {name} only. Other ways, such as a passphrase, then stop working.",
                organization.name
            ),
            format!("Sign in through {name} once before that, so that you know that it works."),
        ],
        link: Some((
            format!("Sign in through {name}"),
            organization.base_url.sign_in(&connection.slug),
        )),
    };
    let domain = enforcement.domain.as_deref();
    let mut offset = 0;
    loop {
        let listed = affected::list(act.w, connection.id, domain, offset, AT_ONCE)?;
        for one in listed.iter().filter(|one| one.group != Group::Exempt) {
            let to = Recipient::of(&one.person);
            mail::send(act, act.vault, "enforcement.planned", to, content.clone())?;
        }
        if i64::try_from(listed.len()).unwrap_or(0) < AT_ONCE {
            break;
        }
        offset += AT_ONCE;
    }
    store::enforcements::touch_told(act.w, enforcement.id, act.now)
}

/// It did not start, and why.
pub(super) fn owners_that_it_waits(
    act: &Act,
    enforcement: &Enforcement,
    connection: &Connection,
    why: &str,
) -> Result<()> {
    let content = Content {
        subject: format!("The enforcement of {} waits for an owner", connection.name),
        paragraphs: vec![format!(
            "It was to start at {} UTC for {}, and did not: {why}. Put that right, then start it on its page, or end it.",
            enforcement.starts_at.human(),
            enforcement.whom()
        )],
        link: Some((
            "Open the integration".to_owned(),
            format!("/admin/integrations/{}/enforcement", connection.slug),
        )),
    };
    mail::tell_owners(act, act.vault, "enforcement.held", content)
}

/// A break-glass owner came in by a door that is shut for others.
pub fn owners_of_break_glass(act: &Act, person: &Person, sign_in: &SignIn) -> Result<()> {
    let content = Content {
        subject: format!("{} came in as a break-glass owner", person.display_name()),
        paragraphs: vec![format!(
            "{} signed in from {} by a door that an enforcement shuts for everybody else. Reference {}. If they did \
             not do this, sign them out everywhere and set a new passphrase.",
            person.display_name(),
            sign_in.address,
            sign_in.reference
        )],
        link: None,
    };
    mail::tell_owners(act, act.vault, "break_glass.used", content)
}
