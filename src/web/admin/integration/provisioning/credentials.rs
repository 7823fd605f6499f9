//! How the identity provider proves itself: the credentials as lists show them, and making one, which is shown once.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::{load, shell};
use crate::error::{Error, Result};
use crate::flows::oauth::clients::{self, NewClient};
use crate::flows::{Act, credentials};
use crate::model::provider::OurScimValue;
use crate::model::time::DAY;
use crate::model::{Connection, Timestamp};
use crate::store;
use crate::store::oauth::OauthClient;
use crate::store::scim_credentials::Credential;
use crate::web::admin::integration::page::provider_of;
use crate::web::admin::{Body, UNPROCESSABLE, refuse};
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Shell, render, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::urls;

pub fn routes() -> Vec<Route> {
    vec![
        // `kind` says which of the three.
        get(
            "/admin/integrations/{slug}/provisioning/credentials/new",
            Access::INTEGRATIONS,
            blank,
        ),
        // Answers with the secret, once.
        post(
            "/admin/integrations/{slug}/provisioning/credentials",
            Access::INTEGRATIONS,
            make,
        ),
    ]
}

/// One credential in the list.
pub struct CredentialLine {
    pub label: String,
    pub kind: &'static str,
    pub user_name: Option<String>,
    pub made: String,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub address: Option<String>,
    pub revocation: String,
}

/// One line each; what OAuth made on one word of an admin is one grant, however many tokens it has.
pub fn credential_lines(slug: &str, credentials: &[Credential]) -> Vec<CredentialLine> {
    let mut families = Vec::new();
    let mut lines = Vec::new();
    for credential in credentials {
        if let Some(family) = &credential.family {
            if families.contains(&family) {
                continue;
            }
            families.push(family);
        }
        let of_family = credentials
            .iter()
            .filter(|other| credential.family.is_some() && other.family == credential.family);
        let used = of_family.chain([credential]).max_by_key(|one| one.last_used_at);
        let ends = credentials
            .iter()
            .filter(|other| credential.family.is_some() && other.family == credential.family);
        lines.push(CredentialLine {
            label: credential.label.clone(),
            kind: credential.kind.words(),
            user_name: credential.user_name.clone(),
            made: credential.created_by.clone(),
            created_at: credential.created_at,
            expires_at: ends
                .filter_map(|one| one.expires_at)
                .max()
                .or(credential.expires_at),
            last_used_at: used.and_then(|one| one.last_used_at),
            address: used.and_then(|one| one.last_address.clone()),
            revocation: urls::provisioned_act(slug, "credentials", &credential.id.to_string(), "revocation"),
        });
    }
    lines
}

/// One OAuth client in the list.
pub struct ClientLine {
    pub name: String,
    pub id: String,
    pub kind: &'static str,
    pub redirects: Vec<String>,
    pub created_at: Timestamp,
    pub removal: String,
}

pub fn client_line(slug: &str, client: &OauthClient) -> ClientLine {
    ClientLine {
        name: client.name.clone(),
        id: client.id.clone(),
        kind: if client.secret_hash.is_some() {
            "with a secret"
        } else {
            "public, with PKCE"
        },
        redirects: client.redirect_uris.clone(),
        created_at: client.created_at,
        removal: urls::provisioned_act(slug, "oauth-clients", &client.id, "removal"),
    }
}

/// What the form makes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Make {
    Bearer,
    Basic,
    Oauth,
}

impl Make {
    fn parse(key: &str) -> Self {
        match key {
            "basic" => Make::Basic,
            "oauth" => Make::Oauth,
            _ => Make::Bearer,
        }
    }

    fn key(self) -> &'static str {
        match self {
            Make::Bearer => "bearer",
            Make::Basic => "basic",
            Make::Oauth => "oauth",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Make::Bearer => "Make a bearer token",
            Make::Basic => "Make a user name and passkey",
            Make::Oauth => "Add an OAuth client",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Make::Bearer => {
                "One value that the identity provider sends with every request. It is shown once."
            }
            Make::Basic => {
                "For identity providers that ask for a user name and a password. Both are shown once."
            }
            Make::Oauth => "For identity providers that fetch their own tokens, after an admin let them in.",
        }
    }
}

/// The lifetimes that the form offers, in days; 0 for none.
const LIFETIMES: [(&str, &str); 4] = [
    ("365", "1 year"),
    ("180", "6 months"),
    ("90", "90 days"),
    ("0", "Until it is revoked"),
];

fn form(make: Make) -> Form {
    let kind = Field::hidden("kind", make.key());
    let opened = Field::hidden("opened", "");
    if make == Make::Oauth {
        return Form::new([
            kind,
            opened,
            Field::text("name", "Name").required().max(200).focus(),
            Field::paragraph("redirect_uris", "Redirect addresses", 3)
                .mono()
                .max(20_000)
                .hint("One in each line, exactly as the identity provider shows them. None for client credentials alone."),
            Field::checkbox("public", "It can keep no secret")
                .hint("Then it gets none, and has to use PKCE."),
        ]);
    }
    let expires = LIFETIMES.iter().fold(
        Field::select("expires", "Ends after").required().value("365"),
        |field, (days, words)| field.choice(*days, *words),
    );
    Form::new([
        kind,
        opened,
        Field::text("label", "Label")
            .hint("For you, to tell it from the next one.")
            .max(200)
            .focus(),
        expires,
    ])
}

#[derive(Template)]
#[template(path = "admin/integrations/provisioning/new_credential.html")]
struct NewCredentialPage {
    shell: Shell,
    way_back: (String, String),
    sentence: &'static str,
    submit: &'static str,
    form: Form,
    action: String,
}

fn page(visit: &Visit, connection: &Connection, make: Make, form: Form, status: StatusCode) -> Answer {
    let form = form.with("opened", visit.ctx.now().0.to_string());
    let slug = connection.slug.as_str();
    let page = NewCredentialPage {
        shell: shell(visit, make.title()),
        way_back: (
            format!("Provisioning through {}", connection.name),
            urls::provisioning(slug, ""),
        ),
        sentence: make.sentence(),
        submit: make.title(),
        form,
        action: urls::provisioning(slug, "credentials"),
    };
    Ok(render_as(status, &page))
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Wanted {
    kind: String,
}

async fn blank(visit: Visit, slug: web::Path<String>, wanted: web::Query<Wanted>) -> Answer {
    let connection = load(&visit, &slug).await?;
    let make = Make::parse(&wanted.kind);
    page(&visit, &connection, make, form(make), StatusCode::OK)
}

/// Labels and values that are shown once.
type Secrets = Vec<(&'static str, OurScimValue, String)>;

/// One value to copy, and where it goes at the identity provider.
struct Copied {
    label: &'static str,
    value: String,
    note: String,
}

#[derive(Template)]
#[template(path = "admin/integrations/provisioning/made.html")]
struct MadePage {
    shell: Shell,
    way_back: (String, String),
    secrets: Vec<Copied>,
    next: String,
}

/// A page that is loaded again sends its form again: what it made then was shown once, and is not made twice.
fn need_first_time(act: &Act, slug: &str, form: &Form) -> Result<()> {
    let Ok(opened) = form.text("opened").parse::<i64>() else {
        return Ok(());
    };
    let connection = store::connections::get_by_slug(act.w, slug)?;
    let credentials = store::scim_credentials::list_of_connection(act.w, connection.id, act.now)?;
    let clients = store::oauth::list_clients(act.w, connection.id)?;
    let of_forms = credentials.iter().filter(|one| one.family.is_none());
    let made = of_forms
        .map(|one| one.created_at)
        .chain(clients.iter().map(|one| one.created_at));
    if made.max().is_some_and(|newest| newest.0 > opened) {
        return Err(Error::conflict(
            "A credential was made since this form was opened. If you made it here, it was shown once and is in the list \
             now. To make another one, press the button again.",
        ));
    }
    Ok(())
}

/// What was made, and the addresses that go with it.
fn copied(visit: &Visit, connection: &Connection, make: Make, secrets: Secrets) -> Result<Vec<Copied>> {
    let guide = provider_of(connection)?;
    let organization = visit
        .ctx
        .organization()
        .ok_or_else(|| Error::not_found("organization yet"))?;
    let base = &organization.base_url;
    let mut all = vec![(
        "SCIM base URL",
        OurScimValue::BaseUrl,
        base.scim(&connection.slug),
    )];
    if make == Make::Oauth {
        let (authorize, token) = (urls::oauth_authorize(), urls::OAUTH_TOKEN);
        all.push((
            "Authorize URL",
            OurScimValue::AuthorizeUrl,
            format!("{base}{authorize}"),
        ));
        all.push(("Token URL", OurScimValue::TokenUrl, format!("{base}{token}")));
    }
    all.extend(secrets);
    let note = |of: OurScimValue, label: &str| {
        let there = guide.scim.values.iter().find(|value| value.value == of);
        there
            .filter(|value| value.label != label)
            .map_or_else(String::new, |value| {
                format!("{} calls it “{}”.", guide.name, value.label)
            })
    };
    let line = |(label, of, value)| Copied {
        label,
        value,
        note: note(of, label),
    };
    Ok(all.into_iter().map(line).collect())
}

/// Makes what the form says; what a flow refuses is its error.
fn make_it(act: &Act, slug: &str, make: Make, form: &Form) -> Result<Secrets> {
    need_first_time(act, slug, form)?;
    if make == Make::Oauth {
        let new = NewClient {
            name: form.text("name").to_owned(),
            redirect_uris: form
                .text("redirect_uris")
                .lines()
                .map(|line| line.trim().to_owned())
                .filter(|line| !line.is_empty())
                .collect(),
            public: form.is_ticked("public"),
        };
        let made = clients::make(act, slug, &new)?;
        let mut secrets = vec![("Client ID", OurScimValue::ClientId, made.client_id)];
        secrets.extend(
            made.client_secret
                .map(|secret| ("Client secret", OurScimValue::ClientSecret, secret)),
        );
        return Ok(secrets);
    }
    let days: i64 = form.text("expires").parse().unwrap_or(365);
    let lifetime = (days > 0).then_some(days * DAY);
    let label = form.text("label");
    if make == Make::Basic {
        let made = credentials::make_basic(act, slug, label, lifetime)?;
        let mut secrets = Vec::new();
        secrets.extend(
            made.user_name
                .map(|name| ("User name", OurScimValue::UserName, name)),
        );
        secrets.push(("Passkey", OurScimValue::Passkey, made.secret));
        return Ok(secrets);
    }
    let made = credentials::make_bearer(act, slug, label, lifetime)?;
    Ok(vec![("Bearer token", OurScimValue::Token, made.secret)])
}

async fn make(visit: Visit, admin: Admin, slug: web::Path<String>, body: Body) -> Answer {
    let connection = load(&visit, &slug).await?;
    let kind = body.iter().find(|(name, _)| name == "kind");
    let make = Make::parse(kind.map_or("", |(_, kind)| kind.as_str()));
    let mut form = form(make);
    form.fill(body.into_inner());
    form.require();
    if !form.is_valid() {
        return page(&visit, &connection, make, form, UNPROCESSABLE);
    }
    let (wanted, filled) = (slug.into_inner(), form.clone());
    let done = visit
        .ctx
        .act(admin.who(), move |act| make_it(act, &wanted, make, &filled))
        .await;
    match done {
        Ok(secrets) => Ok(render(&MadePage {
            shell: shell(&visit, "Copy it now"),
            way_back: (
                format!("Provisioning through {}", connection.name),
                urls::provisioning(connection.slug.as_str(), ""),
            ),
            secrets: copied(&visit, &connection, make, secrets)?,
            next: urls::provisioning(connection.slug.as_str(), ""),
        })),
        Err(error) => {
            let status = refuse(&mut form, error)?;
            page(&visit, &connection, make, form, status)
        }
    }
}
