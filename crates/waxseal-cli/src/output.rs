//! What a person reads, on standard output.

use std::io::Write as _;

use crate::failure::Failure;

/// Prints text, in colour only on a terminal. A reader who has gone, or a disk
/// that is full, is a failure and no panic.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut output = anstream::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()?;
    Ok(())
}
