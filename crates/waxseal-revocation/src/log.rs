//! The log behind a list: what brings its entries back after a restart, and to
//! other servers.

#[cfg(feature = "file")]
mod file;
#[cfg(feature = "redis")]
mod redis;

#[cfg(feature = "file")]
use std::path::PathBuf;
use std::{
    fmt, io,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
};

use tokio::sync::oneshot;
use waxseal_core::{Acknowledgement, NotDurable, UnixTime};

#[cfg(feature = "redis")]
pub use self::redis::{Durability, Redis};
#[cfg(fuzzing)]
pub use self::redis::{decode, encode};
use crate::{
    entry::Entry,
    error::{OpenError, StoreError},
    shared::Shared,
};

/// Where a list's entries are kept.
///
/// As text, for a configuration: `file:` and a path, or the address of a Redis
/// server as its client reads it (`redis://…`, `rediss://…`, `unix://…`). An
/// address may hold a password: `Debug` does not show it.
#[derive(Clone)]
pub struct Store(Kind);

#[derive(Clone)]
enum Kind {
    #[cfg(feature = "file")]
    File(PathBuf),
    #[cfg(feature = "redis")]
    Redis(Box<Redis>),
}

impl Store {
    /// A file, for one server process: made if it is not there, readable by its
    /// owner only.
    #[cfg(feature = "file")]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Kind::File(path.into()))
    }

    /// A Redis server by its address: [`Redis`] with its defaults.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where that is no address.
    #[cfg(feature = "redis")]
    pub fn redis(address: &str) -> Result<Self, StoreError> {
        Redis::new(address).map(Self::from)
    }

    /// Starts the thread that keeps the log.
    pub(crate) fn start(self, shared: Arc<Shared>) -> Result<Appender, OpenError> {
        match self.0 {
            #[cfg(feature = "file")]
            Kind::File(path) => file::start(path, shared),
            #[cfg(feature = "redis")]
            Kind::Redis(redis) => redis.start(shared),
        }
    }

    /// The entries that are in it; where it knows when they came, those that came
    /// after a moment.
    pub(crate) fn read(&self, after: UnixTime) -> Result<Vec<Entry>, OpenError> {
        #[cfg(not(feature = "redis"))]
        let _ = after;
        match &self.0 {
            #[cfg(feature = "file")]
            Kind::File(path) => file::read(path),
            #[cfg(feature = "redis")]
            Kind::Redis(redis) => Ok(redis.read(after)?),
        }
    }

    /// Adds entries, as an operator.
    pub(crate) fn write(&self, entries: &[Entry]) -> Result<(), OpenError> {
        match &self.0 {
            #[cfg(feature = "file")]
            Kind::File(path) => file::write(path, entries),
            #[cfg(feature = "redis")]
            Kind::Redis(redis) => Ok(redis.write(entries)?),
        }
    }

    /// Begins a list that does not exist, with one entry.
    pub(crate) fn init(&self, first: &Entry) -> Result<bool, OpenError> {
        match &self.0 {
            #[cfg(feature = "file")]
            Kind::File(path) => file::init(path, first),
            #[cfg(feature = "redis")]
            Kind::Redis(redis) => Ok(redis.init(first)?),
        }
    }
}

#[cfg(feature = "redis")]
impl From<Redis> for Store {
    fn from(redis: Redis) -> Self {
        Self(Kind::Redis(Box::new(redis)))
    }
}

impl FromStr for Store {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        #[cfg(feature = "file")]
        if let Some(path) = text.strip_prefix("file:") {
            if path.is_empty() {
                return Err(StoreError::new("a path must follow `file:`"));
            }
            return Ok(Self::file(path));
        }
        #[cfg(feature = "redis")]
        if !text.starts_with("file:") {
            return Self::redis(text);
        }
        // Not the text: it may hold a password.
        Err(StoreError::new("not a log that this program knows: `file:` and a path"))
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            #[cfg(feature = "file")]
            Kind::File(path) => f.debug_struct("File").field("path", path).finish(),
            #[cfg(feature = "redis")]
            Kind::Redis(redis) => redis.fmt(f),
        }
    }
}

/// Entries on their way to the log, and who waits for them.
pub(crate) struct Append {
    pub(crate) entries: Vec<Entry>,
    /// Taken when it has been told.
    done: Option<oneshot::Sender<Result<(), NotDurable>>>,
    #[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "a file answers at once"))]
    pub(crate) since: std::time::Instant,
}

impl Append {
    /// Tells who waits; nobody may.
    pub(crate) fn tell(&mut self, result: Result<(), NotDurable>) {
        if let Some(done) = self.done.take() {
            drop(done.send(result));
        }
    }
}

/// The way to the log's thread.
pub(crate) struct Appender {
    /// Gives back what it cannot send because the thread has ended.
    send: Option<Box<dyn Fn(Append) + Send + Sync>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

impl Appender {
    /// Starts a thread. `send` must fail, by dropping what it is given, when the
    /// thread has ended; the thread must end when `send` is dropped.
    pub(crate) fn new(
        shared: Arc<Shared>,
        send: impl Fn(Append) + Send + Sync + 'static,
        run: impl FnOnce() + Send + 'static,
    ) -> Result<Self, OpenError> {
        let end = Untrusted(Arc::clone(&shared));
        let started = thread::Builder::new().name("waxseal-revocation".into()).spawn(move || {
            let _end = end;
            run();
        });
        let thread = started.map_err(|error: io::Error| {
            StoreError::because("the thread of the revocation log cannot be started", error)
        })?;
        Ok(Self { send: Some(Box::new(send)), thread: Some(thread), shared })
    }

    /// Sends the entries that `apply` has put into memory.
    pub(crate) fn append(&self, apply: impl FnOnce() -> Vec<Entry>) -> Acknowledgement {
        let (done, told) = oneshot::channel();
        let since = std::time::Instant::now();
        // Before: whoever finds them in memory finds them pending, too.
        self.pending().fetch_add(1, Relaxed);
        let entries = apply();
        self.pending().fetch_add(entries.len(), Relaxed);
        self.pending().fetch_sub(1, Relaxed);
        if let Some(send) = &self.send {
            send(Append { entries, done: Some(done), since });
        }
        Acknowledgement::new(async move {
            told.await.unwrap_or_else(|_| Err(NotDurable::new("its thread has ended")))
        })
    }

    fn pending(&self) -> &AtomicUsize {
        self.shared.health.pending()
    }
}

impl Drop for Appender {
    fn drop(&mut self) {
        self.send = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// A list whose thread has ended, even by a panic, knows nothing new.
struct Untrusted(Arc<Shared>);

impl Drop for Untrusted {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.health.set(crate::status::State::Stale, false);
        }
    }
}
