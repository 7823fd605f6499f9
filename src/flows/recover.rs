//! `doorward recover`: a link that lets an owner in once, whatever is broken.
//!
//! Whoever runs it reads the key file, and so owns what Doorward keeps anyway. It needs no identity provider, no mail,
//! no second factor and no good clock. Using the link sets a new passphrase, ends the owner's other sessions and makes
//! them a break-glass owner, so that no enforcement sends them away again.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::model::time::HOUR;
use crate::model::{Action, Actor, Email, Method, Outcome, Person, PersonState, Purpose, SignIn, SignInKind};
use crate::store::{self, Reader};

use super::administer::PersonFields;
use super::mail::{self, Content};
use super::passphrase::check_strength;
use super::sign_on::session::{self, Door, Entered};
use super::throttle::{self, Keys};
use super::{Act, Context, Visitor, Who, administer, enforce, links};

/// How long the link is good.
pub const LINK_LIFE: i64 = HOUR;

/// What the command was told.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub email: Option<String>,
    /// A deactivated owner may be reactivated.
    pub reactivate: bool,
    /// The address may become an owner, when no active one is left.
    pub make_owner: bool,
}

/// A link that was made.
#[derive(Clone, Debug)]
pub struct Made {
    pub owner: Person,
    /// In the address only; stored as a hash.
    pub token: String,
}

/// Makes the link. What stands in the way is said with the flag that removes it.
pub async fn make_link(ctx: &Context, wanted: Wanted) -> Result<Made> {
    if ctx.organization().is_none() {
        return Err(Error::conflict(
            "Nothing is set up yet. Run `doorward init`, or open the first-run address that `doorward serve` prints.",
        ));
    }
    ctx.act(Who::Command("recover"), move |act| {
        let owner = choose(act, &wanted)?;
        let token = links::make(act, owner.id, Purpose::Recover, LINK_LIFE)?;
        act.event(
            Action::RecoveryLinkMade,
            administer::subject(&owner),
            Value::Null,
            Value::Null,
        )?;
        let text = format!(
            "On the server, somebody made a link that signs {} in once within an hour. If nobody of you did, somebody \
             else can run commands there.",
            owner.display_name()
        );
        tell(act, "recovery_link.made", "A recovery link was made on the server", text)?;
        Ok(Made { owner, token })
    })
    .await
}

/// The owner whom the link is for.
fn choose(act: &Act, wanted: &Wanted) -> Result<Person> {
    let live = store::people::list_owners(act.w)?;
    let Some(typed) = &wanted.email else {
        return match live.as_slice() {
            [only] => Ok(only.clone()),
            [] => Err(nobody_left(act.w)?),
            several => Err(Error::conflict(format!(
                "There are several owners. Name one: {}",
                several.iter().map(flag).collect::<Vec<_>>().join(", ")
            ))),
        };
    };
    let email = Email::parse(typed).map_err(|problem| Error::invalid("email", problem.to_string()))?;
    let found = store::people::find_by_email(act.w, &email.key())?;
    match found {
        Some(person) if person.role.owns() && person.is_active() => Ok(person),
        Some(person) if person.role.owns() && wanted.reactivate => {
            administer::reactivate(act, person.id)?;
            store::people::get(act.w, person.id)
        }
        Some(person) if person.role.owns() => Err(Error::conflict(format!(
            "{email} is deactivated. Add --reactivate to let them in again."
        ))),
        found if wanted.make_owner && live.is_empty() => make_owner(act, found, &email),
        _ if live.is_empty() => Err(nobody_left(act.w)?),
        _ => Err(Error::conflict(format!(
            "{email} is no owner. Owners are: {}",
            live.iter().map(flag).collect::<Vec<_>>().join(", ")
        ))),
    }
}

fn flag(owner: &Person) -> String {
    format!("--email {}", owner.email)
}

fn nobody_left(r: &Reader) -> Result<Error> {
    let narrow = store::people::Narrow {
        owners: true,
        state: Some(PersonState::Deactivated),
        ..Default::default()
    };
    let off = store::people::list(r, &narrow, 0, 20)?;
    Ok(Error::conflict(if off.is_empty() {
        "There is no owner. Make one: doorward recover --make-owner --email you@example.com".to_owned()
    } else {
        let flags: Vec<String> = off.iter().map(|o| format!("--reactivate {}", flag(o))).collect();
        format!("No active owner is left. Reactivate one: {}", flags.join(", or "))
    }))
}

fn make_owner(act: &Act, found: Option<Person>, email: &Email) -> Result<Person> {
    let role = store::roles::owning(act.w)?.key;
    let Some(person) = found else {
        let fields = PersonFields {
            email: email.to_string(),
            role,
            ..PersonFields::default()
        };
        return administer::add_person(act, &fields);
    };
    let fields = PersonFields {
        email: person.email.to_string(),
        given_name: person.given_name.clone(),
        family_name: person.family_name.clone(),
        role,
        ..PersonFields::default()
    };
    administer::change_person(act, person.id, &fields, None)?;
    administer::reactivate(act, person.id)?;
    store::people::get(act.w, person.id)
}

/// What somebody typed on the page of the link.
pub struct Used {
    pub token: String,
    pub passphrase: Zeroizing<String>,
    pub visitor: Visitor,
    pub old_token: Option<String>,
}

/// Whose link it is, while it is good. Looking uses nothing up.
pub async fn look(ctx: &Context, token: String) -> Result<Person> {
    let now = ctx.now();
    let reading = ctx.store.reading(move |r| {
        let link = links::look(r, &token, Purpose::Recover, now)?.ok_or_else(gone)?;
        store::people::get(r, link.person_id)
    });
    reading.await
}

fn gone() -> Error {
    Error::not_found(
        "recovery link that is still good. It works once, within an hour. Make another one with `doorward recover`",
    )
}

/// Signs the owner in with the link and sets the new passphrase. `Invalid` for a weak one, before anything else.
pub async fn use_link(ctx: &Context, used: Used) -> Result<Entered> {
    let owner = look(ctx, used.token.clone()).await?;
    let words = [owner.email.as_str()];
    check_strength(&used.passphrase, &words).map_err(|message| Error::invalid("passphrase", message))?;
    // The token cannot be guessed; only the noise, and the work that each try costs, is bounded.
    let keys = Keys::of_address("recover", &used.visitor);
    throttle::reserve(ctx, &keys).await?;
    let phc = ctx.hasher.hash(used.passphrase, ctx.random.bytes()).await?;
    let (token, visitor, old_token) = (used.token, used.visitor, used.old_token);
    ctx.act(Who::Doorward, move |act| {
        let link = links::use_up(act, &token, Purpose::Recover)?.ok_or_else(gone)?;
        let owner = store::people::get(act.w, link.person_id)?;
        if !owner.role.owns() || !owner.is_active() {
            return Err(gone());
        }
        keys.was_right(act)?;
        let actor = Actor::Person {
            id: owner.id,
            label: owner.display_name(),
        };
        let act = Act { actor, ..*act };
        let row = SignIn {
            outcome: Outcome::Succeeded,
            return_to: "/admin".to_owned(),
            person_id: Some(owner.id),
            email: Some(owner.email.to_string()),
            ..act.attempt(SignInKind::Recovery, visitor)
        };
        store::sign_ins::insert(act.w, &row, None)?;
        put_passphrase(&act, &owner, &phc, &row)?;
        enforce::keep_owner(&act, &owner)?;
        let door = Door {
            method: Method::Link,
            connection: None,
            ends_at: None,
            idp: None,
            proved_at: Some(act.now),
            strong: false,
            old_token,
        };
        let entered = session::begin(&act, &owner, &row, door)?;
        let text = format!(
            "{} came in with a recovery link from {} and set a new passphrase. Reference {}.",
            owner.display_name(),
            row.address,
            row.reference
        );
        tell(&act, "recovery_link.used", "A recovery link was used", text)?;
        Ok(entered)
    })
    .await
}

fn put_passphrase(act: &Act, owner: &Person, phc: &str, row: &SignIn) -> Result<()> {
    store::passphrases::put(act.w, owner.id, phc, act.now)?;
    let ended = store::sessions::delete_of_person(act.w, owner.id)?;
    // Whoever guessed before must not keep the owner waiting now.
    Keys::forget_account(act, &owner.email.key())?;
    let after = json!({ "how": "recovery link", "sessions_ended": ended });
    act.event_with(
        Action::PassphraseChanged,
        administer::subject(owner),
        Value::Null,
        after,
        Some(row.reference.clone()),
    )
}

fn tell(act: &Act, kind: &'static str, subject: &str, text: String) -> Result<()> {
    let content = Content {
        subject: subject.to_owned(),
        paragraphs: vec![text],
        link: None,
    };
    mail::tell_owners(act, act.vault, kind, content)
}
