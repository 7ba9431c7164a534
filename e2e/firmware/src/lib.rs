//! The code that all firmware binaries share.

#![no_std]

extern crate alloc;

mod platform;

use core::fmt::Display;

use cortex_m_semihosting::{debug, hprintln};
pub use platform::HEAP;

/// Runs `work` with a heap, and exits the emulator, with an error if `work` returns one.
pub fn run<E: Display>(work: impl FnOnce() -> Result<(), E>) -> ! {
    platform::init();
    let result = work();
    hprintln!("heap: {} bytes at its peak", HEAP.peak());
    if let Err(error) = result {
        hprintln!("FAILED: {}", error);
        debug::exit(debug::EXIT_FAILURE);
    }
    debug::exit(debug::EXIT_SUCCESS);
    loop {
        cortex_m::asm::wfi();
    }
}
