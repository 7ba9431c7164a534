//! A key rotation logs no user out while the servers are in use.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use e2e::{
    client::{Client, Jar},
    program::{binary, example},
    server::{Format, Server},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

const USERS: usize = 200;
const NO_COOKIES: [&str; 0] = [];

/// One of the servers. Each has its own copy of the key file, as on separate machines.
struct Node {
    keys: PathBuf,
    server: Server,
}

impl Node {
    fn start(program: &Path, keys: PathBuf) -> Self {
        let mut command = Command::new(program);
        let server = Server::start(command.env("SESSION_KEYRING", &keys), Format::Waxseal);
        Self { keys, server }
    }

    fn signal(&self, signal: Signal) {
        let id = self.server.id().try_into().expect("a process id");
        kill(Pid::from_raw(id), signal).expect("the server can be signalled");
    }
}

struct Cluster {
    login: PathBuf,
    waxseal: PathBuf,
    folder: tempfile::TempDir,
    nodes: Vec<Node>,
    /// The servers that a load balancer would use.
    urls: RwLock<Vec<String>>,
}

impl Cluster {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut cluster = Self {
            login: example("login"),
            waxseal: binary("waxseal"),
            folder,
            nodes: Vec::new(),
            urls: RwLock::default(),
        };
        cluster.keys(&["add"]);
        for node in ["a", "b", "c"] {
            let keys = cluster.folder.path().join(node);
            fs::copy(cluster.master(), &keys).expect("the keys are copied");
            let node = Node::start(&cluster.login, keys);
            cluster.urls.get_mut().expect("no thread panicked").push(node.server.url.clone());
            cluster.nodes.push(node);
        }
        cluster
    }

    fn master(&self) -> PathBuf {
        self.folder.path().join("keys.json")
    }

    /// Runs `waxseal keys STEP FILE …`.
    fn keys(&self, step: &[&str]) {
        let mut command = Command::new(&self.waxseal);
        command.args(["keys", step[0]]).arg(self.master()).args(&step[1..]);
        let output = command.output().expect("waxseal runs");
        assert!(output.status.success(), "{step:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn kids(&self) -> Vec<String> {
        let text = fs::read_to_string(self.master()).expect("the key file");
        let file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let keys = file["keys"].as_array().expect("keys").iter();
        keys.map(|key| key["kid"].as_str().expect("a kid").into()).collect()
    }

    /// Distributes the new keys to one server after the other. The first watches the file, the
    /// second gets a signal, and the third is restarted.
    fn roll_out(nodes: &mut [Node], cluster: &Cluster) {
        for (at, node) in nodes.iter_mut().enumerate() {
            let new = node.keys.with_extension("new");
            fs::copy(cluster.master(), &new).expect("the keys are copied");
            fs::rename(&new, &node.keys).expect("the key file is replaced");
            match at {
                0 => thread::sleep(Duration::from_millis(1500)),
                1 => node.signal(Signal::SIGHUP),
                _ => {
                    let url = node.server.url.clone();
                    cluster.urls.write().expect("no thread panicked").retain(|known| *known != url);
                    node.signal(Signal::SIGTERM);
                    *node = Node::start(&cluster.login, node.keys.clone());
                    cluster.urls.write().expect("no thread panicked").push(node.server.url.clone());
                }
            }
            // During this time, the servers have different keys.
            thread::sleep(Duration::from_millis(300));
        }
    }
}

/// A user logs in once, and then requests the page from all servers in turn.
fn use_it(user: usize, cluster: &Cluster, stop: &AtomicBool, requests: &AtomicU64) -> Jar {
    let name = format!("user{user}");
    let mut jar = Jar::default();
    // The lock is held until the response arrives, so that no server is removed from the list
    // while a request to it is in flight.
    let urls = || cluster.urls.read().expect("no thread panicked");
    let at = |urls: &[String], turn: usize| Client::at(&urls[turn % urls.len()]);
    let response =
        at(&urls(), user).form("/", &format!("username={name}&password=wax"), &NO_COOKIES);
    assert_eq!(response.status, 303, "{}", response.body);
    jar.take(&response);
    let mut turn = user;
    while !stop.load(Ordering::Relaxed) {
        turn += 1;
        let response = at(&urls(), turn).get("/", &jar.cookies());
        assert_eq!(response.status, 200);
        assert!(response.body.contains(&format!("Hello <b>{name}</b>!")), "{name} was logged out");
        jar.take(&response);
        requests.fetch_add(1, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(60));
    }
    jar
}

/// Stops the loops of the users, even if a check fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_rotation_logs_no_user_out() {
    let mut cluster = Cluster::start();
    let mut nodes = std::mem::take(&mut cluster.nodes);
    let cluster = &cluster;
    let (stop, requests) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        let users: Vec<_> = (0..USERS)
            .map(|user| {
                scope.spawn({
                    let (stop, requests) = (&stop, &requests);
                    move || use_it(user, cluster, stop, requests)
                })
            })
            .collect();
        let _stop = Stop(&stop);
        thread::sleep(Duration::from_secs(1));

        cluster.keys(&["add"]);
        Cluster::roll_out(&mut nodes, cluster);
        cluster.keys(&["promote", "--because", "every server of the test has the key"]);
        Cluster::roll_out(&mut nodes, cluster);
        // Every user sends another request.
        thread::sleep(Duration::from_secs(2));
        let [old, new] = &cluster.kids()[..] else { panic!("two keys") };
        cluster.keys(&["retire", old, "--because", "every session of the test uses the new key"]);
        Cluster::roll_out(&mut nodes, cluster);
        thread::sleep(Duration::from_secs(1));
        stop.store(true, Ordering::Relaxed);

        for user in users {
            let jar = user.join().expect("the user stays logged in, and no request fails");
            let token = jar.value("__Host-session").expect("a session");
            let header = token.split('.').next().unwrap_or_default();
            let header =
                data_encoding::BASE64URL_NOPAD.decode(header.as_bytes()).expect("a header");
            assert!(
                String::from_utf8_lossy(&header).contains(new.as_str()),
                "the session uses the new key"
            );
        }
    });
    assert!(
        requests.load(Ordering::Relaxed) > 10 * USERS as u64,
        "the users sent too few requests"
    );
}
