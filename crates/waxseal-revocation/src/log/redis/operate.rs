//! What an operator does to the stream, beside the servers.

use waxseal_core::UnixTime;

use super::{
    Redis,
    connect::runtime,
    wire::{Item, id_at},
};
use crate::{entry::Entry, error::StoreError};

impl Redis {
    pub(in crate::log) fn read(&self, after: UnixTime) -> Result<Vec<Entry>, StoreError> {
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

    pub(in crate::log) fn write(&self, entries: &[Entry]) -> Result<(), StoreError> {
        Self::now(async {
            let written = self.connect().await?.append(entries).await?;
            if written { Ok(()) } else { Err(uninitialised()) }
        })
    }

    pub(in crate::log) fn init(&self, first: &Entry) -> Result<bool, StoreError> {
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

    fn now<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        runtime()?.block_on(work)
    }
}

fn uninitialised() -> StoreError {
    StoreError::new("Redis has no revocation list; `waxseal revocations init` begins one")
}
