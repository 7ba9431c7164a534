//! The list that an application holds: what is ended goes into memory at once,
//! and into the log.

use std::{
    fmt,
    future::ready,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use waxseal_core::{
    Acknowledgement, NotDurable, RevocationStatus, Revocations, SessionRef, UnixTime,
};

use crate::{
    builder::RevocationListBuilder,
    cut::{LATEST_BEGIN, cut_before, later, next_cut},
    entry::Entry,
    error::CutoffError,
    log::{Appender, Store},
    shared::Shared,
    status::{Readiness, State},
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
    ///
    /// ```no_run
    /// use waxseal_revocation::{OpenError, RevocationList, Store};
    ///
    /// # fn open() -> Result<RevocationList, OpenError> {
    /// RevocationList::builder(Store::file("sessions.revoked")).open()
    /// # }
    /// ```
    pub fn builder(store: impl Into<Store>) -> RevocationListBuilder {
        RevocationListBuilder::new(store.into())
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
    /// [`log_in`](waxseal_core::OpenSession::log_in) was told.
    ///
    /// Takes effect on this server before the future is awaited, and on all when
    /// it has completed, or a moment later. A session that the user begins after
    /// that is good.
    ///
    /// ```
    /// # use waxseal_revocation::{NotDurable, RevocationList};
    /// # async fn change_password(list: RevocationList) -> Result<(), NotDurable> {
    /// list.revoke_user("42").await
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The future's: [`NotDurable`] if the log has not acknowledged it. That is
    /// tried again until it has.
    #[must_use = "it is not in the log before this has completed"]
    pub fn revoke_user(&self, user: &str) -> Acknowledgement {
        let now = self.shared.clock.now();
        let before = next_cut(self.shared.index.cut_of(Some(user)), now);
        self.cut(Entry::User { sub: user.into(), before })
    }

    /// Ends all sessions that began before a moment, whosever they are: a
    /// release has handed out wrong ones, a key had leaked and was replaced.
    ///
    /// ```
    /// # use waxseal_core::UnixTime;
    /// # use waxseal_revocation::RevocationList;
    /// # async fn end_old_sessions(list: RevocationList) -> Result<(), Box<dyn std::error::Error>> {
    /// let leaked_at = UnixTime::from_secs(1_800_000_000);
    /// list.revoke_issued_before(leaked_at)?.await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`CutoffError`] if the moment lies ahead. The future's as
    /// [`revoke_user`](Self::revoke_user).
    pub fn revoke_issued_before(&self, moment: UnixTime) -> Result<Acknowledgement, CutoffError> {
        let now = self.shared.clock.now();
        // A session may have begun at the cut of its user, too.
        let before = cut_before(moment, self.shared.index.latest_cut(), now)?;
        Ok(self.cut(Entry::All { before }))
    }

    /// How the list is doing.
    ///
    /// ```
    /// # use waxseal_revocation::{RevocationList, State};
    /// # fn is_ready(list: &RevocationList) -> bool {
    /// list.readiness().state == State::Current
    /// # }
    /// ```
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.shared.readiness()
    }

    fn cut(&self, entry: Entry) -> Acknowledgement {
        self.appender.append(|| {
            self.shared.index.apply(&entry);
            vec![entry]
        })
    }
}

impl Revocations for RevocationList {
    fn absolute_timeout(&self) -> Duration {
        self.shared.absolute
    }

    fn status(&self, sid: Option<&str>, sub: Option<&str>, begun: UnixTime) -> RevocationStatus {
        if self.shared.index.has_ended(sid, sub, begun) {
            RevocationStatus::Revoked
        } else if self.shared.health.is_trusted() {
            RevocationStatus::Good
        } else {
            RevocationStatus::Unknown
        }
    }

    fn issued_at(&self, sub: Option<&str>, now: UnixTime) -> Option<UnixTime> {
        let begun = now.max(self.shared.index.cut_of(sub));
        let may_begin = begun <= later(now, LATEST_BEGIN);
        (may_begin && self.shared.health.is_trusted()).then_some(begun)
    }

    fn revoke(&self, session: SessionRef, now: UnixTime) -> Acknowledgement {
        let Shared { index, health, max_entries, .. } = &*self.shared;
        if index.len() >= *max_entries {
            health.watch_fill(index.len(), *max_entries);
            return Acknowledgement::new(ready(Err(NotDurable::new(
                "the revocation list is full; raise max_entries, or end all sessions",
            ))));
        }
        let entry = Entry::session(&session);
        if index.has_cut(&entry) && health.pending().load(Relaxed) == 0 {
            // With all of its user's, or everybody's, and the log has that.
            return Acknowledgement::new(ready(Ok(())));
        }
        self.appender.append(|| {
            let applied = index.apply(&entry);
            let mut entries = vec![entry];
            if applied.too_many
                && let Some(cut) = session.user.and_then(|sub| index.merged(&sub, now))
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
        let Readiness { state, entries, .. } = self.readiness();
        let open = state == State::Current;
        f.debug_struct("RevocationList")
            .field("current", &open)
            .field("entries", &entries)
            .finish_non_exhaustive()
    }
}
