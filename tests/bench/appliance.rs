//! The whole appliance under load, as a real process: sign-ins a second, time to be ready, memory at rest.
//!
//! `cargo bench --bench appliance` prints figures beside this machine's own fsync and RSA times, because both
//! bound what can be reached. It talks to 127.0.0.1 only, sends a fixed number of requests and stops by itself.

#[path = "../it/idp/mod.rs"]
mod idp;
mod measure;
#[path = "appliance/process.rs"]
mod process;

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::STANDARD};
use doorward::model::Timestamp;
use doorward::saml::ServiceProvider;
use measure::{fsync_time, micros};
use process::{Doorward, folder};

const SIGN_INS: usize = 6_000;
const CONNECTIONS: usize = 32;
const PEOPLE: usize = 200;
const MANY_PEOPLE: usize = 100_000;

fn main() {
    let fsync = fsync_time();
    println!(
        "this machine: fdatasync of an append {} (median of 200)",
        micros(fsync)
    );
    println!(
        "this machine: RSA-2048 verification {} (mean of 2,000)",
        micros(rsa_time())
    );
    sign_ins(fsync);
    readiness();
}

/// Signed responses through the ACS, each ending in a durable session.
fn sign_ins(fsync: Duration) {
    let home = folder();
    let doorward = Doorward::set_up(home.path());
    let idp = idp::TestIdp::new("bench");
    let slug = "bench";
    let mut toml = format!(
        "[[connection]]\nslug = {slug:?}\n[connection.saml]\nunsolicited = \"accept\"\nmetadata = '''{}'''\n",
        idp.metadata("https://idp.bench.example")
    );
    for number in 0..PEOPLE {
        let _ = write!(toml, "[[person]]\nemail = \"person{number}@example.com\"\n");
    }
    doorward.apply(&toml);
    let running = doorward.serve();
    let base = running.base.clone();
    let sp = ServiceProvider {
        entity_id: format!("{base}/sso/{slug}/metadata"),
        acs_url: format!("{base}/sso/{slug}/acs"),
        slo_url: format!("{base}/sso/{slug}/slo"),
    };
    println!("signing {SIGN_INS} responses …");
    let now = process::now();
    let bodies: Vec<String> = (0..SIGN_INS).map(|n| body(&idp, &sp, n, now)).collect();
    let next = AtomicUsize::new(0);
    let address = running.address;
    // Every person once first, so that linking is not what is measured.
    let warm = PEOPLE;
    post_all(address, slug, &bodies[..warm], &AtomicUsize::new(0), CONNECTIONS);
    let cpu_before = running.cpu();
    let began = Instant::now();
    let good = post_all(address, slug, &bodies[warm..], &next, CONNECTIONS);
    let took = began.elapsed();
    let cpu = running.cpu().saturating_sub(cpu_before);
    assert_eq!(good, SIGN_INS - warm, "every sign-in must succeed");
    let rate = good as f64 / took.as_secs_f64();
    println!(
        "ACS: {rate:.0} sign-ins a second at {CONNECTIONS} connections, {} of server CPU each",
        micros(cpu / good as u32)
    );
    println!(
        "ACS: {:.1} sign-ins for each fsync time",
        rate * fsync.as_secs_f64()
    );
    println!("memory after the load: {:.1} MB resident", running.resident_mb());
}

fn body(idp: &idp::TestIdp, sp: &ServiceProvider, number: usize, now: Timestamp) -> String {
    let email = format!("person{}@example.com", number % PEOPLE);
    let xml = idp.response(sp, |r| {
        r.at(now);
        r.id = format!("_r{number}");
        r.assertion_id = format!("_a{number}");
        r.name_id = email.clone();
        r.attributes[0].1 = vec![email.clone()];
        r.confirmation_not_on_or_after = Some(now.plus(3_600_000));
        r.not_on_or_after = Some(now.plus(3_600_000));
    });
    let encoded: String = url::form_urlencoded::byte_serialize(STANDARD.encode(xml).as_bytes()).collect();
    format!("SAMLResponse={encoded}")
}

/// Posts every body once over keep-alive connections; how many were answered by a redirect to the start page.
fn post_all(
    address: SocketAddr,
    slug: &str,
    bodies: &[String],
    next: &AtomicUsize,
    connections: usize,
) -> usize {
    let good = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let mut stream = TcpStream::connect(address).expect("a connection");
                stream.set_nodelay(true).expect("no delay");
                let mut answers = BufReader::new(stream.try_clone().expect("a second handle"));
                while let Some(body) = bodies.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let head = format!(
                        "POST /sso/{slug}/acs HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
                        body.len()
                    );
                    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).expect("sent");
                    if answer(&mut answers) == 303 {
                        good.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    good.into_inner()
}

fn answer(stream: &mut BufReader<TcpStream>) -> u16 {
    let mut line = String::new();
    stream.read_line(&mut line).expect("a status line");
    let status = line.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    let mut length = 0;
    loop {
        line.clear();
        stream.read_line(&mut line).expect("a header");
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
    }
    stream.read_exact(&mut vec![0; length]).expect("a body");
    status
}

/// From the start of the process to the first good answer of `/readyz`, empty and with many people.
fn readiness() {
    let home = folder();
    let doorward = Doorward::set_up(home.path());
    let (ready, running) = doorward.serve_timed();
    println!("ready {} after the start, on an empty database", micros(ready));
    std::thread::sleep(Duration::from_secs(2));
    println!("memory at rest: {:.1} MB resident", running.resident_mb());
    drop(running);
    let mut toml = String::new();
    for number in 0..MANY_PEOPLE {
        let _ = write!(
            toml,
            "[[person]]\nemail = \"person{number}@example.com\"\ngiven_name = \"Person\"\nfamily_name = \"{number}\"\n"
        );
    }
    let began = Instant::now();
    doorward.apply(&toml);
    println!(
        "applied {MANY_PEOPLE} people in {:.1} s",
        began.elapsed().as_secs_f64()
    );
    let (ready, running) = doorward.serve_timed();
    println!(
        "ready {} after the start, with {MANY_PEOPLE} people",
        micros(ready)
    );
    std::thread::sleep(Duration::from_secs(2));
    println!("memory at rest: {:.1} MB resident", running.resident_mb());
    println!("binary: {:.1} MB", doorward.binary_mb());
}

fn rsa_time() -> Duration {
    use aws_lc_rs::signature::KeyPair;
    let pair = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).expect("a key");
    let mut signature = vec![0; pair.public_modulus_len()];
    let random = aws_lc_rs::rand::SystemRandom::new();
    pair.sign(
        &aws_lc_rs::signature::RSA_PKCS1_SHA256,
        &random,
        b"text",
        &mut signature,
    )
    .expect("signed");
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref().to_vec());
    let began = Instant::now();
    for _ in 0..2_000 {
        public.verify(b"text", &signature).expect("verified");
    }
    began.elapsed() / 2_000
}
