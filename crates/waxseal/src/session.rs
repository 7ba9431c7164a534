//! The session as a handler uses it.

use std::{fmt, marker::PhantomData, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use waxseal_core::{Main, OpenSession, Rejection, Sealer, SessionRef, UnixTime, to_json};

use crate::{
    error::SessionError,
    slot::{Shared, lock},
};

/// The session of the user who sent the request.
///
/// With axum and actix-web it is an extractor; elsewhere, [`Session::of`] takes it from
/// the request. The first extraction in a request opens the session; all handlers and
/// middleware of the request share it.
///
/// Changes of the data reach the browser only with [`save`](Self::save). Changes of identity
/// ([`log_in`](Self::log_in), [`clear_user`](Self::clear_user),
/// [`confirm_user`](Self::confirm_user), [`renew`](Self::renew)),
/// [`revoke_others`](Self::revoke_others) and [`delete`](Self::delete) need no save.
///
/// Do not extract an `Option<Session>`, which does not compile on axum: a visitor without a
/// cookie gets an empty session, so `None` could only mean that the layer is missing.
///
/// `M` selects a second session of one application, whose sealer has the same
/// [`Marker`](crate::Marker):
///
/// ```
/// # #[cfg(feature = "tower")] {
/// use waxseal::{CookieSpec, Marker, Sealer, Secret, Session, SessionLayer};
///
/// struct Admin;
///
/// impl Marker for Admin {
///     const PURPOSE: &'static str = "admin";
/// }
///
/// async fn handler(user: Session, admin: Session<Admin>) { /* … */ }
///
/// # fn layer(secret: Secret) -> Result<(), Box<dyn std::error::Error>> {
/// let spec = CookieSpec::builder("__Host-admin").same_site_strict().build()?;
/// let admin = Sealer::builder(secret).marker::<Admin>().cookie(spec).build()?;
/// let layer = SessionLayer::new(admin);
/// # Ok(())
/// # }
/// # }
/// ```
pub struct Session<M = Main> {
    shared: Arc<Shared>,
    marker: PhantomData<fn() -> M>,
}

impl<M> Session<M> {
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared, marker: PhantomData }
    }

    fn with<R>(&self, f: impl FnOnce(&mut OpenSession<Arc<Sealer>>) -> R) -> R {
        f(&mut lock(&self.shared))
    }

    /// Returns the value of `key`, or `None` if the session has no such entry.
    ///
    /// The session is locked during the call: a `Deserialize` of `T` that itself uses
    /// the session deadlocks.
    ///
    /// ```
    /// # use waxseal::{Session, SessionError};
    /// async fn visits(session: Session) -> Result<String, SessionError> {
    ///     let count: u32 = session.get("visits")?.unwrap_or_default();
    ///     Ok(format!("{count} visits"))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Read`] if the value is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, SessionError> {
        Ok(self.with(|session| session.get(key))?)
    }

    /// Sets the value of `key`. Takes effect with the next [`save`](Self::save).
    ///
    /// JSON has no NaN and no infinity: they are written as `null`.
    ///
    /// ```
    /// # use waxseal::{Session, SessionError};
    /// # fn handler(session: Session) -> Result<(), SessionError> {
    /// session.insert("cart", ["tea", "milk"])?;
    /// session.save()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Write`] if the key is a reserved claim, the value cannot be
    /// written as JSON or is nested more than 99 levels deep, or the data would have more than 3072
    /// bytes of JSON. A [`save`](Self::save) fails earlier, at about 2.8 KB, if the whole
    /// `Set-Cookie` line is too long.
    pub fn insert<T: Serialize>(&self, key: &str, value: T) -> Result<(), SessionError> {
        let json = to_json(Some(key), &value)?;
        Ok(self.with(|session| session.insert_json(key, &json))?)
    }

    /// Removes the entry of `key`. Returns whether it existed. Takes effect with the
    /// next save.
    ///
    /// ```
    /// # use waxseal::{Session, SessionError};
    /// # fn handler(session: Session) -> Result<(), SessionError> {
    /// if session.remove("cart") {
    ///     session.save()?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[expect(clippy::must_use_candidate, reason = "a caller may not care")]
    pub fn remove(&self, key: &str) -> bool {
        self.with(|session| session.remove(key))
    }

    /// Removes the entry of `key` and returns its value: a message for the next page, for
    /// example. Takes effect with the next save.
    ///
    /// ```
    /// # use waxseal::{Session, SessionError};
    /// async fn page(session: Session) -> Result<String, SessionError> {
    ///     let message: Option<String> = session.take("message")?;
    ///     if message.is_some() {
    ///         session.save()?;
    ///     }
    ///     Ok(message.unwrap_or_default())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Read`] if the value is not a `T`; the entry stays.
    pub fn take<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, SessionError> {
        Ok(self.with(|session| session.take(key))?)
    }

    /// Removes all data. Takes effect with the next save. The cookie and the
    /// [user](Self::user) stay: to log out, call [`delete`](Self::delete).
    ///
    /// ```
    /// # use waxseal::{Session, SessionError};
    /// # fn handler(session: Session) -> Result<(), SessionError> {
    /// session.clear_data();
    /// session.save()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn clear_data(&self) {
        let has_user = self.with(|session| {
            session.clear_data();
            session.user().is_some()
        });
        if has_user {
            tracing::debug!("clear_data() removed the data, not the user; delete() logs out");
        }
    }

    /// Returns whether the session has no data. It can have a [user](Self::user).
    ///
    /// ```
    /// # use waxseal::Session;
    /// # fn handler(session: Session) {
    /// let greeting = if session.is_empty() { "Your cart is empty" } else { "Your cart" };
    /// # }
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.with(|session| session.is_empty())
    }

    /// Returns the keys of all entries, in the order of the JSON object.
    ///
    /// ```
    /// # use waxseal::Session;
    /// # fn handler(session: Session) {
    /// for key in session.keys() {
    ///     println!("{key}");
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.with(|session| session.keys())
    }

    /// Returns all data as one struct or map. The session is locked during the call, as in
    /// [`get`](Self::get).
    ///
    /// ```
    /// # use waxseal::{Session, SessionError};
    /// #[derive(serde::Deserialize)]
    /// struct Cart {
    ///     items: Vec<u32>,
    /// }
    ///
    /// # fn handler(session: Session) -> Result<(), SessionError> {
    /// let cart: Cart = session.data()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Read`] if the data is not a `T`.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, SessionError> {
        Ok(self.with(|session| session.data())?)
    }

    /// Replaces all data with the fields of a struct or the entries of a map. Takes
    /// effect with the next save.
    ///
    /// ```
    /// # use waxseal::{Session, SessionError};
    /// #[derive(serde::Serialize)]
    /// struct Cart {
    ///     items: Vec<u32>,
    /// }
    ///
    /// # fn handler(session: Session) -> Result<(), SessionError> {
    /// session.set_data(Cart { items: vec![1, 2] })?;
    /// session.save()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Write`] if `data` does not become a JSON object, or for the reasons
    /// of [`insert`](Self::insert).
    pub fn set_data<T: Serialize>(&self, data: T) -> Result<(), SessionError> {
        let json = to_json(None, &data)?;
        Ok(self.with(|session| session.set_json(json))?)
    }

    /// Seals the session into the cookie of the response. Call it again after later
    /// changes: the last `save` or [`delete`](Self::delete) takes effect. If another
    /// request revokes the session before the response is sent, the cookie is not sent.
    ///
    /// ```
    /// # use waxseal::{Session, SessionError};
    /// async fn choose_theme(session: Session) -> Result<&'static str, SessionError> {
    ///     session.insert("theme", "dark")?;
    ///     session.save()?; // without it, the change is lost
    ///     Ok("saved")
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Save`], for example if the session is too large for a cookie or
    /// the response head is complete. An earlier successful save still takes effect. If
    /// another request has revoked the session, the error is [`SaveError::Revoked`], whose
    /// response is a 401.
    ///
    /// [`SaveError::Revoked`]: crate::SaveError::Revoked
    pub fn save(&self) -> Result<(), SessionError> {
        Ok(self.with(OpenSession::save)?)
    }

    /// Clears the session and removes the cookie from the browser, with every
    /// previous cookie that is still accepted: a logout. With a
    /// [revocation list](crate::SealerBuilder::revocations), every presented session whose
    /// signature verifies is revoked, even an expired one; without a list, a copy of the
    /// cookie is accepted until it expires.
    ///
    /// Takes effect with the response. A request without one, because the handler panics or the
    /// client is gone, deletes and revokes nothing.
    ///
    /// ```
    /// # use waxseal::{Session, SessionError};
    /// async fn logout(session: Session) -> Result<&'static str, SessionError> {
    ///     session.delete()?;
    ///     Ok("logged out")
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Save`] if the response head is complete: the cookie stays in
    /// the browser.
    pub fn delete(&self) -> Result<(), SessionError> {
        Ok(self.with(OpenSession::delete)?)
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
    /// at the same time and revokes the user's sessions, this login is revoked, too: the error is
    /// [`SaveError::Revoked`], if this server knows it in time. A request without a response revokes
    /// nothing.
    ///
    /// [`SaveError::Revoked`]: crate::SaveError::Revoked
    ///
    /// ```
    /// use waxseal::{Session, SessionError};
    ///
    /// # fn verify_password(name: &str, password: &str) -> Option<u64> { Some(42) }
    /// async fn login(session: Session, name: &str, password: &str) -> Result<bool, SessionError> {
    ///     let Some(user_id) = verify_password(name, password) else { return Ok(false) };
    ///     session.log_in(&user_id.to_string())?;
    ///     Ok(true)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Save`], for example if `user` is empty or has more than 256 bytes. The
    /// session is left unchanged, and `save` fails until `log_in`,
    /// `clear_user` or `delete` succeeds.
    pub fn log_in(&self, user: &str) -> Result<(), SessionError> {
        Ok(self.with(|session| session.log_in(user))?)
    }

    /// Logs the user out and keeps a session for the anonymous visitor: a new session with
    /// only the entries of the keys in `keep`, saved at once. To end the session, call
    /// [`delete`](Self::delete).
    ///
    /// ```
    /// # use waxseal::{Session, SessionError};
    /// async fn logout(session: Session) -> Result<&'static str, SessionError> {
    ///     session.clear_user(&["theme", "language"])?;
    ///     Ok("logged out")
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`log_in`](Self::log_in).
    pub fn clear_user(&self, keep: &[&str]) -> Result<(), SessionError> {
        Ok(self.with(|session| session.clear_user(keep))?)
    }

    /// Records that the user has re-authenticated, before a sensitive action
    /// ("sudo mode"): a new session ID and [time of authentication](Self::authenticated_at),
    /// saved at once.
    ///
    /// ```
    /// # use waxseal::{Session, SessionError};
    /// # fn verify_password(user: &str, password: &str) -> bool { true }
    /// async fn confirm(session: Session, password: &str) -> Result<bool, SessionError> {
    ///     let is_right = verify_password(&session.require_user()?, password);
    ///     if is_right {
    ///         session.confirm_user()?;
    ///     }
    ///     Ok(is_right)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Save`] without a user, and as [`log_in`](Self::log_in).
    pub fn confirm_user(&self) -> Result<(), SessionError> {
        Ok(self.with(OpenSession::confirm_user)?)
    }

    /// Changes the session ID, and saves the session at once: for a change of privilege
    /// without a login. The issue time stays, so the absolute timeout still counts from the
    /// login. Sessions in Microdot mode have no session ID.
    ///
    /// With a [revocation list](crate::SealerBuilder::revocations), the old session ID
    /// is revoked with the response. A request that is cancelled before its response revokes
    /// nothing.
    ///
    /// ```
    /// # use waxseal::{Session, SessionError};
    /// # fn handler(session: Session) -> Result<(), SessionError> {
    /// session.insert("role", "editor")?;
    /// session.renew()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`log_in`](Self::log_in).
    pub fn renew(&self) -> Result<(), SessionError> {
        Ok(self.with(OpenSession::renew)?)
    }

    /// Revokes all other sessions of the user, and saves this one at once: "log out my other
    /// devices". Requires a [revocation list](crate::SealerBuilder::revocations), which records
    /// the revocation with the response. If this session is revoked by then, the list records
    /// nothing and the response sends no cookie. A request that is cancelled before its response
    /// revokes nothing.
    ///
    /// This session stays good. If a parallel request of this browser has saved the session, and
    /// its response arrives later, the browser keeps the old cookie, which is revoked.
    ///
    /// After a change of the password, call [`log_in`](Self::log_in) first. Otherwise, if a thief
    /// ends this session before the response, the list records nothing. `log_in` resets
    /// [`remember`](Self::remember) and the timeouts, so set them again. If one of the calls fails,
    /// revoke the user: a thief can have called `revoke_others` since the request was opened, and
    /// would keep a session.
    ///
    /// ```
    /// # use waxseal::{Session, SessionError};
    /// # fn change_password(user: &str, password: &str) {}
    /// async fn set_password(session: Session, password: &str) -> Result<(), SessionError> {
    ///     let user = session.require_user()?;
    ///     change_password(&user, password);
    ///     let remember = session.remember();
    ///     session.log_in(&user)?;
    ///     if let Some(remember) = remember {
    ///         session.set_remember(remember);
    ///     }
    ///     session.revoke_others()
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Save`] without a user or without a revocation list, and as
    /// [`log_in`](Self::log_in).
    pub fn revoke_others(&self) -> Result<(), SessionError> {
        Ok(self.with(OpenSession::revoke_others)?)
    }

    /// Returns the user, or `None` if nobody is logged in.
    ///
    /// ```
    /// # use waxseal::Session;
    /// async fn whoami(session: Session) -> String {
    ///     session.user().unwrap_or_else(|| "nobody".into())
    /// }
    /// ```
    #[must_use]
    pub fn user(&self) -> Option<String> {
        self.with(|session| session.user())
    }

    /// Returns the user, for a handler that requires one.
    ///
    /// The error's response is a 401. For a redirect to the login page, write an extractor:
    ///
    /// ```
    /// # #[cfg(feature = "axum")] {
    /// use axum::{extract::FromRequestParts, http::request::Parts, response::Redirect};
    /// use axum::response::{IntoResponse as _, Response};
    /// use waxseal::Session;
    ///
    /// struct User(String);
    ///
    /// impl<S: Send + Sync> FromRequestParts<S> for User {
    ///     type Rejection = Response;
    ///
    ///     async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
    ///         let session = Session::of(parts).map_err(|error| error.into_response())?;
    ///         match session.user() {
    ///             Some(user) => Ok(Self(user)),
    ///             None => Err(Redirect::to("/login").into_response()),
    ///         }
    ///     }
    /// }
    ///
    /// async fn account(User(id): User) -> String {
    ///     format!("Account of {id}")
    /// }
    /// # let _: axum::Router = axum::Router::new().route("/", axum::routing::get(account));
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::NoUser`]; with device binding also `ProofMissing` and `ProofExpired`, if the
    /// request has no valid proof cookie. The response is a 401.
    pub fn require_user(&self) -> Result<String, SessionError> {
        self.user().ok_or_else(|| self.unproven().unwrap_or(SessionError::NoUser))
    }

    /// The error for a bound session that was not opened, because its proof cookie is not valid.
    fn unproven(&self) -> Option<SessionError> {
        match self.rejection()? {
            #[cfg(feature = "device-bound")]
            Rejection::ProofMissing => Some(SessionError::ProofMissing),
            #[cfg(feature = "device-bound")]
            Rejection::ProofExpired => Some(SessionError::ProofExpired),
            _ => None,
        }
    }

    /// Returns the device that the session is bound to, or `None` if it is not bound. A session is
    /// unbound until the browser has registered a key, shortly after the response to
    /// [`log_in`](Self::log_in). See
    /// [`SealerBuilder::device_bound`](crate::SealerBuilder::device_bound).
    ///
    /// ```
    /// # use waxseal::Session;
    /// # fn handler(session: Session) {
    /// if let Some(device) = session.binding() {
    ///     println!("the proof cookie expires at {}", device.proof_expires_at);
    /// }
    /// # }
    /// ```
    #[cfg(feature = "device-bound")]
    #[must_use]
    pub fn binding(&self) -> Option<crate::BoundDevice> {
        self.with(|session| session.binding())
    }

    /// Returns the device that the session is bound to, for a handler that requires a bound
    /// session. In a browser without device binding, this is always an error: offer another way,
    /// such as a second factor. The first page after a login can come before the browser has
    /// registered a key.
    ///
    /// Without a session, the error is [`SessionError::NotBound`], too (403): call
    /// [`require_user`](Self::require_user) first to respond with 401.
    ///
    /// ```
    /// # use waxseal::{Session, SessionError};
    /// async fn transfer(session: Session) -> Result<&'static str, SessionError> {
    ///     session.require_bound()?;
    ///     Ok("transferred")
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::NotBound`] (403) if the session is not bound;
    /// [`SessionError::ProofMissing`] and [`SessionError::ProofExpired`] (401) if it is bound and
    /// the request has no valid proof cookie.
    #[cfg(feature = "device-bound")]
    pub fn require_bound(&self) -> Result<crate::BoundDevice, SessionError> {
        self.binding().ok_or_else(|| self.unproven().unwrap_or(SessionError::NotBound))
    }

    /// Returns the time of the user's last authentication (`auth_time`): the time of the last
    /// [`log_in`](Self::log_in) or [`confirm_user`](Self::confirm_user). `None` without a
    /// user, and in Microdot mode.
    ///
    /// ```
    /// # use waxseal::Session;
    /// use std::time::Duration;
    ///
    /// /// Whether a sensitive action needs the password again.
    /// fn needs_password(session: &Session) -> bool {
    ///     const RECENT: Duration = Duration::from_secs(10 * 60);
    ///     let authenticated = session.authenticated_at();
    ///     authenticated.is_none_or(|time| session.now().saturating_since(time) > RECENT)
    /// }
    /// ```
    #[must_use]
    pub fn authenticated_at(&self) -> Option<UnixTime> {
        self.with(|session| session.authenticated_at())
    }

    /// Returns the session ID (`sid`); after a save, the one in the saved cookie. `None` before a
    /// new session is saved, without the feature `getrandom`, and in Microdot mode.
    ///
    /// The ID is not secret: it does not open the session.
    ///
    /// ```
    /// # use waxseal::Session;
    /// # fn handler(session: Session) {
    /// let for_the_log = session.id().unwrap_or_else(|| "none".into());
    /// # }
    /// ```
    #[must_use]
    pub fn id(&self) -> Option<String> {
        self.with(|session| session.id())
    }

    /// Returns the reference that identifies the session in a revocation list: for a table of a
    /// user's devices, or a connection that outlives the request. `None` if the session has no
    /// [session ID](Self::id).
    ///
    /// To revoke a device of the table, build the reference again:
    /// `SessionRef { id, user: Some(user), issued_at, stamp: 0 }`.
    ///
    /// ```
    /// # use waxseal::{Session, SessionError};
    /// # fn store_device(user: &str, id: &str, since: u64) {}
    /// # fn handler(session: Session) -> Result<(), SessionError> {
    /// session.log_in("42")?;
    /// if let Some(reference) = session.reference() {
    ///     store_device("42", &reference.id, reference.issued_at.as_secs());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn reference(&self) -> Option<SessionRef> {
        self.with(|session| session.reference())
    }

    /// Sets whether the cookie survives closing the browser: "remember me". If it is
    /// never called, the [cookie's configuration](crate::CookieSpec) decides. Takes
    /// effect with the next save, and stays with the session.
    ///
    /// Has no effect in Microdot mode, whose cookie has no lifetime.
    ///
    /// ```
    /// # use waxseal::{Session, SessionError};
    /// # fn handler(session: Session, remember_me: bool) -> Result<(), SessionError> {
    /// session.set_remember(remember_me);
    /// session.save()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_remember(&self, remember: bool) {
        self.with(|session| session.set_remember(remember));
    }

    /// Returns what [`set_remember`](Self::set_remember) has set; `None` if it was not called since
    /// the last [`log_in`](Self::log_in).
    ///
    /// ```
    /// # use waxseal::{Session, SessionError};
    /// # fn handler(session: Session) -> Result<(), SessionError> {
    /// let user = session.require_user()?;
    /// let remember = session.remember();
    /// session.log_in(&user)?;
    /// if let Some(remember) = remember {
    ///     session.set_remember(remember);
    ///     session.save()?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn remember(&self) -> Option<bool> {
        self.with(|session| session.remember())
    }

    /// Sets timeouts for this session, in whole seconds and at least one. They only shorten
    /// those of the [sealer](crate::SealerBuilder::idle_timeout) and those that the session
    /// has already: pass [`Duration::MAX`] to keep one of them. Takes effect with the next
    /// save, and stays with the session until the next [`log_in`](Self::log_in).
    ///
    /// For example, to shorten sessions without "remember me" on the server, too:
    ///
    /// ```
    /// # use waxseal::{Session, SessionError};
    /// use std::time::Duration;
    ///
    /// # fn handler(session: Session, user_id: &str, remember_me: bool) -> Result<(), SessionError> {
    /// session.log_in(user_id)?;
    /// session.set_remember(remember_me);
    /// if !remember_me {
    ///     let (idle, absolute) = (Duration::from_secs(30 * 60), Duration::from_secs(8 * 3600));
    ///     session.set_timeouts(idle, absolute);
    /// }
    /// session.save()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Has no effect in Microdot mode.
    pub fn set_timeouts(&self, idle: Duration, absolute: Duration) {
        self.with(|session| session.set_timeouts(idle, absolute));
    }

    /// Returns whether the session starts with this request: no cookie was accepted, or
    /// [`log_in`](Self::log_in), [`clear_user`](Self::clear_user) or
    /// [`delete`](Self::delete) has replaced the session.
    ///
    /// ```
    /// # use waxseal::Session;
    /// # fn handler(session: Session) {
    /// let greeting = if session.is_new() { "Welcome" } else { "Welcome back" };
    /// # }
    /// ```
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.with(|session| session.is_new())
    }

    /// Returns the issue time of the session (`iat`). `None` before a new session is saved,
    /// and in Microdot mode if the application sets none.
    ///
    /// ```
    /// # use waxseal::Session;
    /// # fn handler(session: Session) {
    /// let seconds_since_1970 = session.issued_at().map(|time| time.as_secs());
    /// # }
    /// ```
    #[must_use]
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.with(|session| session.issued_at())
    }

    /// Returns the expiry (`exp`) in the cookie that was presented or last saved. A refresh
    /// makes it later. `None` before a new session is saved, and in Microdot mode if the
    /// application sets none.
    ///
    /// ```
    /// # use waxseal::Session;
    /// # fn handler(session: Session) {
    /// let seconds_since_1970 = session.expires_at().map(|time| time.as_secs());
    /// # }
    /// ```
    #[must_use]
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.with(|session| session.expires_at())
    }

    /// Returns the time of the request, by the clock of the layer.
    ///
    /// ```
    /// # use waxseal::Session;
    /// # fn handler(session: Session) {
    /// let left = session.expires_at().map(|end| end.saturating_since(session.now()));
    /// # }
    /// ```
    #[must_use]
    pub fn now(&self) -> UnixTime {
        self.with(|session| session.now())
    }

    /// Returns the reason why the presented cookie was not accepted. `None` if it was accepted, or
    /// the request presented none.
    ///
    /// ```
    /// # use waxseal::{Rejection, Session};
    /// # fn handler(session: Session) {
    /// if session.rejection() == Some(Rejection::Expired) {
    ///     // "Your session has expired."
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn rejection(&self) -> Option<Rejection> {
        self.with(|session| session.rejection())
    }
}

impl<M> Clone for Session<M> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.shared))
    }
}

impl<M> fmt::Debug for Session<M> {
    // A log must not contain the user's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}
