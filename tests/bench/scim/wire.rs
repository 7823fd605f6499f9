//! A SCIM client that costs little: one socket, written by hand, opened again when the server closes it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Where to send requests and what to show.
#[derive(Clone)]
pub struct Target {
    pub address: SocketAddr,
    /// `/scim/idp/v2`.
    pub prefix: String,
    pub token: String,
    /// A new connection for every request, as some peers force it.
    pub close: bool,
}

/// A client of one target.
pub struct Wire {
    target: Target,
    stream: Option<BufReader<TcpStream>>,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    pub took: Duration,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Panics with the body when the status is another.
    pub fn expect(self, statuses: &[u16]) -> Self {
        let text = String::from_utf8_lossy(&self.body);
        assert!(statuses.contains(&self.status), "{} {text}", self.status);
        self
    }
}

impl Target {
    pub fn wire(&self) -> Wire {
        Wire {
            target: self.clone(),
            stream: None,
        }
    }
}

impl Wire {
    pub fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    pub fn ask(&mut self, method: &str, path: &str, body: &str) -> Answer {
        let began = Instant::now();
        let target = &self.target;
        let head = format!(
            "{method} {}{path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/scim+json\r\nContent-Length: {}\r\nConnection: {}\r\n\r\n",
            target.prefix,
            target.address,
            target.token,
            body.len(),
            if target.close { "close" } else { "keep-alive" }
        );
        let address = target.address;
        let stream = self.stream.get_or_insert_with(|| {
            let stream = TcpStream::connect(address).expect("a connection");
            stream.set_nodelay(true).expect("no delay");
            BufReader::new(stream)
        });
        // A server may answer before it has read all of a body that is too large.
        let _ = stream
            .get_mut()
            .write_all(&[head.as_bytes(), body.as_bytes()].concat());
        let (status, body, open) = read(stream);
        if !open || target.close {
            self.stream = None;
        }
        Answer {
            status,
            body,
            took: began.elapsed(),
        }
    }
}

/// Status, body, and whether the connection may be used again.
fn read(stream: &mut BufReader<TcpStream>) -> (u16, Vec<u8>, bool) {
    let mut line = String::new();
    stream.read_line(&mut line).expect("a status line");
    let mut open = line.starts_with("HTTP/1.1");
    let status = line.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    let (mut length, mut chunked) = (None, false);
    loop {
        line.clear();
        stream.read_line(&mut line).expect("a header");
        let header = line.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        open &= header != "connection: close";
        chunked |= header == "transfer-encoding: chunked";
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse::<usize>().ok();
        }
    }
    let mut body = Vec::new();
    if chunked {
        read_chunks(stream, &mut body);
    } else if let Some(length) = length {
        body.resize(length, 0);
        stream.read_exact(&mut body).expect("a body");
    } else if !matches!(status, 204 | 304) {
        let _ = stream.read_to_end(&mut body);
        open = false;
    }
    (status, body, open)
}

fn read_chunks(stream: &mut BufReader<TcpStream>, body: &mut Vec<u8>) {
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).expect("a chunk");
        let length = usize::from_str_radix(line.trim(), 16).expect("its length");
        let mut chunk = vec![0; length + 2];
        stream.read_exact(&mut chunk).expect("its bytes");
        body.extend_from_slice(&chunk[..length]);
        if length == 0 {
            return;
        }
    }
}
