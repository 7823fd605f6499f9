//! Requests that no browser sends: written by hand, byte by byte.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// An answer as it came over the wire.
pub struct Raw {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Raw {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends these bytes and reads what comes back until the other side closes (`Connection: close`, please).
pub fn ask(address: SocketAddr, request: &[u8]) -> Raw {
    ask_in_parts(address, |stream| stream.write_all(request))
}

/// As `ask`, for whoever writes little by little. A write that fails because the answer came first is no fault.
pub fn ask_in_parts(address: SocketAddr, write: impl FnOnce(&mut TcpStream) -> std::io::Result<()>) -> Raw {
    let mut stream = TcpStream::connect(address).expect("a connection");
    let long = Some(Duration::from_secs(60));
    stream.set_read_timeout(long).expect("a limit");
    stream.set_write_timeout(long).expect("a limit");
    let _ = write(&mut stream);
    let mut bytes = Vec::new();
    let mut part = [0; 16 * 1024];
    // The connection may be cut off behind the answer; what arrived before counts.
    while let Ok(count @ 1..) = stream.read(&mut part) {
        bytes.extend_from_slice(&part[..count]);
    }
    read(&bytes)
}

fn read(bytes: &[u8]) -> Raw {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, body) = end.map_or((bytes, &[][..]), |at| (&bytes[..at], &bytes[at + 4..]));
    let head = String::from_utf8_lossy(head).into_owned();
    let status = head
        .get(9..12)
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0);
    Raw {
        status,
        head,
        body: body.to_vec(),
    }
}
