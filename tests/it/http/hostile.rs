//! Bodies and heads that nobody decent sends: answered quickly with a page, or cut off, and the next visitor is
//! served as before.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};

use crate::app::{Page, Raw, TestApp, ask, ask_in_parts};

const FORM: &str = "application/x-www-form-urlencoded";

fn app() -> TestApp {
    let app = TestApp::start();
    // "restart" would send whatever is XML back to the identity provider.
    app.connect("okta", "unsolicited = \"refuse\"");
    app
}

/// The server answers others, and keeps no session that it should not have.
fn is_well(app: &TestApp) {
    let page = app.visitor().get("/login");
    assert_eq!((page.status, page.heading().as_str()), (200, "Sign in"));
    assert_eq!(app.count("SELECT count(*) FROM sessions"), 0);
}

fn post(app: &TestApp, path: &str, content_type: &str, body: Vec<u8>) -> Page {
    let visitor = app.visitor();
    let request = visitor
        .client
        .post(visitor.url(path))
        .header("Sec-Fetch-Site", "same-origin");
    visitor.send(request.header("Content-Type", content_type).body(body))
}

/// A refusal that a person can read: one heading, a way out, nothing of what was sent.
fn is_a_page(page: &Page, what: &str) {
    assert!((400..500).contains(&page.status), "{what}: {}", page.status);
    assert!(!page.heading().is_empty(), "{what}");
    assert!(!page.all("main a").is_empty(), "{what}: no way out");
    for inside in [
        "SAMLResponse",
        "serde",
        "panicked",
        "rusqlite",
        "missing field",
        "Parse error",
    ] {
        assert!(
            !page.text().contains(inside),
            "{what} shows {inside}: {}",
            page.text()
        );
    }
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'none'"),
        "{what}"
    );
}

fn response(xml: &str) -> Vec<u8> {
    let field = STANDARD.encode(xml);
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("SAMLResponse", &field)
        .finish()
        .into_bytes()
}

const OPEN: &str = "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"";

/// Documents that cost much when they are believed; most fit into the limit on purpose.
fn documents() -> Vec<(&'static str, String)> {
    let attributes = |count: usize| (0..count).map(|n| format!(" a{n}=\"\"")).collect::<String>();
    let namespaces = |count: usize| {
        (0..count)
            .map(|n| format!(" xmlns:n{n}=\"u\""))
            .collect::<String>()
    };
    let deep = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    let entities = "<!DOCTYPE a [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>";
    let within = |inside: &str| format!("{OPEN}>{inside}</samlp:Response>");
    vec![
        ("10k attributes", format!("{OPEN}{}/>", attributes(10_000))),
        ("100k attributes", format!("{OPEN}{}/>", attributes(100_000))),
        ("10k namespaces", format!("{OPEN}{}/>", namespaces(10_000))),
        ("50k namespaces", format!("{OPEN}{}/>", namespaces(50_000))),
        ("depth 10k", within(&deep(10_000))),
        (
            "depth 30k, never closed",
            format!("{OPEN}>{}", "<a>".repeat(30_000)),
        ),
        ("entities", format!("{entities}{}", within("&b;"))),
        (
            "an outside entity",
            format!(
                "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{}",
                within("&x;")
            ),
        ),
        ("one long name", format!("<{}/>", "a".repeat(150_000))),
        (
            "one long value",
            format!("{OPEN} ID=\"{}\"/>", "a".repeat(150_000)),
        ),
        ("comments", within(&"<!---->".repeat(20_000))),
        ("processing instructions", within(&"<?a?>".repeat(20_000))),
        ("elements", within(&"<a/>".repeat(40_000))),
        ("NULs", within("\0\0\0")),
        ("no XML", "hello".to_owned()),
        ("nothing", String::new()),
        (
            "another document",
            "<html xmlns=\"http://www.w3.org/1999/xhtml\"/>".to_owned(),
        ),
    ]
}

#[test]
fn documents_that_cost_much_are_refused_quickly() {
    let app = app();
    for (what, xml) in documents() {
        let began = Instant::now();
        let page = post(&app, "/sso/okta/acs", FORM, response(&xml));
        let took = began.elapsed();
        is_a_page(&page, what);
        assert!(took < Duration::from_secs(8), "{what} took {took:?}");
        assert!(!page.text().contains("root:"), "{what}");
    }
    is_well(&app);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("packed");
    encoder.finish().expect("packed")
}

#[test]
fn bodies_of_the_wrong_shape_get_a_page() {
    let app = app();
    let good = response("<x/>");
    let twice = [good.clone(), b"&".to_vec(), good.clone()].concat();
    let cases: Vec<(&str, &str, Vec<u8>)> = vec![
        ("no content type", "", good.clone()),
        ("JSON", "application/json", b"{\"SAMLResponse\":\"x\"}".to_vec()),
        ("XML", "text/xml", b"<x/>".to_vec()),
        ("multipart", "multipart/form-data; boundary=x", b"--x--".to_vec()),
        (
            "another charset",
            "application/x-www-form-urlencoded; charset=utf-7",
            good.clone(),
        ),
        (
            "no charset at all",
            "application/x-www-form-urlencoded; charset=nonsense",
            good.clone(),
        ),
        ("nothing", FORM, Vec::new()),
        ("another field", FORM, b"SAMLRequest=x".to_vec()),
        ("twice the field", FORM, twice),
        ("an empty field", FORM, b"SAMLResponse=".to_vec()),
        ("no base64", FORM, b"SAMLResponse=%%%%".to_vec()),
        ("NULs", FORM, b"SAMLResponse=%00%00&\0=\0".to_vec()),
        (
            "no UTF-8",
            FORM,
            b"SAMLResponse=\xff\xfe&RelayState=%ff%fe".to_vec(),
        ),
        ("100k pairs", FORM, b"a=b&".repeat(100_000)),
        ("one long name", FORM, b"a".repeat(900_000)),
        ("too much", FORM, b"a".repeat(1_100_000)),
    ];
    for (what, content_type, body) in cases {
        let began = Instant::now();
        let page = post(&app, "/sso/okta/acs", content_type, body);
        is_a_page(&page, what);
        assert!(
            began.elapsed() < Duration::from_secs(8),
            "{what} took {:?}",
            began.elapsed()
        );
    }
    for path in ["/login", "/setup", "/sso/none/acs"] {
        for body in [
            b"\xff\0%00=%ff&&&===".to_vec(),
            b"a=b&".repeat(15_000),
            b"x".repeat(60_000),
        ] {
            let page = post(&app, path, FORM, body);
            assert!(page.status < 500, "{path}: {}", page.status);
        }
        assert!(
            matches!(post(&app, path, FORM, b"x".repeat(2_000_000)).status, 413 | 404),
            "{path}"
        );
    }
    is_well(&app);
}

#[test]
fn a_packed_body_is_not_unpacked() {
    let app = app();
    let bomb = gzip(&vec![b'a'; 300_000_000]);
    assert!(bomb.len() < 1_000_000);
    for encoding in ["gzip", "deflate", "br", "gzip, gzip"] {
        let visitor = app.visitor();
        let began = Instant::now();
        let request = visitor
            .client
            .post(visitor.url("/sso/okta/acs"))
            .header("Content-Type", FORM);
        let page = visitor.send(request.header("Content-Encoding", encoding).body(bomb.clone()));
        is_a_page(&page, encoding);
        assert!(
            began.elapsed() < Duration::from_secs(8),
            "{encoding} took {:?}",
            began.elapsed()
        );
    }
    let packed = gzip(b"SAMLResponse=eA");
    is_a_page(
        &post(&app, "/sso/okta/acs", FORM, packed),
        "packed, and nobody says so",
    );
    is_well(&app);
}

fn head(app: &TestApp, method: &str, path: &str, more: &str) -> Vec<u8> {
    let host = app.address;
    format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\nContent-Type: {FORM}\r\n{more}\r\n").into_bytes()
}

/// Sends a terabyte for as long as anybody takes it, and reads the answer.
fn flood(app: &TestApp, method: &str, path: &str, chunked: bool) -> Raw {
    const WHOLE: usize = 1 << 40;
    let length = if chunked {
        "Transfer-Encoding: chunked\r\n".to_owned()
    } else {
        format!("Content-Length: {WHOLE}\r\n")
    };
    let until = Instant::now() + Duration::from_secs(20);
    ask_in_parts(app.address, |stream| {
        stream.set_write_timeout(Some(Duration::from_secs(3)))?;
        stream.write_all(&head(app, method, path, &length))?;
        let data = vec![b'a'; 64 * 1024];
        let part = if chunked {
            [format!("{:x}\r\n", data.len()).as_bytes(), &data, b"\r\n"].concat()
        } else {
            data
        };
        while Instant::now() < until {
            stream.write_all(&part)?;
        }
        panic!("{method} {path}, chunked {chunked}: still taken after 20 s");
    })
}

#[test]
fn a_body_without_measure_is_cut_off_early() {
    let app = app();
    let places = [
        ("POST", "/sso/okta/acs"),
        ("POST", "/login"),
        ("POST", "/logout"),
        ("GET", "/login"),
        ("POST", "/nowhere"),
    ];
    for (method, path) in places {
        for chunked in [false, true] {
            let began = Instant::now();
            let answer = flood(&app, method, path, chunked);
            let what = format!("{method} {path}, chunked {chunked}");
            // The answer is there at once; for two seconds the rest is read and dropped, so that it is seen.
            assert!(
                began.elapsed() < Duration::from_secs(6),
                "{what}: {:?}",
                began.elapsed()
            );
            assert!(answer.status < 500, "{what}: {}", answer.head);
        }
    }
    is_well(&app);
    let peak = std::fs::read_to_string("/proc/self/status").expect("a status");
    let line = peak
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .expect("a peak");
    let kilobytes: usize = line
        .split_whitespace()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .expect("a number");
    // All tests of this program together; a body that was kept would be gigabytes.
    assert!(kilobytes < 3_000_000, "{line}");
}

#[test]
fn a_body_without_an_end_and_a_head_without_an_end_are_given_up() {
    let app = app();
    let open = |bytes: &[u8]| {
        let mut stream = TcpStream::connect(app.address).expect("a connection");
        stream.write_all(bytes).expect("sent");
        stream
    };
    let begun = Instant::now();
    let body = "POST /login and half a body";
    let slow = [
        (
            "half a head",
            open(b"GET /login HTTP/1.1\r\nHo"),
            Duration::from_secs(20),
        ),
        (
            body,
            open(
                &[
                    head(&app, "POST", "/login", "Content-Length: 100\r\n"),
                    b"email=".to_vec(),
                ]
                .concat(),
            ),
            Duration::from_secs(45),
        ),
        (
            "a chunk without end",
            open(
                &[
                    head(&app, "POST", "/sso/okta/acs", "Transfer-Encoding: chunked\r\n"),
                    b"ff\r\nSAML".to_vec(),
                ]
                .concat(),
            ),
            Duration::from_secs(45),
        ),
    ];
    is_well(&app);
    for (what, mut stream, longest) in slow {
        let left = longest.saturating_sub(begun.elapsed());
        stream
            .set_read_timeout(Some(left.max(Duration::from_millis(1))))
            .expect("a limit");
        let mut answer = Vec::new();
        let ended = stream.read_to_end(&mut answer);
        assert!(
            ended.is_ok(),
            "{what} was still open after {longest:?}: {ended:?}"
        );
        let text = String::from_utf8_lossy(&answer);
        assert!(text.starts_with("HTTP/1.1 408"), "{what}: {text}");
        assert!(what != body || text.contains("That took too long"), "{text}");
    }
    is_well(&app);
}

#[test]
fn addresses_without_measure_are_answered_or_refused() {
    let app = app();
    let many: String = (0..5_000).map(|n| format!("p{n}={n}&")).collect();
    for path in ["/login", "/sso/okta", "/healthz", "/nowhere", "/setup"] {
        let page = app.visitor().get(&format!("{path}?{many}"));
        assert!(page.status < 500, "{path}: {}", page.status);
    }
    for length in [1_000, 16_000, 64 * 1024, 200_000] {
        for path in [
            format!("/login?next=/{}", "a".repeat(length)),
            format!("/{}", "a/".repeat(length / 2)),
        ] {
            let request = format!(
                "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
                app.address
            );
            let status = ask(app.address, request.as_bytes()).status;
            assert!(
                matches!(status, 200 | 400 | 404 | 413 | 414 | 431),
                "{length}: {status}"
            );
        }
    }
    let lines: String = (0..2_000).map(|n| format!("X-{n}: {n}\r\n")).collect();
    assert!(matches!(
        ask(app.address, &head(&app, "GET", "/login", &lines)).status,
        400 | 413 | 431
    ));
    let cookies = format!("Cookie: {}\r\n", "a=b; ".repeat(10_000));
    assert!(matches!(
        ask(app.address, &head(&app, "GET", "/login", &cookies)).status,
        200 | 400 | 413 | 431
    ));
    is_well(&app);
}

#[test]
fn heads_that_two_readers_would_read_differently_are_refused() {
    let app = app();
    let both = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n";
    let smuggled = "0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    for more in [
        both,
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -1\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
    ] {
        let request = [head(&app, "POST", "/login", more), smuggled.as_bytes().to_vec()].concat();
        let answer = ask(app.address, &request);
        let all = format!("{}{}", answer.head, answer.text());
        assert!(
            !all.contains("\r\nok\n") && !all.ends_with("ok\n"),
            "{more:?} let a second request in: {all}"
        );
        assert!(
            matches!(answer.status, 0 | 400..=499),
            "{more:?}: {}",
            answer.head
        );
    }
    is_well(&app);
}
