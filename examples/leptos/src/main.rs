//! A login page with Leptos on axum.
//!
//! ```text
//! export SESSION_SECRET="$(openssl rand -base64 32)"
//! cargo run --manifest-path examples/leptos/Cargo.toml  # then open http://localhost:3000
//! ```
//!
//! The page needs no WebAssembly: the browser posts the forms to the server functions.

use std::{env, error::Error};

use login_leptos::app;
use tokio::net::TcpListener;
use waxseal::Secret;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let app = app(Secret::from_env("SESSION_SECRET")?)?;
    let port = env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    // `localhost`, because browsers keep a Secure cookie for it over http.
    println!("Open http://localhost:{}", listener.local_addr()?.port());
    Ok(axum::serve(listener, app).await?)
}
