//! A real Redis, and a wire to it that can be cut.

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

/// A Redis server on a socket of its own, and a proxy before it whose address
/// stays the same. Both end with the test.
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
    /// Where the server listens.
    socket: PathBuf,
    cut: AtomicBool,
    open: Mutex<Vec<(TcpStream, UnixStream)>>,
}

impl Redis {
    /// A server that keeps everything it has acknowledged, or nothing at all
    /// over a restart.
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

    /// For `REVOCATIONS`.
    pub fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Likewise, as a user with a password.
    pub fn address_of(&self, user: &str, password: &str) -> String {
        format!("redis://{user}:{password}@127.0.0.1:{}", self.port)
    }

    /// Ends the server as a crash does.
    pub fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it has ended");
    }

    /// Starts it again after [`kill`](Self::kill).
    pub fn restart(&mut self) {
        let _ = fs::remove_file(&self.wire.socket);
        self.child = server(self.folder.path(), &self.wire.socket, self.keeps);
        self.ping();
    }

    /// No connection holds, and none can be made.
    pub fn cut(&self) {
        self.wire.cut.store(true, Ordering::SeqCst);
        for (client, server) in self.wire.open().drain(..) {
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        }
    }

    /// The wire is whole again.
    pub fn mend(&self) {
        self.wire.cut.store(false, Ordering::SeqCst);
    }

    /// What `redis-cli` answers to a command.
    pub fn cli(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        let output = command.arg("-s").arg(&self.wire.socket).args(arguments).output();
        let output = output.expect("redis-cli runs");
        String::from_utf8(output.stdout).expect("UTF-8").trim().into()
    }

    /// Waits until it answers, for a minute at most.
    fn ping(&self) {
        for _ in 0..1200 {
            if self.cli(&["ping"]) == "PONG" {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("redis-server does not answer");
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
        // It may have been cut meanwhile.
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

/// Half of a connection that can be shut.
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

/// Copies one direction until either side ends, and then ends both.
fn pump(mut from: impl Half, mut to: impl Half) {
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        from.shut();
        to.shut();
    });
}
