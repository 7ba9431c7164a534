//! Black-box suites: they drive servers from outside, over sockets, and know
//! nothing of how these are made.
//!
//! | file | what lives here |
//! |---|---|
//! | `server.rs` | a server as a child process |
//! | `client.rs` | an HTTP client, and a browser's cookie jar |
//! | `visitor.rs` | somebody at the login page |
//! | `program.rs` | the programs of the workspace |
//! | `grpc.rs` | a gRPC client of the service `waxseal.Whoami` |
//! | `redis.rs` | a Redis server, and a wire to it that can be cut |
//! | `mint.rs` | a second implementation of the tokens, to forge with |
//! | `conformance/` | what every face must do |
//! | `serve.rs` | what the servers under test share |
//! | `bin/serve-*.rs` | one server for each face, to the contract below |
//!
//! # The contract of a server under test
//!
//! It is started with `SESSION_SECRET`, and with `--microdot` where Microdot's
//! cookie is meant; it listens on a port of 127.0.0.1 that the system gave it,
//! and the first line of its output that holds `http://` ends with its
//! address.
//!
//! - `GET /` answers `Hello <b>NAME</b>!` with the session's `username`, or a
//!   form with the field `username`; `POST /` with that field renews, saves and
//!   redirects to `/`; `POST /logout` deletes and redirects.
//! - `POST /script` does what the lines of its body say, in their order, and
//!   answers with what the last `read` or `state` saw, as JSON. A step that
//!   fails is a 500 whose body is the error.
//!
//! | line | step |
//! |---|---|
//! | `read` | all data |
//! | `state` | `new`, `user`, `issued`, `expires`, `rejection` |
//! | `write JSON` | replaces all data |
//! | `insert NAME JSON` | sets a member |
//! | `user NAME` | says whose session it is |
//! | `remember true`, `remember false` | whether the cookie outlives the browser |
//! | `save`, `delete`, `renew` | what they say |
//! | `header NAME: VALUE` | the response's own header |
//! | `status CODE` | the response's status |
//! | `wait-for PATH` | the response, when all is done, waits until there is such a file; meanwhile there is one that ends in `.waiting` |
//!
//! `REVOCATIONS` names the list of sessions that have ended early, and
//! `ABSOLUTE_SECS` the absolute limit. Where `MICRODOT_KEY` and `MICRODOT_SINCE` are set, Microdot's cookie is
//! accepted, too, and taken over.
//!
//! A script that names no step of the session never asks for it.

#![allow(
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "a check that fails panics, and every function here is for checks"
)]

pub mod client;
pub mod conformance;
#[cfg(feature = "servers")]
pub mod grpc;
pub mod mint;
pub mod program;
pub mod redis;
pub mod serve;
pub mod server;
pub mod visitor;
