//! From the end of a session on one server to the refusal on another, through
//! a Redis of its own.

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

use super::lists::{recorded, session};

const A_SECOND: u32 = 1000;
const SECONDS: u32 = 10;
/// How often the other list is asked.
const LOOK: Duration = Duration::from_micros(50);
/// What takes longer than this does not come.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long it took, in milliseconds.
pub(super) struct Propagation {
    pub(super) median: f64,
    pub(super) of_100: f64,
    pub(super) most: f64,
}

pub(super) fn run() -> Propagation {
    let redis = Server::start();
    let log = Store::redis(&redis.address).expect("an address");
    eventually(|| operator::init(&log).is_ok());
    let open = || RevocationList::builder(log.clone()).open().expect("a list");
    let (one, other) = (open(), open());
    eventually(|| [&one, &other].iter().all(|list| list.readiness().state == State::Current));

    let mut times = load(&one, &other);
    times.sort();
    let at = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1000.0;
    Propagation { median: at(50), of_100: at(99), most: at(100) }
}

/// Ends sessions on one list at an even pace: how long it took each until the
/// other knew.
fn load(one: &RevocationList, other: &RevocationList) -> Vec<Duration> {
    // What began before the list did has ended with that.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    let begun = one.issued_at(None, UnixTime::from_secs(now)).expect("a list to be trusted");
    let mut sessions =
        (0..A_SECOND * SECONDS).map(|number| SessionRef { issued_at: begun, ..session(number) });
    let knows = |session: &SessionRef| {
        other.status(Some(&session.id), session.user.as_deref(), session.issued_at)
            == RevocationStatus::Revoked
    };
    let (mut under_way, mut times, mut recordings) = (VecDeque::new(), Vec::new(), Vec::new());
    let start = Instant::now();
    let mut due = Duration::ZERO;
    let mut left = true;
    while left || !under_way.is_empty() {
        while left && start.elapsed() >= due {
            due += Duration::from_secs(1) / A_SECOND;
            match sessions.next() {
                Some(session) => {
                    under_way.push_back((session.clone(), Instant::now()));
                    recordings.push(one.revoke(session, begun));
                }
                None => left = false,
            }
        }
        // They come in the order in which they were ended.
        while let Some((session, since)) = under_way.front()
            && knows(session)
        {
            times.push(since.elapsed());
            under_way.pop_front();
        }
        assert!(start.elapsed() < PATIENCE, "{} have not come", under_way.len());
        sleep(LOOK);
    }
    recorded(recordings);
    times
}

fn eventually(mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "Redis does not answer");
        sleep(Duration::from_millis(20));
    }
}

/// A Redis of our own, which ends with this value, or with this process.
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
        // The shell's input ends when this process does, whatever becomes of it.
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
