//! The page of one integration: what to do at the provider, our values, what we know, tests, the switch.

use actix_web::{HttpResponse, web};
use askama::Template;
use url::Url;

use super::identity_provider::{Giving, Way};
use super::openid::{self, OpenIdKnown};
use super::values::{Value, under_its_labels};
use super::{Room, Tab, gone_notice, load, provisioning_state, shell, tabs};
use crate::error::{Error, Result};
use crate::model::provider::{GuideAttribute, GuideChoice, GuideTrap};
use crate::model::{Connection, Feature, Protocol, Provider, SignInKind, Timestamp};
use crate::store;
use crate::web::admin::facts::{
    CertificateLine, certificate_lines, certificate_state, connection_state, count,
};
use crate::web::admin::overview::certificate_notice;
use crate::web::admin::sign_ins::{self, Line};
use crate::web::admin::{enforced, features};
use crate::web::fail::Answer;
use crate::web::gate::{Admin, Visit};
use crate::web::headers::allow_form_to;
use crate::web::page::{Shell, render};
use crate::web::pieces::{Notice, State};
use crate::web::routes::{Access, Route, get};
use crate::web::{assets, urls};

pub fn routes() -> Vec<Route> {
    vec![get("/admin/integrations/{slug}", Access::INTEGRATIONS, show)]
}

/// Our own side, whole.
struct Ours {
    acs: String,
    entity_id: String,
    metadata_download: String,
    login: String,
    logo: String,
    certificate: String,
    fingerprint: String,
    certificate_state: State,
    certificate_ends: Timestamp,
}

/// The provider's side, as Doorward understood it.
pub struct Known {
    pub entity_id: String,
    pub redirect_url: Option<String>,
    pub post_url: Option<String>,
    pub metadata_url: Option<String>,
    pub wants_signed_requests: bool,
    pub certificates: Vec<CertificateLine>,
}

/// The step-by-step of the provider.
struct Guide {
    name: String,
    /// Why there is none in this language.
    unavailable: String,
    open: Vec<String>,
    values: Vec<Value>,
    choices: &'static [GuideChoice],
    attributes: &'static [GuideAttribute],
    then: &'static [String],
    traps: &'static [GuideTrap],
    checked_on: String,
    bring_back: String,
}

struct Places {
    tests: String,
    activation: String,
    deactivation: String,
    removal: String,
    identity_provider: String,
    certificates: String,
    provisioning: String,
    all_sign_ins: String,
}

#[derive(Template)]
#[template(path = "admin/integrations/show.html")]
struct IntegrationPage {
    shell: Shell,
    up: String,
    tabs: Vec<Tab>,
    connection: Connection,
    provider: String,
    state: State,
    /// It provisions people and was never meant to sign them in.
    only_provisions: bool,
    provisioning: State,
    notices: Vec<Notice>,
    is_owner: bool,
    people: String,
    sessions: i64,
    domains: Vec<String>,
    last_used_at: Option<Timestamp>,
    guide: Guide,
    giving: Giving,
    ours: Ours,
    /// The addresses by which either side ends the other's sessions.
    signing_out: Vec<Value>,
    ours_openid: Vec<Value>,
    known: Option<Known>,
    openid: Option<OpenIdKnown>,
    /// It knows its identity provider, in whichever language.
    is_known: bool,
    speaks_openid: bool,
    languages: Vec<(&'static str, String, bool)>,
    tests: Vec<Line>,
    latest: Vec<Line>,
    places: Places,
}

pub fn known(connection: &Connection, now: Timestamp) -> Option<Known> {
    let idp = connection.saml.idp.as_ref()?;
    Some(Known {
        entity_id: idp.entity_id.clone(),
        redirect_url: idp.sso_redirect_url.clone(),
        post_url: idp.sso_post_url.clone(),
        metadata_url: idp.metadata_url.clone(),
        wants_signed_requests: idp.wants_signed_requests,
        certificates: certificate_lines(connection.slug.as_str(), &idp.certificates, now),
    })
}

/// The guide of the provider; one that we no longer know gets the general one.
pub fn provider_of(connection: &Connection) -> Result<&'static Provider> {
    Provider::find(&connection.provider)
        .or_else(|| Provider::find("generic"))
        .ok_or_else(|| Error::internal("no provider data"))
}

fn guide(visit: &Visit, connection: &Connection, protocol: Protocol) -> Result<Guide> {
    let provider = provider_of(connection)?;
    let organization = visit
        .ctx
        .organization()
        .ok_or_else(|| Error::not_found("organization yet"))?;
    let name = if provider.key == "generic" {
        connection.name.clone()
    } else {
        provider.name.clone()
    };
    let values = |labels| under_its_labels(labels, &organization.base_url, &connection.slug);
    if protocol == Protocol::Oidc {
        let oidc = &provider.oidc;
        return Ok(Guide {
            name,
            unavailable: oidc.unavailable.clone(),
            open: oidc.open.clone(),
            values: values(&oidc.values),
            choices: &oidc.choices,
            attributes: &[],
            then: &oidc.then,
            traps: &oidc.traps,
            checked_on: provider.labels_checked_on.clone(),
            bring_back: oidc.bring_back.clone(),
        });
    }
    Ok(Guide {
        name,
        unavailable: String::new(),
        open: provider.saml.open.clone(),
        values: values(&provider.saml.values),
        choices: &provider.saml.choices,
        attributes: &provider.saml.attributes,
        then: &provider.saml.then,
        traps: &provider.saml.traps,
        checked_on: provider.labels_checked_on.clone(),
        bring_back: provider.saml.bring_back.clone(),
    })
}

async fn ours(visit: &Visit, connection: &Connection) -> Result<Ours> {
    let organization = visit
        .ctx
        .organization()
        .ok_or_else(|| Error::not_found("organization yet"))?;
    let key = visit.ctx.sp_key().await?;
    let certificate = key.certificate();
    let (base, slug) = (&organization.base_url, &connection.slug);
    Ok(Ours {
        acs: base.acs(slug),
        entity_id: base.sp_metadata(slug),
        metadata_download: urls::query(&urls::sso_metadata(slug.as_str()), &[("download", "1")]),
        login: base.sign_in(slug),
        logo: assets::asset("app-logo.png"),
        certificate: certificate.to_pem(),
        fingerprint: certificate.fingerprint.clone(),
        certificate_state: certificate_state(certificate.not_before, certificate.not_after, visit.ctx.now()),
        certificate_ends: certificate.not_after,
    })
}

struct Figures {
    people: i64,
    sessions: i64,
    domains: Vec<String>,
    last_used_at: Option<Timestamp>,
    provisioning: State,
    tests: Vec<Line>,
    latest: Vec<Line>,
    enforced: Vec<Notice>,
    gone: Option<Notice>,
}

async fn figures(visit: &Visit, connection: &Connection) -> Result<Figures> {
    let (connection, now) = (connection.clone(), visit.ctx.now());
    let reading = visit.ctx.store.reading(move |r| {
        let narrow = store::sign_ins::Narrow {
            connection: Some(connection.id),
            ..Default::default()
        };
        let attempts = store::sign_ins::list(r, &narrow, 50)?;
        let (mut tests, mut latest): (Vec<_>, Vec<_>) =
            attempts.into_iter().partition(|s| s.kind == SignInKind::Test);
        tests.truncate(5);
        latest.truncate(5);
        let all = std::slice::from_ref(&connection);
        Ok(Figures {
            people: store::identities::count_of_connection(r, connection.id)?,
            sessions: store::sessions::count_of_connection(r, connection.id, now)?,
            domains: store::connections::list_domains(r, connection.id)?,
            gone: store::domains::count_gone(r)?
                .into_iter()
                .find(|(id, _)| *id == connection.id)
                .map(|(_, many)| gone_notice(&connection, many)),
            last_used_at: store::identities::find_last_used(r, connection.id)?,
            provisioning: provisioning_state(r, &connection)?,
            tests: sign_ins::lines(r, &tests, all)?,
            latest: sign_ins::lines(r, &latest, all)?,
            enforced: enforced::notices(r, Some(connection.id), now)?,
        })
    });
    reading.await
}

/// The kinds that matter to it: a draft may still become either.
fn kinds(connection: &Connection) -> Vec<Feature> {
    let sign_in = match connection.protocol() {
        Some(protocol) => vec![protocol.feature()],
        None if connection.scim.enabled => Vec::new(),
        None => vec![Feature::Saml, Feature::Oidc],
    };
    let provisioning = connection.scim.enabled.then_some(Feature::Scim);
    sign_in.into_iter().chain(provisioning).collect()
}

/// The language whose steps a draft shows.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct With {
    with: String,
}

async fn show(visit: Visit, admin: Admin, slug: web::Path<String>, with: web::Query<With>) -> Answer {
    let connection = load(&visit, &slug).await?;
    let protocol = openid::shown(&connection, &with.with);
    let is_known = connection.protocol().is_some();
    let figures = figures(&visit, &connection).await?;
    let provider = provider_of(&connection)?;
    let (slug, now) = (connection.slug.as_str(), visit.ctx.now());
    let part = |name| urls::integration_part(slug, name);
    let page = IntegrationPage {
        shell: shell(&visit, &connection.name),
        up: urls::integrations(),
        tabs: tabs(slug, Room::SignIn),
        provider: provider.name.clone(),
        state: connection_state(&connection, now),
        only_provisions: !is_known && connection.scim.enabled && with.with.is_empty(),
        provisioning: figures.provisioning,
        notices: features::off_notices(&visit, &admin, &kinds(&connection))
            .await?
            .into_iter()
            .chain(certificate_notice(&connection, now).map(|(_, notice)| notice))
            .chain(figures.gone)
            .chain(figures.enforced)
            .collect(),
        is_owner: admin.is_owner(),
        people: count(figures.people, "person", "people"),
        sessions: figures.sessions,
        domains: figures.domains,
        last_used_at: figures.last_used_at,
        guide: guide(&visit, &connection, protocol)?,
        giving: Giving::new(&connection, Way::of(provider, protocol), None)?,
        ours: ours(&visit, &connection).await?,
        signing_out: visit
            .ctx
            .organization()
            .map(|o| super::signing_out::values(&connection, &o.base_url))
            .unwrap_or_default(),
        ours_openid: match visit.ctx.organization() {
            Some(organization) => openid::ours(&organization.base_url, &connection.slug),
            None => Vec::new(),
        },
        known: known(&connection, now),
        openid: openid::known(&visit, &connection).await?,
        is_known,
        speaks_openid: protocol == Protocol::Oidc,
        languages: match is_known {
            true => Vec::new(),
            false => openid::languages(&urls::integration(slug), protocol),
        },
        tests: figures.tests,
        latest: figures.latest,
        places: Places {
            tests: part("tests"),
            activation: part("activation"),
            deactivation: part("deactivation"),
            removal: part("removal"),
            identity_provider: part("identity-provider"),
            certificates: part("certificates"),
            provisioning: part("provisioning"),
            all_sign_ins: urls::query(&urls::sign_ins(), &[("connection", slug)]),
        },
        connection: connection.clone(),
    };
    let mut response = render(&page);
    allow_test(&mut response, &connection);
    Ok(response)
}

/// The test's form ends, by redirect, at the provider; browsers hold redirects to `form-action` as well.
pub fn allow_test(response: &mut HttpResponse, connection: &Connection) {
    let by_saml = connection
        .saml
        .idp
        .as_ref()
        .and_then(|idp| idp.sso_redirect_url.as_deref());
    let by_openid = connection
        .oidc
        .provider
        .as_ref()
        .map(|known| known.authorization_endpoint.as_str());
    let target = by_saml.or(by_openid).and_then(|url| Url::parse(url).ok());
    if let Some(target) = target {
        allow_form_to(response, &target);
    }
}
