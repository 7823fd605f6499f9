//! The certificates that an integration trusts: several at once, so that a change needs no downtime.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::{Room, Tab, load, shell, tabs};
use crate::error::Error;
use crate::flows::connect;
use crate::model::Connection;
use crate::web::admin::confirm::Confirm;
use crate::web::admin::facts::{CertificateLine, certificate_lines};
use crate::web::admin::{UNPROCESSABLE, refuse};
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Shell, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::upload::{UPLOAD_LIMIT, Upload};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get(
            "/admin/integrations/{slug}/certificates",
            Access::INTEGRATIONS,
            list,
        ),
        // One more, by paste or file.
        post(
            "/admin/integrations/{slug}/certificates",
            Access::INTEGRATIONS,
            add,
        )
        .limit(UPLOAD_LIMIT),
        get(
            "/admin/integrations/{slug}/certificates/{fingerprint}/removal",
            Access::INTEGRATIONS,
            ask,
        ),
        post(
            "/admin/integrations/{slug}/certificates/{fingerprint}/removal",
            Access::INTEGRATIONS,
            remove,
        ),
    ]
}

#[derive(Template)]
#[template(path = "admin/integrations/certificates.html")]
struct CertificatesPage {
    shell: Shell,
    way_back: (String, String),
    tabs: Vec<Tab>,
    identity_provider: String,
    has_idp: bool,
    speaks_openid: bool,
    lines: Vec<CertificateLine>,
    form: Form,
    action: String,
}

fn form() -> Form {
    Form::new([
        Field::paragraph("certificate", "Certificate", 6)
            .mono()
            .max(100_000)
            .hint("PEM or Base64, as the identity provider shows it."),
        Field::file("file", "Or its file", ".pem,.crt,.cer,.cert,.der"),
    ])
}

fn page(visit: &Visit, connection: &Connection, form: Form, status: StatusCode) -> Answer {
    let slug = connection.slug.as_str();
    let pinned = connection
        .saml
        .idp
        .as_ref()
        .map_or(&[][..], |idp| &idp.certificates);
    let page = CertificatesPage {
        shell: shell(visit, &format!("Certificates of {}", connection.name)),
        way_back: (connection.name.clone(), urls::integration(slug)),
        tabs: tabs(slug, Room::Certificates),
        identity_provider: urls::integration_part(slug, "identity-provider"),
        has_idp: connection.saml.idp.is_some(),
        speaks_openid: connection.oidc.provider.is_some(),
        lines: certificate_lines(slug, pinned, visit.ctx.now()),
        form,
        action: urls::integration_part(slug, "certificates"),
    };
    Ok(render_as(status, &page))
}

async fn list(visit: Visit, slug: web::Path<String>) -> Answer {
    let connection = load(&visit, &slug).await?;
    page(&visit, &connection, form(), StatusCode::OK)
}

/// The text of what was given: pasted, or a file of text or of DER.
fn given(form: &mut Form, upload: &Upload) -> Option<String> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    if let Some(flaw) = upload.flaw {
        form.refuse("certificate", flaw.words());
        return None;
    }
    form.fill(upload.pairs.iter().map(|(name, value)| (name, value)));
    let typed = form.text("certificate").to_owned();
    match &upload.file {
        Some(bytes) if bytes.is_empty() => {
            form.refuse(
                "file",
                "This file is empty. Download it once more at the identity provider.",
            );
            None
        }
        Some(_) if !typed.trim().is_empty() => {
            form.refuse(
                "file",
                "Both fields are filled. Paste the certificate or choose its file, not both.",
            );
            None
        }
        Some(bytes) => Some(String::from_utf8(bytes.clone()).unwrap_or_else(|_| STANDARD.encode(bytes))),
        None => Some(typed),
    }
}

async fn add(visit: Visit, admin: Admin, slug: web::Path<String>, upload: Upload) -> Answer {
    let slug = slug.into_inner();
    let connection = load(&visit, &slug).await?;
    let mut form = form();
    let field = if upload.file.is_some() {
        "file"
    } else {
        "certificate"
    };
    let text = given(&mut form, &upload);
    let pins = text.map(|text| connect::pins(&visit.ctx, &text));
    let pins = match pins {
        Some(Ok((pins, _))) => pins,
        Some(Err(problem)) => {
            form.refuse(field, problem);
            return page(&visit, &connection, form, UNPROCESSABLE);
        }
        None => return page(&visit, &connection, form, UNPROCESSABLE),
    };
    let wanted = slug.clone();
    match visit
        .ctx
        .act(admin.who(), move |act| {
            connect::add_certificates(act, &wanted, pins)
        })
        .await
    {
        Ok(changed) if changed.version == connection.version => {
            form.refuse(field, "This certificate is trusted already.");
            page(&visit, &connection, form, UNPROCESSABLE)
        }
        Ok(_) => Ok(flash::to(
            &visit,
            &urls::integration_part(&slug, "certificates"),
            "certificate-added",
            "",
        )),
        Err(error) => {
            let status = refuse(&mut form, error)?;
            page(&visit, &connection, form, status)
        }
    }
}

async fn ask(visit: Visit, path: web::Path<(String, String)>) -> Answer {
    let (slug, fingerprint) = path.into_inner();
    let connection = load(&visit, &slug).await?;
    let pinned = connection.saml.idp.iter().flat_map(|idp| &idp.certificates);
    let certificate = pinned.clone().find(|c| c.fingerprint == fingerprint);
    let certificate = certificate.ok_or_else(|| Error::not_found("certificate"))?;
    let back = ("Certificates", urls::integration_part(&slug, "certificates"));
    let action = urls::certificate_removal(&slug, &fingerprint);
    let left = pinned.count() - 1;
    let page = Confirm::new(
        shell(&visit, "Stop trusting a certificate"),
        back,
        action,
        "Stop trusting it",
    )
    .line(format!(
        "{} with the fingerprint {}.",
        certificate.subject, certificate.fingerprint
    ))
    .line(format!(
        "What {} signs with it is refused from then on. {left} {} trusted.",
        connection.name,
        if left == 1 {
            "other certificate stays"
        } else {
            "other certificates stay"
        }
    ));
    Ok(page.draw())
}

async fn remove(visit: Visit, admin: Admin, path: web::Path<(String, String)>) -> Answer {
    let (slug, fingerprint) = path.into_inner();
    let wanted = slug.clone();
    visit
        .ctx
        .act(admin.who(), move |act| {
            connect::remove_certificate(act, &wanted, &fingerprint)
        })
        .await?;
    Ok(flash::to(
        &visit,
        &urls::integration_part(&slug, "certificates"),
        "certificate-removed",
        "",
    ))
}
