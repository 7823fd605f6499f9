//! One mail as it travels: headers that nobody else can add to, plain text and HTML side by side.

use std::time::{Duration, UNIX_EPOCH};

use lettre::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use url::Host;

use super::problem::MailProblem;
use crate::model::person::is_unprintable;
use crate::model::{Email, Timestamp};

/// What is sent, and to whom.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The same for every try of one mail, so that copies are recognised: `019…@door.example.com`.
    pub id: String,
    pub date: Timestamp,
    pub from_name: String,
    pub from: Email,
    pub to: Email,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// A letter in its final form.
pub(super) struct Written {
    pub from: Address,
    pub to: Address,
    pub bytes: Vec<u8>,
}

impl Letter {
    /// Headers are encoded as RFC 2047 asks; the bodies leave as ASCII, whatever they say.
    pub(super) fn write(&self) -> Result<Written, MailProblem> {
        let (from, to) = (address(&self.from)?, address(&self.to)?);
        let since = Duration::from_millis(u64::try_from(self.date.0).unwrap_or(0));
        let name = line(&self.from_name);
        // A boundary that no line of the texts can be: they hold no line that begins with this id.
        let boundary = format!("part-{}", self.id.replace('@', "-"));
        let parts = MultiPart::alternative()
            .boundary(boundary)
            .singlepart(SinglePart::plain(self.text.clone()))
            .singlepart(SinglePart::html(self.html.clone()));
        let message = Message::builder()
            .from(Mailbox::new((!name.is_empty()).then_some(name), from.clone()))
            .to(Mailbox::new(None, to.clone()))
            .subject(line(&self.subject))
            .date(UNIX_EPOCH + since)
            .message_id(Some(format!("<{}>", self.id)))
            // Nobody's out-of-office note comes back (RFC 3834 §5; Exchange has its own word for it).
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("X-Auto-Response-Suppress", "All"))
            .multipart(parts);
        let message = message.map_err(|cause| MailProblem::Unwritable {
            address: self.to.to_string(),
            reason: cause.to_string(),
        })?;
        Ok(Written {
            from,
            to,
            bytes: message.formatted(),
        })
    }
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// Whatever ends a line, or turns the direction of one, becomes a space.
fn line(text: &str) -> String {
    let shown: String = text
        .chars()
        .map(|c| if is_unprintable(c) { ' ' } else { c })
        .collect();
    shown.trim().to_owned()
}

/// The address as servers take it: the domain in its ASCII form.
fn address(email: &Email) -> Result<Address, MailProblem> {
    let wrong = |reason: String| MailProblem::Unwritable {
        address: email.to_string(),
        reason,
    };
    let (local, domain) = email
        .as_str()
        .rsplit_once('@')
        .ok_or_else(|| wrong("it has no @".to_owned()))?;
    let domain = match Host::parse(domain) {
        Ok(Host::Domain(name)) => name,
        _ => return Err(wrong("its domain is no name".to_owned())),
    };
    Address::new(local, domain).map_err(|cause| wrong(cause.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> Letter {
        Letter {
            id: "019f@door.example.com".into(),
            date: Timestamp(1_700_000_000_000),
            from_name: "Acme".into(),
            from: Email::parse("door@example.com").expect("an address"),
            to: Email::parse("ana@bücher.example").expect("an address"),
            subject: "Hello".into(),
            text: "One\n".into(),
            html: "<p>One</p>\n".into(),
        }
    }

    fn written(letter: &Letter) -> String {
        String::from_utf8(letter.write().ok().expect("a letter").bytes).expect("ASCII")
    }

    #[test]
    fn every_header_is_there_once_and_the_domain_is_ascii() {
        let text = written(&letter());
        for line in [
            "Message-ID: <019f@door.example.com>",
            "From: Acme <door@example.com>",
            "To: ana@xn--bcher-kva.example",
            "Subject: Hello",
            "Date: Tue, 14 Nov 2023 22:13:20 +0000",
            "Auto-Submitted: auto-generated",
        ] {
            assert_eq!(text.lines().filter(|l| l == &line).count(), 1, "{line}\n{text}");
        }
        assert!(text.contains("multipart/alternative"), "{text}");
    }

    #[test]
    fn no_text_becomes_a_header() {
        let hostile = "Acme\r\nBcc: evil@example.com\r\n\r\nbody\u{85}\u{2028}\0";
        let letter = Letter {
            from_name: hostile.into(),
            subject: hostile.into(),
            ..letter()
        };
        let text = written(&letter);
        let head = text.split("\r\n\r\n").next().expect("a head");
        assert!(
            !head.lines().any(|line| line.to_lowercase().starts_with("bcc")),
            "{head}"
        );
        assert!(head.contains("Content-Type: multipart/alternative"), "{head}");
    }

    #[test]
    fn long_names_and_every_script_survive_in_lines_that_servers_take() {
        let name = "Ñandú 東京 \"Ltd\" ".repeat(14);
        let letter = Letter {
            from_name: name.clone(),
            subject: format!("{name}: sign in"),
            text: format!("{}\n", "ü".repeat(5_000)),
            ..letter()
        };
        let text = written(&letter);
        assert!(text.is_ascii());
        assert!(text.lines().all(|line| line.len() <= 998), "RFC 5322 §2.1.1");
        assert!(text.contains("=?utf-8?b?"), "{text}");
    }
}
