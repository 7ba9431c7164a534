//! What an operator learns. In one test, because the recorder and the log are
//! those of the whole process: the list's own thread writes to them.

mod support;

use std::{
    io,
    sync::{Arc, Mutex},
};

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use support::{NOW, at, end, eventually, session, wait};
use waxseal_core::Revocations as _;
use waxseal_revocation::{RevocationList, State, Store};

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn count(&self, what: &str) -> usize {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap().matches(what).count()
    }
}

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Entries, pending, trusted, lag and contact age, in whole numbers.
#[expect(clippy::cast_possible_truncation, reason = "they are small")]
fn gauges(snapshotter: &Snapshotter) -> [i64; 5] {
    let all = snapshotter.snapshot().into_hashmap();
    ["entries", "pending", "trusted", "lag_seconds", "contact_age_seconds"].map(|name| {
        let name = format!("waxseal_revocation_{name}");
        let known = all.iter().find(|(key, _)| key.key().name() == name);
        let Some((_, (_, _, DebugValue::Gauge(value)))) = known else { return -1 };
        value.0 as i64
    })
}

#[test]
fn gauges_and_an_alarm() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().unwrap();
    let written = Written::default();
    let writer = written.clone();
    tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).init();

    let folder = tempfile::tempdir().unwrap();
    let log = Store::file(folder.path().join("revoked"));
    let list = RevocationList::builder(log).clock(|| at(NOW)).max_entries(10).open().unwrap();
    assert_eq!(written.count("complete and followed"), 1);
    for number in 0..7 {
        end(&list, &format!("session-{number}"), Some("susan"), NOW);
    }
    eventually("all gauges", || {
        let [entries, pending, trusted, lag, age] = gauges(&snapshotter);
        [entries, pending, trusted, lag] == [7, 0, 1, 0] && (0..60).contains(&age)
    });
    assert_eq!(written.count("80 %"), 0);

    end(&list, "one more", None, NOW);
    eventually("the alarm", || written.count("80 %") == 1);
    for sid in ["another", "the last"] {
        end(&list, sid, None, NOW);
    }
    wait(list.revoke(session("too many", None, NOW), at(NOW))).unwrap_err();
    // Once, until there is room again.
    eventually("entries", || gauges(&snapshotter)[0] == 10);
    assert_eq!(written.count("80 %"), 1);

    let status = list.readiness();
    assert_eq!((status.state, status.entries, status.max_entries), (State::Current, 10, 10));
    assert_eq!(written.count("susan"), 0, "whose session it was is nobody's business");
    assert_eq!(format!("{list:?}"), "RevocationList { current: true, entries: 10, .. }");
}
