//! Real handshakes on loopback, before and after the certificate has changed.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use doorward::model::Timestamp;
use doorward::model::time::DAY;
use doorward::web::tls::{LiveCertificate, Look, Source, TlsProblem};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, ProtocolVersion, SignatureScheme, StreamOwned,
};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::loopback::{Authority, Loopback, Pair};

/// 22 November 2026.
const NOW: Timestamp = Timestamp(1_795_305_600_000);
const NOW_YEARS: (i32, i32) = (2026, 2028);

/// A directory with `cert.pem` and `key.pem`.
struct Files(TempDir);

impl Files {
    fn with(pair: &Pair) -> Self {
        let files = Self(TempDir::new().expect("a directory"));
        files.write(&pair.cert, &pair.key);
        files
    }

    fn write(&self, cert: &str, key: &str) {
        fs::write(self.0.path().join("cert.pem"), cert).expect("written");
        fs::write(self.0.path().join("key.pem"), key).expect("written");
    }

    fn source(&self) -> Source {
        Source::Files {
            cert: self.0.path().join("cert.pem"),
            key: self.0.path().join("key.pem"),
        }
    }
}

fn issue() -> Pair {
    Authority::new().issue("localhost", NOW_YEARS)
}

/// Answers every line with itself.
fn echo(certificate: &Arc<LiveCertificate>) -> SocketAddr {
    let config = Arc::new(certificate.server_config().expect("a configuration"));
    let server = Loopback::listen("127.0.0.1:0", move |stream| {
        let connection = rustls::ServerConnection::new(Arc::clone(&config)).expect("a connection");
        let mut stream = BufReader::new(StreamOwned::new(connection, stream));
        let mut line = String::new();
        while stream.read_line(&mut line).is_ok_and(|length| length > 0) {
            let _ = stream.get_mut().write_all(line.as_bytes());
            line.clear();
        }
    });
    server.address
}

type Connection = BufReader<StreamOwned<ClientConnection, TcpStream>>;

fn connect_with(address: SocketAddr, versions: &[&'static rustls::SupportedProtocolVersion]) -> Connection {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let name = ServerName::try_from("localhost").expect("a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a connection");
    let stream = TcpStream::connect(address).expect("connected");
    BufReader::new(StreamOwned::new(connection, stream))
}

fn connect(address: SocketAddr) -> Connection {
    connect_with(address, rustls::ALL_VERSIONS)
}

fn say(connection: &mut Connection, word: &str) -> String {
    connection
        .get_mut()
        .write_all(format!("{word}\n").as_bytes())
        .expect("sent");
    let mut line = String::new();
    connection.read_line(&mut line).expect("answered");
    line.trim().to_owned()
}

/// The fingerprint of the certificate that a new connection is shown.
fn shown(address: SocketAddr) -> String {
    let mut connection = connect(address);
    assert_eq!(say(&mut connection, "hello"), "hello");
    let chain = connection
        .get_ref()
        .conn
        .peer_certificates()
        .expect("a certificate");
    let pairs: Vec<String> = Sha256::digest(&chain[0])
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    pairs.join(":")
}

#[test]
fn a_new_pair_of_files_is_shown_to_new_connections_while_old_ones_live_on() {
    let files = Files::with(&issue());
    let certificate = LiveCertificate::load(files.source(), NOW).expect("loaded");
    let address = echo(&certificate);
    let first = certificate.fingerprint();
    let mut open = connect(address);
    assert_eq!(say(&mut open, "before"), "before");
    assert_eq!(shown(address), first);
    assert_eq!(certificate.look(NOW), Look::Unchanged);

    let next = issue();
    files.write(&next.cert, &next.key);
    let Look::Replaced { fingerprint, .. } = certificate.look(NOW) else {
        panic!("not replaced")
    };
    assert_ne!(fingerprint, first);
    assert_eq!(shown(address), fingerprint);
    assert_eq!(certificate.fingerprint(), fingerprint);
    assert_eq!(say(&mut open, "after"), "after");
    assert_eq!(certificate.look(NOW), Look::Unchanged);
}

#[test]
fn bad_files_keep_the_old_certificate_and_are_reported_once() {
    let good = issue();
    let files = Files::with(&good);
    let certificate = LiveCertificate::load(files.source(), NOW).expect("loaded");
    let address = echo(&certificate);
    let first = certificate.fingerprint();

    let (other, authority) = (issue(), Authority::new());
    let expired = authority.issue("localhost", (2001, 2002));
    let damaged = good.cert.replace("MII", "!!!");
    let not_a_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let encrypted = other.key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let large = "x".repeat(2 * 1024 * 1024);
    let cases: [(&str, &str, &str); 9] = [
        ("", &good.key, "is empty"),
        (&good.cert, "", "is empty"),
        (" \n", &good.key, "is empty"),
        ("certificate, honest", &good.key, "no certificate in it"),
        (&damaged, &good.key, "is damaged"),
        (not_a_certificate, &good.key, "is damaged"),
        (&other.cert, &good.key, "belongs to another certificate"),
        (&expired.cert, &expired.key, "expired on 1 Jan 2002"),
        (&large, &good.key, "larger than 1 MiB"),
    ];
    for (cert, key, says) in cases {
        files.write(cert, key);
        let Look::Refused(problem) = certificate.look(NOW) else {
            panic!("taken: {says}")
        };
        assert!(problem.to_string().contains(says), "{problem} — {says}");
        assert_eq!(certificate.look(NOW), Look::Unchanged, "reported twice: {says}");
        assert_eq!(shown(address), first, "{says}");
    }
    files.write(&other.cert, &encrypted);
    let Look::Refused(problem) = certificate.look(NOW) else {
        panic!("taken")
    };
    assert!(problem.to_string().contains("without a passphrase"), "{problem}");

    fs::remove_file(files.0.path().join("key.pem")).expect("removed");
    assert!(matches!(
        certificate.look(NOW),
        Look::Refused(TlsProblem::Unreadable { .. })
    ));
    assert_eq!(certificate.look(NOW), Look::Unchanged);
    assert_eq!(shown(address), first);

    files.write(&good.cert, &good.key);
    assert!(matches!(certificate.look(NOW), Look::Replaced { fingerprint, .. } if fingerprint == first));
}

#[test]
fn a_certificate_that_is_early_is_taken_when_its_time_has_come() {
    let files = Files::with(&issue());
    let certificate = LiveCertificate::load(files.source(), NOW).expect("loaded");
    let early = Authority::new().issue("localhost", (2027, 2029));
    files.write(&early.cert, &early.key);
    assert!(matches!(
        certificate.look(NOW),
        Look::Refused(TlsProblem::NotYetValid { .. })
    ));
    assert_eq!(certificate.look(NOW.plus(DAY)), Look::Unchanged);
    assert!(matches!(
        certificate.look(NOW.plus(60 * DAY)),
        Look::Replaced { .. }
    ));
}

#[test]
fn a_start_with_files_that_do_not_fit_is_refused() {
    let (one, other) = (issue(), issue());
    let files = Files::with(&Pair {
        cert: one.cert,
        key: other.key,
    });
    let refused = LiveCertificate::load(files.source(), NOW).expect_err("they do not fit");
    assert!(matches!(refused, TlsProblem::KeyMismatch { .. }), "{refused}");
}

#[test]
fn both_versions_and_both_protocols_are_spoken_and_nothing_older() {
    let certificate = LiveCertificate::load(Files::with(&issue()).source(), NOW).expect("loaded");
    let address = echo(&certificate);
    for (version, expected) in [
        (&rustls::version::TLS12, ProtocolVersion::TLSv1_2),
        (&rustls::version::TLS13, ProtocolVersion::TLSv1_3),
    ] {
        let mut connection = connect_with(address, &[version]);
        assert_eq!(say(&mut connection, "hello"), "hello");
        let spoken = &connection.get_ref().conn;
        assert_eq!(spoken.protocol_version(), Some(expected));
        assert_eq!(spoken.alpn_protocol(), Some(b"h2".as_slice()));
        let suite = format!("{:?}", spoken.negotiated_cipher_suite().expect("a suite").suite());
        assert!(suite.contains("GCM") || suite.contains("POLY1305"), "{suite}");
    }
}

fn self_signed(data_dir: &Path, names: &[&str]) -> Source {
    Source::SelfSigned {
        data_dir: data_dir.to_owned(),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
    }
}

#[test]
fn a_self_signed_certificate_stays_the_same_over_restarts_and_is_private() {
    let data = TempDir::new().expect("a directory");
    let source = || self_signed(data.path(), &["localhost", "127.0.0.1", "::1"]);
    let first = LiveCertificate::load(source(), NOW).expect("made");
    assert_eq!(shown(echo(&first)), first.fingerprint());
    let file = data.path().join("tls-self-signed.pem");
    let mode = || fs::metadata(&file).expect("a file").permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);

    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("changed");
    let second = LiveCertificate::load(source(), NOW.plus(300 * DAY)).expect("found");
    assert_eq!(second.fingerprint(), first.fingerprint());
    assert_eq!(mode(), 0o600);
    assert_eq!(fs::read_dir(data.path()).expect("a directory").count(), 1);
}

#[test]
fn a_self_signed_certificate_is_made_again_when_it_will_not_do() {
    let data = TempDir::new().expect("a directory");
    let load =
        |names: &[&str], now| LiveCertificate::load(self_signed(data.path(), names), now).expect("made");
    let first = load(&["localhost"], NOW).fingerprint();
    let near_end = load(&["localhost"], NOW.plus(370 * DAY)).fingerprint();
    assert_ne!(near_end, first);
    let later = NOW.plus(370 * DAY);
    let more_names = load(&["localhost", "192.0.2.7"], later).fingerprint();
    assert_ne!(more_names, near_end);
    assert_eq!(load(&["192.0.2.7"], later).fingerprint(), more_names);
    fs::write(data.path().join("tls-self-signed.pem"), "damaged").expect("written");
    assert_ne!(load(&["192.0.2.7"], later).fingerprint(), more_names);
}

#[test]
fn a_self_signed_certificate_is_renewed_while_running() {
    let data = TempDir::new().expect("a directory");
    let certificate = LiveCertificate::load(self_signed(data.path(), &["localhost"]), NOW).expect("made");
    let address = echo(&certificate);
    let first = shown(address);
    assert_eq!(certificate.look(NOW.plus(300 * DAY)), Look::Unchanged);
    assert!(matches!(
        certificate.look(NOW.plus(370 * DAY)),
        Look::Replaced { .. }
    ));
    assert_ne!(shown(address), first);
}

/// Takes every certificate: these tests compare fingerprints themselves.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, signed, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, signed, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
