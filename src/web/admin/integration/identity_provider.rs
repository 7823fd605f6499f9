//! Telling Doorward who the identity provider is: by address, file, paste, or by hand for SAML, by issuer and client
//! ID for OpenID Connect.
//!
//! Each way is a page with one form, so that all of it works without a script. What is wrong is said at
//! the field, and everything typed stays.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::issuer;
use super::openid::{self, OpenIdKnown};
use super::page::{Known, known, provider_of};
use super::{Room, Tab, load, shell, tabs};
use crate::error::Result;
use crate::flows::connect::openid::FoundProvider;
use crate::flows::connect::{self, IdpSource, Understood};
use crate::model::provider::Take;
use crate::model::{Connection, Protocol, Provider};
use crate::web::admin::{UNPROCESSABLE, refuse};
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Shell, render_as};
use crate::web::pieces::Notice;
use crate::web::routes::{Access, Route, get, post};
use crate::web::upload::{UPLOAD_LIMIT, Upload};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        // `by` says in which way it is given.
        get(
            "/admin/integrations/{slug}/identity-provider",
            Access::INTEGRATIONS,
            show,
        ),
        post(
            "/admin/integrations/{slug}/identity-provider",
            Access::INTEGRATIONS,
            give,
        )
        .limit(UPLOAD_LIMIT),
    ]
}

/// In which way the provider's side is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Url,
    File,
    Paste,
    Hand,
    /// Issuer and client ID: the only way of OpenID Connect.
    OpenId,
}

impl Way {
    const ALL: [Way; 5] = [Way::Url, Way::File, Way::Paste, Way::Hand, Way::OpenId];
    const SAML: [Way; 4] = [Way::Url, Way::File, Way::Paste, Way::Hand];

    fn key(self) -> &'static str {
        match self {
            Way::Url => "url",
            Way::File => "file",
            Way::Paste => "paste",
            Way::Hand => "hand",
            Way::OpenId => "openid",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Way::Url => "Metadata URL",
            Way::File => "XML file",
            Way::Paste => "Pasted XML",
            Way::Hand => "By hand",
            Way::OpenId => "Issuer and client ID",
        }
    }

    fn submit(self) -> &'static str {
        match self {
            Way::Url => "Fetch and read it (takes up to 5 seconds)",
            Way::File => "Read this file",
            Way::Paste => "Read this XML",
            Way::Hand => "Save",
            Way::OpenId => "Save and read the provider (takes up to 10 seconds)",
        }
    }

    fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.key() == key)
    }

    /// The way that suits a provider best.
    pub fn of(provider: &Provider, protocol: Protocol) -> Self {
        match (protocol, provider.saml.take) {
            (Protocol::Oidc, _) => Way::OpenId,
            (Protocol::Saml, Take::Url) => Way::Url,
            (Protocol::Saml, Take::File) => Way::File,
        }
    }

    fn protocol(self) -> Protocol {
        match self {
            Way::OpenId => Protocol::Oidc,
            _ => Protocol::Saml,
        }
    }

    fn form(self, connection: &Connection) -> Result<Form> {
        Ok(match self {
            Way::OpenId => openid::form(connection, provider_of(connection)?),
            Way::Url => Form::new([Field::url("metadata_url", "Metadata URL").required().hint(
                "Doorward fetches it once, now. It has to begin with https:// and to be reachable from this server.",
            )]),
            Way::File => Form::new([Field::file("metadata", "Metadata file", ".xml,application/xml,text/xml,application/samlmetadata+xml")
                .required()
                .hint("An XML file of at most 2 MiB.")]),
            Way::Paste => Form::new([Field::paragraph("metadata", "Metadata", 8)
                .required()
                .mono()
                .max(UPLOAD_LIMIT)
                .hint("The whole XML document, from its first < to its last >.")]),
            Way::Hand => Form::new([
                issuer::field(provider_of(connection)?),
                Field::url("sign_in_url", "Sign-in URL (SSO URL)").required().hint("Where Doorward sends people, with the Redirect binding."),
                Field::paragraph("certificate", "Signing certificate", 8)
                    .required()
                    .mono()
                    .max(100_000)
                    .hint("PEM or Base64. Several may stand one below the other; all are trusted."),
            ]),
        })
    }
}

/// The form of one way, and links to the others.
pub struct Giving {
    pub form: Form,
    pub action: String,
    pub submit: &'static str,
    /// Name, address, is it this one.
    pub ways: Vec<(&'static str, String, bool)>,
}

impl Giving {
    pub fn new(connection: &Connection, way: Way, filled: Option<Form>) -> Result<Self> {
        let slug = connection.slug.as_str();
        let address = |way: Way| {
            urls::query(
                &urls::integration_part(slug, "identity-provider"),
                &[("by", way.key())],
            )
        };
        let form = match filled {
            Some(form) => form,
            None => way.form(connection)?,
        };
        let ways = match way.protocol() {
            Protocol::Saml => &Way::SAML[..],
            Protocol::Oidc => &[],
        };
        Ok(Self {
            form,
            action: address(way),
            submit: way.submit(),
            ways: ways
                .iter()
                .map(|each| (each.name(), address(*each), *each == way))
                .collect(),
        })
    }
}

#[derive(Template)]
#[template(path = "admin/integrations/identity_provider.html")]
struct IdentityProviderPage {
    shell: Shell,
    way_back: (String, String),
    tabs: Vec<Tab>,
    certificates: String,
    known: Option<Known>,
    openid: Option<OpenIdKnown>,
    languages: Vec<(&'static str, String, bool)>,
    is_known: bool,
    bring_back: String,
    giving: Giving,
    warnings: Vec<Notice>,
    next: String,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct By {
    by: String,
    with: String,
}

async fn page(
    visit: &Visit,
    connection: &Connection,
    way: Way,
    filled: Option<Form>,
    warnings: Vec<Notice>,
    status: StatusCode,
) -> Answer {
    let slug = connection.slug.as_str();
    let (provider, protocol) = (provider_of(connection)?, way.protocol());
    let here = urls::integration_part(slug, "identity-provider");
    let is_known = connection.protocol().is_some();
    let page = IdentityProviderPage {
        shell: shell(visit, &format!("Identity provider of {}", connection.name)),
        way_back: (connection.name.clone(), urls::integration(slug)),
        tabs: tabs(slug, Room::IdentityProvider),
        certificates: urls::integration_part(slug, "certificates"),
        known: known(connection, visit.ctx.now()),
        openid: openid::known(visit, connection).await?,
        languages: match is_known {
            true => Vec::new(),
            false => openid::languages(&here, protocol),
        },
        is_known,
        bring_back: match protocol {
            Protocol::Saml => provider.saml.bring_back.clone(),
            Protocol::Oidc => provider.oidc.bring_back.clone(),
        },
        giving: Giving::new(connection, way, filled)?,
        warnings,
        next: urls::integration(slug),
    };
    Ok(render_as(status, &page))
}

async fn show(visit: Visit, slug: web::Path<String>, by: web::Query<By>) -> Answer {
    let connection = load(&visit, &slug).await?;
    let protocol = openid::shown(&connection, &by.with);
    let best = Way::of(provider_of(&connection)?, protocol);
    // An integration that is known already is asked in its own language only.
    let is_fit = |way: &Way| connection.protocol().is_none_or(|known| known == way.protocol());
    let way = Way::parse(&by.by).filter(is_fit).unwrap_or(best);
    page(&visit, &connection, way, None, Vec::new(), StatusCode::OK).await
}

/// What a form told, with what an admin should know about it.
enum Told {
    Saml(Understood),
    OpenId(FoundProvider),
}

/// Reads what the form names; what is wrong with it stands in the form then.
async fn read(
    visit: &Visit,
    connection: &Connection,
    way: Way,
    form: &mut Form,
    upload: &Upload,
) -> Result<Option<Told>> {
    if way == Way::OpenId {
        form.fill(upload.pairs.iter().map(|(name, value)| (name, value)));
        form.require();
        if !form.is_valid() {
            return Ok(None);
        }
        let fields = openid::fields(form);
        let found = connect::find_provider(&visit.ctx, connection.slug.as_str(), &fields).await?;
        return Ok(Some(Told::OpenId(found)));
    }
    match source(provider_of(connection)?, way, form, upload) {
        Some(source) => connect::understand(&visit.ctx, source)
            .await
            .map(|read| Some(Told::Saml(read))),
        None => Ok(None),
    }
}

/// What the form said, or what is wrong with it.
fn source(provider: &Provider, way: Way, form: &mut Form, upload: &Upload) -> Option<IdpSource> {
    if let Some(flaw) = upload.flaw {
        form.refuse(
            if way == Way::Url {
                "metadata_url"
            } else if way == Way::Hand {
                "certificate"
            } else {
                "metadata"
            },
            flaw.words(),
        );
        return None;
    }
    form.fill(upload.pairs.iter().map(|(name, value)| (name, value)));
    form.require();
    let entity_id = match way {
        Way::Hand => issuer::of(provider, form),
        _ => String::new(),
    };
    let text = |name| form.text(name).to_owned();
    let source = match (way, &upload.file) {
        (Way::Url, _) => IdpSource::Url(text("metadata_url")),
        (Way::Paste, _) => IdpSource::Xml(text("metadata").into_bytes()),
        (Way::Hand, _) => IdpSource::ByHand {
            entity_id,
            sign_in_url: text("sign_in_url"),
            certificates: text("certificate"),
        },
        // It has a reading of its own: nothing of it is SAML's.
        (Way::OpenId, _) => return None,
        (Way::File, None) => {
            form.refuse(
                "metadata",
                "Choose the XML file that the identity provider gave you.",
            );
            return None;
        }
        (Way::File, Some(bytes)) if bytes.is_empty() => {
            form.refuse(
                "metadata",
                "This file is empty. Download it once more at the identity provider.",
            );
            return None;
        }
        (Way::File, Some(bytes)) => IdpSource::Xml(bytes.clone()),
    };
    form.is_valid().then_some(source)
}

async fn give(
    visit: Visit,
    admin: Admin,
    slug: web::Path<String>,
    by: web::Query<By>,
    upload: Upload,
) -> Answer {
    let slug = slug.into_inner();
    let connection = load(&visit, &slug).await?;
    let way = Way::parse(&by.by).unwrap_or(Way::Url);
    let mut form = way.form(&connection)?;
    let told = match read(&visit, &connection, way, &mut form, &upload).await {
        Ok(Some(told)) => told,
        Ok(None) => return page(&visit, &connection, way, Some(form), Vec::new(), UNPROCESSABLE).await,
        Err(error) => {
            let status = refuse(&mut form, error)?;
            return page(&visit, &connection, way, Some(form), Vec::new(), status).await;
        }
    };
    let warnings = match &told {
        Told::Saml(understood) => understood.warnings.clone(),
        Told::OpenId(found) => found.warnings.clone(),
    };
    let wanted = slug.clone();
    let set = visit.ctx.act(admin.who(), move |act| match told {
        Told::Saml(understood) => connect::set_idp(act, &wanted, understood.idp),
        Told::OpenId(found) => connect::set_provider(act, &wanted, found),
    });
    let changed = match set.await {
        Ok(changed) => changed,
        Err(error) => {
            let status = refuse(&mut form, error)?;
            return page(&visit, &connection, way, Some(form), Vec::new(), status).await;
        }
    };
    if warnings.is_empty() {
        return Ok(flash::to(
            &visit,
            &urls::integration(&slug),
            "idp-read",
            &changed.name,
        ));
    }
    // A redirect would lose what should be looked at.
    let warn = |text: String| Notice::waiting("It was read. Look at this:", text);
    let warnings = warnings.into_iter().map(warn).collect();
    page(&visit, &changed, way, None, warnings, StatusCode::OK).await
}
