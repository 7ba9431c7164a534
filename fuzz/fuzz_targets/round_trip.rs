//! Runs a sequence of operations on sessions and on a plain map. The next request must
//! read exactly the entries that were saved.
#![cfg_attr(fuzzing, no_main)]

use std::time::Duration;

use arbitrary::Arbitrary;
use fuzz::{Kind, MICRODOT, Session, WAXSEAL, request};
use serde_json::{Map, Value};
use waxseal_core::{SaveError, WriteError};

/// The maximum depth of an entry. The library does not accept a deeper one.
const MAX_DEPTH: usize = 99;

#[derive(Arbitrary, Debug)]
struct Input {
    is_microdot: bool,
    requests: Vec<Vec<Operation>>,
}

#[derive(Arbitrary, Debug)]
enum Operation {
    Insert(String, Json),
    Remove(String),
    SetData(Vec<(String, Json)>),
    Clear,
    LogIn(String),
    ClearUser(Vec<String>),
    ConfirmUser,
    Renew,
    RevokeOthers,
    Remember(bool),
    Timeouts(u64, u64),
    Delete,
    Save,
}

#[derive(Arbitrary, Debug)]
enum Json {
    Null,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
    Deep(u8),
}

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(bool) => bool.into(),
            Json::Signed(number) => number.into(),
            Json::Unsigned(number) => number.into(),
            // Null if JSON has no such number.
            Json::Float(number) => number.into(),
            Json::Text(text) => text.into(),
            Json::Array(list) => list.into_iter().map(Self::from).collect(),
            Json::Object(entries) => Self::Object(object(entries)),
            Json::Deep(depth) => {
                (0..depth % 110).fold(Self::Null, |inner, _| Self::Array(vec![inner]))
            }
        }
    }
}

fn object(entries: Vec<(String, Json)>) -> Map<String, Value> {
    entries.into_iter().map(|(name, json)| (name, json.into())).collect()
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Value::Object(entries) => 1 + entries.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// The expected content of a session.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    data: Map<String, Value>,
    user: Option<String>,
    /// Whether the last change of identity in this request has failed.
    has_failed: bool,
}

/// The maximum of all data, in bytes of JSON.
const MAX_LEN: usize = 3072;

/// The bytes of the claims in a session, at most.
const CLAIMS_LEN: usize = 800;

/// The bytes of entries, at least.
fn len(data: &Map<String, Value>) -> usize {
    data.iter().map(|(key, value)| key.len() + value.to_string().len()).sum()
}

/// The expected effect of a response on the cookie.
#[derive(Default)]
enum Response {
    #[default]
    Nothing,
    Sets(Model),
    Removes,
}

fuzz::target!(|input: Input| {
    let kind = if input.is_microdot { &*MICRODOT } else { &*WAXSEAL };
    let (mut cookie, mut kept) = (None::<String>, Model::default());
    for operations in input.requests {
        let (expected, response) =
            request(&kind.sealer, cookie.as_deref().map(str::as_bytes), |session| {
                assert_eq!(session.rejection(), None);
                assert_eq!(session.is_new(), cookie.is_none());
                let (mut model, mut expected) = (kept.clone(), Response::Nothing);
                check(session, &model);
                for operation in operations {
                    apply(kind, session, operation, &mut model, &mut expected);
                    check(session, &model);
                }
                expected
            });
        match expected {
            // All requests have the same time, so no cookie is refreshed.
            Response::Nothing => assert!(response.sets_none()),
            Response::Sets(model) => {
                cookie = Some(kind.cookie(response.token()));
                kept = Model { has_failed: false, ..model };
            }
            Response::Removes => {
                assert!(response.cookie().contains("; Max-Age=0"));
                (cookie, kept) = (None, Model::default());
            }
        }
    }
});

fn check(session: &Session<'_>, model: &Model) {
    assert_eq!(session.data::<Map<String, Value>>().unwrap(), model.data);
    assert_eq!(session.user(), model.user);
    let mut keys = session.keys();
    keys.sort_unstable();
    assert!(keys.iter().eq(model.data.keys()));
}

fn apply(
    kind: &Kind,
    session: &mut Session<'_>,
    operation: Operation,
    model: &mut Model,
    response: &mut Response,
) {
    match operation {
        Operation::Insert(name, json) => {
            let value = Value::from(json);
            match session.insert(&name, &value) {
                Err(WriteError::Reserved { .. }) => assert!(kind.reserves(&name)),
                Err(WriteError::TooDeep { .. }) => assert!(depth(&value) > MAX_DEPTH),
                Err(WriteError::TooLarge { .. }) => {
                    let mut data = model.data.clone();
                    data.insert(name, value);
                    assert!(len(&data) + CLAIMS_LEN > MAX_LEN);
                }
                Err(error) => panic!("{error}"),
                Ok(()) => {
                    assert!(!kind.reserves(&name) && depth(&value) <= MAX_DEPTH);
                    model.data.insert(name, value);
                }
            }
        }
        Operation::Remove(name) => {
            assert_eq!(session.remove(&name), model.data.remove(&name).is_some());
        }
        Operation::SetData(entries) => {
            let data = object(entries);
            match session.set_data(&data) {
                Err(WriteError::Reserved { key }) => assert!(kind.reserves(&key)),
                Err(WriteError::TooDeep { .. }) => {
                    assert!(data.values().any(|value| depth(value) > MAX_DEPTH));
                }
                Err(WriteError::TooLarge { .. }) => {
                    let punctuation = data.len() * 4 + 2;
                    let escapes = 6 * data.keys().map(String::len).sum::<usize>();
                    assert!(len(&data) + punctuation + escapes > MAX_LEN);
                }
                Err(error) => panic!("{error}"),
                Ok(()) => {
                    assert!(data.iter().all(|(name, value)| {
                        !kind.reserves(name) && depth(value) <= MAX_DEPTH
                    }));
                    model.data = data;
                }
            }
        }
        Operation::Clear => {
            session.clear_data();
            model.data.clear();
        }
        Operation::LogIn(user) => {
            let mut next = Model { user: Some(user.clone()), ..model.clone() };
            if model.user.as_ref().is_some_and(|known| *known != user) {
                next.data.clear();
            }
            let result = session.log_in(&user);
            if let Err(SaveError::InvalidUser { len }) = result {
                assert!(len == user.len() && !(1..=256).contains(&len));
                model.has_failed = true;
                return;
            }
            change_identity(result, next, model, response);
        }
        Operation::ClearUser(keep) => {
            let keep: Vec<_> = keep.iter().map(String::as_str).collect();
            let mut next = Model { user: None, ..model.clone() };
            next.data.retain(|key, _| keep.contains(&key.as_str()));
            change_identity(session.clear_user(&keep), next, model, response);
        }
        Operation::ConfirmUser => match session.confirm_user() {
            Err(SaveError::NoUser) => {
                assert_eq!(model.user, None);
                model.has_failed = true;
            }
            result => keep_user(result, model, response),
        },
        Operation::Renew => keep_user(session.renew(), model, response),
        Operation::RevokeOthers => match session.revoke_others() {
            // The sealers have no revocation list.
            Err(SaveError::NoRevocations) => {
                assert!(!model.has_failed);
                model.has_failed = true;
            }
            Err(SaveError::EarlierFailure) => assert!(model.has_failed),
            result => panic!("{result:?}"),
        },
        Operation::Remember(remember) => session.set_remember(remember),
        Operation::Timeouts(idle, absolute) => {
            session.set_timeouts(Duration::from_secs(idle), Duration::from_secs(absolute));
        }
        Operation::Delete => {
            session.delete().unwrap();
            (*model, *response) = (Model::default(), Response::Removes);
        }
        Operation::Save => match session.save() {
            Ok(()) => {
                assert!(!model.has_failed);
                *response = Response::Sets(model.clone());
            }
            Err(SaveError::TooLarge { size, limit }) => assert!(size > limit),
            Err(SaveError::EarlierFailure) => assert!(model.has_failed),
            Err(error) => panic!("{error}"),
        },
    }
}

/// A change of the session ID, which an earlier failure prevents, keeps the user.
fn keep_user(result: Result<(), SaveError>, model: &mut Model, response: &mut Response) {
    assert!(!model.has_failed || matches!(result, Err(SaveError::EarlierFailure)));
    match result {
        Err(SaveError::EarlierFailure) => assert!(model.has_failed),
        result => change_identity(result, model.clone(), model, response),
    }
}

/// A change of identity saves `next`, or changes nothing.
fn change_identity(
    result: Result<(), SaveError>,
    next: Model,
    model: &mut Model,
    response: &mut Response,
) {
    model.has_failed = result.is_err();
    match result {
        Ok(()) => {
            *model = Model { has_failed: false, ..next };
            *response = Response::Sets(model.clone());
        }
        Err(SaveError::TooLarge { size, limit }) => assert!(size > limit),
        Err(error) => panic!("{error}"),
    }
}
