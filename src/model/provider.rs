//! What we know of identity providers' own admin pages: labels, steps, traps. Data, not code.
//!
//! One TOML file per provider under `static/providers/`; adding a provider adds a file and touches no Rust.

use std::sync::LazyLock;

use include_dir::{Dir, include_dir};
use serde::Deserialize;

static FILES: Dir = include_dir!("$CARGO_MANIFEST_DIR/static/providers");

static PROVIDERS: LazyLock<Vec<Provider>> = LazyLock::new(|| {
    let mut providers: Vec<Provider> = FILES
        .files()
        .filter_map(|file| read(file.contents_utf8()?))
        .collect();
    providers.sort_by(|a, b| (a.order, &a.name).cmp(&(b.order, &b.name)));
    providers
});

/// One identity provider, as its admins see it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// `okta`; what a connection's `provider` says.
    pub key: String,
    pub name: String,
    /// Place in the picker.
    pub order: u32,
    /// The day on which somebody compared the labels with the provider's pages.
    pub labels_checked_on: String,
    pub saml: SamlGuide,
    pub oidc: OidcGuide,
    pub scim: ScimGuide,
}

/// How provisioning is set up at the provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScimGuide {
    /// Why there is none, and what to do instead; everything else is empty then.
    #[serde(default)]
    pub unavailable: String,
    /// What to click, in order, up to the form that takes our values.
    #[serde(default)]
    pub open: Vec<String>,
    /// Our values under the provider's labels.
    #[serde(default)]
    pub values: Vec<ScimValue>,
    /// Other fields of that form and what to choose in them.
    #[serde(default)]
    pub choices: Vec<GuideChoice>,
    /// What is easily forgotten after saving.
    #[serde(default)]
    pub then: Vec<String>,
    #[serde(default)]
    pub traps: Vec<GuideTrap>,
}

/// A label of the provider's provisioning form and which of our values goes under it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScimValue {
    pub label: String,
    pub value: OurScimValue,
    #[serde(default)]
    pub note: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OurScimValue {
    BaseUrl,
    /// The base URL with the flag by which Entra sends what the standard says.
    BaseUrlWithFlag,
    /// A bearer token, made on the page and shown once.
    Token,
    /// User name and passkey of Basic.
    UserName,
    Passkey,
    /// Where an admin lets an OAuth client in, and where it gets its tokens.
    AuthorizeUrl,
    TokenUrl,
    ClientId,
    ClientSecret,
}

/// How a SAML application is made at the provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamlGuide {
    /// What to click, in order, up to the form that takes our values.
    pub open: Vec<String>,
    /// Our values under the provider's labels.
    pub values: Vec<GuideValue>,
    /// Other fields of that form and what to choose in them.
    #[serde(default)]
    pub choices: Vec<GuideChoice>,
    /// Attributes that the provider should send.
    #[serde(default)]
    pub attributes: Vec<GuideAttribute>,
    /// Where the provider shows what it takes to come back here.
    pub bring_back: String,
    /// The form in which that is easiest to have.
    #[serde(default)]
    pub take: Take,
    /// What is easily forgotten after saving.
    #[serde(default)]
    pub then: Vec<String>,
    /// What goes wrong there, and the cure.
    #[serde(default)]
    pub traps: Vec<GuideTrap>,
    /// How the issuer follows from the sign-in URL, where it does.
    #[serde(default)]
    pub issuer: Option<IssuerRule>,
}

/// The issuer is `prefix` and the last part of the sign-in URL's path before `before`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerRule {
    pub prefix: String,
    pub before: String,
}

impl IssuerRule {
    /// The issuer of whoever answers under this address; `None` for an address of another shape.
    pub fn issuer_of(&self, sign_in_url: &str) -> Option<String> {
        let path = sign_in_url.trim().split(['?', '#']).next()?;
        let key = path.strip_suffix(&self.before)?.rsplit('/').next()?;
        let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric());
        is_key.then(|| format!("{}{key}", self.prefix))
    }
}

/// How an OpenID Connect application is made at the provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcGuide {
    /// Why there is none, and what to do instead; everything else is empty then.
    #[serde(default)]
    pub unavailable: String,
    /// What to click, in order, up to the form that takes our values.
    #[serde(default)]
    pub open: Vec<String>,
    /// Our values under the provider's labels.
    #[serde(default)]
    pub values: Vec<GuideValue>,
    /// Other fields of that form and what to choose in them.
    #[serde(default)]
    pub choices: Vec<GuideChoice>,
    /// Where the provider shows what it takes to come back here.
    #[serde(default)]
    pub bring_back: String,
    /// What an issuer of this provider looks like.
    #[serde(default)]
    pub issuer: String,
    /// What is easily forgotten after saving.
    #[serde(default)]
    pub then: Vec<String>,
    /// What goes wrong there, and the cure.
    #[serde(default)]
    pub traps: Vec<GuideTrap>,
}

/// A label at the provider and which of our values goes under it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuideValue {
    pub label: String,
    pub value: OurValue,
    #[serde(default)]
    pub note: String,
}

/// In which form a provider gives its metadata away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Take {
    #[default]
    Url,
    File,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OurValue {
    Acs,
    /// The ACS as a regular expression, which OneLogin wants for its validator.
    AcsPattern,
    EntityId,
    Metadata,
    SignIn,
    /// The redirect URI of OpenID Connect.
    Callback,
    /// Where people are sent after signing out at the provider.
    AfterLogout,
    /// Where the provider says that a session has ended.
    BackChannelLogout,
    /// The public keys with which Doorward proves itself to the provider.
    ClientKeys,
    /// Doorward's own origin, which some providers want beside its addresses.
    Origin,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuideChoice {
    pub label: String,
    pub choose: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuideAttribute {
    pub name: String,
    pub value: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuideTrap {
    pub seen: String,
    pub cure: String,
}

fn read(text: &str) -> Option<Provider> {
    // A file that does not read is caught by a test, not by a customer's start.
    toml::from_str(text).ok()
}

impl Provider {
    /// Every provider, in the order of the picker; `generic` is last.
    pub fn all() -> &'static [Provider] {
        &PROVIDERS
    }

    pub fn find(key: &str) -> Option<&'static Provider> {
        PROVIDERS.iter().find(|provider| provider.key == key)
    }

    /// Its name, or the key itself when we no longer know it.
    pub fn name_of(key: &str) -> &str {
        Self::find(key).map_or(key, |provider| provider.name.as_str())
    }

    /// How many files there are, so that a test can see that all of them were read.
    pub fn files() -> usize {
        FILES.files().count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_follows_from_a_sign_in_url_of_its_shape_only() {
        let okta = Provider::find("okta").and_then(|okta| okta.saml.issuer.as_ref());
        let of = |url: &str| okta.and_then(|rule| rule.issuer_of(url));
        for url in [
            "https://acme.okta.com/app/acme_door_1/exk5f8x1/sso/saml",
            " https://acme.okta.com/app/acme_door_1/exk5f8x1/sso/saml?x=/exk9/sso/saml#y",
        ] {
            assert_eq!(of(url).as_deref(), Some("http://www.okta.com/exk5f8x1"), "{url}");
        }
        for url in [
            "",
            "/sso/saml",
            "https://acme.okta.com/sso/saml/exk1",
            "https://acme.okta.com/app//sso/saml",
            "https://acme.okta.com/app/ex k/sso/saml",
            "https://acme.okta.com/app/exk1/sso/saml/",
        ] {
            assert_eq!(of(url), None, "{url}");
        }
    }
}
