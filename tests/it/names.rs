//! A name server on loopback that knows TXT records only, and can be silent or fail.

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What it does with a question.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Answers,
    Silent,
    /// SERVFAIL.
    Fails,
}

struct Zone {
    records: BTreeMap<String, Vec<String>>,
    mood: Mood,
    asked: Vec<String>,
    ends: bool,
}

/// The server; dropping it stops it.
pub struct Names {
    pub address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
}

impl Names {
    pub fn serve() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let wait = socket.set_read_timeout(Some(Duration::from_millis(200)));
        wait.expect("a timeout");
        let address = socket.local_addr().expect("an address");
        let zone = Arc::new(Mutex::new(Zone {
            records: BTreeMap::new(),
            mood: Mood::Answers,
            asked: Vec::new(),
            ends: false,
        }));
        let shared = zone.clone();
        std::thread::spawn(move || {
            let mut question = [0; 1500];
            loop {
                let received = socket.recv_from(&mut question);
                let mut zone = shared.lock().expect("the zone");
                if zone.ends {
                    return;
                }
                if let Ok((length, from)) = received
                    && let Some(answer) = answer(&mut zone, &question[..length])
                {
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        Self { address, zone }
    }

    /// The TXT records of a name from now on; none: there is no such name.
    pub fn put(&self, name: &str, texts: &[&str]) {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let mut zone = self.zone.lock().expect("the zone");
        zone.records.insert(name.to_owned(), texts);
    }

    pub fn be(&self, mood: Mood) {
        self.zone.lock().expect("the zone").mood = mood;
    }

    /// The names that were asked for since the last call.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.zone.lock().expect("the zone").asked)
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        if let Ok(mut zone) = self.zone.lock() {
            zone.ends = true;
        }
    }
}

/// RFC 1035 §4.1, as much of it as one question needs.
fn answer(zone: &mut Zone, question: &[u8]) -> Option<Vec<u8>> {
    let (mut at, mut labels) = (12, Vec::new());
    while *question.get(at)? != 0 {
        let length = usize::from(question[at]);
        labels.push(String::from_utf8_lossy(question.get(at + 1..at + 1 + length)?).to_lowercase());
        at += length + 1;
    }
    let name = labels.join(".");
    zone.asked.push(name.clone());
    let texts = zone.records.get(&name).cloned().unwrap_or_default();
    let code = match zone.mood {
        Mood::Silent => return None,
        Mood::Fails => 2,
        Mood::Answers if texts.is_empty() => 3,
        Mood::Answers => 0,
    };
    let count = if code == 0 { texts.len() as u8 } else { 0 };
    let mut out = vec![
        question[0],
        question[1],
        0x81,
        0x80 | code,
        0,
        1,
        0,
        count,
        0,
        0,
        0,
        0,
    ];
    out.extend_from_slice(question.get(12..at + 5)?);
    for text in texts.iter().take(usize::from(count)) {
        let pieces: Vec<u8> = text
            .as_bytes()
            .chunks(255)
            .flat_map(|piece| [&[piece.len() as u8], piece].concat())
            .collect();
        out.extend_from_slice(&[0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60]);
        out.extend_from_slice(&(pieces.len() as u16).to_be_bytes());
        out.extend_from_slice(&pieces);
    }
    Some(out)
}
