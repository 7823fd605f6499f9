//! An authenticator app: the QR code and the secret, the first code, removal.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use qrcode::{Color, EcLevel, QrCode};

use super::{Ask, own, with_token};
use crate::error::{Error, Kind, Result};
use crate::flows::Who;
use crate::flows::factors::{self, Enrolment};
use crate::flows::gate::Principal;
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{SignedIn, Visit, see_other};
use crate::web::page::{Shell, render, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get("/account/factors/authenticator", Access::Member, show),
        // A new secret, which waits for its first code.
        post("/account/factors/authenticator", Access::Member, begin),
        post(
            "/account/factors/authenticator/confirmation",
            Access::Member,
            confirm,
        ),
        get(
            "/account/factors/authenticator/removal",
            Access::Member,
            ask_to_remove,
        ),
        post("/account/factors/authenticator/removal", Access::Member, remove),
    ]
}

#[derive(Template)]
#[template(path = "member/factors/authenticator.html")]
struct EnrolmentPage {
    shell: Shell,
    qr: Qr,
    secret: String,
    form: Form,
    action: String,
    back: String,
}

/// The squares of a QR code as one SVG path, with the quiet zone around it.
struct Qr {
    size: usize,
    path: String,
}

impl Qr {
    const QUIET: usize = 4;

    fn of(text: &str) -> Result<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(Error::internal)?;
        let width = code.width();
        let dark = code.to_colors().into_iter().enumerate();
        let squares = dark.filter(|(_, color)| *color == Color::Dark);
        let path = squares.map(|(at, _)| {
            let (x, y) = (at % width + Self::QUIET, at / width + Self::QUIET);
            format!("M{x} {y}h1v1h-1z")
        });
        Ok(Self {
            size: width + 2 * Self::QUIET,
            path: path.collect(),
        })
    }
}

fn form() -> Form {
    Form::new([Field::text("code", "Code that the app shows now")
        .hint("Six digits. A new one comes every 30 seconds.")
        .autocomplete("one-time-code")
        .mono()
        .required()
        .max(20)])
}

async fn enrolment(visit: &Visit, principal: &Principal) -> Result<Option<Enrolment>> {
    let person = principal.person();
    factors::totp_enrolment(&visit.ctx, person.id, person.email.as_str()).await
}

fn page(visit: &Visit, enrolment: &Enrolment, form: Form, status: StatusCode) -> Answer {
    Ok(render_as(
        status,
        &EnrolmentPage {
            shell: visit.shell("Set up an authenticator app"),
            qr: Qr::of(&enrolment.address)?,
            secret: enrolment.secret.to_string(),
            form,
            action: urls::own_authenticator("confirmation"),
            back: urls::account_part("factors"),
        },
    ))
}

async fn show(visit: Visit, SignedIn(principal): SignedIn) -> Answer {
    match enrolment(&visit, &principal).await? {
        Some(enrolment) => page(&visit, &enrolment, form(), StatusCode::OK),
        None => Ok(see_other(&urls::account_part("factors"))),
    }
}

async fn begin(visit: Visit, SignedIn(principal): SignedIn) -> Answer {
    factors::begin_totp(&visit.ctx, own(&visit, &principal)).await?;
    Ok(see_other(&urls::own_factor("authenticator")))
}

async fn confirm(
    visit: Visit,
    SignedIn(principal): SignedIn,
    body: web::Form<Vec<(String, String)>>,
) -> Answer {
    let mut form = form();
    form.fill(body.into_inner());
    form.require();
    if form.is_valid() {
        let code = form.text("code").to_owned();
        match factors::confirm_totp(&visit.ctx, own(&visit, &principal), &code).await {
            Ok(token) => {
                let response = flash::to(&visit, &urls::account_part("factors"), "totp-added", "");
                return Ok(with_token(&visit, &principal, response, token));
            }
            Err(error) if matches!(error.kind, Kind::Invalid(_)) => form.refuse("code", error.message),
            Err(error) => return Err(error.into()),
        }
    }
    match enrolment(&visit, &principal).await? {
        Some(enrolment) => page(&visit, &enrolment, form, StatusCode::UNPROCESSABLE_ENTITY),
        None => Ok(see_other(&urls::account_part("factors"))),
    }
}

async fn ask_to_remove(visit: Visit) -> Answer {
    let action = urls::own_authenticator("removal");
    let page = Ask::new(&visit, "Remove the authenticator app", action, "Remove the app")
        .line("Its codes stop working at once. Delete the entry in the app as well.")
        .line("Without another second factor, a passphrase alone lets you in, and owners and admins are asked to set one up again.");
    Ok(render(&page))
}

async fn remove(visit: Visit, SignedIn(principal): SignedIn) -> Answer {
    let own = own(&visit, &principal);
    let who = Who::Person(principal.person().id);
    visit
        .ctx
        .act(who, move |act| factors::remove_own_totp(act, &own))
        .await?;
    Ok(flash::to(
        &visit,
        &urls::account_part("factors"),
        "totp-removed",
        "",
    ))
}

#[cfg(test)]
mod tests {
    use super::Qr;

    #[test]
    fn the_drawing_has_its_quiet_zone_and_its_corners() {
        let qr =
            Qr::of("otpauth://totp/Acme:ana@example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap();
        assert!(qr.path.starts_with("M4 4h1v1h-1z"), "the first corner is dark");
        assert!(
            qr.path.contains(&format!("M{} 4h", qr.size - 5)),
            "so is the second"
        );
        assert!(!qr.path.contains("M3 ") && !qr.path.contains(&format!("M{} ", qr.size - 4)));
        assert!(Qr::of(&"x".repeat(5_000)).is_err());
    }
}
