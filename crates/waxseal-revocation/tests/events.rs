//! Log events and gauges of a list whose store fails and comes back.

use std::{
    fs,
    io::{self, Write},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use pollster::block_on;
use waxseal_core::{Revocation, Revocations as _, SessionRef, Target, UnixTime};
use waxseal_revocation::{RevocationList, State, Store};

/// The log of this process.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn gauge(snapshotter: &Snapshotter, name: &str) -> f64 {
    let all = snapshotter.snapshot().into_vec();
    let value = all.into_iter().find(|(key, ..)| key.key().name() == name).unwrap().3;
    let DebugValue::Gauge(value) = value else { panic!("{name} is no gauge") };
    value.into_inner()
}

fn wait_for(condition: impl Fn() -> bool) {
    for _ in 0..500 {
        if condition() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("nothing has changed for ten seconds");
}

#[test]
fn an_outage_is_one_event_and_names_nobody() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).init();
    let recorder = DebuggingRecorder::new();
    let gauges = recorder.snapshotter();
    recorder.install().unwrap();

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let list = RevocationList::builder(Store::sqlite(&path))
        .max_sessions(4)
        .max_staleness(Duration::from_secs(1))
        .open()
        .unwrap();
    assert!(log.text().contains("all users must log in once more"), "{}", log.text());
    let revoke = |id: &str| {
        let (id, user) = (id.into(), Some("susan".into()));
        let stamp = list.stamp().unwrap_or(0);
        let session = SessionRef { id, user, issued_at: UnixTime::now(), stamp };
        block_on(list.revoke(Revocation { target: Target::Session(session), successor: None }))
    };
    for id in ["secret 1", "secret 2", "secret 3", "secret 4"] {
        revoke(id).unwrap();
    }
    wait_for(|| gauge(&gauges, "waxseal_revocation_entries") >= 4.0);
    // A snapshot resets the gauges, which the loop sets with each exchange.
    wait_for(|| gauge(&gauges, "waxseal_revocation_trusted") > 0.5);
    assert_eq!(log.text().matches("80 % of its maximum").count(), 1);

    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    wait_for(|| list.readiness().state == State::Stale);
    wait_for(|| log.text().contains("the revocation list is stale"));
    revoke("secret 5").unwrap_err();
    wait_for(|| gauge(&gauges, "waxseal_revocation_trusted") < 0.5);
    wait_for(|| gauge(&gauges, "waxseal_revocation_contact_age_seconds") >= 1.0);
    fs::remove_dir(&path).unwrap();
    wait_for(|| list.readiness().state == State::Current);
    wait_for(|| log.text().matches("the revocation list is current").count() == 2);

    let text = log.text();
    // The loop tries again four times a second.
    assert!(text.matches("an exchange with the revocation store failed").count() <= 3, "{text}");
    assert_eq!(text.matches("the revocation list is stale").count(), 1, "{text}");
    for private in ["secret", "susan"] {
        assert!(!text.contains(private), "{text}");
    }
}
