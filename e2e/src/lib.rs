//! Black-box suites: they test servers from outside, over sockets, independently of the
//! implementation.
//!
//! | file | contents |
//! |---|---|
//! | `server.rs` | a server as a child process |
//! | `client.rs` | an HTTP client, and a browser's cookie jar |
//! | `visitor.rs` | a user at the login page |
//! | `program.rs` | the programs of the workspace |
//! | `browser.rs` | a real browser, of two engines |
//! | `another_site.rs` | a page of another site |
//! | `device/` | a device that proves the possession of a key, and the probe of a browser that does |
//! | `https.rs` | a server with https |
//! | `grpc.rs` | a gRPC client of the service `waxseal.Whoami` |
//! | `mint.rs` | a second implementation of the tokens, for forgeries |
//! | `conformance/` | the rules that every integration must follow |
//! | `redis.rs`, `postgres.rs` | a store as a child process |
//! | `authority.rs`, `proxy.rs` | certificates of a store, and a proxy before it |
//! | `lists.rs` | lists that share a store |
//! | `nginx.rs` | nginx as a gateway |
//! | `pages.rs` | the documentation |
//! | `serve.rs` | the code that all servers under test share |
//! | `bin/serve-*.rs` | one server per integration, with the contract below |
//!
//! # The contract of a server under test
//!
//! The server is started with `SESSION_SECRET`, and for Microdot's format with
//! `--microdot`. It listens on a free port of 127.0.0.1, and the first line of its
//! output that contains `http://` ends with its address.
//!
//! - `GET /` answers `Hello <b>NAME</b>!` with the session's `username`, or a
//!   form with the field `username`; `POST /` with that field renews, saves and
//!   redirects to `/`; `POST /logout` deletes and redirects.
//! - `POST /script` runs the lines of its body in order, and responds with the
//!   result of the last `read` or `state` as JSON. If a step fails, the response is
//!   a 500 with the error as its body.
//!
//! | line | step |
//! |---|---|
//! | `read` | returns all data |
//! | `state` | returns `new`, `user`, `issued`, `expires`, `rejection` |
//! | `write JSON` | replaces all data |
//! | `insert KEY JSON` | sets an entry |
//! | `user NAME` | sets the user of the session |
//! | `remember true`, `remember false` | sets whether the cookie is kept when the browser closes |
//! | `save`, `delete`, `renew` | calls the method of that name |
//! | `revoke-others` | revokes all other sessions of the user |
//! | `readiness` | returns `state`, `sessions`, `without_user`, `pending`, `error` of the revocation list |
//! | `header NAME: VALUE` | adds a header to the response |
//! | `status CODE` | sets the status of the response |
//! | `wait-for PATH` | creates a file with the extension `.waiting`, and sends the response once the file PATH exists |
//!
//! `REVOCATIONS` names the revocation store, `MAX_SESSIONS` limits the revocation list, and
//! `ABSOLUTE_SECS` is the absolute timeout. If `MICRODOT_KEY` and `MICRODOT_SINCE` are set,
//! Microdot's cookie is migrated.
//!
//! A script without session steps does not open the session.

#![allow(
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "every function is for tests, which panic on failure"
)]

#[cfg(feature = "browser")]
pub mod another_site;
#[cfg(feature = "stores")]
pub mod authority;
#[cfg(feature = "browser")]
pub mod browser;
pub mod client;
pub mod conformance;
#[cfg(feature = "device-bound")]
pub mod device;
#[cfg(feature = "servers")]
pub mod grpc;
#[cfg(feature = "device-bound")]
pub mod https;
#[cfg(feature = "stores")]
pub mod lists;
pub mod mint;
#[cfg(feature = "gateway")]
pub mod nginx;
pub mod pages;
#[cfg(feature = "stores")]
pub mod postgres;
pub mod program;
#[cfg(feature = "stores")]
pub mod proxy;
#[cfg(feature = "stores")]
pub mod redis;
pub mod serve;
pub mod server;
pub mod visitor;
