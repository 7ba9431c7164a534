//! Lines of any bytes from standard input, in constant memory.

use std::io::{self, BufRead, Read as _};

/// Reads lines and keeps only their first `limit` bytes: enough to recognize a line that
/// is too long.
pub(crate) struct Lines<R> {
    input: R,
    line: Vec<u8>,
    limit: u64,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(input: R, limit: usize) -> Self {
        Self { input, line: Vec::new(), limit: limit.try_into().unwrap_or(u64::MAX) }
    }

    /// The next line without its end; `None` after the last.
    pub(crate) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        let mut start = self.input.by_ref().take(self.limit);
        if start.read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        if !self.line.ends_with(b"\n") {
            self.input.skip_until(b'\n')?;
        }
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_off_at_the_limit() {
        let input = io::BufReader::with_capacity(3, &b"ab\n\nabcdefgh\r\nx\r\nwxyz\n\xff"[..]);
        let mut lines = Lines::new(input, 4);
        for expected in [&b"ab"[..], b"", b"abcd", b"x", b"wxyz", b"\xff"] {
            assert_eq!(lines.next().unwrap(), Some(expected));
        }
        assert_eq!(lines.next().unwrap(), None);
    }
}
