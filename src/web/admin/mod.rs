//! The settings pages: what an admin sees. One file per page family, each opening with its routes.

use super::routes::Route;

pub fn routes() -> Vec<Route> {
    Vec::new()
}
