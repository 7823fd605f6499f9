//! Settings from three sources: who wins, and what stops the start.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use doorward::cli::{ApplyOptions, Command, Stop};
use doorward::config::{Config, LogFormat, LogLevel, TlsSetting};
use doorward::outbound::AllowedUpstream;
use tempfile::TempDir;

/// Name and a good value of every setting that `serve` has, and values that make no sense.
const SETTINGS: [(&str, &str, &[&str]); 9] = [
    ("data_dir", "/srv/doorward", &[]),
    (
        "listen",
        "127.0.0.1:9000",
        &[
            "8080",
            ":8080",
            "localhost:8080",
            "127.0.0.1",
            "127.0.0.1:99999",
            "1.2.3:1",
            "x",
        ],
    ),
    (
        "behind_proxy",
        "10.0.0.0/8",
        &[
            "proxy",
            "10.0.0.5/8",
            "10.0.0.0/33",
            "10.0.0.0/",
            "127.1",
            "fd00::/129",
        ],
    ),
    (
        "tls",
        "self-signed",
        &["selfsigned", "on", "true", "acme", "/etc/cert.pem"],
    ),
    ("tls_cert", "/etc/cert.pem", &[]),
    ("tls_key", "/etc/key.pem", &[]),
    (
        "allow_upstream",
        "idp.internal",
        &[
            "https://idp.internal",
            "idp.internal:8443",
            "*.internal",
            "a b",
            "10.0.0.5/8",
            "idp.internal/x",
            "127.1",
            "-",
            "a..b",
        ],
    ),
    ("log_format", "json", &["xml", "JSON", "text,json"]),
    ("log", "debug", &["verbose", "INFO", "5", "doorward=debug"]),
];

fn parse(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Command, String> {
    let arguments = ["doorward"].iter().chain(arguments).map(OsString::from);
    let environment = environment
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    Command::parse(arguments, environment).map_err(|stop| match stop {
        Stop::Usage(usage) => usage.to_string(),
        Stop::Config(problems) => problems.to_string(),
    })
}

fn config(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Config, String> {
    match parse(arguments, environment)? {
        Command::Serve(config) => Ok(config),
        other => panic!("{other:?}"),
    }
}

/// A settings file and the argument that names it.
struct File(TempDir);

impl File {
    fn with(text: impl AsRef<[u8]>) -> Self {
        let file = Self(TempDir::new().expect("a directory"));
        fs::write(file.path(), text).expect("written");
        file
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("doorward.toml")
    }

    fn read(&self) -> Result<Config, String> {
        config(&["--config", self.path().to_str().expect("text")], &[])
    }
}

fn flag(name: &str) -> String {
    format!("--{}", name.replace('_', "-"))
}

fn variable(name: &str) -> String {
    format!("DOORWARD_{}", name.to_uppercase())
}

/// Gives `value` to `name` in each of the three sources and returns what is said, with the expected beginning.
fn in_each_source(name: &str, value: &str) -> Vec<(Result<Config, String>, String)> {
    let file = File::with(format!("{name} = {}", toml::Value::from(value)));
    vec![
        (
            config(&[&format!("{}={value}", flag(name))], &[]),
            format!("`{}`: ", flag(name)),
        ),
        (
            config(&[], &[(&variable(name), value)]),
            format!("`{}`: ", variable(name)),
        ),
        (file.read(), format!("`{name}` in {}: ", file.path().display())),
    ]
}

#[test]
fn without_settings_the_defaults_hold_and_serve_is_meant() {
    let defaults = config(&[], &[]).expect("defaults");
    assert_eq!(defaults.data_dir, Path::new("./data"));
    assert_eq!(defaults.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(
        (defaults.log, defaults.log_format),
        (LogLevel::Info, LogFormat::Text)
    );
    assert_eq!(
        (
            &defaults.tls,
            &defaults.behind_proxy[..],
            &defaults.allow_upstream[..]
        ),
        (&None, &[][..], &[][..])
    );
    assert_eq!(
        config(&["serve"], &[("PATH", "/bin"), ("HOME", "")]),
        Ok(defaults)
    );
}

#[test]
fn every_setting_is_understood_in_every_source() {
    for (name, value, _) in SETTINGS.iter().filter(|(name, ..)| !name.starts_with("tls_")) {
        let understood: Vec<Config> = in_each_source(name, value)
            .into_iter()
            .map(|(read, _)| read.expect(name))
            .collect();
        assert_ne!(understood[0], config(&[], &[]).expect("defaults"), "{name}");
        assert!(understood.iter().all(|one| *one == understood[0]), "{name}");
    }
    let files = config(&["--tls-cert", "/c", "--tls-key", "/k"], &[])
        .expect("a pair")
        .tls;
    assert_eq!(
        files,
        Some(TlsSetting::Files {
            cert: "/c".into(),
            key: "/k".into()
        })
    );
}

#[test]
fn a_value_that_makes_no_sense_is_refused_with_its_name_and_source() {
    for (name, _, bad) in SETTINGS {
        for value in bad {
            for (read, place) in in_each_source(name, value) {
                let said = read.expect_err(value);
                assert!(said.starts_with(&place), "{name}={value}: {said}");
            }
        }
    }
}

#[test]
fn empty_huge_and_unprintable_values_are_refused_with_their_name_and_source() {
    let huge = "x".repeat(100_000);
    for (name, ..) in SETTINGS {
        for (value, says) in [
            ("", "is empty"),
            ("  ", "is empty"),
            (&huge, "bytes long"),
            ("a\u{7}b", "control character"),
        ] {
            for (read, place) in in_each_source(name, value) {
                let said = read.expect_err(name);
                assert!(said.starts_with(&place) && said.contains(says), "{name}: {said}");
            }
        }
    }
}

#[test]
fn a_wrong_type_in_the_file_is_refused_with_its_name() {
    for (name, ..) in SETTINGS {
        for (value, found) in [
            ("8080", "a number"),
            ("1.5", "a number"),
            ("true", "true or false"),
            ("1979-05-27", "a date"),
            ("{ a = 1 }", "a table"),
            ("[1]", "a "),
        ] {
            let file = File::with(format!("{name} = {value}"));
            let said = file.read().expect_err(name);
            assert!(
                said.starts_with(&format!("`{name}` in {}: must be ", file.path().display())),
                "{said}"
            );
            assert!(said.contains(&format!("found {found}")), "{said}");
        }
    }
}

#[test]
fn unknown_names_are_refused_and_the_nearest_known_one_is_offered() {
    let said = config(&[], &[("DOORWARD_LISTN", "127.0.0.1:1")]).expect_err("unknown");
    assert_eq!(
        said,
        "`DOORWARD_LISTN`: there is no such setting. Did you mean `DOORWARD_LISTEN`?"
    );
    let said = config(&[], &[("DOORWARD_listen", "127.0.0.1:1")]).expect_err("unknown");
    assert!(said.contains("Did you mean `DOORWARD_LISTEN`?"), "{said}");
    let said = config(&[], &[("DOORWARD_PORT", "8080")]).expect_err("unknown");
    assert!(
        said.starts_with("`DOORWARD_PORT`: there is no such setting"),
        "{said}"
    );
    for (key, offered) in [
        ("lisen", "listen"),
        ("tls-cert", "tls_cert"),
        ("allow_upstreams", "allow_upstream"),
    ] {
        let file = File::with(format!("{key} = \"x\""));
        let said = file.read().expect_err(key);
        assert!(
            said.starts_with(&format!("`{key}` in {}: ", file.path().display())),
            "{said}"
        );
        assert!(said.ends_with(&format!("Did you mean `{offered}`?")), "{said}");
    }
    let said = File::with("config = \"other.toml\"")
        .read()
        .expect_err("a file names no file");
    assert!(said.contains("no such setting"), "{said}");
    let said = config(&["--lisen", "127.0.0.1:1"], &[]).expect_err("unknown");
    assert!(said.contains("--lisen") && said.contains("--listen"), "{said}");
}

#[test]
fn the_variables_that_a_cluster_sets_for_a_service_of_our_name_are_none_of_ours() {
    let links = [
        ("DOORWARD_SERVICE_HOST", "10.0.0.1"),
        ("DOORWARD_SERVICE_PORT", "8080"),
        ("DOORWARD_SERVICE_PORT_HTTP", "8080"),
        ("DOORWARD_PORT", "tcp://10.0.0.1:8080"),
        ("DOORWARD_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("DOORWARD_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("DOORWARD_PORT_8080_TCP_PROTO", "tcp"),
    ];
    assert_eq!(config(&[], &links), config(&[], &[]));
}

#[test]
fn a_flag_wins_over_the_environment_and_the_environment_over_the_file() {
    let file = File::with(
        "listen = \"127.0.0.1:3\"\nlog = \"error\"\nallow_upstream = [\"a.internal\", \"b.internal\"]",
    );
    let path = file.path();
    let path = path.to_str().expect("text");
    let environment = [("DOORWARD_CONFIG", path), ("DOORWARD_LISTEN", "127.0.0.1:2")];
    let port = |arguments: &[&str], environment: &[(&str, &str)]| {
        config(arguments, environment).expect("good").listen.port()
    };
    assert_eq!(port(&["--listen", "127.0.0.1:1"], &environment), 1);
    assert_eq!(port(&[], &environment), 2);
    assert_eq!(port(&[], &environment[..1]), 3);
    assert_eq!(port(&["--config", path], &[("DOORWARD_CONFIG", "/nowhere")]), 3);
    let listed = config(&["--allow-upstream", "c.internal"], &environment).expect("good");
    assert_eq!(listed.allow_upstream, [AllowedUpstream::host("c.internal")]);
    assert_eq!(listed.log, LogLevel::Error);
}

#[test]
fn lists_are_repeated_comma_separated_or_toml_lists() {
    let expected = config(&["--behind-proxy", "10.0.0.1", "--behind-proxy", "fd00::/8"], &[])
        .expect("good")
        .behind_proxy;
    assert_eq!(expected.len(), 2);
    assert_eq!(
        config(&["--behind-proxy", "10.0.0.1, fd00::/8"], &[])
            .expect("good")
            .behind_proxy,
        expected
    );
    config(&[], &[("DOORWARD_BEHIND_PROXY", "10.0.0.1,[fd00::]/8")]).expect_err("brackets are for addresses");
    assert_eq!(
        config(&[], &[("DOORWARD_BEHIND_PROXY", "10.0.0.1,fd00::/8")])
            .expect("good")
            .behind_proxy,
        expected
    );
    let file = File::with("behind_proxy = [\"10.0.0.1\", \"fd00::/8\"]");
    assert_eq!(file.read().expect("good").behind_proxy, expected);
    let said = config(&["--behind-proxy", "10.0.0.1,,10.0.0.2"], &[]).expect_err("a hole");
    assert!(said.starts_with("`--behind-proxy`: is empty"), "{said}");
    let many = vec!["10.0.0.1"; 300].join(",");
    let said = config(&[], &[("DOORWARD_BEHIND_PROXY", &many)]).expect_err("too many");
    assert!(said.contains("300 values"), "{said}");
}

#[test]
fn upstreams_are_hosts_addresses_and_networks() {
    let network = |text: &str| AllowedUpstream::Network(text.parse().expect("a network"));
    for (value, expected) in [
        ("IdP.Internal.", AllowedUpstream::host("idp.internal")),
        ("localhost", AllowedUpstream::host("localhost")),
        ("b\u{fc}ro.example", AllowedUpstream::host("xn--bro-hoa.example")),
        ("10.1.2.3", network("10.1.2.3/32")),
        ("10.0.0.0/8", network("10.0.0.0/8")),
        ("::1", network("::1/128")),
        ("[::1]", network("::1/128")),
        ("fd00::/8", network("fd00::/8")),
        ("::ffff:10.1.2.3", network("10.1.2.3/32")),
    ] {
        assert_eq!(
            config(&["--allow-upstream", value], &[])
                .expect(value)
                .allow_upstream,
            [expected]
        );
    }
}

#[test]
fn plain_http_stays_on_loopback_unless_a_proxy_is_named() {
    for address in [
        "0.0.0.0:8080",
        "[::]:8080",
        "192.0.2.1:80",
        "[2001:db8::1]:80",
        "[::ffff:192.0.2.1]:80",
    ] {
        for (read, place) in in_each_source("listen", address) {
            let said = read.expect_err(address);
            assert!(said.starts_with(&place), "{said}");
            for way_out in ["--tls self-signed", "--tls-cert", "--behind-proxy", "127.0.0.1"] {
                assert!(said.contains(way_out), "{said}");
            }
        }
        for more in [
            &["--tls", "self-signed"][..],
            &["--behind-proxy", "10.0.0.1"],
            &["--tls-cert", "c", "--tls-key", "k"],
        ] {
            let arguments = [&["--listen", address], more].concat();
            config(&arguments, &[]).expect(address);
        }
    }
    for address in [
        "127.0.0.1:8080",
        "127.9.9.9:1",
        "[::1]:8080",
        "[::ffff:127.0.0.1]:80",
        "127.0.0.1:0",
    ] {
        config(&["--listen", address], &[]).expect(address);
    }
}

#[test]
fn tls_settings_that_contradict_each_other_or_lack_a_half_are_refused() {
    let file = File::with("tls_key = \"/k\"");
    let path = file.path();
    let path = path.to_str().expect("text");
    for (arguments, environment, says) in [
        (
            &["--tls-cert", "/c"][..],
            &[][..],
            "`--tls-cert`: needs `tls_key` too",
        ),
        (&["--tls-key", "/k"], &[], "`--tls-key`: needs `tls_cert` too"),
        (
            &["--tls", "self-signed", "--tls-cert", "/c", "--tls-key", "/k"],
            &[],
            "`--tls-cert`: cannot be combined",
        ),
        (
            &["--tls", "self-signed"],
            &[("DOORWARD_TLS_KEY", "/k")],
            "`DOORWARD_TLS_KEY`: cannot be combined",
        ),
        (&["--tls", "self-signed", "--config", path], &[], "`tls_key` in "),
    ] {
        let said = config(arguments, environment).expect_err(says);
        assert!(said.starts_with(says), "{said}");
    }
}

#[test]
fn paths_in_a_file_start_where_the_file_is() {
    let file = File::with("data_dir = \"state\"\ntls_cert = \"/etc/c.pem\"\ntls_key = \"k.pem\"");
    let folder = file.0.path();
    let read = file.read().expect("good");
    assert_eq!(read.data_dir, folder.join("state"));
    assert_eq!(
        read.tls,
        Some(TlsSetting::Files {
            cert: "/etc/c.pem".into(),
            key: folder.join("k.pem")
        })
    );
    assert_eq!(
        config(&["--data-dir", "state"], &[]).expect("good").data_dir,
        Path::new("state")
    );
}

#[test]
fn a_file_that_cannot_be_used_is_refused_with_the_reason() {
    for (text, says) in [
        (b"listen = ".to_vec(), "line 1: "),
        (b"log = \"info\"\n\nlisten 127".to_vec(), "line 3: "),
        (b"log = \"info\"\nlog = \"warn\"".to_vec(), "line 2: "),
        (b"log = \"\xff\"".to_vec(), "not UTF-8"),
        (vec![b'#'; 2 * 1024 * 1024], "larger than 1 MiB"),
    ] {
        let file = File::with(text);
        let said = file.read().expect_err(says);
        assert!(said.starts_with("`--config`: ") && said.contains(says), "{said}");
        assert!(said.contains(&*file.path().to_string_lossy()), "{said}");
    }
    for path in ["/nowhere/doorward.toml", "/"] {
        let said = config(&["--config", path], &[]).expect_err(path);
        assert!(said.contains("cannot be read"), "{said}");
        let said = config(&[], &[("DOORWARD_CONFIG", path)]).expect_err(path);
        assert!(said.starts_with("`DOORWARD_CONFIG`: "), "{said}");
    }
    assert!(File::with("").read().is_ok(), "an empty file says nothing");
    assert!(config(&[], &[("DOORWARD_CONFIG", "")]).is_err());
}

#[test]
fn a_variable_that_is_not_text_is_refused_with_its_name() {
    let environment = vec![("DOORWARD_LISTEN".into(), OsString::from_vec(vec![0xff, 0xfe]))];
    let Err(Stop::Config(problems)) = Command::parse(["doorward".into()], environment) else {
        panic!("accepted")
    };
    assert_eq!(problems.to_string(), "`DOORWARD_LISTEN`: is not UTF-8 text.");
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let said =
        config(&["--listen", "x", "--log", "y"], &[("DOORWARD_TLS", "z")]).expect_err("three mistakes");
    assert_eq!(said.lines().count(), 3, "{said}");
}

#[test]
fn settings_stand_before_or_after_the_command() {
    let before = parse(&["--data-dir", "/d", "apply", "a.toml", "--dry-run"], &[]);
    let after = parse(&["apply", "--dry-run", "a.toml", "--data-dir", "/d"], &[]);
    assert_eq!(before, after);
    let Ok(Command::Apply(config, options)) = after else {
        panic!("{after:?}")
    };
    assert_eq!(config.data_dir, Path::new("/d"));
    assert_eq!(
        options,
        ApplyOptions {
            file: "a.toml".into(),
            dry_run: true,
            has_recovery_path: false
        }
    );
    let twice = parse(&["--allow-upstream", "a", "serve", "--allow-upstream", "b"], &[]);
    assert!(matches!(twice, Ok(Command::Serve(_))), "{twice:?}");
}

#[test]
fn init_takes_its_answers_from_flags_environment_and_file() {
    let file = File::with("organization = \"Acme\"\npassword_file = \"secret\"");
    let path = file.path();
    let environment = [
        ("DOORWARD_CONFIG", path.to_str().expect("text")),
        ("DOORWARD_OWNER_NAME", "Ada"),
    ];
    let asked = parse(
        &[
            "init",
            "--owner-email",
            "ada@example.com",
            "--base-url",
            "https://id.example.com",
        ],
        &environment,
    );
    let Ok(Command::Init(_, init)) = asked else {
        panic!("{asked:?}")
    };
    assert_eq!(
        (init.owner_email.as_str(), init.owner_name.as_str()),
        ("ada@example.com", "Ada")
    );
    assert_eq!(
        (init.organization.as_str(), init.base_url.as_str()),
        ("Acme", "https://id.example.com")
    );
    assert_eq!(init.password_file, file.0.path().join("secret"));

    let said = parse(&["init", "--owner-name", ""], &[]).expect_err("nothing given");
    assert_eq!(said, "`--owner-name`: is empty: give a value or leave it out.");
    let said = parse(&["init"], &[]).expect_err("nothing given");
    for name in [
        "owner-email",
        "owner-name",
        "password-file",
        "organization",
        "base-url",
    ] {
        assert!(said.contains(&format!("`--{name}`: is missing")), "{said}");
    }
}
