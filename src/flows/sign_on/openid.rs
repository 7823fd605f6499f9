//! What ties an OpenID Connect request to its answer and to the browser: state, nonce and PKCE verifier.
//!
//! The state names the sign-in and is kept with it. Nonce and verifier are kept nowhere: both follow from the state
//! and the flow cookie, so that only the browser that started a sign-in can finish it, and a copy of the database
//! finishes none.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::FORCED;
use super::start::Go;
use crate::error::{Error, Result};
use crate::model::{OidcSettings, OpenIdProvider};
use crate::oidc::{self, Ask};
use crate::random::Random;

/// Longest login hint that is sent on: an e-mail address has at most 254 characters.
const LONGEST_HINT: usize = 320;

/// What only the two ends of one sign-in know.
pub struct Proofs {
    pub nonce: String,
    pub verifier: Zeroizing<String>,
}

impl Proofs {
    /// Of the browser with this flow token and the sign-in of this state.
    pub fn of(flow_token: &str, state: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, flow_token.as_bytes());
        let derive = |label: &str| {
            let tag = hmac::sign(&key, format!("doorward {label} {state}").as_bytes());
            URL_SAFE_NO_PAD.encode(tag)
        };
        Self {
            nonce: derive("nonce"),
            verifier: Zeroizing::new(derive("verifier")),
        }
    }
}

/// Everything of which a request is made.
pub struct Asking<'a> {
    pub redirect_uri: String,
    pub settings: &'a OidcSettings,
    pub provider: &'a OpenIdProvider,
    pub flow_token: &'a str,
    pub login_hint: Option<&'a str>,
    pub force: bool,
}

impl Asking<'_> {
    /// The state, and where the browser goes with it.
    pub fn go(&self, random: &Random) -> Result<(String, Go)> {
        let mut state = random.token();
        if self.force {
            state.insert_str(0, FORCED);
        }
        let proofs = Proofs::of(self.flow_token, &state);
        let hint = self.login_hint.map(str::trim);
        let url = oidc::authorization_url(&Ask {
            provider: self.provider,
            settings: self.settings,
            redirect_uri: &self.redirect_uri,
            state: &state,
            nonce: &proofs.nonce,
            verifier: &proofs.verifier,
            login_hint: hint.filter(|hint| {
                (1..=LONGEST_HINT).contains(&hint.len()) && !hint.chars().any(char::is_control)
            }),
            force: self.force,
        });
        let url = url.map_err(|problem| Error::conflict(problem.to_string()))?;
        Ok((state, Go::Redirect(url)))
    }
}

/// Was this request one whose answer must be fresh?
pub fn is_forced(request_id: &str) -> bool {
    request_id.starts_with(FORCED)
}

#[cfg(test)]
mod tests {
    use super::Proofs;

    #[test]
    fn each_browser_and_each_sign_in_has_proofs_of_its_own() {
        let proofs = |token: &str, state: &str| Proofs::of(token, state);
        let (one, same) = (proofs("token", "state"), proofs("token", "state"));
        assert_eq!((&one.nonce, &*one.verifier), (&same.nonce, &*same.verifier));
        assert_eq!(one.verifier.len(), 43, "RFC 7636 §4.1");
        assert_ne!(one.nonce, *one.verifier);
        for other in [proofs("token", "other"), proofs("other", "state")] {
            assert_ne!(one.nonce, other.nonce);
            assert_ne!(*one.verifier, *other.verifier);
        }
    }
}
