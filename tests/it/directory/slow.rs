//! A question that takes too long is stopped, and says so; the connection goes on.

use std::time::{Duration, Instant};

use doorward::error::Kind;
use doorward::store::Reader;
use doorward::web::server::block_on;

use super::Mirror;

fn endless(r: &Reader) -> doorward::error::Result<i64> {
    let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
    Ok(r.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

#[test]
fn a_slow_question_is_stopped_and_the_next_is_answered() {
    let mirror = Mirror::new();
    for _ in 0..3 {
        let began = Instant::now();
        let limit = Duration::from_millis(100);
        let error = block_on(mirror.store.reading_within(limit, endless)).expect_err("stopped");
        assert!(
            error.is_too_slow() && error.kind == Kind::Unavailable,
            "{error:?}"
        );
        let took = began.elapsed();
        assert!(took >= limit && took < Duration::from_secs(5), "{took:?}");
    }
    // The same connection, by now without a limit of its own: long enough for a forgotten one to be felt.
    std::thread::sleep(Duration::from_millis(150));
    assert_eq!(mirror.read(many), 200_000);
    let within = block_on(mirror.store.reading_within(Duration::from_secs(60), many));
    assert_eq!(within.expect("in time"), 200_000);
}

fn many(r: &Reader) -> doorward::error::Result<i64> {
    let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT max(i) FROM n";
    Ok(r.query_row(sql, [], |row| row.get(0))?)
}

#[test]
fn other_failures_are_not_called_slow() {
    let mirror = Mirror::new();
    let wrong = |r: &Reader| Ok(r.execute_batch("SELECT * FROM nowhere")?);
    let error =
        block_on(mirror.store.reading_within(Duration::from_secs(60), wrong)).expect_err("no such table");
    assert!(!error.is_too_slow(), "{error:?}");
}
