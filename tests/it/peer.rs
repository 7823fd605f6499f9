//! Whose word counts about who the client is.

use std::net::IpAddr;

use actix_web::FromRequest;
use actix_web::dev::Payload;
use actix_web::test::TestRequest;
use actix_web::web::Data;
use doorward::web::peer::{Claims, Client, TrustedProxies, host_of, requested_host, throttle_key};

const PROXY: &str = "10.0.0.1";
const STRANGER: &str = "198.51.100.66";

fn trusted() -> TrustedProxies {
    TrustedProxies(vec![
        "10.0.0.0/24".parse().expect("a network"),
        "fd00::/64".parse().expect("a network"),
    ])
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect(text)
}

fn behind(peer: &str, claims: Claims<'_>) -> (String, bool) {
    let client = Client::behind(ip(peer), false, claims, &trusted());
    (client.address.to_string(), client.secure)
}

fn usual<'a>(x_forwarded_for: &'a [&'a str]) -> Claims<'a> {
    Claims {
        x_forwarded_for,
        ..Claims::default()
    }
}

fn standard<'a>(forwarded: &'a [&'a str]) -> Claims<'a> {
    Claims {
        forwarded,
        ..Claims::default()
    }
}

#[test]
fn nobody_but_a_trusted_proxy_is_believed() {
    let claims = Claims {
        forwarded: &["for=1.2.3.4;proto=https"],
        x_forwarded_for: &["1.2.3.4"],
        x_forwarded_proto: &["https"],
    };
    assert_eq!(behind(STRANGER, claims), (STRANGER.to_owned(), false));
    assert_eq!(behind(PROXY, claims), ("1.2.3.4".to_owned(), true));
    let nobody = Client::behind(ip(PROXY), false, claims, &TrustedProxies::default());
    assert_eq!((nobody.address, nobody.secure), (ip(PROXY), false));
}

#[test]
fn the_client_is_the_rightmost_hop_that_is_no_trusted_proxy() {
    let cases: [(&[&str], &str); 13] = [
        (&["203.0.113.5"], "203.0.113.5"),
        (&["6.6.6.6, 203.0.113.5"], "203.0.113.5"),
        (&["6.6.6.6,203.0.113.5,10.0.0.9"], "203.0.113.5"),
        (&["6.6.6.6", "203.0.113.5", "10.0.0.9"], "203.0.113.5"),
        (&["10.0.0.7, 203.0.113.5"], "203.0.113.5"),
        (&["garbage, 203.0.113.5"], "203.0.113.5"),
        (&["203.0.113.5:4711"], "203.0.113.5"),
        (&["[2001:db8::5]:4711"], "2001:db8::5"),
        (&["[2001:db8::5]"], "2001:db8::5"),
        (&["2001:db8::5"], "2001:db8::5"),
        (&["::ffff:203.0.113.5"], "203.0.113.5"),
        (&["203.0.113.5, fd00::3"], "203.0.113.5"),
        // All are proxies: the leftmost one speaks for itself.
        (&["10.0.0.8, 10.0.0.9"], "10.0.0.8"),
    ];
    for (header, client) in cases {
        assert_eq!(behind(PROXY, usual(header)).0, client, "{header:?}");
    }
    assert_eq!(
        behind("::ffff:10.0.0.1", usual(&["203.0.113.5"])).0,
        "203.0.113.5"
    );
}

#[test]
fn what_cannot_be_read_counts_as_missing() {
    let (long, commas) = ("x".repeat(10_240), ",".repeat(10_240));
    let garbage = [
        "",
        " ",
        "a",
        "unknown",
        "1.2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "1.2.3.4, ",
        "1.2.3.4,a",
        "1.2.3.4, a, 10.0.0.9",
        "fe80::1%eth0",
        "[fe80::1%1]:80",
        "[::1",
        "::1]",
        "0x7f.1",
        "127.1",
        "1.2.3.4:99999",
        "1.2.3.4;5.6.7.8",
        "\"1.2.3.4\"",
        "1.2.3.4\0",
        &long,
        &commas,
    ];
    for header in garbage {
        assert_eq!(
            behind(PROXY, usual(&[header])),
            (PROXY.to_owned(), false),
            "{header:?}"
        );
    }
    for header in [
        "",
        ";",
        "for",
        "for=",
        "for=unknown",
        "for=_hidden",
        "for=1.2.3.4;for=5.6.7.8",
        "proto=https",
        "for=\"[::1\"",
        "for=\"1.2.3.4",
        "for=1.2.3.4;proto=gopher",
        "for=1.2.3.4,",
        "for=[fe80::1%25eth0]",
        &long,
        &commas,
    ] {
        assert_eq!(
            behind(PROXY, standard(&[header])),
            (PROXY.to_owned(), false),
            "{header:?}"
        );
    }
}

#[test]
fn the_standard_header_is_read_with_its_quotes_and_its_scheme() {
    let cases: [(&[&str], (&str, bool)); 8] = [
        (&["for=203.0.113.5"], ("203.0.113.5", false)),
        (
            &["for=203.0.113.5;proto=https;by=10.0.0.1"],
            ("203.0.113.5", true),
        ),
        (
            &["For=\"[2001:db8::5]:4711\"; Proto=\"HTTPS\""],
            ("2001:db8::5", true),
        ),
        (
            &["for=6.6.6.6;proto=http, for=203.0.113.5;proto=https"],
            ("203.0.113.5", true),
        ),
        (
            &["for=203.0.113.5;proto=https, for=10.0.0.9;proto=http"],
            ("203.0.113.5", true),
        ),
        (
            &["for=203.0.113.5;proto=https", "for=10.0.0.9"],
            ("203.0.113.5", true),
        ),
        (
            &["for=6.6.6.6;host=\"a,for=7.7.7.7\", for=203.0.113.5"],
            ("203.0.113.5", false),
        ),
        (
            &["for=6.6.6.6;host=\"a\\\",b\", for=203.0.113.5"],
            ("203.0.113.5", false),
        ),
    ];
    for (header, (address, secure)) in cases {
        assert_eq!(
            behind(PROXY, standard(header)),
            (address.to_owned(), secure),
            "{header:?}"
        );
    }
}

#[test]
fn when_both_headers_name_different_clients_neither_is_believed() {
    let mut claims = Claims {
        forwarded: &["for=6.6.6.6"],
        x_forwarded_for: &["203.0.113.5"],
        x_forwarded_proto: &["https"],
    };
    assert_eq!(behind(PROXY, claims), (PROXY.to_owned(), true));
    claims.forwarded = &["for=203.0.113.5"];
    assert_eq!(behind(PROXY, claims), ("203.0.113.5".to_owned(), true));
    claims.forwarded = &["for=nonsense"];
    assert_eq!(behind(PROXY, claims), ("203.0.113.5".to_owned(), true));
}

#[test]
fn the_scheme_is_what_the_nearest_proxy_says() {
    let secure = |tls: bool, header: &[&str]| {
        let claims = Claims {
            x_forwarded_proto: header,
            ..Claims::default()
        };
        Client::behind(ip(PROXY), tls, claims, &trusted()).secure
    };
    let cases: [(&[&str], bool); 7] = [
        (&[], false),
        (&["https"], true),
        (&["HTTPS"], true),
        (&["http"], false),
        (&["https, http"], false),
        (&["http", "https"], true),
        (&["wss"], false),
    ];
    for (header, expected) in cases {
        assert_eq!(secure(false, header), expected, "{header:?}");
    }
    assert!(
        secure(true, &["nonsense"]),
        "TLS to us stays TLS when the header makes no sense"
    );
    assert!(!secure(true, &["http"]));
}

#[test]
fn the_host_is_taken_from_a_trusted_proxy_when_it_is_nothing_but_a_host() {
    let host = |peer, claimed: &[&str]| requested_host(ip(peer), "inner:8080", claimed, &trusted());
    assert_eq!(host(PROXY, &["id.example.com"]), "id.example.com");
    assert_eq!(
        host(PROXY, &["evil.example, id.example.com:444"]),
        "id.example.com:444"
    );
    assert_eq!(host(PROXY, &["[2001:db8::1]:444"]), "[2001:db8::1]:444");
    assert_eq!(host(STRANGER, &["id.example.com"]), "inner:8080");
    for claimed in [
        "",
        "a b",
        "a/b",
        "u@a",
        "a:b",
        "a?b",
        "a#b",
        "a\\b",
        "\u{e9}.example",
        "a:99999",
        "a,",
    ] {
        assert_eq!(host(PROXY, &[claimed]), "inner:8080", "{claimed:?}");
    }
}

#[test]
fn ipv6_neighbours_share_a_throttle_key() {
    assert_eq!(
        throttle_key(ip("2001:db8:1:2:3:4:5:6")),
        throttle_key(ip("2001:db8:1:2:ffff::1"))
    );
    assert_ne!(
        throttle_key(ip("2001:db8:1:2::1")),
        throttle_key(ip("2001:db8:1:3::1"))
    );
    assert_eq!(throttle_key(ip("::ffff:192.0.2.1")), ip("192.0.2.1"));
    assert_ne!(throttle_key(ip("192.0.2.1")), throttle_key(ip("192.0.2.2")));
}

#[test]
fn a_request_gives_its_client_to_a_handler() {
    let request = TestRequest::get()
        .peer_addr("10.0.0.1:5000".parse().expect("an address"))
        .app_data(Data::new(trusted()))
        .insert_header(("Host", "inner"))
        .append_header(("X-Forwarded-For", "6.6.6.6"))
        .append_header(("X-Forwarded-For", "203.0.113.5"))
        .insert_header(("X-Forwarded-Proto", "https"))
        .insert_header(("X-Forwarded-Host", "id.example.com"))
        .to_http_request();
    let Ok(client) = Client::from_request(&request, &mut Payload::None).into_inner();
    assert_eq!(
        client,
        Client {
            address: ip("203.0.113.5"),
            secure: true
        }
    );
    assert_eq!(host_of(&request), "id.example.com");

    let nobody_trusted = TestRequest::get()
        .peer_addr("10.0.0.1:5000".parse().expect("an address"))
        .insert_header(("Host", "inner"))
        .insert_header(("X-Forwarded-For", "203.0.113.5"))
        .insert_header(("X-Forwarded-Host", "id.example.com"))
        .to_http_request();
    assert_eq!(
        Client::of(&nobody_trusted),
        Client {
            address: ip("10.0.0.1"),
            secure: false
        }
    );
    assert_eq!(host_of(&nobody_trusted), "inner");
}

#[test]
fn a_header_that_is_not_text_makes_the_list_unreadable_instead_of_shorter() {
    let bytes = actix_web::http::header::HeaderValue::from_bytes(b"203.0.113.\xff5").expect("a header");
    let request = TestRequest::get()
        .peer_addr("10.0.0.1:5000".parse().expect("an address"))
        .app_data(Data::new(trusted()))
        .append_header(("X-Forwarded-For", "6.6.6.6"))
        .append_header(("X-Forwarded-For", bytes))
        .to_http_request();
    assert_eq!(Client::of(&request).address, ip(PROXY));
}
