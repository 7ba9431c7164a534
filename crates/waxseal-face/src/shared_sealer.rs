//! The sealer of a running server, which can be replaced.

use std::sync::Arc;

use arc_swap::ArcSwap;
use waxseal_core::Sealer;

/// A sealer that can be replaced while the server runs: keys change without a
/// restart. No request waits for that, and each opens and closes its session
/// with one and the same sealer.
///
/// ```
/// # use waxseal_core::Sealer;
/// # use waxseal_face::SharedSealer;
/// # fn rotate(old: Sealer, new: Sealer, serve: fn(SharedSealer)) {
/// let sealer = SharedSealer::new(old);
/// serve(sealer.clone()); // with SessionLayer::new, SessionMiddleware::new
/// // … and while the server runs:
/// sealer.replace(new);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SharedSealer(Arc<ArcSwap<Sealer>>);

impl SharedSealer {
    /// A sealer to begin with.
    pub fn new(sealer: impl Into<Arc<Sealer>>) -> Self {
        Self(Arc::new(ArcSwap::new(sealer.into())))
    }

    /// The sealer that a request would get now.
    #[must_use]
    pub fn current(&self) -> Arc<Sealer> {
        self.0.load_full()
    }

    /// Gives requests that ask for their session from now on another sealer.
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
