//! The settings pages: what an admin sees. One file per page family, each opening with its routes.
//!
//! A page reads the store in one snapshot and calls one flow to change something; what a flow refuses is
//! said at the field it concerns ([`refuse`]) or, when it concerns none, on the page of an error.

mod access_group;
mod access_groups;
mod access_pages;
pub mod access_tabs;
mod apps;
pub mod audit;
pub mod break_glass;
pub mod confirm;
pub mod enforced;
pub mod facts;
pub mod features;
pub mod integration;
pub mod integrations;
pub mod invitations;
pub mod invite_many;
pub mod mail;
mod mail_facts;
pub mod overview;
pub mod people;
pub mod person;
mod person_access;
pub mod person_factors;
pub mod person_fields;
pub mod person_form;
pub mod person_invitation;
pub mod person_provisioning;
pub mod profile_fields;
pub mod reset_link;
pub mod roles;
pub mod session_limits;
pub mod settings;
pub mod sign_ins;
pub mod teams;
pub mod trace;
mod transfer;

use actix_web::http::StatusCode;
use actix_web::web;

use super::fail;
use super::form::Form;
use super::routes::Route;
use crate::error::{Error, Kind, Result};

/// A form's body.
pub type Body = web::Form<Vec<(String, String)>>;

/// A form that has to be filled in again.
pub const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

pub fn routes() -> Vec<Route> {
    let families = [
        overview::routes(),
        // Before the rooms of one person, team or group: `transfer` is the id of none.
        transfer::routes(),
        people::routes(),
        person_form::routes(),
        invitations::routes(),
        invite_many::routes(),
        person_invitation::routes(),
        person::routes(),
        person_access::routes(),
        person_factors::routes(),
        integrations::routes(),
        integration::routes(),
        sign_ins::routes(),
        trace::routes(),
        audit::routes(),
        settings::routes(),
        break_glass::routes(),
        roles::routes(),
        session_limits::routes(),
        features::routes(),
        profile_fields::routes(),
        teams::routes(),
        access_groups::routes(),
        access_group::routes(),
        apps::routes(),
        mail::routes(),
        reset_link::routes(),
    ];
    families.into_iter().flatten().collect()
}

/// Says in the form what a flow did not take, and with which status to draw it. An error that is not the
/// reader's to mend is handed back.
pub fn refuse(form: &mut Form, error: Error) -> Result<StatusCode> {
    match &error.kind {
        Kind::Invalid(problems) => {
            for problem in problems {
                form.refuse(&problem.field, problem.message.clone());
            }
            if problems.is_empty() {
                form.refuse_all(error.message.clone());
            }
        }
        Kind::Conflict | Kind::Denied => form.refuse_all(error.message.clone()),
        _ => return Err(error),
    }
    Ok(fail::status(&error))
}
