//! The authorization endpoint (RFC 6749 §4.1.1): what a client asks for, and what an admin says to it.

use url::Url;

use super::{CODE_LIFE, OauthProblem, SCOPE};
use crate::error::{Error, Result};
use crate::flows::{Act, Context, Who, connect, hash};
use crate::model::{Action, Connection, Permission, PersonId};
use crate::store::oauth::{OauthClient, OauthCode};
use crate::store::{self, Reader};

/// The pairs of an authorization request, as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    pub pairs: Vec<(String, String)>,
}

/// A request that makes sense: what the page shows, and what Allow would do.
#[derive(Clone, Debug)]
pub struct Asked {
    pub client: OauthClient,
    pub connection: Connection,
    pub redirect_uri: String,
    redirect_said: bool,
    challenge: Option<String>,
    state: Option<String>,
}

/// A request that cannot be granted.
#[derive(Debug)]
pub enum Unaskable {
    /// Unknown client or address: the browser stays here, because nobody vouches for where it would go.
    Stay(Error),
    /// The client is told, at its own address.
    SendBack(String),
}

impl From<Error> for Unaskable {
    fn from(error: Error) -> Self {
        Unaskable::Stay(error)
    }
}

/// The names whose values are read; the page carries exactly these from GET to POST.
pub const NAMES: [&str; 7] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
];

impl Wish {
    /// The value of a parameter. One without a value counts as not sent; one that is there twice is no request
    /// (RFC 6749 §3.1).
    fn get(&self, name: &str) -> std::result::Result<Option<&str>, ()> {
        let mut all = self.pairs.iter().filter(|(known, _)| known == name);
        match (all.next(), all.next()) {
            (_, Some(_)) => Err(()),
            (first, None) => Ok(first
                .map(|(_, value)| value.as_str())
                .filter(|value| !value.is_empty())),
        }
    }
}

/// Reads a request. Errors before client and address are known stay here; all others go back to the client.
pub async fn ask(ctx: &Context, wish: &Wish) -> std::result::Result<Asked, Unaskable> {
    let copy = wish.clone();
    let found = ctx.store.reading(move |r| who_asks(r, &copy)).await?;
    let issuer = issuer(ctx)?;
    match read(wish, found.clone()) {
        Ok(asked) => Ok(asked),
        Err(problem) => {
            let state = wish.get("state").ok().flatten();
            Err(Unaskable::SendBack(refusal(
                &found.redirect_uri,
                &problem,
                state,
                &issuer,
            )?))
        }
    }
}

/// Client and address, judged.
#[derive(Clone)]
struct Found {
    client: OauthClient,
    connection: Connection,
    redirect_uri: String,
    redirect_said: bool,
}

fn who_asks(r: &Reader, wish: &Wish) -> Result<Found> {
    let id = wish.get("client_id").map_err(|()| twice("client_id"))?;
    let client = match id {
        Some(id) => store::oauth::find_client(r, id)?,
        None => None,
    };
    let client = client.ok_or_else(|| {
        Error::invalid(
            "client_id",
            "The identity provider came with a client ID that Doorward does not know. Copy the client ID again from \
             the integration's page under Provisioning into the identity provider's settings.",
        )
    })?;
    let said = wish.get("redirect_uri").map_err(|()| twice("redirect_uri"))?;
    let address = match (said, client.redirect_uris.as_slice()) {
        (Some(said), known) => known.iter().find(|uri| *uri == said),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let redirect_uri = address.cloned().ok_or_else(|| {
        let shown: String = said.unwrap_or("none").chars().filter(|c| !c.is_control()).take(300).collect();
        let message = format!(
            "The identity provider wants the answer at an address that is not registered for \"{}\": {shown}. If that \
             is its own address, make an OAuth client with exactly this redirect address.",
            client.name
        );
        Error::invalid("redirect_uri", message)
    })?;
    let connection = store::connections::get(r, client.connection_id)?;
    Ok(Found {
        client,
        connection,
        redirect_uri,
        redirect_said: said.is_some(),
    })
}

fn twice(name: &str) -> Error {
    Error::invalid(
        name,
        format!("The request has {name} more than once. Start again at the identity provider."),
    )
}

fn read(wish: &Wish, found: Found) -> std::result::Result<Asked, OauthProblem> {
    let one = |name: &str| {
        let twice = |()| OauthProblem::new("invalid_request", format!("{name} is there more than once."));
        wish.get(name).map_err(twice)
    };
    match one("response_type")? {
        Some("code") => {}
        Some(_) => {
            let message = "Only response_type=code is there to be had.";
            return Err(OauthProblem::new("unsupported_response_type", message));
        }
        None => {
            return Err(OauthProblem::new(
                "invalid_request",
                "response_type=code is missing.",
            ));
        }
    }
    one("scope")?;
    let state = one("state")?.map(str::to_owned);
    let challenge = challenge(one("code_challenge")?, one("code_challenge_method")?)?;
    if challenge.is_none() && found.client.secret_hash.is_none() {
        let message =
            "A client without a secret must use PKCE: send code_challenge with code_challenge_method=S256.";
        return Err(OauthProblem::new("invalid_request", message));
    }
    Ok(Asked {
        client: found.client,
        connection: found.connection,
        redirect_uri: found.redirect_uri,
        redirect_said: found.redirect_said,
        challenge,
        state,
    })
}

/// S256 alone (RFC 7636 §4.3, RFC 9700 §2.1.1): 43 characters of base64url.
fn challenge(given: Option<&str>, method: Option<&str>) -> std::result::Result<Option<String>, OauthProblem> {
    let wrong = |message| Err(OauthProblem::new("invalid_request", message));
    let Some(given) = given else {
        return match method {
            Some(_) => wrong("code_challenge_method is there without code_challenge."),
            None => Ok(None),
        };
    };
    if method != Some("S256") {
        return wrong("Only code_challenge_method=S256 is taken.");
    }
    let well_formed = given.len() == 43
        && given
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if !well_formed {
        return wrong("code_challenge is no SHA-256 in base64url.");
    }
    Ok(Some(given.to_owned()))
}

/// The admin lets the client in. Where the browser goes, with a code.
pub async fn allow(ctx: &Context, admin: PersonId, asked: Asked) -> Result<String> {
    let issuer = issuer(ctx)?;
    let code = ctx
        .act(Who::Person(admin), {
            let asked = asked.clone();
            move |act| grant(act, admin, &asked)
        })
        .await?;
    let mut pairs = vec![("code", code.as_str()), ("iss", issuer.as_str())];
    pairs.extend(asked.state.as_deref().map(|state| ("state", state)));
    with(&asked.redirect_uri, &pairs)
}

/// The admin does not. Where the browser goes, with `access_denied`.
pub fn deny(ctx: &Context, asked: &Asked) -> Result<String> {
    let problem = OauthProblem::new("access_denied", "An admin of Doorward did not allow it.");
    refusal(
        &asked.redirect_uri,
        &problem,
        asked.state.as_deref(),
        &issuer(ctx)?,
    )
}

fn grant(act: &Act, admin: PersonId, asked: &Asked) -> Result<String> {
    act.need(Permission::ManageIntegrations)?;
    connect::need_word(act, &store::connections::get(act.w, asked.connection.id)?)?;
    // It may have been removed while the page stood open.
    store::oauth::get_client(act.w, asked.connection.id, &asked.client.id)?;
    let secret = act.random.token();
    let code = OauthCode {
        client_id: asked.client.id.clone(),
        person_id: admin,
        redirect_uri: asked.redirect_uri.clone(),
        redirect_said: asked.redirect_said,
        challenge: asked.challenge.clone(),
        family: act.random.uuid(act.now).to_string(),
        created_at: act.now,
        expires_at: act.now.plus(CODE_LIFE),
        used_at: None,
    };
    store::oauth::insert_code(act.w, &hash(&secret), &code)?;
    act.event(
        Action::OauthGranted,
        connect::subject(&asked.connection),
        serde_json::Value::Null,
        serde_json::json!({
            "client_id": asked.client.id,
            "client": asked.client.name,
            "redirect_uri": asked.redirect_uri,
            "scope": SCOPE,
        }),
    )?;
    Ok(secret)
}

fn refusal(uri: &str, problem: &OauthProblem, state: Option<&str>, issuer: &str) -> Result<String> {
    let mut pairs = vec![
        ("error", problem.code),
        ("error_description", problem.description.as_str()),
        ("iss", issuer),
    ];
    pairs.extend(state.map(|state| ("state", state)));
    with(uri, &pairs)
}

/// Who answers (RFC 9207 §2): our base URL.
fn issuer(ctx: &Context) -> Result<String> {
    let organization = ctx
        .organization()
        .ok_or_else(|| Error::not_found("organization yet"))?;
    Ok(organization.base_url.to_string())
}

/// The address with these pairs behind those that it has (RFC 6749 §3.1.2).
fn with(uri: &str, pairs: &[(&str, &str)]) -> Result<String> {
    let mut url = Url::parse(uri).map_err(Error::internal)?;
    url.query_pairs_mut().extend_pairs(pairs);
    Ok(url.to_string())
}
