//! A server of a store, and lists in it.

use std::time::Instant;

use e2e::{postgres::Postgres, redis::Redis};
use waxseal_revocation::RevocationList;

#[derive(Clone, Copy)]
pub(super) enum Kind {
    Redis,
    Postgres,
}

/// A new and empty server, which ends when it is dropped.
pub(super) enum Server {
    Redis(Redis),
    Postgres(Postgres),
}

impl Server {
    pub(super) fn start(kind: Kind) -> Self {
        match kind {
            Kind::Redis => Self::Redis(Redis::start(&[])),
            Kind::Postgres => Self::Postgres(Postgres::start_with(&["fsync=on"])),
        }
    }

    pub(super) fn url(&self) -> String {
        match self {
            Self::Redis(redis) => redis.url(),
            Self::Postgres(postgres) => postgres.url(),
        }
    }

    /// The name of the program, and its version.
    pub(super) fn version(&self) -> String {
        let (name, version) = match self {
            Self::Redis(redis) => {
                let info: String = redis.run(&["INFO", "server"]);
                let version = info.lines().find_map(|line| line.strip_prefix("redis_version:"));
                ("Redis", version.map(ToOwned::to_owned))
            }
            Self::Postgres(postgres) => {
                let version = postgres.run("SHOW server_version");
                ("Postgres", version.split(' ').next().map(ToOwned::to_owned))
            }
        };
        format!("{name} {}", version.expect("a version").trim())
    }

    /// Opens the list of one server of an application.
    pub(super) fn open(&self) -> RevocationList {
        let store = self.url().parse().expect("an address");
        RevocationList::builder(store).max_sessions(2_000_000).open().expect("a list")
    }

    /// The seconds to open a list with this number of entries.
    pub(super) fn opening(&self, entries: u32) -> f64 {
        let start = Instant::now();
        let list = self.open();
        let seconds = start.elapsed().as_secs_f64();
        assert_eq!(list.readiness().entries, entries as usize);
        seconds
    }
}
