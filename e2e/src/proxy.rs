//! A TCP proxy between a server and its store. It can hang, cut every connection, and lead to
//! another store without closing a connection. It can also add to the round trip.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// A proxy on a free port, which ends with this value.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    target: Target,
}

/// Where connections lead to. `None`: they are cut.
type Target = Arc<Mutex<Option<String>>>;

/// How long a thread waits for data until it looks at the target again.
const INTERVAL: Duration = Duration::from_millis(5);

impl Proxy {
    /// Starts a proxy to `HOST:PORT`.
    pub fn to(host: &str) -> Self {
        Self::delayed(host, Duration::ZERO)
    }

    /// Starts a proxy to `HOST:PORT` that delays what it copies, in each direction.
    pub fn delayed(host: &str, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        listener.set_nonblocking(true).expect("a socket");
        let target = Arc::new(Mutex::new(Some(host.to_owned())));
        let of_thread = Arc::downgrade(&target);
        thread::spawn(move || {
            while let Some(target) = of_thread.upgrade() {
                match listener.accept() {
                    Ok((client, _)) => drop(thread::spawn(move || relay(&client, &target, delay))),
                    Err(_) => thread::sleep(INTERVAL),
                }
            }
        });
        Self { port, target }
    }

    /// `HOST:PORT`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Cuts all connections, and every new one.
    pub fn cut(&self) {
        *lock(&self.target) = None;
    }

    /// Leads everything from now on to `HOST:PORT`, also on connections that are open.
    pub fn lead_to(&self, host: &str) {
        *lock(&self.target) = Some(host.to_owned());
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The connection to a store, and the store's address.
type Upstream = Mutex<Option<(String, Arc<TcpStream>)>>;

/// Copies in both directions until a side closes the connection, or the proxy cuts it.
fn relay(client: &TcpStream, target: &Target, delay: Duration) {
    let upstream = Upstream::new(None);
    let end = || {
        let _ = client.shutdown(Shutdown::Both);
        if let Some((_, store)) = &*lock(&upstream) {
            let _ = store.shutdown(Shutdown::Both);
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            while let Some(store) = connection(target, &upstream)
                && copy(client, &store, delay)
            {}
            end();
        });
        while let Some(store) = connection(target, &upstream)
            && copy(&store, client, delay)
        {}
        end();
    });
}

/// The connection to the current target, or `None` if it cannot be reached.
fn connection(target: &Target, upstream: &Upstream) -> Option<Arc<TcpStream>> {
    let mut upstream = lock(upstream);
    let target = lock(target).clone()?;
    if upstream.as_ref().is_none_or(|(host, _)| *host != target) {
        let store = Arc::new(TcpStream::connect(&target).ok()?);
        *upstream = Some((target, store));
    }
    upstream.as_ref().map(|(_, store)| Arc::clone(store))
}

/// Copies what has come within the interval. Returns false if a side has closed.
fn copy(mut from: &TcpStream, mut to: &TcpStream, delay: Duration) -> bool {
    let mut buffer = [0; 1 << 14];
    if from.set_nonblocking(false).is_err() || from.set_read_timeout(Some(INTERVAL)).is_err() {
        return false;
    }
    match from.read(&mut buffer) {
        Ok(0) => false,
        Ok(length) => {
            thread::sleep(delay);
            to.write_all(&buffer[..length]).is_ok()
        }
        Err(error) => {
            matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
        }
    }
}
