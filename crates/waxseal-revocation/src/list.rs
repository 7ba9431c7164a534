//! The list that an application holds: what is ended goes into memory at once,
//! and into the log.

use std::{
    collections::HashSet,
    fmt,
    future::ready,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use waxseal_core::{Ended, NotRecorded, Recording, Revocations, Sealer, Standing, UnixTime};

use crate::{
    builder::{RevocationListBuilder, system_time},
    entry::{Entry, Lifetime},
    error::CutError,
    events,
    index::{Applied, Index},
    log::{Appender, Log},
    status::{Health, State, Status},
};

/// How far a cut lies ahead of the clock, for clocks that differ; in seconds.
const AHEAD: u64 = Sealer::LEEWAY.as_secs() / 2;
/// How far ahead of the clock a session may begin: further, and it is refused.
const LATEST_BEGIN: u64 = Sealer::LEEWAY.as_secs();
/// How far ahead a cut may be moved on. Past all that may have begun.
const LATEST_CUT: u64 = LATEST_BEGIN + 1;

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

/// What the list and its log's thread share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) index: Index,
    pub(crate) health: Health,
    pub(crate) lifetime: Lifetime,
    pub(crate) absolute: Duration,
    pub(crate) max_entries: usize,
    pub(crate) clock: Clock,
    /// Cuts that lie too far ahead of the clock yet.
    pub(crate) ahead: Mutex<HashSet<Entry>>,
}

/// A source of the current time.
pub(crate) struct Clock {
    now: Box<dyn Fn() -> UnixTime + Send + Sync>,
    /// What it showed at first, and when that was; of the system's clock.
    begun: Option<(UnixTime, Instant)>,
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
        self.shared.index.apply(&entry);
        self.appender.append(vec![entry])
    }
}

/// The moment of a cut that is made `now`, where the one before was at `last`.
///
/// Past that, because a session that has begun since has done so at `last` if
/// that lay ahead; but no further than it has to: no session can begin for as
/// long as it would be refused for beginning then.
pub(crate) fn next_cut(last: UnixTime, now: UnixTime) -> UnixTime {
    let ahead = now.plus_secs(AHEAD);
    if last < ahead {
        return ahead;
    }
    last.plus_secs(1).min(now.plus_secs(LATEST_CUT)).max(last)
}

/// The latest that a cut can be which another server has made `now`.
pub(crate) fn latest_cut(now: UnixTime) -> UnixTime {
    now.plus_secs(LATEST_CUT + AHEAD)
}

/// The moment of a cut that is to end what began before `moment`.
pub(crate) fn cut_before(
    moment: UnixTime,
    last: UnixTime,
    now: UnixTime,
) -> Result<UnixTime, CutError> {
    if moment > now.plus_secs(AHEAD) {
        return Err(CutError);
    }
    // Up to now is meant for servers whose clocks are a little ahead, too.
    Ok(if moment < now { moment } else { next_cut(last, now) })
}

impl Shared {
    /// Adds what the log says. A cut further ahead than clocks may differ counts
    /// as one of now, because nobody could log in until then, and as itself when
    /// its time has come: it may be the clock that was wrong.
    pub(crate) fn learn(&self, entry: Entry) -> Applied {
        let now = self.clock.now();
        let limit = latest_cut(now);
        let entry = match entry {
            Entry::User { before, .. } | Entry::All { before } if before > limit => {
                if self.ahead().insert(entry.clone()) {
                    events::cut_ahead(before, now);
                }
                let before = now.plus_secs(AHEAD);
                match entry {
                    Entry::User { sub, .. } => Entry::User { sub, before },
                    _ => Entry::All { before },
                }
            }
            entry => entry,
        };
        if entry.until(self.lifetime) <= self.expiry_now() {
            return Applied::default();
        }
        self.index.apply(&entry)
    }

    /// What ends by then has expired.
    pub(crate) fn expiry_now(&self) -> UnixTime {
        self.clock.passed()
    }

    fn ahead(&self) -> std::sync::MutexGuard<'_, HashSet<Entry>> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn status(&self) -> Status {
        Status {
            state: self.health.state(),
            entries: self.index.len(),
            max_entries: self.max_entries,
            pending: self.health.pending().load(Relaxed),
            contact_age: self.health.contact_age(),
            lag: self.health.lag(),
        }
    }

    /// Now and then: forgets what has expired, and tells how things are.
    pub(crate) fn tick(&self) -> usize {
        let now = self.clock.now();
        let due = |entry: &Entry| entry.until(self.lifetime) <= self.lifetime.end(latest_cut(now));
        let due: Vec<Entry> = self.ahead().extract_if(due).collect();
        for entry in due {
            self.learn(entry);
        }
        let expired = self.index.expire(self.expiry_now());
        self.health.watch_fill(self.index.len(), self.max_entries);
        events::gauges(&self.status());
        expired
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
        let may_begin = begun <= now.plus_secs(LATEST_BEGIN);
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
        let applied = index.apply(&entry);
        let mut entries = vec![entry];
        if applied.too_many
            && let Some(cut) = session.sub.and_then(|sub| index.merged(&sub, now))
        {
            index.apply(&cut);
            entries.push(cut);
        }
        self.appender.append(entries)
    }
}

impl Clock {
    pub(crate) fn system() -> Self {
        Self { now: Box::new(system_time), begun: Some((system_time(), Instant::now())) }
    }

    pub(crate) fn new(now: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        Self { now: Box::new(now), begun: None }
    }

    pub(crate) fn now(&self) -> UnixTime {
        (self.now)()
    }

    /// Now, but no more than has passed: a clock that is ahead for a moment must
    /// not make the list forget what will be valid again when it is set back.
    fn passed(&self) -> UnixTime {
        let latest = self.begun.map(|(first, at)| {
            first.plus_secs(at.elapsed().as_secs()).plus_secs(Sealer::LEEWAY.as_secs())
        });
        latest.into_iter().chain([self.now()]).min().unwrap_or_default()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock(..)")
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

/// Arithmetic that ends at the last moment there is.
pub(crate) trait Later {
    fn plus_secs(self, secs: u64) -> Self;
}

impl Later for UnixTime {
    fn plus_secs(self, secs: u64) -> Self {
        Self::from_secs(self.as_secs().saturating_add(secs))
    }
}
