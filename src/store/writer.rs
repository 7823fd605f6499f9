//! The one writer: a thread that takes every waiting closure, runs each so that it may fail alone, commits
//! them together with one fsync, and only then answers each caller.
//!
//! To be able to undo one closure among others, SQLite keeps a copy of every page that it touches. Closures that may
//! run twice are spared that: they run without a savepoint, and when one of them fails, everything is undone and all
//! run again, each in a savepoint of its own.

use std::any::Any;
use std::cell::RefCell;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::Reader;
use crate::error::{Error, Kind, Result};

/// Proof that the holder is inside the write transaction. Reads what it wrote.
pub struct Writer<'a> {
    reader: Reader<'a>,
    /// The number and hash of the newest event, where this transaction knows them.
    newest_event: RefCell<Option<(i64, String)>>,
}

impl<'a> Deref for Writer<'a> {
    type Target = Reader<'a>;
    fn deref(&self) -> &Reader<'a> {
        &self.reader
    }
}

impl<'a> Writer<'a> {
    fn new(connection: &'a Connection) -> Self {
        Self {
            reader: Reader(connection),
            newest_event: RefCell::new(None),
        }
    }

    /// What [`Writer::keep_newest_event`] was told last, once; `None` when something was undone since.
    pub(super) fn take_newest_event(&self) -> Option<(i64, String)> {
        self.newest_event.take()
    }

    pub(super) fn keep_newest_event(&self, sequence: i64, hash: String) {
        self.newest_event.replace(Some((sequence, hash)));
    }

    /// Undoes everything since this savepoint, and forgets what was known of it.
    fn undo(&self, sql: &str) -> rusqlite::Result<()> {
        self.newest_event.take();
        self.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    /// Runs `work` as a part of this write that may fail alone: then what it wrote is undone, and the rest stands.
    pub fn attempt<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.prepare_cached("SAVEPOINT part")?.execute([])?;
        let done = work();
        if done.is_err() {
            self.undo("ROLLBACK TO part")?;
        }
        self.prepare_cached("RELEASE part")?.execute([])?;
        done
    }
}

/// How a closure may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Once,
    /// As often as it must: what it did before was undone.
    Again,
    /// Once, and in a commit of its own: it writes so much that its parts must not be kept for others' sake too.
    Alone,
}

/// A closure that waits for the next commit, and the way back to who asked for it.
trait Job: Send {
    fn manner(&self) -> Manner;
    /// True when what it wrote is to be kept.
    fn run(&mut self, writer: &Writer) -> bool;
    fn answer(self: Box<Self>, committed: std::result::Result<(), String>);
}

struct Pending<T, W> {
    work: W,
    result: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

/// What a [`Pending`] holds.
trait Work<T>: Send {
    fn manner(&self) -> Manner;
    /// `None` when there is nothing left to run.
    fn go(&mut self, writer: &Writer) -> Option<Result<T>>;
}

struct Once<F>(Manner, Option<F>);
struct Again<F>(F);

impl<T, F: FnOnce(&Writer) -> Result<T> + Send> Work<T> for Once<F> {
    fn manner(&self) -> Manner {
        self.0
    }
    fn go(&mut self, writer: &Writer) -> Option<Result<T>> {
        self.1.take().map(|work| work(writer))
    }
}

impl<T, F: Fn(&Writer) -> Result<T> + Send> Work<T> for Again<F> {
    fn manner(&self) -> Manner {
        Manner::Again
    }
    fn go(&mut self, writer: &Writer) -> Option<Result<T>> {
        Some((self.0)(writer))
    }
}

impl<T: Send, W: Work<T>> Job for Pending<T, W> {
    fn manner(&self) -> Manner {
        self.work.manner()
    }

    fn run(&mut self, writer: &Writer) -> bool {
        let work = &mut self.work;
        let result = catch_unwind(AssertUnwindSafe(|| work.go(writer)))
            .unwrap_or_else(|cause| Some(Err(panicked(&*cause))));
        self.result = result;
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, committed: std::result::Result<(), String>) {
        let result = match (self.result, committed) {
            (Some(Ok(value)), Ok(())) => Ok(value),
            (Some(Err(error)), _) => Err(error),
            (_, Err(cause)) => Err(Error::unavailable(
                "Doorward could not write to its disk. Nothing was changed.",
                cause,
            )),
            (None, Ok(())) => Err(Error::internal("a write was answered before it ran")),
        };
        // Nobody waits any more when the browser went away; the change stands all the same.
        drop(self.reply.send(result));
    }
}

fn panicked(cause: &(dyn Any + Send)) -> Error {
    let words = cause.downcast_ref::<&str>().map(|s| (*s).to_owned());
    let words = words.or_else(|| cause.downcast_ref::<String>().cloned());
    Error::internal(format!("a write panicked: {}", words.unwrap_or_default()))
}

/// So many may wait; more are told to come back, so that a flood cannot eat the memory.
const WAITING: usize = 2_000;
/// So many share one commit.
const TOGETHER: usize = 512;

/// Where jobs are put; nothing once the queue is closed.
type Entrance = Option<SyncSender<Box<dyn Job>>>;

#[derive(Clone)]
pub struct Queue {
    sender: Arc<Mutex<Entrance>>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

pub fn start(connection: Connection) -> Result<Queue> {
    let (sender, receiver) = sync_channel(WAITING);
    let thread = std::thread::Builder::new()
        .name("writer".to_owned())
        .spawn(move || serve(&connection, &receiver))
        .map_err(Error::internal)?;
    Ok(Queue {
        sender: Arc::new(Mutex::new(Some(sender))),
        thread: Arc::new(Mutex::new(Some(thread))),
    })
}

impl Queue {
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Writer) -> Result<T> + Send + 'static,
    {
        let work = Once(Manner::Once, Some(work));
        self.enqueue(work)?.await.map_err(|_| stopping())?
    }

    pub async fn write_alone<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Writer) -> Result<T> + Send + 'static,
    {
        let work = Once(Manner::Alone, Some(work));
        self.enqueue(work)?.await.map_err(|_| stopping())?
    }

    pub async fn write_again<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Writer) -> Result<T> + Send + 'static,
    {
        self.enqueue(Again(work))?.await.map_err(|_| stopping())?
    }

    pub fn write_blocking<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Writer) -> Result<T> + Send + 'static,
    {
        let work = Once(Manner::Once, Some(work));
        self.enqueue(work)?.blocking_recv().map_err(|_| stopping())?
    }

    fn enqueue<T: Send + 'static>(
        &self,
        work: impl Work<T> + 'static,
    ) -> Result<oneshot::Receiver<Result<T>>> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Pending {
            work,
            result: None,
            reply,
        });
        let sender = self
            .sender
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone();
        match sender.ok_or_else(stopping)?.try_send(job) {
            Ok(()) => Ok(answer),
            Err(TrySendError::Full(_)) => Err(Error::new(
                Kind::RateLimited(1),
                "Doorward has too much to write at once. Try again in a second.",
            )),
            Err(TrySendError::Disconnected(_)) => Err(stopping()),
        }
    }

    /// Lets the queue run empty, checkpoints and joins the thread. Safe to call twice.
    pub fn close(&self) {
        drop(
            self.sender
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .take(),
        );
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            drop(thread.join());
        }
    }
}

fn stopping() -> Error {
    Error::new(Kind::Unavailable, "Doorward is stopping. Try again in a moment.")
}

fn serve(connection: &Connection, jobs: &Receiver<Box<dyn Job>>) {
    let mut batch: Vec<Box<dyn Job>> = Vec::new();
    let mut careful = 0;
    while let Ok(first) = jobs.recv() {
        batch.push(first);
        batch.extend(jobs.try_iter().take(TOGETHER - 1));
        let alone = batch.extract_if(.., |job| job.manner() == Manner::Alone);
        let alone: Vec<Box<dyn Job>> = alone.collect();
        settle(connection, &mut batch, &mut careful);
        for job in alone {
            batch.push(job);
            settle(connection, &mut batch, &mut careful);
        }
    }
    if let Err(cause) = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::warn!(%cause, "the write-ahead log could not be folded in; the next start does it");
    }
}

/// Commits what is in the batch, and answers.
fn settle(connection: &Connection, batch: &mut Vec<Box<dyn Job>>, careful: &mut u32) {
    if batch.is_empty() {
        return;
    }
    let committed = commit(connection, batch, careful).map_err(|cause| cause.to_string());
    if let Err(cause) = &committed {
        tracing::error!(%cause, "a commit failed; every write in it was undone");
        drop(connection.execute_batch("ROLLBACK"));
    }
    for job in batch.drain(..) {
        job.answer(committed.clone());
    }
}

/// After a run without savepoints had to be undone, so many commits go with them: a client whose requests fail would
/// make everybody's run twice.
const CAREFUL: u32 = 16;

/// Runs and commits everything that waits. `careful`: how many commits more go without the quick way.
fn commit(connection: &Connection, batch: &mut [Box<dyn Job>], careful: &mut u32) -> rusqlite::Result<()> {
    let writer = Writer::new(connection);
    run(connection, "BEGIN IMMEDIATE")?;
    // Nobody's work depends on that of somebody who waits beside it, so that they may come in any order.
    batch.sort_by_key(|job| job.manner() != Manner::Again);
    let many = match batch {
        // There is nothing else that must stay.
        [_] => 1,
        _ if *careful > 0 => 0,
        _ => batch
            .iter()
            .take_while(|job| job.manner() == Manner::Again)
            .count(),
    };
    *careful = careful.saturating_sub(1);
    let (quick, mut rest) = batch.split_at_mut(many);
    if !quick.iter_mut().all(|job| job.run(&writer)) {
        writer.take_newest_event();
        // An error of the disk has undone everything already.
        if !connection.is_autocommit() {
            run(connection, "ROLLBACK")?;
        }
        run(connection, "BEGIN IMMEDIATE")?;
        if many > 1 {
            *careful = CAREFUL;
            rest = batch;
        }
    }
    for job in rest {
        run(connection, "SAVEPOINT job")?;
        if !job.run(&writer) {
            writer.undo("ROLLBACK TO job")?;
        }
        run(connection, "RELEASE job")?;
    }
    run(connection, "COMMIT")
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
