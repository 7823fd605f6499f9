//! How a command on the server talks to a running appliance: one JSON request over a socket in the data
//! directory, which only the appliance's own user can open.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result};
use crate::flows::apply::{Application, apply};
use crate::flows::enroll::{self, FirstRun};
use crate::flows::recover::{self, Wanted};
use crate::flows::{Act, Context, Who, credentials};
use crate::model::CredentialId;
use crate::store;
use crate::store::scim_credentials::Credential;
use crate::web::urls;

const SOCKET: &str = "doorward.sock";
/// Largest request: an application file with its metadata.
const LIMIT: u64 = 64 * 1024 * 1024;

/// What a command asks for.
#[derive(Debug, Serialize, Deserialize)]
pub enum Request {
    Apply(Application),
    Init(Init),
    Token(Token),
    Recover(Recover),
}

/// A link for an owner.
#[derive(Debug, Serialize, Deserialize)]
pub struct Recover {
    pub email: Option<String>,
    pub reactivate: bool,
    pub make_owner: bool,
    /// Where Doorward will answer on this machine, when it does not run now.
    pub local: Option<String>,
}

/// Tokens of SCIM clients.
#[derive(Debug, Serialize, Deserialize)]
pub enum Token {
    Create {
        connection: String,
        label: String,
        lifetime: Option<i64>,
    },
    List {
        connection: String,
    },
    Revoke {
        connection: String,
        id: String,
    },
}

/// The first run, without a browser.
#[derive(Serialize, Deserialize)]
pub struct Init {
    pub owner_email: String,
    pub owner_name: String,
    pub passphrase: String,
    pub organization: String,
    pub base_url: String,
}

impl std::fmt::Debug for Init {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Init")
            .field("owner_email", &self.owner_email)
            .finish_non_exhaustive()
    }
}

/// Lines for standard output, or what went wrong.
pub type Reply = std::result::Result<Vec<String>, String>;

/// Does what is asked, in this process.
pub async fn perform(ctx: &Context, request: Request) -> Result<Vec<String>> {
    match request {
        Request::Apply(application) => apply(ctx, application).await,
        Request::Init(init) => {
            let run = FirstRun {
                owner_name: init.owner_name,
                owner_email: init.owner_email,
                passphrase: Zeroizing::new(init.passphrase),
                organization: init.organization,
                base_url: init.base_url,
            };
            let codes = enroll::make_recovery_codes(ctx);
            enroll::set_up(ctx, Who::Command("init"), run, &codes).await?;
            Ok(codes)
        }
        Request::Token(request) => token(ctx, request).await,
        Request::Recover(request) => recover(ctx, request).await,
    }
}

/// The link under the base URL, and under the address on this machine, in case that the first one leads nowhere.
async fn recover(ctx: &Context, request: Recover) -> Result<Vec<String>> {
    let wanted = Wanted {
        email: request.email,
        reactivate: request.reactivate,
        make_owner: request.make_owner,
    };
    let made = recover::make_link(ctx, wanted).await?;
    let base = ctx
        .organization()
        .map(|o| o.base_url.to_string())
        .unwrap_or_default();
    let path = urls::recover(&made.token);
    let mut lines = vec![
        format!("This link lets {} in once, within an hour:", made.owner.email),
        format!("{base}{path}"),
    ];
    let running = ctx.local_url.get();
    if let Some(local) = running.cloned().or(request.local).filter(|local| *local != base) {
        lines.push("If that address leads nowhere, on this machine:".to_owned());
        lines.push(format!("{local}{path}"));
    }
    if running.is_none() {
        lines.push("Doorward does not run now. Start it first: doorward serve".to_owned());
    }
    Ok(lines)
}

async fn token(ctx: &Context, request: Token) -> Result<Vec<String>> {
    let who = Who::Command("token");
    match request {
        Token::Create {
            connection,
            label,
            lifetime,
        } => {
            let make = move |act: &Act| credentials::make_bearer(act, &connection, &label, lifetime);
            Ok(vec![ctx.act(who, make).await?.secret])
        }
        Token::List { connection } => {
            let now = ctx.now();
            let live = ctx.store.reading(move |r| {
                let connection = store::connections::get_by_slug(r, &connection)?;
                store::scim_credentials::list_of_connection(r, connection.id, now)
            });
            Ok(live.await?.iter().map(describe).collect())
        }
        Token::Revoke { connection, id } => {
            let id = CredentialId::parse(&id).ok_or_else(|| Error::not_found("credential"))?;
            ctx.act(who, move |act| credentials::revoke(act, &connection, id))
                .await?;
            Ok(vec!["Revoked.".to_owned()])
        }
    }
}

/// One line: id, what it is, until when, last use.
fn describe(credential: &Credential) -> String {
    let until = credential.expires_at.map_or_else(
        || "until revoked".to_owned(),
        |at| format!("until {}", at.human()),
    );
    let used = credential.last_used_at.map_or_else(
        || "never used".to_owned(),
        |at| format!("last used {}", at.human()),
    );
    format!(
        "{}  {}  {until}  {used}",
        credential.id,
        credentials::label(credential)
    )
}

fn path(folder: &Path) -> PathBuf {
    folder.join(SOCKET)
}

/// Listens for commands. The future ends only when it is dropped.
pub fn listen(folder: &Path, ctx: Arc<Context>) -> std::io::Result<impl Future<Output = ()> + use<>> {
    // The lock on the directory is ours, so that a socket that is still there belongs to nobody.
    forget(folder);
    let listener = UnixListener::bind(path(folder))?;
    std::fs::set_permissions(path(folder), std::fs::Permissions::from_mode(0o600))?;
    Ok(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(answer(stream, ctx.clone()))),
                Err(cause) => {
                    tracing::warn!(%cause, "a command could not be heard");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            }
        }
    })
}

/// Removes the socket's name.
pub fn forget(folder: &Path) {
    drop(std::fs::remove_file(path(folder)));
}

async fn answer(mut stream: UnixStream, ctx: Arc<Context>) {
    let mut bytes = Vec::new();
    let read = (&mut stream).take(LIMIT).read_to_end(&mut bytes).await;
    let reply: Reply = match read.map_err(|e| e.to_string()).and_then(|_| parse(&bytes)) {
        Ok(request) => perform(&ctx, request).await.map_err(|error| explain(&error)),
        Err(problem) => Err(problem),
    };
    let text = serde_json::to_vec(&reply).unwrap_or_default();
    if let Err(cause) = stream.write_all(&text).await {
        tracing::warn!(%cause, "a command went away before it was answered");
    }
}

fn parse(bytes: &[u8]) -> std::result::Result<Request, String> {
    serde_json::from_slice(bytes)
        .map_err(|_| "The running Doorward is of another version. Restart it.".to_owned())
}

/// An error for a terminal: the message, and for an internal one its cause too.
pub fn explain(error: &Error) -> String {
    match (&error.kind, &error.source) {
        (Kind::Internal, Some(cause)) => format!("{} ({cause})", error.message),
        _ => error.message.clone(),
    }
}

/// Asks the running appliance of this data directory.
pub fn ask(folder: &Path, request: &Request) -> Result<Vec<String>> {
    let unreachable = |cause: std::io::Error| {
        let message =
            "A running Doorward holds the data directory but does not answer. Stop it, then try again.";
        Error::unavailable(message, cause)
    };
    let mut stream = BlockingStream::connect(path(folder)).map_err(unreachable)?;
    let text = serde_json::to_vec(request).map_err(Error::internal)?;
    stream.write_all(&text).map_err(unreachable)?;
    stream.shutdown(std::net::Shutdown::Write).map_err(unreachable)?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).map_err(unreachable)?;
    let reply: Reply = serde_json::from_slice(&reply).map_err(Error::internal)?;
    reply.map_err(Error::conflict)
}
