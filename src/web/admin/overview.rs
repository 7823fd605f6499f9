//! Overview: what needs somebody, how far the set-up has come, what happened lately.

use askama::Template;

use super::facts::{count, days};
use super::integration::{gone_notice, held_notice, waiting_notice};
use super::sign_ins::{self, Line};
use crate::error::Result;
use crate::flows::factors;
use crate::model::time::DAY;
use crate::model::{Connection, ConnectionId, PersonState, Timestamp};
use crate::store::{self, Reader};
use crate::web::fail::Answer;
use crate::web::gate::Visit;
use crate::web::member::factors::due_notice;
use crate::web::page::{Section, Shell, render};
use crate::web::pieces::Notice;
use crate::web::routes::{Access, Route, get};
use crate::web::urls;

pub fn routes() -> Vec<Route> {
    vec![get("/admin", Access::Admin, show)]
}

/// One step of the first set-up.
struct Step {
    title: &'static str,
    /// What came of it.
    done: Option<String>,
    /// What to do, with label and address of the way.
    text: &'static str,
    label: &'static str,
    href: String,
    is_current: bool,
}

struct Counts {
    active: i64,
    deactivated: i64,
    connections: usize,
    working: usize,
}

#[derive(Template)]
#[template(path = "admin/overview.html")]
struct OverviewPage {
    shell: Shell,
    notices: Vec<Notice>,
    /// Empty once all is done.
    steps: Vec<Step>,
    counts: Counts,
    people: String,
    integrations: String,
    all: String,
    lines: Vec<Line>,
}

async fn show(visit: Visit) -> Answer {
    let now = visit.ctx.now();
    let me = visit.principal.as_ref().map(|p| p.person().id);
    let found = visit.ctx.store.reading(move |r| {
        let connections = store::connections::list(r)?;
        let latest = store::sign_ins::list(r, &store::sign_ins::Narrow::default(), 10)?;
        let linked = connections
            .iter()
            .map(|c| store::identities::count_of_connection(r, c.id));
        let linked: i64 = linked.sum::<Result<i64>>()?;
        let asking = store::access_requests::count_waiting(r)?;
        let lines = sign_ins::lines(r, &latest, &connections)?;
        let held = store::removals::count_held_of_all(r)?;
        let planned = store::waiting::count_of_all(r)?;
        let waiting = (asking, held, store::domains::count_gone(r)?, planned);
        let enforced = super::enforced::notices(r, None, now)?;
        let has_second = match me {
            Some(me) => factors::has_second_factor(r, me)?,
            None => false,
        };
        let counts = counts(r, &connections, now)?;
        Ok((
            counts,
            lines,
            linked,
            waiting,
            connections,
            (enforced, has_second),
        ))
    });
    let (counts, lines, linked, (asking, held, gone, planned), connections, (enforced, has_second)) =
        found.await?;
    let mut notices = notices(&connections, asking, &held, &gone, now);
    for (id, many) in &planned {
        let connection = connections.iter().find(|c| c.id == *id);
        notices.extend(connection.map(|connection| waiting_notice(connection, *many)));
    }
    notices.extend(enforced);
    let due = visit
        .principal
        .as_ref()
        .and_then(|p| due_notice(p, has_second, now));
    if let Some(due) = due {
        notices.insert(0, due.link("Set one up", urls::account_part("factors")));
    }
    Ok(render(&OverviewPage {
        shell: visit.shell("Overview").at(Section::Overview),
        notices,
        steps: steps(&connections, linked),
        counts,
        people: urls::people(),
        integrations: urls::integrations(),
        all: urls::sign_ins(),
        lines,
    }))
}

fn counts(r: &Reader, connections: &[Connection], now: Timestamp) -> Result<Counts> {
    use crate::model::connection::ConnectionState::{Expiring, Working};
    let of = |state| {
        store::people::count(
            r,
            &store::people::Narrow {
                state: Some(state),
                ..Default::default()
            },
        )
    };
    Ok(Counts {
        active: of(PersonState::Active)?,
        deactivated: of(PersonState::Deactivated)?,
        connections: connections.len(),
        working: connections
            .iter()
            .filter(|c| matches!(c.state(now), Working | Expiring))
            .count(),
    })
}

/// What waits for somebody, most urgent first.
fn notices(
    connections: &[Connection],
    asking: i64,
    held: &[(ConnectionId, i64)],
    gone: &[(ConnectionId, i64)],
    now: Timestamp,
) -> Vec<Notice> {
    let mut list: Vec<(i64, Notice)> = connections
        .iter()
        .filter_map(|c| certificate_notice(c, now))
        .collect();
    list.sort_by_key(|(left, _)| *left);
    let mut notices: Vec<Notice> = list.into_iter().map(|(_, notice)| notice).collect();
    for (id, many) in held {
        if let Some(connection) = connections.iter().find(|c| c.id == *id) {
            notices.push(held_notice(connection, *many));
        }
    }
    for (id, many) in gone {
        let connection = connections.iter().find(|c| c.id == *id);
        notices.extend(connection.map(|connection| gone_notice(connection, *many)));
    }
    if asking > 0 {
        let title = format!("{} for access.", count(asking, "person asks", "people ask"));
        notices.push(
            Notice::needs_you(
                title,
                "They signed in at their identity provider and have no account here.",
            )
            .link("Answer", urls::people()),
        );
    }
    for draft in connections
        .iter()
        .filter(|c| c.protocol().is_none() && !c.scim.enabled)
    {
        let title = format!("{} does not know its identity provider yet.", draft.name);
        let text = "Nobody can sign in through it before that.";
        let href = urls::integration(draft.slug.as_str());
        notices.push(Notice::waiting(title, text).link(format!("Set up {}", draft.name), href));
    }
    notices
}

/// Speaks at 60, 30, 14 and 3 days, and when it is too late. A connection that has a later certificate is silent.
pub fn certificate_notice(connection: &Connection, now: Timestamp) -> Option<(i64, Notice)> {
    let idp = connection.saml.idp.as_ref()?;
    let ends = idp.certificates.iter().map(|c| c.not_after).max()?;
    let left = ends.since(now);
    if left > 60 * DAY {
        return None;
    }
    let (name, day) = (&connection.name, ends.human_day());
    let notice = if left <= 0 {
        let text = "Nobody can sign in through it. Get the current signing certificate or metadata from the identity provider and give it here.";
        Notice::needs_you(format!("The certificate of {name} ended on {day}."), text)
    } else {
        let title = format!("The certificate of {name} ends in {}, on {day}.", days(left));
        match left / DAY {
            ..3 => Notice::needs_you(
                title,
                "After that nobody can sign in through it. Add the next certificate today.",
            ),
            3..14 => Notice::needs_you(
                title,
                "After that nobody can sign in through it. Add the next certificate this week; both are trusted at once.",
            ),
            14..30 => Notice::needs_you(
                title,
                "Make the next one at the identity provider and add it here; both are trusted at once.",
            ),
            _ => Notice::waiting(
                title,
                "Nothing is urgent. The next one can be added any time; both are trusted at once.",
            ),
        }
    };
    let href = urls::integration_part(connection.slug.as_str(), "certificates");
    Some((left, notice.link("Certificates", href)))
}

/// The way from nothing to the first member; nothing once all of it was gone.
fn steps(connections: &[Connection], linked: i64) -> Vec<Step> {
    // What only provisions was never meant for signing in; where there is nothing else, nobody asked for these steps.
    let of_sign_in: Vec<&Connection> = connections
        .iter()
        .filter(|c| c.protocol().is_some() || !c.scim.enabled)
        .collect();
    if of_sign_in.is_empty() && !connections.is_empty() {
        return Vec::new();
    }
    let farthest = of_sign_in
        .iter()
        .copied()
        .max_by_key(|c| (c.enabled, c.tested_at.is_some(), c.protocol().is_some()));
    let named = |of: bool, words: &str| farthest.filter(|_| of).map(|c| format!("{}: {words}", c.name));
    let known = of_sign_in.iter().any(|c| c.protocol().is_some());
    let on = of_sign_in.iter().any(|c| c.enabled);
    let tested = of_sign_in
        .iter()
        .find(|c| c.tested_at.is_some())
        .map(|c| format!("{}: it worked", c.name));
    let page = farthest.map_or_else(urls::new_integration, |c| urls::integration(c.slug.as_str()));
    let step = |title, done, text, label, href| Step {
        title,
        done,
        text,
        label,
        href,
        is_current: false,
    };
    let mut steps = vec![
        step(
            "Add an integration",
            farthest.map(|c| c.name.clone()),
            "Choose the identity provider that your people already sign in with. Doorward shows what to copy there and what to bring back.",
            "Choose an identity provider",
            urls::new_integration(),
        ),
        step(
            "Bring back what the identity provider shows",
            named(known, "identity provider known"),
            "Its metadata, or its issuer, tells Doorward where to send people and whose signature to trust.",
            "Go on",
            page.clone(),
        ),
        step(
            "Test the sign-in",
            tested.or_else(|| named(on, "turned on without a test")),
            "A test goes the whole way and shows every check. Nobody is signed in by it.",
            "Go to the test",
            page.clone(),
        ),
        step(
            "Turn it on",
            named(on, "on"),
            "From then on it stands on the sign-in page.",
            "Go to the switch",
            page,
        ),
        step(
            "See the first member come in",
            (linked > 0).then(|| format!("{} linked", count(linked, "person is", "people are"))),
            "Add the people who may come in, and let one of them sign in.",
            "Add a person",
            urls::new_person(),
        ),
    ];
    if steps.iter().all(|step| step.done.is_some()) {
        return Vec::new();
    }
    if let Some(current) = steps.iter_mut().find(|step| step.done.is_none()) {
        current.is_current = true;
    }
    steps
}
