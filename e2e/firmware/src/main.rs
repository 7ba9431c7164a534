//! Sessions on a microcontroller: the core's rules, and the login page of the
//! example `login-picoserve`. Prints each check, and exits with an error if one
//! fails.

#![no_std]
#![no_main]

extern crate alloc;

mod core_checks;
#[path = "../../../crates/waxseal-picoserve/examples/login-picoserve/handlers.rs"]
mod handlers;
mod page_checks;
#[path = "../../../crates/waxseal-picoserve/tests/support/mod.rs"]
mod support;

use cortex_m_rt::entry;
use cortex_m_semihosting::hprintln;

/// Names the check that fails.
type Checked = Result<(), &'static str>;

fn check(what: &'static str, holds: bool) -> Checked {
    hprintln!("{}: {}", if holds { "ok" } else { "not so" }, what);
    holds.then_some(()).ok_or(what)
}

#[entry]
fn main() -> ! {
    firmware::run(|| {
        core_checks::all()?;
        page_checks::all()?;
        #[cfg(feature = "negative")]
        check("this never holds", false)?;
        Ok::<_, &str>(())
    })
}
