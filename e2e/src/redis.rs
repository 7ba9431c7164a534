//! A Redis of its own as a child process, on a free port and in a new folder. It is killed at
//! the end of the test.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use redis::{Client, Connection, FromRedisValue};
use tempfile::TempDir;

use crate::lists::{eventually, free_port};

/// A running `redis-server`.
#[derive(Debug)]
pub struct Redis {
    child: Child,
    port: u16,
    arguments: Vec<String>,
    folder: TempDir,
}

impl Redis {
    /// Starts a server with these arguments, and waits until it answers.
    pub fn start(arguments: &[&str]) -> Self {
        let folder = TempDir::new().expect("a folder");
        let port = free_port();
        let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
        let child = spawn(port, &arguments, &folder);
        let redis = Self { child, port, arguments, folder };
        redis.wait();
        redis
    }

    /// Starts three Sentinels that watch this server, as the primary `list`.
    pub fn sentinels(&self) -> [Self; 3] {
        let lines = format!(
            "sentinel monitor list 127.0.0.1 {} 2\nsentinel down-after-milliseconds list 1000\n\
             sentinel failover-timeout list 5000\n",
            self.port
        );
        [(); 3].map(|()| {
            let folder = TempDir::new().expect("a folder");
            let file = folder.path().join("sentinel.conf");
            fs::write(&file, &lines).expect("a file");
            let arguments = vec![file.to_string_lossy().into_owned(), "--sentinel".into()];
            let port = free_port();
            let child = spawn(port, &arguments, &folder);
            let redis = Self { child, port, arguments, folder };
            redis.wait();
            redis
        })
    }

    /// A second server that copies this one.
    #[must_use]
    pub fn replica(&self) -> Self {
        let primary = self.port.to_string();
        let replica = Self::start(&["--replicaof", "127.0.0.1", &primary]);
        eventually("the replica is not connected", || {
            replica.run::<String>(&["INFO", "replication"]).contains("master_link_status:up")
        });
        replica
    }

    /// Starts the server again, in its folder and on its port.
    pub fn restart(&mut self) {
        self.kill();
        self.child = spawn(self.port, &self.arguments, &self.folder);
        self.wait();
    }

    /// `HOST:PORT`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The address for `REVOCATIONS`.
    pub fn url(&self) -> String {
        format!("redis://{}", self.host())
    }

    /// The folder of the server.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().into()
    }

    /// Runs a command.
    pub fn run<T: FromRedisValue>(&self, command: &[&str]) -> T {
        self.try_run(command).unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }

    /// Runs a command.
    ///
    /// # Errors
    ///
    /// The error of the server, or of the connection.
    pub fn try_run<T: FromRedisValue>(&self, command: &[&str]) -> redis::RedisResult<T> {
        let [name, arguments @ ..] = command else { panic!("no command") };
        redis::cmd(name).arg(arguments).query(&mut self.connect()?)
    }

    fn connect(&self) -> redis::RedisResult<Connection> {
        Client::open(self.url())?.get_connection_with_timeout(Duration::from_secs(2))
    }

    /// Kills the server: what it has not written to a file is lost.
    pub fn kill(&mut self) {
        self.child.kill().expect("the server is ours");
        self.child.wait().expect("the server ends");
    }

    /// Stops the process: connections stay, and nothing is answered.
    pub fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Continues the process.
    pub fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).expect("a process ID");
        kill(Pid::from_raw(id), signal).expect("the server is ours");
    }

    fn wait(&self) {
        eventually("redis-server does not answer", || self.try_run::<String>(&["PING"]).is_ok());
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(port: u16, arguments: &[String], folder: &TempDir) -> Child {
    // A configuration file comes first.
    let (file, arguments) = match arguments.split_first() {
        Some((file, rest)) if !file.starts_with("--") => (Some(file), rest),
        _ => (None, arguments),
    };
    Command::new("redis-server")
        .args(file)
        .args(["--bind", "127.0.0.1", "--save", "", "--repl-diskless-sync-delay", "0"])
        .args(["--port", &port.to_string(), "--dir"])
        .arg(folder.path())
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(fs::File::create(folder.path().join("log")).expect("a file"))
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server is installed")
}
