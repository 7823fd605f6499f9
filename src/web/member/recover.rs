//! The page of a link from `doorward recover`: the owner sets a new passphrase and is in.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use zeroize::Zeroizing;

use super::login::enter;
use crate::error::Kind;
use crate::flows::passphrase::SHORTEST;
use crate::flows::recover::{self, Used};
use crate::web::fail::{Answer, status};
use crate::web::form::{Field, Form};
use crate::web::gate::Visit;
use crate::web::page::{Shell, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::urls;

pub fn routes() -> Vec<Route> {
    vec![
        // Opening it uses nothing up; the button does.
        get("/login/recover/{token}", Access::Public, show),
        post("/login/recover/{token}", Access::Public, save),
    ]
}

#[derive(Template)]
#[template(path = "member/recover.html")]
struct RecoverPage {
    shell: Shell,
    email: String,
    form: Form,
    action: String,
}

fn form() -> Form {
    Form::new([
        Field::password("passphrase", "New passphrase")
            .autocomplete("new-password")
            .hint(format!("At least {SHORTEST} characters."))
            .required()
            .focus(),
        Field::password("passphrase_again", "New passphrase, once more")
            .autocomplete("new-password")
            .required(),
    ])
}

async fn page(visit: &Visit, token: &str, form: Form, status: StatusCode) -> Answer {
    let owner = recover::look(&visit.ctx, token.to_owned()).await?;
    let page = RecoverPage {
        shell: visit.shell("Come in with a recovery link"),
        email: owner.email.to_string(),
        form,
        action: urls::recover(token),
    };
    Ok(render_as(status, &page))
}

async fn show(visit: Visit, token: web::Path<String>) -> Answer {
    page(&visit, &token, form(), StatusCode::OK).await
}

async fn save(visit: Visit, token: web::Path<String>, body: web::Form<Vec<(String, String)>>) -> Answer {
    let mut form = form();
    form.fill(body.into_inner());
    form.require();
    if form.secret("passphrase") != form.secret("passphrase_again") {
        form.refuse("passphrase_again", "The two passphrases differ.");
    }
    if !form.is_valid() {
        return page(&visit, &token, form, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let used = Used {
        token: token.to_string(),
        passphrase: Zeroizing::new(form.secret("passphrase").to_owned()),
        visitor: visit.visitor(),
        old_token: visit.session_token.clone(),
    };
    match recover::use_link(&visit.ctx, used).await {
        Ok(entered) => Ok(enter(&visit, &entered)),
        Err(error) => {
            match &error.kind {
                Kind::Invalid(problems) => problems
                    .iter()
                    .for_each(|p| form.refuse(&p.field, p.message.clone())),
                _ => return Err(error.into()),
            }
            page(&visit, &token, form, status(&error)).await
        }
    }
}
