//! Whether the time of refusing a token depends on its wrong tag: the method of dudect (Reparaz,
//! Balasch and Verbauwhede: "Dude, is my code constant time?", 2017). Two classes of tags are
//! measured in random order, and Welch's t-test compares their times.
//!
//! The MAC of a token costs the same for both classes, because only the tag differs. A comparison
//! that ends at the first wrong byte is measured, too: the test must find it.

mod statistics;
mod subjects;

use std::{
    hint::black_box,
    sync::atomic::{Ordering, fence},
    time::Instant,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use self::{
    statistics::{Times, largest_t},
    subjects::{Subject, subjects},
};

/// Above it, times of both classes differ (the bound of dudect). A leak passes it by far: t grows with
/// the square root of the number of measurements.
const BOUND: f64 = 4.5;

/// Noise of the machine can pass the bound, but not every time.
const RUNS: usize = 3;

const MEASUREMENTS: usize = 400_000;

/// The number of tags of both classes.
const POOL: usize = 512;

/// The bytes of every tag: of HMAC-SHA-256, and of half of HMAC-SHA-512.
const TAG_LEN: usize = 32;

/// The characters of an encoded tag.
const TAG_CHARS: usize = 43;

/// What the tags of both classes are.
#[derive(Clone, Copy)]
enum Classes {
    /// The first byte is wrong, or the last one.
    FirstOrLast,
    /// One wrong tag, or random ones.
    FixedOrRandom,
}

impl Classes {
    const fn name(self) -> &'static str {
        match self {
            Self::FirstOrLast => "the first or the last byte is wrong",
            Self::FixedOrRandom => "one wrong tag or random ones",
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
        for classes in [Classes::FirstOrLast, Classes::FixedOrRandom] {
            // A comparison that ends at the first wrong byte does so at the same place for nearly all
            // tags of these classes.
            if subject.leaks && matches!(classes, Classes::FixedOrRandom) {
                continue;
            }
            let mut runs = Vec::new();
            while runs.len() < RUNS && runs.iter().all(|t: &f64| t.abs() > BOUND) {
                runs.push(t(&mut subject, classes));
            }
            let leaks = runs.iter().all(|t| t.abs() > BOUND);
            let verdict = if leaks { "depends on the tag" } else { "no difference" };
            let runs: Vec<_> = runs.iter().map(|t| format!("{t:.2}")).collect();
            println!("| {} | {} | {} | {verdict} |", subject.name, classes.name(), runs.join(", "));
            if leaks != subject.leaks {
                failures.push(format!("{}, {}: {verdict}", subject.name, classes.name()));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// The largest t of one run, with its sign.
fn t(subject: &mut Subject, classes: Classes) -> f64 {
    let mut random = Random::new();
    let pool = pool(subject, classes, &mut random);
    let mut input = subject.input.clone();
    let start_of_tag = input.len() - TAG_CHARS;
    let mut times = Times::default();
    for at in 0..MEASUREMENTS + MEASUREMENTS / 10 {
        let (is_second, tag) = &pool[random.below(POOL)];
        input[start_of_tag..].copy_from_slice(tag.as_bytes());
        // The copy ends before the measurement starts.
        fence(Ordering::SeqCst);
        let start = Instant::now();
        let is_accepted = (subject.accepts)(black_box(&input));
        let nanoseconds = start.elapsed().as_nanos();
        assert!(!is_accepted, "{} accepts a wrong tag", subject.name);
        // The first measurements fill the caches.
        if at >= MEASUREMENTS / 10 {
            times.add(*is_second, nanoseconds as f64);
        }
    }
    largest_t(&times)
}

/// Encoded tags of both classes in random order, so that the address of a tag says nothing about its
/// class.
fn pool(subject: &Subject, classes: Classes, random: &mut Random) -> Vec<(bool, String)> {
    let good = subject.tag();
    let tag = |_| {
        let is_second = random.below(2) == 1;
        let mut tag = good;
        match (classes, is_second) {
            // Another byte: the good one, changed by 1 to 255.
            (Classes::FirstOrLast, false) => tag[0] ^= (random.below(255) + 1) as u8,
            (Classes::FirstOrLast, true) => tag[TAG_LEN - 1] ^= (random.below(255) + 1) as u8,
            (Classes::FixedOrRandom, false) => tag[TAG_LEN / 2] ^= 0x55,
            (Classes::FixedOrRandom, true) => {
                tag = std::array::from_fn(|_| random.below(256) as u8)
            }
        }
        (is_second, BASE64_URL_SAFE_NO_PAD.encode(tag))
    };
    (0..POOL).map(tag).collect()
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

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
