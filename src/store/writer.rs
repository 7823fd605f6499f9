//! The one writer: a thread that takes every waiting closure, runs each in its own savepoint, commits
//! them together with one fsync, and only then answers each caller.

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

/// A closure that waits for the next commit, and the way back to who asked for it.
trait Job: Send {
    /// True when its savepoint is to be kept.
    fn run(&mut self, writer: &Writer) -> bool;
    fn answer(self: Box<Self>, committed: std::result::Result<(), String>);
}

struct Pending<T, F> {
    work: Option<F>,
    result: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T: Send, F: FnOnce(&Writer) -> Result<T> + Send> Job for Pending<T, F> {
    fn run(&mut self, writer: &Writer) -> bool {
        let Some(work) = self.work.take() else {
            return false;
        };
        let result =
            catch_unwind(AssertUnwindSafe(|| work(writer))).unwrap_or_else(|cause| Err(panicked(&*cause)));
        let keep = result.is_ok();
        self.result = Some(result);
        keep
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
        self.enqueue(work)?.await.map_err(|_| stopping())?
    }

    pub fn write_blocking<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Writer) -> Result<T> + Send + 'static,
    {
        self.enqueue(work)?.blocking_recv().map_err(|_| stopping())?
    }

    fn enqueue<T, F>(&self, work: F) -> Result<oneshot::Receiver<Result<T>>>
    where
        T: Send + 'static,
        F: FnOnce(&Writer) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Pending {
            work: Some(work),
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
    while let Ok(first) = jobs.recv() {
        batch.push(first);
        batch.extend(jobs.try_iter().take(TOGETHER - 1));
        let committed = commit(connection, &mut batch).map_err(|cause| cause.to_string());
        if let Err(cause) = &committed {
            tracing::error!(%cause, "a commit failed; every write in it was undone");
            drop(connection.execute_batch("ROLLBACK"));
        }
        for job in batch.drain(..) {
            job.answer(committed.clone());
        }
    }
    if let Err(cause) = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::warn!(%cause, "the write-ahead log could not be folded in; the next start does it");
    }
}

fn commit(connection: &Connection, batch: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    let writer = Writer::new(connection);
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    for job in batch {
        connection.prepare_cached("SAVEPOINT job")?.execute([])?;
        if !job.run(&writer) {
            writer.undo("ROLLBACK TO job")?;
        }
        connection.prepare_cached("RELEASE job")?.execute([])?;
    }
    connection.prepare_cached("COMMIT")?.execute([])?;
    Ok(())
}
