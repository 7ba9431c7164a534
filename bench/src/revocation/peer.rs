//! Logouts and reads beside a session database over SQLite: tower-sessions-sqlx-store.

use tempfile::TempDir;
use tower_sessions_sqlx_store::{SqliteStore, sqlx::SqlitePool};

use super::lists::File;
use crate::rates::{self, Database, TASKS};

/// The number of sessions that are logged out.
const LOGOUTS: u32 = TASKS * 50;
/// The number of sessions that are opened with the list.
const OPENED: u32 = 5000;

/// Per second.
pub(super) struct Rates {
    pub(super) logouts: f64,
    pub(super) logouts_of_peer: f64,
    pub(super) reads: f64,
    pub(super) reads_of_peer: f64,
}

pub(super) fn run() -> Rates {
    let (logouts_of_peer, reads_of_peer) = rates::runtime().block_on(peer());
    Rates { logouts: logouts(), logouts_of_peer, reads: reads(), reads_of_peer }
}

fn logouts() -> f64 {
    let file = File::new();
    rates::logouts(&[file.open()], 0..LOGOUTS)
}

fn reads() -> f64 {
    let file = File::new();
    rates::reads(file.open(), OPENED)
}

async fn peer() -> (f64, f64) {
    let folder = TempDir::new().expect("a folder");
    let address = format!("sqlite:{}?mode=rwc", folder.path().join("sessions.db").display());
    let pool = SqlitePool::connect(&address).await.expect("a pool");
    let store = SqliteStore::new(pool);
    store.migrate().await.expect("tables");
    let database = Database::new(store, LOGOUTS).await;
    let reads = database.reads().await;
    (database.logouts().await, reads)
}
