//! Telling Doorward who the identity provider is: by address, file, paste, or by hand.
//!
//! Each way is a page with one form, so that all of it works without a script. What is wrong is said at
//! the field, and everything typed stays.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::page::{Known, known, provider_of};
use super::{Room, Tab, load, shell, tabs};
use crate::flows::connect::{self, IdpSource};
use crate::model::provider::Take;
use crate::model::{Connection, Provider};
use crate::web::admin::refuse;
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
            Access::Admin,
            show,
        ),
        post(
            "/admin/integrations/{slug}/identity-provider",
            Access::Admin,
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
}

impl Way {
    const ALL: [Way; 4] = [Way::Url, Way::File, Way::Paste, Way::Hand];

    fn key(self) -> &'static str {
        match self {
            Way::Url => "url",
            Way::File => "file",
            Way::Paste => "paste",
            Way::Hand => "hand",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Way::Url => "Metadata URL",
            Way::File => "XML file",
            Way::Paste => "Pasted XML",
            Way::Hand => "By hand",
        }
    }

    fn submit(self) -> &'static str {
        match self {
            Way::Url => "Fetch and read it (takes up to 5 seconds)",
            Way::File => "Read this file",
            Way::Paste => "Read this XML",
            Way::Hand => "Save",
        }
    }

    fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.key() == key)
    }

    /// The way that suits a provider best.
    pub fn of(provider: &Provider) -> Self {
        match provider.saml.take {
            Take::Url => Way::Url,
            Take::File => Way::File,
        }
    }

    fn form(self) -> Form {
        match self {
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
                Field::text("entity_id", "Entity ID (Issuer)").required().mono().max(1_024).hint("Exactly as the identity provider shows it."),
                Field::url("sign_in_url", "Sign-in URL (SSO URL)").required().hint("Where Doorward sends people, with the Redirect binding."),
                Field::paragraph("certificate", "Signing certificate", 8)
                    .required()
                    .mono()
                    .max(100_000)
                    .hint("PEM or Base64. Several may stand one below the other; all are trusted."),
            ]),
        }
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
    pub fn new(slug: &str, way: Way, filled: Option<Form>) -> Self {
        let address = |way: Way| {
            urls::query(
                &urls::integration_part(slug, "identity-provider"),
                &[("by", way.key())],
            )
        };
        Self {
            form: filled.unwrap_or_else(|| way.form()),
            action: address(way),
            submit: way.submit(),
            ways: Way::ALL
                .map(|each| (each.name(), address(each), each == way))
                .into(),
        }
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
    bring_back: String,
    giving: Giving,
    warnings: Vec<Notice>,
    next: String,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct By {
    by: String,
}

fn page(
    visit: &Visit,
    connection: &Connection,
    giving: Giving,
    warnings: Vec<Notice>,
    status: StatusCode,
) -> Answer {
    let slug = connection.slug.as_str();
    let page = IdentityProviderPage {
        shell: shell(visit, &format!("Identity provider of {}", connection.name)),
        way_back: (connection.name.clone(), urls::integration(slug)),
        tabs: tabs(slug, Room::IdentityProvider),
        certificates: urls::integration_part(slug, "certificates"),
        known: known(connection, visit.ctx.now()),
        bring_back: provider_of(connection)?.saml.bring_back.clone(),
        giving,
        warnings,
        next: urls::integration(slug),
    };
    Ok(render_as(status, &page))
}

async fn show(visit: Visit, slug: web::Path<String>, by: web::Query<By>) -> Answer {
    let connection = load(&visit, &slug).await?;
    let way = Way::parse(&by.by).unwrap_or_else(|| provider_of(&connection).map_or(Way::Url, Way::of));
    let giving = Giving::new(connection.slug.as_str(), way, None);
    page(&visit, &connection, giving, Vec::new(), StatusCode::OK)
}

/// What the form said, or what is wrong with it.
fn source(way: Way, form: &mut Form, upload: &Upload) -> Option<IdpSource> {
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
    let text = |name| form.text(name).to_owned();
    let source = match (way, &upload.file) {
        (Way::Url, _) => IdpSource::Url(text("metadata_url")),
        (Way::Paste, _) => IdpSource::Xml(text("metadata").into_bytes()),
        (Way::Hand, _) => IdpSource::ByHand {
            entity_id: text("entity_id"),
            sign_in_url: text("sign_in_url"),
            certificates: text("certificate"),
        },
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
    let mut form = way.form();
    let Some(source) = source(way, &mut form, &upload) else {
        let giving = Giving::new(&slug, way, Some(form));
        return page(
            &visit,
            &connection,
            giving,
            Vec::new(),
            super::super::UNPROCESSABLE,
        );
    };
    let understood = match connect::understand(&visit.ctx, source).await {
        Ok(understood) => understood,
        Err(error) => {
            let status = refuse(&mut form, error)?;
            return page(
                &visit,
                &connection,
                Giving::new(&slug, way, Some(form)),
                Vec::new(),
                status,
            );
        }
    };
    let (wanted, idp) = (slug.clone(), understood.idp);
    let changed = visit
        .ctx
        .act(admin.who(), move |act| connect::set_idp(act, &wanted, idp))
        .await?;
    if understood.warnings.is_empty() {
        return Ok(flash::to(
            &visit,
            &urls::integration(&slug),
            "idp-read",
            &changed.name,
        ));
    }
    // A redirect would lose what should be looked at.
    let warn = |text: String| Notice::waiting("It was read. Look at this:", text);
    let warnings = understood.warnings.into_iter().map(warn).collect();
    page(
        &visit,
        &changed,
        Giving::new(&slug, way, None),
        warnings,
        StatusCode::OK,
    )
}
