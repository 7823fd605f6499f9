//! OAuth clients: made by an admin for one connection. Nobody registers by themselves.

use serde_json::{Value, json};
use url::{Host, Url};

use crate::error::{Error, FieldProblem, Result};
use crate::flows::{Act, connect, hash};
use crate::model::person::checked_name;
use crate::model::{Action, Permission};
use crate::store::{self, oauth::OauthClient};

/// A connection needs one or two; more are a mistake or an attack.
const MOST_CLIENTS: usize = 10;
const MOST_ADDRESSES: usize = 10;
const LONGEST_ADDRESS: usize = 2_000;

/// What an admin enters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewClient {
    pub name: String,
    /// Exact addresses to which a browser may be sent back; none for a client that only uses client credentials.
    pub redirect_uris: Vec<String>,
    /// A client that can keep no secret: it must use PKCE.
    pub public: bool,
}

/// A client that was just made; the secret is shown once.
#[derive(Clone, Debug)]
pub struct MadeClient {
    pub client_id: String,
    pub client_secret: Option<String>,
}

/// Makes a client of this connection.
pub fn make(act: &Act, slug: &str, new: &NewClient) -> Result<MadeClient> {
    act.need(Permission::ManageIntegrations)?;
    let connection = store::connections::get_by_slug(act.w, slug)?;
    connect::need_word(act, &connection)?;
    let (name, redirect_uris) = check(new)?;
    if store::oauth::list_clients(act.w, connection.id)?.len() >= MOST_CLIENTS {
        let message =
            format!("This integration has {MOST_CLIENTS} OAuth clients. Remove one that is not used.");
        return Err(Error::conflict(message));
    }
    let tail = act.random.reference().replace('-', "").to_ascii_lowercase();
    let secret = (!new.public).then(|| format!("dwo_{}", act.random.token()));
    let client = OauthClient {
        id: format!("{slug}-{tail}"),
        connection_id: connection.id,
        name,
        secret_hash: secret.as_deref().map(hash),
        redirect_uris,
        created_by: act.actor.label(),
        created_at: act.now,
    };
    store::oauth::insert_client(act.w, &client)?;
    act.event(
        Action::OauthClientMade,
        connect::subject(&connection),
        Value::Null,
        facts(&client),
    )?;
    Ok(MadeClient {
        client_id: client.id,
        client_secret: secret,
    })
}

/// Removes a client; every token that it holds ends with it.
pub fn remove(act: &Act, slug: &str, client_id: &str) -> Result<()> {
    act.need(Permission::ManageIntegrations)?;
    let connection = store::connections::get_by_slug(act.w, slug)?;
    let client = store::oauth::get_client(act.w, connection.id, client_id)?;
    store::oauth::delete_client(act.w, &client.id)?;
    act.event(
        Action::OauthClientRemoved,
        connect::subject(&connection),
        facts(&client),
        Value::Null,
    )
}

fn facts(client: &OauthClient) -> Value {
    json!({
        "client_id": client.id,
        "name": client.name,
        "kind": if client.secret_hash.is_some() { "confidential" } else { "public" },
        "redirect_uris": client.redirect_uris,
    })
}

fn check(new: &NewClient) -> Result<(String, Vec<String>)> {
    let mut problems = Vec::new();
    let mut wrong = |field: &str, message: &str| {
        problems.push(FieldProblem {
            field: field.to_owned(),
            message: message.to_owned(),
        });
    };
    let name = match checked_name(&new.name) {
        Ok(name) if name.is_empty() => {
            wrong("name", "Enter a name, such as the identity provider's.");
            name
        }
        Ok(name) => name,
        Err(problem) => {
            wrong("name", problem);
            String::new()
        }
    };
    let given = new
        .redirect_uris
        .iter()
        .map(|uri| uri.trim())
        .filter(|uri| !uri.is_empty());
    let uris: Vec<String> = given.map(str::to_owned).collect();
    if uris.len() > MOST_ADDRESSES {
        wrong("redirect_uris", "Enter at most ten redirect addresses.");
    } else if let Some(strange) = uris.iter().find(|uri| !is_usable(uri)) {
        let shown: String = strange.chars().filter(|c| !c.is_control()).take(100).collect();
        let message = format!(
            "\"{shown}\" is no redirect address. Copy it from the identity provider exactly: it begins with \
             https:// (http:// only for this machine) and has no # and no user name."
        );
        wrong("redirect_uris", &message);
    } else if new.public && uris.is_empty() {
        wrong(
            "redirect_uris",
            "A client without a secret needs a redirect address: without one there is nothing that it could do.",
        );
    }
    if problems.is_empty() {
        Ok((name, uris))
    } else {
        Err(Error::invalid_fields(problems))
    }
}

/// https, or http on this machine (RFC 8252 §7.3); absolute, without fragment (RFC 6749 §3.1.2).
fn is_usable(uri: &str) -> bool {
    let printable = uri.len() <= LONGEST_ADDRESS && uri.bytes().all(|b| (b'!'..=b'~').contains(&b));
    let Some(url) = printable.then(|| Url::parse(uri).ok()).flatten() else {
        return false;
    };
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return false,
    };
    let scheme = url.scheme() == "https" || (url.scheme() == "http" && loopback);
    scheme && url.fragment().is_none() && url.username().is_empty() && url.password().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_addresses_are_https_or_this_machine() {
        for good in [
            "https://system-admin.okta.com/admin/app/cpc/x/oauth/callback",
            "https://idp.example:8443/cb?x=y",
            "http://127.0.0.1:8080/cb",
            "http://[::1]/cb",
            "http://localhost/cb",
        ] {
            assert!(is_usable(good), "{good}");
        }
        for bad in [
            "http://idp.example/cb",
            "https://idp.example/cb#x",
            "https://u:p@idp.example/cb",
            "https://u@idp.example/cb",
            "javascript:alert(1)",
            "/cb",
            "https://",
            "https://idp.example/a b",
            "https://idp.example/\u{e9}",
            "custom:cb",
            "",
        ] {
            assert!(!is_usable(bad), "{bad}");
        }
    }
}
