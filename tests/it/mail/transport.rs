//! The mailer alone: what it takes for a mail server, and what it says when one is none.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use doorward::model::{Email, MailSecurity, Timestamp};
use doorward::outbound::mail::{Letter, MailProblem, MailServer, Mailer, Refused, Step};
use doorward::outbound::{AllowedUpstream, Policy, UpstreamProblem};

use super::server::{Manner, Smtp};
use crate::loopback::{Authority, Loopback};

const NOW: (i32, i32) = (2020, 2100);
const ACCOUNT: (&str, &str) = ("door", "s3cret words");

fn letter(to: &str) -> Letter {
    Letter {
        id: "019f@door.example.com".into(),
        date: Timestamp(1_700_000_000_000),
        from_name: "Acme".into(),
        from: Email::parse("door@example.com").expect("an address"),
        to: Email::parse(to).expect("an address"),
        subject: "Hello".into(),
        text: "One\n".into(),
        html: "<p>One</p>\n".into(),
    }
}

/// May talk to loopback, for two seconds.
fn neighbour(roots: &[Vec<u8>]) -> Mailer {
    let loopback = AllowedUpstream::Network("127.0.0.0/8".parse().expect("a network"));
    Mailer::new(Policy::new(vec![loopback]))
        .with_roots(roots)
        .with_time_limit(Duration::from_secs(2))
}

fn server(host: &str, port: u16, security: MailSecurity) -> MailServer<'_> {
    MailServer {
        host,
        port,
        security,
        account: None,
        hello: "door.example.com",
    }
}

fn mail(mailer: &Mailer, server: MailServer<'_>, to: &str) -> Result<String, MailProblem> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut line = mailer.open(server, &|_: Step| ()).await?;
        let said = line.hand_over(&letter(to)).await;
        line.close().await;
        said
    })
}

fn send(mailer: &Mailer, server: MailServer<'_>) -> Result<String, MailProblem> {
    mail(mailer, server, "ana@example.com")
}

#[test]
fn both_kinds_of_encryption_carry_a_mail_and_the_password() {
    let authority = Authority::new();
    let config = Some(authority.issue("localhost", NOW).server_config());
    let account = Some(ACCOUNT);
    for (manner, security) in [
        (
            Manner {
                tls: config.clone(),
                account,
                ..Manner::default()
            },
            MailSecurity::Tls,
        ),
        (
            Manner {
                starttls: config,
                account,
                ..Manner::default()
            },
            MailSecurity::StartTls,
        ),
    ] {
        let smtp = Smtp::start(manner);
        let with_account = MailServer {
            account,
            ..server("localhost", smtp.port(), security)
        };
        let said = send(&neighbour(&[authority.der()]), with_account);
        assert_eq!(said.as_deref(), Ok("250 2.0.0 queued as 4Bz7"), "{security:?}");
        let taken = smtp.taken();
        assert_eq!(
            (taken[0].from.as_str(), taken[0].to.as_str()),
            ("door@example.com", "ana@example.com")
        );
        assert!(taken[0].encrypted, "{security:?}");
        assert_eq!(taken[0].part("text/plain").trim(), "One");
        assert_eq!(taken[0].part("text/html").trim(), "<p>One</p>");
    }
}

#[test]
fn a_certificate_that_is_not_the_servers_ends_it_before_anything_is_said() {
    let authority = Authority::new();
    let roots = [authority.der()];
    type Expected = fn(&MailProblem) -> bool;
    type Case<'a> = (&'a str, (i32, i32), &'a [Vec<u8>], Expected);
    let cases: [Case; 3] = [
        ("other.example", NOW, &roots, |p| {
            matches!(
                p,
                MailProblem::Connection(UpstreamProblem::CertificateForOtherHost { .. })
            )
        }),
        ("localhost", NOW, &[], |p| {
            matches!(
                p,
                MailProblem::Connection(UpstreamProblem::CertificateFromUnknownIssuer { .. })
            )
        }),
        ("localhost", (2019, 2020), &roots, |p| {
            matches!(
                p,
                MailProblem::Connection(UpstreamProblem::CertificateExpired { .. })
            )
        }),
    ];
    for (name, years, roots, expected) in cases {
        let config = Some(authority.issue(name, years).server_config());
        let account = Some(ACCOUNT);
        for (manner, security) in [
            (
                Manner {
                    tls: config.clone(),
                    account,
                    ..Manner::default()
                },
                MailSecurity::Tls,
            ),
            (
                Manner {
                    starttls: config.clone(),
                    account,
                    ..Manner::default()
                },
                MailSecurity::StartTls,
            ),
        ] {
            let smtp = Smtp::start(manner);
            let with_account = MailServer {
                account,
                ..server("localhost", smtp.port(), security)
            };
            let problem = send(&neighbour(roots), with_account).expect_err(name);
            assert!(expected(&problem), "{name} {security:?}: {problem:?}");
            assert!(
                !smtp
                    .heard()
                    .iter()
                    .any(|line| line.starts_with("AUTH") || line.starts_with("MAIL"))
            );
            assert_eq!(smtp.taken().len(), 0);
        }
    }
}

#[test]
fn without_starttls_nothing_is_said_and_nothing_that_was_slipped_in_counts() {
    let account = Some(ACCOUNT);
    let bare = Smtp::start(Manner {
        account,
        ..Manner::default()
    });
    let with_account = MailServer {
        account,
        ..server("127.0.0.1", bare.port(), MailSecurity::StartTls)
    };
    let problem = send(&neighbour(&[]), with_account).expect_err("no STARTTLS");
    assert!(matches!(problem, MailProblem::NoStartTls { .. }), "{problem:?}");
    let said = bare.heard();
    assert!(
        said.iter().all(|line| line.starts_with("EHLO") || line == "QUIT"),
        "{said:?}"
    );

    let authority = Authority::new();
    let config = Some(authority.issue("localhost", NOW).server_config());
    let slips_in = "250-mail.example.com\r\n250 AUTH PLAIN\r\n";
    let slipped = Smtp::start(Manner {
        starttls: config,
        slips_in,
        ..Manner::default()
    });
    let problem = send(
        &neighbour(&[authority.der()]),
        server("localhost", slipped.port(), MailSecurity::StartTls),
    );
    let problem = problem.expect_err("slipped in");
    assert!(matches!(problem, MailProblem::SlippedIn { .. }), "{problem:?}");
}

#[test]
fn mail_in_the_open_stays_on_this_machine() {
    let smtp = Smtp::start(Manner::default());
    let said = send(
        &neighbour(&[]),
        server("127.0.0.1", smtp.port(), MailSecurity::None),
    );
    assert!(said.is_ok(), "{said:?}");
    let office = AllowedUpstream::Network("10.0.0.0/8".parse().expect("a network"));
    let mailer = Mailer::new(Policy::new(vec![office, AllowedUpstream::host("mail.internal")]));
    let problem = send(&mailer, server("10.1.2.3", 25, MailSecurity::None)).expect_err("in the open");
    assert!(matches!(problem, MailProblem::InTheOpen { .. }), "{problem:?}");
}

#[test]
fn no_inside_address_is_connected_to_unless_the_operator_named_it() {
    let canary = Loopback::canary();
    let nobody = Mailer::new(Policy::default()).with_time_limit(Duration::from_secs(2));
    for host in [
        "127.0.0.1",
        "localhost",
        "::1",
        "::ffff:127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "fd00::1",
    ] {
        for security in MailSecurity::ALL {
            let problem = send(&nobody, server(host, canary.address.port(), security)).expect_err(host);
            assert!(
                matches!(problem, MailProblem::Inside { .. }),
                "{host} {security:?}: {problem:?}"
            );
        }
    }
    for host in ["127.1", "0x7f.1", "2130706433", "", "a b", "[::1]"] {
        let problem = send(&nobody, server(host, canary.address.port(), MailSecurity::Tls)).expect_err(host);
        let refused = matches!(
            problem,
            MailProblem::Inside { .. }
                | MailProblem::NoHost { .. }
                | MailProblem::Connection(UpstreamProblem::NameNotFound { .. })
        );
        assert!(refused, "{host}: {problem:?}");
    }
    assert_eq!(canary.connections(), 0);
}

#[test]
fn a_silent_a_slow_and_an_endless_server_cost_a_bounded_time() {
    let silent = Loopback::listen("127.0.0.1:0", |stream| {
        thread::sleep(Duration::from_secs(10));
        drop(stream);
    });
    let drips = Loopback::listen("127.0.0.1:0", |mut stream| {
        while stream.write_all(b"2").is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    });
    let floods = Loopback::listen(
        "127.0.0.1:0",
        |mut stream| {
            while stream.write_all(&[b'2'; 65_536]).is_ok() {}
        },
    );
    for (what, port) in [("silent", &silent), ("drips", &drips), ("floods", &floods)] {
        let began = Instant::now();
        let port = port.address.port();
        let problem = send(&neighbour(&[]), server("127.0.0.1", port, MailSecurity::None)).expect_err(what);
        match what {
            "floods" => assert!(matches!(problem, MailProblem::TooMuch { .. }), "{problem:?}"),
            _ => assert!(
                matches!(problem, MailProblem::TimedOut { .. }),
                "{what}: {problem:?}"
            ),
        }
        assert!(began.elapsed() < Duration::from_secs(6), "{what}");
    }
}

#[test]
fn a_refusal_is_told_in_the_servers_words_and_says_whose_move_it_is() {
    let account = Some(ACCOUNT);
    let cases = [
        (
            "greeting",
            "554 5.7.1 not from here",
            Refused::Greeting,
            true,
            false,
        ),
        (
            "AUTH",
            "535 5.7.8 wrong \u{1b}[31mpassword",
            Refused::SignIn,
            true,
            false,
        ),
        ("MAIL", "550 5.7.1 not your address", Refused::Sender, true, false),
        ("RCPT", "550 5.1.1 no such user", Refused::Recipient, true, true),
        ("RCPT", "451 4.7.1 greylisted", Refused::Recipient, false, false),
        ("DATA", "554 5.6.0 no", Refused::Letter, true, true),
        (".", "552 5.3.4 too big", Refused::Letter, true, true),
        (".", "452 4.3.1 disk full", Refused::Letter, false, false),
    ];
    for (command, says, refused, permanent, is_final) in cases {
        let smtp = Smtp::start(Manner {
            account,
            says: vec![(command, says)],
            ..Manner::default()
        });
        let with_account = MailServer {
            account,
            ..server("127.0.0.1", smtp.port(), MailSecurity::None)
        };
        let problem = send(&neighbour(&[]), with_account).expect_err(says);
        let MailProblem::Refused {
            of, said, for_good, ..
        } = &problem
        else {
            panic!("{says}: {problem:?}");
        };
        assert_eq!(
            (*of, *for_good, problem.is_final()),
            (refused, permanent, is_final),
            "{says}"
        );
        assert!(said.starts_with(&says[..9]), "{said}");
        assert!(!said.contains('\u{1b}'), "{said:?}");
    }
}

#[test]
fn a_server_without_sign_in_never_hears_the_password_and_foreign_letters_need_its_word() {
    let smtp = Smtp::start(Manner::default());
    let here = server("127.0.0.1", smtp.port(), MailSecurity::None);
    let problem = send(
        &neighbour(&[]),
        MailServer {
            account: Some(ACCOUNT),
            ..here
        },
    )
    .expect_err("no AUTH");
    assert!(matches!(problem, MailProblem::NoSignIn { .. }), "{problem:?}");
    assert!(!smtp.heard().iter().any(|line| line.starts_with("AUTH")));
    let problem = mail(&neighbour(&[]), here, "añá@example.com").expect_err("no SMTPUTF8");
    assert!(
        matches!(problem, MailProblem::NoForeignLetters { .. }),
        "{problem:?}"
    );
    assert!(mail(&neighbour(&[]), here, "ana@bücher.example").is_ok());
    assert_eq!(smtp.taken()[0].to, "ana@xn--bcher-kva.example");
}
