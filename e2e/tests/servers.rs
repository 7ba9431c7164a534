//! The login page on one server after the other, each an example that a reader
//! can run.

use std::process::Command;

use e2e::{
    program::heavy_example,
    server::{Dialect, Server},
};

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

            e2e::conformance! { crate::start($example, crate::Dialect::Waxseal);
                names_are_escaped
                a_name_too_long_sends_nothing
            }
        }
    )*};
}

login! {
    hyper: "login-hyper"
    salvo: "login-salvo"
    warp: "login-warp"
}
