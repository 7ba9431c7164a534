//! The log of a test.

use std::{
    cell::RefCell,
    io::{self, Write},
    sync::Once,
};

thread_local! {
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What this thread logs during `run`. One subscriber for all threads: an event that a thread
/// without a subscriber reaches first would be off for the others, too.
pub(crate) fn logged(run: impl FnOnce()) -> String {
    static INIT: Once = Once::new();
    INIT.call_once(|| tracing_subscriber::fmt().with_writer(|| Log).with_ansi(false).init());
    LOG.take();
    run();
    String::from_utf8(LOG.take()).unwrap()
}
