//! A firmware that only allocates memory, the baseline for the size of `core`.

#![no_std]
#![no_main]

extern crate alloc;

use alloc::vec::Vec;
use core::hint::black_box;

use cortex_m_rt::entry;

#[entry]
fn main() -> ! {
    firmware::run(|| {
        let some = Vec::<u8>::with_capacity(black_box(8));
        black_box(&some);
        Ok::<_, &str>(())
    })
}
