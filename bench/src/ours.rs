//! waxseal, from the bytes of a `Cookie` header.

use waxseal::{Alone, Handle, Sealer, Secret, UnixTime, test_kit};

use crate::{
    rounds::Rounds,
    subject::{NOW, SECRET, data},
};

pub(crate) fn now() -> UnixTime {
    UnixTime::from_secs(NOW + 60)
}

pub(crate) fn sealer() -> Sealer {
    Sealer::builder(Secret::new(SECRET).unwrap()).build().unwrap()
}

/// A `Cookie` header with the session in it.
pub(crate) fn cookie(sealer: &Sealer, at: u64) -> String {
    test_kit::cookie(sealer, UnixTime::from_secs(at), |session| session.set_data(data())).unwrap()
}

pub(crate) fn add(rounds: &mut Rounds) {
    let header = cookie(&sealer(), NOW);
    let open = |header: String| {
        let sealer = sealer();
        move || sealer.open([header.as_bytes()], now())
    };

    rounds.add("open", "ours: open", open(header.clone()));
    let (opener, text) = (sealer(), header.clone());
    rounds.add("open", "ours: open + get::<String>", move || {
        let alone = Alone::open(&opener, [text.as_bytes()], now());
        Handle::new(&alone).get::<String>("username").unwrap().unwrap()
    });

    let (saver, text) = (sealer(), header.clone());
    rounds.add("save", "ours: open + save", move || {
        let alone = Alone::open(&saver, [text.as_bytes()], now());
        Handle::new(&alone).save().unwrap();
    });

    let mut forged = header.clone();
    forged.replace_range(header.len() - 43.., &"A".repeat(43));
    rounds.add("reject", "ours: a bad MAC", open(forged));
    rounds.add(
        "reject",
        "ours: an unknown kid",
        open(header.replacen("ImtpZCI6I", "ImtpZCI6J", 1)),
    );
    rounds.add("reject", "ours: 8 KB", open(format!("__Host-session={}", "x".repeat(8192))));
    rounds.add("open", "ours: expired", open(cookie(&sealer(), NOW - 8 * 86_400)));
}
