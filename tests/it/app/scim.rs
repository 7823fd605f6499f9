//! A SCIM client in a test: a connection with provisioning on, and a bearer token for it.

use doorward::flows::credentials::{self, Made};
use doorward::flows::{Who, provision};
use doorward::web::server::block_on;
use reqwest::blocking::{Client, RequestBuilder};
use reqwest::redirect::Policy;
use serde_json::Value;

use super::{Page, TestApp};

/// Sends requests as an identity provider does: no cookies, a token, SCIM JSON.
pub struct ScimClient {
    /// The SCIM base URL, such as `http://127.0.0.1:1234/scim/okta/v2`.
    pub base: String,
    pub slug: String,
    pub token: String,
    pub client: Client,
}

impl TestApp {
    /// A client of the connection, which is made with provisioning on when there is none.
    pub fn scim(&self, slug: &str) -> ScimClient {
        self.scim_with(slug, "")
    }

    /// As `scim`; `more` is appended to `[connection.scim]`.
    pub fn scim_with(&self, slug: &str, more: &str) -> ScimClient {
        self.apply(&format!(
            "[[connection]]\nslug = {slug:?}\n[connection.scim]\nenabled = true\nsync = \"automatic\"\n{more}\n"
        ));
        let token = self.bearer(slug, None).secret;
        ScimClient::new(&self.base, slug, &token)
    }

    /// A bearer token of this connection, by way of the flow; `lifetime` in milliseconds.
    pub fn bearer(&self, slug: &str, lifetime: Option<i64>) -> Made {
        let slug = slug.to_owned();
        let made = self.ctx.act(Who::Command("test"), move |act| {
            credentials::make_bearer(act, &slug, "test", lifetime)
        });
        block_on(made).expect("a token")
    }

    /// Ends a credential.
    pub fn revoke(&self, slug: &str, made: &Made) {
        let (slug, id) = (slug.to_owned(), made.id);
        let done = self.ctx.act(Who::Command("test"), move |act| {
            credentials::revoke(act, &slug, id)
        });
        block_on(done).expect("an end");
    }

    /// Writes down what waits for the log.
    pub fn flush_scim_log(&self) {
        block_on(provision::log::flush(&self.ctx)).expect("a log");
    }
}

impl ScimClient {
    pub fn new(base: &str, slug: &str, token: &str) -> Self {
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .danger_accept_invalid_certs(true)
            .build()
            .expect("a client");
        Self {
            base: format!("{base}/scim/{slug}/v2"),
            slug: slug.to_owned(),
            token: token.to_owned(),
            client,
        }
    }

    pub fn get(&self, path: &str) -> Page {
        self.raw("GET", path, None)
    }

    pub fn post(&self, path: &str, body: &Value) -> Page {
        self.raw("POST", path, Some(body.to_string().as_bytes()))
    }

    pub fn put(&self, path: &str, body: &Value) -> Page {
        self.raw("PUT", path, Some(body.to_string().as_bytes()))
    }

    pub fn patch(&self, path: &str, body: &Value) -> Page {
        self.raw("PATCH", path, Some(body.to_string().as_bytes()))
    }

    pub fn delete(&self, path: &str) -> Page {
        self.raw("DELETE", path, None)
    }

    /// These very bytes as the body, sent as SCIM JSON.
    pub fn raw(&self, method: &str, path: &str, body: Option<&[u8]>) -> Page {
        let request = self.request(method, path);
        Page::read(send(match body {
            Some(body) => request
                .header("Content-Type", "application/scim+json")
                .body(body.to_vec()),
            None => request,
        }))
    }

    /// A request with the token, to be finished and sent with `send`. `path` is what stands behind the base URL.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = method.parse().expect("a method");
        let address = format!("{}{path}", self.base);
        self.client
            .request(method, address)
            .header("Authorization", format!("Bearer {}", self.token))
    }

    pub fn send(&self, request: RequestBuilder) -> Page {
        Page::read(send(request))
    }
}

fn send(request: RequestBuilder) -> reqwest::blocking::Response {
    request.send().expect("an answer")
}
