//! The operations and faults of the model. `checks` has its promises.

mod checks;

use std::{
    future::Future as _,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
};

use waxseal_core::{
    Acknowledgement, Finish, OpenSession, Outcome, Revocation, Revocations as _, Sealer,
    SessionRef, Successor, Target, UnixTime,
};

use super::{
    Random,
    ledger::{Ledger, Promise, Sent},
    link::{Faults, Link, set_back},
    server::{DAY, MAX_SESSIONS, Server},
};
use crate::{
    clock::Clock,
    key::SessionKey,
    store::memory::{Memory, Tables},
};

const SERVERS: usize = 3;
const USERS: u64 = 4;

pub(super) struct World {
    seed: u64,
    step: u64,
    random: Random,
    /// Milliseconds since 1970.
    time: Arc<AtomicU64>,
    /// How far the clock of the store is ahead, and how far behind.
    store_ahead: Arc<AtomicU64>,
    store_behind: Arc<AtomicU64>,
    /// Whether a step can take hours, so that entries expire.
    is_slow: bool,
    memory: Memory,
    faults: Arc<Mutex<Faults>>,
    servers: Vec<Server>,
    starts: u64,
    ledger: Ledger,
    /// Requests that handlers work on.
    requests: Vec<Request>,
    /// Responses that wait for acknowledgements.
    responses: Vec<Response>,
    /// Acknowledgements that an operator waits for, with their promise.
    operations: Vec<(Acknowledgement, usize)>,
    /// Registrations that wait for acknowledgements, with the record of each.
    registrations: Vec<(Acknowledgement, SessionRef)>,
    /// The number of times that the store has lost data.
    losses: u64,
}

struct Request {
    session: OpenSession<Arc<Sealer>>,
    server: u64,
    /// The step in which it was opened.
    opened: u64,
    /// The stamp of the list at that time, if it was current, and whether the store has lost the
    /// stamp since.
    stamp: Option<u64>,
    is_beyond: bool,
    /// The number of the presented session in the ledger.
    presented: Option<usize>,
    /// The number of a presented session that the server rejects: a login or a logout revokes it,
    /// too.
    rejected: Option<usize>,
}

struct Response {
    finish: Finish<Arc<Sealer>>,
    reference: Option<SessionRef>,
    opened: u64,
    stamp: Option<u64>,
    is_beyond: bool,
    /// The step in which the handler ran.
    handled: u64,
    /// The clock of the store at that time, in milliseconds.
    clock: u64,
    presented: Option<usize>,
    /// The revocations that it promises.
    promises: Vec<usize>,
    /// Whether the new session continues the presented one.
    continues: bool,
    server: u64,
    /// Whether the server has read that the presented session is revoked, since the handler ran.
    has_read: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let time = Arc::new(AtomicU64::new(1_800_000_000_000));
        let (store_ahead, store_behind) = (Arc::default(), Arc::default());
        let clock = {
            let (time, ahead): (_, Arc<AtomicU64>) = (Arc::clone(&time), Arc::clone(&store_ahead));
            let behind: Arc<AtomicU64> = Arc::clone(&store_behind);
            let millis = move || time.load(SeqCst) + ahead.load(SeqCst) - behind.load(SeqCst);
            Clock::new(millis, || panic!("a store has no run time"))
        };
        let is_slow = seed % 4 == 3;
        let rate = [0, 6, 20, 60][usize::try_from(random.below(4)).unwrap()];
        let faults = Faults {
            random: Random::new(seed.wrapping_add(1 << 32)),
            rate: if is_slow { 0 } else { rate },
            snapshots: Vec::new(),
            lost_to: None,
            everyone: 0,
            late: Vec::new(),
        };
        let mut world = Self {
            seed,
            step: 0,
            random,
            time,
            store_ahead,
            store_behind,
            is_slow,
            memory: Memory::new(clock),
            faults: Arc::new(Mutex::new(faults)),
            servers: Vec::new(),
            starts: 0,
            ledger: Ledger::default(),
            requests: Vec::new(),
            responses: Vec::new(),
            operations: Vec::new(),
            registrations: Vec::new(),
            losses: 0,
        };
        for _ in 0..SERVERS {
            let server = world.start_server();
            world.servers.push(server);
        }
        world
    }

    fn start_server(&mut self) -> Server {
        self.starts += 1;
        let link = Link {
            memory: self.memory.clone(),
            faults: Arc::clone(&self.faults),
            is_up: Arc::new(Mutex::new(true)),
            was_in_contact: Arc::default(),
            read: Arc::default(),
        };
        // Servers of one store can have different timeouts.
        let days = if self.starts % 3 == 1 { 3 } else { 1 };
        Server::new(link, &self.time, days, self.starts)
    }

    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.time.load(SeqCst) / 1000)
    }

    /// Prints a line of a replayed run.
    fn log(&self, what: std::fmt::Arguments<'_>) {
        if std::env::var_os("MODEL_SEED").is_some() {
            println!("{:4} {} {what}", self.step, self.time.load(SeqCst));
        }
    }

    fn fail(&self, what: &str) -> ! {
        panic!("{what} (step {}); replay with MODEL_SEED={}", self.step, self.seed)
    }

    /// A server, and its index.
    fn any(&mut self) -> usize {
        usize::try_from(self.random.below(SERVERS as u64)).unwrap()
    }

    pub(super) fn step(&mut self) {
        self.step += 1;
        match self.random.below(100) {
            0..20 => self.open(),
            20..48 => self.handle(),
            48..50 => self.register(),
            50..54 => self.operate(),
            54..80 => {
                let server = self.any();
                self.turn(server);
            }
            80..92 => self.advance(),
            92..94 => self.snapshot(),
            94..96 => {
                let (server, up) = (self.any(), self.random.one_in(2));
                self.servers[server].set_up(up);
            }
            96 => self.crash(),
            97 => self.skew(),
            98 => self.commit_late(),
            _ => self.lose(),
        }
        self.look_at_losses();
        self.flag_beyond(None);
        self.poll();
        self.look_at_staleness();
    }

    fn turn(&mut self, index: usize) {
        let server = &mut self.servers[index];
        server.turn();
        let read = std::mem::take(&mut *lock(&server.link.read));
        let Ledger { promises, sent, .. } = &self.ledger;
        for response in self.responses.iter_mut().filter(|one| one.server == server.start) {
            let Some(parent) = response.presented else { continue };
            // The store had recorded it, and had lost nothing since. Only revocations of a session
            // count: after a loss, a cutoff does not cover stamps beyond it.
            let is_acknowledged = promises.iter().enumerate().any(|(number, promise)| {
                promise.acknowledged.is_some()
                    && promise.cutoff.is_none()
                    && promise.losses == self.losses
                    && promise.sessions.contains(&parent)
                    && !response.promises.contains(&number)
            });
            response.has_read |=
                is_acknowledged && read.contains(&SessionKey::new(&sent[parent].reference.id));
        }
    }

    fn advance(&mut self) {
        let most = if self.is_slow && self.random.one_in(3) { 12 * 3_600_000 } else { 2000 };
        let millis = self.random.below(most);
        // In slow runs the servers stay in contact while time passes.
        for _ in 0..if most > 2000 { 24 } else { 1 } {
            self.time.fetch_add(millis / if most > 2000 { 24 } else { 1 }, SeqCst);
            if most > 2000 {
                (0..SERVERS).for_each(|server| self.turn(server));
            }
        }
    }

    fn snapshot(&self) {
        let tables = self.memory.tables().clone();
        let mut faults = lock(&self.faults);
        faults.snapshots.push(tables);
        if faults.snapshots.len() > 4 {
            faults.snapshots.remove(0);
        }
    }

    fn crash(&mut self) {
        // Sometimes all at once.
        let from = if self.random.one_in(4) { 0 } else { self.any() };
        let to = if from == 0 { SERVERS } else { from + 1 };
        (from..to).for_each(|index| self.restart(index));
        let alive: Vec<_> = self.servers.iter().map(|server| server.start).collect();
        self.requests.retain(|request| alive.contains(&request.server));
        if from == 0 && self.random.one_in(2) {
            *self.memory.tables() = Tables::default();
            lock(&self.faults).late.clear();
            self.losses += 1;
        }
        self.look_at_knowledge();
    }

    fn restart(&mut self, index: usize) {
        self.servers[index] = self.start_server();
        self.log(format_args!("server {index} crashes and starts again as {}", self.starts));
    }

    /// All servers but one crash, the store loses data, and the one completes it under faults.
    fn survive(&mut self) {
        let survivor = self.any();
        let rate = std::mem::take(&mut lock(&self.faults).rate);
        self.servers[survivor].set_up(true);
        self.turn(survivor);
        (0..SERVERS).filter(|index| *index != survivor).for_each(|index| self.restart(index));
        self.look_at_knowledge();
        lock(&self.faults).rate = rate;
        self.lose();
        for _ in 0..4 {
            self.look_at_losses();
            self.turn(survivor);
        }
        self.look_at_losses();
        self.flag_beyond(None);
        self.poll();
    }

    /// Sets a clock. In slow runs by 40 days, one at a time.
    fn skew(&mut self) {
        let server = self.any();
        let ahead = &self.servers[server].ahead;
        // See `look_at_knowledge`.
        if self.memory.tables().head.is_none() {
            return;
        }
        if self.is_slow {
            let days = 40 * DAY * 1000;
            let (store, server) = match self.random.below(3) {
                0 => (days, 0),
                1 => (0, days),
                _ => (0, 0),
            };
            self.store_ahead.store(store, SeqCst);
            self.servers.iter().for_each(|one| one.ahead.store(server, SeqCst));
        } else {
            // From two minutes behind to two minutes ahead.
            ahead.store(self.random.below(240_000).wrapping_sub(120_000), SeqCst);
            let behind = self.random.below(600_000);
            self.store_behind.store(if behind < 200_000 { 0 } else { behind }, SeqCst);
        }
    }

    fn commit_late(&mut self) {
        let late = std::mem::take(&mut lock(&self.faults).late);
        for transaction in late {
            transaction.commit(&self.memory);
        }
    }

    fn lose(&mut self) {
        if self.is_slow || lock(&self.faults).rate > 0 {
            set_back(&self.memory, &mut lock(&self.faults));
        }
    }

    /// A request arrives: with the cookie of a session, or without one.
    fn open(&mut self) {
        let server = self.any();
        let numbers: Vec<_> = (0..self.ledger.sent.len()).collect();
        let recent = numbers.len().saturating_sub(12);
        let presented = self.random.pick(&numbers[recent..]).copied();
        let presented = presented.filter(|_| !self.random.one_in(4));
        let token = presented.map(|number| self.ledger.sent[number].token.clone());
        let Some(session) = self.servers[server].open(token.as_deref(), self.now()) else { return };
        let rejected = presented.filter(|_| session.rejection().is_some());
        if let Some(number) = rejected {
            self.ledger.revoked_ids.push(self.ledger.sent[number].reference.id.clone());
        }
        let presented = presented.filter(|_| session.rejection().is_none());
        let stamp = self.servers[server].list.stamp();
        let (server, opened) = (self.servers[server].start, self.step);
        let is_beyond = false;
        self.requests.push(Request {
            session,
            server,
            opened,
            stamp,
            is_beyond,
            presented,
            rejected,
        });
    }

    /// A handler of an open request runs, and its response begins.
    fn handle(&mut self) {
        if self.requests.is_empty() {
            return;
        }
        let index = usize::try_from(self.random.below(self.requests.len() as u64)).unwrap();
        let Request { mut session, server, opened, stamp, is_beyond, presented, rejected } =
            self.requests.swap_remove(index);
        let user = format!("user {}", self.random.below(USERS));
        let old_user = session.user();
        let (mut promises, mut continues) = (Vec::new(), false);
        let this = presented.into_iter().collect::<Vec<_>>();
        let action = self.random.below(8);
        let others = |ledger: &Ledger, user: &str| {
            let mut others = ledger.sessions_of(user);
            others.retain(|number| Some(*number) != presented);
            others
        };
        let result = match action {
            0 | 1 => session.log_in(&user),
            2 => session.clear_user(&[]),
            3 => {
                session.delete().unwrap();
                Ok(())
            }
            4 => {
                continues = true;
                session.renew()
            }
            5 if old_user.is_some() => {
                continues = true;
                session.confirm_user()
            }
            6 if old_user.is_some() => {
                continues = true;
                session.revoke_others()
            }
            7 => session.log_in(&user).and_then(|()| session.revoke_others()),
            _ => Ok(()),
        };
        if result.is_err() {
            // Revoked, or the list is stale: nothing was changed.
            return;
        }
        let cutoff_of = match action {
            6 => old_user.clone(),
            7 => Some(user.clone()),
            _ => None,
        };
        // A session of another request that is still open counts as sent later.
        if (0..=5).contains(&action) || action == 7 {
            let revoked = match presented.or(rejected.filter(|_| ![4, 5].contains(&action))) {
                // `revoke_others` may have sent the session twice, with two stamps.
                Some(number) if !self.is_half_full() => {
                    self.ledger.copies_with(&self.ledger.sent[number].reference.id)
                }
                _ => this.clone(),
            };
            if !revoked.is_empty() && (action != 5 || old_user.is_some()) {
                let promise = self.ledger.promise(self.losses, revoked, server);
                self.ledger.promises[promise].can_be_refused =
                    old_user.is_none() && self.overflows_without_user();
                promises.push(promise);
            }
        }
        if let Some(user) = &cutoff_of {
            let sessions = others(&self.ledger, user);
            let promise = self.ledger.promise(self.losses, sessions, server);
            self.ledger.promises[promise].can_be_refused = true;
            self.ledger.promises[promise].cutoff = Some((user.clone(), self.step));
            promises.push(promise);
            self.ledger.cut_users.push(user.clone());
        }
        for number in &this {
            self.ledger.revoked_ids.push(self.ledger.sent[*number].reference.id.clone());
        }
        // More than fit become cutoffs.
        if let Some(user) = old_user.clone().filter(|_| self.overflows()) {
            self.ledger.cut_users.push(user);
        }
        let (reference, handled) = (session.reference(), self.step);
        self.log(format_args!(
            "server {server} runs action {action} in session {presented:?} of {old_user:?}: promises \
             {promises:?}, new session {reference:?}"
        ));
        let finish = session.finish();
        self.responses.push(Response {
            finish,
            reference,
            opened,
            stamp,
            is_beyond,
            handled,
            clock: self.memory.millis(),
            presented,
            promises,
            continues,
            server,
            has_read: false,
        });
    }

    /// Whether the list may have no room left for a session without a user.
    fn overflows_without_user(&self) -> bool {
        let servers = self.servers.iter();
        let most = servers.map(|server| server.list.readiness().sessions_without_user).max();
        most.unwrap_or(0) + 8 >= MAX_SESSIONS / 4
    }

    fn overflows(&self) -> bool {
        self.most_sessions() + 16 >= MAX_SESSIONS
    }

    /// Whether the list may record no session that a cutoff revokes.
    fn is_half_full(&self) -> bool {
        self.most_sessions() + 16 >= MAX_SESSIONS / 2
    }

    fn most_sessions(&self) -> usize {
        let of_servers = self.servers.iter().map(|server| server.list.readiness().sessions).max();
        self.memory.tables().sessions().max(of_servers.unwrap_or(0))
    }

    /// An operator, or a handler without a session, revokes sessions.
    fn operate(&mut self) {
        let index = self.any();
        let user = format!("user {}", self.random.below(USERS));
        let start = self.servers[index].start;
        let numbers: Vec<_> = (0..self.ledger.sent.len()).collect();
        let list = self.servers[index].list.clone();
        let (acknowledgement, sessions, cutoff) = if self.random.one_in(2) {
            self.ledger.cut_users.push(user.clone());
            (list.revoke_user(&user), self.ledger.sessions_of(&user), Some((user, self.step)))
        } else {
            let Some(number) = self.random.pick(&numbers).copied() else { return };
            let mut reference = self.ledger.sent[number].reference.clone();
            self.ledger.revoked_ids.push(reference.id.clone());
            // From a form.
            reference.stamp = 0;
            (list.revoke_session(&reference), vec![number], None)
        };
        let promise = self.ledger.promise(self.losses, sessions, start);
        self.ledger.promises[promise].cutoff = cutoff;
        // A session by reference is not in the copy before the store has it.
        self.log(format_args!("server {start} revokes a user or a session: promise {promise}"));
        self.operations.push((acknowledgement, promise));
    }

    /// The browser of a session registers a key, or an attacker with a copy does.
    fn register(&mut self) {
        let server = self.any();
        let recent = self.ledger.sent.len().saturating_sub(4);
        let Some(sent) = self.random.pick(&self.ledger.sent[recent..]) else { return };
        // The challenge names the session as it was when its ID was first sent.
        let is_same = |first: &&Sent| first.reference.id == sent.reference.id;
        let Some(first) = self.ledger.sent.iter().find(is_same) else { return };
        let session = first.reference.clone();
        if session.user.is_none() {
            return;
        }
        let record = SessionRef { id: format!("{}~unbound", session.id), ..session.clone() };
        self.log(format_args!("server {} registers {record:?}", self.servers[server].start));
        let also = Some(record.id.clone());
        let acknowledgement = self.servers[server].list.revoke(Revocation {
            target: Target::OnlySession(record.clone()),
            successor: Some(Successor { session, also, must_be_good: true }),
        });
        self.registrations.push((acknowledgement, record));
    }

    /// Completes the responses whose acknowledgements have come.
    fn poll(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        for (mut acknowledgement, record) in std::mem::take(&mut self.registrations) {
            match Pin::new(&mut acknowledgement).poll(&mut context) {
                Poll::Pending => self.registrations.push((acknowledgement, record)),
                Poll::Ready(Ok(recorded)) if !recorded.was_revoked && recorded.is_revoked => {
                    let is_second = self.ledger.bound.iter().any(|(one, _)| one.id == record.id);
                    // A store that has lost the first registration accepts another.
                    if is_second && self.losses == 0 {
                        self.fail("P6: a second registration of a session succeeds");
                    }
                    self.ledger.bound.push((record, self.now()));
                }
                // The session was bound or revoked before, the list is full, or the response is a
                // 503.
                Poll::Ready(_) => {}
            }
        }
        for (mut acknowledgement, promise) in std::mem::take(&mut self.operations) {
            match Pin::new(&mut acknowledgement).poll(&mut context) {
                Poll::Pending => self.operations.push((acknowledgement, promise)),
                Poll::Ready(Ok(_)) => self.acknowledge(promise),
                // It completes later.
                Poll::Ready(Err(_)) => {}
            }
        }
        for mut response in std::mem::take(&mut self.responses) {
            match Pin::new(&mut response.finish).poll(&mut context) {
                Poll::Pending => self.responses.push(response),
                Poll::Ready(Ok(changes)) => {
                    if changes.outcome() != Outcome::Revoked && !changes.has_unrevoked_session() {
                        response.promises.iter().for_each(|promise| self.acknowledge(*promise));
                    } else {
                        let excuse = |number: &usize| {
                            self.ledger.promises[*number].is_excused = true;
                        };
                        response.promises.iter().for_each(excuse);
                    }
                    let token = changes.set_cookie_lines().last().and_then(token);
                    if let (Some(token), Some(reference)) = (token, response.reference.clone()) {
                        self.send(token, reference, &response);
                    }
                }
                // A 503: the promise stays, not acknowledged.
                Poll::Ready(Err(_)) => {}
            }
        }
    }

    fn acknowledge(&mut self, promise: usize) {
        self.log(format_args!("promise {promise} is acknowledged"));
        self.ledger.promises[promise].acknowledged = Some(self.step);
        // The store may have lost it since it was recorded.
        if self.losses > self.ledger.promises[promise].losses {
            self.look_at_knowledge();
        }
    }

    fn send(&mut self, token: String, mut reference: SessionRef, response: &Response) {
        // Documented: the store and all running servers may have lost a cutoff before the response
        // is sent. And a session that was sealed again has another stamp, which is later than a
        // cutoff that the store has lost, if no server that knows it has reached the store yet.
        let stored = self.memory.tables().clone();
        let stamp = response.stamp.unwrap_or(reference.stamp);
        let opened = SessionRef { stamp, ..reference.clone() };
        let is_known = self.is_known(&stored, &opened);
        let is_lost = |promise: &Promise| !is_known && self.may_be_lost(&stored, promise);
        let is_lost: Vec<_> = self.ledger.promises.iter().map(is_lost).collect();
        let stamp = claim(&token, "wx_rev").expect("every token has a stamp");
        let is_sealed_again = reference.stamp != stamp;
        reference.stamp = stamp;
        // Documented, too: the stamps of a clock that is behind after a loss are used again, and
        // those of the millisecond of the loss. The clock counts when the session gets its stamp.
        let clock = if is_sealed_again { self.memory.millis() } else { response.clock };
        let is_behind = self.losses > 0 && reference.stamp >= clock;
        let is_beyond = response.presented.is_some_and(|parent| self.ledger.sent[parent].is_beyond);
        if response.continues
            && !is_beyond
            && let Some(parent) = response.presented
        {
            // A revocation that was acknowledged before the handler ran was recorded before the
            // renewal.
            let is_revoked = self.ledger.promises.iter().any(|promise| {
                promise.acknowledged.is_some_and(|step| step < response.handled)
                    && promise.sessions.contains(&parent)
            });
            if response.has_read || is_revoked && self.losses == 0 {
                self.fail(&format!("P4: the revoked session {parent} was renewed"));
            }
        }
        self.log(format_args!("session {} is sent: {reference:?}", self.ledger.sent.len()));
        // A cutoff is for every session whose request was opened before: the handler may have
        // checked a password that is changed since.
        let (user, number) = (reference.user.clone(), self.ledger.sent.len());
        let copies = self.ledger.copies_with(&reference.id);
        for (index, promise) in self.ledger.promises.iter_mut().enumerate() {
            // A revocation of a session is for the copy that `revoke_others` sends later, too.
            if promise.cutoff.is_none()
                && self.losses == 0
                && copies.iter().any(|copy| promise.sessions.contains(copy))
            {
                promise.sessions.push(number);
            }
            if let Some((of, step)) = &promise.cutoff
                && Some(of) == user.as_ref()
                && *step > response.opened
                && !is_behind
                && !(is_sealed_again && self.losses > promise.losses)
                && !is_lost[index]
                && !response.promises.contains(&index)
            {
                promise.sessions.push(number);
            }
        }
        let is_beyond = is_beyond || response.is_beyond;
        let expires_at = UnixTime::from_secs(claim(&token, "exp").expect("every token expires"));
        self.ledger.sent.push(Sent {
            token,
            reference,
            issued_at: self.now(),
            expires_at,
            is_beyond,
        });
    }
}

/// The token in a line that sets the cookie.
fn token(line: &str) -> Option<String> {
    let value = line.strip_prefix("__Host-session=")?.split(';').next()?;
    (!value.is_empty()).then(|| value.into())
}

/// A number in the claims of a token.
fn claim(token: &str, name: &str) -> Option<u64> {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims = String::from_utf8(claims).unwrap();
    let (_, number) = claims.split_once(&format!("\"{name}\":"))?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    Some(digits.parse().unwrap())
}
