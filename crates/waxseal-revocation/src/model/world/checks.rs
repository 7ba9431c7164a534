//! The promises of the model, what excuses them, and their checks.
//!
//! - P1: every server rejects all cookies of a session whose revocation was acknowledged, while the
//!   store or a running server knows the revocation. An emptied store that no server knows revokes
//!   everyone.
//! - P2: a session is revoked only after a revocation of it, of its user, or of everyone.
//! - P3: a session that a response has sent is good, unless P2 allows otherwise.
//! - P4: no request can renew a revoked session. After a loss, this holds only on servers that have
//!   read the revocation.
//! - P5: a revocation whose response was an error takes effect if its server lives.
//! - P6: of the registrations of one session with device binding, one succeeds, and then every
//!   server knows it.
//! - P7: a server that has had no contact with the store for longer than its maximum staleness
//!   says that no session is good.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use waxseal_core::{RevocationStatus, SessionRef};

use super::{World, lock};
use crate::{
    model::{
        ledger::{Promise, Sent},
        server::{DAY, Server},
    },
    store::memory::Tables,
};

impl World {
    pub(super) fn look_at_staleness(&mut self) {
        let Some(sent) = self.ledger.sent.last() else { return };
        let is_good =
            |server: &Server| server.list.status(&sent.reference) == RevocationStatus::Good;
        if self.servers.iter().any(|server| server.is_cut_off() && is_good(server)) {
            self.fail("P7: a server that is cut off from the store trusts its copy");
        }
    }

    pub(super) fn look_at_losses(&mut self) {
        let lost_to = lock(&self.faults).lost_to.take();
        if let Some(stamp) = lost_to {
            self.losses += 1;
            self.flag_beyond(Some(stamp));
            self.log(format_args!("the store has lost data"));
            self.look_at_knowledge();
        }
    }

    /// Takes the sessions from the promises of which neither the store nor a server knows any more
    /// that they are revoked. An emptied store takes only those that are missing after a server in
    /// contact has created it again.
    pub(super) fn look_at_knowledge(&mut self) {
        self.flag_beyond(None);
        let stored = self.memory.tables().clone();
        for number in 0..self.ledger.promises.len() {
            let promise = &self.ledger.promises[number];
            if self.may_be_lost(&stored, promise) {
                let is_known =
                    |session: &usize| self.is_known(&stored, &self.ledger.sent[*session].reference);
                let sessions = promise.sessions.iter().copied().filter(is_known).collect();
                self.ledger.promises[number].sessions = sessions;
            }
        }
    }

    /// Whether the store may have lost what it has acknowledged.
    pub(super) fn may_be_lost(&self, stored: &Tables, promise: &Promise) -> bool {
        let survives = self.servers.iter().any(Server::is_in_contact);
        let last = self.ledger.sent.iter().map(|sent| sent.reference.stamp).max();
        // A clock that is behind the stamps, together with the loss, is documented.
        let is_behind = last >= Some(self.memory.millis());
        // What is not acknowledged yet must not be acknowledged any more, or be recorded again.
        (stored.head.is_some() || survives || is_behind)
            && self.losses > promise.losses
            && promise.acknowledged.is_some()
    }

    /// Whether the store or a server knows that a session is revoked.
    pub(super) fn is_known(&self, stored: &Tables, reference: &SessionRef) -> bool {
        self.servers.iter().any(|server| server.knows(reference)) || stored.revokes(reference)
    }

    /// Documented, too: after a loss, the stamps of a clock that is set back now are beyond all
    /// cutoffs.
    pub(super) fn flag_beyond(&mut self, lost_to: Option<u64>) {
        if self.losses == 0 {
            return;
        }
        let clock = self.memory.millis();
        let stored = self.memory.tables().head.map_or(0, |head| head.position.stamp);
        let stored = lost_to.map_or(stored, |stamp| stamp.min(stored));
        // The next cutoff can be as small as the clock.
        let is_beyond = |stamp| stamp > stored && stamp >= clock;
        for sent in &mut self.ledger.sent {
            sent.is_beyond |= is_beyond(sent.reference.stamp);
        }
        for request in &mut self.requests {
            request.is_beyond |= request.stamp.is_some_and(is_beyond);
        }
        for response in &mut self.responses {
            response.is_beyond |= response.stamp.is_some_and(is_beyond);
        }
    }

    /// All faults end, all servers exchange, and every promise is checked.
    pub(in super::super) fn settle(&mut self) {
        self.commit_late();
        self.requests.clear();
        if self.random.one_in(2) {
            self.survive();
        }
        lock(&self.faults).rate = 0;
        for _ in 0..4 {
            for server in &mut self.servers {
                server.set_up(true);
                server.turn();
            }
            self.time.fetch_add(1000, SeqCst);
            self.look_at_losses();
            self.poll();
        }
        let everyone = self.memory.tables().head.map_or(0, |head| head.everyone);
        let alive: Vec<_> = self.servers.iter().map(|server| server.start).collect();
        for promise in self.ledger.promises.clone() {
            let completes = alive.contains(&promise.server) && !promise.can_be_refused;
            let holds = promise.acknowledged.is_some() || completes;
            for number in promise.sessions.iter().filter(|_| holds && !promise.is_excused) {
                let sent = &self.ledger.sent[*number];
                let is_same = |other: &&Sent| other.reference.id == sent.reference.id;
                let same = self.ledger.sent.iter().filter(is_same);
                let expires_at = same.map(|other| other.expires_at).max();
                for server in &self.servers {
                    if self.now().saturating_since(sent.issued_at) < server.absolute_timeout
                        && Some(self.now()) < expires_at
                        && !sent.is_beyond
                        && server.list.status(&sent.reference) == RevocationStatus::Good
                    {
                        let name = if promise.acknowledged.is_some() { "P1" } else { "P5" };
                        self.fail(&format!(
                            "{name}: a revoked session is accepted by server {}: {promise:?}, {:?}",
                            server.start, sent.reference,
                        ));
                    }
                }
            }
        }
        for (record, since) in self.ledger.bound.iter().filter(|_| self.losses == 0) {
            for server in &self.servers {
                if self.now().saturating_since(*since) < Duration::from_secs(DAY)
                    && server.list.status(record) == RevocationStatus::Good
                {
                    self.fail("P6: a server does not know a registration");
                }
            }
        }
        for sent in &self.ledger.sent {
            let reference = &sent.reference;
            let user = reference.user.as_ref();
            let is_allowed = reference.stamp < everyone
                || self.ledger.revoked_ids.contains(&reference.id)
                || user.is_some_and(|user| self.ledger.cut_users.contains(user));
            for server in &self.servers {
                let status = server.list.status(reference);
                if status == RevocationStatus::Unknown {
                    self.fail("a server is stale without a fault");
                }
                if status == RevocationStatus::Revoked && !is_allowed {
                    self.fail("P2: a session is revoked that nobody has revoked");
                }
            }
        }
    }
}
