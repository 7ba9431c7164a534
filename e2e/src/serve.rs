//! The part of the contract that all servers under test share, without a framework.

use std::{error::Error, path::PathBuf, str::FromStr as _, sync::OnceLock, time::Duration};

use serde_json::{Map, Value, json};
use waxseal::{Sealer, SealerBuilder, Secret, SessionError, UnixTime};
use waxseal_revocation::{Readiness, RevocationList, Store};

/// The revocation list, for the step `readiness`.
static REVOCATIONS: OnceLock<RevocationList> = OnceLock::new();

/// A result with any error of a server.
pub type Fallible<T> = Result<T, Box<dyn Error>>;

/// Whether the server uses Microdot's cookie. Its login then does what Microdot's does: it sets
/// `username`, and no user.
pub fn is_microdot() -> bool {
    std::env::args().any(|argument| argument == "--microdot")
}

/// Builds the sealer from the command line and the environment.
///
/// # Errors
///
/// If the configuration is invalid.
pub fn sealer() -> Fallible<Sealer> {
    if is_microdot() {
        return Ok(Sealer::microdot(std::env::var("SESSION_SECRET")?)?);
    }
    let builder = configured(Sealer::builder(Secret::from_env("SESSION_SECRET")?))?;
    Ok(match (std::env::var("MICRODOT_KEY"), std::env::var("MICRODOT_SINCE")) {
        (Ok(key), Ok(since)) => {
            let since = UnixTime::from_secs(since.parse()?);
            builder.dangerous_migrate_weak_microdot(key, since).build()?
        }
        _ => builder.build()?,
    })
}

/// Adds the revocation list of `REVOCATIONS` and `MAX_SESSIONS`, and the absolute timeout of
/// `ABSOLUTE_SECS`.
fn configured(mut builder: SealerBuilder) -> Fallible<SealerBuilder> {
    let absolute = match std::env::var("ABSOLUTE_SECS") {
        Ok(secs) => Duration::from_secs(secs.parse()?),
        Err(_) => Duration::from_hours(720),
    };
    builder = builder.absolute_timeout(absolute);
    if std::env::args().any(|argument| argument == "--encrypted") {
        builder = builder.encrypted();
    }
    if let Ok(store) = std::env::var("REVOCATIONS") {
        let mut list = RevocationList::builder(Store::from_str(&store)?).absolute_timeout(absolute);
        if let Ok(max) = std::env::var("MAX_SESSIONS") {
            list = list.max_sessions(max.parse()?);
        }
        let list = list.open().map_err(|error| format!("REVOCATIONS: {error}"))?;
        builder = builder.revocations(REVOCATIONS.get_or_init(|| list).clone());
    }
    Ok(builder)
}

/// The page at `/`, as HTML. The name is not escaped: the suites send only letters.
pub fn page(username: Option<&str>) -> String {
    match username {
        Some(name) => format!("Hello <b>{name}</b>!"),
        None => r#"<form method="post"><input name="username"></form>"#.into(),
    }
}

/// The response to a script, in types that do not depend on a framework.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers that the script adds, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// The response is sent once this file exists, so that a test can act while the request is
    /// in flight.
    wait_for: Option<PathBuf>,
}

impl Answer {
    /// Waits until the response may be sent, for at most a minute.
    pub async fn wait(&self) {
        let Some(path) = &self.wait_for else { return };
        let _ = std::fs::write(path.with_extension("waiting"), "");
        for _ in 0..1200 {
            if path.exists() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The session operations of scripts.
pub trait Scripted {
    /// Runs one step of a script; `seen` is the body of the response.
    ///
    /// # Errors
    ///
    /// If the session returns an error, or the step does not exist.
    fn step(&self, step: &str, argument: &str, seen: &mut Value) -> Fallible<()>;
}

/// Implements `Scripted` for the session types of the integrations, which have the same methods.
macro_rules! scripted {
    ($($session:ty)*) => {$(
        impl Scripted for $session {
            fn step(&self, step: &str, argument: &str, seen: &mut Value) -> Fallible<()> {
                match step {
                    "read" => *seen = self.data::<Map<String, Value>>()?.into(),
                    "state" => {
                        *seen = json!({
                            "new": self.is_new(),
                            "user": self.user(),
                            "issued": self.issued_at().map(|time| time.as_secs()),
                            "expires": self.expires_at().map(|time| time.as_secs()),
                            "id": self.id(),
                            "authenticated": self.authenticated_at().map(|time| time.as_secs()),
                            "rejection": self.rejection().map(|rejection| rejection.as_str()),
                        });
                    }
                    "write" => self.set_data(serde_json::from_str::<Value>(argument)?)?,
                    "insert" => {
                        let (key, value) = argument.split_once(' ').ok_or("insert KEY JSON")?;
                        self.insert(key, serde_json::from_str::<Value>(value)?)?;
                    }
                    "login" => self.log_in(argument)?,
                    "clear-user" => self.clear_user(&argument.split(' ').collect::<Vec<_>>())?,
                    "confirm" => self.confirm_user()?,
                    "require" => *seen = self.require_user()?.into(),
                    "clear" => self.clear_data(),
                    "timeouts" => {
                        let (idle, absolute) = argument.split_once(' ').ok_or("timeouts IDLE ABSOLUTE")?;
                        let secs = |text: &str| Ok::<_, Box<dyn Error>>(Duration::from_secs(text.parse()?));
                        self.set_timeouts(secs(idle)?, secs(absolute)?);
                    }
                    "remember" => self.set_remember(argument.parse()?),
                    "save" => self.save()?,
                    "delete" => self.delete()?,
                    "renew" => self.renew()?,
                    "revoke-others" => self.revoke_others()?,
                    _ => return Err(format!("unknown step {step}").into()),
                }
                Ok(())
            }
        }
    )*};
}

scripted! { waxseal::Session waxseal_picoserve::Session }

/// Runs the script in the body of a request. `session` returns the session of the request; it
/// is called only if a step needs the session.
pub fn script<S: Scripted>(body: &[u8], session: impl Fn() -> Fallible<S>) -> Answer {
    let mut answer = Answer { status: 200, headers: vec![], body: String::new(), wait_for: None };
    match run(body, session, &mut answer) {
        Ok(seen) => answer.body = seen.to_string(),
        Err(error) => {
            let temporary =
                error.downcast_ref::<SessionError>().is_some_and(SessionError::is_temporary);
            answer.status = if temporary { 503 } else { 500 };
            answer.body = error.to_string();
        }
    }
    answer
}

fn readiness() -> Fallible<Value> {
    let list = REVOCATIONS.get().ok_or("the server has no revocation list")?;
    let Readiness { state, sessions, sessions_without_user, pending, error, .. } = list.readiness();
    Ok(json!({
        "state": format!("{state:?}"),
        "sessions": sessions,
        "without_user": sessions_without_user,
        "pending": pending,
        "error": error,
    }))
}

fn run<S: Scripted>(
    body: &[u8],
    session: impl Fn() -> Fallible<S>,
    answer: &mut Answer,
) -> Fallible<Value> {
    let mut seen = Value::Null;
    for line in std::str::from_utf8(body)?.lines() {
        let (step, argument) = line.split_once(' ').unwrap_or((line, ""));
        match step {
            "header" => {
                let (name, value) = argument.split_once(": ").ok_or("a header without a colon")?;
                answer.headers.push((name.into(), value.into()));
            }
            "wait-for" => answer.wait_for = Some(argument.into()),
            "readiness" => seen = readiness()?,
            "status" => answer.status = argument.parse()?,
            _ => session()?.step(step, argument, &mut seen)?,
        }
    }
    Ok(seen)
}
