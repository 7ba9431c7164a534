//! The promises of the servers: sessions that were sent to browsers, and revocations.

use waxseal_core::{SessionRef, UnixTime};

/// A session that a response has sent.
#[derive(Clone)]
pub(super) struct Sent {
    pub(super) token: String,
    pub(super) reference: SessionRef,
    /// The true time of its issue, in seconds.
    pub(super) issued_at: UnixTime,
    /// The claim `exp` of the token.
    pub(super) expires_at: UnixTime,
    /// Whether, after a loss, its stamp is larger than every stamp of the store and the servers.
    pub(super) is_beyond: bool,
}

/// A revocation that a request or an operator has made.
#[derive(Clone, Debug)]
pub(super) struct Promise {
    /// The sessions of the ledger that it revokes.
    pub(super) sessions: Vec<usize>,
    /// The user of a cutoff, and the step in which it was made.
    pub(super) cutoff: Option<(String, u64)>,
    /// The step of its acknowledgement; without one, its server must complete it while it lives.
    pub(super) acknowledged: Option<u64>,
    /// The start of the server that received it.
    pub(super) server: u64,
    /// Whether the store can refuse it: `revoke_others` after its own session was revoked, or a
    /// session without a user that does not fit.
    pub(super) can_be_refused: bool,
    /// The number of losses of the store before it.
    pub(super) losses: u64,
    /// Whether the store and every server that knew it have lost it.
    pub(super) is_excused: bool,
}

#[derive(Default)]
pub(super) struct Ledger {
    pub(super) sent: Vec<Sent>,
    pub(super) promises: Vec<Promise>,
    /// Users with an attempted cutoff.
    pub(super) cut_users: Vec<String>,
    /// IDs of sessions with an attempted revocation.
    pub(super) revoked_ids: Vec<String>,
    /// The records of successful registrations, and when they succeeded.
    pub(super) bound: Vec<(SessionRef, UnixTime)>,
}

impl Ledger {
    /// The sessions of a user that were sent, or whose request was opened, until now.
    pub(super) fn sessions_of(&self, user: &str) -> Vec<usize> {
        let is_of = |sent: &&Sent| sent.reference.user.as_deref() == Some(user);
        self.sent
            .iter()
            .enumerate()
            .filter(|(_, sent)| is_of(sent))
            .map(|(number, _)| number)
            .collect()
    }

    /// The sessions with a session ID.
    pub(super) fn copies_with(&self, id: &str) -> Vec<usize> {
        (0..self.sent.len()).filter(|number| self.sent[*number].reference.id == id).collect()
    }

    pub(super) fn promise(&mut self, losses: u64, sessions: Vec<usize>, server: u64) -> usize {
        self.promises.push(Promise {
            sessions,
            acknowledged: None,
            cutoff: None,
            can_be_refused: false,
            losses,
            server,
            is_excused: false,
        });
        self.promises.len() - 1
    }
}
