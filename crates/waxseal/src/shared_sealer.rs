//! The sealer of a running server, which can be replaced.

use std::sync::Arc;

use arc_swap::ArcSwap;
use waxseal_core::Sealer;

/// A sealer that can be replaced while the server runs, so that keys change without
/// a restart. No request waits for the change, and each opens and finishes its
/// session with the same sealer.
///
/// ```
/// # use waxseal::{Sealer, SharedSealer};
/// # fn rotate(old: Sealer, new: Sealer, serve: fn(SharedSealer)) {
/// let sealer = SharedSealer::new(old);
/// serve(sealer.clone()); // with SessionLayer::new, SessionLayer::new
/// // While the server runs:
/// sealer.replace(new);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SharedSealer(Arc<ArcSwap<Sealer>>);

impl SharedSealer {
    /// A shared sealer, for now `sealer`.
    pub fn new(sealer: impl Into<Arc<Sealer>>) -> Self {
        Self(Arc::new(ArcSwap::new(sealer.into())))
    }

    /// The current sealer.
    #[must_use]
    pub fn current(&self) -> Arc<Sealer> {
        self.0.load_full()
    }

    /// Replaces the sealer for every session that is opened from now on.
    pub fn replace(&self, sealer: impl Into<Arc<Sealer>>) {
        self.0.store(sealer.into());
    }
}

impl From<Sealer> for SharedSealer {
    fn from(sealer: Sealer) -> Self {
        Self::new(sealer)
    }
}

impl From<Arc<Sealer>> for SharedSealer {
    fn from(sealer: Arc<Sealer>) -> Self {
        Self::new(sealer)
    }
}
