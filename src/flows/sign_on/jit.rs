//! People who are added when they sign in for the first time (just-in-time provisioning).
//!
//! Only where the connection says so, only for whom nobody here is found, and only for addresses of domains for which
//! the connection speaks: whoever could add people of other domains could lie in wait under somebody else's address. An
//! address that somebody has already is never taken over here; [`super::link`] decides about it.

use crate::error::Result;
use crate::flows::enforce::{self, DoorKind};
use crate::flows::mapping::{self, Word};
use crate::flows::provision::project;
use crate::flows::sign_on::link::{self, Claimed, Subject};
use crate::flows::{Act, administer};
use crate::model::mapping::{Occasion, Received};
use crate::model::person::is_unseen;
use crate::model::{
    Actor, Check, Connection, IdentityId, Method, Person, PersonId, PersonState, SignIn, Verdict,
};
use crate::store::{self, identities::LinkedHow};

/// What became of somebody whom nobody here knew.
pub enum Said {
    /// With what the mapping ignored.
    Added(Box<Person>, IdentityId, Vec<String>),
    /// They would have to come in through another connection.
    Elsewhere(Check),
    /// They stay unknown; why, where the connection adds people at all.
    No(Option<Check>),
}

/// Adds the person, where everything allows it, and writes into the trace why or why not.
pub fn admit(
    act: &Act,
    connection: &Connection,
    method: Method,
    subject: &Subject,
    claimed: Option<&Claimed>,
    received: &Received,
    row: &SignIn,
) -> Result<Said> {
    if !connection.jit.enabled || !connection.lets_in() {
        return Ok(Said::No(None));
    }
    let Some(claimed) = claimed else {
        return Ok(Said::No(Some(refused(None, "no e-mail address arrived"))));
    };
    if claimed.email.as_str().chars().any(is_unseen) {
        return Ok(Said::No(Some(refused(
            None,
            "an e-mail address with characters that nobody sees",
        ))));
    }
    let domain = claimed.email.domain();
    if !store::connections::speaks_for(act.w, connection.id, &domain)? {
        return Ok(Said::No(Some(refused(
            Some("an address of a domain of this integration"),
            &domain,
        ))));
    }
    let actor = Actor::IdentityProvider {
        id: connection.id,
        label: connection.name.clone(),
    };
    let act = &Act { actor, ..*act };
    let word = Word {
        connection,
        reference: &row.reference,
    };
    let outcome = connection.mapping.evaluate(received, Occasion::Create);
    let begin = mapping::beginning(act, word, &outcome, true)?;
    let name = |field: &str| outcome.value(field).unwrap_or_default().to_owned();
    let person = Person {
        id: PersonId::new(act.now, act.random_id()),
        email: claimed.email.clone(),
        given_name: name("given_name"),
        family_name: name("family_name"),
        own_role: begin.role.key.clone(),
        role: begin.role.clone(),
        team_id: begin.team.as_ref().map(|team| team.id),
        access_group_id: None,
        state: PersonState::Active,
        version: 1,
        created_at: act.now,
        updated_at: act.now,
        deactivated_at: None,
        last_sign_in_at: None,
    };
    let door = DoorKind {
        method,
        connection: Some(connection.id),
    };
    if let Some(check) = enforce::elsewhere(act.w, &person, door, act.now)? {
        return Ok(Said::Elsewhere(check));
    }
    administer::enter(act, &person, Some(&row.reference))?;
    mapping::born(act, word, &person, &outcome, &begin)?;
    project::person(act, &person)?;
    let reference = Some(row.reference.clone());
    let identity = link::tie(act, &person, subject, LinkedHow::Domain, reference)?;
    Ok(Said::Added(
        Box::new(store::people::get(act.w, person.id)?),
        identity,
        begin.remarks,
    ))
}

/// The line of the trace for somebody who was added.
pub fn added(person: &Person) -> Check {
    Check {
        code: "account.added".to_owned(),
        title: "An account here".to_owned(),
        verdict: Verdict::Passed,
        expected: None,
        received: Some(format!("{}, added at this first sign-in", person.email)),
        remedy: None,
    }
}

fn refused(expected: Option<&str>, received: &str) -> Check {
    Check {
        code: "account.not_added".to_owned(),
        title: "May be added at the first sign-in".to_owned(),
        verdict: Verdict::Failed,
        expected: expected.map(str::to_owned),
        received: Some(received.to_owned()),
        remedy: Some(
            "Just-in-time provisioning adds people of the integration's own domains only. An owner confirms a domain \
             on the integration's page, under Domains; or add the person by hand."
                .to_owned(),
        ),
    }
}

/// What the mapping ignored, as a line of the trace.
pub fn ignored(remarks: &[String]) -> Option<Check> {
    (!remarks.is_empty()).then(|| Check {
        code: "mapping.ignored".to_owned(),
        title: "Everything that arrived could be used".to_owned(),
        verdict: Verdict::Warned,
        expected: None,
        received: Some(remarks.join(" ").chars().take(1_000).collect()),
        remedy: Some(
            "Look at the mapping of the integration, or at what the identity provider sends.".to_owned(),
        ),
    })
}
