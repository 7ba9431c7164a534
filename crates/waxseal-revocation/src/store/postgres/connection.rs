//! Where a Postgres is, how to connect to it, and how a thread without a runtime waits for it.

use std::{fmt, future::Future, thread, time::Duration};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio_postgres::{Client, Config, config::TargetSessionAttrs};

use crate::error::StoreError;

/// How long an exchange waits for an answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A Postgres (13 or newer) that stores the list.
///
/// ```no_run
/// use waxseal_revocation::{Postgres, Store};
///
/// # fn store() -> Result<Store, waxseal_revocation::StoreError> {
/// Ok(Store::postgres(Postgres::new("postgres://app:password@db.internal/app")?))
/// # }
/// ```
#[derive(Clone)]
pub struct Postgres {
    config: Config,
    #[cfg(feature = "postgres-tls")]
    tls: Option<std::sync::Arc<rustls::ClientConfig>>,
}

impl Postgres {
    /// The tables of the list, for those who create them by hand. A server creates them itself,
    /// if its role may.
    pub const SCHEMA: &str = include_str!("schema.sql");

    /// The address of the server, `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. With several
    /// hosts, `HOST,HOST`, the list uses the one that can be written.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the address is wrong. The message does not contain it.
    pub fn new(address: &str) -> Result<Self, StoreError> {
        let wrong = |_| {
            StoreError::new(
                "the address of Postgres must be postgres://USER:PASSWORD@HOST:PORT/DATABASE",
            )
        };
        let mut config: Config = address.parse().map_err(wrong)?;
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        config.connect_timeout(Duration::from_secs(2));
        if config.get_application_name().is_none() {
            config.application_name("waxseal");
        }
        Ok(Self {
            config,
            #[cfg(feature = "postgres-tls")]
            tls: None,
        })
    }

    /// Connects with TLS.
    #[cfg(feature = "postgres-tls")]
    #[must_use]
    pub fn tls(self, config: std::sync::Arc<rustls::ClientConfig>) -> Self {
        Self { tls: Some(config), ..self }
    }

    pub(super) fn connect(&self) -> Result<Connection, StoreError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| StoreError::because("no runtime", error))?;
        let waiter = Waiter(Some(runtime));
        let client = waiter.wait(self.client())?;
        Ok(Connection { waiter, client })
    }

    async fn client(&self) -> Result<Client, tokio_postgres::Error> {
        #[cfg(feature = "postgres-tls")]
        if let Some(tls) = &self.tls {
            let tls = tokio_postgres_rustls::MakeRustlsConnect::new((**tls).clone());
            let (client, connection) = self.config.connect(tls).await?;
            tokio::spawn(connection);
            return Ok(client);
        }
        let (client, connection) = self.config.connect(tokio_postgres::NoTls).await?;
        // It ends with an error when the connection breaks; the client then fails, too.
        tokio::spawn(connection);
        Ok(client)
    }
}

/// The hosts: no user and no password.
impl fmt::Display for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use tokio_postgres::config::Host;
        let ports = self.config.get_ports();
        let hosts: Vec<_> = self
            .config
            .get_hosts()
            .iter()
            .enumerate()
            .map(|(at, host)| {
                let port = ports.get(at).or(ports.first()).unwrap_or(&5432);
                match host {
                    Host::Tcp(host) => format!("{host}:{port}"),
                    #[cfg(unix)]
                    Host::Unix(path) => path.display().to_string(),
                }
            })
            .collect();
        write!(f, "Postgres at {}", hosts.join(","))
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Postgres({self})")
    }
}

pub(super) struct Connection {
    pub(super) waiter: Waiter,
    pub(super) client: Client,
}

/// The runtime of a connection, on which nothing else runs.
pub(super) struct Waiter(Option<Runtime>);

impl Waiter {
    pub(super) fn wait<T: Send, E: Into<StoreError> + Send>(
        &self,
        future: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, StoreError> {
        let Some(runtime) = &self.0 else { return Err(StoreError::new("no runtime")) };
        let run = || {
            runtime.block_on(async {
                match tokio::time::timeout(TIMEOUT, future).await {
                    Ok(result) => result.map_err(Into::into),
                    Err(_) => Err(StoreError::new("Postgres does not answer")),
                }
            })
        };
        if Handle::try_current().is_err() {
            return run();
        }
        // A thread of a runtime must not wait for another runtime.
        let ended = || StoreError::new("the thread of the connection has ended");
        thread::scope(|scope| scope.spawn(run).join()).unwrap_or_else(|_| Err(ended()))
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
