//! The one organization that this appliance serves, and the address under which the world reaches it.

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::{Slug, Timestamp};

/// `https://door.example.com` or, on the same machine only, `http://127.0.0.1:8080`: an origin, no path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BaseUrl(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlProblem {
    #[error("Enter the address as https://door.example.com.")]
    Shape,
    #[error("Leave out everything after the host and port: the address has no path, query or user name.")]
    Extra,
    #[error("Plain http is only for the machine itself (127.0.0.1, [::1] or localhost). Use https.")]
    Insecure,
}

impl BaseUrl {
    /// Accepts one trailing slash and drops it; an entity ID must have one spelling only.
    pub fn parse(text: &str) -> Result<Self, BaseUrlProblem> {
        let url = Url::parse(text.trim()).map_err(|_| BaseUrlProblem::Shape)?;
        let host = url.host().ok_or(BaseUrlProblem::Shape)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(BaseUrlProblem::Shape);
        }
        let extra = url.path() != "/" || url.query().is_some() || url.fragment().is_some();
        if extra || !url.username().is_empty() || url.password().is_some() {
            return Err(BaseUrlProblem::Extra);
        }
        if url.scheme() == "http" && !is_loopback(&host) {
            return Err(BaseUrlProblem::Insecure);
        }
        Ok(Self(url.origin().ascii_serialization()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Host and, where it is not the scheme's own, port: what a `Host` header says.
    pub fn authority(&self) -> &str {
        self.0.split_once("://").map_or("", |(_, rest)| rest)
    }

    /// The assertion consumer service of a connection (SAML bindings §3.5).
    pub fn acs(&self, slug: &Slug) -> String {
        format!("{self}/sso/{slug}/acs")
    }

    /// The SP metadata document of a connection; its address is also the entity ID.
    pub fn sp_metadata(&self, slug: &Slug) -> String {
        format!("{self}/sso/{slug}/metadata")
    }

    /// Where SAML logout messages go (SAML profiles §4.4), and nothing else does.
    pub fn single_logout(&self, slug: &Slug) -> String {
        format!("{self}/sso/{slug}/slo")
    }

    /// Where an OpenID Provider sends people back who signed out there.
    pub fn signed_out(&self, slug: &Slug) -> String {
        format!("{self}/sso/{slug}/signed-out")
    }

    /// Where an OpenID Provider says that a session has ended (OpenID Connect Back-Channel Logout 1.0).
    pub fn backchannel_logout(&self, slug: &Slug) -> String {
        format!("{self}/sso/{slug}/backchannel-logout")
    }

    /// Where an identity provider ends everything of one person (Global Token Revocation).
    pub fn token_revocation(&self, slug: &Slug) -> String {
        format!("{self}/sso/{slug}/global-token-revocation")
    }

    /// The SCIM base URL of a connection, without a slash at its end.
    pub fn scim(&self, slug: &Slug) -> String {
        format!("{self}/scim/{slug}/v2")
    }

    /// The redirect URI of a connection (OpenID Connect Core 1.0 §3.1.2.1).
    pub fn callback(&self, slug: &Slug) -> String {
        format!("{self}/sso/{slug}/callback")
    }

    /// The public keys with which Doorward proves itself to the provider of a connection.
    pub fn client_keys(&self, slug: &Slug) -> String {
        format!("{self}/sso/{slug}/jwks")
    }

    /// Where a sign-in through a connection starts.
    pub fn sign_in(&self, slug: &Slug) -> String {
        format!("{self}/sso/{slug}")
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    }
}

impl TryFrom<String> for BaseUrl {
    type Error = BaseUrlProblem;
    fn try_from(text: String) -> Result<Self, BaseUrlProblem> {
        Self::parse(&text)
    }
}

impl From<BaseUrl> for String {
    fn from(url: BaseUrl) -> Self {
        url.0
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The organization, as set at first run and changed in Settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    pub name: String,
    pub base_url: BaseUrl,
    /// Whom a person asks who cannot get in; shown on notice and error pages.
    pub contact: String,
    pub settings: Settings,
    pub created_at: Timestamp,
}

/// What an owner may set beside name and address. Unknown parts are refused nowhere and kept nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub sessions: super::session::SessionLimits,
    /// `None`: no mail goes out.
    pub mail: Option<super::MailSettings>,
    pub login: LoginSettings,
    /// Which kinds of integrations there are at all.
    pub features: super::Features,
}

/// What the sign-in page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoginSettings {
    /// Every integration below the field for the e-mail, for whoever wants to choose by hand.
    pub list_integrations: bool,
}

impl Default for LoginSettings {
    fn default() -> Self {
        Self {
            list_integrations: true,
        }
    }
}
