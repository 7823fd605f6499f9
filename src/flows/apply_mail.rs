//! The part `[mail]` of a file that is applied: where mail goes out.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::Act;
use super::mail::settings::{self, MailFields};
use crate::error::{Error, Result};
use crate::model::MailSettings;
use crate::store;

/// What is left out stays as it is; the password too.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailPart {
    /// `false`: no mail any more.
    enabled: Option<bool>,
    host: Option<String>,
    port: Option<u16>,
    /// `tls`, `starttls` or `none`.
    security: Option<String>,
    user: Option<String>,
    password: Option<String>,
    /// A file beside this one, whose first line is the password.
    pub(super) password_file: Option<String>,
    from_address: Option<String>,
    from_name: Option<String>,
}

impl fmt::Debug for MailPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailPart")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

impl MailPart {
    /// With the password of its file, if it names one.
    pub(super) fn with_password(mut self, files: &BTreeMap<String, String>) -> Result<Self> {
        let Some(name) = &self.password_file else {
            return Ok(self);
        };
        if self.password.is_some() {
            let message = "mail: Give the password once: password or password_file.";
            return Err(Error::invalid("mail", message));
        }
        let content = files
            .get(name)
            .ok_or_else(|| Error::invalid("password_file", format!("mail: {name} was not read.")))?;
        self.password = Some(content.lines().next().unwrap_or_default().to_owned());
        Ok(self)
    }
}

pub fn apply(act: &Act, part: MailPart) -> Result<()> {
    if part.enabled == Some(false) {
        return settings::turn_off(act);
    }
    let was = store::organization::get(act.w)?.settings.mail;
    let kept = |given: Option<String>, read: fn(&MailSettings) -> String| {
        given.or_else(|| was.as_ref().map(read)).unwrap_or_default()
    };
    let fields = MailFields {
        // Another encryption has another usual port: the old one is kept only where neither is said.
        port: match (part.port, &part.security) {
            (Some(port), _) => port.to_string(),
            (None, Some(_)) => String::new(),
            (None, None) => kept(None, |was| was.port.to_string()),
        },
        host: kept(part.host, |was| was.host.clone()),
        security: part
            .security
            .or_else(|| was.as_ref().map(|was| was.security.key().to_owned()))
            .unwrap_or_else(|| "tls".to_owned()),
        user: kept(part.user, |was| was.user.clone()),
        password: Zeroizing::new(part.password.unwrap_or_default()),
        from_address: kept(part.from_address, |was| was.from_address.to_string()),
        from_name: kept(part.from_name, |was| was.from_name.clone()),
    };
    settings::set(act, &fields)
}
