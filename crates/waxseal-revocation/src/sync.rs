//! The locks and atomics of the list: those of `std`, or, in the tests of `scripts/interleavings`,
//! those of shuttle, which run threads in many orders.

#[cfg(not(all(test, shuttle)))]
pub(crate) use std::sync::{Mutex, MutexGuard, RwLock, atomic};

#[cfg(all(test, shuttle))]
pub(crate) use shuttle::sync::{Mutex, MutexGuard, RwLock, atomic};
