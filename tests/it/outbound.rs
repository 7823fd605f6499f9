//! The guarded client against servers that misbehave, and addresses that must not be asked.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpListener};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use doorward::outbound::{AllowedUpstream, Fetched, GuardedClient, Policy, Replied, UpstreamProblem};

use crate::loopback::{Authority, Loopback, Talk};

const MIB: usize = 1024 * 1024;
const NOW: (i32, i32) = (2020, 2100);

fn get(client: &GuardedClient, url: &str, max_bytes: usize) -> Result<Fetched, UpstreamProblem> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(client.get(url, max_bytes))
}

/// A client that may talk to loopback.
fn neighbour() -> GuardedClient {
    let loopback = AllowedUpstream::Network("127.0.0.0/8".parse().expect("a network"));
    GuardedClient::new(Policy::new(vec![loopback])).with_time_limit(Duration::from_secs(2))
}

fn plain(answer: impl Fn(&mut dyn Talk) + Send + Sync + 'static) -> Result<Fetched, UpstreamProblem> {
    get(
        &neighbour(),
        &Loopback::http(answer).url("http", "127.0.0.1"),
        2 * MIB,
    )
}

fn says(text: &'static str) -> impl Fn(&mut dyn Talk) + Send + Sync + 'static {
    move |stream| drop(stream.write_all(text.as_bytes()))
}

fn block<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(future)
}

const OK_HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 4\r\n\r\n<a/>";

#[test]
fn no_spelling_of_an_inside_address_leads_to_a_connection() {
    let canary = Loopback::canary();
    let client = GuardedClient::new(Policy::default());
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "127.255.255.254",
        "0",
        "0.0.0.0",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:7f00:0001]",
        "[::7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "１２７.0.0.1",
        "127。0。0。1",
        "①②⑦.0.0.1",
        "%31%32%37.0.0.1",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "10.0.0.1",
        "100.64.0.1",
        "192.168.0.1",
        "224.0.0.1",
        "255.255.255.255",
    ] {
        let problem = get(&client, &canary.url("https", host), MIB).expect_err(host);
        // Whether a name with a dot at the end is looked up in the hosts file depends on the machine.
        let unknown = host == "localhost." && matches!(problem, UpstreamProblem::NameNotFound { .. });
        let refused = matches!(problem, UpstreamProblem::Inside { .. });
        assert!(refused || unknown, "{host}: {problem:?}");
        let problem = get(&client, &canary.url("http", host), MIB).expect_err(host);
        let refused = matches!(
            problem,
            UpstreamProblem::Inside { .. } | UpstreamProblem::NotHttps { .. }
        );
        assert!(refused, "{host}: {problem:?}");
    }
    assert_eq!(canary.connections(), 0);
}

#[test]
fn what_is_no_plain_web_address_is_refused_before_anything_happens() {
    let canary = Loopback::canary();
    let port = canary.address.port();
    for url in [
        String::new(),
        "idp.example.com".to_owned(),
        "https://".to_owned(),
        "https:///path".to_owned(),
        format!("ftp://localhost:{port}/"),
        format!("gopher://localhost:{port}/"),
        "file:///etc/passwd".to_owned(),
        "data:text/xml,<a/>".to_owned(),
        "unix:/run/x.sock".to_owned(),
        format!("https://user@localhost:{port}/"),
        format!("https://user:word@localhost:{port}/"),
        format!("https://idp.example.com:443@localhost:{port}/"),
        "https://localhost:99999/".to_owned(),
        "https://[::1%25lo]/".to_owned(),
        "https://256.256.256.256/".to_owned(),
        format!("https://localhost:{port}/{}", "x".repeat(5_000)),
        format!("https://{}.example/", "a".repeat(64)),
    ] {
        let problem = get(&neighbour(), &url, MIB).expect_err(&url);
        let bad = matches!(problem, UpstreamProblem::BadAddress { .. });
        // `https:///path` is read as the host `path`, by browsers and by us.
        assert!(bad || url == "https:///path", "{url}: {problem:?}");
    }
    assert_eq!(canary.connections(), 0);
}

#[test]
fn http_is_for_named_hosts_and_networks_only() {
    let server = Loopback::http(says(OK_HEAD));
    let fetched = Fetched {
        body: b"<a/>".to_vec(),
        content_type: Some("application/xml".to_owned()),
    };
    assert_eq!(
        get(&neighbour(), &server.url("http", "127.0.0.1"), MIB).as_ref(),
        Ok(&fetched)
    );
    assert_eq!(
        get(&neighbour(), &server.url("http", "2130706433"), MIB).as_ref(),
        Ok(&fetched)
    );
    assert_eq!(
        get(&neighbour(), &server.url("http", "localhost"), MIB).as_ref(),
        Ok(&fetched)
    );

    let by_name = GuardedClient::new(Policy::new(vec![AllowedUpstream::host("localhost")]));
    assert_eq!(
        get(&by_name, &server.url("http", "localhost"), MIB).as_ref(),
        Ok(&fetched)
    );
    let by_address = get(&by_name, &server.url("http", "127.0.0.1"), MIB);
    assert!(
        matches!(by_address, Err(UpstreamProblem::Inside { .. })),
        "{by_address:?}"
    );
    assert_eq!(server.connections(), 4);

    let public = get(&GuardedClient::new(Policy::default()), "http://8.8.8.8/", MIB);
    assert_eq!(
        public,
        Err(UpstreamProblem::NotHttps {
            host: "8.8.8.8".to_owned()
        })
    );
    let public = get(&neighbour(), "http://8.8.8.8/", MIB);
    assert_eq!(
        public,
        Err(UpstreamProblem::NotHttps {
            host: "8.8.8.8".to_owned()
        })
    );
}

#[test]
fn a_redirect_is_reported_and_not_followed() {
    let canary = Loopback::canary();
    let to = format!("http://127.0.0.1:{}/latest/meta-data", canary.address.port());
    let head = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
    let answer = plain(move |stream| drop(stream.write_all(head.as_bytes())));
    assert_eq!(
        answer,
        Err(UpstreamProblem::Redirected {
            host: "127.0.0.1".to_owned(),
            to
        })
    );
    assert_eq!(canary.connections(), 0);

    let relative = plain(says(
        "HTTP/1.1 308 Permanent Redirect\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n",
    ));
    let Err(UpstreamProblem::Redirected { to, .. }) = relative else {
        panic!("{relative:?}")
    };
    assert!(
        to.starts_with("http://127.0.0.1:") && to.ends_with("/new"),
        "{to}"
    );
}

#[test]
fn every_status_but_200_is_a_problem() {
    for (line, status) in [
        ("404 Not Found", 404),
        ("204 No Content", 204),
        ("401 x", 401),
        ("500 x", 500),
        ("304 x", 304),
    ] {
        let head = format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n");
        let answer = plain(move |stream| drop(stream.write_all(head.as_bytes())));
        assert!(
            matches!(answer, Err(UpstreamProblem::Status { status: s, .. }) if s == status),
            "{answer:?}"
        );
    }
}

#[test]
fn a_body_is_cut_off_at_the_limit_whether_its_length_is_announced_or_not() {
    let sized = |announced: bool, size: usize| {
        move |stream: &mut dyn Talk| {
            let length = if announced {
                format!("Content-Length: {size}\r\n")
            } else {
                String::new()
            };
            let _ =
                stream.write_all(format!("HTTP/1.1 200 OK\r\n{length}Connection: close\r\n\r\n").as_bytes());
            let _ = stream.write_all(&vec![b'x'; size]);
        }
    };
    for announced in [true, false] {
        let fits = get(
            &neighbour(),
            &Loopback::http(sized(announced, 1000)).url("http", "127.0.0.1"),
            1000,
        );
        assert_eq!(fits.map(|fetched| fetched.body.len()), Ok(1000));
        let over = get(
            &neighbour(),
            &Loopback::http(sized(announced, 1001)).url("http", "127.0.0.1"),
            1000,
        );
        assert_eq!(
            over,
            Err(UpstreamProblem::TooLarge {
                host: "127.0.0.1".to_owned(),
                limit: 1000
            })
        );
    }
    let server = Loopback::http(sized(true, 3 * MIB));
    let greedy = get(&neighbour(), &server.url("http", "127.0.0.1"), usize::MAX);
    assert_eq!(
        greedy,
        Err(UpstreamProblem::TooLarge {
            host: "127.0.0.1".to_owned(),
            limit: 2 * MIB
        })
    );
}

#[test]
fn an_endless_body_is_cut_off() {
    let started = Instant::now();
    let answer = plain(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        let chunk = [b"10000\r\n".as_slice(), &[b'x'; 65536], b"\r\n"].concat();
        while stream.write_all(&chunk).is_ok() {}
    });
    assert!(
        matches!(answer, Err(UpstreamProblem::TooLarge { .. })),
        "{answer:?}"
    );
    assert!(started.elapsed() < Duration::from_secs(8));
}

#[test]
fn a_compressed_answer_is_refused_and_never_unpacked() {
    let bomb = {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        (0..200).for_each(|_| packer.write_all(&[0; MIB / 4]).expect("memory"));
        packer.finish().expect("memory")
    };
    let answer = plain(move |stream| {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            bomb.len()
        );
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(&bomb);
    });
    let refused = UpstreamProblem::Compressed {
        host: "127.0.0.1".to_owned(),
        encoding: "gzip".to_owned(),
    };
    assert_eq!(answer, Err(refused));
}

#[test]
fn whoever_is_slow_is_given_up_on_at_one_common_limit() {
    let silent: fn(&mut dyn Talk) = |_| thread::sleep(Duration::from_secs(10));
    let dripping: fn(&mut dyn Talk) = |stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        while stream.write_all(b"x").and_then(|()| stream.flush()).is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    };
    let slow_head: fn(&mut dyn Talk) = |stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(b"A: b\r\n").is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    };
    for slow in [silent, dripping, slow_head] {
        let started = Instant::now();
        let url = Loopback::http(slow).url("http", "127.0.0.1");
        let answer = get(&neighbour().with_time_limit(Duration::from_secs(1)), &url, MIB);
        assert_eq!(
            answer,
            Err(UpstreamProblem::TimedOut {
                host: "127.0.0.1".to_owned(),
                seconds: 1
            })
        );
        assert!(started.elapsed() < Duration::from_secs(8));
    }
    // A handshake that never goes on.
    let mute = Loopback::listen("127.0.0.1:0", |stream| {
        thread::sleep(Duration::from_secs(10));
        drop(stream);
    });
    let answer = get(
        &neighbour().with_time_limit(Duration::from_secs(1)),
        &mute.url("https", "127.0.0.1"),
        MIB,
    );
    assert!(
        matches!(answer, Err(UpstreamProblem::TimedOut { .. })),
        "{answer:?}"
    );
}

#[test]
fn what_does_not_speak_http_is_a_problem() {
    for noise in [
        "",
        "SSH-2.0-OpenSSH_9.9\r\n",
        "<html>no head</html>\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    ] {
        let answer = plain(says(noise));
        assert!(
            matches!(answer, Err(UpstreamProblem::BadAnswer { .. })),
            "{noise:?}: {answer:?}"
        );
    }
}

#[test]
fn headers_are_limited_in_size_and_number() {
    for (count, size) in [(60, 2_000), (1_000, 10), (1, 1_000_000)] {
        let answer = plain(move |stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");
            for number in 0..count {
                let _ = stream.write_all(format!("X-{number}: {}\r\n", "x".repeat(size)).as_bytes());
            }
            let _ = stream.write_all(b"\r\n");
        });
        assert!(
            matches!(answer, Err(UpstreamProblem::BadAnswer { .. })),
            "{count}×{size}: {answer:?}"
        );
    }
    let endless = plain(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX: ");
        while stream.write_all(&[b'x'; 65536]).is_ok() {}
    });
    assert!(
        matches!(endless, Err(UpstreamProblem::BadAnswer { .. })),
        "{endless:?}"
    );
}

#[test]
fn a_port_without_a_listener_and_a_name_without_an_address_are_told_apart() {
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|l| l.local_addr())
        .expect("a port")
        .port();
    let answer = get(&neighbour(), &format!("https://127.0.0.1:{port}/"), MIB);
    assert_eq!(
        answer,
        Err(UpstreamProblem::Refused {
            host: "127.0.0.1".to_owned(),
            port
        })
    );

    let patient = neighbour().with_time_limit(Duration::from_secs(20));
    let answer = get(&patient, "https://nowhere.invalid/", MIB);
    assert!(
        matches!(&answer, Err(UpstreamProblem::NameNotFound { host, .. }) if host == "nowhere.invalid"),
        "{answer:?}"
    );
}

#[test]
fn a_certificate_must_be_for_this_host_valid_now_and_from_a_known_issuer() {
    let ours = Authority::new();
    let trusting = || neighbour().with_roots(&[ours.der()]).expect("a root");
    let ask = |client: &GuardedClient, authority: &Authority, name: &str, years: (i32, i32)| {
        let server = Loopback::https(authority.issue(name, years).server_config(), says(OK_HEAD));
        get(client, &server.url("https", "localhost"), MIB)
    };
    assert_eq!(
        ask(&trusting(), &ours, "localhost", NOW).map(|fetched| fetched.body),
        Ok(b"<a/>".to_vec())
    );

    let host = || "localhost".to_owned();
    let cases = [
        (
            &ours,
            "other.example",
            NOW,
            UpstreamProblem::CertificateForOtherHost { host: host() },
        ),
        (
            &ours,
            "localhost",
            (2001, 2002),
            UpstreamProblem::CertificateExpired { host: host() },
        ),
        (
            &ours,
            "localhost",
            (2090, 2100),
            UpstreamProblem::CertificateNotYetValid { host: host() },
        ),
        (
            &Authority::new(),
            "localhost",
            NOW,
            UpstreamProblem::CertificateFromUnknownIssuer { host: host() },
        ),
    ];
    for (authority, name, years, problem) in cases {
        assert_eq!(
            ask(&trusting(), authority, name, years),
            Err(problem),
            "{name} {years:?}"
        );
    }
    // Being named by the operator does not replace a certificate that can be trusted.
    let untrusting = ask(&neighbour(), &ours, "localhost", NOW);
    let refused = matches!(
        untrusting,
        Err(UpstreamProblem::CertificateFromUnknownIssuer { .. } | UpstreamProblem::NoTrustStore)
    );
    assert!(refused, "{untrusting:?}");
}

#[test]
fn https_to_a_server_without_tls_is_a_tls_problem() {
    let server = Loopback::listen("127.0.0.1:0", |mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let client = neighbour().with_roots(&[Authority::new().der()]).expect("a root");
    let answer = get(&client, &server.url("https", "127.0.0.1"), MIB);
    assert!(matches!(answer, Err(UpstreamProblem::Tls { .. })), "{answer:?}");
}

#[test]
fn problems_tell_the_admin_what_to_do() {
    let host = "idp.internal".to_owned();
    let inside = UpstreamProblem::Inside {
        host: host.clone(),
        address: IpAddr::from([10, 0, 0, 5]),
    };
    assert!(
        inside.to_string().contains("--allow-upstream idp.internal"),
        "{inside}"
    );
    let redirected = UpstreamProblem::Redirected {
        host,
        to: "https://other.example/m".to_owned(),
    };
    assert!(
        redirected.to_string().contains("https://other.example/m"),
        "{redirected}"
    );
}

/// What the next test runs in a process of its own, because the environment belongs to the whole process.
#[test]
#[ignore = "is run by `a_proxy_in_the_environment_is_not_used`"]
#[expect(
    clippy::disallowed_methods,
    reason = "its parent speaks to it through the environment"
)]
fn fetch_what_the_environment_names() {
    let url = std::env::var("FETCH").expect("an address");
    get(&neighbour(), &url, MIB).expect("fetched");
}

#[test]
fn a_proxy_in_the_environment_is_not_used() {
    let (server, canary) = (Loopback::http(says(OK_HEAD)), Loopback::canary());
    let proxy = format!("http://127.0.0.1:{}", canary.address.port());
    let mut child = Command::new(std::env::current_exe().expect("this program"));
    child.args([
        "--exact",
        "outbound::fetch_what_the_environment_names",
        "--ignored",
    ]);
    child
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env("FETCH", server.url("http", "127.0.0.1"));
    for name in [
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ] {
        child.env(name, &proxy);
    }
    let output = child.output().expect("it runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    assert_eq!((server.connections(), canary.connections()), (1, 0));
}

/// A server that keeps every request it got, head and body, and gives this answer.
fn listening(answer: &'static str) -> (Loopback, Arc<Mutex<Vec<String>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&heard);
    let server = Loopback::listen("127.0.0.1:0", move |mut stream| {
        let (mut text, mut byte) = (String::new(), [0]);
        while !text.ends_with("\r\n\r\n") && !text.ends_with("&last=1") {
            match stream.read(&mut byte) {
                Ok(1) => text.push(char::from(byte[0])),
                _ => return,
            }
            if text.starts_with("POST") && text.ends_with("\r\n\r\n") {
                text.push(' ');
            }
        }
        notes.lock().expect("notes").push(text);
        drop(stream.write_all(answer.as_bytes()));
    });
    (server, heard)
}

fn form() -> Vec<(String, String)> {
    [("a", "1 & 2"), ("b", "\u{e4}=%"), ("last", "1")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

#[test]
fn a_form_is_posted_and_an_error_comes_back_with_its_body() {
    const REFUSED: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 25\r\n\r\n{\"error\":\"invalid_grant\"}";
    let (server, heard) = listening(REFUSED);
    let url = server.url("http", "127.0.0.1");
    let replied = block(neighbour().post_form(&url, &form(), Some(("id%3A1", "s+e")), MIB)).expect("a reply");
    let body = br#"{"error":"invalid_grant"}"#.to_vec();
    let content_type = Some("application/json".to_owned());
    assert_eq!(
        replied,
        Replied {
            status: 400,
            body,
            content_type
        }
    );
    let heard = heard.lock().expect("notes")[0].to_ascii_lowercase();
    assert!(heard.starts_with("post /metadata "), "{heard}");
    assert!(
        heard.contains("\r\ncontent-type: application/x-www-form-urlencoded\r\n"),
        "{heard}"
    );
    // `id%3A1:s+e` in Base64.
    assert!(
        heard.contains("\r\nauthorization: basic awqlm0exonmrzq==\r\n"),
        "{heard}"
    );
    assert!(heard.ends_with("a=1+%26+2&b=%c3%a4%3d%25&last=1"), "{heard}");
}

#[test]
fn a_form_has_the_same_limits_as_a_fetch() {
    let post = |url: &str, max_bytes: usize| block(neighbour().post_form(url, &form(), None, max_bytes));
    let canary = Loopback::canary();
    let to = canary.url("http", "127.0.0.1");
    let head: &'static str =
        Box::leak(format!("HTTP/1.1 307 x\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into_boxed_str());
    let (server, _) = listening(head);
    let answer = post(&server.url("http", "127.0.0.1"), MIB);
    assert!(
        matches!(answer, Err(UpstreamProblem::Redirected { .. })),
        "{answer:?}"
    );
    assert_eq!(canary.connections(), 0);
    let (server, _) = listening("HTTP/1.1 500 x\r\nContent-Length: 11\r\n\r\n01234567890");
    let answer = post(&server.url("http", "127.0.0.1"), 10);
    assert!(
        matches!(answer, Err(UpstreamProblem::TooLarge { limit: 10, .. })),
        "{answer:?}"
    );
    let (server, _) = listening("HTTP/1.1 200 x\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx");
    let answer = post(&server.url("http", "127.0.0.1"), MIB);
    assert!(
        matches!(answer, Err(UpstreamProblem::Compressed { .. })),
        "{answer:?}"
    );
    let inside = block(GuardedClient::new(Policy::default()).post_form(&to, &form(), None, MIB));
    assert!(
        matches!(inside, Err(UpstreamProblem::Inside { .. })),
        "{inside:?}"
    );
    let silent = Loopback::http(|_| thread::sleep(Duration::from_secs(10)));
    let answer = post(&silent.url("http", "127.0.0.1"), MIB);
    assert!(
        matches!(answer, Err(UpstreamProblem::TimedOut { .. })),
        "{answer:?}"
    );
}

#[test]
fn a_bearer_token_is_sent_as_one_and_only_where_it_fits_into_a_header() {
    let (server, heard) = listening(OK_HEAD);
    let url = server.url("http", "127.0.0.1");
    let fetched = block(neighbour().get_with_bearer(&url, "abc.DEF", MIB)).expect("an answer");
    assert_eq!(fetched.body, b"<a/>");
    let said = heard.lock().expect("notes")[0].clone();
    assert!(
        said.to_ascii_lowercase()
            .contains("\r\nauthorization: bearer abc.def\r\n"),
        "{said}"
    );
    let broken = block(neighbour().get_with_bearer(&url, "abc\r\nX-Evil: 1", MIB));
    assert!(
        matches!(broken, Err(UpstreamProblem::BadAddress { .. })),
        "{broken:?}"
    );
    let (server, _) = listening("HTTP/1.1 401 x\r\nContent-Length: 0\r\n\r\n");
    let refused = block(neighbour().get_with_bearer(&server.url("http", "127.0.0.1"), "abc", MIB));
    assert!(
        matches!(refused, Err(UpstreamProblem::Status { status: 401, .. })),
        "{refused:?}"
    );
}

#[test]
fn a_kept_client_still_asks_for_each_address_anew() {
    let client = neighbour();
    // A server that would gladly be asked again over the same connection.
    let server = Loopback::http(|stream| {
        says(OK_HEAD)(stream);
        thread::sleep(Duration::from_secs(5));
    });
    let url = server.url("http", "127.0.0.1");
    block(async {
        for _ in 0..3 {
            assert!(client.clone().get(&url, MIB).await.is_ok());
        }
    });
    // Nothing stays connected, so that every request passes the resolver and the policy again.
    assert_eq!(server.connections(), 3);
    let canary = Loopback::canary();
    let named = GuardedClient::new(Policy::new(vec![AllowedUpstream::host("127.0.0.1")]));
    for _ in 0..2 {
        let problem =
            block(named.get(&canary.url("https", "localhost"), MIB)).expect_err("an inside address");
        assert!(matches!(problem, UpstreamProblem::Inside { .. }), "{problem:?}");
    }
    assert_eq!(canary.connections(), 0);
}

#[test]
#[ignore = "is run by `an_authority_that_is_added_to_the_machine_counts_from_the_next_request_on`"]
#[expect(
    clippy::disallowed_methods,
    reason = "its parent speaks to it through the environment"
)]
fn fetch_before_and_after_an_authority_is_added() {
    let authority = Authority::new();
    let server = Loopback::https(authority.issue("localhost", NOW).server_config(), says(OK_HEAD));
    let (client, url) = (neighbour(), server.url("https", "localhost"));
    let store = std::env::var("SSL_CERT_FILE").expect("a trust store");
    let before = block(client.get(&url, MIB));
    assert!(
        matches!(before, Err(UpstreamProblem::CertificateFromUnknownIssuer { .. })),
        "{before:?}"
    );
    std::fs::write(store, authority.pem()).expect("a file");
    assert_eq!(block(client.get(&url, MIB)).expect("an answer").body, b"<a/>");
}

#[test]
fn an_authority_that_is_added_to_the_machine_counts_from_the_next_request_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = folder.path().join("authorities.pem");
    std::fs::write(&store, Authority::new().pem()).expect("a file");
    let run = Command::new(std::env::current_exe().expect("this program"))
        .args([
            "--ignored",
            "--exact",
            "outbound::fetch_before_and_after_an_authority_is_added",
        ])
        .env("SSL_CERT_FILE", &store)
        .env("SSL_CERT_DIR", folder.path().join("none"))
        .output()
        .expect("this program runs");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
}
