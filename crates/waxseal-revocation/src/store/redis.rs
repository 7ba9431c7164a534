//! The store of many servers: a Redis.
//!
//! The head is a string. The sessions are members of a sorted set with equal scores, so that
//! the members of one user follow one another; the cutoffs of users are scores; the feed is a
//! stream. One script commits a transaction, if the head is still the one that was read.

mod address;

use std::{
    thread,
    time::{Duration, Instant},
};

use redis::{Cmd, Connection, FromRedisValue, RedisError, Value};
use waxseal_core::UnixTime;

pub use self::address::Redis;
use super::Backend;
use crate::{
    clock::random,
    entry::{Entry, covers},
    error::StoreFailure,
    key::{SessionKey, UserKey},
    transaction::{Change, END_OF_STAMPS, Head, Item, Needs, OfUser, Position, Rows, Transaction},
};

const COMMIT: &str = include_str!("redis/commit.lua");
const READ: &str = include_str!("redis/read.lua");
/// How often a write shows that the server is a primary.
const BEAT: Duration = Duration::from_millis(500);
/// How many members are read at once.
const PAGE: usize = 10_000;
/// How many entries of a new list one call adds.
const CREATED_AT_ONCE: usize = 5000;
/// How often a transaction is tried when other servers write at the same time.
const MAX_ATTEMPTS: u32 = 100;
/// After so many attempts, a server takes a turn.
const FREE_ATTEMPTS: u32 = 5;
/// How long a turn lasts, in milliseconds, if its server does not commit.
const TURN_LASTS: u32 = 1000;
/// How often a server tries again during the turn of another one.
const TURN_LOOK: Duration = Duration::from_millis(10);
/// How long it waits for the turns of others: several of them may die.
const MOST_PATIENCE: Duration = Duration::from_secs(3);
/// How long a server that creates a list may send nothing, in seconds, before another one begins.
const CREATOR_LIVES: u32 = 10;
/// How long the parts of a new list live, in seconds, if their server dies.
const PARTS_LIVE: u32 = 120;
/// How often a server looks whether another one has created the list.
const LOOK: Duration = Duration::from_millis(100);
const MAX_LOOKS: u32 = 600;
/// The member of both sets that shows that they were not lost.
const LIST: &[u8] = b"list";

pub(super) struct RedisStore {
    redis: Redis,
    connection: Connection,
    /// The keys, in the order of the script.
    keys: [String; 4],
    last_beat: Option<Instant>,
    /// Of this connection, drawn at random.
    number: u64,
}

/// What became of a transaction.
enum Commit {
    Done,
    /// Another server has committed since the head was read.
    Raced,
    /// Another server has lost so many races that it is its turn.
    NotItsTurn,
}

impl RedisStore {
    pub(super) fn connect(redis: &Redis) -> Result<Self, StoreFailure> {
        let keys = ["head", "sessions", "users", "feed"].map(|name| redis.key(name));
        let connection = redis.connect()?;
        Ok(Self { redis: redis.clone(), connection, keys, last_beat: None, number: random()? })
    }

    /// Runs the script that reads: its first answers are those of `head`.
    fn read(&mut self, what: &str, arguments: &[&[u8]]) -> Result<Answers, StoreFailure> {
        let mut command = redis::cmd("EVAL");
        command.arg(READ).arg(self.keys.len()).arg(&self.keys).arg(what).arg(arguments);
        Ok(command.query::<Vec<Value>>(&mut self.connection)?.into_iter())
    }

    /// Writes, and waits for the replicas: only a primary that reaches them is the store.
    fn write(&mut self, command: &Cmd) -> Result<Value, StoreFailure> {
        let mut pipe = redis::pipe();
        pipe.add_command(command.clone());
        let replicas = self.redis.replicas;
        if replicas > 0 {
            pipe.cmd("WAIT").arg(replicas).arg(1000);
        }
        let mut answers: Vec<Value> = pipe.query(&mut self.connection)?;
        if replicas > 0 {
            let have: u32 = convert(answers.pop().unwrap_or(Value::Nil))?;
            if have < replicas {
                return Err(StoreFailure::new(format!(
                    "only {have} of {replicas} replicas of Redis have the data"
                )));
            }
        }
        self.last_beat = Some(Instant::now());
        Ok(answers.pop().unwrap_or(Value::Nil))
    }

    fn beat(&mut self, random: u64) -> Result<(), StoreFailure> {
        let mut command = redis::cmd("SET");
        command.arg(self.redis.key("beat")).arg(random);
        self.write(&command).map(drop)
    }

    /// Runs the script that commits. Returns false if the head is not `before` any more.
    fn commit(
        &mut self,
        before: &str,
        after: &str,
        changes: &[Change],
    ) -> Result<Commit, StoreFailure> {
        if before.is_empty() {
            let is_created = self.create(after, changes)?;
            return Ok(if is_created { Commit::Done } else { Commit::Raced });
        }
        let mut command = redis::cmd("EVAL");
        let keys = self.keys_of_commit();
        command.arg(COMMIT).arg(keys.len()).arg(keys).arg(before).arg(after).arg(self.number);
        for change in changes {
            add(&mut command, change);
        }
        Ok(match convert(self.write(&command)?)? {
            1_u32 => Commit::Done,
            2 => Commit::NotItsTurn,
            _ => Commit::Raced,
        })
    }

    fn keys_of_commit(&self) -> Vec<String> {
        let turn = self.redis.key("turn");
        self.keys.iter().cloned().chain([turn]).collect()
    }

    /// Takes the next turn, if no other server has it: a server near Redis would otherwise win
    /// every race against one with a longer round trip.
    fn take_turn(&mut self) -> Result<(), StoreFailure> {
        let mut command = redis::cmd("SET");
        command.arg(self.redis.key("turn")).arg(self.number).arg("NX").arg("PX").arg(TURN_LASTS);
        Ok(command.exec(&mut self.connection)?)
    }

    /// Creates the list, unless another server is creating it: all of them at the same time could
    /// need more memory than there is.
    fn create(&mut self, after: &str, changes: &[Change]) -> Result<bool, StoreFailure> {
        let creating = self.redis.key("creating");
        let mut lock = redis::cmd("SET");
        lock.arg(&creating).arg(0).arg("NX").arg("EX").arg(CREATOR_LIVES);
        if lock.query::<Option<String>>(&mut self.connection)?.is_none() {
            return self.wait_for_creator(&creating);
        }
        let number = random()?;
        let new = ["sessions", "users"].map(|name| self.redis.key(&format!("new:{number}:{name}")));
        let created = self.create_as(&creating, &new, after, changes);
        // After an error, the parts must not take memory until they expire.
        let ended = redis::cmd("DEL").arg(&creating).arg(&new).exec(&mut self.connection);
        let is_created = created?;
        ended?;
        Ok(is_created)
    }

    /// Waits until another server has created the list.
    fn wait_for_creator(&mut self, creating: &str) -> Result<bool, StoreFailure> {
        for _ in 0..MAX_LOOKS {
            thread::sleep(LOOK);
            if self.head()?.is_some() {
                return Ok(false);
            }
            let get = redis::cmd("GET").arg(creating).to_owned();
            if get.query::<Option<String>>(&mut self.connection)?.is_none() {
                break;
            }
        }
        Err(StoreFailure::new(
            "another server has begun to create the revocation list in Redis, and did not finish",
        ))
    }

    /// Creates the list in keys that only this server knows, because a list can be too large for
    /// one call. Then one call renames them, if there is still no list.
    fn create_as(
        &mut self,
        creating: &str,
        new: &[String; 2],
        after: &str,
        changes: &[Change],
    ) -> Result<bool, StoreFailure> {
        // Above all cutoffs, so that none of everyone drops it.
        let scores = [0, END_OF_STAMPS];
        let mut pipe = redis::pipe();
        for (key, score) in new.iter().zip(scores) {
            pipe.cmd("ZADD").arg(key).arg(score).arg(LIST);
            // If this server dies, nobody else deletes the key.
            pipe.cmd("EXPIRE").arg(key).arg(PARTS_LIVE);
        }
        pipe.exec(&mut self.connection)?;
        let (puts, rest): (Vec<&Change>, Vec<&Change>) =
            changes.iter().partition(|change| matches!(change, Change::Put(_)));
        let mut members = [1_u64; 2];
        for part in puts.chunks(CREATED_AT_ONCE) {
            let mut pipe = redis::pipe();
            pipe.cmd("EXPIRE").arg(creating).arg(CREATOR_LIVES);
            for put in part {
                let [sessions, users] = &mut members;
                match put {
                    Change::Put(Entry::Session { key, user, since }) => {
                        let member = [&row(*user, *key)[..], &seconds(*since)].concat();
                        pipe.cmd("ZADD").arg(&new[0]).arg(0).arg(member);
                        *sessions = sessions.saturating_add(1);
                    }
                    Change::Put(Entry::User { key, cutoff }) => {
                        pipe.cmd("ZADD").arg(&new[1]).arg(cutoff).arg(&key.0);
                        *users = users.saturating_add(1);
                    }
                    _ => {}
                }
            }
            pipe.exec(&mut self.connection)?;
        }
        let mut command = redis::cmd("EVAL");
        let keys = [&self.keys_of_commit()[..], new].concat();
        command.arg(COMMIT).arg(keys.len()).arg(keys).arg("").arg(after).arg(self.number);
        command.arg("create").arg(&members);
        for change in rest {
            add(&mut command, change);
        }
        Ok(convert::<u32>(self.write(&command)?)? == 1)
    }

    /// Reads the members of the sessions in pages.
    fn for_each_page(
        &mut self,
        mut visit: impl FnMut(&mut Connection, Vec<Member>) -> Result<(), StoreFailure>,
    ) -> Result<(), StoreFailure> {
        let mut from = b"-".to_vec();
        loop {
            let mut command = redis::cmd("ZRANGEBYLEX");
            command.arg(&self.keys[1]).arg(&from).arg("+").arg("LIMIT").arg(0).arg(PAGE);
            let mut members: Vec<Vec<u8>> = command.query(&mut self.connection)?;
            let Some(last) = members.last() else { return Ok(()) };
            from = [b"(", &last[..]].concat();
            members.retain(|member| member != LIST);
            let members = members.into_iter().map(Member::parse).collect::<Result<_, _>>()?;
            visit(&mut self.connection, members)?;
        }
    }

    /// Drops the sessions that a durable cutoff of everyone covers.
    fn sweep(&mut self, cutoff: u64) -> Result<(), StoreFailure> {
        let sessions = self.keys[1].clone();
        self.for_each_page(|connection, members| {
            let mut command = redis::cmd("ZREM");
            command.arg(&sessions);
            let is_covered = |member: &&Member| covers(cutoff, member.since);
            let covered: Vec<_> =
                members.iter().filter(is_covered).map(|member| &member.bytes[..]).collect();
            if !covered.is_empty() {
                command.arg(covered).exec(connection)?;
            }
            Ok(())
        })
    }
}

impl Backend for RedisStore {
    fn interval(&self) -> Duration {
        Duration::from_millis(15)
    }

    fn grace(&self) -> Duration {
        Duration::from_secs(5)
    }

    fn head(&mut self) -> Result<Option<Head>, StoreFailure> {
        Ok(head(&mut self.read("head", &[])?)?.1)
    }

    fn entries(&mut self, visit: &mut dyn FnMut(Entry)) -> Result<(), StoreFailure> {
        let mut cursor = 0_u64;
        loop {
            let mut command = redis::cmd("ZSCAN");
            command.arg(&self.keys[2]).arg(cursor).arg("COUNT").arg(PAGE);
            let (next, users): (u64, Vec<(Vec<u8>, u64)>) = command.query(&mut self.connection)?;
            for (user, cutoff) in users.into_iter().filter(|(user, _)| user != LIST) {
                let key = UserKey(user.try_into().map_err(|_| damaged())?);
                visit(Entry::User { key, cutoff });
            }
            if next == 0 {
                break;
            }
            cursor = next;
        }
        self.for_each_page(|_, members| {
            for member in members {
                visit(member.entry());
            }
            Ok(())
        })
    }

    fn follow(&mut self, position: Position) -> Result<Option<Vec<Item>>, StoreFailure> {
        if self.last_beat.is_none_or(|last| last.elapsed() >= BEAT) {
            self.beat(position.random)?;
        }
        let from = format!("{}-0", position.stamp);
        let mut answers = self.read("feed", &[from.as_bytes()])?;
        if head(&mut answers)?.1.is_none() {
            return Ok(None);
        }
        let found: Vec<(String, Record)> = next(&mut answers)?;
        let mut items = Vec::new();
        for (id, (_, random, _, entry)) in found {
            let stamp = id.strip_suffix("-0").and_then(|stamp| stamp.parse().ok());
            let position = Position { stamp: stamp.ok_or_else(damaged)?, random };
            items.push(Item { position, entry: Entry::from_bytes(&entry)? });
        }
        Ok(items.first().is_some_and(|item| item.position == position).then_some(items))
    }

    fn transact(
        &mut self,
        needs: &Needs,
        change: &mut (dyn FnMut(&mut Transaction) -> Result<(), StoreFailure> + Send),
    ) -> Result<(), StoreFailure> {
        let (mut attempts, mut waited) = (0_u32, Duration::ZERO);
        while attempts < MAX_ATTEMPTS && waited < MOST_PATIENCE {
            if attempts >= FREE_ATTEMPTS {
                self.take_turn()?;
            }
            let (before, head, rows) = self.load(needs)?;
            let mut transaction = Transaction::new(head, rows);
            change(&mut transaction)?;
            // Also without a change: what was recorded before may not have reached the replicas.
            let Some(head) = &transaction.head else { return self.beat(0) };
            let after = write_head(head);
            match self.commit(&before, &after, &transaction.changes)? {
                Commit::Done => {
                    for change in &transaction.changes {
                        if let Change::Drop { user: None, cutoff } = change {
                            self.sweep(*cutoff)?;
                        }
                    }
                    return Ok(());
                }
                Commit::NotItsTurn => {
                    thread::sleep(TURN_LOOK);
                    waited = waited.saturating_add(TURN_LOOK);
                }
                Commit::Raced => attempts = attempts.saturating_add(1),
            }
        }
        let error = "too many servers write to the revocation store at the same time";
        Err(StoreFailure::new(error).of_writing())
    }
}

impl RedisStore {
    /// Reads the head, as it is and decoded, and the rows.
    fn load(&mut self, needs: &Needs) -> Result<(String, Option<Head>, Rows), StoreFailure> {
        let keys = needs.sessions.iter().map(|(user, key)| [user.0, key.0].concat());
        let users = needs.users.iter().map(|user| user.0.to_vec());
        let arguments: Vec<_> = keys.chain(users).collect();
        let arguments: Vec<_> = arguments.iter().map(|argument| &argument[..]).collect();
        let mut answers = self.read("rows", &arguments)?;
        let (text, head) = head(&mut answers)?;
        let (secs, micros): (u64, u64) = (next(&mut answers)?, next(&mut answers)?);
        let members: u64 = next(&mut answers)?;
        let mut rows = Rows {
            clock: secs.saturating_mul(1000).saturating_add(micros / 1000),
            all_sessions: members.saturating_sub(1),
            without_user: next(&mut answers)?,
            ..Rows::default()
        };
        for session in &needs.sessions {
            if next::<u64>(&mut answers)? > 0 {
                rows.sessions.insert(*session);
            }
        }
        for user in &needs.users {
            let cutoff = next::<Option<u64>>(&mut answers)?.unwrap_or(0);
            let sessions = next(&mut answers)?;
            rows.users.insert(*user, OfUser { cutoff, sessions });
        }
        Ok((text, head, rows))
    }
}

/// The answers of the script that reads.
type Answers = std::vec::IntoIter<Value>;

/// A record in the feed: two names, each with its value.
type Record = (Vec<u8>, u64, Vec<u8>, Vec<u8>);

/// A member of the sessions: the user, the key, and the time in seconds.
struct Member {
    bytes: Vec<u8>,
    user: UserKey,
    key: SessionKey,
    since: u32,
}

impl Member {
    fn parse(bytes: Vec<u8>) -> Result<Self, StoreFailure> {
        let parts = || {
            let (user, rest) = bytes.split_first_chunk()?;
            let (key, rest) = rest.split_first_chunk()?;
            let since = u32::from_be_bytes(rest.try_into().ok()?);
            Some((UserKey(*user), SessionKey(*key), since))
        };
        let (user, key, since) = parts().ok_or_else(damaged)?;
        Ok(Self { bytes, user, key, since })
    }

    fn entry(&self) -> Entry {
        let user = Some(self.user).filter(|user| *user != UserKey::NONE);
        Entry::Session { key: self.key, user, since: UnixTime::from_secs(self.since.into()) }
    }
}

/// The first part of a member of the sessions.
fn row(user: Option<UserKey>, key: SessionKey) -> Vec<u8> {
    [user.unwrap_or(UserKey::NONE).0, key.0].concat()
}

/// The last part of a member of the sessions.
fn seconds(since: UnixTime) -> [u8; 4] {
    u32::try_from(since.as_secs()).unwrap_or(u32::MAX).to_be_bytes()
}

/// Adds a change to the arguments of the script.
fn add(command: &mut Cmd, change: &Change) {
    match *change {
        Change::Put(Entry::Session { key, user, since }) => {
            command.arg("session").arg(row(user, key)).arg(&seconds(since));
        }
        Change::Put(Entry::User { key, cutoff }) => {
            command.arg("user").arg(&key.0).arg(cutoff);
        }
        // They are in the head.
        Change::Put(Entry::Everyone { .. } | Entry::IssuedBefore { .. }) => {}
        Change::Drop { user: Some(user), cutoff } => {
            command.arg("drop").arg(&user.0).arg(cutoff / 1000);
        }
        Change::Drop { user: None, cutoff } => {
            command.arg("users").arg(cutoff);
        }
        Change::Push(Item { position: Position { stamp, random }, entry }) => {
            let id = format!("{stamp}-0");
            command.arg("push").arg(id).arg(random).arg(entry.to_bytes());
        }
    }
}

/// The first answers of the script that reads: the head as it is, empty without a list, and
/// decoded.
fn head(answers: &mut impl Iterator<Item = Value>) -> Result<(String, Option<Head>), StoreFailure> {
    let text: Option<String> = next(answers)?;
    let sessions: Option<String> = next(answers)?;
    let users: Option<String> = next(answers)?;
    let Some(text) = text.filter(|_| sessions.is_some() && users.is_some()) else {
        return Ok((String::new(), None));
    };
    let head = read_head(&text)?;
    Ok((text, Some(head)))
}

fn write_head(head: &Head) -> String {
    head.to_numbers().map(|number| number.to_string()).join(" ")
}

fn read_head(text: &str) -> Result<Head, StoreFailure> {
    let numbers: Vec<_> =
        text.split(' ').map(str::parse).collect::<Result<_, _>>().map_err(|_| damaged())?;
    Head::from_numbers(numbers.try_into().map_err(|_| damaged())?)?.ok_or_else(damaged)
}

fn next<T: FromRedisValue>(answers: &mut impl Iterator<Item = Value>) -> Result<T, StoreFailure> {
    convert(answers.next().unwrap_or(Value::Nil))
}

fn convert<T: FromRedisValue>(answer: Value) -> Result<T, StoreFailure> {
    redis::from_redis_value(answer).map_err(|error| StoreFailure::because(UNUSABLE, error))
}

const UNUSABLE: &str = "the revocation list in Redis cannot be read or written";

fn damaged() -> StoreFailure {
    StoreFailure::new(
        "the revocation list in Redis is damaged; delete its keys: a server creates a new one, \
         from its copy if it has one; otherwise all users must log in again",
    )
}

impl From<RedisError> for StoreFailure {
    fn from(error: RedisError) -> Self {
        Self::because(UNUSABLE, error)
    }
}
