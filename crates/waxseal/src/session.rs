//! The session as a handler uses it.

use std::{fmt, marker::PhantomData, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};
use waxseal_core::{OpenSession, Rejection, Sealer, UnixTime, to_json};

use crate::{
    error::SessionError,
    slot::{Main, Shared, lock},
};

/// The session of the user who sent the request.
///
/// With axum and actix-web it is an extractor; elsewhere, [`Session::of`] takes it from
/// the request. The first extraction in a request opens the session; all handlers and
/// middleware of the request share it. Changes reach the browser only with
/// [`save`](Self::save) and [`delete`](Self::delete).
///
/// Do not extract an `Option<Session>`: a visitor without a cookie gets an empty session,
/// so `None` could only mean that the layer is missing.
///
/// `W` selects a second session of one application: the marker is a type of the
/// application, and its layer has another cookie.
///
/// ```
/// # #[cfg(feature = "tower")] {
/// use waxseal::{CookieSpec, Sealer, Secret, Session, SessionLayer};
///
/// struct Admin;
///
/// async fn handler(user: Session, admin: Session<Admin>) { /* … */ }
///
/// # fn layer(secret: Secret) -> Result<(), Box<dyn std::error::Error>> {
/// let spec = CookieSpec::builder("__Host-admin").same_site_strict().build()?;
/// let admin = Sealer::builder(secret).cookie(spec).build()?;
/// let layer = SessionLayer::new(admin).marked::<Admin>();
/// # Ok(())
/// # }
/// # }
/// ```
pub struct Session<W = Main> {
    shared: Arc<Shared>,
    marker: PhantomData<fn() -> W>,
}

impl<W> Session<W> {
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared, marker: PhantomData }
    }

    fn with<R>(&self, f: impl FnOnce(&mut OpenSession<Arc<Sealer>>) -> R) -> R {
        f(&mut lock(&self.shared))
    }

    /// The value of `key`; `None` if the session has no such entry.
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
    /// [`SessionError::Write`] if the key is reserved for a registered claim, or the
    /// value cannot be written as JSON.
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

    /// Removes all data. Takes effect with the next save. The cookie and the
    /// [user](Self::user) stay: to log out, call [`delete`](Self::delete).
    ///
    /// ```
    /// # use waxseal::{Session, SessionError};
    /// # fn handler(session: Session) -> Result<(), SessionError> {
    /// session.clear();
    /// session.save()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn clear(&self) {
        self.with(OpenSession::clear);
    }

    /// The keys of all entries, in the order of the JSON object.
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

    /// All data as one struct or map. The session is locked during the call, as in
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

    /// Replaces all data by the fields of a struct or the entries of a map. Takes
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
    /// [`SessionError::Write`] if `data` is not written as a JSON object, or as
    /// [`insert`](Self::insert).
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
    /// the response head is complete. An earlier successful save still takes effect.
    pub fn save(&self) -> Result<(), SessionError> {
        Ok(self.with(OpenSession::save)?)
    }

    /// Clears the session and removes the cookie from the browser, with every
    /// previous cookie that is still accepted: a logout. With a
    /// [revocation list](crate::SealerBuilder::revocations) the session is revoked;
    /// without one, a copy of the cookie is accepted until it expires.
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

    /// Starts a new session with the same data and user: a new issue time and a new
    /// session ID. Call it before the save at every change of privilege. Sessions in
    /// Microdot mode have neither, so nothing changes.
    ///
    /// With a [revocation list](crate::SealerBuilder::revocations), the old session
    /// is revoked with the response if the new one was saved. A request that is
    /// cancelled before its response revokes nothing.
    ///
    /// ```
    /// # use waxseal::{Session, SessionError};
    /// # fn handler(session: Session) -> Result<(), SessionError> {
    /// session.renew();
    /// session.insert("role", "editor")?;
    /// session.save()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn renew(&self) {
        self.with(OpenSession::renew);
    }

    /// Sets the user of the session (`sub`, RFC 7519, section 4.1.2). A change of
    /// user is a change of privilege, so the session is [renewed](Self::renew).
    /// Takes effect with the next save.
    ///
    /// ```
    /// # use waxseal::{Session, SessionError};
    /// # fn handler(session: Session) -> Result<(), SessionError> {
    /// session.set_user("42");
    /// session.save()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_user(&self, user: &str) {
        self.with(|session| session.set_user(user));
    }

    /// The user of the session, if [`set_user`](Self::set_user) has set one.
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

    /// Whether the session starts with this request: no cookie was accepted, or the
    /// request has renewed or deleted the session.
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

    /// The issue time of the session (`iat`); `None` before a new session is saved,
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

    /// The expiry (`exp`) in the cookie that was presented or last saved; a refresh
    /// moves it on. `None` before a new session is saved, and in Microdot mode if the
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

    /// Why the presented cookie was not accepted; `None` if it was accepted, or the
    /// request presented none.
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

impl<W> Clone for Session<W> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.shared))
    }
}

impl<W> fmt::Debug for Session<W> {
    // A log must not contain the user's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}
