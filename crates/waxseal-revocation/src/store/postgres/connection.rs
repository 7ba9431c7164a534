//! Where a Postgres is, how to connect to it, and how a thread without a runtime waits for it.

use std::{fmt, future::Future, thread, time::Duration};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio_postgres::{Client, Config, config::TargetSessionAttrs};

use crate::error::StoreError;

/// How long a statement waits for an answer.
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
    /// One for each host: each is tried in order.
    hosts: Vec<Config>,
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
        let wrong = || {
            StoreError::new(
                "the address of Postgres must be postgres://USER:PASSWORD@HOST:PORT/DATABASE",
            )
        };
        let (scheme, rest) = address.split_once("://").ok_or_else(wrong)?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (format!("{user}@"), hosts),
            None => (String::new(), authority),
        };
        let configs = hosts.split(',').map(|host| {
            let address = format!("{scheme}://{user}{host}{path}");
            let mut config: Config = address.parse().map_err(|_| wrong())?;
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
            if config.get_application_name().is_none() {
                config.application_name("waxseal");
            }
            Ok(config)
        });
        let hosts = configs.collect::<Result<_, StoreError>>()?;
        Ok(Self {
            hosts,
            #[cfg(feature = "postgres-tls")]
            tls: None,
        })
    }

    /// Connects with TLS only. Without this, the connection is not encrypted; with
    /// `sslmode=require` in the address it then fails.
    #[cfg(feature = "postgres-tls")]
    #[must_use]
    pub fn tls(mut self, config: std::sync::Arc<rustls::ClientConfig>) -> Self {
        for host in &mut self.hosts {
            host.ssl_mode(tokio_postgres::config::SslMode::Require);
        }
        Self { tls: Some(config), ..self }
    }

    pub(super) fn connect(&self) -> Result<Connection, StoreError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| StoreError::because("no runtime", error))?;
        let waiter = Waiter(Some(runtime));
        let mut last = StoreError::new("no Postgres is configured");
        for host in &self.hosts {
            match waiter.wait(within(self.client(host))) {
                Ok(client) => return Ok(Connection { waiter, client }),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn client(&self, host: &Config) -> Result<Client, tokio_postgres::Error> {
        #[cfg(feature = "postgres-tls")]
        if let Some(tls) = &self.tls {
            let tls = tokio_postgres_rustls::MakeRustlsConnect::new((**tls).clone());
            let (client, connection) = host.connect(tls).await?;
            tokio::spawn(connection);
            return Ok(client);
        }
        let (client, connection) = host.connect(tokio_postgres::NoTls).await?;
        // It ends with an error when the connection breaks; the client then fails, too.
        tokio::spawn(connection);
        Ok(client)
    }
}

/// The hosts: no user and no password.
impl fmt::Display for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use tokio_postgres::config::Host;
        let hosts: Vec<_> = self
            .hosts
            .iter()
            .filter_map(|config| {
                let port = config.get_ports().first().unwrap_or(&5432);
                match config.get_hosts().first()? {
                    Host::Tcp(host) => Some(format!("{host}:{port}")),
                    #[cfg(unix)]
                    Host::Unix(path) => Some(path.display().to_string()),
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
    pub(super) fn wait<T: Send>(
        &self,
        future: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let Some(runtime) = &self.0 else { return Err(StoreError::new("no runtime")) };
        let run = || runtime.block_on(future);
        if Handle::try_current().is_err() {
            return run();
        }
        // A thread of a runtime must not wait for another runtime.
        let ended = || StoreError::new("the thread of the connection has ended");
        thread::scope(|scope| scope.spawn(run).join()).unwrap_or_else(|_| Err(ended()))
    }
}

/// Waits for one statement, but not for ever.
pub(super) async fn within<T>(
    statement: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(TIMEOUT, statement).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(StoreError::new("Postgres does not answer")),
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
