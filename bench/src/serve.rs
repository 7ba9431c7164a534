//! The servers under load, each with one thread in its own process. `GET /login` sets the session,
//! and `GET /` responds with the name in it.

use std::convert::identity;

use axum::{Router, routing::get};
use tokio::net::TcpListener;
use waxseal::{Session, SessionError, SessionLayer, UnixTime};

use crate::{
    by_hand, ours,
    subject::{Data, SECRET, data},
};

/// Listens on a free port and prints its address. Exits when its standard input is closed, and so
/// when its parent exits.
pub(crate) fn run(what: &str) {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        axum::serve(listener, router(what)).await.unwrap();
    });
}

fn router(what: &str) -> Router {
    match what {
        "axum, bare" => Router::new().route("/", get(async || "susan")),
        "the floor in the handler" => by_hand::floor(identity),
        "waxseal, opened by the handler" => by_hand::opens(UnixTime::now, identity),
        "waxseal, read" => waxseal(get(async |session: Session| -> Result<String, SessionError> {
            Ok(session.get("username")?.expect("a session"))
        })),
        "waxseal, saved" => {
            waxseal(get(async |session: Session| -> Result<String, SessionError> {
                session.insert("username", "susan")?;
                session.save()?;
                Ok(session.get("username")?.expect("a session"))
            }))
        }
        "tower-sessions, memory" => tower_sessions(),
        "seshcookie" => seshcookie(),
        _ => panic!("no server {what:?}"),
    }
}

fn waxseal(index: axum::routing::MethodRouter) -> Router {
    async fn login(session: Session) -> Result<(), SessionError> {
        session.set_data(data())?;
        session.save()
    }
    let router = Router::new().route("/", index).route("/login", get(login));
    router.layer(SessionLayer::new(ours::sealer()))
}

fn tower_sessions() -> Router {
    async fn index(session: tower_sessions::Session) -> String {
        session.get::<Data>("data").await.unwrap().expect("a session").username
    }
    async fn login(session: tower_sessions::Session) {
        session.insert("data", data()).await.unwrap();
    }
    let store = tower_sessions::MemoryStore::default();
    let router = Router::new().route("/", get(index)).route("/login", get(login));
    router.layer(tower_sessions::SessionManagerLayer::new(store))
}

fn seshcookie() -> Router {
    async fn index(session: seshcookie::Session<Data>) -> String {
        session.get().await.expect("a session").username
    }
    async fn login(session: seshcookie::Session<Data>) {
        session.insert(data()).await;
    }
    let keys = seshcookie::SessionKeys::new(&SECRET).unwrap();
    let config = seshcookie::SessionConfig::default();
    let router = Router::new().route("/", get(index)).route("/login", get(login));
    router.layer(seshcookie::SessionLayer::<Data>::new(keys, config).unwrap())
}
