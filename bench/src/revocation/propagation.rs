//! The time from the revocation on one server to the rejection on another, through a Redis server.

use std::{
    collections::VecDeque,
    net::{Ipv4Addr, TcpListener},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tempfile::TempDir;
use waxseal::UnixTime;
use waxseal_core::{RevocationStatus, Revocations as _, SessionRef};
use waxseal_revocation::{RevocationList, State, Store, operator};

use super::lists::{acknowledged, session};

const A_SECOND: u32 = 1000;
const SECONDS: u32 = 10;
/// The polling interval of the other list.
const LOOK: Duration = Duration::from_micros(50);
/// The time after which the benchmark fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// The times, in milliseconds.
pub(super) struct Propagation {
    pub(super) median: f64,
    pub(super) of_100: f64,
    pub(super) most: f64,
}

pub(super) fn run() -> Propagation {
    let redis = Server::start();
    let store = Store::redis(&redis.address).expect("an address");
    eventually(|| operator::init(&store).is_ok());
    let open = || RevocationList::builder(store.clone()).open().expect("a list");
    let (one, other) = (open(), open());
    eventually(|| [&one, &other].iter().all(|list| list.readiness().state == State::Current));

    let mut times = load(&one, &other);
    times.sort();
    let at = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1000.0;
    Propagation { median: at(50), of_100: at(99), most: at(100) }
}

/// Revokes sessions on one list at a constant rate. Returns, for each session, the time until the
/// other list contained it.
fn load(one: &RevocationList, other: &RevocationList) -> Vec<Duration> {
    // The cutoff of the new list revokes sessions that were issued earlier.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    let issued_at = one.issued_at(None, UnixTime::from_secs(now)).expect("the list is current");
    let mut sessions =
        (0..A_SECOND * SECONDS).map(|number| SessionRef { issued_at, ..session(number) });
    let knows = |session: &SessionRef| {
        other.status(Some(&session.id), session.user.as_deref(), session.issued_at)
            == RevocationStatus::Revoked
    };
    let (mut in_flight, mut times, mut acknowledgements) =
        (VecDeque::new(), Vec::new(), Vec::new());
    let start = Instant::now();
    let mut due = Duration::ZERO;
    let mut left = true;
    while left || !in_flight.is_empty() {
        while left && start.elapsed() >= due {
            due += Duration::from_secs(1) / A_SECOND;
            match sessions.next() {
                Some(session) => {
                    in_flight.push_back((session.clone(), Instant::now()));
                    acknowledgements.push(one.revoke(session, issued_at));
                }
                None => left = false,
            }
        }
        // The entries arrive in the order of the revocations.
        while let Some((session, since)) = in_flight.front()
            && knows(session)
        {
            times.push(since.elapsed());
            in_flight.pop_front();
        }
        assert!(start.elapsed() < PATIENCE, "{} entries have not arrived", in_flight.len());
        sleep(LOOK);
    }
    acknowledged(acknowledgements);
    times
}

fn eventually(mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "Redis does not respond");
        sleep(Duration::from_millis(20));
    }
}

/// A Redis server that ends with this value or with this process.
struct Server {
    shell: Child,
    address: String,
    _folder: TempDir,
}

impl Server {
    fn start() -> Self {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
        let port = port.expect("a free port").port();
        let folder = TempDir::new().expect("a folder");
        // When this process ends for any reason, the input of the shell ends, too.
        let shell = Command::new("sh")
            .args(["-c", "redis-server \"$@\" & cat; kill $!; wait", "sh"])
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
            .arg("--dir")
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("a shell");
        Self { shell, address: format!("redis://127.0.0.1:{port}"), _folder: folder }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}
