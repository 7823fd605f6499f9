//! Our values for one connection, under the labels of its identity provider.

use crate::model::provider::{GuideValue, OurValue};
use crate::model::{BaseUrl, Slug};

/// A value to copy.
pub struct Value {
    pub label: String,
    pub value: String,
    pub note: String,
}

pub fn under_its_labels(labels: &[GuideValue], base: &BaseUrl, slug: &Slug) -> Vec<Value> {
    let value = |of: OurValue| match of {
        OurValue::Acs => base.acs(slug),
        OurValue::AcsPattern => pattern(&base.acs(slug)),
        OurValue::EntityId | OurValue::Metadata => base.sp_metadata(slug),
        OurValue::SignIn => base.sign_in(slug),
        OurValue::Callback => base.callback(slug),
        OurValue::AfterLogout => format!("{}/signed-out", base.sign_in(slug)),
        OurValue::BackChannelLogout => format!("{}/backchannel-logout", base.sign_in(slug)),
        OurValue::ClientKeys => base.client_keys(slug),
        OurValue::Origin => base.to_string(),
    };
    let line = |v: &GuideValue| Value {
        label: v.label.clone(),
        value: value(v.value),
        note: v.note.clone(),
    };
    labels.iter().map(line).collect()
}

/// A regular expression that fits exactly this address.
fn pattern(url: &str) -> String {
    let escape = |mut out: String, c: char| {
        if r"/.?*+()[]{}^$|\".contains(c) {
            out.push('\\');
        }
        out.push(c);
        out
    };
    format!("^{}$", url.chars().fold(String::new(), escape))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_pattern_has_every_dot_and_slash_escaped() {
        let made = super::pattern("https://door.acme.example/sso/one-login/acs");
        assert_eq!(made, r"^https:\/\/door\.acme\.example\/sso\/one-login\/acs$");
    }
}
