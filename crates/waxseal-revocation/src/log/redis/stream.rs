//! The commands: one connection and the stream.

use std::{collections::HashMap, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use redis::{
    AsyncConnectionConfig, Client, ErrorKind, Pipeline, RedisError, Value,
    aio::MultiplexedConnection, cmd, from_redis_value, pipe,
};
use waxseal_core::UnixTime;

use super::{
    Durability, half,
    wire::{Item, Raw, Whole, fields, id_parts},
};
use crate::entry::Entry;

/// A connection that does not answer for this long is dropped.
const ANSWER: Duration = Duration::from_secs(3);
/// How many items are read at once.
pub(super) const PAGE: usize = 1000;
/// How many are written at once.
const BATCH: usize = 500;

/// Begins a list where there is none that begins with an epoch. With more than
/// the epoch, says in the same step what else it holds.
const CREATE: &str = "
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
if first[1] and first[1][2][1] == 'epoch' then return 0 end
redis.call('DEL', KEYS[1])
redis.call('XADD', KEYS[1], '*', 'epoch', ARGV[1])
if ARGV[2] then
  redis.call('XADD', KEYS[1], '*', 'before', ARGV[2])
  redis.call('XADD', KEYS[1], '*', 'whole', ARGV[1], 'run', ARGV[3], 'by', 'init')
end
return 1";

type Result<T> = std::result::Result<T, RedisError>;

pub(super) struct Stream {
    connection: MultiplexedConnection,
    key: String,
}

/// Whether what was written is as safe as it is to be.
pub(super) enum Waited {
    Safe,
    /// Not now, and why.
    NotSafe(String),
    /// The server is too old to be asked.
    CannotTell,
}

/// What the stream is like right now.
pub(super) struct Looked {
    /// `None` if there is no list.
    pub(super) epoch: Option<String>,
    /// The last identifier that was ever given out.
    pub(super) last: String,
    /// The Redis process; empty where it is not told.
    pub(super) run: String,
    /// Whether the item that was asked for is still there.
    pub(super) kept: bool,
    pub(super) now: UnixTime,
}

impl Stream {
    pub(super) async fn connect(client: &Client, key: &str) -> Result<Self> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(ANSWER)
            .set_response_timeout(ANSWER);
        let connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        Ok(Self { connection, key: key.into() })
    }

    /// Looks, also whether an item that was read is still there.
    pub(super) async fn look(&mut self, read: Option<&str>) -> Result<Looked> {
        let read = read.unwrap_or("-");
        let (first, (secs, _), kept): (Vec<Raw>, (u64, u64), Vec<Raw>) = pipe()
            .cmd("XRANGE")
            .arg(&self.key)
            .arg("-")
            .arg("+")
            .arg("COUNT")
            .arg(1)
            .cmd("TIME")
            .cmd("XRANGE")
            .arg(&self.key)
            .arg(read)
            .arg(if read == "-" { "+" } else { read })
            .arg("COUNT")
            .arg(1)
            .query_async(&mut self.connection)
            .await?;
        let first = first.into_iter().next().map(Item::from);
        let epoch = first.and_then(|first| first.epoch().map(String::from));
        let last = if epoch.is_some() { self.last().await? } else { String::new() };
        let (run, kept) = (self.process().await?, !kept.is_empty());
        Ok(Looked { epoch, last, run, kept, now: UnixTime::from_secs(secs) })
    }

    async fn last(&mut self) -> Result<String> {
        let info: HashMap<String, Value> =
            cmd("XINFO").arg("STREAM").arg(&self.key).query_async(&mut self.connection).await?;
        from_redis_value(info.get("last-generated-id").unwrap_or(&Value::Nil))
    }

    async fn process(&mut self) -> Result<String> {
        let info: Result<String> =
            cmd("INFO").arg("server").query_async(&mut self.connection).await;
        let info = match info {
            // Not everybody may ask that.
            Err(error) if error.code().is_some() => String::new(),
            info => info?,
        };
        let run = info.lines().find_map(|line| line.strip_prefix("run_id:"));
        Ok(run.unwrap_or_default().trim().into())
    }

    /// The items after one, or the first ones.
    pub(super) async fn page(&mut self, after: Option<&str>) -> Result<Vec<Item>> {
        let from = after.map_or_else(|| String::from("-"), |id| format!("({id}"));
        let items: Vec<Raw> = cmd("XRANGE")
            .arg(&self.key)
            .arg(from)
            .arg("+")
            .arg("COUNT")
            .arg(PAGE)
            .query_async(&mut self.connection)
            .await?;
        Ok(items.into_iter().map(Item::from).collect())
    }

    /// Waits for items after one, up to some time.
    pub(super) async fn next(&mut self, after: &str, wait: Duration) -> Result<Vec<Item>> {
        let streams: Option<Vec<(String, Vec<Raw>)>> = cmd("XREAD")
            .arg("COUNT")
            .arg(PAGE)
            .arg("BLOCK")
            .arg(u64::try_from(wait.as_millis()).unwrap_or(1).max(1))
            .arg("STREAMS")
            .arg(&self.key)
            .arg(after)
            .query_async(&mut self.connection)
            .await?;
        let items = streams.into_iter().flatten().flat_map(|(_, items)| items);
        Ok(items.map(Item::from).collect())
    }

    /// Appends entries; says whether there is a list to append to.
    pub(super) async fn append<'e>(
        &mut self,
        entries: impl IntoIterator<Item = &'e Entry>,
    ) -> Result<bool> {
        let entries: Vec<&Entry> = entries.into_iter().collect();
        for batch in entries.chunks(BATCH) {
            let mut pipe = pipe();
            for entry in batch {
                self.xadd(&mut pipe, &fields(entry));
            }
            let ids: Vec<Option<String>> = pipe.query_async(&mut self.connection).await?;
            if ids.iter().any(Option::is_none) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn xadd(&self, pipe: &mut Pipeline, fields: &[(&str, String)]) {
        // Never makes a stream: one without an epoch would be no list.
        pipe.cmd("XADD").arg(&self.key).arg("NOMKSTREAM").arg("*");
        for (name, value) in fields {
            pipe.arg(*name).arg(value);
        }
    }

    /// Waits until others have what this connection has written.
    pub(super) async fn wait(
        &mut self,
        acknowledgement: Durability,
        timeout: Duration,
    ) -> Result<Waited> {
        let ms = u64::try_from(half(timeout.min(ANSWER)).as_millis()).unwrap_or(1).max(1);
        let (answer, not_yet) = match acknowledgement {
            Durability::Written => return Ok(Waited::Safe),
            Durability::Replicas(count) => {
                let mut command = cmd("WAIT");
                command.arg(count).arg(ms);
                let answer = command.query_async(&mut self.connection).await;
                let answer = answer.map(|replicas: u32| replicas >= count);
                (answer, "too few replicas have it yet")
            }
            Durability::Synced(count) => {
                let mut command = cmd("WAITAOF");
                command.arg(1).arg(count).arg(ms);
                let answer = command.query_async(&mut self.connection).await;
                let answer = answer.map(|(own, others): (u32, u32)| own >= 1 && others >= count);
                (answer, "it is not synced to disk yet")
            }
        };
        match answer {
            Ok(true) => Ok(Waited::Safe),
            Ok(false) => Ok(Waited::NotSafe(not_yet.into())),
            Err(error) if is_unknown_command(&error) => Ok(Waited::CannotTell),
            // It may not be asked that, or could never do it: without a file, say.
            Err(error) if error.code().is_some() => Ok(Waited::NotSafe(error.to_string())),
            Err(error) => Err(error),
        }
    }

    /// Begins a list where there is none; its content follows.
    pub(super) async fn create(&mut self) -> Result<()> {
        let create = self.create_command()?;
        create.query_async(&mut self.connection).await.map(|_: u32| ())
    }

    /// Begins a list where there is none, with one entry and complete.
    pub(super) async fn init(&mut self, first: &Entry) -> Result<bool> {
        let Entry::All { before } = first else { return Ok(false) };
        let run = self.process().await?;
        let mut command = self.create_command()?;
        command.arg(before.as_secs()).arg(run);
        command.query_async(&mut self.connection).await.map(|begun: u32| begun == 1)
    }

    fn create_command(&self) -> Result<redis::Cmd> {
        let mut epoch = [0; 16];
        getrandom::fill(&mut epoch).map_err(|_| {
            (ErrorKind::ClientError, "the platform gave no randomness for an epoch")
        })?;
        let mut command = cmd("EVAL");
        command.arg(CREATE).arg(1).arg(&self.key).arg(BASE64_URL_SAFE_NO_PAD.encode(epoch));
        Ok(command)
    }

    /// Says that the list is complete.
    pub(super) async fn mark_whole(&mut self, looked: &Looked) -> Result<Option<Whole>> {
        let Some(epoch) = &looked.epoch else { return Ok(None) };
        let mut pipe = pipe();
        let by = String::from("server");
        let fields = [("whole", epoch.clone()), ("run", looked.run.clone()), ("by", by)];
        self.xadd(&mut pipe, &fields);
        let (id,): (Option<String>,) = pipe.query_async(&mut self.connection).await?;
        let (epoch, run) = (epoch.clone(), looked.run.clone());
        Ok(id.map(|id| Whole { id, epoch, run, by_init: false }))
    }

    /// Says that this server is about to complete the list. Where it may not, the
    /// list can be read all the same.
    pub(super) async fn say_completing(&mut self, looked: &Looked) -> Result<()> {
        let mut pipe = pipe();
        self.xadd(&mut pipe, &[("completing", looked.run.clone())]);
        let said: Result<(Option<String>,)> = pipe.query_async(&mut self.connection).await;
        match said {
            Err(error) if error.code().is_none() => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether this server is the one that trims, for the next seconds.
    pub(super) async fn may_trim(&mut self, token: &str) -> Result<bool> {
        const SECS: u32 = 5;
        let key = format!("{}:trimmer", self.key);
        let mut take = cmd("SET");
        take.arg(&key).arg(token).arg("NX").arg("EX").arg(SECS);
        let won: Option<String> = take.query_async(&mut self.connection).await?;
        if won.is_some() {
            return Ok(true);
        }
        let holder: Option<String> = cmd("GET").arg(&key).query_async(&mut self.connection).await?;
        if holder.as_deref() != Some(token) {
            return Ok(false);
        }
        let keep = cmd("EXPIRE").arg(&key).arg(SECS).query_async(&mut self.connection).await;
        keep.map(|_: u32| true)
    }

    pub(super) async fn delete(&mut self, ids: &[&str]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let delete = cmd("XDEL").arg(&self.key).arg(ids).query_async(&mut self.connection).await;
        delete.map(|_: u64| ())
    }
}

fn is_unknown_command(error: &RedisError) -> bool {
    error.detail().is_some_and(|detail| detail.starts_with("unknown command"))
}

impl Looked {
    /// How old an item is.
    pub(super) fn age(&self, id: &str) -> Duration {
        let (ms, _) = id_parts(id);
        Duration::from_secs(self.now.as_secs().saturating_sub(ms / 1000))
    }

    /// The time between an item and the newest there is.
    pub(super) fn lag(&self, seen: &str) -> Duration {
        let ((last, _), (seen, _)) = (id_parts(&self.last), id_parts(seen));
        Duration::from_millis(last.saturating_sub(seen))
    }
}
