//! waxseal, from the bytes of a `Cookie` header.

use std::hint::black_box;

use waxseal::{Sealer, Secret, UnixTime, test_util};
use waxseal_core::OpenSession;

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
    test_util::cookie(sealer, UnixTime::from_secs(at), |session| Ok(session.set_data(data())?))
        .unwrap()
}

/// Opens the session of a `Cookie` header, `'static` for repeated calls on one session.
fn opened(header: &str) -> OpenSession<&'static Sealer> {
    OpenSession::open(&*Box::leak(Box::new(sealer())), [header.as_bytes()], now()).unwrap()
}

/// Opens and drops the session of a `Cookie` header.
pub(crate) fn open(sealer: Sealer, header: String) -> impl FnMut() {
    move || {
        let session = OpenSession::open(&sealer, [header.as_bytes()], now());
        black_box(&session);
    }
}

pub(crate) fn add(rounds: &mut Rounds) {
    let header = cookie(&sealer(), NOW);
    let open = |header: String| open(sealer(), header);

    rounds.add("open", "waxseal: open", open(header.clone()));
    let (opener, text) = (sealer(), header.clone());
    rounds.add("open", "waxseal: open, get of a String", move || {
        let session = OpenSession::open(&opener, [text.as_bytes()], now()).unwrap();
        session.get::<String>("username").unwrap().unwrap()
    });
    let session = opened(&header);
    rounds.add("open", "waxseal: get of a String alone", move || {
        session.get::<String>("username").unwrap().unwrap()
    });

    let mut session = opened(&header);
    rounds.add("save", "waxseal: save", move || session.save().unwrap());

    let mut forged = header.clone();
    forged.replace_range(header.len() - 43.., &"A".repeat(43));
    rounds.add("reject", "waxseal: a bad MAC", open(forged));
    let another = Sealer::builder(Secret::new([8; 32]).unwrap()).build().unwrap();
    rounds.add("reject", "waxseal: an unknown kid", open(cookie(&another, NOW)));
    rounds.add("reject", "waxseal: 8 KB", open(format!("__Host-session={}", "x".repeat(8192))));
    rounds.add("open", "waxseal: expired", open(cookie(&sealer(), NOW - 8 * 86_400)));
}
