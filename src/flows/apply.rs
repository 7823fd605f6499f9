//! `doorward apply`: makes the database agree with a file, all of it or nothing.
//!
//! What the file does not name stays as it is. Everything goes through the same flows as the pages, in one
//! transaction, so that the report is simply the events which that transaction wrote.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::model::IdentityProvider;
use crate::store;

use super::administer::{self, OrganizationFields};
use super::apply_mail::{self, MailPart};
use super::connect::openid::FoundProvider;
use super::connect::{self, ConnectionFields, IdpSource, NewConnection, OidcFields, ScimFields};
use super::{Act, Context, Who, enforce};

mod access;
mod features;
pub(super) mod mapping;
mod openid;
mod people;
mod report;
mod scim;

use access::{AccessParts, AppPart, GroupPart, RolePart, TeamPart};
use features::FeaturesPart;
use mapping::{FieldPart, JitPart, MappingPart};
use openid::OidcPart;
use people::{PersonPart, apply_person};
use scim::ScimPart;

/// A file to apply, with the content of the files that it names.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Application {
    pub toml: String,
    /// `metadata_file`, `client_secret_file` → its content.
    pub files: BTreeMap<String, String>,
    pub dry_run: bool,
    /// The proofs that an enforcement needs are not asked for.
    #[serde(default)]
    pub has_recovery_path: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    organization: Option<OrganizationPart>,
    mail: Option<MailPart>,
    role: Vec<RolePart>,
    team: Vec<TeamPart>,
    app: Vec<AppPart>,
    profile_field: Vec<FieldPart>,
    connection: Vec<ConnectionPart>,
    access_group: Vec<GroupPart>,
    person: Vec<PersonPart>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct OrganizationPart {
    name: Option<String>,
    base_url: Option<String>,
    contact: Option<String>,
    list_integrations: Option<bool>,
    features: Option<FeaturesPart>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConnectionPart {
    slug: String,
    provider: Option<String>,
    name: Option<String>,
    enabled: Option<bool>,
    domains: Option<Vec<String>>,
    enforced: Option<bool>,
    saml: Option<SamlPart>,
    oidc: Option<OidcPart>,
    scim: Option<ScimPart>,
    mapping: Option<MappingPart>,
    jit: Option<JitPart>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SamlPart {
    metadata_file: Option<String>,
    metadata: Option<String>,
    metadata_url: Option<String>,
    entity_id: Option<String>,
    sign_in_url: Option<String>,
    certificate: Option<OneOrMore>,
    unsolicited: Option<String>,
    sign_requests: Option<bool>,
    request_binding: Option<String>,
    subject_attribute: Option<String>,
    sign_out_there: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

fn parse(toml: &str) -> Result<File> {
    toml::from_str(toml).map_err(|problem| Error::invalid("file", problem.to_string().trim().to_owned()))
}

/// The files that an application file names, so that the caller can read them where it runs.
pub fn named_files(toml: &str) -> Result<Vec<String>> {
    let file = parse(toml)?;
    let of_mail = file.mail.and_then(|mail| mail.password_file);
    let of = |c: ConnectionPart| {
        [
            c.saml.and_then(|s| s.metadata_file),
            c.oidc.and_then(|o| o.client_secret_file),
        ]
    };
    let of_connections = file.connection.into_iter().flat_map(of).flatten();
    Ok(of_connections.chain(of_mail).collect())
}

/// Applies; returns one line for each change. An empty list: everything agreed already.
pub async fn apply(ctx: &Context, application: Application) -> Result<Vec<String>> {
    apply_as(ctx, Who::Command("apply"), application).await
}

/// Applies with the rights of whoever brings the file: what they could not do by hand, no file does for them.
pub async fn apply_as(ctx: &Context, who: Who, application: Application) -> Result<Vec<String>> {
    let file = parse(&application.toml)?;
    if ctx.organization().is_none() {
        return Err(Error::conflict(
            "Nothing is set up yet. Run `doorward init`, or open the first-run address, then apply again.",
        ));
    }
    let mail = match file.mail {
        Some(part) => Some(part.with_password(&application.files)?),
        None => None,
    };
    let mut prepared = Vec::new();
    for part in file.connection {
        let idp = match &part.saml {
            Some(saml) => read_idp(ctx, &part.slug, saml, &application.files).await?,
            None => None,
        };
        let provider = match &part.oidc {
            Some(oidc) => openid::read(ctx, &part.slug, oidc, &application.files)
                .await
                .map_err(|error| about(&part.slug, error))?,
            None => None,
        };
        prepared.push((part, idp, provider));
    }
    let report = Arc::new(Mutex::new(Vec::new()));
    let lines = report.clone();
    let dry_run = application.dry_run;
    let has_recovery_path = application.has_recovery_path;
    let done = ctx
        .act(who, move |act| {
            let access = AccessParts {
                roles: file.role,
                teams: file.team,
                apps: file.app,
                groups: file.access_group,
                fields: file.profile_field,
            };
            let changes = run(
                act,
                file.organization,
                mail,
                prepared,
                access,
                file.person,
                has_recovery_path,
            )?;
            *lines.lock().unwrap_or_else(PoisonError::into_inner) = changes;
            // A dry run is a real run whose savepoint is rolled back.
            if dry_run {
                Err(Error::new(Kind::Unavailable, "dry run"))
            } else {
                Ok(())
            }
        })
        .await;
    let lines = std::mem::take(&mut *report.lock().unwrap_or_else(PoisonError::into_inner));
    match done {
        Err(error) if !(dry_run && error.message == "dry run") => return Err(error),
        _ => {}
    }
    ctx.refresh_organization()?;
    Ok(lines)
}

/// What the file says of the identity provider; `None` when it says nothing.
async fn read_idp(
    ctx: &Context,
    slug: &str,
    saml: &SamlPart,
    files: &BTreeMap<String, String>,
) -> Result<Option<IdentityProvider>> {
    let mut sources = Vec::new();
    if let Some(name) = &saml.metadata_file {
        let content = files.get(name).ok_or_else(|| {
            about(
                slug,
                Error::invalid("metadata_file", format!("{name} was not read.")),
            )
        })?;
        sources.push(IdpSource::Xml(content.clone().into_bytes()));
    }
    if let Some(xml) = &saml.metadata {
        sources.push(IdpSource::Xml(xml.clone().into_bytes()));
    }
    if let Some(url) = &saml.metadata_url {
        sources.push(IdpSource::Url(url.clone()));
    }
    if saml.entity_id.is_some() || saml.sign_in_url.is_some() || saml.certificate.is_some() {
        let certificates = match &saml.certificate {
            None => String::new(),
            Some(OneOrMore::One(pem)) => pem.clone(),
            Some(OneOrMore::More(pems)) => pems.join("\n"),
        };
        sources.push(IdpSource::ByHand {
            entity_id: saml.entity_id.clone().unwrap_or_default(),
            sign_in_url: saml.sign_in_url.clone().unwrap_or_default(),
            certificates,
        });
    }
    if sources.len() > 1 {
        let message = "Give the identity provider once: metadata_file, metadata, metadata_url, or entity_id with \
                       sign_in_url and certificate.";
        return Err(about(slug, Error::invalid("saml", message)));
    }
    let Some(source) = sources.pop() else {
        return Ok(None);
    };
    let understood = connect::understand(ctx, source)
        .await
        .map_err(|error| about(slug, error))?;
    Ok(Some(understood.idp))
}

/// Says which part of the file an error is about.
fn about(name: &str, error: Error) -> Error {
    let named: Vec<String> = match error.fields() {
        [] => vec![error.message.clone()],
        fields => fields
            .iter()
            .map(|f| format!("{}: {}", f.field, f.message))
            .collect(),
    };
    Error {
        message: format!("{name}: {}", named.join(" ")),
        ..error
    }
}

fn run(
    act: &Act,
    organization: Option<OrganizationPart>,
    mail: Option<MailPart>,
    connections: Vec<(ConnectionPart, Option<IdentityProvider>, Option<FoundProvider>)>,
    access: AccessParts,
    people: Vec<PersonPart>,
    has_recovery_path: bool,
) -> Result<Vec<String>> {
    let newest = store::events::list(act.w, &store::events::Narrow::default(), 1)?;
    let before = newest.first().map_or(0, |event| event.sequence);
    if let Some(part) = organization {
        let fields = OrganizationFields {
            name: part.name,
            base_url: part.base_url,
            contact: part.contact,
            list_integrations: part.list_integrations,
        };
        administer::change_organization(act, &fields).map_err(|error| about("organization", error))?;
        let features = part.features.unwrap_or_default();
        features
            .apply(act)
            .map_err(|error| about("organization.features", error))?;
    }
    if let Some(part) = mail {
        apply_mail::apply(act, part).map_err(|error| about("mail", error))?;
    }
    access.before_connections(act)?;
    let mut enforced = Vec::new();
    for (part, idp, provider) in connections {
        let slug = part.slug.clone();
        if let Some(on) = part.enforced {
            enforced.push((slug.clone(), on));
        }
        apply_connection(act, part, idp, provider).map_err(|error| about(&slug, error))?;
    }
    access.after_connections(act)?;
    for part in people {
        let email = part.email.clone();
        apply_person(act, part).map_err(|error| about(&email, error))?;
    }
    // Last, so that it holds for everybody whom the file names.
    for (slug, on) in enforced {
        enforce::agree(act, &slug, on, has_recovery_path).map_err(|error| about(&slug, error))?;
    }
    let written = store::events::Narrow {
        after: Some(before),
        ..Default::default()
    };
    let mut events = store::events::list(act.w, &written, i64::MAX)?;
    events.reverse();
    Ok(events.iter().map(report::line).collect())
}

fn apply_connection(
    act: &Act,
    part: ConnectionPart,
    idp: Option<IdentityProvider>,
    provider: Option<FoundProvider>,
) -> Result<()> {
    let slug = part.slug.trim().to_owned();
    let found = store::connections::find_by_slug(act.w, &slug)?;
    let is_new = found.is_none();
    if is_new {
        let provider = part.provider.clone().unwrap_or_else(|| "generic".to_owned());
        let name = part.name.clone().unwrap_or_else(|| slug.clone());
        connect::add(
            act,
            &NewConnection {
                slug: slug.clone(),
                provider,
                name,
            },
        )?;
    }
    let gave_idp = idp.is_some() || provider.is_some();
    if let Some(idp) = idp {
        connect::set_idp(act, &slug, idp)?;
    }
    if let Some(provider) = provider {
        connect::set_provider(act, &slug, provider)?;
    }
    let saml = part.saml.unwrap_or_default();
    let fields = ConnectionFields {
        name: part.name,
        provider: part.provider,
        unsolicited: saml.unsolicited,
        sign_requests: saml.sign_requests,
        request_binding: saml.request_binding,
        subject_attribute: saml.subject_attribute,
        sign_out_there: saml.sign_out_there,
        oidc: part.oidc.map(OidcFields::from).unwrap_or_default(),
        scim: part.scim.map(ScimFields::from).unwrap_or_default(),
    };
    let connection = connect::change(act, &slug, &fields, None)?;
    if let Some(fields) = mapping::fields(part.mapping, part.jit) {
        connect::change_mapping(act, &slug, &fields, None)?;
    }
    for domain in part.domains.iter().flatten() {
        connect::confirm_domain(act, &slug, domain)?;
    }
    // A connection that the file makes is on unless it says otherwise; a draft through which nobody could sign in or
    // be provisioned cannot be.
    let of_use = gave_idp || connection.scim.enabled;
    let on = part.enabled.or_else(|| (is_new && of_use).then_some(true));
    match on {
        Some(true) => connect::enable(act, &slug).map(drop),
        Some(false) => connect::disable(act, &slug).map(drop),
        None => Ok(()),
    }
}
