//! The list as every server holds it: in memory, asked on each request, at most
//! 71 bytes an entry and the names of users all of whose sessions have ended.

mod cuts;
mod sessions;
mod tag;

use std::sync::atomic::{
    AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed},
};

use waxseal_core::UnixTime;

use self::{cuts::Cuts, sessions::Sessions, tag::Tags};
use crate::entry::{Entry, Lifetime, SessionId};

/// How many sessions of one user are ended one by one; more become one cut.
const MAX_OF_ONE_USER: u16 = 100;

/// Everything that was ended early and could still be valid.
#[derive(Debug)]
pub(crate) struct Index {
    lifetime: Lifetime,
    tags: Tags,
    sessions: Sessions,
    cuts: Cuts,
    /// Sessions that began before this have ended, whosever they are; in
    /// seconds since 1970.
    all_before: AtomicU64,
    /// How many sessions cuts have taken the place of.
    superseded: AtomicUsize,
}

impl Index {
    pub(crate) fn new(lifetime: Lifetime) -> Self {
        Self {
            lifetime,
            tags: Tags::default(),
            sessions: Sessions::default(),
            cuts: Cuts::default(),
            all_before: AtomicU64::new(0),
            superseded: AtomicUsize::new(0),
        }
    }

    /// Whether a session was ended.
    ///
    /// From the small to the large, against the order in which a cut takes the
    /// place of what it covers: so nothing is missed on its way from one to the
    /// other.
    pub(crate) fn has_ended(&self, sid: Option<&str>, sub: Option<&str>, begun: UnixTime) -> bool {
        sid.is_some_and(|sid| self.sessions.contains(SessionId::of(sid)))
            || sub.is_some_and(|sub| self.cuts.ends(&self.tags, sub, begun))
            || begun < self.all_before()
    }

    /// Adds an entry. Says whether it is news, and whether its user now has too
    /// many.
    pub(crate) fn apply(&self, entry: &Entry) -> Applied {
        match entry {
            Entry::Session { sid, sub, begun } => {
                let sub = sub.as_deref();
                if *begun < self.all_before()
                    || sub.is_some_and(|sub| self.cuts.ends(&self.tags, sub, *begun))
                {
                    return Applied::default();
                }
                let tag = sub.map(|sub| self.tags.of(sub));
                let (new, of_user) = self.sessions.insert(*sid, self.lifetime.end(*begun), tag);
                Applied { new, too_many: of_user > MAX_OF_ONE_USER }
            }
            Entry::User { sub, before } => {
                let new = *before > self.all_before() && self.cuts.raise(&self.tags, sub, *before);
                if new {
                    let end = self.lifetime.end(*before);
                    let dropped = self.sessions.drop_of(self.tags.of(sub), end);
                    self.superseded.fetch_add(dropped, Relaxed);
                }
                Applied { new, too_many: false }
            }
            Entry::All { before } => {
                let new = self.all_before.fetch_max(before.as_secs(), AcqRel) < before.as_secs();
                if new {
                    let dropped = self.sessions.drop_before(self.lifetime.end(*before));
                    self.superseded.fetch_add(dropped, Relaxed);
                    self.cuts.drop_until(&self.tags, *before);
                }
                Applied { new, too_many: false }
            }
        }
    }

    /// The one cut that takes the place of the many sessions of a user: those
    /// that began before `now`, so that one that begins now is not ended.
    pub(crate) fn merged(&self, sub: &str, now: UnixTime) -> Option<Entry> {
        let latest = self.sessions.latest_of(self.tags.of(sub), self.lifetime.end(now))?;
        let before = UnixTime::from_secs(self.lifetime.begun(latest).as_secs().saturating_add(1));
        Some(Entry::User { sub: sub.into(), before })
    }

    /// The moment before which all sessions of `sub` have ended.
    pub(crate) fn cut_of(&self, sub: Option<&str>) -> UnixTime {
        let own = sub.and_then(|sub| self.cuts.of(&self.tags, sub));
        own.map_or(self.all_before(), |own| own.max(self.all_before()))
    }

    /// The latest moment before which all sessions of anybody have ended.
    pub(crate) fn latest_cut(&self) -> UnixTime {
        self.cuts.latest().map_or(self.all_before(), |latest| latest.max(self.all_before()))
    }

    /// Forgets what could not be valid any more `now`; says how many entries.
    pub(crate) fn expire(&self, now: UnixTime) -> usize {
        // One later: what ends at `now` exactly has ended.
        let first_alive = UnixTime::from_secs(now.as_secs().saturating_add(1));
        let sessions = self.sessions.drop_before(first_alive);
        sessions.saturating_add(self.cuts.drop_until(&self.tags, self.lifetime.begun(now)))
    }

    pub(crate) fn len(&self) -> usize {
        self.sessions.len().saturating_add(self.cuts.len())
    }

    /// Whether what this entry ends has ended here, too.
    #[cfg(any(test, feature = "redis"))]
    pub(crate) fn covers(&self, entry: &Entry) -> bool {
        match entry {
            Entry::Session { sid, sub, begun } => {
                *begun < self.cut_of(sub.as_deref()) || self.sessions.contains(*sid)
            }
            Entry::User { sub, before } => self.cut_of(Some(sub)) >= *before,
            Entry::All { before } => self.all_before() >= *before,
        }
    }

    /// Whether cuts have taken the place of at least `enough` sessions, which take
    /// up room in a log; if so they are counted anew.
    #[cfg(feature = "file")]
    pub(crate) fn take_superseded(&self, enough: usize) -> bool {
        let many = self.superseded.load(Relaxed) >= enough;
        if many {
            self.superseded.store(0, Relaxed);
        }
        many
    }

    /// Whether a later cut ends all that this entry ends.
    pub(crate) fn has_cut(&self, entry: &Entry) -> bool {
        match entry {
            Entry::Session { sub, begun, .. } => *begun < self.cut_of(sub.as_deref()),
            Entry::User { sub, before } => *before < self.cut_of(Some(sub)),
            Entry::All { before } => *before < self.all_before(),
        }
    }

    /// All entries. A session's user is not among what is kept.
    #[cfg(any(test, feature = "redis"))]
    pub(crate) fn for_each(&self, mut visit: impl FnMut(Entry)) {
        let before = self.all_before();
        if before > UnixTime::from_secs(0) {
            visit(Entry::All { before });
        }
        self.cuts.for_each(|sub, before| visit(Entry::User { sub: sub.into(), before }));
        self.sessions.for_each(|sid, until| {
            let begun = self.lifetime.begun(until);
            visit(Entry::Session { sid, sub: None, begun });
        });
    }

    fn all_before(&self) -> UnixTime {
        UnixTime::from_secs(self.all_before.load(Acquire))
    }
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    /// It ends what had not ended before.
    pub(crate) new: bool,
    /// Its user has more entries than are kept one by one.
    pub(crate) too_many: bool,
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, time::Duration};

    use proptest::prelude::*;

    use super::*;

    const LIFETIME: Lifetime = Lifetime::new(Duration::from_secs(1000));

    /// A few users and names, so that entries meet.
    fn entries() -> impl Strategy<Value = Entry> {
        let time = || (10_000_u64..10_040).prop_map(UnixTime::from_secs);
        let session = (0..12_u8, proptest::option::of(0..3_u8), time());
        prop_oneof![
            8 => session.prop_map(|(name, sub, begun)| Entry::Session {
                sid: SessionId([name; 16]),
                sub: sub.map(|sub| sub.to_string().into()),
                begun,
            }),
            2 => (0..3_u8, time())
                .prop_map(|(sub, before)| Entry::User { sub: sub.to_string().into(), before }),
            1 => time().prop_map(|before| Entry::All { before }),
        ]
    }

    /// The same, said simply.
    #[derive(Default)]
    struct Model {
        sessions: HashMap<[u8; 16], u64>,
        users: HashMap<String, u64>,
        all: u64,
    }

    impl Model {
        fn apply(&mut self, entry: &Entry) {
            let latest = |known: &mut u64, new: UnixTime| *known = (*known).max(new.as_secs());
            match entry {
                Entry::Session { sid, begun, .. } => {
                    latest(self.sessions.entry(sid.0).or_default(), *begun);
                }
                Entry::User { sub, before } => {
                    latest(self.users.entry(sub.to_string()).or_default(), *before);
                }
                Entry::All { before } => latest(&mut self.all, *before),
            }
        }
    }

    /// While another thread puts it under a cut, a session stays ended.
    #[test]
    fn what_has_ended_is_never_good_for_a_moment() {
        const ROUNDS: u64 = 500;
        let (begun, after) = (UnixTime::from_secs(10_000), UnixTime::from_secs(10_001));
        let sid = SessionId([7; 16]);
        let entry = || Entry::Session { sid, sub: Some("42".into()), begun };
        for cut in [Entry::User { sub: "42".into(), before: after }, Entry::All { before: after }] {
            let (round, index) = (AtomicU64::new(0), std::sync::RwLock::new(Index::new(LIFETIME)));
            index.read().unwrap().apply(&entry());
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    for _ in 0..ROUNDS {
                        index.read().unwrap().apply(&cut);
                        let mut index = index.write().unwrap();
                        *index = Index::new(LIFETIME);
                        index.apply(&entry());
                    }
                    round.store(1, Relaxed);
                });
                let name = sid.to_string();
                while round.load(Relaxed) == 0 {
                    let index = index.read().unwrap();
                    for _ in 0..100 {
                        assert!(index.has_ended(Some(&name), Some("42"), begun));
                    }
                }
            });
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// Whatever way it is packed: nothing that was ended is good, and nothing
        /// else has ended. A name belongs to one user and one beginning.
        #[test]
        fn agrees_with_a_simple_list(entries in proptest::collection::vec(entries(), 0..40)) {
            let mut owners = HashMap::new();
            let (index, mut model) = (Index::new(LIFETIME), Model::default());
            for entry in &entries {
                if let Entry::Session { sid, sub, begun } = entry
                    && *owners.entry(*sid).or_insert((sub.clone(), *begun)) != (sub.clone(), *begun)
                {
                    continue;
                }
                index.apply(entry);
                model.apply(entry);
            }
            for (sid, (sub, begun)) in &owners {
                let cut = sub.as_ref().and_then(|sub| model.users.get(&**sub));
                let expected = model.sessions.contains_key(&sid.0)
                    || model.all.max(cut.copied().unwrap_or(0)) > begun.as_secs();
                let ended = index.has_ended(Some(&sid.to_string()), sub.as_deref(), *begun);
                prop_assert_eq!(ended, expected);
            }
            for sub in ["0", "1", "2"] {
                let cut = model.users.get(sub).copied().unwrap_or(0).max(model.all);
                prop_assert_eq!(index.cut_of(Some(sub)).as_secs(), cut);
            }
            // What it gives out makes the same list again.
            let again = Index::new(LIFETIME);
            index.for_each(|entry| { again.apply(&entry); });
            index.for_each(|entry| assert!(again.covers(&entry)));
            prop_assert_eq!(again.len(), index.len());
            prop_assert_eq!(index.expire(UnixTime::from_secs(20_000)), again.len());
            prop_assert_eq!(index.len(), 0);
        }
    }
}
