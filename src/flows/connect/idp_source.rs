//! What an admin gives us of the identity provider, in any of its forms, and what we understood of it.

use url::Url;

use crate::error::{Error, Result};
use crate::flows::Context;
use crate::model::{IdentityProvider, PinnedCertificate};
use crate::saml::{self, Certificate};

/// Largest metadata document, in bytes.
pub const METADATA_LIMIT: usize = 2 * 1024 * 1024;

/// The forms in which a provider's side arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdpSource {
    /// Pasted, or the content of a file.
    Xml(Vec<u8>),
    /// Fetched through the guarded client.
    Url(String),
    /// Without metadata, as some providers have it.
    ByHand {
        entity_id: String,
        sign_in_url: String,
        certificates: String,
    },
}

/// What was read out of it, and what an admin should know about it.
#[derive(Clone, Debug)]
pub struct Understood {
    pub idp: IdentityProvider,
    pub warnings: Vec<String>,
}

/// Reads the provider's side; what is wrong with it is said here, with the field that it concerns.
pub async fn understand(ctx: &Context, source: IdpSource) -> Result<Understood> {
    match source {
        IdpSource::Xml(xml) => read_metadata(ctx, &xml, "metadata", None),
        IdpSource::Url(url) => {
            let url = url.trim().to_owned();
            let fetched = ctx.outbound.get(&url, METADATA_LIMIT).await;
            let fetched = fetched.map_err(|problem| Error::invalid("metadata_url", problem.to_string()))?;
            read_metadata(ctx, &fetched.body, "metadata_url", Some(url))
        }
        IdpSource::ByHand {
            entity_id,
            sign_in_url,
            certificates,
        } => by_hand(ctx, &entity_id, &sign_in_url, &certificates),
    }
}

fn read_metadata(ctx: &Context, xml: &[u8], field: &str, url: Option<String>) -> Result<Understood> {
    let read = saml::read_idp_metadata(xml, ctx.now())
        .map_err(|problem| Error::invalid(field, problem.to_string()))?;
    let idp = IdentityProvider {
        entity_id: read.entity_id,
        sso_redirect_url: read.sso_redirect_url,
        sso_post_url: read.sso_post_url,
        certificates: read.certificates.into_iter().map(pin).collect(),
        wants_signed_requests: read.wants_signed_requests,
        metadata_url: url,
        slo_redirect: read.slo_redirect,
        slo_post: read.slo_post,
    };
    Ok(Understood {
        idp,
        warnings: read.warnings,
    })
}

fn by_hand(ctx: &Context, entity_id: &str, sign_in_url: &str, certificates: &str) -> Result<Understood> {
    let mut problems = Vec::new();
    let entity_id = entity_id.trim();
    if entity_id.is_empty() || entity_id.len() > 1024 || entity_id.chars().any(char::is_control) {
        problems.extend(field(
            "entity_id",
            "Enter the identity provider's entity ID (its Issuer), exactly as it shows it.",
        ));
    }
    let mut warnings = Vec::new();
    let url = match check_url(sign_in_url) {
        Ok((url, warning)) => {
            warnings.extend(warning);
            url
        }
        Err(message) => {
            problems.extend(field("sign_in_url", &message));
            String::new()
        }
    };
    let pinned = match pins(ctx, certificates) {
        Ok((pinned, expired)) => {
            warnings.extend(expired);
            pinned
        }
        Err(message) => {
            problems.extend(field("certificate", &message));
            Vec::new()
        }
    };
    if !problems.is_empty() {
        return Err(Error::invalid_fields(problems));
    }
    let idp = IdentityProvider {
        entity_id: entity_id.to_owned(),
        sso_redirect_url: Some(url),
        sso_post_url: None,
        certificates: pinned,
        wants_signed_requests: false,
        metadata_url: None,
        slo_redirect: None,
        slo_post: None,
    };
    Ok(Understood { idp, warnings })
}

/// Reads certificates and refuses them when all have ended; some that have ended are a warning.
pub fn pins(ctx: &Context, text: &str) -> Result<(Vec<PinnedCertificate>, Option<String>), String> {
    if text.trim().is_empty() {
        return Err(
            "Paste the identity provider's signing certificate. Without one nobody could sign in.".to_owned(),
        );
    }
    let read = saml::read_certificates(text).map_err(|problem| problem.to_string())?;
    let now = ctx.now();
    let ended = read.iter().filter(|c| c.not_after <= now).count();
    if ended == read.len() {
        let when = read
            .iter()
            .map(|c| c.not_after)
            .max()
            .map(|at| at.human_day())
            .unwrap_or_default();
        return Err(format!(
            "The certificate ended on {when}. Get the current signing certificate from the identity provider."
        ));
    }
    let warning = (ended > 0).then(|| format!("{ended} of the certificates have ended and can be removed."));
    Ok((read.into_iter().map(pin).collect(), warning))
}

fn pin(certificate: Certificate) -> PinnedCertificate {
    PinnedCertificate {
        der: certificate.der,
        fingerprint: certificate.fingerprint,
        subject: certificate.subject,
        not_before: certificate.not_before,
        not_after: certificate.not_after,
        key: certificate.key,
    }
}

fn field(name: &str, message: &str) -> Vec<crate::error::FieldProblem> {
    vec![crate::error::FieldProblem {
        field: name.to_owned(),
        message: message.to_owned(),
    }]
}

fn check_url(text: &str) -> Result<(String, Option<String>), String> {
    let wrong = "Enter the identity provider's sign-in URL (SSO URL), which begins with https://.";
    let text = text.trim();
    let url = Url::parse(text).map_err(|_| wrong.to_owned())?;
    if text.len() > 2048 || url.host_str().is_none() || !url.username().is_empty() || url.fragment().is_some()
    {
        return Err(wrong.to_owned());
    }
    match url.scheme() {
        "https" => Ok((url.to_string(), None)),
        "http" => Ok((
            url.to_string(),
            Some("The sign-in URL is plain http: the request travels unprotected.".to_owned()),
        )),
        _ => Err(wrong.to_owned()),
    }
}

impl From<Understood> for IdentityProvider {
    fn from(understood: Understood) -> Self {
        understood.idp
    }
}
