//! What all servers under test share: all of the contract that a framework has
//! no part in.

use std::{error::Error, path::PathBuf, str::FromStr as _, time::Duration};

use serde_json::{Map, Value, json};
use waxseal::{Handle, Sealer, SealerBuilder, Secret, SessionError, UnixTime};
use waxseal_core::Share;
use waxseal_revocation::{Log, RevocationList};

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
            builder.dangerous_accept_weak_microdot(key, since).build()?
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
    builder = builder.absolute(absolute);
    if let Ok(log) = std::env::var("REVOCATIONS") {
        let list = RevocationList::builder(Log::from_str(&log)?).absolute_limit(absolute);
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

/// Runs the script that is the body of a request; `session` asks for the
/// request's session, which is done only for a step that needs it.
pub fn script<S: Share>(body: &[u8], session: impl Fn() -> Fallible<Handle<S>>) -> Answer {
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

fn run<S: Share>(
    body: &[u8],
    session: impl Fn() -> Fallible<Handle<S>>,
    answer: &mut Answer,
) -> Fallible<Value> {
    let mut seen = Value::Null;
    for line in std::str::from_utf8(body)?.lines() {
        let (step, rest) = line.split_once(' ').unwrap_or((line, ""));
        match step {
            "header" => {
                let (name, value) = rest.split_once(": ").ok_or("a header without a colon")?;
                answer.headers.push((name.into(), value.into()));
                continue;
            }
            "wait-for" => {
                answer.wait_for = Some(rest.into());
                continue;
            }
            "status" => {
                answer.status = rest.parse()?;
                continue;
            }
            _ => {}
        }
        let session = session()?;
        match step {
            "read" => seen = session.data::<Map<String, Value>>()?.into(),
            "state" => {
                seen = json!({
                    "new": session.is_new(),
                    "user": session.user(),
                    "started": session.started_at().map(|time| time.as_secs()),
                    "expires": session.expires_at().map(|time| time.as_secs()),
                    "rejection": session.rejection().map(|rejection| rejection.as_str()),
                });
            }
            "write" => session.set_data(serde_json::from_str::<Value>(rest)?)?,
            "insert" => {
                let (name, value) = rest.split_once(' ').ok_or("insert NAME JSON")?;
                session.insert(name, serde_json::from_str::<Value>(value)?)?;
            }
            "user" => session.set_user(rest),
            "remember" => session.set_remember(rest.parse()?),
            "save" => session.save()?,
            "delete" => session.delete(),
            "renew" => session.renew(),
            _ => return Err(format!("no such step: {step}").into()),
        }
    }
    Ok(seen)
}
