//! Requests per second over a socket, in turns, with the server on one core and the load on
//! another.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::load;

const TURNS: usize = 5;
const TURN: Duration = Duration::from_millis(1500);

pub(crate) const BARE: &str = "axum, bare";
pub(crate) const READ: &str = "waxseal, read";
pub(crate) const FLOOR: &str = "the floor in the handler";
pub(crate) const BY_HAND: &str = "waxseal, opened by the handler";
/// They get the cookie of another server.
const WITHOUT_LOGIN: [&str; 3] = [BARE, FLOOR, BY_HAND];
const SUBJECTS: [&str; 7] =
    [BARE, READ, FLOOR, BY_HAND, "waxseal, saved", "tower-sessions, memory", "seshcookie"];

/// The results of one server.
pub(crate) struct Served {
    pub(crate) name: String,
    /// Requests per second: the median of the turns.
    pub(crate) rate: f64,
    /// The fraction of one core that the server used.
    pub(crate) busy: f64,
}

/// A server in its own process, which ends with this value.
struct Server {
    name: &'static str,
    child: Child,
    address: SocketAddr,
    path: &'static str,
    cookie: String,
    turns: Vec<(f64, f64)>,
}

/// Runs the turns of all servers.
pub(crate) fn run() -> Vec<Served> {
    let own = std::env::current_exe().expect("this program");
    let mut servers: Vec<Server> = Vec::new();
    for name in SUBJECTS {
        servers.push(Server::start(name, "/", Command::new(&own).args(["serve", name])));
    }
    let cookie = servers[1].cookie.clone();
    let others = servers.iter_mut().filter(|server| server.cookie.is_empty());
    others.for_each(|server| server.cookie.clone_from(&cookie));
    if let Some(python) = std::env::var_os("MICRODOT_PYTHON") {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/microdot_server.py");
        for (name, path) in [("Microdot, bare", "/bare"), ("Microdot, read", "/")] {
            servers.push(Server::start(name, path, Command::new(&python).arg(script)));
        }
    } else {
        eprintln!("skipping Microdot, because MICRODOT_PYTHON is not set");
    }
    for _ in 0..TURNS {
        servers.iter_mut().for_each(Server::turn);
    }
    servers.into_iter().map(Server::result).collect()
}

impl Server {
    fn start(name: &'static str, path: &'static str, command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("its output is piped");
        BufReader::new(output).read_line(&mut line).expect("the server prints its address");
        let address = line.trim().parse().expect("an address");
        let mut server =
            Self { name, child, address, path, cookie: String::new(), turns: Vec::new() };
        if !WITHOUT_LOGIN.contains(&name) {
            server.cookie = server.login();
        }
        server
    }

    /// Logs in. Returns the cookie.
    fn login(&self) -> String {
        let answer = load::get(self.address, "/login");
        let lines = answer.lines().filter_map(|line| line.split_once(": "));
        let mut set = lines.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        let (_, cookie) = set.next().expect("a cookie");
        cookie.split(';').next().expect("its first part").into()
    }

    fn turn(&mut self) {
        let (start, before) = (Instant::now(), self.seconds());
        let rate = load::run(self.address, self.path, &self.cookie, TURN);
        let busy = (self.seconds() - before) / start.elapsed().as_secs_f64();
        self.turns.push((rate, busy));
    }

    /// The processor time of the server in seconds, user and system, from proc(5), which counts
    /// hundredths of a second.
    fn seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))
            .expect("the server is running");
        let fields = stat.rsplit_once(')').expect("a name in parentheses").1.split_whitespace();
        fields.skip(11).take(2).map(|ticks| ticks.parse::<f64>().expect("a number") / 100.0).sum()
    }

    fn result(mut self) -> Served {
        self.turns.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (rate, busy) = self.turns[TURNS / 2];
        Served { name: self.name.into(), rate, busy }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
