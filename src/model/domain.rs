//! E-mail domains: what stands behind the `@`, in one spelling, and which of them can belong to one organization.

use url::Host;

/// A domain that an organization can own. Kept in ASCII, so that `bücher.example` and `xn--bcher-kva.example` are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain(String);

/// Why a text is no domain that could be confirmed, as a sentence for the field it was typed into.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainProblem {
    #[error("Enter a domain such as example.com.")]
    Shape,
    #[error(
        "Everybody can register names under {0}, so it belongs to nobody. Enter your own domain, such as example.{0}."
    )]
    Shared(String),
    #[error(
        "{0} gives a mailbox to everybody, so nobody can speak for all of its addresses. People with such an address \
         are linked one by one."
    )]
    FreeMail(String),
}

/// What registries put under a country's own ending, whichever the country.
const REGISTRY_LABELS: &[&str] = &["co", "com", "edu", "gov", "mil"];

/// Further endings under which strangers stand side by side. Not the whole public suffix list: whoever confirms a
/// domain proves it as well, and this stops the slips.
const SHARED: &[&str] = &[
    "ac.uk",
    "ltd.uk",
    "me.uk",
    "net.uk",
    "nhs.uk",
    "org.uk",
    "plc.uk",
    "sch.uk",
    "ac.jp",
    "go.jp",
    "ne.jp",
    "or.jp",
    "id.au",
    "net.au",
    "org.au",
    "ac.nz",
    "net.nz",
    "org.nz",
    "ac.za",
    "org.za",
    "net.br",
    "org.br",
    "ac.at",
    "or.at",
    "gv.at",
    "ac.kr",
    "go.kr",
    "or.kr",
    "net.cn",
    "org.cn",
    "ac.in",
    "net.in",
    "org.in",
    "eu.com",
    "uk.com",
    "us.com",
    "appspot.com",
    "azurewebsites.net",
    "blogspot.com",
    "cloudfront.net",
    "duckdns.org",
    "fly.dev",
    "github.io",
    "gitlab.io",
    "herokuapp.com",
    "netlify.app",
    "onmicrosoft.com",
    "onrender.com",
    "pages.dev",
    "vercel.app",
    "web.app",
    "workers.dev",
];

const FREE_MAIL: &[&str] = &[
    "aol.com",
    "atomicmail.io",
    "duck.com",
    "fastmail.com",
    "free.fr",
    "freenet.de",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hey.com",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.de",
    "hotmail.es",
    "hotmail.fr",
    "hotmail.it",
    "icloud.com",
    "laposte.net",
    "libero.it",
    "live.com",
    "live.de",
    "mail.com",
    "mail.ru",
    "mailbox.org",
    "mailinator.com",
    "me.com",
    "msn.com",
    "naver.com",
    "orange.fr",
    "outlook.com",
    "outlook.de",
    "outlook.es",
    "outlook.fr",
    "pm.me",
    "posteo.de",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rocketmail.com",
    "seznam.cz",
    "t-online.de",
    "tuta.com",
    "tutanota.com",
    "web.de",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.de",
    "yahoo.es",
    "yahoo.fr",
    "yahoo.it",
    "yandex.com",
    "yandex.ru",
    "ymail.com",
    "zoho.com",
    "163.com",
    "126.com",
];

impl Domain {
    /// Reads what somebody typed: `Example.com`, `@example.com`, `bücher.example`.
    pub fn parse(typed: &str) -> Result<Self, DomainProblem> {
        let typed = typed.trim().trim_start_matches('@');
        let ascii = to_ascii(typed.strip_suffix('.').unwrap_or(typed)).ok_or(DomainProblem::Shape)?;
        let labels: Vec<&str> = ascii.split('.').collect();
        let whole = |label: &&str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        if labels.len() < 2 || ascii.len() > 253 || !labels.iter().all(whole) {
            return Err(DomainProblem::Shape);
        }
        let under_a_country = matches!(labels.as_slice(), [first, country]
            if country.len() == 2 && REGISTRY_LABELS.contains(first));
        if under_a_country || SHARED.contains(&ascii.as_str()) {
            return Err(DomainProblem::Shared(ascii));
        }
        if FREE_MAIL.contains(&ascii.as_str()) {
            return Err(DomainProblem::FreeMail(ascii));
        }
        Ok(Self(ascii))
    }

    /// In lower case, every label in ASCII.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The one spelling of a domain in ASCII (UTS 46); `None` for an address of a machine and for what is no domain.
pub(super) fn to_ascii(domain: &str) -> Option<String> {
    // The URL parser would decode these.
    if domain.contains('%') {
        return None;
    }
    match Host::parse(domain) {
        Ok(Host::Domain(ascii)) => Some(ascii),
        _ => None,
    }
}

/// How a domain is shown: as people write it, and where that differs, as machines do, too. The second is what tells
/// look-alikes apart.
pub fn shown(ascii: &str) -> String {
    let unicode = url::quirks::domain_to_unicode(ascii);
    if unicode.is_empty() || unicode == ascii {
        ascii.to_owned()
    } else {
        format!("{unicode} ({ascii})")
    }
}

impl std::fmt::Display for Domain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_domain_has_one_spelling() {
        for typed in [
            "bücher.example",
            " @BÜCHER.example. ",
            "xn--bcher-kva.example",
            "XN--BCHER-KVA.example",
        ] {
            assert_eq!(
                Domain::parse(typed).map(|d| d.0),
                Ok("xn--bcher-kva.example".to_owned()),
                "{typed}"
            );
        }
        assert_eq!(
            shown("xn--bcher-kva.example"),
            "bücher.example (xn--bcher-kva.example)"
        );
        assert_eq!(shown("example.com"), "example.com");
        let composed = Domain::parse("b\u{fc}cher.example");
        assert_eq!(
            composed,
            Domain::parse("bu\u{308}cher.example"),
            "however the letter is made"
        );
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        let long = format!("{}.example", "a".repeat(64));
        let longer = format!("{}example", "abcdefgh.".repeat(30));
        for typed in [
            "",
            "@",
            ".",
            "com",
            "localhost",
            "nonsense",
            "a..b",
            ".example.com",
            "-a.example",
            "a-.example",
            "a_b.example",
            "exa mple.com",
            "127.0.0.1",
            "[::1]",
            "0x7f.1",
            "https://example.com",
            "example.com/x",
            "a@example.com",
            "%65xample.com",
            "example.com:80",
            "a\0.example",
            "xn--a.example",
            &long,
            &longer,
        ] {
            assert_eq!(Domain::parse(typed), Err(DomainProblem::Shape), "{typed:?}");
        }
    }

    #[test]
    fn what_belongs_to_everybody_is_refused_with_words() {
        for typed in [
            "co.uk",
            "CO.UK",
            "com.au",
            "co.jp",
            "org.uk",
            "github.io",
            "onmicrosoft.com",
            "com.br",
        ] {
            assert!(
                matches!(Domain::parse(typed), Err(DomainProblem::Shared(_))),
                "{typed}"
            );
        }
        for typed in [
            "gmail.com",
            "@Outlook.com",
            "GMX.de",
            "icloud.com",
            "proton.me",
            "yahoo.co.uk",
        ] {
            assert!(
                matches!(Domain::parse(typed), Err(DomainProblem::FreeMail(_))),
                "{typed}"
            );
        }
        for ours in [
            "example.com",
            "example.co.uk",
            "acme.onmicrosoft.com",
            "mail.acme.de",
            "co.example.com",
            "a.io",
        ] {
            assert_eq!(Domain::parse(ours).map(|d| d.0), Ok(ours.to_owned()));
        }
    }
}
