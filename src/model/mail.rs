//! Mail: the server that takes it, and one mail on its way.

use serde::{Deserialize, Serialize};

use super::time::{DAY, HOUR, MINUTE};
use super::{Email, MailId, PersonId, Timestamp};

/// How the way to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailSecurity {
    /// Encrypted from the first byte (RFC 8314 §3.3), usually port 465.
    Tls,
    /// Plain until STARTTLS, and nothing said before it (RFC 3207), usually port 587.
    StartTls,
    /// Never encrypted: for a server on this machine alone.
    None,
}

impl MailSecurity {
    pub const ALL: [MailSecurity; 3] = [MailSecurity::Tls, MailSecurity::StartTls, MailSecurity::None];

    pub fn key(self) -> &'static str {
        match self {
            MailSecurity::Tls => "tls",
            MailSecurity::StartTls => "starttls",
            MailSecurity::None => "none",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|security| security.key() == key)
    }

    /// The port that servers usually listen on.
    pub fn usual_port(self) -> u16 {
        match self {
            MailSecurity::Tls => 465,
            MailSecurity::StartTls => 587,
            MailSecurity::None => 25,
        }
    }

    pub fn is_encrypted(self) -> bool {
        self != MailSecurity::None
    }
}

/// Where mail goes out. The password is kept apart, sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailSettings {
    /// A name or an address, in lower case.
    pub host: String,
    pub port: u16,
    pub security: MailSecurity,
    /// Empty: the server takes mail without a sign-in.
    pub user: String,
    pub from_address: Email,
    /// Empty: the organization's name.
    pub from_name: String,
}

impl MailSettings {
    /// Would the password go to another place, or under another protection, than it was entered for?
    pub fn is_same_account(&self, other: &Self) -> bool {
        (&self.host, self.port, self.security, &self.user)
            == (&other.host, other.port, other.security, &other.user)
    }
}

/// Where a mail stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailState {
    /// On its way, or between two tries.
    Waiting,
    /// The server took it.
    Sent,
    /// Given up; an owner may try again.
    Failed,
}

impl MailState {
    pub const ALL: [MailState; 3] = [MailState::Waiting, MailState::Sent, MailState::Failed];

    pub fn key(self) -> &'static str {
        match self {
            MailState::Waiting => "waiting",
            MailState::Sent => "sent",
            MailState::Failed => "failed",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.key() == key)
    }
}

/// One mail, as the queue shows it. What it says is sealed, and gone once it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    pub id: MailId,
    /// What it is about: `passphrase.reset`, `passphrase.changed`.
    pub kind: String,
    pub person_id: Option<PersonId>,
    pub address: String,
    pub subject: String,
    pub sealed: Option<Vec<u8>>,
    pub state: MailState,
    pub tries: i64,
    pub next_try_at: Timestamp,
    /// After this moment nobody is helped by it any more.
    pub good_until: Timestamp,
    /// What went wrong last, in the server's words where it had some.
    pub problem: Option<String>,
    pub created_at: Timestamp,
    pub done_at: Option<Timestamp>,
}

impl Mail {
    /// Does it hold a link that is worth nothing after [`Mail::good_until`]? Then nobody tries it again.
    pub fn is_brief(&self) -> bool {
        self.good_until.since(self.created_at) < TRIED_FOR
    }
}

/// How long a mail is tried at all, unless what it says is of no use earlier.
pub const TRIED_FOR: i64 = 2 * DAY;

/// How long to wait after the `tries`-th try: a minute at first, six hours in the end.
pub fn back_off(tries: i64) -> i64 {
    match tries {
        ..=1 => MINUTE,
        2 => 5 * MINUTE,
        3 => 15 * MINUTE,
        4 => HOUR,
        5 => 3 * HOUR,
        _ => 6 * HOUR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_grow_apart_from_a_minute_to_six_hours() {
        let waits: Vec<i64> = (1..=8).map(back_off).collect();
        assert_eq!(waits[0], MINUTE);
        assert_eq!(waits[7], 6 * HOUR);
        assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]), "{waits:?}");
        assert!(waits.iter().sum::<i64>() < TRIED_FOR);
    }

    #[test]
    fn a_password_stays_with_the_account_that_it_was_entered_for() {
        let settings = MailSettings {
            host: "mail.example.com".into(),
            port: 465,
            security: MailSecurity::Tls,
            user: "door".into(),
            from_address: Email::parse("door@example.com").expect("an address"),
            from_name: String::new(),
        };
        let renamed = MailSettings {
            from_name: "Acme".into(),
            ..settings.clone()
        };
        assert!(settings.is_same_account(&renamed));
        for other in [
            MailSettings {
                host: "evil.example".into(),
                ..settings.clone()
            },
            MailSettings {
                port: 25,
                ..settings.clone()
            },
            MailSettings {
                security: MailSecurity::None,
                ..settings.clone()
            },
            MailSettings {
                user: "root".into(),
                ..settings.clone()
            },
        ] {
            assert!(!settings.is_same_account(&other), "{other:?}");
        }
    }
}
