//! Interleaved rounds: each measures every subject once, so that a machine that
//! grows slower or faster does so for all of them.

use std::{hint::black_box, time::Instant};

/// Calls in one measurement.
const BATCH: u32 = 400;

#[derive(Default)]
pub(crate) struct Rounds(Vec<Subject>);

struct Subject {
    group: &'static str,
    name: &'static str,
    call: Box<dyn FnMut()>,
    nanos: Vec<f64>,
    allocations: u64,
}

impl Rounds {
    /// Adds what is to be measured. `call` is called once more than measured.
    pub(crate) fn add<R>(
        &mut self,
        group: &'static str,
        name: &'static str,
        mut call: impl FnMut() -> R + 'static,
    ) {
        let mut call = move || drop(black_box(call()));
        call();
        let allocations = allocation_counter::measure(&mut call).count_total;
        self.0.push(Subject { group, name, call: Box::new(call), nanos: Vec::new(), allocations });
    }

    pub(crate) fn run(&mut self, rounds: usize) {
        for _ in 0..rounds {
            for subject in &mut self.0 {
                let start = Instant::now();
                for _ in 0..BATCH {
                    (subject.call)();
                }
                subject.nanos.push(start.elapsed().as_nanos() as f64 / f64::from(BATCH));
            }
        }
        for subject in &mut self.0 {
            subject.nanos.sort_by(f64::total_cmp);
        }
    }

    pub(crate) fn print(&self, floors: &[(&str, &str)]) {
        println!("| what | min ns | median ns | allocations | x floor |");
        println!("|---|---|---|---|---|");
        for subject in &self.0 {
            let floor = floors.iter().find(|(group, _)| *group == subject.group);
            let floor = floor.and_then(|(_, name)| self.0.iter().find(|known| known.name == *name));
            let ratio = floor.map_or(f64::NAN, |floor| subject.min() / floor.min());
            println!(
                "| {} | {:.0} | {:.0} | {} | {ratio:.2} |",
                subject.name,
                subject.min(),
                subject.nanos[subject.nanos.len() / 2],
                subject.allocations,
            );
        }
    }
}

impl Subject {
    fn min(&self) -> f64 {
        self.nanos[0]
    }
}
