//! A connection, and what it takes to have one.

#[cfg(feature = "redis-tls")]
use redis::ConnectionAddr;
use redis::RedisError;
use tokio::runtime;

use super::{Redis, stream::Stream};
use crate::error::StoreError;

impl Redis {
    pub(super) async fn connect(&self) -> Result<Stream, RedisError> {
        #[cfg(feature = "redis-tls")]
        if let ConnectionAddr::TcpTls { .. } = self.client.get_connection_info().addr {
            choose_cryptography();
        }
        Stream::connect(&self.client, &self.key).await
    }
}

pub(super) fn runtime() -> Result<runtime::Runtime, StoreError> {
    let built = runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(|error| StoreError::because("no connection to Redis can be made", error))
}

/// What rustls encrypts with: what the application has chosen, or else ring. The
/// client would panic where nothing is chosen and the features of all crates
/// together leave it open.
#[cfg(feature = "redis-tls")]
fn choose_cryptography() {
    use rustls::crypto::{CryptoProvider, ring};
    if CryptoProvider::get_default().is_none() {
        // An error: somebody has chosen meanwhile.
        drop(ring::default_provider().install_default());
    }
}
