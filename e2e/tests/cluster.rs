//! A logout is effective on every server of a cluster with a real Redis, while servers and Redis
//! are killed and the connections between them are cut.

use std::{
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use e2e::{
    client::{Client, Jar, Response},
    program::{binary, example},
    redis::Redis,
    server::{Format, Server},
    visitor,
};

const NO_COOKIES: [&str; 0] = [];

const AXUM: &str = env!("CARGO_BIN_EXE_serve-axum");
const ACTIX: &str = env!("CARGO_BIN_EXE_serve-actix");

struct Cluster {
    redis: Redis,
    nodes: Vec<Server>,
}

impl Cluster {
    /// Starts one server on axum and one on actix-web, with a new revocation list.
    fn start(environment: &[(&str, &str)]) -> Self {
        let redis = Redis::start(true);
        waxseal(&redis, &["init"]);
        let mut cluster = Self { redis, nodes: Vec::new() };
        for program in [AXUM, ACTIX] {
            let node = cluster.node(program, environment);
            cluster.nodes.push(node);
        }
        cluster
    }

    fn node(&self, program: impl AsRef<Path>, environment: &[(&str, &str)]) -> Server {
        let mut command = Command::new(program.as_ref());
        command.env("REVOCATIONS", self.redis.address()).envs(environment.iter().copied());
        let node = Server::start(&mut command, Format::Waxseal);
        serves(&node);
        node
    }
}

/// Runs `waxseal revocations`.
fn waxseal(redis: &Redis, arguments: &[&str]) -> String {
    let mut command = Command::new(binary("waxseal"));
    command.arg("revocations").args(arguments).env("REVOCATIONS", redis.address());
    let output = command.output().expect("waxseal runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Waits until a server has loaded the revocation list. Until then, logins fail.
fn serves(node: &Server) {
    let client = Client::of(node);
    eventually("users can log in", || {
        client.form("/", "username=first&password=wax", &NO_COOKIES).status == 303
    });
}

fn log_in(node: &Server, name: &str) -> Jar {
    visitor::log_in(&Client::of(node), name)
}

fn log_out(node: &Server, jar: &Jar) -> Response {
    visitor::log_out(&Client::of(node), jar)
}

fn is_in(node: &Server, jar: &Jar) -> bool {
    visitor::is_in(&Client::of(node), jar)
}

/// Polls a condition for at most a minute. Returns the elapsed time.
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while start.elapsed() < Duration::from_mins(1) {
        if is_so() {
            return start.elapsed();
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("not within a minute: {what}");
}

#[test]
fn a_revoked_session_is_rejected_on_every_server_until_it_expires() {
    const SECS: u64 = 12;
    let cluster = Cluster::start(&[("ABSOLUTE_SECS", &SECS.to_string())]);
    for (at, node) in cluster.nodes.iter().enumerate() {
        let start = Instant::now();
        let stolen = log_in(node, "susan");
        assert!(cluster.nodes.iter().all(|node| is_in(node, &stolen)));
        assert_eq!(log_out(node, &stolen).status, 303);
        assert!(!is_in(node, &stolen));
        let delay = eventually("every server rejects it", || {
            cluster.nodes.iter().all(|node| !is_in(node, &stolen))
        });
        assert!(delay < Duration::from_secs(1), "{delay:?} from server {at}");
        // Until the session expires, and longer than the leeway for clocks.
        let mut reasons = Vec::new();
        while start.elapsed() < Duration::from_secs(SECS + 3) {
            for node in &cluster.nodes {
                let seen = Client::of(node).script("state", &stolen.cookies()).json();
                reasons.push(seen["rejection"].as_str().expect("it is rejected").to_owned());
            }
            thread::sleep(Duration::from_millis(100));
        }
        assert!(reasons.iter().all(|reason| ["revoked", "expired"].contains(&&**reason)));
        assert!(reasons.iter().filter(|reason| **reason == "revoked").count() > 20);
    }
}

#[test]
fn no_acknowledged_logout_is_lost_when_a_server_is_killed() {
    const USERS: usize = 1000;
    let mut cluster = Cluster::start(&[]);
    let jars: Vec<Jar> =
        (0..USERS).map(|user| log_in(&cluster.nodes[0], &format!("user{user}"))).collect();
    let node = cluster.nodes.remove(0);
    let acknowledged = visitor::log_out_until_killed(&node, &jars);
    let restarted = cluster.node(AXUM, &[]);
    for node in [&cluster.nodes[0], &restarted] {
        assert!(acknowledged.iter().all(|user| !is_in(node, &jars[*user])));
        assert!(is_in(node, &jars[USERS - 1]));
    }
}

#[test]
fn a_restart_of_redis_with_its_data_loses_no_logout() {
    let mut cluster = Cluster::start(&[]);
    let jars: Vec<Jar> =
        (0..50).map(|user| log_in(&cluster.nodes[user % 2], &format!("user{user}"))).collect();
    for (user, jar) in jars.iter().enumerate().take(40) {
        let logout = log_out(&cluster.nodes[user % 2], jar);
        assert_eq!(logout.status, 303);
    }
    cluster.redis.kill();
    // Without Redis, the servers still accept sessions and apply the revocations.
    for node in &cluster.nodes {
        assert!(is_in(node, &jars[45]));
        assert!(!is_in(node, &jars[5]));
    }
    cluster.redis.restart();
    let third = cluster.node(AXUM, &[]);
    assert!(jars.iter().take(40).all(|jar| !is_in(&third, jar)));
    assert!(jars.iter().skip(40).all(|jar| is_in(&third, jar)));
    // The next logout reaches every server.
    eventually("the logout is durable", || log_out(&third, &jars[45]).status == 303);
    eventually("every server rejects it", || {
        cluster.nodes.iter().all(|node| !is_in(node, &jars[45]))
    });
}

#[test]
fn an_outage_of_redis_loses_neither_sessions_nor_logouts() {
    let cluster = Cluster::start(&[]);
    let [one, other] = &*cluster.nodes else { panic!("two servers") };
    let (early, late) = (log_in(one, "early"), log_in(other, "late"));
    assert!(is_in(one, &early) && is_in(one, &late));
    let cut = Instant::now();
    cluster.redis.cut();
    // Sessions stay valid, and users can log in.
    assert!(is_in(one, &early) && is_in(other, &late));
    let new = log_in(one, "new");
    assert!(is_in(other, &new));
    // A logout that is not durable is a 503, which still removes the cookie.
    let response = log_out(one, &early);
    assert_eq!(response.status, 503);
    assert!(response.set_cookie("__Host-session").contains("Max-Age=0"));
    assert!(!is_in(one, &early));
    assert!(is_in(other, &early), "the revocation has not reached this server");
    thread::sleep(Duration::from_mins(1).saturating_sub(cut.elapsed()));
    assert!(is_in(one, &late) && is_in(other, &late));
    cluster.redis.mend();
    // The revocations of the outage arrive, and no others.
    eventually("the other server rejects it", || !is_in(other, &early));
    assert!(is_in(one, &late) && is_in(other, &new));
    assert_eq!(log_out(other, &late).status, 303);
    eventually("the first server rejects it", || !is_in(one, &late));
}

#[test]
fn without_a_list_a_session_cookie_is_kept_and_answered_with_503() {
    let redis = Redis::start(true);
    let mut command = Command::new(AXUM);
    let node = Server::start(command.env("REVOCATIONS", redis.address()), Format::Waxseal);
    let client = Client::of(&node);
    let pair = node.mint.pair(&node.mint.between(-60, 86_400, r#""sid":"abc","username":"susan""#));
    for _ in 0..20 {
        let response = client.get("/", &[&pair]);
        assert_eq!(response.status, 503);
        assert_eq!(response.body, "");
        assert!(response.set_cookies("__Host-session").is_empty(), "the cookie stays unchanged");
        // A user without a session gets the form, but cannot log in yet.
        assert_eq!(client.get("/", &NO_COOKIES).status, 200);
        let response = client.form("/", "username=susan&password=wax", &NO_COOKIES);
        assert_eq!(response.status, 503);
        assert!(response.set_cookies("__Host-session").is_empty());
        thread::sleep(Duration::from_millis(50));
    }
    waxseal(&redis, &["init"]);
    serves(&node);
    // Earlier revocations are unknown, so `init` revokes all sessions.
    assert!(!client.get("/", &[&pair]).body.contains("Hello"));
    let jar = log_in(&node, "susan");
    assert!(is_in(&node, &jar));
}

#[test]
fn a_logout_everywhere_is_effective_on_every_server() {
    let cluster = Cluster::start(&[]);
    let login = example("login");
    let nodes = [(); 2].map(|()| cluster.node(&login, &[]));
    let [one, other] = &nodes;
    let (laptop, phone) = (log_in(one, "susan"), log_in(other, "susan"));
    let david = log_in(one, "david");
    assert!(is_in(one, &phone) && is_in(other, &laptop));
    let everywhere = Client::of(one).form("/logout-everywhere", "", &laptop.cookies());
    assert_eq!(everywhere.status, 303);
    eventually("all sessions are revoked", || {
        nodes.iter().all(|node| !is_in(node, &laptop) && !is_in(node, &phone))
    });
    assert!(is_in(other, &david));
    // The user can log in again, on both servers.
    let again = log_in(other, "susan");
    assert!(is_in(one, &again) && is_in(other, &again));

    waxseal(&cluster.redis, &["end-user", "susan"]);
    eventually("end-user is effective", || nodes.iter().all(|node| !is_in(node, &again)));
    waxseal(&cluster.redis, &["end-before", "now"]);
    eventually("end-before is effective", || nodes.iter().all(|node| !is_in(node, &david)));
    let list = waxseal(&cluster.redis, &["list"]);
    assert!(!waxseal(&cluster.redis, &["init", "--key", "another"]).is_empty());
    assert_eq!(waxseal(&cluster.redis, &["count", "--key", "another"]), "1\n");
    assert!(list.contains("susan"), "{list}");
    assert!(is_in(one, &log_in(other, "david")));
}
