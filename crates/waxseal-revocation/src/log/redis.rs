//! The log of many servers: a stream in Redis.

mod follow;
mod stream;
mod trim;
mod wire;
mod write;

use std::{
    fmt,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

#[cfg(feature = "redis-tls")]
use ::redis::ConnectionAddr;
use ::redis::{Client, IntoConnectionInfo as _};
use tokio::{runtime, sync::mpsc};
use waxseal_core::UnixTime;

use self::{
    follow::Follower,
    stream::Stream,
    wire::{Item, id_at},
    write::Writer,
};
use super::Appender;
use crate::{
    entry::Entry,
    error::{LogError, OpenError},
    events,
    list::Shared,
};

/// How often servers look whether the list is still the one that they know.
const LOOK: Duration = Duration::from_secs(1);
/// How long to wait before the next attempt to connect, at first and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

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
/// | with [`Acknowledgement::Replicas`] | a failover to a replica that has it |
/// | with [`Acknowledgement::Synced`] | a crash of the machine, whatever `appendfsync` |
///
/// Keep it from being evicted: `maxmemory-policy noeviction`, or one of the
/// `volatile` ones.
#[derive(Clone)]
pub struct Redis {
    client: Client,
    key: String,
    stale_after: Duration,
    serve_when_stale: bool,
    acknowledgement: Acknowledgement,
    timeout: Duration,
    settle: Duration,
}

/// When Redis is said to have taken an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Acknowledgement {
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
    /// [`LogError`] where that is no address. It does not quote it: there may be
    /// a password in it.
    pub fn new(address: &str) -> Result<Self, LogError> {
        let info = address.into_connection_info();
        let client = info.and_then(Client::open).map_err(|_| {
            LogError::new(
                "not a log that this program knows: `file:` and a path, or the address of a \
                 Redis server as redis://host:port",
            )
        })?;
        Ok(Self {
            client,
            key: "waxseal:revocations".into(),
            stale_after: Duration::from_secs(300),
            serve_when_stale: false,
            acknowledgement: Acknowledgement::Written,
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
    pub const fn stale_after(mut self, limit: Duration) -> Self {
        self.stale_after = limit;
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
    pub const fn acknowledgement(mut self, when: Acknowledgement) -> Self {
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
    pub const fn settle(mut self, time: Duration) -> Self {
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
        use crate::status::State;
        loop {
            let stale = shared.health.contact_age() > self.stale_after;
            if whole.load(std::sync::atomic::Ordering::Relaxed) {
                if stale {
                    shared.health.set(State::Stale, self.serve_when_stale);
                } else {
                    shared.health.set(State::Current, true);
                }
            }
            shared.tick();
            let pause = half(self.stale_after).clamp(Duration::from_millis(10), LOOK);
            tokio::time::sleep(pause).await;
        }
    }

    pub(super) fn read(&self, after: UnixTime) -> Result<Vec<Entry>, LogError> {
        Self::now(async {
            let mut stream = self.connect().await?;
            let looked = stream.look(None).await?;
            looked.epoch.ok_or_else(uninitialised)?;
            let mut entries = Vec::new();
            let mut from = Some(id_at(after));
            loop {
                let page = stream.page(from.as_deref()).await?;
                let Some(last) = page.last() else { return Ok(entries) };
                from = Some(last.id.clone());
                entries.extend(page.iter().filter_map(|item| item.entry()));
            }
        })
    }

    pub(super) fn write(&self, entries: &[Entry]) -> Result<(), LogError> {
        Self::now(async {
            let written = self.connect().await?.append(entries).await?;
            if written { Ok(()) } else { Err(uninitialised()) }
        })
    }

    pub(super) fn init(&self, first: &Entry) -> Result<bool, LogError> {
        Self::now(async {
            let mut stream = self.connect().await?;
            if stream.init(first).await? {
                return Ok(true);
            }
            let looked = stream.look(None).await?;
            let mut from = None;
            loop {
                let page = stream.page(from.as_deref()).await?;
                if page.iter().filter_map(Item::whole).any(|it| Some(it.epoch) == looked.epoch) {
                    return Ok(false);
                }
                let Some(last) = page.last() else { break };
                from = Some(last.id.clone());
            }
            // A server has begun it, and has not lived to complete it: nobody will.
            stream.append([first]).await?;
            Ok(stream.mark_whole(&looked).await?.is_some())
        })
    }

    fn now<T>(work: impl Future<Output = Result<T, LogError>>) -> Result<T, LogError> {
        runtime()?.block_on(work)
    }

    async fn connect(&self) -> Result<Stream, ::redis::RedisError> {
        #[cfg(feature = "redis-tls")]
        if let ConnectionAddr::TcpTls { .. } = self.client.get_connection_info().addr {
            choose_cryptography();
        }
        Stream::connect(&self.client, &self.key).await
    }
}

fn runtime() -> Result<runtime::Runtime, LogError> {
    let built = runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(|error| LogError::because("no connection to Redis can be made", error))
}

/// What rustls encrypts with: what the application has chosen, or else ring. The
/// client would panic where nothing is chosen and the features of all crates
/// together leave it open.
#[cfg(feature = "redis-tls")]
fn choose_cryptography() {
    use rustls::crypto::{CryptoProvider, ring};
    if CryptoProvider::get_default().is_none() {
        // An error: somebody has chosen meanwhile.
        drop(ring::default_provider().install_default());
    }
}

fn half(duration: Duration) -> Duration {
    duration.checked_div(2).unwrap_or(duration)
}

fn uninitialised() -> LogError {
    LogError::new("Redis has no revocation list; `waxseal revocations init` begins one")
}

impl From<::redis::RedisError> for LogError {
    fn from(error: ::redis::RedisError) -> Self {
        Self::because("Redis", error)
    }
}

/// Grows with every failure, and differs from server to server.
struct BackOff(Duration);

impl BackOff {
    const fn new() -> Self {
        Self(BACK_OFF.0)
    }

    fn reset(&mut self) {
        self.0 = BACK_OFF.0;
    }

    /// How long to wait this time: between half and all of it.
    fn next(&mut self) -> Duration {
        let wait = self.0;
        self.0 = wait.saturating_mul(2).min(BACK_OFF.1);
        let mut random = [0; 1];
        // Without randomness servers come back at the same time.
        let _ = getrandom::fill(&mut random);
        let [random] = random;
        let part = half(wait).saturating_mul(u32::from(random)).checked_div(255);
        half(wait).saturating_add(part.unwrap_or_default())
    }

    async fn after(&mut self, what: &str, error: &dyn fmt::Display, pending: usize) {
        events::retrying(what, error, pending);
        tokio::time::sleep(self.next()).await;
    }
}

impl fmt::Debug for Redis {
    // Not the address: there may be a password in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("key", &self.key).finish_non_exhaustive()
    }
}
