//! A model test of the protocol: random operations and faults over the real sealers, lists and
//! loop, with a simulated store and simulated clocks, checked against a ledger.
//!
//! `MODEL_STEPS` sets the number of steps, `MODEL_SEED` replays one run. The script
//! `scripts/revocation-rules` takes one rule of the protocol after another out of the code,
//! and expects this test to fail.

mod ledger;
mod link;
mod server;
mod world;

use std::env;

use self::world::World;

/// A generator of random numbers that a seed determines (xorshift64*).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11
    }

    /// A number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_in(&mut self, number: u64) -> bool {
        self.below(number) == 0
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let len = u64::try_from(of.len()).ok().filter(|len| *len > 0)?;
        of.get(usize::try_from(self.below(len)).ok()?)
    }
}

const STEPS_OF_A_RUN: u64 = 400;

#[test]
fn no_acknowledged_revocation_is_accepted() {
    let number = |name| env::var(name).ok().map(|text: String| text.parse::<u64>().unwrap());
    let steps = number("MODEL_STEPS").unwrap_or(100_000);
    let first = number("MODEL_SEED");
    let runs = if first.is_some() { 1 } else { steps / STEPS_OF_A_RUN };
    for seed in (0..runs).map(|run| first.unwrap_or(run)) {
        let mut world = World::new(seed);
        for _ in 0..STEPS_OF_A_RUN {
            world.step();
        }
        world.settle();
    }
}
