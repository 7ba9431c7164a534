//! The axum integration.

use std::process::Command;

use e2e::{
    mint::Mint,
    server::{Format, Server},
};

fn start(format: Format) -> Server {
    Server::start(&mut Command::new(env!("CARGO_BIN_EXE_serve-axum")), format)
}

fn start_encrypted() -> Server {
    let mut command = Command::new(env!("CARGO_BIN_EXE_serve-axum"));
    Server::start_minted(&mut command, Format::Waxseal, Mint::encrypted())
}

mod waxseal {
    e2e::conformance!(super::start(super::Format::Waxseal));
}

mod encrypted {
    e2e::conformance!(super::start_encrypted());
}

mod microdot {
    e2e::conformance!(super::start(super::Format::Microdot));
}
