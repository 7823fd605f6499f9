//! The pages that everybody may see: first run, signing in and out, the way through an identity provider,
//! the start page, and who am I for programs.

pub mod account;
pub mod factors;
pub mod home;
pub mod login;
pub mod passkey;
pub mod passphrase;
pub mod recovery;
pub mod second_step;
pub mod setup;
pub mod sso;
pub mod unfinished;

use super::routes::Route;

pub fn routes() -> Vec<Route> {
    let families = [
        setup::routes(),
        login::routes(),
        recovery::routes(),
        sso::routes(),
        unfinished::routes(),
        home::routes(),
        account::routes(),
        factors::routes(),
        passkey::routes(),
        passphrase::routes(),
        second_step::routes(),
    ];
    families.into_iter().flatten().collect()
}
