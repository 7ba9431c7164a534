//! Revocation lists of several servers, in Redis and in Postgres: the time until a revocation
//! reaches every server, the time to open a list, and the rates of logouts and reads. Runs
//! separately, and needs both programs.

mod peer;
mod server;

use std::fs;

use self::{
    peer::Peer,
    server::{Kind, Server},
};
use crate::{
    bars::{self, at_least, at_most},
    rates::{self, TASKS},
    report,
    revocation::{
        lists::{self, fill},
        propagation::{self, Propagation},
    },
};

const LARGE: u32 = 1_000_000;
/// How often a server opens the list of that size.
const OPENINGS: usize = 3;
/// The numbers of servers that log sessions out at the same time.
const SERVERS: [u32; 3] = [1, 2, 4];
/// The number of sessions that are logged out.
const LOGOUTS: u32 = TASKS * 200;
/// The number of sessions that are opened with the list.
const OPENED: u32 = 500_000;

/// The results of one store.
struct Figures {
    kind: Kind,
    version: String,
    propagation: Propagation,
    /// Seconds to open a list of a million sessions: the minimum of several runs.
    opens: f64,
    /// Logouts per second, for each number of servers.
    logouts: [f64; 3],
    /// Opened sessions per second.
    reads: f64,
    peer: Peer,
}

/// Runs the benchmarks and writes docs/benchmarks/stores.md.
pub(crate) fn write() {
    let [redis, postgres] = [Kind::Redis, Kind::Postgres].map(Figures::new);
    let tables = [&redis, &postgres].map(|figures| figures.table());
    tables.iter().for_each(|table| println!("{table}"));
    let text = format!(
        include_str!("stores.md"),
        machine = report::machine(),
        redis = redis.version,
        postgres = postgres.version,
        bars_redis = tables[0],
        bars_postgres = tables[1],
        rates = rates(&redis, &postgres),
        most_redis = redis.propagation.most,
        most_postgres = postgres.propagation.most,
    );
    let written = fs::write(report::docs().join("benchmarks/stores.md"), text);
    written.expect("docs can be written");
}

impl Figures {
    fn new(kind: Kind) -> Self {
        let server = Server::start(kind);
        let version = server.version();
        let propagation = propagation::run(&server.open(), &server.open());

        let server = Server::start(kind);
        fill(&server.open(), lists::Kind::Session, 0..LARGE);
        let openings = (0..OPENINGS).map(|_| server.opening(LARGE));
        let opens = openings.fold(f64::INFINITY, f64::min);

        let server = Server::start(kind);
        let mut next = 0;
        let logouts = SERVERS.map(|servers| {
            let lists: Vec<_> = (0..servers).map(|_| server.open()).collect();
            let first = next;
            next += LOGOUTS;
            rates::logouts(&lists, first..next)
        });
        let reads = rates::reads(server.open(), OPENED);
        let peer = peer::run(&server, LOGOUTS);
        Self { kind, version, propagation, opens, logouts, reads, peer }
    }

    fn table(&self) -> String {
        let Self { propagation, opens, reads, peer, .. } = self;
        let beside_peer = match self.kind {
            Kind::Redis => "opened sessions per second, over tower-sessions-redis-store: times",
            Kind::Postgres => "opened sessions per second, over tower-sessions-sqlx-store: times",
        };
        bars::table(vec![
            at_most(
                "from the revocation on one server to the rejection on another, median, ms",
                "≤ 20",
                20.0,
                propagation.median,
            ),
            at_most("the same, 99th percentile", "≤ 100", 100.0, propagation.of_100),
            at_most("opening a list of a million sessions: seconds", "≤ 3", 3.0, *opens),
            at_least(beside_peer, "≥ 1.5", 1.5, reads / f64::max(peer.reads, peer.reads_at_once)),
        ])
    }
}

/// The rates of both stores.
fn rates(redis: &Figures, postgres: &Figures) -> String {
    let row = |what: &str, of: &dyn Fn(&Figures) -> f64| {
        format!("| {what} | {:.0} | {:.0} |\n", of(redis), of(postgres))
    };
    [
        "| per second | Redis | Postgres |\n|---|---|---|\n".into(),
        row("logouts, 1 server", &|figures| figures.logouts[0]),
        row("logouts, 2 servers", &|figures| figures.logouts[1]),
        row("logouts, 4 servers", &|figures| figures.logouts[2]),
        row("logouts of the peer", &|figures| figures.peer.logouts),
        row("opened sessions with the list, one task", &|figures| figures.reads),
        row("loads of the peer, one task", &|figures| figures.peer.reads),
        row("loads of the peer, 64 tasks", &|figures| figures.peer.reads_at_once),
    ]
    .concat()
}
