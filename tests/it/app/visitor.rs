//! A browser without pictures: cookies, forms, and the headers that a browser sends by itself.

use std::sync::Arc;

use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::cookie::{CookieStore, Jar};
use reqwest::redirect::Policy;
use scraper::{Html, Selector};
use serde_json::Value;

/// Somebody with cookies of their own.
pub struct Visitor {
    pub base: String,
    pub client: Client,
    pub jar: Arc<Jar>,
}

/// What came back.
pub struct Page {
    pub status: u16,
    pub location: Option<String>,
    pub headers: reqwest::header::HeaderMap,
    pub body: Vec<u8>,
}

impl Visitor {
    pub fn new(base: &str) -> Self {
        let jar = Arc::new(Jar::default());
        let client = Client::builder()
            .cookie_provider(jar.clone())
            .redirect(Policy::none())
            .no_proxy()
            .tls_danger_accept_invalid_certs(true)
            .build()
            .expect("a client");
        Self {
            base: base.to_owned(),
            client,
            jar,
        }
    }

    pub fn get(&self, path: &str) -> Page {
        self.send(self.client.get(self.url(path)))
    }

    /// A form of our own page: browsers say so.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.send(
            self.client
                .post(self.url(path))
                .header("Sec-Fetch-Site", "same-origin")
                .form(fields),
        )
    }

    /// A form that another site sent.
    pub fn post_from_elsewhere(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let request = self.client.post(self.url(path));
        self.send(
            request
                .header("Sec-Fetch-Site", "cross-site")
                .header("Origin", "https://evil.example")
                .form(fields),
        )
    }

    pub fn send(&self, request: RequestBuilder) -> Page {
        Page::read(request.send().expect("an answer"))
    }

    pub fn url(&self, path: &str) -> String {
        if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base)
        }
    }

    /// `/api/v1/me`: who the server thinks this is.
    pub fn me(&self) -> Option<Value> {
        let page = self.get("/api/v1/me");
        match page.status {
            200 => Some(page.json()),
            401 => None,
            other => panic!("/api/v1/me answered {other}: {}", page.text()),
        }
    }

    /// The e-mail of who is signed in.
    pub fn email(&self) -> Option<String> {
        self.me()
            .map(|me| me["email"].as_str().expect("an e-mail").to_owned())
    }

    /// The value of one of this browser's cookies.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let url = self.base.parse().expect("an address");
        let all = self.jar.cookies(&url)?;
        let all = all.to_str().expect("text").to_owned();
        let mut pairs = all.split("; ").filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.to_owned())
    }

    /// Puts a cookie into this browser, as an attacker or a test does.
    pub fn plant(&self, name: &str, value: &str) {
        self.jar.add_cookie_str(
            &format!("{name}={value}; Path=/"),
            &self.base.parse().expect("an address"),
        );
    }
}

impl Page {
    pub(super) fn read(response: Response) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let location = headers
            .get("location")
            .map(|l| l.to_str().expect("text").to_owned());
        let body = response.bytes().expect("a body").to_vec();
        Self {
            status,
            location,
            headers,
            body,
        }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("text"))
    }

    /// Where the redirect goes; fails when it is none.
    pub fn to(&self) -> &str {
        assert_eq!(self.status, 303, "not a redirect: {}", self.text());
        self.location.as_deref().expect("a location")
    }

    fn html(&self) -> Html {
        Html::parse_document(&self.text())
    }

    /// The text of every element that the selector finds, white space folded.
    pub fn all(&self, selector: &str) -> Vec<String> {
        let selector = Selector::parse(selector).expect("a selector");
        let fold = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.html()
            .select(&selector)
            .map(|element| fold(element.text().collect()))
            .collect()
    }

    /// An attribute of every element that the selector finds.
    pub fn attributes(&self, selector: &str, name: &str) -> Vec<String> {
        let selector = Selector::parse(selector).expect("a selector");
        let html = self.html();
        html.select(&selector)
            .filter_map(|e| e.attr(name))
            .map(str::to_owned)
            .collect()
    }

    /// The page's one heading.
    pub fn heading(&self) -> String {
        let headings = self.all("h1");
        assert_eq!(headings.len(), 1, "{headings:?}");
        headings[0].clone()
    }

    /// The reference that the page shows to the person.
    pub fn reference(&self) -> String {
        let found = self.all(".mono, [data-value]");
        let is_reference = |t: &&String| t.len() == 9 && t.as_bytes()[4] == b'-';
        found
            .iter()
            .find(is_reference)
            .unwrap_or_else(|| panic!("no reference in {}", self.text()))
            .clone()
    }
}
