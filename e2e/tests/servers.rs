//! The login page on one server after the other, each an example that a reader
//! can run.

use std::process::Command;

use e2e::{
    client::{Client, Jar},
    program::heavy_example,
    server::{Dialect, Server},
};

const NOBODY: [&str; 0] = [];

fn start(example: &'static str, dialect: Dialect) -> Server {
    Server::start(&mut Command::new(heavy_example(example)), dialect)
}

macro_rules! login {
    ($($module:ident: $example:literal)*) => {$(
        mod $module {
            mod waxseal {
                e2e::conformance_of_a_login!(crate::start($example, crate::Dialect::Waxseal));
            }

            mod microdot {
                e2e::conformance_of_a_login!(crate::start($example, crate::Dialect::Microdot));
            }

            #[test]
            fn names_are_escaped() {
                crate::names_are_escaped(&crate::start($example, crate::Dialect::Waxseal));
            }
        }
    )*};
}

login! {
    hyper: "login-hyper"
    salvo: "login-salvo"
    warp: "login-warp"
}

fn names_are_escaped(server: &Server) {
    let (client, mut jar) = (Client::of(server), Jar::default());
    jar.take(&client.form("/", "username=%3Cb%3EJos%C3%A9", &NOBODY));
    let page = client.get("/", &jar.cookies()).body;
    assert!(page.contains("José") && !page.contains("<b><b>"), "{page}");
}
