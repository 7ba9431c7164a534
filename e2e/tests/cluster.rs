//! A logout sticks on every server of a cluster, over a real Redis: seen from
//! outside, while servers and Redis are killed and the wire between them is cut.

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

const NOBODY: [&str; 0] = [];

const AXUM: &str = env!("CARGO_BIN_EXE_serve-axum");
const ACTIX: &str = env!("CARGO_BIN_EXE_serve-actix");

struct Cluster {
    redis: Redis,
    nodes: Vec<Server>,
}

impl Cluster {
    /// One server on axum, one on actix-web, over a list that was just begun.
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

/// The command for operators.
fn waxseal(redis: &Redis, arguments: &[&str]) -> String {
    let mut command = Command::new(binary("waxseal"));
    command.arg("revocations").args(arguments).env("REVOCATIONS", redis.address());
    let output = command.output().expect("waxseal runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Waits until a server has its list: until then it lets nobody in.
fn serves(node: &Server) {
    let client = Client::of(node);
    eventually("it lets people in", || client.form("/", "username=first", &NOBODY).status == 303);
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

/// Looks again and again, for a minute at most; how long it took.
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_mins(1) {
        if is_so() {
            return begun.elapsed();
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("never: {what}");
}

#[test]
fn a_stolen_cookie_is_refused_everywhere_for_as_long_as_it_could_be_valid() {
    const SECS: u64 = 12;
    let cluster = Cluster::start(&[("ABSOLUTE_SECS", &SECS.to_string())]);
    for (at, node) in cluster.nodes.iter().enumerate() {
        let began = Instant::now();
        let stolen = log_in(node, "susan");
        assert!(cluster.nodes.iter().all(|node| is_in(node, &stolen)));
        assert_eq!(log_out(node, &stolen).status, 303);
        assert!(!is_in(node, &stolen));
        let told =
            eventually("all refuse it", || cluster.nodes.iter().all(|node| !is_in(node, &stolen)));
        assert!(told < Duration::from_secs(1), "{told:?} from server {at}");
        // To its end, and a good while longer than the clocks may differ.
        let mut reasons = Vec::new();
        while began.elapsed() < Duration::from_secs(SECS + 3) {
            for node in &cluster.nodes {
                let seen = Client::of(node).script("state", &stolen.cookies()).json();
                reasons.push(seen["rejection"].as_str().expect("it is refused").to_owned());
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
fn redis_is_killed_and_comes_back_with_its_data() {
    let mut cluster = Cluster::start(&[]);
    let jars: Vec<Jar> =
        (0..50).map(|user| log_in(&cluster.nodes[user % 2], &format!("user{user}"))).collect();
    for (user, jar) in jars.iter().enumerate().take(40) {
        let logout = log_out(&cluster.nodes[user % 2], jar);
        assert_eq!(logout.status, 303);
    }
    cluster.redis.kill();
    // Nobody waits for a network: who is in is in, who is out is out.
    for node in &cluster.nodes {
        assert!(is_in(node, &jars[45]));
        assert!(!is_in(node, &jars[5]));
    }
    cluster.redis.restart();
    let third = cluster.node(AXUM, &[]);
    assert!(jars.iter().take(40).all(|jar| !is_in(&third, jar)));
    assert!(jars.iter().skip(40).all(|jar| is_in(&third, jar)));
    // And the next logout is known to all.
    eventually("it is recorded", || log_out(&third, &jars[45]).status == 303);
    eventually("all know", || cluster.nodes.iter().all(|node| !is_in(node, &jars[45])));
}

#[test]
fn the_wire_to_redis_is_cut_for_a_minute() {
    let cluster = Cluster::start(&[]);
    let [one, other] = &*cluster.nodes else { panic!("two servers") };
    let (early, late) = (log_in(one, "early"), log_in(other, "late"));
    assert!(is_in(one, &early) && is_in(one, &late));
    let cut = Instant::now();
    cluster.redis.cut();
    // Sessions go on.
    assert!(is_in(one, &early) && is_in(other, &late));
    let new = log_in(one, "new");
    assert!(is_in(other, &new));
    // A logout is told as not safe yet; this browser is logged out all the same.
    let response = log_out(one, &early);
    assert_eq!(response.status, 503);
    assert!(response.set_cookie("__Host-session").contains("Max-Age=0"));
    assert!(!is_in(one, &early));
    assert!(is_in(other, &early), "nobody has told it");
    thread::sleep(Duration::from_mins(1).saturating_sub(cut.elapsed()));
    assert!(is_in(one, &late) && is_in(other, &late));
    cluster.redis.mend();
    // What was ended meanwhile arrives, and nothing else.
    eventually("the other knows", || !is_in(other, &early));
    assert!(is_in(one, &late) && is_in(other, &new));
    assert_eq!(log_out(other, &late).status, 303);
    eventually("the one knows", || !is_in(one, &late));
}

#[test]
fn before_the_list_is_begun_nobody_is_let_in_and_nobody_is_logged_out() {
    let redis = Redis::start(true);
    let mut command = Command::new(AXUM);
    let node = Server::start(command.env("REVOCATIONS", redis.address()), Format::Waxseal);
    let client = Client::of(&node);
    let pair = node.mint.pair(&node.mint.between(-60, 86_400, r#""sid":"abc","username":"susan""#));
    for _ in 0..20 {
        let response = client.get("/", &[&pair]);
        assert_eq!(response.status, 503);
        assert_eq!(response.body, "");
        assert!(response.set_cookies("__Host-session").is_empty(), "the cookie is left alone");
        // Who has no session sees the form, and cannot log in yet.
        assert_eq!(client.get("/", &NOBODY).status, 200);
        let response = client.form("/", "username=susan", &NOBODY);
        assert_eq!(response.status, 503);
        assert!(response.set_cookies("__Host-session").is_empty());
        thread::sleep(Duration::from_millis(50));
    }
    waxseal(&redis, &["init"]);
    serves(&node);
    // What was ended before is not known any more: everything was.
    assert!(!client.get("/", &[&pair]).body.contains("Hello"));
    let jar = log_in(&node, "susan");
    assert!(is_in(&node, &jar));
}

#[test]
fn everywhere_is_on_every_server_and_for_operators_too() {
    let cluster = Cluster::start(&[]);
    let login = example("login");
    let nodes = [(); 2].map(|()| cluster.node(&login, &[]));
    let [one, other] = &nodes;
    let (laptop, phone) = (log_in(one, "susan"), log_in(other, "susan"));
    let david = log_in(one, "david");
    assert!(is_in(one, &phone) && is_in(other, &laptop));
    let everywhere = Client::of(one).form("/logout-everywhere", "", &laptop.cookies());
    assert_eq!(everywhere.status, 303);
    eventually("all are out", || {
        nodes.iter().all(|node| !is_in(node, &laptop) && !is_in(node, &phone))
    });
    assert!(is_in(other, &david));
    // Whoever logs in again is in, at either.
    let again = log_in(other, "susan");
    assert!(is_in(one, &again) && is_in(other, &again));

    waxseal(&cluster.redis, &["end-user", "susan"]);
    eventually("the operator's", || nodes.iter().all(|node| !is_in(node, &again)));
    waxseal(&cluster.redis, &["end-before", "now"]);
    eventually("everybody", || nodes.iter().all(|node| !is_in(node, &david)));
    let list = waxseal(&cluster.redis, &["list"]);
    assert!(!waxseal(&cluster.redis, &["init", "--key", "another"]).is_empty());
    assert_eq!(waxseal(&cluster.redis, &["count", "--key", "another"]), "1\n");
    assert!(list.contains("susan"), "{list}");
    assert!(is_in(one, &log_in(other, "david")));
}
