//! The axum integration.

use std::process::Command;

use e2e::server::{Format, Server};

fn start(format: Format) -> Server {
    Server::start(&mut Command::new(env!("CARGO_BIN_EXE_serve-axum")), format)
}

mod waxseal {
    e2e::conformance!(super::start(super::Format::Waxseal));
}

mod microdot {
    e2e::conformance!(super::start(super::Format::Microdot));
}
