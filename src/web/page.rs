//! What surrounds a page: its title, who is looking, where in the menu it stands, and how it becomes a response.
//!
//! A page is a struct with a `shell` and its own fields; its template extends one of the two layouts.
//!
//! ```ignore
//! #[derive(Template)]
//! #[template(path = "admin/people/list.html")]     // {% extends "layout/admin.html" %}
//! struct PeoplePage { shell: Shell, people: Vec<Row>, pager: Pager }
//!
//! render(&PeoplePage { shell: Shell::new("People", &organization.name).seen_by(&person.name, &person.role)
//!     .at(Section::People), people, pager })
//! ```
//!
//! Templates fill `{% block main %}`; `{% block title %}` only when the shell's title is not enough.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::pieces::Notice;
use super::{assets, urls};
use crate::model::{Permission, Permissions, Role};

/// Where in the admin menu a page stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Section {
    /// Nowhere: sign-in, setup, a member's own pages.
    #[default]
    Outside,
    Overview,
    Integrations,
    People,
    Access,
    Activity,
    Settings,
}

/// One link of the menu.
#[derive(Clone, Debug)]
pub struct Place {
    pub name: &'static str,
    pub href: String,
    pub is_here: bool,
}

/// What both layouts draw around a page.
#[derive(Clone, Debug, Default)]
pub struct Shell {
    /// Title of the page alone; the layouts add the organization's name.
    pub title: String,
    /// Empty before first run; the layouts then say Doorward.
    pub organization_name: String,
    /// Who is signed in.
    pub person_name: Option<String>,
    /// What they may do.
    pub permissions: Permissions,
    pub section: Section,
    /// What the last action did, shown once above the page.
    pub flash: Option<Notice>,
}

impl Shell {
    pub fn new(title: impl Into<String>, organization_name: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            organization_name: organization_name.into(),
            ..Self::default()
        }
    }

    #[must_use]
    pub fn seen_by(mut self, person_name: impl Into<String>, role: &Role) -> Self {
        self.person_name = Some(person_name.into());
        self.permissions = role.permissions;
        self
    }

    /// Whoever was signed in no longer is.
    #[must_use]
    pub fn seen_by_nobody(mut self) -> Self {
        self.person_name = None;
        self.permissions = Permissions::NONE;
        self
    }

    #[must_use]
    pub fn at(mut self, section: Section) -> Self {
        self.section = section;
        self
    }

    #[must_use]
    pub fn with_flash(mut self, flash: Option<Notice>) -> Self {
        self.flash = flash;
        self
    }

    /// May whoever is looking open any of the settings pages?
    pub fn can_admin(&self) -> bool {
        self.permissions.open_settings()
    }

    /// What stands beside the mark.
    pub fn house_name(&self) -> &str {
        if self.organization_name.is_empty() {
            "Doorward"
        } else {
            &self.organization_name
        }
    }

    /// `People · Acme`
    pub fn document_title(&self) -> String {
        format!("{} · {}", self.title, self.house_name())
    }

    /// The admin menu, in its order: what the role may open.
    pub fn places(&self) -> Vec<Place> {
        use Permission::{ManageAccess, ManageIntegrations, ManagePeople, SeeActivity};
        let all = [
            ("Overview", urls::overview(), Section::Overview, None),
            (
                "Integrations",
                urls::integrations(),
                Section::Integrations,
                Some(ManageIntegrations),
            ),
            ("People", urls::people(), Section::People, Some(ManagePeople)),
            ("Access", urls::roles(), Section::Access, Some(ManageAccess)),
            ("Activity", urls::activity(), Section::Activity, Some(SeeActivity)),
            ("Settings", urls::settings(), Section::Settings, None),
        ];
        let may = |needed: Option<Permission>| needed.is_none_or(|p| self.permissions.has(p));
        all.into_iter()
            .filter(|(.., needed)| may(*needed))
            .map(|(name, href, section, _)| Place {
                name,
                href,
                is_here: self.section == section,
            })
            .collect()
    }

    /// Address of an asset, for the layouts.
    pub fn asset(&self, name: &str) -> String {
        assets::asset(name)
    }

    pub fn home_url(&self) -> String {
        urls::home()
    }

    pub fn overview_url(&self) -> String {
        urls::overview()
    }

    pub fn lost_url(&self) -> String {
        urls::lost()
    }

    pub fn logout_url(&self) -> String {
        urls::logout()
    }
}

/// The page with status 200.
pub fn render(page: &impl Template) -> HttpResponse {
    render_as(StatusCode::OK, page)
}

/// The page with another status: 422 for a form that has to be filled in again, 404, 403 …
pub fn render_as(status: StatusCode, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(html) => HttpResponse::build(status)
            .content_type("text/html; charset=utf-8")
            .body(html),
        Err(error) => {
            tracing::error!(%error, "a page could not be drawn");
            HttpResponse::InternalServerError()
                .content_type("text/plain; charset=utf-8")
                .body("Doorward could not draw this page. The cause is in its log. Go back and try again.\n")
        }
    }
}
