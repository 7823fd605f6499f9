//! What comes back to the redirect URI: a code or an error, from the provider that was asked, said once.

use crate::model::OpenIdProvider;

use super::problem::{OidcProblem, Place, short};

/// Bytes of a code, or of any other parameter. Entra's codes have about 1,500.
const MAX_VALUE: usize = 8 * 1024;
const MAX_PARAMETERS: usize = 40;

/// The code of an answer: good once, for the client that asked, with the verifier of the browser that asked.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Code {
    /// Says nothing: a code is a secret until it is redeemed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code(…)")
    }
}

/// The `state` of an answer, when it is there once: by it the caller finds the waiting sign-in, for errors too.
pub fn state(params: &[(String, String)]) -> Option<&str> {
    let mut states = params.iter().filter(|(name, _)| name == "state");
    match (states.next(), states.next()) {
        (Some((_, state)), None) if !state.is_empty() && state.len() <= MAX_VALUE => Some(state),
        _ => None,
    }
}

/// Holds the parameters of an answer, decoded, against the provider that was asked. That this browser asked is the
/// caller's question ([`state`]).
///
/// # Errors
/// [`OidcProblem::Answer`] for repeated parameters, [`OidcProblem::Issuer`] for another or a missing issuer
/// (RFC 9207 §2.4, before anything else is believed), [`OidcProblem::Denied`] for the provider's errors.
pub fn check_answer(params: &[(String, String)], provider: &OpenIdProvider) -> Result<Code, OidcProblem> {
    said_once(params)?;
    let get = |name: &str| {
        let found = params.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    let issuer = get("iss");
    let must_say = provider.sends_iss || issuer.is_some();
    if must_say && issuer != Some(&provider.issuer) {
        return Err(OidcProblem::Issuer {
            place: Place::Answer,
            expected: provider.issuer.clone(),
            received: issuer.map(short),
        });
    }
    if let Some(error) = get("error") {
        return Err(OidcProblem::Denied {
            error: short(error),
            description: get("error_description")
                .map(short)
                .filter(|text| !text.is_empty()),
        });
    }
    match get("code") {
        Some(code) if !code.is_empty() => Ok(Code(code.to_owned())),
        _ => Err(OidcProblem::NoCode),
    }
}

/// No parameter twice (RFC 6749 §3.1), none of absurd size.
fn said_once(params: &[(String, String)]) -> Result<(), OidcProblem> {
    let bad = |name: &str, detail| OidcProblem::Answer {
        name: short(name),
        detail,
    };
    for (place, (name, value)) in params.iter().enumerate() {
        if place >= MAX_PARAMETERS {
            return Err(bad(name, "there are more than 40 parameters"));
        }
        if params[..place].iter().any(|(earlier, _)| earlier == name) {
            return Err(bad(name, "it is there twice"));
        }
        if value.len() > MAX_VALUE {
            return Err(bad(name, "it is too long"));
        }
    }
    Ok(())
}
