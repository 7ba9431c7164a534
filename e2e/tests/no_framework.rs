//! The example `login-std`, the pattern for a new integration.

use std::process::Command;

use e2e::{
    program::example,
    server::{Format, Server},
};

fn start(format: Format) -> Server {
    Server::start(&mut Command::new(example("login-std")), format)
}

mod waxseal {
    e2e::conformance_of_a_login!(super::start(super::Format::Waxseal));
}

mod microdot {
    e2e::conformance_of_a_login!(super::start(super::Format::Microdot));
}

e2e::conformance_of_a_form!(start(Format::Waxseal));

e2e::conformance! { start(Format::Waxseal);
    names_are_escaped
    a_username_that_is_too_long_sends_no_cookie
}

/// `docs/integrations.md` shows code of the example, which must stay short.
#[test]
fn the_documentation_shows_the_example() {
    let recipe = include_str!("../../docs/integrations.md");
    let example = include_str!("../../crates/waxseal-core/examples/login-std.rs");
    let (_, code) = recipe.split_once("```rust,ignore\n").expect("the recipe shows code");
    let (code, _) = code.split_once("```").expect("the code ends");
    assert!(example.contains(code), "docs/integrations.md does not match login-std.rs");
    assert!(code.lines().count() <= 30, "{} lines", code.lines().count());
}
