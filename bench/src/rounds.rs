//! Interleaved rounds: each round measures every subject once, so that a change in the speed of the
//! machine affects all subjects.

use std::{hint::black_box, time::Instant};

/// The number of calls per measurement.
const BATCH: u32 = 200;

/// The subjects.
pub(crate) struct Rounds {
    only: Option<String>,
    subjects: Vec<Subject>,
}

struct Subject {
    group: &'static str,
    name: String,
    call: Box<dyn FnMut()>,
    nanos: Vec<f64>,
    allocations: u64,
}

/// The results of one subject. Times are per call, in nanoseconds.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) group: &'static str,
    pub(crate) name: String,
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) allocations: u64,
}

impl Rounds {
    /// Starts without subjects. With `only`, skips subjects whose names do not contain it.
    pub(crate) fn new(only: Option<String>) -> Self {
        Self { only, subjects: Vec::new() }
    }

    /// Adds a subject. `call` is also called twice before the measurements.
    pub(crate) fn add<R>(
        &mut self,
        group: &'static str,
        name: impl Into<String>,
        mut call: impl FnMut() -> R + 'static,
    ) {
        let name = name.into();
        if self.only.as_ref().is_some_and(|only| !name.contains(only)) {
            return;
        }
        let mut call = move || drop(black_box(call()));
        call();
        let allocations = allocation_counter::measure(&mut call).count_total;
        let (call, nanos) = (Box::new(call), Vec::new());
        self.subjects.push(Subject { group, name, call, nanos, allocations });
    }

    pub(crate) fn run(mut self, rounds: usize) -> Rows {
        for _ in 0..rounds {
            for subject in &mut self.subjects {
                let start = Instant::now();
                for _ in 0..BATCH {
                    (subject.call)();
                }
                subject.nanos.push(start.elapsed().as_nanos() as f64 / f64::from(BATCH));
            }
        }
        Rows(self.subjects.into_iter().map(Subject::row).collect())
    }
}

impl Subject {
    fn row(mut self) -> Row {
        self.nanos.sort_by(f64::total_cmp);
        Row {
            group: self.group,
            name: self.name,
            min: self.nanos[0],
            median: self.nanos[self.nanos.len() / 2],
            allocations: self.allocations,
        }
    }
}

/// The results of one run.
pub(crate) struct Rows(pub(crate) Vec<Row>);

impl Rows {
    /// The row with this name.
    pub(crate) fn row(&self, name: &str) -> &Row {
        self.0.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no row {name}"))
    }

    pub(crate) fn min(&self, name: &str) -> f64 {
        self.row(name).min
    }

    /// The minimum time of one row as a multiple of another's.
    pub(crate) fn ratio(&self, name: &str, floor: &str) -> f64 {
        self.min(name) / self.min(floor)
    }

    pub(crate) fn group(&self, group: &str) -> impl Iterator<Item = &Row> {
        self.0.iter().filter(move |row| row.group == group)
    }
}
