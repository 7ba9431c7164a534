//! The sealer of a running server, which can be replaced.

use std::sync::Arc;

use arc_swap::ArcSwap;
use waxseal_core::Sealer;

/// A sealer that can be replaced while the server runs, so that keys change without a
/// restart. No request waits for a replacement, and a request opens and finishes its
/// session with the same sealer.
///
/// ```
/// # use waxseal::{Sealer, SharedSealer};
/// # fn rotate(old: Sealer, new: Sealer, serve: fn(SharedSealer)) {
/// let sealer = SharedSealer::new(old);
/// serve(sealer.clone()); // passes it to SessionLayer::new
/// // While the server runs:
/// sealer.replace(new);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SharedSealer(Arc<ArcSwap<Sealer>>);

impl SharedSealer {
    /// Creates a shared sealer that starts with `sealer`.
    ///
    /// ```
    /// # use waxseal::{Sealer, SessionLayer, SharedSealer};
    /// # fn layer(sealer: Sealer) -> SessionLayer {
    /// let shared = SharedSealer::new(sealer);
    /// SessionLayer::new(shared.clone())
    /// # }
    /// ```
    pub fn new(sealer: impl Into<Arc<Sealer>>) -> Self {
        Self(Arc::new(ArcSwap::new(sealer.into())))
    }

    /// Returns the current sealer.
    ///
    /// ```
    /// # use waxseal::SharedSealer;
    /// # fn name(shared: &SharedSealer) {
    /// let cookie = shared.current().cookie().name().to_owned();
    /// # }
    /// ```
    #[must_use]
    pub fn current(&self) -> Arc<Sealer> {
        self.0.load_full()
    }

    /// As [`Sealer::binds_devices`] of the current sealer.
    #[cfg(all(feature = "device-bound", any(feature = "actix", feature = "tower")))]
    pub(crate) fn binds_devices(&self) -> bool {
        self.0.load().binds_devices()
    }

    /// Replaces the sealer for every session that is opened from now on. The new sealer must
    /// have the same [`Marker`](crate::Marker): handlers get
    /// [`MissingLayer`](crate::SessionError::MissingLayer) otherwise.
    ///
    /// ```
    /// # use waxseal::{BuildError, Sealer, Secret, SharedSealer};
    /// # fn rotate(shared: &SharedSealer, new: Secret, old: Secret) -> Result<(), BuildError> {
    /// shared.replace(Sealer::builder(new).fallback_secret(old).build()?);
    /// # Ok(())
    /// # }
    /// ```
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
