//! Why another machine did not give what was asked for, in sentences that an admin can act on.

use std::net::IpAddr;

use thiserror::Error;

/// Each variant says what happened, whose move it is, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UpstreamProblem {
    #[error(
        "This is not an address that can be fetched: {reason}. Give one like https://idp.example.com/metadata."
    )]
    BadAddress { reason: String },

    #[error(
        "{host} was not asked, because the address does not begin with https and what comes back could have been \
         changed on the way. Give the https address. For a machine in your own network, the operator of this \
         server can name it with --allow-upstream {host}."
    )]
    NotHttps { host: String },

    #[error(
        "{host} was not asked, because it is {address}, an inside address that only this server's own network \
         reaches. If your identity provider really is there, the operator of this server can name it with \
         --allow-upstream {host}."
    )]
    Inside { host: String, address: IpAddr },

    #[error(
        "The name {host} was not found ({reason}). Check its spelling, and whether the name servers of this \
         machine know it."
    )]
    NameNotFound { host: String, reason: String },

    #[error(
        "{host} refused the connection on port {port}. Check the port, and whether the machine is up and its \
         firewall lets this server in."
    )]
    Refused { host: String, port: u16 },

    #[error(
        "There is no way to {host} on port {port} from this server ({reason}). Check its network and firewall."
    )]
    Unreachable { host: String, port: u16, reason: String },

    #[error(
        "{host} did not answer completely within {seconds} seconds. Try again; if it stays so, check whether a \
         firewall drops the connection."
    )]
    TimedOut { host: String, seconds: u64 },

    #[error(
        "The certificate that {host} shows is for another name. Check the address; otherwise its operator must \
         install a certificate for {host}."
    )]
    CertificateForOtherHost { host: String },

    #[error("The certificate of {host} has expired. Its operator must renew it.")]
    CertificateExpired { host: String },

    #[error(
        "The certificate of {host} is not valid yet. Check the clock of this server; otherwise its operator must \
         replace it."
    )]
    CertificateNotYetValid { host: String },

    #[error(
        "The certificate of {host} was issued by somebody this machine does not know. For a certificate authority \
         of your own, add its certificate to the trust store of this machine; otherwise the operator of {host} \
         must send the whole certificate chain."
    )]
    CertificateFromUnknownIssuer { host: String },

    #[error("No secure connection to {host} came about: {reason}. Its operator can tell more.")]
    Tls { host: String, reason: String },

    #[error(
        "This machine has no list of trusted certificate authorities, so that no https address can be checked. The \
         operator of this server must install one (on Debian the package ca-certificates)."
    )]
    NoTrustStore,

    #[error(
        "{host} sends visitors on to {to}. Redirects are not followed: give that address instead, if you trust it."
    )]
    Redirected { host: String, to: String },

    #[error("{host} answered {status}{meaning}. Check the address; the path may be wrong or need a sign-in.")]
    Status {
        host: String,
        status: u16,
        meaning: String,
    },

    #[error("What {host} sends is larger than {limit} bytes, so that it was cut off. Check the address.")]
    TooLarge { host: String, limit: usize },

    #[error(
        "{host} sends its answer compressed ({encoding}), which was not asked for. Check the address, or download \
         the file and upload it here."
    )]
    Compressed { host: String, encoding: String },

    #[error(
        "{host} did not answer as a web server should, or broke off: {reason}. Check the address and the port."
    )]
    BadAnswer { host: String, reason: String },
}
