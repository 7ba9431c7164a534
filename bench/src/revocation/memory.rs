//! The memory and disk usage of an entry.

use super::lists::{File, Kind, fill, memory};

/// Just after the numbers at which the tables of a list grow.
const GROWN: [u32; 4] = [620_000, 750_000, 930_000, 940_000];

/// The usage with a million entries of a kind.
pub(super) struct Taken {
    /// Bytes of memory per entry.
    pub(super) bytes: f64,
    /// Bytes of memory per entry, just after the tables have grown.
    pub(super) grown: f64,
    /// Seconds to open the file: the minimum of several runs.
    pub(super) opens: f64,
    /// Bytes of the file per entry.
    pub(super) file: f64,
}

/// Fills a file with a million entries.
pub(super) fn fill_up(file: &File, kind: Kind) -> Taken {
    let mut last = 0;
    let mut to = |entries: u32| {
        let list = file.open();
        fill(&list, kind, last..entries);
        assert_eq!(list.readiness().entries, entries as usize);
        last = entries;
        memory(list) / f64::from(entries)
    };
    let grown = GROWN.map(&mut to).into_iter().fold(0.0, f64::max);
    let bytes = to(super::LARGE);
    let opens = (0..5).map(|_| file.opening().as_secs_f64()).fold(f64::INFINITY, f64::min);
    Taken { bytes, grown, opens, file: file.size() as f64 / f64::from(super::LARGE) }
}
