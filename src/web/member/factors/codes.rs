//! Recovery codes of one's own: how many are left, and ten new ones, shown once.

use askama::Template;

use super::{Ask, own};
use crate::flows::factors;
use crate::web::fail::Answer;
use crate::web::gate::{SignedIn, Visit};
use crate::web::page::{Shell, render};
use crate::web::routes::{Access, Route, get, post};
use crate::web::urls;

pub fn routes() -> Vec<Route> {
    vec![
        get("/account/factors/recovery-codes", Access::Member, ask),
        post("/account/factors/recovery-codes", Access::Member, make),
    ]
}

#[derive(Template)]
#[template(path = "member/factors/codes.html")]
struct CodesPage {
    shell: Shell,
    codes: Vec<String>,
    back: String,
}

async fn ask(visit: Visit, SignedIn(principal): SignedIn) -> Answer {
    let id = principal.person().id;
    let found = visit.ctx.store.reading(move |r| factors::find(r, id)).await?;
    let action = urls::own_factor("recovery-codes");
    let left = match found.recovery_codes {
        0 => "You have no unused recovery code.".to_owned(),
        1 => "You have one unused recovery code. It stops working once you make new ones.".to_owned(),
        many => {
            format!("You have {many} unused recovery codes. They stop working once you make new ones.")
        }
    };
    let page = Ask::new(&visit, "Make new recovery codes", action, "Make ten new codes")
        .line(left)
        .line("The new ones are shown once. Have paper or a password manager at hand.");
    Ok(render(&page))
}

async fn make(visit: Visit, SignedIn(principal): SignedIn) -> Answer {
    let codes = factors::make_recovery_codes(&visit.ctx, own(&visit, &principal)).await?;
    Ok(render(&CodesPage {
        shell: visit.shell("Your recovery codes"),
        codes,
        back: urls::account_part("factors"),
    }))
}
