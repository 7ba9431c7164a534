//! What the page shows about the device that a session is bound to.

use waxseal::Session;

/// A browser registers its key within a fraction of a second after the login.
const REGISTRATION_SECS: u64 = 2;

pub enum Binding {
    #[cfg_attr(not(feature = "device-bound"), expect(dead_code, reason = "no session is bound"))]
    Bound(Proof),
    /// The login was a moment ago: the page loads itself again.
    Registering,
    NotBound,
}

/// The last proof of a browser.
pub struct Proof {
    /// The SHA-256 thumbprint of the browser's key.
    pub thumbprint: String,
    /// A date, and how far away it is.
    pub last: (String, String),
    pub next: (String, String),
    pub secs_to_next: u64,
}

impl Binding {
    /// The binding of a logged-in user's session.
    pub fn of(session: &Session) -> Self {
        #[cfg(feature = "device-bound")]
        if let Some(device) = session.binding() {
            return Self::Bound(Proof::new(device, session.now()));
        }
        let age = session.authenticated_at().map(|login| session.now().saturating_since(login));
        match age {
            Some(age) if age.as_secs() < REGISTRATION_SECS => Self::Registering,
            _ => Self::NotBound,
        }
    }

    /// After how many seconds the page loads itself again: for the result of the registration, or
    /// for the next proof.
    pub fn reload_secs(&self) -> Option<u64> {
        match self {
            Self::Bound(proof) => Some(proof.secs_to_next + 1),
            Self::Registering => Some(REGISTRATION_SECS),
            Self::NotBound => None,
        }
    }
}
