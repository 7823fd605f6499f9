//! What an `Authorization` header presents (RFC 6750 §2.1, RFC 7617), and what identity providers make of it.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::store::scim_credentials::{Credential, CredentialKind};

/// Longest header that is looked at; ours have 60 characters.
const LIMIT: usize = 1_024;
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A secret, not yet looked up. Never printed.
pub enum Presented {
    /// A bearer token, or an access token of OAuth.
    Token(String),
    Basic {
        user_name: String,
        passkey: String,
    },
}

impl Presented {
    pub fn secret(&self) -> &str {
        match self {
            Presented::Token(secret) | Presented::Basic { passkey: secret, .. } => secret,
        }
    }

    /// Was it presented in the way that this credential is meant for?
    pub fn fits(&self, credential: &Credential) -> bool {
        match self {
            Presented::Token(_) => matches!(credential.kind, CredentialKind::Bearer | CredentialKind::Access),
            Presented::Basic { user_name, .. } => {
                credential.kind == CredentialKind::Basic
                    && credential.user_name.as_deref() == Some(user_name.as_str())
            }
        }
    }
}

/// `Bearer x`, `bearer x`, `Basic …`, or the token alone: some identity providers have a field for the whole header,
/// and admins put the word in or leave it out.
pub fn read(header: &str) -> Option<Presented> {
    if header.len() > LIMIT {
        return None;
    }
    let header = header.trim();
    let (scheme, rest) = header
        .split_once(|c: char| c.is_ascii_whitespace())
        .map_or((header, None), |(scheme, rest)| (scheme, Some(rest.trim())));
    match rest {
        None if scheme.is_empty() || is(scheme, "bearer") || is(scheme, "basic") => None,
        None => Some(Presented::Token(scheme.to_owned())),
        Some(rest) if is(scheme, "bearer") => token(rest),
        Some(rest) if is(scheme, "basic") => basic(rest),
        Some(_) => None,
    }
}

fn is(scheme: &str, known: &str) -> bool {
    scheme.eq_ignore_ascii_case(known)
}

fn token(rest: &str) -> Option<Presented> {
    // "Bearer Bearer x": the word was typed into a field to which the identity provider adds it.
    let rest = match rest.split_once(' ') {
        Some((word, rest)) if is(word, "bearer") => rest.trim(),
        _ => rest,
    };
    let whole = !rest.is_empty() && !rest.contains(|c: char| c.is_ascii_whitespace());
    whole.then(|| Presented::Token(rest.to_owned()))
}

fn basic(rest: &str) -> Option<Presented> {
    let decoded = String::from_utf8(BASE64.decode(rest).ok()?).ok()?;
    let (user_name, passkey) = decoded.split_once(':')?;
    (!passkey.is_empty()).then(|| Presented::Basic {
        user_name: user_name.to_owned(),
        passkey: passkey.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(header: &str) -> Option<String> {
        read(header).map(|presented| match presented {
            Presented::Token(token) => format!("token {token}"),
            Presented::Basic { user_name, passkey } => format!("basic {user_name} {passkey}"),
        })
    }

    #[test]
    fn a_token_comes_with_or_without_its_word() {
        for header in [
            "Bearer x",
            "bearer x",
            "BEARER   x ",
            "x",
            " x ",
            "Bearer Bearer x",
            "Bearer\tx",
        ] {
            assert_eq!(shown(header).as_deref(), Some("token x"), "{header:?}");
        }
    }

    #[test]
    fn what_presents_nothing_is_nothing() {
        let long = "x".repeat(LIMIT + 1);
        for header in [
            "",
            " ",
            "Bearer",
            "Bearer ",
            "bearer",
            "Basic",
            "Bearer x y",
            "Token x",
            "Digest x=y",
        ] {
            assert_eq!(shown(header), None, "{header:?}");
        }
        assert_eq!(shown(&long), None);
    }

    #[test]
    fn basic_splits_at_the_first_colon() {
        assert_eq!(shown("Basic b2t0YTphOmI=").as_deref(), Some("basic okta a:b"));
        assert_eq!(shown("basic b2t0YTphOmI").as_deref(), Some("basic okta a:b"));
        for header in [
            "Basic b2t0YQ==",
            "Basic b2t0YTo=",
            "Basic %%%",
            "Basic /w==",
            "Basic a b",
        ] {
            assert_eq!(shown(header), None, "{header}");
        }
    }
}
