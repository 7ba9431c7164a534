//! Where a Redis is, and how to connect to it.

use std::{fmt, time::Duration};

use redis::{
    Client, Connection, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisError,
};

use crate::{
    error::{StoreError, StoreFailure},
    store::read_certificate,
};

/// How long a connection waits for an answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(2);
/// How many nodes of a Cluster are asked for the one that has the list.
const REDIRECTS: usize = 5;

/// A Redis or Valkey server (6.2 or newer), Sentinel or Cluster that stores the list.
///
/// ```no_run
/// use waxseal_revocation::{Redis, Store};
///
/// # fn store() -> Result<Store, waxseal_revocation::StoreError> {
/// let address = std::env::var("REVOCATIONS").unwrap_or("redis://redis.internal".into());
/// let redis = Redis::new(&address)?.replicas(1);
/// Ok(Store::redis(redis))
/// # }
/// ```
#[derive(Clone)]
pub struct Redis {
    /// The servers or the Sentinels: each is tried in order.
    seeds: Vec<ConnectionInfo>,
    /// The name of the primary at the Sentinels.
    service: Option<String>,
    pub(super) replicas: u32,
    pub(super) prefix: String,
    root_certificate: Option<Vec<u8>>,
}

impl Redis {
    /// Parses the address of one of these:
    ///
    /// - a server: `redis://USER:PASSWORD@HOST:PORT/DATABASE`;
    /// - several nodes of a Cluster, of which any is enough: `redis://HOST:PORT,HOST:PORT`;
    /// - several Sentinels and the name of their primary:
    ///   `redis+sentinel://USER:PASSWORD@HOST:PORT,HOST:PORT/NAME`. The password is that of the
    ///   server; Sentinels with a password of their own are not supported.
    ///
    /// `rediss://` and `rediss+sentinel://` use TLS, with the feature `redis-tls`. At the end,
    /// `?replicas=N` and `&prefix=NAME` are as the methods of these names, and `&cacert=FILE`
    /// is a file for [`root_certificate`](Self::root_certificate).
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the address is wrong, or the file cannot be read. The message does not
    /// contain the address.
    pub fn new(address: &str) -> Result<Self, StoreError> {
        let wrong = || {
            StoreError::new(
                "the address of Redis must be redis[s]://USER:PASSWORD@HOST:PORT,…/DATABASE or \
                 redis[s]+sentinel://HOST:PORT,…/NAME, with the options replicas, prefix and \
                 cacert",
            )
        };
        // The client library would take `#insecure`.
        let address = Some(address).filter(|address| !address.contains('#')).ok_or_else(wrong)?;
        let (scheme, rest) = address.split_once("://").ok_or_else(wrong)?;
        let (rest, options) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (format!("{user}@"), hosts),
            None => (String::new(), authority),
        };
        let (scheme, service) = match scheme.strip_suffix("+sentinel") {
            Some(_) if path.is_empty() => Err(wrong())?,
            Some(scheme) => (scheme, Some(path.to_owned())),
            None => (scheme, None),
        };
        let database = if service.is_some() { "" } else { path };
        let seeds = hosts.split(',').map(|host| {
            let url = format!("{scheme}://{user}{host}/{database}");
            url.into_connection_info().map_err(|_| wrong())
        });
        let mut redis = Self {
            seeds: seeds.collect::<Result<_, _>>()?,
            service,
            replicas: 0,
            prefix: "waxseal".into(),
            root_certificate: None,
        };
        for option in options.split('&').filter(|option| !option.is_empty()) {
            redis = match option.split_once('=') {
                Some(("replicas", count)) => redis.replicas(count.parse().map_err(|_| wrong())?),
                Some(("prefix", prefix)) => redis.prefix(prefix),
                Some(("cacert", file)) if redis.root_certificate.is_none() => {
                    redis.root_certificate(read_certificate(file)?)
                }
                _ => return Err(wrong()),
            };
        }
        Ok(redis)
    }

    /// A revocation is acknowledged after so many replicas have it, too (`WAIT`). The default
    /// is 0: a failover can then lose the last revocations.
    #[must_use]
    pub fn replicas(self, replicas: u32) -> Self {
        Self { replicas, ..self }
    }

    /// The beginning of the keys, `waxseal` by default: `{waxseal}:head`, `{waxseal}:sessions`,
    /// `{waxseal}:users`, `{waxseal}:feed` and `{waxseal}:beat`; while servers wait for each other,
    /// `{waxseal}:turn`; and while a list is created, `{waxseal}:creating` and two keys that begin
    /// with `{waxseal}:new:`.
    #[must_use]
    pub fn prefix(self, prefix: &str) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// Trusts the servers with a certificate of this authority, in PEM, instead of the
    /// authorities of the operating system. The address must begin with `rediss`.
    #[must_use]
    pub fn root_certificate(self, pem: impl Into<Vec<u8>>) -> Self {
        Self { root_certificate: Some(pem.into()), ..self }
    }

    pub(super) fn key(&self, name: &str) -> String {
        format!("{{{}}}:{name}", self.prefix)
    }

    /// Connects to the primary that has the list.
    pub(super) fn connect(&self) -> Result<Connection, StoreFailure> {
        if self.root_certificate.is_some() && !self.seeds.iter().all(uses_tls) {
            return Err(StoreFailure::new(
                "a root certificate requires an address of Redis that begins with rediss://",
            ));
        }
        let mut last = StoreFailure::new("no Redis is configured");
        for seed in &self.seeds {
            match self.connect_through(seed) {
                Ok(connection) => return Ok(connection),
                Err(error) => last = error.into(),
            }
        }
        Err(last)
    }

    fn connect_through(&self, seed: &ConnectionInfo) -> Result<Connection, RedisError> {
        let mut node = match &self.service {
            Some(service) => self.primary(seed, service)?,
            None => seed.clone(),
        };
        for _ in 0..REDIRECTS {
            let mut connection = self.open(node.clone())?;
            // A Sentinel that is cut off can name a server that is a replica by now.
            let written = redis::cmd("SET").arg(self.key("beat")).arg(0).exec(&mut connection);
            let Err(error) = written else { return Ok(connection) };
            // A node of a Cluster names the one that has the key.
            let Some((host, port)) = error.redirect_node().and_then(|(to, _)| to.rsplit_once(':'))
            else {
                return Err(error);
            };
            let port = port.parse().unwrap_or(6379);
            node = node.clone().set_addr(at(node.addr(), host, port));
        }
        Err((redis::ErrorKind::Client, "the Cluster redirects without end; check its slots").into())
    }

    /// Asks a Sentinel for the primary. The client library would wait without end for a
    /// Sentinel that does not answer.
    fn primary(&self, sentinel: &ConnectionInfo, name: &str) -> Result<ConnectionInfo, RedisError> {
        let address = sentinel.addr().clone();
        let mut connection = self.open(address.into_connection_info()?)?;
        let found: Option<(String, u16)> = redis::cmd("SENTINEL")
            .arg("GET-MASTER-ADDR-BY-NAME")
            .arg(name)
            .query(&mut connection)?;
        let unknown = || {
            (
                redis::ErrorKind::MasterNameNotFoundBySentinel,
                "the Sentinel does not know this primary; check the name in the address",
            )
        };
        let (host, port) = found.ok_or_else(unknown)?;
        Ok(sentinel.clone().set_addr(at(sentinel.addr(), &host, port)))
    }

    fn open(&self, node: ConnectionInfo) -> Result<Connection, RedisError> {
        let client = self.client(node)?;
        let connection = client.get_connection_with_timeout(TIMEOUT)?;
        connection.set_read_timeout(Some(TIMEOUT))?;
        connection.set_write_timeout(Some(TIMEOUT))?;
        Ok(connection)
    }
}

#[cfg(not(feature = "redis-tls"))]
impl Redis {
    #[expect(clippy::unused_self, reason = "the other one needs it")]
    fn client(&self, node: ConnectionInfo) -> Result<Client, RedisError> {
        if uses_tls(&node) {
            // Another program's feature may have enabled TLS, without the root certificate.
            let needed = "a connection with TLS requires the feature `redis-tls`";
            return Err((redis::ErrorKind::InvalidClientConfig, needed).into());
        }
        Client::open(node)
    }
}

#[cfg(feature = "redis-tls")]
impl Redis {
    fn client(&self, node: ConnectionInfo) -> Result<Client, RedisError> {
        if !uses_tls(&node) {
            return Client::open(node);
        }
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // An error means that another thread was faster.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let root_cert = self.root_certificate.clone();
        Client::build_with_tls(node, redis::TlsCertificates { client_tls: None, root_cert })
    }
}

fn uses_tls(node: &ConnectionInfo) -> bool {
    matches!(node.addr(), ConnectionAddr::TcpTls { .. })
}

/// The address of another node, with TLS as this one.
fn at(node: &ConnectionAddr, host: &str, port: u16) -> ConnectionAddr {
    let host = host.to_owned();
    match node {
        ConnectionAddr::TcpTls { insecure, tls_params, .. } => ConnectionAddr::TcpTls {
            host,
            port,
            insecure: *insecure,
            tls_params: tls_params.clone(),
        },
        _ => ConnectionAddr::Tcp(host, port),
    }
}

/// The hosts: no user and no password.
impl fmt::Display for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes: Vec<_> = self.seeds.iter().map(|seed| seed.addr().to_string()).collect();
        write!(f, "Redis at {}", nodes.join(","))
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redis({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let redis = Redis::new("redis://u:p@a:1,b:2/3?replicas=2&prefix=app").unwrap();
        assert_eq!(redis.to_string(), "Redis at a:1,b:2");
        assert_eq!((redis.replicas, redis.key("head").as_str()), (2, "{app}:head"));
        assert_eq!(redis.seeds[1].redis_settings().db(), 3);
        assert_eq!(redis.seeds[1].redis_settings().password(), Some("p"));
        let redis = Redis::new("redis+sentinel://a:26379,b/primary").unwrap();
        assert_eq!(redis.service.as_deref(), Some("primary"));
        for wrong in [
            "",
            "localhost",
            "redis://",
            "http://a",
            "redis+sentinel://a:26379",
            "redis://a/x",
            "redis://a?replicas=x",
            "redis://a?secret=1",
            "rediss://a/0#insecure",
            "rediss://a/0#insecure?cacert=x",
            "rediss://a/?prefix=x#insecure",
        ] {
            let error = Redis::new(wrong).unwrap_err().to_string();
            assert!(error.starts_with("the address of Redis must be"), "{wrong}");
        }
    }
}
