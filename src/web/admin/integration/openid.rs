//! The OpenID Connect side of an integration's pages: the form that takes issuer and client ID, the settings, and what
//! Doorward understood.

use crate::error::Result;
use crate::flows::connect::{OidcFields, OpenIdFields};
use crate::model::{BaseUrl, ClientAuth, Connection, Protocol, Provider, Slug, Timestamp};
use crate::store;
use crate::web::form::{Field, Form};
use crate::web::gate::Visit;
use crate::web::urls;
use zeroize::Zeroizing;

use super::values::Value;

/// Our own side, whole, for providers of OpenID Connect.
pub fn ours(base: &BaseUrl, slug: &Slug) -> Vec<Value> {
    let value = |label: &str, value: String, note: &str| Value {
        label: label.to_owned(),
        value,
        note: note.to_owned(),
    };
    let sign_in = base.sign_in(slug);
    vec![
        value(
            "Redirect URI",
            base.callback(slug),
            "Also called Sign-in redirect URI, Callback URL or Reply URL.",
        ),
        value(
            "Initiate login URI",
            sign_in.clone(),
            "For a tile in the provider's portal, and as a link for your people.",
        ),
        value(
            "Post-logout redirect URI",
            format!("{sign_in}/signed-out"),
            "Only to sign people out at the provider, too.",
        ),
        value(
            "Back-channel logout URI",
            format!("{sign_in}/backchannel-logout"),
            "Ends sessions here when they end at the provider.",
        ),
        value(
            "JWKS URL",
            base.client_keys(slug),
            "Only for private_key_jwt: the public half of Doorward's key for this integration.",
        ),
    ]
}

/// The form that takes the provider's side.
pub fn form(connection: &Connection, provider: &Provider) -> Form {
    let known = connection.oidc.provider.as_ref();
    let example = match provider.oidc.issuer.as_str() {
        "" => "https://id.example.com",
        issuer => issuer,
    };
    let secret = match connection.oidc.client_auth.needs_secret() {
        true => {
            "Leave it empty to keep the one that is there. It is kept only for the same issuer and client ID."
        }
        false => "Only for the two choices with a client secret. Otherwise leave it empty.",
    };
    Form::new([
        Field::url("issuer", "Issuer URL")
            .required()
            .hint(format!("Such as {example}. Doorward reads the provider's discovery document there, now."))
            .value(known.map_or("", |known| &known.issuer)),
        Field::text("client_id", "Client ID")
            .required()
            .mono()
            .max(1_024)
            .value(known.map_or("", |known| &known.client_id)),
        Field::radio("client_auth", "How Doorward proves itself to the provider")
            .required()
            .choice_with_hint(
                ClientAuth::None.key(),
                "Not at all: a public client",
                "PKCE alone protects the sign-in. Okta calls such an app “Native”. Issuer and client ID are enough.",
            )
            .choice_with_hint(
                ClientAuth::ClientSecretBasic.key(),
                "With a client secret",
                "In the header (client_secret_basic), as most providers want it.",
            )
            .choice_with_hint(
                ClientAuth::ClientSecretPost.key(),
                "With a client secret in the form",
                "Where the provider says client_secret_post.",
            )
            .choice_with_hint(
                ClientAuth::PrivateKeyJwt.key(),
                "With a key of Doorward's own",
                "Nothing secret is shared (private_key_jwt): the provider reads the public key at the JWKS URL.",
            )
            .value(connection.oidc.client_auth.key()),
        Field::password("client_secret", "Client secret")
            .autocomplete("off")
            .hint(secret),
    ])
}

/// What the form said.
pub fn fields(form: &Form) -> OpenIdFields {
    OpenIdFields {
        issuer: form.text("issuer").to_owned(),
        client_id: form.text("client_id").to_owned(),
        client_auth: Some(form.text("client_auth").to_owned()),
        client_secret: Zeroizing::new(form.secret("client_secret").trim().to_owned()),
    }
}

/// The settings of how it talks.
pub fn settings(connection: &Connection) -> Vec<Field> {
    let oidc = &connection.oidc;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    vec![
        Field::text("scopes", "Scopes")
            .mono()
            .max(1_000)
            .hint("With a space between them. “openid” is always asked for; “groups” only where the provider knows it.")
            .value(oidc.scopes.join(" ")),
        Field::checkbox("userinfo", "Ask UserInfo where the ID token says too little")
            .hint("One more call for each sign-in whose ID token has no e-mail address or name.")
            .ticked(oidc.userinfo),
        Field::checkbox("login_hint", "Tell the provider the e-mail address that the person typed here")
            .hint("It then fills in its own form (login_hint).")
            .ticked(oidc.login_hint),
        Field::text("prompt", "Prompt")
            .mono()
            .max(100)
            .hint("“login” has people prove who they are each time, “select_account” has them choose an account, “consent” has them agree. Empty: as the provider likes.")
            .value(text(&oidc.prompt)),
        Field::text("acr_values", "ACR values")
            .mono()
            .max(200)
            .hint("Which strength of sign-in the provider is asked for, in its own words. Usually empty.")
            .value(text(&oidc.acr_values)),
        Field::text("subject_claim", "Claim that identifies the person")
            .mono()
            .max(200)
            .hint("Empty: “sub”, and for Microsoft Entra ID “oid” with “tid”. Never one that changes or is given to somebody else, such as an e-mail address.")
            .value(text(&oidc.subject_claim)),
        Field::checkbox("sign_out_there", "Signing out here signs out at the provider, too")
            .hint("The provider has to know the post-logout redirect URI.")
            .ticked(oidc.sign_out_there),
    ]
}

/// What the settings said.
pub fn oidc_fields(form: &Form) -> OidcFields {
    let text = |name| Some(form.text(name).to_owned());
    OidcFields {
        scopes: text("scopes"),
        prompt: text("prompt"),
        acr_values: text("acr_values"),
        subject_claim: text("subject_claim"),
        login_hint: Some(form.is_ticked("login_hint")),
        userinfo: Some(form.is_ticked("userinfo")),
        sign_out_there: Some(form.is_ticked("sign_out_there")),
    }
}

/// The provider, as Doorward understood it.
pub struct OpenIdKnown {
    /// Label and value.
    pub lines: Vec<(&'static str, String)>,
    pub proof: &'static str,
    pub secret_at: Option<Timestamp>,
    pub keys_at: Option<Timestamp>,
}

pub async fn known(visit: &Visit, connection: &Connection) -> Result<Option<OpenIdKnown>> {
    let Some(provider) = &connection.oidc.provider else {
        return Ok(None);
    };
    let id = connection.id;
    let kept = visit
        .ctx
        .store
        .reading(move |r| store::provider_keys::find(r, id))
        .await?;
    let none = || "offers none".to_owned();
    Ok(Some(OpenIdKnown {
        lines: vec![
            ("Issuer", provider.issuer.clone()),
            ("Client ID", provider.client_id.clone()),
            ("Authorization endpoint", provider.authorization_endpoint.clone()),
            ("Token endpoint", provider.token_endpoint.clone()),
            ("Keys", provider.jwks_uri.clone()),
            ("Signature algorithms", provider.signing_algorithms.join(", ")),
            (
                "UserInfo endpoint",
                provider.userinfo_endpoint.clone().unwrap_or_else(none),
            ),
            (
                "Sign-out endpoint",
                provider.end_session_endpoint.clone().unwrap_or_else(none),
            ),
        ],
        proof: match connection.oidc.client_auth {
            ClientAuth::None => "not at all: a public client, with PKCE",
            ClientAuth::ClientSecretBasic => "with a client secret, in the header",
            ClientAuth::ClientSecretPost => "with a client secret, in the form",
            ClientAuth::PrivateKeyJwt => "with a key of its own",
        },
        secret_at: connection.oidc.secret_at,
        keys_at: kept.map(|kept| kept.fetched_at).filter(|at| at.0 > 0),
    }))
}

/// The choice of the language while nothing is known yet: name, address, is it this one.
pub fn languages(place: &str, shown: Protocol) -> Vec<(&'static str, String, bool)> {
    let choice = |protocol: Protocol, with: &str| {
        let href = urls::query(place, &[("with", with)]);
        (protocol.name(), href, protocol == shown)
    };
    vec![choice(Protocol::Saml, "saml"), choice(Protocol::Oidc, "openid")]
}

/// The language that a page shows: the connection's, else the one that was asked for.
pub fn shown(connection: &Connection, with: &str) -> Protocol {
    let asked = match with {
        "openid" => Protocol::Oidc,
        _ => Protocol::Saml,
    };
    connection.protocol().unwrap_or(asked)
}
