//! The session as a handler holds it. Its whole API is written here, once; a
//! face only chooses how it is shared.

mod alone;

use alloc::{string::String, vec::Vec};

use serde::{Serialize, de::DeserializeOwned};

pub use self::alone::Alone;
use crate::{
    error::{ReadError, Rejection, SaveError, WriteError},
    sealer::{Opened, Sealer},
    state::{quoted, to_json},
    time::UnixTime,
};

/// How a face shares one request's session among all who ask for it: behind
/// an `Arc` and a `Mutex`, say, or an `Rc` and a `RefCell`.
pub trait Share {
    /// Calls `f` with the session and the sealer that opened it.
    fn with<R>(&self, f: impl FnOnce(&Sealer, &mut Opened) -> R) -> R;

    /// Somebody deletes a session whose response head has been made, so that
    /// nothing will come of it: worth an error in the log.
    fn deleted_too_late(&self) {}
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
    /// The session is locked meanwhile: the `Deserialize` of a `T` that asks for
    /// the session itself would wait for ever, or panic where the session is not
    /// shared among threads ([`Alone`], and on a microcontroller).
    ///
    /// Without the feature `std` of the core, a float may be one bit off the one
    /// that was written.
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

    /// Removes all data. The cookie and the [user](Self::user) stay: see
    /// [`delete`](Self::delete).
    pub fn clear(&self) {
        self.0.with(|_, opened| opened.state.clear());
    }

    /// The names of all members, in their order.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.0.with(|_, opened| opened.state.keys())
    }

    /// All data as one struct or map; see [`get`](Self::get) for what its
    /// `Deserialize` must not do.
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
        self.0.with(Sealer::save)
    }

    /// Clears the session and removes the cookie from the browser, and any
    /// former one that is still accepted. The session ends for good where the
    /// sealer has a [list of such](crate::SealerBuilder::revocations); without
    /// one a copy of the cookie is accepted until it expires.
    ///
    /// Once the response head has been made it is too late: nothing is removed,
    /// and the face logs an error.
    pub fn delete(&self) {
        let too_late = self.0.with(|sealer, opened| {
            sealer.delete(opened);
            opened.is_closed()
        });
        if too_late {
            self.0.deleted_too_late();
        }
    }

    /// Keeps the data and the user and begins a new session with them: a new
    /// start, a new name. Call it at every change of privilege, before the
    /// save. In Microdot mode sessions have neither, and nothing changes.
    ///
    /// Where the sealer has a [list](crate::SealerBuilder::revocations) the old
    /// session ends for good with the response, if the new one was saved. A
    /// request that is cancelled before its response has ended nothing.
    pub fn renew(&self) {
        self.0.with(Sealer::renew);
    }

    /// Says whose session it is (`sub`, RFC 7519, section 4.1.2), which is a
    /// change of privilege: the session is [renewed](Self::renew). Takes effect
    /// with the next save.
    pub fn set_user(&self, user: &str) {
        let json = quoted(user);
        self.0.with(|sealer, opened| sealer.set_user(opened, json));
    }

    /// Whose session it is, where [`set_user`](Self::set_user) has said so.
    #[must_use]
    pub fn user(&self) -> Option<String> {
        self.0.with(|_, opened| serde_json::from_str(opened.state.claim("sub")?).ok())
    }

    /// Whether the browser keeps the cookie when it is closed: "remember me".
    /// Where nobody says, the [cookie's configuration](crate::CookieSpec)
    /// decides. Takes effect with the next save, and stays with the session.
    ///
    /// In Microdot mode it has no effect: its cookie has no such attribute.
    pub fn set_remember(&self, remember: bool) {
        self.0.with(|sealer, opened| sealer.set_remember(opened, remember));
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

    /// When the session expires (`exp`) by the cookie that was presented or last
    /// saved; where its end is moved on unasked, it lives longer. `None` until a
    /// new session is saved, and in Microdot mode where nobody has said.
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
