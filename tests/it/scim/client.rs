//! A SCIM client for tests: sends what it is told and holds every answer to what all answers must be.
#![allow(dead_code, reason = "every test uses a part of it")]

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
pub const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// Somebody who talks SCIM to one connection.
#[derive(Clone)]
pub struct Client {
    http: reqwest::blocking::Client,
    /// With `/scim/{slug}/v2`.
    pub base: String,
    pub headers: Vec<(String, String)>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// `Null` when there is no body.
    pub body: Value,
}

impl Client {
    pub fn new(base: &str, authorization: &str) -> Self {
        let http = reqwest::blocking::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(std::time::Duration::from_secs(60))
            .build()
            .expect("a client");
        let mut headers = vec![("Content-Type".to_owned(), "application/scim+json".to_owned())];
        if !authorization.is_empty() {
            headers.push(("Authorization".to_owned(), authorization.to_owned()));
        }
        Self {
            http,
            base: base.to_owned(),
            headers,
        }
    }

    /// The same with this header set, or, when empty, left out.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other
            .headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        if !value.is_empty() {
            other.headers.push((name.to_owned(), value.to_owned()));
        }
        other
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None)
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, Some(body.to_string().into_bytes()))
    }

    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, Some(body.to_string().into_bytes()))
    }

    pub fn patch(&self, path: &str, operations: Value) -> Answer {
        let body = serde_json::json!({"schemas": [PATCH_OP], "Operations": operations});
        self.send("PATCH", path, Some(body.to_string().into_bytes()))
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None)
    }

    /// Any request; the answer is checked before it is given back.
    pub fn send(&self, method: &str, path: &str, body: Option<Vec<u8>>) -> Answer {
        self.try_send(method, path, body)
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// As `send`, for whoever expects the server to go away.
    pub fn try_send(&self, method: &str, path: &str, body: Option<Vec<u8>>) -> reqwest::Result<Answer> {
        let method: Method = method.parse().expect("a method");
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            let about_body = name.eq_ignore_ascii_case("content-type");
            if !about_body || body.is_some() {
                request = request.header(name, value);
            }
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let answer = request.send()?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text()?;
        let body = match text.is_empty() {
            true => Value::Null,
            false => serde_json::from_str(&text)
                .unwrap_or_else(|e| panic!("{method} {path}: {e}: {status} {text}")),
        };
        let answer = Answer {
            status,
            headers,
            text,
            body,
        };
        if let Some(fault) = answer.fault() {
            panic!("{method} {path}: {fault}: {status} {}", answer.text);
        }
        Ok(answer)
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Fails with the body when the status is another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// The SCIM id of the resource.
    #[track_caller]
    pub fn id(&self) -> String {
        let id = self.body["id"].as_str();
        id.unwrap_or_else(|| panic!("no id: {} {}", self.status, self.text))
            .to_owned()
    }

    pub fn scim_type(&self) -> &str {
        self.body["scimType"].as_str().unwrap_or_default()
    }

    pub fn detail(&self) -> &str {
        self.body["detail"].as_str().unwrap_or_default()
    }

    /// What is wrong with the answer whatever was asked.
    fn fault(&self) -> Option<String> {
        let fault = |what: &str| Some(what.to_owned());
        if self.status >= 500 && self.status != 501 {
            return fault("the server broke");
        }
        if self.body.is_null() {
            let may = matches!(self.status, 204 | 304);
            return if may { None } else { fault("no body") };
        }
        if self.status == 204 {
            return fault("204 with a body");
        }
        if !self.header("content-type").starts_with("application/scim+json") {
            return fault("not application/scim+json");
        }
        if has_key(&self.body, "password") {
            return fault("a password in the answer");
        }
        if self.status >= 400 {
            return self.error_fault();
        }
        self.resource_fault()
    }

    fn error_fault(&self) -> Option<String> {
        let body = &self.body;
        if body["schemas"] != serde_json::json!([ERROR]) {
            return Some("an error without the error schema".to_owned());
        }
        if body["status"] != serde_json::json!(self.status.to_string()) {
            return Some("the error's status is not the answer's, as text".to_owned());
        }
        if self.detail().len() < 10 {
            return Some("an error without a detail that helps".to_owned());
        }
        if self.status == 401 && self.header("www-authenticate").is_empty() {
            return Some("401 without WWW-Authenticate".to_owned());
        }
        None
    }

    fn resource_fault(&self) -> Option<String> {
        let meta = &self.body["meta"];
        if !self.body["schemas"].is_array() {
            return Some("no schemas".to_owned());
        }
        if self.status == 201 {
            let location = self.header("location");
            if location.is_empty() || meta["location"] != location {
                return Some(format!("Location {location:?} is not meta.location"));
            }
        }
        let (etag, version) = (self.header("etag"), meta["version"].as_str());
        if version.is_some_and(|version| !etag.is_empty() && version != etag) {
            return Some(format!("ETag {etag:?} is not meta.version"));
        }
        None
    }
}

fn has_key(value: &Value, name: &str) -> bool {
    match value {
        Value::Object(map) => map
            .iter()
            .any(|(key, value)| key.eq_ignore_ascii_case(name) || has_key(value, name)),
        // A schema that declares the attribute has it as a value, not as a key.
        Value::Array(items) => items.iter().any(|item| has_key(item, name)),
        _ => false,
    }
}
