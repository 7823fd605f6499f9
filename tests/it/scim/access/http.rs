//! SCIM's edge: sizes, times, kinds of content, spellings of addresses, and errors that are SCIM whatever happens.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::json;

use super::assert_scim_error;
use crate::app::{Raw, ScimClient, TestApp, ask, ask_in_parts};

/// Far more than it takes, and far less than what grows with the square would: how fast it is, the bench tells.
const QUICK: Duration = Duration::from_secs(8);

fn raw(app: &TestApp, client: &ScimClient, line: &str, more: &str) -> Raw {
    let (host, token) = (app.address, &client.token);
    let head = format!(
        "{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n{more}\r\n"
    );
    ask(app.address, head.as_bytes())
}

fn assert_raw_error(answer: &Raw, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.head);
    let kind = answer.header("content-type").unwrap_or_default();
    assert!(kind.starts_with("application/scim+json"), "{what}: {kind}");
    assert!(
        answer.text().contains("\"detail\":\""),
        "{what}: {}",
        answer.text()
    );
}

#[test]
fn whatever_is_wrong_is_told_as_a_scim_error() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    for path in [
        "/scim",
        "/scim/",
        "/scim/okta",
        "/scim/okta/",
        "/scim/okta/v1/Users",
        "/scim/okta/v2x",
    ] {
        let answer = raw(&app, &okta, &format!("GET {path}"), "");
        match path {
            // Not below `/scim/`: an ordinary page that is not there.
            "/scim" => assert_eq!(answer.status, 404),
            _ => assert_raw_error(&answer, 404, path),
        }
    }
    for (method, path, allowed) in [
        ("OPTIONS", "Users", "GET, HEAD, POST"),
        ("TRACE", "Users", "GET, HEAD, POST"),
        ("LOCK", "Users/x", "GET, HEAD, PUT, PATCH, DELETE"),
        ("BREW", "Bulk", "POST"),
        ("PROPFIND", "", "GET, HEAD"),
        ("DELETE", "Users", "GET, HEAD, POST"),
        ("POST", "ServiceProviderConfig", "GET, HEAD"),
        ("GET", "Groups/.search", "POST"),
    ] {
        let answer = raw(&app, &okta, &format!("{method} /scim/okta/v2/{path}"), "");
        assert_raw_error(&answer, 405, method);
        assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
        assert!(
            answer.text().contains("This address answers"),
            "{}",
            answer.text()
        );
    }
    assert_raw_error(
        &raw(&app, &okta, "OPTIONS /scim/okta/v2/Nothing", ""),
        404,
        "OPTIONS",
    );
    let head = "GET /scim/okta/v2/Users HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    assert_raw_error(&ask(app.address, head.as_bytes()), 421, "another host");
    let page = okta.send(
        okta.request("POST", "/Users")
            .header("Sec-Fetch-Site", "cross-site"),
    );
    assert_scim_error(&page, 403, "a browser's form");
}

#[test]
fn before_the_first_run_scim_says_so() {
    let app = TestApp::fresh();
    let okta = ScimClient::new(&app.base, "okta", "x");
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        assert_scim_error(&okta.raw(method, "/Users", None), 503, method);
    }
}

#[test]
fn a_body_is_json_of_at_most_a_megabyte() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let body = json!({ "userName": "a".repeat(1_100_000) }).to_string();
    for method in ["POST", "PUT", "PATCH"] {
        let began = Instant::now();
        let page = okta.raw(method, "/Users/x", Some(body.as_bytes()));
        assert_scim_error(&page, 413, method);
        assert!(began.elapsed() < QUICK, "{method} took {:?}", began.elapsed());
    }
    // Chunked: nothing says beforehand how much it will be.
    let answer = ask_in_parts(app.address, |stream| {
        let (host, token) = (app.address, &okta.token);
        write!(
            stream,
            "POST /scim/okta/v2/Users HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
             Transfer-Encoding: chunked\r\n\r\n"
        )?;
        let chunk = [b'x'; 64 * 1024];
        for _ in 0..18 {
            write!(stream, "10000\r\n")?;
            stream.write_all(&chunk)?;
            write!(stream, "\r\n")?;
        }
        Ok(())
    });
    assert_raw_error(&answer, 413, "chunked");
    for kind in [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "text/xml",
        "text/plain",
        "application/octet-stream",
    ] {
        let request = okta
            .request("POST", "/Users")
            .header("Content-Type", kind)
            .body("{}");
        assert_scim_error(&okta.send(request), 415, kind);
    }
    let request = okta
        .request("POST", "/Users")
        .header("Content-Encoding", "gzip")
        .body("{}");
    assert_scim_error(&okta.send(request), 415, "gzip");
    app.flush_scim_log();
    let kept = "SELECT count(*) FROM scim_requests WHERE status IN (413, 415) AND credential_id IS NOT NULL";
    assert_eq!(app.count(kept), 3 + 1 + 6 + 1, "whoever was let in leaves a row");
    for kind in [
        None,
        Some("application/scim+json"),
        Some("application/scim+json; charset=utf-8"),
        Some("application/json"),
        Some("Application/JSON;charset=UTF-8"),
        Some("text/json"),
    ] {
        let body = json!({ "userName": format!("bob-{kind:?}@example.com") }).to_string();
        let mut request = okta.request("POST", "/Users").body(body);
        if let Some(kind) = kind {
            request = request.header("Content-Type", kind);
        }
        let page = okta.send(request);
        assert!(page.status < 300, "{kind:?}: {} {}", page.status, page.text());
    }
}

#[test]
fn addresses_are_taken_as_identity_providers_spell_them() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    for target in [
        "/Users?filter=userName+eq+%22nobody%22&",
        "/Users?filter=userName%20eq%20%22nobody%22",
        "/Users/?filter=userName+eq+%22nobody%22",
        "//Users?filter=userName+eq+%22nobody%22",
        "/Users?aadOptscim062020&filter=userName+eq+%22nobody%22",
        "/Users?aadOptscim062020=&count=1&startIndex=1&filter=userName+eq+%22nobody%22",
        "/%55sers?filter=userName+eq+%22nobody%22",
    ] {
        let answer = raw(&app, &okta, &format!("GET /scim/okta/v2{target}"), "");
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        assert!(
            answer.text().contains("\"totalResults\":0"),
            "{target}: {}",
            answer.text()
        );
    }
    let answer = raw(&app, &okta, "GET /scim/okta/v2/Users?", "");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let kind = answer.header("content-type").unwrap_or_default();
    assert!(kind.starts_with("application/scim+json"), "{kind}");
    let head = raw(&app, &okta, "HEAD /scim/okta/v2/Users", "");
    assert_eq!((head.status, head.body.len()), (200, 0), "{}", head.head);
    for id in ["a%2Fb", "..%2F..%2Fadmin", "%2e%2e", "a%00b", "%ff", "%", "a%20b"] {
        let answer = raw(&app, &okta, &format!("GET /scim/okta/v2/Users/{id}"), "");
        assert_raw_error(&answer, 404, id);
    }
}

#[test]
fn hostile_bodies_are_refused_at_once() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let deep = |open: &str, close: &str| {
        let (open, close) = (open.repeat(100_000), close.repeat(100_000));
        format!("{{\"userName\":\"x\",\"a\":{open}{close}}}").into_bytes()
    };
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("arrays in arrays", deep("[", "]")),
        (
            "objects in objects",
            format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000)).into_bytes(),
        ),
        (
            "a key twice",
            br#"{"userName":"a@example.com","userName":"b@example.com"}"#.to_vec(),
        ),
        (
            "a key twice, in another case",
            br#"{"userName":"a@example.com","USERNAME":"b@example.com"}"#.to_vec(),
        ),
        ("bad UTF-8", b"{\"userName\":\"\xff\xfe\"}".to_vec()),
        ("1e400", br#"{"userName":"a@example.com","x":1e400}"#.to_vec()),
        ("NUL", br#"{"userName":"a\u0000@example.com"}"#.to_vec()),
        ("a lone surrogate", br#"{"userName":"\ud800"}"#.to_vec()),
        ("NaN", br#"{"userName":NaN}"#.to_vec()),
        ("half", br#"{"userName":"#.to_vec()),
        (
            "something behind it",
            br#"{"userName":"a@example.com"}{}"#.to_vec(),
        ),
        ("an array", b"[]".to_vec()),
        ("nothing", Vec::new()),
        ("100,000 keys twice", {
            let keys: Vec<String> = (0..50_000).map(|n| format!("\"k{}\":1", n % 25_000)).collect();
            format!("{{{}}}", keys.join(",")).into_bytes()
        }),
    ];
    for (what, body) in bodies {
        for (method, path) in [
            ("POST", "/Users"),
            ("POST", "/Groups"),
            ("POST", "/Bulk"),
            ("POST", "/.search"),
        ] {
            let began = Instant::now();
            let page = okta.raw(method, path, Some(&body));
            assert_scim_error(&page, 400, &format!("{what} to {path}"));
            assert!(began.elapsed() < QUICK, "{what} took {:?}", began.elapsed());
        }
    }
    assert_eq!(
        app.count("SELECT count(*) FROM directory_users WHERE claimed = 1"),
        0
    );
}
