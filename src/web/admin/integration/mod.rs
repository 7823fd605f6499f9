//! The rooms of one integration: its page, its identity provider, certificates, domains, settings, switches.

mod certificates;
mod domains;
mod enforcement;
mod identity_provider;
mod issuer;
mod mapping;
mod openid;
mod page;
mod provisioning;
mod settings;
mod signing_out;
mod switches;
mod values;

pub use domains::gone_notice;
pub use provisioning::{held_notice, provisioning_state, removal_state, taken, waiting_notice};

use crate::error::Result;
use crate::model::Connection;
use crate::store;
use crate::web::gate::Visit;
use crate::web::page::{Section, Shell};
use crate::web::routes::Route;
use crate::web::urls;

pub fn routes() -> Vec<Route> {
    let rooms = [
        page::routes(),
        identity_provider::routes(),
        certificates::routes(),
        domains::routes(),
        enforcement::routes(),
        provisioning::routes(),
        mapping::routes(),
        settings::routes(),
        switches::routes(),
    ];
    rooms.into_iter().flatten().collect()
}

/// Which room a page is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    SignIn,
    IdentityProvider,
    Certificates,
    Domains,
    Enforcement,
    Provisioning,
    Mapping,
    Settings,
}

/// One link above a room.
struct Tab {
    name: String,
    href: String,
    is_here: bool,
}

fn tabs(slug: &str, here: Room) -> Vec<Tab> {
    let tab = |name: &str, href, room| Tab {
        name: name.to_owned(),
        href,
        is_here: room == here,
    };
    let part = |name| urls::integration_part(slug, name);
    vec![
        tab("Sign-in", urls::integration(slug), Room::SignIn),
        tab(
            "Identity provider",
            part("identity-provider"),
            Room::IdentityProvider,
        ),
        tab("Certificates", part("certificates"), Room::Certificates),
        tab("Domains", part("domains"), Room::Domains),
        tab("Enforcement", part("enforcement"), Room::Enforcement),
        tab("Provisioning", part("provisioning"), Room::Provisioning),
        tab("Mapping", part("mapping"), Room::Mapping),
        tab("Settings", part("settings"), Room::Settings),
    ]
}

async fn load(visit: &Visit, slug: &str) -> Result<Connection> {
    let slug = slug.to_owned();
    visit
        .ctx
        .store
        .reading(move |r| store::connections::get_by_slug(r, &slug))
        .await
}

fn shell(visit: &Visit, title: &str) -> Shell {
    visit.shell(title).at(Section::Integrations)
}
