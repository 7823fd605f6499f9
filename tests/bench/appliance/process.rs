//! The compiled binary as a process: set up, applied to, served, looked at through /proc.
#![allow(dead_code, reason = "every bench uses a part of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use doorward::clock::Clock;
use doorward::model::Timestamp;

const BINARY: &str = env!("CARGO_BIN_EXE_doorward");

pub fn folder() -> tempfile::TempDir {
    // Beside the build results, because a temporary folder may lie in memory, where fsync costs nothing.
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder")
}

pub fn now() -> Timestamp {
    Clock::system().now()
}

/// A data directory that was set up, and the port that it will be served on.
pub struct Doorward {
    home: PathBuf,
    port: u16,
}

/// A running process; dropping it stops it.
pub struct Running {
    child: Child,
    pub address: SocketAddr,
    pub base: String,
}

impl Doorward {
    pub fn set_up(home: &Path) -> Self {
        // A free port; nobody else takes it in the moment between.
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|l| l.local_addr())
            .expect("a port")
            .port();
        let doorward = Self {
            home: home.to_owned(),
            port,
        };
        std::fs::write(home.join("passphrase"), "seven tired herons folding maps").expect("written");
        let base = format!("http://127.0.0.1:{port}");
        doorward.run(&[
            "init",
            "--owner-email",
            "alice@example.com",
            "--owner-name",
            "Alice Ng",
            "--organization",
            "Acme",
            "--base-url",
            &base,
            "--password-file",
            &home.join("passphrase").to_string_lossy(),
        ]);
        doorward
    }

    pub fn apply(&self, toml: &str) {
        let file = self.home.join("apply.toml");
        std::fs::write(&file, toml).expect("written");
        self.run(&["apply", &file.to_string_lossy()]);
    }

    /// Runs a command; what it printed.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new(BINARY)
            .args(arguments)
            .arg("--data-dir")
            .arg(self.data())
            .output()
            .expect("started");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    pub fn serve(&self) -> Running {
        self.serve_timed().1
    }

    /// With these flags too.
    pub fn serve_with(&self, flags: &[&str]) -> Running {
        self.start(flags).1
    }

    /// How long until `/readyz` was good.
    pub fn serve_timed(&self) -> (Duration, Running) {
        self.start(&[])
    }

    fn start(&self, flags: &[&str]) -> (Duration, Running) {
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        let began = Instant::now();
        let child = Command::new(BINARY)
            .arg("--data-dir")
            .arg(self.data())
            .args(["--listen", &address.to_string()])
            .args(flags)
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let mut running = Running {
            child,
            address,
            base: format!("http://{address}"),
        };
        let mut line = String::new();
        let stdout = running.child.stdout.take().expect("standard output");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        while !is_ready(address) {
            assert!(began.elapsed() < Duration::from_secs(20), "never ready");
            std::thread::sleep(Duration::from_millis(1));
        }
        (began.elapsed(), running)
    }

    pub fn binary_mb(&self) -> f64 {
        std::fs::metadata(BINARY).map_or(0.0, |m| m.len() as f64 / 1_000_000.0)
    }
}

fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return false;
    };
    let asked = stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    asked.is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200")
}

impl Running {
    fn status(&self, field: &str) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = text
            .lines()
            .find(|line| line.starts_with(field))
            .unwrap_or_default();
        line.split_whitespace()
            .nth(1)
            .and_then(|kb| kb.parse().ok())
            .unwrap_or(0.0)
    }

    pub fn resident_mb(&self) -> f64 {
        self.status("VmRSS") * 1024.0 / 1_000_000.0
    }

    /// Processor time used so far, user and system, at the kernel's 10 ms.
    pub fn cpu(&self) -> Duration {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let after_name = text.rsplit(')').next().unwrap_or_default();
        let ticks: u64 = after_name
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|t| t.parse::<u64>().ok())
            .sum();
        Duration::from_millis(ticks * 10)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // SIGTERM, so that the next start finds a clean database.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}
