//! The list that an application holds.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use waxseal_core::{
    Acknowledgement, NotDurable, Revocation, RevocationStatus, Revocations, SessionRef,
    SessionView, Target, UnixTime,
};

use crate::{
    builder::RevocationListBuilder,
    clock::Clock,
    entry::{Entry, since},
    error::FutureTimeError,
    key::{SessionKey, UserKey},
    readiness::{Readiness, State},
    request::{Request, Revoke, Session},
    shared::Shared,
    store::{Store, memory::Memory},
    worker::Worker,
};

/// The list of revoked sessions: a handle that is cheap to clone.
///
/// Give one clone to every sealer ([`SealerBuilder::revocations`]) and keep another to revoke
/// many sessions at once. Dropping the last handle blocks until the list has passed the waiting
/// revocations to the store. If the store fails before that, the remaining ones are lost; their
/// acknowledgements are errors.
///
/// [`SealerBuilder::revocations`]: waxseal_core::SealerBuilder::revocations
#[derive(Clone)]
pub struct RevocationList {
    /// Dropped first: after it, no thread uses `shared`.
    worker: Arc<Worker>,
    shared: Arc<Shared>,
}

impl RevocationList {
    /// Configures a list over a store.
    ///
    /// ```no_run
    /// use waxseal_revocation::{OpenError, RevocationList, Store};
    ///
    /// # fn open() -> Result<RevocationList, OpenError> {
    /// RevocationList::builder(Store::sqlite("sessions.db")).open()
    /// # }
    /// ```
    pub fn builder(store: Store) -> RevocationListBuilder {
        RevocationListBuilder::new(store)
    }

    /// Opens a list in memory, which ends with the process: for the tests of applications.
    ///
    /// ```
    /// # use waxseal_revocation::{OpenError, RevocationList};
    /// # fn main() -> Result<(), OpenError> {
    /// let revocations = RevocationList::memory()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`OpenError::Store`](crate::OpenError::Store) if the operating system provides no random
    /// bits, or cannot start a thread.
    pub fn memory() -> Result<Self, crate::OpenError> {
        Self::builder(Store::memory(Memory::new(Clock::system()))).open()
    }

    pub(crate) fn new(shared: Arc<Shared>, worker: Worker) -> Self {
        Self { worker: Arc::new(worker), shared }
    }

    /// Revokes all sessions of a user: for "log out everywhere", or for a locked account.
    /// A login of the same user in the same request is revoked, too. To keep the session of the
    /// request, use [`Session::revoke_others`](waxseal_core::OpenSession::revoke_others).
    ///
    /// Every server rejects the sessions a moment after the acknowledgement.
    ///
    /// ```
    /// # use waxseal_revocation::{NotDurable, RevocationList};
    /// # async fn lock_account(list: RevocationList) -> Result<(), NotDurable> {
    /// list.revoke_user("42").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The future resolves to [`NotDurable`] if the store has not recorded the revocation. The
    /// list tries again, so the revocation may take effect later.
    pub fn revoke_user(&self, user: &str) -> Acknowledgement {
        self.append(Request::of(Revoke::User(UserKey::new(user))))
    }

    /// Revokes one session, for example from a table of a user's devices. The reference may
    /// come from a form: a wrong user, issue time or stamp in it cannot shorten the revocation,
    /// so a stamp that the table does not have can be 0. Check that the session belongs to the
    /// user of the request.
    ///
    /// ```
    /// # use waxseal_core::SessionRef;
    /// # use waxseal_revocation::{NotDurable, RevocationList};
    /// # async fn log_out_device(list: RevocationList, device: SessionRef) -> Result<(), NotDurable> {
    /// list.revoke_session(&device).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The future resolves to [`NotDurable`] if the reference has no session ID, if the list
    /// is full, or if the store has not recorded the revocation.
    pub fn revoke_session(&self, session: &SessionRef) -> Acknowledgement {
        if session.id.is_empty() {
            let error = NotDurable::new("the reference has no session ID; revoke the user instead");
            return Acknowledgement::new(std::future::ready(Err(error)));
        }
        let recorded = self.append(Request::of(Revoke::Reference(Session::new(session))));
        Acknowledgement::new(async {
            let recorded = recorded.await?;
            let full = || NotDurable::new("the revocation list is full; raise max_sessions");
            recorded.is_revoked.then_some(recorded).ok_or_else(full)
        })
    }

    /// Revokes all sessions of everyone.
    ///
    /// ```
    /// # use waxseal_revocation::{NotDurable, RevocationList};
    /// # async fn after_a_leak(list: RevocationList) -> Result<(), NotDurable> {
    /// list.revoke_all().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`revoke_user`](Self::revoke_user).
    pub fn revoke_all(&self) -> Acknowledgement {
        self.append(Request::of(Revoke::Everyone))
    }

    /// Revokes all sessions that were issued before a time (`iat`), for example by a
    /// release that has issued wrong sessions. After a leak, replace the key: with it, an
    /// attacker can forge sessions that are issued later.
    ///
    /// ```
    /// # use waxseal_core::UnixTime;
    /// # use waxseal_revocation::RevocationList;
    /// # type Result = std::result::Result<(), Box<dyn std::error::Error>>;
    /// # async fn after_a_wrong_release(list: RevocationList) -> Result {
    /// let fixed_at = UnixTime::from_secs(1_780_000_000);
    /// list.revoke_issued_before(fixed_at)?.await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`FutureTimeError`] if the time is in the future. The acknowledgement fails as in
    /// [`revoke_user`](Self::revoke_user).
    pub fn revoke_issued_before(&self, time: UnixTime) -> Result<Acknowledgement, FutureTimeError> {
        if time.as_secs() > self.shared.clock.millis() / 1000 {
            return Err(FutureTimeError);
        }
        Ok(self.append(Request::of(Revoke::IssuedBefore(time))))
    }

    /// Returns the status of a session, for a connection that outlives its request.
    ///
    /// ```
    /// # use waxseal_core::{RevocationStatus, SessionRef};
    /// # use waxseal_revocation::RevocationList;
    /// # fn may_go_on(list: &RevocationList, session: &SessionRef) -> bool {
    /// list.status(session) == RevocationStatus::Good
    /// # }
    /// ```
    #[must_use]
    pub fn status(&self, session: &SessionRef) -> RevocationStatus {
        Revocations::status(self, session.view())
    }

    /// Returns a future that completes when the session is not known to be good: it was revoked, or
    /// the list cannot be trusted any more. For a connection that outlives its request, such as a
    /// WebSocket. The future does not observe the session's expiry: await it with a timeout.
    ///
    /// If [`status`](Self::status) stays changed, the future completes within about a second, even
    /// while the store hangs.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use waxseal_core::SessionRef;
    /// # use waxseal_revocation::RevocationList;
    /// # async fn wait(list: &RevocationList, session: &SessionRef, time_left: Duration) {
    /// let _ = tokio::time::timeout(time_left, list.revoked(session)).await;
    /// // close the connection
    /// # }
    /// ```
    pub fn revoked(&self, session: &SessionRef) -> impl Future<Output = ()> + Send + use<> {
        let (list, session) = (self.clone(), session.clone());
        async move {
            let mut changes = list.shared.changes.subscribe(); // before `status`, to miss no change
            while list.status(&session) == RevocationStatus::Good {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        }
    }

    /// Returns the state of the list, for a readiness probe.
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

    fn append(&self, request: Request) -> Acknowledgement {
        self.worker.append(&self.shared, request)
    }

    /// Adds a session to the copy before the store records it, if the list has room: this
    /// server then rejects the session at once, and adds it to a store that loses it.
    fn apply_early(&self, session: &SessionRef) {
        let Shared { copy, max_sessions, clock, .. } = &*self.shared;
        let (sessions, without_user) = copy.sessions();
        let has_room = match (&session.user, copy.is_revoked(&session.view())) {
            (Some(_), false) => sessions < *max_sessions,
            // As in `record`.
            (Some(_), true) => sessions < *max_sessions / 2,
            (None, false) => sessions < *max_sessions && without_user < max_sessions.div_ceil(4),
            (None, true) => false,
        };
        if !has_room {
            return;
        }
        let user = session.user.as_deref().map(UserKey::new);
        // Later than every cutoff that does not revoke the session.
        let since = since(
            clock.millis().max(copy.stamp()).max(session.stamp).saturating_add(1),
            session.issued_at,
        );
        let since = UnixTime::from_secs(since.into());
        self.shared.apply(Entry::Session { key: SessionKey::new(&session.id), user, since });
        self.shared.announce();
    }
}

impl Revocations for RevocationList {
    fn absolute_timeout(&self) -> Duration {
        self.shared.absolute_timeout
    }

    fn stamp(&self) -> Option<u64> {
        self.shared.is_current().then(|| self.shared.copy.stamp())
    }

    fn status(&self, session: SessionView<'_>) -> RevocationStatus {
        // Before the copy is read: a session whose revocation a stale copy lacked must not count as
        // good.
        let is_current = self.shared.is_current();
        if self.shared.copy.is_revoked(&session) {
            RevocationStatus::Revoked
        } else if is_current {
            RevocationStatus::Good
        } else {
            RevocationStatus::Unknown
        }
    }

    fn revoke(&self, revocation: Revocation) -> Acknowledgement {
        let request = Request::new(&revocation);
        if let Target::Session(session) = &revocation.target {
            self.apply_early(session);
        }
        self.append(request)
    }
}

impl fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Readiness { state, entries, .. } = self.readiness();
        let is_current = state == State::Current;
        f.debug_struct("RevocationList")
            .field("current", &is_current)
            .field("entries", &entries)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list of at most eight sessions, on a server whose clock is behind the stamps of the store.
    fn list() -> (RevocationList, Arc<Shared>) {
        let clock = Clock::new(|| 1000, Duration::default);
        let shared = Arc::new(Shared::new(clock, Duration::from_secs(60), 8, Duration::MAX));
        (RevocationList::new(Arc::clone(&shared), Worker::by_hand().0), shared)
    }

    #[test]
    fn an_early_entry_is_later_than_every_cutoff_that_its_session_has_survived() {
        let (list, shared) = list();
        shared.copy.apply(Entry::User { key: UserKey::new("42"), cutoff: 50_000 });
        let (user, issued_at) = (Some("42".into()), UnixTime::from_secs(1));
        let session = SessionRef { id: "a".into(), user, issued_at, stamp: 55_000 };
        assert!(!shared.copy.is_revoked(&session.view()));
        list.apply_early(&session);
        // Without what the cutoff covers.
        shared.copy.prune(0);
        assert!(shared.copy.is_revoked(&session.view()));
    }

    #[test]
    fn early_entries_leave_the_room_that_records_need() {
        // The user of the session, whether a cutoff revokes it, the sessions with and without a
        // user in the list, and whether there is room.
        for (user, is_covered, with_user, without_user, has_room) in [
            (Some("42"), false, 7, 0, true),
            (Some("42"), false, 8, 0, false),
            (Some("42"), true, 3, 0, true),
            (Some("42"), true, 4, 0, false),
            (None, false, 6, 1, true),
            (None, false, 4, 2, false),
            (None, false, 8, 0, false),
            (None, true, 0, 0, false),
        ] {
            let (list, shared) = list();
            let user = user.map(String::from);
            for n in 0..with_user + without_user {
                let user = (n < with_user).then(|| UserKey::new("another"));
                let (key, since) = (SessionKey::new(&n.to_string()), UnixTime::from_secs(1));
                shared.copy.apply(Entry::Session { key, user, since });
            }
            let (issued_at, stamp) = (UnixTime::from_secs(1), 2000);
            if is_covered {
                shared.copy.apply(Entry::Everyone { cutoff: stamp + 1 });
            }
            list.apply_early(&SessionRef { id: "a".into(), user, issued_at, stamp });
            let added = shared.copy.sessions().0 - with_user - without_user;
            assert_eq!(added == 1, has_room, "{is_covered} {with_user} {without_user}");
        }
    }
}
