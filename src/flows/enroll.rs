//! The first run: a one-time code on the terminal, then the first owner, the recovery codes, the organization.
//!
//! Nobody can claim the appliance without the code, and the code is gone when the owner exists.

use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::error::{Error, FieldProblem, Result};
use crate::model::time::DAY;
use crate::model::{Action, Email, Organization, Person, PersonId, PersonState};
use crate::model::{Method, Outcome, SignIn};
use crate::store;

use super::administer::{self, base_url, organization_name};
use super::assign::{self, How, Reason};
use super::sign_on::session::{self, Door, Entered};
use super::{Act, Context, Visitor, Who, hash, passphrase, provision};

/// How long a setup code is good. A new start makes a new one.
pub const SETUP_CODE_LIFE: i64 = DAY;
/// How many recovery codes an owner gets.
pub const RECOVERY_CODES: usize = 10;

/// What the first run asks for.
#[derive(Clone, Debug, Default)]
pub struct FirstRun {
    pub owner_name: String,
    pub owner_email: String,
    pub passphrase: Zeroizing<String>,
    pub organization: String,
    pub base_url: String,
}

/// A first run in the browser, between its pages. Kept in memory only; a restart starts over.
#[derive(Clone, Default)]
pub struct Pending {
    pub run: FirstRun,
    pub recovery_codes: Vec<String>,
    pub codes_stored: bool,
}

/// Checks the first page alone: who the owner is.
pub fn check_owner(run: &FirstRun) -> Result<()> {
    let problems: Vec<FieldProblem> = match check(run) {
        Ok(()) => Vec::new(),
        Err(error) => error.fields().to_vec(),
    };
    let of_owner = |p: &FieldProblem| matches!(p.field.as_str(), "owner_name" | "owner_email" | "passphrase");
    let problems: Vec<FieldProblem> = problems.into_iter().filter(of_owner).collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::invalid_fields(problems))
    }
}

/// Signs the new owner in, in the browser that did the first run.
pub async fn enter(ctx: &Context, owner: PersonId, visitor: Visitor) -> Result<Entered> {
    ctx.act(Who::Doorward, move |act| {
        let person = store::people::get(act.w, owner)?;
        let row = SignIn {
            outcome: Outcome::Succeeded,
            problem: None,
            return_to: "/admin".to_owned(),
            ..passphrase::blank_row(act, Some(&person), visitor)
        };
        store::sign_ins::insert(act.w, &row, None)?;
        session::begin(
            act,
            &person,
            &row,
            Door {
                method: Method::Passphrase,
                connection: None,
                ends_at: None,
                idp: None,
                proved_at: Some(act.now),
                strong: false,
                old_token: None,
            },
        )
    })
    .await
}

/// Makes the setup code of this start, unless the first run is done. Told once; stored as a hash.
pub async fn make_setup_code(ctx: &Context) -> Result<Option<String>> {
    if ctx.organization().is_some() {
        return Ok(None);
    }
    let code = ctx.random.token();
    let hash = hash(&code);
    ctx.act(Who::Doorward, move |act| {
        store::organization::put_setup_code(act.w, &hash, act.now, act.now.plus(SETUP_CODE_LIFE))
    })
    .await?;
    Ok(Some(code))
}

/// Is this the code of the first run, and is the first run still open?
pub async fn is_setup_code(ctx: &Context, code: &str) -> Result<bool> {
    if ctx.organization().is_some() {
        return Ok(false);
    }
    let (now, given) = (ctx.now(), hash(code));
    let kept = ctx
        .store
        .reading(move |r| store::organization::find_setup_code(r, now))
        .await?;
    Ok(kept.is_some_and(|kept| bool::from(kept.ct_eq(&given))))
}

/// Checks every field of the first run; all that is wrong is said at once.
pub fn check(run: &FirstRun) -> Result<()> {
    let mut problems = Vec::new();
    if run.owner_name.trim().is_empty() {
        problems.push(FieldProblem {
            field: "owner_name".to_owned(),
            message: "Enter your name.".to_owned(),
        });
    } else if let Err(message) = crate::model::person::checked_name(&run.owner_name) {
        problems.push(FieldProblem {
            field: "owner_name".to_owned(),
            message: message.to_owned(),
        });
    }
    if let Err(problem) = Email::parse(&run.owner_email) {
        problems.push(FieldProblem {
            field: "owner_email".to_owned(),
            message: problem.to_string(),
        });
    }
    let words = [
        run.owner_name.as_str(),
        run.owner_email.as_str(),
        run.organization.as_str(),
    ];
    if let Err(message) = passphrase::check_strength(&run.passphrase, &words) {
        problems.push(FieldProblem {
            field: "passphrase".to_owned(),
            message,
        });
    }
    for (field, result) in [
        ("organization", organization_name(&run.organization).map(drop)),
        ("base_url", base_url(&run.base_url).map(drop)),
    ] {
        if let Err(error) = result {
            problems.push(FieldProblem {
                field: field.to_owned(),
                message: error.message,
            });
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::invalid_fields(problems))
    }
}

/// Ten codes of 100 bits, in groups that can be typed: `7Q4MK-2XD9P-...`.
pub fn make_recovery_codes(ctx: &Context) -> Vec<String> {
    (0..RECOVERY_CODES)
        .map(|_| {
            let halves: Vec<String> = (0..3).map(|_| ctx.random.reference().replace('-', "")).collect();
            let letters: String = halves.concat().chars().take(20).collect();
            let groups: Vec<&str> = (0..4).map(|at| &letters[at * 5..at * 5 + 5]).collect();
            groups.join("-")
        })
        .collect()
}

/// A recovery code as it is compared: without hyphens, in upper case, the letters that are mistaken made one.
pub fn plain_recovery_code(typed: &str) -> String {
    let letters = typed
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase());
    letters
        .map(|c| match c {
            'O' => '0',
            'I' | 'L' => '1',
            c => c,
        })
        .collect()
}

/// Does the first run in one transaction: owner, passphrase, recovery codes, organization; the code is gone.
pub async fn set_up(ctx: &Context, who: Who, run: FirstRun, recovery_codes: &[String]) -> Result<PersonId> {
    check(&run)?;
    let phc = ctx
        .hasher
        .hash(run.passphrase.clone(), ctx.random.bytes())
        .await?;
    let hashes: Vec<Vec<u8>> = recovery_codes
        .iter()
        .map(|code| hash(&plain_recovery_code(code)))
        .collect();
    let done = ctx
        .act(who, move |act| {
            if store::organization::find(act.w)?.is_some() {
                return Err(Error::conflict("The first run is done already. Sign in instead."));
            }
            let owner = insert_owner(act, &run)?;
            store::passphrases::put(act.w, owner.id, &phc, act.now)?;
            store::passphrases::put_recovery_codes(act.w, owner.id, &hashes, act.now)?;
            insert_organization(act, &run, &owner)?;
            store::organization::delete_setup_code(act.w)?;
            Ok(owner.id)
        })
        .await?;
    ctx.refresh_organization()?;
    Ok(done)
}

fn insert_owner(act: &Act, run: &FirstRun) -> Result<Person> {
    let name = run.owner_name.trim();
    let (given, family) = name.rsplit_once(char::is_whitespace).unwrap_or((name, ""));
    let role = store::roles::owning(act.w)?;
    let owner = Person {
        id: PersonId::new(act.now, act.random_id()),
        email: Email::parse(&run.owner_email).map_err(|e| Error::invalid("owner_email", e.to_string()))?,
        given_name: given.trim().to_owned(),
        family_name: family.to_owned(),
        own_role: role.key.clone(),
        role,
        team_id: None,
        access_group_id: None,
        state: PersonState::Active,
        version: 1,
        created_at: act.now,
        updated_at: act.now,
        deactivated_at: None,
        last_sign_in_at: None,
    };
    administer::enter(act, &owner, None)?;
    let why = Reason::new(act, How::Hand, "set Doorward up");
    assign::born(act, owner.id, "role", &why)?;
    provision::project::person(act, &owner)?;
    Ok(owner)
}

fn insert_organization(act: &Act, run: &FirstRun, owner: &Person) -> Result<()> {
    let organization = Organization {
        settings: crate::model::Settings::default(),
        name: organization_name(&run.organization)?,
        base_url: base_url(&run.base_url)?,
        contact: format!("{} ({})", owner.display_name(), owner.email),
        created_at: act.now,
    };
    store::organization::insert(act.w, &organization)?;
    let after = json!({ "name": organization.name, "base_url": organization.base_url });
    let subject = administer::organization_subject(&organization);
    act.event(Action::OrganizationSetUp, subject, Value::Null, after)
}
