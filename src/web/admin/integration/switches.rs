//! Trying an integration out, turning it on and off, removing it.

use actix_web::web;

use super::{load, shell};
use crate::error::{Kind, Result};
use crate::flows::connect;
use crate::flows::sign_on::start::Wish;
use crate::flows::sign_on::{self, Purpose};
use crate::model::Connection;
use crate::store;
use crate::web::admin::Body;
use crate::web::admin::confirm::Confirm;
use crate::web::admin::facts::count;
use crate::web::fail::Answer;
use crate::web::gate::{Admin, Visit};
use crate::web::member::sso::go;
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        // A new test: a real sign-in that makes no session.
        post("/admin/integrations/{slug}/tests", Access::INTEGRATIONS, test),
        post(
            "/admin/integrations/{slug}/activation",
            Access::INTEGRATIONS,
            activate,
        ),
        get(
            "/admin/integrations/{slug}/deactivation",
            Access::INTEGRATIONS,
            ask_to_deactivate,
        ),
        post(
            "/admin/integrations/{slug}/deactivation",
            Access::INTEGRATIONS,
            deactivate,
        ),
        get("/admin/integrations/{slug}/removal", Access::Owner, ask_to_remove),
        post("/admin/integrations/{slug}/removal", Access::Owner, remove),
    ]
}

async fn test(visit: Visit, admin: Admin, slug: web::Path<String>) -> Answer {
    let wish = Wish {
        slug: slug.into_inner(),
        purpose: Purpose::Test(admin.0.person().id),
        force: false,
        return_to: String::new(),
        flow_cookie: visit.flow_cookie.clone(),
        old_token: None,
        login_hint: None,
        visitor: visit.visitor(),
    };
    let started = sign_on::start(&visit.ctx, wish).await?;
    go(&visit, started)
}

async fn activate(visit: Visit, admin: Admin, slug: web::Path<String>) -> Answer {
    let slug = slug.into_inner();
    let wanted = slug.clone();
    let on = visit
        .ctx
        .act(admin.who(), move |act| connect::enable(act, &wanted))
        .await?;
    let (place, key) = if on.protocol().is_none() {
        (urls::provisioning(&slug, ""), "connection-provisions")
    } else {
        (urls::integration(&slug), "connection-on")
    };
    Ok(flash::to(&visit, &place, key, &on.name))
}

/// What turning off or removing would touch.
struct Touched {
    people: i64,
    only: i64,
    sessions: i64,
    /// For whom it is enforced, or will be.
    enforced: Vec<String>,
}

async fn touched(visit: &Visit, connection: &Connection) -> Result<Touched> {
    let (id, now) = (connection.id, visit.ctx.now());
    let reading = visit.ctx.store.reading(move |r| {
        Ok(Touched {
            people: store::identities::count_of_connection(r, id)?,
            only: store::identities::count_only_through(r, id)?,
            sessions: store::sessions::count_of_connection(r, id, now)?,
            enforced: store::enforcements::list_of_connection(r, id)?
                .iter()
                .map(crate::model::Enforcement::whom)
                .collect(),
        })
    });
    reading.await
}

impl Touched {
    /// What happens to whom, in figures.
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            match self.people {
                0 => "Nobody signs in through it today.".to_owned(),
                n => format!(
                    "{} through it today.",
                    count(n, "person signs in", "people sign in")
                ),
            },
            match self.sessions {
                0 => "No open session came through it.".to_owned(),
                n => format!("{} at once.", count(n, "open session ends", "open sessions end")),
            },
        ];
        if self.only > 0 {
            let who = count(self.only, "of them has", "of them have");
            lines.push(format!(
                "{who} no other way in and cannot sign in until there is one."
            ));
        }
        for whom in &self.enforced {
            lines.push(format!(
                "It is enforced for {whom}. That does not count any more then: they sign in by any door that is theirs."
            ));
        }
        lines
    }
}

async fn ask_to_deactivate(visit: Visit, slug: web::Path<String>) -> Answer {
    let connection = load(&visit, &slug).await?;
    let touched = touched(&visit, &connection).await?;
    let name = &connection.name;
    let action = urls::integration_part(&slug, "deactivation");
    let back = (name.as_str(), urls::integration(&slug));
    let page = Confirm::new(
        shell(&visit, &format!("Turn {name} off")),
        back,
        action,
        format!("Turn {name} off"),
    );
    let page = touched.lines().into_iter().fold(page, Confirm::line);
    Ok(page
        .line("Links and settings stay. You can turn it on again any time.")
        .draw())
}

async fn deactivate(visit: Visit, admin: Admin, slug: web::Path<String>) -> Answer {
    let slug = slug.into_inner();
    let wanted = slug.clone();
    let off = visit
        .ctx
        .act(admin.who(), move |act| connect::disable(act, &wanted))
        .await?;
    let came_through_it = admin.0.session().connection_id == Some(off.id);
    let next = if came_through_it {
        urls::login()
    } else {
        urls::integration(&slug)
    };
    Ok(flash::to(&visit, &next, "connection-off", &off.name))
}

async fn removal_page(visit: &Visit, slug: &str) -> Result<Confirm> {
    let connection = load(visit, slug).await?;
    let touched = touched(visit, &connection).await?;
    let name = &connection.name;
    let back = (name.as_str(), urls::integration(slug));
    let action = urls::integration_part(slug, "removal");
    let mut page = Confirm::new(
        shell(visit, &format!("Remove {name}")),
        back,
        action,
        format!("Remove {name} for good"),
    );
    page.word = slug.to_owned();
    page = touched.lines().into_iter().fold(page, Confirm::line);
    Ok(page.line(
        "Its links to people, its domains, its requests for access and its settings are deleted. The people stay. \
         This cannot be undone; to pause it, turn it off instead.",
    ))
}

async fn ask_to_remove(visit: Visit, slug: web::Path<String>) -> Answer {
    Ok(removal_page(&visit, &slug).await?.draw())
}

async fn remove(visit: Visit, admin: Admin, slug: web::Path<String>, body: Body) -> Answer {
    let connection = load(&visit, &slug).await?;
    let typed = body
        .iter()
        .find(|(name, _)| name == "confirmation")
        .map(|(_, typed)| typed.clone());
    let (wanted, typed) = (slug.clone(), typed.unwrap_or_default());
    match visit
        .ctx
        .act(admin.who(), move |act| connect::remove(act, &wanted, &typed))
        .await
    {
        Ok(()) => Ok(flash::to(
            &visit,
            &urls::integrations(),
            "connection-removed",
            &connection.name,
        )),
        Err(error) if matches!(error.kind, Kind::Invalid(_)) => {
            let mut page = removal_page(&visit, &slug).await?;
            page.wrong = error.message;
            Ok(page.draw())
        }
        Err(error) => Err(error.into()),
    }
}
