//! The session as a handler holds it. Its whole API is written here, once; a
//! face only chooses how it is shared.

mod alone;

use alloc::{string::String, vec::Vec};

use serde::{Serialize, de::DeserializeOwned};

pub use self::alone::Alone;
use crate::{
    error::{ReadError, Rejection, SaveError, WriteError},
    sealer::{Opened, Sealer},
    state::to_json,
    time::UnixTime,
};

/// How a face shares one request's session among all who ask for it: behind
/// an `Arc` and a `Mutex`, say, or an `Rc` and a `RefCell`.
pub trait Share {
    /// Calls `f` with the session and the sealer that opened it.
    fn with<R>(&self, f: impl FnOnce(&Sealer, &mut Opened) -> R) -> R;

    /// 128 random bits for the name of a session, or `None` where the platform
    /// has no randomness; sessions then have no name.
    ///
    /// # Errors
    ///
    /// [`SaveError::NoRandomness`] where there should be some and is not.
    fn random(&self) -> Result<Option<[u8; 16]>, SaveError> {
        Ok(None)
    }
}

/// The session of one user as a handler sees it: its data and its times.
///
/// All handles of a request are the same session. Nothing is sent to the
/// browser unless [`save`](Self::save) or [`delete`](Self::delete) is called.
#[derive(Clone, Debug)]
pub struct Handle<S>(S);

impl<S: Share> Handle<S> {
    /// A handle on a shared session. For faces.
    pub const fn new(shared: S) -> Self {
        Self(shared)
    }

    /// The member `name` as a `T`; `None` if the session has none.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it is there and is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ReadError> {
        self.0.with(|_, opened| opened.state.get(name))
    }

    /// Sets the member `name`. Takes effect with the next [`save`](Self::save).
    ///
    /// # Errors
    ///
    /// [`WriteError`] if the name is reserved for a registered claim, or the
    /// value is not JSON: NaN and the infinities are not, however deep.
    pub fn insert<T: Serialize>(&self, name: &str, value: T) -> Result<(), WriteError> {
        let json = to_json(Some(name), &value)?;
        self.0.with(|_, opened| opened.state.insert(name, json))
    }

    /// Removes the member `name`; says whether it was there.
    pub fn remove(&self, name: &str) -> bool {
        self.0.with(|_, opened| opened.state.remove(name))
    }

    /// Removes all data. The cookie stays: see [`delete`](Self::delete).
    pub fn clear(&self) {
        self.0.with(|_, opened| opened.state.clear());
    }

    /// The names of all members, in their order.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.0.with(|_, opened| opened.state.keys())
    }

    /// All data as one struct or map.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the data does not fit.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, ReadError> {
        self.0.with(|_, opened| opened.state.data())
    }

    /// Replaces all data by the fields of a struct or the entries of a map.
    ///
    /// # Errors
    ///
    /// [`WriteError`] if `data` is not written as a JSON object, or as
    /// [`insert`](Self::insert).
    pub fn set_data<T: Serialize>(&self, data: T) -> Result<(), WriteError> {
        let json = to_json(None, &data)?;
        self.0.with(|_, opened| opened.state.set_data(json))
    }

    /// Seals the session as it is now into the response's cookie. Changes made
    /// later need another save; the last of save and [`delete`](Self::delete)
    /// wins.
    ///
    /// # Errors
    ///
    /// [`SaveError`], above all if the session has become too large for a
    /// cookie, or the response head has already been made. What was saved
    /// before stays as it was.
    pub fn save(&self) -> Result<(), SaveError> {
        self.0.with(|sealer, opened| sealer.save(opened, || self.0.random()))
    }

    /// Clears the session and removes the cookie from the browser. A copy of
    /// the cookie is accepted until it expires.
    pub fn delete(&self) {
        self.0.with(Sealer::delete);
    }

    /// Keeps the data and begins a new session with it: a new start, a new
    /// name. Call it at every change of privilege, before the save.
    pub fn renew(&self) {
        self.0.with(|_, opened| {
            opened.begin_anew();
            opened.state.set_changed(true);
        });
    }

    /// Whether the session begins with this request: it brought no cookie that
    /// was accepted, or the session was renewed or deleted since.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.0.with(|_, opened| opened.is_new())
    }

    /// When the session began (`iat`); `None` until a new one is saved, and in
    /// Microdot mode where nobody has said.
    #[must_use]
    pub fn started_at(&self) -> Option<UnixTime> {
        self.0.with(|_, opened| opened.began)
    }

    /// When the cookie that the browser has, or will have, expires (`exp`);
    /// `None` until a new session is saved, and in Microdot mode where nobody
    /// has said.
    #[must_use]
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.0.with(|_, opened| opened.expires)
    }

    /// Why the cookie that was presented was not accepted; `None` if it was,
    /// or there was none.
    #[must_use]
    pub fn rejection(&self) -> Option<Rejection> {
        self.0.with(|_, opened| opened.rejection())
    }
}
