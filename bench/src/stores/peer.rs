//! The peer: tower-sessions with a session database in the same server.

use tower_sessions_core::SessionStore;
use tower_sessions_redis_store::{
    RedisStore,
    fred::{clients::Pool, interfaces::ClientLike as _, types::config::Config},
};
use tower_sessions_sqlx_store::{PostgresStore, sqlx::postgres::PgPoolOptions};

use super::server::Server;
use crate::rates::{self, Database};

/// The numbers of connections: that of the example of the store, and the default of the pool.
const TO_REDIS: usize = 6;
const TO_POSTGRES: u32 = 10;

/// Per second.
pub(super) struct Peer {
    pub(super) logouts: f64,
    pub(super) reads: f64,
    pub(super) reads_at_once: f64,
}

/// Measures the peer with this number of sessions.
pub(super) fn run(server: &Server, sessions: u32) -> Peer {
    rates::runtime().block_on(async {
        match server {
            Server::Redis(_) => {
                let config = Config::from_url(&server.url()).expect("an address");
                let pool = Pool::new(config, None, None, None, TO_REDIS);
                let pool = pool.expect("a pool");
                pool.init().await.expect("a connection");
                measure(RedisStore::new(pool), sessions).await
            }
            Server::Postgres(_) => {
                let options = PgPoolOptions::new().max_connections(TO_POSTGRES);
                let store =
                    PostgresStore::new(options.connect(&server.url()).await.expect("a pool"));
                store.migrate().await.expect("tables");
                measure(store, sessions).await
            }
        }
    })
}

async fn measure(store: impl SessionStore + Clone, sessions: u32) -> Peer {
    let database = Database::new(store, sessions).await;
    let (reads, reads_at_once) = (database.reads().await, database.reads_at_once().await);
    Peer { reads, reads_at_once, logouts: database.logouts().await }
}
