//! The provider's own description of itself (OpenID Connect Discovery 1.0, RFC 8414), read when a connection is saved.

use serde_json::Value;

use crate::model::OpenIdProvider;

use super::address::{discovery_url, endpoint_of};
use super::algorithms::{ALGORITHMS, narrowed};
use super::json::{self, Object};
use super::problem::{OidcProblem, Place, short};

/// Bytes that a discovery document may have. Real ones have 2 to 10 KiB.
pub const DISCOVERY_LIMIT: usize = 256 * 1024;
const WHAT: &str = "the discovery document";
/// Entries of a list that are read; nobody announces more.
const MAX_LISTED: usize = 200;

/// What a discovery document says, checked. Lists are as announced unless the field says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovered {
    /// Byte for byte the one that was asked for.
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub jwks_uri: String,
    pub userinfo_endpoint: Option<String>,
    pub end_session_endpoint: Option<String>,
    /// Ours, narrowed to what is announced; never empty.
    pub signing_algorithms: Vec<String>,
    /// How a client may prove itself to the token endpoint; `client_secret_basic` when nothing is said.
    pub client_auth_methods: Vec<String>,
    /// Algorithms for `private_key_jwt`; empty when nothing is said.
    pub client_auth_algorithms: Vec<String>,
    /// Empty when nothing is said.
    pub scopes: Vec<String>,
    /// Empty when nothing is said.
    pub acr_values: Vec<String>,
    /// `authorization_response_iss_parameter_supported` (RFC 9207 §3).
    pub sends_iss: bool,
    pub backchannel_logout: bool,
    /// Its logout tokens name the session (`sid`).
    pub backchannel_logout_session: bool,
}

impl Discovered {
    /// What is pinned for a connection.
    pub fn provider(&self, client_id: &str) -> OpenIdProvider {
        OpenIdProvider {
            issuer: self.issuer.clone(),
            client_id: client_id.to_owned(),
            authorization_endpoint: self.authorization_endpoint.clone(),
            token_endpoint: self.token_endpoint.clone(),
            jwks_uri: self.jwks_uri.clone(),
            userinfo_endpoint: self.userinfo_endpoint.clone(),
            end_session_endpoint: self.end_session_endpoint.clone(),
            signing_algorithms: self.signing_algorithms.clone(),
            sends_iss: self.sends_iss,
        }
    }
}

/// Reads the document that came from [`discovery_url`] of `issuer`.
///
/// # Errors
/// The first thing that is wrong; the issuer is asked first, because everything else of a stranger is worth nothing.
pub fn read_discovery(body: &[u8], issuer: &str) -> Result<Discovered, OidcProblem> {
    discovery_url(issuer)?;
    let document =
        json::object(body, DISCOVERY_LIMIT).map_err(|detail| OidcProblem::Document { what: WHAT, detail })?;
    let read = Reader { document: &document };
    let said = read.text("issuer")?;
    if said != Some(issuer) {
        return Err(OidcProblem::Issuer {
            place: Place::Discovery,
            expected: issuer.to_owned(),
            received: said.map(short),
        });
    }
    read.offers("response_types_supported", "the code flow", "code")?;
    read.offers("grant_types_supported", "the code flow", "authorization_code")?;
    read.offers("code_challenge_methods_supported", "PKCE", "S256")?;
    let required = |name, what| read.address(issuer, name, what)?.ok_or_else(|| lacks(name));
    Ok(Discovered {
        issuer: issuer.to_owned(),
        authorization_endpoint: required("authorization_endpoint", "the authorization endpoint")?,
        token_endpoint: required("token_endpoint", "the token endpoint")?,
        jwks_uri: required("jwks_uri", "the address of the keys")?,
        userinfo_endpoint: read.address(issuer, "userinfo_endpoint", "the UserInfo endpoint")?,
        end_session_endpoint: read.address(issuer, "end_session_endpoint", "the sign-out endpoint")?,
        signing_algorithms: read.algorithms()?,
        client_auth_methods: read
            .list("token_endpoint_auth_methods_supported")?
            .unwrap_or_else(|| vec!["client_secret_basic".to_owned()]),
        client_auth_algorithms: read
            .list("token_endpoint_auth_signing_alg_values_supported")?
            .unwrap_or_default(),
        scopes: read.list("scopes_supported")?.unwrap_or_default(),
        acr_values: read.list("acr_values_supported")?.unwrap_or_default(),
        sends_iss: read.flag("authorization_response_iss_parameter_supported")?,
        backchannel_logout: read.flag("backchannel_logout_supported")?,
        backchannel_logout_session: read.flag("backchannel_logout_session_supported")?,
    })
}

fn lacks(name: &str) -> OidcProblem {
    OidcProblem::Document {
        what: WHAT,
        detail: format!("it has no {name}"),
    }
}

/// The members of a document by their types. `null` is what some servers write for nothing.
struct Reader<'d> {
    document: &'d Object,
}

impl<'d> Reader<'d> {
    fn get(&self, name: &str) -> Option<&'d Value> {
        self.document.get(name).filter(|value| !value.is_null())
    }

    fn wrong<T>(&self, name: &str, wanted: &str, value: &Value) -> Result<T, OidcProblem> {
        Err(OidcProblem::Document {
            what: WHAT,
            detail: format!("{name} is {}, not {wanted}", json::kind(value)),
        })
    }

    fn text(&self, name: &str) -> Result<Option<&'d str>, OidcProblem> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => self.wrong(name, "a text", other),
        }
    }

    fn flag(&self, name: &str) -> Result<bool, OidcProblem> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => self.wrong(name, "true or false", other),
        }
    }

    fn list(&self, name: &str) -> Result<Option<Vec<String>>, OidcProblem> {
        match self.get(name) {
            None => Ok(None),
            Some(value @ Value::Array(_)) => match json::texts(value) {
                Some(mut list) => {
                    list.truncate(MAX_LISTED);
                    Ok(Some(list))
                }
                None => self.wrong(name, "a list of texts", value),
            },
            Some(other) => self.wrong(name, "a list", other),
        }
    }

    fn address(&self, issuer: &str, name: &str, what: &'static str) -> Result<Option<String>, OidcProblem> {
        self.text(name)?
            .map(|value| endpoint_of(issuer, what, value))
            .transpose()
    }

    /// A list that, where it is there, must hold `wanted`.
    fn offers(&self, name: &str, what: &'static str, wanted: &str) -> Result<(), OidcProblem> {
        match self.list(name)? {
            Some(list) if !list.iter().any(|one| one == wanted) => Err(OidcProblem::Offer {
                what,
                expected: format!("{wanted} among {name}"),
                received: short(&list.join(", ")),
            }),
            _ => Ok(()),
        }
    }

    /// RS256 is what every provider must be able to do (OpenID Connect Core 1.0 §15.1).
    fn algorithms(&self) -> Result<Vec<String>, OidcProblem> {
        let name = "id_token_signing_alg_values_supported";
        let announced = self.list(name)?.unwrap_or_else(|| vec!["RS256".to_owned()]);
        let ours = narrowed(&announced);
        if ours.is_empty() {
            return Err(OidcProblem::Offer {
                what: "a signature algorithm that is accepted here",
                expected: format!("one of {}", ALGORITHMS.join(", ")),
                received: short(&announced.join(", ")),
            });
        }
        Ok(ours)
    }
}
