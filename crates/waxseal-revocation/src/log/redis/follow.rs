//! The stream, read from its start and then followed.

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::{Duration, Instant},
};

use redis::RedisError;
use waxseal_core::Sealer;

use super::{
    LOOK, Redis,
    back_off::BackOff,
    stream::{Looked, PAGE, Stream},
    trim::Trimmer,
    wire::{Item, Whole, id_parts},
};
use crate::{events, index::Index, shared::Shared, status::State};

/// After so many pages it says again that it is at it.
const PAGES: usize = 50;

pub(super) struct Follower<'k> {
    redis: &'k Redis,
    shared: &'k Shared,
    /// Whether the list in memory is, or was once, all that there is.
    whole: &'k AtomicBool,
    seen: Option<Seen>,
    /// The last that was read.
    marker: Option<Whole>,
    /// When a server last said that it is completing the list.
    completing: Option<String>,
    /// What a list that is not whole yet was like when it last changed, and when.
    waiting: Option<(String, Instant)>,
    trimmer: Trimmer,
    back_off: BackOff,
}

/// What was known of the stream when it was last looked at.
struct Seen {
    epoch: String,
    run: String,
    /// The last item that was read.
    last: String,
}

impl<'k> Follower<'k> {
    pub(super) fn new(redis: &'k Redis, shared: &'k Shared, whole: &'k AtomicBool) -> Self {
        Self {
            redis,
            shared,
            whole,
            seen: None,
            marker: None,
            completing: None,
            waiting: None,
            trimmer: Trimmer::new(shared.lifetime),
            back_off: BackOff::new(),
        }
    }

    /// For ever: whatever happens to the connection, another is made.
    pub(super) async fn run(mut self) {
        loop {
            let ended = match self.redis.connect().await {
                Ok(stream) => self.follow(stream).await,
                Err(error) => Err(error),
            };
            if let Err(error) = ended {
                let pending = self.shared.health.pending().load(Relaxed);
                self.back_off.after("the connection to the revocation log", &error, pending).await;
            }
        }
    }

    async fn follow(&mut self, mut stream: Stream) -> Result<(), RedisError> {
        let mut first = true;
        loop {
            let read = self.seen.as_ref().map(|seen| &*seen.last);
            let looked = stream.look(read).await?;
            if self.is_level(&looked) {
                self.shared.health.contact();
            }
            if std::mem::take(&mut first) {
                self.compare_clocks(&looked);
            }
            if looked.epoch.is_none() {
                self.begin_again(&mut stream).await?;
                continue;
            }
            if let Some(reason) = self.must_read_again(&looked) {
                if self.seen.is_some() {
                    events::read_again(reason);
                }
                self.read_all(&mut stream, &looked).await?;
            }
            self.consider(&mut stream, &looked).await?;
            let marker = self.marker.as_ref();
            self.trimmer.step(&mut stream, self.shared, &looked, marker).await?;
            self.back_off.reset();
            self.listen(&mut stream, &looked).await?;
        }
    }

    /// There is no list. A server that has it all begins it anew; one that does
    /// not waits for one that has, or for an operator.
    async fn begin_again(&mut self, stream: &mut Stream) -> Result<(), RedisError> {
        if self.whole.load(Relaxed) {
            return stream.create().await;
        }
        self.shared.health.set(State::Uninitialised, false);
        tokio::time::sleep(LOOK).await;
        Ok(())
    }

    /// Whether nothing is known to be missing here. Where something is, there is
    /// no contact yet: what was out of reach for too long is not trusted again
    /// before all has been read that came meanwhile.
    fn is_level(&self, looked: &Looked) -> bool {
        let level = |seen: &Seen| id_parts(&looked.last) <= id_parts(&seen.last);
        let read =
            || self.must_read_again(looked).is_none() && self.seen.as_ref().is_some_and(level);
        !self.whole.load(Relaxed) || read()
    }

    fn must_read_again(&self, looked: &Looked) -> Option<&'static str> {
        let Some(seen) = &self.seen else { return Some("first") };
        if looked.epoch.as_deref() != Some(&seen.epoch) {
            Some("the list was begun again")
        } else if id_parts(&looked.last) < id_parts(&seen.last) {
            Some("Redis has lost entries")
        } else if !looked.kept {
            // Lost, and hidden by what was written since; or it has expired.
            Some("the last entry that was read is gone")
        } else if looked.run != seen.run {
            // What was lost could have been hidden by what was written since.
            Some("Redis was restarted, or another has taken over")
        } else {
            None
        }
    }

    /// Reads the stream from its start. A server that has had it all publishes
    /// what is missing there.
    async fn read_all(&mut self, stream: &mut Stream, looked: &Looked) -> Result<(), RedisError> {
        let Some(epoch) = &looked.epoch else { return Ok(()) };
        let there = self.whole.load(Relaxed).then(|| Index::new(self.shared.lifetime));
        let mut last = None;
        self.marker = None;
        self.trimmer.begin_again(self.shared.lifetime);
        loop {
            if there.is_some() {
                stream.say_completing(looked).await?;
            }
            if self.read_some(stream, &mut last, there.as_ref()).await? {
                break;
            }
        }
        self.shared.health.contact();
        if let Some(there) = there {
            self.publish(stream, looked, &there).await?;
        }
        // Only now: what fails before is done again.
        let (epoch, run) = (epoch.clone(), looked.run.clone());
        self.seen = Some(Seen { epoch, run, last: last.unwrap_or_else(|| "0-0".into()) });
        Ok(())
    }

    /// Reads some pages after an item, which it moves on; says whether there are
    /// no more.
    async fn read_some(
        &mut self,
        stream: &mut Stream,
        last: &mut Option<String>,
        there: Option<&Index>,
    ) -> Result<bool, RedisError> {
        for _ in 0..PAGES {
            let page = stream.page(last.as_deref()).await?;
            let Some(newest) = page.last() else { return Ok(true) };
            *last = Some(newest.id.clone());
            for item in &page {
                if let (Some(there), Some(entry)) = (there, item.entry()) {
                    there.apply(&entry);
                }
                self.take(item);
            }
        }
        Ok(false)
    }

    async fn publish(
        &mut self,
        stream: &mut Stream,
        looked: &Looked,
        there: &Index,
    ) -> Result<(), RedisError> {
        let now = self.shared.expiry_now();
        let mut missing = Vec::new();
        self.shared.index.for_each(|entry| {
            if !there.covers(&entry) && entry.until(self.shared.lifetime) > now {
                missing.push(entry);
            }
        });
        if !missing.is_empty() {
            tracing::warn!(entries = missing.len(), "published again what Redis had lost");
        }
        for some in missing.chunks(PAGES.saturating_mul(100)) {
            stream.say_completing(looked).await?;
            stream.append(some).await?;
        }
        if !missing.is_empty() || self.is_marked(looked).is_none() {
            self.marker = stream.mark_whole(looked).await?;
        }
        Ok(())
    }

    /// Whether a list that was not all there is by now.
    async fn consider(&mut self, stream: &mut Stream, looked: &Looked) -> Result<(), RedisError> {
        if self.whole.load(Relaxed) {
            return Ok(());
        }
        let (settle, waited) = (self.redis.settle, self.waited(looked));
        let same_epoch = |marker: &&Whole| Some(&marker.epoch) == looked.epoch.as_ref();
        let Some(marker) = self.marker.as_ref().filter(same_epoch) else {
            // A server is publishing what it knows, and has not finished. Where
            // nothing comes any more it never will.
            let state = if waited < settle { State::Loading } else { State::Uninitialised };
            self.shared.health.set(state, false);
            return Ok(());
        };
        // Who knows more than the server that has said so first has said it by
        // then; also where another process has taken over, however long that has
        // been running.
        let settled = |id: &str| looked.age(id) >= settle;
        let told = marker.run == looked.run
            && (marker.by_init || settled(&marker.id))
            && self.completing.as_deref().is_none_or(settled);
        let is_whole = told || waited >= settle;
        if is_whole {
            if self.is_marked(looked).is_none() {
                self.marker = stream.mark_whole(looked).await?;
            }
            self.whole.store(true, Relaxed);
            self.shared.health.set(State::Current, true);
        }
        Ok(())
    }

    /// For how long nothing has changed in what a list that is not whole waits
    /// for. By this server's own time: an identifier may lie ahead of the clock
    /// of Redis, where that was set.
    fn waited(&mut self, looked: &Looked) -> Duration {
        let what = self.marker.as_ref().map_or(&looked.last, |marker| &marker.id);
        let completing = self.completing.as_deref().unwrap_or_default();
        let now = format!("{} {what} {completing}", looked.run);
        match &self.waiting {
            Some((like, since)) if *like == now => since.elapsed(),
            _ => {
                self.waiting = Some((now, Instant::now()));
                Duration::ZERO
            }
        }
    }

    /// The marker that the list is complete in this Redis process.
    fn is_marked(&self, looked: &Looked) -> Option<&Whole> {
        let marker = self.marker.as_ref()?;
        (Some(&marker.epoch) == looked.epoch.as_ref() && marker.run == looked.run).then_some(marker)
    }

    /// Follows until it is time to look again.
    async fn listen(&mut self, stream: &mut Stream, looked: &Looked) -> Result<(), RedisError> {
        let begun = Instant::now();
        loop {
            let Some(left) = LOOK.checked_sub(begun.elapsed()).filter(|left| !left.is_zero())
            else {
                return Ok(());
            };
            let Some(seen) = &self.seen else { return Ok(()) };
            self.shared.health.set_lag(looked.lag(&seen.last));
            let items = stream.next(&seen.last, left).await?;
            // Not where there is more: only who knows all is up to date.
            if items.len() < PAGE {
                self.shared.health.contact();
            }
            if let (Some(newest), Some(seen)) = (items.last(), &mut self.seen) {
                seen.last.clone_from(&newest.id);
            }
            for item in &items {
                self.take(item);
            }
        }
    }

    fn take(&mut self, item: &Item) {
        if let Some(marker) = item.whole() {
            self.marker = Some(marker);
        } else if item.is_completing() {
            self.completing = Some(item.id.clone());
        } else if let Some(entry) = item.entry() {
            self.shared.learn(entry);
        } else if item.epoch().is_none() {
            tracing::error!(
                id = item.id,
                "the revocation log has an item that this version does not know; it is left out"
            );
        }
    }

    fn compare_clocks(&self, looked: &Looked) {
        let differ = looked.now.as_secs().abs_diff(self.shared.clock.now().as_secs());
        if differ > Sealer::LEEWAY.as_secs() / 2 {
            events::clocks_differ(differ);
        }
    }
}
