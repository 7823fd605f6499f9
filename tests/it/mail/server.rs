//! A mail server on loopback that does as it is told, for good and for bad, and keeps what it took.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::loopback::Loopback;

/// How the server behaves.
#[derive(Clone, Default)]
pub struct Manner {
    /// TLS from the first byte.
    pub tls: Option<Arc<ServerConfig>>,
    pub starttls: Option<Arc<ServerConfig>>,
    /// Offered, and the one pair that is right.
    pub account: Option<(&'static str, &'static str)>,
    /// What it answers to commands that begin so, instead of what it should; `greeting` and `.` are commands too.
    pub says: Vec<(&'static str, &'static str)>,
    /// Behind the answer to STARTTLS, before the encryption.
    pub slips_in: &'static str,
    /// Before the answer to a whole mail.
    pub thinks: Duration,
}

/// A mail that it took.
#[derive(Clone, Debug)]
pub struct Taken {
    pub from: String,
    pub to: String,
    pub data: String,
    pub encrypted: bool,
}

/// See the module.
pub struct Smtp {
    loopback: Loopback,
    manner: Arc<Mutex<Manner>>,
    taken: Arc<Mutex<Vec<Taken>>>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Smtp {
    pub fn start(manner: Manner) -> Self {
        let manner = Arc::new(Mutex::new(manner));
        let (taken, heard) = (Arc::default(), Arc::default());
        let talk = (Arc::clone(&manner), Arc::clone(&taken), Arc::clone(&heard));
        let loopback = Loopback::listen("127.0.0.1:0", move |stream| {
            let (manner, taken, heard) = &talk;
            let manner = manner.lock().expect("the manner").clone();
            let talk = Talk { manner, taken, heard };
            let _ = talk.serve(stream);
        });
        Self {
            loopback,
            manner,
            taken,
            heard,
        }
    }

    pub fn port(&self) -> u16 {
        self.loopback.address.port()
    }

    /// Behaves like this from the next connection on.
    pub fn change(&self, manner: Manner) {
        *self.manner.lock().expect("the manner") = manner;
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.taken.lock().expect("the mails").clone()
    }

    /// Every command line that was heard, in the open or not.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("the lines").clone()
    }

    /// Waits until it took so many mails in all, and gives them back.
    pub fn wait_for(&self, count: usize) -> Vec<Taken> {
        let began = Instant::now();
        while self.taken().len() < count {
            assert!(
                began.elapsed() < Duration::from_secs(40),
                "{} of {count} mails came",
                self.taken().len()
            );
            thread::sleep(Duration::from_millis(50));
        }
        self.taken()
    }
}

struct Talk<'a> {
    manner: Manner,
    taken: &'a Mutex<Vec<Taken>>,
    heard: &'a Mutex<Vec<String>>,
}

impl Talk<'_> {
    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        if let Some(config) = &self.manner.tls {
            let mut stream = encrypted(config, stream);
            self.greet(&mut stream)?;
            return self.converse(&mut stream, true).map(drop);
        }
        self.greet(&mut stream)?;
        if !self.converse(&mut stream, false)? {
            return Ok(());
        }
        let config = self.manner.starttls.clone().expect("a configuration");
        self.converse(&mut encrypted(&config, stream), true).map(drop)
    }

    fn greet(&self, stream: &mut impl Write) -> std::io::Result<()> {
        self.say(stream, "greeting", "220 mail.example.com ESMTP")
    }

    fn say(&self, stream: &mut impl Write, command: &str, usual: &str) -> std::io::Result<()> {
        let told = self
            .manner
            .says
            .iter()
            .find(|(begins, _)| command.starts_with(begins));
        stream.write_all(told.map_or(usual, |(_, says)| says).as_bytes())?;
        stream.write_all(b"\r\n")?;
        stream.flush()
    }

    /// Until the other side goes. True: it asked for STARTTLS, and was told to go ahead.
    fn converse(&self, stream: &mut (impl Read + Write), is_encrypted: bool) -> std::io::Result<bool> {
        let (mut from, mut to) = (String::new(), String::new());
        loop {
            let line = read_line(stream)?;
            self.heard.lock().expect("the lines").push(line.clone());
            let command = line.to_uppercase();
            if command.starts_with("EHLO") {
                self.say(stream, "EHLO", &self.offers(is_encrypted))?;
            } else if command.starts_with("STARTTLS") {
                self.say(stream, "STARTTLS", "220 go ahead")?;
                stream.write_all(self.manner.slips_in.as_bytes())?;
                return Ok(true);
            } else if command.starts_with("AUTH") {
                let right = self
                    .manner
                    .account
                    .is_some_and(|account| is_right(&line, account));
                let usual = if right { "235 welcome" } else { "535 5.7.8 not you" };
                self.say(stream, "AUTH", usual)?;
            } else if command.starts_with("MAIL") {
                from = between(&line);
                self.say(stream, "MAIL", "250 ok")?;
            } else if command.starts_with("RCPT") {
                to = between(&line);
                self.say(stream, "RCPT", "250 ok")?;
            } else if command.starts_with("DATA") {
                self.say(stream, "DATA", "354 go ahead")?;
                if self.manner.says.iter().any(|(begins, _)| *begins == "DATA") {
                    continue;
                }
                let data = read_mail(stream)?;
                self.heard.lock().expect("the lines").push(".".to_owned());
                thread::sleep(self.manner.thinks);
                if !self.manner.says.iter().any(|(begins, _)| *begins == ".") {
                    let (from, to) = (from.clone(), to.clone());
                    let encrypted = is_encrypted;
                    self.taken.lock().expect("the mails").push(Taken {
                        from,
                        to,
                        data,
                        encrypted,
                    });
                }
                self.say(stream, ".", "250 2.0.0 queued as 4Bz7")?;
            } else if command.starts_with("QUIT") {
                self.say(stream, "QUIT", "221 bye")?;
                return Ok(false);
            } else {
                self.say(stream, "?", "250 ok")?;
            }
        }
    }

    fn offers(&self, is_encrypted: bool) -> String {
        let mut lines = vec!["mail.example.com"];
        if self.manner.starttls.is_some() && !is_encrypted {
            lines.push("STARTTLS");
        }
        if self.manner.account.is_some() {
            lines.push("AUTH PLAIN LOGIN");
        }
        lines.push("8BITMIME");
        let last = lines.len() - 1;
        let line = |(at, text): (usize, &&str)| format!("250{}{text}", if at == last { ' ' } else { '-' });
        lines
            .iter()
            .enumerate()
            .map(line)
            .collect::<Vec<_>>()
            .join("\r\n")
    }
}

fn encrypted(config: &Arc<ServerConfig>, stream: TcpStream) -> StreamOwned<ServerConnection, TcpStream> {
    let connection = ServerConnection::new(Arc::clone(config)).expect("a TLS connection");
    StreamOwned::new(connection, stream)
}

fn is_right(line: &str, (user, password): (&str, &str)) -> bool {
    let right = STANDARD.encode(format!("\0{user}\0{password}"));
    line.strip_prefix("AUTH PLAIN ") == Some(right.as_str())
}

fn between(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or_else(String::new, |(inside, _)| inside.to_owned())
}

/// Byte by byte: what comes after STARTTLS belongs to the encryption.
fn read_line(stream: &mut impl Read) -> std::io::Result<String> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    while !line.ends_with(b"\r\n") {
        stream.read_exact(&mut byte)?;
        line.push(byte[0]);
    }
    line.truncate(line.len() - 2);
    Ok(String::from_utf8_lossy(&line).into_owned())
}

fn read_mail(stream: &mut impl Read) -> std::io::Result<String> {
    let mut data = String::new();
    loop {
        let line = read_line(stream)?;
        if line == "." {
            return Ok(data);
        }
        data.push_str(&line);
        data.push_str("\r\n");
    }
}

impl Taken {
    /// The value of a header, its lines folded into one.
    pub fn header(&self, name: &str) -> String {
        let head = self.data.split("\r\n\r\n").next().unwrap_or_default();
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let found = head
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name}: ")));
        found.unwrap_or_else(|| panic!("no {name} in {head}")).to_owned()
    }

    /// The part of this content type, decoded.
    pub fn part(&self, kind: &str) -> String {
        let part = self
            .data
            .split("\r\n--")
            .find(|part| part.contains(&format!("Content-Type: {kind}")));
        let part = part.unwrap_or_else(|| panic!("no {kind} in {}", self.data));
        let (head, body) = part.split_once("\r\n\r\n").expect("a body");
        let bytes = if head.contains("base64") {
            STANDARD.decode(body.replace("\r\n", "")).expect("base64")
        } else if head.contains("quoted-printable") {
            unquoted(body)
        } else {
            body.as_bytes().to_vec()
        };
        String::from_utf8(bytes).expect("text")
    }

    /// The address in the plain text whose path begins so.
    pub fn link(&self, path: &str) -> Option<String> {
        let text = self.part("text/plain");
        let found = text
            .lines()
            .find(|line| line.starts_with("http") && line.contains(path));
        found.map(|line| line.trim().to_owned())
    }
}

fn unquoted(text: &str) -> Vec<u8> {
    let text = text.replace("=\r\n", "");
    let (mut out, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        if *first == b'=' && after.len() >= 2 {
            let hex = std::str::from_utf8(&after[..2]).expect("hex");
            out.push(u8::from_str_radix(hex, 16).expect("hex"));
            rest = &after[2..];
        } else {
            out.push(*first);
            rest = after;
        }
    }
    out
}
