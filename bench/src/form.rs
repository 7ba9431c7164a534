//! A form of 2 MB that no cookie can hold: what a handler pays before the error.

use std::{collections::BTreeMap, hint::black_box, time::Instant};

use waxseal_core::OpenSession;

use crate::ours;

const FIELDS: usize = 60_000;
const BYTES: usize = 2 << 20;
const CALLS: usize = 20;

/// The milliseconds of the slowest way to store the form: all fields at once, field by field, or
/// one field with all bytes.
pub(crate) fn millis() -> f64 {
    let sealer = ours::sealer();
    let text = "x".repeat(BYTES / FIELDS - 10);
    let form: BTreeMap<_, _> = (0..FIELDS).map(|at| (format!("field{at:05}"), &text)).collect();
    let whole = "x".repeat(BYTES);
    let open = || OpenSession::open(&sealer, [], ours::now()).unwrap();
    let at_once = fastest(|| open().set_data(&form).is_err());
    let field_by_field = fastest(|| {
        let mut session = open();
        form.iter().any(|(key, value)| session.insert(key, value).is_err())
    });
    let one_field = fastest(|| open().insert("field", &whole).is_err());
    [at_once, field_by_field, one_field].into_iter().fold(0.0, f64::max)
}

fn fastest(call: impl Fn() -> bool) -> f64 {
    let time = |_| {
        let start = Instant::now();
        assert!(black_box(call()), "the form is refused");
        start.elapsed().as_secs_f64() * 1000.0
    };
    (0..CALLS).map(time).fold(f64::INFINITY, f64::min)
}
