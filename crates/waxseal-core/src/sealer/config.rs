//! The configuration of a sealer, as the builder has checked it.

use alloc::{string::String, vec::Vec};

use super::{revocations::RevocationCheck, source::Source};
#[cfg(feature = "device-bound")]
use crate::device_bound::Binding;
use crate::lifetime::Limits;

/// The bytes that browsers store: RFC 6265bis, section 5.7, requires 4096 for the
/// name and the value, and some browsers count the whole line.
pub(super) const MAX_LINE: usize = 4096;

/// Opens sessions from cookies, and seals sessions into cookies: opening verifies the
/// signature, and sealing signs; or they decrypt and encrypt. A sealer has the keys, the cookie's
/// attributes and the timeouts, and never changes.
///
/// ```
/// use waxseal_core::{Sealer, Secret};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (bytes, previous) = ([7; 32], [8; 32]);
/// let sealer = Sealer::builder(Secret::new(bytes)?)
///     .fallback_secret(Secret::new(previous)?) // verifies, never signs
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Sealer {
    pub(super) current: Source,
    /// Read if the request has no current cookie.
    pub(super) previous: Vec<Source>,
    /// The lines that remove previous cookies with the current name under another
    /// path or domain: a request does not distinguish them from the current one.
    pub(super) removal_lines: Vec<String>,
    pub(crate) limits: Limits,
    pub(super) max_token_bytes: usize,
    /// The purpose of the marker.
    pub(super) marker: &'static str,
    pub(crate) revocations: Option<RevocationCheck>,
    #[cfg(feature = "device-bound")]
    pub(crate) binding: Option<Binding>,
}
