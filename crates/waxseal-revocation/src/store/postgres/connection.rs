//! Where a Postgres is, how to connect to it, and how a thread without a runtime waits for it.

use std::{fmt, future::Future, thread, time::Duration};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio_postgres::{
    Client, Config,
    config::{SslMode, TargetSessionAttrs},
};

use crate::{
    error::{StoreError, StoreFailure},
    store::read_certificate,
};

/// How long a statement waits for an answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A Postgres (13 or newer) that stores the list.
///
/// ```no_run
/// use waxseal_revocation::{Postgres, Store};
///
/// # fn store() -> Result<Store, waxseal_revocation::StoreError> {
/// let address = std::env::var("REVOCATIONS").unwrap_or("postgres://db.internal/app".into());
/// Ok(Store::postgres(Postgres::new(&address)?))
/// # }
/// ```
#[derive(Clone)]
pub struct Postgres {
    /// One for each host: each is tried in order.
    hosts: Vec<Config>,
    #[cfg_attr(
        not(feature = "postgres-tls"),
        expect(dead_code, reason = "without the feature, TLS is an error")
    )]
    root_certificate: Option<Vec<u8>>,
}

impl Postgres {
    /// The SQL that creates the tables, for operators who create them by hand. A server creates
    /// them itself if its role allows it.
    pub const SCHEMA: &str = include_str!("schema.sql");

    /// Parses the address of the server, `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. With
    /// several hosts, `HOST,HOST`, the list uses the one that can be written.
    ///
    /// With `?sslmode=require` the connection uses TLS (feature `postgres-tls`) and verifies
    /// the server's certificate; `&sslrootcert=FILE` is the certificate of its authority, in
    /// PEM, and turns TLS on, too. Without one of these, the connection is not encrypted.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the address is wrong, or the file cannot be read. The message does not
    /// contain the address.
    pub fn new(address: &str) -> Result<Self, StoreError> {
        let wrong = || {
            StoreError::new(
                "the address of Postgres must be postgres://USER:PASSWORD@HOST:PORT/DATABASE, \
                 with sslmode=disable, require or verify-full",
            )
        };
        let (scheme, rest) = address.split_once("://").ok_or_else(wrong)?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (path, options) = path.split_once('?').unwrap_or((path, ""));
        let (certificate, options): (Vec<_>, Vec<_>) =
            options.split('&').partition(|option| option.starts_with("sslrootcert="));
        // `prefer` would be without TLS, and of two certificates one would be ignored.
        if certificate.len() > 1 || options.contains(&"sslmode=prefer") {
            return Err(wrong());
        }
        // With or without the verification in its name, TLS always verifies the server.
        let options = options.join("&").replace("sslmode=verify-full", "sslmode=require");
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (format!("{user}@"), hosts),
            None => (String::new(), authority),
        };
        let configs = hosts.split(',').map(|host| {
            let address = format!("{scheme}://{user}{host}{path}?{options}");
            let mut config: Config = address.parse().map_err(|_| wrong())?;
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
            if config.get_application_name().is_none() {
                config.application_name("waxseal");
            }
            Ok::<_, StoreError>(config)
        });
        let mut postgres =
            Self { hosts: configs.collect::<Result<_, _>>()?, root_certificate: None };
        if let Some(file) = certificate.first().and_then(|option| option.split_once('=')) {
            postgres = postgres.root_certificate(read_certificate(file.1)?);
        }
        if postgres.uses_tls() && !cfg!(feature = "postgres-tls") {
            return Err(StoreError::new(
                "a connection to Postgres with TLS requires the feature `postgres-tls`",
            ));
        }
        Ok(postgres)
    }

    /// Connects with TLS only, and trusts a server with a certificate of this authority, in
    /// PEM, instead of the authorities of the operating system.
    #[must_use]
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        for host in &mut self.hosts {
            host.ssl_mode(SslMode::Require);
        }
        Self { root_certificate: Some(pem.into()), ..self }
    }

    fn uses_tls(&self) -> bool {
        self.hosts.iter().any(|host| host.get_ssl_mode() == SslMode::Require)
    }

    pub(super) fn connect(&self) -> Result<Connection, StoreFailure> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| StoreFailure::because("no runtime", error))?;
        let waiter = Waiter(Some(runtime));
        let mut last = StoreFailure::new("no Postgres is configured");
        for host in &self.hosts {
            match waiter.wait(within(self.client(host))) {
                Ok(client) => return Ok(Connection { waiter, client }),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn client(&self, host: &Config) -> Result<Client, StoreFailure> {
        #[cfg(feature = "postgres-tls")]
        if self.uses_tls() {
            let tls = super::tls::connector(self.root_certificate.as_deref())?;
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
        future: impl Future<Output = Result<T, StoreFailure>> + Send,
    ) -> Result<T, StoreFailure> {
        let Some(runtime) = &self.0 else { return Err(StoreFailure::new("no runtime")) };
        let run = || runtime.block_on(future);
        if Handle::try_current().is_err() {
            return run();
        }
        // A thread of a runtime must not wait for another runtime.
        let ended = || StoreFailure::new("the thread of the connection has ended");
        thread::scope(|scope| scope.spawn(run).join()).unwrap_or_else(|_| Err(ended()))
    }
}

/// Waits for one statement, at most [`TIMEOUT`].
pub(super) async fn within<T, E: Into<StoreFailure>>(
    statement: impl Future<Output = Result<T, E>>,
) -> Result<T, StoreFailure> {
    match tokio::time::timeout(TIMEOUT, statement).await {
        Ok(result) => result.map_err(Into::into),
        Err(_) => Err(StoreFailure::new("Postgres does not answer")),
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let postgres = Postgres::new("postgres://u:p@a:1,b/app?connect_timeout=3").unwrap();
        assert_eq!(postgres.to_string(), "Postgres at a:1,b:5432");
        assert!(!postgres.uses_tls());
        assert_eq!(postgres.hosts[1].get_dbname(), Some("app"));
        assert_eq!(postgres.hosts[1].get_password(), Some(&b"p"[..]));
        for address in ["postgres://a?sslmode=require", "postgres://a/app?sslmode=verify-full"] {
            let postgres = Postgres::new(address);
            if cfg!(feature = "postgres-tls") {
                assert!(postgres.unwrap().uses_tls(), "{address}");
            } else {
                assert!(postgres.unwrap_err().to_string().contains("`postgres-tls`"), "{address}");
            }
        }
        for wrong in [
            "",
            "localhost",
            "postgres://a:x",
            "postgres://a?sslmode=verify-ca",
            "postgres://a?sslmode=prefer",
            "postgres://a?sslrootcert=x&sslrootcert=y",
            "postgres://a?x=1",
        ] {
            let error = Postgres::new(wrong).unwrap_err().to_string();
            assert!(error.starts_with("the address of Postgres must be"), "{wrong}");
        }
    }
}
