//! What figures are measured against and how they are written.
#![allow(dead_code, reason = "every bench uses a part of it")]

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

/// The median time of an append with fdatasync, where the database will lie.
pub fn fsync_time() -> Duration {
    let home = crate::process::folder();
    let file = File::create(home.path().join("append")).expect("a file");
    let mut times: Vec<Duration> = (0..200)
        .map(|n| {
            let began = Instant::now();
            file.write_all_at(&[1; 4096], n * 4096).expect("written");
            file.sync_data().expect("synced");
            began.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

/// The value below which this share of them lies.
pub fn percentile(times: &mut [Duration], share: f64) -> Duration {
    times.sort();
    let at = ((times.len() - 1) as f64 * share).round() as usize;
    times[at]
}

pub fn micros(time: Duration) -> String {
    match time.as_micros() {
        small @ 0..10_000 => format!("{small} µs"),
        large => format!("{:.1} ms", large as f64 / 1000.0),
    }
}
