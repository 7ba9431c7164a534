//! The log of many servers: a stream in Redis.

mod back_off;
mod connect;
mod follow;
mod operate;
mod stream;
mod trim;
mod wire;
mod write;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use ::redis::{Client, IntoConnectionInfo as _};
use tokio::sync::mpsc;

#[cfg(fuzzing)]
pub use self::wire::{decode, encode};
use self::{connect::runtime, follow::Follower, write::Writer};
use super::Appender;
use crate::{
    error::{OpenError, StoreError},
    shared::Shared,
    status::State,
};

/// How often servers look whether the list is still the one that they know.
const LOOK: Duration = Duration::from_secs(1);

/// A stream in Redis (or what speaks its protocol: Valkey), from version 6.2
/// on, as the log of any number of servers.
///
/// Every server reads the stream from its start and then follows it; what one
/// ends, all know within milliseconds. The stream begins with a random *epoch*.
/// If that changes, or the stream has lost what was there, every server reads it
/// again and publishes what it knows, and none that starts meanwhile takes the
/// half for the whole. A stream that never existed has to be initialised by an
/// operator (`waxseal revocations init`), so that an empty Redis is never taken
/// for a list in which nobody has logged out.
///
/// # What an acknowledgement means
///
/// | the server's configuration | an acknowledged entry survives |
/// |---|---|
/// | `appendonly no` (as delivered) | a restart, if a snapshot was written since; otherwise as long as one of the servers here runs, which publishes it again |
/// | `appendonly yes`, `appendfsync everysec` | a crash of Redis; of the machine, if it was a second before |
/// | `appendonly yes`, `appendfsync always` | a crash of the machine |
/// | with [`Durability::Replicas`] | a failover to a replica that has it |
/// | with [`Durability::Synced`] | a crash of the machine, whatever `appendfsync` |
///
/// Keep it from being evicted: `maxmemory-policy noeviction`, or one of the
/// `volatile` ones.
#[derive(Clone)]
pub struct Redis {
    client: Client,
    key: String,
    max_staleness: Duration,
    serve_when_stale: bool,
    acknowledgement: Durability,
    timeout: Duration,
    settle: Duration,
}

/// When Redis is said to have taken an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Durability {
    /// When it has answered.
    #[default]
    Written,
    /// When this many replicas have it, too (`WAIT`).
    Replicas(u32),
    /// When it and this many replicas have synced it to their disks (`WAITAOF`,
    /// from version 7.2 on; before, as [`Written`](Self::Written), with a
    /// warning in the log).
    Synced(u32),
}

impl Redis {
    /// A server by its address, `redis://[user:password@]host[:port][/database]`,
    /// `unix:///path`, or with the feature `redis-tls` `rediss://…`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where that is no address. It does not quote it: there may be
    /// a password in it.
    pub fn new(address: &str) -> Result<Self, StoreError> {
        let info = address.into_connection_info();
        let client = info.and_then(Client::open).map_err(|_| {
            StoreError::new(
                "not a log that this program knows: `file:` and a path, or the address of a \
                 Redis server as redis://host:port",
            )
        })?;
        Ok(Self {
            client,
            key: "waxseal:revocations".into(),
            max_staleness: Duration::from_secs(300),
            serve_when_stale: false,
            acknowledgement: Durability::Written,
            timeout: Duration::from_secs(2),
            settle: Duration::from_secs(10),
        })
    }

    /// The stream's key; `waxseal:revocations` unless given. The key with
    /// `:trimmer` behind it is used, too.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }

    /// How long Redis may be out of reach until the list cannot be trusted any
    /// more; 5 minutes unless given. What other servers end meanwhile is not
    /// known here until it is back.
    #[must_use]
    pub const fn max_staleness(mut self, limit: Duration) -> Self {
        self.max_staleness = limit;
        self
    }

    /// Serves sessions with what is known where Redis is out of reach for
    /// longer, instead of answering 503. A session that another server has ended
    /// is accepted here meanwhile.
    #[must_use]
    pub const fn dangerous_serve_when_stale(mut self) -> Self {
        self.serve_when_stale = true;
        self
    }

    /// When an entry counts as recorded; when Redis has answered, unless given.
    #[must_use]
    pub const fn durability(mut self, when: Durability) -> Self {
        self.acknowledgement = when;
        self
    }

    /// How long a response waits for the acknowledgement of what its request has
    /// ended; 2 seconds unless given. After that it is a 503, and the entry is
    /// written as soon as Redis takes it.
    #[must_use]
    pub const fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// How long a server that starts waits for the others to complete the list
    /// where Redis was restarted or another has taken over since that was last
    /// said; 10 seconds unless given.
    #[must_use]
    pub const fn startup_grace(mut self, time: Duration) -> Self {
        self.settle = time;
        self
    }

    pub(super) fn start(self, shared: Arc<Shared>) -> Result<Appender, OpenError> {
        let runtime = runtime()?;
        let (sender, receiver) = mpsc::unbounded_channel();
        let keeper = Arc::clone(&shared);
        Appender::new(
            shared,
            // Where the thread has ended, what could not be sent is dropped.
            move |append| drop(sender.send(append)),
            move || runtime.block_on(self.keep(keeper, receiver)),
        )
    }

    /// Follows the stream and writes to it until nobody can append any more.
    async fn keep(self, shared: Arc<Shared>, receiver: mpsc::UnboundedReceiver<super::Append>) {
        let whole = AtomicBool::new(false);
        tokio::select! {
            () = Follower::new(&self, &shared, &whole).run() => {}
            () = self.watch(&shared, &whole) => {}
            () = Writer::new(&self, &shared).run(receiver) => {}
        }
    }

    /// Tells how things are, and whether Redis is out of reach for too long.
    async fn watch(&self, shared: &Shared, whole: &AtomicBool) {
        loop {
            let stale = shared.health.contact_age() > self.max_staleness;
            if whole.load(Relaxed) {
                if stale {
                    shared.health.set(State::Stale, self.serve_when_stale);
                } else {
                    shared.health.set(State::Current, true);
                }
            }
            shared.tick();
            let pause = half(self.max_staleness).clamp(Duration::from_millis(10), LOOK);
            tokio::time::sleep(pause).await;
        }
    }
}

fn half(duration: Duration) -> Duration {
    duration.checked_div(2).unwrap_or(duration)
}

impl From<::redis::RedisError> for StoreError {
    fn from(error: ::redis::RedisError) -> Self {
        Self::because("Redis", error)
    }
}

impl fmt::Debug for Redis {
    // Not the address: there may be a password in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("key", &self.key).finish_non_exhaustive()
    }
}
