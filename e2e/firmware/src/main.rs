//! Checks the core and the login page of the example `login-picoserve` on a
//! microcontroller. Prints each check, and exits with an error if a check fails.

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

/// The error is the name of the check that fails.
type Checked = Result<(), &'static str>;

fn check(what: &'static str, holds: bool) -> Checked {
    hprintln!("{}: {}", if holds { "ok" } else { "failed" }, what);
    holds.then_some(()).ok_or(what)
}

#[entry]
fn main() -> ! {
    firmware::run(|| {
        core_checks::all()?;
        page_checks::all()?;
        #[cfg(feature = "negative")]
        check("this check always fails", false)?;
        Ok::<_, &str>(())
    })
}
