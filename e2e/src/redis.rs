//! A Redis server, and a connection to it that can be cut.

use std::{
    fs, io,
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// A Redis server on its own socket, and a proxy in front of it with a constant address. The
/// server stops when this value is dropped.
#[derive(Debug)]
pub struct Redis {
    folder: tempfile::TempDir,
    child: Child,
    keeps: bool,
    wire: Arc<Wire>,
    port: u16,
}

#[derive(Debug, Default)]
struct Wire {
    /// The socket of the server.
    socket: PathBuf,
    cut: AtomicBool,
    open: Mutex<Vec<(TcpStream, UnixStream)>>,
}

impl Redis {
    /// Starts a server. If `keeps` is true, a restart keeps all acknowledged writes; otherwise, a
    /// restart loses all data.
    pub fn start(keeps: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("socket");
        let child = server(folder.path(), &socket, keeps);
        let wire = Arc::new(Wire { socket, ..Wire::default() });
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("its number").port();
        let proxy = Arc::clone(&wire);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                proxy.connect(client);
            }
        });
        let redis = Self { folder, child, keeps, wire, port };
        redis.ping();
        redis
    }

    /// The value of `REVOCATIONS`.
    pub fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Like [`address`](Self::address), with a user and a password.
    pub fn address_of(&self, user: &str, password: &str) -> String {
        format!("redis://{user}:{password}@127.0.0.1:{}", self.port)
    }

    /// Kills the server, as in a crash.
    pub fn kill(&mut self) {
        self.child.kill().expect("redis-server can be killed");
        self.child.wait().expect("redis-server exits");
    }

    /// Restarts the server after [`kill`](Self::kill).
    pub fn restart(&mut self) {
        let _ = fs::remove_file(&self.wire.socket);
        self.child = server(self.folder.path(), &self.wire.socket, self.keeps);
        self.ping();
    }

    /// Closes all connections, and rejects new ones.
    pub fn cut(&self) {
        self.wire.cut.store(true, Ordering::SeqCst);
        for (client, server) in self.wire.open().drain(..) {
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        }
    }

    /// Accepts connections again.
    pub fn mend(&self) {
        self.wire.cut.store(false, Ordering::SeqCst);
    }

    /// The output of `redis-cli` for a command.
    pub fn cli(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        let output = command.arg("-s").arg(&self.wire.socket).args(arguments).output();
        let output = output.expect("redis-cli runs");
        String::from_utf8(output.stdout).expect("UTF-8").trim().into()
    }

    /// Waits until the server responds, for at most a minute.
    fn ping(&self) {
        for _ in 0..1200 {
            if self.cli(&["ping"]) == "PONG" {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("redis-server does not respond");
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.cut();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn server(folder: &Path, socket: &Path, keeps: bool) -> Child {
    Command::new("redis-server")
        .args(["--port", "0", "--save", "", "--appendfsync", "always", "--unixsocket"])
        .arg(socket)
        .args(["--appendonly", if keeps { "yes" } else { "no" }, "--dir"])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server starts; is it installed?")
}

impl Wire {
    fn connect(&self, client: TcpStream) {
        if self.cut.load(Ordering::SeqCst) {
            return;
        }
        let Ok(server) = UnixStream::connect(&self.socket) else { return };
        let _ = client.set_nodelay(true);
        let (Ok(from), Ok(to)) = (client.try_clone(), server.try_clone()) else { return };
        let (Ok(back_from), Ok(back_to)) = (server.try_clone(), client.try_clone()) else { return };
        self.open().push((client, server));
        pump(from, to);
        pump(back_from, back_to);
        // `cut` may have been called since the check above.
        if self.cut.load(Ordering::SeqCst) {
            for (client, server) in self.open().drain(..) {
                let _ = client.shutdown(Shutdown::Both);
                let _ = server.shutdown(Shutdown::Both);
            }
        }
    }

    fn open(&self) -> MutexGuard<'_, Vec<(TcpStream, UnixStream)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One half of a connection, which can be shut down.
trait Half: io::Read + io::Write + Send + 'static {
    fn shut(&self);
}

impl Half for TcpStream {
    fn shut(&self) {
        let _ = self.shutdown(Shutdown::Both);
    }
}

impl Half for UnixStream {
    fn shut(&self) {
        let _ = self.shutdown(Shutdown::Both);
    }
}

/// Copies one direction until either side closes, and then closes both.
fn pump(mut from: impl Half, mut to: impl Half) {
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        from.shut();
        to.shut();
    });
}
