//! Encrypted sessions, compared with their floor and with peers that encrypt. Runs separately.

mod floor;
mod peers;

use std::{fs, hint::black_box};

use axum::{Router, routing::get};
use axum_extra::extract::cookie::{Cookie, Key, PrivateCookieJar};
use e2e::mint::Mint;
use tower_sessions_cookie_store::{self as in_cookie, CookieSessionManagerLayer};
use waxseal::{Sealer, Secret, SessionLayer};
use waxseal_core::{OpenSession, RandomError};

pub(crate) use self::floor::{MAC, OPEN, SAVE};
use crate::{
    bars::{self, Asked, at_least, at_most},
    ours, report,
    requests::{self, Nothing, cookie_store, login, nothing, request},
    rounds::{Rounds, Rows},
    subject::{Data, NOW, SECRET, data},
};

const RANDOM: &str = "16 random bytes";
/// The name of waxseal's request, and of the peers' requests.
const READ: &str = "axum: waxseal encrypted read";
const SESHCOOKIE: &str = "axum: seshcookie read";
const COOKIE_STORE: &str = "axum: tower-sessions-cookie-store private read";

/// Runs the benchmarks and writes docs/benchmarks/encryption.md.
pub(crate) fn write(rounds: usize) {
    let mut table = Rounds::new(None);
    floor::add(&mut table);
    add(&mut table);
    peers::add(&mut table);
    add_requests(&mut table);
    let rows = table.run(rounds);
    let bars = bars::table(asked(&rows));
    print!("{bars}");
    let token = token(&encrypted());
    let floor = floor::Floor::new(&token);
    let text = format!(
        include_str!("encryption.md"),
        machine = report::machine(),
        bars = bars,
        rows = report::table(&rows),
        characters = token.len(),
        bytes = floor.ciphertext(),
        blocks = floor.blocks(),
        hash = rows.ratio(MAC, OPEN) * 100.0,
    );
    let written = fs::write(report::docs().join("benchmarks/encryption.md"), text);
    written.expect("docs can be written");
}

fn asked(rows: &Rows) -> Vec<Asked> {
    let jar = rows.ratio(peers::JAR, "waxseal encrypted: open");
    vec![
        at_most(
            "open an encrypted session, over its floor",
            "≤ 1.25",
            1.25,
            rows.ratio("waxseal encrypted: open", OPEN),
        ),
        at_most(
            "save it, over its floor",
            "≤ 1.25",
            1.25,
            rows.ratio("waxseal encrypted: save", SAVE),
        ),
        at_most(
            "the same, over its floor with the random bytes of the IV",
            "≤ 1.25",
            1.25,
            rows.min("waxseal encrypted: save") / (rows.min(SAVE) + rows.min(RANDOM)),
        ),
        at_least("times faster than cookie-rs's private jar with serde_json", "> 1", 1.0, jar),
        at_least(
            "axum, session read: times faster than seshcookie",
            "> 1",
            1.0,
            rows.ratio(SESHCOOKIE, READ),
        ),
        at_least(
            "axum, session read: times faster than tower-sessions-cookie-store, private",
            "> 1",
            1.0,
            rows.ratio(COOKIE_STORE, READ),
        ),
    ]
}

fn encrypted() -> Sealer {
    Sealer::builder(Secret::new(SECRET).unwrap()).encrypted().build().unwrap()
}

/// The token of the session.
fn token(sealer: &Sealer) -> String {
    ours::cookie(sealer, NOW).split_once('=').expect("a cookie").1.into()
}

/// The random bytes of a save, as waxseal draws them.
fn random() -> Result<[u8; 16], RandomError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|_| RandomError)?;
    Ok(bits)
}

/// Opens the session of a `Cookie` header, `'static` for repeated calls on one session.
fn opened(sealer: Sealer, header: &str) -> OpenSession<&'static Sealer> {
    OpenSession::open(&*Box::leak(Box::new(sealer)), [header.as_bytes()], ours::now()).unwrap()
}

fn add(rounds: &mut Rounds) {
    for (kind, sealer) in [("encrypted", encrypted as fn() -> Sealer), ("signed", ours::sealer)] {
        let header = ours::cookie(&sealer(), NOW);
        let open = ours::open(sealer(), header.clone());
        rounds.add("encrypted open", format!("waxseal {kind}: open"), open);
        let (opener, text) = (sealer(), header.clone());
        rounds.add("encrypted open", format!("waxseal {kind}: open, get of a String"), move || {
            let session = OpenSession::open(&opener, [text.as_bytes()], ours::now()).unwrap();
            session.get::<String>("username").unwrap().unwrap()
        });
        let session = opened(sealer(), &header);
        let mut session = session.with_randomness(random);
        rounds.add("encrypted save", format!("waxseal {kind}: save"), move || {
            session.save().unwrap();
        });
    }
    let session = opened(encrypted(), &ours::cookie(&encrypted(), NOW));
    let mut session = session.with_randomness(|| Ok([5; 16]));
    rounds.add("encrypted save", "waxseal encrypted: save, without random bytes", move || {
        session.save().unwrap();
    });
    let mut forged = ours::cookie(&encrypted(), NOW);
    forged.replace_range(forged.len() - 43.., &"A".repeat(43));
    rounds.add("encrypted reject", "waxseal encrypted: a bad tag", ours::open(encrypted(), forged));
    // Making these tokens requires the key.
    let mint = Mint::encrypted();
    let mut text = [b' '; 160];
    let claims = mint.pair(&mint.token_of_blocks(&[&text[..144], &[16; 16]].concat()));
    text[159] = 0;
    let padding = mint.pair(&mint.token_of_blocks(&text));
    for (what, pair) in [("invalid padding", padding), ("invalid claims", claims)] {
        let sealer = Sealer::builder(Secret::new(mint.secret).unwrap()).encrypted().build();
        let name = format!("waxseal encrypted: {what} under a correct tag");
        rounds.add("encrypted reject", name, ours::open(sealer.unwrap(), pair));
    }
    rounds.add("random", RANDOM, || black_box(random().unwrap()));
}

/// Whole requests through axum that read the name.
fn add_requests(rounds: &mut Rounds) {
    let cookie = ours::cookie(&ours::sealer(), NOW);
    let bare = Router::new().route("/", get(nothing));
    rounds.add("request", requests::NO_OP, request(bare.layer(Nothing), cookie.clone()));
    let read = |sealer| requests::read().layer(SessionLayer::new(sealer).clock(ours::now));
    rounds.add("request", "axum: waxseal signed read", request(read(ours::sealer()), cookie));
    let cookie = ours::cookie(&encrypted(), NOW);
    rounds.add("request", READ, request(read(encrypted()), cookie));
    requests::seshcookie(rounds);

    let layer = CookieSessionManagerLayer::private(in_cookie::Key::from(&SECRET));
    let router = cookie_store().layer(layer);
    rounds.add("request", COOKIE_STORE, request(router.clone(), login(&router)));

    async fn jar_read(jar: PrivateCookieJar) {
        let data: Data = serde_json::from_str(jar.get("session").unwrap().value()).unwrap();
        drop(data.username);
    }
    async fn jar_login(jar: PrivateCookieJar) -> PrivateCookieJar {
        jar.add(Cookie::new("session", serde_json::to_string(&data()).unwrap()))
    }
    let router = Router::new().route("/", get(jar_read)).route("/login", get(jar_login));
    let router = router.with_state(Key::from(&SECRET));
    let name = "axum: axum-extra private jar read";
    rounds.add("request", name, request(router.clone(), login(&router)));
}
