//! The session of one request: waxseal's on one side, the record of tower-sessions on the other.
//! The same for every version of tower-sessions.

mod expiry;

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    fmt::{self, Display},
    mem,
    str::FromStr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;
use waxseal::{Session, UnixTime};

pub(crate) use self::expiry::Expiry;
use crate::error::Error;

/// The data of a record.
pub(crate) type Data = HashMap<String, Value>;

/// The store of one request: it has one record.
pub(crate) struct Bridge {
    session: Session,
    /// The key of axum-login's entry.
    data_key: Cow<'static, str>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The data as it was last read or written. Only differences to it are written, so entries
    /// that a handler saves through waxseal's session stay.
    known: Option<Data>,
    /// axum-login's entry in it, if that has a user.
    login: Option<Value>,
    /// The user of waxseal's session at that time.
    user: Option<String>,
    /// The keys that the user before had. The record of this request still has that data.
    left: HashSet<String>,
    /// The ID of the deleted record. `cycle_id` and `flush` both delete the record; the next call
    /// or the end of the request shows which one it was.
    deleted: Option<String>,
    /// waxseal's session ID at that time.
    deleted_id: Option<String>,
    /// Whether the deletion cannot be a `cycle_id`, which deletes an ID once and loads no record.
    ends: bool,
    expiry: Option<Expiry>,
    is_saved: bool,
    /// Why the last operation failed.
    failure: Option<Error>,
}

impl Bridge {
    pub(crate) fn new(session: Session, data_key: Cow<'static, str>) -> Self {
        Self { session, data_key, state: Mutex::default() }
    }

    /// The session ID at the start of the request; `None` for a new session.
    pub(crate) fn open_id<I: FromStr>(&self) -> Result<Option<I>, Error> {
        if self.session.is_new() && self.session.id().is_none() {
            self.state().known = Some(Data::new());
            return Ok(None);
        }
        if let Some(id) = self.id() {
            return Ok(Some(id));
        }
        // The session of another issuer or of Microdot: from now on it has an ID that fits.
        self.session.renew()?;
        self.id().ok_or(Error::NoId).map(Some)
    }

    fn id<I: FromStr>(&self) -> Option<I> {
        self.session.id()?.parse().ok()
    }

    /// The record, and its expiry.
    pub(crate) fn load_record(&self) -> Result<Option<(Data, UnixTime)>, Error> {
        let mut state = self.state();
        if state.deleted.is_some() {
            state.ends = true;
            return Ok(None);
        }
        let data = self.read(&mut state)?;
        Ok(Some((data, self.session.expires_at().unwrap_or(self.session.now()))))
    }

    /// The data, without a login that `revoke_user` could not end.
    fn read(&self, state: &mut State) -> Result<Data, Error> {
        let mut data: Data = self.session.data()?;
        state.known = Some(data.clone());
        state.login = self.login(&data).cloned();
        state.user = self.session.user();
        let user = state.login.as_ref().and_then(user_of);
        if user.is_some() && user != state.user {
            tracing::debug!("a login of another user than the session's is ignored");
            data.remove(&*self.data_key);
            state.login = None;
        }
        Ok(data)
    }

    /// Saves a record without an ID: of a new session, or after `cycle_id` or `flush`. Returns
    /// its ID.
    pub(crate) fn create_record<I: FromStr + Display>(
        &self,
        id: &I,
        data: &Data,
    ) -> Result<I, Error> {
        let mut state = self.state();
        // `cycle_id` has changed the ID of the record, `flush` has not.
        if state.ends || state.deleted.as_ref().is_some_and(|deleted| *deleted == id.to_string()) {
            self.end(&mut state)?;
        }
        let renews = state.deleted.is_some();
        self.write(&mut state, data, renews)?;
        state.deleted = None;
        self.id().ok_or(Error::NoId)
    }

    /// Saves the record of the existing session.
    pub(crate) fn save_record(&self, data: &Data) -> Result<(), Error> {
        let mut state = self.state();
        if state.deleted.is_some() {
            return Err(Error::Deleted);
        }
        self.write(&mut state, data, false)
    }

    /// Notes that the handler deletes the record. Its ID is not accepted after this response.
    pub(crate) fn delete_record(&self, id: &impl Display) {
        let (mut state, id) = (self.state(), Some(id.to_string()));
        state.ends |= state.deleted == id;
        (state.deleted, state.deleted_id) = (id, self.session.id());
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.state().deleted.is_some()
    }

    fn write(&self, state: &mut State, data: &Data, renews: bool) -> Result<(), Error> {
        if state.known.is_none() {
            self.read(state)?;
        }
        let login = self.login(data).cloned();
        let changes_identity = renews || login != state.login;
        let result = self.try_write(state, data, login.as_ref(), renews);
        match &result {
            Ok(()) => {
                (state.known, state.login) = (Some(data.clone()), login);
                state.user = self.session.user();
                state.is_saved = true;
            }
            // The handler has ended the old ID or user, so neither may outlive the response.
            Err(_) if changes_identity => {
                let mut left = mem::take(&mut state.left);
                if state.user.is_some() {
                    left.extend(data.keys().cloned());
                }
                self.end(state)?;
                state.left = left;
            }
            // The record is still that of `user`, even if a handler now logs in another one.
            Err(_) => {
                state.known = self.session.data().ok();
                state.is_saved = false;
            }
        }
        result
    }

    fn try_write(
        &self,
        state: &mut State,
        data: &Data,
        login: Option<&Value>,
        renews: bool,
    ) -> Result<(), Error> {
        let (before, changes_login) = (self.session.user(), login != state.login.as_ref());
        let user = login.filter(|_| changes_login).and_then(user_of);
        // Another user's data stays behind, also if a handler has used waxseal's session to log in
        // or out.
        let is_left = |of: &Option<String>, by: &Option<String>| of.is_some() && of != by;
        let leaves_data =
            is_left(&state.user, &before) || user.is_some() && is_left(&before, &user);
        match user {
            Some(user) => self.session.log_in(&user)?,
            None if changes_login => self.session.delete()?,
            None if renews => self.session.renew()?,
            None => {}
        }
        let mut known = state.known.take().unwrap_or_default();
        if leaves_data {
            state.left.extend(known.drain().map(|(key, _)| key));
        } else if login.is_none() && changes_login {
            // The logout has removed all data.
            known.clear();
        }
        for key in known.keys().filter(|key| !data.contains_key(*key)) {
            self.session.remove(key);
        }
        for (key, value) in data {
            let is_new_login = changes_login && *key == self.data_key;
            if known.get(key) != Some(value) && (is_new_login || !state.left.contains(key)) {
                self.session.insert(key, value)?;
            }
        }
        self.seal(state.expiry)
    }

    /// Ends the session whose record was deleted, unless another was created.
    pub(crate) fn finish(&self) -> Result<(), Error> {
        let mut state = self.state();
        if state.deleted.is_none() {
            return Ok(());
        }
        let is_another = self.session.user().is_some() && self.session.id() != state.deleted_id;
        self.end(&mut state)?;
        if is_another { Err(Error::LoggedInAfterDeletion) } else { Ok(()) }
    }

    fn end(&self, state: &mut State) -> Result<(), Error> {
        // Without an ID, there is no session that could end.
        if self.session.id().is_some() || self.session.user().is_some() {
            self.session.delete()?;
        }
        *state = State { known: Some(Data::new()), expiry: state.expiry, ..State::default() };
        Ok(())
    }

    /// Keeps an error for [`take_failure`](Self::take_failure), and returns its text.
    pub(crate) fn report<T>(&self, result: Result<T, Error>) -> Result<T, String> {
        result.map_err(|error| {
            let text = error.to_string();
            self.state().failure = Some(error);
            text
        })
    }

    pub(crate) fn take_failure(&self) -> Option<Error> {
        self.state().failure.take()
    }

    /// axum-login's entry, if it has a user.
    fn login<'d>(&self, data: &'d Data) -> Option<&'d Value> {
        data.get(&*self.data_key).filter(|entry| user_of(entry).is_some())
    }

    /// No panic leaves it half changed.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The user of axum-login's entry: a string as it is, any other ID as JSON text.
fn user_of(entry: &Value) -> Option<String> {
    match entry.get("user_id")? {
        Value::Null => None,
        Value::String(user) => Some(user.clone()),
        user => Some(user.to_string()),
    }
}

impl fmt::Debug for Bridge {
    // A log must not contain the user's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bridge").finish_non_exhaustive()
    }
}
