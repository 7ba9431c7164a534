//! A server as a child process, which is killed at the end of the test.

use std::{
    io::{BufRead as _, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::mint::Mint;

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// Signs tokens that the server accepts.
    pub mint: Mint,
    format: Format,
    errors: Arc<Mutex<String>>,
}

/// The cookie format of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The format of waxseal.
    Waxseal,
    /// The format of Microdot.
    Microdot,
}

impl Server {
    /// Starts `command` and waits for its address, for at most a minute.
    pub fn start(command: &mut Command, format: Format) -> Self {
        Self::start_minted(command, format, Mint::waxseal())
    }

    /// Like [`start`](Self::start), for a server with the cookie of `mint`.
    pub fn start_minted(command: &mut Command, format: Format, mint: Mint) -> Self {
        let started = Self::launch(command, format, mint);
        started.unwrap_or_else(|errors| panic!("the server prints no address: {errors}"))
    }

    /// Like [`start`](Self::start).
    ///
    /// # Errors
    ///
    /// The error output of a server that exits before it has an address.
    pub fn try_start(command: &mut Command, format: Format) -> Result<Self, String> {
        Self::launch(command, format, Mint::waxseal())
    }

    fn launch(command: &mut Command, format: Format, mint: Mint) -> Result<Self, String> {
        let mint = match format {
            Format::Waxseal => mint,
            Format::Microdot => Mint::microdot(),
        };
        if format == Format::Microdot {
            command.arg("--microdot");
        }
        if mint.is_encrypted() {
            command.arg("--encrypted");
        }
        let mut child = command
            .env("SESSION_SECRET", mint.secret)
            .env("PORT", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let errors = Arc::default();
        let reader = collect(child.stderr.take().expect("its errors are piped"), &errors);
        let output = BufReader::new(child.stdout.take().expect("its output is piped"));
        let (sender, receiver) = mpsc::channel();
        // Reads all output, so that the server never blocks on a full pipe.
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some(port) =
                    line.split_once("http://").and_then(|(_, at)| at.rsplit(':').next())
                {
                    let _ = sender.send(port.trim_end_matches('/').to_owned());
                }
            }
        });
        let port = receiver.recv_timeout(Duration::from_mins(1));
        let mut server = Self { child, url: String::new(), mint, format, errors };
        let Ok(port) = port else {
            server.end();
            let _ = reader.join();
            return Err(server.errors().clone());
        };
        server.url = format!("http://127.0.0.1:{port}");
        Ok(server)
    }

    /// The error output so far.
    pub fn errors(&self) -> MutexGuard<'_, String> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// The cookie format of the server.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The process ID.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills the process, as in a crash.
    pub fn kill(&self) {
        let id = self.id().try_into().expect("a process id");
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGKILL)
            .expect("the server can be killed");
    }

    /// Waits for the server to exit, for at most ten seconds. Returns its exit code.
    pub fn wait(&mut self) -> Option<i32> {
        for _ in 0..100 {
            if let Some(status) = self.child.try_wait().expect("the server has a status") {
                return status.code();
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("the server does not exit");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// Reads the error output of a server, and prints it.
fn collect(output: impl Read + Send + 'static, errors: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let errors = Arc::clone(errors);
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            eprintln!("{line}");
            let mut errors = errors.lock().unwrap_or_else(PoisonError::into_inner);
            errors.push_str(&line);
            errors.push('\n');
        }
    })
}
