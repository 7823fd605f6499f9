//! A connection: our link to one identity provider, and what we know of that provider.

use serde::{Deserialize, Serialize};

use super::{ConnectionId, Feature, Features, Jit, Mapping, OidcSettings, ScimSettings, Slug, Timestamp};

/// One link to one identity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    pub id: ConnectionId,
    pub slug: Slug,
    /// Key of the provider's page of labels, such as `okta`; see [`super::Provider`].
    pub provider: String,
    pub name: String,
    /// Off: nobody signs in through it, and sessions that came through it have ended.
    pub enabled: bool,
    pub saml: SamlSettings,
    pub oidc: OidcSettings,
    pub scim: ScimSettings,
    /// What of the provider's words becomes ours.
    pub mapping: Mapping,
    pub jit: Jit,
    /// Counts the changes, as [`super::Person::version`] does.
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The last test sign-in that passed every rule with the settings as they are now.
    pub tested_at: Option<Timestamp>,
    /// Which kinds of integrations the organization has switched on; read along with the row, and no part of it.
    #[serde(skip)]
    pub features: Features,
}

/// Everything that SAML needs to know for a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SamlSettings {
    /// Nothing before the provider's metadata was given: then nobody can sign in through it.
    pub idp: Option<IdentityProvider>,
    pub unsolicited: Unsolicited,
    pub sign_requests: bool,
    pub request_binding: RequestBinding,
    /// The attribute that names the person for ever where the NameID is transient; `None`: the NameID.
    pub subject_attribute: Option<String>,
    /// Signing out here signs out at the provider too, where its metadata offers that.
    pub sign_out_there: bool,
}

/// The other side, pinned: what the admin gave us, never what a message says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityProvider {
    pub entity_id: String,
    pub sso_redirect_url: Option<String>,
    pub sso_post_url: Option<String>,
    /// Never empty. All of them are trusted at once, so that a rotation needs no downtime.
    pub certificates: Vec<PinnedCertificate>,
    #[serde(default)]
    pub wants_signed_requests: bool,
    /// Where the metadata was fetched from, when it was.
    #[serde(default)]
    pub metadata_url: Option<String>,
    /// Where logout messages go, by each binding that the metadata offers.
    #[serde(default)]
    pub slo_redirect: Option<LogoutService>,
    #[serde(default)]
    pub slo_post: Option<LogoutService>,
}

/// One SingleLogoutService of the provider (SAML metadata §2.4.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogoutService {
    pub location: String,
    /// Where answers go, when that is another address.
    #[serde(default)]
    pub response_location: Option<String>,
}

impl LogoutService {
    pub fn for_responses(&self) -> &str {
        self.response_location.as_deref().unwrap_or(&self.location)
    }
}

impl IdentityProvider {
    /// Does it take part in single logout?
    pub fn offers_logout(&self) -> bool {
        self.slo_redirect.is_some() || self.slo_post.is_some()
    }
}

/// A signing certificate that an admin pinned. `der` is base64 in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedCertificate {
    #[serde(with = "base64_bytes")]
    pub der: Vec<u8>,
    /// SHA-256, upper-case hex with colons.
    pub fingerprint: String,
    pub subject: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// `RSA 2048`, `ECDSA P-256`.
    pub key: String,
}

/// What to do with a response that nobody asked for: a tile in the provider's portal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unsolicited {
    /// Do not trust it; start a sign-in of our own, so that the tile just works.
    #[default]
    Restart,
    /// Trust it as it is.
    Accept,
    Refuse,
}

impl Unsolicited {
    pub const ALL: [Unsolicited; 3] = [Unsolicited::Restart, Unsolicited::Accept, Unsolicited::Refuse];

    pub fn key(self) -> &'static str {
        match self {
            Unsolicited::Restart => "restart",
            Unsolicited::Accept => "accept",
            Unsolicited::Refuse => "refuse",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.key() == key)
    }
}

/// How our AuthnRequest travels (SAML bindings §3.4 and §3.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestBinding {
    /// Redirect where the provider offers it, else POST.
    #[default]
    Auto,
    Redirect,
    Post,
}

impl RequestBinding {
    pub const ALL: [RequestBinding; 3] = [
        RequestBinding::Auto,
        RequestBinding::Redirect,
        RequestBinding::Post,
    ];

    pub fn key(self) -> &'static str {
        match self {
            RequestBinding::Auto => "auto",
            RequestBinding::Redirect => "redirect",
            RequestBinding::Post => "post",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.key() == key)
    }
}

/// The language in which a connection signs people in. One connection speaks one: whichever provider is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Saml,
    Oidc,
}

impl Protocol {
    /// What its codes begin with: `saml`, `oidc`.
    pub fn key(self) -> &'static str {
        match self {
            Protocol::Saml => "saml",
            Protocol::Oidc => "oidc",
        }
    }

    /// `SAML 2.0`, `OpenID Connect`.
    pub fn name(self) -> &'static str {
        self.feature().name()
    }

    /// What an owner switches.
    pub fn feature(self) -> Feature {
        match self {
            Protocol::Saml => Feature::Saml,
            Protocol::Oidc => Feature::Oidc,
        }
    }
}

/// How a connection stands, for lists: word and shape before colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// The provider's side is still missing, and nobody is provisioned either.
    Draft,
    Off,
    /// It is on, and an owner switched its kind off for the whole organization.
    SwitchedOff,
    /// Every pinned certificate has ended: nobody can sign in.
    Broken,
    /// A certificate ends within 30 days.
    Expiring,
    Working,
}

impl Connection {
    /// `None` while no identity provider was given: then nobody signs in through it.
    pub fn protocol(&self) -> Option<Protocol> {
        match (&self.saml.idp, &self.oidc.provider) {
            (Some(_), _) => Some(Protocol::Saml),
            (None, Some(_)) => Some(Protocol::Oidc),
            (None, None) => None,
        }
    }

    /// The kind of its sign-in, where an owner switched that off for the whole organization.
    pub fn switched_off(&self) -> Option<Feature> {
        let kind = self.protocol()?.feature();
        (!self.features.has(kind)).then_some(kind)
    }

    /// Does it take part in a sign-in? A test may go through one that is off, but not through a kind that is.
    pub fn takes_part(&self, is_test: bool) -> bool {
        self.switched_off().is_none() && (self.enabled || is_test)
    }

    /// May people be in who came through it?
    pub fn lets_in(&self) -> bool {
        self.takes_part(false)
    }

    /// Can people sign in through it now?
    pub fn is_door(&self) -> bool {
        self.lets_in() && self.protocol().is_some()
    }

    /// Are requests of its SCIM clients answered?
    pub fn provisions(&self) -> bool {
        self.enabled && self.scim.enabled && self.features.scim
    }

    pub fn state(&self, now: Timestamp) -> ConnectionState {
        let only_provisions = self.protocol().is_none() && self.scim.enabled;
        let is_switched_off = self.switched_off().is_some() || (only_provisions && !self.features.scim);
        if self.enabled && is_switched_off {
            return ConnectionState::SwitchedOff;
        }
        let Some(idp) = &self.saml.idp else {
            let of_use = self.oidc.provider.is_some() || self.scim.enabled;
            return match (of_use, self.enabled) {
                (true, true) => ConnectionState::Working,
                (true, false) => ConnectionState::Off,
                (false, _) => ConnectionState::Draft,
            };
        };
        let last_end = idp
            .certificates
            .iter()
            .map(|c| c.not_after)
            .max()
            .unwrap_or(Timestamp(0));
        if !self.enabled {
            ConnectionState::Off
        } else if last_end <= now {
            ConnectionState::Broken
        } else if last_end <= now.plus(30 * super::time::DAY) {
            ConnectionState::Expiring
        } else {
            ConnectionState::Working
        }
    }
}

mod base64_bytes {
    //! Bytes as base64 text in JSON.
    use base64::{Engine, engine::general_purpose::STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        STANDARD.decode(text).map_err(D::Error::custom)
    }
}
