//! Who gets past the gate, walked over every address that there is; and what every answer carries.

use std::collections::BTreeSet;

use doorward::config::TlsSetting;
use doorward::web::routes::{Access, ROUTES, Route};
use reqwest::Method;

use crate::app::{ALICE, BOB, PASSPHRASE, Page, Raw, TestApp, Visitor, ask};

const CAROL: &str = "carol@example.com";
const FROM_ELSEWHERE: &str = "This request came from another site";
const CLOSED: [&str; 4] = [
    FROM_ELSEWHERE,
    "This page is for admins",
    "This page is for people who may",
    "Only an owner may do this",
];

/// Acme with bob the member, carol the admin and alice the owner; all have the same passphrase.
fn acme() -> TestApp {
    let app = TestApp::start();
    for (email, role) in [(BOB, "member"), (CAROL, "admin")] {
        app.add(email, role);
        app.give_passphrase(email, PASSPHRASE);
    }
    app.connect("okta", "");
    app
}

/// The row's address, with something in every place that varies.
fn path(route: &Route) -> String {
    let parts = route.path.split('/').map(|part| match part {
        "{slug}" => "okta",
        "{reference}" => "7Q4M-K2XD",
        varies if varies.starts_with('{') => "01890000-0000-7000-8000-000000000000",
        fixed => fixed,
    });
    parts.collect::<Vec<_>>().join("/")
}

fn is_safe(route: &Route) -> bool {
    route.method.as_str() == "GET"
}

fn send(visitor: &Visitor, route: &Route, headers: &[(&str, &str)]) -> Page {
    let method = Method::from_bytes(route.method.as_str().as_bytes()).expect("a method");
    let mut request = visitor.client.request(method, visitor.url(&path(route)));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    visitor.send(request)
}

const OURS: &[(&str, &str)] = &[
    ("Sec-Fetch-Site", "same-origin"),
    ("Content-Type", "application/x-www-form-urlencoded"),
];

fn power(access: Access) -> usize {
    match access {
        Access::Machine | Access::Setup | Access::Public | Access::Scim => 0,
        Access::Member => 1,
        // carol has every permission but the owner's
        Access::Admin | Access::May(_) => 2,
        Access::Owner => 3,
    }
}

#[test]
fn every_address_is_closed_to_those_below_it_and_open_to_the_rest() {
    let app = acme();
    let mut rows = 0;
    for (rank, email) in [None, Some(BOB), Some(CAROL), Some(ALICE)]
        .into_iter()
        .enumerate()
    {
        let enter = || email.map_or_else(|| app.visitor(), |email| app.signed_in(email, PASSPHRASE));
        let mut visitor = enter();
        for route in ROUTES.iter() {
            let who = format!("{email:?} at {} {}", route.method, route.path);
            let page = send(&visitor, route, OURS);
            let text = page.text();
            let api = route.path.starts_with("/api/");
            if rank >= power(route.access) {
                assert!(
                    !CLOSED.iter().any(|closed| text.contains(closed)),
                    "{who}: {text}"
                );
                assert!(!api || rank == 0 || page.status == 200, "{who}: {text}");
            } else if rank > 0 {
                assert_eq!(page.status, 403, "{who}: {text}");
            } else if api || !is_safe(route) {
                assert_eq!(page.status, 401, "{who}: {text}");
            } else {
                assert!(page.to().starts_with("/login"), "{who}: {}", page.to());
            }
            if route.path == "/logout" && !is_safe(route) {
                visitor = enter();
            }
            rows += 1;
        }
    }
    assert!(rows > 4 * 20, "only {rows} rows were walked");
}

#[test]
fn every_unsafe_address_refuses_what_other_sites_send() {
    let app = acme();
    let scheme_differs = app.base.replace("http://", "https://");
    let port_differs = format!("{}1", app.base);
    let foreign: [&[(&str, &str)]; 9] = [
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
        &[("Sec-Fetch-Site", "nonsense"), ("Origin", &app.base)],
        &[("Sec-Fetch-Site", "cross-site"), ("Origin", &app.base)],
        &[("Origin", "https://evil.example")],
        &[("Origin", "null")],
        &[("Origin", &scheme_differs)],
        &[("Origin", &port_differs)],
        &[],
    ];
    let own: [&[(&str, &str)]; 3] = [
        &[("Sec-Fetch-Site", "same-origin")],
        &[("Sec-Fetch-Site", "none")],
        &[("Origin", &app.base)],
    ];
    let mut alice = app.alice();
    for route in ROUTES.iter().filter(|route| !is_safe(route) && !route.cross_site) {
        let place = format!("{} {}", route.method, route.path);
        for headers in foreign {
            let page = send(&alice, route, headers);
            assert_eq!(page.status, 403, "{place} with {headers:?}");
            assert!(page.text().contains(FROM_ELSEWHERE), "{place} with {headers:?}");
        }
        for headers in own {
            let page = send(&alice, route, headers);
            assert!(!page.text().contains(FROM_ELSEWHERE), "{place} with {headers:?}");
        }
        if route.path == "/logout" {
            assert_eq!(alice.me(), None, "what our own page asks for is done");
            alice = app.alice();
        }
        assert!(alice.me().is_some(), "{place} ended the session");
    }
    let open: BTreeSet<_> = ROUTES.iter().filter(|r| r.cross_site).map(|r| r.path).collect();
    assert_eq!(
        open,
        BTreeSet::from([
            "/oauth/token",
            "/sso/{slug}",
            "/sso/{slug}/acs",
            "/sso/{slug}/backchannel-logout",
            "/sso/{slug}/global-token-revocation",
            "/sso/{slug}/slo",
            "/scim/{slug}/v2",
            "/scim/{slug}/v2/{tail:.*}"
        ]),
        "nothing else is open to other sites"
    );
    let page = alice.post_from_elsewhere("/sso/okta/acs", &[("SAMLResponse", "eA==")]);
    assert!(!page.text().contains(FROM_ELSEWHERE), "{}", page.text());
}

fn line(app: &TestApp, line: &str, more: &str) -> Raw {
    let host = app.address;
    ask(
        app.address,
        format!("{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n").as_bytes(),
    )
}

#[test]
fn another_spelling_of_an_address_is_behind_the_same_gate() {
    let app = acme();
    let bob = app.signed_in(BOB, PASSPHRASE);
    let cookie = format!(
        "Cookie: doorward={}\r\n",
        bob.cookie("doorward").expect("a session")
    );
    let foreign = format!("{cookie}Origin: https://evil.example\r\nContent-Length: 0\r\n");
    for spelling in [
        "/logout",
        "/%6Cogout",
        "/%6cogout",
        "/log%6Fut",
        "/%6C%6F%67%6F%75%74",
    ] {
        let answer = line(&app, &format!("POST {spelling}"), &foreign);
        assert!(matches!(answer.status, 403 | 404), "{spelling}: {}", answer.head);
        assert!(bob.me().is_some(), "{spelling} was answered to another site");
    }
    for spelling in [
        "/%61pi/v1/me",
        "/api/v1/m%65",
        "/api%2Fv1/me",
        "//api/v1/me",
        "/api//v1/me",
        "/API/v1/me",
    ] {
        let answer = line(&app, &format!("GET {spelling}"), "");
        assert!(
            matches!(answer.status, 303 | 401 | 404),
            "{spelling}: {}",
            answer.head
        );
        assert!(!answer.text().contains("given_name"), "{spelling}");
    }
}

#[test]
fn the_gate_answers_to_its_own_names_only() {
    let app = acme();
    let port = app.address.port();
    let own = [
        format!("127.0.0.1:{port}"),
        "127.0.0.1".into(),
        "192.168.7.9:443".into(),
        "[::1]:8080".into(),
        "[2001:db8::7]".into(),
        "localhost".into(),
        "LocalHost:8080".into(),
    ];
    let foreign = [
        "evil.example",
        "evil.example:8080",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "127.0.0.1@evil.example",
        "evil.example#127.0.0.1",
        "localhost:evil",
        "",
        "127.0.0.1, evil.example",
        "2130706433",
        "0x7f.1",
    ];
    let get = |path: &str, host: &str| {
        let text = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        ask(app.address, text.as_bytes()).status
    };
    for host in &own {
        assert_eq!(get("/login", host), 200, "{host}");
    }
    for host in foreign {
        for path in ["/login", "/nowhere", "/", "/sso/okta", "/api/v1/me", "/setup"] {
            assert!(
                matches!(get(path, host), 400 | 421),
                "{path} as {host:?}: {}",
                get(path, host)
            );
        }
        assert!(matches!(get("/healthz", host), 200 | 400), "{host:?}");
    }
    assert_eq!(get("/login", "evil.example"), 421);
    let twice = format!(
        "GET /login HTTP/1.1\r\nHost: {}\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        app.address
    );
    assert!(
        matches!(ask(app.address, twice.as_bytes()).status, 400 | 421),
        "two names"
    );
    let absolute = format!(
        "GET http://evil.example/login HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        app.address
    );
    assert!(
        matches!(ask(app.address, absolute.as_bytes()).status, 400 | 421),
        "the address names another host"
    );
    app.apply("[organization]\nbase_url = \"https://door.example.com\"\n");
    assert_eq!(
        (
            get("/login", "door.example.com"),
            get("/login", "DOOR.example.com")
        ),
        (200, 200)
    );
    assert_eq!(get("/login", "door.example.com.evil.example"), 421);
}

#[test]
fn a_wrong_method_and_an_unknown_address_get_a_page() {
    let app = acme();
    let methods = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "FROB",
    ];
    for route_path in ROUTES.iter().map(|r| r.path).collect::<BTreeSet<_>>() {
        // Below a SCIM base URL each resource answers for itself.
        if route_path.starts_with("/scim/") {
            continue;
        }
        let rows: Vec<&Route> = ROUTES.iter().filter(|r| r.path == route_path).collect();
        let known: BTreeSet<&str> = rows.iter().map(|r| r.method.as_str()).collect();
        for method in methods {
            if known.contains(method) || method == "HEAD" && known.contains("GET") || method == "CONNECT" {
                continue;
            }
            let answer = line(&app, &format!("{method} {}", path(rows[0])), "");
            assert_eq!(answer.status, 405, "{method} {route_path}: {}", answer.head);
            let allow = answer.header("allow").unwrap_or_default();
            assert!(
                known.iter().all(|m| allow.contains(m)),
                "{method} {route_path}: {allow:?}"
            );
            assert_no_secrets_echoed(&answer);
        }
    }
    for nowhere in [
        "/nowhere",
        "/admin.php",
        "/.git/config",
        "/login/",
        "/assets/../Cargo.toml",
        "/%00",
        "/sso",
    ] {
        let answer = line(&app, &format!("GET {nowhere}"), "");
        assert_eq!(answer.status, 404, "{nowhere}");
        assert!(
            answer.text().contains("There is nothing here"),
            "{nowhere}: {}",
            answer.text()
        );
        assert!(answer.text().contains("<h1>"), "{nowhere}");
    }
    let api = app.visitor().get("/api/v1/me");
    assert_eq!(
        (api.status, api.header("content-type")),
        (401, "application/json")
    );
    assert_eq!(api.json()["status"], 401);
    assert_eq!(app.visitor().get("/api/v1/nothing").json()["status"], 404);
}

/// A TRACE that is answered with the request would hand out cookies.
fn assert_no_secrets_echoed(answer: &Raw) {
    assert!(!answer.text().contains("HTTP/1.1"), "{}", answer.text());
}

#[test]
fn head_is_answered_as_get_without_a_body() {
    let app = acme();
    for path in [
        "/login",
        "/healthz",
        "/nowhere",
        "/api/v1/me",
        "/sso/okta/metadata",
    ] {
        let (get, head) = (
            line(&app, &format!("GET {path}"), ""),
            line(&app, &format!("HEAD {path}"), ""),
        );
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.body.len(), 0, "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    }
}

#[test]
fn every_answer_carries_the_headers_that_close_it() {
    let app = acme();
    let alice = app.alice();
    let answers = [
        ("200", alice.get("/login?next=/sign-in/x/link")),
        ("the start page", alice.get("/")),
        ("401 JSON", app.visitor().get("/api/v1/me")),
        ("404", alice.get("/nowhere")),
        ("303", app.visitor().get("/")),
        ("403 other site", alice.post_from_elsewhere("/logout", &[])),
        ("405", alice.send(alice.client.put(alice.url("/login")))),
        (
            "421",
            alice.send(
                alice
                    .client
                    .get(alice.url("/login"))
                    .header("Host", "evil.example"),
            ),
        ),
        ("400 query", alice.get("/login?next=a&next=b")),
        ("400 body", alice.post_from_elsewhere("/sso/okta/acs", &[])),
        (
            "403 response",
            alice.post_from_elsewhere("/sso/okta/acs", &[("SAMLResponse", "x")]),
        ),
        ("404 connection", alice.get("/sso/unknown")),
        ("413", alice.post("/login", &[("email", &"x".repeat(70_000))])),
        ("422", app.visitor().post("/login", &[])),
        ("metadata", alice.get("/sso/okta/metadata")),
        ("health", alice.get("/healthz")),
        ("asset", alice.get("/favicon.svg")),
        ("no asset", alice.get("/assets/nothing.css")),
    ];
    for (what, page) in &answers {
        let csp = page.header("content-security-policy");
        assert!(csp.starts_with("default-src 'none'; "), "{what}: {csp:?}");
        assert!(
            csp.contains("frame-ancestors 'none'") && csp.contains("base-uri 'none'"),
            "{what}: {csp}"
        );
        assert!(!csp.contains("unsafe") && !csp.contains('*'), "{what}: {csp}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(page.header(name), value, "{what}: {name}");
        }
        let public = matches!(*what, "metadata" | "asset");
        assert!(public || page.header("cache-control") == "no-store", "{what}");
        assert_eq!(page.header("server"), "", "{what}");
    }
    let statuses: Vec<u16> = answers.iter().map(|(_, page)| page.status).collect();
    assert_eq!(
        statuses,
        [
            200, 200, 401, 404, 303, 403, 405, 421, 400, 400, 403, 404, 413, 422, 200, 200, 200, 404
        ]
    );
}

/// The attributes of every cookie that an answer sets, by name.
fn cookies(page: &Page) -> Vec<(String, BTreeSet<String>)> {
    let lines = page.headers.get_all("set-cookie").iter();
    lines
        .map(|line| {
            let mut parts = line.to_str().expect("text").split("; ").map(str::to_owned);
            let name = parts
                .next()
                .and_then(|pair| pair.split_once('=').map(|(n, _)| n.to_owned()));
            (name.expect("a name"), parts.collect())
        })
        .collect()
}

fn flags(of: &BTreeSet<String>) -> Vec<&str> {
    let known = [
        "HttpOnly",
        "Secure",
        "Path=/",
        "SameSite=Lax",
        "SameSite=None",
        "SameSite=Strict",
    ];
    assert!(!of.iter().any(|flag| flag.starts_with("Domain")), "{of:?}");
    known.into_iter().filter(|flag| of.contains(*flag)).collect()
}

#[test]
fn cookies_are_http_only_and_over_tls_bound_to_this_host() {
    let login = [("email", ALICE), ("passphrase", PASSPHRASE)];
    let plain = acme();
    let over_tls = TestApp::start_with(|config| config.tls = Some(TlsSetting::SelfSigned));
    over_tls.connect("okta", "");
    for (app, prefix) in [(&plain, ""), (&over_tls, "__Host-")] {
        let alice = app.visitor();
        let mut found = cookies(&alice.post("/login", &login));
        found.extend(cookies(&alice.get("/sso/okta")));
        found.extend(cookies(&alice.post("/logout", &[])));
        let names: BTreeSet<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        let all: Vec<String> = [
            "doorward",
            "doorward_device",
            "doorward_flow",
            "doorward_said",
            "doorward_way",
        ]
        .map(|n| format!("{prefix}{n}"))
        .into();
        assert_eq!(names, all.iter().map(String::as_str).collect());
        for (name, attributes) in &found {
            let tls = !prefix.is_empty();
            let expected: &[&str] = match (name.ends_with("_flow"), tls) {
                (true, true) => &["HttpOnly", "Secure", "Path=/", "SameSite=None"],
                (true, false) => &["HttpOnly", "Path=/"],
                (false, true) => &["HttpOnly", "Secure", "Path=/", "SameSite=Lax"],
                (false, false) => &["HttpOnly", "Path=/", "SameSite=Lax"],
            };
            assert_eq!(flags(attributes), expected, "{name}");
        }
    }
}

fn me_with(app: &TestApp, cookie: &str) -> u16 {
    let stranger = Visitor::new(&app.base);
    let request = stranger
        .client
        .get(stranger.url("/api/v1/me"))
        .header("Cookie", cookie);
    stranger.send(request).status
}

#[test]
fn a_planted_cookie_beside_ours_counts_for_neither() {
    let app = acme();
    let good = app.alice().cookie("doorward").expect("a session");
    let bad = app
        .signed_in(BOB, PASSPHRASE)
        .cookie("doorward")
        .expect("a session");
    assert_eq!(me_with(&app, &format!("doorward={good}")), 200);
    assert_eq!(me_with(&app, &format!("a=b; doorward={good};c=d")), 200);
    for planted in [
        format!("doorward={good}; doorward={bad}"),
        format!("doorward={bad}; doorward={good}"),
        format!("doorward={good}; doorward="),
        format!("Doorward={good}"),
        format!("doorward ={good}"),
        format!("doorwar%64={good}"),
        format!("doorward=\"{good}\""),
        format!("__Host-doorward={good}"),
        "doorward=".to_owned(),
        format!("doorward={}", "x".repeat(7_000)),
        format!("doorward={good}{good}"),
    ] {
        assert_eq!(me_with(&app, &planted), 401, "{planted}");
    }
}

#[test]
fn only_the_bound_name_counts_over_tls() {
    let app = TestApp::start_with(|config| config.tls = Some(TlsSetting::SelfSigned));
    let good = app.alice().cookie("__Host-doorward").expect("a session");
    assert_eq!(me_with(&app, &format!("__Host-doorward={good}")), 200);
    // Names that a neighbour under the same domain, or somebody on the wire, may set in the browser.
    for name in [
        "doorward",
        "%5F%5FHost-doorward",
        "__Host%2Ddoorward",
        "__host-doorward",
        "__Secure-doorward",
    ] {
        assert_eq!(me_with(&app, &format!("{name}={good}")), 401, "{name}");
    }
}
