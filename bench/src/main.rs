//! How fast waxseal opens and seals, beside the hash it cannot avoid and beside
//! its peers. One process, interleaved rounds, the minimum and the median of
//! each; only ratios within one run mean anything.
//!
//! `scripts/bench [ROUNDS]` runs it and prints a table.

mod floor;
mod ours;
mod peers;
mod requests;
mod rounds;
mod subject;

use rounds::Rounds;

fn main() {
    let rounds =
        std::env::args().nth(1).map_or(200, |count| count.parse().expect("a number of rounds"));
    let mut table = Rounds::default();
    floor::add(&mut table);
    ours::add(&mut table);
    peers::add(&mut table);
    requests::add(&mut table);
    table.run(rounds);
    table.print(&[
        ("open", "floor: open"),
        ("save", "floor: save"),
        ("reject", "floor: MAC"),
        ("request", "axum: a no-op layer"),
    ]);
}
