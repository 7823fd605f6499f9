//! The pages that everybody may see: first run, signing in and out, the way through an identity provider,
//! the start page, and who am I for programs.

pub mod account;
mod directory;
pub mod email_first;
pub mod factors;
pub mod home;
pub mod invitation;
pub mod login;
pub mod lost;
pub mod passkey;
pub mod passphrase;
pub mod recover;
pub mod recovery;
pub mod second_step;
pub mod setup;
pub mod sign_out;
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
        recover::routes(),
        invitation::routes(),
        sso::routes(),
        sign_out::routes(),
        unfinished::routes(),
        home::routes(),
        directory::routes(),
        account::routes(),
        factors::routes(),
        passkey::routes(),
        passphrase::routes(),
        second_step::routes(),
    ];
    families.into_iter().flatten().collect()
}
