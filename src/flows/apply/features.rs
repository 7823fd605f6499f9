//! `[organization.features]`: which kinds of integrations there are at all.

use serde::Deserialize;

use crate::error::Result;
use crate::flows::{Act, features};
use crate::model::Feature;

/// What is left out stays as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeaturesPart {
    saml: Option<bool>,
    oidc: Option<bool>,
    scim: Option<bool>,
}

impl FeaturesPart {
    pub fn apply(self, act: &Act) -> Result<()> {
        let wanted = [
            (Feature::Saml, self.saml),
            (Feature::Oidc, self.oidc),
            (Feature::Scim, self.scim),
        ];
        // What is switched on first may be the way in that what is switched off takes.
        for on in [true, false] {
            for (feature, _) in wanted.iter().filter(|(_, said)| *said == Some(on)) {
                features::switch(act, *feature, on)?;
            }
        }
        Ok(())
    }
}
