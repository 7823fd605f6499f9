//! In and out: the page of each kind of table with its downloads and its import, the look at a file, and the import.
//!
//! The same pages for people, teams, access groups and mappings; each kind stands under its own address, so that each asks
//! for its own permission.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::error::Error;
use crate::flows::transfer::What;
use crate::web::fail::Fail;
use crate::web::page::Section;
use crate::web::routes::{Access, Route, get, post};
use crate::web::urls;

mod download;
mod page;
mod report;

/// Largest file.
const FILE_LIMIT: usize = 8 * 1024 * 1024;

pub fn routes() -> Vec<Route> {
    let mut routes = Vec::new();
    macro_rules! family {
        ($at:literal, $access:expr) => {
            routes.extend([
                get($at, $access, page::show),
                // The look: nothing is written.
                post($at, $access, page::look).limit(FILE_LIMIT),
                get(concat!($at, "/files/{file}"), $access, download::send),
                get(concat!($at, "/checked/{id}"), $access, report::show),
                post(concat!($at, "/checked/{id}"), $access, report::import),
                get(
                    concat!($at, "/checked/{id}/report.csv"),
                    $access,
                    report::send,
                ),
            ]);
        };
    }
    family!("/admin/people/transfer", Access::PEOPLE);
    family!("/admin/access/teams/transfer", Access::ROLES);
    family!("/admin/access/groups/transfer", Access::ROLES);
    family!(
        "/admin/integrations/{slug}/mapping/transfer",
        Access::INTEGRATIONS
    );
    routes
}

/// Which table an address is about.
pub struct Table(pub What);

impl FromRequest for Table {
    type Error = Fail;
    type Future = Ready<Result<Self, Fail>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let pattern = request.match_pattern().unwrap_or_default();
        let slug = request.match_info().get("slug").unwrap_or_default();
        let what = match pattern.split("/transfer").next() {
            Some("/admin/people") => What::People,
            Some("/admin/access/teams") => What::Teams,
            Some("/admin/access/groups") => What::AccessGroups,
            Some("/admin/integrations/{slug}/mapping") => What::Mapping(slug.to_owned()),
            _ => return ready(Err(Fail(Error::not_found("table")))),
        };
        ready(Ok(Self(what)))
    }
}

impl Table {
    /// What it is called in the middle of a sentence.
    fn words(&self) -> &'static str {
        match self.0 {
            What::People => "people",
            What::Teams => "teams",
            What::AccessGroups => "access groups",
            What::Mapping(_) => "the mapping",
        }
    }

    fn section(&self) -> Section {
        match self.0 {
            What::People => Section::People,
            What::Teams | What::AccessGroups => Section::Access,
            What::Mapping(_) => Section::Integrations,
        }
    }

    /// Label and address of the list itself.
    fn home(&self) -> (String, String) {
        match &self.0 {
            What::People => ("People".to_owned(), urls::people()),
            What::Teams => ("Teams".to_owned(), urls::teams()),
            What::AccessGroups => ("Access groups".to_owned(), urls::access_groups()),
            What::Mapping(slug) => ("Mapping".to_owned(), urls::integration_part(slug, "mapping")),
        }
    }

    fn url(&self) -> String {
        urls::transfer(&self.home().1)
    }
}
