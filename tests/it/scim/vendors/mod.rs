//! What each identity provider sends, as files of requests (`*.scim`), played against the real server: on an empty
//! directory, against people who exist already, twice in a row, and by sixteen clients at once.
//!
//! A file is read by [`script`], which explains the format, and played by [`play`].

mod expect;
mod play;
mod script;

use play::{Mode, Stage};

macro_rules! vendors {
    ($($name:ident $file:literal),* $(,)?) => {
        const FILES: &[(&str, &str)] = &[$(($file, include_str!($file))),*];
        $(
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

#[test]
fn every_file_says_what_it_expects() {
    let mut requests = 0;
    for (file, text) in FILES {
        let script = script::read(file, text);
        for step in script.sections.iter().flat_map(|section| &section.steps) {
            let script::Step::Ask(ask) = step else { continue };
            assert!(
                !ask.statuses.is_empty(),
                "{file}:{}: any answer would do",
                ask.line
            );
            let body = play::with_anything(&ask.body);
            let good = body.is_empty() || serde_json::from_str::<serde_json::Value>(&body).is_ok();
            assert!(good, "{file}:{}: {body}", ask.line);
            requests += 1;
        }
    }
    println!("{requests} requests in {} files", FILES.len());
}
