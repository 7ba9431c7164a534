//! Logouts and reads per second: of revocation lists, and of their peers, session databases.

use std::{
    future::Future,
    ops::Range,
    time::{Duration, Instant},
};

use tokio::runtime::Runtime;
use tower_sessions_core::{
    SessionStore,
    session::{Id, Record},
};
use waxseal::{Sealer, Secret, UnixTime, test_util};
use waxseal_core::OpenSession;
use waxseal_revocation::RevocationList;

use crate::{
    ours::now,
    revocation::lists::{revoke, session},
    subject::{NOW, SECRET, data},
};

/// The number of requests at the same time.
pub(crate) const TASKS: u32 = 64;
/// The number of sessions that are loaded one after another.
const READS: u32 = 5000;
/// The number of sessions that each task loads.
const READS_OF_TASK: u32 = 500;

/// A runtime with a thread for each core.
pub(crate) fn runtime() -> Runtime {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime")
}

fn rate(number: u32, start: Instant) -> f64 {
    f64::from(number) / start.elapsed().as_secs_f64()
}

/// Runs tasks at the same time. Returns how many of their `number` calls end in a second.
async fn at_once<T>(number: u32, tasks: impl Iterator<Item = T>) -> f64
where
    T: Future<Output = ()> + Send + 'static,
{
    let start = Instant::now();
    let tasks: Vec<_> = tasks.map(tokio::spawn).collect();
    for task in tasks {
        task.await.expect("a task");
    }
    rate(number, start)
}

/// Logs out sessions with these numbers at the same time. The tasks take turns to choose a list:
/// each list is that of one server.
pub(crate) fn logouts(lists: &[RevocationList], numbers: Range<u32>) -> f64 {
    let number = numbers.end - numbers.start;
    let each = number / TASKS;
    let tasks = numbers.step_by(each as usize).zip(lists.iter().cycle()).map(|(first, list)| {
        let list = list.clone();
        async move {
            for number in first..first + each {
                let recorded = revoke(&list, session(number)).await.expect("durable");
                assert!(recorded.is_revoked);
            }
        }
    });
    runtime().block_on(at_once(number, tasks))
}

/// Opens a session with a list, a number of times, one after another.
pub(crate) fn reads(list: RevocationList, number: u32) -> f64 {
    let builder = || Sealer::builder(Secret::new(SECRET).expect("a secret"));
    let sealer = builder().revocations(list).build().expect("a sealer");
    let header = test_util::cookie(&sealer, UnixTime::from_secs(NOW), |session| {
        session.set_data(data())?;
        session.log_in("susan")?;
        Ok(())
    });
    let header = header.expect("a cookie");
    let start = Instant::now();
    for _ in 0..number {
        let opened = OpenSession::open(&sealer, [header.as_bytes()], now()).expect("current");
        assert_eq!(opened.rejection(), None);
    }
    rate(number, start)
}

/// A session database of a peer, with sessions in it.
pub(crate) struct Database<S> {
    store: S,
    ids: Vec<Id>,
}

impl<S: SessionStore + Clone> Database<S> {
    /// Creates this number of sessions.
    pub(crate) async fn new(store: S, number: u32) -> Self {
        let mut ids = Vec::new();
        for _ in 0..number {
            let mut record = Record {
                id: Id::default(),
                data: [("user".into(), "susan".into())].into(),
                expiry_date: time::OffsetDateTime::now_utc() + Duration::from_secs(86_400),
            };
            store.create(&mut record).await.expect("a session");
            ids.push(record.id);
        }
        Self { store, ids }
    }

    /// Loads sessions one after another.
    pub(crate) async fn reads(&self) -> f64 {
        let start = Instant::now();
        for id in self.ids.iter().cycle().take(READS as usize) {
            assert!(self.store.load(id).await.expect("a read").is_some());
        }
        rate(READS, start)
    }

    /// Loads sessions in many tasks at the same time.
    pub(crate) async fn reads_at_once(&self) -> f64 {
        let tasks = self.parts().map(|(store, ids)| async move {
            for id in ids.iter().cycle().take(READS_OF_TASK as usize) {
                assert!(store.load(id).await.expect("a read").is_some());
            }
        });
        at_once(TASKS * READS_OF_TASK, tasks).await
    }

    /// Deletes the sessions in many tasks at the same time.
    pub(crate) async fn logouts(self) -> f64 {
        let tasks = self.parts().map(|(store, ids)| async move {
            for id in ids {
                store.delete(&id).await.expect("a logout");
            }
        });
        at_once(u32::try_from(self.ids.len()).expect("32 bits"), tasks).await
    }

    /// The part of each task.
    fn parts(&self) -> impl Iterator<Item = (S, Vec<Id>)> {
        let each = self.ids.len() / TASKS as usize;
        self.ids.chunks(each).map(|ids| (self.store.clone(), ids.to_vec()))
    }
}
