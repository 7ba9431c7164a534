//! The performance targets, compared with one run.

use std::fmt::Write as _;

use crate::{
    floor::{MAC, OPEN, SAVE},
    form,
    growth::PAYLOADS,
    report::Run,
    requests,
    socket::READ,
};

/// One target and its measured value.
pub(crate) struct Asked {
    what: &'static str,
    bar: &'static str,
    measured: String,
    met: bool,
}

/// A target of at most `limit`.
pub(crate) fn at_most(what: &'static str, bar: &'static str, limit: f64, measured: f64) -> Asked {
    Asked { what, bar, measured: format!("{measured:.3}"), met: measured <= limit }
}

/// A target of at least `limit`.
pub(crate) fn at_least(what: &'static str, bar: &'static str, limit: f64, measured: f64) -> Asked {
    Asked { what, bar, measured: format!("{measured:.3}"), met: measured >= limit }
}

impl Asked {
    /// Adds a target of at most `limit` allocations.
    fn allocating(mut self, limit: u64, measured: u64) -> Self {
        let _ = write!(self.measured, ", {measured} allocations");
        self.met &= measured <= limit;
        self
    }
}

pub(crate) fn table(asked: Vec<Asked>) -> String {
    let mut table = String::from("| what | target | measured | |\n|---|---|---|---|\n");
    for Asked { what, bar, measured, met } in asked {
        let met = if met { "met" } else { "**not met**" };
        let _ = writeln!(table, "| {what} | {bar} | {measured} | {met} |");
    }
    table
}

/// The targets for opening and sealing.
pub(crate) fn asked(run: &Run) -> Vec<Asked> {
    let rows = &run.rows;
    let open = rows.ratio("waxseal: open", OPEN);
    let (bad, large) = ("waxseal: a bad MAC", "waxseal: 8 KB");
    let (nothing, untouched) = (requests::NO_OP, "axum: waxseal untouched");
    let added = rows.row(untouched).allocations.abs_diff(rows.row(nothing).allocations);
    let read = run.floors_over_no_op(requests::READ);
    let jsonwebtoken = f64::min(rows.ratio("jsonwebtoken", OPEN), run.aws_lc) / open;
    let jar = rows.ratio("cookie-rs signed jar + serde_json", "waxseal: open");
    let keys = ["the first other", "the last"].map(|which| {
        rows.ratio(
            &format!("waxseal: 1 + 64 keys, {which}"),
            "waxseal: 1 + 64 keys, the signing key",
        )
    });
    vec![
        at_most("open a verified session, over the floor", "≤ 1.18", 1.18, open),
        at_most(
            "`get` of one string after that, over the same floor",
            "≤ 0.10",
            0.10,
            rows.ratio("waxseal: get of a String alone", OPEN),
        ),
        at_most("save, over its floor", "≤ 1.3", 1.3, rows.ratio("waxseal: save", SAVE)),
        at_least("times faster than jsonwebtoken's faster backend", "≥ 3.5", 3.5, jsonwebtoken),
        at_least("times faster than cookie-rs's signed jar with serde_json", "≥ 1.6", 1.6, jar),
        at_most(
            "a rejected MAC, over the MAC's floor",
            "≤ 1.35, no allocation",
            1.35,
            rows.ratio(bad, MAC),
        )
        .allocating(0, rows.row(bad).allocations),
        at_most(
            "an oversized cookie, over the MAC's floor",
            "≤ 0.5, no allocation",
            0.5,
            rows.ratio(large, MAC),
        )
        .allocating(0, rows.row(large).allocations),
        at_most(
            "axum, session untouched, over a no-op layer",
            "≤ 1.25, 3 allocations more",
            1.25,
            rows.ratio(untouched, nothing),
        )
        .allocating(3, added),
        at_most("axum, session read: floors more than a no-op layer", "≤ 2.2", 2.2, read),
        at_least(
            "over a socket: requests per second, read over bare",
            "≥ 0.85",
            0.85,
            run.over_bare(READ),
        ),
        at_least(
            "over a socket: read over the best peer with sessions",
            "> 1",
            1.0,
            run.rate(READ) / f64::max(run.rate("tower-sessions, memory"), run.rate("seshcookie")),
        ),
        at_most(
            "any of 64 keys that only verify, over the signing key",
            "≤ 1.1",
            1.1,
            f64::max(keys[0], keys[1]),
        ),
        at_most(
            "growth per byte, one string: over hash, base64 and a skipping parse",
            "≤ 1.2",
            1.2,
            slope(run, "one string"),
        ),
        at_most(
            "growth per byte, sixty entries: over hash, base64 and a serde map",
            "≤ 1.0",
            1.0,
            slope(run, "sixty entries"),
        ),
        at_most(
            "a form of 2 MB that no cookie can hold, in milliseconds",
            "≤ 2",
            2.0,
            form::millis(),
        ),
    ]
}

/// The cost per byte as a multiple of the floor's, from the smallest payload to the largest.
fn slope(run: &Run, shape: &str) -> f64 {
    let grown = |subject: &str| {
        let at = |bytes: usize| run.rows.min(&format!("{subject}: {shape}, {bytes} B"));
        at(PAYLOADS[PAYLOADS.len() - 1]) - at(PAYLOADS[0])
    };
    grown("waxseal") / grown("floor")
}
