//! The pages that everybody may see: first run, signing in and out, the way through an identity provider,
//! the start page, and who am I for programs.

pub mod home;
pub mod login;
pub mod recovery;
pub mod setup;
pub mod sign_out;
pub mod sso;
pub mod unfinished;

use super::routes::Route;

pub fn routes() -> Vec<Route> {
    let families = [
        setup::routes(),
        login::routes(),
        recovery::routes(),
        sso::routes(),
        sign_out::routes(),
        unfinished::routes(),
        home::routes(),
    ];
    families.into_iter().flatten().collect()
}
