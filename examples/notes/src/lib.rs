//! A complete application on waxseal, as a team would ship it: notes for users with accounts.
//!
//! `cargo run -p notes` serves it on <http://localhost:3000>, with all data in `notes-data`. The
//! first account that signs up is the administrator. `cargo run -p notes -- --help` lists the
//! environment variables.
//!
//! Read the modules in this order:
//!
//! 1. [`config`] reads the environment, and [`keys`] the secrets, from which it builds the sealers;
//! 2. [`app`] puts the routes and the layers together;
//! 3. [`user`] is the extractor of a logged-in user;
//! 4. [`account`] signs up, logs in and out, confirms the user and changes the password;
//! 5. [`devices`] shows where a user is logged in, and ends single sessions;
//! 6. [`notes`] is the application itself, and [`live`] its WebSocket;
//! 7. [`admin`] is an area with a second, stricter session;
//! 8. [`sign_in_with`] logs in with a provider, and [`provider`] is a small provider;
//! 9. [`operations`] tells a load balancer and Prometheus about this server.
//!
//! All of them use [`database`], [`password`], [`page`] and [`failure`].

#![allow(
    missing_debug_implementations,
    missing_docs,
    clippy::missing_errors_doc,
    clippy::must_use_candidate,
    reason = "only the program and its tests use this library"
)]

pub mod account;
pub mod admin;
pub mod app;
pub mod config;
pub mod database;
pub mod devices;
pub mod failure;
pub mod keys;
pub mod live;
pub mod notes;
pub mod operations;
pub mod page;
pub mod password;
pub mod provider;
pub mod sign_in_with;
pub mod user;
