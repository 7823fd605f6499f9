//! Proof of e-mail domains by a TXT record: an admin asks for one, Doorward looks for it, and then looks again.
//!
//! A look happens outside of every transaction, because a name server may take its time; what it found is written in
//! one of its own, which reads the claim again first.

use serde_json::{Value, json};

use super::domains::{already, domain};
use super::subject;
use crate::error::{Error, Result};
use crate::flows::{Act, Context, Who};
use crate::model::time::{DAY, MINUTE};
use crate::model::{Action, Connection, Permission, Timestamp};
use crate::outbound::NoAnswer;
use crate::store;
use crate::store::domains::{Claim, Confirmed};

/// How long Doorward looks for a record by itself, and how often.
pub const LOOKED_FOR: i64 = 3 * DAY;
pub const LOOK_EVERY: i64 = 5 * MINUTE;
/// How often it looks whether a record that proved a domain is still there.
pub const LOOK_AGAIN: i64 = DAY;

/// So much of a foreign record is shown.
const SHOWN: usize = 100;

/// The name of the record that proves a domain.
pub fn record_name(domain: &str) -> String {
    format!("_doorward.{domain}")
}

/// What it says.
pub fn record_value(token: &str) -> String {
    format!("doorward-verification={token}")
}

/// What a look at the DNS found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Ours,
    Nothing,
    /// Records, but none of ours; this is the first.
    Other(String),
    NoAnswer(String),
}

impl Found {
    fn read(answer: std::result::Result<Vec<String>, NoAnswer>, token: &str) -> Self {
        let wanted = record_value(token);
        match answer {
            Err(problem) => Found::NoAnswer(problem.to_string()),
            // Some providers' forms keep the quotation marks that somebody typed.
            Ok(texts) if texts.iter().any(|text| text.trim().trim_matches('"') == wanted) => Found::Ours,
            Ok(texts) => match texts.first() {
                None => Found::Nothing,
                Some(other) => Found::Other(shown(other)),
            },
        }
    }

    /// In words, for the admin who waits; `None` when it is what was looked for.
    pub fn words(&self, domain: &str) -> Option<String> {
        let name = record_name(domain);
        match self {
            Found::Ours => None,
            Found::Nothing => Some(format!(
                "There is no TXT record named {name}. A new one takes some minutes, and up to a day, to be seen \
                 everywhere; some providers add the domain to the name by themselves, so look whether it stands there twice."
            )),
            Found::Other(text) => Some(format!(
                "{name} has a TXT record, but it says “{text}”. Put the value from this page there, or add a second \
                 record with it."
            )),
            Found::NoAnswer(reason) => Some(format!(
                "The DNS did not answer for {name} ({reason}). Check the name servers of the domain; if others answer, \
                 those of this machine."
            )),
        }
    }
}

fn shown(text: &str) -> String {
    let printable = text.chars().map(|c| {
        if crate::model::person::is_unprintable(c) {
            '\u{fffd}'
        } else {
            c
        }
    });
    let mut cut: String = printable.take(SHOWN).collect();
    if text.chars().count() > SHOWN {
        cut.push('…');
    }
    cut
}

/// Begins to prove a domain. Asked twice, the record stays the same.
pub fn claim_domain(act: &Act, slug: &str, typed: &str) -> Result<String> {
    act.need(Permission::ManageIntegrations)?;
    let domain = domain(typed)?;
    let connection = store::connections::get_by_slug(act.w, slug)?;
    if store::connections::speaks_for(act.w, connection.id, domain.as_str())? {
        return Err(already(&connection, &domain));
    }
    if store::domains::find_claim(act.w, connection.id, domain.as_str())?.is_some() {
        return Ok(domain.to_string());
    }
    let claim = Claim {
        domain: domain.to_string(),
        connection_id: connection.id,
        token: act.random.token(),
        asked_by: act.actor.label(),
        asked_at: act.now,
        checked_at: None,
        problem: None,
    };
    store::domains::insert_claim(act.w, &claim)?;
    let after = json!({ "domain": claim.domain });
    act.event(Action::DomainClaimed, subject(&connection), Value::Null, after)?;
    Ok(claim.domain)
}

/// Stops waiting for a record.
pub fn drop_claim(act: &Act, slug: &str, domain: &str) -> Result<()> {
    act.need(Permission::ManageIntegrations)?;
    let connection = store::connections::get_by_slug(act.w, slug)?;
    if !store::domains::delete_claim(act.w, connection.id, domain)? {
        return Err(Error::not_found("domain"));
    }
    let before = json!({ "domain": domain });
    act.event(
        Action::DomainClaimDropped,
        subject(&connection),
        before,
        Value::Null,
    )
}

/// Looks for the record of a claim now. `NotFound` when nobody waits for that domain.
pub async fn check_claim(ctx: &Context, who: Who, slug: &str, domain: &str) -> Result<Found> {
    let (wanted, name) = (slug.to_owned(), domain.to_owned());
    let find = move |r: &store::Reader| {
        let connection = store::connections::get_by_slug(r, &wanted)?;
        store::domains::find_claim(r, connection.id, &name)
    };
    let claim = ctx.store.reading(find).await?;
    look_at(ctx, who, claim.ok_or_else(|| Error::not_found("domain"))?).await
}

async fn look_at(ctx: &Context, who: Who, claim: Claim) -> Result<Found> {
    let answer = ctx.dns.txt(&record_name(&claim.domain)).await;
    let found = Found::read(answer, &claim.token);
    let told = found.clone();
    ctx.act(who, move |act| note(act, &claim, &told)).await?;
    Ok(found)
}

/// Writes down what a look found, if the claim is still the one that was looked for.
fn note(act: &Act, seen: &Claim, found: &Found) -> Result<()> {
    let now = store::domains::find_claim(act.w, seen.connection_id, &seen.domain)?;
    let Some(claim) = now.filter(|claim| claim.token == seen.token) else {
        return Ok(());
    };
    if let Some(words) = found.words(&claim.domain) {
        return store::domains::touch_claim(act.w, &claim, &words, act.now);
    }
    let connection = store::connections::get(act.w, claim.connection_id)?;
    store::domains::delete_claim(act.w, connection.id, &claim.domain)?;
    // An owner may have confirmed it while we looked: then their word stands.
    if store::connections::speaks_for(act.w, connection.id, &claim.domain)? {
        return Ok(());
    }
    confirm(act, &connection, &claim)
}

fn confirm(act: &Act, connection: &Connection, claim: &Claim) -> Result<()> {
    let (id, domain) = (connection.id, claim.domain.as_str());
    store::connections::insert_domain(act.w, id, domain, "dns", &claim.asked_by, act.now)?;
    store::domains::put_token(act.w, id, domain, &claim.token, act.now)?;
    let after = json!({ "domain": domain, "how": "dns", "asked_by": claim.asked_by });
    act.event(Action::DomainConfirmed, subject(connection), Value::Null, after)
}

/// Looks for every record that is due: new ones for three days, old ones daily. One failing look stops no other.
pub async fn check_due(ctx: &Context) -> Result<()> {
    let now = ctx.now();
    let due = move |r: &store::Reader| {
        let claims = store::domains::list_claims_due(r, now.minus(LOOKED_FOR), now.minus(LOOK_EVERY))?;
        let confirmed = store::domains::list_confirmed_due(r, now.minus(LOOK_AGAIN))?;
        Ok((claims, confirmed))
    };
    let (claims, confirmed) = ctx.store.reading(due).await?;
    for claim in claims {
        look_at(ctx, Who::Doorward, claim).await?;
    }
    for seen in confirmed {
        look_again(ctx, seen).await?;
    }
    Ok(())
}

/// Nothing is taken away when a record is gone: people would be locked out by a slip in a zone. The admin is told.
async fn look_again(ctx: &Context, seen: Confirmed) -> Result<()> {
    let answer = ctx.dns.txt(&record_name(&seen.domain)).await;
    let found = Found::read(answer, seen.token.as_deref().unwrap_or_default());
    ctx.act(Who::Doorward, move |act| {
        let words = found.words(&seen.domain);
        store::domains::touch_confirmed(act.w, &seen, words.as_deref(), act.now)
    })
    .await
}

/// Until when Doorward looks for the record of a claim by itself.
pub fn looks_until(claim: &Claim) -> Timestamp {
    claim.asked_at.plus(LOOKED_FOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_value_proves() {
        let read = |texts: &[&str]| Found::read(Ok(texts.iter().map(|t| (*t).to_owned()).collect()), "abc");
        assert_eq!(read(&["doorward-verification=abc"]), Found::Ours);
        assert_eq!(
            read(&["v=spf1 -all", " \"doorward-verification=abc\" "]),
            Found::Ours
        );
        for other in [
            "doorward-verification=abcd",
            "doorward-verification=",
            "abc",
            "xdoorward-verification=abc",
            "",
        ] {
            assert_eq!(read(&[other]), Found::Other(other.to_owned()), "{other:?}");
        }
        assert_eq!(read(&[]), Found::Nothing);
        let hostile = format!("\u{202e}{}", "x".repeat(500));
        let Found::Other(text) = read(&[&hostile]) else {
            panic!("another value")
        };
        assert!(
            text.starts_with('\u{fffd}') && text.chars().count() == SHOWN + 1,
            "{text}"
        );
    }
}
