//! A Postgres of its own as a child process, on a free port and in a new folder. It is killed at
//! the end of the test.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, Uid, User, chown},
};
use tempfile::TempDir;

use crate::{
    authority::Authority,
    lists::{eventually, free_port},
};

/// A running `postgres`.
#[derive(Debug)]
pub struct Postgres {
    child: Child,
    port: u16,
    settings: Vec<String>,
    folder: TempDir,
}

impl Postgres {
    /// Starts a server that writes nothing to the disk, and waits until it answers.
    pub fn start() -> Self {
        Self::start_with(&["fsync=off"])
    }

    /// Starts a server with these settings, each `NAME=VALUE`, and waits until it answers.
    pub fn start_with(settings: &[&str]) -> Self {
        let folder = folder();
        let data = data(&folder);
        run(tool("initdb").arg("-D").arg(&data).args(["-A", "trust", "-U", "app", "--no-sync"]));
        let port = free_port();
        let settings: Vec<_> = settings.iter().map(ToString::to_string).collect();
        let postgres = Self { child: spawn(port, &data, &settings), port, settings, folder };
        postgres.wait();
        postgres
    }

    /// Starts a server that also accepts connections with TLS.
    pub fn start_with_tls(authority: &Authority) -> Self {
        let paths = authority.server();
        own(authority.folder());
        for path in &paths {
            own(path);
            // Postgres refuses a key that others can read.
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("a file");
        }
        let [certificate, key] = paths.map(|path| path.display().to_string());
        Self::start_with(&[
            "fsync=off",
            "ssl=on",
            &format!("ssl_cert_file={certificate}"),
            &format!("ssl_key_file={key}"),
        ])
    }

    /// Starts a standby that copies this server. With `synchronous`, every commit waits for it.
    #[must_use]
    pub fn standby(&self, synchronous: bool) -> Self {
        let folder = folder();
        let data = data(&folder);
        let mut backup = tool("pg_basebackup");
        backup.args(["-h", "127.0.0.1", "-U", "app", "-R", "--checkpoint=fast", "--no-sync"]);
        run(backup.args(["-p", &self.port.to_string(), "-D"]).arg(&data));
        let port = free_port();
        let settings = self.settings.clone();
        let standby = Self { child: spawn(port, &data, &settings), port, settings, folder };
        standby.wait();
        if synchronous {
            self.run("ALTER SYSTEM SET synchronous_standby_names = '*'");
            self.run("SELECT pg_reload_conf()");
        }
        eventually("the standby is not connected", || {
            self.run("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == "1"
        });
        standby
    }

    /// `HOST:PORT`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address for `REVOCATIONS`.
    pub fn url(&self) -> String {
        format!("postgres://app@{}/postgres", self.host())
    }

    /// Runs SQL, and returns the rows without decoration.
    pub fn run(&self, sql: &str) -> String {
        self.try_run(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The command that runs SQL, for a statement that takes long.
    pub fn psql(&self, sql: &str) -> Command {
        let mut command = Command::new("psql");
        command
            .args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "app"])
            .args(["-p", &self.port.to_string(), "-d", "postgres", "-c", sql]);
        command
    }

    /// Runs SQL.
    ///
    /// # Errors
    ///
    /// The error output of `psql`.
    pub fn try_run(&self, sql: &str) -> Result<String, String> {
        let output = self.psql(sql).output().expect("psql is installed");
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    /// Kills the server with SIGKILL, and its processes end.
    pub fn kill(&mut self) {
        self.child.kill().expect("the server is ours");
        self.child.wait().expect("the server ends");
    }

    /// Starts the server again, in its folder and on its port.
    pub fn restart(&mut self) {
        self.kill();
        // Until the other processes have noticed, the shared memory is in use.
        eventually("Postgres does not start again", || {
            self.child = spawn(self.port, &data(&self.folder), &self.settings);
            eventually("Postgres neither starts nor ends", || {
                self.try_run("SELECT 1").is_ok()
                    || self.child.try_wait().is_ok_and(|status| status.is_some())
            });
            self.try_run("SELECT 1").is_ok()
        });
    }

    fn wait(&self) {
        eventually("postgres does not answer", || self.try_run("SELECT 1").is_ok());
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // An immediate shutdown, which also ends the other processes.
        let id = i32::try_from(self.child.id()).unwrap_or(0);
        if id > 0 && self.child.try_wait().is_ok_and(|status| status.is_none()) {
            let _ = kill(Pid::from_raw(id), Signal::SIGQUIT);
        }
        let _ = self.child.wait();
    }
}

/// A folder of the user that may run Postgres, who is not root.
fn folder() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    own(folder.path());
    folder
}

/// Gives a file or a folder to the user that may run Postgres.
fn own(path: &Path) {
    if Uid::effective().is_root() {
        let user = User::from_name("postgres").ok().flatten().expect("the user `postgres`");
        chown(path, Some(user.uid), Some(user.gid)).expect("it is ours");
    }
}

fn data(folder: &TempDir) -> PathBuf {
    folder.path().join("data")
}

/// A program of Postgres, as a user who is not root.
fn tool(name: &str) -> Command {
    let folders = fs::read_dir("/usr/lib/postgresql").expect("Postgres is installed");
    let mut paths: Vec<_> =
        folders.flatten().map(|version| version.path().join("bin").join(name)).collect();
    paths.sort();
    let path = paths.into_iter().rfind(|path| path.exists()).expect("Postgres is installed");
    if !Uid::effective().is_root() {
        return Command::new(path);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]).arg(path);
    command
}

fn run(command: &mut Command) {
    let output = command.current_dir("/").output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn spawn(port: u16, data: &Path, settings: &[String]) -> Child {
    tool("postgres")
        .current_dir("/")
        .arg("-D")
        .arg(data)
        .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"])
        .args(["-c", "unix_socket_directories=", "-c", "max_connections=60"])
        .args(settings.iter().flat_map(|setting| ["-c", setting]))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts")
}
