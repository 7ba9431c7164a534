//! Logouts and reads beside a session database over SQLite: tower-sessions-sqlx-store.

use std::time::{Duration, Instant};

use tempfile::TempDir;
use tower_sessions_core::{
    SessionStore as _,
    session::{Id, Record},
};
use tower_sessions_sqlx_store::{SqliteStore, sqlx::SqlitePool};
use waxseal::{Sealer, Secret, UnixTime, test_util};
use waxseal_core::OpenSession;

use super::lists::{File, revoke, session};
use crate::{
    ours::now,
    subject::{NOW, SECRET, data},
};

/// The number of requests at the same time, and of logouts of each.
const TASKS: u32 = 64;
const LOGOUTS: u32 = 50;
const READS: u32 = 5000;

/// Per second, one after another.
pub(super) struct Rates {
    pub(super) logouts: f64,
    pub(super) logouts_of_peer: f64,
    pub(super) reads: f64,
    pub(super) reads_of_peer: f64,
}

pub(super) fn run() -> Rates {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let (logouts_of_peer, reads_of_peer) = peer().await;
        Rates { logouts: logouts().await, logouts_of_peer, reads: reads(), reads_of_peer }
    })
}

fn rate(number: u32, start: Instant) -> f64 {
    f64::from(number) / start.elapsed().as_secs_f64()
}

async fn logouts() -> f64 {
    let file = File::new();
    let list = file.open();
    let start = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let list = list.clone();
            tokio::spawn(async move {
                for number in task * LOGOUTS..(task + 1) * LOGOUTS {
                    let recorded = revoke(&list, session(number)).await.expect("durable");
                    assert!(recorded.is_revoked);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a task");
    }
    rate(TASKS * LOGOUTS, start)
}

fn reads() -> f64 {
    let file = File::new();
    let builder = || Sealer::builder(Secret::new(SECRET).expect("a secret"));
    let sealer = builder().revocations(file.open()).build().expect("a sealer");
    let header = test_util::cookie(&sealer, UnixTime::from_secs(NOW), |session| {
        session.set_data(data())?;
        session.log_in("susan")?;
        Ok(())
    });
    let header = header.expect("a cookie");
    let start = Instant::now();
    for _ in 0..READS {
        let opened = OpenSession::open(&sealer, [header.as_bytes()], now()).expect("current");
        assert_eq!(opened.rejection(), None);
    }
    rate(READS, start)
}

async fn peer() -> (f64, f64) {
    let folder = TempDir::new().expect("a folder");
    let address = format!("sqlite:{}?mode=rwc", folder.path().join("sessions.db").display());
    let pool = SqlitePool::connect(&address).await.expect("a pool");
    let store = SqliteStore::new(pool);
    store.migrate().await.expect("tables");
    let mut ids = Vec::new();
    for _ in 0..TASKS * LOGOUTS {
        let mut record = Record {
            id: Id::default(),
            data: [("user".into(), "susan".into())].into(),
            expiry_date: time::OffsetDateTime::now_utc() + Duration::from_secs(86_400),
        };
        store.create(&mut record).await.expect("a session");
        ids.push(record.id);
    }
    let start = Instant::now();
    for read in 0..READS {
        let id = &ids[read as usize % ids.len()];
        assert!(store.load(id).await.expect("a read").is_some());
    }
    let reads = rate(READS, start);
    let start = Instant::now();
    let tasks: Vec<_> = ids
        .chunks(LOGOUTS as usize)
        .map(|ids| {
            let (store, ids) = (store.clone(), ids.to_vec());
            tokio::spawn(async move {
                for id in ids {
                    store.delete(&id).await.expect("a logout");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a task");
    }
    (rate(TASKS * LOGOUTS, start), reads)
}
