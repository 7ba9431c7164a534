//! What is ended here, on its way into the stream: tried until it is there.

use std::{collections::VecDeque, sync::atomic::Ordering::Relaxed, time::Duration};

use redis::RedisError;
use tokio::{sync::mpsc::UnboundedReceiver, time::timeout};
use waxseal_core::NotDurable;

use super::{
    Redis,
    back_off::BackOff,
    stream::{Stream, Waited},
};
use crate::{log::Append, shared::Shared};

/// When the list is dropped, what is pending gets this long.
const LAST: Duration = Duration::from_secs(2);
/// How many entries are written before they are acknowledged: few enough that it
/// can be done in time, however many have come together while Redis was away.
const BATCH: usize = 2000;

pub(super) struct Writer<'k> {
    redis: &'k Redis,
    shared: &'k Shared,
    stream: Option<Stream>,
    pending: VecDeque<Append>,
    back_off: BackOff,
    /// Whether it was said that the server cannot sync on demand.
    told: bool,
}

impl<'k> Writer<'k> {
    pub(super) fn new(redis: &'k Redis, shared: &'k Shared) -> Self {
        let (stream, pending, back_off) = (None, VecDeque::new(), BackOff::new());
        Self { redis, shared, stream, pending, back_off, told: false }
    }

    /// Until nobody can append any more.
    pub(super) async fn run(mut self, mut receiver: UnboundedReceiver<Append>) {
        loop {
            if self.pending.is_empty() {
                match receiver.recv().await {
                    Some(append) => self.pending.push_back(append),
                    None => return,
                }
            }
            while let Ok(append) = receiver.try_recv() {
                self.pending.push_back(append);
            }
            let reason = match timeout(self.redis.timeout, self.write()).await {
                Ok(Ok(Ok(()))) => continue,
                Ok(Ok(Err(reason))) => reason,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no answer".into(),
            };
            self.stream = None;
            self.give_up_waiting(&reason);
            if receiver.is_closed() && receiver.is_empty() {
                drop(timeout(LAST, self.write_all()).await);
                return;
            }
            let pending = self.pending.len();
            self.back_off.after("a write to the revocation log in Redis", &reason, pending).await;
            // Those that came meanwhile wait no longer than they should.
            self.give_up_waiting(&reason);
        }
    }

    async fn write_all(&mut self) {
        while !self.pending.is_empty() && matches!(self.write().await, Ok(Ok(()))) {}
    }

    /// Writes the first of what is pending. The inner error is the server's no.
    async fn write(&mut self) -> Result<Result<(), String>, RedisError> {
        if self.stream.is_none() {
            self.stream = Some(self.redis.connect().await?);
        }
        let Some(stream) = &mut self.stream else { return Ok(Ok(())) };
        let (mut appends, mut entries) = (0_usize, 0_usize);
        for append in &self.pending {
            if entries >= BATCH {
                break;
            }
            appends = appends.saturating_add(1);
            entries = entries.saturating_add(append.entries.len());
        }
        let first = self.pending.iter().take(appends);
        if !stream.append(first.flat_map(|append| &append.entries)).await? {
            return Ok(Err("Redis has no revocation list".into()));
        }
        let result = match stream.wait(self.redis.acknowledgement, self.redis.timeout).await? {
            Waited::Safe => Ok(()),
            Waited::CannotTell => {
                if !std::mem::replace(&mut self.told, true) {
                    tracing::warn!(
                        asked = ?self.redis.acknowledgement,
                        "Redis has no such command; its answer to the write counts"
                    );
                }
                Ok(())
            }
            // Written it is, and Redis goes on passing it on: nothing to write
            // again.
            Waited::NotSafe(reason) => Err(NotDurable::new(reason)),
        };
        self.shared.health.pending().fetch_sub(entries, Relaxed);
        self.pending.drain(..appends).for_each(|mut append| append.tell(result.clone()));
        self.back_off.reset();
        Ok(Ok(()))
    }

    /// Tells those who have waited long enough; what they have ended is tried
    /// on.
    fn give_up_waiting(&mut self, reason: &str) {
        for append in &mut self.pending {
            if append.since.elapsed() >= self.redis.timeout {
                append.tell(Err(NotDurable::new(reason)));
            }
        }
    }
}
