//! The list that an application holds: what is ended goes into memory at once,
//! and into the log.

use std::{
    fmt,
    future::ready,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use waxseal_core::{Ended, NotRecorded, Recording, Revocations, Standing, UnixTime};

use crate::{
    builder::RevocationListBuilder,
    cut::{LATEST_BEGIN, cut_before, later, next_cut},
    entry::Entry,
    error::CutError,
    log::{Appender, Log},
    shared::Shared,
    status::{State, Status},
};

/// The list of sessions that were ended early: a handle that is cheap to clone.
///
/// Give a clone to every sealer ([`SealerBuilder::revocations`]) and keep one
/// for what ends many sessions at once. When the last handle is dropped, what
/// is on its way to the log is written, for up to two seconds.
///
/// [`SealerBuilder::revocations`]: waxseal_core::SealerBuilder::revocations
#[derive(Clone)]
pub struct RevocationList {
    shared: Arc<Shared>,
    appender: Arc<Appender>,
}

impl RevocationList {
    /// A list over a log.
    pub fn builder(log: impl Into<Log>) -> RevocationListBuilder {
        RevocationListBuilder::new(log.into())
    }

    pub(crate) fn new(shared: Arc<Shared>, appender: Appender) -> Self {
        Self { shared, appender: Arc::new(appender) }
    }

    #[cfg(all(test, feature = "file"))]
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Ends all sessions of a user that have begun by now: "log out everywhere",
    /// a changed password. The user is what
    /// [`set_user`](waxseal_core::Handle::set_user) was told.
    ///
    /// Takes effect on this server before the future is awaited, and on all when
    /// it has completed, or a moment later. A session that the user begins after
    /// that is good.
    ///
    /// # Errors
    ///
    /// The future's: [`NotRecorded`] if the log has not acknowledged it. That is
    /// tried again until it has.
    #[must_use = "it is not in the log before this has completed"]
    pub fn end_all_for(&self, user: &str) -> Recording {
        let now = self.shared.clock.now();
        let before = next_cut(self.shared.index.cut_of(Some(user)), now);
        self.cut(Entry::User { sub: user.into(), before })
    }

    /// Ends all sessions that began before a moment, whosever they are: a
    /// release has handed out wrong ones, a key had leaked and was replaced.
    ///
    /// # Errors
    ///
    /// [`CutError`] if the moment lies ahead. The future's as
    /// [`end_all_for`](Self::end_all_for).
    pub fn end_all_before(&self, moment: UnixTime) -> Result<Recording, CutError> {
        let now = self.shared.clock.now();
        // A session may have begun at the cut of its user, too.
        let before = cut_before(moment, self.shared.index.latest_cut(), now)?;
        Ok(self.cut(Entry::All { before }))
    }

    /// How the list is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared.status()
    }

    fn cut(&self, entry: Entry) -> Recording {
        self.appender.append(|| {
            self.shared.index.apply(&entry);
            vec![entry]
        })
    }
}

impl Revocations for RevocationList {
    fn absolute_limit(&self) -> Duration {
        self.shared.absolute
    }

    fn standing(&self, sid: Option<&str>, sub: Option<&str>, begun: UnixTime) -> Standing {
        if self.shared.index.has_ended(sid, sub, begun) {
            Standing::Ended
        } else if self.shared.health.is_trusted() {
            Standing::Good
        } else {
            Standing::Unknown
        }
    }

    fn begin(&self, sub: Option<&str>, now: UnixTime) -> Option<UnixTime> {
        let begun = now.max(self.shared.index.cut_of(sub));
        let may_begin = begun <= later(now, LATEST_BEGIN);
        (may_begin && self.shared.health.is_trusted()).then_some(begun)
    }

    fn end(&self, session: Ended, now: UnixTime) -> Recording {
        let Shared { index, health, max_entries, .. } = &*self.shared;
        if index.len() >= *max_entries {
            health.watch_fill(index.len(), *max_entries);
            return Box::pin(ready(Err(NotRecorded::new(
                "the revocation list is full; raise max_entries, or end all sessions",
            ))));
        }
        let entry = Entry::session(&session);
        if index.has_cut(&entry) && health.pending().load(Relaxed) == 0 {
            // With all of its user's, or everybody's, and the log has that.
            return Box::pin(ready(Ok(())));
        }
        self.appender.append(|| {
            let applied = index.apply(&entry);
            let mut entries = vec![entry];
            if applied.too_many
                && let Some(cut) = session.sub.and_then(|sub| index.merged(&sub, now))
            {
                index.apply(&cut);
                entries.push(cut);
            }
            entries
        })
    }
}

impl fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Status { state, entries, .. } = self.status();
        let open = state == State::Current;
        f.debug_struct("RevocationList")
            .field("current", &open)
            .field("entries", &entries)
            .finish_non_exhaustive()
    }
}
