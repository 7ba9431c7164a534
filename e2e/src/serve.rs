//! What all servers under test share: all of the contract that a framework has
//! no part in.

use std::{error::Error, path::PathBuf, str::FromStr as _, time::Duration};

use serde_json::{Map, Value, json};
use waxseal::{Sealer, SealerBuilder, Secret, SessionError, UnixTime};
use waxseal_revocation::{RevocationList, Store};

/// Anything that fails in a server.
pub type Fallible<T> = Result<T, Box<dyn Error>>;

/// The sealer that the command line and the environment ask for.
///
/// # Errors
///
/// If they ask for none that there is.
pub fn sealer() -> Fallible<Sealer> {
    let microdot = std::env::args().any(|argument| argument == "--microdot");
    if microdot {
        return Ok(Sealer::microdot(std::env::var("SESSION_SECRET")?)?);
    }
    let builder = limited(Sealer::builder(Secret::from_env("SESSION_SECRET")?))?;
    Ok(match (std::env::var("MICRODOT_KEY"), std::env::var("MICRODOT_SINCE")) {
        (Ok(key), Ok(since)) => {
            let since = UnixTime::from_secs(since.parse()?);
            builder.dangerous_migrate_weak_microdot(key, since).build()?
        }
        _ => builder.build()?,
    })
}

/// With the list of ended sessions that `REVOCATIONS` names, and the absolute
/// limit of `ABSOLUTE_SECS`.
fn limited(mut builder: SealerBuilder) -> Fallible<SealerBuilder> {
    let absolute = match std::env::var("ABSOLUTE_SECS") {
        Ok(secs) => Duration::from_secs(secs.parse()?),
        Err(_) => Duration::from_hours(720),
    };
    builder = builder.absolute_timeout(absolute);
    if let Ok(log) = std::env::var("REVOCATIONS") {
        let list = RevocationList::builder(Store::from_str(&log)?).absolute_timeout(absolute);
        builder = builder.revocations(list.open()?);
    }
    Ok(builder)
}

/// The page at `/`, as HTML. Not escaped: the suites send only letters here.
pub fn page(username: Option<&str>) -> String {
    match username {
        Some(name) => format!("Hello <b>{name}</b>!"),
        None => r#"<form method="post"><input name="username"></form>"#.into(),
    }
}

/// The answer to a script, in no framework's words.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The response's own headers, in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// What has to be there before it is sent, so that a test can do something
    /// while the request is served.
    wait_for: Option<PathBuf>,
}

impl Answer {
    /// Waits until the response may be sent; a minute at most.
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

/// The session of a handler, as a script uses it.
pub trait Scripted {
    /// Runs one step of a script; `seen` is what the client gets to see.
    ///
    /// # Errors
    ///
    /// Those of the session, and for a step that does not exist.
    fn step(&self, step: &str, argument: &str, seen: &mut Value) -> Fallible<()>;
}

/// The session types of the integrations have the same methods.
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
                            "rejection": self.rejection().map(|rejection| rejection.as_str()),
                        });
                    }
                    "write" => self.set_data(serde_json::from_str::<Value>(argument)?)?,
                    "insert" => {
                        let (key, value) = argument.split_once(' ').ok_or("insert KEY JSON")?;
                        self.insert(key, serde_json::from_str::<Value>(value)?)?;
                    }
                    "user" => self.set_user(argument),
                    "remember" => self.set_remember(argument.parse()?),
                    "save" => self.save()?,
                    "delete" => self.delete()?,
                    "renew" => self.renew(),
                    _ => return Err(format!("no such step: {step}").into()),
                }
                Ok(())
            }
        }
    )*};
}

scripted! { waxseal::Session waxseal_picoserve::Session }

/// Runs the script in the body of a request; `session` asks for the session of the
/// request, only when a step needs it.
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
            "status" => answer.status = argument.parse()?,
            _ => session()?.step(step, argument, &mut seen)?,
        }
    }
    Ok(seen)
}
