//! The axum face.

use std::process::Command;

use e2e::server::{Dialect, Server};

fn start(dialect: Dialect) -> Server {
    Server::start(&mut Command::new(env!("CARGO_BIN_EXE_serve-axum")), dialect)
}

mod waxseal {
    e2e::conformance!(super::start(super::Dialect::Waxseal));
}

mod microdot {
    e2e::conformance!(super::start(super::Dialect::Microdot));
}
