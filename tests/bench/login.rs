//! Does the time of an answer tell who is known here? The sign-in page's e-mail step and the passphrase, for people who
//! are known, unknown, deactivated, bound to an integration, and sent elsewhere by an enforcement. The passphrase is the
//! right one for the last of them only, who are refused all the same.
//!
//! `cargo bench --bench login` takes 2,000 samples of each kind of person at each step (another number:
//! `cargo bench --bench login -- 500`), one of each kind in every round, in an order that is drawn anew, over one
//! connection to the real process. It prints medians, the gap to known people and how well a single answer tells the two
//! apart (area under the curve: 0.5 is a guess), and fails when a gap reaches 5 ms or an area leaves 0.45 to 0.55. Nobody
//! is wrong often enough to meet the throttle: there are many people of each kind, and they come from many addresses.

#[path = "../it/idp/mod.rs"]
mod idp;
mod measure;
#[path = "appliance/process.rs"]
mod process;

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use doorward::clock::Clock;
use doorward::config::{Config, Flags};
use doorward::random::Random;
use doorward::start::{House, Opened};
use doorward::store;
use doorward::web::server::block_on;
use measure::micros;
use process::{Doorward, folder};
use zeroize::Zeroizing;

const SAMPLES: usize = 2_000;
/// Wrong attempts that one account may have within a run, below the throttle's ten.
const EACH: usize = 8;
const KINDS: [&str; 5] = [
    "known",
    "unknown",
    "deactivated",
    "bound to SSO",
    "sent elsewhere",
];
const UNKNOWN: usize = 1;
const DEACTIVATED: usize = 2;
const ELSEWHERE: usize = 4;
/// Where nothing is said, where an integration speaks for it, and where one is enforced.
const DOMAINS: [&str; 3] = ["plain.example", "bench.example", "force.example"];
const WITH_PASSPHRASES: [&str; 2] = ["plain.example", "force.example"];
const LARGEST_GAP: Duration = Duration::from_millis(5);

fn main() {
    let samples = std::env::args().find_map(|argument| argument.parse().ok());
    let samples: usize = samples.unwrap_or(SAMPLES);
    let people = samples.div_ceil(EACH) + 1;
    let home = folder();
    let doorward = Doorward::set_up(home.path());
    doorward.apply(&directory(people));
    let enforced = home.path().join("enforced.toml");
    std::fs::write(&enforced, "[[connection]]\nslug = \"force\"\nenforced = true\n").expect("written");
    doorward.run(&["apply", &enforced.to_string_lossy(), "--i-have-a-recovery-path"]);
    give_passphrases(&home.path().join("data"), people);
    let running = doorward.serve_with(&["--behind-proxy", "127.0.0.1"]);
    let mut wire = Wire::open(running.address);
    let build = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    println!("{samples} samples of each kind, in an order drawn anew each time, {build} build");
    let random = Random::seeded(7);
    let mut good = true;
    for domain in DOMAINS {
        let body = |kind: usize, n: usize| format!("email={}", address(kind, n, people, domain));
        let times = measure(&mut wire, &random, kinds_at(domain), samples, 303, body);
        good &= report(&format!("e-mail at {domain}"), &times);
    }
    for domain in WITH_PASSPHRASES {
        let body = |kind: usize, n: usize| {
            let email = address(kind, n, people, domain);
            let last = if kind == ELSEWHERE { "maps" } else { "caps" };
            format!("email={email}&passphrase=seven+tired+herons+folding+{last}")
        };
        let times = measure(&mut wire, &random, kinds_at(domain), samples, 401, body);
        good &= report(&format!("passphrase at {domain}"), &times);
    }
    assert!(good, "an answer tells who is known here");
}

/// Nobody is sent elsewhere where nothing is enforced.
fn kinds_at(domain: &str) -> usize {
    if domain == "force.example" {
        KINDS.len()
    } else {
        ELSEWHERE
    }
}

/// Addresses of one length, whoever they belong to.
fn address(kind: usize, number: usize, people: usize, domain: &str) -> String {
    format!("person{kind}x{:05}%40{domain}", number % people)
}

fn directory(people: usize) -> String {
    let mut toml = String::new();
    for slug in ["bench", "force"] {
        let metadata = idp::TestIdp::new(slug).metadata(&format!("https://idp.{slug}.example"));
        let _ = write!(
            toml,
            "[[connection]]\nslug = {slug:?}\ndomains = [\"{slug}.example\"]\n[connection.saml]\nmetadata = '''{metadata}'''\n"
        );
    }
    for domain in DOMAINS {
        for kind in (0..KINDS.len()).filter(|kind| *kind != UNKNOWN) {
            for number in 0..people {
                let email = address(kind, number, people, domain).replace("%40", "@");
                let active = kind != DEACTIVATED;
                let _ = write!(toml, "[[person]]\nemail = {email:?}\nactive = {active}\n");
            }
        }
    }
    toml
}

/// Known and deactivated people have a passphrase, and so have those who are sent elsewhere; those who are bound to the
/// integration have none.
fn give_passphrases(data: &std::path::Path, people: usize) {
    let flags = Flags {
        data_dir: Some(data.to_string_lossy().into_owned()),
        ..Flags::default()
    };
    let config = Config::read(&flags, Vec::new()).expect("settings");
    let Ok(Opened::Mine(house)) = House::open(&config, Clock::system(), Random::system()) else {
        panic!("the data directory is in use");
    };
    let passphrase = Zeroizing::new("seven tired herons folding maps".to_owned());
    block_on(async {
        let phc = house.ctx.hasher.hash(passphrase, [7; 16]).await.expect("a hash");
        let put = move |w: &store::Writer| {
            let all = |domain| [0, DEACTIVATED, ELSEWHERE].map(|kind| (kind, domain));
            for (kind, domain) in WITH_PASSPHRASES.into_iter().flat_map(all) {
                for number in 0..people {
                    let email = address(kind, number, people, domain).replace("%40", "@");
                    let person = store::people::find_by_email(w, &email)?.expect("the person");
                    store::passphrases::put(w, person.id, &phc, Clock::system().now())?;
                }
            }
            Ok(())
        };
        house.ctx.store.write(put).await.expect("passphrases");
    });
}

/// The times of every kind, one of each in every round, so that what else the machine does touches all of them alike.
fn measure(
    wire: &mut Wire,
    random: &Random,
    kinds: usize,
    samples: usize,
    status: u16,
    body: impl Fn(usize, usize) -> String,
) -> Vec<Vec<Duration>> {
    let mut times = vec![Vec::with_capacity(samples); kinds];
    for kind in 0..kinds {
        wire.post(&body(kind, samples), samples);
    }
    for number in 0..samples {
        for (turn, kind) in shuffled(random, kinds).into_iter().enumerate() {
            let (answered, took) = wire.post(&body(kind, number), number * KINDS.len() + turn);
            assert_eq!(answered, status, "{}", KINDS[kind]);
            times[kind].push(took);
        }
    }
    times
}

/// The first so many kinds in an order that nothing follows from: not always the same one after the same one.
fn shuffled(random: &Random, kinds: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..kinds).collect();
    for last in (1..kinds).rev() {
        let drawn = u32::from_be_bytes(random.bytes());
        order.swap(last, drawn as usize % (last + 1));
    }
    order
}

fn report(what: &str, times: &[Vec<Duration>]) -> bool {
    let known = median(&times[0]);
    let mut good = true;
    println!("{what}: {} median {}", KINDS[0], micros(known));
    for (kind, own) in times.iter().enumerate().skip(1) {
        let median = median(own);
        let gap = median.abs_diff(known);
        let area = area_under_curve(&times[0], own);
        let fine = gap < LARGEST_GAP && (0.45..=0.55).contains(&area);
        good &= fine;
        println!(
            "{what}: {} median {}, gap {}, area {area:.3}{}",
            KINDS[kind],
            micros(median),
            micros(gap),
            if fine { "" } else { "  << too much" }
        );
    }
    good
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted[sorted.len() / 2]
}

/// How often a time of `other` is longer than one of `known`, over all pairs (Mann–Whitney).
fn area_under_curve(known: &[Duration], other: &[Duration]) -> f64 {
    let mut sorted = known.to_vec();
    sorted.sort();
    let below = |time: &Duration| {
        let less = sorted.partition_point(|known| known < time);
        let not_more = sorted.partition_point(|known| known <= time);
        (less + not_more) as f64 / 2.0
    };
    let pairs = (known.len() * other.len()) as f64;
    other.iter().map(below).sum::<f64>() / pairs
}

/// One connection, as a browser keeps it.
struct Wire {
    address: SocketAddr,
    stream: TcpStream,
    answers: BufReader<TcpStream>,
}

impl Wire {
    fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        let answers = BufReader::new(stream.try_clone().expect("a second handle"));
        Self {
            address,
            stream,
            answers,
        }
    }

    /// Status and time from the first byte sent to the last byte read. `from` spreads the addresses.
    fn post(&mut self, body: &str, from: usize) -> (u16, Duration) {
        let request = format!(
            "POST /login HTTP/1.1\r\nHost: {}\r\nX-Forwarded-For: 10.{}.{}.{}\r\nSec-Fetch-Site: same-origin\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            from / 62_500 % 250,
            from / 250 % 250,
            from % 250,
            body.len()
        );
        let began = Instant::now();
        self.stream.write_all(request.as_bytes()).expect("sent");
        let status = self.answer();
        (status, began.elapsed())
    }

    fn answer(&mut self) -> u16 {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("a status line");
        let status = line.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
        let mut length = 0;
        loop {
            line.clear();
            self.answers.read_line(&mut line).expect("a header");
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
        }
        self.answers.read_exact(&mut vec![0; length]).expect("a body");
        status
    }
}
