//! Whether the time to refuse a token depends on the correct tag, or on whether the encrypted
//! padding is valid: the method of dudect (Reparaz, Balasch and Verbauwhede: "Dude, is my code
//! constant time?", 2017). Two classes of wrong tokens are measured in random order, and Welch's
//! t-test compares their times.
//!
//! The MAC of a token costs the same for both classes, because all tokens have the same length. Two
//! programs that leak are measured, too: the test must find both.

mod statistics;
mod subjects;

use std::{
    hint::black_box,
    sync::atomic::{Ordering, fence},
    time::Instant,
};

use self::{
    statistics::{Times, largest_t},
    subjects::{Subject, subjects},
};

/// Above it, times of both classes differ (the bound of dudect). A leak passes it by far: t grows
/// with the square root of the number of measurements.
const BOUND: f64 = 4.5;

/// Noise of the machine can pass the bound, but not every time.
const RUNS: usize = 3;

const MEASUREMENTS: usize = 400_000;

/// How the two classes differ. Every token is new, so that all tags are uniformly random: the
/// decoding time depends on the characters of the tag, which are no secret.
#[derive(Clone, Copy, PartialEq)]
enum Classes {
    /// The first byte of the tag is wrong, or the last one.
    FirstOrLast,
    /// One byte of the tag is wrong, or nearly all.
    OneOrAll,
    /// Under random wrong tags, the padding is valid or invalid.
    Paddings,
}

impl Classes {
    const fn name(self) -> &'static str {
        match self {
            Self::FirstOrLast => "the first or the last byte is wrong",
            Self::OneOrAll => "one byte is wrong, or nearly all",
            Self::Paddings => "a valid or an invalid padding under a wrong tag",
        }
    }
}

/// Measures every subject, prints the results, and panics if one leaks, or if the comparison
/// that does leak is not found.
pub(crate) fn run() {
    statistics::check();
    println!("| tag of | classes | t of each run | verdict |\n|---|---|---|---|");
    let mut failures = Vec::new();
    for mut subject in subjects() {
        for classes in [Classes::FirstOrLast, Classes::OneOrAll, Classes::Paddings] {
            if classes == Classes::Paddings && !subject.mint.is_encrypted() {
                continue;
            }
            let mut runs = Vec::new();
            while runs.len() < RUNS && runs.iter().all(|t: &f64| t.abs() > BOUND) {
                runs.push(t(&mut subject, classes));
            }
            let leaks = runs.iter().all(|t| t.abs() > BOUND);
            let verdict = if leaks { "depends on the class" } else { "no difference" };
            let runs: Vec<_> = runs.iter().map(|t| format!("{t:.2}")).collect();
            println!("| {} | {} | {} | {verdict} |", subject.name, classes.name(), runs.join(", "));
            if leaks != subject.leaks(classes) {
                failures.push(format!("{}, {}: {verdict}", subject.name, classes.name()));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// The largest t of one run, with its sign.
fn t(subject: &mut Subject, classes: Classes) -> f64 {
    let (mut random, mut times) = (Random::new(), Times::default());
    for at in 0..MEASUREMENTS + MEASUREMENTS / 10 {
        // Inputs of both classes are made for each measurement, in random order: the work before it
        // and the address of the input say nothing about the class.
        let [is_second, is_second_first] = [(); 2].map(|()| random.below(2) == 1);
        let inputs = [is_second_first, !is_second_first]
            .map(|is_second| subject.input(classes, is_second, &mut random));
        let input = &inputs[usize::from(is_second != is_second_first)];
        // The input is in memory before the measurement starts.
        fence(Ordering::SeqCst);
        let start = Instant::now();
        let is_accepted = (subject.accepts)(black_box(input.as_bytes()));
        let nanoseconds = start.elapsed().as_nanos();
        assert!(!is_accepted, "{} accepts a wrong tag", subject.name);
        // The first measurements fill the caches.
        if at >= MEASUREMENTS / 10 {
            times.add(is_second, nanoseconds as f64);
        }
    }
    largest_t(&times)
}

/// SplitMix64, with a seed of the operating system.
struct Random(u64);

impl Random {
    fn new() -> Self {
        Self(getrandom::u64().expect("random bits"))
    }

    fn below(&mut self, limit: usize) -> usize {
        // The high bits: a product of two numbers below 2^32.
        ((self.next() >> 32) as usize * limit) >> 32
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.below(256) as u8)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
