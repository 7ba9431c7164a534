//! The actix-web integration, and the example `login-actix`.

use std::{path::PathBuf, process::Command, sync::LazyLock};

use e2e::{
    client::{Client, Jar},
    mint::Mint,
    program::actix_example,
    server::{Format, Server},
};

const NO_COOKIES: [&str; 0] = [];

fn start(format: Format) -> Server {
    Server::start(&mut Command::new(env!("CARGO_BIN_EXE_serve-actix")), format)
}

fn start_encrypted() -> Server {
    let mut command = Command::new(env!("CARGO_BIN_EXE_serve-actix"));
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

fn start_example(format: Format) -> Server {
    static LOGIN: LazyLock<PathBuf> = LazyLock::new(|| actix_example("login-actix"));
    Server::start(&mut Command::new(&*LOGIN), format)
}

mod login {
    e2e::conformance_of_a_login!(super::start_example(super::Format::Waxseal));
}

mod login_microdot {
    e2e::conformance_of_a_login!(super::start_example(super::Format::Microdot));
}

e2e::conformance_of_a_form!(start_example(Format::Waxseal));

#[test]
fn names_are_escaped() {
    let server = start_example(Format::Waxseal);
    let (client, mut jar) = (Client::of(&server), Jar::default());
    jar.take(&client.form("/", "username=%3Cb%3E%22%26%27Jos%C3%A9&password=wax", &NO_COOKIES));
    let page = client.get("/", &jar.cookies()).body;
    assert!(page.contains("Hello <b>&lt;b&gt;\"&amp;'José</b>!"), "{page}");
}
