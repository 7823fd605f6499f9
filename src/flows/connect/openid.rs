//! OpenID Connect: telling a connection who its provider is, and how Doorward proves itself to it.
//!
//! Issuer and client ID are enough. The provider's discovery document and keys are read when they are given, so that
//! whatever is wrong is said on the form and not to the first person who signs in.

use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::edit;
use crate::error::{Error, FieldProblem, Result};
use crate::flows::{Act, Context, features};
use crate::model::person::checked_name;
use crate::model::{ClientAuth, Connection, Feature, OidcSettings, OpenIdProvider, Timestamp};
use crate::oidc::{self, Discovered};
use crate::store;

mod calls;
mod keys;
mod refresh;
mod secrets;

pub use calls::{Providers, call};
pub use keys::{Need, provider_keys};
pub use refresh::{keep_discovering, refresh_providers};
pub use secrets::{Own, client_jwks, own_proof};

use secrets::{KEY, SECRET, Sealed};

/// What the form, or `apply`, says of the provider.
#[derive(Clone, Debug, Default)]
pub struct OpenIdFields {
    pub issuer: String,
    pub client_id: String,
    /// `None`: what fits what was given and what the provider offers.
    pub client_auth: Option<String>,
    /// Empty: the one that is there stays.
    pub client_secret: Zeroizing<String>,
}

/// The other settings. `None` leaves one as it is, an empty text takes it away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OidcFields {
    pub scopes: Option<String>,
    pub prompt: Option<String>,
    pub acr_values: Option<String>,
    pub subject_claim: Option<String>,
    pub login_hint: Option<bool>,
    pub userinfo: Option<bool>,
    pub sign_out_there: Option<bool>,
}

/// A provider that was found and understood, with what has to be kept for it.
#[derive(Debug)]
pub struct FoundProvider {
    pub provider: OpenIdProvider,
    pub warnings: Vec<String>,
    client_auth: ClientAuth,
    scopes: Vec<String>,
    jwks: String,
    fresh: Vec<Sealed>,
}

/// Reads the provider's discovery document and keys; what is wrong is said with the field that it concerns.
pub async fn find_provider(ctx: &Context, slug: &str, fields: &OpenIdFields) -> Result<FoundProvider> {
    let client_id = fields.client_id.trim();
    if client_id.is_empty() || client_id.len() > 1024 || client_id.chars().any(char::is_control) {
        let message = "Enter the client ID, exactly as the identity provider shows it.";
        return Err(Error::invalid("client_id", message));
    }
    let issuer = oidc::tidy_issuer(&fields.issuer).to_owned();
    let discovered = discover(ctx, &issuer).await?;
    let provider = discovered.provider(client_id);
    let jwks = fetch_keys(ctx, &provider.jwks_uri).await?;
    let wanted = slug.to_owned();
    let known = ctx
        .store
        .reading(move |r| store::connections::find_by_slug(r, &wanted))
        .await?;
    let client_auth = client_auth(fields, known.as_ref(), &discovered)?;
    let fresh = secrets::prepare(ctx, slug, known.as_ref(), &provider, client_auth, fields).await?;
    let mut warnings = Vec::new();
    let offered = &discovered.client_auth_methods;
    if client_auth != ClientAuth::None && !offered.iter().any(|method| method == client_auth.key()) {
        warnings.push(format!(
            "The provider announces {} and not {}, so that it may refuse Doorward. A test shows it.",
            offered.join(", "),
            client_auth.key()
        ));
    }
    Ok(FoundProvider {
        provider,
        warnings,
        client_auth,
        scopes: first_scopes(&discovered),
        jwks,
        fresh,
    })
}

/// Beside `openid`: who the person is, and their groups where the provider knows that scope.
fn first_scopes(discovered: &Discovered) -> Vec<String> {
    let groups = discovered.scopes.iter().any(|scope| scope == "groups");
    let names = ["profile", "email"].into_iter().chain(groups.then_some("groups"));
    names.map(str::to_owned).collect()
}

async fn discover(ctx: &Context, issuer: &str) -> Result<Discovered> {
    let wrong = |message: String| Error::invalid("issuer", message);
    let url = oidc::discovery_url(issuer).map_err(|problem| wrong(problem.to_string()))?;
    let fetched = ctx.outbound.get(&url, oidc::DISCOVERY_LIMIT).await;
    let fetched = fetched.map_err(|problem| wrong(format!("{problem} Doorward asked for {url}.")))?;
    oidc::read_discovery(&fetched.body, issuer).map_err(|problem| wrong(problem.to_string()))
}

async fn fetch_keys(ctx: &Context, url: &str) -> Result<String> {
    let wrong = |problem: String| {
        let message = format!("The provider was found, but not its keys at {url}. {problem}");
        Error::invalid("issuer", message)
    };
    let fetched = ctx.outbound.get(url, oidc::KEYS_LIMIT).await;
    let fetched = fetched.map_err(|problem| wrong(problem.to_string()))?;
    let keys = oidc::read_keys(&fetched.body).map_err(|problem| wrong(problem.to_string()))?;
    Ok(keys.to_json())
}

/// How Doorward proves itself: as chosen; else with a secret where there is one, in the way that the provider offers.
fn client_auth(
    fields: &OpenIdFields,
    known: Option<&Connection>,
    discovered: &Discovered,
) -> Result<ClientAuth> {
    let has_secret = !fields.client_secret.is_empty();
    let chosen = match fields.client_auth.as_deref() {
        Some(key) => Some(ClientAuth::parse(key).ok_or_else(|| {
            let keys = ClientAuth::ALL.map(ClientAuth::key).join(", ");
            Error::invalid("client_auth", format!("Choose one of {keys}."))
        })?),
        None if has_secret => None,
        None => Some(known.map_or(ClientAuth::None, |c| c.oidc.client_auth)),
    };
    if has_secret && chosen.is_some_and(|auth| !auth.needs_secret()) {
        let message = "A client secret was entered, but the way chosen above uses none. Choose a way with a client \
                       secret, or leave this field empty.";
        return Err(Error::invalid("client_secret", message));
    }
    let offers = |method: &str| discovered.client_auth_methods.iter().any(|m| m == method);
    let post_only = offers("client_secret_post") && !offers("client_secret_basic");
    Ok(chosen.unwrap_or(if post_only {
        ClientAuth::ClientSecretPost
    } else {
        ClientAuth::ClientSecretBasic
    }))
}

/// Tells the connection who its provider is; replaces what it knew. A connection speaks one language.
pub fn set_provider(act: &Act, slug: &str, found: FoundProvider) -> Result<Connection> {
    let FoundProvider {
        provider,
        client_auth,
        scopes,
        jwks,
        fresh,
        ..
    } = found;
    let now = act.now;
    let has_fresh = !fresh.is_empty();
    let changed = edit(act, slug, None, move |connection| {
        if connection.saml.idp.is_some() {
            return Err(Error::conflict(
                "This integration speaks SAML 2.0 already, and an integration speaks one language only. Add another \
                 integration for OpenID Connect.",
            ));
        }
        if connection.oidc.provider.is_none() {
            features::need(act, Feature::Oidc)?;
        }
        let oidc = &mut connection.oidc;
        if oidc.provider.is_none() && oidc.scopes.is_empty() {
            oidc.scopes = scopes;
        }
        if has_fresh {
            oidc.secret_at = Some(now);
        } else if client_auth == ClientAuth::None {
            oidc.secret_at = None;
        }
        oidc.provider = Some(provider);
        oidc.client_auth = client_auth;
        Ok(())
    })?;
    for sealed in fresh {
        store::connection_secrets::put(act.w, changed.id, sealed.purpose, &sealed.bytes, now)?;
    }
    if !client_auth.needs_secret() {
        store::connection_secrets::delete(act.w, changed.id, SECRET)?;
    }
    if client_auth != ClientAuth::PrivateKeyJwt {
        store::connection_secrets::delete(act.w, changed.id, KEY)?;
    }
    store::provider_keys::put(act.w, changed.id, &jwks, now)?;
    store::provider_keys::touch_discovery(act.w, changed.id, now)?;
    Ok(changed)
}

/// Puts the fields into the settings; every field that makes no sense is a problem.
pub(super) fn change(settings: &mut OidcSettings, fields: &OidcFields, problems: &mut Vec<FieldProblem>) {
    let mut wrong = |field: &str, message: String| {
        problems.push(FieldProblem {
            field: field.to_owned(),
            message,
        });
    };
    if let Some(text) = &fields.scopes {
        // RFC 6749 §3.3.
        let plain = |scope: &str| {
            scope
                .bytes()
                .all(|c| matches!(c, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
        };
        let mut scopes: Vec<String> = Vec::new();
        for scope in text.split_whitespace().filter(|scope| *scope != "openid") {
            if !scopes.iter().any(|known| known == scope) {
                scopes.push(scope.to_owned());
            }
        }
        if scopes.len() > 50 || text.len() > 1000 || !scopes.iter().all(|scope| plain(scope)) {
            wrong(
                "scopes",
                "Enter at most 50 scopes with a space between them, such as profile email groups.".to_owned(),
            );
        } else {
            settings.scopes = scopes;
        }
    }
    if let Some(text) = &fields.prompt {
        let words: Vec<&str> = text.split_whitespace().collect();
        if words.iter().all(|word| oidc::PROMPTS.contains(word)) {
            settings.prompt = Some(words.join(" ")).filter(|text| !text.is_empty());
        } else {
            let known = oidc::PROMPTS.join(", ");
            wrong("prompt", format!("Choose among {known}, or leave it empty."));
        }
    }
    let names = [
        ("acr_values", &fields.acr_values, &mut settings.acr_values),
        (
            "subject_claim",
            &fields.subject_claim,
            &mut settings.subject_claim,
        ),
    ];
    for (field, typed, setting) in names {
        match typed.as_deref().map(checked_name) {
            None => {}
            Some(Ok(name)) => *setting = Some(name).filter(|name| !name.is_empty()),
            Some(Err(_)) => wrong(field, "At most 200 characters that print.".to_owned()),
        }
    }
    let switches = [
        (&mut settings.login_hint, fields.login_hint),
        (&mut settings.userinfo, fields.userinfo),
        (&mut settings.sign_out_there, fields.sign_out_there),
    ];
    for (setting, wanted) in switches {
        *setting = wanted.unwrap_or(*setting);
    }
}

/// For events: everything but secrets; of those only when they were set.
pub(super) fn facts(settings: &OidcSettings) -> Map<String, Value> {
    let Some(provider) = &settings.provider else {
        return Map::new();
    };
    let mut facts = Map::new();
    let both = [json!(settings), json!(provider)];
    for (name, value) in both.iter().filter_map(Value::as_object).flatten() {
        if name != "provider" && name != "secret_at" {
            facts.insert(format!("oidc.{name}"), value.clone());
        }
    }
    let set_at = settings.secret_at.map(Timestamp::rfc3339);
    facts.insert("oidc.secret_set_at".to_owned(), json!(set_at));
    facts
}
