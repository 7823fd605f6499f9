//! An OpenID Provider of ours on loopback: well-behaved unless it is told to do one thing wrong.
//!
//! ```ignore
//! let op = TestOp::start();                          // discovery, keys, authorize, token, userinfo, end
//! op.signs_in(json!({ "sub": "00u1", "email": "bob@example.com", "email_verified": true }));
//! let back = op.answer(&authorization_url);          // what the browser would be redirected to
//! op.misbehave(Misdeed::OtherAudience);              // from now on
//! op.logout_token(|claims| claims["sid"] = "s1".into());
//! ```
//!
//! It checks what a good provider checks: redirect URI, client authentication, PKCE S256, each code once.
#![allow(dead_code, reason = "every test uses a part of it")]

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

use super::key::{Key, base64url};
use super::misdeeds::{Misdeed, Stage, spoilt_token};
use crate::loopback::Loopback;

/// Who may redeem codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Client {
    /// No secret; PKCE alone.
    Public,
    Secret(String),
    /// `private_key_jwt`: checked by the test, from [`TestOp::requests`].
    Assertion,
}

/// A request that came in: `POST /token`, and its parameters.
#[derive(Clone, Debug)]
pub struct Request {
    pub line: String,
    pub params: Vec<(String, String)>,
    pub authorization: Option<String>,
}

pub struct TestOp {
    pub issuer: String,
    inside: Arc<Mutex<Inside>>,
    pub key: Arc<Key>,
    /// Counts who comes to an address that no provider may send us to.
    pub canary: Arc<Loopback>,
}

struct Inside {
    issuer: String,
    key: Arc<Key>,
    published: Vec<Value>,
    client: Client,
    /// The claims of whoever is signed in there.
    person: Value,
    /// Left out of ID tokens: for UserInfo only.
    thin: bool,
    misdeed: Option<Misdeed>,
    /// Seconds since 1970.
    now: i64,
    codes: HashMap<String, Pending>,
    requests: Vec<Request>,
    canary: String,
    counter: u64,
    down: bool,
    /// Said by the discovery document, whatever is true.
    says: Vec<(String, Value)>,
    /// Takes any verifier, as providers do that know nothing of PKCE.
    lax: bool,
}

#[derive(Clone)]
struct Pending {
    client_id: String,
    redirect_uri: String,
    challenge: String,
    nonce: String,
    max_age: bool,
}

impl TestOp {
    /// 22 Nov 2026, 12:00 UTC, unless [`TestOp::set_now`] says otherwise.
    pub const NOW: i64 = 1_795_348_800;

    pub fn start() -> Self {
        Self::start_with(Key::rsa("k1"))
    }

    pub fn start_with(key: Key) -> Self {
        let canary = Arc::new(Loopback::canary());
        let key = Arc::new(key);
        let inside = Arc::new(Mutex::new(Inside {
            issuer: String::new(),
            published: vec![key.jwk()],
            key: Arc::clone(&key),
            client: Client::Public,
            person: json!({
                "sub": "00u1", "email": "bob@example.com", "email_verified": true,
                "given_name": "Bob", "family_name": "Tan", "groups": ["staff"],
            }),
            thin: false,
            misdeed: None,
            now: Self::NOW,
            codes: HashMap::new(),
            requests: Vec::new(),
            canary: canary.url("http", "127.0.0.1"),
            counter: 0,
            down: false,
            says: Vec::new(),
            lax: false,
        }));
        let shared = Arc::clone(&inside);
        let server = Loopback::listen("127.0.0.1:0", move |stream| serve(stream, &shared));
        let issuer = format!("http://127.0.0.1:{}", server.address.port());
        inside.lock().expect("the provider").issuer = issuer.clone();
        Self {
            issuer,
            inside,
            key,
            canary,
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().expect("the provider")
    }

    /// Does this wrong from now on, and nothing else.
    pub fn misbehave(&self, misdeed: Misdeed) {
        self.inside().misdeed = Some(misdeed);
    }

    pub fn behave(&self) {
        self.inside().misdeed = None;
    }

    /// Answers nobody any more: every connection is closed at once.
    pub fn set_down(&self, down: bool) {
        self.inside().down = down;
    }

    /// The discovery document says this from now on.
    pub fn says(&self, name: &str, value: impl Into<Value>) {
        self.inside().says.push((name.to_owned(), value.into()));
    }

    /// Looks at no verifier any more.
    pub fn forget_pkce(&self) {
        self.inside().lax = true;
    }

    pub fn set_client(&self, client: Client) {
        self.inside().client = client;
    }

    /// The claims of whoever is signed in at the provider.
    pub fn signs_in(&self, claims: Value) {
        self.inside().person = claims;
    }

    /// ID tokens carry `sub` alone; the rest is UserInfo's.
    pub fn set_thin(&self, thin: bool) {
        self.inside().thin = thin;
    }

    pub fn set_now(&self, seconds: i64) {
        self.inside().now = seconds;
    }

    /// What `jwks_uri` gives, well-behaved: for rotations.
    pub fn publish(&self, keys: Vec<Value>) {
        self.inside().published = keys;
    }

    /// Signs with this key from now on, and publishes it beside the others.
    pub fn rotate(&self, key: Key) {
        let mut inside = self.inside();
        inside.published.push(key.jwk());
        inside.key = Arc::new(key);
    }

    pub fn requests(&self) -> Vec<Request> {
        self.inside().requests.clone()
    }

    /// How often `path` was asked for.
    pub fn asked(&self, path: &str) -> usize {
        let asked = |request: &&Request| request.line.split(' ').nth(1) == Some(path);
        self.inside().requests.iter().filter(asked).count()
    }

    /// Where the browser is sent back to from this authorization request, without HTTP.
    pub fn answer(&self, authorization_url: &str) -> String {
        let url = Url::parse(authorization_url).expect("an address");
        self.inside()
            .authorize(&url.query_pairs().into_owned().collect::<Vec<_>>())
    }

    /// A well-made logout token for `client_id`, changed by `change`.
    pub fn logout_token(&self, client_id: &str, change: impl FnOnce(&mut Value)) -> String {
        let now = self.inside().now;
        let mut claims = json!({
            "iss": self.issuer, "aud": client_id, "iat": now, "exp": now + 120, "jti": format!("j{now}"),
            "sub": "00u1", "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        change(&mut claims);
        self.sign("logout+jwt", &claims)
    }

    /// A well-made revocation token for the endpoint, changed by `change`.
    pub fn revocation_token(&self, endpoint: &str, change: impl FnOnce(&mut Value)) -> String {
        let now = self.inside().now;
        let mut claims = json!({
            "iss": self.issuer, "sub": "0oa1", "aud": endpoint, "iat": now, "nbf": now - 300, "exp": now + 300,
            "jti": format!("r{now}"),
        });
        change(&mut claims);
        self.sign("global-token-revocation+jwt", &claims)
    }

    /// A token of this type with the provider's key.
    pub fn sign(&self, typ: &str, claims: &Value) -> String {
        let key = Arc::clone(&self.inside().key);
        let header = json!({ "alg": key.algorithm(), "kid": key.kid, "typ": typ });
        key.token(&header, &claims.to_string())
    }
}

/// What goes back over the wire.
enum Reply {
    Json(u16, Value),
    Raw(u16, &'static str, String),
    Redirect(String),
    Endless,
    Slow,
}

impl Inside {
    fn answer(&mut self, request: Request) -> Reply {
        let line = request.line.clone();
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        self.requests.push(request.clone());
        match path.as_str() {
            "/.well-known/openid-configuration" => self
                .nuisance(Stage::Discovery)
                .unwrap_or_else(|| self.discovery()),
            "/keys" => self.nuisance(Stage::Keys).unwrap_or_else(|| self.keys()),
            "/authorize" => Reply::Redirect(self.authorize(&request.params)),
            "/token" => self
                .nuisance(Stage::Token)
                .unwrap_or_else(|| self.token(&request)),
            "/userinfo" => self.userinfo(&request),
            "/end" => match get(&request.params, "post_logout_redirect_uri") {
                Some(back) => Reply::Redirect(back.to_owned()),
                None => Reply::Raw(200, "text/html", "signed out".to_owned()),
            },
            _ => Reply::Raw(404, "text/plain", "not here".to_owned()),
        }
    }

    /// What spoils any endpoint of that stage alike.
    fn nuisance(&self, stage: Stage) -> Option<Reply> {
        use Misdeed as M;
        let misdeed = self.misdeed.filter(|misdeed| misdeed.stage() == stage)?;
        Some(match misdeed {
            M::DiscoveryHuge | M::KeysHuge | M::TokenHuge => {
                Reply::Json(200, json!({ "x": "x".repeat(3_000_000) }))
            }
            M::DiscoveryEndless | M::KeysEndless | M::TokenEndless => Reply::Endless,
            M::DiscoverySlow | M::KeysSlow | M::TokenSlow => Reply::Slow,
            M::DiscoveryRedirectsInside | M::KeysRedirectInside | M::TokenRedirectsInside => {
                Reply::Redirect(self.canary.clone())
            }
            M::DiscoveryNotJson | M::KeysNotJson | M::TokenNotJson => {
                Reply::Raw(200, "text/html", "<html>".to_owned())
            }
            M::TokenInvalidGrant => Reply::Json(
                400,
                json!({ "error": "invalid_grant", "error_description": "Too late" }),
            ),
            M::TokenDown => Reply::Raw(503, "text/html", "<html>".to_owned()),
            _ => return None,
        })
    }

    fn discovery(&self) -> Reply {
        use Misdeed as M;
        let at = |path: &str| format!("{}{path}", self.issuer);
        let mut document = json!({
            "issuer": self.issuer,
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "jwks_uri": at("/keys"),
            "userinfo_endpoint": at("/userinfo"),
            "end_session_endpoint": at("/end"),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self.key.algorithm(), "HS256", "none"],
            "token_endpoint_auth_methods_supported":
                ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "profile", "email", "groups"],
            "authorization_response_iss_parameter_supported": true,
            "backchannel_logout_supported": true,
            "backchannel_logout_session_supported": true,
        });
        for (name, value) in &self.says {
            document[name] = value.clone();
        }
        let mut set = |name: &str, value: Value| document[name] = value;
        match self.misdeed {
            Some(M::DiscoveryOfAnother) => set("issuer", "https://other.example".into()),
            Some(M::DiscoveryWithSlash) => set("issuer", at("/").into()),
            Some(M::DiscoveryWithoutIssuer) => set("issuer", Value::Null),
            Some(M::DiscoveryWithoutTokenEndpoint) => set("token_endpoint", Value::Null),
            Some(M::DiscoveryPlainEndpoint) => set("token_endpoint", "http://idp.example/token".into()),
            Some(M::DiscoveryEndpointWithUser) => set("jwks_uri", "https://a:b@idp.example/keys".into()),
            Some(M::DiscoveryScriptEndpoint) => set("authorization_endpoint", "javascript:alert(1)".into()),
            Some(M::DiscoveryWithoutCodeFlow) => set("response_types_supported", json!(["id_token"])),
            Some(M::DiscoveryWithoutS256) => set("code_challenge_methods_supported", json!(["plain"])),
            Some(M::DiscoveryHsOnly) => {
                set("id_token_signing_alg_values_supported", json!(["HS256", "none"]))
            }
            Some(M::DiscoveryIssuerTwice) => {
                let twice = document
                    .to_string()
                    .replacen('{', "{\"issuer\":\"https://other.example\",", 1);
                return Reply::Raw(200, "application/json", twice);
            }
            _ => {}
        }
        Reply::Json(200, document)
    }

    fn keys(&self) -> Reply {
        use Misdeed as M;
        let mut keys = self.published.clone();
        match self.misdeed {
            Some(M::KeysSymmetric) => keys = vec![json!({ "kty": "oct", "k": "c2VjcmV0", "kid": "k1" })],
            Some(M::KeysPrivate) => keys.iter_mut().for_each(|key| key["d"] = "AQAB".into()),
            Some(M::KeysWeak) => {
                let n = base64url([&[0x80; 128][..], &[1]].concat().split_off(1));
                keys = vec![json!({ "kty": "RSA", "n": n, "e": "AQAB", "kid": "k1" })];
            }
            Some(M::KeysAmbiguous) => keys.push(Key::p256(&self.key.kid).jwk()),
            Some(M::KeysTooMany) => keys = vec![keys[0].clone(); 101],
            _ => {}
        }
        Reply::Json(200, json!({ "keys": keys }))
    }

    /// What a provider does after the person signed in: back to the redirect URI.
    fn authorize(&mut self, params: &[(String, String)]) -> String {
        use Misdeed as M;
        let want = |name: &str| get(params, name).unwrap_or_default().to_owned();
        let mut back = Url::parse(&want("redirect_uri")).expect("a redirect URI");
        assert_eq!(want("response_type"), "code");
        assert_eq!(want("code_challenge_method"), "S256");
        assert!(want("scope").split(' ').any(|scope| scope == "openid"));
        self.counter += 1;
        let code = format!("code-{}-{}", self.counter, base64url([7; 20]));
        self.codes.insert(
            code.clone(),
            Pending {
                client_id: want("client_id"),
                redirect_uri: want("redirect_uri"),
                challenge: want("code_challenge"),
                nonce: want("nonce"),
                max_age: get(params, "max_age").is_some(),
            },
        );
        let mut answer = vec![
            ("code", code),
            ("state", want("state")),
            ("iss", self.issuer.clone()),
        ];
        match self.misdeed {
            Some(M::OtherState) => answer[1].1 = "another-state".to_owned(),
            Some(M::NoState) => drop(answer.remove(1)),
            Some(M::OtherIss) => answer[2].1 = "https://other.example".to_owned(),
            Some(M::MissingIss) => drop(answer.remove(2)),
            Some(M::TwoCodes) => answer.push(("code", "another".to_owned())),
            Some(M::AccessDenied) => answer[0] = ("error", "access_denied".to_owned()),
            Some(M::NoCode) => drop(answer.remove(0)),
            _ => {}
        }
        back.query_pairs_mut().extend_pairs(answer);
        back.into()
    }

    fn token(&mut self, request: &Request) -> Reply {
        let want = |name: &str| get(&request.params, name).unwrap_or_default().to_owned();
        let refuse = |error: &str| Reply::Json(400, json!({ "error": error }));
        let Some(client_id) = self.client_of(request) else {
            return Reply::Json(401, json!({ "error": "invalid_client" }));
        };
        // Taken out: a code works once.
        let Some(pending) = self.codes.remove(&want("code")) else {
            return refuse("invalid_grant");
        };
        let challenge = base64url(Sha256::digest(want("code_verifier")));
        let fits = pending.client_id == client_id
            && pending.redirect_uri == want("redirect_uri")
            && (self.lax || pending.challenge == challenge)
            && want("grant_type") == "authorization_code";
        if !fits {
            return refuse("invalid_grant");
        }
        let access_token = format!("access-{}", want("code"));
        let id_token = self.id_token(&pending, &access_token, &want("code"));
        let mut answer = json!({
            "access_token": access_token, "token_type": "Bearer", "expires_in": 300, "id_token": id_token,
        });
        match self.misdeed {
            Some(Misdeed::TokenTypeMac) => answer["token_type"] = "mac".into(),
            Some(Misdeed::TokenWithoutIdToken) => answer["id_token"] = Value::Null,
            _ => {}
        }
        Reply::Json(200, answer)
    }

    fn id_token(&self, pending: &Pending, access_token: &str, code: &str) -> String {
        let half = |value: &str| base64url(&Sha256::digest(value)[..16]);
        let mut claims = json!({
            "iss": self.issuer, "aud": pending.client_id, "nonce": pending.nonce, "sid": "s1",
            "iat": self.now, "exp": self.now + 300,
        });
        if ["RS256", "ES256"].contains(&self.key.algorithm()) {
            claims["at_hash"] = half(access_token).into();
            claims["c_hash"] = half(code).into();
        }
        if pending.max_age {
            claims["auth_time"] = self.now.into();
        }
        for (name, value) in self.person.as_object().expect("claims") {
            if !self.thin || name == "sub" {
                claims[name] = value.clone();
            }
        }
        spoilt_token(self.misdeed, &self.key, claims)
    }

    /// The client that proved itself as it must.
    fn client_of(&self, request: &Request) -> Option<String> {
        let form = |name: &str| get(&request.params, name).map(str::to_owned);
        let basic = request.authorization.as_deref().and_then(|header| {
            let pair = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
            let pair = String::from_utf8(pair).ok()?;
            let (user, password) = pair.split_once(':')?;
            let plain = |text: &str| {
                let text = format!("x={text}");
                let decoded = form_urlencoded::parse(text.as_bytes()).next();
                decoded.map(|(_, value)| value.into_owned())
            };
            Some((plain(user)?, plain(password)?))
        });
        match (&self.client, basic) {
            (Client::Public, None) => form("client_id"),
            (Client::Assertion, None) => form("client_assertion").and_then(|_| form("client_id")),
            (Client::Secret(secret), Some((user, password))) => (password == *secret).then_some(user),
            (Client::Secret(secret), None) => {
                (form("client_secret").as_ref() == Some(secret)).then(|| form("client_id"))?
            }
            _ => None,
        }
    }

    fn userinfo(&self, request: &Request) -> Reply {
        let bearer = request.authorization.as_deref().unwrap_or_default();
        if !bearer.starts_with("Bearer access-") {
            return Reply::Json(401, json!({ "error": "invalid_token" }));
        }
        let mut person = self.person.clone();
        match self.misdeed {
            Some(Misdeed::UserInfoOfAnother) => person["sub"] = "somebody-else".into(),
            Some(Misdeed::UserInfoSigned) => {
                return Reply::Raw(200, "application/jwt", self.key.jwt(&person));
            }
            _ => {}
        }
        Reply::Json(200, person)
    }
}

pub fn get<'p>(params: &'p [(String, String)], name: &str) -> Option<&'p str> {
    params
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

fn serve(mut stream: TcpStream, inside: &Mutex<Inside>) {
    let Some(request) = read_request(&mut stream) else {
        return;
    };
    let reply = {
        let mut inside = inside.lock().expect("the provider");
        if inside.down {
            return;
        }
        inside.answer(request)
    };
    let head = |status: u16, kind: &str, length: usize| {
        format!(
            "HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        )
    };
    let text = match reply {
        Reply::Json(status, body) => {
            let body = body.to_string();
            head(status, "application/json", body.len()) + &body
        }
        Reply::Raw(status, kind, body) => head(status, kind, body.len()) + &body,
        Reply::Redirect(to) => {
            format!("HTTP/1.1 302 x\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }
        Reply::Endless => {
            let start = "HTTP/1.1 200 x\r\nContent-Type: application/json\r\n\r\n{\"x\":\"";
            let _ = stream.write_all(start.as_bytes());
            while stream.write_all(&[b'x'; 65_536]).is_ok() {}
            return;
        }
        Reply::Slow => {
            thread::sleep(Duration::from_secs(20));
            return;
        }
    };
    let _ = stream.write_all(text.as_bytes());
}

/// The request line, the parameters of query and form, and the Authorization header.
fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let header = |name: &str| {
        head.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let length = header("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    let line = head.lines().next()?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut params: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    params.extend(form_urlencoded::parse(&body).into_owned());
    Some(Request {
        line: format!("{method} {path}"),
        params,
        authorization: header("authorization"),
    })
}
