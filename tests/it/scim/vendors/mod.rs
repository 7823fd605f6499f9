//! What each identity provider sends, as files of requests (`*.scim`), played against the real server: on an empty
//! directory, against people who exist already, twice in a row, and by sixteen clients at once.
//!
//! A file is read by [`script`], which explains the format, and played by [`play`].

mod expect;
mod play;
mod script;

use play::{Mode, Stage};

macro_rules! vendors {
    ($($name:ident $file:literal),* $(,)?) => {$(
        mod $name {
            use super::*;
            const FILE: (&str, &str) = ($file, include_str!($file));

            #[test]
            fn on_an_empty_directory() {
                Stage::open(FILE, &[]).play(Mode::Fresh);
            }

            #[test]
            fn against_people_who_exist_already() {
                Stage::open(FILE, &["anna", "ben"]).play(Mode::Existing);
            }

            #[test]
            fn twice_in_a_row() {
                let stage = Stage::open(FILE, &[]);
                stage.play(Mode::First);
                stage.play(Mode::Again);
            }

            #[test]
            fn by_sixteen_clients_at_once() {
                Stage::open(FILE, &[]).play_by_many(16);
            }
        }
    )*};
}

vendors! {
    okta_patch "okta-patch.scim",
    okta_put "okta-put.scim",
    entra "entra.scim",
    entra_optin "entra-aadOptscim062020.scim",
    onelogin "onelogin.scim",
    jumpcloud "jumpcloud.scim",
    pingone "pingone.scim",
    pingfederate "pingfederate.scim",
    rippling "rippling.scim",
    google "google.scim",
    authentik "authentik.scim",
    keycloak "keycloak.scim",
    rauthy "rauthy.scim",
}
