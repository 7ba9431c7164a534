//! Lists that share a real Postgres, while it loses data, hangs, and fails over.

use std::{
    fs,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use e2e::{
    lists::{
        self, eventually, is_good, is_revoked, issue, issue_of, logout, open, try_logout, try_open,
        wait,
    },
    postgres::Postgres,
};
use waxseal::RevocationStatus;
use waxseal_revocation::State;

#[test]
fn a_revocation_reaches_every_server() {
    lists::a_revocation_reaches_every_server(&Postgres::start().url());
}

#[test]
fn many_sessions_of_one_user_become_a_cutoff() {
    lists::many_sessions_of_one_user_become_a_cutoff(&Postgres::start().url());
}

#[test]
fn four_servers_at_the_same_time_lose_nothing() {
    lists::four_servers_at_the_same_time_lose_nothing(&Postgres::start().url());
}

#[test]
fn an_operator_works_while_servers_run() {
    lists::an_operator_works_while_servers_run(&Postgres::start().url());
}

#[test]
fn the_command_works_while_servers_run() {
    let postgres = Postgres::start();
    let standby = postgres.standby(false);
    lists::the_command_works_while_servers_run(&postgres.url(), &standby.url());
}

/// What a Postgres can lose while servers run.
const LOSSES: &[&str] = &[
    "DROP SCHEMA waxseal CASCADE",
    "TRUNCATE waxseal.head, waxseal.sessions, waxseal.users, waxseal.feed",
    "TRUNCATE waxseal.head",
    "TRUNCATE waxseal.sessions",
    "TRUNCATE waxseal.users",
    "TRUNCATE waxseal.feed",
    "DROP TABLE waxseal.users",
    "DROP TABLE waxseal.feed",
    "DROP TABLE waxseal.beat",
];

#[test]
fn a_server_that_lives_restores_what_postgres_loses() {
    let postgres = Postgres::start();
    for loss in LOSSES {
        postgres.run("DROP SCHEMA IF EXISTS waxseal CASCADE");
        let survivor = open(&postgres.url());
        let [a, b, good] = ["a", "b", "good"].map(|id| issue(&survivor, id, Some(id)));
        logout(&survivor, &a);
        wait(survivor.revoke_user("b")).expect("it is durable");
        postgres.run(loss);
        eventually("the list is not restored", || {
            thread::sleep(Duration::from_millis(100));
            postgres.try_run("SELECT stamp FROM waxseal.head").is_ok_and(|stamp| !stamp.is_empty())
        });
        logout(&survivor, &issue(&survivor, "c", None));
        let late = open(&postgres.url());
        assert!(is_revoked(&late, &a) && is_revoked(&late, &b), "{loss}");
        assert!(is_good(&late, &good) && is_good(&survivor, &good), "{loss}");
        assert!(is_revoked(&survivor, &a) && is_revoked(&survivor, &b), "{loss}");
    }
}

#[test]
fn a_postgres_that_lost_everything_without_a_server_revokes_every_session() {
    let postgres = Postgres::start();
    for loss in LOSSES {
        postgres.run("DROP SCHEMA IF EXISTS waxseal CASCADE");
        let list = open(&postgres.url());
        let (a, b) = (issue(&list, "a", Some("42")), issue(&list, "b", Some("43")));
        logout(&list, &a);
        drop(list);
        postgres.run(loss);
        let late = open(&postgres.url());
        assert!(is_revoked(&late, &a), "{loss}");
        // Without the feed, nothing is lost.
        let is_complete = !loss.contains(',') && (loss.contains("feed") || loss.contains("beat"));
        assert_eq!(is_good(&late, &b), is_complete, "{loss}");
        assert!(is_good(&late, &issue(&late, "new", Some("42"))));
    }
}

#[test]
fn several_servers_restore_a_large_list_at_the_same_time() {
    let postgres = Postgres::start();
    lists::several_servers_restore_a_large_list(
        &postgres.url(),
        lists::many(),
        || drop(postgres.run("DROP SCHEMA waxseal CASCADE")),
        || postgres.try_run("SELECT sessions FROM waxseal.head").ok()?.parse().ok(),
    );
}

#[test]
fn a_primary_that_is_killed_has_lost_nothing() {
    let mut postgres = Postgres::start();
    let list = open(&postgres.url());
    let [a, b, good] = ["a", "b", "good"].map(|id| issue(&list, id, Some(id)));
    logout(&list, &a);
    postgres.kill();
    assert!(try_logout(&list, &b).is_err());
    assert!(is_revoked(&list, &b), "this server knows it");
    eventually("it is still trusted", || list.status(&good) == RevocationStatus::Unknown);
    postgres.restart();
    eventually("it is not trusted again", || is_good(&list, &good));
    eventually("the logout is forgotten", || is_revoked(&open(&postgres.url()), &b));
    drop(list);
    let late = open(&postgres.url());
    assert!(is_revoked(&late, &a) && is_revoked(&late, &b) && is_good(&late, &good));
}

#[test]
fn a_failover_to_a_synchronous_standby_loses_no_acknowledged_logout() {
    let mut postgres = Postgres::start();
    let standby = postgres.standby(true);
    let url = format!("postgres://app@{},{}/postgres", postgres.host(), standby.host());
    let list = open(&url);
    let (a, good) = (issue(&list, "a", Some("1")), issue(&list, "good", Some("2")));
    // The standby alone cannot be written.
    assert!(try_open(&standby.url()).is_err());
    logout(&list, &a);
    drop(list);
    postgres.kill();
    standby.run("SELECT pg_promote()");
    standby.run("ALTER SYSTEM RESET synchronous_standby_names");
    standby.run("SELECT pg_reload_conf()");
    let late = open(&url);
    assert!(is_revoked(&late, &a) && is_good(&late, &good));
    logout(&late, &good);
}

#[test]
fn a_commit_that_no_standby_confirms_is_not_acknowledged() {
    let postgres = Postgres::start();
    // Settings with which a commit does not wait, or does not wait to the end.
    postgres.run("ALTER ROLE app SET synchronous_commit = 'local'");
    postgres.run("ALTER ROLE app SET statement_timeout = '1s'");
    let list = open(&postgres.url());
    let (a, good) = (issue(&list, "a", Some("1")), issue(&list, "good", Some("2")));
    postgres.run("ALTER SYSTEM SET synchronous_standby_names = '*'");
    postgres.run("SELECT pg_reload_conf()");
    eventually("it is still trusted", || list.status(&good) == RevocationStatus::Unknown);
    assert!(try_logout(&list, &a).is_err());
    postgres.run("ALTER SYSTEM RESET synchronous_standby_names");
    postgres.run("SELECT pg_reload_conf()");
    eventually("it is not trusted again", || is_good(&list, &good));
    eventually("the logout is forgotten", || is_revoked(&open(&postgres.url()), &a));
}

#[test]
fn a_table_of_an_hour_ago_is_completed_by_the_servers() {
    let postgres = Postgres::start();
    let list = open(&postgres.url());
    let [a, b, good] = ["a", "b", "good"].map(|id| issue(&list, id, Some(id)));
    logout(&list, &a);
    for table in ["head", "sessions", "users", "feed"] {
        postgres.run(&format!("CREATE TABLE public.old_{table} AS TABLE waxseal.{table}"));
    }
    logout(&list, &b);
    let tables = ["head", "sessions", "users", "feed"].map(|table| {
        format!(
            "DELETE FROM waxseal.{table}; INSERT INTO waxseal.{table} TABLE public.old_{table};"
        )
    });
    postgres.run(&format!("BEGIN; {} COMMIT", tables.concat()));
    let key = "SELECT count(*) FROM waxseal.sessions";
    eventually("the list is not completed", || postgres.run(key) == "3");
    let late = open(&postgres.url());
    assert!(is_revoked(&late, &a) && is_revoked(&late, &b) && is_good(&late, &good));
}

#[test]
fn a_transaction_that_stalls_delays_and_loses_nothing() {
    let postgres = Postgres::start();
    let list = open(&postgres.url());
    let (a, good) = (issue(&list, "a", Some("1")), issue(&list, "good", Some("2")));
    // Another server's transaction, which has the lock.
    let mut stalled = postgres
        .psql("SELECT pg_advisory_lock(hashtext('waxseal revocations')), pg_sleep(600)")
        .stdout(Stdio::null())
        .spawn()
        .expect("psql is installed");
    eventually("psql has no lock", || {
        postgres.run("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted") == "1"
    });
    let error = try_logout(&list, &a).expect_err("it is not recorded").to_string();
    assert!(error.contains("lock"), "{error}");
    assert!(is_good(&list, &good) || list.status(&good) == RevocationStatus::Unknown);
    postgres.run("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'");
    stalled.wait().expect("psql ends");
    eventually("the logout is forgotten", || is_revoked(&open(&postgres.url()), &a));
    eventually("it is not trusted again", || is_good(&list, &good));
}

/// The default level of isolation is higher here. At this level, the second of two servers that
/// write the same row gets an error.
#[test]
fn another_server_in_the_same_row_is_only_waited_for() {
    let isolation = "default_transaction_isolation=serializable";
    let postgres = Postgres::start_with(&["fsync=off", isolation]);
    let list = open(&postgres.url());
    let good = issue(&list, "good", Some("1"));
    // A server that writes all the time, for longer than a list is trusted without contact.
    let mut busy = postgres
        .psql(
            "DO $$ BEGIN FOR n IN 1..80 LOOP UPDATE waxseal.beat SET random = random + 1; \
             PERFORM pg_sleep(0.1); COMMIT; END LOOP; END $$",
        )
        .env("PGOPTIONS", r"-c default_transaction_isolation=read\ committed")
        .spawn()
        .expect("psql is installed");
    let ended = loop {
        assert!(is_good(&list, &good));
        match busy.try_wait().expect("psql runs") {
            None => thread::sleep(Duration::from_millis(50)),
            Some(status) => break status,
        }
    };
    assert!(ended.success());
    logout(&list, &good);
}

#[test]
fn terminated_connections_are_opened_again() {
    let postgres = Postgres::start();
    let list = open(&postgres.url());
    for n in 0..5 {
        let session = issue(&list, &format!("{n}"), Some("42"));
        postgres.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE application_name = 'waxseal'",
        );
        logout(&list, &session);
        assert!(is_revoked(&open(&postgres.url()), &session));
        eventually("it is not current", || list.readiness().state == State::Current);
    }
}

#[test]
fn the_printed_schema_and_few_permissions_are_enough() {
    let postgres = Postgres::start();
    let url = format!("postgres://web@{}/postgres", postgres.host());
    let schema = Command::new(e2e::program::command_with_all_stores())
        .args(["revocations", "sql"])
        .output()
        .expect("the command runs");
    let schema = String::from_utf8(schema.stdout).expect("text");
    postgres.run("CREATE ROLE web LOGIN");
    let error = try_open(&url).expect_err("it may not create the schema").to_string();
    assert!(error.contains("permission denied"), "{error}");
    postgres.run(&schema);
    postgres.run("GRANT USAGE ON SCHEMA waxseal TO web");
    postgres.run("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA waxseal TO web");
    let list = open(&url);
    let [a, b] = ["a", "b"].map(|id| issue(&list, id, Some(id)));
    logout(&list, &a);
    wait(list.revoke_all()).expect("it is durable");
    assert!(is_revoked(&list, &b) && is_revoked(&open(&url), &a));
}

#[test]
fn entries_of_a_newer_release_are_not_skipped() {
    let postgres = Postgres::start();
    let list = open(&postgres.url());
    let session = issue(&list, "a", None);
    postgres.run("UPDATE waxseal.head SET min_reader = 2");
    let error = try_open(&postgres.url()).expect_err("it is newer").to_string();
    assert!(error.contains("upgrade"), "{error}");
    assert!(try_logout(&list, &session).is_err());
}

/// A newer release adds columns and tables of its own, while servers of this release run.
#[test]
fn a_newer_release_starts_beside_this_one() {
    let postgres = Postgres::start();
    let list = open(&postgres.url());
    let [a, b, good] = ["a", "b", "good"].map(|id| issue(&list, id, Some(id)));
    logout(&list, &a);
    for table in ["head", "sessions", "users", "feed", "beat"] {
        postgres.run(&format!("ALTER TABLE waxseal.{table} ADD COLUMN newer bigint DEFAULT 7"));
    }
    postgres.run("CREATE TABLE waxseal.newer (one bigint)");
    logout(&list, &b);
    wait(list.revoke_user("c")).expect("it is durable");
    let late = open(&postgres.url());
    assert!(is_revoked(&late, &a) && is_revoked(&late, &b) && is_good(&late, &good));
    assert_eq!(postgres.run("SELECT newer FROM waxseal.head"), "7", "it is kept");
    // Also when the list is created again.
    postgres.run("TRUNCATE waxseal.head, waxseal.sessions, waxseal.users, waxseal.feed");
    eventually("the list is not restored", || {
        !postgres.run("SELECT stamp FROM waxseal.head").is_empty()
    });
    assert!(is_revoked(&open(&postgres.url()), &a) && is_good(&list, &good));
}

struct Bouncer(Child);

impl Drop for Bouncer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn pgbouncer_can_pool_transactions() {
    let postgres = Postgres::start();
    let folder = tempfile::tempdir().expect("a folder");
    let port = lists::free_port();
    let file = folder.path().join("pgbouncer.ini");
    let text = format!(
        "[databases]\n* = host=127.0.0.1 port={} user=app\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
         listen_port = {port}\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n\
         unix_socket_dir =\n",
        postgres.port()
    );
    fs::write(&file, text).expect("a file");
    let mut permissions = fs::metadata(folder.path()).expect("a folder").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    fs::set_permissions(folder.path(), permissions).expect("a folder");
    let mut command = Command::new("setpriv");
    if nix::unistd::Uid::effective().is_root() {
        command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]);
    }
    let bouncer = command.arg("pgbouncer").arg(&file).stderr(Stdio::null()).spawn();
    let _bouncer = Bouncer(bouncer.expect("pgbouncer is installed"));
    let url = format!("postgres://app@127.0.0.1:{port}/postgres");
    eventually("pgbouncer does not answer", || try_open(&url).is_ok());
    let lists = [(); 4].map(|()| open(&url));
    for (n, list) in lists.iter().enumerate() {
        let session = issue(list, &format!("{n}"), Some("42"));
        logout(list, &session);
        for other in &lists {
            eventually("the logout does not arrive", || is_revoked(other, &session));
        }
        assert!(is_good(list, &issue_of(&session, "good")));
    }
}
