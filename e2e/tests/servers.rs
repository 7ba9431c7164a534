//! The login page in the examples for further servers.

use std::process::Command;

use e2e::{
    program::heavy_example,
    server::{Format, Server},
};

fn start(example: &'static str, format: Format) -> Server {
    Server::start(&mut Command::new(heavy_example(example)), format)
}

macro_rules! login {
    ($($module:ident: $example:literal)*) => {$(
        mod $module {
            mod waxseal {
                e2e::conformance_of_a_login!(crate::start($example, crate::Format::Waxseal));
            }

            mod microdot {
                e2e::conformance_of_a_login!(crate::start($example, crate::Format::Microdot));
            }

            e2e::conformance_of_a_form!(crate::start($example, crate::Format::Waxseal));

            e2e::conformance! { crate::start($example, crate::Format::Waxseal);
                names_are_escaped
                a_username_that_is_too_long_sends_no_cookie
            }
        }
    )*};
}

login! {
    hyper: "login-hyper"
    salvo: "login-salvo"
    warp: "login-warp"
}
