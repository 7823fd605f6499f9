//! Why a mail did not go out, in sentences that an owner can act on: what happened, whose move it is, what to do.

use std::error::Error as StdError;
use std::io;
use std::net::IpAddr;

use lettre::transport::smtp::Error;
use thiserror::Error as Problem;

use super::stream::Trouble;
use crate::outbound::problem::UpstreamProblem;
use crate::outbound::trouble;

/// What a server said no to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    Greeting,
    SignIn,
    Sender,
    Recipient,
    Letter,
}

/// Each variant says what happened, whose move it is, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Problem)]
pub enum MailProblem {
    #[error("“{host}” is not the name of a server. Enter one like mail.example.com.")]
    NoHost { host: String },

    #[error(
        "{host} was not asked, because it is {address}, an inside address that only this server's own network \
         reaches. If your mail server really is there, the operator of this server can name it with \
         --allow-upstream {host}."
    )]
    Inside { host: String, address: IpAddr },

    #[error(
        "{host} was not asked, because mail without encryption is for a server on this machine alone. Choose TLS or \
         STARTTLS."
    )]
    InTheOpen { host: String },

    #[error("{0}")]
    Connection(UpstreamProblem),

    #[error(
        "{host} offers no STARTTLS, so that nothing was sent. Choose TLS with the port that goes with it, usually 465; \
         otherwise the operator of {host} must turn encryption on."
    )]
    NoStartTls { host: String },

    #[error(
        "Something was slipped into the conversation with {host} before the encryption began, so that Doorward hung \
         up. Choose TLS instead of STARTTLS, and let somebody look at the network in between."
    )]
    SlippedIn { host: String },

    #[error(
        "{host} takes no password in a way that Doorward has (PLAIN or LOGIN), so that none was sent. Check the port, \
         or leave the user name out if the server takes mail without one."
    )]
    NoSignIn { host: String },

    #[error(
        "The address {address} has letters outside ASCII, and {host} does not take those. Use another address, or \
         another mail server."
    )]
    NoForeignLetters { host: String, address: String },

    #[error("A mail to {address} cannot be written: {reason}. Correct the address.")]
    Unwritable { address: String, reason: String },

    #[error("{host} {}: “{said}”. {}", refusal(*of), remedy(*of, *for_good))]
    Refused {
        host: String,
        of: Refused,
        said: String,
        /// A reply that begins with 5: the same again would be refused again.
        for_good: bool,
    },

    #[error(
        "{host} did not answer within {seconds} seconds. Doorward tries again; if it stays so, check the port, and \
         whether a firewall drops the connection."
    )]
    TimedOut { host: String, seconds: u64 },

    #[error(
        "{host} says more than a mail server has to say, so that Doorward hung up. Check the host and the port."
    )]
    TooMuch { host: String },

    #[error(
        "{host} does not speak as a mail server does, or broke off: {reason}. Check the port and the encryption."
    )]
    BrokeOff { host: String, reason: String },

    #[error(
        "This machine has no list of trusted certificate authorities, so that no mail server can be checked. The \
         operator of this server must install one (on Debian the package ca-certificates)."
    )]
    NoTrustStore,
}

impl MailProblem {
    /// Would the same mail be refused again, whatever is changed in the settings?
    pub fn is_final(&self) -> bool {
        match self {
            Self::Refused { of, for_good, .. } => {
                *for_good && matches!(of, Refused::Recipient | Refused::Letter)
            }
            Self::Unwritable { .. } => true,
            _ => false,
        }
    }
}

fn refusal(of: Refused) -> &'static str {
    match of {
        Refused::Greeting => "answered the door and refused",
        Refused::SignIn => "refused the user name or the password",
        Refused::Sender => "refused the sender's address",
        Refused::Recipient => "refused the recipient's address",
        Refused::Letter => "refused the mail itself",
    }
}

fn remedy(of: Refused, for_good: bool) -> &'static str {
    match (of, for_good) {
        (_, false) => "It asks to try again later, and Doorward does.",
        (Refused::Greeting, true) => "Its operator can tell whether it takes mail from this machine.",
        (Refused::SignIn, true) => {
            "Enter user name and password again; many providers want one made for programs."
        }
        (Refused::Sender, true) => "Enter a sender's address that this account may use.",
        (Refused::Recipient, true) => "Check the person's e-mail address.",
        (Refused::Letter, true) => "Its operator can tell why.",
    }
}

/// What an error of the SMTP client means before a letter is spoken of.
pub(super) fn explain(host: &str, port: u16, error: Error) -> MailProblem {
    if error.status().is_some() {
        return refused(host, Refused::Greeting, error);
    }
    cause(host, port, &error)
}

/// What the server said no to; everything but an answer of the server is explained as elsewhere.
pub(super) fn refused(host: &str, of: Refused, error: Error) -> MailProblem {
    let Some(code) = error.status() else {
        return cause(host, 0, &error);
    };
    let words = error.source().map_or_else(String::new, ToString::to_string);
    MailProblem::Refused {
        host: host.to_owned(),
        of,
        said: plain(&format!("{code} {words}")),
        for_good: error.is_permanent(),
    }
}

fn cause(host: &str, port: u16, error: &(dyn StdError + 'static)) -> MailProblem {
    let host = host.to_owned();
    let mut next = Some(error);
    while let Some(error) = next {
        match error.downcast_ref::<Trouble>() {
            Some(Trouble::TooMuch) => return MailProblem::TooMuch { host },
            Some(Trouble::Slipped) => return MailProblem::SlippedIn { host },
            None => next = trouble::next(error),
        }
    }
    match trouble::find(&host, port, error) {
        Ok(problem) => MailProblem::Connection(problem),
        Err(reason) => MailProblem::BrokeOff {
            host,
            reason: plain(&reason),
        },
    }
}

pub(super) fn not_found(host: &str, cause: &io::Error) -> MailProblem {
    MailProblem::Connection(UpstreamProblem::NameNotFound {
        host: host.to_owned(),
        reason: trouble::lookup_reason(cause),
    })
}

pub(super) fn unreachable(host: &str, port: u16, error: &io::Error) -> MailProblem {
    cause(host, port, error)
}

/// A server's words, safe to show: one line, without control characters, not too long.
pub(super) fn plain(words: &str) -> String {
    let shown = words.chars().map(|c| if c.is_control() { ' ' } else { c });
    let shown: String = shown.take(400).collect();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}
