//! Runs a sequence of operations on sessions and on a plain map. The next request must
//! read exactly the entries that were saved.
#![no_main]

use arbitrary::Arbitrary;
use fuzz::{Kind, MICRODOT, Session, WAXSEAL, request};
use libfuzzer_sys::fuzz_target;
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
    SetUser(String),
    Renew,
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
}

/// The expected effect of a response on the cookie.
#[derive(Default)]
enum Response {
    #[default]
    Nothing,
    Sets(Model),
    Removes,
}

fuzz_target!(|input: Input| {
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
                kept = model;
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
                Err(error) => panic!("{error}"),
                Ok(()) => {
                    assert!(data.iter().all(|(name, value)| {
                        !kind.reserves(name) && depth(value) <= MAX_DEPTH
                    }));
                    clear(kind, model);
                    model.data = data;
                }
            }
        }
        Operation::Clear => {
            session.clear_data();
            clear(kind, model);
        }
        Operation::SetUser(user) => {
            session.set_user(&user);
            model.user = Some(user);
        }
        Operation::Renew => session.renew(),
        Operation::Delete => {
            session.delete().unwrap();
            (*model, *response) = (Model::default(), Response::Removes);
        }
        Operation::Save => match session.save() {
            Ok(()) => *response = Response::Sets(model.clone()),
            Err(SaveError::TooLarge { size, limit }) => assert!(size > limit),
            Err(error) => panic!("{error}"),
        },
    }
}

fn clear(kind: &Kind, model: &mut Model) {
    model.data.clear();
    // In Microdot's format `sub` belongs to the application's data.
    if kind.is_microdot {
        model.user = None;
    }
}
