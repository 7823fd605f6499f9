//! Small servers on loopback that misbehave on purpose, and certificates for them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A server that counts who comes in. It lives until the test program ends.
pub struct Loopback {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

/// A connection to talk over, with or without TLS.
pub trait Talk: Read + Write {}
impl<T: Read + Write> Talk for T {}

impl Loopback {
    /// Listens on 127.0.0.1 and gives every connection to `answer` after the request's head was read.
    pub fn http(answer: impl Fn(&mut dyn Talk) + Send + Sync + 'static) -> Self {
        Self::listen("127.0.0.1:0", move |mut stream| {
            read_head(&mut stream);
            answer(&mut stream);
        })
    }

    /// As `http`, over TLS.
    pub fn https(config: Arc<ServerConfig>, answer: impl Fn(&mut dyn Talk) + Send + Sync + 'static) -> Self {
        Self::listen("127.0.0.1:0", move |stream| {
            let connection = ServerConnection::new(Arc::clone(&config)).expect("a TLS connection");
            let mut stream = StreamOwned::new(connection, stream);
            if read_head(&mut stream) {
                answer(&mut stream);
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        })
    }

    /// Listens on all addresses of this machine, both families where there are two, and answers nobody.
    pub fn canary() -> Self {
        let ends = |_: TcpStream| {};
        let both = TcpListener::bind("[::]:0").is_ok();
        Self::listen(if both { "[::]:0" } else { "0.0.0.0:0" }, ends)
    }

    pub fn listen(address: &str, talk: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (connections, talk) = (Arc::new(AtomicUsize::new(0)), Arc::new(talk));
        let counter = Arc::clone(&connections);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counter.fetch_add(1, Ordering::SeqCst);
                let talk = Arc::clone(&talk);
                thread::spawn(move || {
                    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
                    talk(stream);
                });
            }
        });
        Self { address, connections }
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn url(&self, scheme: &str, host: &str) -> String {
        format!("{scheme}://{host}:{}/metadata", self.address.port())
    }
}

/// Reads up to the empty line; false when the other side went away before.
fn read_head(stream: &mut impl Read) -> bool {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return false,
        }
    }
    true
}

/// A certificate authority that no machine knows.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, PEM.
pub struct Pair {
    pub cert: String,
    pub key: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    pub fn der(&self) -> Vec<u8> {
        self.0.der().to_vec()
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for `name`, valid from the beginning of the first year to the beginning of the second.
    pub fn issue(&self, name: &str, years: (i32, i32)) -> Pair {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 1, 1);
        let key = KeyPair::generate().expect("a key");
        let cert = params.signed_by(&key, &self.0).expect("a certificate");
        Pair {
            cert: cert.pem(),
            key: key.serialize_pem(),
        }
    }
}

impl Pair {
    pub fn server_config(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let chain = rustls::pki_types::CertificateDer::pem_slice_iter(self.cert.as_bytes());
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).expect("a key");
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain.map(|der| der.expect("a certificate")).collect(), key);
        Arc::new(config.expect("a configuration"))
    }
}
