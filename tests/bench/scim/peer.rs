//! `scim2-server`, somebody else's SCIM server in Python that keeps everything in memory: something to compare with.

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::wire::Target;

const TOKEN: &str = "a-token-of-the-peer";

/// The running peer; dropping it ends it.
pub struct Peer {
    child: Child,
    pub target: Target,
}

impl Peer {
    /// `None`, and why on standard output, when `tests/setup` has not installed it.
    pub fn start() -> Option<Self> {
        let program = installed().join("venv/bin/scim2-server");
        if !program.exists() {
            println!("the peer scim2-server is missing; tests/setup installs it");
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|l| l.local_addr())
            .expect("a port")
            .port();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let child = Command::new(program)
            .args(["--port", &port.to_string(), "--bearer-token", TOKEN])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        let target = Target {
            address,
            prefix: "/v2".to_owned(),
            token: TOKEN.to_owned(),
            close: false,
        };
        let peer = Self { child, target };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "the peer never answers"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(peer)
    }

    /// As pip knows it.
    pub fn version() -> String {
        let mut text = String::new();
        let python = installed().join("venv/bin/python");
        let ask = "from importlib.metadata import version; print(version('scim2-server'))";
        let child = Command::new(python)
            .args(["-c", ask])
            .stdout(Stdio::piped())
            .spawn();
        if let Ok(mut child) = child {
            if let Some(mut stdout) = child.stdout.take() {
                let _ = stdout.read_to_string(&mut text);
            }
            let _ = child.wait();
        }
        text.trim().to_owned()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where `tests/setup` installs what belongs to others.
#[expect(
    clippy::disallowed_methods,
    reason = "the environment says where things were installed"
)]
fn installed() -> PathBuf {
    if let Some(home) = std::env::var_os("DOORWARD_TEST_HOME") {
        return home.into();
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    Path::new(env!("CARGO_MANIFEST_DIR")).join(target).join("peers")
}
