//! The session as a handler uses it.

use alloc::{rc::Rc, string::String, vec::Vec};
use core::{cell::RefCell, fmt, time::Duration};

use picoserve::{extract::FromRequestParts, request::RequestParts};
use serde::{Serialize, de::DeserializeOwned};
use waxseal_core::{OpenSession, Rejection, Sealer, SessionRef, UnixTime, to_json};

use crate::{error::SessionError, layer::WithSession};

/// A session that was opened, shared within one task: small processors have no
/// atomics.
pub(crate) type Shared = RefCell<OpenSession<Rc<Sealer>>>;

/// The session of the user who sent the request.
///
/// It is an extractor. The first extraction opens the session, and all handlers of
/// one request share it. Without a [`SessionLayer`] around the handler, the program
/// does not compile.
///
/// Changes of the data reach the browser only with [`save`](Self::save). Changes of identity
/// ([`log_in`](Self::log_in), [`clear_user`](Self::clear_user),
/// [`confirm_user`](Self::confirm_user), [`renew`](Self::renew)),
/// [`revoke_others`](Self::revoke_others) and [`delete`](Self::delete) need no save.
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

    /// Returns the value of `key`, or `None` if the session has no such entry.
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
    /// [`SessionError::Write`] if the key is a reserved claim, the value cannot be
    /// written as JSON or is nested more than 99 levels deep, or the data would have more than 3072
    /// bytes of JSON. A [`save`](Self::save) fails earlier, at about 2.8 KB, if the whole
    /// `Set-Cookie` line is too long.
    pub fn insert<T: Serialize>(&self, key: &str, value: T) -> Result<(), SessionError> {
        let json = to_json(Some(key), &value)?;
        Ok(self.0.borrow_mut().insert_json(key, &json)?)
    }

    /// Removes the entry of `key`. Returns whether it existed.
    #[expect(clippy::must_use_candidate, reason = "a caller may not care")]
    pub fn remove(&self, key: &str) -> bool {
        self.0.borrow_mut().remove(key)
    }

    /// Removes the entry of `key` and returns its value. Takes effect with the next save.
    ///
    /// # Errors
    ///
    /// [`SessionError::Read`] if the value is not a `T`; the entry stays.
    pub fn take<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, SessionError> {
        // The implementation of `Deserialize` may read the session.
        let value = self.0.borrow().get(key)?;
        if value.is_some() {
            self.0.borrow_mut().remove(key);
        }
        Ok(value)
    }

    /// Removes all data. The cookie and the [user](Self::user) stay: to log out, call
    /// [`delete`](Self::delete).
    pub fn clear_data(&self) {
        self.0.borrow_mut().clear_data();
    }

    /// Returns whether the session has no data. It can have a [user](Self::user).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// Returns the keys of all entries, in order.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.0.borrow().keys()
    }

    /// Returns all data as one struct or map.
    ///
    /// # Errors
    ///
    /// [`SessionError::Read`] if the data is not a `T`.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, SessionError> {
        Ok(self.0.borrow().data()?)
    }

    /// Replaces all data with the fields of a struct or the entries of a map.
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

    /// Logs a user in: call it when the user has proved who they are. Starts a new session
    /// and saves it at once. The data of another user is dropped; that of an anonymous
    /// visitor stays. `user` is a stable ID.
    ///
    /// # Errors
    ///
    /// [`SessionError::Save`], for example if `user` is empty or has more than 256 bytes. The
    /// session is then what it was, and later saves of this request fail, too.
    pub fn log_in(&self, user: &str) -> Result<(), SessionError> {
        Ok(self.0.borrow_mut().log_in(user)?)
    }

    /// Logs the user out and keeps a session for the anonymous visitor: a new session with
    /// only the entries of the keys in `keep`, saved at once.
    ///
    /// # Errors
    ///
    /// As [`log_in`](Self::log_in).
    pub fn clear_user(&self, keep: &[&str]) -> Result<(), SessionError> {
        Ok(self.0.borrow_mut().clear_user(keep)?)
    }

    /// Records that the user has proved again who they are: a new session ID and
    /// [time of authentication](Self::authenticated_at), saved at once.
    ///
    /// # Errors
    ///
    /// [`SessionError::Save`] without a user, and as [`log_in`](Self::log_in).
    pub fn confirm_user(&self) -> Result<(), SessionError> {
        Ok(self.0.borrow_mut().confirm_user()?)
    }

    /// Changes the session ID, and saves the session at once: for a change of privilege
    /// without a login. The issue time stays.
    ///
    /// # Errors
    ///
    /// As [`log_in`](Self::log_in).
    pub fn renew(&self) -> Result<(), SessionError> {
        Ok(self.0.borrow_mut().renew()?)
    }

    /// Revokes all other sessions of the user, and saves this one at once: "log out my other
    /// devices". Requires a [revocation list](crate::SealerBuilder::revocations), which records
    /// the revocation with the response. If this session is revoked by then, the list records
    /// nothing and the response sends no cookie.
    ///
    /// With a login, for example after a change of the password, call
    /// [`log_in`](Self::log_in) first.
    ///
    /// # Errors
    ///
    /// [`SessionError::Save`] without a user or without a revocation list, and as
    /// [`log_in`](Self::log_in).
    pub fn revoke_others(&self) -> Result<(), SessionError> {
        Ok(self.0.borrow_mut().revoke_others()?)
    }

    /// Returns the user, or `None` if nobody is logged in.
    #[must_use]
    pub fn user(&self) -> Option<String> {
        self.0.borrow().user()
    }

    /// Returns the user, for a handler that requires one.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoUser`], whose response is a 401.
    pub fn require_user(&self) -> Result<String, SessionError> {
        self.user().ok_or(SessionError::NoUser)
    }

    /// Returns the time of the last [`log_in`](Self::log_in) or
    /// [`confirm_user`](Self::confirm_user); `None` without a user.
    #[must_use]
    pub fn authenticated_at(&self) -> Option<UnixTime> {
        self.0.borrow().authenticated_at()
    }

    /// Returns the session ID (`sid`); after a save, the one in the saved cookie. `None` before a
    /// new session is saved, and without [`randomness`](crate::SessionLayer::randomness).
    #[must_use]
    pub fn id(&self) -> Option<String> {
        self.0.borrow().id()
    }

    /// Returns the reference that identifies the session in a revocation list; `None` without a
    /// session ID.
    #[must_use]
    pub fn reference(&self) -> Option<SessionRef> {
        self.0.borrow().reference()
    }

    /// Sets whether the browser keeps the cookie when it is closed: "remember me".
    /// Takes effect with the next save, and stays with the session.
    pub fn set_remember(&self, remember: bool) {
        self.0.borrow_mut().set_remember(remember);
    }

    /// Sets timeouts for this session, in whole seconds and at least one. They only shorten
    /// those of the sealer. Takes effect with the next save, and stays with the session
    /// until the next [`log_in`](Self::log_in).
    pub fn set_timeouts(&self, idle: Duration, absolute: Duration) {
        self.0.borrow_mut().set_timeouts(idle, absolute);
    }

    /// Returns whether the session starts with this request: no cookie was accepted, or
    /// [`log_in`](Self::log_in), [`clear_user`](Self::clear_user) or
    /// [`delete`](Self::delete) has replaced the session.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.0.borrow().is_new()
    }

    /// Returns the issue time of the session (`iat`). `None` before a new session is saved.
    #[must_use]
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.0.borrow().issued_at()
    }

    /// Returns the expiry (`exp`) in the cookie that was presented or last saved. `None` before
    /// a new session is saved.
    #[must_use]
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.0.borrow().expires_at()
    }

    /// Returns the time of the request, by the clock of the layer.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        self.0.borrow().now()
    }

    /// Returns the reason why the presented cookie was not accepted. `None` if it was accepted, or
    /// the request presented none.
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
