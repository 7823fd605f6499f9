//! A connection's OpenID Provider: what an admin gave us, and what the provider's own discovery document said.

use serde::{Deserialize, Serialize};

use super::time::{SECOND, Timestamp};

/// How far the provider's clock and ours may differ: 60 s, in milliseconds.
pub const SKEW_MILLIS: i64 = 60 * SECOND;

/// Everything that OpenID Connect needs to know for a connection. A client secret is kept apart, sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OidcSettings {
    /// Nothing before issuer and client ID were given: then nobody can sign in through it.
    pub provider: Option<OpenIdProvider>,
    pub client_auth: ClientAuth,
    /// When the client secret, or our key for `private_key_jwt`, was set last.
    pub secret_at: Option<Timestamp>,
    /// Beside `openid`, which is always asked for.
    pub scopes: Vec<String>,
    pub prompt: Option<String>,
    pub acr_values: Option<String>,
    /// Tells the provider the e-mail that the person typed here.
    pub login_hint: bool,
    /// Signing out here signs out at the provider too.
    pub sign_out_there: bool,
    /// Asks the UserInfo endpoint when the ID token carries no e-mail or names.
    pub userinfo: bool,
    /// The claim that names the person for ever; `None`: `sub` (for Entra ID `oid` is used with `tid`).
    pub subject_claim: Option<String>,
}

/// The other side, pinned: the issuer that the admin gave us, and the endpoints of its discovery document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenIdProvider {
    /// Byte for byte what discovery and every ID token must say.
    pub issuer: String,
    pub client_id: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub jwks_uri: String,
    #[serde(default)]
    pub userinfo_endpoint: Option<String>,
    #[serde(default)]
    pub end_session_endpoint: Option<String>,
    /// Algorithms that an ID token may be signed with here: ours, narrowed to what the provider announces.
    pub signing_algorithms: Vec<String>,
    /// The provider says that it sends `iss` with its answers (RFC 9207): then it must be there.
    #[serde(default)]
    pub sends_iss: bool,
}

/// How we prove to the token endpoint who we are (OpenID Connect Core §9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// A public client: nothing but PKCE.
    #[default]
    None,
    ClientSecretBasic,
    ClientSecretPost,
    PrivateKeyJwt,
}

impl ClientAuth {
    pub const ALL: [ClientAuth; 4] = [
        ClientAuth::None,
        ClientAuth::ClientSecretBasic,
        ClientAuth::ClientSecretPost,
        ClientAuth::PrivateKeyJwt,
    ];

    /// As `token_endpoint_auth_methods_supported` spells it.
    pub fn key(self) -> &'static str {
        match self {
            ClientAuth::None => "none",
            ClientAuth::ClientSecretBasic => "client_secret_basic",
            ClientAuth::ClientSecretPost => "client_secret_post",
            ClientAuth::PrivateKeyJwt => "private_key_jwt",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.key() == key)
    }

    pub fn needs_secret(self) -> bool {
        matches!(self, ClientAuth::ClientSecretBasic | ClientAuth::ClientSecretPost)
    }
}
