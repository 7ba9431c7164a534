//! The errors in a configuration of device binding.

use core::{error::Error, fmt};

/// The configuration of [device binding](crate::SealerBuilder::device_bound) is wrong.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceBindingError {
    /// The sealer has no revocation list: the cookie of the login response, which is not bound,
    /// would work until it expires.
    NeedsRevocations,
    /// The sealer has a key set, which has no keys for the tokens of device binding.
    NeedsSecret,
    /// The cookie is not `Secure`, has a `Domain` or is `Partitioned`: browsers would register no
    /// key, or never refresh the proof cookie.
    Cookie,
    /// The folder of the routes does not start with the path of the cookie, ends with a slash, or
    /// has characters other than letters, digits and `/-._~`.
    Path,
    /// The proof lifetime is under five minutes: browsers would exceed their quota of signatures.
    ProofLifetime {
        /// The lifetime in seconds.
        secs: u64,
    },
}

impl fmt::Display for DeviceBindingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NeedsRevocations => {
                "device binding needs a revocation list, because the unbound cookie of the login \
                 response works until it expires; set a list with SealerBuilder::revocations, or \
                 call DeviceBinding::dangerous_without_revocations"
            }
            Self::NeedsSecret => {
                "a key set has no keys for device binding; build the sealer with a Secret, or \
                 remove device_bound"
            }
            Self::Cookie => {
                "device binding needs a cookie with Secure, and without Domain and Partitioned; \
                 set such a CookieSpec, for example the default, or remove device_bound"
            }
            Self::Path => {
                "the folder of the routes of device binding must start with the path of the \
                 cookie, must not end with a slash, and may contain only letters, digits and \
                 /-._~; set another folder with DeviceBinding::path"
            }
            Self::ProofLifetime { secs } => {
                return write!(
                    f,
                    "with a proof lifetime of {secs} seconds, browsers would exceed their quota of \
                     signatures; set at least 300 seconds"
                );
            }
        })
    }
}

impl Error for DeviceBindingError {}
