//! Drops from the stream what has expired, and nothing else: a page a second,
//! by one server at a time.

use std::sync::atomic::Ordering::Relaxed;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use redis::RedisError;
use waxseal_core::UnixTime;

use super::{
    stream::{Looked, Stream},
    wire::{Item, Whole, id_parts},
};
use crate::list::Shared;

pub(super) struct Trimmer {
    /// Names this server to the others.
    token: String,
    /// The last item that was looked at.
    at: Option<String>,
}

impl Trimmer {
    pub(super) fn new() -> Self {
        let mut token = [0; 16];
        // Two servers with one token both trim, which does no harm.
        let _ = getrandom::fill(&mut token);
        Self { token: BASE64_URL_SAFE_NO_PAD.encode(token), at: None }
    }

    /// Goes through the next page.
    pub(super) async fn step(
        &mut self,
        stream: &mut Stream,
        shared: &Shared,
        looked: &Looked,
        whole: Option<&Whole>,
    ) -> Result<(), RedisError> {
        if !stream.may_trim(&self.token).await? {
            return Ok(());
        }
        let page = stream.page(self.at.as_deref()).await?;
        // By both clocks: one that is ahead must not drop what is alive.
        let now = looked.now.min(shared.expiry_now());
        // What a cut ends needs no item of its own, once the cut has one.
        let all_there = shared.health.pending().load(Relaxed) == 0;
        let gone = page.iter().filter(|item| {
            has_expired(item, shared, now, whole) || (all_there && is_superseded(item, shared))
        });
        let gone: Vec<&str> = gone.map(|item| &*item.id).collect();
        stream.delete(&gone).await?;
        self.at = page.last().map(|item| item.id.clone());
        Ok(())
    }
}

fn is_superseded(item: &Item, shared: &Shared) -> bool {
    item.entry().is_some_and(|entry| shared.index.has_cut(&entry))
}

fn has_expired(item: &Item, shared: &Shared, now: UnixTime, whole: Option<&Whole>) -> bool {
    if item.epoch().is_some() {
        return false;
    }
    if item.whole().is_some() {
        // Only the last one counts.
        return whole.is_some_and(|whole| id_parts(&item.id) < id_parts(&whole.id));
    }
    if item.is_completing() {
        return is_over(&item.id, now);
    }
    let until = match item.entry() {
        Some(entry) => entry.until(shared.lifetime),
        // Of a newer version, perhaps.
        None => shared.lifetime.end(UnixTime::from_secs(id_parts(&item.id).0 / 1000)),
    };
    until <= now
}

/// An hour is more than anybody waits for it.
fn is_over(id: &str, now: UnixTime) -> bool {
    now.as_secs().saturating_sub(id_parts(id).0 / 1000) > 3600
}
