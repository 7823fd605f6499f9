//! Authenticator apps (RFC 6238): SHA-1, six digits, thirty seconds, one step either way, each step good once.

use serde_json::{Value, json};
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::flows::administer::subject;
use crate::flows::{Context, Who, notices};
use crate::model::time::SECOND;
use crate::model::{Action, PersonId, Timestamp};
use crate::store;
use crate::vault::Place;

use super::Own;

/// 160 bits, as RFC 4226 §4 wants them.
const SECRET_BYTES: usize = 20;
const DIGITS: usize = 6;

/// What people are told that they have, or have no more.
pub(super) const NAME: &str = "the codes of an authenticator app";

/// A secret that waits for its first code.
pub struct Enrolment {
    /// What is drawn as a QR code.
    pub address: Zeroizing<String>,
    /// The secret alone, base32 in groups of four, for typing.
    pub secret: Zeroizing<String>,
}

fn place(row: &str) -> Place<'_> {
    Place {
        table: "totp",
        row,
        column: "sealed",
    }
}

fn engine(secret: &[u8], issuer: &str, account: &str) -> Result<Totp> {
    // A colon separates the two in the address; neither may have one (Key URI format).
    let plain = |text: &str| text.replace(':', " ");
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(30)
        .with_secret(secret.to_vec())
        .with_issuer(Some(plain(issuer)))
        .with_account_name(plain(account))
        .build()
        .map_err(|e| Error::internal(e.to_string()))
}

/// Makes a secret, unless one is set up; one that waits for its first code is replaced.
pub async fn begin(ctx: &Context, own: Own) -> Result<()> {
    let id = own.session.person_id;
    let secret = Zeroizing::new(ctx.random.bytes::<SECRET_BYTES>());
    let sealed = ctx
        .vault
        .seal(place(&id.to_string()), secret.as_slice(), &ctx.random)?;
    ctx.act(Who::Person(id), move |act| {
        own.may_change(act)?;
        if store::factors::put_totp(act.w, id, &sealed, act.now)? {
            Ok(())
        } else {
            Err(Error::conflict(
                "You have an authenticator app already. Remove it first.",
            ))
        }
    })
    .await
}

/// The secret that waits for its first code, to be shown to its person only.
pub async fn enrolment(ctx: &Context, person: PersonId, account: &str) -> Result<Option<Enrolment>> {
    let found = ctx
        .store
        .reading(move |r| store::factors::find_totp(r, person))
        .await?;
    let Some(row) = found.filter(|totp| totp.confirmed_at.is_none()) else {
        return Ok(None);
    };
    let secret = ctx.vault.unseal(place(&person.to_string()), &row.sealed)?;
    let issuer = ctx.organization().map(|o| o.name.clone()).unwrap_or_default();
    // A QR code holds so much and no more.
    let issuer: String = issuer.chars().take(60).collect();
    let address = engine(&secret, &issuer, account)?;
    let address = address.to_url().map_err(|e| Error::internal(e.to_string()))?;
    let letters = Secret::from(secret.as_slice()).to_base32();
    let groups: Vec<String> = letters
        .as_bytes()
        .chunks(4)
        .map(|group| String::from_utf8_lossy(group).into_owned())
        .collect();
    Ok(Some(Enrolment {
        address: Zeroizing::new(address),
        secret: Zeroizing::new(groups.join(" ")),
    }))
}

/// The first code: from now on the app counts. Returns the session's new token. `Invalid` for a wrong code.
pub async fn confirm(ctx: &Context, own: Own, code: &str) -> Result<Option<String>> {
    let id = own.session.person_id;
    let found = ctx
        .store
        .reading(move |r| store::factors::find_totp(r, id))
        .await?;
    let row = found.filter(|totp| totp.confirmed_at.is_none());
    let row =
        row.ok_or_else(|| Error::conflict("No authenticator app waits for its first code. Start anew."))?;
    let wrong = || {
        Error::invalid(
            "code",
            "This code is not right. Type the six digits that the app shows now. If it is never right, the clock of that device is off.",
        )
    };
    let step = step_of(ctx, id, &row.sealed, code)?.ok_or_else(wrong)?;
    ctx.act(Who::Person(id), move |act| {
        let person = own.may_change(act)?;
        if !store::factors::confirm_totp(act.w, id, &row.sealed, step, act.now)? {
            return Err(Error::conflict("Another window was faster. Start anew."));
        }
        act.event(Action::TotpAdded, subject(&person), Value::Null, json!({}))?;
        notices::factor_added(act, &person, NAME)?;
        own.step_up(act)
    })
    .await
}

/// The time step whose code this is: the current one, or the one before or after.
pub(super) fn step_of(ctx: &Context, person: PersonId, sealed: &[u8], code: &str) -> Result<Option<i64>> {
    let secret = ctx.vault.unseal(place(&person.to_string()), sealed)?;
    matching(&secret, code, ctx.now())
}

fn matching(secret: &[u8], code: &str, now: Timestamp) -> Result<Option<i64>> {
    let digits = plain(code);
    if digits.len() != DIGITS || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(None);
    }
    let seconds = u64::try_from(now.0 / SECOND).unwrap_or(0);
    let step = engine(secret, "", "")?.check(&digits, seconds);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

/// A code as apps show it, without the space in its middle.
pub(super) fn plain(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, cut to six digits.
    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn the_standards_own_codes_are_right() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let at = Timestamp(seconds * SECOND);
            assert_eq!(
                matching(SECRET, code, at).unwrap(),
                Some(seconds / 30),
                "{seconds}"
            );
            let typed = format!(" {} {} ", &code[..3], &code[3..]);
            assert_eq!(matching(SECRET, &typed, at).unwrap(), Some(seconds / 30));
        }
    }

    #[test]
    fn one_step_either_way_and_no_further() {
        let step = 1_234_567_890 / 30;
        for (steps, found) in [
            (-2, None),
            (-1, Some(step)),
            (0, Some(step)),
            (1, Some(step)),
            (2, None),
        ] {
            let at = Timestamp((step + steps) * 30 * SECOND);
            assert_eq!(matching(SECRET, "005924", at).unwrap(), found, "{steps}");
        }
    }

    #[test]
    fn what_is_no_code_is_none() {
        let at = Timestamp(59 * SECOND);
        for typed in [
            "",
            "28708",
            "2870820",
            "28708a",
            "２８７０８２",
            "-1",
            "287082\u{0}",
        ] {
            assert_eq!(matching(SECRET, typed, at).unwrap(), None, "{typed:?}");
        }
    }
}
