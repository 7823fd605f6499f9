//! The files beside the pages: styles, the one script, the mark. Built into the binary, named by their content.
//!
//! ```ignore
//! assets::asset("app.js")                  // "/assets/app.1f0c22ab.js"; templates: {{ shell.asset("app.js") }}
//! App::new().configure(assets::routes)     // /assets/{file}, /favicon.svg, /favicon.ico
//! ```
//!
//! An address changes when the bytes change, so browsers may keep a file for ever.

use std::io::Write;
use std::sync::OnceLock;

use actix_web::http::Method;
use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, ETAG, HeaderMap, IF_NONE_MATCH, VARY,
};
use actix_web::{HttpRequest, HttpResponse, Route, web};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
    /// First eight hex digits of the SHA-256 of `bytes`.
    hash: String,
    gzip: OnceLock<Vec<u8>>,
}

macro_rules! files {
    ($($name:literal: $type:literal),* $(,)?) => {
        [$(($name, $type, include_bytes!(concat!("../../static/", $name)).as_slice())),*]
    };
}

fn all() -> &'static [Asset] {
    static ALL: OnceLock<Vec<Asset>> = OnceLock::new();
    ALL.get_or_init(|| {
        files! {
            "tokens.css": "text/css; charset=utf-8",
            "base.css": "text/css; charset=utf-8",
            "components.css": "text/css; charset=utf-8",
            "app.js": "text/javascript; charset=utf-8",
            "mark.svg": "image/svg+xml",
            "app-logo.png": "image/png",
        }
        .into_iter()
        .map(|(name, content_type, bytes)| {
            let hash = Sha256::digest(bytes)
                .iter()
                .take(4)
                .map(|byte| format!("{byte:02x}"))
                .collect();
            Asset {
                name,
                content_type,
                bytes,
                hash,
                gzip: OnceLock::new(),
            }
        })
        .collect()
    })
}

impl Asset {
    /// `app.1f0c22ab.js`
    fn file_name(&self) -> String {
        match self.name.rsplit_once('.') {
            Some((stem, extension)) => format!("{stem}.{}.{extension}", self.hash),
            None => self.name.into(),
        }
    }

    /// The packed bytes, or none where packing gains nothing.
    fn gzipped(&self) -> Option<&[u8]> {
        let packed = self.gzip.get_or_init(|| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            encoder
                .write_all(self.bytes)
                .and_then(|()| encoder.finish())
                .unwrap_or_default()
        });
        (!packed.is_empty() && packed.len() < self.bytes.len()).then_some(packed)
    }

    fn answer(&self, headers: &HeaderMap, cache: &'static str) -> HttpResponse {
        let packed = self.gzipped().filter(|_| accepts_gzip(headers));
        // Two encodings are two representations: each has its own tag.
        let tag = format!("\"{}{}\"", self.hash, if packed.is_some() { "-gz" } else { "" });
        let mut response = if matches(headers, &tag) {
            HttpResponse::NotModified()
        } else {
            HttpResponse::Ok()
        };
        response
            .insert_header((CACHE_CONTROL, cache))
            .insert_header((ETAG, tag.clone()));
        response.insert_header((VARY, "Accept-Encoding"));
        if matches(headers, &tag) {
            return response.finish();
        }
        response.content_type(self.content_type);
        match packed {
            Some(bytes) => response
                .insert_header((CONTENT_ENCODING, "gzip"))
                .body(web::Bytes::copy_from_slice(bytes)),
            None => response.body(web::Bytes::from_static(self.bytes)),
        }
    }
}

/// The address of a file of `static/`.
///
/// # Panics
/// When there is no such file: a page that names one fails in its first test.
pub fn asset(name: &str) -> String {
    let found = all().iter().find(|asset| asset.name == name);
    format!(
        "/assets/{}",
        found
            .unwrap_or_else(|| panic!("static/ has no {name}"))
            .file_name()
    )
}

/// The bytes of a file of `static/`, for a download under another name.
pub fn bytes(name: &str) -> Option<&'static [u8]> {
    all()
        .iter()
        .find(|asset| asset.name == name)
        .map(|asset| asset.bytes)
}

/// Adds the routes to an application.
pub fn routes(app: &mut web::ServiceConfig) {
    let readable = |path, reader: fn() -> Route| {
        web::resource::<&str>(path)
            .route(reader().method(Method::GET))
            .route(reader().method(Method::HEAD))
    };
    app.service(readable("/assets/{file}", || web::route().to(file)))
        .service(readable("/favicon.svg", || web::route().to(favicon)))
        .service(readable("/favicon.ico", || web::route().to(favicon)));
}

async fn file(request: HttpRequest, wanted: web::Path<String>) -> HttpResponse {
    match all().iter().find(|asset| asset.file_name() == *wanted) {
        Some(asset) => asset.answer(request.headers(), "public, max-age=31536000, immutable"),
        None => HttpResponse::NotFound()
            .content_type("text/plain; charset=utf-8")
            .body("No such file.\n"),
    }
}

/// Browsers ask for these two by themselves; their names cannot carry a hash.
async fn favicon(request: HttpRequest) -> HttpResponse {
    match all().iter().find(|asset| asset.name == "mark.svg") {
        Some(mark) => mark.answer(request.headers(), "public, max-age=86400"),
        None => HttpResponse::NotFound().finish(),
    }
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT_ENCODING)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|offer| {
            let (coding, quality) = offer.split_once(';').unwrap_or((offer, ""));
            let refused = quality
                .trim()
                .strip_prefix("q=")
                .is_some_and(|q| q.parse() == Ok(0.0));
            matches!(coding.trim(), "gzip" | "*") && !refused
        })
}

fn matches(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|list| {
            list.split(',')
                .map(str::trim)
                .any(|known| known == "*" || known.trim_start_matches("W/") == tag)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::StatusCode;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use actix_web::{App, dev::ServiceResponse};

    async fn ask(request: TestRequest) -> ServiceResponse {
        let app = init_service(App::new().configure(routes)).await;
        call_service(&app, request.to_request()).await
    }

    fn text<'a>(response: &'a ServiceResponse, name: &str) -> &'a str {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    #[actix_web::test]
    async fn a_file_is_kept_for_ever_under_the_name_of_its_bytes() {
        let response = ask(TestRequest::get().uri(&asset("base.css"))).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            text(&response, "cache-control"),
            "public, max-age=31536000, immutable"
        );
        assert_eq!(text(&response, "content-type"), "text/css; charset=utf-8");
        assert_eq!(text(&response, "vary"), "Accept-Encoding");
        assert_eq!(
            read_body(response).await,
            include_bytes!("../../static/base.css").as_slice()
        );
        assert_eq!(
            ask(TestRequest::get().uri("/assets/base.00000000.css"))
                .await
                .status(),
            StatusCode::NOT_FOUND
        );
    }

    #[actix_web::test]
    async fn gzip_goes_only_to_those_who_take_it() {
        let with = |offer| {
            TestRequest::get()
                .uri(&asset("base.css"))
                .insert_header((ACCEPT_ENCODING, offer))
        };
        for offer in ["gzip", "br, gzip;q=0.5", "*"] {
            assert_eq!(
                text(&ask(with(offer)).await, "content-encoding"),
                "gzip",
                "{offer}"
            );
        }
        for offer in ["br", "gzip;q=0", "identity, gzip; q=0.0"] {
            assert_eq!(text(&ask(with(offer)).await, "content-encoding"), "", "{offer}");
        }
    }

    #[actix_web::test]
    async fn a_known_tag_is_answered_without_bytes() {
        let tag = text(&ask(TestRequest::get().uri("/favicon.svg")).await, "etag").to_owned();
        let again = TestRequest::get()
            .uri("/favicon.ico")
            .insert_header((IF_NONE_MATCH, format!("W/{tag}, \"x\"")));
        let response = ask(again).await;
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert!(read_body(response).await.is_empty());
    }

    #[actix_web::test]
    async fn head_works_and_nothing_else() {
        let head = ask(TestRequest::with_uri(&asset("app.js")).method(Method::HEAD)).await;
        assert_eq!(head.status(), StatusCode::OK);
        let post = ask(TestRequest::post().uri(&asset("app.js"))).await;
        assert!(post.status().is_client_error(), "{}", post.status());
    }
}
