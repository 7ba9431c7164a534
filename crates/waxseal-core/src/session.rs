//! The session of one request: the whole API of the core.

mod changes;
#[cfg(feature = "device-bound")]
mod device;
#[cfg(feature = "device-bound")]
mod device_answer;
#[cfg(feature = "device-bound")]
mod device_page;
#[cfg(feature = "device-bound")]
mod device_routes;
mod finish;
mod identity;
mod revoke;
mod state;

use alloc::{string::String, vec::Vec};
use core::{fmt, ops::Deref, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use self::state::SessionState;
pub use self::{
    changes::{Outcome, ResponseChanges, Unavailable},
    finish::Finish,
};
#[cfg(feature = "device-bound")]
pub use self::{
    device::BoundDevice,
    device_answer::{DeviceAnswer, DeviceRequest, DeviceResponse, DeviceRoute},
};
use crate::{
    claims,
    data::to_json,
    error::{RandomError, ReadError, Rejection, SaveError, WriteError},
    json::decode_string,
    revocation::SessionRef,
    sealer::Sealer,
    time::UnixTime,
};

/// The session of one request, from its `Cookie` headers to the headers of the
/// response.
///
/// `S` is a pointer to the [`Sealer`]: `&Sealer`, an `Arc` or an `Rc`. An
/// integration with a framework shares the session among its handlers, behind an
/// `Arc<Mutex<…>>` or an `Rc<RefCell<…>>`.
///
/// Changes of the data reach the browser only with [`save`](Self::save). Changes of identity
/// ([`log_in`](Self::log_in), [`clear_user`](Self::clear_user),
/// [`confirm_user`](Self::confirm_user), [`renew`](Self::renew)) save at once. If no handler
/// saves the session, a refresh may still send a new cookie: with a later
/// expiry, under the current key, or with the current name.
///
/// ```
/// use waxseal_core::{OpenSession, Sealer, Secret, UnixTime};
///
/// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
/// # let bytes = [7; 32];
/// let sealer = Sealer::builder(Secret::new(bytes)?).build()?;
/// let now = UnixTime::from_secs(1_800_000_000);
///
/// let mut session = OpenSession::open(&sealer, [b"theme=dark".as_slice()], now)?;
/// session.insert("cart", [1, 2, 3])?;
/// session.save()?;
///
/// let mut response_headers: Vec<(&str, String)> = Vec::new();
/// match session.finish().await {
///     Ok(changes) => changes.apply(&mut response_headers),
///     Err(unavailable) => {
///         // The logout is not durable: the response is an empty 503 instead.
///         unavailable.changes.apply(&mut response_headers);
///     }
/// }
/// # assert!(response_headers[2].1.starts_with("__Host-session="));
/// # Ok(())
/// # }
/// # let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
/// # assert!(std::pin::pin!(serve()).poll(&mut cx).is_ready());
/// ```
#[must_use = "`finish` returns what the response must carry"]
pub struct OpenSession<S> {
    sealer: S,
    state: SessionState,
}

impl<S: Deref<Target = Sealer>> OpenSession<S> {
    /// Opens the session of a request. `cookies` are the values of its `Cookie` headers,
    /// unmodified and in order; `now` is the time of the request: every check and every
    /// claim uses it.
    ///
    /// If no cookie is accepted, the session is empty, and
    /// [`rejection`](Self::rejection) says why.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] if the revocation list cannot be trusted. The response is a
    /// 503 that leaves the cookie alone: the session may be good, and an empty one
    /// could overwrite it.
    pub fn open<'h>(
        sealer: S,
        cookies: impl IntoIterator<Item = &'h [u8]>,
        now: UnixTime,
    ) -> Result<Self, Unavailable> {
        let mut state = SessionState::new(&sealer, now);
        state.open(&sealer, cookies);
        if state.found.rejection == Some(Rejection::RevocationUnknown) {
            return Err(Unavailable::revocation_unknown());
        }
        Ok(Self { sealer, state })
    }

    /// Gives new sessions a session ID of 128 bits from `random`. Without it they
    /// have none.
    pub fn with_randomness(mut self, random: fn() -> Result<[u8; 16], RandomError>) -> Self {
        self.state.random = Some(random);
        self
    }

    /// Allows saves although a bound session has no valid proof cookie, because its browser has
    /// lost the key. For integrations: call it for a request before which a browser with the key
    /// would have refreshed its proof cookie. A login page that saves, such as one with a CSRF
    /// token, would otherwise not work before the session expires. A response that saves revokes
    /// the bound session, because an attacker can have bound it to a key of his own.
    #[cfg(feature = "device-bound")]
    pub fn without_key(mut self) -> Self {
        if self.state.is_unproven() {
            self.state.found.device = None;
            self.state.ends_presented = true;
        }
        self
    }

    /// Returns the sealer that opened the session.
    pub fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// Returns the value of `key`, or `None` if the session has no such entry.
    ///
    /// Without the core's feature `std`, a float may differ in its last bit from
    /// the one that was written.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the value is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ReadError> {
        self.state.found.data.get(key)
    }

    /// Sets the value of `key`. Takes effect with the next [`save`](Self::save).
    ///
    /// JSON has no NaN and no infinity: they are written as `null`.
    ///
    /// # Errors
    ///
    /// [`WriteError`] if the key is a reserved claim, the value cannot be
    /// written as JSON, or the data would have more than 3072 bytes of JSON. A
    /// [`save`](Self::save) fails earlier, at about 2.8 KB, if the whole `Set-Cookie` line is too
    /// long.
    pub fn insert<T: Serialize>(&mut self, key: &str, value: T) -> Result<(), WriteError> {
        self.insert_json(key, &to_json(Some(key), &value)?)
    }

    /// [`insert`](Self::insert) of JSON text that [`to_json`] returned, for integrations:
    /// they serialize a value before they lock the session.
    #[doc(hidden)]
    pub fn insert_json(&mut self, key: &str, json: &str) -> Result<(), WriteError> {
        self.state.found.data.insert(key, json)
    }

    /// Removes the entry of `key`. Returns whether it existed.
    pub fn remove(&mut self, key: &str) -> bool {
        self.state.found.data.remove(key)
    }

    /// Removes the entry of `key` and returns its value; `None` if the session has no such
    /// entry. Takes effect with the next save.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the value is not a `T`; the entry stays.
    pub fn take<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>, ReadError> {
        let value = self.get(key)?;
        self.remove(key);
        Ok(value)
    }

    /// Removes all data. The cookie and the [user](Self::user) stay: see
    /// [`delete`](Self::delete) and [`clear_user`](Self::clear_user).
    pub fn clear_data(&mut self) {
        self.state.found.data.clear();
    }

    /// Returns whether the session has no data. It can have a [user](Self::user).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.state.found.data.is_empty()
    }

    /// Returns the keys of all entries, in order.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.state.found.data.keys()
    }

    /// Returns all data as one struct or map.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the data is not a `T`.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, ReadError> {
        self.state.found.data.read()
    }

    /// Replaces all data with the fields of a struct or the entries of a map.
    ///
    /// # Errors
    ///
    /// [`WriteError`] if `data` is not written as a JSON object, or as
    /// [`insert`](Self::insert).
    pub fn set_data<T: Serialize>(&mut self, data: T) -> Result<(), WriteError> {
        self.set_json(to_json(None, &data)?)
    }

    /// [`set_data`](Self::set_data) of JSON text that [`to_json`] returned, for
    /// integrations.
    #[doc(hidden)]
    pub fn set_json(&mut self, json: String) -> Result<(), WriteError> {
        self.state.found.data.set(json)
    }

    /// Seals the session into the cookie of the response. Later changes need
    /// another save; the last call of `save` and [`delete`](Self::delete) wins.
    ///
    /// # Errors
    ///
    /// [`SaveError`], for example if the session is too large for a cookie or the
    /// response head is complete. [`SaveError::Revoked`] if another request has revoked the
    /// session during this one. What was saved before stays as it was.
    pub fn save(&mut self) -> Result<(), SaveError> {
        self.state.save(&self.sealer)
    }

    /// Clears the session and removes the cookie from the browser, with every
    /// previous cookie that is still accepted. With a
    /// [revocation list](crate::SealerBuilder::revocations), every presented session whose
    /// signature verifies is revoked, even an expired one; without a list, a copy of the
    /// cookie is accepted until it expires.
    ///
    /// # Errors
    ///
    /// [`SaveError::Finished`] if the response head is complete.
    pub fn delete(&mut self) -> Result<(), SaveError> {
        self.state.delete(&self.sealer)
    }

    /// Logs a user in: call it after verifying the user's credentials. Starts a new session
    /// and saves it at once: a new session ID, issue time and time of authentication.
    ///
    /// The data of another user is dropped; the data of an anonymous visitor, such as a
    /// shopping cart, stays. An attacker can plant an anonymous session in a browser, so
    /// treat such data as untrusted even after the login. [`set_remember`](Self::set_remember)
    /// and [`set_timeouts`](Self::set_timeouts) are reset: call them after the login. `user` is the
    /// claim `sub` (RFC 7519, section 4.1.2): pass a stable ID, because `Susan` and `susan` are two
    /// users.
    ///
    /// With a revocation list, every presented session is revoked, as by [`delete`](Self::delete).
    /// Open the session before you verify the credentials. If another request changes the password
    /// at the same time and revokes the user's sessions, this login is revoked, too.
    ///
    /// # Errors
    ///
    /// [`SaveError`], for example if `user` is empty or has more than 256 bytes. The session
    /// is left unchanged, and `save` fails until `log_in`, `clear_user` or `delete` succeeds.
    pub fn log_in(&mut self, user: &str) -> Result<(), SaveError> {
        self.state.log_in(&self.sealer, user)
    }

    /// Logs the user out and keeps a session for the anonymous visitor: a new session with
    /// only the entries of the keys in `keep`, saved at once. To end the session, call
    /// [`delete`](Self::delete).
    ///
    /// # Errors
    ///
    /// As [`log_in`](Self::log_in).
    pub fn clear_user(&mut self, keep: &[&str]) -> Result<(), SaveError> {
        self.state.clear_user(&self.sealer, keep)
    }

    /// Records that the user has re-authenticated, before a sensitive action
    /// ("sudo mode"): a new session ID and [time of authentication](Self::authenticated_at),
    /// saved at once.
    ///
    /// # Errors
    ///
    /// [`SaveError::NoUser`] without a user, and as [`log_in`](Self::log_in).
    pub fn confirm_user(&mut self) -> Result<(), SaveError> {
        self.state.confirm_user(&self.sealer)
    }

    /// Changes the session ID, and saves the session at once: for a change of privilege
    /// without a login. The issue time stays, so the absolute timeout still counts from the
    /// login. Sessions in Microdot mode have no session ID.
    ///
    /// With a [revocation list](crate::SealerBuilder::revocations), the old session ID
    /// is revoked with the response. A request that is cancelled before its response revokes
    /// nothing.
    ///
    /// # Errors
    ///
    /// As [`log_in`](Self::log_in).
    pub fn renew(&mut self) -> Result<(), SaveError> {
        self.state.renew(&self.sealer)
    }

    /// Revokes all other sessions of the user, and saves this one at once: "log out my other
    /// devices". This session stays good. But if another request of this browser saves the
    /// session after this response, it sends the old cookie again, which is revoked.
    ///
    /// To revoke the other sessions with a login, for example after a change of the password,
    /// call [`log_in`](Self::log_in) first. The list records the revocation with the response.
    /// If this session is revoked by then, the list records nothing and the response sends no
    /// cookie; not so after a login. If one of the calls fails, revoke the user: a thief can have
    /// called `revoke_others` since the request was opened, and would keep a session.
    ///
    /// # Errors
    ///
    /// [`SaveError::NoRevocations`] without a
    /// [revocation list](crate::SealerBuilder::revocations), [`SaveError::NoUser`] without a
    /// user, and as [`log_in`](Self::log_in).
    pub fn revoke_others(&mut self) -> Result<(), SaveError> {
        self.state.revoke_others(&self.sealer)
    }

    /// Returns the user (`sub`), or `None` if nobody is logged in.
    #[must_use]
    pub fn user(&self) -> Option<String> {
        claims::user(&self.state.found.data).map(Into::into)
    }

    /// Returns the time of the user's last authentication (`auth_time`): the time of the last
    /// [`log_in`](Self::log_in) or [`confirm_user`](Self::confirm_user). `None` without a
    /// user, and in Microdot mode.
    #[must_use]
    pub fn authenticated_at(&self) -> Option<UnixTime> {
        claims::authenticated_at(&self.state.found.data)
    }

    /// Returns the device that the session is bound to, or `None` if it is not bound. A session is
    /// unbound until the browser has registered a key, shortly after the response to
    /// [`log_in`](Self::log_in).
    #[cfg(feature = "device-bound")]
    #[must_use]
    pub fn binding(&self) -> Option<BoundDevice> {
        self.state.binding()
    }

    /// Returns the session ID (`sid`); after a save, the one in the saved cookie. `None` before a
    /// new session is saved, without a random source, and in Microdot mode.
    ///
    /// It is not a secret: it does not open the session.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        decode_string(self.state.id()?).map(Into::into)
    }

    /// Returns the reference of the session in a revocation list: for a table of a user's
    /// devices, or a connection that outlives the request. `None` if the session has no
    /// [session ID](Self::id). After [`revoke_others`](Self::revoke_others), take it in a later
    /// request: the response seals this session again.
    #[must_use]
    pub fn reference(&self) -> Option<SessionRef> {
        Some(SessionRef {
            id: self.id()?,
            user: self.user(),
            issued_at: self.issued_at()?,
            stamp: self.state.found.stamp.unwrap_or(0),
        })
    }

    /// Sets whether the browser keeps the cookie when it is closed: "remember me".
    /// Otherwise the [cookie's configuration](crate::CookieSpec) decides. Takes
    /// effect with the next save, and stays with the session.
    ///
    /// Has no effect in Microdot mode, whose cookie has no lifetime.
    pub fn set_remember(&mut self, remember: bool) {
        self.state.set_claim("remember", if remember { "true" } else { "false" });
    }

    /// Returns what [`set_remember`](Self::set_remember) has set; `None` if it was not called since
    /// the last [`log_in`](Self::log_in).
    #[must_use]
    pub fn remember(&self) -> Option<bool> {
        claims::remember(&self.state.found.data)
    }

    /// Sets timeouts for this session, in whole seconds and at least one. They only shorten
    /// those of the [sealer](crate::SealerBuilder::idle_timeout) and those that the session
    /// has already: pass [`Duration::MAX`] to keep one of them. Takes effect with the next
    /// save, and stays with the session until the next [`log_in`](Self::log_in).
    ///
    /// Has no effect in Microdot mode.
    pub fn set_timeouts(&mut self, idle: Duration, absolute: Duration) {
        for (name, timeout) in [("wx_idle", idle), ("wx_abs", absolute)] {
            // The latest time that a token may contain.
            let secs = timeout.as_secs().clamp(1, UnixTime::LAST.as_secs());
            self.state.shorten_timeout(name, secs);
        }
    }

    /// Returns whether the session starts with this request: no cookie was accepted, or
    /// [`log_in`](Self::log_in), [`clear_user`](Self::clear_user) or
    /// [`delete`](Self::delete) has replaced the session.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.state.is_new()
    }

    /// Returns the issue time of the session (`iat`). `None` before a new session is saved,
    /// and in Microdot mode if the application sets none.
    #[must_use]
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.state.found.issued_at
    }

    /// Returns the expiry (`exp`) in the cookie that was presented or last saved. A refresh
    /// makes it later. `None` before a new session is saved, and in Microdot mode if
    /// the application sets none.
    #[must_use]
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.state.found.expires_at
    }

    /// Returns the time of the request, which was passed to [`open`](Self::open).
    #[must_use]
    pub const fn now(&self) -> UnixTime {
        self.state.now
    }

    /// Returns the reason why the presented cookie was not accepted. `None` if it was accepted, or
    /// the request presented none.
    #[must_use]
    pub const fn rejection(&self) -> Option<Rejection> {
        self.state.found.rejection
    }

    /// Closes the session. Call it when the response head is complete: later saves are
    /// errors. The future resolves to the changes that the response must carry, at once
    /// unless the request has revoked a session.
    pub fn finish(&mut self) -> Finish<S>
    where
        S: Clone,
    {
        let plan = self.state.finish(&self.sealer);
        Finish::new(self.sealer.clone(), plan)
    }

    /// Closes the session of a request that gets no response: later saves are errors, and
    /// no session is revoked.
    pub fn abandon(&mut self) {
        self.state.finished = true;
    }
}

impl<S> fmt::Debug for OpenSession<S> {
    // A log must not contain the user's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenSession")
            .field("issued_at", &self.state.found.issued_at)
            .field("expires_at", &self.state.found.expires_at)
            .field("rejection", &self.state.found.rejection)
            .field("finished", &self.state.finished)
            .finish_non_exhaustive()
    }
}
