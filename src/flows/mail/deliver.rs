//! The worker: gives what is due to the mail server, one mail after the other over one connection.
//!
//! A try is counted, and the next one set, before the server is asked; so a process that is killed in the middle
//! tries again after the same wait as after a failure, and never in a circle. When the server itself fails, the whole
//! queue waits a minute: no mail pays for another one's trouble.

use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::{Content, letter, place, settings};
use crate::error::{Error, Result};
use crate::flows::{Act, Context, Who};
use crate::model::mail::back_off;
use crate::model::time::MINUTE;
use crate::model::{Email, Mail, MailSettings, MailState, Organization, Timestamp};
use crate::outbound::mail::{Letter, MailLine, MailProblem, MailServer};
use crate::store;

/// How often the worker looks whether something is due. It asks an index that is nearly always empty.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Looks for mail that is due, for as long as the process lives.
pub async fn keep_delivering(ctx: Arc<Context>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if let Err(error) = deliver(&ctx).await {
            tracing::warn!(%error, "mail could not be looked after; the worker goes on");
        }
    }
}

/// Tries everything that is due now; returns how many mails were tried.
pub async fn deliver(ctx: &Context) -> Result<usize> {
    let now = ctx.now();
    if !ctx.store.reading(move |r| store::mails::is_due(r, now)).await? {
        return Ok(0);
    }
    let mut line = None;
    let mut tried = 0;
    while let Some(claimed) = ctx.act(Who::Doorward, claim).await? {
        tried += 1;
        let outcome = hand_over(ctx, &claimed, &mut line).await;
        ctx.act(Who::Doorward, move |act| settle(act, claimed.mail, outcome))
            .await?;
    }
    if let Some(line) = line {
        MailLine::close(line).await;
    }
    Ok(tried)
}

/// A mail whose try is written down, and all that is needed for it.
struct Claimed {
    mail: Mail,
    organization: Arc<Organization>,
    settings: MailSettings,
    password: Option<Zeroizing<String>>,
    content: Content,
}

/// The next one that is due. `None` when nothing is, or there is no server to give it to.
fn claim(act: &Act) -> Result<Option<Claimed>> {
    let organization = store::organization::get(act.w)?;
    let Some(settings) = organization.settings.mail.clone() else {
        return Ok(None);
    };
    while let Some(mut mail) = store::mails::find_due(act.w, act.now)? {
        if act.now >= mail.good_until {
            let problem = mail.problem.take();
            let reason = problem.unwrap_or_else(|| "It was not sent in time.".to_owned());
            give_up(act, mail, reason)?;
            continue;
        }
        let Some(content) = opened(act, &mail) else {
            let reason = "What it says does not open with this key file. Remove it.".to_owned();
            give_up(act, mail, reason)?;
            continue;
        };
        mail.tries += 1;
        mail.next_try_at = act.now.plus(back_off(mail.tries));
        store::mails::update(act.w, &mail)?;
        let password = settings::password(act.w, act.vault)?;
        return Ok(Some(Claimed {
            mail,
            organization: Arc::new(organization),
            settings,
            password,
            content,
        }));
    }
    Ok(None)
}

fn opened(act: &Act, mail: &Mail) -> Option<Content> {
    let plain = act
        .vault
        .unseal(place(&mail.id.to_string()), mail.sealed.as_deref()?)
        .ok()?;
    serde_json::from_slice(&plain).ok()
}

async fn hand_over(
    ctx: &Context,
    claimed: &Claimed,
    line: &mut Option<MailLine>,
) -> Result<String, MailProblem> {
    let letter = letter_of(
        &claimed.organization,
        &claimed.settings,
        &claimed.mail,
        &claimed.content,
    )?;
    let mut open = match line.take() {
        Some(open) => open,
        None => {
            let server = server_of(
                &claimed.organization,
                &claimed.settings,
                claimed.password.as_ref(),
            );
            ctx.mailer.open(server, &|_| ()).await?
        }
    };
    let handed = open.hand_over(&letter).await;
    match &handed {
        Ok(_) => *line = Some(open),
        // A new mail begins over a new connection: where this one stands is anybody's guess.
        Err(_) => open.close().await,
    }
    handed
}

pub(super) fn server_of<'a>(
    organization: &'a Organization,
    settings: &'a MailSettings,
    password: Option<&'a Zeroizing<String>>,
) -> MailServer<'a> {
    MailServer {
        host: &settings.host,
        port: settings.port,
        security: settings.security,
        account: password.map(|password| (settings.user.as_str(), password.as_str())),
        hello: host_of(organization),
    }
}

/// The host of the base URL, without its port.
pub(super) fn host_of(organization: &Organization) -> &str {
    let authority = organization.base_url.authority();
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

pub(super) fn letter_of(
    organization: &Organization,
    settings: &MailSettings,
    mail: &Mail,
    content: &Content,
) -> Result<Letter, MailProblem> {
    let unwritable = |reason: String| MailProblem::Unwritable {
        address: mail.address.clone(),
        reason,
    };
    let from_name = match settings.from_name.as_str() {
        "" => &organization.name,
        name => name,
    };
    Ok(Letter {
        id: format!("{}@{}", mail.id, host_of(organization).trim_matches(['[', ']'])),
        date: mail.created_at,
        from_name: from_name.to_owned(),
        from: settings.from_address.clone(),
        to: Email::parse(&mail.address).map_err(|problem| unwritable(problem.to_string()))?,
        subject: content.subject.clone(),
        text: letter::text(organization, content),
        html: letter::html(organization, content),
    })
}

fn settle(act: &Act, mut mail: Mail, outcome: Result<String, MailProblem>) -> Result<()> {
    let problem = match outcome {
        Ok(said) => {
            tracing::info!(id = %mail.id, kind = %mail.kind, %said, "a mail was taken");
            mail.sealed = None;
            mail.problem = None;
            mail.state = MailState::Sent;
            mail.done_at = Some(act.now);
            return put(act, &mail);
        }
        Err(problem) => problem,
    };
    tracing::warn!(id = %mail.id, kind = %mail.kind, %problem, "a mail was not taken");
    let is_about_this_mail = problem.is_final() || matches!(problem, MailProblem::Refused { .. });
    if !is_about_this_mail {
        store::mails::postpone(act.w, act.now.plus(MINUTE))?;
    }
    if problem.is_final() || mail.next_try_at >= mail.good_until {
        return give_up(act, mail, problem.to_string());
    }
    mail.problem = Some(problem.to_string());
    put(act, &mail)
}

fn give_up(act: &Act, mut mail: Mail, reason: String) -> Result<()> {
    if mail.is_brief() {
        mail.sealed = None;
    }
    mail.problem = Some(reason);
    mail.state = MailState::Failed;
    mail.done_at = Some(act.now);
    put(act, &mail)
}

/// A mail that an owner removed while it was on its way is not missed.
fn put(act: &Act, mail: &Mail) -> Result<()> {
    match store::mails::update(act.w, mail) {
        Err(Error {
            kind: crate::error::Kind::Conflict,
            ..
        }) => Ok(()),
        written => written,
    }
}

/// When the worker looks next, for the page: not before this.
pub fn next_try(mail: &Mail, now: Timestamp) -> Option<Timestamp> {
    (mail.next_try_at > now).then_some(mail.next_try_at)
}
