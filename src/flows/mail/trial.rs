//! A try of the mail settings that an owner starts: one mail to themselves, straight to the server, with what it said.
//!
//! It runs beside the request, because a server may take half a minute: the page shows which step it is at. It is kept
//! in memory only, the last one of all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Content, deliver, settings};
use crate::error::{Error, Result};
use crate::flows::{Context, Who};
use crate::model::time::MINUTE;
use crate::model::{Mail, MailId, MailSettings, MailState, Organization, PersonId, Timestamp};
use crate::outbound::mail::{MailProblem, Step};
use crate::store;

/// A try, as far as it has come.
#[derive(Clone, Debug)]
pub struct Trial {
    pub to: String,
    pub host: String,
    pub began_at: Timestamp,
    pub step: Step,
    /// What the server said when it took the mail, or what went wrong. `None` while it runs.
    pub outcome: Option<Result<String, MailProblem>>,
}

/// The last try, if there was one since the start.
#[derive(Default)]
pub struct Trials(Arc<Mutex<Option<Trial>>>);

impl Trials {
    pub fn last(&self) -> Option<Trial> {
        self.state().clone()
    }

    fn state(&self) -> MutexGuard<'_, Option<Trial>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts a try: a mail to the owner who asks for it.
///
/// # Errors
/// `Conflict` while another one runs, or when no server is set; `Denied` for anybody but an owner.
pub async fn begin(ctx: &Arc<Context>, owner: PersonId) -> Result<()> {
    let prepared = ctx.act(Who::Person(owner), move |act| {
        act.need_owner()?;
        let organization = store::organization::get(act.w)?;
        let Some(settings) = organization.settings.mail.clone() else {
            return Err(Error::conflict("Save a mail server first."));
        };
        let password = settings::password(act.w, act.vault)?;
        let owner = store::people::get(act.w, owner)?;
        let mail = test_mail(&organization, owner.email.to_string(), act.now, act.random_id());
        Ok((organization, settings, password, mail))
    });
    let (organization, settings, password, mail) = prepared.await?;
    {
        let mut last = ctx.mail_trial.state();
        let runs = |trial: &Trial| trial.outcome.is_none() && ctx.now().since(trial.began_at) < 2 * MINUTE;
        if last.as_ref().is_some_and(runs) {
            return Err(Error::conflict(
                "A test is under way already. Wait for its result.",
            ));
        }
        *last = Some(Trial {
            to: mail.address.clone(),
            host: settings.host.clone(),
            began_at: ctx.now(),
            step: Step::Finding,
            outcome: None,
        });
    }
    let ctx = Arc::clone(ctx);
    tokio::spawn(async move {
        let outcome = run(&ctx, &organization, &settings, password.as_ref(), &mail).await;
        if let Some(trial) = ctx.mail_trial.state().as_mut() {
            trial.outcome = Some(outcome);
        }
    });
    Ok(())
}

fn test_mail(organization: &Organization, address: String, now: Timestamp, random: [u8; 10]) -> Mail {
    Mail {
        id: MailId::new(now, random),
        kind: "mail.test".to_owned(),
        person_id: None,
        address,
        subject: format!("{} can send mail", organization.name),
        sealed: None,
        state: MailState::Waiting,
        tries: 1,
        next_try_at: now,
        good_until: now,
        problem: None,
        created_at: now,
        done_at: None,
    }
}

async fn run(
    ctx: &Context,
    organization: &Organization,
    settings: &MailSettings,
    password: Option<&zeroize::Zeroizing<String>>,
    mail: &Mail,
) -> Result<String, MailProblem> {
    let content = Content {
        subject: mail.subject.clone(),
        paragraphs: vec![
            "You asked Doorward for this mail to see whether the mail settings work. They do.".to_owned(),
            "If it lies in your spam folder, let the domain of the sender's address say that this server may send \
             for it (SPF, DKIM)."
                .to_owned(),
        ],
        link: None,
    };
    let letter = deliver::letter_of(organization, settings, mail, &content)?;
    let at = |step| {
        if let Some(trial) = ctx.mail_trial.state().as_mut() {
            trial.step = step;
        }
    };
    let server = deliver::server_of(organization, settings, password);
    let mut line = ctx.mailer.open(server, &at).await?;
    at(Step::HandingOver);
    let said = line.hand_over(&letter).await;
    line.close().await;
    said
}
