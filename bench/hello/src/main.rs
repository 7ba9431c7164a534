//! A server that says hello. With the feature `waxseal`, it counts the visits in a session.

use axum::{Router, routing::get};
use tokio::net::TcpListener;

#[cfg(feature = "waxseal")]
fn router() -> Router {
    use waxseal::{Sealer, Secret, Session, SessionError, SessionLayer};

    async fn hello(session: Session) -> Result<String, SessionError> {
        let visits = session.get::<u64>("visits")?.unwrap_or(0) + 1;
        session.insert("visits", visits)?;
        session.save()?;
        Ok(format!("Hello, number {visits}!"))
    }
    let secret = Secret::from_env("SESSION_SECRET").expect("a secret");
    let sealer = Sealer::builder(secret).build().expect("a good configuration");
    Router::new().route("/", get(hello)).layer(SessionLayer::new(sealer))
}

#[cfg(not(feature = "waxseal"))]
fn router() -> Router {
    Router::new().route("/", get(async || "Hello!"))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    axum::serve(TcpListener::bind("127.0.0.1:3000").await?, router()).await
}
