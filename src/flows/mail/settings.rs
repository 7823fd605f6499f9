//! Where mail goes out: what an owner or `apply` sets, and the password, sealed.
//!
//! A password belongs to the account that it was entered for: when host, port, encryption or user name change, it has
//! to be entered again, so that nobody sends it to a server of theirs by changing the host.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::error::{Error, FieldProblem, Result};
use crate::flows::administer::{difference, organization_subject};
use crate::flows::{Act, Context, Who};
use crate::model::person::{checked_name, is_unprintable};
use crate::model::{Action, Email, MailSecurity, MailSettings};
use crate::store::{self, Reader};
use crate::vault::{Place, Vault};

const PASSWORD: &str = "smtp_password";
const PLACE: Place<'_> = Place {
    table: "organization_secrets",
    row: PASSWORD,
    column: "sealed",
};

/// The settings as a form or a file says them.
#[derive(Clone, Debug, Default)]
pub struct MailFields {
    pub host: String,
    /// Empty: the usual one for the encryption.
    pub port: String,
    /// `tls`, `starttls` or `none`.
    pub security: String,
    pub user: String,
    /// Empty: the one that is kept.
    pub password: Zeroizing<String>,
    pub from_address: String,
    pub from_name: String,
}

fn check(fields: &MailFields) -> Result<MailSettings> {
    let mut problems = Vec::new();
    let mut wrong = |field: &str, message: String| {
        problems.push(FieldProblem {
            field: field.to_owned(),
            message,
        })
    };
    let host = fields.host.trim().trim_matches(['[', ']']).to_lowercase();
    let is_host = |c: char| c.is_ascii_alphanumeric() || ".-:".contains(c);
    if host.is_empty() || host.len() > 253 || !host.chars().all(is_host) {
        wrong(
            "host",
            "Enter the name of the mail server, such as mail.example.com.".to_owned(),
        );
    }
    let security = MailSecurity::parse(fields.security.trim());
    if security.is_none() {
        wrong("security", "Choose tls, starttls or none.".to_owned());
    }
    let port = match (fields.port.trim(), security) {
        ("", Some(security)) => Some(security.usual_port()),
        (typed, _) => typed.parse().ok().filter(|port| *port > 0),
    };
    if port.is_none() {
        wrong(
            "port",
            "Enter a port between 1 and 65535, or leave it empty for the usual one.".to_owned(),
        );
    }
    let user = fields.user.trim().to_owned();
    if user.chars().count() > 254 || user.chars().any(is_unprintable) {
        wrong(
            "user",
            "A user name has at most 254 characters and no control characters.".to_owned(),
        );
    }
    let from_address = Email::parse(&fields.from_address)
        .map_err(|problem| wrong("from_address", problem.to_string()))
        .ok();
    let from_name = checked_name(&fields.from_name)
        .map_err(|problem| wrong("from_name", problem.to_owned()))
        .ok();
    match (security, port, from_address, from_name) {
        (Some(security), Some(port), Some(from_address), Some(from_name)) if problems.is_empty() => {
            Ok(MailSettings {
                host,
                port,
                security,
                user,
                from_address,
                from_name,
            })
        }
        _ => Err(Error::invalid_fields(problems)),
    }
}

/// The password, if one is kept.
pub(super) fn password(r: &Reader, vault: &Vault) -> Result<Option<Zeroizing<String>>> {
    let Some(sealed) = store::organization_secrets::find(r, PASSWORD)? else {
        return Ok(None);
    };
    let plain = vault.unseal(PLACE, &sealed)?;
    let text = String::from_utf8(plain.to_vec()).map_err(Error::internal)?;
    Ok(Some(Zeroizing::new(text)))
}

/// Sets where mail goes out, and lets what waits go at once. The caller refreshes the context afterwards.
///
/// # Errors
/// `Invalid` with every field that is wrong; `Denied` for anybody but an owner.
pub fn set(act: &Act, fields: &MailFields) -> Result<()> {
    act.need_owner()?;
    let settings = check(fields)?;
    let mut organization = store::organization::get(act.w)?;
    let was = organization.settings.mail.replace(settings.clone());
    let new_password = keep_password(act, was.as_ref(), &settings, &fields.password)?;
    if was.as_ref() == Some(&settings) && !new_password {
        return Ok(());
    }
    store::organization::update(act.w, &organization)?;
    store::mails::hurry(act.w, act.now)?;
    let (before, mut after) = difference(&was.as_ref().map_or(Value::Null, facts), &facts(&settings));
    if new_password {
        after["password"] = json!("changed");
    }
    act.event(
        Action::MailChanged,
        organization_subject(&organization),
        before,
        after,
    )
}

/// Says whether the password that is kept is another one now.
fn keep_password(
    act: &Act,
    was: Option<&MailSettings>,
    is: &MailSettings,
    typed: &Zeroizing<String>,
) -> Result<bool> {
    if is.user.is_empty() {
        store::organization_secrets::delete(act.w, PASSWORD)?;
        if typed.is_empty() {
            return Ok(false);
        }
        return Err(Error::invalid(
            "user",
            "Enter the user name that the password belongs to.",
        ));
    }
    let kept = password(act.w, act.vault)?;
    if typed.is_empty() {
        let same = was.is_some_and(|was| was.is_same_account(is));
        return match kept {
            Some(_) if same => Ok(false),
            Some(_) => Err(Error::invalid(
                "password",
                "Enter the password again: the one that is kept was entered for another server or user name.",
            )),
            None => Err(Error::invalid(
                "password",
                "Enter the password of this user name.",
            )),
        };
    }
    if kept.as_ref() == Some(typed) {
        return Ok(false);
    }
    let sealed = act.vault.seal(PLACE, typed.as_bytes(), act.random)?;
    store::organization_secrets::put(act.w, PASSWORD, &sealed, act.now)?;
    Ok(true)
}

/// No mail goes out any more; what waits stays until a server is set again or it is given up.
pub fn turn_off(act: &Act) -> Result<()> {
    act.need_owner()?;
    let mut organization = store::organization::get(act.w)?;
    let Some(was) = organization.settings.mail.take() else {
        return Ok(());
    };
    store::organization_secrets::delete(act.w, PASSWORD)?;
    store::organization::update(act.w, &organization)?;
    let subject = organization_subject(&organization);
    act.event(Action::MailChanged, subject, facts(&was), Value::Null)
}

fn facts(settings: &MailSettings) -> Value {
    json!({
        "host": settings.host, "port": settings.port, "security": settings.security.key(), "user": settings.user,
        "from_address": settings.from_address, "from_name": settings.from_name,
    })
}

impl Context {
    /// Sets where mail goes out, and lets every page see it. `None`: no mail any more.
    pub async fn change_mail(&self, who: Who, fields: Option<MailFields>) -> Result<()> {
        self.act(who, move |act| match &fields {
            Some(fields) => set(act, fields),
            None => turn_off(act),
        })
        .await?;
        self.refresh_organization()
    }
}
