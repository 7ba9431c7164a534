//! A firmware that does nothing: what `core` is measured against.

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
