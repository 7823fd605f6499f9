//! The pages that everybody may see: first run, signing in and out, the way through an identity provider,
//! the start page, and who am I for programs.

pub mod account;
pub mod email_first;
pub mod home;
pub mod login;
pub mod lost;
pub mod recovery;
pub mod setup;
pub mod sso;
pub mod unfinished;

use super::routes::Route;

pub fn routes() -> Vec<Route> {
    let families = [
        setup::routes(),
        email_first::routes(),
        login::routes(),
        recovery::routes(),
        lost::routes(),
        sso::routes(),
        unfinished::routes(),
        home::routes(),
        account::routes(),
    ];
    families.into_iter().flatten().collect()
}
