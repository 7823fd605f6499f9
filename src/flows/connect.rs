//! Connections: adding one, telling it who the identity provider is, changing, switching, removing.
//!
//! The provider's side is read and judged here, when an admin gives it; a sign-in never meets metadata
//! that was not understood before.

use serde_json::{Value, json};

use crate::error::{Error, FieldProblem, Result};
use crate::model::person::checked_name;
use crate::model::{
    Action, Connection, ConnectionId, Feature, IdentityProvider, OidcSettings, Permission, PinnedCertificate,
    Provider, RequestBinding, SamlSettings, Slug, Subject, Unsolicited,
};
use crate::saml;
use crate::store;

use super::administer::difference;
use super::{Act, Context, features};

mod domains;
mod idp_source;
mod mapping;
pub mod openid;
pub mod proof;
mod scim;
mod switches;
mod trust;
mod word;

pub use domains::{confirm_domain, domain, withdraw_domain};
pub use idp_source::{IdpSource, Understood, pins, understand};
pub use mapping::{MappingFields, RowFields, change_mapping, jit_team};
pub use openid::{OidcFields, OpenIdFields, Providers, find_provider, set_provider};
pub use scim::ScimFields;
pub use switches::{disable, enable, remove};
pub use trust::Trust;
pub use word::need_word;

/// Names that could be mistaken for something of ours in an address.
const RESERVED_SLUGS: [&str; 7] = [
    "new",
    "login",
    "logout",
    "setup",
    "admin",
    "doorward",
    "passphrase",
];

/// What the form "Add an integration" and `apply` ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewConnection {
    pub slug: String,
    pub provider: String,
    pub name: String,
}

/// The switches of a connection. `None` leaves one as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionFields {
    pub name: Option<String>,
    pub provider: Option<String>,
    pub unsolicited: Option<String>,
    pub sign_requests: Option<bool>,
    pub request_binding: Option<String>,
    /// An attribute name; empty: the NameID.
    pub subject_attribute: Option<String>,
    /// Signing out here signs out at the provider too.
    pub sign_out_there: Option<bool>,
    pub oidc: OidcFields,
    pub scim: ScimFields,
}

pub fn subject(connection: &Connection) -> Subject {
    Subject {
        kind: "connection",
        id: connection.id.to_string(),
        label: connection.name.clone(),
    }
}

fn facts(r: &store::Reader, connection: &Connection) -> Result<Value> {
    let idp = connection.saml.idp.as_ref();
    let mut facts = json!({
        "name": connection.name,
        "provider": connection.provider,
        "unsolicited": connection.saml.unsolicited,
        "sign_requests": connection.saml.sign_requests,
        "request_binding": connection.saml.request_binding,
        "subject_attribute": connection.saml.subject_attribute,
        "sign_out_there": connection.saml.sign_out_there,
        "entity_id": idp.map(|i| &i.entity_id),
        "sso_redirect_url": idp.and_then(|i| i.sso_redirect_url.as_ref()),
        "sso_post_url": idp.and_then(|i| i.sso_post_url.as_ref()),
        "slo_redirect": idp.and_then(|i| i.slo_redirect.as_ref()),
        "slo_post": idp.and_then(|i| i.slo_post.as_ref()),
        "certificates": idp.map(|i| i.certificates.iter().map(|c| c.fingerprint.as_str()).collect::<Vec<_>>()),
    });
    for (name, value) in openid::facts(&connection.oidc) {
        facts[name] = value;
    }
    for (name, value) in scim::facts(&connection.scim).as_object().into_iter().flatten() {
        facts[format!("scim.{name}")] = value.clone();
    }
    for (name, value) in mapping::facts(r, connection)? {
        facts[name] = value;
    }
    Ok(facts)
}

/// Adds a connection as a draft: nobody can sign in through it before it knows its provider and is enabled.
pub fn add(act: &Act, new: &NewConnection) -> Result<Connection> {
    act.need(Permission::ManageIntegrations)?;
    let mut problems = Vec::new();
    let mut wrong = |field: &str, message: String| {
        problems.push(FieldProblem {
            field: field.to_owned(),
            message,
        })
    };
    let slug = match Slug::parse(new.slug.trim()) {
        Ok(slug) if RESERVED_SLUGS.contains(&slug.as_str()) => {
            wrong(
                "slug",
                format!("\"{slug}\" is taken by Doorward itself. Choose another short name."),
            );
            None
        }
        Ok(slug) => Some(slug),
        Err(problem) => {
            wrong("slug", problem.to_string());
            None
        }
    };
    let name = name(&new.name).map_err(|message| wrong("name", message)).ok();
    if Provider::find(&new.provider).is_none() {
        wrong(
            "provider",
            format!(
                "Choose an identity provider from the list; \"{}\" is none of it.",
                cut(&new.provider)
            ),
        );
    }
    let (Some(slug), Some(name), true) = (slug, name, problems.is_empty()) else {
        return Err(Error::invalid_fields(problems));
    };
    let connection = Connection {
        id: ConnectionId::new(act.now, act.random_id()),
        slug,
        provider: new.provider.clone(),
        name,
        enabled: false,
        saml: SamlSettings::default(),
        oidc: OidcSettings::default(),
        scim: crate::model::ScimSettings::default(),
        mapping: crate::model::Mapping::default(),
        jit: crate::model::Jit::default(),
        version: 1,
        created_at: act.now,
        updated_at: act.now,
        tested_at: None,
        features: store::organization::get(act.w)?.settings.features,
    };
    store::connections::insert(act.w, &connection)?;
    act.event(
        Action::ConnectionAdded,
        subject(&connection),
        Value::Null,
        facts(act.w, &connection)?,
    )?;
    Ok(connection)
}

/// Changes the switches. `version` is the one that the form was made from.
pub fn change(act: &Act, slug: &str, fields: &ConnectionFields, version: Option<i64>) -> Result<Connection> {
    edit(act, slug, version, |connection| {
        let mut problems = Vec::new();
        let mut wrong = |field: &str, message: &str| {
            problems.push(FieldProblem {
                field: field.to_owned(),
                message: message.to_owned(),
            });
        };
        if let Some(text) = &fields.name {
            match name(text) {
                Ok(name) => connection.name = name,
                Err(message) => wrong("name", &message),
            }
        }
        if let Some(key) = &fields.provider {
            match Provider::find(key) {
                Some(provider) => connection.provider.clone_from(&provider.key),
                None => wrong("provider", "Choose an identity provider from the list."),
            }
        }
        if let Some(key) = &fields.unsolicited {
            match Unsolicited::parse(key) {
                Some(choice) => connection.saml.unsolicited = choice,
                None => wrong("unsolicited", "Choose restart, accept or refuse."),
            }
        }
        if let Some(key) = &fields.request_binding {
            match RequestBinding::parse(key) {
                Some(choice) => connection.saml.request_binding = choice,
                None => wrong("request_binding", "Choose auto, redirect or post."),
            }
        }
        if let Some(attribute) = &fields.subject_attribute {
            match checked_name(attribute) {
                Ok(attribute) => {
                    connection.saml.subject_attribute = Some(attribute).filter(|a| !a.is_empty())
                }
                Err(_) => wrong(
                    "subject_attribute",
                    "An attribute name has at most 200 characters that print.",
                ),
            }
        }
        if let Some(sign) = fields.sign_requests {
            connection.saml.sign_requests = sign;
        }
        if let Some(there) = fields.sign_out_there {
            connection.saml.sign_out_there = there;
        }
        if fields.scim.enabled == Some(true) && !connection.scim.enabled {
            features::need(act, Feature::Scim)?;
        }
        openid::change(&mut connection.oidc, &fields.oidc, &mut problems);
        let was = connection.clone();
        scim::change(&mut connection.scim, &fields.scim, &mut problems);
        if problems.is_empty() {
            scim::begin(act, &was, connection, &fields.scim)
        } else {
            Err(Error::invalid_fields(problems))
        }
    })
}

/// Tells the connection who its identity provider is; replaces what it knew.
pub fn set_idp(act: &Act, slug: &str, idp: IdentityProvider) -> Result<Connection> {
    edit(act, slug, None, |connection| {
        if connection.oidc.provider.is_some() {
            return Err(Error::conflict(
                "This integration speaks OpenID Connect already, and an integration speaks one language only. Add \
                 another integration for SAML 2.0.",
            ));
        }
        if connection.saml.idp.is_none() {
            features::need(act, Feature::Saml)?;
        }
        if idp.certificates.is_empty() {
            return Err(Error::invalid(
                "certificate",
                "Without a signing certificate nobody could sign in.",
            ));
        }
        // A provider that wants signed requests gets them; the admin can still switch it off.
        if idp.wants_signed_requests && connection.saml.idp.is_none() {
            connection.saml.sign_requests = true;
        }
        connection.saml.idp = Some(idp);
        Ok(())
    })
}

/// Pins more certificates beside those that are there: for a rotation without downtime.
pub fn add_certificates(act: &Act, slug: &str, certificates: Vec<PinnedCertificate>) -> Result<Connection> {
    edit(act, slug, None, |connection| {
        let Some(idp) = &mut connection.saml.idp else {
            return Err(Error::conflict(
                "Tell Doorward about the identity provider first.",
            ));
        };
        for certificate in certificates {
            if !idp.certificates.contains(&certificate) {
                idp.certificates.push(certificate);
            }
        }
        if idp.certificates.len() > 10 {
            return Err(Error::invalid(
                "certificate",
                "More than ten certificates. Remove old ones first.",
            ));
        }
        Ok(())
    })
}

/// Stops trusting one certificate; the last one stays.
pub fn remove_certificate(act: &Act, slug: &str, fingerprint: &str) -> Result<Connection> {
    edit(act, slug, None, |connection| {
        let Some(idp) = &mut connection.saml.idp else {
            return Err(Error::not_found("certificate"));
        };
        let before = idp.certificates.len();
        idp.certificates.retain(|c| c.fingerprint != fingerprint);
        match (before, idp.certificates.len()) {
            (_, 0) => Err(Error::conflict(
                "This is the last certificate. Add the new one first, then remove this.",
            )),
            (was, is) if was == is => Err(Error::not_found("certificate")),
            _ => Ok(()),
        }
    })
}

/// Reads, changes and writes a connection; the event says what differs. A change makes the last test void.
fn edit(
    act: &Act,
    slug: &str,
    version: Option<i64>,
    change: impl FnOnce(&mut Connection) -> Result<()>,
) -> Result<Connection> {
    act.need(Permission::ManageIntegrations)?;
    let was = store::connections::get_by_slug(act.w, slug)?;
    let mut is = was.clone();
    change(&mut is)?;
    if is == was {
        return Ok(was);
    }
    word::need_owners_word(act, &was)?;
    if word::believes_more(&was, &is) {
        need_word(act, &was)?;
        word::need_people(act, &was)?;
    }
    // A test says nothing of signing out.
    let saml = |saml: &SamlSettings| SamlSettings {
        sign_out_there: false,
        ..saml.clone()
    };
    let oidc = |oidc: &OidcSettings| OidcSettings {
        sign_out_there: false,
        ..oidc.clone()
    };
    if saml(&is.saml) != saml(&was.saml) || oidc(&is.oidc) != oidc(&was.oidc) {
        is.tested_at = None;
    }
    is.version = version.unwrap_or(was.version);
    is.updated_at = act.now;
    store::connections::update(act.w, &is)?;
    let (before, after) = difference(&facts(act.w, &was)?, &facts(act.w, &is)?);
    act.event(Action::ConnectionChanged, subject(&is), before, after)?;
    scim::changed(act, &was, &is)?;
    store::connections::get(act.w, is.id)
}

fn name(text: &str) -> std::result::Result<String, String> {
    match checked_name(text) {
        Ok(name) if name.is_empty() => Err("Enter a name, such as the identity provider's.".to_owned()),
        Ok(name) => Ok(name),
        Err(problem) => Err(problem.to_owned()),
    }
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

/// Our side of a connection.
pub fn service_provider(base: &crate::model::BaseUrl, slug: &Slug) -> saml::ServiceProvider {
    saml::ServiceProvider {
        entity_id: base.sp_metadata(slug),
        acs_url: base.acs(slug),
        slo_url: base.single_logout(slug),
    }
}

impl Context {
    /// The SP metadata document of a connection. Makes our key when there is none yet.
    pub async fn sp_metadata(&self, connection: &Connection) -> Result<String> {
        let organization = self
            .organization()
            .ok_or_else(|| Error::not_found("organization yet"))?;
        let sp = service_provider(&organization.base_url, &connection.slug);
        let key = self.sp_key().await?;
        Ok(saml::sp_metadata(
            &sp,
            Some(key.certificate()),
            connection.saml.sign_requests,
        ))
    }
}
