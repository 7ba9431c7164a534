//! Revocation lists: the cost per request, the memory and disk usage, and the time until a
//! revocation reaches every server. Runs separately.

mod check;
pub(crate) mod lists;
mod memory;
mod peer;
pub(crate) mod propagation;

use std::{fmt::Write as _, fs};

use waxseal_revocation::RevocationList;

use self::{
    lists::{File, Kind, fill},
    memory::{Taken, fill_up},
    peer::Rates,
    propagation::Propagation,
};
use crate::{
    bars::{self, Asked, at_least, at_most},
    report,
    rounds::{Rounds, Rows},
};

const SMALL: u32 = 1000;
const LARGE: u32 = 1_000_000;

pub(crate) const UNLISTED: &str = "open: without a list";
const LISTED: &str = "open: a million sessions in a list";
const LISTED_CUTS: &str = "open: half a million sessions, half a million users";

/// The lists: the name, and the number of entries of each kind.
const LISTS: [(&str, [u32; 2]); 4] = [
    ("1 000 sessions", [SMALL, 0]),
    ("1 000 000 sessions", [LARGE, 0]),
    ("500 sessions, 500 users", [SMALL / 2; 2]),
    ("500 000 sessions, 500 000 users", [LARGE / 2; 2]),
];

/// All results.
struct Run {
    sessions: Taken,
    users: Taken,
    rows: Rows,
    /// In nanoseconds, in the order of the lists.
    cold: [f64; 4],
    propagation: Propagation,
    rates: Rates,
}

/// Runs the benchmarks and writes docs/benchmarks/revocation.md.
pub(crate) fn write(rounds: usize) {
    let run = Run::new(rounds);
    let table = bars::table(run.asked());
    print!("{table}");
    let Run { sessions, users, propagation, rates, .. } = &run;
    let text = format!(
        include_str!("revocation.md"),
        machine = report::machine(),
        bars = table,
        rows = report::table(&run.rows),
        cold = run.cold(),
        opens_users = users.opens,
        file = sessions.file,
        file_users = users.file,
        most = propagation.most,
        logouts = rates.logouts,
        logouts_of_peer = rates.logouts_of_peer,
        reads = rates.reads,
        reads_of_peer = rates.reads_of_peer,
    );
    let written = fs::write(report::docs().join("benchmarks/revocation.md"), text);
    written.expect("docs can be written");
}

impl Run {
    fn new(rounds: usize) -> Self {
        let full = File::new();
        let sessions = fill_up(&full, Kind::Session);
        let users = fill_up(&File::new(), Kind::User);
        let files = [File::new(), full, File::new(), File::new()];
        let lists = [0, 1, 2, 3].map(|at| {
            let list = files[at].open();
            let [sessions, users] = LISTS[at].1;
            if list.readiness().entries == 0 {
                fill(&list, Kind::Session, 0..sessions);
                fill(&list, Kind::User, sessions..sessions + users);
            }
            list
        });
        let rows = rows(rounds, &lists);
        let cold = [0, 1, 2, 3].map(|at| check::cold(&lists[at]));
        drop(lists);
        let file = File::new();
        let propagation = propagation::run(&file.open(), &file.open());
        let rates = peer::run();
        Self { sessions, users, rows, cold, propagation, rates }
    }

    fn cold(&self) -> String {
        let mut table = String::from("| the check, cold | ns |\n|---|---|\n");
        for ((name, _), nanos) in LISTS.into_iter().zip(self.cold) {
            let _ = writeln!(table, "| {name} | {nanos:.0} |");
        }
        table
    }

    fn asked(&self) -> Vec<Asked> {
        let [small, large, small_cuts, large_cuts] =
            LISTS.map(|(name, _)| self.rows.min(&check_of(name)));
        let Self { sessions, users, propagation, rates, .. } = self;
        let opens =
            f64::max(self.rows.ratio(LISTED, UNLISTED), self.rows.ratio(LISTED_CUTS, UNLISTED));
        vec![
            at_most("the check at 1 000 entries, hot, ns", "≤ 120", 120.0, small.max(small_cuts)),
            at_most("at 1 000 000 entries, hot, ns", "≤ 120", 120.0, large.max(large_cuts)),
            at_most(
                "1 000 000 entries over 1 000 entries: times",
                "≤ 2",
                2.0,
                f64::max(large / small, large_cuts / small_cuts),
            ),
            at_most("open a verified session, over the same without a list", "≤ 1.2", 1.2, opens),
            at_most("memory per session, with a million: bytes", "≤ 80", 80.0, sessions.bytes),
            at_most("the same, just after the tables have grown", "≤ 80", 80.0, sessions.grown),
            at_most("memory per user, with a million: bytes", "≤ 80", 80.0, users.bytes),
            at_most("the same, just after the tables have grown", "≤ 80", 80.0, users.grown),
            at_most("opening a file of a million sessions: seconds", "≤ 1", 1.0, sessions.opens),
            at_most(
                "from the revocation on one server to the rejection on another, median, ms",
                "≤ 300",
                300.0,
                propagation.median,
            ),
            at_most("the same, 99th percentile", "≤ 600", 600.0, propagation.of_100),
            at_least(
                "opened sessions per second, over tower-sessions-sqlx-store: times",
                "≥ 1.5",
                1.5,
                rates.reads / rates.reads_of_peer,
            ),
        ]
    }
}

fn rows(rounds: usize, lists: &[RevocationList; 4]) -> Rows {
    let mut table = Rounds::new(None);
    for ((name, _), list) in LISTS.into_iter().zip(lists) {
        check::hot(&mut table, &check_of(name), list.clone());
    }
    check::open(&mut table, UNLISTED, None);
    check::open(&mut table, LISTED, Some(lists[1].clone()));
    check::open(&mut table, LISTED_CUTS, Some(lists[3].clone()));
    table.run(rounds)
}

/// The name of a row.
fn check_of(list: &str) -> String {
    format!("the check: {list}")
}
