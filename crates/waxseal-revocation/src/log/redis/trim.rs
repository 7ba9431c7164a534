//! Drops from the stream what has expired, and what a cut that stands there ends
//! as well, so that nobody fills it by logging in and out: a page a second, by
//! one server at a time.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use redis::RedisError;
use waxseal_core::UnixTime;

use super::{
    stream::{Looked, Stream},
    wire::{Item, Whole, id_parts},
};
use crate::{
    entry::{Entry, Lifetime},
    index::Index,
    shared::Shared,
};

pub(super) struct Trimmer {
    /// Names this server to the others.
    token: String,
    /// The last item that was looked at.
    at: Option<String>,
    cuts: Cuts,
    /// Whether it was said that Redis does not let it.
    told: bool,
}

/// The cuts that stand in the stream. Not those in memory: they may have been
/// lost there.
struct Cuts {
    /// Of the round before.
    all: Index,
    /// As far as this round has come.
    here: Index,
}

impl Trimmer {
    pub(super) fn new(lifetime: Lifetime) -> Self {
        let mut token = [0; 16];
        // Two servers with one token both trim, which does no harm.
        let _ = getrandom::fill(&mut token);
        let cuts = Cuts::none(lifetime);
        Self { token: BASE64_URL_SAFE_NO_PAD.encode(token), at: None, cuts, told: false }
    }

    /// What it has seen may have been lost.
    pub(super) fn begin_again(&mut self, lifetime: Lifetime) {
        (self.at, self.cuts) = (None, Cuts::none(lifetime));
    }

    /// Goes through the next page. Where Redis does not let it (a server that may
    /// only use the stream, a replica, no memory left), the list is followed all
    /// the same.
    pub(super) async fn step(
        &mut self,
        stream: &mut Stream,
        shared: &Shared,
        looked: &Looked,
        whole: Option<&Whole>,
    ) -> Result<(), RedisError> {
        match self.trim(stream, shared, looked, whole).await {
            Err(error) if error.code().is_some() => {
                if !std::mem::replace(&mut self.told, true) {
                    tracing::error!(%error, "what has expired stays in the revocation log");
                }
                Ok(())
            }
            result => {
                self.told = false;
                result
            }
        }
    }

    async fn trim(
        &mut self,
        stream: &mut Stream,
        shared: &Shared,
        looked: &Looked,
        whole: Option<&Whole>,
    ) -> Result<(), RedisError> {
        if !stream.may_trim(&self.token).await? {
            return Ok(());
        }
        if self.at.is_none() {
            self.cuts.all = std::mem::replace(&mut self.cuts.here, Index::new(shared.lifetime));
        }
        let page = stream.page(self.at.as_deref()).await?;
        // By both clocks: one that is ahead must not drop what is alive.
        let now = looked.now.min(shared.expiry_now());
        let mut gone = Vec::new();
        for item in &page {
            let entry = item.entry();
            // By the last item the others see that nothing is lost.
            if id_parts(&item.id) < id_parts(&looked.last)
                && (has_expired(item, entry.as_ref(), shared, now, whole)
                    || entry.is_some_and(|entry| self.cuts.take(&entry, now)))
            {
                gone.push(&*item.id);
            }
        }
        stream.delete(&gone).await?;
        self.at = page.last().map(|item| item.id.clone());
        Ok(())
    }
}

impl Cuts {
    fn none(lifetime: Lifetime) -> Self {
        Self { all: Index::new(lifetime), here: Index::new(lifetime) }
    }

    /// Looks at an entry; says whether another one that is in the stream ends what
    /// it ends. A cut that lies ahead counts when its time has come.
    fn take(&mut self, entry: &Entry, now: UnixTime) -> bool {
        let later = |sub, before| self.all.cut_of(sub) > before;
        match entry {
            Entry::Session { .. } => self.all.covers(entry) || self.here.covers(entry),
            Entry::User { before, .. } | Entry::All { before } if *before > now => false,
            Entry::User { sub, before } => {
                later(Some(&**sub), *before) || !self.here.apply(entry).new
            }
            Entry::All { before } => later(None, *before) || !self.here.apply(entry).new,
        }
    }
}

fn has_expired(
    item: &Item,
    entry: Option<&Entry>,
    shared: &Shared,
    now: UnixTime,
    whole: Option<&Whole>,
) -> bool {
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
    let until = match entry {
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
