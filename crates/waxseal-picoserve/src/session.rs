//! The session as a handler uses it.

use alloc::{rc::Rc, string::String, vec::Vec};
use core::{cell::RefCell, fmt};

use picoserve::{extract::FromRequestParts, request::RequestParts};
use serde::{Serialize, de::DeserializeOwned};
use waxseal_core::{OpenSession, Rejection, Sealer, UnixTime, to_json};

use crate::{error::SessionError, layer::WithSession};

/// A session that was opened, shared within one task: small processors have no
/// atomics.
pub(crate) type Shared = RefCell<OpenSession<Rc<Sealer>>>;

/// The session of the user who sent the request.
///
/// It is an extractor. The first extraction opens the session, and all handlers of
/// one request share it. Without a [`SessionLayer`] around the handler, the program
/// does not compile. Changes reach the browser only with [`save`](Self::save) and
/// [`delete`](Self::delete).
///
/// Do not change the session inside a `Deserialize` implementation that one of its
/// methods calls: that panics.
///
/// [`SessionLayer`]: crate::SessionLayer
#[derive(Clone)]
pub struct Session(Rc<Shared>);

impl Session {
    pub(crate) const fn new(shared: Rc<Shared>) -> Self {
        Self(shared)
    }

    /// The value of `key`; `None` if the session has no such entry.
    ///
    /// # Errors
    ///
    /// [`SessionError::Read`] if the value is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, SessionError> {
        Ok(self.0.borrow().get(key)?)
    }

    /// Sets the value of `key`. Takes effect with the next [`save`](Self::save). NaN
    /// and infinities are written as `null`.
    ///
    /// # Errors
    ///
    /// [`SessionError::Write`] if the key is reserved for a registered claim, or the
    /// value cannot be written as JSON.
    pub fn insert<T: Serialize>(&self, key: &str, value: T) -> Result<(), SessionError> {
        let json = to_json(Some(key), &value)?;
        Ok(self.0.borrow_mut().insert_json(key, &json)?)
    }

    /// Removes the entry of `key`. Returns whether it existed.
    #[expect(clippy::must_use_candidate, reason = "a caller may not care")]
    pub fn remove(&self, key: &str) -> bool {
        self.0.borrow_mut().remove(key)
    }

    /// Removes all data. The cookie and the [user](Self::user) stay: to log out, call
    /// [`delete`](Self::delete).
    pub fn clear(&self) {
        self.0.borrow_mut().clear();
    }

    /// The keys of all entries, in order.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.0.borrow().keys()
    }

    /// All data as one struct or map.
    ///
    /// # Errors
    ///
    /// [`SessionError::Read`] if the data is not a `T`.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, SessionError> {
        Ok(self.0.borrow().data()?)
    }

    /// Replaces all data by the fields of a struct or the entries of a map.
    ///
    /// # Errors
    ///
    /// [`SessionError::Write`] if `data` is not written as a JSON object, or as
    /// [`insert`](Self::insert).
    pub fn set_data<T: Serialize>(&self, data: T) -> Result<(), SessionError> {
        let json = to_json(None, &data)?;
        Ok(self.0.borrow_mut().set_json(json)?)
    }

    /// Seals the session into the cookie of the response. Later changes need another
    /// save; the last call of `save` and [`delete`](Self::delete) wins.
    ///
    /// # Errors
    ///
    /// [`SessionError::Save`], for example if the session is too large for a cookie, the
    /// clock is not set or the response head is complete.
    pub fn save(&self) -> Result<(), SessionError> {
        Ok(self.0.borrow_mut().save()?)
    }

    /// Clears the session and removes the cookie from the browser: a logout. With a
    /// [revocation list](crate::SealerBuilder::revocations) the session is revoked.
    ///
    /// # Errors
    ///
    /// [`SessionError::Save`] if the response head is complete.
    pub fn delete(&self) -> Result<(), SessionError> {
        Ok(self.0.borrow_mut().delete()?)
    }

    /// Starts a new session with the same data and user. Call it before the save at
    /// every change of privilege.
    pub fn renew(&self) {
        self.0.borrow_mut().renew();
    }

    /// Sets the user of the session (`sub`), and [renews](Self::renew) it. Takes effect
    /// with the next save.
    pub fn set_user(&self, user: &str) {
        self.0.borrow_mut().set_user(user);
    }

    /// The user of the session, if [`set_user`](Self::set_user) has set one.
    #[must_use]
    pub fn user(&self) -> Option<String> {
        self.0.borrow().user()
    }

    /// Sets whether the browser keeps the cookie when it is closed: "remember me".
    /// Takes effect with the next save, and stays with the session.
    pub fn set_remember(&self, remember: bool) {
        self.0.borrow_mut().set_remember(remember);
    }

    /// Whether the session starts with this request: no cookie was accepted, or the
    /// session was renewed or deleted since.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.0.borrow().is_new()
    }

    /// The issue time of the session (`iat`); `None` before a new session is saved.
    #[must_use]
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.0.borrow().issued_at()
    }

    /// The expiry (`exp`) in the cookie that was presented or last saved; `None` before
    /// a new session is saved.
    #[must_use]
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.0.borrow().expires_at()
    }

    /// Why the presented cookie was not accepted; `None` if it was accepted, or the
    /// request presented none.
    #[must_use]
    pub fn rejection(&self) -> Option<Rejection> {
        self.0.borrow().rejection()
    }
}

impl<'r, S> FromRequestParts<'r, WithSession<S>> for Session {
    type Rejection = SessionError;

    async fn from_request_parts(
        state: &'r WithSession<S>,
        parts: &RequestParts<'r>,
    ) -> Result<Self, Self::Rejection> {
        state.session(parts)
    }
}

impl fmt::Debug for Session {
    // A log must not contain the user's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}
