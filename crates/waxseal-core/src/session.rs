//! The session of one request: the whole API of the core.

mod changes;
mod revoke;
mod state;

use alloc::{string::String, vec::Vec};
use core::{fmt, ops::Deref};

use serde::{Serialize, de::DeserializeOwned};

pub use self::changes::{Finish, Outcome, ResponseChanges, Unavailable};
use self::state::SessionState;
use crate::{
    claims,
    data::to_json,
    error::{RandomError, ReadError, Rejection, SaveError, WriteError},
    json::quote,
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
/// Changes reach the browser only with [`save`](Self::save) and [`delete`](Self::delete).
/// If no handler saves the session, a refresh may still send a new cookie: with a later
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
        let found = sealer.open(cookies, now);
        let state = SessionState::new(found, sealer.format(), now)?;
        Ok(Self { sealer, state })
    }

    /// Gives new sessions a session ID of 128 bits from `random`. Without it they
    /// have none.
    pub fn with_randomness(mut self, random: fn() -> Result<[u8; 16], RandomError>) -> Self {
        self.state.random = Some(random);
        self
    }

    /// The sealer that opened the session.
    pub fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// The value of `key`; `None` if the session has no such entry.
    ///
    /// Without the core's feature `std`, a float may differ in its last bit from
    /// the one that was written.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the value is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ReadError> {
        self.state.data.get(key)
    }

    /// Sets the value of `key`. Takes effect with the next [`save`](Self::save).
    ///
    /// JSON has no NaN and no infinity: they are written as `null`.
    ///
    /// # Errors
    ///
    /// [`WriteError`] if the key is reserved for a registered claim, or the value
    /// cannot be written as JSON.
    pub fn insert<T: Serialize>(&mut self, key: &str, value: T) -> Result<(), WriteError> {
        self.insert_json(key, &to_json(Some(key), &value)?)
    }

    /// [`insert`](Self::insert) of JSON text that [`to_json`] returned, for integrations:
    /// they serialize a value before they lock the session.
    #[doc(hidden)]
    pub fn insert_json(&mut self, key: &str, json: &str) -> Result<(), WriteError> {
        self.state.data.insert(key, json)
    }

    /// Removes the entry of `key`. Returns whether it existed.
    pub fn remove(&mut self, key: &str) -> bool {
        self.state.data.remove(key)
    }

    /// Removes all data. The cookie and the [user](Self::user) stay: see
    /// [`delete`](Self::delete).
    pub fn clear(&mut self) {
        self.state.data.clear();
    }

    /// The keys of all entries, in order.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.state.data.keys()
    }

    /// All data as one struct or map.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the data is not a `T`.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, ReadError> {
        self.state.data.read()
    }

    /// Replaces all data by the fields of a struct or the entries of a map.
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
        self.state.data.set(json)
    }

    /// Seals the session into the cookie of the response. Later changes need
    /// another save; the last call of `save` and [`delete`](Self::delete) wins.
    ///
    /// # Errors
    ///
    /// [`SaveError`], for example if the session is too large for a cookie or the
    /// response head is complete. What was saved before stays as it was.
    pub fn save(&mut self) -> Result<(), SaveError> {
        self.state.save(&self.sealer)
    }

    /// Clears the session and removes the cookie from the browser, with every
    /// previous cookie that is still accepted. With a
    /// [revocation list](crate::SealerBuilder::revocations) the session is revoked;
    /// without one, a copy of the cookie is accepted until it expires.
    ///
    /// # Errors
    ///
    /// [`SaveError::Finished`] if the response head is complete.
    pub fn delete(&mut self) -> Result<(), SaveError> {
        self.state.delete(&self.sealer)
    }

    /// Starts a new session with the same data and user: a new issue time and a new
    /// session ID. Call it before the save at every change of privilege. Sessions in
    /// Microdot mode have neither, so nothing changes.
    ///
    /// With a [revocation list](crate::SealerBuilder::revocations), the old session
    /// is revoked with the response if the new one was saved. A request that is
    /// cancelled before its response revokes nothing.
    pub fn renew(&mut self) {
        self.state.renew(&self.sealer);
    }

    /// Sets the user of the session (`sub`, RFC 7519, section 4.1.2). A change of
    /// user is a change of privilege, so the session is [renewed](Self::renew).
    /// Takes effect with the next save.
    pub fn set_user(&mut self, user: &str) {
        self.state.set_user(&self.sealer, &quote(user));
    }

    /// The user of the session, if [`set_user`](Self::set_user) has set one.
    #[must_use]
    pub fn user(&self) -> Option<String> {
        claims::user(&self.state.data).map(Into::into)
    }

    /// Sets whether the browser keeps the cookie when it is closed: "remember me".
    /// Otherwise the [cookie's configuration](crate::CookieSpec) decides. Takes
    /// effect with the next save, and stays with the session.
    ///
    /// Has no effect in Microdot mode, whose cookie has no lifetime.
    pub fn set_remember(&mut self, remember: bool) {
        self.state.set_remember(&self.sealer, remember);
    }

    /// Whether the session starts with this request: no cookie was accepted, or the
    /// session was renewed or deleted since.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.state.is_new()
    }

    /// The issue time of the session (`iat`); `None` before a new session is saved,
    /// and in Microdot mode if the application sets none.
    #[must_use]
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.state.issued_at
    }

    /// The expiry (`exp`) in the cookie that was presented or last saved; a refresh
    /// moves it on. `None` before a new session is saved, and in Microdot mode if
    /// the application sets none.
    #[must_use]
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.state.expires_at
    }

    /// Why the presented cookie was not accepted; `None` if it was accepted, or the
    /// request presented none.
    #[must_use]
    pub const fn rejection(&self) -> Option<Rejection> {
        self.state.rejection
    }

    /// Closes the session. Call it when the response head is complete: later saves are
    /// errors. The future resolves to the changes that the response must carry, at once
    /// unless the request has revoked a session.
    pub fn finish(&mut self) -> Finish {
        self.state.finish(&self.sealer)
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
            .field("issued_at", &self.state.issued_at)
            .field("expires_at", &self.state.expires_at)
            .field("rejection", &self.state.rejection)
            .field("finished", &self.state.finished)
            .finish_non_exhaustive()
    }
}
