//! Reading an IdentityProvider's metadata (SAML metadata §2), as an admin pastes it or as its address serves it.
//!
//! Metadata decides whom we trust, so it is read by the one parser of this room, with namespaces, and anything odd is
//! said in a sentence. A signature on it is not checked: the admin vouches for it and is shown the fingerprints.

use bergshamra_xml::uppsala::NodeId;
use url::{Host, Url};

use crate::model::LogoutService;
use crate::model::time::{DAY, Timestamp};

use super::certificate::{Certificate, CertificateProblem, read_certificates};
use super::instant;
use super::metadata_problem::MetadataProblem;
use super::names::{BINDING_POST, BINDING_REDIRECT, DSIG, METADATA as MD, PROTOCOL};
use super::problem::short;
use super::scan::{METADATA, ScanProblem};
use super::tree::{self, Tree};

/// A warning is given for a certificate that ends within this time.
const ENDS_SOON: i64 = 30 * DAY;

/// What we need to know about an IdentityProvider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdpMetadata {
    pub entity_id: String,
    /// Sign-on address for HTTP-Redirect; this or the next one is there.
    pub sso_redirect_url: Option<String>,
    /// Sign-on address for HTTP-POST.
    pub sso_post_url: Option<String>,
    pub slo_redirect: Option<LogoutService>,
    pub slo_post: Option<LogoutService>,
    /// Certificates for signing (`use="signing"` or no `use`), at least one of them within its dates.
    pub certificates: Vec<Certificate>,
    pub name_id_formats: Vec<String>,
    /// Whether the IdP refuses unsigned requests (`WantAuthnRequestsSigned`).
    pub wants_signed_requests: bool,
    pub valid_until: Option<Timestamp>,
    /// What works but should be looked at, as sentences.
    pub warnings: Vec<String>,
}

impl From<ScanProblem> for MetadataProblem {
    fn from(problem: ScanProblem) -> Self {
        match problem {
            ScanProblem::Empty => Self::Empty,
            ScanProblem::TooLarge { bytes, limit } => Self::TooLarge { bytes, limit },
            ScanProblem::NotUtf8 { found } => Self::NotUtf8 { found },
            ScanProblem::DocumentType => Self::DocumentType,
            ScanProblem::Limit { what, limit } => Self::Limit { what, limit },
            ScanProblem::NotXml { detail } => Self::NotXml { detail },
        }
    }
}

/// Reads metadata with exactly one IdentityProvider; `now` judges its dates.
///
/// # Errors
/// A [`MetadataProblem`] whose text can be shown to the admin as it is.
pub fn read_idp_metadata(xml: &[u8], now: Timestamp) -> Result<IdpMetadata, MetadataProblem> {
    let trimmed = xml.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(xml).trim_ascii();
    looks_like_something_else(trimmed)?;
    let tree = tree::parse(trimmed, METADATA)?;
    let entity = the_idp(&tree)?;
    let entity_id = tree
        .attribute(entity, "entityID")
        .map(str::trim)
        .unwrap_or_default();
    if entity_id.is_empty() || entity_id.chars().count() > 1_024 {
        return Err(MetadataProblem::NoEntityId);
    }
    let role = idp_role(&tree, entity).ok_or_else(|| MetadataProblem::NoIdpRole {
        entity_id: short(entity_id),
    })?;
    let valid_until = valid_until(&tree, &[tree.root, entity, role], now)?;
    let mut warnings = Vec::new();
    let certificates = certificates(&tree, role, now, &mut warnings)?;
    let address = |service: &str, binding: &str| endpoint(&tree, role, service, binding, "Location");
    let metadata = IdpMetadata {
        entity_id: entity_id.to_owned(),
        sso_redirect_url: address("SingleSignOnService", BINDING_REDIRECT)?,
        sso_post_url: address("SingleSignOnService", BINDING_POST)?,
        slo_redirect: logout_service(&tree, role, BINDING_REDIRECT)?,
        slo_post: logout_service(&tree, role, BINDING_POST)?,
        certificates,
        name_id_formats: tree
            .children(role, MD, "NameIDFormat")
            .filter_map(|n| tree.text(n))
            .collect(),
        wants_signed_requests: matches!(
            tree.attribute(role, "WantAuthnRequestsSigned"),
            Some("true" | "1")
        ),
        valid_until,
        warnings,
    };
    if metadata.sso_redirect_url.is_none() && metadata.sso_post_url.is_none() {
        let services = tree.children(role, MD, "SingleSignOnService");
        let bindings = services
            .map(|s| short(tree.attribute(s, "Binding").unwrap_or("none")))
            .collect();
        return Err(MetadataProblem::NoSignOn { bindings });
    }
    Ok(with_address_warnings(metadata))
}

/// The common mistakes of copy and paste, before a parser complains about them less helpfully.
fn looks_like_something_else(text: &[u8]) -> Result<(), MetadataProblem> {
    let start = String::from_utf8_lossy(&text[..text.len().min(512)]).to_ascii_lowercase();
    if start.starts_with("<!doctype html") || start.starts_with("<html") || start.contains("<html") {
        return Err(MetadataProblem::Html);
    }
    if start.starts_with("-----begin") {
        return Err(MetadataProblem::IsCertificate);
    }
    if start.is_empty() {
        return Err(MetadataProblem::Empty);
    }
    if start.starts_with("http://") || start.starts_with("https://") {
        return Err(MetadataProblem::NotXml {
            detail: "it is an address; enter it as the metadata URL",
        });
    }
    let is_utf16 = start.starts_with('\u{fffd}') || start.contains('\0');
    if !start.starts_with('<') && !is_utf16 {
        return Err(MetadataProblem::NotXml {
            detail: "it does not start with <",
        });
    }
    Ok(())
}

/// The one EntityDescriptor with an IdP role, alone or inside EntitiesDescriptors.
fn the_idp(tree: &Tree<'_>) -> Result<NodeId, MetadataProblem> {
    if tree.is(tree.root, MD, "EntityDescriptor") {
        return match idp_role(tree, tree.root) {
            None if tree.child(tree.root, MD, "SPSSODescriptor").is_some() => {
                Err(MetadataProblem::ServiceProvider {
                    entity_id: entity_id(tree, tree.root),
                })
            }
            _ => Ok(tree.root),
        };
    }
    if !tree.is(tree.root, MD, "EntitiesDescriptor") {
        return Err(MetadataProblem::OtherDocument {
            root: short(tree.local(tree.root)),
        });
    }
    let entities: Vec<_> = tree
        .walk(tree.root)
        .filter(|node| tree.is(*node, MD, "EntityDescriptor"))
        .collect();
    let idps: Vec<_> = entities
        .iter()
        .filter(|node| idp_role(tree, **node).is_some())
        .collect();
    match (idps.as_slice(), entities.first()) {
        ([one], _) => Ok(**one),
        ([], Some(entity)) => Err(MetadataProblem::NoIdpRole {
            entity_id: entity_id(tree, *entity),
        }),
        ([], None) => Err(MetadataProblem::OtherDocument {
            root: "EntitiesDescriptor without an entity".to_owned(),
        }),
        (several, _) => {
            let entity_ids = several
                .iter()
                .take(20)
                .map(|node| entity_id(tree, **node))
                .collect();
            Err(MetadataProblem::SeveralIdps { entity_ids })
        }
    }
}

fn entity_id(tree: &Tree<'_>, entity: NodeId) -> String {
    short(tree.attribute(entity, "entityID").unwrap_or("no entityID"))
}

/// The IDPSSODescriptor for SAML 2.0.
fn idp_role(tree: &Tree<'_>, entity: NodeId) -> Option<NodeId> {
    let speaks_saml2 = |role: &NodeId| {
        let protocols = tree
            .attribute(*role, "protocolSupportEnumeration")
            .unwrap_or_default();
        protocols.split_ascii_whitespace().any(|p| p == PROTOCOL)
    };
    tree.children(entity, MD, "IDPSSODescriptor").find(speaks_saml2)
}

/// The earliest `validUntil` of the elements on the way to the role.
fn valid_until(
    tree: &Tree<'_>,
    path: &[NodeId],
    now: Timestamp,
) -> Result<Option<Timestamp>, MetadataProblem> {
    let mut earliest = None;
    for value in path.iter().filter_map(|node| tree.attribute(*node, "validUntil")) {
        let until = instant::read(value).ok_or_else(|| MetadataProblem::BadDate { value: short(value) })?;
        if until <= now {
            return Err(MetadataProblem::Outdated { until });
        }
        earliest = Some(earliest.map_or(until, |known: Timestamp| known.min(until)));
    }
    Ok(earliest)
}

/// The signing certificates. One that cannot be used is a warning while another one can.
fn certificates(
    tree: &Tree<'_>,
    role: NodeId,
    now: Timestamp,
    warnings: &mut Vec<String>,
) -> Result<Vec<Certificate>, MetadataProblem> {
    let mut usable: Vec<Certificate> = Vec::new();
    let mut unusable: Option<CertificateProblem> = None;
    for key in tree.children(role, MD, "KeyDescriptor") {
        // A KeyDescriptor without `use` is for everything (SAML metadata §2.4.1.1).
        if tree.attribute(key, "use").is_some_and(|usage| usage != "signing") {
            continue;
        }
        for node in tree
            .walk(key)
            .filter(|node| tree.is(*node, DSIG, "X509Certificate"))
        {
            match read_certificates(&tree.deep_text(node)) {
                Ok(found) => {
                    let new = found
                        .into_iter()
                        .filter(|c| !usable.contains(c))
                        .collect::<Vec<_>>();
                    usable.extend(new);
                }
                Err(problem) => {
                    warnings.push(format!(
                        "A signing certificate in the metadata is not used. {problem}"
                    ));
                    unusable = Some(problem);
                }
            }
        }
    }
    let latest = usable.iter().map(|c| c.not_after).max();
    match (latest, unusable) {
        (None, Some(problem)) => Err(MetadataProblem::Certificate(problem)),
        (None, None) => Err(MetadataProblem::NoCertificate),
        (Some(latest), _) if latest <= now => Err(MetadataProblem::AllExpired { latest }),
        _ => {
            warnings.extend(usable.iter().filter_map(|c| date_warning(c, now)));
            Ok(usable)
        }
    }
}

fn date_warning(certificate: &Certificate, now: Timestamp) -> Option<String> {
    let Certificate {
        fingerprint,
        not_before,
        not_after,
        ..
    } = certificate;
    if *not_after <= now {
        Some(format!(
            "The signing certificate {fingerprint} expired on {}; remove it at the identity provider.",
            not_after.human_day()
        ))
    } else if *not_before > now {
        Some(format!(
            "The signing certificate {fingerprint} is valid only from {}.",
            not_before.human_day()
        ))
    } else if *not_after <= now.plus(ENDS_SOON) {
        Some(format!(
            "The signing certificate {fingerprint} ends on {}; renew it at the identity provider soon.",
            not_after.human_day()
        ))
    } else {
        None
    }
}

/// The first address of `service` for `binding`. Addresses end up in redirects and forms, so a script is refused.
fn endpoint(
    tree: &Tree<'_>,
    role: NodeId,
    service: &str,
    binding: &str,
    attribute: &str,
) -> Result<Option<String>, MetadataProblem> {
    let node = tree
        .children(role, MD, service)
        .find(|node| tree.attribute(*node, "Binding") == Some(binding));
    let Some(address) = node
        .and_then(|node| tree.attribute(node, attribute))
        .map(str::trim)
    else {
        return Ok(None);
    };
    match Url::parse(address) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Some(address.to_owned())),
        _ => Err(MetadataProblem::BadAddress {
            address: short(address),
        }),
    }
}

fn logout_service(
    tree: &Tree<'_>,
    role: NodeId,
    binding: &str,
) -> Result<Option<LogoutService>, MetadataProblem> {
    let address = |attribute| endpoint(tree, role, "SingleLogoutService", binding, attribute);
    let Some(location) = address("Location")? else {
        return Ok(None);
    };
    Ok(Some(LogoutService {
        location,
        response_location: address("ResponseLocation")?,
    }))
}

/// Adds a warning for every address without TLS that is not on this machine.
fn with_address_warnings(mut metadata: IdpMetadata) -> IdpMetadata {
    let services = [&metadata.slo_redirect, &metadata.slo_post];
    let services = services.into_iter().flatten();
    let sign_out = services.flat_map(|s| [Some(&s.location), s.response_location.as_ref()]);
    let sign_in = [metadata.sso_redirect_url.as_ref(), metadata.sso_post_url.as_ref()];
    let addresses: Vec<String> = sign_in.into_iter().chain(sign_out).flatten().cloned().collect();
    for address in &addresses {
        let Ok(url) = Url::parse(address) else { continue };
        let local = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        let warning = format!(
            "The address {} is not https: sign-ins over it can be read and changed on the way.",
            short(address)
        );
        if url.scheme() == "http" && !local && !metadata.warnings.contains(&warning) {
            metadata.warnings.push(warning);
        }
    }
    metadata
}
