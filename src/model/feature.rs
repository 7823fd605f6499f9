//! The kinds of integrations, which an owner switches on and off for the whole organization.

use serde::{Deserialize, Serialize};

/// One kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    Saml,
    Oidc,
    Scim,
}

impl Feature {
    pub const ALL: [Feature; 3] = [Feature::Saml, Feature::Oidc, Feature::Scim];

    /// As files and addresses name it: `saml`, `oidc`, `scim`.
    pub fn key(self) -> &'static str {
        match self {
            Feature::Saml => "saml",
            Feature::Oidc => "oidc",
            Feature::Scim => "scim",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Feature::Saml => "SAML 2.0",
            Feature::Oidc => "OpenID Connect",
            Feature::Scim => "Provisioning (SCIM)",
        }
    }

    /// What it is for, in a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Feature::Saml => "People sign in through identity providers that speak SAML 2.0.",
            Feature::Oidc => "People sign in through identity providers that speak OpenID Connect.",
            Feature::Scim => "Identity providers add, change and deactivate people here by themselves.",
        }
    }

    /// Does it let people in, rather than programs?
    pub fn signs_in(self) -> bool {
        self != Feature::Scim
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feature| feature.key() == key)
    }
}

/// Which kinds are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Features {
    pub saml: bool,
    pub oidc: bool,
    pub scim: bool,
}

impl Default for Features {
    fn default() -> Self {
        Self {
            saml: true,
            oidc: true,
            scim: true,
        }
    }
}

impl Features {
    pub fn has(self, feature: Feature) -> bool {
        match feature {
            Feature::Saml => self.saml,
            Feature::Oidc => self.oidc,
            Feature::Scim => self.scim,
        }
    }

    #[must_use]
    pub fn with(mut self, feature: Feature, on: bool) -> Self {
        match feature {
            Feature::Saml => self.saml = on,
            Feature::Oidc => self.oidc = on,
            Feature::Scim => self.scim = on,
        }
        self
    }
}
