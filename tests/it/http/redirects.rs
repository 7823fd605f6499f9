//! Wherever an address says where to go next, it leads to a page of ours or to the start page.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use doorward::flows::throttle::ADDRESS_WINDOW;
use doorward::web::routes::{Access, ROUTES, Route};
use doorward::web::urls::query;
use reqwest::header::HeaderValue;

use crate::app::{ALICE, BOB, PASSPHRASE, Page, TestApp, Visitor};

/// What browsers, proxies and URL parsers have read as another host, or as something to run.
const HOSTILE: &[&str] = &[
    "https://evil.example",
    "http://evil.example/",
    "HTTPS://EVIL.EXAMPLE",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "//evil.example/%2f..",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\\/evil.example",
    "//\\evil.example",
    "/\\\\evil.example",
    "\\evil.example",
    "/%09/evil.example",
    "/%5cevil.example",
    "/%5Cevil.example",
    "/%2fevil.example",
    "/%2Fevil.example",
    "%2f%2fevil.example",
    "/%2f%2fevil.example",
    "/%2e%2e//evil.example",
    "/..//evil.example",
    "/.//evil.example",
    "/./\\evil.example",
    "/../\\evil.example",
    "/a/..//evil.example",
    "/a//evil.example",
    "/;//evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    " https://evil.example",
    "/ /evil.example",
    "/\0/evil.example",
    "/%00/evil.example",
    "/%0d%0aLocation:%20https://evil.example",
    "/\r\nLocation: https://evil.example",
    "/a\r\nSet-Cookie: doorward=x",
    "/\u{2028}/evil.example",
    "/\u{ff0f}evil.example",
    "\u{ff0f}\u{ff0f}evil.example",
    "/\u{3002}evil.example",
    "\u{feff}//evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:\\\\evil.example",
    "https:///evil.example",
    "http:evil.example",
    "//evil.example@127.0.0.1",
    "//127.0.0.1@evil.example",
    "/@evil.example",
    "@evil.example",
    ".evil.example",
    "evil.example",
    ":80",
    "//%65vil.example",
    "//evil%2Eexample",
    "//[::1]@evil.example",
    "//3232235777",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "\u{1}javascript:alert(1)",
    "/javascript:alert(1)//\\evil.example",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "blob:https://evil.example/x",
    "file:///etc/passwd",
    "ftp://evil.example",
    "intent://evil.example#Intent;end",
    "/<script>alert(1)</script>",
    "/\"><script>alert(1)</script>",
    "?next=//evil.example",
    "#//evil.example",
    "../evil",
    "",
];

/// Fails unless a browser that is sent to `location` stays on `base`.
fn stays(base: &str, location: &str, sent: &str) {
    let base: url::Url = base.parse().expect("an address");
    let lands = base.join(location).expect("an address");
    assert_eq!(lands.origin(), base.origin(), "{sent:?} leads to {location:?}");
    assert!(
        location.starts_with('/') && !location.starts_with("//"),
        "{sent:?} leads to {location:?}"
    );
    assert!(!location.contains('\\'), "{sent:?} leads to {location:?}");
}

#[test]
fn the_list_is_long_and_none_of_it_is_taken_for_ours() {
    assert!(HOSTILE.len() >= 60, "{}", HOSTILE.len());
    for sent in HOSTILE {
        assert_eq!(doorward::model::local_path(sent), None, "{sent:?}");
    }
    for ours in [
        "/",
        "/admin",
        "/admin/people?q=a//b&x=%2F",
        "/admin/people?next=https://x.example",
        "/a/b#c",
        "/a%20b",
    ] {
        assert_eq!(doorward::model::local_path(ours).as_deref(), Some(ours));
    }
}

#[test]
fn after_a_passphrase() {
    let app = TestApp::start();
    let inside = app.alice();
    for sent in HOSTILE {
        let path = query("/login", &[("next", sent)]);
        stays(&app.base, inside.get(&path).to(), sent);
        let form = app.visitor().get(&path);
        assert_eq!(form.status, 200);
        for target in form
            .attributes("form", "action")
            .iter()
            .chain(&form.attributes("a[href]", "href"))
        {
            stays(&app.base, target, sent);
        }
    }
    // The rule is one function; that the sign-in itself asks it is shown with the ones that browsers misread most.
    for sent in HOSTILE.iter().step_by(6) {
        let path = query("/login", &[("next", sent)]);
        let fields = [("email", crate::app::ALICE), ("passphrase", PASSPHRASE)];
        assert_eq!(app.visitor().post(&path, &fields).to(), "/", "{sent:?}");
    }
}

#[test]
fn after_an_identity_provider() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let okta = app.connect("okta", "");
    let open = app.connect("onelogin", "unsolicited = \"accept\"");
    app.apply("[[connection]]\nslug = \"onelogin\"\ndomains = [\"example.com\"]\n");
    for (number, sent) in HOSTILE.iter().enumerate() {
        app.forget_starts();
        let bob = app.visitor();
        let asked = bob.ask("okta", &query("", &[("return_to", sent)]));
        let response = okta.response(BOB, Some(&asked.id), |_| {});
        stays(&app.base, bob.answer("okta", &response, Some(sent)).to(), sent);
        // Nobody asked: restarted here, taken as it is there.
        let tile = okta.response(BOB, None, |_| {});
        stays(
            &app.base,
            app.visitor().answer("okta", &tile, Some(sent)).to(),
            sent,
        );
        let tile = open.response(BOB, None, |r| r.assertion_id = format!("_tile{number}"));
        let answer = app.visitor().answer("onelogin", &tile, Some(sent));
        assert_eq!(answer.to(), "/", "{sent:?}");
    }
}

#[test]
fn after_an_openid_provider() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let op = app.connect_openid("okta", "");
    let before = [String::new(), app.base.clone(), format!("{}/", app.base)];
    for sent in HOSTILE {
        app.forget_starts();
        let bob = app.visitor();
        let asked = bob.get(&query("/sso/okta", &[("return_to", sent)]));
        stays(&app.base, bob.get(&op.answer(asked.to())).to(), sent);
        // The provider's wish, which may name our own origin.
        for start in &before {
            let target = format!("{start}{sent}");
            let asked = bob.get(&query(
                "/sso/okta",
                &[("iss", &op.issuer), ("target_link_uri", &target)],
            ));
            let (_, row) = asked.to().split_once("state=").expect("a state");
            let state = row.split('&').next().expect("a state").to_owned();
            let kept = app
                .ctx
                .store
                .read(|r| doorward::store::sign_ins::find_by_request(r, &state));
            let (sign_in, _) = kept.expect("a read").expect("a sign-in");
            stays(&app.base, &sign_in.return_to, &target);
        }
    }
}

#[test]
fn on_the_way_to_a_page_that_needs_somebody() {
    let app = TestApp::start();
    let stranger = app.visitor();
    for path in [
        "//evil.example",
        "/\\evil.example",
        "/admin//evil.example",
        "/.//evil.example",
        "/?next=//evil.example",
    ] {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            app.address
        );
        let answer = crate::app::ask(app.address, request.as_bytes());
        if let Some(location) = answer.header("location") {
            stays(&app.base, location, path);
        }
    }
    stays(&app.base, stranger.get("/").to(), "/");
}

#[test]
fn after_the_e_mail() {
    let app = TestApp::start();
    for (slug, domains) in [
        ("okta", "\"one.example\", \"two.example\""),
        ("other", "\"two.example\""),
    ] {
        app.connect(slug, "");
        app.apply(&format!(
            "[[connection]]\nslug = {slug:?}\ndomains = [{domains}]\n"
        ));
    }
    for sent in HOSTILE {
        for email in ["x@one.example", "x@two.example", "x@none.example"] {
            let visitor = app.visitor();
            let led = visitor.post(&query("/login", &[("next", sent)]), &[("email", email)]);
            stays(&app.base, led.to(), sent);
            assert!(!led.to().contains("evil"), "{sent:?} is carried on: {}", led.to());
            let page = visitor.get(led.to());
            for target in page
                .attributes("form", "action")
                .iter()
                .chain(&page.attributes("a[href]", "href"))
                .filter(|target| !target.starts_with("https://idp."))
            {
                stays(&app.base, target, sent);
            }
        }
    }
}

/// Names that other products lead somewhere by, and that ours may come to read.
const USUAL: &[&str] = &[
    "continue",
    "from",
    "goto",
    "id_token_hint",
    "iss",
    "login_hint",
    "next",
    "post_logout_redirect_uri",
    "redirect",
    "redirect_to",
    "redirect_uri",
    "RelayState",
    "return",
    "return_to",
    "returnTo",
    "state",
    "target",
    "target_link_uri",
    "to",
    "url",
    "wreply",
];

/// Every name that a page or form of ours reads, out of the source: a new one cannot be forgotten.
fn names() -> BTreeSet<String> {
    let mut found: BTreeSet<String> = USUAL.iter().map(|name| (*name).to_owned()).collect();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).expect("text");
            // Fields of what is read from addresses and bodies, under the name that they have there.
            for part in text.split("Deserialize)]").skip(1) {
                let body = part.split_once('}').map_or(part, |(body, _)| body);
                let fields = body.lines().filter_map(|line| line.trim().split_once(": "));
                let fields = fields.map(|(name, _)| name.trim_start_matches("pub "));
                found.extend(fields.filter(|name| is_name(name)).map(str::to_owned));
            }
            // Whatever is quoted and looks like a name: fields of forms, renamed fields, lists of parameters.
            let quoted = text.split('"').skip(1).step_by(2);
            found.extend(quoted.filter(|word| is_name(word)).map(str::to_owned));
        }
    }
    found
}

fn is_name(word: &str) -> bool {
    let letters = word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    letters && (1..=30).contains(&word.len()) && word.starts_with(|c: char| c.is_ascii_alphabetic())
}

fn path(route: &Route) -> String {
    let parts = route.path.split('/').map(|part| match part {
        "{slug}" => "okta",
        varies if varies.starts_with('{') => "01890000-0000-7000-8000-000000000000",
        fixed => fixed,
    });
    parts.collect::<Vec<_>>().join("/")
}

/// With these names at this value, as query, as form, and as the headers that some products build addresses from.
fn try_at(visitor: &Visitor, route: &Route, names: &[&str], sent: &str) -> Page {
    let pairs: Vec<(&str, &str)> = names.iter().map(|name| (*name, sent)).collect();
    let address = visitor.url(&query(&path(route), &pairs));
    let mut request = match route.method.as_str() {
        "GET" => visitor.client.get(address),
        _ => visitor.client.post(address).form(&pairs),
    };
    request = request.header("Sec-Fetch-Site", "same-origin");
    for header in [
        "Referer",
        "X-Forwarded-Host",
        "X-Original-URL",
        "X-Rewrite-URL",
        "Forwarded",
    ] {
        if let Ok(value) = HeaderValue::from_str(sent) {
            request = request.header(header, value);
        }
    }
    visitor.send(request)
}

/// Fails when the answer leads to another host; `/sso/…` leads to its identity provider.
fn judge(app: &TestApp, route: &Route, page: &Page, sent: &str) {
    let Some(location) = &page.location else { return };
    let to_idp = route.path == "/sso/{slug}" && location.starts_with("https://idp.okta.example/");
    if !to_idp {
        stays(
            &app.base,
            location,
            &format!("{sent:?} at {} {}", route.method, route.path),
        );
    }
}

#[test]
fn whatever_stands_in_the_address_of_a_page() {
    let app = TestApp::start();
    app.connect("okta", "");
    let names = names();
    for known in [
        "next",
        "return_to",
        "for",
        "RelayState",
        "redirect_uri",
        "state",
        "code",
        "email",
        "q",
    ] {
        assert!(names.contains(known), "{known} is read, but was not found");
    }
    let names: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| *name != "passphrase")
        .collect();
    // A query has its limit; the names come in parts.
    let parts: Vec<&[&str]> = names.chunks(40).collect();
    let pages = || {
        ROUTES
            .iter()
            .filter(|route| route.method.as_str() == "GET" && route.path != "/logout")
    };
    let (alice, stranger) = (app.alice(), app.visitor());
    let mut asked = 0;
    for (at, route) in pages().enumerate() {
        let is_public = matches!(route.access, Access::Public | Access::Setup);
        for (nth, sent) in HOSTILE.iter().enumerate() {
            // All values where anybody may come; elsewhere each address gets some of them, and each value some address.
            if !is_public && (nth + at) % 16 != 0 {
                continue;
            }
            app.forget_starts();
            for part in &parts {
                // A value that one field refuses must not shield the others.
                let name = part[(nth + at) % part.len()];
                for names in [*part, &[name]] {
                    let visitor = if is_public { &stranger } else { &alice };
                    judge(&app, route, &try_at(visitor, route, names, sent), sent);
                    asked += 1;
                }
            }
        }
    }
    assert!(asked > 1_000, "{asked}");
}

#[test]
fn whatever_is_posted_where_anybody_may_post() {
    let app = TestApp::start();
    app.connect("okta", "");
    let posts: Vec<&Route> = ROUTES
        .iter()
        .filter(|route| route.method.as_str() == "POST" && route.access == Access::Public)
        .collect();
    assert!(posts.len() >= 4, "{}", posts.len());
    for sent in HOSTILE {
        let stranger = app.visitor();
        for route in &posts {
            judge(&app, route, &try_at(&stranger, route, USUAL, sent), sent);
        }
        let right = query("/login", &[("next", sent), ("for", sent), ("redirect_uri", sent)]);
        if sent.len() % 4 == 0 {
            let signed = stranger.post(&right, &[("email", ALICE), ("passphrase", PASSPHRASE)]);
            assert_eq!(signed.to(), "/", "{sent:?}");
        }
        app.forward(ADDRESS_WINDOW);
    }
}

#[test]
fn before_the_first_run() {
    let app = TestApp::fresh();
    let stranger = app.visitor();
    for sent in HOSTILE {
        for route in ROUTES
            .iter()
            .filter(|r| r.path == "/setup" || r.path == "/login" || r.path == "/")
        {
            judge(&app, route, &try_at(&stranger, route, USUAL, sent), sent);
            judge(
                &app,
                route,
                &try_at(&stranger, route, &["code", "next"], sent),
                sent,
            );
        }
    }
}
