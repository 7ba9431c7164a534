//! Runs the login page of a microcontroller on this machine.
//!
//! ```text
//! cargo run --example login-picoserve                # then open http://localhost:3000
//! cargo run --example login-picoserve -- --microdot  # with Microdot's cookie
//! ```
//!
//! `SESSION_SECRET` is the secret (random if it is not set), `PORT` the port on
//! 127.0.0.1 (3000).

extern crate alloc;

mod handlers;

use std::{
    env,
    error::Error,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use picoserve::{Config, Server};
use tokio::{net::TcpListener, task::LocalSet};
use waxseal_picoserve::{CookieSpec, RandomError, Sealer, Secret, SessionLayer, UnixTime};

/// The size of the HTTP buffer of each connection, as on a board.
const BUFFER: usize = 4096;

fn sealer() -> Result<Sealer, Box<dyn Error>> {
    let secret = match env::var("SESSION_SECRET") {
        Ok(secret) => secret.into_bytes(),
        Err(env::VarError::NotPresent) => {
            println!("SESSION_SECRET is not set: using a random secret until this process exits.");
            [bits()?, bits()?].concat()
        }
        Err(error) => return Err(format!("SESSION_SECRET: {error}").into()),
    };
    if env::args().any(|argument| argument == "--microdot") {
        return Ok(Sealer::microdot(secret)?);
    }
    let builder = Sealer::builder(Secret::new(secret)?).cookie(CookieSpec::insecure_http());
    // The other headers and a form must fit into the buffer, too.
    Ok(builder.max_token_bytes(BUFFER - 1024).build()?)
}

fn bits() -> Result<[u8; 16], RandomError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|_| RandomError)?;
    Ok(bits)
}

/// On a board, read the real-time clock, or get the time from a server.
fn clock() -> UnixTime {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_secs(since_1970.as_secs())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let app = handlers::app(SessionLayer::new(sealer()?, clock).randomness(bits));
    let port = env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("Open http://localhost:{}", listener.local_addr()?.port());
    let (app, config) = (&*Box::leak(Box::new(app)), &*Box::leak(Box::new(Config::default())));
    let connections = LocalSet::new();
    connections
        .run_until(async {
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    // For example, too many files are open.
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    continue;
                };
                tokio::task::spawn_local(async move {
                    let mut buffer = vec![0; BUFFER];
                    let server = Server::new_tokio(app, config, &mut buffer);
                    if let Err(error) = server.serve(stream).await {
                        eprintln!("{error}");
                    }
                });
            }
        })
        .await
}
