//! nginx as a gateway, with the files in `gateway`.

use std::{
    fs::{self, Permissions},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

use crate::{
    client::{Client, Response},
    mint::Mint,
    program::binary,
    server::{Format, Server},
};

/// nginx in a folder of its own, before an application. It is stopped at the end of the test.
#[derive(Debug)]
pub struct Gateway {
    nginx: Child,
    folder: TempDir,
    port: u16,
    application: Server,
}

/// The rest of nginx's configuration, which a Debian system contains.
fn configuration(folder: &Path, port: u16, application: &Server) -> String {
    let address = application.url.strip_prefix("http://").expect("an address");
    let recipe = include_str!("../gateway/nginx.conf")
        .replace("listen 8080", &format!("listen 127.0.0.1:{port}"))
        .replace("127.0.0.1:3000", address)
        .replace("127.0.0.1:3001", address)
        .replace("/etc/nginx/waxseal", folder.to_str().expect("UTF-8"));
    let folder = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
        .concat();
    format!(
        "load_module /usr/lib/nginx/modules/ngx_http_js_module.so;\n\
         pid {folder}/pid;\nerror_log {folder}/log notice;\ndaemon off;\nworker_processes 1;\n\
         events {{}}\nhttp {{\naccess_log off;\n{temporary}{recipe}\n}}\n"
    )
}

impl Gateway {
    /// Starts nginx with this key file, and the application.
    pub fn start(keys: &str) -> Self {
        let mut application = Command::new(binary("serve-application"));
        let application = Server::start(&mut application, Format::Waxseal);
        let folder = TempDir::new().expect("a folder");
        // The workers have another user, and read neither the keys nor the script.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("a mode");
        write_keys(folder.path(), keys);
        let script = include_str!("../gateway/session.js");
        fs::write(folder.path().join("session.js"), script).expect("a script");
        // Another process can take the port before nginx does.
        for _ in 0..5 {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let port = listener.local_addr().expect("an address").port();
            drop(listener);
            let conf = configuration(folder.path(), port, &application);
            fs::write(folder.path().join("nginx.conf"), conf).expect("a file");
            let mut nginx = nginx(folder.path(), "log").spawn().expect("nginx starts");
            if answers(&mut nginx, port) {
                return Self { nginx, folder, port, application };
            }
        }
        panic!("nginx does not start: {:?}", fs::read_to_string(folder.path().join("log")));
    }

    /// Signs sessions of the application.
    pub fn mint(&self) -> &Mint {
        &self.application.mint
    }

    /// The application behind the gateway.
    pub fn application(&self) -> &Server {
        &self.application
    }

    /// The port of nginx on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Replaces the key file. nginx reads it when it reloads.
    pub fn write_keys(&self, keys: &str) {
        write_keys(self.folder.path(), keys);
    }

    /// `GET path` with these `Cookie` headers.
    pub fn get(&self, path: &str, cookies: &[String]) -> Response {
        Client::at(&format!("http://127.0.0.1:{}", self.port)).get(path, cookies)
    }

    /// The user whom the gateway admits with these `Cookie` headers.
    ///
    /// # Errors
    ///
    /// The status of the response, if it is not 200.
    pub fn admits(&self, cookies: &[String]) -> Result<String, u16> {
        let response = self.get("/report", cookies);
        assert_ne!(response.status, 500, "{}", self.log());
        if response.status != 200 {
            return Err(response.status);
        }
        let user =
            response.body.strip_prefix(r#"/report [""#).and_then(|it| it.strip_suffix(r#""]"#));
        Ok(user.unwrap_or_else(|| panic!("no user: {}", response.body)).to_owned())
    }

    /// Whether nginx accepts its configuration.
    pub fn is_valid(&self) -> bool {
        let status = nginx(self.folder.path(), "log-of-the-test").arg("-t").status();
        status.expect("nginx runs").success()
    }

    /// Lets nginx read the key file, and waits for the condition.
    pub fn reload(&self, condition: impl Fn() -> bool) {
        kill(pid(&self.nginx), Signal::SIGHUP).expect("nginx is ours");
        eventually(|| format!("nginx does not reload: {}", self.log()), condition);
    }

    /// The log so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).expect("a log")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // The main process ends its workers.
        let _ = kill(pid(&self.nginx), Signal::SIGTERM);
        let _ = self.nginx.wait();
    }
}

fn nginx(folder: &Path, log: &str) -> Command {
    let mut command = Command::new("/usr/sbin/nginx");
    command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
    command.arg("-e").arg(folder.join(log));
    command.stdin(Stdio::null()).stderr(Stdio::null());
    command
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().try_into().expect("a process id"))
}

/// Waits for at most twenty seconds.
fn eventually(failure: impl Fn() -> String, condition: impl Fn() -> bool) {
    for _ in 0..1000 {
        if condition() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("{}", failure());
}

/// Returns whether nginx listens, or false if it has ended.
fn answers(nginx: &mut Child, port: u16) -> bool {
    for _ in 0..1000 {
        if nginx.try_wait().expect("a status").is_some() {
            return false;
        }
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return nginx.try_wait().expect("a status").is_none();
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("nginx does not listen");
}

fn write_keys(folder: &Path, keys: &str) {
    let file = folder.join("keys.json");
    fs::write(&file, keys).expect("a key file");
    fs::set_permissions(file, Permissions::from_mode(0o600)).expect("a mode");
}
