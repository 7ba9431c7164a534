//! Servers that share a revocation file while they are killed, while the file is damaged, and
//! while their clocks are wrong.

use std::{
    env,
    fs::{self, File},
    io::{Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    pin::pin,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use e2e::{
    client::{Client, Jar},
    server::{Format, Server},
    visitor::{eventually, is_accepted, is_in, log_in, log_out, log_out_until_killed},
};
use rusqlite::Connection;
use waxseal::{RevocationStatus, Revocations as _, SessionRef, UnixTime};
use waxseal_core::{Acknowledgement, NotDurable, Recorded, Revocation, Target};
use waxseal_revocation::{RevocationList, Store};

const AXUM: &str = env!("CARGO_BIN_EXE_serve-axum");
const ACTIX: &str = env!("CARGO_BIN_EXE_serve-actix");

/// A folder with the revocation file.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("sessions.db")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("REVOCATIONS", format!("sqlite:{}", self.file().display()));
        command
    }

    fn start(&self, program: &str) -> Server {
        Server::start(&mut self.command(program), Format::Waxseal)
    }

    fn try_start(&self, program: &str) -> Result<Server, String> {
        let started = Server::try_start(&mut self.command(program), Format::Waxseal);
        if let Err(errors) = &started {
            assert!(!errors.contains("panicked"), "{errors}");
            assert!(errors.contains(&*self.file().to_string_lossy()), "which file? {errors}");
        }
        started
    }

    fn open(&self) -> RevocationList {
        RevocationList::builder(Store::sqlite(self.file())).open().expect("a list")
    }
}

#[test]
fn no_acknowledged_logout_is_lost_when_both_servers_are_killed() {
    const USERS: usize = 80;
    let place = Place::new();
    let mut earlier = Vec::new();
    for round in 0..20 {
        let (one, other) = (place.start(AXUM), place.start(ACTIX));
        let client = Client::of(&one);
        let jars: Vec<_> =
            (0..2 * USERS).map(|user| log_in(&client, &format!("user{user}"))).collect();
        let (of_one, of_other) = jars.split_at(USERS);
        let acknowledged = thread::scope(|scope| {
            let killed = scope.spawn(|| log_out_until_killed(&one, of_one));
            let others = if round % 2 == 0 {
                log_out_until_killed(&other, of_other)
            } else {
                // This server lives.
                let client = Client::of(&other);
                for jar in of_other {
                    assert_eq!(log_out(&client, jar).status, 303);
                }
                (0..USERS).collect()
            };
            let killed = killed.join().expect("the logouts");
            let of_one = killed.into_iter().map(|user| of_one[user].clone());
            of_one.chain(others.into_iter().map(|user| of_other[user].clone())).collect::<Vec<_>>()
        });
        assert!(acknowledged.len() >= USERS);
        let next = place.start(ACTIX);
        let client = Client::of(&next);
        for jar in acknowledged.iter().chain(&earlier) {
            assert!(!is_in(&client, jar), "round {round}");
        }
        if round % 2 == 1 {
            let client = Client::of(&other);
            for jar in &acknowledged {
                assert!(!is_in(&client, jar), "round {round}: the server that lives");
            }
        }
        earlier.extend(acknowledged);
    }
}

/// The ways to damage the file. `older` is a copy of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damage {
    Deleted,
    Emptied,
    CutToHalf,
    ReplacedByOlder,
    OverwrittenByOlder,
    PageOverwritten,
    FirstPageOverwritten,
    EmptyWal,
    WalOfAnotherFile,
    OlderWal,
    WalMode,
}

impl Damage {
    fn cause(self, file: &Path, older: &Path) {
        let length = || fs::metadata(file).expect("the file").len();
        let overwrite = |page: u64| {
            let mut open = File::options().write(true).open(file).expect("the file");
            open.seek(SeekFrom::Start(page * 4096)).expect("a page");
            open.write_all(&[0xA5; 4096]).expect("it can be written");
        };
        let wal = file.with_extension("db-wal");
        match self {
            Self::Deleted => fs::remove_file(file).expect("the file is removed"),
            Self::Emptied => drop(File::create(file).expect("the file is emptied")),
            Self::CutToHalf => {
                let open = File::options().write(true).open(file).expect("the file");
                open.set_len(length() / 8192 * 4096).expect("the file is cut");
            }
            Self::ReplacedByOlder => fs::rename(older, file).expect("the file is replaced"),
            Self::OverwrittenByOlder => {
                fs::copy(older, file).expect("the file is overwritten");
            }
            Self::PageOverwritten => overwrite(length() / 8192),
            Self::FirstPageOverwritten => overwrite(0),
            Self::EmptyWal => drop(File::create(wal).expect("a file")),
            Self::WalOfAnotherFile => {
                fs::write(wal, vec![0x5A; 20_000]).expect("a file");
            }
            Self::OlderWal => {
                let connection = Connection::open(older).expect("the copy");
                let sql = "PRAGMA journal_mode = WAL; DELETE FROM sessions; DELETE FROM users;";
                connection.execute_batch(sql).expect("the copy is changed");
                fs::copy(older.with_extension("db-wal"), wal).expect("its wal is copied");
            }
            Self::WalMode => {
                let connection = Connection::open(file).expect("the file");
                connection.busy_timeout(Duration::from_secs(5)).expect("a timeout");
                let sql = "PRAGMA journal_mode = WAL";
                let mode: String =
                    connection.query_row(sql, [], |row| row.get(0)).expect("the mode is set");
                assert_eq!(mode, "wal");
            }
        }
    }
}

/// A file with many pages, and its name for a copy.
fn filled() -> (Place, PathBuf) {
    let place = Place::new();
    let list = place.open();
    let acknowledgements: Vec<_> =
        (0..3000).map(|number| revoke(&list, &session(number))).collect();
    for acknowledgement in acknowledgements {
        wait(acknowledgement).expect("it is durable");
    }
    // Each has a stamp of its own, and the last is seconds ahead of the clock. A list that is created
    // again before the clock has passed it does not revoke later sessions.
    while list.stamp().expect("it is current") > UnixTime::now().as_secs() * 1000 {
        thread::sleep(Duration::from_millis(50));
    }
    let older = place.0.path().join("older.db");
    (place, older)
}

fn session(number: u32) -> SessionRef {
    let user = (!number.is_multiple_of(10)).then(|| format!("user{}", number % 1000));
    SessionRef { id: format!("session-{number}"), user, issued_at: UnixTime::now(), stamp: 1 }
}

fn revoke(list: &RevocationList, session: &SessionRef) -> Acknowledgement {
    list.revoke(Revocation { target: Target::Session(session.clone()), successor: None })
}

fn wait(acknowledgement: Acknowledgement) -> Result<Recorded, NotDurable> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(pin!(acknowledgement))
}

/// Logs a new user out. Returns the cookie of an acknowledged logout.
fn acknowledged(client: &Client) -> Option<Jar> {
    let response = client.form("/", "username=another&password=wax", &[""; 0]);
    if response.status == 503 {
        return None;
    }
    let mut jar = Jar::default();
    jar.take(&response);
    let response = log_out(client, &jar);
    assert!([303, 503].contains(&response.status), "{}", response.status);
    assert!(response.set_cookie("__Host-session").contains("Max-Age=0"));
    (response.status == 303).then_some(jar)
}

/// Each server refuses the sessions, after the time that a revocation needs to reach it.
fn all_refuse(servers: &[&Server], revoked: &[Jar]) {
    // 50 milliseconds, plus the time of this machine.
    let start = Instant::now();
    for (number, server) in servers.iter().enumerate() {
        let client = Client::of(server);
        for (which, jar) in revoked.iter().enumerate() {
            while is_accepted(&client, jar) {
                let so_far = start.elapsed();
                assert!(so_far < Duration::from_secs(2), "server {number}, session {which}");
            }
        }
    }
    none_is_accepted(servers, revoked);
}

/// No server accepts one of the sessions, at any moment within a second.
fn none_is_accepted(servers: &[&Server], revoked: &[Jar]) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(1) {
        for (number, server) in servers.iter().enumerate() {
            let client = Client::of(server);
            for (which, jar) in revoked.iter().enumerate() {
                assert!(!is_accepted(&client, jar), "server {number} accepts session {which}");
            }
        }
    }
}

fn error(server: &Server) -> Option<String> {
    Client::of(server).script("readiness", &[""; 0]).json()["error"].as_str().map(Into::into)
}

fn while_running(damage: Damage) {
    let (place, older) = filled();
    let (mut one, mut other) = (place.start(AXUM), place.start(ACTIX));
    let client = Client::of(&one);
    let mut revoked = vec![acknowledged(&client).expect("a logout")];
    fs::copy(place.file(), &older).expect("a copy");
    revoked.push(acknowledged(&client).expect("a logout"));
    all_refuse(&[&one, &other], &revoked);

    damage.cause(&place.file(), &older);
    for _ in 0..2 {
        // The sessions before the damage are refused at every moment.
        none_is_accepted(&[&one, &other], &revoked);
        revoked.extend(acknowledged(&client));
        revoked.extend(acknowledged(&Client::of(&other)));
        all_refuse(&[&one, &other], &revoked);
        println!("{damage:?}: the servers say {:?}, {:?}", error(&one), error(&other));
    }
    println!("{damage:?}: {} logouts after it", revoked.len() - 2);

    let next = place.try_start(ACTIX).unwrap_or_else(|errors| {
        println!("{damage:?}: a new server says {errors}");
        if damage == Damage::WalMode {
            // The advice is for stopped servers.
            for server in [&mut one, &mut other] {
                server.kill();
                server.wait();
            }
        }
        follow_the_advice(&place, &errors);
        if damage == Damage::WalMode {
            (one, other) = (place.start(AXUM), place.start(ACTIX));
        }
        place.start(ACTIX)
    });
    let servers = [&one, &other, &next];
    // The deletions in that WAL are in the file: a server that starts before the others have completed
    // it does not know better for a moment.
    if damage != Damage::OlderWal {
        none_is_accepted(&[&next], &revoked);
    }
    all_refuse(&servers, &revoked);
    for server in servers {
        let client = Client::of(server);
        let mut logout = None;
        eventually("a logout works", || {
            logout = acknowledged(&client);
            logout.is_some()
        });
        revoked.extend(logout);
    }
    all_refuse(&servers, &revoked);
    for server in servers {
        assert!(!server.errors().contains("panicked"), "{}", server.errors());
    }
    drop((one, other, next));
    none_is_accepted(&[&place.start(AXUM)], &revoked);
}

/// Does what the error of a server that does not start says.
fn follow_the_advice(place: &Place, errors: &str) {
    if errors.contains("move it away") {
        fs::rename(place.file(), place.0.path().join("damaged")).expect("it is moved away");
    } else {
        assert!(errors.contains("PRAGMA journal_mode = DELETE"), "no advice: {errors}");
        let connection = Connection::open(place.file()).expect("the file");
        let sql = "PRAGMA journal_mode = DELETE";
        let mode: String = connection.query_row(sql, [], |row| row.get(0)).expect("a mode");
        assert_eq!(mode, "delete");
    }
}

fn at_start(damage: Damage) {
    let (place, older) = filled();
    let server = place.start(AXUM);
    let client = Client::of(&server);
    let mut revoked = vec![acknowledged(&client).expect("a logout")];
    fs::copy(place.file(), &older).expect("a copy");
    let last = acknowledged(&client).expect("a logout");
    drop(server);
    damage.cause(&place.file(), &older);
    // No server knows a revocation that is not in the backup.
    if ![Damage::ReplacedByOlder, Damage::OverwrittenByOlder].contains(&damage) {
        revoked.push(last);
    }
    let server = place.try_start(ACTIX).unwrap_or_else(|errors| {
        println!("{damage:?}: a new server says {errors}");
        follow_the_advice(&place, &errors);
        place.start(ACTIX)
    });
    none_is_accepted(&[&server], &revoked);
    let client = Client::of(&server);
    revoked.push(acknowledged(&client).expect("a logout works"));
    let again = log_in(&client, "susan");
    assert!(!server.errors().contains("panicked"), "{}", server.errors());
    let second = place.start(AXUM);
    none_is_accepted(&[&server, &second], &revoked);
    assert!(is_in(&Client::of(&second), &again));
}

macro_rules! damages {
    ($($name:ident: $damage:ident,)*) => {
        mod while_running {
            $(#[test]
            fn $name() {
                super::while_running(super::Damage::$damage);
            })*
        }
        mod at_start {
            $(#[test]
            fn $name() {
                super::at_start(super::Damage::$damage);
            })*
        }
    };
}

damages! {
    the_file_is_deleted: Deleted,
    the_file_is_emptied: Emptied,
    the_file_is_cut_to_half: CutToHalf,
    the_file_is_replaced_by_an_older_copy: ReplacedByOlder,
    the_file_is_overwritten_by_an_older_copy: OverwrittenByOlder,
    a_page_is_overwritten: PageOverwritten,
    the_first_page_is_overwritten: FirstPageOverwritten,
    an_empty_wal_is_left_over: EmptyWal,
    a_wal_of_another_file_is_left_over: WalOfAnotherFile,
    a_wal_of_an_older_copy_is_left_over: OlderWal,
    the_file_is_in_wal_mode: WalMode,
}

/// The locks of SQLite belong to the process: it loses all of them when it closes any
/// descriptor of the file.
#[test]
fn a_list_that_is_opened_does_not_release_the_locks_of_this_process() {
    let place = Place::new();
    let server = place.start(AXUM);
    let client = Client::of(&server);
    let jar = log_in(&client, "susan");
    let connection = Connection::open(place.file()).expect("the file");
    connection.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    // Opening may also wait for the lock and fail.
    let second = RevocationList::builder(Store::sqlite(place.file())).open();
    let response = log_out(&client, &jar);
    connection.execute_batch("COMMIT").expect("the lock is released");
    assert_eq!(response.status, 503, "the server got a lock that this process holds");
    drop(second);
}

/// A generator with a seed (`splitmix64`), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^= bits >> 31;
        usize::try_from(bits % end as u64).expect("it is below the end")
    }
}

/// The seed and the number of flips can be set: `FLIPS=7,100000`.
#[test]
fn a_flipped_bit_is_an_error_or_one_lost_entry() {
    let text = env::var("FLIPS").unwrap_or_else(|_| "1,400".into());
    let (seed, flips) = text.split_once(',').expect("SEED,FLIPS");
    let mut random = Random(seed.parse().expect("a seed"));
    let place = Place::new();
    let list = place.open();
    // One session for each entry, which only that entry revokes.
    let issue = |id: &str, user: Option<&str>| SessionRef {
        id: id.into(),
        user: user.map(Into::into),
        issued_at: UnixTime::now(),
        stamp: list.stamp().expect("the list is current"),
    };
    let before = SessionRef { stamp: 0, ..issue("before the list", Some("mary")) };
    let mut revoked = vec![before];
    for number in 0..60 {
        let user = format!("user{}", number % 20);
        let session = issue(&number.to_string(), Some(&*user).filter(|_| number % 5 > 0));
        wait(revoke(&list, &session)).expect("it is durable");
        revoked.push(session);
        if number % 5 == 0 {
            let user = format!("cut{number}");
            let session = issue(&user, Some(&user));
            wait(list.revoke_user(&user)).expect("it is durable");
            revoked.push(session);
        }
    }
    let good = issue("good", Some("susan"));
    drop(list);
    let content = fs::read(place.file()).expect("the file");
    let is_used = |byte: usize| {
        let near = byte.saturating_sub(8)..(byte + 8).min(content.len());
        content[near].iter().any(|byte| *byte != 0)
    };

    let (mut refused, mut missing, mut not_durable) = (0, 0, 0);
    for _ in 0..flips.parse::<u32>().expect("a number") {
        let byte = loop {
            let byte = random.below(content.len());
            if is_used(byte) {
                break byte;
            }
        };
        let bit = random.below(8);
        let mut flipped = content.clone();
        flipped[byte] ^= 1 << bit;
        let place = Place::new();
        fs::write(place.file(), flipped).expect("a copy");
        let opened = RevocationList::builder(Store::sqlite(place.file())).open();
        let list = match opened {
            Ok(list) => list,
            Err(error) => {
                refused += 1;
                println!("bit {bit} of byte {byte}: {error}");
                continue;
            }
        };
        let status = |session| list.status(session);
        let accepted: Vec<_> = revoked
            .iter()
            .filter(|session| status(session) == RevocationStatus::Good)
            .map(|session| &session.id)
            .collect();
        assert!(accepted.len() <= 1, "bit {bit} of byte {byte}: {accepted:?}");
        missing += accepted.len();
        // A later list knows what this one acknowledges, or cannot be opened.
        let recorded = wait(revoke(&list, &good));
        not_durable += u32::from(recorded.is_err());
        let error = list.readiness().error.unwrap_or_default();
        assert!(!error.contains("panicked"), "bit {bit} of byte {byte}: {error}");
        assert_eq!(status(&good), RevocationStatus::Revoked, "bit {bit} of byte {byte}");
        drop(list);
        let later = RevocationList::builder(Store::sqlite(place.file())).open();
        if let (Ok(recorded), Ok(later)) = (recorded, &later)
            && recorded.is_revoked
        {
            let status = later.status(&good);
            assert_eq!(status, RevocationStatus::Revoked, "bit {bit} of byte {byte}: later");
        }
    }
    println!(
        "{flips} flips: {refused} errors, {missing} lost entries, {not_durable} failed logouts"
    );
}

/// The library that changes the clock of a process.
fn libfaketime() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").expect("a folder").map_while(Result::ok);
    let mut paths = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    paths.find(|path| path.exists()).expect("the Debian package libfaketime")
}

fn start_at(place: &Place, program: &str, offset: &str) -> Server {
    let mut command = place.command(program);
    command
        .env("LD_PRELOAD", libfaketime())
        .env("FAKETIME", offset)
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    Server::start(&mut command, Format::Waxseal)
}

#[test]
fn a_clock_that_is_40_days_ahead_at_the_start_forgets_nothing() {
    let place = Place::new();
    let server = place.start(AXUM);
    let client = Client::of(&server);
    let revoked: Vec<_> = (0..5).map(|_| acknowledged(&client).expect("a logout")).collect();
    drop(server);
    let ahead = start_at(&place, ACTIX, "+40d");
    let of_ahead = acknowledged(&Client::of(&ahead)).expect("a logout");
    // Beside it, and after it.
    let server = place.start(AXUM);
    none_is_accepted(&[&ahead, &server], &revoked);
    let client = Client::of(&server);
    let alive = log_in(&client, "susan");
    drop(ahead);
    let second = place.start(ACTIX);
    none_is_accepted(&[&server, &second], &revoked);
    assert!(!is_accepted(&Client::of(&second), &of_ahead));
    assert!(is_in(&Client::of(&second), &alive), "the clock logs nobody out");
    // The stamps are ahead now; a revocation works all the same.
    let mut laptop = log_in(&client, "david");
    let phone = log_in(&Client::of(&second), "david");
    laptop.take(&client.script("revoke-others", &laptop.cookies()));
    eventually("the other session is revoked", || !is_in(&Client::of(&second), &phone));
    assert!(is_in(&Client::of(&second), &laptop));
}

#[test]
fn a_clock_that_is_two_minutes_behind_revokes_and_forgets_nothing() {
    let place = Place::new();
    let server = place.start(AXUM);
    let client = Client::of(&server);
    let mine = acknowledged(&client).expect("a logout");
    let behind = start_at(&place, ACTIX, "-120s");
    let behind_client = Client::of(&behind);
    assert!(!is_accepted(&behind_client, &mine));
    // The server behind does not accept a session from its future, but its logout ends it.
    let from_future = log_in(&client, "susan");
    assert_eq!(log_out(&behind_client, &from_future).status, 303);
    eventually("the logout reaches the other server", || !is_in(&client, &from_future));
    // A session of the server behind, and revoke_others on it.
    let mut laptop = log_in(&behind_client, "david");
    let (phone, tablet) = (log_in(&client, "david"), log_in(&behind_client, "david"));
    laptop.take(&behind_client.script("revoke-others", &laptop.cookies()));
    assert!(!is_in(&behind_client, &tablet));
    for jar in [&phone, &tablet] {
        eventually("the others are revoked", || !is_in(&client, jar));
    }
    for client in [&client, &behind_client] {
        assert!(is_in(client, &laptop));
    }
    let of_behind = acknowledged(&behind_client).expect("a logout");
    drop((server, behind));
    let server = place.start(AXUM);
    none_is_accepted(&[&server], &[mine, from_future, phone, tablet, of_behind]);
    assert!(is_in(&Client::of(&server), &laptop));
}
