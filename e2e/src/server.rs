//! A server as a child process: it dies with the test that started it.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::mint::Mint;

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// Signs what the server accepts.
    pub mint: Mint,
    format: Format,
}

/// Whose cookie a server reads and writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Ours.
    Waxseal,
    /// Microdot's.
    Microdot,
}

impl Server {
    /// Starts `command` and waits until it has said where it listens; a minute at most.
    pub fn start(command: &mut Command, format: Format) -> Self {
        Self::start_minted(command, format, Mint::waxseal())
    }

    /// Likewise, a server whose own cookie is that of `mint`.
    pub fn start_minted(command: &mut Command, format: Format, mint: Mint) -> Self {
        let mint = match format {
            Format::Waxseal => mint,
            Format::Microdot => Mint::microdot(),
        };
        if format == Format::Microdot {
            command.arg("--microdot");
        }
        let mut child = command
            .env("SESSION_SECRET", mint.secret)
            .env("PORT", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let output = BufReader::new(child.stdout.take().expect("its output is piped"));
        let (sender, receiver) = mpsc::channel();
        // Reads on to the end, so that the server never waits for a reader.
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
        let mut server = Self { child, url: String::new(), mint, format };
        server.url =
            format!("http://127.0.0.1:{}", port.expect("the server says where it listens"));
        server
    }

    /// Whose cookie it reads and writes.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a crash does.
    pub fn kill(&self) {
        let id = self.id().try_into().expect("a process id");
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGKILL)
            .expect("it can be killed");
    }

    /// Waits for the server to end by itself, ten seconds at most; its exit code.
    pub fn wait(&mut self) -> Option<i32> {
        for _ in 0..100 {
            if let Some(status) = self.child.try_wait().expect("its status can be asked for") {
                return status.code();
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("the server has not ended");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
