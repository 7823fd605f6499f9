//! What the last action did, carried over one redirect in a cookie and said once.
//!
//! The cookie holds a key and, at most, a name; never HTML, never an address. A forged one can only make
//! the person's own browser say one of these sentences.

use actix_web::HttpResponse;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::cookies::{self, Jar};
use super::gate::{Visit, see_other};
use super::pieces::Notice;
use crate::model::time::MINUTE;

/// The sentences. `{}` is the name that came along.
const SAID: &[(&str, &str)] = &[
    (
        "set-up",
        "{} is set up. Add an integration, so that people can sign in.",
    ),
    ("role-added", "The role {} was added. Nobody has it yet."),
    ("role-changed", "The role {} is saved."),
    ("role-moved", "The role {} was moved."),
    ("role-removed", "The role {} was removed."),
    ("team-added", "The team {} was added. Nobody is in it yet."),
    ("team-changed", "The team {} is saved."),
    ("team-removed", "The team {} was removed."),
    (
        "access-group-added",
        "{} was added. Select groups that feed it, or put people into it by hand.",
    ),
    ("access-group-changed", "{} is saved."),
    ("access-group-moved", "{} was moved."),
    ("access-group-removed", "The access group {} was removed."),
    ("feeds-added", "{} from now on."),
    ("feed-removed", "{} feeds it no longer."),
    ("app-added", "{} stands on the home of whoever may see it."),
    ("app-changed", "{} is saved."),
    ("app-removed", "{} was removed."),
    ("person-added", "{} was added."),
    ("person-changed", "{} was changed."),
    (
        "person-deactivated",
        "{} was deactivated and is signed out everywhere.",
    ),
    ("person-reactivated", "{} may sign in again."),
    (
        "person-unchanged",
        "{} was not changed: nothing in the form was different.",
    ),
    ("signed-out-everywhere", "{} is signed out everywhere."),
    ("identity-removed", "The linked sign-in was removed."),
    ("invitation-sent", "The invitation of {} is on its way."),
    (
        "person-invited",
        "{} was added, and the invitation is on its way.",
    ),
    (
        "invitation-revoked",
        "The invitation of {} was taken back: its link does not work any more.",
    ),
    ("people-invited", "{}."),
    ("passphrase-set", "Your passphrase is saved. Sign in with it."),
    ("field-saved", "The field {} is saved."),
    ("imported", "{} imported."),
    (
        "imported-and-invited",
        "{} imported. The invitations of those added are listed under Invitations.",
    ),
    ("access-granted", "{} was added and can sign in now."),
    ("access-dismissed", "The request was dismissed."),
    ("access-requested", "Your request is with the admins of {}."),
    (
        "connection-added",
        "{} was added. It is off until you turn it on.",
    ),
    ("connection-changed", "{} was changed."),
    (
        "connection-provisions",
        "{} is on. Its identity provider can provision people now.",
    ),
    ("connection-on", "{} is on. People can sign in through it."),
    (
        "connection-off",
        "{} is off. Sessions that came through it have ended.",
    ),
    ("connection-removed", "{} was removed."),
    (
        "idp-read",
        "Doorward knows the identity provider of {} now. Check what it understood, then test the sign-in.",
    ),
    ("connection-unchanged", "Nothing in the form was different."),
    ("certificate-added", "The certificate is trusted from now on."),
    ("certificate-removed", "The certificate is no longer trusted."),
    (
        "domain-confirmed",
        "{} is confirmed: the sign-in page leads its addresses here, and first sign-ins are linked.",
    ),
    ("domain-withdrawn", "{} is no longer confirmed."),
    ("domain-claimed", "Now put the record of {} into the DNS."),
    (
        "domain-unclaimed",
        "Doorward no longer waits for the record of {}.",
    ),
    (
        "nothing-chosen",
        "Nothing was chosen. Tick at least one line first.",
    ),
    ("link-chosen", "Whom {} is was corrected. Nothing is applied yet."),
    (
        "lines-left-out",
        "{} left out. It comes back when the identity provider writes its user again.",
    ),
    ("lines-taken-in", "{} in the plan again."),
    ("removals-applied", "{} applied."),
    ("removals-discarded", "{} discarded. The people stay as they are."),
    (
        "people-restored",
        "{} restored. The identity provider may remove them again at its next run.",
    ),
    ("group-restored", "{} is back."),
    (
        "provisioning-on",
        "Provisioning through {} is on. Make a credential and copy both there.",
    ),
    (
        "provisioning-on-held",
        "Provisioning through {} is on, and held, because people are here already: nobody changes until you apply it. \
         Make a credential and copy both there.",
    ),
    (
        "provisioning-off",
        "Provisioning through {} is off. Every request is refused until you turn it on.",
    ),
    ("credential-revoked", "{} is no longer let in."),
    ("oauth-client-removed", "{} and all of its tokens are gone."),
    (
        "request-replayed",
        "The request was replayed. This is what it came to.",
    ),
    ("feature-on", "{} is switched on. Everything is as it was."),
    ("feature-off", "{} is switched off."),
    ("organization-changed", "The settings were saved."),
    ("signed-out", "You are signed out."),
    (
        "enforced",
        "{} is enforced. Any owner can roll it back here with one click for 24 hours.",
    ),
    (
        "enforcement-planned",
        "The enforcement of {} is planned. It can be taken back here any time.",
    ),
    ("enforcement-ended", "The enforcement of {} has ended."),
    (
        "break-glass-made",
        "{} is a break-glass owner now. They should sign in once with passphrase and second factor.",
    ),
    ("break-glass-unmade", "{} is no break-glass owner any more."),
    (
        "step-gone",
        "The second step took too long, or was begun in another browser. Sign in once more.",
    ),
    (
        "totp-added",
        "The authenticator app is set up. From now on Doorward asks for its code after your passphrase.",
    ),
    ("totp-removed", "The authenticator app was removed."),
    (
        "passkey-added",
        "The passkey {} was added. You can sign in with it alone.",
    ),
    ("passkey-renamed", "The passkey is called {} now."),
    ("passkey-removed", "The passkey {} was removed."),
    (
        "passphrase-changed",
        "Your passphrase was changed, and your other sessions have ended.",
    ),
    (
        "factor-removed",
        "The second factor of {} was removed, and they are signed out everywhere.",
    ),
    ("session-ended", "The session on {} has ended."),
    ("other-sessions-ended", "Every other session has ended."),
    (
        "session-limits-saved",
        "The limits were saved. They count from now on.",
    ),
    (
        "passphrase-chosen",
        "Your passphrase was changed. Sign in with the new one.",
    ),
    (
        "mail-changed",
        "The mail settings were saved. Send a test mail to see whether they work.",
    ),
    ("mail-off", "No more mail is sent from here."),
    ("mail-again", "The mail to {} is tried again now."),
    ("mail-removed", "The mail was removed."),
    ("signed-out-there", "You are signed out, here and at {}."),
    (
        "signed-out-here",
        "You are signed out here. {} did not confirm that you are signed out everywhere else.",
    ),
];

/// A redirect that says `key` on the next page.
pub fn to(visit: &Visit, location: &str, key: &str, name: &str) -> HttpResponse {
    debug_assert!(
        SAID.iter().any(|(known, _)| *known == key),
        "no sentence for {key}"
    );
    let name: String = name.chars().take(100).collect();
    let value = format!("{key}.{}", URL_SAFE_NO_PAD.encode(name));
    let mut response = see_other(location);
    let cookie = cookies::make(Jar::Flash, visit.secure(), value, MINUTE);
    let _ = response.add_cookie(&cookie);
    response
}

/// The sentence of a cookie; `None` for anything that we do not say.
pub fn read(cookie: &str) -> Option<Notice> {
    let (key, name) = cookie.split_once('.')?;
    let name = String::from_utf8(URL_SAFE_NO_PAD.decode(name).ok()?).ok()?;
    let (_, sentence) = SAID.iter().find(|(known, _)| *known == key)?;
    let name: String = name
        .chars()
        .filter(|c| !crate::model::person::is_unprintable(*c))
        .take(100)
        .collect();
    Some(Notice::done(sentence.replace("{}", &name)))
}
