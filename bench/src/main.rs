//! Benchmarks of waxseal, compared with the unavoidable hash and with its peers. One process
//! measures interleaved rounds and reports the minimum and the median of each subject. Only ratios
//! within one run are meaningful.
//!
//! `scripts/bench` runs it:
//!
//! ```text
//! bench [ROUNDS]               all benchmarks; writes docs/benchmarks.md
//! bench core [ROUNDS] [NAME]   those without a socket, or only rows whose name contains NAME
//! bench revocation [ROUNDS]    revocation lists; writes docs/benchmarks/revocation.md
//! bench encryption [ROUNDS]    encrypted sessions; writes docs/benchmarks/encryption.md
//! bench devices [ROUNDS]       device-bound sessions; writes docs/benchmarks/devices.md
//! bench stores                 lists in Redis and Postgres; writes docs/benchmarks/stores.md
//! bench constant-time          whether the time to refuse a token depends on the correct tag
//! bench serve WHAT             the server of one subject, for the load
//! bench aws-lc ROUNDS          jsonwebtoken with its other backend
//! ```

mod actix;
mod bars;
mod by_hand;
mod constant_time;
mod devices;
mod encryption;
mod floor;
mod form;
mod growth;
mod load;
mod ours;
mod peers;
mod plots;
mod rates;
mod report;
mod requests;
mod revocation;
mod rounds;
mod serve;
mod socket;
mod stores;
mod subject;
mod svg;

use jsonwebtoken::crypto::{aws_lc, rust_crypto};
use rounds::{Rounds, Rows};

const ROUNDS: usize = 400;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["core", ref rest @ ..] => {
            let rows = core(count(rest.first()), rest.get(1).map(ToString::to_string));
            print!("{}", report::table(&rows));
        }
        ["revocation", ref rest @ ..] => revocation::write(count(rest.first())),
        ["encryption", ref rest @ ..] => encryption::write(count(rest.first())),
        ["devices", ref rest @ ..] => devices::write(count(rest.first())),
        ["stores"] => stores::write(),
        ["form"] => println!("{:.3} ms", form::millis()),
        ["constant-time"] => constant_time::run(),
        ["serve", what] => serve::run(what),
        ["aws-lc", count] => println!("{}", aws_lc(self::count(Some(&count)))),
        [] => report::write(ROUNDS),
        [rounds] => report::write(count(Some(&rounds))),
        _ => panic!("bench [ROUNDS], or see src/main.rs"),
    }
}

fn count(argument: Option<&&str>) -> usize {
    argument.map_or(ROUNDS, |count| count.parse().expect("a number of rounds"))
}

/// The benchmarks without a socket.
fn core(rounds: usize, only: Option<String>) -> Rows {
    rust_crypto::DEFAULT_PROVIDER.install_default().expect("no other provider is installed");
    let mut table = Rounds::new(only);
    floor::add(&mut table);
    ours::add(&mut table);
    peers::add(&mut table);
    requests::add(&mut table);
    actix::add(&mut table);
    growth::add(&mut table);
    table.run(rounds)
}

/// jsonwebtoken with its other backend, in its own process. Returns the multiple of the floor.
fn aws_lc(rounds: usize) -> f64 {
    aws_lc::DEFAULT_PROVIDER.install_default().expect("no other provider is installed");
    let mut table = Rounds::new(None);
    floor::add(&mut table);
    peers::jsonwebtoken(&mut table);
    table.run(rounds).ratio("jsonwebtoken", floor::OPEN)
}
